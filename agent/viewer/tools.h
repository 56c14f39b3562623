/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/tools.h - the bar over the picture: what the hand draws with, colour, undo, freeze, zoom. */
#ifndef AGENT_VIEWER_TOOLS_H
#define AGENT_VIEWER_TOOLS_H

#include <adwaita.h>

#include "agent/desk/marks.h"

G_BEGIN_DECLS

#define VIEWER_TYPE_TOOLS (viewer_tools_get_type())
G_DECLARE_FINAL_TYPE(ViewerTools, viewer_tools, VIEWER, TOOLS, AdwBin)

/** Buttons act through the actions `session.*`; a tool or colour that is chosen calls `chosen`. */
void viewer_tools_listen(ViewerTools *self, void (*chosen)(void *context, enum agent_mark_tool tool, uint32_t colour),
                         void *context);
void viewer_tools_choose(ViewerTools *self, enum agent_mark_tool tool);
enum agent_mark_tool viewer_tools_get_tool(ViewerTools *self);
uint32_t viewer_tools_get_colour(ViewerTools *self);

G_END_DECLS

#endif
