/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/send.h - ways for a link to reach the customer, all of them from this machine: the relay never sees the
 * secret. */
#ifndef AGENT_VIEWER_SEND_H
#define AGENT_VIEWER_SEND_H

#include <gtk/gtk.h>

#include "agent/viewer/settings.h"

struct viewer_invitation {
    const char *link, *code, *address; /* borrowed for the call */
};

/** Opens a message in the person's own program for mail or SMS. */
void viewer_send_mail(GtkWindow *parent, const struct viewer_settings *settings,
                      const struct viewer_invitation *invitation);
void viewer_send_sms(GtkWindow *parent, const struct viewer_settings *settings,
                     const struct viewer_invitation *invitation);
/**
 * Runs the organisation's command, split as a shell would and without one; its stdin gets the link and `to`, a line
 * each. `done` is called with NULL, or with what went wrong.
 */
void viewer_send_command(const struct viewer_settings *settings, const struct viewer_invitation *invitation,
                         const char *to, void (*done)(void *context, const char *wrong), void *context);

#endif
