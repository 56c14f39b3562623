/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/messages.h - the words of the phone page, out of the message files that it is built from: ICU messages,
 * as far as its receipt has them (places, plurals, dates), written the same way in every country.
 */
#ifndef RELAY_AUDIT_MESSAGES_H
#define RELAY_AUDIT_MESSAGES_H

#include <jansson.h>

#include "proto/util/buf.h"

/* What goes into a place. */
struct audit_value {
    const char *name, *text; /* text NULL: a number, or a time as unix seconds */
    int64_t number;
};

/** The messages of a language, by key, for json_decref(); NULL: the page does not come in it, or no memory. */
json_t *audit_messages_of(const char *language);
/** Appends one; `zone_min` is east of UTC. False: there is no such message, or it has what this program does not know.
 */
bool audit_message_put(struct proto_buf *out, const json_t *messages, const char *key, const struct audit_value *values,
                       size_t count, int zone_min);

#endif
