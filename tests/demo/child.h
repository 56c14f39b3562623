/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/demo/child.h - the real programs as children: started, told by lines, read by their JSON Lines.
 *
 * Nothing sleeps: whoever waits, waits for an event of a child, and every wait has an end. What a child prints on
 * stderr goes to a file beside it and is shown when something goes wrong.
 */
#ifndef TESTS_DEMO_CHILD_H
#define TESTS_DEMO_CHILD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DEMO_CHILDREN_MAX 64
#define DEMO_EVENTS_MAX 20000

struct demo_event {
    json_t *json; /* owned */
    bool taken;
};

struct demo_child {
    char name[32];
    char log[512]; /* what it said on stderr */
    pid_t pid;     /* 0: reaped */
    int in, out;   /* its stdin, its stdout; -1: closed */
    int status;
    char *line; /* owned: what came without a line feed yet */
    size_t line_len, line_capacity;
    struct demo_event *events; /* owned */
    size_t count, capacity;
};

struct demo_children {
    const char *bin;    /* folder of the programs */
    const char *folder; /* for the log files */
    struct demo_child *all[DEMO_CHILDREN_MAX];
    size_t count;
};

/** Starts bin/argv[0]. NULL, with words on stderr, when it cannot. `name` is for messages and the log file. */
struct demo_child *demo_child_start(struct demo_children *children, const char *name, const char *const *argv);
/** One command, a JSON object without its line feed. */
void demo_child_tell(struct demo_child *child, const char *line);
/**
 * The first event of this name, not taken before, whose fields have these values (pairs of texts, ended by NULL; "true"
 * and "false" match booleans). Waits for it; NULL after `wait_ms`, or when the child is gone. Borrowed.
 */
json_t *demo_child_expect(struct demo_children *children, struct demo_child *child, int wait_ms, const char *event,
                          ...);
/** Reads what comes within `wait_ms`, from all children. For watching that something does not happen. */
void demo_children_watch(struct demo_children *children, int wait_ms);
/** How often this event (matching as above) has come so far, taken or not. */
size_t demo_child_count(const struct demo_child *child, const char *event, const char *field, const char *value);
/** Ends it by `number` (0: waits for it to end by itself) and returns its exit code; -1 when it had to be killed. */
int demo_child_stop(struct demo_children *children, struct demo_child *child, int number, int wait_ms);
/** Forgets those that have ended, so that there is room for others. */
void demo_children_drop_ended(struct demo_children *children);
/** Ends whatever still runs and frees all. */
void demo_children_clear(struct demo_children *children);

/** Runs bin/argv[0] to its end; its stdout goes to *out (owned by the caller, NUL-terminated; NULL: thrown away), its
 * stderr with it. Returns the exit code. */
int demo_run(const char *bin, const char *const *argv, char **out);
int64_t demo_mono_ms(void);
/** ms of CPU that it has used so far. */
double demo_child_cpu_ms(const struct demo_child *child);
/** What /proc/PID/status says in this field: "VmRSS", or "RssAnon" for what is its alone. 0: it is gone. */
double demo_child_kb(const struct demo_child *child, const char *field);
/** How many descriptors it has open. 0: it is gone. */
int demo_child_files(const struct demo_child *child);

/** From now on SIGINT, SIGTERM and SIGHUP end every wait, so that what was begun is cleaned up. */
void demo_stop_on_signals(void);
bool demo_is_stopped(void);

#endif
