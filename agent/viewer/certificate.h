/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/viewer/certificate.h - what the agent reads of the own certificate: nothing while it renews itself, and in time
 * when it does not.
 */
#ifndef AGENT_VIEWER_CERTIFICATE_H
#define AGENT_VIEWER_CERTIFICATE_H

#include <adwaita.h>

#include "agent/viewer/line.h"

/** The notice, hidden while there is none. Listens to `line`, which outlives it; short news go to `toasts`, borrowed.
 */
GtkWidget *viewer_certificate_new(struct viewer_line *line, AdwToastOverlay *toasts);

#endif
