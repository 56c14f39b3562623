/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/guides.h - which guide helps here, and the one that is being followed.
 *
 * Guides are proposed by what the home reports, by which devices there are, and by what somebody searches for; what
 * fixed the same thing elsewhere ranks them (agent/desk/cases.h). One guide is followed at a time. This end keeps its
 * run, sends its steps and pictures to the customer's end piece by piece as there is room, and then how the list stands
 * each time it changes; buttons at the customer's end come back as GuideAct.
 */
#ifndef AGENT_DESK_GUIDES_H
#define AGENT_DESK_GUIDES_H

#include "agent/desk/devices.h"
#include "proto/guide/run.h"
#include "proto/session/session.h"

enum { AGENT_DESK_PROPOSALS_MAX = 16 };

/* What was learned of a guide on a model: from the cases of all agents. */
struct agent_desk_learned {
    unsigned shown, solved;   /* runs, and those after which the fault was gone */
    bool tried, tried_solved; /* by this customer before */
};

struct agent_desk_proposal {
    const struct proto_guide *guide;       /* borrowed */
    char subject[PROTO_GUIDE_LABEL_BYTES]; /* "" for none */
    double score;
    bool symptoms, searched; /* why: it is so here; it was searched for */
    struct agent_desk_learned learned;
};

struct agent_desk_guides_config {
    struct proto_session *session;         /* borrowed */
    struct agent_desk_devices *devices;    /* borrowed */
    const struct proto_guide *const *list; /* borrowed, as long as this */
    size_t count;
    /** Fills `out` with what is known of the guide on the subject's model. NULL: nothing is. */
    void (*learned)(void *context, const struct proto_guide *guide, const char *model, struct agent_desk_learned *out);
    /** The run has changed: drawn, told, or, when it has ended, put down. */
    void (*changed)(void *context, const struct proto_guide_run *run);
    /** The guide waits for a check: it is to be run again. */
    void (*want_check)(void *context, const char *check);
    void *context;
};

struct agent_desk_guides;

PROTO_MUST_USE enum proto_err agent_desk_guides_new(struct agent_desk_guides **out,
                                                    const struct agent_desk_guides_config *config);
void agent_desk_guides_free(struct agent_desk_guides *guides); /* NULL is fine */

/** Best first. `search` NULL or "": by the home alone. How many there are. */
size_t agent_desk_guides_propose(struct agent_desk_guides *guides, const char *search,
                                 struct agent_desk_proposal out[static AGENT_DESK_PROPOSALS_MAX]);
/** NOT_FOUND: no such guide. Takes the place of the one before, which counts as closed. `subject` "": the one that is
 * proposed, if there is one. */
PROTO_MUST_USE enum proto_err agent_desk_guides_start(struct agent_desk_guides *guides, const char *id,
                                                      const char *subject, struct proto_now now);
/** The agent's button; as proto_guide_run_act(). STATE: no guide is followed. */
PROTO_MUST_USE enum proto_err agent_desk_guides_act(struct agent_desk_guides *guides, enum proto_guide_act act,
                                                    struct proto_now now);
/** GuideAct and GuideWish of the customer; others are left alone. */
void agent_desk_guides_take(struct agent_desk_guides *guides, const handhold_Data *data, struct proto_now now);
/** Other guides from now on; the old list is not looked at again, but the guide of a run that is on is. */
void agent_desk_guides_set(struct agent_desk_guides *guides, const struct proto_guide *const *list, size_t count);
/** The home has changed, or the deadline has come. */
void agent_desk_guides_tick(struct agent_desk_guides *guides, struct proto_now now);
int64_t agent_desk_guides_deadline(const struct agent_desk_guides *guides);
/** The run; NULL when there was none yet. Borrowed. */
const struct proto_guide_run *agent_desk_guides_run(const struct agent_desk_guides *guides);
/** Language of the customer, as its end said; "en" before. */
const char *agent_desk_guides_language(const struct agent_desk_guides *guides);

#endif
