/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/beside/beside_inside.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { PAD = 64 }; /* lengths say no more than this */

/* ---- when it stands ---- */

static enum proto_err open_sealed(struct proto_beside *b, const uint8_t *bytes, size_t len, handhold_BesideData *data)
{
    uint8_t *plain = len > 1 && len <= PROTO_BESIDE_MESSAGE_MAX ? malloc(len) : NULL;
    enum proto_err err = plain ? PROTO_OK : PROTO_ERR_FORMAT;
    size_t plain_len = 0, body;

    if (!err)
        err = proto_noise_channel_open(&b->channel, bytes + 1, len - 1, plain, len, &plain_len);
    if (!err) {
        body = plain_len >= 2 ? (size_t)plain[0] << 8 | plain[1] : 0;
        err = plain_len >= 2 && body <= plain_len - 2
                  ? proto_message_decode(plain + 2, body, handhold_BesideData_fields, data, sizeof *data)
                  : PROTO_ERR_FORMAT;
    }
    if (plain)
        sodium_memzero(plain, len);
    free(plain);
    return err;
}

enum proto_err proto_beside_say(struct proto_beside *b, const handhold_BesideData *data)
{
    struct proto_buf plain;
    enum proto_err err = b->up ? PROTO_OK : PROTO_ERR_STATE;
    size_t body, len;
    uint8_t *sealed;

    if (err)
        return err;
    proto_buf_init_secret(&plain, PROTO_BESIDE_MESSAGE_MAX);
    proto_buf_put_u16(&plain, 0);
    err = proto_message_encode(&plain, handhold_BesideData_fields, data);
    body = plain.len - 2;
    while (!err && !plain.failed && plain.len % PAD)
        proto_buf_put_u8(&plain, 0);
    sealed = malloc(1 + plain.len + PROTO_NOISE_TAG_BYTES);
    if (!err && (plain.failed || !sealed || body > UINT16_MAX))
        err = PROTO_ERR_RANGE;
    if (!err) {
        plain.bytes[0] = (uint8_t)(body >> 8);
        plain.bytes[1] = (uint8_t)body;
        sealed[0] = SEALED;
        err = proto_noise_channel_seal(&b->channel, plain.bytes, plain.len, sealed + 1,
                                       plain.len + PROTO_NOISE_TAG_BYTES, &len);
    }
    if (!err)
        b->send(b->context, sealed, 1 + len);
    free(sealed);
    proto_buf_free(&plain);
    return err;
}

/* ---- both ---- */

enum proto_err proto_beside_begin(struct proto_beside *b, const char *join_host, const struct proto_invite_code *code)
{
    size_t len = strlen(join_host);

    if (len > PROTO_JOIN_HOST_MAX || !proto_join_host_ok(join_host, len))
        return PROTO_ERR_ARGUMENT;
    memcpy(b->join_host, join_host, len + 1);
    b->code = *code;
    b->linked = b->met = false;
    b->guesses = b->calls = 0;
    b->asked = false;
    beside_fall(b);
    return PROTO_OK;
}

void proto_beside_clear(struct proto_beside *b)
{
    sodium_memzero(b, sizeof *b);
}

void proto_beside_present(struct proto_beside *b, bool present, const uint8_t sid[static PROTO_SID_BYTES])
{
    beside_fall(b);
    b->present = present;
    if (memcmp(b->sid, sid, PROTO_SID_BYTES) != 0) {
        b->asked = false; /* a run of the code is one of its session */
        b->cpace1[0] = 0;
    }
    memcpy(b->sid, sid, PROTO_SID_BYTES);
    if (!present || !b->first)
        return;
    if (beside_call(b) != PROTO_OK)
        beside_fall(b); /* without memory: with the next connection again */
}

enum proto_beside_kind proto_beside_take(struct proto_beside *b, const uint8_t *bytes, size_t len, int64_t now_ms,
                                         handhold_BesideData *data, enum proto_err *err)
{
    uint8_t kind = len ? bytes[0] : 0;

    *err = PROTO_ERR_FORMAT;
    if (kind == SEALED && b->up) {
        *err = open_sealed(b, bytes, len, data);
        if (!*err)
            return beside_data(b, data, now_ms);
        beside_fall(b);
        return PROTO_BESIDE_BROKEN;
    }
    if (kind == SEALED)
        return PROTO_BESIDE_NOTHING; /* of the channel before: it was on its way when this one's connection changed */
    if (kind == REFUSED && b->first && !b->up && len == 2) {
        *err = bytes[1] < PROTO_ERR_COUNT ? (enum proto_err)bytes[1] : PROTO_ERR_REFUSED;
        beside_fall(b);
        return PROTO_BESIDE_REFUSED;
    }
    if (kind < CPACE1 || kind > M2) {
        beside_fall(b);
        return PROTO_BESIDE_BROKEN;
    }
    *err = beside_shake(b, bytes, len);
    if (*err == PROTO_ERR_CODE && b->guesses >= PROTO_BESIDE_GUESSES)
        return PROTO_BESIDE_BURNT;
    if (*err == PROTO_ERR_CODE && b->first)
        return PROTO_BESIDE_REFUSED;
    if (*err == PROTO_ERR_CODE)
        return PROTO_BESIDE_NOTHING;
    if (*err) {
        beside_fall(b);
        return PROTO_BESIDE_BROKEN;
    }
    return b->up ? beside_up(b, now_ms) : PROTO_BESIDE_NOTHING;
}
