/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/quality.h - the picture's last minute as a small graph: a bar for each second, as high as it had
 * pictures. A second that was fair or poor is lower and outlined, so that colour is not all that tells.
 */
#ifndef AGENT_VIEWER_QUALITY_H
#define AGENT_VIEWER_QUALITY_H

#include <gtk/gtk.h>

#include "agent/desk/quality.h"

/** `past` is copied. */
void viewer_quality_show(GtkDrawingArea *area, const struct agent_quality_past *past);

#endif
