/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/picture.h - the customer's picture: letterboxed, zoomed, panned, with the marks of both ends on it.
 *
 * It draws what it is given and says what hands do on it, in 0..1 of the picture; it knows no session. By mouse: drag
 * draws, the wheel zooms, the middle button pans. By keys: arrows move the pointer, Enter sets a mark or its two ends.
 */
#ifndef AGENT_VIEWER_PICTURE_H
#define AGENT_VIEWER_PICTURE_H

#include <gtk/gtk.h>

#include "agent/desk/glass.h"
#include "agent/desk/marks.h"

G_BEGIN_DECLS

#define VIEWER_TYPE_PICTURE (viewer_picture_get_type())
G_DECLARE_FINAL_TYPE(ViewerPicture, viewer_picture, VIEWER, PICTURE, GtkWidget)

struct viewer_picture_listener {
    void (*point)(void *context, double u, double v);
    void (*draw)(void *context, const struct agent_mark *mark); /* no colour, number or text yet for NUMBER, TEXT */
    void *context;
};

GtkWidget *viewer_picture_new(void);
void viewer_picture_listen(ViewerPicture *self, const struct viewer_picture_listener *listener);
/** NULL: none, as before the first. */
void viewer_picture_set_texture(ViewerPicture *self, GdkTexture *texture, uint32_t ts_ms);
GdkTexture *viewer_picture_get_texture(ViewerPicture *self); /* borrowed, may be NULL */
/** Greyed: what is shown is not what the camera sees now. */
void viewer_picture_set_old(ViewerPicture *self, gboolean old);
/** Copies what is to be drawn on it. */
void viewer_picture_set_marks(ViewerPicture *self, const struct agent_marks *marks);
/** Where the customer points; NAN: nowhere. */
void viewer_picture_set_their_pointer(ViewerPicture *self, double u, double v);
void viewer_picture_set_tool(ViewerPicture *self, enum agent_mark_tool tool, uint32_t colour);
/** By steps: +1 in, -1 out, 0 the whole picture. About the middle. */
void viewer_picture_zoom(ViewerPicture *self, int step);
double viewer_picture_get_zoom(ViewerPicture *self);

G_END_DECLS

#endif
