/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/consent/statement.h"
#include "proto/consent/text.h"
#include "proto/seal/kdf.h"

static const char event_first_line[] = "handhold/1 event\n";

static const char *const event_names[PROTO_ACT_COUNT] = {
#define NAME(id, name) [PROTO_ACT_##id] = name,
    PROTO_ACT_LIST(NAME)
#undef NAME
};

const char *proto_act_name(enum proto_act action)
{
    return (unsigned)action < PROTO_ACT_COUNT ? event_names[action] : NULL;
}

enum proto_err proto_event_note_detail(struct proto_event_note *event, const char *key, const char *format, ...)
{
    va_list arguments;

    if (event->detail_count == PROTO_EVENT_DETAILS || strlen(key) >= sizeof event->details[0].key)
        return PROTO_ERR_RANGE;
    va_start(arguments, format);
    int len = vsnprintf(event->details[event->detail_count].value, sizeof event->details[0].value, format, arguments);
    va_end(arguments);
    if (len <= 0 || (size_t)len >= sizeof event->details[0].value)
        return PROTO_ERR_RANGE;
    snprintf(event->details[event->detail_count].key, sizeof event->details[0].key, "%s", key);
    event->detail_count++;
    return PROTO_OK;
}

static size_t put_escaped(char *out, size_t room, const char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t len = 0;

    for (const uint8_t *at = (const uint8_t *)text; *at; at++) {
        bool plain = *at > ' ' && *at < 0x7f && *at != '%' && *at != '=' && *at != '~';
        if (len + (plain ? 1 : 3) > room)
            return SIZE_MAX;
        out[len++] = plain ? (char)*at : '%';
        if (!plain) {
            out[len++] = digits[*at >> 4];
            out[len++] = digits[*at & 15];
        }
        out[len] = 0;
    }
    return len;
}

void proto_event_note_text(char out[static PROTO_EVENT_VALUE_BYTES + 1], const char *text)
{
    enum { HASH_SHOWN = PROTO_HASH_BYTES / 2, CUT = PROTO_EVENT_VALUE_BYTES - 1 - 2 * HASH_SHOWN };
    uint8_t hash[PROTO_HASH_BYTES];

    *out = 0;
    if (put_escaped(out, PROTO_EVENT_VALUE_BYTES, text) != SIZE_MAX)
        return;
    *out = 0;
    (void)put_escaped(out, CUT, text);
    size_t len = strlen(out);
    proto_sha256(hash, text, strlen(text));
    len += (size_t)snprintf(out + len, PROTO_EVENT_VALUE_BYTES + 1 - len, "~");
    for (size_t i = 0; i < HASH_SHOWN; i++)
        len += (size_t)snprintf(out + len, PROTO_EVENT_VALUE_BYTES + 1 - len, "%02x", hash[i]);
}

const char *proto_event_note_get(const struct proto_event_note *event, const char *key)
{
    for (unsigned i = 0; i < event->detail_count; i++)
        if (!strcmp(event->details[i].key, key))
            return event->details[i].value;
    return NULL;
}

/* Keys rise, so that one set of details has one text. */
static unsigned next_detail(const struct proto_event_note *event, const char *after)
{
    unsigned best = event->detail_count;

    for (unsigned i = 0; i < event->detail_count; i++)
        if (strcmp(event->details[i].key, after) > 0 &&
            (best == event->detail_count || strcmp(event->details[i].key, event->details[best].key) < 0))
            best = i;
    return best;
}

static bool detail_valid(const char *key, const char *value)
{
    if (!*key || !*value || strchr(value, ' ') || !proto_value_valid(value))
        return false;
    for (; *key; key++)
        if ((*key < 'a' || *key > 'z') && *key != '-')
            return false;
    return true;
}

static bool put_details(struct proto_buf *out, const struct proto_event_note *event)
{
    const char *after = "";
    unsigned written = 0;

    proto_buf_put_text(out, "detail");
    for (unsigned i; (i = next_detail(event, after)) < event->detail_count; after = event->details[i].key, written++) {
        if (!detail_valid(event->details[i].key, event->details[i].value))
            return false;
        proto_buf_put_u8(out, ' ');
        proto_buf_put_text(out, event->details[i].key);
        proto_buf_put_u8(out, '=');
        proto_buf_put_text(out, event->details[i].value);
    }
    proto_buf_put_text(out, written ? "\n" : " -\n");
    return written == event->detail_count; /* a key that stands twice is written once */
}

enum proto_err proto_event_note_write(const struct proto_event_note *event, struct proto_buf *out)
{
    if (!proto_value_valid(event->subject) || !event->seq || event->unix_s < 0 || !proto_act_name(event->action) ||
        !proto_capability_name(event->capability) || event->detail_count > PROTO_EVENT_DETAILS)
        return PROTO_ERR_RANGE;
    proto_buf_put_text(out, event_first_line);
    consent_put_head(out, event->sid, event->seq);
    consent_put_prev(out, event->first, event->prev);
    proto_buf_printf(out, "time %lld\n", (long long)event->unix_s);
    consent_put_line(out, "action", proto_act_name(event->action));
    consent_put_line(out, "capability", proto_capability_name(event->capability));
    consent_put_line(out, "subject", event->subject[0] ? event->subject : "-");
    return put_details(out, event) && !out->failed ? PROTO_OK : PROTO_ERR_RANGE;
}

static bool take_details(struct consent_lines *lines, struct proto_event_note *event)
{
    char value[PROTO_EVENT_DETAILS * (sizeof event->details[0]) + 8], *words[PROTO_EVENT_DETAILS];

    consent_take_line(lines, "detail", value, sizeof value);
    if (!strcmp(value, "-"))
        return true;
    size_t count = consent_words(value, words, PROTO_EVENT_DETAILS);
    for (size_t i = 0; i < count; i++) {
        char *equals = strchr(words[i], '=');
        if (!equals)
            return false;
        *equals = 0;
        if (proto_event_note_detail(event, words[i], "%s", equals + 1))
            return false;
    }
    return count > 0;
}

enum proto_err proto_event_note_parse(const char *text, size_t len, struct proto_event_note *out)
{
    struct consent_lines lines = {text, text + len, false};
    struct proto_event_note event = {0};
    struct proto_buf again;
    char value[64];

    memset(out, 0, sizeof *out);
    if (len < sizeof event_first_line - 1 || len > PROTO_MAX_NOTE_BYTES ||
        memcmp(text, event_first_line, sizeof event_first_line - 1) != 0)
        return PROTO_ERR_FORMAT;
    lines.at += sizeof event_first_line - 1;
    if (!consent_take_head(&lines, event.sid, &event.seq) || !consent_take_prev(&lines, &event.first, event.prev) ||
        !consent_take_time(&lines, &event.unix_s))
        return PROTO_ERR_FORMAT;
    consent_take_line(&lines, "action", value, sizeof value);
    while (event.action < PROTO_ACT_COUNT && strcmp(event_names[event.action], value) != 0)
        event.action++;
    consent_take_line(&lines, "capability", value, sizeof value);
    event.capability = proto_capability_from_name(value);
    consent_take_line(&lines, "subject", event.subject, sizeof event.subject);
    if (!strcmp(event.subject, "-"))
        event.subject[0] = 0;
    if (!take_details(&lines, &event) || lines.failed)
        return PROTO_ERR_FORMAT;
    proto_buf_init(&again, PROTO_MAX_NOTE_BYTES);
    bool same = consent_same_text(proto_event_note_write(&event, &again), &again, text, len);
    proto_buf_free(&again);
    if (!same)
        return PROTO_ERR_FORMAT;
    *out = event;
    return PROTO_OK;
}
