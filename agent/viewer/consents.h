/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/consents.h - the row of what can be asked for: the state of each, and the form that asks. */
#ifndef AGENT_VIEWER_CONSENTS_H
#define AGENT_VIEWER_CONSENTS_H

#include <adwaita.h>

#include "agent/desk/view.h"

G_BEGIN_DECLS

#define VIEWER_TYPE_CONSENTS (viewer_consents_get_type())
G_DECLARE_FINAL_TYPE(ViewerConsents, viewer_consents, VIEWER, CONSENTS, AdwBin)

typedef void (*viewer_ask)(void *context, enum proto_capability capability, const char *purpose, uint32_t max_s);

void viewer_consents_listen(ViewerConsents *self, viewer_ask ask, void *context);
void viewer_consents_update(ViewerConsents *self, const struct agent_view *view, int64_t now_ms);
/** Opens the form of the n-th that is shown, from 0. */
void viewer_consents_open(ViewerConsents *self, guint n);
void viewer_consents_open_for(ViewerConsents *self, enum proto_capability capability);

G_END_DECLS

#endif
