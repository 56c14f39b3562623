/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/session.h - one tab: an invitation that waits, then the session, then the wrap-up.
 *
 * Widgets show what the session's view says; one function, update(), sets them all. What hands do becomes a command to
 * the line's thread.
 */
#ifndef AGENT_VIEWER_SESSION_H
#define AGENT_VIEWER_SESSION_H

#include <adwaita.h>

#include "agent/viewer/line.h"
#include "agent/viewer/settings.h"

G_BEGIN_DECLS

#define VIEWER_TYPE_SESSION (viewer_session_get_type())
G_DECLARE_FINAL_TYPE(ViewerSession, viewer_session, VIEWER, SESSION, AdwBin)

/** Invites at once. `line` and `settings` are borrowed and outlive it. References may be NULL. */
GtkWidget *viewer_session_new(struct viewer_line *line, struct viewer_settings *settings, const char *customer_ref,
                              const char *reference);
/** Its actions, for the window's header: inserted as "session" where they are used. Borrowed. */
GActionGroup *viewer_session_get_actions(ViewerSession *self);
/** "Waiting for the customer", the reference, …: what the tab says. Transfers the text. */
char *viewer_session_dup_title(ViewerSession *self);
enum agent_view_phase viewer_session_get_phase(ViewerSession *self);
enum agent_view_customer viewer_session_get_customer(ViewerSession *self);
enum proto_connection_state viewer_session_get_connection(ViewerSession *self);
const char *viewer_session_get_reference(ViewerSession *self);    /* NULL: none */
const char *viewer_session_get_customer_ref(ViewerSession *self); /* NULL: none */
/** It could not begin: the organisation wants the reference of a ticket, and there was none. */
gboolean viewer_session_wants_reference(ViewerSession *self);
gboolean viewer_session_is_held(ViewerSession *self);
/** It is over, and waits for the line to be said. */
gboolean viewer_session_is_telling(ViewerSession *self);
void viewer_session_hold(ViewerSession *self, gboolean on);
gboolean viewer_session_has_customer(ViewerSession *self);
/** Something happened that its agent has not seen, while another tab is in front. */
gboolean viewer_session_wants_attention(ViewerSession *self);
/** In front, or not: marks what is shown as seen. */
void viewer_session_set_front(ViewerSession *self, gboolean front);
void viewer_session_show_side(ViewerSession *self, gboolean shown);
/** There was a customer, and it is over: there is something to write down. */
gboolean viewer_session_has_wrap_up(ViewerSession *self);
/** Ends what runs, and keeps what was begun of a wrap-up; the tab is about to go. */
void viewer_session_leave(ViewerSession *self);

/* Signals: "changed", when any of the above may have; "close", when the agent is done with this tab; "again", when
 * the same customer is to be invited once more; "toast" (text);
 * "news" (text), of what the customer did: for an agent who looks elsewhere. */

G_END_DECLS

#endif
