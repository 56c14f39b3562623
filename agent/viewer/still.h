/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/still.h - a photo in the strip, and large in a window of its own. */
#ifndef AGENT_VIEWER_STILL_H
#define AGENT_VIEWER_STILL_H

#include <adwaita.h>

#include "agent/viewer/line.h"

/** A small picture to click; `n` from 1 names it. */
GtkWidget *viewer_still_button_new(const struct viewer_still *still, guint n);
/** `keep`: the policy lets it be kept, so there is a button that saves it. */
void viewer_still_open(GtkWindow *parent, const struct viewer_still *still, gboolean keep);

#endif
