/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/dialogs.h - the few questions that the viewer asks its own person. */
#ifndef AGENT_VIEWER_DIALOGS_H
#define AGENT_VIEWER_DIALOGS_H

#include <adwaita.h>

/** Yes or no, where yes is what cannot be taken back. */
void viewer_dialog_ask(GtkWindow *parent, const char *title, const char *text, const char *yes,
                       void (*answered)(void *context, gboolean yes), void *context);
/** Who the customer is and what it is about, both optional. Not called when the agent thinks better of it. */
void viewer_dialog_references(GtkWindow *parent,
                              void (*answered)(void *context, const char *customer_ref, const char *reference),
                              void *context);

#endif
