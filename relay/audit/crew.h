/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/crew.h - jobs that are filled and taken back in order by one thread, and done by many in between.
 *
 * Whoever verifies must say what is wrong first, so results have to come in order; only the work between is anybody's.
 * A worker has an organisation of its own, because a store's handle does one thing at a time.
 *
 *     audit_crew_new(&crew, &config, o);
 *     while (more to do && (job = audit_crew_job(crew)))  { fill it; audit_crew_send(crew); }
 *     err = audit_crew_finish(crew);
 */
#ifndef RELAY_AUDIT_CREW_H
#define RELAY_AUDIT_CREW_H

#include "relay/audit/organisation.h"

struct audit_crew;

struct audit_crew_config {
    unsigned threads; /* 0: one for each core */
    size_t job_bytes; /* of a job, whose bytes are the caller's own business */
    void (*work)(struct audit_organisation *o, void *context, void *job); /* on some thread; context is read only */
    enum proto_err (*take)(void *context, void *job); /* on the caller's thread, in the order of sending */
    void *context;
};

/** NOMEM; IO: a store cannot be opened again (said). `o` must outlive it, and stays the caller's own. */
PROTO_MUST_USE enum proto_err audit_crew_new(struct audit_crew **out, const struct audit_crew_config *config,
                                             const struct audit_organisation *o);
/** The next job, zeroed; takes finished ones first. NULL: take() returned an error, which finish() gives again. */
void *audit_crew_job(struct audit_crew *crew);
void audit_crew_send(struct audit_crew *crew); /* the job that audit_crew_job() gave last */
/** Takes what is left, ends the threads, frees. */
PROTO_MUST_USE enum proto_err audit_crew_finish(struct audit_crew *crew);

#endif
