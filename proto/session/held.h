/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/session/held.h - what the three files of the agent's consents lend each other. Internal to proto/session.
 *
 *   held.c        statements: checked, co-signed, acted upon
 *   held_ask.c    the sheet that is before the customer
 *   held_keys.c   keys, and the frames that they open
 */
#ifndef PROTO_SESSION_HELD_H
#define PROTO_SESSION_HELD_H

#include "proto/session/internal.h"

void held_key_clear(struct held_key *key);
/** This capability is in another state now; the owner is told, `why` with it. */
void held_change_state(struct proto_session *s, enum proto_capability capability, enum proto_consent_state state,
                       const char *why);

#endif
