/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/window.h - the window: tabs, one session each, the state of the connection, menus. */
#ifndef AGENT_VIEWER_WINDOW_H
#define AGENT_VIEWER_WINDOW_H

#include <adwaita.h>

#include "agent/viewer/line.h"
#include "agent/viewer/settings.h"

G_BEGIN_DECLS

#define VIEWER_TYPE_WINDOW (viewer_window_get_type())
G_DECLARE_FINAL_TYPE(ViewerWindow, viewer_window, VIEWER, WINDOW, AdwApplicationWindow)

/** `line` and `settings` are borrowed and outlive it. `line` NULL: `wrong` says what is missing. */
GtkWidget *viewer_window_new(GtkApplication *application, struct viewer_line *line, struct viewer_settings *settings,
                             const char *name, const char *wrong);
void viewer_window_invite(ViewerWindow *self, const char *customer_ref, const char *reference);

G_END_DECLS

#endif
