/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/core/devices.h"
#include "relay/core/peers.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"

struct relay_peer *relay_peer_find(const struct relay_core *core, uint32_t connection)
{
    struct relay_peer **recent = (struct relay_peer **)&core->trails[connection % RELAY_RECENT].peer;

    if (*recent && (*recent)->connection == connection)
        return *recent;
    uint64_t hash = relay_table_hash(&core->peers, &connection, sizeof connection);
    for (struct relay_link *link = relay_table_first(&core->peers, hash); link; link = relay_table_next(link)) {
        struct relay_peer *peer = relay_of(link, struct relay_peer, link);
        if (peer->connection == connection)
            return *recent = peer;
    }
    return NULL;
}

void relay_reached(struct relay_core *core, uint32_t connection, enum relay_bound bound)
{
    core->figures.reached[bound]++;
    if (connection && core->config.refused)
        core->config.refused(core->config.context, connection, relay_limit_name(bound));
}

void relay_peer_wake(struct relay_core *core, struct relay_peer *peer)
{
    if (peer->waking)
        return;
    peer->waking = true;
    peer->wake_next = NULL;
    peer->wake_prev = core->wake_last;
    *(peer->wake_prev ? &peer->wake_prev->wake_next : &core->wake_first) = peer;
    core->wake_last = peer;
}

void relay_peer_unwake(struct relay_core *core, struct relay_peer *peer)
{
    if (!peer->waking)
        return;
    *(peer->wake_prev ? &peer->wake_prev->wake_next : &core->wake_first) = peer->wake_next;
    *(peer->wake_next ? &peer->wake_next->wake_prev : &core->wake_last) = peer->wake_prev;
    peer->waking = false;
}

void relay_peer_finish(struct relay_core *core, struct relay_peer *peer, enum proto_err why, struct proto_now now)
{
    peer->state = RELAY_PEER_CLOSING;
    peer->failed = why;
    relay_timers_set(&core->timers, &peer->timer, now.mono_ms + core->limits.hello_ms);
    relay_peer_wake(core, peer);
}

/* The seat of a connection that is no more. */
static void leave_seat(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    struct relay_room *room = peer->room;

    if (peer->beside_plate[0] || peer->beside_room)
        relay_beside_lose(core, peer, now);
    if (room && room->mover == peer)
        room->mover = NULL;
    else if (room && room->seat[peer->index].peer == peer)
        relay_seat_lose(core, room, peer->index, now);
    peer->room = NULL;
}

bool relay_peer_put(struct relay_core *core, struct relay_peer *peer, const uint8_t *message, size_t len,
                    struct proto_now now)
{
    enum proto_err err = relay_queue_put(&peer->queue, &core->bounds, message, len);

    if (!err) {
        relay_peer_wake(core, peer);
        return true;
    }
    relay_peer_too_slow(core, peer, RELAY_BOUND_queue_bytes, now);
    return false;
}

/* Puts the envelope and core->out into core->scratch. */
static bool encode(struct relay_core *core, const struct relay_peer *peer)
{
    uint8_t envelope[PROTO_ENVELOPE_BYTES];

    proto_envelope_write(envelope, PROTO_TYPE_RELAY, PROTO_INDEX_RELAY, peer->index);
    proto_buf_clear(&core->scratch);
    proto_buf_put(&core->scratch, envelope, sizeof envelope);
    return !proto_message_encode(&core->scratch, handhold_FromRelay_fields, &core->out) && !core->scratch.failed;
}

void relay_peer_send(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    if (encode(core, peer))
        relay_peer_put(core, peer, core->scratch.bytes, core->scratch.len, now);
}

static void fill_error(struct relay_core *core, enum proto_err err, bool fatal, const char *format, va_list arguments)
{
    handhold_Error *body = &core->out.body.error;

    core->out.which_body = handhold_FromRelay_error_tag;
    memset(body, 0, sizeof *body);
    body->code = err;
    body->fatal = fatal;
    if (format)
        vsnprintf(body->message, sizeof body->message, format, arguments);
    else
        snprintf(body->message, sizeof body->message, "%s; %s", proto_err_rule(err), proto_err_way_out(err));
}

void relay_peer_tell(struct relay_core *core, struct relay_peer *peer, struct proto_now now, enum proto_err err,
                     const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fill_error(core, err, false, format, arguments);
    va_end(arguments);
    relay_peer_send(core, peer, now);
}

enum proto_err relay_peer_refuse(struct relay_core *core, struct relay_peer *peer, struct proto_now now,
                                 enum proto_err err, bool fatal, const char *format, ...)
{
    va_list arguments;

    if (peer->state == RELAY_PEER_CLOSING)
        return err;
    relay_queue_clear(&peer->queue, &core->bounds); /* the reason must fit, and nothing else is wanted any more */
    relay_peer_finish(core, peer, err, now);
    va_start(arguments, format);
    fill_error(core, err, fatal, format, arguments);
    va_end(arguments);
    relay_peer_send(core, peer, now);
    leave_seat(core, peer, now);
    return err;
}

/* No Hello in time, or a closing connection whose last words nobody takes. */
void relay_peer_due(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    relay_timers_set(&core->timers, &peer->timer, PROTO_NEVER);
    if (peer->state == RELAY_PEER_CLOSING) {
        relay_queue_clear(&peer->queue, &core->bounds);
        relay_peer_wake(core, peer);
    } else if (peer->state == RELAY_PEER_MOVING) {
        relay_reached(core, peer->connection, RELAY_BOUND_move_ms);
        relay_move_fail(core, peer->room, now);
    } else if (peer->state == RELAY_PEER_BESIDE) {
        relay_reached(core, peer->connection, RELAY_BOUND_beside_ms);
        relay_peer_refuse(core, peer, now, PROTO_ERR_EXPIRED, true,
                          "nobody typed this device's code; start it again for a new one");
    } else if (peer->state == RELAY_PEER_NEW) {
        relay_reached(core, peer->connection, RELAY_BOUND_hello_ms);
        relay_peer_refuse(core, peer, now, PROTO_ERR_TIMEOUT, false,
                          "no Hello within %lld ms; connect again and say it first", (long long)core->limits.hello_ms);
    }
}

void relay_peer_free(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    leave_seat(core, peer, now);
    relay_peer_unwake(core, peer);
    relay_queue_clear(&peer->queue, &core->bounds);
    relay_timers_leave(&core->timers, &peer->timer);
    relay_table_remove(&core->peers, &peer->link);
    if (core->trails[peer->connection % RELAY_RECENT].peer == peer)
        core->trails[peer->connection % RELAY_RECENT].peer = NULL;
    if (peer->tally) {
        peer->tally->connections--;
        relay_tally_drop(peer->staff ? &core->staff : &core->addresses, peer->tally, now.mono_ms);
    }
    free(peer->staff);
    free(peer);
}

static enum proto_err count_connection(struct relay_core *core, struct relay_peer *peer, const char *address,
                                       struct proto_now now)
{
    uint8_t key[RELAY_TALLY_KEY_BYTES];
    struct relay_tallies *tallies = peer->staff ? &core->staff : &core->addresses;
    int64_t most = peer->staff ? core->limits.connections_per_staff : core->limits.connections_per_address;

    if (peer->staff)
        memcpy(key, peer->staff->fingerprint, sizeof key);
    else
        relay_address_key(address, key);
    struct relay_tally *tally = relay_tally_take(tallies, key);
    if (!tally)
        return PROTO_ERR_NOMEM;
    if (tally->connections >= most) {
        relay_reached(core, peer->connection,
                      peer->staff ? RELAY_BOUND_connections_per_staff : RELAY_BOUND_connections_per_address);
        relay_tally_drop(tallies, tally, now.mono_ms);
        return PROTO_ERR_BUSY;
    }
    tally->connections++;
    peer->tally = tally;
    return PROTO_OK;
}

enum proto_err relay_core_open(struct relay_core *core, uint32_t connection, const char *address,
                               const struct proto_identity *staff, struct proto_now now)
{
    enum proto_err err = PROTO_ERR_NOMEM;

    if (relay_peer_find(core, connection))
        return PROTO_ERR_ARGUMENT;
    if (core->peers.count >= (size_t)core->limits.connections) {
        relay_reached(core, connection, RELAY_BOUND_connections);
        return PROTO_ERR_BUSY;
    }
    if (staff && proto_org_admits(core->org, staff))
        return PROTO_ERR_REFUSED;
    struct relay_peer *peer = calloc(1, sizeof *peer);
    if (!peer)
        return PROTO_ERR_NOMEM;
    peer->connection = connection;
    peer->timer.kind = RELAY_TIMER_PEER;
    if (staff && !(peer->staff = malloc(sizeof *staff)))
        goto failed;
    if (staff)
        *peer->staff = *staff;
    err = relay_timers_join(&core->timers);
    if (err)
        goto failed;
    err = count_connection(core, peer, address, now);
    if (err) {
        relay_timers_leave(&core->timers, &peer->timer);
        goto failed;
    }
    relay_table_add(&core->peers, &peer->link, relay_table_hash(&core->peers, &connection, sizeof connection));
    relay_timers_set(&core->timers, &peer->timer, now.mono_ms + core->limits.hello_ms);
    return PROTO_OK;
failed:
    free(peer->staff);
    free(peer);
    return err;
}
