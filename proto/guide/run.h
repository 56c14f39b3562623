/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/guide/run.h - a guide that is being followed: which step is on, how the others ended, and by whom.
 *
 * The agent's end keeps the run and tells the customer's end how the list stands; both draw the same list. A step ends
 * by itself when its condition has become true, or by a button at either end. Only the step that is on can tick itself:
 * "wait until the router is up" must not be done before the router was switched off.
 *
 *      start -> tick (when something changed, or at deadline) / act (a button) … until end is set
 */
#ifndef PROTO_GUIDE_RUN_H
#define PROTO_GUIDE_RUN_H

#include "proto/guide/condition.h"

enum { PROTO_GUIDE_SETTLE_MS = 30000 /* behind the last step: so long it is waited whether the fault is gone */ };

/* The numbers of all four stand on the wire. */
enum proto_guide_outcome {
    PROTO_GUIDE_OPEN,
    PROTO_GUIDE_DONE,
    PROTO_GUIDE_SKIPPED,
    PROTO_GUIDE_FAILED,    /* did not work */
    PROTO_GUIDE_NOT_NEEDED /* it was passed over: not for this home, or a branch led past it */
};
enum proto_guide_by { PROTO_GUIDE_NOBODY, PROTO_GUIDE_ITSELF, PROTO_GUIDE_CUSTOMER, PROTO_GUIDE_AGENT };
enum proto_guide_act {
    PROTO_GUIDE_ACT_DONE = 1,
    PROTO_GUIDE_ACT_SKIP,
    PROTO_GUIDE_ACT_BACK,
    PROTO_GUIDE_ACT_FAILED,
    PROTO_GUIDE_ACT_CLOSE,
};
enum proto_guide_end { PROTO_GUIDE_GOES_ON, PROTO_GUIDE_SOLVED, PROTO_GUIDE_UNSOLVED, PROTO_GUIDE_CLOSED };

const char *proto_guide_outcome_name(enum proto_guide_outcome outcome); /* "did-not-work" */
const char *proto_guide_by_name(enum proto_guide_by by);                /* "itself" */
const char *proto_guide_act_name(enum proto_guide_act act);
enum proto_guide_act proto_guide_act_from_name(const char *name); /* 0: there is none so called */
const char *proto_guide_end_name(enum proto_guide_end end);

struct proto_guide_run {
    const struct proto_guide *guide; /* borrowed */
    char subject[PROTO_GUIDE_LABEL_BYTES];
    size_t current; /* = step_count: none */
    struct proto_guide_took {
        enum proto_guide_outcome outcome;
        enum proto_guide_by by;
        int64_t shown_ms, ended_ms; /* mono; 0: not yet */
        bool by_hand;               /* somebody went back to it: it ticks itself only after it was not so once */
    } steps[PROTO_GUIDE_STEPS_MAX];
    enum proto_guide_end end;
    size_t fixed_by; /* the step after which the fault was gone; = step_count: none */
    int64_t started_ms, ended_ms;
    bool was_wrong;   /* the fault was seen in this run: when it is gone, the guide has solved it */
    int64_t again_ms; /* when time alone may change something */
    struct proto_guide_hold hold;
};

void proto_guide_run_start(struct proto_guide_run *run, const struct proto_guide *guide, const char *subject,
                           int64_t mono_ms);
/** Holds the conditions against the facts. True when the list has changed. */
bool proto_guide_run_tick(struct proto_guide_run *run, const struct proto_guide_facts *facts, int64_t mono_ms);
/** A button. STATE: the run has ended, or `step` is not the one that is on (the other end was quicker); RANGE: no such.
 */
PROTO_MUST_USE enum proto_err proto_guide_run_act(struct proto_guide_run *run, size_t step, enum proto_guide_act act,
                                                  enum proto_guide_by by, int64_t mono_ms);
int64_t proto_guide_run_deadline(const struct proto_guide_run *run);

#endif
