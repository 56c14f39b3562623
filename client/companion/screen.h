/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/screen.h - the customer's terminal: lines that pass, and one line at the bottom that always says
 * what is being sent, to whom and for how long.
 *
 * The bottom line stands outside the scrolled part of the screen, so that neither talk nor typing pushes it away. Where
 * stdout is no terminal it is printed as a line whenever what is sent changes. With JSON Lines the screen is silent.
 */
#ifndef CLIENT_COMPANION_SCREEN_H
#define CLIENT_COMPANION_SCREEN_H

#include "client/companion/words.h"
#include "proto/util/err.h"

struct client_screen;

enum client_screen_kind { CLIENT_SCREEN_SILENT, CLIENT_SCREEN_PLAIN, CLIENT_SCREEN_TERMINAL };

PROTO_MUST_USE enum proto_err client_screen_new(struct client_screen **out, enum client_screen_kind kind);
/** One line of ours; texts from others go through proto_words_clean() first. */
void client_screen_line(struct client_screen *screen, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** As it is, without a line feed of its own: a question. */
void client_screen_text(struct client_screen *screen, const struct proto_buf *text);
/** Call it as often as you like: it paints only what changed. */
void client_screen_status(struct client_screen *screen, const struct client_status *status);
void client_screen_free(struct client_screen *screen); /* gives the terminal back; NULL is fine */

#endif
