/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/line_sender.h - who sends over the line: the companion as it is, the companion under cubic, which is what
 * a browser's kernel mostly has and no page can choose, or the phone page in Chromium under cubic. For the ratio: a
 * bare pipe of encoder, TCP and decoder (line_bare.c) in their place.
 */
#ifndef TESTS_BENCH_LINE_SENDER_H
#define TESTS_BENCH_LINE_SENDER_H

#include <stdbool.h>
#include <stddef.h>

enum line_sender { LINE_COMPANION, LINE_CUBIC, LINE_PAGE, LINE_BARE, LINE_SENDERS };
enum { LINE_SENDER_ARGS = 32 };
#define LINE_BARE_PORT "9000"

struct line_sender_about {
    const char *bin, *link, *clip, *tone, *ca, *kbps; /* kbps NULL: as it likes */
};

/** "companion", "cubic", "page" or "bare"; NULL is none of them. */
const char *line_sender_name(enum line_sender sender);
/** Why it cannot be measured here; NULL when it can. */
const char *line_sender_cannot(enum line_sender sender);
/** The congestion control of the customer's machine, whatever a program asks for. False: it cannot be set. Once its
 *  namespace is there, and again when its address has changed. */
bool line_sender_prepare(enum line_sender sender);
/** HOST:PORT under which this sender finds the relay: the page by the organisation's domain, which makes it verified.
 */
const char *line_sender_host(enum line_sender sender);
/** The program and its arguments, ended by NULL, to be started in the customer's namespace. Borrows from `about`. */
void line_sender_argv(enum line_sender sender, const struct line_sender_about *about,
                      const char *argv[LINE_SENDER_ARGS]);

#endif
