/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/glass.h - where a picture lies in a window: letterboxed, zoomed about a point, panned within its edges.
 *
 * Positions in the window are in its own units, positions in the picture are 0..1 of its width and height, as marks and
 * pointers have them on the wire.
 */
#ifndef AGENT_DESK_GLASS_H
#define AGENT_DESK_GLASS_H

#include <stdbool.h>

#define AGENT_GLASS_ZOOM_MAX 8.0
#define AGENT_GLASS_AROUND 0.1 /* of the window, around a place that is shown */

struct agent_glass {
    double width, height;        /* of the window */
    double picture_w, picture_h; /* pixels; 0: there is no picture */
    double zoom;                 /* 1: the whole picture fits */
    double centre_x, centre_y;   /* of the view, 0..1 of the picture */
};

struct agent_glass_rect {
    double x, y, width, height;
};

/** Whole picture, in the middle. */
void agent_glass_init(struct agent_glass *glass);
void agent_glass_resize(struct agent_glass *glass, double width, double height);
/** A picture of another shape starts unzoomed. */
void agent_glass_picture(struct agent_glass *glass, double width, double height);
/** Where the whole picture lies, parts of it outside of the window when zoomed. Empty without a picture. */
struct agent_glass_rect agent_glass_rect(const struct agent_glass *glass);
/** Zooms by `factor`, the point of the picture under (x, y) stays there. */
void agent_glass_zoom(struct agent_glass *glass, double factor, double x, double y);
/** Moves the picture by this much of the window, never away from its edge. */
void agent_glass_pan(struct agent_glass *glass, double dx, double dy);
/** Moves a zoomed picture so far that this place of it is in view, with some of what is around. */
void agent_glass_show(struct agent_glass *glass, double u, double v);
/** False when (x, y) is beside the picture; then *u, *v are its nearest point, still 0..1. */
bool agent_glass_to_picture(const struct agent_glass *glass, double x, double y, double *u, double *v);
void agent_glass_to_window(const struct agent_glass *glass, double u, double v, double *x, double *y);

#endif
