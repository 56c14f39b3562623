/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/end.h - one session as the line's thread has it. For line.c and these alone:
 *
 *   end.c        its desk and uplink, what they tell, start and stop
 *   end_act.c    what GTK's thread ordered
 *   end_home.c   the customer's home: devices, checks, guides, earlier visits
 *   end_voice.c  both voices
 *   line_reach.c   whether the relay is there
 *   line_certificate.c  the certificate of all sessions, renewed in time
 */
#ifndef AGENT_VIEWER_END_H
#define AGENT_VIEWER_END_H

#include "agent/desk/shelf.h"
#include "agent/desk/tape.h"
#include "agent/desk/voice.h"
#include "agent/guides/read.h"
#include "agent/viewer/line.h"
#include "agent/viewer/slot.h"
#include "proto/host/loop.h"
#include "proto/host/seen.h"
#include "proto/host/uplink.h"

struct viewer_end {
    gatomicrefcount references;
    struct viewer_line *line;                  /* borrowed */
    const struct proto_credential *credential; /* of the line; the one with which it began */
    char *customer_ref, *reference;

    /* Shared, under `lock` */
    GRecMutex lock;
    struct agent_view view;
    struct agent_marks marks;
    struct agent_desk_home *home; /* made and freed by the line's thread */
    uint64_t home_version;
    struct agent_desk_shelf *shelf;          /* as home; NULL: none */
    struct agent_desk_cases *cases, *folder; /* cases: of the shelf, or the folder's, which are owned */
    const struct agent_guides *guides;       /* borrowed: the shelf's or the line's */
    char search[PROTO_MAX_VALUE_BYTES + 1];
    struct agent_desk_proposal proposals[AGENT_DESK_PROPOSALS_MAX];
    size_t proposal_count;
    struct agent_voice_now voice_now;
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
    struct agent_voice *voice;
    struct host_timer *figures, *due, *home_timer, *voice_timer;
    bool finished;
    bool asked_policy;
    gint64 marked_us; /* monotonic: a mark or pointer of then has not left yet; 0: none */
    char join_host[320];
    struct host_seen seen;
};

struct viewer_line_reach {
    struct host_timer *timer;
    struct host_staff_line *asked; /* NULL: not now */
    int64_t again_ms;
    enum viewer_reach state; /* under the line's lock, as is why */
    char why[VIEWER_REACH_WHY_BYTES];
};

struct viewer_line {
    struct viewer_line_config config;
    const struct proto_credential *credential; /* atomic: the newest; of the config or of `renewed` */
    struct agent_renewal *renewal;
    GPtrArray *renewed; /* of struct proto_credential, as they came: older sessions still use them */
    struct host_loop *loop;
    GThread *thread;
    GAsyncQueue *jobs;
    GPtrArray *ends;             /* the line's thread; each a reference */
    int open;                    /* atomic: how many they are */
    struct agent_guides guides;  /* of a folder, read before the first session */
    struct proto_kept_keys keys; /* of the staff, for what the relay keeps; may be empty */
    char cache[HOST_PATH_BYTES]; /* for guides of the relay; "" none */
    GMutex lock;
    GStrv devices[AGENT_VOICE_SIDES]; /* under `lock`: names of microphones and loudspeakers */
    guint devices_version;
    char host[320]; /* of the relay, as the log's memory names it */
    struct viewer_line_reach reach;
    /* GTK's thread */
    void (*reach_told)(void *context);
    void *reach_context;
    void (*told)(void *context, enum agent_renewal_news news, int64_t until_s, const char *why);
    void *told_context;
    GPtrArray *untold; /* of news that came before anybody listened */
};

/* Before the line's thread runs, and after it has ended. */
void viewer_line_watch_certificate(struct viewer_line *line);
void viewer_line_forget_certificates(struct viewer_line *line);

void viewer_line_watch_reach(struct viewer_line *line);
void viewer_line_forget_reach(struct viewer_line *line);
void viewer_line_reach_again(struct viewer_line *line); /* the line's thread */

void viewer_still_free(struct viewer_still *still);
struct viewer_end *viewer_end_ref(struct viewer_end *end);
void viewer_end_unref(struct viewer_end *end);
/** Tells GTK's thread that there is something new. Any thread. */
void viewer_end_tell(struct viewer_end *end);

/* The line's thread. */
void viewer_end_start(struct viewer_end *end);
void viewer_end_obey(struct viewer_end *end, const struct agent_command *command, gint64 began_us);
void viewer_end_run_check(struct viewer_end *end, const char *check, const char *target);
void viewer_end_leave(struct viewer_end *end, enum proto_end reason);
enum proto_err viewer_end_make_home(struct viewer_end *end);
void viewer_end_free_home(struct viewer_end *end);
void viewer_end_home_event(struct viewer_end *end, const struct proto_event *e);        /* under the lock */
void viewer_end_home_state(struct viewer_end *end, const handhold_StateChange *change); /* under the lock */
enum proto_err viewer_end_guide(struct viewer_end *end, const struct agent_command *command, struct proto_now now);
enum proto_err viewer_end_make_voice(struct viewer_end *end);
void viewer_end_free_voice(struct viewer_end *end);
void viewer_end_voice_tick(struct viewer_end *end);
void viewer_end_voice_came(struct viewer_end *end, const struct proto_event *e);
void viewer_end_voice_do(struct viewer_end *end, const struct agent_command *command);
void viewer_end_stop(struct viewer_end *end); /* frees desk and uplink */

#endif
