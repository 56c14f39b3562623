/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/guides.h - the pane of guides: which may help, one to look at, and the one that is followed.
 *
 * What is proposed and how the list stands comes from agent/desk; buttons act through `session.guide`.
 */
#ifndef AGENT_VIEWER_GUIDES_H
#define AGENT_VIEWER_GUIDES_H

#include <adwaita.h>

#include "agent/viewer/line.h"

G_BEGIN_DECLS

#define VIEWER_TYPE_GUIDES (viewer_guides_get_type())
G_DECLARE_FINAL_TYPE(ViewerGuides, viewer_guides, VIEWER, GUIDES, AdwBin)

/** Borrowed; NULL: none. Forgets what was shown of the one before. */
void viewer_guides_set_end(ViewerGuides *self, struct viewer_end *end);
/** Under the end's lock. */
void viewer_guides_update(ViewerGuides *self);
void viewer_guides_focus(ViewerGuides *self);
/** "2 earlier visits, the last 3 days ago", NULL when there was none. Transfers. Under the end's lock. */
char *viewer_guides_dup_before(ViewerGuides *self);
/** What can be done with the guide that is followed. Under the end's lock. */
gboolean viewer_guides_may(ViewerGuides *self, enum proto_guide_act act);

G_END_DECLS

#endif
