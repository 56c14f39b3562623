/* SPDX-License-Identifier: Apache-2.0 */
/* The file of rules: what this home hides besides, and what it may tell. */
#include <stdio.h>
#include <string.h>

#include "client/state/redact.h"

static const char *take_word(void *list, size_t size, size_t *count, const char *word)
{
    if (*count == CLIENT_STATE_RULES_MAX)
        return "there may be 64 of each at most";
    if (strlen(word) >= size)
        return size == 32 ? "a word has 31 letters at most" : "a name has 47 letters at most";
    memcpy((char *)list + *count * size, word, strlen(word) + 1);
    (*count)++;
    return NULL;
}

static const char *take_form(struct client_state_rules *out, const char *form)
{
    const struct {
        const char *name;
        bool *flag;
    } forms[] = {{"mac", &out->plain_mac},
                 {"address", &out->plain_address},
                 {"key", &out->plain_key},
                 {"coordinates", &out->plain_coordinates}};

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (!strcmp(forms[i].name, form)) {
            *forms[i].flag = true;
            return NULL;
        }
    return "a form is mac, address, key or coordinates";
}

/* NULL, or the rule that is broken. */
static const char *take_rule(struct client_state_rules *out, const char *verb, const char *word)
{
    bool hide = !strcmp(verb, "hide"), show = !strcmp(verb, "show");

    if (!hide && !show && strcmp(verb, "plain") != 0)
        return "a rule is hide WORD, show NAME or plain mac|address|key|coordinates";
    if (!*word || strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(word))
        return "a word is of small letters, digits and _, as properties are called";
    if (hide)
        return take_word(out->hide, sizeof *out->hide, &out->hides, word);
    return show ? take_word(out->show, sizeof *out->show, &out->shows, word) : take_form(out, word);
}

enum proto_err client_state_rules_parse(const char *text, size_t len, struct client_state_rules *out, char *why,
                                        size_t why_bytes)
{
    static const char mark[] = "\xef\xbb\xbf"; /* some editors put it in front of the first line */
    const char *end = text + len;
    unsigned number = 0;

    memset(out, 0, sizeof *out);
    if (len >= 3 && !memcmp(text, mark, 3))
        text += 3;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text)), *rule;
        size_t line_len = (size_t)((stop ? stop : end) - text);
        char line[128], verb[16] = "", word[64] = "", rest[2];
        int words;

        number++;
        snprintf(line, sizeof line, "%.*s", (int)(line_len < sizeof line ? line_len : sizeof line - 1), text);
        line[strcspn(line, "#")] = '\0';
        words = sscanf(line, "%15s %63s %1s", verb, word, rest);
        rule = words > 2 ? "there is more than a rule and a word" : words > 0 ? take_rule(out, verb, word) : NULL;
        if (rule) {
            snprintf(why, why_bytes, "line %u, \"%.60s\": %s; mend this line", number, line, rule);
            return PROTO_ERR_FORMAT;
        }
        text += line_len + 1;
    }
    return PROTO_OK;
}
