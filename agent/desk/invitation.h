/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/invitation.h - an invitation as it is read aloud and as it is sent: texts and addresses, no program.
 */
#ifndef AGENT_DESK_INVITATION_H
#define AGENT_DESK_INVITATION_H

#include <stdint.h>

#include "proto/util/buf.h"
#include "proto/util/err.h"

/**
 * The word for a digit as it is read aloud so that no two are mistaken: message id, "two". Languages that have a word
 * of their own for the telephone (German "zwo") put it into the translation. NULL: no digit.
 */
const char *agent_invitation_digit(char digit);
/**
 * Appends the code in words, group by group: "four zero seven, one eight three". `say` translates a word; NULL: it
 * stays. What is no digit parts the groups.
 */
void agent_invitation_spell(const char *code, const char *(*say)(const char *word), struct proto_buf *out);

/**
 * Puts `link` where `text` has {link}, `code` where it has {code} and `address` where it has {address}. FULL as the
 * buffer tells.
 */
void agent_invitation_fill(const char *text, const char *link, const char *code, const char *address,
                           struct proto_buf *out);
/** "mailto:TO?subject=…&body=…", RFC 6068. FORMAT: `to` is no address that can be put there; it may be empty. */
PROTO_MUST_USE enum proto_err agent_invitation_mailto(const char *to, const char *subject, const char *body,
                                                      struct proto_buf *out);
/** "sms:NUMBER?body=…", RFC 5724. FORMAT: `number` is no telephone number; it may be empty. */
PROTO_MUST_USE enum proto_err agent_invitation_sms(const char *number, const char *body, struct proto_buf *out);
/** Digits, and + in front; spaces, hyphens, dots and brackets of people are left out. FORMAT: no number. */
PROTO_MUST_USE enum proto_err agent_invitation_number(const char *typed, char out[static 24]);

/** Seconds that are left of a link or code that was made at `made_ms` and lives `life_s`; 0: it has run out. */
int64_t agent_invitation_left_s(int64_t made_ms, uint32_t life_s, int64_t now_ms);
#define AGENT_INVITATION_TIME_BYTES 40u
/** "9:42", and from an hour on "23 h 59 min": minutes are enough there. */
void agent_invitation_time(int64_t s, char out[static AGENT_INVITATION_TIME_BYTES]);

#endif
