/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/words.h"

#include <glib.h>
#include <string.h>

/* Of nothing there are no words: "" is the head of the translation. */
static const char *found(const char *text)
{
    const char *words = *text ? _(text) : text;

    return words != text ? words : NULL;
}

/* "rule (what the system says)": that stays as it is. */
static char *without_brackets(const char *text)
{
    const char *open = g_str_has_suffix(text, ")") ? strstr(text, " (") : NULL;
    g_autofree char *bare = open ? g_strndup(text, (gsize)(open - text)) : NULL;
    const char *words = bare ? found(bare) : NULL;

    return words ? g_strconcat(words, open, NULL) : NULL;
}

/* "value: rule", where the value may have a colon, and be a word. */
static char *dup_clause(const char *text)
{
    const char *words = found(text), *colon = strstr(text, ": ");
    char *bare = words ? NULL : without_brackets(text);

    if (words || bare)
        return words ? g_strdup(words) : bare;
    if (!colon)
        return g_strdup(text);
    g_autofree char *value = g_strndup(text, (gsize)(colon - text)), *rest = dup_clause(colon + 2);
    return g_strconcat(found(value) ? found(value) : value, ": ", rest, NULL);
}

char *viewer_dup_words(const char *text)
{
    const char *words = found(text);
    g_auto(GStrv) clauses = NULL;

    if (words)
        return g_strdup(words);
    clauses = g_strsplit(text, "; ", -1);
    for (char **clause = clauses; *clause; clause++) {
        char *said = dup_clause(*clause);

        g_free(*clause);
        *clause = said;
    }
    return g_strjoinv("; ", clauses);
}
