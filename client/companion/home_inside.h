/* SPDX-License-Identifier: Apache-2.0 */
/* client/companion/home_inside.h - what the checks and the guide of one end share; nobody else includes it. */
#ifndef CLIENT_COMPANION_HOME_INSIDE_H
#define CLIENT_COMPANION_HOME_INSIDE_H

#include "client/companion/home.h"

enum { WAITING_MAX = 128 }; /* as many as two devices may have under way, begun and ended */

/* A guide as the agent's end sent it. */
struct home_list {
    uint32_t run;
    bool there; /* its steps are complete, and a state came */
    handhold_GuideOpen open;
    handhold_GuideStep *steps; /* owned; open.steps of them */
    size_t known;              /* how many have come, in order */
    handhold_GuideState state;
};

struct client_home {
    struct client_home_config config;
    struct client_checks *checks; /* owned; NULL: no device state */
    struct home_list list;
    handhold_CheckResult waiting[WAITING_MAX]; /* a ring: found, and not sent yet */
    size_t first, count;
};

/** A line on the screen that ends with words from outside. */
void client_home_line(struct client_home *home, const char *theirs, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** GuideOpen, GuideStep, GuideState; others are nothing to it. */
void client_home_guide(struct client_home *home, const handhold_Data *data);

#endif
