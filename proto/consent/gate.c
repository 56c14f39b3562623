/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/consent/gate.h"

#include <string.h>

#include "proto/seal/signature.h"
#include "proto/wire/header.h"

static const char label[] = "handhold/1 gate"; /* its final NUL is part of the layout */

enum proto_err proto_gate_sign(const struct proto_gate *gate, const uint8_t secret[static 64],
                               uint8_t out[static PROTO_GATE_BYTES])
{
    const uint8_t route[5] = {gate->open, gate->src, gate->stream, gate->dst, (uint8_t)gate->capability};
    enum proto_err err = PROTO_ERR_NOMEM;
    struct proto_buf buf;

    memset(out, 0, PROTO_GATE_BYTES);
    proto_buf_init(&buf, PROTO_GATE_BYTES);
    proto_buf_put(&buf, label, sizeof label);
    proto_buf_put(&buf, gate->sid, sizeof gate->sid);
    proto_buf_put_u32(&buf, gate->gate_seq);
    proto_buf_put(&buf, route, sizeof route);
    proto_buf_put(&buf, gate->grantee, sizeof gate->grantee);
    proto_buf_put_u32(&buf, gate->ttl_s);
    proto_buf_put(&buf, gate->leaf_hash, sizeof gate->leaf_hash);
    if (!buf.failed) {
        memcpy(out, buf.bytes, buf.len);
        err = proto_sign_labelled(out + buf.len, label, out + sizeof label, buf.len - sizeof label, secret);
    }
    proto_buf_free(&buf);
    return err;
}

static bool fields_in_range(const struct proto_gate *gate, uint8_t open)
{
    return open <= 1 && gate->src >= PROTO_INDEX_CUSTOMER && gate->src < PROTO_MAX_PARTICIPANTS &&
           gate->dst >= PROTO_INDEX_CUSTOMER && gate->dst < PROTO_MAX_PARTICIPANTS && gate->dst != gate->src &&
           gate->stream >= 1 && gate->stream <= PROTO_MAX_STREAM && gate->capability > PROTO_CAPABILITY_NONE &&
           gate->capability < PROTO_CAPABILITY_COUNT;
}

enum proto_err proto_gate_verify(const uint8_t *bytes, size_t len, const uint8_t cs_pub[static PROTO_KEY_BYTES],
                                 struct proto_gate *out)
{
    struct proto_reader r = proto_reader_of(bytes, len);
    struct proto_gate gate = {0};

    *out = gate;
    if (len != PROTO_GATE_BYTES || memcmp(bytes, label, sizeof label) != 0)
        return PROTO_ERR_FORMAT;
    proto_read_bytes(&r, sizeof label);
    proto_read_into(&r, gate.sid, sizeof gate.sid);
    gate.gate_seq = proto_read_u32(&r);
    uint8_t open = proto_read_u8(&r);
    gate.open = open != 0;
    gate.src = proto_read_u8(&r);
    gate.stream = proto_read_u8(&r);
    gate.dst = proto_read_u8(&r);
    gate.capability = (enum proto_capability)proto_read_u8(&r);
    proto_read_into(&r, gate.grantee, sizeof gate.grantee);
    gate.ttl_s = proto_read_u32(&r);
    proto_read_into(&r, gate.leaf_hash, sizeof gate.leaf_hash);
    if (!fields_in_range(&gate, open))
        return PROTO_ERR_FORMAT;
    enum proto_err err = proto_verify_labelled(r.at, label, bytes + sizeof label,
                                               PROTO_GATE_BYTES - sizeof label - PROTO_SIGNATURE_BYTES, cs_pub);
    if (!err)
        *out = gate;
    return err;
}
