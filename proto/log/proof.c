/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/log/proof.h"

#include <inttypes.h>
#include <string.h>

#include "proto/log/text.h"
#include "proto/seal/base64.h"

#define HEAD_BYTES (PROTO_LOG_LEAF_BYTES + PROTO_LOG_SALT_BYTES)

static const char first_line[] = "c2sp.org/tlog-proof@v1";

enum proto_err proto_log_proof_write(struct proto_buf *out, const struct proto_log_proof *proof)
{
    struct proto_buf extra;

    if (proof->note_len > PROTO_LOG_PROOF_NOTE_MAX || proof->inclusion.count > PROTO_LOG_PROOF_MAX)
        return PROTO_ERR_RANGE;
    proto_buf_init_secret(&extra, HEAD_BYTES + PROTO_LOG_PROOF_NOTE_MAX);
    proto_buf_put(&extra, proof->leaf, sizeof proof->leaf);
    proto_buf_put(&extra, proof->salt, sizeof proof->salt);
    proto_buf_put(&extra, proof->note, proof->note_len);
    bool failed = extra.failed;
    if (!failed) {
        proto_buf_printf(out, "%s\nextra ", first_line);
        proto_base64_put(out, extra.bytes, extra.len);
        proto_buf_printf(out, "\nindex %" PRIu64 "\n", proof->index);
    }
    for (size_t i = 0; !failed && i < proof->inclusion.count; i++) {
        proto_base64_put(out, proof->inclusion.hash[i], PROTO_LOG_HASH_BYTES);
        proto_buf_put_text(out, "\n");
    }
    if (!failed) {
        proto_buf_put_text(out, "\n");
        proto_buf_put_text(out, proof->checkpoint);
    }
    proto_buf_free(&extra);
    return failed || out->failed ? PROTO_ERR_NOMEM : PROTO_OK;
}

/* The rest of a line that starts with `word` and a space. */
static enum proto_err take_value(struct proto_log_lines *lines, const char *word, struct proto_log_line *value)
{
    size_t len = strlen(word);

    if (proto_log_line_next(lines, value) != PROTO_OK || value->len <= len || memcmp(value->text, word, len) != 0 ||
        value->text[len] != ' ')
        return PROTO_ERR_FORMAT;
    value->text += len + 1;
    value->len -= len + 1;
    return PROTO_OK;
}

static enum proto_err parse_extra(struct proto_log_proof *out, const struct proto_log_line *value)
{
    uint8_t bytes[HEAD_BYTES + PROTO_LOG_PROOF_NOTE_MAX];
    size_t len = 0;

    if (proto_base64_decode(value->text, value->len, bytes, sizeof bytes, &len) != PROTO_OK || len < HEAD_BYTES)
        return PROTO_ERR_FORMAT;
    memcpy(out->leaf, bytes, sizeof out->leaf);
    memcpy(out->salt, bytes + sizeof out->leaf, sizeof out->salt);
    out->note_len = len - HEAD_BYTES;
    memcpy(out->note, bytes + HEAD_BYTES, out->note_len);
    out->note[out->note_len] = '\0';
    return PROTO_OK;
}

/* Hash lines up to the empty line. */
static enum proto_err parse_hashes(struct proto_log_hashes *out, struct proto_log_lines *lines)
{
    struct proto_log_line line;

    for (;;) {
        if (proto_log_line_next(lines, &line) != PROTO_OK)
            return PROTO_ERR_FORMAT;
        if (line.len == 0)
            return PROTO_OK;
        if (out->count == PROTO_LOG_PROOF_MAX || proto_log_line_hash(&line, out->hash[out->count]) != PROTO_OK)
            return PROTO_ERR_FORMAT;
        out->count++;
    }
}

static enum proto_err parse_lines(struct proto_log_proof *out, struct proto_log_lines *lines)
{
    struct proto_log_line line;

    if (proto_log_line_next(lines, &line) != PROTO_OK || line.len != sizeof first_line - 1 ||
        memcmp(line.text, first_line, line.len) != 0)
        return PROTO_ERR_FORMAT;
    if (take_value(lines, "extra", &line) != PROTO_OK || parse_extra(out, &line) != PROTO_OK)
        return PROTO_ERR_FORMAT;
    if (take_value(lines, "index", &line) != PROTO_OK || proto_log_line_decimal(&line, &out->index) != PROTO_OK)
        return PROTO_ERR_FORMAT;
    if (parse_hashes(&out->inclusion, lines) != PROTO_OK)
        return PROTO_ERR_FORMAT;
    size_t left = (size_t)(lines->end - lines->at);
    if (left == 0 || left >= PROTO_LOG_CHECKPOINT_MAX || memchr(lines->at, '\0', left))
        return PROTO_ERR_FORMAT;
    memcpy(out->checkpoint, lines->at, left);
    out->checkpoint[left] = '\0';
    return PROTO_OK;
}

enum proto_err proto_log_proof_parse(struct proto_log_proof *out, const char *text, size_t len)
{
    struct proto_log_lines lines = {text, text + len};
    enum proto_err err = PROTO_ERR_FORMAT;

    memset(out, 0, sizeof *out);
    if (len <= PROTO_LOG_PROOF_FILE_MAX)
        err = parse_lines(out, &lines);
    if (err)
        memset(out, 0, sizeof *out);
    return err;
}

enum proto_err proto_log_proof_check(const struct proto_log_proof *proof, const char *log_vkey,
                                     struct proto_log_checkpoint *checkpoint)
{
    struct proto_log_leaf leaf;
    struct proto_log_checkpoint opened;
    uint8_t hash[PROTO_LOG_HASH_BYTES];

    if (checkpoint)
        memset(checkpoint, 0, sizeof *checkpoint);
    if (proof->note_len > PROTO_LOG_PROOF_NOTE_MAX || proto_log_leaf_parse(&leaf, proof->leaf) != PROTO_OK)
        return PROTO_ERR_LOG;
    proto_log_commit(hash, proof->salt, proof->note, proof->note_len);
    if (memcmp(hash, leaf.commitment, sizeof hash) != 0)
        return PROTO_ERR_LOG;
    size_t len = strnlen(proof->checkpoint, PROTO_LOG_CHECKPOINT_MAX);
    if (proto_log_checkpoint_open(&opened, proof->checkpoint, len, log_vkey) != PROTO_OK)
        return PROTO_ERR_LOG;
    proto_log_leaf_hash(hash, proof->leaf);
    if (proto_log_check_inclusion(hash, proof->index, opened.size, opened.root, &proof->inclusion) != PROTO_OK)
        return PROTO_ERR_LOG;
    if (checkpoint)
        *checkpoint = opened;
    return PROTO_OK;
}
