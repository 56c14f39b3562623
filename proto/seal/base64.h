/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/seal/base64.h - base64, strictly: every text decodes in one way only, and every value has one text.
 *
 * Standard base64 with padding (RFC 4648 section 4) is for notes; base64url without padding (section 5) is for links.
 * White space, missing or extra padding and padding bits that are not zero are refused: otherwise one signed note would
 * have many spellings.
 */
#ifndef PROTO_SEAL_BASE64_H
#define PROTO_SEAL_BASE64_H

#include "proto/util/buf.h"
#include "proto/util/err.h"

#include <stddef.h>
#include <stdint.h>

/** Characters that `n` bytes need, without a NUL. */
#define PROTO_BASE64_CHARS(n) (((n) + 2) / 3 * 4)
#define PROTO_BASE64URL_CHARS(n) (((n)*4 + 2) / 3)

void proto_base64_put(struct proto_buf *out, const void *bytes, size_t len); /* appended, no NUL */
void proto_base64url_put(struct proto_buf *out, const void *bytes, size_t len);
/** FORMAT: not exactly base64. RANGE: decodes to more than `capacity`. *out_len is 0 on an error. */
PROTO_MUST_USE enum proto_err proto_base64_decode(const char *text, size_t text_len, uint8_t *out, size_t capacity,
                                                  size_t *out_len);
PROTO_MUST_USE enum proto_err proto_base64url_decode(const char *text, size_t text_len, uint8_t *out, size_t capacity,
                                                     size_t *out_len);

#endif
