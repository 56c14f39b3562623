/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/cases.h - what was tried, what fixed it, and what that teaches.
 *
 * A count is one line for each guide that was followed, without any person: guide, model, how it ended, and each step's
 * outcome; it is kept with or without a consent. A case is one line of a visit, the person's side (devices, checks,
 * guides, rating), and is kept only under the consent `history`, with the day on which it goes.
 *
 * Where the lines lie is a keeper's affair: the relay, sealed (shelf.h), or a folder (agent_desk_cases_open), where
 * `counts.jsonl` has the counts and a file whose name is a hash of the customer's reference, under a key of the
 * folder's own, that customer's cases. What has had its day goes when the customer comes again, and once a day for all.
 */
#ifndef AGENT_DESK_CASES_H
#define AGENT_DESK_CASES_H

#include "agent/desk/guides.h"

enum {
    AGENT_DESK_LEARNED_MAX = 4096, /* pairs of guide and model */
    AGENT_DESK_CASE_BYTES = 38912, /* one case as a line: as much as a relay keeps (proto/seal/kept.h) */
    AGENT_DESK_CASES_SHOWN = 32,   /* of one customer, the newest */
};

struct agent_desk_cases;

/* Where lines go. All but drafts must be there; `keep` with line NULL: what was kept of this visit is to go. */
struct agent_desk_cases_keeper {
    void (*count)(void *context, const char *line);
    void (*keep)(void *context, const char *line, uint32_t days);
    void (*free)(void *context); /* NULL: the context is somebody else's */
    void *context;
    bool drafts; /* one line takes the place of the one before, so it may be kept while the visit lasts */
};

PROTO_MUST_USE enum proto_err agent_desk_cases_new(struct agent_desk_cases **out,
                                                   const struct agent_desk_cases_keeper *keeper);
/** A folder: reads what was learned, and this customer's cases (`customer_ref` NULL: none). The folder is made when it
 * is missing. */
PROTO_MUST_USE enum proto_err agent_desk_cases_open(struct agent_desk_cases **out, const char *folder,
                                                    const char *customer_ref, struct proto_now now);
void agent_desk_cases_free(struct agent_desk_cases *cases); /* NULL is fine */

/** What is known of a guide on a model, and whether these people tried it before. */
void agent_desk_cases_learned(const struct agent_desk_cases *cases, const char *guide, const char *model,
                              struct agent_desk_learned *out);
/** This customer's earlier cases as JSON texts, newest first; NULL behind the last. Borrowed. */
const char *agent_desk_cases_before(const struct agent_desk_cases *cases, size_t index);

/** Of the session that runs: a guide that ended (or did not), the home as it is, the rating. */
void agent_desk_cases_run(struct agent_desk_cases *cases, const struct proto_guide_run *run, const char *model);
void agent_desk_cases_devices(struct agent_desk_cases *cases, const struct agent_desk_devices *devices);
void agent_desk_cases_rate(struct agent_desk_cases *cases, unsigned stars, bool solved);
/** Keeps the case as it is by now, where drafts are kept. */
void agent_desk_cases_draft(struct agent_desk_cases *cases, uint32_t days, struct proto_now now);
/** The person took the consent back: what was kept of this visit goes. */
void agent_desk_cases_forget(struct agent_desk_cases *cases);
/** The visit is over: keeps the case when `days` is not 0. Counts were kept before. */
void agent_desk_cases_close(struct agent_desk_cases *cases, uint32_t days, struct proto_now now);

/** Everything of a customer goes. NOT_FOUND: there is nothing. */
PROTO_MUST_USE enum proto_err agent_desk_cases_erase(const char *folder, const char *customer_ref);

/* What `handhold-guide report` tells: one row for each guide, model and step ("" for the whole guide). */
struct agent_desk_count {
    char guide[PROTO_GUIDE_ID_BYTES], model[PROTO_GUIDE_LABEL_BYTES], step[PROTO_GUIDE_ID_BYTES];
    unsigned shown, done, by_itself, did_not_work, skipped, fixed;
};
/** Rows sorted by guide, model and step; free() the list. */
PROTO_MUST_USE enum proto_err agent_desk_cases_report(const char *folder, struct agent_desk_count **out, size_t *count);

#endif
