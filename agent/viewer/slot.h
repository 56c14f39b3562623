/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/slot.h - the place where the newest picture waits for GTK's thread.
 *
 * The decoder's thread turns a picture into the colours that GTK draws and puts it here; a picture that was not fetched
 * in time is replaced. Buffers go round: one is being written, one waits, and GTK keeps those that it still draws.
 */
#ifndef AGENT_VIEWER_SLOT_H
#define AGENT_VIEWER_SLOT_H

#include <gtk/gtk.h>

#include "agent/desk/picture.h"

struct viewer_pixels; /* one buffer */
struct viewer_pool;   /* buffers that can be used again; counted */

struct viewer_slot {
    GMutex lock;
    struct viewer_pool *pool;
    struct viewer_pixels *waiting; /* NULL: none */
};

void viewer_slot_init(struct viewer_slot *slot);
void viewer_slot_clear(struct viewer_slot *slot);
/** The decoder's thread. */
void viewer_slot_put(struct viewer_slot *slot, const struct agent_desk_i420 *picture, uint32_t ts_ms);
/** GTK's thread. NULL: nothing new. */
GdkTexture *viewer_slot_take(struct viewer_slot *slot, uint32_t *ts_ms);

#endif
