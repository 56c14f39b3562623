/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/state/redact.h - secrets stay at home: each value passes here on its way into the model.
 *
 * Two rules, both tables in redact.c. By name: a property whose name speaks of a secret (key, token, password, ssid,
 * latitude …) is replaced whole, numbers too; one bit of truth ("token_valid") tells no secret and stays. By form: MAC
 * addresses keep the maker's half, IP addresses the network's half (but for those of routers and name servers, which a
 * repair is about), and what looks like a key is cut to its first characters.
 *
 * A form is a guess. It errs towards showing words: "keyboard_layout" and "HP-LaserJet-Pro-M404dn" stay, and a secret
 * that reads like a word, under a name that does not tell, is not found.
 */
#ifndef CLIENT_STATE_REDACT_H
#define CLIENT_STATE_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#define CLIENT_STATE_HIDDEN "(hidden)" /* stands for a value that its name forbids */

/** Whether a property so called is of a secret, whatever its value. */
bool client_state_redact_hides(const char *name);
/** Rewrites `text` (UTF-8, capacity bytes with its NUL) in place. `name` is the property's. */
void client_state_redact(const char *name, char *text, size_t capacity);
/** MAC addresses alone, in place and at the same length; true when there was one. For identifiers. */
bool client_state_redact_mac(char *text);

#endif
