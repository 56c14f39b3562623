/* SPDX-License-Identifier: Apache-2.0 */
/* What a privacy officer does at a relay that runs: asks it, changes its policy, reads and watches its log. */
#ifndef TESTS_SYSTEM_OFFICER_H
#define TESTS_SYSTEM_OFFICER_H

#include "tests/system/house.h"

/** The first eight digits of the session's number. */
const char *officer_session(const struct house *house);
/** house_officer() with --json: all that stands on stdout is events, and the last is `event`. */
void officer_json(struct house *house, int code, const char *event, const char *const *words);
/** The line of policy.txt that begins with `from` becomes `to`. */
void officer_edits(struct house *house, const char *from, const char *to);
/** handhold-audit with `words` on the relay's folder says `said` and not `not_said`; NULL: anything. */
void officer_reads(struct house *house, const char *const *words, const char *said, const char *not_said);
/** tail, as it goes on; `where` is ended by NULL. */
struct demo_child *officer_tail(struct house *house, const char *name, const char *const *where);

#endif
