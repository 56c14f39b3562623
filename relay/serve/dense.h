/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/dense.h - do all who speak say much? Then a short pause before the loop looks again gathers what they
 * say.
 *
 * Who is faster than those who speak finds each message alone, which costs a wait, a recv() and a send() each. Where
 * everybody says something within such a pause it finds one of each, or more. A single voice or picture among them,
 * which comes some ten times a second, is enough that there is none: nobody who paces what they say waits for those who
 * do not.
 */
#ifndef RELAY_SERVE_DENSE_H
#define RELAY_SERVE_DENSE_H

#include <stdbool.h>
#include <stdint.h>

enum { SERVE_DENSE_PAUSE_US = 100 };

/* Zeroed at its beginning, as each speaker. */
struct serve_dense {
    int64_t span;             /* number of the stretch of time that is looked at */
    uint32_t speakers, dense; /* in it; and how many of these said much */
    bool before;              /* all of them did, in the one before */
};
struct serve_dense_speaker {
    int64_t span;  /* in which it spoke last … */
    uint32_t said; /* … and how many messages then */
};

/** A message of this speaker came. */
void serve_dense_note(struct serve_dense *dense, struct serve_dense_speaker *speaker, int64_t now_ms);
bool serve_dense_pauses(const struct serve_dense *dense, int64_t now_ms);

#endif
