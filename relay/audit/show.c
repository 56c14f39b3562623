/* SPDX-License-Identifier: Apache-2.0 */
/* show: finds the session that was meant, reads it, holds it to the rules, and has its minutes written. */
#include <stdlib.h>

#include "proto/host/say.h"
#include "relay/audit/commands.h"
#include "relay/audit/find.h"
#include "relay/audit/minutes.h"
#include "relay/audit/session.h"
#include "relay/audit/whole.h"

bool audit_find_session(struct audit_organisation *o, const char *begins, struct relay_store_session *row)
{
    struct audit_find f = {.begins = begins};

    if (!audit_find_readable(begins, 1))
        return false;
    if (relay_store_each_session_beginning(o->rows, begins, audit_find_match, &f)) {
        host_say(HOST_ERROR, "%s", relay_store_error(o->rows));
        return false;
    }
    *row = f.row;
    if (!f.matches && audit_whole_say_gone(o, begins))
        return false;
    return audit_find_one(&f);
}

static int show(struct audit_organisation *o, const struct relay_store_session *row)
{
    struct audit_report *report = calloc(1, sizeof *report);
    struct audit_session session;
    int code = HOST_EXIT_FAILED;

    if (!report)
        return code;
    enum proto_err err = audit_session_read(&session, o, row, report);
    if (err) {
        host_say_err("show", err);
    } else {
        audit_session_judge(&session, o, audit_whole_size(o), report);
        audit_causes_first(report);
        audit_session_make_plain(&session);
        (audit_options.json ? audit_minutes_json : audit_minutes_print)(o, &session, report);
        code = audit_whole_say(o, row->sid) || report->wrong || session.incomplete ? HOST_EXIT_FAILED : HOST_EXIT_FINE;
    }
    audit_session_clear(&session);
    free(report);
    return code;
}

int audit_show(void)
{
    struct audit_organisation o;
    struct relay_store_session row;

    if (!audit_find_readable(audit_options.session, 1) ||
        !audit_enter(&o, "is missing: the minutes of a session are sealed to the officers"))
        return HOST_EXIT_USAGE;
    bool known = audit_whole_know(&o);
    audit_begin_moment(&o);
    bool found = known && audit_find_session(&o, audit_options.session, &row);
    int code = found ? show(&o, &row) : HOST_EXIT_FAILED;
    audit_end_moment(&o);
    if (!found && known)
        (void)audit_whole_say(&o, NULL); /* where it should be, perhaps */
    audit_close(&o);
    return code;
}
