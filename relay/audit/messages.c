/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/messages.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "message_files.h" /* made from client/web/messages */

struct writing {
    struct proto_buf *out;
    const struct audit_value *values;
    size_t count;
    int zone_min;
};

json_t *audit_messages_of(const char *language)
{
    for (size_t i = 0; i < sizeof message_files / sizeof *message_files; i++)
        if (!strcmp(message_files[i].language, language))
            return json_loadb((const char *)message_files[i].bytes, message_files[i].len, 0, NULL);
    return NULL;
}

/* The brace that closes the one before `at`; NULL: none does. */
static const char *closing(const char *at, const char *end)
{
    for (unsigned depth = 0; at < end; at++) {
        if (*at == '}' && !depth--)
            return at;
        depth += *at == '{';
    }
    return NULL;
}

/* The next word before a comma, a brace or a blank, and what follows it. */
static size_t take_word(const char **at, const char *end, const char **word)
{
    while (*at < end && (**at == ' ' || **at == ','))
        ++*at;
    *word = *at;
    while (*at < end && **at != ' ' && **at != ',' && **at != '{')
        ++*at;
    return (size_t)(*at - *word);
}

static bool is_word(const char *word, size_t len, const char *text)
{
    return len == strlen(text) && !memcmp(word, text, len);
}

static void put_time(const struct writing *w, int64_t unix_s, const char *how)
{
    char text[32];
    time_t when = (time_t)(unix_s + w->zone_min * INT64_C(60));
    struct tm parts;

    if (gmtime_r(&when, &parts) && strftime(text, sizeof text, how, &parts))
        proto_buf_put_text(w->out, text);
}

static bool put_parts(const struct writing *w, const char *at, const char *end, int64_t number);

/* "=0 {…} one {…} other {…}": the exact number before the rule, which of both languages of the page is that of one. */
static bool put_plural(const struct writing *w, const char *at, const char *end, int64_t number)
{
    const char *chosen = NULL, *chosen_end = NULL;
    unsigned rank = 0;
    char exact[24];

    snprintf(exact, sizeof exact, "=%" PRId64, number);
    while (at < end) {
        const char *word, *from;
        size_t len = take_word(&at, end, &word);
        while (at < end && *at == ' ')
            at++;
        if (!len || at == end || *at != '{' || !(from = closing(at + 1, end)))
            break;
        unsigned is = is_word(word, len, exact)                  ? 3
                      : number == 1 && is_word(word, len, "one") ? 2
                                                                 : is_word(word, len, "other");
        if (is > rank) {
            rank = is;
            chosen = at + 1;
            chosen_end = from;
        }
        at = from + 1;
    }
    return chosen && put_parts(w, chosen, chosen_end, number);
}

/* "name", "minutes, plural, …", "when, date", "until, date, long", "from, time" */
static bool put_place(const struct writing *w, const char *at, const char *end)
{
    const char *name, *type, *style;
    size_t len = take_word(&at, end, &name), type_len = take_word(&at, end, &type);
    const char *rest = at;
    size_t style_len = take_word(&rest, end, &style);
    const struct audit_value *value = NULL;

    for (size_t i = 0; i < w->count; i++)
        if (is_word(name, len, w->values[i].name))
            value = &w->values[i];
    if (!value)
        return false;
    if (is_word(type, type_len, "plural"))
        return put_plural(w, at, end, value->number);
    if (is_word(type, type_len, "time"))
        put_time(w, value->number, "%H:%M:%S");
    else if (is_word(type, type_len, "date"))
        put_time(w, value->number, is_word(style, style_len, "long") ? "%Y-%m-%d" : "%Y-%m-%d %H:%M");
    else if (value->text)
        proto_buf_put_text(w->out, value->text);
    else
        proto_buf_printf(w->out, "%" PRId64, value->number);
    return !type_len || is_word(type, type_len, "time") || is_word(type, type_len, "date") ||
           is_word(type, type_len, "number");
}

static bool put_parts(const struct writing *w, const char *at, const char *end, int64_t number)
{
    while (at < end) {
        const char *close = *at == '{' ? closing(at + 1, end) : NULL;
        if (*at == '\'' || *at == '}' || (*at == '{' && (!close || !put_place(w, at + 1, close))))
            return false; /* what stands in quotes is the compiler's to know */
        if (*at == '#')
            proto_buf_printf(w->out, "%" PRId64, number);
        else if (*at != '{')
            proto_buf_put_u8(w->out, (uint8_t)*at);
        at = close ? close + 1 : at + 1;
    }
    return true;
}

bool audit_message_put(struct proto_buf *out, const json_t *messages, const char *key, const struct audit_value *values,
                       size_t count, int zone_min)
{
    const struct writing w = {out, values, count, zone_min};
    const char *text = json_string_value(json_object_get(messages, key));

    return text && put_parts(&w, text, text + strlen(text), 0);
}
