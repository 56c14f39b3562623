/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/find.h - the one session whose number begins with the digits that a person typed. */
#ifndef RELAY_AUDIT_FIND_H
#define RELAY_AUDIT_FIND_H

#include "relay/audit/organisation.h"

enum { AUDIT_SID_DIGITS = 2 * RELAY_STORE_SID_BYTES };

/** All zero but for the first two. */
struct audit_find {
    const char *begins; /* borrowed */
    bool running;       /* those that have ended are not meant */
    size_t matches;
    struct relay_store_session row; /* the first match */
    char second[AUDIT_SID_DIGITS + 1];
};

/** Hexadecimal digits, `least` to 32 of them? False: said. */
bool audit_find_readable(const char *begins, size_t least);
/** A relay_store_visit_session over all rows, or over those that begin so; `context` is an audit_find. */
PROTO_MUST_USE enum proto_err audit_find_match(void *context, const struct relay_store_session *row);
/** All 32 digits? Then `sid` is set. */
bool audit_find_whole(const char *begins, uint8_t sid[static RELAY_STORE_SID_BYTES]);
/** After the visit. False: none or several, which was said. */
bool audit_find_one(const struct audit_find *f);

#endif
