/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "proto/seal/note.h"

#define FRAME "a frame of the customer's "
enum { TICKS_MAX = 8 };

/* ---- the log ---- */

static void keep_node(void *context, unsigned level, uint64_t index, const uint8_t hash[PROTO_LOG_HASH_BYTES])
{
    memcpy(((struct stage *)context)->nodes[level][index], hash, 32);
}

static enum proto_err give_node(void *context, unsigned level, uint64_t index, uint8_t out[PROTO_LOG_HASH_BYTES])
{
    memcpy(out, ((struct stage *)context)->nodes[level][index], 32);
    return PROTO_OK;
}

static size_t append(struct stage *s, const struct relay_job *job)
{
    size_t i = 0;
    struct proto_log_leaf leaf = {.kind = job->kind, .unix_s = s->now.unix_ms / 60000 * 60};
    struct proto_log_sink sink = {keep_node, s};

    while (i < s->leaf_count && memcmp(s->leaves[i].commitment, job->commitment, 32) != 0)
        i++;
    if (i < s->leaf_count || i == STAGE_LEAVES)
        return i;
    memcpy(leaf.commitment, job->commitment, 32);
    memcpy(s->leaves[i].commitment, job->commitment, 32);
    memcpy(s->leaves[i].sid, job->sid, 16);
    s->leaves[i].kind = job->kind;
    FUZZ_READY(proto_log_leaf_encode(s->leaves[i].leaf, &leaf));
    proto_log_leaf_hash(s->leaves[i].hash, s->leaves[i].leaf);
    FUZZ_READY(proto_log_tree_append(&s->tree, s->leaves[i].hash, &sink));
    s->leaf_count++;
    struct proto_log_checkpoint checkpoint = {.origin = FIXTURE_ORIGIN, .size = s->leaf_count};
    proto_log_tree_root(&s->tree, checkpoint.root);
    FUZZ_READY(proto_log_checkpoint_sign(s->checkpoint, &checkpoint, fixture()->log_secret));
    return i;
}

static void answer(struct stage *s, const struct relay_job *job, struct relay_result *result)
{
    struct proto_log_reader reader = {give_node, s};
    struct proto_log_receipt *r = &result->receipt;
    uint8_t evidence_hash[32];
    size_t i = append(s, job);

    if (i == STAGE_LEAVES || job->seen_size > s->leaf_count) {
        result->err = i == STAGE_LEAVES ? PROTO_ERR_IO : PROTO_ERR_LOG;
        snprintf(result->text, sizeof result->text, "not written");
        return;
    }
    r->index = i;
    memcpy(r->leaf, s->leaves[i].leaf, sizeof r->leaf);
    proto_sha256(evidence_hash, job->evidence, job->evidence_len);
    memcpy(r->checkpoint, s->checkpoint, sizeof s->checkpoint);
    FUZZ_READY(
        proto_log_evidence_sign(r->evidence_line, FIXTURE_ORIGIN, i, r->leaf, evidence_hash, fixture()->log_secret));
    FUZZ_READY(proto_log_prove_inclusion(&r->inclusion, i, s->leaf_count, &reader));
    if (job->seen_size)
        FUZZ_READY(proto_log_prove_consistency(&r->consistency, job->seen_size, s->leaf_count, &reader));
}

static void log_works(struct stage *s)
{
    const struct relay_job *job;
    static struct relay_result result;

    while ((job = relay_core_next_job(s->core))) {
        memset(&result, 0, sizeof result);
        result.ticket = job->ticket;
        result.has_entry = job->has_entry;
        if (job->has_entry)
            answer(s, job, &result);
        relay_core_job_done(s->core, &result, s->now);
    }
}

/* ---- what the relay asks of its surroundings ---- */

static enum proto_err sign_event(void *context, const char *text, struct proto_buf *note)
{
    (void)context;
    return proto_note_make(text, strlen(text), FIXTURE_ORIGIN "/events", fixture()->log_secret, note);
}

static void checkpoint(void *context, char note[static PROTO_LOG_CHECKPOINT_MAX])
{
    memcpy(note, ((struct stage *)context)->checkpoint, PROTO_LOG_CHECKPOINT_MAX);
}

static enum proto_err consistency(void *context, uint64_t from, uint64_t to, struct proto_log_hashes *out)
{
    struct proto_log_reader reader = {give_node, context};

    if (to > ((struct stage *)context)->leaf_count || from > to || !from)
        return PROTO_ERR_NOT_FOUND;
    return proto_log_prove_consistency(out, from, to, &reader);
}

static bool leaf_durable(void *context, const uint8_t leaf_hash[static 32], const uint8_t sid[static 16])
{
    struct stage *s = context;

    for (size_t i = 0; i < s->leaf_count; i++)
        if (!memcmp(s->leaves[i].hash, leaf_hash, 32))
            return s->leaves[i].kind == PROTO_LOG_STATEMENT && !memcmp(s->leaves[i].sid, sid, 16);
    return false;
}

static void start_relay(struct stage *s)
{
    static const uint8_t token_secret[32] = {9};
    struct fixture *f = fixture();
    struct relay_core_config config = {.random = s->random,
                                       .join_host = FIXTURE_HOST,
                                       .origin = FIXTURE_ORIGIN,
                                       .token_secret = token_secret,
                                       .org_note = (const char *)f->org_note.bytes,
                                       .policy_note = (const char *)f->policy_note.bytes,
                                       .org = &f->org,
                                       .policy = &f->policy,
                                       .sign_event = sign_event,
                                       .checkpoint = checkpoint,
                                       .consistency = consistency,
                                       .leaf_durable = leaf_durable,
                                       .context = s};

    relay_limits_defaults(&config.limits);
    config.limits.connections = 64;
    config.limits.sessions = 16;
    FUZZ_READY(relay_core_new(&s->core, &config, s->now));
}

/* ---- ends and their lines ---- */

struct stage *stage_new(void)
{
    static const uint8_t seed[32] = "one session on a stage";
    struct stage *s = calloc(1, sizeof *s);

    FUZZ_HOLDS(s);
    proto_random_seeded_init(&s->seeded, seed);
    s->random = proto_random_from_seeded(&s->seeded);
    s->now = (struct proto_now){.mono_ms = 1000000, .unix_ms = (int64_t)WORLD_TIME_S * 1000};
    proto_log_tree_init(&s->tree);
    start_relay(s);
    struct proto_agent_config config = {.random = s->random, .credential = &fixture()->agent, .by_code = true};
    FUZZ_READY(proto_session_new_agent(&s->ends[STAGE_AGENT].session, &config, s->now));
    stage_connect(s, STAGE_AGENT);
    stage_settle(s);
    return s;
}

void stage_free(struct stage *s)
{
    for (size_t i = 0; i < STAGE_ENDS; i++)
        proto_session_free(s->ends[i].session);
    relay_core_free(s->core);
    for (size_t i = 0; i < s->kept_count; i++)
        free(s->kept[i].bytes);
    free(s);
}

void stage_connect(struct stage *s, enum stage_who who)
{
    struct stage_end *end = &s->ends[who];

    if (!end->session || end->connection || !proto_session_wants_connection(end->session))
        return;
    if (relay_core_open(s->core, ++s->connections, who == STAGE_AGENT ? "198.51.100.1" : "192.0.2.1",
                        who == STAGE_AGENT ? &fixture()->agent.identity : NULL, s->now))
        return;
    end->connection = s->connections;
    proto_session_connected(end->session, s->now);
}

void stage_disconnect(struct stage *s, enum stage_who who)
{
    struct stage_end *end = &s->ends[who];

    if (!end->connection)
        return;
    relay_core_closed(s->core, end->connection, s->now);
    end->connection = 0;
    proto_session_disconnected(end->session, s->now);
}

void stage_arrive(struct stage *s)
{
    struct proto_customer_config config = {.random = s->random,
                                           .link = s->link,
                                           .pinned_root = fixture()->agent.identity.root_fingerprint,
                                           .offers = UINT32_MAX,
                                           .client_info = "fuzzed customer"};

    if (s->ends[STAGE_CUSTOMER].session || !s->link[0])
        return;
    FUZZ_READY(proto_session_new_customer(&s->ends[STAGE_CUSTOMER].session, &config, s->now));
    stage_connect(s, STAGE_CUSTOMER);
}

void stage_give_end(struct stage *s, enum stage_who who, const uint8_t *bytes, size_t len)
{
    struct stage_end *end = &s->ends[who];

    if (!end->session || !end->connection || !len)
        return;
    uint8_t *exact = fuzz_exact(bytes, len);
    proto_session_feed(end->session, exact, len, s->now);
    free(exact);
    stage_watch(s);
}

void stage_give_relay(struct stage *s, uint32_t connection, const uint8_t *bytes, size_t len)
{
    if (!connection || !len)
        return;
    uint8_t *exact = fuzz_exact(bytes, len);
    enum proto_err err = relay_core_feed(s->core, connection, exact, len, s->now);
    free(exact);
    log_works(s);
    if (!err)
        return;
    for (unsigned i = 0; i < STAGE_ENDS; i++)
        if (s->ends[i].connection == connection) {
            while (stage_carry(s, (enum stage_who)i, false, NULL, NULL)) /* pending bytes leave, then it closes */
                ;
            stage_disconnect(s, (enum stage_who)i);
            return;
        }
    stage_hear(s, connection);
    relay_core_closed(s->core, connection, s->now);
    for (unsigned i = 0; i < STAGE_STRANGERS; i++)
        if (s->strangers[i] == connection)
            s->strangers[i] = 0;
}

void stage_hear(struct stage *s, uint32_t connection)
{
    size_t len;

    while (connection && relay_core_pending(s->core, connection, &len, s->now))
        relay_core_sent(s->core, connection);
}

static void keep(struct stage *s, const uint8_t *bytes, size_t len)
{
    if (s->kept_count == STAGE_MESSAGES) {
        free(s->kept[0].bytes);
        memmove(s->kept, s->kept + 1, sizeof s->kept - sizeof s->kept[0]);
        s->kept_count--;
    }
    s->kept[s->kept_count].bytes = fuzz_exact(bytes, len);
    s->kept[s->kept_count++].len = len;
}

bool stage_carry(struct stage *s, enum stage_who who, bool to_relay, stage_hand *hand, void *context)
{
    struct stage_end *end = &s->ends[who];
    size_t len;

    if (!end->session || !end->connection)
        return false;
    const uint8_t *bytes = to_relay ? proto_session_pending(end->session, &len)
                                    : relay_core_pending(s->core, end->connection, &len, s->now);
    if (!bytes)
        return false;
    uint8_t *copy = fuzz_exact(bytes, len);
    uint32_t connection = end->connection;
    if (to_relay)
        proto_session_sent(end->session);
    else
        relay_core_sent(s->core, end->connection);
    keep(s, copy, len);
    if (!hand || hand(context, &copy, &len)) {
        if (to_relay)
            stage_give_relay(s, connection, copy, len);
        else
            stage_give_end(s, who, copy, len);
    }
    free(copy);
    return true;
}

static void obey_wakes(struct stage *s)
{
    uint32_t connection;
    bool close;

    while (relay_core_next_wake(s->core, &connection, &close)) {
        if (!close)
            continue;
        bool is_end = false;
        for (unsigned i = 0; i < STAGE_ENDS; i++)
            if (s->ends[i].connection == connection) {
                is_end = true;
                while (stage_carry(s, (enum stage_who)i, false, NULL, NULL))
                    ;
                stage_disconnect(s, (enum stage_who)i);
            }
        for (unsigned i = 0; i < STAGE_STRANGERS; i++)
            if (!is_end && s->strangers[i] == connection) {
                stage_hear(s, connection);
                relay_core_closed(s->core, connection, s->now);
                s->strangers[i] = 0;
            }
    }
}

void stage_settle(struct stage *s)
{
    bool moved = true;

    for (unsigned rounds = 0; moved; rounds++) {
        FUZZ_HOLDS(rounds < 2000); /* two ends and a relay come to rest */
        moved = false;
        for (unsigned i = 0; i < STAGE_ENDS; i++) {
            moved |= stage_carry(s, (enum stage_who)i, true, NULL, NULL);
            moved |= stage_carry(s, (enum stage_who)i, false, NULL, NULL);
        }
        log_works(s);
        obey_wakes(s);
        stage_watch(s);
    }
}

void stage_pass(struct stage *s, int64_t ms)
{
    s->now.mono_ms += ms;
    s->now.unix_ms += ms;
    relay_core_tick(s->core, s->now);
    FUZZ_HOLDS(relay_core_deadline(s->core) > s->now.mono_ms);
    log_works(s);
    obey_wakes(s);
    for (unsigned i = 0; i < STAGE_ENDS; i++)
        if (s->ends[i].session) {
            for (unsigned ticks = 0; proto_session_deadline(s->ends[i].session) <= s->now.mono_ms; ticks++) {
                FUZZ_HOLDS(ticks < TICKS_MAX); /* a timer that is due fires, and then is not due */
                proto_session_tick(s->ends[i].session, s->now);
            }
        }
    stage_watch(s);
}

/* ---- what must hold ---- */

static void watch_customer(struct stage *s, const struct proto_event *event)
{
    struct stage_end *end = &s->ends[STAGE_CUSTOMER];

    if (event->kind == PROTO_EVENT_CAPTURE && event->capture.on)
        FUZZ_HOLDS(end->granted[event->capture.capability]); /* consent is a person's */
    if (event->kind == PROTO_EVENT_JOINED)
        FUZZ_HOLDS(event->joined.verified && !strcmp(event->joined.organisation, WORLD_DOMAIN) &&
                   !memcmp(event->joined.fingerprint, fixture()->agent.identity.fingerprint, 32));
}

static void watch_agent(struct stage *s, const struct proto_event *event)
{
    if (event->kind == PROTO_EVENT_INVITE) {
        snprintf(s->link, sizeof s->link, "%s", event->invite.link);
        snprintf(s->code, sizeof s->code, "%s", event->invite.code ? event->invite.code : "");
    }
    if (event->kind == PROTO_EVENT_MEDIA) { /* only what the customer sealed under a consent */
        FUZZ_HOLDS(event->media.len == sizeof FRAME && !memcmp(event->media.bytes, FRAME, sizeof FRAME));
        FUZZ_HOLDS(s->ends[STAGE_AGENT].media++ < s->frames);
    }
}

void stage_watch(struct stage *s)
{
    struct proto_event event;

    for (unsigned i = 0; i < STAGE_ENDS; i++) {
        struct stage_end *end = &s->ends[i];
        while (end->session && proto_session_next_event(end->session, &event)) {
            FUZZ_HOLDS(!end->ended || event.kind == PROTO_EVENT_NONE); /* ENDED is the last */
            end->ended |= event.kind == PROTO_EVENT_ENDED;
            end->joined |= event.kind == PROTO_EVENT_JOINED;
            end->logged += event.kind == PROTO_EVENT_LOGGED;
            if (event.kind == PROTO_EVENT_ALARM || event.kind == PROTO_EVENT_ERROR)
                FUZZ_HOLDS(event.error.message && strlen(event.error.message) < 4096);
            if (i == STAGE_CUSTOMER)
                watch_customer(s, &event);
            else
                watch_agent(s, &event);
        }
    }
}

/* ---- what people do ---- */

void stage_grant(struct stage *s, enum proto_capability capability)
{
    struct stage_end *end = &s->ends[STAGE_CUSTOMER];

    if (!end->session)
        return;
    bool before = end->granted[capability];
    end->granted[capability] = true;
    if (proto_session_grant(end->session, capability, s->now))
        end->granted[capability] = before;
    stage_watch(s);
}

void stage_withdraw(struct stage *s, enum proto_capability capability)
{
    struct stage_end *end = &s->ends[STAGE_CUSTOMER];

    if (!end->session)
        return;
    (void)!proto_session_withdraw(end->session, capability, s->now);
    FUZZ_HOLDS(!proto_session_may_send(end->session, capability));
    end->granted[capability] = false;
    stage_watch(s);
}

void stage_push(struct stage *s, enum proto_capability capability, bool key)
{
    struct stage_end *end = &s->ends[STAGE_CUSTOMER];
    struct proto_frame frame = {
        .bytes = (const uint8_t *)FRAME, .len = sizeof FRAME, .key = key, .capture_mono_ms = s->now.mono_ms};

    if (!end->session)
        return;
    bool may = proto_session_may_send(end->session, capability);
    enum proto_err err = proto_session_push_frame(end->session, capability, &frame, s->now);
    FUZZ_HOLDS(may || err);
    FUZZ_HOLDS(err || end->granted[capability]);
    s->frames += !err;
    stage_watch(s);
}

void stage_play(struct stage *s, unsigned upto)
{
    struct stage_end *agent = &s->ends[STAGE_AGENT], *customer = &s->ends[STAGE_CUSTOMER];

    FUZZ_HOLDS(s->link[0]);
    if (upto < 1)
        return;
    stage_arrive(s);
    stage_settle(s);
    FUZZ_HOLDS(agent->joined && customer->joined);
    if (upto < 2)
        return;
    FUZZ_READY(proto_session_request(agent->session, PROTO_CAPABILITY_CAMERA, "to see the lamp", 600, s->now));
    stage_settle(s);
    if (upto < 3)
        return;
    stage_grant(s, PROTO_CAPABILITY_CAMERA);
    stage_settle(s);
    stage_pass(s, 100);
    stage_settle(s);
    stage_push(s, PROTO_CAPABILITY_CAMERA, true);
    stage_push(s, PROTO_CAPABILITY_CAMERA, false);
    stage_settle(s);
    FUZZ_HOLDS(agent->media == 2 && customer->logged == 1);
    if (upto < 4)
        return;
    stage_withdraw(s, PROTO_CAPABILITY_CAMERA);
    stage_settle(s);
}
