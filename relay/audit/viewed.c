/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What agents signed to have had on the screen came through the relay, whose own notes must have it: of its beginning
 * or its end, and of the way that was open for it.
 *
 * A picture may stand still for as long as a seat is kept, in a machine that sleeps, before the agent's program opens
 * it; a note waits while a line is down; and a relay that is killed forgets the newest of what it did.
 */
#include <stdlib.h>
#include <string.h>

#include "relay/audit/session.h"

enum { VIEW_LATE_S = 15 * 60 }; /* no session waits so long for a line */

static bool is_relays(const struct audit_note *note, enum proto_act act, enum proto_capability capability)
{
    return note->by == AUDIT_RELAY && note->event.action == act && note->event.capability == capability;
}

/* By either clock: the agent's may be off, and their note may have waited. */
static bool is_near(const struct audit_note *viewed, const struct audit_note *note)
{
    int64_t came_s = viewed->received_ms / 1000, from_s = viewed->said_s < came_s ? viewed->said_s : came_s;

    return note->said_s >= from_s - VIEW_LATE_S && note->said_s <= came_s + VIEW_LATE_S;
}

/* What a relay that is killed had passed on it may not have in the log yet, only that the way was open. */
static bool is_restart_of(const struct audit_note *note, enum proto_capability capability)
{
    return is_relays(note, PROTO_ACT_GATE_CLOSED, capability) && audit_is_restart(note);
}

/* A way was open when the log took the note, or was opened or closed shortly before or after. */
static bool had_a_way(const struct audit_session *session, const struct audit_note *viewed)
{
    enum proto_capability capability = viewed->event.capability;
    size_t open = 0;

    for (size_t i = 0; i < session->count; i++) {
        const struct audit_note *note = &session->notes[i];
        bool opened = is_relays(note, PROTO_ACT_GATE_OPENED, capability),
             closed = is_relays(note, PROTO_ACT_GATE_CLOSED, capability);
        if (note == viewed && open)
            return true;
        open = opened ? open + 1 : open - (closed && open);
        if ((opened || closed || audit_is_restart(note)) && is_near(viewed, note))
            return true;
    }
    return false;
}

static bool has_passed(const struct audit_session *session, enum proto_capability capability)
{
    for (size_t i = 0; i < session->count; i++)
        if (is_relays(&session->notes[i], PROTO_ACT_STARTED, capability) ||
            is_relays(&session->notes[i], PROTO_ACT_STOPPED, capability) ||
            is_restart_of(&session->notes[i], capability))
            return true;
    return false;
}

void audit_viewed_judge(const struct audit_session *session, struct audit_report *report)
{
    for (size_t i = 0; i < session->count && session->row.state == RELAY_STORE_ENDED; i++) {
        const struct audit_note *note = &session->notes[i];
        if (note->by != AUDIT_AGENT || note->event.action != PROTO_ACT_VIEWING_STARTED)
            continue;
        const char *label = proto_capability_label(note->event.capability);
        if (!has_passed(session, note->event.capability))
            audit_found(audit_expected(audit_wrong_note(report, session, note),
                                       "the relay's notes of what the agent had on the screen: %s", label),
                        "none");
        else if (!had_a_way(session, note))
            audit_found(audit_expected(audit_wrong_note(report, session, note),
                                       "a way that the relay had open for what the agent had on the screen then: %s",
                                       label),
                        "none within %d minutes", VIEW_LATE_S / 60);
    }
}
