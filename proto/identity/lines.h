/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/identity/lines.h - the lines of a note's text: "word value", one after the other. For the files of this room.
 */
#ifndef PROTO_IDENTITY_LINES_H
#define PROTO_IDENTITY_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proto_lines {
    const char *at, *end; /* borrowed */
    size_t number;        /* of the line that was read last, from 1 */
};

/* A piece of a line, borrowed and without a NUL. */
struct proto_span {
    const char *at;
    size_t len;
};

/** The next line without its LF. false at the end, and when the last line has no LF (`at` then stays before `end`). */
bool proto_lines_next(struct proto_lines *lines, struct proto_span *line);
/** Takes what stands before the first space (all, when there is none) from the front of `rest`. */
struct proto_span proto_span_word(struct proto_span *rest);
bool proto_span_is(struct proto_span span, const char *text);
/** Decimal without sign or leading zero, at most `max`. */
bool proto_span_number(struct proto_span span, uint64_t max, uint64_t *out);
/** Copies with a NUL; false when it is empty, has a NUL inside, or is longer than `capacity` - 1. */
bool proto_span_copy(struct proto_span span, char *out, size_t capacity);

#endif
