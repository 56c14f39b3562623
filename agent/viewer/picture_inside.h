/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/picture_inside.h - the picture as its own files know it: picture.c draws, picture_hands.c obeys. */
#ifndef AGENT_VIEWER_PICTURE_INSIDE_H
#define AGENT_VIEWER_PICTURE_INSIDE_H

#include "agent/viewer/picture.h"

#define VIEWER_PICTURE_ZOOM_STEP 1.25

struct _ViewerPicture {
    GtkWidget parent_instance;
    struct viewer_picture_listener listener;
    struct agent_glass glass;
    GdkTexture *texture; /* owned */
    uint32_t ts_ms;
    gboolean old, painted;
    struct agent_marks marks; /* a copy */
    enum agent_mark_tool tool;
    uint32_t colour;
    double pointer_u, pointer_v; /* NAN: the mouse is elsewhere */
    double their_u, their_v;
    struct agent_mark draft; /* pairs 0: nothing is being drawn */
    bool by_keys;            /* the draft waits for its second Enter */
    float *stroke;           /* owned: of freehand, as long as it becomes */
    size_t stroke_pairs, stroke_room;
    double pan_x, pan_y;
    gint64 pointed_frame; /* of the frame clock: one pointer a frame is enough */
    PangoLayout *layout;
};

/* picture_hands.c */
void viewer_picture_add_hands(ViewerPicture *self);

#endif
