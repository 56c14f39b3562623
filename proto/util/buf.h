/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/util/buf.h - growable bytes with a maximum that is named at birth, and a cursor to read bytes.
 *
 * A writer never fails half-way: the first append that would pass `max` sets `failed`, and every later one is ignored,
 * so a message is built by a row of appends and checked once. A reader never passes its end: the first read that would
 * sets `failed` and yields zeros. Integers are big-endian, as everywhere in the protocol.
 */
#ifndef PROTO_UTIL_BUF_H
#define PROTO_UTIL_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct proto_buf {
    uint8_t *bytes; /* owned; NULL while empty */
    size_t len, capacity, max;
    bool failed; /* out of memory or past `max`: the content is not to be used */
    bool secret; /* wiped when it grows, is cleared or freed */
};

void proto_buf_init(struct proto_buf *buf, size_t max);
/** As init, and wiped whenever memory is given back: for key material. */
void proto_buf_init_secret(struct proto_buf *buf, size_t max);
void proto_buf_free(
    struct proto_buf *buf); /* back to empty and usable again with the same max; zeroed struct is fine */
void proto_buf_clear(struct proto_buf *buf); /* len = 0, memory kept, `failed` reset */
void proto_buf_put(struct proto_buf *buf, const void *bytes, size_t len);
void proto_buf_put_u8(struct proto_buf *buf, uint8_t value);
void proto_buf_put_u16(struct proto_buf *buf, uint16_t value);
void proto_buf_put_u32(struct proto_buf *buf, uint32_t value);
void proto_buf_put_u64(struct proto_buf *buf, uint64_t value);
void proto_buf_put_text(struct proto_buf *buf, const char *text); /* without the final NUL */
/** At most 1023 bytes in one call; more sets `failed`. */
void proto_buf_printf(struct proto_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** u8 / u16 length, then the bytes; a longer value sets `failed`. */
void proto_buf_put_lv8(struct proto_buf *buf, const void *bytes, size_t len);
void proto_buf_put_lv16(struct proto_buf *buf, const void *bytes, size_t len);
/** Room for `len` more bytes, counted as written; NULL (and `failed`) when it would pass max. Valid until the next
 * call. */
uint8_t *proto_buf_extend(struct proto_buf *buf, size_t len);

struct proto_reader {
    const uint8_t *at, *end; /* borrowed */
    bool failed;
};

static inline struct proto_reader proto_reader_of(const void *bytes, size_t len)
{
    const uint8_t *at = (const uint8_t *)bytes;

    return (struct proto_reader){at, len ? at + len : at, false};
}
static inline size_t proto_reader_left(const struct proto_reader *r)
{
    return (size_t)(r->end - r->at);
}
uint8_t proto_read_u8(struct proto_reader *r);
uint16_t proto_read_u16(struct proto_reader *r);
uint32_t proto_read_u32(struct proto_reader *r);
uint64_t proto_read_u64(struct proto_reader *r);
/** Borrowed bytes inside the input; NULL and `failed` when fewer are left. */
const uint8_t *proto_read_bytes(struct proto_reader *r, size_t len);
void proto_read_into(struct proto_reader *r, void *out, size_t len);
const uint8_t *proto_read_lv8(struct proto_reader *r, size_t *len);
const uint8_t *proto_read_lv16(struct proto_reader *r, size_t *len);

#endif
