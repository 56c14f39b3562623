/* SPDX-License-Identifier: Apache-2.0 */
/* agent/viewer/preferences.h - what an agent can set, in a window of its own; written when it is closed. */
#ifndef AGENT_VIEWER_PREFERENCES_H
#define AGENT_VIEWER_PREFERENCES_H

#include <adwaita.h>

#include "agent/viewer/settings.h"

GtkWidget *viewer_preferences_new(GtkWindow *parent, struct viewer_settings *settings);

#endif
