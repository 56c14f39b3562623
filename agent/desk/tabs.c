/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/tabs.h"

enum agent_tabs_step agent_tabs_step(enum agent_view_phase phase, bool held, bool front,
                                     enum agent_view_phase front_phase)
{
    if (phase != AGENT_VIEW_JOINED)
        return AGENT_TABS_LEAVE;
    if (front)
        return held ? AGENT_TABS_COME_BACK : AGENT_TABS_LEAVE;
    return !held && front_phase == AGENT_VIEW_JOINED ? AGENT_TABS_HOLD : AGENT_TABS_LEAVE;
}
