/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/relay/core_world.h"

#include <limits.h>
#include <malloc.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/evidence.h"
#include "proto/seal/box.h"
#include "proto/seal/kdf.h"

/* ---- what the core asks of its surroundings ---- */

static enum proto_err sign_event(void *context, const char *text, struct proto_buf *note)
{
    struct world *w = context;

    if (w->signs_nothing)
        proto_buf_put_text(note, text);
    if (w->signs_nothing)
        return PROTO_OK;
    return proto_note_make(text, strlen(text), WORLD_ORIGIN "/events", w->log_secret, note);
}

static void checkpoint(void *context, char note[static PROTO_LOG_CHECKPOINT_MAX])
{
    struct world *w = context;

    snprintf(note, PROTO_LOG_CHECKPOINT_MAX, "checkpoint %zu", w->entry_count);
}

static enum proto_err consistency(void *context, uint64_t from, uint64_t to, struct proto_log_hashes *out)
{
    (void)from;
    out->count = 2;
    memset(out->hash[0], 7, sizeof out->hash[0]);
    memset(out->hash[1], 8, sizeof out->hash[1]);
    return to <= ((struct world *)context)->entry_count ? PROTO_OK : PROTO_ERR_NOT_FOUND;
}

static bool leaf_durable(void *context, const uint8_t leaf_hash[static 32], const uint8_t sid[static 16])
{
    struct world *w = context;

    for (size_t i = 0; i < w->entry_count; i++)
        if (!memcmp(w->entries[i].leaf_hash, leaf_hash, 32))
            return w->entries[i].kind == PROTO_LOG_STATEMENT && !memcmp(w->entries[i].sid, sid, 16);
    return false;
}

static enum proto_err judge_log(void *context, const struct proto_log_seen *seen, const char *note,
                                struct relay_log_verdict *out)
{
    (void)seen;
    (void)note;
    *out = ((struct world *)context)->verdict;
    return PROTO_OK;
}

static enum proto_err erasable(void *context, const char *log, const char *ref, const uint8_t sid[16],
                               struct proto_erasure *out, bool *more)
{
    struct world *w = context;

    snprintf(w->ended_asked, sizeof w->ended_asked, "%s", log);
    (void)ref;
    (void)sid;
    *out = w->plan;
    *more = false;
    return w->plan_err;
}

static enum proto_err read_log(void *context, const struct relay_log_asked *asked, struct proto_buf *out,
                               uint64_t *next)
{
    (void)asked;
    proto_buf_put_text(out, "what is stored");
    ((struct world *)context)->log_reads++;
    *next = 0;
    return PROTO_OK;
}

static enum proto_err read_ended(void *context, unsigned n, bool sessions, uint64_t from, struct proto_buf *out,
                                 struct relay_ended_part *part)
{
    (void)n;
    (void)sessions;
    (void)from;
    (void)part;
    proto_buf_put_text(out, "what was stored");
    ((struct world *)context)->log_reads++;
    return PROTO_OK;
}

static enum proto_err check_policy(void *context, const char *note)
{
    (void)note;
    return ((struct world *)context)->policy_err;
}

static enum proto_err take_policy(void *context, const char *note)
{
    struct world *w = context;

    w->policies_taken++;
    w->policy.number++;
    return relay_core_set_notes(w->core, "org", &w->org, note, &w->policy, w->now);
}

static enum proto_err check_certificate(void *context, const char *pem, struct proto_identity *out)
{
    const struct world *w = context;

    (void)pem;
    *out = w->certificate;
    return w->certificate_err;
}

/* ---- the log ---- */

static void keep_row(struct world *w, const struct relay_store_session *row)
{
    size_t i = 0;

    while (i < w->row_count && memcmp(w->rows[i].sid, row->sid, sizeof row->sid) != 0)
        i++;
    assert_true(i < WORLD_ROWS);
    w->rows[i] = *row;
    if (i == w->row_count)
        w->row_count++;
}

/* As the store has it: a session's past is not written over. */
static bool may_keep_row(struct world *w, const struct relay_store_session *row)
{
    const struct relay_store_session *stored = world_row(w, row->sid);

    return !stored || (stored->event_seq <= row->event_seq &&
                       (stored->state != RELAY_STORE_ENDED || row->state == RELAY_STORE_ENDED));
}

static void keep_entry(struct world *w, const struct relay_job *job, struct relay_result *result)
{
    struct proto_log_leaf leaf = {.kind = job->kind, .unix_s = w->now.unix_ms / 60000 * 60};
    size_t i = 0;

    while (i < w->entry_count && memcmp(w->entries[i].commitment, job->commitment, 32) != 0)
        i++;
    assert_true(i < WORLD_ENTRIES);
    result->known = i < w->entry_count;
    memcpy(leaf.commitment, job->commitment, 32);
    assert_ok(proto_log_leaf_encode(result->receipt.leaf, &leaf));
    if (!result->known) {
        struct entry *entry = &w->entries[w->entry_count++];
        *entry = (struct entry){.kind = job->kind, .evidence_len = job->evidence_len};
        memcpy(entry->commitment, job->commitment, 32);
        memcpy(entry->sid, job->sid, 16);
        proto_log_leaf_hash(entry->leaf_hash, result->receipt.leaf);
        entry->evidence = malloc(job->evidence_len);
        memcpy(entry->evidence, job->evidence, job->evidence_len);
    }
    result->receipt.index = i;
}

void world_work_some(struct world *w, unsigned jobs)
{
    const struct relay_job *job;

    while (jobs-- && (job = relay_core_next_job(w->core))) {
        struct relay_result *result = calloc(1, sizeof *result);
        result->ticket = job->ticket;
        result->has_entry = job->has_entry;
        if (w->disk_full || w->writer_full) {
            result->err = w->disk_full ? PROTO_ERR_IO : PROTO_ERR_FULL;
            snprintf(result->text, sizeof result->text, "no room on the disk");
        } else if (job->dated_ms && llabs(w->now.unix_ms - job->dated_ms) > RELAY_APPENDER_DATED_S * INT64_C(1000)) {
            result->err = PROTO_ERR_CLOCK;
        } else if (job->kept) {
            struct kept_job *kept = &w->kept[w->kept_count++ % 16];
            *kept = (struct kept_job){job->kept, {0}, job->evidence_len, job->until_ms};
            memcpy(kept->sid, job->sid, sizeof kept->sid);
        } else if (!w->keeps_nothing) {
            if (job->session && !may_keep_row(w, job->session))
                result->err = PROTO_ERR_STATE;
            else if (job->session)
                keep_row(w, job->session);
            if (job->has_entry && !result->err)
                keep_entry(w, job, result);
            for (size_t i = 0; i < job->erase_count && !result->err; i++)
                result->erased += job->erase[i].last - job->erase[i].first + 1;
            w->erased += result->erased;
        }
        relay_core_job_done(w->core, result, w->now);
        free(result);
    }
}

void world_work(struct world *w)
{
    world_work_some(w, UINT_MAX);
}

/* ---- the world ---- */

static void make_staff(struct world *w, unsigned i, const char *name, enum proto_role role)
{
    struct proto_identity *staff = &w->staff[i];

    memset(staff->fingerprint, (int)(0x40 + i), sizeof staff->fingerprint);
    snprintf(staff->serial, sizeof staff->serial, "0%ua1", i);
    snprintf(staff->name, sizeof staff->name, "%s", name);
    snprintf(staff->email, sizeof staff->email, "staff%u@example.org", i);
    snprintf(staff->domain, sizeof staff->domain, "example.org");
    staff->role = role;
    staff->not_after_s = w->now.unix_ms / 1000 + 30 * 86400;
    memset(staff->public_key, (int)(0x50 + i), sizeof staff->public_key);
}

static enum proto_err read_kept(void *context, enum proto_kept kind, const char *name, uint64_t from,
                                struct proto_buf *out, uint64_t *next, struct proto_now now)
{
    struct world *w = context;

    (void)kind, (void)from, (void)now;
    snprintf(w->kept_asked, sizeof w->kept_asked, "%s", name);
    proto_buf_put_text(out, "rows");
    *next = 0;
    return PROTO_OK;
}

static size_t ended(void *context, char origins[RELAY_ENDED_MAX][PROTO_ERASURE_LOG_MAX + 1])
{
    (void)context;
    snprintf(origins[0], sizeof origins[0], "%s", WORLD_ENDED);
    return 1;
}

static enum proto_err check_ended(void *context, const struct proto_erasure *what)
{
    (void)context;
    return strcmp(what->log, WORLD_ENDED) != 0 ? PROTO_ERR_NOT_FOUND : PROTO_OK;
}

static enum proto_err erase_ended(void *context, const struct proto_erasure *what, uint64_t *erased)
{
    struct world *w = context;

    *erased = proto_erasure_size(what);
    w->ended_erased += *erased;
    return w->ended_err;
}

static void refused(void *context, uint32_t connection, const char *by)
{
    struct world *w = context;
    int bound = 0;

    assert_int_not_equal(connection, 0);
    if (!strcmp(by, RELAY_WRONG_CODE)) {
        w->wrong_codes++;
        return;
    }
    while (bound < RELAY_BOUNDS && strcmp(relay_limit_name((enum relay_bound)bound), by) != 0)
        bound++;
    assert_true(bound < RELAY_BOUNDS);
    w->told[bound]++;
}

void world_begin(struct world *w)
{
    struct relay_core_config config = {
        .limits = w->limits,
        .random = proto_random_from_seeded(&w->seeded),
        .join_host = "relay.example.org",
        .origin = WORLD_ORIGIN,
        .token_secret = w->token_secret,
        .org_note = "the organisation's note",
        .policy_note = "the policy's note",
        .org = &w->org,
        .policy = &w->policy,
        .sign_event = sign_event,
        .refused = refused,
        .checkpoint = checkpoint,
        .consistency = consistency,
        .leaf_durable = leaf_durable,
        .judge_log = judge_log,
        .erasable = erasable,
        .ended = ended,
        .check_ended = check_ended,
        .erase_ended = erase_ended,
        .read_log = read_log,
        .read_ended = read_ended,
        .check_policy = check_policy,
        .take_policy = take_policy,
        .read_kept = read_kept,
        .check_certificate = check_certificate,
        .context = w,
    };

    memset(w->told, 0, sizeof w->told);
    assert_ok(relay_core_new(&w->core, &config, w->now));
}

/* The same in each world, and made once: whoever plays many worlds would do little else. */
struct keys {
    uint8_t evidence_public[32], log_public[32], log_secret[64], officer_public[32], officer_secret[64];
};
static const uint8_t world_seed[32] = "the seed of this world", evidence_secret[32] = {3, 3, 3};

static const struct keys *keys(void)
{
    static struct keys made;
    static bool are_made;

    if (!are_made) {
        assert_true(sodium_init() >= 0);
        proto_box_public_key(made.evidence_public, evidence_secret);
        proto_sign_keypair(made.log_public, made.log_secret, world_seed);
        proto_sign_keypair(made.officer_public, made.officer_secret, (const uint8_t[32]){9});
    }
    are_made = true;
    return &made;
}

static void clear(struct world *w)
{
    memset(w, 0, offsetof(struct world, entries));
}

void world_furnish(struct world *w)
{
    const struct keys *k = keys();

    clear(w);
    proto_random_seeded_init(&w->seeded, world_seed);
    w->now = (struct proto_now){.mono_ms = 1000000, .unix_ms = 1767225600000};
    relay_limits_defaults(&w->limits);
    proto_org_init(&w->org, "example.org");
    proto_policy_defaults(&w->policy, "example.org");
    memcpy(w->evidence_secret, evidence_secret, sizeof w->evidence_secret);
    memcpy(w->evidence_public, k->evidence_public, sizeof w->evidence_public);
    memcpy(w->policy.evidence_key, w->evidence_public, sizeof w->evidence_public);
    memcpy(w->log_public, k->log_public, sizeof w->log_public);
    memcpy(w->log_secret, k->log_secret, sizeof w->log_secret);
    memset(w->token_secret, 5, sizeof w->token_secret);
    make_staff(w, 0, "Ada Agent", PROTO_ROLE_AGENT);
    make_staff(w, 1, "Bob Agent", PROTO_ROLE_AGENT);
    make_staff(w, 2, "Sue Supervisor", PROTO_ROLE_SUPERVISOR);
    make_staff(w, 3, "Ian Integrator", PROTO_ROLE_INTEGRATOR);
    make_staff(w, 4, "Olga Officer", PROTO_ROLE_OFFICER);
    memcpy(w->staff[4].public_key, k->officer_public, sizeof k->officer_public);
    memcpy(w->officer_secret, k->officer_secret, sizeof w->officer_secret);
}

void world_new(struct world *w)
{
    world_furnish(w);
    world_begin(w);
}

void world_again(struct world *w)
{
    relay_core_free(w->core);
    world_begin(w);
}

static uint64_t seen[RELAY_BOUNDS]; /* by all worlds so far */

static void note_bounds(const struct world *w)
{
    struct relay_core_figures figures;

    relay_core_figures(w->core, &figures);
    for (int i = 0; i < RELAY_BOUNDS; i++) {
        const char *name = relay_limit_name((enum relay_bound)i);

        seen[i] += figures.reached[i];
        if (i != RELAY_BOUND_grace_ms && w->told[i] != figures.reached[i]) /* that one refuses who is not there */
            fail_msg("%s: reached %llu times, and %llu times it was told by whom", name,
                     (unsigned long long)figures.reached[i], (unsigned long long)w->told[i]);
    }
}

bool world_has_reached(const char *bound)
{
    for (int i = 0; i < RELAY_BOUNDS; i++)
        if (!strcmp(relay_limit_name((enum relay_bound)i), bound))
            return seen[i] > 0;
    return false;
}

void world_expect_bounds(enum bounds_test test)
{
    for (size_t i = 0; i < BOUNDS_ELSEWHERE; i++)
        if (bounds_elsewhere[i].test == test && !world_has_reached(bounds_elsewhere[i].bound))
            fail_msg("%s: no test above has reached it, or it is not counted", bounds_elsewhere[i].bound);
}

void world_free(struct world *w)
{
    note_bounds(w);
    relay_core_free(w->core);
    for (size_t i = 0; i < w->entry_count; i++)
        free(w->entries[i].evidence);
    clear(w);
}

static void each_own_note(struct world *w, enum proto_err (*tell)(struct world *w, const uint8_t *note, size_t len))
{
    for (size_t i = 0; i < w->entry_count; i++) {
        struct proto_evidence evidence;
        if (w->entries[i].kind != PROTO_LOG_ERASURE && w->entries[i].kind != PROTO_LOG_OFFICER_ACT)
            continue;
        assert_ok(proto_evidence_parse(w->entries[i].evidence, w->entries[i].evidence_len, &evidence));
        assert_ok(tell(w, evidence.notes[0].bytes, evidence.notes[0].len));
    }
}

static enum proto_err tell_act(struct world *w, const uint8_t *note, size_t len)
{
    return relay_core_restore_act(w->core, note, len);
}

static enum proto_err tell_stop(struct world *w, const uint8_t *note, size_t len)
{
    return relay_core_stop_again(w->core, note, len, w->now);
}

void world_restart(struct world *w)
{
    relay_core_free(w->core);
    world_begin(w);
    each_own_note(w, tell_act);
    for (size_t i = 0; i < w->row_count; i++)
        if (w->rows[i].state != RELAY_STORE_ENDED)
            assert_ok(relay_core_restore(w->core, &w->rows[i], w->now));
    each_own_note(w, tell_stop);
}

void world_pass(struct world *w, int64_t ms)
{
    w->now.mono_ms += ms;
    w->now.unix_ms += ms;
    relay_core_tick(w->core, w->now);
    assert_true(relay_core_deadline(w->core) > w->now.mono_ms);
}

/* ---- ends ---- */

uint32_t world_connect(struct world *w, const struct proto_identity *staff, const char *address)
{
    assert_ok(relay_core_open(w->core, ++w->connections, address ? address : "192.0.2.1", staff, w->now));
    return w->connections;
}

uint32_t world_connect_staff(struct world *w, const struct proto_identity *staff)
{
    uint32_t agent = world_connect(w, staff, NULL);

    assert_ok(session_hello_staff(w, agent));
    world_silence(w, agent);
    return agent;
}

enum proto_err world_send(struct world *w, uint32_t connection, enum proto_type type, uint8_t src, uint8_t dst,
                          const void *body, size_t len)
{
    uint8_t *message = malloc(PROTO_ENVELOPE_BYTES + len); /* its own block, so that reading past it is seen */

    proto_envelope_write(message, type, src, dst);
    if (len)
        memcpy(message + PROTO_ENVELOPE_BYTES, body, len);
    enum proto_err err = relay_core_feed(w->core, connection, message, PROTO_ENVELOPE_BYTES + len, w->now);
    free(message);
    return err;
}

enum proto_err world_say(struct world *w, uint32_t connection, uint8_t src, const handhold_ToRelay *message)
{
    struct proto_buf body;

    proto_buf_init(&body, PROTO_MAX_RELAY_BYTES);
    assert_ok(proto_message_encode(&body, handhold_ToRelay_fields, message));
    enum proto_err err = world_send(w, connection, PROTO_TYPE_RELAY, src, 0, body.bytes, body.len);
    proto_buf_free(&body);
    return err;
}

enum proto_err world_media(struct world *w, uint32_t connection, const struct proto_media_header *header, size_t len)
{
    uint8_t *message = calloc(1, PROTO_MEDIA_HEADER_BYTES + len);

    proto_media_header_write(message, header);
    enum proto_err err = relay_core_feed(w->core, connection, message, PROTO_MEDIA_HEADER_BYTES + len, w->now);
    free(message);
    return err;
}

const uint8_t *world_take(struct world *w, uint32_t connection, size_t *len)
{
    static uint8_t message[PROTO_MAX_MESSAGE_BYTES];
    const uint8_t *pending = relay_core_pending(w->core, connection, len, w->now);

    if (!pending)
        return NULL;
    memcpy(message, pending, *len);
    relay_core_sent(w->core, connection);
    return message;
}

const uint8_t *world_get(struct world *w, uint32_t connection, enum proto_type type, size_t *len)
{
    const uint8_t *message;

    while ((message = world_take(w, connection, len)) && message[0] != type)
        ;
    return message;
}

const handhold_FromRelay *world_hear(struct world *w, uint32_t connection, pb_size_t tag)
{
    static handhold_FromRelay out;
    const uint8_t *message;
    size_t len;

    while ((message = world_get(w, connection, PROTO_TYPE_RELAY, &len))) {
        assert_ok(proto_message_decode(message + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES,
                                       handhold_FromRelay_fields, &out, sizeof out));
        if (out.which_body == tag)
            return &out;
    }
    return NULL;
}

const handhold_LogReceipt *world_receipt(struct world *w, uint32_t connection)
{
    static handhold_LogReceipt out;
    size_t len;
    const uint8_t *message = world_get(w, connection, PROTO_TYPE_LOG, &len);

    if (!message)
        return NULL;
    assert_ok(proto_message_decode(message + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES,
                                   handhold_LogReceipt_fields, &out, sizeof out));
    return &out;
}

void world_silence(struct world *w, uint32_t connection)
{
    size_t len;

    while (world_take(w, connection, &len))
        ;
}

bool world_closing(struct world *w, uint32_t connection)
{
    uint32_t woken;
    bool close, closing = false;

    while (relay_core_next_wake(w->core, &woken, &close))
        closing |= close && woken == connection;
    return closing;
}

void world_expect_error(struct world *w, uint32_t connection, enum proto_err code, bool fatal)
{
    const handhold_FromRelay *heard = world_hear(w, connection, handhold_FromRelay_error_tag);

    assert_non_null(heard);
    assert_string_equal(proto_err_name((enum proto_err)heard->body.error.code), proto_err_name(code));
    assert_int_equal(heard->body.error.fatal, fatal);
    assert_true(strlen(heard->body.error.message) > 10);
}

/* ---- a session ---- */

enum proto_err session_hello_staff(struct world *w, uint32_t connection)
{
    handhold_ToRelay hello = handhold_ToRelay_init_zero;

    hello.which_body = handhold_ToRelay_hello_tag;
    hello.body.hello.which_seat = handhold_Hello_staff_tag;
    hello.body.hello.seat.staff = true;
    return world_say(w, connection, 0, &hello);
}

/* The n-th session of any world has the same number and keys. */
static void name_session(struct session *s, uint32_t n)
{
    static struct session known[64]; /* made once, as the world's keys */
    struct session *kept = n < sizeof known / sizeof *known ? &known[n] : s;
    uint8_t seed[32] = {0}, nothing[sizeof s->cs_secret] = {0};

    if (kept == s || !memcmp(kept->cs_secret, nothing, sizeof nothing)) {
        memcpy(seed, &n, sizeof n);
        proto_sha256(seed, seed, sizeof seed);
        memset(kept, 0, sizeof *kept);
        memcpy(kept->sid, seed, sizeof kept->sid);
        proto_sign_keypair(kept->cs_public, kept->cs_secret, seed);
    }
    *s = *kept;
}

enum proto_err session_ask(struct world *w, struct session *s, uint32_t agent)
{
    handhold_ToRelay open = handhold_ToRelay_init_zero;

    name_session(s, ++w->asked);
    s->agent = agent;
    open.which_body = handhold_ToRelay_open_tag;
    memcpy(open.body.open.sid, s->sid, sizeof s->sid);
    open.body.open.link_ttl_s = 600;
    open.body.open.code_ttl_s = 300;
    snprintf(open.body.open.customer_ref, sizeof open.body.open.customer_ref, "customer 4711=%%");
    snprintf(open.body.open.reference, sizeof open.body.open.reference, "ticket-1");
    return world_say(w, agent, 0, &open);
}

static void take_opened(struct world *w, struct session *s)
{
    const handhold_FromRelay *heard = world_hear(w, s->agent, handhold_FromRelay_opened_tag);

    assert_non_null(heard);
    assert_memory_equal(heard->body.opened.sid, s->sid, sizeof s->sid);
    assert_int_equal(heard->body.opened.index, PROTO_INDEX_AGENT);
    memcpy(s->agent_token, heard->body.opened.token, sizeof s->agent_token);
    snprintf(s->nameplate, sizeof s->nameplate, "%s", heard->body.opened.nameplate);
}

void session_open(struct world *w, struct session *s, const struct proto_identity *staff)
{
    uint32_t agent = world_connect(w, staff ? staff : &w->staff[0], "198.51.100.1");

    assert_ok(session_hello_staff(w, agent));
    assert_ok(session_ask(w, s, agent));
    world_work(w);
    take_opened(w, s);
}

static enum proto_err say_hello(struct world *w, const struct session *s, uint32_t connection, handhold_ToRelay *hello)
{
    hello->which_body = handhold_ToRelay_hello_tag;
    assert_ok(PROTO_SET_BYTES(hello->body.hello.session_key, s->cs_public, 32));
    return world_say(w, connection, 0, hello);
}

enum proto_err session_hello_sid(struct world *w, const struct session *s, uint32_t connection)
{
    handhold_ToRelay hello = handhold_ToRelay_init_zero;

    hello.body.hello.which_seat = handhold_Hello_sid_tag;
    memcpy(hello.body.hello.seat.sid, s->sid, sizeof s->sid);
    return say_hello(w, s, connection, &hello);
}

enum proto_err session_hello_code(struct world *w, const struct session *s, uint32_t connection, const char *nameplate)
{
    handhold_ToRelay hello = handhold_ToRelay_init_zero;

    hello.body.hello.which_seat = handhold_Hello_nameplate_tag;
    snprintf(hello.body.hello.seat.nameplate, sizeof hello.body.hello.seat.nameplate, "%s", nameplate);
    return say_hello(w, s, connection, &hello);
}

enum proto_err session_hello_token(struct world *w, const struct session *s, uint32_t connection,
                                   const uint8_t token[static 32])
{
    handhold_ToRelay hello = handhold_ToRelay_init_zero;

    hello.body.hello.which_seat = handhold_Hello_token_tag;
    memcpy(hello.body.hello.seat.token, token, 32);
    return say_hello(w, s, connection, &hello);
}

void session_join(struct world *w, struct session *s)
{
    s->customer = world_connect(w, NULL, NULL);
    assert_ok(session_hello_sid(w, s, s->customer));
    const handhold_FromRelay *heard = world_hear(w, s->customer, handhold_FromRelay_welcome_tag);
    assert_non_null(heard);
    assert_int_equal(heard->body.welcome.index, PROTO_INDEX_CUSTOMER);
    memcpy(s->customer_token, heard->body.welcome.token.bytes, 32);
}

enum proto_err session_key(struct world *w, const struct session *s)
{
    handhold_ToRelay message = handhold_ToRelay_init_zero;

    message.which_body = handhold_ToRelay_session_key_tag;
    memcpy(message.body.session_key.session_key, s->cs_public, 32);
    return world_say(w, s->agent, PROTO_INDEX_AGENT, &message);
}

void session_live(struct world *w, struct session *s)
{
    session_open(w, s, NULL);
    session_join(w, s);
    assert_ok(session_key(w, s));
    world_work(w);
    world_silence(w, s->agent);
    world_silence(w, s->customer);
}

enum proto_err session_leave(struct world *w, uint32_t connection, uint8_t index, enum proto_end reason)
{
    handhold_ToRelay message = handhold_ToRelay_init_zero;

    message.which_body = handhold_ToRelay_leave_tag;
    message.body.leave.reason = reason;
    return world_say(w, connection, index, &message);
}

enum proto_err session_log(struct world *w, uint32_t connection, uint8_t index, enum proto_log_class kind,
                           const uint8_t commitment[static 32])
{
    static handhold_LogAdd add;
    struct proto_buf body;

    memset(&add, 0, sizeof add);
    add.leaf_class = kind;
    memcpy(add.commitment, commitment, 32);
    assert_ok(PROTO_SET_BYTES(add.evidence, "sealed evidence", 15));
    if (w->evidence_bytes)
        add.evidence.size = (pb_size_t)w->evidence_bytes;
    proto_buf_init(&body, PROTO_MAX_LOG_BYTES);
    assert_ok(proto_message_encode(&body, handhold_LogAdd_fields, &add));
    enum proto_err err = world_send(w, connection, PROTO_TYPE_LOG, index, 0, body.bytes, body.len);
    proto_buf_free(&body);
    return err;
}

struct proto_gate session_gate(struct world *w, struct session *s, uint8_t src, uint8_t stream,
                               enum proto_capability capability, uint32_t ttl_s)
{
    struct proto_gate gate = {.gate_seq = ++s->gate_seq, .open = true, .src = src, .stream = stream};
    uint8_t commitment[32];

    struct proto_random random = proto_random_from_seeded(&w->seeded);
    proto_random_fill(&random, commitment, sizeof commitment);
    assert_ok(session_log(w, s->customer, PROTO_INDEX_CUSTOMER, PROTO_LOG_STATEMENT, commitment));
    world_work(w);
    const handhold_LogReceipt *receipt = world_receipt(w, s->customer);
    assert_non_null(receipt);
    assert_int_equal(receipt->error, 0);
    proto_log_leaf_hash(gate.leaf_hash, receipt->leaf.bytes);
    memcpy(gate.sid, s->sid, sizeof gate.sid);
    gate.dst = src == PROTO_INDEX_CUSTOMER ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER;
    gate.capability = capability;
    memcpy(gate.grantee, w->staff[0].fingerprint, sizeof gate.grantee);
    gate.ttl_s = ttl_s;
    return gate;
}

enum proto_err session_say_gate(struct world *w, const struct session *s, const struct proto_gate *gate)
{
    handhold_ToRelay message = handhold_ToRelay_init_zero;
    uint8_t bytes[PROTO_GATE_BYTES];

    assert_ok(proto_gate_sign(gate, s->cs_secret, bytes));
    message.which_body = handhold_ToRelay_gate_tag;
    assert_ok(PROTO_SET_BYTES(message.body.gate, bytes, sizeof bytes));
    assert_ok(world_say(w, s->customer, PROTO_INDEX_CUSTOMER, &message));
    const handhold_FromRelay *heard = world_hear(w, s->customer, handhold_FromRelay_gate_answer_tag);
    assert_non_null(heard);
    return (enum proto_err)heard->body.gate_answer.error;
}

void session_open_gate(struct world *w, struct session *s, uint8_t src, uint8_t stream,
                       enum proto_capability capability)
{
    struct proto_gate gate = session_gate(w, s, src, stream, capability, 600);

    assert_ok(session_say_gate(w, s, &gate));
    world_work(w);
}

/* ---- what the log has ---- */

static void read_event(struct world *w, const struct entry *entry, struct proto_event_note *out, uint8_t hash[32])
{
    struct proto_evidence evidence;
    struct proto_buf plain;
    struct proto_note_key key;
    uint8_t commitment[32];
    size_t text_len;

    proto_buf_init_secret(&plain, PROTO_MAX_EVIDENCE_BYTES);
    assert_ok(proto_evidence_open(entry->evidence, entry->evidence_len, w->evidence_public, w->evidence_secret, &plain,
                                  &evidence));
    assert_int_equal(evidence.count, 1);
    assert_ok(proto_note_key_init(&key, WORLD_ORIGIN "/events", w->log_public));
    assert_ok(proto_note_verify(evidence.notes[0].bytes, evidence.notes[0].len, &key, 1, &text_len, NULL));
    assert_ok(proto_event_note_parse((const char *)evidence.notes[0].bytes, text_len, out));
    proto_log_commit(commitment, evidence.r, evidence.notes[0].bytes, evidence.notes[0].len);
    assert_memory_equal(commitment, entry->commitment, sizeof commitment);
    proto_sha256(hash, evidence.notes[0].bytes, text_len);
    proto_buf_free(&plain);
}

size_t world_events(struct world *w, const uint8_t sid[static 16], struct proto_event_note *out, size_t most)
{
    uint8_t prev[32] = {0};
    size_t count = 0;

    for (size_t i = 0; i < w->entry_count; i++) {
        struct proto_event_note event;
        uint8_t hash[32];
        if (w->entries[i].kind != PROTO_LOG_RELAY_EVENT || memcmp(w->entries[i].sid, sid, 16) != 0)
            continue;
        read_event(w, &w->entries[i], &event, hash);
        assert_int_equal(event.seq, count + 1);
        assert_int_equal(event.first, count == 0);
        if (count)
            assert_memory_equal(event.prev, prev, sizeof prev);
        memcpy(prev, hash, sizeof prev);
        if (count < most)
            out[count] = event;
        count++;
    }
    const struct relay_store_session *row = world_row(w, sid);
    if (row) {
        assert_int_equal(row->event_seq, count);
        assert_memory_equal(row->event_prev, prev, sizeof prev);
    }
    return count;
}

size_t world_count(struct world *w, const uint8_t sid[static 16], enum proto_act action)
{
    struct proto_event_note events[64];
    size_t total = world_events(w, sid, events, 64), count = 0;

    for (size_t i = 0; i < total && i < 64; i++)
        count += events[i].action == action;
    return count;
}

const struct relay_store_session *world_row(struct world *w, const uint8_t sid[static 16])
{
    for (size_t i = 0; i < w->row_count; i++)
        if (!memcmp(w->rows[i].sid, sid, 16))
            return &w->rows[i];
    return NULL;
}

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifdef WITH_ASAN
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

size_t world_allocated(void)
{
#ifdef WITH_ASAN
    return __sanitizer_get_current_allocated_bytes();
#else
    return mallinfo2().uordblks;
#endif
}
