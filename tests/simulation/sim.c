/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/simulation/sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/box.h"
#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "proto/seal/signature.h"

#define HOST "help.example.org"
#define ORIGIN "help.example.org/audit/" WORLD_DOMAIN
enum { START_MS = 1000000, WORLD_ENDS_MS = START_MS + 26 * 3600 * 1000, JOBS_MAX = 4096 };

void sim_fail(struct sim *sim, const char *format, ...)
{
    va_list arguments;

    if (sim->failure[0])
        return;
    int at = snprintf(sim->failure, sizeof sim->failure, "at %.3f s: ", (double)(sim->now.mono_ms - START_MS) / 1000);
    va_start(arguments, format);
    vsnprintf(sim->failure + at, sizeof sim->failure - (size_t)at, format, arguments);
    va_end(arguments);
}

uint64_t sim_random(struct sim *sim, uint64_t below)
{
    uint64_t value;

    proto_random_fill(&sim->random, (uint8_t *)&value, sizeof value);
    return below ? value % below : 0;
}

bool sim_chance(struct sim *sim, unsigned thousandths)
{
    return thousandths && sim_random(sim, 1000) < thousandths;
}

struct proto_now sim_relay_now(const struct sim *sim)
{
    return (struct proto_now){sim->now.mono_ms, sim->now.unix_ms + sim->relay_date_ms};
}

bool sim_relay_runs(const struct sim *sim)
{
    return sim->relay_up && sim->now.mono_ms >= sim->relay_wakes_ms;
}

/* ---------------------------------------------------------------- the organisation */

static void found(struct sim *sim)
{
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];
    struct proto_policy_signer signer;
    struct proto_note_key key;
    struct proto_buf vkey;
    uint8_t secret[64];

    world_root_init(&sim->root, 1, WORLD_DOMAIN);
    world_issue(&sim->root, 2, "Ada Agent", PROTO_ROLE_AGENT, &sim->agent);
    world_issue(&sim->root, 3, "Olga Officer", PROTO_ROLE_OFFICER, &sim->officer);
    memset(sim->log_seed, 5, sizeof sim->log_seed);
    memset(sim->evidence_secret, 4, sizeof sim->evidence_secret);
    proto_sign_keypair(sim->log_public, secret, sim->log_seed);
    proto_buf_init(&vkey, sizeof sim->log_vkey);
    if (proto_note_key_init(&key, ORIGIN, sim->log_public))
        abort();
    proto_note_key_format(&key, &vkey);
    memcpy(sim->log_vkey, vkey.bytes, vkey.len);
    proto_buf_free(&vkey);
    proto_org_init(&sim->org, WORLD_DOMAIN);
    sim->org.number = 1;
    sim->org.time_s = WORLD_TIME_S;
    proto_policy_defaults(&sim->policy, WORLD_DOMAIN);
    sim->policy.number = 1;
    sim->policy.time_s = WORLD_TIME_S;
    proto_box_public_key(sim->policy.evidence_key, sim->evidence_secret);
    signer = (struct proto_policy_signer){&sim->officer.identity, chain, proto_credential_chain(&sim->officer, chain),
                                          sim->officer.secret_key};
    proto_buf_init(&sim->org_note, PROTO_ORG_NOTE_BYTES);
    proto_buf_init(&sim->policy_note, PROTO_POLICY_NOTE_BYTES);
    if (proto_org_add_log(&sim->org, sim->log_vkey) ||
        proto_org_sign(&sim->org, sim->root.secret_key, &sim->org_note) ||
        proto_policy_sign(&sim->policy, &signer, &sim->policy_note))
        abort();
    sim->strict = sim->policy;
    sim->strict.rules[PROTO_CAPABILITY_DEVICE_STATE].roles = 0;
    proto_buf_put_u8(&sim->org_note, 0);
    proto_buf_put_u8(&sim->policy_note, 0);
}

/* ---------------------------------------------------------------- the relay */

static int64_t unix_ms(void *context)
{
    return sim_relay_now(context).unix_ms;
}

static enum proto_err sign_event(void *context, const char *text, struct proto_buf *note)
{
    return relay_appender_sign_event(((struct sim *)context)->appender, text, note);
}

static void checkpoint(void *context, char note[static PROTO_LOG_CHECKPOINT_MAX])
{
    relay_appender_checkpoint(((struct sim *)context)->appender, note);
}

static enum proto_err consistency(void *context, uint64_t from, uint64_t to, struct proto_log_hashes *out)
{
    return relay_log_consistency(((struct sim *)context)->store, from, to, out);
}

struct leaf_search {
    const uint8_t *leaf_hash;
    bool found;
};

static enum proto_err compare_leaf(void *context, const struct relay_store_entry *entry)
{
    struct leaf_search *search = context;
    uint8_t hash[32];

    proto_log_leaf_hash(hash, entry->leaf);
    search->found = search->found || !memcmp(hash, search->leaf_hash, sizeof hash);
    return PROTO_OK;
}

static bool leaf_durable(void *context, const uint8_t leaf_hash[static 32], const uint8_t sid[static 16])
{
    struct leaf_search search = {leaf_hash, false};

    return !relay_store_each_entry_of(((struct sim *)context)->store, sid, compare_leaf, &search) && search.found;
}

static enum proto_err restore(void *context, const struct relay_store_session *row)
{
    struct sim *sim = context;

    return relay_core_restore(sim->core, row, sim_relay_now(sim));
}

static void relay_start(struct sim *sim)
{
    static const uint8_t token_secret[32] = {9};
    char error[RELAY_STORE_ERROR_MAX], vouches[512];
    struct relay_appender_config writer = {
        .store = sim->store, .seed = sim->log_seed, .origin = ORIGIN, .unix_ms = unix_ms, .context = sim};
    struct relay_core_config config = {
        .random = sim->random,
        .join_host = HOST,
        .origin = ORIGIN,
        .token_secret = token_secret,
        .org_note = (const char *)sim->org_note.bytes,
        .policy_note = (const char *)sim->policy_note.bytes,
        .org = &sim->org,
        .policy = sim->faults.strict ? &sim->strict : &sim->policy,
        .sign_event = sign_event,
        .checkpoint = checkpoint,
        .consistency = consistency,
        .leaf_durable = leaf_durable,
        .context = sim,
    };

    snprintf(vouches, sizeof vouches, "%s/relay/checkpoint", sim->folder ? sim->folder : "");
    if (sim->folder)
        writer.checkpoint_file = vouches;
    relay_limits_defaults(&config.limits);
    if (relay_appender_start(&sim->appender, &writer, error)) {
        sim_fail(sim, "the log does not start: %s", error);
        return;
    }
    sim->relay_up = true;
    if (relay_core_new(&sim->core, &config, sim_relay_now(sim)) ||
        relay_store_each_session(sim->store, false, restore, sim))
        sim_fail(sim, "the relay does not start");
}

static void job_drop(struct relay_job *job)
{
    free((void *)(uintptr_t)job->evidence);
    free((void *)(uintptr_t)job->session);
}

/* Killed at this instant: what was not written is lost, and so is what was written but not yet told. */
static void relay_kill(struct sim *sim)
{
    for (size_t i = 0; i < sim->job_count; i++)
        job_drop(&sim->jobs[i]);
    sim->job_count = 0;
    relay_core_free(sim->core);
    relay_appender_free(sim->appender);
    sim->core = NULL;
    sim->appender = NULL;
    sim->relay_up = false;
    sim_net_relay_died(sim);
}

static void take_jobs(struct sim *sim)
{
    const struct relay_job *job;

    while (sim->relay_up && (job = relay_core_next_job(sim->core))) {
        if (sim->job_count == JOBS_MAX) {
            sim_fail(sim, "invariant 6: jobs for the log without a bound");
            return;
        }
        if (!sim->job_count)
            sim->disk_ms = sim->now.mono_ms + 1 + (int64_t)sim_random(sim, 15);
        struct relay_job *copy = &sim->jobs[sim->job_count++];
        *copy = *job;
        if (job->evidence_len) {
            uint8_t *evidence = malloc(job->evidence_len);
            memcpy(evidence, job->evidence, job->evidence_len);
            copy->evidence = evidence;
        } else {
            copy->evidence = NULL;
        }
        if (job->session) {
            struct relay_store_session *row = malloc(sizeof *row);
            *row = *job->session;
            copy->session = row;
        }
    }
}

static void give_back(struct sim *sim, const struct relay_job *job, enum proto_err err)
{
    struct relay_result result = {.ticket = job->ticket, .err = err, .has_entry = job->has_entry};

    snprintf(result.text, sizeof result.text, "the disk is full");
    relay_core_job_done(sim->core, &result, sim_relay_now(sim));
}

static void disk_writes(struct sim *sim)
{
    struct relay_result result;
    size_t count = sim->job_count;

    sim->job_count = 0;
    bool full = sim_chance(sim, sim->faults.disk_full);
    for (size_t i = 0; i < count; i++) {
        enum proto_err err = full ? PROTO_ERR_IO : relay_appender_push(sim->appender, &sim->jobs[i]);
        if (err)
            give_back(sim, &sim->jobs[i], err);
        job_drop(&sim->jobs[i]);
    }
    relay_appender_step(sim->appender);
    if (sim_chance(sim, sim->faults.crash / 10)) { /* written, but nobody was told */
        sim->next_crash_ms = sim->now.mono_ms;
        return;
    }
    while (relay_appender_take_result(sim->appender, &result))
        relay_core_job_done(sim->core, &result, sim_relay_now(sim));
}

/* What comes about a number of times in a thousand seconds. */
static int64_t next_of(struct sim *sim, unsigned fault)
{
    return fault ? sim->now.mono_ms + 1 + (int64_t)sim_random(sim, 2000 * 1000 / fault) : PROTO_NEVER;
}

/* The relay's, a customer's or an agent's machine stands still; the lines do not. */
static void fall_asleep(struct sim *sim)
{
    struct sim_session *session = &sim->sessions[sim_random(sim, sim->session_count)];
    int64_t *const wakes[] = {&sim->relay_wakes_ms, &session->customer.wakes_ms, &session->agent.wakes_ms};

    *wakes[sim_random(sim, 3)] = sim->now.mono_ms + 1000 + (int64_t)sim_random(sim, 20000);
    sim->naps++;
}

static void set_date(struct sim *sim)
{
    static const int64_t off_s[] = {0, 30, 3600, -3600, 5 * 3600, -5 * 3600};

    sim->relay_date_ms = 1000 * off_s[sim_random(sim, sizeof off_s / sizeof *off_s)];
    sim->dates++;
}

static void machines_tick(struct sim *sim)
{
    if (sim->now.mono_ms >= sim->next_nap_ms) {
        fall_asleep(sim);
        sim->next_nap_ms = next_of(sim, sim->faults.nap);
    }
    if (sim->now.mono_ms >= sim->next_date_ms) {
        set_date(sim);
        sim->next_date_ms = next_of(sim, sim->faults.date);
    }
}

static void relay_tick(struct sim *sim)
{
    if (sim->relay_up && sim->now.mono_ms >= sim->next_crash_ms) {
        relay_kill(sim);
        sim->crashes++;
        sim->relay_wakes_ms = 0;
        sim->relay_returns_ms = sim->now.mono_ms + (int64_t)sim_random(sim, 3000);
        sim->next_crash_ms = PROTO_NEVER;
    }
    if (!sim->relay_up && sim->now.mono_ms >= sim->relay_returns_ms) {
        relay_start(sim);
        sim->next_crash_ms = next_of(sim, sim->faults.crash);
    }
    if (!sim_relay_runs(sim))
        return;
    if (sim->now.mono_ms >= relay_core_deadline(sim->core))
        relay_core_tick(sim->core, sim_relay_now(sim));
    take_jobs(sim);
    if (sim->job_count && sim->now.mono_ms >= sim->disk_ms)
        disk_writes(sim);
    take_jobs(sim);
    sim_net_wakes(sim);
}

/* ---------------------------------------------------------------- time */

static void end_tick(struct sim *sim, struct sim_end *end)
{
    if (!end->session)
        return;
    sim_net_tick(sim, end);
    if (sim->now.mono_ms < end->wakes_ms)
        return;
    if (sim->now.mono_ms >= proto_session_deadline(end->session))
        proto_session_tick(end->session, sim->now);
    sim_people_events(sim, end);
    sim_people_tick(sim, end);
    sim_people_events(sim, end);
    sim_net_tick(sim, end);
}

static void hub_tick(struct sim *sim, struct sim_hub *hub)
{
    sim_net_tick(sim, &hub->end);
    sim_hub_tick(hub);
    sim_net_tick(sim, &hub->end);
}

static int64_t end_deadline(const struct sim *sim, const struct sim_end *end)
{
    if (!end->session)
        return PROTO_NEVER;
    if (sim->now.mono_ms < end->wakes_ms)
        return proto_earlier(sim_net_deadline(sim, end), end->wakes_ms);
    int64_t at = proto_earlier(sim_net_deadline(sim, end), sim_people_deadline(sim, end));
    return proto_earlier(at, proto_session_deadline(end->session));
}

static int64_t world_deadline(const struct sim *sim)
{
    int64_t at = proto_earlier(sim->next_nap_ms, sim->next_date_ms);

    if (!sim->relay_up)
        at = proto_earlier(at, sim->relay_returns_ms);
    else
        at = proto_earlier(at, proto_earlier(sim->next_crash_ms, sim_relay_runs(sim) ? relay_core_deadline(sim->core)
                                                                                     : sim->relay_wakes_ms));
    if (sim->job_count && sim_relay_runs(sim))
        at = proto_earlier(at, sim->disk_ms);
    for (unsigned i = 0; i < sim->session_count; i++)
        at = proto_earlier(at, proto_earlier(end_deadline(sim, &sim->sessions[i].customer),
                                             end_deadline(sim, &sim->sessions[i].agent)));
    for (unsigned i = 0; i < sim->session_count; i++)
        if (sim->sessions[i].hub)
            at = proto_earlier(at, proto_earlier(sim_net_deadline(sim, &sim->sessions[i].hub->end),
                                                 sim_hub_deadline(sim->sessions[i].hub)));
    return at;
}

static bool nobody_is_left(const struct sim *sim)
{
    for (unsigned i = 0; i < sim->session_count; i++)
        if ((sim->sessions[i].agent.session && !sim->sessions[i].agent.ended) ||
            (sim->sessions[i].customer.session && !sim->sessions[i].customer.ended))
            return false;
    return true;
}

static bool all_over(const struct sim *sim)
{
    struct relay_core_figures figures = {0};

    if (!nobody_is_left(sim) || !sim_relay_runs(sim))
        return false;
    relay_core_figures(sim->core, &figures);
    return !figures.sessions_live && !figures.sessions_waiting && !sim->job_count;
}

static void turn(struct sim *sim)
{
    unsigned first = (unsigned)sim_random(sim, sim->session_count ? sim->session_count : 1);

    machines_tick(sim);
    for (unsigned i = 0; i < sim->session_count; i++) {
        struct sim_session *session = &sim->sessions[(first + i) % sim->session_count];
        end_tick(sim, &session->customer);
        if (session->hub)
            hub_tick(sim, session->hub);
        relay_tick(sim);
        end_tick(sim, &session->agent);
        relay_tick(sim);
    }
}

/* False: nothing will ever happen again. */
static bool advance(struct sim *sim)
{
    int64_t next = world_deadline(sim);

    if (next == PROTO_NEVER)
        return false;
    int64_t step = next > sim->now.mono_ms ? next - sim->now.mono_ms : 1;
    sim->now.mono_ms += step;
    sim->now.unix_ms += step;
    return true;
}

static void clear(struct sim *sim)
{
    for (unsigned i = 0; i < sim->session_count; i++) {
        proto_session_free(sim->sessions[i].customer.session);
        proto_session_free(sim->sessions[i].agent.session);
        sim_net_clear(&sim->sessions[i].customer.line);
        sim_net_clear(&sim->sessions[i].agent.line);
        sim_hub_free(sim->sessions[i].hub);
        sim->sessions[i].hub = NULL;
    }
    if (sim->relay_up)
        relay_kill(sim);
    sim_fork_free(sim->fork);
    relay_store_close(sim->store);
    free(sim->jobs);
    proto_credential_clear(&sim->agent);
    proto_credential_clear(&sim->officer);
    world_root_clear(&sim->root);
    proto_buf_free(&sim->org_note);
    proto_buf_free(&sim->policy_note);
}

void sim_begin(struct sim *sim, const char *folder, uint64_t seed, unsigned sessions, struct sim_faults faults)
{
    char data[512];
    struct relay_store_config store = {.folder = folder ? data : NULL};
    char error[RELAY_STORE_ERROR_MAX];
    uint8_t bytes[32] = {0};

    memset(sim, 0, sizeof *sim);
    memcpy(bytes, &seed, sizeof seed);
    proto_random_seeded_init(&sim->seeded, bytes);
    sim->random = proto_random_from_seeded(&sim->seeded);
    sim->seed = seed;
    sim->faults = sim->weather = faults;
    sim->now = (struct proto_now){START_MS, (int64_t)WORLD_TIME_S * 1000};
    sim->session_count = sessions;
    sim->next_connection = 1;
    sim->next_crash_ms = faults.crash ? START_MS + (int64_t)sim_random(sim, 20000) : PROTO_NEVER;
    sim->next_nap_ms = next_of(sim, faults.nap);
    sim->next_date_ms = next_of(sim, faults.date);
    sim->jobs = calloc(JOBS_MAX, sizeof *sim->jobs);
    store.random = sim->random;
    sim->folder = folder;
    snprintf(data, sizeof data, "%s/data", folder ? folder : "");
    found(sim);
    if (folder)
        sim_folder_write(sim);
    if (relay_store_open(&sim->store, &store, error))
        sim_fail(sim, "%s", error);
    else
        relay_start(sim);
    if (faults.fork)
        sim->fork = sim_fork_new(sim, ORIGIN);
    for (unsigned i = 0; i < sessions; i++) {
        struct sim_session *session = &sim->sessions[i];
        session->number = i;
        session->customer.home = session->agent.home = session;
        session->customer.customer = true;
        sim_net_clear(&session->customer.line);
        sim_net_clear(&session->agent.line);
        sim_people_begin(sim, session);
    }
}

/* Whatever was done since is sent before time goes on to what is next. */
bool sim_step(struct sim *sim)
{
    turn(sim);
    bool more = advance(sim);
    turn(sim);
    return more;
}

void sim_end(struct sim *sim)
{
    clear(sim);
}

bool sim_play(struct sim *sim, uint64_t seed, unsigned sessions, struct sim_faults faults, bool verbose)
{
    return sim_play_in(sim, NULL, seed, sessions, faults, verbose);
}

bool sim_play_in(struct sim *sim, const char *folder, uint64_t seed, unsigned sessions, struct sim_faults faults,
                 bool verbose)
{
    int64_t quiet_ms = PROTO_NEVER;

    sim_begin(sim, folder, seed, sessions, faults);
    sim->verbose = verbose;
    for (uint64_t turns = 0; !sim->failure[0] && sim->now.mono_ms < quiet_ms; turns++) {
        turn(sim);
        bool over = all_over(sim);
        if (nobody_is_left(sim)) { /* the sky clears: a relay that dies twice a minute ends nothing for who is away */
            memset(&sim->faults, 0, sizeof sim->faults);
            sim->next_crash_ms = sim->next_nap_ms = sim->next_date_ms = PROTO_NEVER;
        }
        if (over && quiet_ms == PROTO_NEVER) /* what is still owed to the log gets there */
            quiet_ms = sim->now.mono_ms + 60000;
        if (!advance(sim)) {
            if (!over)
                sim_fail(sim, "invariant 6: nothing will ever happen again, and a session has not ended");
            break;
        }
        if (sim->now.mono_ms > WORLD_ENDS_MS || turns > 3000000)
            sim_fail(sim, "invariant 6: an invitation lasts a day, and behind it a session has not ended");
    }
    for (unsigned i = 0; i < sessions; i++)
        if (sim->sessions[i].hub && !sim->sessions[i].hub->over)
            sim_fail(sim, "invariant 8: session %u: it is over, and its hub goes on", i);
    for (unsigned i = 0; i < sessions; i++) {
        sim->hub_told += sim->sessions[i].hub ? sim->sessions[i].hub->told : 0;
        sim->hub_came += sim->sessions[i].hub ? sim->sessions[i].hub->came : 0;
    }
    if (!sim->failure[0] && sim->fork)
        sim_judge_forks(sim);
    else if (!sim->failure[0])
        sim_judge_log(sim);
    clear(sim);
    return !sim->failure[0];
}
