/* SPDX-License-Identifier: Apache-2.0 */
/* tests/relay/audit_tool.h - the officer's program as a test calls it: one command line, its exit code and its words.
 */
#ifndef TESTS_RELAY_AUDIT_TOOL_H
#define TESTS_RELAY_AUDIT_TOOL_H

#include "tests/relay/log_fixture.h"

enum { AUDIT_TOOL_OUT = 1 << 20 };

/** Runs it in the zone of Zurich, with its state inside the fixture's folder. Text of stdout and stderr; borrowed. */
const char *audit_tool_run(const struct log_fixture *f, int *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** The exit code, and a text that must be said; a cmocka failure shows all that was. */
void audit_tool_expect(const struct log_fixture *f, int code, const char *text, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** A log with one session, to which its customer came. */
void audit_tool_join(struct log_fixture *f, struct log_session *s, const char *customer);
/** Settles the log, verifies it, expects this code and text, and closes it. */
void audit_tool_verify(struct log_fixture *f, int code, const char *text);

#endif
