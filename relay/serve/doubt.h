/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/doubt.h - what a witness said against this log, kept over a restart.
 *
 * A witness that has seen more of this log, or another one, ends the relay (witness.h). What it said is not signed, so
 * it proves nothing, but it must not be forgotten because the next start finds it silent for three seconds:
 * D/relay/doubted has it, and while it is there a relay starts only when that witness has answered and cosigned what is
 * here. It is void when the log has another name (an officer ended the doubted one), or when the operator took the
 * witness out of relay.ini.
 */
#ifndef RELAY_SERVE_DOUBT_H
#define RELAY_SERVE_DOUBT_H

#include "relay/serve/post.h"
#include "relay/serve/serve.h"

struct serve_doubt {
    char witness[PROTO_NOTE_VKEY_MAX + 1]; /* its key, as in relay.ini */
    char said[SERVE_POST_REASON_BYTES];
};

/** Any thread; a failure is said. */
void serve_doubt_keep(const struct serve *serve, const struct serve_doubt *doubt);
/** False: there is none about this log. */
bool serve_doubt_find(const struct serve *serve, struct serve_doubt *out);
/** It is answered, or void; `why` is said. Nothing when there is none. */
void serve_doubt_forget(const struct serve *serve, const char *why);

#endif
