/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/find.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/host/say.h"

static const char way_out[] = "handhold-audit list shows the numbers";

bool audit_find_readable(const char *begins, size_t least)
{
    size_t len = strlen(begins);
    char rule[96];

    if (len >= least && len <= AUDIT_SID_DIGITS && strspn(begins, "0123456789abcdefABCDEF") == len)
        return true;
    snprintf(rule, sizeof rule, "is not how a session's number begins: %zu to %d hexadecimal digits", least,
             (int)AUDIT_SID_DIGITS);
    host_say_error(begins, rule, way_out);
    return false;
}

bool audit_find_whole(const char *begins, uint8_t sid[static RELAY_STORE_SID_BYTES])
{
    size_t len = 0;

    return strlen(begins) == AUDIT_SID_DIGITS &&
           !sodium_hex2bin(sid, RELAY_STORE_SID_BYTES, begins, AUDIT_SID_DIGITS, NULL, &len, NULL) &&
           len == RELAY_STORE_SID_BYTES;
}

enum proto_err audit_find_match(void *context, const struct relay_store_session *row)
{
    struct audit_find *f = context;
    char hex[AUDIT_SID_DIGITS + 1];

    sodium_bin2hex(hex, sizeof hex, row->sid, sizeof row->sid);
    if (strncasecmp(hex, f->begins, strlen(f->begins)) != 0 || (f->running && row->state == RELAY_STORE_ENDED))
        return PROTO_OK;
    if (f->matches++ == 0)
        f->row = *row;
    else if (!f->second[0])
        memcpy(f->second, hex, sizeof hex);
    return PROTO_OK;
}

bool audit_find_one(const struct audit_find *f)
{
    char first[AUDIT_SID_DIGITS + 1], rule[192];
    size_t shown = strlen(f->begins) + 4 < 8 ? 8 : strlen(f->begins) + 4;

    if (!f->matches)
        host_say_error(f->begins,
                       f->running ? "no session that has not ended has a number that begins so"
                                  : "no session's number begins so",
                       way_out);
    if (f->matches > 1) {
        sodium_bin2hex(first, sizeof first, f->row.sid, sizeof f->row.sid);
        snprintf(rule, sizeof rule, "%zu sessions' numbers begin so, %.*s… and %.*s… among them", f->matches,
                 (int)shown, first, (int)shown, f->second);
        host_say_error(f->begins, rule, "give more of the number");
    }
    return f->matches == 1;
}
