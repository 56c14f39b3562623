/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/seal/note.h"

#include "proto/seal/base64.h"
#include "proto/seal/signature.h"
#include "proto/util/utf8.h"

#include <sodium.h>
#include <string.h>

static const char dash[] = "\xe2\x80\x94 "; /* U+2014 and a space open every signature line */
enum { DASH_LEN = sizeof dash - 1, ED25519_BYTES = PROTO_SIGNATURE_BYTES, COSIGNATURE_BYTES = 8 + ED25519_BYTES };

static bool text_ok(const char *text, size_t len)
{
    return len > 0 && text[len - 1] == '\n' && proto_utf8_is_clean(text, len, '\n');
}

enum proto_err proto_note_text_check(const char *text, size_t text_len)
{
    if (text_len > PROTO_NOTE_TEXT_MAX)
        return PROTO_ERR_RANGE;
    return text_ok(text, text_len) ? PROTO_OK : PROTO_ERR_FORMAT;
}

/* --- taking apart --- */

/* The key id, and that the rest is strict base64 of a signature of any algorithm. */
static enum proto_err decode_line(const struct proto_note_line *line, uint8_t *out, size_t *out_len)
{
    enum proto_err err = proto_base64_decode(line->base64, line->base64_len, out, PROTO_NOTE_SIGNATURE_MAX, out_len);

    if (!err && *out_len <= PROTO_NOTE_KEY_ID_BYTES)
        err = PROTO_ERR_FORMAT;
    return err;
}

/* One line at the start of `bytes`. */
static enum proto_err parse_line(struct proto_note_line *line, const char *bytes, size_t len)
{
    uint8_t decoded[PROTO_NOTE_SIGNATURE_MAX];
    const char *lf = len ? memchr(bytes, '\n', len) : NULL;
    size_t decoded_len;

    if (!lf || (size_t)(lf - bytes) < DASH_LEN || memcmp(bytes, dash, DASH_LEN) != 0)
        return PROTO_ERR_FORMAT;
    const char *name = bytes + DASH_LEN;
    const char *space = memchr(name, ' ', (size_t)(lf - name));
    if (!space)
        return PROTO_ERR_FORMAT;
    *line = (struct proto_note_line){.line = bytes, .line_len = (size_t)(lf - bytes) + 1, .name = name};
    line->name_len = (size_t)(space - name);
    line->base64 = space + 1;
    line->base64_len = (size_t)(lf - space) - 1;
    if (line->name_len > PROTO_NOTE_NAME_MAX)
        return PROTO_ERR_RANGE;
    if (!proto_note_name_ok(name, line->name_len))
        return PROTO_ERR_FORMAT;
    enum proto_err err = decode_line(line, decoded, &decoded_len);
    if (!err)
        memcpy(line->id, decoded, sizeof line->id);
    return err;
}

/* Where the signature block begins: behind the last empty line. The text keeps its own LF. */
static const char *find_block(const char *note, size_t len)
{
    for (size_t i = len; i >= 2; i--)
        if (note[i - 1] == '\n' && note[i - 2] == '\n')
            return note + i;
    return NULL;
}

static enum proto_err parse_block(struct proto_note_parts *parts, const char *block, size_t len)
{
    while (len) {
        struct proto_note_line *line = &parts->lines[parts->line_count];
        if (parts->line_count == PROTO_NOTE_LINES_MAX)
            return PROTO_ERR_RANGE;
        enum proto_err err = parse_line(line, block, len);
        if (err)
            return err;
        parts->line_count++;
        block += line->line_len;
        len -= line->line_len;
    }
    return parts->line_count ? PROTO_OK : PROTO_ERR_FORMAT;
}

enum proto_err proto_note_split(struct proto_note_parts *parts, const void *note, size_t len)
{
    *parts = (struct proto_note_parts){0};
    if (len > PROTO_NOTE_MAX)
        return PROTO_ERR_RANGE;
    const char *block = find_block(note, len);
    if (!block)
        return PROTO_ERR_FORMAT;
    const char *text = note;
    size_t text_len = (size_t)(block - text) - 1;
    if (!text_ok(text, text_len))
        return PROTO_ERR_FORMAT;
    enum proto_err err = parse_block(parts, block, len - text_len - 1);
    if (err) {
        *parts = (struct proto_note_parts){0};
        return err;
    }
    parts->text = text;
    parts->text_len = text_len;
    return PROTO_OK;
}

enum proto_err proto_note_line_signature(const struct proto_note_line *line, uint8_t *out, size_t capacity,
                                         size_t *out_len)
{
    uint8_t decoded[PROTO_NOTE_SIGNATURE_MAX];
    size_t decoded_len;

    *out_len = 0;
    enum proto_err err = decode_line(line, decoded, &decoded_len);
    if (err)
        return err;
    decoded_len -= PROTO_NOTE_KEY_ID_BYTES;
    if (decoded_len > capacity)
        return PROTO_ERR_RANGE;
    memcpy(out, decoded + PROTO_NOTE_KEY_ID_BYTES, decoded_len);
    *out_len = decoded_len;
    return PROTO_OK;
}

/* --- making --- */

enum proto_err proto_note_sign_as(const struct proto_note_key *key, const char *text, size_t text_len,
                                  const uint8_t secret_key[static 64], struct proto_buf *out)
{
    uint8_t id_signature[PROTO_NOTE_KEY_ID_BYTES + ED25519_BYTES];

    enum proto_err err = proto_note_text_check(text, text_len);
    if (err)
        return err;
    memcpy(id_signature, key->id, sizeof key->id);
    crypto_sign_detached(id_signature + sizeof key->id, NULL, (const uint8_t *)text, text_len, secret_key);
    proto_buf_put(out, dash, DASH_LEN);
    proto_buf_put_text(out, key->name);
    proto_buf_put_text(out, " ");
    proto_base64_put(out, id_signature, sizeof id_signature);
    proto_buf_put_text(out, "\n");
    return out->failed ? PROTO_ERR_FULL : PROTO_OK;
}

enum proto_err proto_note_sign(const char *text, size_t text_len, const char *name, const uint8_t secret_key[static 64],
                               struct proto_buf *out)
{
    struct proto_note_key key;

    enum proto_err err = proto_note_text_check(text, text_len);
    if (!err)
        err = proto_note_key_init(&key, name, secret_key + 32); /* libsodium keeps the public key behind the seed */
    return err ? err : proto_note_sign_as(&key, text, text_len, secret_key, out);
}

enum proto_err proto_note_make(const char *text, size_t text_len, const char *name, const uint8_t secret_key[static 64],
                               struct proto_buf *out)
{
    enum proto_err err = proto_note_text_check(text, text_len);

    if (err)
        return err;
    proto_buf_put(out, text, text_len);
    proto_buf_put_text(out, "\n");
    return proto_note_sign(text, text_len, name, secret_key, out);
}

static bool same_signer(const struct proto_note_line *a, const struct proto_note_line *b)
{
    return a->name_len == b->name_len && memcmp(a->name, b->name, a->name_len) == 0 &&
           memcmp(a->id, b->id, sizeof a->id) == 0;
}

enum proto_err proto_note_add_line(struct proto_buf *note, const char *line, size_t len)
{
    struct proto_note_parts parts;
    struct proto_note_line added;

    enum proto_err err = note->failed ? PROTO_ERR_FULL : proto_note_split(&parts, note->bytes, note->len);
    if (!err)
        err = parse_line(&added, line, len);
    if (!err && added.line_len != len)
        err = PROTO_ERR_FORMAT;
    if (err)
        return err;
    for (size_t i = 0; i < parts.line_count; i++)
        if (same_signer(&parts.lines[i], &added))
            return PROTO_ERR_REPLAY;
    if (parts.line_count == PROTO_NOTE_LINES_MAX || note->len + len > PROTO_NOTE_MAX)
        return PROTO_ERR_RANGE;
    if (len > note->max - note->len)
        return PROTO_ERR_FULL;
    proto_buf_put(note, line, len);
    return note->failed ? PROTO_ERR_NOMEM : PROTO_OK;
}

/* --- verifying --- */

static bool is_by(const struct proto_note_line *line, const struct proto_note_key *key)
{
    return line->name_len == strlen(key->name) && memcmp(line->name, key->name, line->name_len) == 0 &&
           memcmp(line->id, key->id, sizeof key->id) == 0;
}

/* A witness signs its time and the text: "cosignature/v1" LF "time " decimal LF text. */
static enum proto_err verify_cosignature(const struct proto_note_parts *parts, const uint8_t *signature,
                                         const uint8_t public_key[static 32])
{
    struct proto_reader r = proto_reader_of(signature, COSIGNATURE_BYTES);
    uint64_t time = proto_read_u64(&r);
    struct proto_buf message;

    proto_buf_init(&message, PROTO_NOTE_MAX + 64);
    proto_buf_printf(&message, "cosignature/v1\ntime %llu\n", (unsigned long long)time);
    proto_buf_put(&message, parts->text, parts->text_len);
    enum proto_err err =
        message.failed ? PROTO_ERR_NOMEM : proto_verify_plain(signature + 8, message.bytes, message.len, public_key);
    proto_buf_free(&message);
    return err;
}

static enum proto_err verify_line(const struct proto_note_parts *parts, const struct proto_note_line *line,
                                  const struct proto_note_key *key)
{
    uint8_t signature[COSIGNATURE_BYTES];
    size_t len = 0;

    if (proto_note_line_signature(line, signature, sizeof signature, &len))
        return PROTO_ERR_SIGNATURE;
    if (key->type == PROTO_NOTE_ED25519 && len == ED25519_BYTES)
        return proto_verify_plain(signature, parts->text, parts->text_len, key->public_key);
    if (key->type == PROTO_NOTE_COSIGNATURE && len == COSIGNATURE_BYTES)
        return verify_cosignature(parts, signature, key->public_key);
    return PROTO_ERR_SIGNATURE;
}

static enum proto_err verify_lines(const struct proto_note_parts *parts, const struct proto_note_key *keys,
                                   size_t count, uint32_t *signers)
{
    for (size_t i = 0; i < parts->line_count; i++)
        for (size_t k = 0; k < count; k++) {
            if (!is_by(&parts->lines[i], &keys[k]))
                continue;
            enum proto_err err = verify_line(parts, &parts->lines[i], &keys[k]);
            if (err)
                return err;
            *signers |= (uint32_t)1 << k;
        }
    return *signers ? PROTO_OK : PROTO_ERR_SIGNATURE;
}

enum proto_err proto_note_verify(const void *note, size_t len, const struct proto_note_key *keys, size_t count,
                                 size_t *text_len, uint32_t *which)
{
    struct proto_note_parts parts;
    uint32_t signers = 0;

    if (text_len)
        *text_len = 0;
    if (which)
        *which = 0;
    if (count > PROTO_NOTE_KEYS_MAX)
        return PROTO_ERR_RANGE;
    enum proto_err err = proto_note_split(&parts, note, len);
    if (!err)
        err = verify_lines(&parts, keys, count, &signers);
    if (err)
        return err;
    if (text_len)
        *text_len = parts.text_len;
    if (which)
        *which = signers;
    return PROTO_OK;
}
