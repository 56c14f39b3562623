/* SPDX-License-Identifier: Apache-2.0 */
/* stop: a live session ends, and both ends read why. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/host/say.h"
#include "relay/audit/commands.h"
#include "relay/audit/remote.h"

bool audit_read_sid(const char *text, uint8_t sid[static PROTO_SID_BYTES])
{
    size_t len = 0;

    if (!sodium_hex2bin(sid, PROTO_SID_BYTES, text, strlen(text), NULL, &len, NULL) && len == PROTO_SID_BYTES &&
        strlen(text) == 2 * PROTO_SID_BYTES)
        return true;
    host_say_error(text, "is not the number of a session", "give its 32 digits, as show and list --json print them: what this does is not taken back");
    return false;
}

int audit_stop(void)
{
    static struct audit_officer o;
    struct proto_event_note event = {.action = PROTO_ACT_SESSION_STOPPED};
    struct audit_answer answer;
    int code = HOST_EXIT_USAGE;

    if (!audit_read_sid(audit_options.session, event.sid))
        return code;
    if (!*audit_options.reason || strlen(audit_options.reason) >= sizeof event.subject) {
        host_say_error("--reason", "is read by both ends", "give 1 to 200 bytes");
        return code;
    }
    if (!audit_options.relay) {
        host_say_error("--relay", "is missing: sessions run in a relay that runs", "give --relay URL --ca D/ca/ca.crt");
        return code;
    }
    snprintf(event.subject, sizeof event.subject, "%s", audit_options.reason);
    if (audit_officer_open(&o)) {
        code = HOST_EXIT_FAILED;
        if (audit_officer_event(&o, &event, NULL, &answer)) {
            code = HOST_EXIT_FINE;
            if (audit_options.json)
                host_json_event("stopped", "{s:s,s:I}", "session", audit_options.session, "entry",
                                (json_int_t)answer.index);
            else
                printf("Stopped     %s\nLogged      entry %llu, signed by %s\n", audit_options.session,
                       (unsigned long long)answer.index, o.credential.identity.name);
        }
    }
    audit_officer_close(&o);
    return code;
}
