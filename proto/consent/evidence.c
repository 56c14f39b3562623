/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/consent/evidence.h"

#include <sodium.h>
#include <string.h>

#include "proto/seal/box.h"

static void write_plain(const struct proto_evidence *evidence, struct proto_buf *plain)
{
    if (evidence->count < 1 || evidence->count > PROTO_EVIDENCE_NOTES)
        plain->failed = true;
    proto_buf_put_u8(plain, (uint8_t)evidence->count);
    for (size_t i = 0; !plain->failed && i < evidence->count; i++) {
        if (!evidence->notes[i].len || evidence->notes[i].len > PROTO_MAX_NOTE_BYTES)
            plain->failed = true;
        proto_buf_put_lv16(plain, evidence->notes[i].bytes, evidence->notes[i].len);
    }
    proto_buf_put(plain, evidence->r, sizeof evidence->r);
}

enum proto_err proto_evidence_seal(const struct proto_evidence *evidence, const uint8_t evidence_key[static 32],
                                   const struct proto_random *random, struct proto_buf *out)
{
    enum proto_err err = PROTO_ERR_RANGE;
    uint8_t ephemeral[PROTO_BOX_KEY_BYTES];
    struct proto_buf plain;

    proto_buf_init_secret(&plain, PROTO_MAX_EVIDENCE_BYTES - PROTO_BOX_OVERHEAD);
    write_plain(evidence, &plain);
    if (!plain.failed) {
        uint8_t *room = proto_buf_extend(out, plain.len + PROTO_BOX_OVERHEAD);
        proto_random_fill(random, ephemeral, sizeof ephemeral);
        if (room)
            err = proto_box_seal(room, plain.bytes, plain.len, evidence_key, ephemeral);
        sodium_memzero(ephemeral, sizeof ephemeral);
    }
    proto_buf_free(&plain);
    return err;
}

enum proto_err proto_evidence_write(const struct proto_evidence *evidence, struct proto_buf *out)
{
    write_plain(evidence, out);
    return out->failed ? PROTO_ERR_RANGE : PROTO_OK;
}

enum proto_err proto_evidence_parse(const uint8_t *plain, size_t len, struct proto_evidence *out)
{
    struct proto_reader r = proto_reader_of(plain, len);
    struct proto_evidence evidence = {.count = proto_read_u8(&r)};

    memset(out, 0, sizeof *out);
    if (evidence.count < 1 || evidence.count > PROTO_EVIDENCE_NOTES)
        return PROTO_ERR_FORMAT;
    for (size_t i = 0; i < evidence.count; i++) {
        evidence.notes[i].bytes = proto_read_lv16(&r, &evidence.notes[i].len);
        if (r.failed || !evidence.notes[i].len || evidence.notes[i].len > PROTO_MAX_NOTE_BYTES)
            return PROTO_ERR_FORMAT;
    }
    proto_read_into(&r, evidence.r, sizeof evidence.r);
    if (r.failed || proto_reader_left(&r))
        return PROTO_ERR_FORMAT;
    *out = evidence;
    return PROTO_OK;
}

enum proto_err proto_evidence_open(const uint8_t *sealed, size_t len, const uint8_t evidence_public[static 32],
                                   const uint8_t evidence_secret[static 32], struct proto_buf *plain,
                                   struct proto_evidence *out)
{
    memset(out, 0, sizeof *out);
    if (len < PROTO_BOX_OVERHEAD || len > PROTO_MAX_EVIDENCE_BYTES)
        return PROTO_ERR_FORMAT;
    proto_buf_clear(plain);
    uint8_t *room = proto_buf_extend(plain, len - PROTO_BOX_OVERHEAD);
    if (!room)
        return PROTO_ERR_NOMEM;
    enum proto_err err = proto_box_open(room, sealed, len, evidence_public, evidence_secret);
    return err ? err : proto_evidence_parse(plain->bytes, plain->len, out);
}
