/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/home.h - the customer's home beside the picture: what it reports, checks, guides, and what became of them.
 *
 * Belongs to a desk and its session, and is fed by the desk's listener: each event, each StateChange. The window and
 * the headless program drive the same home. When the consent for device state ends, all that it told is forgotten here.
 */
#ifndef AGENT_DESK_HOME_H
#define AGENT_DESK_HOME_H

#include "agent/desk/devices.h"
#include "agent/desk/guides.h"

struct agent_desk_cases;
struct agent_desk_home;

/* Told while home's functions run. Pointers hold for the call. Each may be NULL. */
struct agent_desk_home_listener {
    /** A check began or ended; `mine`: a guide asked for it, not a person. */
    void (*check)(void *context, const handhold_CheckResult *result, bool mine);
    void (*guide)(void *context, const struct proto_guide_run *run);
    /** Other guides than before, or in another order. */
    void (*proposals)(void *context, const struct agent_desk_proposal *list, size_t count);
    void *context;
};

struct agent_desk_home_config {
    struct proto_session *session;           /* borrowed */
    const struct proto_guide *const *guides; /* borrowed, as long as this */
    size_t guide_count;
    struct agent_desk_cases *cases; /* borrowed; NULL: nothing is learned or kept */
    struct agent_desk_home_listener listener;
};

PROTO_MUST_USE enum proto_err agent_desk_home_new(struct agent_desk_home **out,
                                                  const struct agent_desk_home_config *config, struct proto_now now);
void agent_desk_home_free(struct agent_desk_home *home); /* NULL is fine */

/** Each event of the session and each StateChange, as the desk tells them. */
void agent_desk_home_event(struct agent_desk_home *home, const struct proto_event *event, struct proto_now now);
void agent_desk_home_state(struct agent_desk_home *home, const handhold_StateChange *change, struct proto_now now);
void agent_desk_home_tick(struct agent_desk_home *home, struct proto_now now);
int64_t agent_desk_home_deadline(const struct agent_desk_home *home);

/** More was learned, or there are other guides, than before: proposals are made anew. */
void agent_desk_home_learned(struct agent_desk_home *home, struct proto_now now);
/** Other guides from now on; the run that is on keeps its own, so what was given before must live as long as this. */
void agent_desk_home_set_guides(struct agent_desk_home *home, const struct proto_guide *const *list, size_t count,
                                struct proto_now now);
/**
 * Asks the customer's end to run a check ("chain": all of them). CONSENT: device state is not granted; RANGE: a name or
 * target is too long. The number of the ask is in *id.
 */
PROTO_MUST_USE enum proto_err agent_desk_home_check(struct agent_desk_home *home, const char *check, const char *target,
                                                    uint32_t *id, struct proto_now now);
/** 0: all. */
PROTO_MUST_USE enum proto_err agent_desk_home_cancel(struct agent_desk_home *home, uint32_t id, struct proto_now now);

/** Borrowed: guides are proposed, begun and driven there, devices read there. */
struct agent_desk_guides *agent_desk_home_guides(struct agent_desk_home *home);
struct agent_desk_devices *agent_desk_home_devices(struct agent_desk_home *home);

#endif
