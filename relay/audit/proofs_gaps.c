/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each signer numbers the notes of a session. So a file of some of them shows which are not in it: of the customer a
 * renewed key, which has no proof of its own, or one that was left out; of the relay and the agent, who renew none, the
 * latter. A receipt has the customer's notes alone, so the others' numbers count where the relay's first one is there.
 * Numbers do not show what was cut off behind the last one: that there is no end does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/audit/proofs_inside.h"

enum { NUMBER_MAX = 1 << 16 };

static uint32_t number_of(const struct audit_note *note)
{
    return note->by == AUDIT_CUSTOMER ? note->statement.seq : note->event.seq;
}

static bool has(const struct audit_session *session, enum audit_signer by, uint32_t number)
{
    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].by == by && number_of(&session->notes[i]) == number)
            return true;
    return false;
}

static void add(char out[static AUDIT_TEXT_MAX], const char *text)
{
    size_t len = strlen(out);

    snprintf(out + len, AUDIT_TEXT_MAX - len, "%s", text);
}

static void look(const struct audit_session *session, enum audit_signer by, char out[static AUDIT_TEXT_MAX])
{
    uint32_t last = 0, missing = 0;
    char text[64];

    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].by == by && number_of(&session->notes[i]) > last)
            last = number_of(&session->notes[i]);
    for (uint32_t n = 1; n < last && n < NUMBER_MAX; n++) {
        if (has(session, by, n))
            continue;
        snprintf(text, sizeof text, "%s%u", missing ? ", " : *out ? " Note " : "note ", n);
        if (missing++ < 8)
            add(out, text);
    }
    if (!missing)
        return;
    snprintf(text, sizeof text, "%s of the %s %s not in this file", missing > 8 ? ", …" : "", audit_signer_name(by),
             missing == 1 ? "is" : "are");
    add(out, text);
    add(out, by == AUDIT_CUSTOMER ? ": renewed keys have no proof of their own; anything else was left out."
                                  : ": left out.");
}

/* The customer's number of the last note; 0: there is none, or the file has its session's end. */
static uint32_t breaks_off(const struct audit_session *session)
{
    uint32_t last = 0;

    for (size_t i = 0; i < session->count; i++) {
        const struct audit_note *note = &session->notes[i];

        if (note->by == AUDIT_CUSTOMER ? note->statement.action == PROTO_STATEMENT_END
                                       : note->by == AUDIT_RELAY && note->event.action == PROTO_ACT_ENDED)
            return 0;
        if (note->by == AUDIT_CUSTOMER && note->statement.seq > last)
            last = note->statement.seq;
    }
    return last;
}

void proofs_look_for_gaps(struct proofs_checking *c)
{
    const struct audit_session *session = &c->proved->session;
    char *out = c->proved->missing;

    look(session, AUDIT_CUSTOMER, out);
    uint32_t last = breaks_off(session);
    if (last) {
        char text[128];

        snprintf(text, sizeof text, "%sNo end is here: what came after note %u of the customer this file does not say.",
                 *out ? " " : "", last);
        add(out, text);
    }
    if (!has(session, AUDIT_RELAY, 1))
        return;
    look(session, AUDIT_RELAY, out);
    look(session, AUDIT_AGENT, out);
}
