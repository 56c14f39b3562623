/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/keys.h - every key of the viewer in one table: what binds them, and what the window of shortcuts shows.
 */
#ifndef AGENT_VIEWER_KEYS_H
#define AGENT_VIEWER_KEYS_H

#include <gtk/gtk.h>

enum viewer_key_where {
    VIEWER_KEY_WINDOW,  /* wherever the focus is */
    VIEWER_KEY_PICTURE, /* while the picture or its tools have it: plain letters */
    VIEWER_KEY_TOLD,    /* bound by the widget itself; shown, not bound */
};

struct viewer_key {
    enum viewer_key_where where;
    const char *accelerators; /* one or more, parted by a space */
    const char *action;       /* NULL for TOLD; with a target as in "session.tool('arrow')" */
    const char *label;        /* message id */
    const char *group;        /* message id; the next rows without one belong to it */
};
/** Ended by a row without accelerators. */
extern const struct viewer_key viewer_keys[];

/** Binds those of WINDOW. */
void viewer_keys_bind(GtkApplication *application);
/** Binds those of PICTURE while the focus is in `widget`. */
void viewer_keys_bind_picture(GtkWidget *widget);
/** The window that shows them all. */
GtkWidget *viewer_keys_window_new(void);

#endif
