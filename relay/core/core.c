/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/core/core.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "relay/core/acts.h"
#include "relay/core/gates.h"
#include "relay/core/notes.h"
#include "relay/core/peers.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"
#include "relay/core/tasks.h"

static bool limits_make_sense(const struct relay_limits *limits)
{
    int64_t least, most;

#define RELAY_LIMIT_CHECK(name, value, help)                                                                           \
    relay_limit_range(RELAY_BOUND_##name, &least, &most);                                                              \
    if (limits->name < least || limits->name > most)                                                                   \
        return false;
    RELAY_LIMIT_LIST(RELAY_LIMIT_CHECK)
#undef RELAY_LIMIT_CHECK
    return true;
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
    core->config.token_secret = NULL;
    core->token_secret = sodium_malloc(RELAY_TOKEN_SECRET_BYTES);
    if (!core->token_secret) {
        err = PROTO_ERR_NOMEM;
        goto failed;
    }
    memcpy(core->token_secret, config->token_secret, RELAY_TOKEN_SECRET_BYTES);
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
    relay_over_clear(core);
    relay_renewals_clear(core);
    free(core->refusals);
    sodium_free(core->token_secret); /* wipes it */
    free(core);
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
