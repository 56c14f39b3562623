/* SPDX-License-Identifier: Apache-2.0 */
/* stop: a live session ends, and both ends read why. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/host/say.h"
#include "relay/audit/commands.h"
#include "relay/audit/find.h"
#include "relay/audit/remote.h"

static int stop(struct audit_officer *o, struct proto_event_note *event)
{
    struct audit_answer answer;
    char sid[AUDIT_SID_DIGITS + 1];

    if (!audit_officer_find(o, audit_options.session, true, event->sid) ||
        !audit_officer_event(o, event, NULL, &answer))
        return HOST_EXIT_FAILED;
    sodium_bin2hex(sid, sizeof sid, event->sid, sizeof event->sid);
    if (audit_options.json)
        host_json_event("stopped", "{s:s,s:I}", "session", sid, "entry", (json_int_t)answer.index);
    else
        printf("Stopped     %s\nLogged      entry %llu, signed by %s\n", sid, (unsigned long long)answer.index,
               o->credential.identity.name);
    return HOST_EXIT_FINE;
}

int audit_stop(void)
{
    static struct audit_officer o;
    struct proto_event_note event = {.action = PROTO_ACT_SESSION_STOPPED};
    int code = HOST_EXIT_USAGE;

    if (!audit_find_readable(audit_options.session, AUDIT_ACT_DIGITS))
        return code;
    if (!audit_reason("is read by both ends", ""))
        return code;
    if (!audit_options.relay) {
        host_say_error("--relay", "is missing: sessions run in a relay that runs", "give --relay URL --ca D/ca/ca.crt");
        return code;
    }
    snprintf(event.subject, sizeof event.subject, "%s", audit_options.reason);
    if (audit_officer_open(&o))
        code = stop(&o, &event);
    audit_officer_close(&o);
    return code;
}
