/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/paint.h - marks and pointers with cairo: each stroke once with a dark edge and once in colour, so that
 * it is seen on any picture, as the customer's page draws it. */
#ifndef AGENT_VIEWER_PAINT_H
#define AGENT_VIEWER_PAINT_H

#include <cairo.h>
#include <pango/pango.h>

#include "agent/desk/glass.h"
#include "agent/desk/marks.h"

/** `layout` is used for the words. `draft`: it is being drawn, and not sent yet. */
void viewer_paint_mark(cairo_t *cr, PangoLayout *layout, const struct agent_glass *glass, const struct agent_mark *mark,
                       bool draft);
/** The agent's pointer, or the customer's (`theirs`), at u, v of the picture. */
void viewer_paint_pointer(cairo_t *cr, const struct agent_glass *glass, double u, double v, uint32_t colour,
                          bool theirs);

#endif
