/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/cases.h - what was tried, what fixed it, and what that teaches.
 *
 * A folder with two kinds of files. `counts.jsonl` has one line for each guide that was followed, without any person:
 * guide, model, how it ended, and each step's outcome. It is counted with or without a consent. A case has the person's
 * side (devices, checks, guides, rating) and is written only under the consent `history`, to a file whose name is a
 * hash of the customer's reference, with the day on which it goes; agent_desk_cases_open() removes what is over.
 *
 * This folder is the agent's machine or a shared one. Cases at the relay under the customer's key are another door to
 * the same lines (README.md, cases).
 */
#ifndef AGENT_DESK_CASES_H
#define AGENT_DESK_CASES_H

#include "agent/desk/guides.h"

enum {
    AGENT_DESK_LEARNED_MAX = 4096,      /* pairs of guide and model */
    AGENT_DESK_CASE_BYTES = 256 * 1024, /* one case as a line */
    AGENT_DESK_CASES_SHOWN = 32,        /* of one customer, the newest */
};

struct agent_desk_cases;

/** Reads what was learned, and this customer's cases (`customer_ref` NULL: none). The folder is made when it is
 * missing. */
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
/** Writes the case when `customer_ref` is set and `days` is not 0. Counts were written before. */
void agent_desk_cases_close(struct agent_desk_cases *cases, const char *customer_ref, uint32_t days,
                            struct proto_now now);

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
