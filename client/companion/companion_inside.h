/* SPDX-License-Identifier: Apache-2.0 */
/* client/companion/companion_inside.h - what the files of the companion share; nobody else includes it. */
#ifndef CLIENT_COMPANION_INSIDE_H
#define CLIENT_COMPANION_INSIDE_H

#include "client/companion/commands.h"
#include "client/companion/companion.h"
#include "client/companion/home.h"
#include "client/companion/receipt.h"
#include "client/companion/report.h"
#include "client/companion/screen.h"
#include "client/companion/video.h"
#include "proto/host/loop.h"
#include "proto/host/uplink.h"

struct client_companion {
    const struct client_companion_config *config;
    /* Owned */
    struct host_loop *loop;
    struct host_timer *timer; /* camera, device state, the bottom line */
    struct host_lines *lines;
    struct host_uplink *uplink;
    struct proto_session *session;
    struct client_video *video;
    struct client_report *report;
    struct client_home *home; /* checks and guides */
    struct client_screen *screen;
    struct client_receipt *receipt; /* NULL: none is wanted */
    struct proto_buf sealed; /* the last sealed picture that left, when it is kept */
    /* What is so */
    char peer[256], organisation[256];
    bool verified, connected, paused, over, leaving;
    bool capturing[PROTO_CAPABILITY_COUNT];
    int64_t until_ms[PROTO_CAPABILITY_COUNT]; /* mono; PROTO_NEVER: until the session ends */
    enum proto_capability asked;              /* a question is on the screen; NONE: no */
    struct client_question question;
    char purpose[256];
    char said[256]; /* the newest error, which an end that gives it as its reason does not say again */
    int64_t told_ms; /* when the figures were last told, and what they were */
    uint64_t pictures_before, bytes_before;
    double kbps; /* of the last second; below 0: no picture is sent */
    int exit_code;
};

/* companion_events.c */
void client_companion_take_events(struct client_companion *c);
void client_companion_camera_lost(struct client_companion *c, const char *why);
void client_companion_show_status(struct client_companion *c, int64_t now_ms);
/** An error of ours or of a command, in the form that this program's user reads. */
void client_companion_error(struct client_companion *c, const char *code, const char *text);
void client_companion_command_error(struct client_companion *c, const char *value, enum proto_err err);

/* companion_commands.c */
void client_companion_line(struct client_companion *c, const char *line);
void client_companion_answer(struct client_companion *c, enum proto_capability capability, bool grant);

#endif
