/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/news.h - what an agent who looks elsewhere is told of: from another tab, another program, a break.
 */
#ifndef AGENT_DESK_NEWS_H
#define AGENT_DESK_NEWS_H

#include "agent/desk/view.h"

/* All zero: of a session that has just begun. */
struct agent_news {
    enum agent_view_phase phase;
    uint64_t chat;
    enum proto_consent_state consents[PROTO_CAPABILITY_COUNT];
};

/**
 * What the customer did since the last call, the most important of it, for a person (N_); NULL: nothing that calls for
 * the agent. Never what was said or shown: a notification also stands on a screen that is locked.
 */
const char *agent_news(struct agent_news *seen, const struct agent_view *view);

#endif
