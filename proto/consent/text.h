/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/consent/text.h - the lines of notes: writing and strictly reading "key value" lines. Internal to proto/consent.
 *
 * A reader accepts only what a writer makes: each line must be there, in its order, with one space behind the key, and
 * nothing may be left over. That is what makes a text and its hash the same thing.
 */
#ifndef PROTO_CONSENT_TEXT_H
#define PROTO_CONSENT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/util/buf.h"
#include "proto/util/err.h"
#include "proto/wire/limits.h"

void consent_put_line(struct proto_buf *out, const char *key, const char *value);
void consent_put_hex(struct proto_buf *out, const uint8_t *bytes, size_t len);
void consent_put_base64(struct proto_buf *out, const uint8_t bytes[static 32]);

struct consent_lines {
    const char *at, *end; /* borrowed */
    bool failed;
};

/** The value of the next line, which must have this key; copied with a NUL. `failed` on anything else or too long a
 * value. */
void consent_take_line(struct consent_lines *lines, const char *key, char *value, size_t capacity);
/** Splits at single spaces, in place; the number of words, 0 when there are more than `max` or an empty one. */
size_t consent_words(char *value, char **words, size_t max);
/** Decimal without sign or leading zero, at most `max`. */
bool consent_number(const char *text, uint64_t max, uint64_t *out);
bool consent_hex(const char *text, uint8_t *out, size_t len);
bool consent_base64(const char *text, uint8_t out[static 32]);

/* The lines that statements and events share. */
void consent_put_head(struct proto_buf *out, const uint8_t sid[static PROTO_SID_BYTES],
                      uint32_t seq); /* session, seq */
bool consent_take_head(struct consent_lines *lines, uint8_t sid[static PROTO_SID_BYTES], uint32_t *seq);
void consent_put_prev(struct proto_buf *out, bool first, const uint8_t prev[static PROTO_HASH_BYTES]);
bool consent_take_prev(struct consent_lines *lines, bool *first, uint8_t prev[static PROTO_HASH_BYTES]);
bool consent_take_time(struct consent_lines *lines, int64_t *unix_s);
/** Writing again what was read and comparing makes the reader exactly as strict as the writer. */
bool consent_same_text(enum proto_err written, const struct proto_buf *again, const char *text, size_t len);

#endif
