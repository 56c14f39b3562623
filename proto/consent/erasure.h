/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/consent/erasure.h - what was destroyed, by whom and on which ground: the public note of a class 3 leaf.
 *
 *     handhold/1 erasure
 *     seq <n>
 *     prev <b64 H(previous text of this signer) | ->
 *     time <unix seconds>
 *     cause <officer|retention>
 *     basis <text>
 *     log <origin>                      whose entries these are: the log that has the note, or an ended one
 *     entries <first>-<last>            one line a range, rising, 64 at most
 *
 * Signed by an officer's leaf, or, for retention, by the relay under "<origin>/events". It names entries and no person:
 * it outlives them. It names its log, because numbers are the same in all of them and chains of officers begin anew in
 * each: the note could be played again where it destroys something else. `seq` and `prev` are those of the signer's
 * acts, events included (PROTOCOL.md, Notes).
 */
#ifndef PROTO_CONSENT_ERASURE_H
#define PROTO_CONSENT_ERASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/util/buf.h"
#include "proto/util/err.h"
#include "proto/wire/limits.h"

enum {
    PROTO_ERASURE_RANGES = 64,
    PROTO_ERASURE_LOG_MAX = 520, /* bytes: as an origin's */
};

/** Entries `first` to `last`, both of them included. */
struct proto_entries {
    uint64_t first, last;
};

struct proto_erasure {
    uint32_t seq;
    bool first; /* prev is "-" */
    uint8_t prev[PROTO_HASH_BYTES];
    int64_t unix_s;
    bool retention;                        /* else an officer decided it */
    char basis[PROTO_MAX_VALUE_BYTES + 1]; /* the legal ground, in the officer's words */
    char log[PROTO_ERASURE_LOG_MAX + 1];   /* origin of the log whose entries these are */
    struct proto_entries ranges[PROTO_ERASURE_RANGES];
    size_t count; /* at least 1 */
};

/** RANGE: no basis, a log that is no key name, no range, ranges that do not rise or touch, or more than fit. Appends
 * the text. */
PROTO_MUST_USE enum proto_err proto_erasure_write(const struct proto_erasure *erasure, struct proto_buf *out);
/** Strict: accepts exactly what write makes. FORMAT otherwise, and `*out` is zeroed. */
PROTO_MUST_USE enum proto_err proto_erasure_parse(const char *text, size_t len, struct proto_erasure *out);
/** Adds an entry that is above all that are there. FULL: it would take one range too many. */
PROTO_MUST_USE enum proto_err proto_erasure_add(struct proto_erasure *erasure, uint64_t index);
bool proto_erasure_names(const struct proto_erasure *erasure, uint64_t index);
uint64_t proto_erasure_size(const struct proto_erasure *erasure); /* how many entries */

#endif
