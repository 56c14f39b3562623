/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/report.h - from the device-state sources to the session: each change one sealed StateChange.
 *
 * Sources are read only while a consent for it lives; at each start everything known is told anew, since the one who
 * reads now may not have read before.
 */
#ifndef CLIENT_COMPANION_REPORT_H
#define CLIENT_COMPANION_REPORT_H

#include "client/state/source.h"
#include "proto/session/session.h"

struct client_report;

/** `specs` as client_state_source_open(). On error `why` names value, rule and way out. */
/** `rules`: a file of redaction rules (redact.h), or NULL. */
PROTO_MUST_USE enum proto_err client_report_new(struct client_report **out, const char *const *specs, size_t count,
                                                const char *rules, char why[static CLIENT_STATE_WHY_BYTES]);
void client_report_start(struct client_report *report, struct proto_now now);
void client_report_stop(struct client_report *report);
/* Where frames go that are not a session's: the customer's first device. */
struct client_report_way {
    bool (*may)(void *context);
    enum proto_err (*push)(void *context, const uint8_t *bytes, size_t len);
    void *context;
};
/** From now on; tick() and check() are given no session then. */
void client_report_send_by(struct client_report *report, const struct client_report_way *way);
/** What another device told, into the model; `gone`: it left. What does not fit there is left out. NULL is fine. */
void client_report_device(struct client_report *report, const struct client_state_device *device, bool gone);
void client_report_property(struct client_report *report, const char *seen_by,
                            const struct client_state_property *property);
/** Every device that this source told goes. */
void client_report_forget(struct client_report *report, const char *seen_by);
int64_t client_report_deadline(const struct client_report *report, int64_t now_ms);
void client_report_tick(struct client_report *report, struct proto_session *session, struct proto_now now);
/** One result of a check, under the same consent. False: not now, offer it again. */
bool client_report_check(struct client_report *report, struct proto_session *session,
                         const handhold_CheckResult *result, struct proto_now now);
/** What the customer does not show, or shows again; as client_state_model_hide(). */
PROTO_MUST_USE enum proto_err client_report_hide(struct client_report *report, const char *device, const char *name,
                                                 bool hide);
const struct client_state_model *client_report_model(const struct client_report *report); /* borrowed */
uint64_t client_report_told(const struct client_report *report);                          /* changes pushed so far */
void client_report_free(struct client_report *report);                                    /* NULL is fine */

#endif
