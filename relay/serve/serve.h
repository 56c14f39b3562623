/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/serve.h - the running relay: the core, its store and log, and the loop that feeds them.
 *
 * The way of a message: listen (TCP, TLS) -> http (path, host, certificate) -> socket (whole messages) -> core ->
 * socket of the receiver. Whatever the core wants done meanwhile is done by serve_run_core(): jobs to the log's writer,
 * its results back, sockets woken, the timer set. One thread; the log's writer has its own.
 */
#ifndef RELAY_SERVE_SERVE_H
#define RELAY_SERVE_SERVE_H

#include "proto/host/loop.h"
#include "relay/core/core.h"
#include "relay/log/appender.h"
#include "relay/serve/config.h"
#include "relay/serve/folder.h"
#include "relay/serve/leaves.h"
#include "relay/store/store.h"

struct lws;
struct serve_listen;
struct serve_settings;
struct serve_sockets;
struct serve_tiles;
struct serve_witnesses;

/* guard.h */
struct serve_guard {
    bool full, disk_full; /* of memory_bytes; of the disk that the log is on */
    uint64_t resident_bytes, disk_free_bytes, refused_chatter;
};

/* tell.h */
struct serve_tell {
    unsigned lines, warnings, not_written; /* in this second */
    uint64_t refused_joins, refused_connections, refused_descriptors;
    int64_t minute_ms, day_ms, claim_ms; /* when each is told again */
    unsigned claims;                     /* since one was told */
};

/* broken.h */
struct serve_broken {
    char note[PROTO_LOG_CHECKPOINT_MAX]; /* what was proved first; empty: nothing */
    bool written;
};

struct serve {
    /* Borrowed */
    struct serve_settings *settings;
    const struct serve_config *config; /* theirs */
    struct serve_folder *folder;
    struct host_loop *loop;
    /* Owned */
    struct relay_store *writer; /* the appender's alone while it runs */
    struct relay_store *reader; /* this thread's */
    struct relay_appender *appender;
    struct relay_core *core;
    struct serve_leaves *leaves;
    struct serve_listen *listen;
    struct serve_sockets *sockets;
    struct serve_jobs *jobs;
    struct serve_tiles *tiles;
    struct serve_witnesses *witnesses; /* NULL without any */
    struct host_timer *core_timer, *watch_timer;

    char public_authority[SERVE_HOST_BYTES], staff_authority[SERVE_HOST_BYTES]; /* host[:port] */
    int64_t started_ms, drain_until_ms; /* monotonic; PROTO_NEVER: not draining */
    struct serve_guard guard;
    struct serve_tell tell;
    struct serve_broken broken;
    int64_t watchdog_ms, watchdog_due_ms; /* 0: nobody waits for a word of us */
    bool brought_up;                      /* the database was an earlier program's */
    int64_t core_due_ms;                  /* what core_timer is set to */
    int64_t expired_day;                  /* the same, of cases */
    int64_t retained_day;                 /* since 1970, on which what is over its time was last looked for */
    int64_t retain_from_ms;               /* monotonic; until then nothing is erased by its time */
    int64_t clock_offset_ms;              /* of the calendar, when it was last looked at; 0: not yet */
    int64_t jump_untold_ms;               /* by which it jumped, as nobody was told yet */
    int64_t untold_day;                   /* on which it was last said that this did not succeed */
    bool draining, leaving, stopping;     /* stopping: the core hears of nothing any more */
    bool objected;                        /* a witness has seen another log: it ends, and did not end well */
};

/** Opens store and log, restores the sessions, listens. false: the report has the error. serve_close() in any case. */
bool serve_open(struct serve *serve, struct serve_settings *settings, struct serve_folder *folder,
                struct host_loop *loop, struct serve_report *report);
void serve_close(struct serve *serve);

/** The core, and whom it asks for what is not its own (asked.c). */
PROTO_MUST_USE enum proto_err serve_core_new(struct serve *serve);
/** The core was told something: does all that it wants done now. */
void serve_run_core(struct serve *serve);
/** SIGHUP (`all`) and a changed file: notes (and certificates and settings) again. What does not hold is said, and the
 * old stays. */
void serve_reload(struct serve *serve, bool all);
/** The certificates alone: the one that does not load is said, and the old one stays. */
void serve_reload_certificates(struct serve *serve);
/** The notes alone, from within the core: nothing else is run. */
void serve_take_notes(struct serve *serve);
/** SIGTERM: no new session; the loop stops when the live ones have gone or drain_s is over. A second call stops now. */
void serve_drain(struct serve *serve);
/** Another relay takes over, or none: nobody new comes in, everybody is told and closed, and the loop stops. */
void serve_leave(struct serve *serve);

#endif
