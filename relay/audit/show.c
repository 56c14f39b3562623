/* SPDX-License-Identifier: Apache-2.0 */
/* show: finds the session that was meant, reads it, holds it to the rules, and has its minutes written. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/say.h"
#include "relay/audit/commands.h"
#include "relay/audit/minutes.h"
#include "relay/audit/session.h"

#define HEX_MAX (2 * RELAY_STORE_SID_BYTES)

struct finding_session {
    const char *prefix;
    size_t len, matches;
    struct relay_store_session row; /* the first match */
    char second[HEX_MAX + 1];
};

static enum proto_err match(void *context, const struct relay_store_session *row)
{
    struct finding_session *f = context;
    char hex[HEX_MAX + 1];

    sodium_bin2hex(hex, sizeof hex, row->sid, sizeof row->sid);
    if (strncasecmp(hex, f->prefix, f->len) != 0)
        return PROTO_OK;
    if (f->matches++ == 0)
        f->row = *row;
    else if (!f->second[0])
        memcpy(f->second, hex, sizeof hex);
    return PROTO_OK;
}

bool audit_find_session(struct audit_organisation *o, const char *prefix, struct relay_store_session *row)
{
    struct finding_session f = {.prefix = prefix, .len = strlen(prefix)};
    char rule[160];

    if (!f.len || f.len > HEX_MAX || strspn(prefix, "0123456789abcdefABCDEF") != f.len) {
        host_say_error(prefix, "is not how a session's id begins: hexadecimal digits, at most 32",
                       "handhold-audit list shows the ids");
        return false;
    }
    if (relay_store_each_session(o->rows, true, match, &f)) {
        host_say(HOST_ERROR, "%s", relay_store_error(o->rows));
        return false;
    }
    if (!f.matches)
        host_say_error(prefix, "no session's id begins so", "handhold-audit list shows the ids");
    if (f.matches > 1) {
        char first[9], second[9];
        sodium_bin2hex(first, sizeof first, f.row.sid, 4);
        snprintf(second, sizeof second, "%.8s", f.second);
        snprintf(rule, sizeof rule, "%zu sessions' ids begin so, %s… and %s… among them", f.matches, first, second);
        host_say_error(prefix, rule, "give more of the id");
    }
    *row = f.row;
    return f.matches == 1;
}

static int show(struct audit_organisation *o, const struct relay_store_session *row)
{
    struct audit_report *report = calloc(1, sizeof *report);
    struct audit_session session;
    struct relay_store_checkpoint checkpoint;
    int code = HOST_EXIT_FAILED;

    if (!report)
        return code;
    uint64_t size = relay_store_get_checkpoint(o->log, &checkpoint) ? 0 : checkpoint.size;
    enum proto_err err = audit_session_read(&session, o, row, report);
    if (err) {
        host_say_err("show", err);
    } else {
        audit_session_judge(&session, o, size, report);
        audit_causes_first(report);
        audit_session_make_plain(&session);
        (audit_options.json ? audit_minutes_json : audit_minutes_print)(o, &session, report);
        code = report->wrong || session.incomplete ? HOST_EXIT_FAILED : HOST_EXIT_FINE;
    }
    audit_session_clear(&session);
    free(report);
    return code;
}

int audit_show(void)
{
    struct audit_organisation o;
    struct relay_store_session row;

    if (!audit_enter(&o, "is missing: the minutes of a session are sealed to the officers"))
        return HOST_EXIT_USAGE;
    int code = audit_find_session(&o, audit_options.session, &row) ? show(&o, &row) : HOST_EXIT_FAILED;
    audit_close(&o);
    return code;
}
