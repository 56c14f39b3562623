/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/invite.h - an invitation that waits: QR code, link, code to read aloud, ways to send it. */
#ifndef AGENT_VIEWER_INVITE_H
#define AGENT_VIEWER_INVITE_H

#include <adwaita.h>

#include "agent/desk/view.h"

G_BEGIN_DECLS

#define VIEWER_TYPE_INVITE (viewer_invite_get_type())
G_DECLARE_FINAL_TYPE(ViewerInvite, viewer_invite, VIEWER, INVITE, AdwBin)

/** Shows what is so. */
void viewer_invite_update(ViewerInvite *self, const struct agent_view *view, int64_t now_ms);
/** What was typed for the command. Borrowed. */
const char *viewer_invite_get_number(ViewerInvite *self);
/** Whether there is a command to send with. */
void viewer_invite_set_command(ViewerInvite *self, gboolean there_is);

G_END_DECLS

#endif
