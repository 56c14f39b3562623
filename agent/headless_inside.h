/* SPDX-License-Identifier: Apache-2.0 */
/* agent/headless_inside.h - what the files of the headless agent share; nobody else includes it. */
#ifndef AGENT_HEADLESS_INSIDE_H
#define AGENT_HEADLESS_INSIDE_H

#include <stdio.h>

#include "agent/commands.h"
#include "agent/desk/desk.h"
#include "agent/desk/tape.h"
#include "agent/headless.h"
#include "agent/headless_home.h"
#include "agent/renew.h"
#include "agent/tell.h"
#include "proto/host/loop.h"
#include "proto/host/uplink.h"

struct headless {
    struct headless_stats *stats; /* owned; NULL: none */
    const struct agent_headless_config *config;
    struct agent_tell tell;
    /* Owned */
    struct host_loop *loop;
    struct host_timer *timer;
    int64_t figures_ms; /* when they are told next */
    struct host_lines *lines;
    struct host_uplink *uplink;
    struct agent_renewal *renewal;
    struct agent_desk *desk;
    struct agent_desk_tape *tape; /* NULL: nothing is recorded */
    struct headless_voice *voice;
    struct headless_home *home; /* its session is the desk's */
    bool leaving;
    bool told;           /* all pictures that came are in the figures that were told as final */
    uint32_t stills;     /* number of the last one that came */
    uint32_t still_days; /* as the customer was told: how long a still may be kept */
    int exit_code;
};

/* headless_obey.c */
void headless_obey(struct headless *h, const struct agent_command *command);
/** Tells that it was not done, why, and the way out. `what`: a capability, or the command. */
void headless_refuse(struct headless *h, enum agent_do command, const char *what, enum proto_err err);

/* headless_voice.c */
/** An exit code; what is wrong was said. */
int headless_voice_open(struct headless *h);
void headless_voice_came(void *context, const struct proto_event *event); /* of the desk's listener */
/** The customer may have said yes to voice. */
void headless_voice_may(struct headless *h);
/** MUTE, MICROPHONE and SPEAKER; what is wrong was told. */
PROTO_MUST_USE enum proto_err headless_voice_obey(struct headless *h, const struct agent_command *command);
void headless_voice_tell(struct headless *h);
void headless_voice_close(struct headless *h);

/* headless_stats.c */
/** An exit code; what is wrong was said. */
int headless_stats_open(struct headless *h);
void headless_stats_frame(struct headless *h, const struct agent_desk_frame *frame);
/** The pair is gone, and what was on its way with it. */
void headless_stats_cut(struct headless *h);
/** False: the file is not whole, which was said. */
bool headless_stats_close(struct headless *h);

/* headless_stills.c */
/** Looks at a still that came, keeps it where it may be kept, and tells. */
void headless_still(struct headless *h, const struct proto_event *event);
/** At the end: what the customer was told would not be kept is not there any more. */
void headless_stills_forget(struct headless *h);

#endif
