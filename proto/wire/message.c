/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/message.h"

#include <pb_common.h>
#include <pb_decode.h>
#include <pb_encode.h>
#include <string.h>

#include "proto/util/utf8.h"

static bool write_to_buf(pb_ostream_t *stream, const pb_byte_t *bytes, size_t len)
{
    struct proto_buf *out = stream->state;

    proto_buf_put(out, bytes, len);
    return !out->failed;
}

enum proto_err proto_message_encode(struct proto_buf *out, const pb_msgdesc_t *fields, const void *message)
{
    pb_ostream_t stream = {.callback = write_to_buf, .state = out, .max_size = out->max - out->len};

    return pb_encode(&stream, fields, message) ? PROTO_OK : PROTO_ERR_RANGE;
}

enum proto_err proto_message_to_relay(struct proto_buf *out, uint8_t src, const handhold_ToRelay *message)
{
    uint8_t envelope[PROTO_ENVELOPE_BYTES];

    proto_envelope_write(envelope, PROTO_TYPE_RELAY, src, PROTO_INDEX_RELAY);
    proto_buf_put(out, envelope, sizeof envelope);
    return out->failed ? PROTO_ERR_RANGE : proto_message_encode(out, handhold_ToRelay_fields, message);
}

/*
 * Debian's nanopb is built without UTF-8 validation, so the strings are walked once after decoding. The depth is that
 * of the schema, which has no recursive type.
 */
static bool strings_are_utf8(const pb_msgdesc_t *fields, void *message)
{
    pb_field_iter_t iter;

    if (!pb_field_iter_begin(&iter, fields, message))
        return true; /* a message without fields */
    do {
        if (PB_ATYPE(iter.type) != PB_ATYPE_STATIC)
            continue;
        if (PB_HTYPE(iter.type) == PB_HTYPE_ONEOF && *(pb_size_t *)iter.pSize != iter.tag)
            continue;
        size_t count = PB_HTYPE(iter.type) == PB_HTYPE_REPEATED ? *(pb_size_t *)iter.pSize : 1;
        for (size_t i = 0; i < count; i++) {
            char *item = (char *)iter.pData + i * iter.data_size;
            if (PB_LTYPE(iter.type) == PB_LTYPE_STRING && !proto_utf8_valid(item, strnlen(item, iter.data_size)))
                return false;
            if (PB_LTYPE(iter.type) == PB_LTYPE_SUBMESSAGE && !strings_are_utf8(iter.submsg_desc, item))
                return false;
        }
    } while (pb_field_iter_next(&iter));
    return true;
}

enum proto_err proto_message_decode(const uint8_t *bytes, size_t len, const pb_msgdesc_t *fields, void *message,
                                    size_t message_size)
{
    pb_istream_t stream = pb_istream_from_buffer(bytes, len);

    memset(message, 0, message_size);
    if (pb_decode(&stream, fields, message) && strings_are_utf8(fields, message))
        return PROTO_OK;
    memset(message, 0, message_size);
    return PROTO_ERR_FORMAT;
}

enum proto_err proto_set_bytes(pb_size_t *size, uint8_t *to, size_t capacity, const void *from, size_t len)
{
    *size = 0;
    if (len > capacity)
        return PROTO_ERR_RANGE;
    if (len)
        memcpy(to, from, len);
    *size = (pb_size_t)len;
    return PROTO_OK;
}

enum proto_err proto_set_text(char *to, size_t capacity, const char *from)
{
    size_t len = strlen(from);

    to[0] = 0;
    if (len >= capacity)
        return PROTO_ERR_RANGE;
    memcpy(to, from, len + 1);
    return PROTO_OK;
}

enum proto_err proto_control_frame(struct proto_buf *out, enum proto_control msg, const void *body, size_t body_len)
{
    static const uint8_t zeros[PROTO_CONTROL_PAD_BYTES];
    size_t used = (PROTO_CONTROL_HEADER_BYTES + body_len) % PROTO_CONTROL_PAD_BYTES;

    proto_buf_put_u8(out, (uint8_t)msg);
    proto_buf_put_u8(out, 0);
    proto_buf_put_u32(out, (uint32_t)body_len);
    proto_buf_put(out, body, body_len);
    proto_buf_put(out, zeros, used ? PROTO_CONTROL_PAD_BYTES - used : 0);
    return out->failed ? PROTO_ERR_RANGE : PROTO_OK;
}

enum proto_err proto_control_parse(const uint8_t *plain, size_t len, enum proto_control *msg, const uint8_t **body,
                                   size_t *body_len)
{
    struct proto_reader r = proto_reader_of(plain, len);
    uint8_t kind = proto_read_u8(&r), flags = proto_read_u8(&r);
    uint32_t size = proto_read_u32(&r);
    const uint8_t *at = proto_read_bytes(&r, size);

    *body = NULL;
    *body_len = 0;
    if (r.failed || !kind || kind >= PROTO_CONTROL_COUNT || flags || len % PROTO_CONTROL_PAD_BYTES ||
        proto_reader_left(&r) >= PROTO_CONTROL_PAD_BYTES)
        return PROTO_ERR_FORMAT;
    for (const uint8_t *pad = r.at; pad < r.end; pad++)
        if (*pad)
            return PROTO_ERR_FORMAT;
    *msg = (enum proto_control)kind;
    *body = at;
    *body_len = size;
    return PROTO_OK;
}

const char *proto_colour_name(uint32_t colour)
{
    static const char *const names[] = {"yellow", "red", "green", "blue", "white"};

    return colour < sizeof names / sizeof *names ? names[colour] : "";
}
