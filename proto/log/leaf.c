/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/log/leaf.h"

#include <string.h>

#include "proto/seal/kdf.h"
#include "proto/util/buf.h"

static const char magic[4] = {'H', 'H', 'L', '1'};
static const char commit_label[] = "handhold/1 leaf"; /* hashed with its NUL, so that no note can continue the label */

void proto_log_commit(uint8_t commitment[static PROTO_LOG_HASH_BYTES], const uint8_t salt[static PROTO_LOG_SALT_BYTES],
                      const void *note, size_t note_len)
{
    const struct proto_piece pieces[] = {{commit_label, sizeof commit_label}, {note, note_len}};

    proto_hmac_sha256_pieces(commitment, salt, PROTO_LOG_SALT_BYTES, pieces, 2);
}

enum proto_err proto_log_leaf_encode(uint8_t out[static PROTO_LOG_LEAF_BYTES], const struct proto_log_leaf *leaf)
{
    memset(out, 0, PROTO_LOG_LEAF_BYTES);
    if (leaf->kind < PROTO_LOG_STATEMENT || leaf->kind > PROTO_LOG_OFFICER_ACT || leaf->unix_s < 0)
        return PROTO_ERR_RANGE;
    memcpy(out, magic, sizeof magic);
    out[4] = (uint8_t)leaf->kind;
    uint64_t minute = (uint64_t)(leaf->unix_s - leaf->unix_s % PROTO_LOG_TIME_GRAIN_S);
    for (int i = 0; i < 8; i++)
        out[8 + i] = (uint8_t)(minute >> (56 - 8 * i));
    memcpy(out + 16, leaf->commitment, PROTO_LOG_HASH_BYTES);
    return PROTO_OK;
}

enum proto_err proto_log_leaf_parse(struct proto_log_leaf *out, const uint8_t bytes[static PROTO_LOG_LEAF_BYTES])
{
    struct proto_reader r = proto_reader_of(bytes, PROTO_LOG_LEAF_BYTES);
    const uint8_t *head = proto_read_bytes(&r, 8);
    uint64_t minute = proto_read_u64(&r);

    memset(out, 0, sizeof *out);
    if (memcmp(head, magic, sizeof magic) != 0 || head[4] < PROTO_LOG_STATEMENT || head[4] > PROTO_LOG_OFFICER_ACT)
        return PROTO_ERR_FORMAT;
    if (head[5] | head[6] | head[7] || minute > INT64_MAX || minute % PROTO_LOG_TIME_GRAIN_S)
        return PROTO_ERR_FORMAT;
    out->kind = (enum proto_log_class)head[4];
    out->unix_s = (int64_t)minute;
    proto_read_into(&r, out->commitment, PROTO_LOG_HASH_BYTES);
    return PROTO_OK;
}

void proto_log_leaf_hash(uint8_t out[static PROTO_LOG_HASH_BYTES], const uint8_t leaf[static PROTO_LOG_LEAF_BYTES])
{
    uint8_t bytes[1 + PROTO_LOG_LEAF_BYTES] = {0x00};

    memcpy(bytes + 1, leaf, PROTO_LOG_LEAF_BYTES);
    proto_sha256(out, bytes, sizeof bytes);
}
