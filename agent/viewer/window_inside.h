/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/window_inside.h - the window as its own files know it: window.c is the widget, the others show and do.
 */
#ifndef AGENT_VIEWER_WINDOW_INSIDE_H
#define AGENT_VIEWER_WINDOW_INSIDE_H

#include "agent/viewer/news.h"
#include "agent/viewer/recall.h"
#include "agent/viewer/session.h"
#include "agent/viewer/window.h"

struct _ViewerWindow {
    AdwApplicationWindow parent_instance;
    /* Template widgets */
    AdwToastOverlay *toasts;
    GtkBox *whole;
    AdwHeaderBar *header;
    AdwWindowTitle *title;
    GtkWidget *connection;
    GtkImage *connection_icon;
    GtkLabel *connection_label;
    GtkButton *end_button, *wrong_button, *again_button, *idle_button;
    GtkToggleButton *side_button, *hold_button;
    GtkMenuButton *menu_button;
    AdwTabBar *bar;
    AdwTabView *tabs;
    GtkStack *stack;
    AdwStatusPage *idle;
    GtkLabel *unreached;
    /* Borrowed */
    struct viewer_line *line;
    struct viewer_settings *settings;
    /* Owned */
    char *name;
    struct viewer_news *news;
    GPtrArray *recalled; /* who was connected when a viewer went down; of struct viewer_recalled */
    guint connected;     /* that the file for a crash names */
    gboolean sure;       /* the agent has said that all may be closed */
};

/* window_tabs.c */
void viewer_window_show_header(ViewerWindow *self);
void viewer_window_show_tab(ViewerWindow *self, ViewerSession *session);
/** The tab in front is another one, or none: it is live, the others are on hold. */
void viewer_window_select(ViewerWindow *self);
void viewer_window_session_changed(ViewerSession *session, ViewerWindow *self);

/* window_actions.c */
void viewer_window_add_actions(ViewerWindow *self);
/** The button that invites those again who were connected when a viewer went down. */
void viewer_window_show_recalled(ViewerWindow *self);
/** Asks for the references of a session, and invites. */
void viewer_window_ask_references(ViewerWindow *self);

#endif
