/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/log/receipt.h"

#include <inttypes.h>
#include <string.h>

#include "proto/seal/base64.h"
#include "proto/seal/note.h"

#define EVIDENCE_SUFFIX "/evidence"
#define EVIDENCE_TEXT_MAX 192 /* a label, a number and two hashes in base64 */

/* "<origin>/evidence"; false when that is too long to be a name. */
static bool evidence_name(char name[PROTO_NOTE_NAME_MAX + 1], const char *origin)
{
    size_t len = strlen(origin);

    if (len > PROTO_LOG_ORIGIN_MAX)
        return false;
    memcpy(name, origin, len);
    memcpy(name + len, EVIDENCE_SUFFIX, sizeof EVIDENCE_SUFFIX);
    return true;
}

static void evidence_text(struct proto_buf *out, uint64_t index, const uint8_t leaf_hash[PROTO_LOG_HASH_BYTES],
                          const uint8_t evidence_hash[PROTO_LOG_HASH_BYTES])
{
    proto_buf_printf(out, "handhold/1 evidence\n%" PRIu64 "\n", index);
    proto_base64_put(out, leaf_hash, PROTO_LOG_HASH_BYTES);
    proto_buf_put_text(out, "\n");
    proto_base64_put(out, evidence_hash, PROTO_LOG_HASH_BYTES);
    proto_buf_put_text(out, "\n");
}

enum proto_err proto_log_evidence_key(struct proto_note_key *key, const char *origin,
                                      const uint8_t secret_key[static PROTO_LOG_SECRET_BYTES])
{
    char name[PROTO_NOTE_NAME_MAX + 1];

    memset(key, 0, sizeof *key);
    return evidence_name(name, origin) ? proto_note_key_init(key, name, secret_key + 32) : PROTO_ERR_RANGE;
}

enum proto_err proto_log_evidence_sign_as(char out[static PROTO_LOG_EVIDENCE_LINE_MAX],
                                          const struct proto_note_key *key, uint64_t index,
                                          const uint8_t leaf[static PROTO_LOG_LEAF_BYTES],
                                          const uint8_t evidence_hash[static PROTO_LOG_HASH_BYTES],
                                          const uint8_t secret_key[static PROTO_LOG_SECRET_BYTES])
{
    uint8_t leaf_hash[PROTO_LOG_HASH_BYTES];
    struct proto_buf text, line;

    out[0] = '\0';
    proto_buf_init(&text, EVIDENCE_TEXT_MAX);
    proto_buf_init(&line, PROTO_LOG_EVIDENCE_LINE_MAX);
    proto_log_leaf_hash(leaf_hash, leaf);
    evidence_text(&text, index, leaf_hash, evidence_hash);
    enum proto_err err =
        text.failed ? PROTO_ERR_NOMEM : proto_note_sign_as(key, (const char *)text.bytes, text.len, secret_key, &line);
    if (!err && (line.failed || line.len == 0))
        err = PROTO_ERR_NOMEM;
    if (!err) {
        memcpy(out, line.bytes, line.len - 1); /* its line feed becomes the NUL */
        out[line.len - 1] = '\0';
    }
    proto_buf_free(&text);
    proto_buf_free(&line);
    return err;
}

enum proto_err proto_log_evidence_sign(char out[static PROTO_LOG_EVIDENCE_LINE_MAX], const char *origin, uint64_t index,
                                       const uint8_t leaf[static PROTO_LOG_LEAF_BYTES],
                                       const uint8_t evidence_hash[static PROTO_LOG_HASH_BYTES],
                                       const uint8_t secret_key[static PROTO_LOG_SECRET_BYTES])
{
    struct proto_note_key key;
    enum proto_err err = proto_log_evidence_key(&key, origin, secret_key);

    out[0] = '\0';
    return err ? err : proto_log_evidence_sign_as(out, &key, index, leaf, evidence_hash, secret_key);
}

enum proto_err proto_log_evidence_verifier(struct proto_note_key *key, const struct proto_note_key *log_key)
{
    char name[PROTO_NOTE_NAME_MAX + 1];

    memset(key, 0, sizeof *key);
    if (log_key->type != PROTO_NOTE_ED25519 || !evidence_name(name, log_key->name))
        return PROTO_ERR_RANGE;
    return proto_note_key_rename(key, log_key, name);
}

enum proto_err proto_log_verifier_init(struct proto_log_verifier *v, const char *log_vkey)
{
    memset(v, 0, sizeof *v);
    if (!proto_note_key_parse(&v->log, log_vkey, strlen(log_vkey)) &&
        !proto_log_evidence_verifier(&v->evidence, &v->log))
        return PROTO_OK;
    memset(v, 0, sizeof *v);
    return PROTO_ERR_LOG;
}

enum proto_err proto_log_evidence_check_as(const char *line, uint64_t index,
                                           const uint8_t leaf_hash[static PROTO_LOG_HASH_BYTES],
                                           const uint8_t evidence_hash[static PROTO_LOG_HASH_BYTES],
                                           const struct proto_note_key *key)
{
    struct proto_buf note;
    enum proto_err err = PROTO_ERR_LOG;

    if (strnlen(line, PROTO_LOG_EVIDENCE_LINE_MAX) >= PROTO_LOG_EVIDENCE_LINE_MAX || strchr(line, '\n'))
        return err;
    proto_buf_init(&note, EVIDENCE_TEXT_MAX + PROTO_LOG_EVIDENCE_LINE_MAX + 2);
    evidence_text(&note, index, leaf_hash, evidence_hash);
    proto_buf_printf(&note, "\n%s\n", line);
    if (!note.failed && proto_note_verify(note.bytes, note.len, key, 1, NULL, NULL) == PROTO_OK)
        err = PROTO_OK;
    proto_buf_free(&note);
    return err;
}

enum proto_err proto_log_seen_advance(const struct proto_log_seen *seen, const struct proto_log_checkpoint *checkpoint,
                                      const struct proto_log_hashes *consistency, struct proto_log_seen *now_seen)
{
    enum proto_err err = PROTO_OK;

    if (checkpoint->size == 0)
        return PROTO_ERR_LOG;
    if (seen->size == 0)
        err = consistency->count == 0 ? PROTO_OK : PROTO_ERR_LOG;
    else
        err = proto_log_check_consistency(seen->size, seen->root, checkpoint->size, checkpoint->root, consistency);
    if (err)
        return err;
    now_seen->size = checkpoint->size;
    memcpy(now_seen->root, checkpoint->root, sizeof now_seen->root);
    return PROTO_OK;
}

enum proto_err proto_log_receipt_check(const struct proto_log_receipt *receipt,
                                       const uint8_t commitment[static PROTO_LOG_HASH_BYTES], enum proto_log_class kind,
                                       const uint8_t evidence_hash[static PROTO_LOG_HASH_BYTES],
                                       const struct proto_log_verifier *v, const struct proto_log_seen *seen,
                                       struct proto_log_seen *now_seen)
{
    struct proto_log_leaf leaf;
    struct proto_log_checkpoint checkpoint;
    uint8_t leaf_hash[PROTO_LOG_HASH_BYTES];

    if (proto_log_leaf_parse(&leaf, receipt->leaf) != PROTO_OK || leaf.kind != kind ||
        memcmp(leaf.commitment, commitment, PROTO_LOG_HASH_BYTES) != 0)
        return PROTO_ERR_LOG;
    size_t len = strnlen(receipt->checkpoint, PROTO_LOG_CHECKPOINT_MAX);
    if (proto_log_checkpoint_open_as(&checkpoint, receipt->checkpoint, len, &v->log) != PROTO_OK)
        return PROTO_ERR_LOG;
    proto_log_leaf_hash(leaf_hash, receipt->leaf);
    if (proto_log_check_inclusion(leaf_hash, receipt->index, checkpoint.size, checkpoint.root, &receipt->inclusion) !=
            PROTO_OK ||
        proto_log_evidence_check_as(receipt->evidence_line, receipt->index, leaf_hash, evidence_hash, &v->evidence) !=
            PROTO_OK)
        return PROTO_ERR_LOG;
    return proto_log_seen_advance(seen, &checkpoint, &receipt->consistency, now_seen);
}
