/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/app.h - the program with a window: settings, identity, the line's thread, one window.
 */
#ifndef AGENT_VIEWER_APP_H
#define AGENT_VIEWER_APP_H

#include "proto/identity/credential.h"

struct viewer_app_config {
    const char *relay, *identity, *ca;               /* as given; NULL: as set before */
    const char *customer_ref, *reference;            /* of the first invitation; NULL: none */
    const char *guides, *cases, *microphone, *audio; /* as relay */
    const char *stats;                               /* a file for what the window costs; NULL: none */
    bool invite;                                     /* at once */
    bool json;                                       /* events on stdout */
};

/** Runs until its windows are closed. Returns the exit code. */
int viewer_app_run(const struct viewer_app_config *config);

#endif
