/* SPDX-License-Identifier: Apache-2.0 */
/* tests/relay/told.h - in the place of systemd: hears what a relay says to its service manager (sd_notify(3)). */
#ifndef TESTS_RELAY_TOLD_H
#define TESTS_RELAY_TOLD_H

#include "tests/relay/place.h"

struct told {
    int socket;
    char path[100];
};

/** A relay that is started from now on speaks here, at least once in a second. */
void told_listen(struct told *told, const struct place *place);
/** Nobody who is started from now on does; what was started goes on. */
void told_hide(void);
/** What was said so far is passed over: a socket that is full of signs of life would lose what comes next. */
void told_forget(const struct told *told);
/** The next thing said begins with this; signs of life at any time are passed over. */
void told_expect(const struct told *told, const char *wanted);
void told_close(struct told *told);

#endif
