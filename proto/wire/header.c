/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/header.h"

#include "proto/util/buf.h"
#include "proto/wire/limits.h"

size_t proto_type_max_bytes(uint8_t type)
{
    switch (type) {
    case PROTO_TYPE_HANDSHAKE:
        return PROTO_MAX_HANDSHAKE_BYTES;
    case PROTO_TYPE_CONTROL:
        return PROTO_MAX_CONTROL_BYTES;
    case PROTO_TYPE_MEDIA:
        return PROTO_MAX_MEDIA_BYTES;
    case PROTO_TYPE_LOG:
        return PROTO_MAX_LOG_BYTES;
    case PROTO_TYPE_RELAY:
        return PROTO_MAX_RELAY_BYTES;
    default:
        return 0;
    }
}

enum proto_err proto_envelope_parse(const uint8_t *message, size_t len, struct proto_envelope *out)
{
    *out = (struct proto_envelope){0};
    if (len < PROTO_ENVELOPE_BYTES || !proto_type_max_bytes(message[0]) || message[0] == PROTO_TYPE_MEDIA)
        return PROTO_ERR_FORMAT;
    if (message[1] >= PROTO_MAX_PARTICIPANTS || message[2] >= PROTO_MAX_PARTICIPANTS || message[3] != 0)
        return PROTO_ERR_FORMAT;
    if (len > proto_type_max_bytes(message[0]))
        return PROTO_ERR_RANGE;
    *out = (struct proto_envelope){.type = message[0], .src = message[1], .dst = message[2]};
    return PROTO_OK;
}

void proto_envelope_write(uint8_t out[static PROTO_ENVELOPE_BYTES], enum proto_type type, uint8_t src, uint8_t dst)
{
    out[0] = (uint8_t)type;
    out[1] = src;
    out[2] = dst;
    out[3] = 0;
}

enum proto_err proto_media_header_parse(const uint8_t *message, size_t len, struct proto_media_header *out)
{
    struct proto_reader r = proto_reader_of(message, len);
    struct proto_media_header h = {0};

    *out = h;
    if (len > PROTO_MAX_MEDIA_BYTES)
        return PROTO_ERR_RANGE;
    uint8_t type = proto_read_u8(&r);
    h.flags = proto_read_u8(&r);
    h.src = proto_read_u8(&r);
    h.stream = proto_read_u8(&r);
    uint8_t layer = proto_read_u8(&r);
    h.prio = proto_read_u8(&r);
    h.tl0 = proto_read_u16(&r);
    h.ts_ms = proto_read_u32(&r);
    h.obj = proto_read_u32(&r);
    h.tid = layer >> 5;
    h.sid = layer >> 2 & 7;
    h.class = (enum proto_class)(layer & 3);
    if (r.failed || type != PROTO_TYPE_MEDIA || h.flags & ~PROTO_MEDIA_FLAGS || h.src == 0 ||
        h.src >= PROTO_MAX_PARTICIPANTS || h.stream == 0 || h.stream > PROTO_MAX_STREAM)
        return PROTO_ERR_FORMAT;
    *out = h;
    return PROTO_OK;
}

void proto_media_header_write(uint8_t out[static PROTO_MEDIA_HEADER_BYTES], const struct proto_media_header *h)
{
    const uint8_t bytes[PROTO_MEDIA_HEADER_BYTES] = {
        PROTO_TYPE_MEDIA,
        h->flags,
        h->src,
        h->stream,
        (uint8_t)(h->tid << 5 | h->sid << 2 | (uint8_t)h->class),
        h->prio,
        (uint8_t)(h->tl0 >> 8),
        (uint8_t)h->tl0,
        (uint8_t)(h->ts_ms >> 24),
        (uint8_t)(h->ts_ms >> 16),
        (uint8_t)(h->ts_ms >> 8),
        (uint8_t)h->ts_ms,
        (uint8_t)(h->obj >> 24),
        (uint8_t)(h->obj >> 16),
        (uint8_t)(h->obj >> 8),
        (uint8_t)h->obj,
    };
    for (size_t i = 0; i < sizeof bytes; i++)
        out[i] = bytes[i];
}
