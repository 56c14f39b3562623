/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/minutes.h - a session as a page that a person can read, in 80 columns, or as JSON Lines. */
#ifndef RELAY_AUDIT_MINUTES_H
#define RELAY_AUDIT_MINUTES_H

#include "relay/audit/session.h"

void audit_minutes_print(const struct audit_organisation *o, const struct audit_session *session,
                         const struct audit_report *report);
void audit_minutes_json(const struct audit_organisation *o, const struct audit_session *session,
                        const struct audit_report *report);

/** list.c: the line that list and show have in common. */
void audit_session_json(const struct audit_organisation *o, const struct audit_session *session);

#endif
