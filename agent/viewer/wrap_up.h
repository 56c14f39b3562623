/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/wrap_up.h - what is left when a session is over: how it ended, and the form about it. */
#ifndef AGENT_VIEWER_WRAP_UP_H
#define AGENT_VIEWER_WRAP_UP_H

#include <adwaita.h>

#include "agent/desk/view.h"
#include "agent/desk/wrap.h"

G_BEGIN_DECLS

#define VIEWER_TYPE_WRAP_UP (viewer_wrap_up_get_type())
G_DECLARE_FINAL_TYPE(ViewerWrapUp, viewer_wrap_up, VIEWER, WRAP_UP, AdwBin)

void viewer_wrap_up_update(ViewerWrapUp *self, const struct agent_view *view);
/** What was typed. Returns the name of a row with more than AGENT_WRAP_TEXT_CHARS, or NULL. */
const char *viewer_wrap_up_read(ViewerWrapUp *self, struct agent_wrap *out);
/** Somebody has written something. */
gboolean viewer_wrap_up_is_begun(ViewerWrapUp *self);
void viewer_wrap_up_focus(ViewerWrapUp *self);

G_END_DECLS

#endif
