/* SPDX-License-Identifier: Apache-2.0 */
/* proto/log/text.h - reads the lines of checkpoints and proofs, where every value has exactly one spelling. */
#ifndef PROTO_LOG_TEXT_H
#define PROTO_LOG_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "proto/log/leaf.h"

struct proto_log_lines {
    const char *at, *end; /* borrowed */
};
struct proto_log_line {
    const char *text; /* borrowed, without its line feed */
    size_t len;
};

/** The next line; PROTO_ERR_FORMAT when there is none or it does not end in LF. */
PROTO_MUST_USE enum proto_err proto_log_line_next(struct proto_log_lines *lines, struct proto_log_line *line);
/** Decimal without sign or leading zeros. */
PROTO_MUST_USE enum proto_err proto_log_line_decimal(const struct proto_log_line *line, uint64_t *value);
/** Strict base64 of exactly one hash. */
PROTO_MUST_USE enum proto_err proto_log_line_hash(const struct proto_log_line *line,
                                                  uint8_t hash[PROTO_LOG_HASH_BYTES]);

#endif
