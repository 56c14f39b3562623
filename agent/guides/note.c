/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guides/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/identity/lines.h"
#include "proto/seal/base64.h"
#include "proto/seal/note.h"

#define HEAD "handhold/1 guides"

bool agent_guides_name_is_valid(const char *name)
{
    size_t len = strlen(name);

    return len && len < AGENT_GUIDES_NAME_BYTES && name[0] != '.' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == len;
}

static enum proto_err check_role(const struct proto_identity *signer)
{
    return signer->role == PROTO_ROLE_SUPERVISOR || signer->role == PROTO_ROLE_EXPERT ||
                   signer->role == PROTO_ROLE_OFFICER
               ? PROTO_OK
               : PROTO_ERR_CERT_ROLE;
}

/* ---- writing ---- */

static void put_text(const struct agent_guides_note *note, const struct proto_der *chain, size_t chain_len,
                     struct proto_buf *out)
{
    proto_buf_printf(out, HEAD "\ndomain %s\ntime %" PRId64 "\n", note->domain, note->time_s);
    for (size_t i = 0; i < chain_len; i++) {
        proto_buf_put_text(out, "signer ");
        proto_base64_put(out, chain[i].bytes, chain[i].len);
        proto_buf_put_u8(out, '\n');
    }
    for (size_t i = 0; i < note->count; i++) {
        proto_buf_printf(out, "file %s %" PRIu32 " ", note->files[i].name, note->files[i].bytes);
        proto_base64_put(out, note->files[i].hash, sizeof note->files[i].hash);
        proto_buf_put_u8(out, '\n');
    }
}

static int by_name(const void *a, const void *b)
{
    const struct agent_guides_file *x = a, *y = b;

    return strcmp(x->name, y->name);
}

enum proto_err agent_guides_note_sign(struct agent_guides_note *note, const struct proto_credential *signer,
                                      struct proto_buf *out)
{
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];
    char name[PROTO_IDENTITY_SIGNER_BYTES + 1];
    struct proto_buf text;
    enum proto_err err = check_role(&signer->identity);

    if (err)
        return err;
    memcpy(note->domain, signer->identity.domain, sizeof note->domain);
    qsort(note->files, note->count, sizeof *note->files, by_name);
    proto_identity_signer_name(&signer->identity, name);
    proto_buf_init(&text, AGENT_GUIDES_NOTE_BYTES - 1024);
    put_text(note, chain, proto_credential_chain(signer, chain) - 1, &text);
    err = text.failed ? PROTO_ERR_RANGE
                      : proto_note_make((const char *)text.bytes, text.len, name, signer->secret_key, out);
    note->signer = signer->identity;
    proto_buf_free(&text);
    return err;
}

/* ---- reading ---- */

struct reading {
    struct agent_guides_note *note;
    uint8_t ders[PROTO_IDENTITY_CHAIN_MAX - 1][PROTO_IDENTITY_DER_BYTES];
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];
    size_t chain_len;
};

static bool read_signer(struct reading *r, struct proto_span value)
{
    size_t at = r->chain_len, len;

    if (at == PROTO_IDENTITY_CHAIN_MAX - 1 ||
        proto_base64_decode(value.at, value.len, r->ders[at], sizeof r->ders[at], &len))
        return false;
    r->chain[r->chain_len++] = (struct proto_der){r->ders[at], len};
    return true;
}

static bool read_file(struct agent_guides_note *note, struct proto_span value)
{
    struct agent_guides_file *file = &note->files[note->count];
    struct proto_span name, bytes;
    uint64_t number;
    size_t len;

    if (note->count == AGENT_GUIDES_FILES_MAX)
        return false;
    name = proto_span_word(&value);
    bytes = proto_span_word(&value);
    if (!proto_span_copy(name, file->name, sizeof file->name) || !agent_guides_name_is_valid(file->name) ||
        !proto_span_number(bytes, AGENT_GUIDES_FILE_MAX, &number) ||
        proto_base64_decode(value.at, value.len, file->hash, sizeof file->hash, &len) || len != sizeof file->hash ||
        (note->count && strcmp(file[-1].name, file->name) >= 0))
        return false;
    file->bytes = (uint32_t)number;
    note->count++;
    return true;
}

/* Lines in their order: one text for one content. */
static bool read_line(struct reading *r, size_t number, struct proto_span rest)
{
    struct proto_span word = proto_span_word(&rest);
    uint64_t value;

    if (number == 2)
        return proto_span_is(word, "domain") && proto_span_copy(rest, r->note->domain, sizeof r->note->domain);
    if (number == 3) {
        bool fits = proto_span_is(word, "time") && proto_span_number(rest, INT64_MAX, &value);

        r->note->time_s = fits ? (int64_t)value : 0;
        return fits;
    }
    if (proto_span_is(word, "signer"))
        return !r->note->count && read_signer(r, rest);
    return proto_span_is(word, "file") && r->chain_len && read_file(r->note, rest);
}

static enum proto_err read_text(struct reading *r, const char *text, size_t len)
{
    struct proto_lines lines = {.at = text, .end = text + len};
    struct proto_span line;

    if (!proto_lines_next(&lines, &line) || !proto_span_is(line, HEAD))
        return PROTO_ERR_FORMAT;
    while (proto_lines_next(&lines, &line))
        if (!read_line(r, lines.number, line))
            return PROTO_ERR_FORMAT;
    return lines.at == lines.end && r->chain_len && r->note->time_s ? PROTO_OK : PROTO_ERR_FORMAT;
}

static enum proto_err check_signer(struct reading *r, struct proto_der root, const struct proto_org *org)
{
    struct proto_identity *signer = &r->note->signer;
    const struct proto_org_revoked *revoked;
    enum proto_err err;

    r->chain[r->chain_len] = root;
    err = proto_identity_verify_under(r->chain, r->chain_len + 1, r->note->time_s, signer);
    if (!err)
        err = check_role(signer);
    if (err)
        return err;
    if (strcmp(r->note->domain, signer->domain) || strcmp(org->domain, signer->domain))
        return PROTO_ERR_CERT_CHAIN;
    revoked = proto_org_find_revoked(org, signer->serial);
    return revoked && revoked->time_s <= r->note->time_s ? PROTO_ERR_CERT_REVOKED : PROTO_OK;
}

static enum proto_err check_signature(const struct agent_guides_note *note, const void *bytes, size_t len)
{
    char name[PROTO_IDENTITY_SIGNER_BYTES + 1];
    struct proto_note_key key;
    enum proto_err err;

    proto_identity_signer_name(&note->signer, name);
    err = proto_note_key_init(&key, name, note->signer.public_key);
    return err ? err : proto_note_verify(bytes, len, &key, 1, NULL, NULL);
}

enum proto_err agent_guides_note_verify(struct agent_guides_note *out, const void *note, size_t len,
                                        struct proto_der root, const struct proto_org *org, int64_t not_before_s)
{
    struct reading *r = calloc(1, sizeof *r);
    struct proto_note_parts parts;
    enum proto_err err = r ? PROTO_OK : PROTO_ERR_NOMEM;

    memset(out, 0, sizeof *out);
    if (!err && len > AGENT_GUIDES_NOTE_BYTES)
        err = PROTO_ERR_RANGE;
    if (!err) {
        r->note = out;
        err = proto_note_split(&parts, note, len);
    }
    if (!err)
        err = read_text(r, parts.text, parts.text_len);
    if (!err)
        err = check_signer(r, root, org);
    if (!err)
        err = check_signature(out, note, len);
    if (!err && out->time_s < not_before_s)
        err = PROTO_ERR_POLICY;
    if (err)
        memset(out, 0, sizeof *out);
    free(r);
    return err;
}
