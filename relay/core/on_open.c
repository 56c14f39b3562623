/* SPDX-License-Identifier: Apache-2.0 */
/* Open: a member of staff makes an invitation. They hear of it when the log has it. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/util/utf8.h"
#include "relay/core/acts.h"
#include "relay/core/gates.h"
#include "relay/core/on.h"
#include "relay/core/peers.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"
#include "relay/core/tasks.h"

static const char *reached(struct relay_core *core, const struct relay_peer *peer, enum relay_bound bound,
                           const char *words)
{
    relay_reached(core, peer->connection, bound);
    return words;
}

struct left_alone {
    const struct relay_tally *staff;
    struct relay_room *oldest; /* NULL: none */
};

static void find_left_alone(void *context, struct relay_link *link)
{
    struct relay_room *room = relay_of(link, struct relay_room, by_sid);
    struct left_alone *found = context;
    int64_t away_ms = room->seat[PROTO_INDEX_AGENT].away_since_ms;

    if (room->waits && room->opened && room->staff == found->staff && !room->seat[PROTO_INDEX_AGENT].peer &&
        (!found->oldest || away_ms < found->oldest->seat[PROTO_INDEX_AGENT].away_since_ms))
        found->oldest = room;
}

/* A viewer that went down leaves invitations that nobody answers any more: the one that was left first makes room. */
static bool give_way(struct relay_core *core, const struct relay_peer *peer, struct proto_now now)
{
    struct left_alone found = {.staff = peer->tally};

    relay_table_each(&core->by_sid, find_left_alone, &found);
    if (found.oldest)
        relay_room_end(core, found.oldest, PROTO_END_CONNECTION_LOST, PROTO_INDEX_RELAY, now);
    return found.oldest != NULL;
}

/* The bound that this invitation breaks; NULL: none. The answer ends nothing: a moment later there may be room. */
static const char *bound_broken(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    struct relay_pace pace = {core->limits.opens_per_staff_minute, 60000, core->limits.opens_per_staff_minute};

    if (core->draining)
        return "this relay is about to end and takes no new session; try again in a moment";
    if (core->full) {
        core->figures.refused_full++;
        return reached(core, peer, RELAY_BOUND_memory_bytes,
                       "this relay has no room for a new session now; try again in a minute");
    }
    if (peer->tally->waiting >= core->limits.waiting_per_staff && !give_way(core, peer, now))
        return reached(core, peer, RELAY_BOUND_waiting_per_staff,
                       "as many of your invitations wait for their customer as may; end one first");
    if (core->by_sid.count >= (size_t)core->limits.sessions)
        return reached(core, peer, RELAY_BOUND_sessions, "this relay has as many sessions as it may; try again later");
    if (peer->tally->sessions >= core->limits.sessions_per_staff)
        return reached(core, peer, RELAY_BOUND_sessions_per_staff,
                       "you have as many sessions open as you may; end one first");
    if (!relay_bucket_take(&peer->tally->bucket, &pace, 1, now.mono_ms))
        return reached(core, peer, RELAY_BOUND_opens_per_staff_minute,
                       "you made as many invitations in the last minute as you may; wait a moment");
    return NULL;
}

static void send_opened(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    struct relay_peer *peer = room->seat[PROTO_INDEX_AGENT].peer;
    handhold_Opened *body = &core->out.body.opened;

    core->out.which_body = handhold_FromRelay_opened_tag;
    memset(body, 0, sizeof *body);
    memcpy(body->sid, room->row.sid, sizeof body->sid);
    snprintf(body->nameplate, sizeof body->nameplate, "%.7s", room->row.nameplate);
    relay_seat_token(core, room->row.sid, PROTO_INDEX_AGENT, room->seat[PROTO_INDEX_AGENT].generation, body->token);
    body->index = PROTO_INDEX_AGENT;
    relay_peer_send(core, peer, now);
}

void relay_room_opened(struct relay_core *core, struct relay_room *room, enum proto_err err, struct proto_now now)
{
    struct relay_peer *peer = room->seat[PROTO_INDEX_AGENT].peer;

    if (err) {
        if (peer) {
            peer->room = NULL;
            peer->index = 0;
            peer->state = RELAY_PEER_STAFF;
        }
        relay_room_free(core, room, now);
        if (peer && err == PROTO_ERR_STATE) /* the store knows it, though no session of ours is left */
            relay_peer_tell(core, peer, now, PROTO_ERR_EXISTS,
                            "there was a session under this number, and it stays as it is; draw another");
        else if (peer && err == PROTO_ERR_CLOCK)
            relay_peer_tell(core, peer, now, PROTO_ERR_BUSY,
                            "the relay stood still, or its clock was set, before the log had this session; try again");
        else if (peer)
            relay_peer_tell(core, peer, now, err,
                            "the log cannot be written, so no session was opened; tell whoever "
                            "runs this relay, and try again");
        return;
    }
    room->opened = true;
    if (peer && !room->ended) {
        peer->state = RELAY_PEER_SEATED;
        send_opened(core, room, now);
    }
    relay_room_pump(core, room, now);
    relay_room_schedule(core, room);
}

/* Times are the agent's wish within the policy's bounds. */
static void set_times(struct relay_room *room, const handhold_Open *open, const struct proto_policy *policy,
                      struct proto_now now)
{
    int64_t link_ms = (int64_t)policy->link_minutes * 60000;
    int64_t code_ms = proto_earlier((int64_t)open->code_ttl_s * 1000, (int64_t)policy->code_minutes * 60000);

    if (open->link_ttl_s)
        link_ms = proto_earlier(link_ms, (int64_t)open->link_ttl_s * 1000);
    room->expires_ms = now.mono_ms + link_ms;
    room->row.created_unix_ms = now.unix_ms;
    room->row.expires_unix_ms = now.unix_ms + link_ms;
    room->code_expires_ms = now.mono_ms + proto_earlier(code_ms, link_ms);
    room->code_expires_unix_ms = now.unix_ms + proto_earlier(code_ms, link_ms);
}

static void describe(struct relay_room *room, const handhold_Open *open, const struct proto_identity *staff)
{
    struct relay_store_session *row = &room->row;
    char id[sizeof row->agent_id];

    proto_utf8_copy(id, sizeof id, staff->email);
    id[strcspn(id, "@")] = 0;
    proto_utf8_copy(row->agent_id, sizeof row->agent_id, id);
    proto_utf8_copy(row->agent_name, sizeof row->agent_name, staff->name);
    const char *role = proto_role_name(staff->role);
    proto_utf8_copy(row->agent_role, sizeof row->agent_role, role ? role : "");
    proto_utf8_copy(row->customer_ref, sizeof row->customer_ref, open->customer_ref);
    proto_utf8_copy(row->ticket_ref, sizeof row->ticket_ref, open->reference);
    row->state = RELAY_STORE_WAITING;
    room->role = staff->role;
    proto_utf8_copy(room->serial, sizeof room->serial, staff->serial);
}

/* Who it was must be found out years later, from this note alone: the certificate may be lost by then. */
static enum proto_err log_created(struct relay_core *core, struct relay_room *room, const struct proto_identity *staff,
                                  struct proto_now now)
{
    struct proto_event_note event = relay_event(room, PROTO_ACT_CREATED, PROTO_CAPABILITY_NONE, now);

    snprintf(event.subject, sizeof event.subject, "%s %s", room->row.agent_name, room->serial);
    relay_event_text(&event, "id", room->row.agent_id);
    relay_event_text(&event, "role", room->row.agent_role);
    relay_event_text(&event, "serial", room->serial);
    relay_event_hash(&event, "fingerprint", room->row.agent_fingerprint);
    relay_event_hash(&event, "key", staff->public_key);
    relay_event_text(&event, "customer", room->row.customer_ref);
    relay_event_text(&event, "ticket", room->row.ticket_ref);
    return relay_event_log(core, room, &event, now);
}

/* An agent who did not hear the answer (the relay ended in between) asks again for the same session. */
static enum proto_err open_again(struct relay_core *core, struct relay_peer *peer, struct relay_room *room,
                                 struct proto_now now)
{
    if (room->ended || !room->opened || room->authenticated ||
        memcmp(room->row.agent_fingerprint, peer->staff->fingerprint, sizeof room->row.agent_fingerprint) != 0) {
        relay_peer_tell(core, peer, now, PROTO_ERR_EXISTS, "there is a session under this number; draw another");
        return PROTO_OK;
    }
    relay_seat_take(core, room, PROTO_INDEX_AGENT, peer, now);
    send_opened(core, room, now);
    relay_seat_announce(core, room, PROTO_INDEX_CUSTOMER, now);
    return PROTO_OK;
}

enum proto_err relay_on_open(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    const handhold_Open *open = &core->in.to_relay.body.open;
    struct relay_room *room = relay_room_find(core, open->sid);

    if (sodium_is_zero(open->sid, sizeof open->sid) || !proto_value_valid(open->customer_ref) ||
        !proto_value_valid(open->reference))
        return PROTO_ERR_RANGE;
    if (room)
        return open_again(core, peer, room, now);
    if (relay_log_is_doubted(core, peer)) {
        relay_peer_tell(core, peer, now, PROTO_ERR_LOG,
                        "this relay's log is not the one that was shown before, so nothing is begun on it; tell a "
                        "privacy officer: handhold-audit verify");
        return PROTO_OK;
    }
    if (core->policy->ticket_required && !*open->reference) {
        relay_refused(core, peer->staff, RELAY_REFUSED_TICKET, now);
        relay_peer_tell(core, peer, now, PROTO_ERR_POLICY,
                        "the organisation's policy wants the reference of a ticket for each session; give one");
        return PROTO_OK;
    }
    const char *bound = bound_broken(core, peer, now);
    if (bound) {
        relay_peer_tell(core, peer, now, PROTO_ERR_BUSY, "%s", bound);
        return PROTO_OK;
    }
    room = relay_room_new(core, open->sid, peer->staff->fingerprint);
    if (!room)
        return PROTO_ERR_NOMEM;
    describe(room, open, peer->staff);
    set_times(room, open, core->policy, now);
    room->seat[PROTO_INDEX_AGENT] =
        (struct relay_seat){.peer = peer, .was_present = true, .generation = 1, .connections = 1};
    if (open->code_ttl_s)
        relay_nameplate_draw(core, room);
    enum proto_err err = log_created(core, room, peer->staff, now);
    if (err) {
        relay_room_free(core, room, now);
        return err;
    }
    peer->room = room;
    peer->index = PROTO_INDEX_AGENT;
    peer->state = RELAY_PEER_OPENING;
    return PROTO_OK;
}
