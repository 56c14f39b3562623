/* SPDX-License-Identifier: Apache-2.0 */
/* client/companion/companion_inside.h - what the files of the companion share; nobody else includes it. */
#ifndef CLIENT_COMPANION_INSIDE_H
#define CLIENT_COMPANION_INSIDE_H

#include "client/companion/beside.h"
#include "client/companion/commands.h"
#include "client/companion/companion.h"
#include "client/companion/home.h"
#include "client/companion/receipt.h"
#include "client/companion/report.h"
#include "client/companion/screen.h"
#include "client/companion/video.h"
#include "client/companion/voice.h"
#include "proto/host/loop.h"
#include "proto/host/uplink.h"

/* The photo that the person looks at; companion_still.c. */
struct client_companion_still {
    uint32_t id;               /* 0: none is asked for */
    bool shown;                /* it was taken, and the person was told */
    struct client_mask mask;   /* what was covered since */
    struct proto_buf jpeg;     /* as it would be sent */
    char folder[64], path[96]; /* of the file to look at; "": none */
};

struct client_companion {
    const struct client_companion_config *config;
    /* Owned */
    struct host_loop *loop;
    struct host_timer *timer; /* camera, device state, the bottom line */
    struct host_lines *lines;
    struct host_uplink *uplink;
    struct proto_session *session;
    struct client_video *video;
    struct client_voice *voice; /* NULL: no microphone */
    struct client_report *report;
    struct client_home *home;     /* checks and guides */
    struct client_beside *beside; /* the other device of this person; NULL: no device information here */
    struct client_screen *screen;
    struct client_receipt *receipt; /* NULL: none is wanted */
    struct proto_buf sealed;        /* the last sealed picture that left, when it is kept */
    /* What is so */
    char peer[256], organisation[256];
    bool verified, connected, paused, over, leaving;
    bool capturing[PROTO_CAPABILITY_COUNT];
    int64_t until_ms[PROTO_CAPABILITY_COUNT];            /* mono; PROTO_NEVER: until the session ends */
    enum proto_capability asked;                         /* a question is on the screen; NONE: no */
    struct client_question questions[PROTO_REQUEST_MAX]; /* what is open, the one on the screen first */
    size_t question_count;
    unsigned question_place; /* how many of that sheet were put before the person */
    char purpose[256];
    bool held, goodbye, input_ended; /* by the agent; it has gone; stdin is at its end */
    bool stays;                      /* a program rates when it is asked to */
    uint32_t expiring;               /* bit 1 << capability: was told to end soon */
    uint32_t stars;                  /* said before the agent asked; 0: not */
    bool solved;
    struct client_companion_still still;
    bool torch;
    float zoom;      /* 0 or 1: the whole */
    char said[256];  /* the newest error, which an end that gives it as its reason does not say again */
    int64_t told_ms; /* when the figures were last told, and what they were */
    uint64_t pictures_before, left_out_before, bytes_before;
    bool stats_lost;                       /* --stats could not be written */
    double kbps;                           /* of the last second; below 0: no picture is sent */
    double kbps_row[CLIENT_GRAPH_SECONDS]; /* oldest first */
    size_t kbps_count;
    const char *quality; /* of the picture that is sent; NULL: none is */
    int exit_code;
};

/* companion_events.c */
void client_companion_take_events(struct client_companion *c);
void client_companion_camera_lost(struct client_companion *c, const char *why);
void client_companion_show_status(struct client_companion *c, int64_t now_ms);
/** An error of ours or of a command, in the form that this program's user reads. */
void client_companion_error(struct client_companion *c, const char *code, const char *text);
/** Prints what of device information is told now. */
void client_companion_tell_state(struct client_companion *c);
void client_companion_command_error(struct client_companion *c, const char *value, enum proto_err err);

/** A line for a person out of our words and cleaned words of others. */
void client_companion_say(struct client_companion *c, const char *theirs, const char *behind, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
struct client_peer client_companion_peer(const struct client_companion *c);

/* companion_ask.c */
void client_companion_ask(struct client_companion *c, const struct proto_event *event);
/** That question is open no more; the next one is put before the person. */
void client_companion_answered(struct client_companion *c, enum proto_capability capability);
void client_companion_input_ended(void *context);

/* companion_still.c */
void client_companion_still(struct client_companion *c, const struct proto_event *event);
void client_companion_still_tick(struct client_companion *c);
void client_companion_still_send(struct client_companion *c, uint32_t id);
void client_companion_still_discard(struct client_companion *c, uint32_t id);
void client_companion_still_mask(struct client_companion *c, uint32_t id, const char *rect);
void client_companion_still_clear(struct client_companion *c);

/* companion_camera.c */
void client_companion_camera_control(struct client_companion *c, const handhold_CameraControl *control);
void client_companion_camera_told(struct client_companion *c); /* tells the agent what it can do and does */
void client_companion_torch(struct client_companion *c, bool on);
/** The agent has gone: the last word, and the end. */
void client_companion_goodbye(struct client_companion *c);
void client_companion_rate(struct client_companion *c, uint32_t stars, bool solved);

/* companion_capture.c */
void client_companion_capture(struct client_companion *c, enum proto_capability capability, bool on);
void client_companion_figures(struct client_companion *c); /* once a second */
void client_companion_check_stats(struct client_companion *c);

/* companion_keep.c */
void client_companion_leaving(void *context, const uint8_t *message, size_t len); /* a sealed message leaves */
void client_companion_keep(struct client_companion *c);                           /* the session is over */

/* companion_commands.c */
void client_companion_line(struct client_companion *c, const char *line);
void client_companion_answer(struct client_companion *c, enum proto_capability capability, bool grant);

#endif
