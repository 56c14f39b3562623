/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/consent_options.h - who answers a request: a person who is asked, nobody, or a list given
 * beforehand.
 */
#ifndef CLIENT_COMPANION_CONSENT_OPTIONS_H
#define CLIENT_COMPANION_CONSENT_OPTIONS_H

#include <stdint.h>

#include "client/companion/camera.h"
#include "proto/util/err.h"
#include "proto/wire/capability.h"

enum client_answer { CLIENT_ANSWER_ASK, CLIENT_ANSWER_GRANT, CLIENT_ANSWER_REFUSE };

struct client_consent_rule {
    enum client_answer others; /* what is not in the list */
    uint32_t granted;          /* bit 1 << capability */
};

/** "ask", "none" or names parted by commas. RANGE: `why` names the word that is no capability, and those there are. */
PROTO_MUST_USE enum proto_err client_consent_rule_parse(const char *text, struct client_consent_rule *out,
                                                        char why[static CLIENT_WHY_BYTES]);
enum client_answer client_consent_rule_answer(const struct client_consent_rule *rule, enum proto_capability capability);

/** "camera, microphone, …": every name, for errors and help. */
const char *client_capability_names(void);

#endif
