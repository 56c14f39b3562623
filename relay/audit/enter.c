/* SPDX-License-Identifier: Apache-2.0 */
/* What every command begins with. */
#include "proto/host/say.h"
#include "relay/audit/commands.h"
#include "relay/audit/remote.h"

struct audit_options audit_options; /* main.c fills it */

bool audit_enter(struct audit_organisation *o, const char *why_key)
{
    if (why_key && !audit_options.key) {
        host_say_error("--key", why_key, "give --key D/officer/evidence.key, from where the authority lives");
        return false;
    }
    bool is_copy = audit_options.relay && !audit_options.dir;
    if (is_copy) {
        audit_options.dir = audit_remote_copy(why_key ? "the log, opened" : "the log");
        if (!audit_options.dir)
            return false;
    }
    if (!audit_options.dir) {
        host_say_error("--dir", "is missing",
                       "name the folder of the organisation, or of its relay; or --relay with --identity and --ca");
        return false;
    }
    bool fine = audit_open_ended(o, audit_options.dir, audit_options.key, (unsigned)audit_options.ended);
    o->is_copy = fine && is_copy;
    return fine;
}
