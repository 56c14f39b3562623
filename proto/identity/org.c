/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/org.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "proto/identity/lines.h"
#include "proto/seal/kdf.h"
#include "proto/seal/note.h"

#define ORG_FIRST_LINE "handhold/1 org"
#define ORG_SIGNER_BYTES (PROTO_IDENTITY_DOMAIN_BYTES + sizeof "/org")

void proto_org_init(struct proto_org *org, const char *domain)
{
    memset(org, 0, sizeof *org);
    strncpy(org->domain, domain, PROTO_IDENTITY_DOMAIN_BYTES);
}

void proto_org_clear(struct proto_org *org)
{
    memset(org, 0, sizeof *org);
}

/* ---- what is listed ---- */

static enum proto_err add_key(char (*list)[PROTO_ORG_VKEY_BYTES + 1], size_t *count, size_t max, const char *vkey)
{
    struct proto_note_key key;
    size_t len = strlen(vkey);

    if (len > PROTO_ORG_VKEY_BYTES || proto_note_key_parse(&key, vkey, len) != PROTO_OK)
        return PROTO_ERR_FORMAT;
    for (size_t i = 0; i < *count; i++)
        if (!strcmp(list[i], vkey))
            return PROTO_OK;
    if (*count == max)
        return PROTO_ERR_FULL;
    memcpy(list[(*count)++], vkey, len + 1);
    return PROTO_OK;
}

enum proto_err proto_org_add_log(struct proto_org *org, const char *vkey)
{
    return add_key(org->logs, &org->log_count, PROTO_ORG_LOGS_MAX, vkey);
}

enum proto_err proto_org_add_witness(struct proto_org *org, const char *vkey)
{
    return add_key(org->witnesses, &org->witness_count, PROTO_ORG_WITNESSES_MAX, vkey);
}

bool proto_org_has_log(const struct proto_org *org, const char *vkey)
{
    for (size_t i = 0; i < org->log_count; i++)
        if (!strcmp(org->logs[i], vkey))
            return true;
    return false;
}

static bool reason_is_valid(const char *reason)
{
    size_t len = strlen(reason);

    if (len == 0 || len > PROTO_ORG_REASON_BYTES)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)reason[i] < 0x20 || reason[i] == 0x7f)
            return false;
    return true;
}

const struct proto_org_revoked *proto_org_find_revoked(const struct proto_org *org, const char *serial)
{
    for (size_t i = 0; i < org->revoked_count; i++)
        if (!strcmp(org->revoked[i].serial, serial))
            return &org->revoked[i];
    return NULL;
}

enum proto_err proto_org_revoke(struct proto_org *org, const char *serial, int64_t time_s, const char *reason)
{
    const char *words = reason && *reason ? reason : "-";

    if (!proto_identity_serial_is_valid(serial) || !reason_is_valid(words) || time_s < 0)
        return PROTO_ERR_FORMAT;
    if (proto_org_find_revoked(org, serial))
        return PROTO_ERR_EXISTS;
    if (org->revoked_count == PROTO_ORG_REVOKED_MAX)
        return PROTO_ERR_FULL;
    struct proto_org_revoked *entry = &org->revoked[org->revoked_count++];

    *entry = (struct proto_org_revoked){.time_s = time_s};
    strcpy(entry->serial, serial);
    strcpy(entry->reason, words);
    return PROTO_OK;
}

enum proto_err proto_org_admits(const struct proto_org *org, const struct proto_identity *identity)
{
    if (strcmp(org->domain, identity->domain) != 0)
        return PROTO_ERR_CERT_CHAIN;
    return proto_org_is_revoked(org, identity->serial) ? PROTO_ERR_CERT_REVOKED : PROTO_OK;
}

/* ---- text ---- */

static void put_text(const struct proto_org *org, struct proto_buf *out)
{
    proto_buf_printf(out, ORG_FIRST_LINE "\nnumber %" PRIu64 "\ndomain %s\ntime %" PRId64 "\n", org->number,
                     org->domain, org->time_s);
    for (size_t i = 0; i < org->log_count; i++)
        proto_buf_printf(out, "log %s\n", org->logs[i]);
    for (size_t i = 0; i < org->witness_count; i++)
        proto_buf_printf(out, "witness %s\n", org->witnesses[i]);
    for (size_t i = 0; i < org->revoked_count; i++)
        proto_buf_printf(out, "revoked %s %" PRId64 " %s\n", org->revoked[i].serial, org->revoked[i].time_s,
                         org->revoked[i].reason);
}

static bool read_number(struct proto_org *org, struct proto_span value)
{
    return proto_span_number(value, INT64_MAX, &org->number);
}

static bool read_domain(struct proto_org *org, struct proto_span value)
{
    return proto_span_copy(value, org->domain, sizeof org->domain) && proto_identity_domain_is_valid(org->domain);
}

static bool read_time(struct proto_org *org, struct proto_span value)
{
    uint64_t time_s;
    bool fits = proto_span_number(value, INT64_MAX, &time_s);

    org->time_s = fits ? (int64_t)time_s : 0;
    return fits;
}

static bool read_log(struct proto_org *org, struct proto_span value)
{
    char vkey[PROTO_ORG_VKEY_BYTES + 1];

    return proto_span_copy(value, vkey, sizeof vkey) && proto_org_add_log(org, vkey) == PROTO_OK;
}

static bool read_witness(struct proto_org *org, struct proto_span value)
{
    char vkey[PROTO_ORG_VKEY_BYTES + 1];

    return proto_span_copy(value, vkey, sizeof vkey) && proto_org_add_witness(org, vkey) == PROTO_OK;
}

static bool read_revoked(struct proto_org *org, struct proto_span value)
{
    char serial[2 * PROTO_IDENTITY_SERIAL_BYTES + 1], reason[PROTO_ORG_REASON_BYTES + 1];
    struct proto_span serial_word = proto_span_word(&value), time_word = proto_span_word(&value);
    uint64_t time_s;

    return proto_span_copy(serial_word, serial, sizeof serial) && proto_span_number(time_word, INT64_MAX, &time_s) &&
           proto_span_copy(value, reason, sizeof reason) &&
           proto_org_revoke(org, serial, (int64_t)time_s, reason) == PROTO_OK;
}

static const struct org_line {
    const char *word;
    bool (*read)(struct proto_org *org, struct proto_span value);
} org_lines[] = {
    {"number", read_number}, {"domain", read_domain},   {"time", read_time},
    {"log", read_log},       {"witness", read_witness}, {"revoked", read_revoked},
};

static bool read_line(struct proto_org *org, struct proto_span line)
{
    struct proto_span word = proto_span_word(&line);

    for (size_t i = 0; i < sizeof org_lines / sizeof org_lines[0]; i++)
        if (proto_span_is(word, org_lines[i].word))
            return org_lines[i].read(org, line);
    return false;
}

/* Order, repetitions and spelling need no rule of their own: what was read must write the very same text again. */
static bool writes_the_same(const struct proto_org *org, const char *text, size_t len)
{
    struct proto_buf again;

    proto_buf_init(&again, PROTO_ORG_NOTE_BYTES);
    put_text(org, &again);
    bool same = !again.failed && again.len == len && !memcmp(again.bytes, text, len);

    proto_buf_free(&again);
    return same;
}

static enum proto_err read_text(struct proto_org *org, const char *text, size_t len)
{
    struct proto_lines lines = {text, text + len, 0};
    struct proto_span line;

    if (!proto_lines_next(&lines, &line) || !proto_span_is(line, ORG_FIRST_LINE))
        return PROTO_ERR_FORMAT;
    while (proto_lines_next(&lines, &line))
        if (!read_line(org, line))
            return PROTO_ERR_FORMAT;
    return writes_the_same(org, text, len) ? PROTO_OK : PROTO_ERR_FORMAT;
}

/* ---- note ---- */

static void signer_name(const char *domain, char out[static ORG_SIGNER_BYTES])
{
    strcpy(out, domain);
    strcat(out, "/org");
}

enum proto_err proto_org_sign(struct proto_org *org, const uint8_t root_secret_key[static 64], struct proto_buf *out)
{
    char name[ORG_SIGNER_BYTES];
    struct proto_buf text;
    enum proto_err err = PROTO_ERR_FULL;

    if (!proto_identity_domain_is_valid(org->domain) || org->number == 0)
        return PROTO_ERR_ARGUMENT;
    signer_name(org->domain, name);
    proto_buf_init(&text, PROTO_ORG_NOTE_BYTES - 1024); /* the signature line takes less */
    put_text(org, &text);
    if (!text.failed)
        err = proto_note_make((const char *)text.bytes, text.len, name, root_secret_key, out);
    if (err == PROTO_OK)
        proto_sha256(org->text_hash, text.bytes, text.len);
    proto_buf_free(&text);
    return err;
}

static enum proto_err verify(struct proto_org *org, const void *note, size_t len, const uint8_t *root_key,
                             const char *domain, uint64_t min_number)
{
    char name[ORG_SIGNER_BYTES];
    struct proto_note_key key;
    size_t text_len;

    if (len > PROTO_ORG_NOTE_BYTES)
        return PROTO_ERR_RANGE;
    if (!proto_identity_domain_is_valid(domain))
        return PROTO_ERR_ORG;
    signer_name(domain, name);
    enum proto_err err = proto_note_key_init(&key, name, root_key);

    if (err == PROTO_OK)
        err = proto_note_verify(note, len, &key, 1, &text_len, NULL);
    if (err != PROTO_OK)
        return err == PROTO_ERR_SIGNATURE ? PROTO_ERR_ORG : err;
    err = read_text(org, (const char *)note, text_len);
    if (err != PROTO_OK)
        return err;
    if (strcmp(org->domain, domain) != 0 || org->number == 0 || org->number < min_number)
        return PROTO_ERR_ORG;
    proto_sha256(org->text_hash, note, text_len);
    return PROTO_OK;
}

enum proto_err proto_org_verify(struct proto_org *out, const void *note, size_t len, const uint8_t root_key[static 32],
                                const char *domain, uint64_t min_number)
{
    proto_org_clear(out);
    enum proto_err err = verify(out, note, len, root_key, domain, min_number);

    if (err != PROTO_OK)
        proto_org_clear(out);
    return err;
}
