/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/state/redact.h - secrets stay at home: each value passes here on its way into the model.
 *
 * Two rules, both tables in redact.c. By name: a property whose name speaks of a secret (key, token, password, ssid,
 * latitude …) is replaced whole, numbers too; one bit of truth ("token_valid") tells no secret and
 * stays, but under a name that the file hides. In a text, what stands behind such a name ("psk":"…", password=…) is
 * replaced, and who logs in in an address (//user:password@). By form: MAC
 * addresses keep the maker's half, IP addresses the network's half (but for those of routers and name servers, which a
 * repair is about), what looks like a key is cut to its first characters, and a pair of coordinates is replaced.
 *
 * A file of rules adds to the tables, or lifts what this home may tell. One rule a line, # begins a comment:
 *
 *     hide owner          # a name with this word in it is of a secret
 *     show ssid           # a property of exactly this name may be told
 *     plain mac           # this form stays as it is: mac, address, key or coordinates
 *
 * A form is a guess. It errs towards showing words: "keyboard_layout" and "HP-LaserJet-Pro-M404dn" stay, and a secret
 * that reads like a word, under a name that does not tell, is not found.
 */
#ifndef CLIENT_STATE_REDACT_H
#define CLIENT_STATE_REDACT_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/util/err.h"

#define CLIENT_STATE_HIDDEN "(hidden)" /* stands for a value that its name forbids */

enum { CLIENT_STATE_RULES_MAX = 64, CLIENT_STATE_RULES_BYTES = 16384 };

struct client_state_rules { /* a zeroed struct: the built-in rules alone */
    char hide[CLIENT_STATE_RULES_MAX][32], show[CLIENT_STATE_RULES_MAX][48];
    size_t hides, shows;
    bool plain_mac, plain_address, plain_key, plain_coordinates;
};

/** The text of a rules file. On error `why` names the line, the rule and the way out, and *out is not to be used. */
PROTO_MUST_USE enum proto_err client_state_rules_parse(const char *text, size_t len, struct client_state_rules *out,
                                                       char *why, size_t why_bytes);

/** Whether a property so called is of a secret, whatever its value. `rules` NULL: the built-in ones. */
bool client_state_redact_hides(const struct client_state_rules *rules, const char *name);
/** Whether a value of true or false under this name is hidden: by the file's rules alone. */
bool client_state_redact_hides_truth(const struct client_state_rules *rules, const char *name);
/** Rewrites `text` (UTF-8, capacity bytes with its NUL) in place. `name` is the property's. */
void client_state_redact(const struct client_state_rules *rules, const char *name, char *text, size_t capacity);
/** MAC addresses alone, in place and at the same length; true when there was one. For identifiers. */
bool client_state_redact_mac(char *text);
/** Those without colons (aabbccddeeff, 0x00158d0001a2b3c4), in the same way. */
void client_state_redact_bare_mac(char *text);

#endif
