/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/officer.h - what officers ask of a running relay, between the core and the stored log; and what the log
 * says must be gone, done again before anything is served.
 */
#ifndef RELAY_SERVE_OFFICER_H
#define RELAY_SERVE_OFFICER_H

#include "relay/log/ended.h"
#include "relay/serve/serve.h"

/* As relay_core_config wants them; `context` is the serve. */
enum proto_err serve_officer_erasable(void *context, const char *log, const char *ref, const uint8_t sid[16],
                                      struct proto_erasure *out, bool *more);
enum proto_err serve_officer_check_policy(void *context, const char *note);
enum proto_err serve_officer_take_policy(void *context, const char *note);
void serve_officer_retain_soon(void *context);
enum proto_err serve_officer_read_log(void *context, const struct relay_log_asked *asked, struct proto_buf *out,
                                      uint64_t *next);
/* ended.c: of logs that an officer ended */
size_t serve_ended_origins(void *context, char origins[RELAY_ENDED_MAX][PROTO_ERASURE_LOG_MAX + 1]);
enum proto_err serve_ended_plan(struct serve *serve, const char *log, const struct log_ended_subject *subject,
                                struct proto_erasure *out, bool *more);
enum proto_err serve_ended_check(void *context, const struct proto_erasure *what);
enum proto_err serve_ended_erase(void *context, const struct proto_erasure *what, uint64_t *erased);
enum proto_err serve_ended_read(void *context, unsigned n, bool sessions, uint64_t from, struct proto_buf *out,
                                struct relay_ended_part *part);
/** The first of them that holds what is over its time; `out->count` 0: none does. */
void serve_ended_stale(struct serve *serve, int64_t before_ms, struct proto_erasure *out);
/** As serve_officer_erase_again(), in each of them. What cannot be done there is a warning: nothing of it is served. */
void serve_ended_erase_again(struct serve *serve, struct serve_report *report);

/** officer.c: a part of an open store. */
enum proto_err serve_officer_read(struct relay_store *store, const struct relay_log_asked *asked, struct proto_buf *out,
                                  uint64_t *next);

/**
 * Erases again what the log's class 3 notes name, while nobody else writes its store: a copy that was put back may hold
 * it. False: an error is in the report.
 */
bool serve_officer_erase_again(struct serve *serve, struct serve_report *report);
/** Tells the core how far the chains of officers, and of the relay, have come. False: so, or a note of the organisation
 * is not the newest that was in force here. */
bool serve_officer_restore(struct serve *serve, struct serve_report *report);
/** When sessions are restored: those that an officer stopped end. False: an error is in the report. */
bool serve_officer_stop_again(struct serve *serve, struct serve_report *report);
/** What is served from now on is kept and logged. */
void serve_officer_begin(struct serve *serve);
/** Once a day, and when `now` is true: destroys evidence that is older than the policy lets it be. */
void serve_officer_retain(struct serve *serve, bool now);

#endif
