/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/consent/statement.h"

#include <stdio.h>
#include <string.h>

#include "proto/consent/text.h"
#include "proto/seal/kdf.h"
#include "proto/util/utf8.h"
#include "proto/wire/message.h"

static const char first_line[] = "handhold/1 statement\n";

static const char *const action_names[PROTO_STATEMENT_ACTION_COUNT] = {
#define NAME(id, name) [PROTO_STATEMENT_##id] = name,
    PROTO_STATEMENT_ACTION_LIST(NAME)
#undef NAME
};

const char *proto_statement_action_name(enum proto_statement_action action)
{
    return (unsigned)action < PROTO_STATEMENT_ACTION_COUNT ? action_names[action] : NULL;
}

bool proto_purpose_is_machines(const char *purpose)
{
    static const char *const words[] = {
        PROTO_PURPOSE_EXPIRED, PROTO_PURPOSE_USED,      PROTO_PURPOSE_CONNECTION_LOST, PROTO_PURPOSE_NOT_LOGGED,
        PROTO_PURPOSE_BLOCKED, PROTO_PURPOSE_FORBIDDEN, PROTO_PURPOSE_UNVERIFIED,      PROTO_PURPOSE_WORDS,
        PROTO_PURPOSE_NO_GATE, PROTO_PURPOSE_ENDED,     PROTO_PURPOSE_HELD_TOO_LONG,
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(purpose, words[i]))
            return true;
    return false;
}

bool proto_value_valid(const char *text)
{
    size_t len = strnlen(text, PROTO_MAX_VALUE_BYTES + 1);
    const uint8_t *at = (const uint8_t *)text, *end = at + len;
    uint32_t rune;

    if (len > PROTO_MAX_VALUE_BYTES)
        return false;
    while (at < end)
        if (!proto_utf8_next(&at, end, &rune) || proto_utf8_is_control(rune) || rune == 0x2028 || rune == 0x2029)
            return false; /* the last two: line and paragraph separator */
    return true;
}

bool proto_purpose_may_be_given(const char *purpose)
{
    return proto_value_valid(purpose) && !proto_purpose_is_machines(purpose) && strcmp(purpose, "-") != 0;
}

void proto_statement_shown(uint8_t out[static PROTO_HASH_BYTES], enum proto_capability capability, const char *purpose,
                           uint32_t max_s)
{
    struct proto_buf text;

    proto_buf_init(&text, 512);
    proto_buf_printf(&text, "en\n%s\n%s\n%u\n", capability ? proto_capability_label(capability) : "-", purpose, max_s);
    proto_sha256(out, text.bytes, text.len);
    proto_buf_free(&text);
}

bool proto_statement_shows_itself(const struct proto_statement *statement)
{
    uint8_t shown[PROTO_HASH_BYTES];
    bool says = statement->action == PROTO_STATEMENT_GRANT ||
                (statement->action == PROTO_STATEMENT_REFUSE && !proto_purpose_is_machines(statement->purpose));

    proto_statement_shown(shown, statement->capability, statement->purpose, statement->max_s);
    return !says || !memcmp(shown, statement->ui_text, sizeof shown);
}

enum proto_err proto_statement_write(const struct proto_statement *st, struct proto_buf *out)
{
    if (!proto_value_valid(st->purpose) || !proto_value_valid(st->domain) || !st->domain[0] ||
        strchr(st->domain, ' ') || !st->seq || st->unix_s < 0 || !proto_statement_action_name(st->action) ||
        !proto_capability_name(st->capability) || (!st->everyone && !proto_role_name(st->role)))
        return PROTO_ERR_RANGE;
    proto_buf_put_text(out, first_line);
    consent_put_head(out, st->sid, st->seq);
    consent_put_prev(out, st->first, st->prev);
    proto_buf_printf(out, "time %lld\n", (long long)st->unix_s);
    consent_put_line(out, "action", proto_statement_action_name(st->action));
    consent_put_line(out, "capability", proto_capability_name(st->capability));
    proto_buf_put_text(out, "grantee ");
    if (st->everyone) {
        proto_buf_put_u8(out, '-');
    } else {
        consent_put_base64(out, st->grantee);
        proto_buf_printf(out, " %s", proto_role_name(st->role));
    }
    proto_buf_printf(out, "\norg %s %s\n", st->domain, st->verified ? "verified" : "unverified");
    proto_buf_printf(out, "scope %u %u %u\nkey ", st->epoch, st->max_s, st->retention_days);
    if (st->has_key)
        consent_put_base64(out, st->key_commit);
    else
        proto_buf_put_u8(out, '-');
    proto_buf_put_u8(out, '\n');
    consent_put_line(out, "purpose", st->purpose[0] ? st->purpose : "-");
    proto_buf_put_text(out, "ui ");
    consent_put_base64(out, st->ui_text);
    proto_buf_put_u8(out, ' ');
    consent_put_base64(out, st->ui_build);
    proto_buf_put_u8(out, '\n');
    return out->failed ? PROTO_ERR_RANGE : PROTO_OK;
}

static bool take_action(struct consent_lines *lines, struct proto_statement *st)
{
    char value[64];

    consent_take_line(lines, "action", value, sizeof value);
    unsigned action = 0;
    while (action < PROTO_STATEMENT_ACTION_COUNT && strcmp(action_names[action], value) != 0)
        action++;
    st->action = (enum proto_statement_action)action;
    consent_take_line(lines, "capability", value, sizeof value);
    st->capability = proto_capability_from_name(value);
    return action < PROTO_STATEMENT_ACTION_COUNT && (st->capability || !strcmp(value, "-"));
}

static bool take_grantee(struct consent_lines *lines, struct proto_statement *st)
{
    char value[300], *words[2];

    consent_take_line(lines, "grantee", value, sizeof value);
    st->everyone = !strcmp(value, "-");
    if (!st->everyone) {
        if (consent_words(value, words, 2) != 2 || !consent_base64(words[0], st->grantee))
            return false;
        st->role = proto_role_from_name(words[1]);
        if (!st->role)
            return false;
    }
    consent_take_line(lines, "org", value, sizeof value);
    if (consent_words(value, words, 2) != 2 || strlen(words[0]) >= sizeof st->domain)
        return false;
    memcpy(st->domain, words[0], strlen(words[0]) + 1);
    st->verified = !strcmp(words[1], "verified");
    return st->verified || !strcmp(words[1], "unverified");
}

static bool take_scope(struct consent_lines *lines, struct proto_statement *st)
{
    char value[128], *words[3];
    uint64_t epoch = 0, max_s = 0, days = 0;

    consent_take_line(lines, "scope", value, sizeof value);
    if (consent_words(value, words, 3) != 3 || !consent_number(words[0], UINT32_MAX, &epoch) ||
        !consent_number(words[1], UINT32_MAX, &max_s) || !consent_number(words[2], UINT32_MAX, &days))
        return false;
    st->epoch = (uint32_t)epoch;
    st->max_s = (uint32_t)max_s;
    st->retention_days = (uint32_t)days;
    consent_take_line(lines, "key", value, sizeof value);
    st->has_key = strcmp(value, "-") != 0;
    return !st->has_key || consent_base64(value, st->key_commit);
}

static bool take_words(struct consent_lines *lines, struct proto_statement *st)
{
    char value[128], *words[2];

    consent_take_line(lines, "purpose", st->purpose, sizeof st->purpose);
    if (!strcmp(st->purpose, "-"))
        st->purpose[0] = 0;
    consent_take_line(lines, "ui", value, sizeof value);
    return consent_words(value, words, 2) == 2 && consent_base64(words[0], st->ui_text) &&
           consent_base64(words[1], st->ui_build);
}

enum proto_err proto_statement_parse(const char *text, size_t len, struct proto_statement *out)
{
    struct consent_lines lines = {text, text + len, false};
    struct proto_statement st = {0};
    struct proto_buf again;

    memset(out, 0, sizeof *out);
    if (len < sizeof first_line - 1 || len > PROTO_MAX_NOTE_BYTES ||
        memcmp(text, first_line, sizeof first_line - 1) != 0)
        return PROTO_ERR_FORMAT;
    lines.at += sizeof first_line - 1;
    if (!consent_take_head(&lines, st.sid, &st.seq) || !consent_take_prev(&lines, &st.first, st.prev) ||
        !consent_take_time(&lines, &st.unix_s) || !take_action(&lines, &st) || !take_grantee(&lines, &st) ||
        !take_scope(&lines, &st) || !take_words(&lines, &st) || lines.failed)
        return PROTO_ERR_FORMAT;
    proto_buf_init(&again, PROTO_MAX_NOTE_BYTES);
    bool same = consent_same_text(proto_statement_write(&st, &again), &again, text, len);
    proto_buf_free(&again);
    if (!same)
        return PROTO_ERR_FORMAT;
    *out = st;
    return PROTO_OK;
}

void proto_key_commit(uint8_t out[static PROTO_HASH_BYTES], uint64_t kid,
                      const uint8_t base_key[static PROTO_KEY_BYTES])
{
    static const char label[] = "handhold/1 keycommit";
    uint8_t kid_bytes[8];

    for (int i = 0; i < 8; i++)
        kid_bytes[i] = (uint8_t)(kid >> (56 - 8 * i));
    proto_sha256_pieces(
        out, (const struct proto_piece[]){{label, sizeof label - 1}, {kid_bytes, 8}, {base_key, PROTO_KEY_BYTES}}, 3);
}

void proto_signer_customer(char out[static PROTO_SIGNER_BYTES], const uint8_t sid[static PROTO_SID_BYTES])
{
    int at = snprintf(out, PROTO_SIGNER_BYTES, "handhold.session/");

    for (size_t i = 0; i < PROTO_SID_BYTES; i++)
        at += snprintf(out + at, PROTO_SIGNER_BYTES - (size_t)at, "%02x", sid[i]);
}

void proto_signer_relay(char out[static PROTO_SIGNER_BYTES], const char *origin)
{
    snprintf(out, PROTO_SIGNER_BYTES, "%s/events", origin);
}
