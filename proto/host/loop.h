/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/loop.h - the one loop of a program: connections, timers, lines and signals call back from here.
 *
 * Everything runs on the thread that calls host_loop_run(); no callback is called at any other time. Objects that were
 * made on a loop (timers, line readers, connections) are freed before it. Only host_loop_wake() may be called from
 * another thread.
 */
#ifndef PROTO_HOST_LOOP_H
#define PROTO_HOST_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/util/err.h"
#include "proto/util/time.h"

struct lws_context;
struct host_loop;
struct host_timer;
struct host_lines;

/**
 * What waits in place of libwebsockets' own poll(), which looks at every descriptor each time: worth a library above a
 * hundred connections. Functions get `foreign`; `timer_set` with a negative wait unsets.
 */
struct host_engine {
    uint64_t lws_option;
    uint16_t header_bytes;    /* of the head of a request; 0: 4096 */
    uint16_t headers_at_once; /* heads under way, more wait for a place; 0: 512 */
    unsigned handshake_s;     /* how long libwebsockets waits for an end of TLS and a head; 0: 10 */
    void *foreign;            /* what libwebsockets is given as its loop */
    void (*run)(void *foreign);
    void (*stop)(void *foreign);
    void (*step)(void *foreign);
    /** Calls `pass` before each wait; while it returns true the loop does not wait. */
    void (*on_pass)(void *foreign, bool (*pass)(void *context), void *context);
    /** Calls `called` after the present callback, before any other event. */
    void (*next)(void *foreign, void (*called)(void *context), void *context);
    void *(*timer_new)(void *foreign, void (*fired)(void *context), void *context); /* NULL: out of memory */
    void (*timer_set)(void *timer, int64_t wait_ms);
    void (*timer_free)(void *timer);
};

/** PROTO_ERR_NOMEM when the machine gives no loop. */
PROTO_MUST_USE enum proto_err host_loop_new(struct host_loop **out);
/** The same on an engine, which is borrowed and outlives the loop. */
PROTO_MUST_USE enum proto_err host_loop_new_on(struct host_loop **out, const struct host_engine *engine);
void host_loop_free(struct host_loop *loop); /* NULL is fine */

/** Runs until host_loop_stop(); may be called again afterwards. */
void host_loop_run(struct host_loop *loop);
/** Makes run return once the present callback is over. Loop's thread only. */
void host_loop_stop(struct host_loop *loop);
/** One pass: waits for one event (a timer counts) and serves it. For tests and for owners with several loops. */
void host_loop_step(struct host_loop *loop);

/**
 * Once in each pass, after what happened was told and before the loop waits: for work that is cheaper done together.
 * `pass` returns true when there is more, and is then called again without a wait. Set once.
 */
void host_loop_on_pass(struct host_loop *loop, bool (*pass)(void *context), void *context);

/**
 * In a callback: `called` is called right after it, before any other connection has its turn. Only with an engine that
 * can; else the end of the pass has to do. Set once.
 */
void host_loop_on_next(struct host_loop *loop, void (*called)(void *context), void *context);
void host_loop_next(struct host_loop *loop);

/**
 * From any thread: the loop calls `woken` soon. Several wakes may be answered by one call. Set once, before another
 * thread may wake.
 */
void host_loop_on_wake(struct host_loop *loop, void (*woken)(void *context), void *context);
void host_loop_wake(struct host_loop *loop);

/**
 * SIGINT, SIGTERM and SIGHUP come to `on_signal` from now on instead of ending the program; SIGPIPE is ignored. Call it
 * before any thread is started, so that all threads inherit the blocked signals; once in a program.
 */
PROTO_MUST_USE enum proto_err host_loop_on_signal(struct host_loop *loop, void (*on_signal)(void *context, int number),
                                                  void *context);

/** A one-shot timer, not set. */
PROTO_MUST_USE enum proto_err host_timer_new(struct host_timer **out, struct host_loop *loop,
                                             void (*fired)(void *context), void *context);
void host_timer_free(struct host_timer *timer); /* NULL is fine */
/** Fires once when host_now().mono_ms has reached `mono_ms` (in the past: soon). PROTO_NEVER: not set any more. */
void host_timer_set(struct host_timer *timer, int64_t mono_ms);

/**
 * Reads lines from `fd` (0: stdin), which stays the caller's and keeps its flags: a thread of its own does the waiting,
 * because a terminal that is set to non-blocking is so for its writers too.
 * `line` ends with NUL, has no line feed, and is borrowed for the call. A line longer than `max_bytes` comes as NULL,
 * once, with its rest thrown away. `ended` (may be NULL) is called once, at the end of the file or an error.
 */
PROTO_MUST_USE enum proto_err host_lines_new(struct host_lines **out, struct host_loop *loop, int fd, size_t max_bytes,
                                             void (*on_line)(void *context, char *line), void (*ended)(void *context),
                                             void *context);
void host_lines_free(struct host_lines *lines); /* NULL is fine; also from its own callbacks */

/** For adapters of libwebsockets that add virtual hosts of their own. Borrowed. */
struct lws_context *host_loop_context(struct host_loop *loop);

#endif
