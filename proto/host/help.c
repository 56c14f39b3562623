/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/help.h"

#include <stdio.h>
#include <string.h>

#define COLUMN 30 /* where the explanations begin */

static void print_row(const char *left, const char *help)
{
    int len = (int)strlen(left);

    if (len >= COLUMN - 2)
        printf("  %s\n%*s%s\n", left, COLUMN, "", help);
    else
        printf("  %-*s%s\n", COLUMN - 2, left, help);
}

static void print_usage(const struct host_option *table)
{
    for (; table && table->name; table++)
        if (table->required)
            printf(" %s%s %s", table->name[1] ? "--" : "-", table->name, table->argument);
}

static void print_words_usage(const struct host_word *w)
{
    for (; w && w->name; w++)
        printf(w->required ? " %s%s" : " [%s%s]", w->name, w->kind == HOST_TEXTS ? "…" : "");
}

static void print_option(const struct host_option *o)
{
    char left[128], help[512];
    const char *dashes = o->name[1] ? "--" : "-";

    snprintf(left, sizeof left, "%s%s%s%s", dashes, o->name, o->argument ? " " : "", o->argument ? o->argument : "");
    switch (o->kind) {
    case HOST_INTEGER:
    case HOST_NUMBER:
        snprintf(help, sizeof help, "%s (%lld to %lld)", o->help, (long long)o->min, (long long)o->max);
        break;
    case HOST_CHOICE:
        snprintf(help, sizeof help, "%s (%s)", o->help, o->choices);
        break;
    case HOST_TEXTS:
        snprintf(help, sizeof help, "%s (may be repeated)", o->help);
        break;
    case HOST_FLAG:
    case HOST_TEXT:
        snprintf(help, sizeof help, "%s", o->help);
        break;
    }
    print_row(left, help);
}

static void print_options(const struct host_option *table)
{
    for (; table && table->name; table++)
        if (!table->hidden)
            print_option(table);
}

static void print_words(const struct host_word *table)
{
    for (; table && table->name; table++) {
        char help[512];

        if (table->kind == HOST_CHOICE)
            snprintf(help, sizeof help, "%s (%s)", table->help, table->choices);
        else
            snprintf(help, sizeof help, "%s", table->help);
        print_row(table->name, help);
    }
}

void host_help_print(const struct host_program *program, const struct host_command *command)
{
    const struct host_word *words = command ? command->words : program->words;

    printf("%s%s%s: %s\n\nUsage: %s", program->name, command ? " " : "", command ? command->word : "",
           command ? command->summary : program->summary, program->name);
    if (command)
        printf(" %s", command->word);
    else if (program->commands)
        printf(program->command_optional ? " [COMMAND]" : " COMMAND");
    print_words_usage(words);
    print_usage(command ? command->options : NULL);
    print_usage(program->options);
    printf(" [OPTION…]\n\n");
    if (!command && program->commands) {
        for (const struct host_command *c = program->commands; c->word; c++)
            print_row(c->word, c->summary);
        printf("\n");
    }
    print_words(words);
    print_options(command ? command->options : NULL);
    print_options(program->options);
    print_row("--help", "print this, or with a command its own help");
    print_row("--version", "print the version");
    if ((command ? command->notes : program->notes))
        printf("\n%s\n", command ? command->notes : program->notes);
    printf("\nExit codes: 0 fine, 1 failed, 2 wrong usage or configuration.\n");
}
