/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/state/redact.h - secrets stay at home: each text value passes here on its way into the model.
 *
 * Two rules, both tables in redact.c. By name: a property whose name speaks of a secret (key, token, password, ssid, latitude …)
 * is replaced whole. By form: MAC addresses keep the maker's half, IP addresses the network's half, long runs of letters and
 * digits that look like a key are cut to their first characters.
 */
#ifndef CLIENT_STATE_REDACT_H
#define CLIENT_STATE_REDACT_H

#include <stddef.h>

/** Rewrites `text` (capacity bytes with its NUL) in place. `name` is the property's. */
void client_state_redact(const char *name, char *text, size_t capacity);

#endif
