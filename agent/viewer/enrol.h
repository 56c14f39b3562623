/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/enrol.h - the first window of a new agent: who, at which relay; the request; the answer; done.
 *
 * Nothing of it is lost when it is closed in between: the key and the request are files, and the next start goes on
 * where the answer is waited for.
 */
#ifndef AGENT_VIEWER_ENROL_H
#define AGENT_VIEWER_ENROL_H

#include <adwaita.h>

#include "agent/enrolment.h"
#include "agent/viewer/settings.h"

/** Is there no identity yet, or one whose answer is still to come? */
gboolean viewer_enrol_is_due(const struct viewer_settings *settings);

/**
 * The window. `enrolled` is called once when relay, identity and ca of the settings can be used; it destroys the window.
 */
GtkWidget *viewer_enrol_new(GtkApplication *application, struct viewer_settings *settings,
                            void (*enrolled)(void *context), void *context);

/* ---- for enrol.c and enrol_page.c alone ---- */

struct viewer_enrol {
    struct viewer_settings *settings; /* borrowed */
    void (*enrolled)(void *context);
    void *context;
    struct agent_enrolment enrolment; /* owned */
    gboolean begun, id_was_typed, names_id;
    /* Borrowed: widgets of the window */
    GtkWidget *window;
    GtkStack *stack;
    GtkEditable *name, *id, *relay;
    GtkTextBuffer *request, *answer;
    GtkLabel *command, *wrong_who, *wrong_answer;
};

/** enrol_page.c: lays out the window, with everything but the callbacks of its buttons. */
void viewer_enrol_lay_out(struct viewer_enrol *e);
GtkWidget *viewer_enrol_button(GtkBox *box, const char *label, gboolean suggested, GCallback clicked,
                               struct viewer_enrol *e);
/* enrol.c: of the buttons */
void viewer_enrol_make(GtkWidget *button, struct viewer_enrol *e);
void viewer_enrol_copy(GtkWidget *button, struct viewer_enrol *e);
void viewer_enrol_save(GtkWidget *button, struct viewer_enrol *e);
void viewer_enrol_open(GtkWidget *button, struct viewer_enrol *e);
void viewer_enrol_paste(GtkWidget *button, struct viewer_enrol *e);
void viewer_enrol_named(GtkEditable *name, struct viewer_enrol *e);
void viewer_enrol_typed_id(GtkEditable *id, struct viewer_enrol *e);

#endif
