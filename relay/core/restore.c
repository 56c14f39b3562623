/* SPDX-License-Identifier: Apache-2.0 */
/* After a start: sessions as the last durable row left them, with empty seats and closed gates. */
#include <sodium.h>
#include <string.h>

#include "relay/core/gates.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"

/* Time that is left, whatever the clock of the machine did meanwhile: never more than there ever is. */
static int64_t time_left(int64_t until_unix_ms, int64_t most_ms, struct proto_now now)
{
    int64_t left = until_unix_ms - now.unix_ms;

    return left < 0 ? 0 : proto_earlier(left, most_ms);
}

/* What the log has as present or open, and is not any more. */
static void note_restart(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    relay_gate_close_all(core, room, "restart", now);
    for (uint8_t index = PROTO_INDEX_CUSTOMER; index < RELAY_SEATS; index++)
        relay_seat_note_lost(core, room, index, "restart", now);
}

static void set_seats(struct relay_room *room, struct proto_now now)
{
    room->authenticated = room->row.state == RELAY_STORE_LIVE;
    if (room->authenticated) {
        relay_room_waits_no_more(room);
        memcpy(room->customer_key, room->row.cs_pub, PROTO_KEY_BYTES);
        memcpy(room->agent_key, room->row.cs_pub, PROTO_KEY_BYTES);
        room->has_customer_key = room->has_agent_key = true;
    }
    room->seat[PROTO_INDEX_AGENT].generation = 1;
    room->seat[PROTO_INDEX_CUSTOMER].away_since_ms = room->seat[PROTO_INDEX_AGENT].away_since_ms = now.mono_ms;
}

enum proto_err relay_core_restore(struct relay_core *core, const struct relay_store_session *row, struct proto_now now)
{
    if ((row->state != RELAY_STORE_WAITING && row->state != RELAY_STORE_LIVE) ||
        (row->state == RELAY_STORE_LIVE) == sodium_is_zero(row->cs_pub, sizeof row->cs_pub) ||
        row->secret_len > sizeof row->secret)
        return PROTO_ERR_FORMAT;
    if (relay_room_find(core, row->sid))
        return PROTO_ERR_EXISTS;
    struct relay_room *room = relay_room_new(core, row->sid, row->agent_fingerprint);
    if (!room)
        return PROTO_ERR_NOMEM;
    room->row = *row;
    room->row.nameplate[0] = 0;
    room->restored = room->opened = true;
    room->role = proto_role_from_name(row->agent_role);
    room->expires_ms =
        now.mono_ms +
        time_left(row->expires_unix_ms,
                  row->state == RELAY_STORE_LIVE ? PROTO_SESSION_MS : (int64_t)PROTO_POLICY_LINK_MINUTES_MAX * 60000,
                  now);
    enum proto_err err = relay_row_unpack(room, now);
    if (err) {
        relay_room_free(core, room, now);
        return err;
    }
    room->code_expires_ms =
        now.mono_ms + time_left(room->code_expires_unix_ms, (int64_t)PROTO_POLICY_CODE_MINUTES_MAX * 60000, now);
    if (row->nameplate[0] && row->state == RELAY_STORE_WAITING && !relay_room_find_nameplate(core, row->nameplate))
        relay_nameplate_set(core, room, row->nameplate);
    set_seats(room, now);
    note_restart(core, room, now);
    relay_room_schedule(core, room);
    return PROTO_OK;
}
