/* SPDX-License-Identifier: Apache-2.0 */
/* What every command begins with. */
#include <stdio.h>
#include <string.h>

#include "proto/host/say.h"
#include "proto/util/utf8.h"
#include "proto/wire/limits.h"
#include "relay/audit/commands.h"
#include "relay/audit/folder_notes.h"
#include "relay/audit/remote.h"

struct audit_options audit_options; /* main.c fills it */

bool audit_reason(const char *what, const char *example)
{
    const char *reason = audit_options.reason;
    size_t len = strlen(reason);
    char way_out[128];

    if (strspn(reason, " ") == len || len > PROTO_MAX_VALUE_BYTES) {
        snprintf(way_out, sizeof way_out, "give 1 to %u bytes%s%s", (unsigned)PROTO_MAX_VALUE_BYTES,
                 *example ? ", such as " : "", example);
        host_say_error("--reason", what, way_out);
        return false;
    }
    if (proto_utf8_reads_as_written(reason, len))
        return true;
    host_say_error("--reason", "has a character that hides or turns text, or breaks the line",
                   "write it so that everybody reads what you wrote");
    return false;
}

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
    if (o->is_copy)
        audit_notes_of_authority(o, audit_options.ca);
    return fine;
}
