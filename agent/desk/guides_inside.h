/* SPDX-License-Identifier: Apache-2.0 */
/* agent/desk/guides_inside.h - what the files of the agent's guides share; nobody else includes it. */
#ifndef AGENT_DESK_GUIDES_INSIDE_H
#define AGENT_DESK_GUIDES_INSIDE_H

#include "agent/desk/guides.h"

/* What of the guide has left for the customer's end. */
struct sending {
    bool open, state; /* still to be sent */
    size_t step;      /* the next one to be sent; = step_count: all are */
    size_t picture, part;
};

struct agent_desk_guides {
    struct agent_desk_guides_config config;
    struct proto_guide_run run; /* run.guide NULL: none yet */
    uint32_t number;
    struct sending sending;
    char language[17];
    int64_t send_again_ms, check_ms, looked_ms;
};

/* guides_send.c: sends what has yet to leave for the customer's end, and sets when to try again. */
void agent_desk_guides_flush(struct agent_desk_guides *guides, struct proto_now now);
/* guides_propose.c: the subject that the home itself suggests for this guide; "" for none. */
void agent_desk_guides_suggest(struct agent_desk_guides *guides, const struct proto_guide *guide,
                               char out[static PROTO_GUIDE_LABEL_BYTES]);

#endif
