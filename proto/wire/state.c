/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/state.h"

#include <pb_decode.h>
#include <pb_encode.h>

enum { CHANGE_FIELD = 15, CHANGE_TAG = CHANGE_FIELD << 3 | PB_WT_STRING, HEAD_BYTES = 1 + 5 };

enum proto_err proto_state_batch_add(struct proto_buf *batch, const handhold_StateChange *change)
{
    size_t size, before = batch->len;
    pb_ostream_t head;
    uint8_t *to;

    if (!pb_get_encoded_size(&size, handhold_StateChange_fields, change) || batch->failed ||
        before + size + HEAD_BYTES > batch->max)
        return PROTO_ERR_RANGE;
    to = proto_buf_extend(batch, HEAD_BYTES);
    if (!to)
        return PROTO_ERR_NOMEM;
    head = pb_ostream_from_buffer(to, HEAD_BYTES);
    if (!pb_encode_tag(&head, PB_WT_STRING, CHANGE_FIELD) || !pb_encode_varint(&head, size))
        return PROTO_ERR_RANGE;
    batch->len = before + head.bytes_written;
    if (proto_message_encode(batch, handhold_StateChange_fields, change) == PROTO_OK)
        return PROTO_OK;
    batch->len = before;
    return PROTO_ERR_RANGE;
}

struct proto_state_reader proto_state_reader_of(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;

    return (struct proto_state_reader){at, len ? at + len : at, len == 0 || at[0] != CHANGE_TAG};
}

enum proto_err proto_state_next(struct proto_state_reader *r, handhold_StateChange *out)
{
    pb_istream_t stream = pb_istream_from_buffer(r->at, (size_t)(r->end - r->at));
    const uint8_t *from = r->at;
    size_t whole = (size_t)(r->end - r->at);
    pb_wire_type_t type;
    uint32_t field, len;
    bool eof;

    if (r->at == r->end)
        return PROTO_ERR_NOT_FOUND;
    r->at = r->end; /* unless all is well, nothing more is read */
    if (r->single)
        return proto_message_decode(from, whole, handhold_StateChange_fields, out, sizeof *out);
    if (!pb_decode_tag(&stream, &type, &field, &eof) || field != CHANGE_FIELD || type != PB_WT_STRING ||
        !pb_decode_varint32(&stream, &len) || len > stream.bytes_left)
        return PROTO_ERR_FORMAT;
    from += whole - stream.bytes_left;
    enum proto_err err = proto_message_decode(from, len, handhold_StateChange_fields, out, sizeof *out);
    if (!err)
        r->at = from + len;
    return err;
}
