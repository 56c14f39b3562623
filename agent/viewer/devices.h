/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/devices.h - what the customer's device says of itself: a tree with search, values to copy, small graphs;
 * and the chain of checks. */
#ifndef AGENT_VIEWER_DEVICES_H
#define AGENT_VIEWER_DEVICES_H

#include <adwaita.h>

#include "agent/viewer/line.h"

G_BEGIN_DECLS

#define VIEWER_TYPE_DEVICES (viewer_devices_get_type())
G_DECLARE_FINAL_TYPE(ViewerDevices, viewer_devices, VIEWER, DEVICES, AdwBin)

/** What it reads from; NULL: nothing. Borrowed until the next call. */
void viewer_devices_set_end(ViewerDevices *self, struct viewer_end *end);
/** Under the end's lock. */
void viewer_devices_update(ViewerDevices *self, const struct agent_view *view);
void viewer_devices_focus(ViewerDevices *self);

/* Signals: "copied" (text), "ask" when the agent wants to ask for the consent. */

G_END_DECLS

#endif
