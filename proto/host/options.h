/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/options.h - a program's command line as one table: it parses, checks, and prints the help.
 *
 * A program fills a `struct host_program` with static tables whose `target`s are its own static variables, already set
 * to their defaults, and calls host_options_parse() once. `--name value` and `--name=value` are the same; `--` ends the
 * options. Texts stay borrowed from argv. --help and --version are in every program by themselves.
 *
 *     static struct { const char *dir; int64_t days; bool json; } opt = {.days = 30};
 *     static const struct host_option options[] = {
 *         {"dir", "D", HOST_TEXT, &opt.dir, .required = true, .help = "folder of the organisation"},
 *         {"days", "N", HOST_INTEGER, &opt.days, .min = 1, .max = 30, .help = "how long it is valid"},
 *         {"json", NULL, HOST_FLAG, &opt.json, .help = "print JSON Lines"},
 *         {0}};
 */
#ifndef PROTO_HOST_OPTIONS_H
#define PROTO_HOST_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_TEXTS_MAX 64u /* how often a repeatable option may come */

struct host_texts {
    const char *items[HOST_TEXTS_MAX]; /* borrowed from argv */
    size_t count;
};

/*                       what `target` points to */
enum host_option_kind {
    HOST_FLAG = 1, /* bool: set to true */
    HOST_TEXT,     /* const char *: may come once */
    HOST_TEXTS,    /* struct host_texts: may come again and again */
    HOST_INTEGER,  /* int64_t: decimal, min..max */
    HOST_NUMBER,   /* double: decimal, min..max */
    HOST_CHOICE,   /* const char *: one of the words in `choices`, parted by | */
};

struct host_option {
    const char *name;     /* without the dashes; NULL ends the table */
    const char *argument; /* what the help calls the value; NULL for a flag */
    enum host_option_kind kind;
    void *target;
    int64_t min, max;    /* HOST_INTEGER, HOST_NUMBER */
    const char *choices; /* HOST_CHOICE: "ask|none" */
    bool required;
    bool hidden; /* not in the help: for tests */
    const char *help;
};

/** A word without dashes. Optional ones come last; HOST_TEXTS takes all that are left. */
struct host_word {
    const char *name;           /* what the help calls it; NULL ends the table */
    enum host_option_kind kind; /* HOST_TEXT, HOST_CHOICE or HOST_TEXTS */
    void *target;
    const char *choices;
    bool required;
    const char *help;
};

struct host_command {
    const char *word;                  /* "issue"; NULL ends the table */
    const char *summary;               /* one line */
    const struct host_option *options; /* may be NULL */
    const struct host_word *words;     /* may be NULL */
    int (*run)(void);                  /* the program's own use: returns its exit code */
    const char *notes;                 /* more text for this command's help; may be NULL */
};

struct host_program {
    const char *name;                    /* "handhold-certs" */
    const char *summary;                 /* one line */
    const struct host_option *options;   /* of every command, or of the program that has none */
    const struct host_word *words;       /* of a program without commands, or of the call without one */
    const struct host_command *commands; /* NULL: none */
    /* No command word: the program's own options and words are meant; with one, none of those is required. */
    bool command_optional;
    const char *notes;                   /* more text for the help; may be NULL */
};

enum host_parsed {
    HOST_PARSED_RUN,   /* all is set: go on */
    HOST_PARSED_DONE,  /* help or version is printed: exit HOST_EXIT_FINE */
    HOST_PARSED_WRONG, /* one line on stderr says what is wrong: exit HOST_EXIT_USAGE */
};

/**
 * Reads the command line. `*command` is the command that was named, NULL when the program has none or none was needed;
 * `command` itself may be NULL for a program without commands. Calls host_say_start() with the program's name.
 */
enum host_parsed host_options_parse(const struct host_program *program, int argc, char **argv,
                                    const struct host_command **command);

#endif
