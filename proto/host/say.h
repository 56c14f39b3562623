/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/say.h - what a program says: events of its own on stderr, results on stdout.
 *
 * stderr: one event a line, "program: level: text". An error that a person can mend names the value, the rule it broke
 * and the way out: "program: VALUE: rule; way out". stdout: results, as text or as JSON Lines (one object a line,
 * flushed at once, because a script waits for it). Control characters in a text from outside, and what hides or turns
 * text, are shown as \xNN, so that nobody can forge a line of the log. Safe from several threads: each call writes one
 * whole line.
 */
#ifndef PROTO_HOST_SAY_H
#define PROTO_HOST_SAY_H

#include <jansson.h>
#include <stdbool.h>

#include "proto/util/err.h"

/** What every program answers to the shell. */
enum host_exit { HOST_EXIT_FINE = 0, HOST_EXIT_FAILED = 1, HOST_EXIT_USAGE = 2 };

enum host_level { HOST_DEBUG, HOST_INFO, HOST_WARN, HOST_ERROR };

/** The name in front of every line, and whether debug lines are shown. `program` is borrowed for good. */
void host_say_start(const char *program, bool debug);
/** The least that host_say() writes from now on. */
void host_say_level(enum host_level least);
/** From now on each line of the log is an event on stdout, too: {"event": LEVEL, "message": TEXT}; for a program whose
 * results are JSON Lines, so that a script reads there why there are none. */
void host_say_json(void);
/** One line of the log. Never give it a secret. */
void host_say(enum host_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** A name for systemd's journal, in capitals, and its value. */
struct host_field {
    const char *name, *value;
};
/** The same line; where stderr is systemd's journal it keeps the fields beside it, and is asked for one by
 * `journalctl NAME=value`. */
void host_say_fields(enum host_level level, const struct host_field *fields, size_t count, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** "program: VALUE: rule; way out". `way_out` may be NULL or empty. */
void host_say_error(const char *value, const char *rule, const char *way_out);
/** The same with the rule and the way out of `err`; for PROTO_ERR_IO with what errno says in between. */
void host_say_err(const char *value, enum proto_err err);

/** `code`, or HOST_EXIT_FAILED after a word about it when not all of stdout could be written (a full disk): for the end
 * of a program whose results are there, which may have gone into a file. */
int host_say_end(int code);

/** Writes `line` as one line of JSON on stdout and flushes. Takes the reference; NULL (out of memory) is ignored. */
void host_json_line(json_t *line);
/**
 * {"event": `event`, …} as one line of JSON. `format` and what follows are those of json_pack and describe one object
 * with the other fields, e.g. host_json_event("ready", "{s:s,s:s}", "public", url, "staff", other); NULL: no other
 * field.
 */
void host_json_event(const char *event, const char *format, ...);

#endif
