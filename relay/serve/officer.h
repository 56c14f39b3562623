/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/officer.h - what officers ask of a running relay, between the core and the stored log; and what the log
 * says must be gone, done again before anything is served.
 */
#ifndef RELAY_SERVE_OFFICER_H
#define RELAY_SERVE_OFFICER_H

#include "relay/serve/serve.h"

/* As relay_core_config wants them; `context` is the serve. */
enum proto_err serve_officer_erasable(void *context, const char *ref, const uint8_t sid[16], struct proto_erasure *out,
                                      bool *more);
enum proto_err serve_officer_check_policy(void *context, const char *note);
enum proto_err serve_officer_take_policy(void *context, const char *note);
void serve_officer_retain_soon(void *context);
enum proto_err serve_officer_read_log(void *context, bool sessions, uint64_t from, struct proto_buf *out,
                                      uint64_t *next);

/**
 * Erases again what the log's class 3 notes name, on a store that nobody else writes: a copy that was put back may hold
 * it. False: an error is in the report.
 */
bool serve_officer_erase_again(struct relay_store *writer, const char *place, struct serve_report *report);
/** Tells the core how far the chains of officers, and of the relay, have come. */
bool serve_officer_restore(struct serve *serve, struct serve_report *report);
/** Once a day, and when `now` is true: destroys evidence that is older than the policy lets it be. */
void serve_officer_retain(struct serve *serve, bool now);

#endif
