/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/jobs.h - between the core and the log's writer: jobs out, results back, and what a gate may rest on.
 *
 * The writer answers in the order in which it was asked, so what must be known of a job when its result comes waits in
 * a ring beside it.
 */
#ifndef RELAY_SERVE_JOBS_H
#define RELAY_SERVE_JOBS_H

#include "relay/serve/serve.h"

struct serve_jobs;

PROTO_MUST_USE enum proto_err serve_jobs_new(struct serve_jobs **out);
void serve_jobs_free(struct serve_jobs *jobs); /* NULL is fine */

/** How long the log took, from asking to durable. Borrowed. */
const struct relay_histogram *serve_jobs_appended(const struct serve_jobs *jobs);

/** Pushes all that the core wants written and hands it all results that are ready. */
void serve_jobs_run(struct serve_jobs *jobs, struct serve *serve);

/** Gives the core back the sessions that were there when the relay ended, and the leaves their gates may rest on. */
bool serve_jobs_restore(struct serve *serve, struct serve_report *report);

#endif
