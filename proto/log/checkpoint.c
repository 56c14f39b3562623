/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/log/checkpoint.h"

#include <inttypes.h>
#include <string.h>

#include "proto/log/text.h"
#include "proto/seal/base64.h"
#include "proto/seal/note.h"

#define TEXT_MAX (PROTO_LOG_ORIGIN_MAX + 1 + 20 + 1 + 44 + 1)

void proto_log_checkpoint_write(struct proto_buf *out, const struct proto_log_checkpoint *checkpoint)
{
    proto_buf_printf(out, "%s\n%" PRIu64 "\n", checkpoint->origin, checkpoint->size);
    proto_base64_put(out, checkpoint->root, PROTO_LOG_HASH_BYTES);
    proto_buf_put_text(out, "\n");
}

enum proto_err proto_log_checkpoint_parse(struct proto_log_checkpoint *out, const char *text, size_t len)
{
    struct proto_log_lines lines = {text, text + len};
    struct proto_log_line origin, size, root;

    memset(out, 0, sizeof *out);
    if (proto_log_line_next(&lines, &origin) || proto_log_line_next(&lines, &size) ||
        proto_log_line_next(&lines, &root) || lines.at != lines.end)
        return PROTO_ERR_FORMAT;
    if (origin.len > PROTO_LOG_ORIGIN_MAX || !proto_note_name_ok(origin.text, origin.len))
        return PROTO_ERR_FORMAT;
    if (proto_log_line_decimal(&size, &out->size) || out->size > PROTO_LOG_SIZE_MAX ||
        proto_log_line_hash(&root, out->root))
        return PROTO_ERR_FORMAT;
    memcpy(out->origin, origin.text, origin.len);
    return PROTO_OK;
}

enum proto_err proto_log_checkpoint_sign_as(char out[static PROTO_LOG_CHECKPOINT_MAX], const struct proto_note_key *key,
                                            const struct proto_log_checkpoint *checkpoint,
                                            const uint8_t secret_key[static PROTO_LOG_SECRET_BYTES])
{
    struct proto_buf text, note;
    enum proto_err err;

    out[0] = '\0';
    if (strcmp(key->name, checkpoint->origin) != 0)
        return PROTO_ERR_RANGE;
    proto_buf_init(&text, TEXT_MAX);
    proto_buf_init(&note, PROTO_LOG_CHECKPOINT_MAX - 1);
    proto_log_checkpoint_write(&text, checkpoint);
    err = text.failed ? PROTO_ERR_NOMEM : PROTO_OK;
    if (!err) {
        proto_buf_put(&note, text.bytes, text.len);
        proto_buf_put_text(&note, "\n");
        err = proto_note_sign_as(key, (const char *)text.bytes, text.len, secret_key, &note);
    }
    if (!err && note.failed)
        err = PROTO_ERR_NOMEM;
    if (!err) {
        memcpy(out, note.bytes, note.len);
        out[note.len] = '\0';
    }
    proto_buf_free(&text);
    proto_buf_free(&note);
    return err;
}

enum proto_err proto_log_checkpoint_sign(char out[static PROTO_LOG_CHECKPOINT_MAX],
                                         const struct proto_log_checkpoint *checkpoint,
                                         const uint8_t secret_key[static PROTO_LOG_SECRET_BYTES])
{
    struct proto_note_key key;
    enum proto_err err = proto_note_key_init(&key, checkpoint->origin, secret_key + 32);

    out[0] = '\0';
    return err ? err : proto_log_checkpoint_sign_as(out, &key, checkpoint, secret_key);
}

enum proto_err proto_log_checkpoint_open(struct proto_log_checkpoint *out, const char *note, size_t len,
                                         const char *log_vkey)
{
    struct proto_note_key key;

    memset(out, 0, sizeof *out);
    if (proto_note_key_parse(&key, log_vkey, strlen(log_vkey)) != PROTO_OK)
        return PROTO_ERR_LOG;
    return proto_log_checkpoint_open_as(out, note, len, &key);
}

enum proto_err proto_log_checkpoint_open_as(struct proto_log_checkpoint *out, const char *note, size_t len,
                                            const struct proto_note_key *log_key)
{
    size_t text_len = 0;

    memset(out, 0, sizeof *out);
    if (len >= PROTO_LOG_CHECKPOINT_MAX ||
        log_key->type != PROTO_NOTE_ED25519) /* a cosignature is not the log's word */
        return PROTO_ERR_LOG;
    if (proto_note_verify(note, len, log_key, 1, &text_len, NULL) != PROTO_OK ||
        proto_log_checkpoint_parse(out, note, text_len) != PROTO_OK || strcmp(out->origin, log_key->name) != 0) {
        memset(out, 0, sizeof *out);
        return PROTO_ERR_LOG;
    }
    return PROTO_OK;
}
