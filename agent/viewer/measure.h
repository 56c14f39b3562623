/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/measure.h - what the window makes its person wait for, counted while it runs: a few additions each time.
 *
 * One for the program, since there is one main loop. With --stats FILE the numbers stand in that file once a second,
 * one JSON object; tests/bench/viewer.py holds them to their bounds.
 */
#ifndef AGENT_VIEWER_MEASURE_H
#define AGENT_VIEWER_MEASURE_H

#include <gtk/gtk.h>

#define VIEWER_MEASURE_BLOCK_US 16000 /* a picture at sixty a second is late from here on */

/** Writes there from now on, once a second, and watches when `window` is first painted. GTK's thread. */
void viewer_measure_start(const char *path, GtkWidget *window);
void viewer_measure_stop(void);

/** GTK's thread is in code of ours from here to the end of the block; nested ones count once. */
#define VIEWER_MEASURE_OURS(name) G_GNUC_UNUSED g_auto(viewer_measure_span) name##_span = viewer_measure_begin(#name)
typedef struct {
    const char *name; /* NULL: nested */
    gint64 began_us;
} viewer_measure_span;
viewer_measure_span viewer_measure_begin(const char *name);
void viewer_measure_end(viewer_measure_span *span);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(viewer_measure_span, viewer_measure_end)

/** Any thread: a picture was decoded; one was replaced before GTK's thread took it. */
void viewer_measure_decoded(void);
void viewer_measure_late(void);
void viewer_measure_painted(void); /* GTK's thread: one that was not painted before */
/** Any thread: a mark or pointer of `began_us` (monotonic, when the mouse was heard) has been given to the line. */
void viewer_measure_sent(gint64 began_us);

#endif
