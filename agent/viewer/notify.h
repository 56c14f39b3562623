/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/notify.h - a notification of the desktop, for an agent whose window is not in front.
 *
 * org.freedesktop.Notifications as it is: several agents may work on one desktop, so the program owns no name on the
 * bus, and GNotification's click would reach nobody. https://specifications.freedesktop.org/notification-spec/
 * Where there is no bus, or nobody who shows it, nothing is shown.
 */
#ifndef AGENT_VIEWER_NOTIFY_H
#define AGENT_VIEWER_NOTIFY_H

#include <gio/gio.h>

G_BEGIN_DECLS

typedef void (*viewer_notify_clicked)(void *context);

/* All zero before the first show(). */
struct viewer_notify {
    viewer_notify_clicked clicked;
    void *context;
    GCancellable *cancel; /* of the calls that are under way */
    guint subscription;
    guint32 id;      /* of what is shown; 0: nothing */
    gboolean wanted; /* not withdrawn since */
};

/** In the place of the one before. */
void viewer_notify_show(struct viewer_notify *notify, const char *title, const char *text);
/** Takes it back: the agent has seen it. */
void viewer_notify_withdraw(struct viewer_notify *notify);
/** Withdraws and lets go; the callback is not called any more. */
void viewer_notify_clear(struct viewer_notify *notify);

G_END_DECLS

#endif
