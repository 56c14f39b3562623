/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/request.h - the small form that asks a customer for one thing: what for, and for how long. */
#ifndef AGENT_VIEWER_REQUEST_H
#define AGENT_VIEWER_REQUEST_H

#include "agent/viewer/consents.h"

G_BEGIN_DECLS

#define VIEWER_TYPE_REQUEST (viewer_request_get_type())
G_DECLARE_FINAL_TYPE(ViewerRequest, viewer_request, VIEWER, REQUEST, GtkPopover)

GtkWidget *viewer_request_new(enum proto_capability capability, viewer_ask ask, void *context);
void viewer_request_update(ViewerRequest *self, const struct agent_view *view);

G_END_DECLS

#endif
