/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "relay/core/rooms.h"
#include "relay/core/state.h"

/*
 * version u8 | flags u8 | customer's generation u32 | gate_seq u32 | lookups u32 | connections of customer u32, of
 * agent u32 | time at which the code runs out, unix ms, u64 | u8 length, agent's serial | u8 number of open gates, of
 * each: src 2 bits, stream 6 bits, started 1 bit, capability 7 bits
 */
enum { ROW_VERSION = 1, FLAG_CUSTOMER_PRESENT = 1, FLAG_AGENT_PRESENT = 2, FLAG_BY_CODE = 4, FLAGS_ALL = 7 };

static size_t put_number(uint8_t *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    return bytes;
}

_Static_assert(2 + 5 * 4 + 8 + 1 + 2 * PROTO_IDENTITY_SERIAL_BYTES + 1 + 2 * RELAY_ROOM_GATES <= RELAY_STORE_SECRET_MAX,
               "all of it fits");

size_t relay_row_pack(const struct relay_room *room, uint8_t out[static RELAY_STORE_SECRET_MAX])
{
    const struct relay_seat *customer = &room->seat[PROTO_INDEX_CUSTOMER], *agent = &room->seat[PROTO_INDEX_AGENT];
    size_t serial_len = strlen(room->serial), at = 0;

    out[at++] = ROW_VERSION;
    out[at++] = (uint8_t)((customer->was_present ? FLAG_CUSTOMER_PRESENT : 0) |
                          (agent->was_present ? FLAG_AGENT_PRESENT : 0) | (room->joined_by_code ? FLAG_BY_CODE : 0));
    at += put_number(out + at, customer->generation, 4);
    at += put_number(out + at, room->gate_seq, 4);
    at += put_number(out + at, room->lookups, 4);
    at += put_number(out + at, customer->connections, 4);
    at += put_number(out + at, agent->connections, 4);
    at += put_number(out + at, (uint64_t)room->code_expires_unix_ms, 8);
    out[at++] = (uint8_t)serial_len;
    memcpy(out + at, room->serial, serial_len);
    at += serial_len;
    out[at++] = (uint8_t)room->gate_count;
    for (unsigned i = 0; i < RELAY_ROOM_GATES; i++) {
        const struct relay_gate *gate = room->gates[i];
        if (!gate)
            continue;
        out[at++] = (uint8_t)(gate->said.src << 6 | gate->said.stream);
        out[at++] = (uint8_t)((gate->frames ? 0x80 : 0) | (uint8_t)gate->said.capability);
    }
    return at;
}

static enum proto_err read_gates(struct relay_room *room, struct proto_reader *r, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t route = proto_read_u8(r), what = proto_read_u8(r), src = route >> 6;
        enum proto_capability capability = (enum proto_capability)(what & 127);
        if (r->failed || !capability || !proto_capability_name(capability) || !src || src >= RELAY_SEATS)
            return PROTO_ERR_FORMAT;
        struct relay_gate *gate = calloc(1, sizeof *gate);
        if (!gate)
            return PROTO_ERR_NOMEM;
        gate->said = (struct proto_gate){.src = src, .stream = route & 63, .capability = capability};
        gate->said.dst = relay_seat_other(src);
        gate->frames = what >> 7;
        gate->before_restart = true;
        room->gates[i] = gate;
        room->gate_count++;
    }
    return PROTO_OK;
}

enum proto_err relay_row_unpack(struct relay_room *room, struct proto_now now)
{
    struct proto_reader r = proto_reader_of(room->row.secret, room->row.secret_len);
    struct relay_seat *customer = &room->seat[PROTO_INDEX_CUSTOMER], *agent = &room->seat[PROTO_INDEX_AGENT];
    uint8_t version = proto_read_u8(&r), flags = proto_read_u8(&r);
    size_t serial_len;

    customer->was_present = flags & FLAG_CUSTOMER_PRESENT;
    agent->was_present = flags & FLAG_AGENT_PRESENT;
    room->joined_by_code = flags & FLAG_BY_CODE;
    customer->generation = proto_read_u32(&r);
    room->gate_seq = proto_read_u32(&r);
    room->lookups = proto_read_u32(&r);
    customer->connections = proto_read_u32(&r);
    agent->connections = proto_read_u32(&r);
    room->code_expires_unix_ms = (int64_t)proto_read_u64(&r);
    room->code_expires_ms = now.mono_ms + (room->code_expires_unix_ms - now.unix_ms);
    const uint8_t *serial = proto_read_lv8(&r, &serial_len);
    uint8_t count = proto_read_u8(&r);
    if (r.failed || version != ROW_VERSION || flags & ~FLAGS_ALL || serial_len >= sizeof room->serial ||
        count > RELAY_ROOM_GATES)
        return PROTO_ERR_FORMAT;
    memcpy(room->serial, serial, serial_len);
    enum proto_err err = read_gates(room, &r, count);
    return !err && proto_reader_left(&r) ? PROTO_ERR_FORMAT : err;
}
