/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/recall.h - who was connected when the viewer went down, so that they can be invited again.
 *
 * One small file for each running viewer, $XDG_STATE_HOME/handhold/open-PID, with the references of its customers, and
 * nothing else: no link, no key, no text. It is gone when the viewer closes in order; one whose process is gone is what
 * a crash left.
 */
#ifndef AGENT_VIEWER_RECALL_H
#define AGENT_VIEWER_RECALL_H

#include <glib.h>

struct viewer_recalled {
    char *customer_ref, *reference; /* owned; "" none */
};

/** Writes who is connected now; an empty list removes the file. */
void viewer_recall_write(GPtrArray *connected);
/** What crashed viewers left: taken, so that it is offered once. Of struct viewer_recalled. */
GPtrArray *viewer_recall_take(void);
struct viewer_recalled *viewer_recalled_new(const char *customer_ref, const char *reference);
void viewer_recalled_free(struct viewer_recalled *recalled);

#endif
