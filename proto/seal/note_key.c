/* SPDX-License-Identifier: Apache-2.0 */
/* Names and keys of notes: what a verifier knows beforehand. */
#include "proto/seal/base64.h"
#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "proto/seal/signature.h"
#include "proto/util/utf8.h"

#include <sodium.h>
#include <string.h>

bool proto_note_name_ok(const char *name, size_t len)
{
    const uint8_t *at = (const uint8_t *)name;
    uint32_t rune;

    if (len == 0 || len > PROTO_NOTE_NAME_MAX)
        return false;
    for (const uint8_t *end = at + len; at < end;)
        if (!proto_utf8_next(&at, end, &rune) || proto_utf8_is_control(rune) || proto_utf8_is_space(rune) ||
            rune == '+')
            return false;
    return true;
}

/* id = H(name || LF || type || public key)[0..4]. The key's own check is the caller's. */
static enum proto_err key_name(struct proto_note_key *key, const char *name, size_t name_len,
                               enum proto_note_type note_type, const uint8_t public_key[static 32])
{
    const uint8_t lf_type[2] = {'\n', (uint8_t)note_type};
    const struct proto_piece pieces[] = {{name, name_len}, {lf_type, 2}, {public_key, 32}};
    uint8_t hash[PROTO_SHA256_BYTES];

    memset(key, 0, sizeof *key);
    if (!proto_note_name_ok(name, name_len))
        return PROTO_ERR_RANGE;
    proto_sha256_pieces(hash, pieces, 3);
    memcpy(key->id, hash, sizeof key->id);
    memcpy(key->public_key, public_key, sizeof key->public_key);
    memcpy(key->name, name, name_len);
    key->type = note_type;
    return PROTO_OK;
}

static enum proto_err key_make(struct proto_note_key *key, const char *name, size_t name_len,
                               enum proto_note_type note_type, const uint8_t public_key[static 32])
{
    enum proto_err err = key_name(key, name, name_len, note_type, public_key);

    if (!err)
        err = proto_sign_key_check(public_key);
    if (err)
        memset(key, 0, sizeof *key);
    return err;
}

enum proto_err proto_note_key_rename(struct proto_note_key *key, const struct proto_note_key *from, const char *name)
{
    uint8_t public_key[32];

    memcpy(public_key, from->public_key, sizeof public_key); /* `key` may be `from` */
    return key_name(key, name, strlen(name), from->type, public_key);
}

enum proto_err proto_note_key_init(struct proto_note_key *key, const char *name, const uint8_t public_key[static 32])
{
    return key_make(key, name, strlen(name), PROTO_NOTE_ED25519, public_key);
}

enum proto_err proto_note_key_to_verify(struct proto_note_key *key, const char *name,
                                        const uint8_t public_key[static 32])
{
    return key_name(key, name, strlen(name), PROTO_NOTE_ED25519, public_key);
}

enum proto_err proto_note_key_parse(struct proto_note_key *key, const char *vkey, size_t len)
{
    char id_hex[2 * PROTO_NOTE_KEY_ID_BYTES + 1];
    uint8_t typed[1 + 32];
    size_t typed_len = 0;

    memset(key, 0, sizeof *key);
    const char *plus = len && len <= PROTO_NOTE_VKEY_MAX ? memchr(vkey, '+', len) : NULL;
    size_t name_len = plus ? (size_t)(plus - vkey) : 0;
    if (!plus || len < name_len + 10 || plus[9] != '+')
        return PROTO_ERR_FORMAT;
    if (proto_base64_decode(plus + 10, len - name_len - 10, typed, sizeof typed, &typed_len) ||
        typed_len != sizeof typed || (typed[0] != PROTO_NOTE_ED25519 && typed[0] != PROTO_NOTE_COSIGNATURE))
        return PROTO_ERR_FORMAT;
    enum proto_err err = key_make(key, vkey, name_len, (enum proto_note_type)typed[0], typed + 1);
    if (err)
        return err == PROTO_ERR_RANGE ? PROTO_ERR_FORMAT : err;
    sodium_bin2hex(id_hex, sizeof id_hex, key->id, sizeof key->id);
    if (memcmp(id_hex, plus + 1, 8) == 0)
        return PROTO_OK;
    memset(key, 0, sizeof *key);
    return PROTO_ERR_FORMAT;
}

void proto_note_key_format(const struct proto_note_key *key, struct proto_buf *out)
{
    char id_hex[2 * PROTO_NOTE_KEY_ID_BYTES + 1];
    uint8_t typed[1 + 32] = {(uint8_t)key->type};

    memcpy(typed + 1, key->public_key, 32);
    sodium_bin2hex(id_hex, sizeof id_hex, key->id, sizeof key->id);
    proto_buf_put_text(out, key->name);
    proto_buf_put_text(out, "+");
    proto_buf_put_text(out, id_hex);
    proto_buf_put_text(out, "+");
    proto_base64_put(out, typed, sizeof typed);
}
