/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/wrap.h - what an agent writes down when a session is over.
 */
#ifndef AGENT_DESK_WRAP_H
#define AGENT_DESK_WRAP_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/util/buf.h"
#include "proto/wire/limits.h"

#define AGENT_WRAP_TEXT_CHARS 2000u
#define AGENT_WRAP_TEXT_BYTES (4 * AGENT_WRAP_TEXT_CHARS + 1) /* of UTF-8, whatever the letters */
#define AGENT_WRAP_LINE_BYTES (64u * 1024)                    /* each control character is six in JSON */

enum agent_wrap_outcome { AGENT_WRAP_SOLVED, AGENT_WRAP_PARTLY, AGENT_WRAP_NOT_SOLVED, AGENT_WRAP_NO_CONTACT };
/** "solved", "partly", "not-solved", "no-contact". */
const char *agent_wrap_outcome_name(enum agent_wrap_outcome outcome);

struct agent_view;
/** What most often is so of a session that has ended; whoever was there says otherwise. */
enum agent_wrap_outcome agent_wrap_likely(const struct agent_view *view);

struct agent_wrap {
    enum agent_wrap_outcome outcome;
    char wrong[AGENT_WRAP_TEXT_BYTES], fixed[AGENT_WRAP_TEXT_BYTES], note[AGENT_WRAP_TEXT_BYTES];
    bool follow_up;
    /* Filled in by the window */
    char session[40], reference[PROTO_MAX_VALUE_BYTES + 1];
    int64_t unix_ms, length_ms;
    uint32_t stars; /* 0: none */
};

/** Appends it as one JSON object and a line feed, AGENT_WRAP_LINE_BYTES at most. */
void agent_wrap_put_json(const struct agent_wrap *wrap, struct proto_buf *out);

#endif
