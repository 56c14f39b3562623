/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/guide_view.h - guides and earlier visits as a screen shows them: words, signs, and which buttons there
 * are.
 *
 * Texts for people are English message ids (N_), which the window translates.
 */
#ifndef AGENT_DESK_GUIDE_VIEW_H
#define AGENT_DESK_GUIDE_VIEW_H

#include "agent/desk/cases.h"
#include "agent/desk/view.h"

/** Why a guide is proposed. */
const char *agent_guide_view_reason(const struct agent_desk_proposal *proposal);
/** What it did for these people before; "" when they never followed it. */
const char *agent_guide_view_tried(const struct agent_desk_learned *learned);

/* How a step stands: no sign alone tells it, and no colour. */
struct agent_guide_view_step {
    const char *sign, *words; /* "✓", "Done by itself" */
    bool current;
};
struct agent_guide_view_step agent_guide_view_step(const struct proto_guide_run *run, size_t step);
/** Steps that are over, for "2 of 4". */
size_t agent_guide_view_over(const struct proto_guide_run *run);
/** How the run ended; "" while it goes on. */
const char *agent_guide_view_end(const struct proto_guide_run *run);
/** Whether the button does something now. */
bool agent_guide_view_may(const struct proto_guide_run *run, enum proto_guide_act act);

#define AGENT_GUIDE_VIEW_VISIT_MAX 6u /* guides of one visit that are shown */

/* One earlier visit. */
struct agent_guide_view_visit {
    int64_t unix_ms;
    size_t count;
    struct {
        char guide[PROTO_GUIDE_ID_BYTES], fixed_by[PROTO_GUIDE_ID_BYTES];
        const char *end; /* message id: "Solved it", … */
    } guides[AGENT_GUIDE_VIEW_VISIT_MAX];
    unsigned stars; /* 0: not rated */
};
/** Of a line of agent_desk_cases_before(). FORMAT: it is none. */
PROTO_MUST_USE enum proto_err agent_guide_view_visit(const char *json, struct agent_guide_view_visit *out);

#endif
