/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/help.h"
#include "proto/host/say.h"

#define SEEN_MAX 96u /* options in all tables of one call */

struct parse {
    const struct host_program *program;
    const struct host_command *command; /* NULL: none */
    const struct host_option *seen[SEEN_MAX];
    size_t seen_count;
    size_t words_used;
    bool only_words; /* after -- */
};

/* ---- what went wrong, in words ---- */

__attribute__((format(printf, 3, 4))) static enum host_parsed wrong(const struct parse *p, const char *value,
                                                                    const char *format, ...)
{
    char rule[512], way_out[256];
    va_list args;

    va_start(args, format);
    vsnprintf(rule, sizeof rule, format, args);
    va_end(args);
    snprintf(way_out, sizeof way_out, "%s%s%s --help lists what there is", p->program->name, p->command ? " " : "",
             p->command ? p->command->word : "");
    host_say_error(value, rule, way_out);
    return HOST_PARSED_WRONG;
}

/* ---- looking up ---- */

static const struct host_option *find_in(const struct host_option *table, const char *name, size_t len)
{
    for (; table && table->name; table++)
        if (strlen(table->name) == len && !memcmp(table->name, name, len))
            return table;
    return NULL;
}

static const struct host_option *find_option(const struct parse *p, const char *name, size_t len)
{
    const struct host_option *found = p->command ? find_in(p->command->options, name, len) : NULL;

    return found ? found : find_in(p->program->options, name, len);
}

/* Edit distance with two rows; names are short. */
static size_t distance(const char *a, size_t a_len, const char *b)
{
    size_t row[64], b_len = strlen(b);

    if (a_len >= 64 || b_len >= 64)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t corner = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = corner + (a[i - 1] != b[j - 1]);

            corner = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[b_len];
}

/* The nearest known name, when it is near enough to be what was meant. */
struct nearest {
    const char *name;
    size_t distance;
};

static void consider(struct nearest *best, const char *candidate, const char *name, size_t len)
{
    size_t d = distance(name, len, candidate);

    if (d <= 1 + len / 3 && d < best->distance)
        *best = (struct nearest){candidate, d};
}

static enum host_parsed unknown_option(const struct parse *p, const char *word, const char *name, size_t len)
{
    struct nearest best = {NULL, SIZE_MAX};

    for (const struct host_option *o = p->command ? p->command->options : NULL; o && o->name; o++)
        consider(&best, o->name, name, len);
    for (const struct host_option *o = p->program->options; o && o->name; o++)
        consider(&best, o->name, name, len);
    if (best.name)
        return wrong(p, word, "is not an option; did you mean --%s?", best.name);
    return wrong(p, word, "is not an option");
}

static enum host_parsed unknown_command(const struct parse *p, const char *word)
{
    struct nearest best = {NULL, SIZE_MAX};

    for (const struct host_command *c = p->program->commands; c->word; c++)
        consider(&best, c->word, word, strlen(word));
    if (best.name)
        return wrong(p, word, "is not a command; did you mean %s?", best.name);
    return wrong(p, word, "is not a command");
}

/* ---- values ---- */

static bool is_choice(const char *choices, const char *text)
{
    size_t len = strlen(text);

    for (const char *at = choices; at && len; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL) {
        size_t n = strcspn(at, "|");

        if (n == len && !memcmp(at, text, n))
            return true;
    }
    return false;
}

static enum host_parsed set_integer(const struct parse *p, const struct host_option *o, const char *text)
{
    char *end;

    errno = 0;
    long long value = strtoll(text, &end, 10);
    bool number = (*text == '-' || (*text >= '0' && *text <= '9')) && *end == '\0';

    if (!number || errno || value < o->min || value > o->max)
        return wrong(p, text, "--%s takes a whole number from %lld to %lld", o->name, (long long)o->min,
                     (long long)o->max);
    *(int64_t *)o->target = value;
    return HOST_PARSED_RUN;
}

static enum host_parsed set_number(const struct parse *p, const struct host_option *o, const char *text)
{
    char *end;
    double value = strtod(text, &end);
    bool number = strspn(text, "+-.0123456789eE") == strlen(text) && end != text && *end == '\0';

    if (!number || !(value >= (double)o->min && value <= (double)o->max))
        return wrong(p, text, "--%s takes a number from %lld to %lld", o->name, (long long)o->min, (long long)o->max);
    *(double *)o->target = value;
    return HOST_PARSED_RUN;
}

static enum host_parsed add_text(const struct parse *p, const char *name, struct host_texts *texts, const char *text)
{
    if (texts->count == HOST_TEXTS_MAX)
        return wrong(p, text, "%s may come %u times at most", name, HOST_TEXTS_MAX);
    texts->items[texts->count++] = text;
    return HOST_PARSED_RUN;
}

static enum host_parsed set_value(const struct parse *p, const struct host_option *o, const char *text)
{
    switch (o->kind) {
    case HOST_INTEGER:
        return set_integer(p, o, text);
    case HOST_NUMBER:
        return set_number(p, o, text);
    case HOST_TEXTS:
        return add_text(p, o->name, (struct host_texts *)o->target, text);
    case HOST_CHOICE:
        if (!is_choice(o->choices, text))
            return wrong(p, text, "--%s takes one of %s", o->name, o->choices);
        break;
    case HOST_TEXT:
        /* An unset variable of a shell must not become the folder "/". */
        if (!*text && !strcmp(o->name, "dir"))
            return wrong(p, "\"\"", "--%s takes a name, and this one is empty", o->name);
        break;
    case HOST_FLAG:
        break;
    }
    *(const char **)o->target = text;
    return HOST_PARSED_RUN;
}

/* ---- options and words ---- */

static bool was_seen(const struct parse *p, const struct host_option *option)
{
    for (size_t i = 0; i < p->seen_count; i++)
        if (p->seen[i] == option)
            return true;
    return false;
}

/* `word` is "--name" or "--name=value"; `next` the argument behind it or NULL. Sets *took_next when that was the value.
 */
static enum host_parsed take_option(struct parse *p, const char *word, const char *next, bool *took_next)
{
    const char *name = word + 2, *equals = strchr(name, '=');
    size_t len = equals ? (size_t)(equals - name) : strlen(name);
    const struct host_option *o = find_option(p, name, len);

    if (!o)
        return unknown_option(p, word, name, len);
    if (was_seen(p, o)) {
        if (o->kind != HOST_TEXTS)
            return wrong(p, word, "comes more than once");
    } else if (p->seen_count < SEEN_MAX) {
        p->seen[p->seen_count++] = o;
    }
    if (o->kind == HOST_FLAG) {
        if (equals)
            return wrong(p, word, "takes no value");
        *(bool *)o->target = true;
        return HOST_PARSED_RUN;
    }
    if (!equals && !next)
        return wrong(p, word, "needs a value: %s%s %s", o->name[1] ? "--" : "-", o->name, o->argument);
    *took_next = !equals;
    return set_value(p, o, equals ? equals + 1 : next);
}

static const struct host_word *words_of(const struct parse *p)
{
    return p->command ? p->command->words : p->program->words;
}

static enum host_parsed take_word(struct parse *p, const char *text)
{
    const struct host_word *w = words_of(p);

    for (size_t i = 0; w && w->name && i < p->words_used && w->kind != HOST_TEXTS; i++)
        w++;
    if (!w || !w->name)
        return wrong(p, text, "is one word too many");
    p->words_used++;
    if (w->kind == HOST_TEXTS)
        return add_text(p, w->name, (struct host_texts *)w->target, text);
    if (w->kind == HOST_CHOICE && !is_choice(w->choices, text))
        return wrong(p, text, "is not one of %s", w->choices);
    *(const char **)w->target = text;
    return HOST_PARSED_RUN;
}

static enum host_parsed check_missing(const struct parse *p)
{
    const struct host_option *tables[] = {p->command ? p->command->options : NULL, p->program->options};
    const struct host_word *w = words_of(p);

    for (size_t i = 0; w && w->name; i++, w++)
        if (w->required && i >= p->words_used)
            return wrong(p, w->name, "is missing (%s)", w->help);
    for (size_t t = 0; t < (p->command && p->program->command_optional ? 1u : 2u); t++)
        for (const struct host_option *o = tables[t]; o && o->name; o++)
            if (o->required && !was_seen(p, o)) {
                char name[80];

                snprintf(name, sizeof name, "%s%s %s", o->name[1] ? "--" : "-", o->name,
                         o->argument ? o->argument : "");
                return wrong(p, name, "is missing (%s)", o->help);
            }
    return HOST_PARSED_RUN;
}

static enum host_parsed choose_command(struct parse *p, const char *word)
{
    for (const struct host_command *c = p->program->commands; c->word; c++)
        if (!strcmp(c->word, word)) {
            p->command = c;
            return HOST_PARSED_RUN;
        }
    return p->program->command_optional && p->program->words ? take_word(p, word) : unknown_command(p, word);
}

/* A command may stand behind options that are the program's own; so it is looked for when the first word comes. */
static enum host_parsed take(struct parse *p, const char *word, const char *next, bool *took_next)
{
    if (!p->only_words && !strcmp(word, "--")) {
        p->only_words = true;
        return HOST_PARSED_RUN;
    }
    if (!p->only_words && !strncmp(word, "--", 2)) {
        if (!strcmp(word, "--help") || !strcmp(word, "--version")) {
            if (word[2] == 'h')
                host_help_print(p->program, p->command);
            else
                printf("%s %s\n", p->program->name, HANDHOLD_VERSION);
            fflush(stdout);
            return HOST_PARSED_DONE;
        }
        return take_option(p, word, next, took_next);
    }
    if (!p->only_words && word[0] == '-' && word[1] && !strcmp(word, "-h")) {
        host_help_print(p->program, p->command);
        return HOST_PARSED_DONE;
    }
    /* -o FILE, -v: one letter is the name of an option too when the table has it */
    if (!p->only_words && word[0] == '-' && word[1] && !word[2]) {
        char spelt[4] = {'-', '-', word[1], '\0'};

        return find_option(p, word + 1, 1) ? take_option(p, spelt, next, took_next)
                                           : unknown_option(p, word, word + 1, 1);
    }
    if (p->program->commands && !p->command && !p->words_used)
        return choose_command(p, word);
    return take_word(p, word);
}

enum host_parsed host_options_parse(const struct host_program *program, int argc, char **argv,
                                    const struct host_command **command)
{
    struct parse p = {.program = program};
    enum host_parsed result = HOST_PARSED_RUN;

    host_say_start(program->name, false);
    for (int i = 1; i < argc && result == HOST_PARSED_RUN; i++) {
        bool took_next = false;

        result = take(&p, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &took_next);
        i += took_next;
    }
    if (result != HOST_PARSED_RUN)
        return result;
    if (program->commands && !p.command && !program->command_optional)
        return wrong(&p, "command", "is missing");
    if (command)
        *command = p.command;
    return check_missing(&p);
}
