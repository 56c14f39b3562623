/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/core.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "relay/core/notes.h"
#include "relay/core/state.h"

static bool limits_make_sense(const struct relay_limits *limits)
{
#define RELAY_LIMIT_CHECK(name, value, help)                                                                           \
    if (limits->name < 1 || limits->name > INT64_C(1) << 40)                                                           \
        return false;
    RELAY_LIMIT_LIST(RELAY_LIMIT_CHECK)
#undef RELAY_LIMIT_CHECK
    return limits->queue_bytes >= RELAY_QUEUE_BYTES_MIN;
}

static enum proto_err init_tables(struct relay_core *core)
{
    const struct proto_random *random = &core->config.random;
    size_t connections = (size_t)core->limits.connections, sessions = (size_t)core->limits.sessions;
    enum proto_err err;

    if ((err = relay_table_init(&core->peers, connections, random)) ||
        (err = relay_table_init(&core->by_sid, sessions, random)) ||
        (err = relay_table_init(&core->by_nameplate, sessions, random)) ||
        (err = relay_table_init(&core->flying, RELAY_APPENDER_JOBS_MAX, random)) ||
        (err = relay_tallies_init(&core->addresses, connections, random)) ||
        (err = relay_tallies_init(&core->staff, connections, random)))
        return err;
    return relay_timers_init(&core->timers, connections + sessions);
}

static void take_limits(struct relay_core *core, const struct relay_limits *limits)
{
    core->limits = *limits;
    core->bounds.bytes = (size_t)limits->queue_bytes;
    core->bounds.ms = limits->queue_ms;
    core->bounds.all_bytes = (size_t)limits->queue_bytes_all;
}

enum proto_err relay_core_set_limits(struct relay_core *core, const struct relay_limits *limits)
{
    if (!limits_make_sense(limits))
        return PROTO_ERR_RANGE;
    take_limits(core, limits);
    return PROTO_OK;
}

enum proto_err relay_core_new(struct relay_core **out, const struct relay_core_config *config, struct proto_now now)
{
    enum proto_err err = PROTO_ERR_RANGE;
    struct relay_core *core = calloc(1, sizeof *core);

    *out = NULL;
    if (!core)
        return PROTO_ERR_NOMEM;
    core->config = *config;
    take_limits(core, &config->limits);
    proto_buf_init(&core->scratch, PROTO_MAX_RELAY_BYTES);
    memcpy(core->token_secret, config->token_secret, sizeof core->token_secret);
    core->config.token_secret = NULL;
    if (!limits_make_sense(&config->limits) || PROTO_SET_TEXT(core->join_host, config->join_host) ||
        PROTO_SET_TEXT(core->origin, config->origin))
        goto failed;
    if ((err = init_tables(core)) ||
        (err = relay_notes_take(core, config->org_note, config->org, config->policy_note, config->policy)))
        goto failed;
    (void)now;
    *out = core;
    return PROTO_OK;
failed:
    relay_core_free(core);
    return err;
}

struct freeing {
    struct relay_core *core;
};

static void free_peer(void *context, struct relay_link *link)
{
    struct relay_peer *peer = relay_of(link, struct relay_peer, link);

    peer->room = peer->beside_room = NULL; /* nobody is told any more */
    relay_peer_free(((struct freeing *)context)->core, peer, (struct proto_now){0});
}

static void free_room(void *context, struct relay_link *link)
{
    relay_room_free(((struct freeing *)context)->core, relay_of(link, struct relay_room, by_sid),
                    (struct proto_now){0});
}

static void free_task(void *context, struct relay_link *link)
{
    (void)context;
    relay_task_free(relay_of(link, struct relay_task, link));
}

void relay_core_free(struct relay_core *core)
{
    struct freeing all = {core};

    if (!core)
        return;
    core->besides = NULL;
    if (core->peers.buckets)
        relay_table_each(&core->peers, free_peer, &all);
    if (core->by_sid.buckets)
        relay_table_each(&core->by_sid, free_room, &all);
    if (core->flying.buckets)
        relay_table_each(&core->flying, free_task, &all);
    relay_tasks_clear(&core->ready);
    relay_tasks_clear(&core->ready_closing);
    relay_table_free(&core->peers);
    relay_table_free(&core->by_sid);
    relay_table_free(&core->by_nameplate);
    relay_table_free(&core->flying);
    relay_tallies_free(&core->addresses);
    relay_tallies_free(&core->staff);
    relay_timers_free(&core->timers);
    proto_buf_free(&core->scratch);
    relay_notes_free(core);
    free(core->chains);
    relay_renewals_clear(core);
    free(core->refusals);
    sodium_memzero(core->token_secret, sizeof core->token_secret);
    free(core);
}

#define OFFICER (1u << PROTO_ROLE_OFFICER)
#define STAFF (~(1u << PROTO_ROLE_NONE))

/* Which ToRelay message belongs where, and to whom; anything else is a broken peer. */
static const struct {
    pb_size_t tag;
    unsigned states; /* bit of each state in which it may come */
    unsigned
        roles; /* bit of each role; NONE is the customer. Who gives consents and who watches over them are apart. */
    int64_t cost;
    enum proto_err (*on)(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
} table[] = {
    {handhold_ToRelay_hello_tag, 1 << RELAY_PEER_NEW, ~0u, RELAY_COST_FORWARD, relay_on_hello},
    {handhold_ToRelay_open_tag, 1 << RELAY_PEER_STAFF, ~OFFICER, RELAY_COST_FORWARD, relay_on_open},
    {handhold_ToRelay_session_key_tag, 1 << RELAY_PEER_SEATED, ~OFFICER, RELAY_COST_LOG, relay_on_session_key},
    {handhold_ToRelay_gate_tag, 1 << RELAY_PEER_SEATED, ~OFFICER, RELAY_COST_LOG, relay_on_gate},
    {handhold_ToRelay_consistency_ask_tag, 1 << RELAY_PEER_STAFF | 1 << RELAY_PEER_SEATED, ~0u, RELAY_COST_ASK,
     relay_on_consistency_ask},
    {handhold_ToRelay_move_answer_tag, 1 << RELAY_PEER_SEATED, 1u << PROTO_ROLE_NONE, RELAY_COST_LOG,
     relay_on_move_answer},
    {handhold_ToRelay_beside_join_tag, 1 << RELAY_PEER_SEATED, 1u << PROTO_ROLE_NONE, RELAY_COST_LOG,
     relay_on_beside_join},
    {handhold_ToRelay_beside_tag, 1 << RELAY_PEER_SEATED | 1 << RELAY_PEER_BESIDE, 1u << PROTO_ROLE_NONE,
     RELAY_COST_FORWARD, relay_on_beside},
    {handhold_ToRelay_leave_tag, 1 << RELAY_PEER_SEATED, ~OFFICER, RELAY_COST_FORWARD, relay_on_leave},
    {handhold_ToRelay_erasure_ask_tag, 1 << RELAY_PEER_STAFF, OFFICER, RELAY_COST_ASK, relay_on_erasure_ask},
    {handhold_ToRelay_officer_act_tag, 1 << RELAY_PEER_STAFF, OFFICER, RELAY_COST_ASK, relay_on_officer_act},
    {handhold_ToRelay_kept_ask_tag, 1 << RELAY_PEER_STAFF | 1 << RELAY_PEER_SEATED, STAFF, RELAY_COST_LOG,
     relay_on_kept_ask},
    {handhold_ToRelay_kept_add_tag, 1 << RELAY_PEER_SEATED, STAFF & ~OFFICER, RELAY_COST_LOG, relay_on_kept_add},
    {handhold_ToRelay_log_read_tag, 1 << RELAY_PEER_STAFF, OFFICER, RELAY_COST_LOG, relay_on_log_read},
    {handhold_ToRelay_renew_ask_tag, 1 << RELAY_PEER_STAFF, STAFF, RELAY_COST_ASK, relay_on_renew_ask},
    {handhold_ToRelay_renew_read_tag, 1 << RELAY_PEER_STAFF, OFFICER, RELAY_COST_ASK, relay_on_renew_read},
    {handhold_ToRelay_renew_give_tag, 1 << RELAY_PEER_STAFF, OFFICER, RELAY_COST_LOG, relay_on_renew_give},
};

static struct relay_pace message_pace(const struct relay_core *core)
{
    int64_t rate = core->limits.messages_per_second;

    return (struct relay_pace){rate, 1000, rate < RELAY_COST_ASK ? RELAY_COST_ASK : rate};
}

/* A second's worth may come at once, and one largest message always. */
static struct relay_pace byte_pace(const struct relay_core *core)
{
    int64_t rate = core->limits.bytes_per_second;

    return (struct relay_pace){rate, 1000, rate < PROTO_MAX_MESSAGE_BYTES ? PROTO_MAX_MESSAGE_BYTES : rate};
}

static enum proto_err too_fast(struct relay_core *core, struct relay_peer *peer, enum relay_bound bound,
                               struct proto_now now)
{
    core->figures.reached[bound]++;
    return relay_peer_refuse(core, peer, now, PROTO_ERR_BUSY, false,
                             "more than %lld messages or %lld bytes in a second; send less",
                             (long long)core->limits.messages_per_second, (long long)core->limits.bytes_per_second);
}

static enum proto_err take_cost(struct relay_core *core, struct relay_peer *peer, int64_t cost, struct proto_now now)
{
    struct relay_pace pace = message_pace(core);

    return relay_bucket_take(&peer->messages, &pace, cost, now.mono_ms)
               ? PROTO_OK
               : too_fast(core, peer, RELAY_BOUND_messages_per_second, now);
}

/* A session outlives the certificate with which it was opened, and nothing else does: its end may come back to it. */
static bool has_ended(const struct relay_core *core, const struct relay_peer *peer, struct proto_now now)
{
    const handhold_ToRelay *in = &core->in.to_relay;

    return peer->staff && now.unix_ms / 1000 >= peer->staff->not_after_s && peer->state != RELAY_PEER_SEATED &&
           !(in->which_body == handhold_ToRelay_hello_tag && in->body.hello.which_seat == handhold_Hello_token_tag);
}

static enum proto_err on_to_relay(struct relay_core *core, struct relay_peer *peer, const uint8_t *body, size_t len,
                                  struct proto_now now)
{
    enum proto_err err =
        proto_message_decode(body, len, handhold_ToRelay_fields, &core->in.to_relay, sizeof core->in.to_relay);

    for (size_t i = 0; !err && i < sizeof table / sizeof *table; i++) {
        if (table[i].tag != core->in.to_relay.which_body || !(table[i].states >> peer->state & 1))
            continue;
        if (!(table[i].roles >> (peer->staff ? peer->staff->role : PROTO_ROLE_NONE) & 1)) {
            if (peer->staff)
                relay_refused(core, peer->staff, RELAY_REFUSED_ROLE, now);
            return PROTO_ERR_CERT_ROLE;
        }
        if (has_ended(core, peer, now))
            return PROTO_ERR_CERT_EXPIRED;
        err = take_cost(core, peer, table[i].cost - RELAY_COST_FORWARD, now);
        return err ? err : table[i].on(core, peer, now);
    }
    return err ? err : PROTO_ERR_STATE;
}

static enum proto_err dispatch(struct relay_core *core, struct relay_peer *peer, const uint8_t *message, size_t len,
                               struct proto_now now)
{
    struct proto_envelope envelope;

    if (len && message[0] == PROTO_TYPE_MEDIA)
        return relay_on_media(core, peer, message, len, now);
    enum proto_err err = proto_envelope_parse(message, len, &envelope);
    if (err)
        return err;
    if (envelope.type == PROTO_TYPE_RELAY)
        return on_to_relay(core, peer, message + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES, now);
    if (peer->state != RELAY_PEER_SEATED)
        return PROTO_ERR_STATE;
    if (envelope.type != PROTO_TYPE_LOG)
        return relay_on_sealed(core, peer, &envelope, message, len, now);
    err = take_cost(core, peer, RELAY_COST_LOG - RELAY_COST_FORWARD, now);
    if (!err)
        err = proto_message_decode(message + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES, handhold_LogAdd_fields,
                                   &core->in.log_add, sizeof core->in.log_add);
    return err ? err : relay_on_log_add(core, peer, now);
}

enum proto_err relay_core_feed(struct relay_core *core, uint32_t connection, const uint8_t *message, size_t len,
                               struct proto_now now)
{
    struct relay_peer *peer = relay_peer_find(core, connection);
    struct relay_pace bytes = byte_pace(core);
    enum proto_err err;

    if (!peer)
        return PROTO_ERR_NOT_FOUND;
    if (peer->state == RELAY_PEER_CLOSING)
        return peer->failed;
    err = take_cost(core, peer, RELAY_COST_FORWARD, now);
    if (!err && len <= PROTO_MAX_MESSAGE_BYTES && !relay_bucket_take(&peer->bytes, &bytes, (int64_t)len, now.mono_ms))
        err = too_fast(core, peer, RELAY_BOUND_bytes_per_second, now);
    if (!err)
        err = dispatch(core, peer, message, len, now);
    if (err) /* a broken or hostile peer: coming back with the same will not help */
        relay_peer_refuse(core, peer, now, err, true, NULL);
    return peer->failed;
}

void relay_core_closed(struct relay_core *core, uint32_t connection, struct proto_now now)
{
    struct relay_peer *peer = relay_peer_find(core, connection);

    if (peer)
        relay_peer_free(core, peer, now);
}

uint8_t *relay_core_pending(struct relay_core *core, uint32_t connection, size_t *len, struct proto_now now)
{
    struct relay_peer *peer = relay_peer_find(core, connection);

    *len = 0;
    if (!peer)
        return NULL;
    uint8_t *message = relay_queue_front(&peer->queue, &core->bounds, len, now.mono_ms);
    if (peer->queue.asks_key && peer->room)
        relay_gate_ask_keys(core, peer->room, peer->index, now);
    return message;
}

void relay_core_sent(struct relay_core *core, uint32_t connection)
{
    struct relay_peer *peer = relay_peer_find(core, connection);

    if (peer)
        relay_queue_pop(&peer->queue, &core->bounds);
}

bool relay_core_next_wake(struct relay_core *core, uint32_t *connection, bool *close)
{
    struct relay_peer *peer = core->wake_first;

    if (!peer)
        return false;
    relay_peer_unwake(core, peer);
    *connection = peer->connection;
    *close = peer->state == RELAY_PEER_CLOSING;
    return true;
}

int64_t relay_core_deadline(const struct relay_core *core)
{
    const struct relay_timer *timer = relay_timers_first(&core->timers);
    int64_t at = timer ? timer->at_ms : PROTO_NEVER;

    at = proto_earlier(at, relay_refusals_deadline(core));
    at = proto_earlier(at, relay_tallies_deadline(&core->addresses));
    return proto_earlier(at, relay_tallies_deadline(&core->staff));
}

void relay_core_tick(struct relay_core *core, struct proto_now now)
{
    struct relay_timer *timer;

    while ((timer = relay_timers_first(&core->timers)) && timer->at_ms <= now.mono_ms) {
        if (timer->kind == RELAY_TIMER_PEER)
            relay_peer_due(core, relay_of(timer, struct relay_peer, timer), now);
        else
            relay_room_due(core, relay_of(timer, struct relay_room, timer), now);
    }
    relay_act_note_refusals(core, now);
    relay_tallies_tick(&core->addresses, now.mono_ms);
    relay_tallies_tick(&core->staff, now.mono_ms);
}

_Static_assert(RELAY_SERVICES - RELAY_SERVE_VOICE == 4, "classes that are timed");

static void count_room(void *context, struct relay_link *link)
{
    const struct relay_room *room = relay_of(link, struct relay_room, by_sid);
    struct relay_core_figures *out = context;

    if (!room->ended)
        (*(room->authenticated ? &out->sessions_live : &out->sessions_waiting))++;
}

void relay_core_set_full(struct relay_core *core, bool full)
{
    core->full = full;
}

void relay_core_figures(const struct relay_core *core, struct relay_core_figures *out)
{
    *out = core->figures;
    out->connections = core->peers.count;
    out->sessions_waiting = out->sessions_live = 0;
    relay_table_each((struct relay_table *)&core->by_sid, count_room, out);
    out->dropped_messages += core->bounds.dropped;
    out->queue_bytes = core->bounds.all_used;
    memcpy(out->waited, core->bounds.waited + RELAY_SERVE_VOICE, sizeof out->waited);
}
