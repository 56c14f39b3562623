/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/chat.h - the conversation, an entry, and sentences that are ready. */
#ifndef AGENT_VIEWER_CHAT_H
#define AGENT_VIEWER_CHAT_H

#include <adwaita.h>

#include "agent/desk/view.h"

G_BEGIN_DECLS

#define VIEWER_TYPE_CHAT (viewer_chat_get_type())
G_DECLARE_FINAL_TYPE(ViewerChat, viewer_chat, VIEWER, CHAT, AdwBin)

void viewer_chat_listen(ViewerChat *self, void (*say)(void *context, const char *text), void *context);
void viewer_chat_update(ViewerChat *self, const struct agent_view *view);
/** One sentence a line; empty lines are left out. NULL: those of the program. */
void viewer_chat_set_sentences(ViewerChat *self, const char *const *sentences);
void viewer_chat_focus(ViewerChat *self);
void viewer_chat_open_sentences(ViewerChat *self);

G_END_DECLS

#endif
