/* SPDX-License-Identifier: Apache-2.0 */
/* agent/desk/tabs.h - several sessions at once: one is live, the others are on hold. */
#ifndef AGENT_DESK_TABS_H
#define AGENT_DESK_TABS_H

#include "agent/desk/view.h"

enum agent_tabs_step { AGENT_TABS_LEAVE, AGENT_TABS_HOLD, AGENT_TABS_COME_BACK };

/**
 * What to do with a session when another one (or itself: `front`) has come to the front. A customer is put on hold only
 * for another customer, not for an invitation that waits; and who comes to the front is live.
 */
enum agent_tabs_step agent_tabs_step(enum agent_view_phase phase, bool held, bool front,
                                     enum agent_view_phase front_phase);

#endif
