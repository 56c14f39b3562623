/* SPDX-License-Identifier: Apache-2.0 */
/* client/state/redact_inside.h - what the files of redaction share; nobody else includes it. */
#ifndef CLIENT_STATE_REDACT_INSIDE_H
#define CLIENT_STATE_REDACT_INSIDE_H

#include "client/state/redact.h"

/** `text` into `made`: values that stand behind the name of a secret, and who logs in in an address, are replaced. */
void redact_said(const struct client_state_rules *rules, const char *text, char *made, size_t room);
/** A run of `len` signs that begins as a token of a known kind: its bytes, with parts behind a point; 0: none. */
size_t redact_token(const char *run, size_t len);

#endif
