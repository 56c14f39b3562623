/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/end.h - one session as the line's thread has it. For line.c and end.c alone. */
#ifndef AGENT_VIEWER_END_H
#define AGENT_VIEWER_END_H

#include "agent/desk/tape.h"
#include "agent/viewer/line.h"
#include "agent/viewer/slot.h"
#include "proto/host/loop.h"
#include "proto/host/seen.h"
#include "proto/host/uplink.h"

struct viewer_end {
    gatomicrefcount references;
    struct viewer_line *line; /* borrowed */
    char *customer_ref, *reference;

    /* Shared, under `lock` */
    GRecMutex lock;
    struct agent_view view;
    struct agent_marks marks;
    struct agent_desk_home *home; /* made and freed by the line's thread */
    uint64_t home_version;
    GPtrArray *stills;       /* of struct viewer_still */
    struct viewer_slot slot; /* has a lock of its own */

    /* GTK's thread */
    void (*changed)(void *context);
    void *context;
    gint told; /* atomic: a call of changed() is on its way */

    /* The line's thread */
    struct agent_desk *desk;
    struct host_uplink *uplink;
    struct agent_desk_tape *tape;
    struct host_timer *figures;
    bool finished;
    bool asked_policy;
    char join_host[320];
    struct host_seen seen;
};

struct viewer_line {
    struct viewer_line_config config;
    struct host_loop *loop;
    GThread *thread;
    GAsyncQueue *jobs;
    GPtrArray *ends; /* the line's thread; each a reference */
    char host[320];  /* of the relay, as the log's memory names it */
};

void viewer_still_free(struct viewer_still *still);
struct viewer_end *viewer_end_ref(struct viewer_end *end);
void viewer_end_unref(struct viewer_end *end);
/** Tells GTK's thread that there is something new. Any thread. */
void viewer_end_tell(struct viewer_end *end);

/* The line's thread. */
void viewer_end_start(struct viewer_end *end);
void viewer_end_obey(struct viewer_end *end, const struct agent_command *command);
void viewer_end_run_check(struct viewer_end *end, const char *check, const char *target);
void viewer_end_leave(struct viewer_end *end, enum proto_end reason);
void viewer_end_stop(struct viewer_end *end); /* frees desk and uplink */

#endif
