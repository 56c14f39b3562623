/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/seal/sframe.h - SFrame (RFC 9605): one media frame sealed under the key of its sender, stream and epoch.
 *
 * A key object is for sending or for receiving; its first use decides, and the other use is refused from then on. As a
 * sender it never takes a counter twice: GCM falls apart when a nonce repeats, so the guard sits where the nonce is
 * made. Replay at the receiver (the window of counters) is the caller's business. Nothing is allocated or copied per
 * frame.
 */
#ifndef PROTO_SEAL_SFRAME_H
#define PROTO_SEAL_SFRAME_H

#include "proto/util/err.h"

#include <stddef.h>
#include <stdint.h>

enum proto_sframe_suite { /* RFC 9605 section 8.1; the protocol uses 5, the vectors need 4 as well */
                          PROTO_SFRAME_AES_128_GCM_SHA256_128 = 4,
                          PROTO_SFRAME_AES_256_GCM_SHA512_128 = 5,
};

enum {
    PROTO_SFRAME_HEADER_MAX = 17, /* one byte, KID and CTR of up to eight each */
    PROTO_SFRAME_TAG_BYTES = 16,
    PROTO_SFRAME_OVERHEAD_MAX = PROTO_SFRAME_HEADER_MAX + PROTO_SFRAME_TAG_BYTES,
    PROTO_SFRAME_PLAIN_MAX = 1 << 24, /* bytes of one frame */
    PROTO_SFRAME_META_MAX = 1024,
    PROTO_SFRAME_BASE_KEY_MIN = 16,
    PROTO_SFRAME_BASE_KEY_MAX = 64,
};

struct proto_sframe_key; /* opaque: its fields live in sframe.c */

/**
 * Derives key and salt from `base_key` (RFC 9605 section 4.4.2); the caller may wipe its own copy afterwards.
 * OK: the caller owns *out. RANGE: unknown suite or length of base_key. NOMEM. On an error *out is NULL.
 */
PROTO_MUST_USE enum proto_err proto_sframe_key_new(struct proto_sframe_key **out, enum proto_sframe_suite suite,
                                                   uint64_t kid, const uint8_t *base_key, size_t base_key_len);
void proto_sframe_key_free(struct proto_sframe_key *key); /* wipes; NULL is fine */
uint64_t proto_sframe_key_kid(const struct proto_sframe_key *key);

/** Length of the header that `kid` and `ctr` need: 1 to 17 bytes. A frame is header, ciphertext, tag. */
size_t proto_sframe_header_len(uint64_t kid, uint64_t ctr);
/** Writes the minimal header; returns its length. */
size_t proto_sframe_header_write(uint8_t out[static PROTO_SFRAME_HEADER_MAX], uint64_t kid, uint64_t ctr);
/**
 * Reads the header in front of a frame. FORMAT: too short, or not the minimal encoding (two headers for one counter
 * would let a relay alter bytes that nobody authenticates before the key is found).
 */
PROTO_MUST_USE enum proto_err proto_sframe_header_parse(const uint8_t *bytes, size_t len, uint64_t *kid, uint64_t *ctr,
                                                        size_t *header_len);

/**
 * Seals `plain` and writes header, ciphertext and tag; the tag also covers header and `meta`, which is not sent.
 * `ctr` must be above every one sealed before under this key. `plain` may be exactly where its ciphertext goes
 * (out + proto_sframe_header_len()); any other overlap is a defect. `out` needs len + PROTO_SFRAME_OVERHEAD_MAX at
 * most. RANGE: a length or out_capacity. STATE: ctr used already, or the key receives. After an error nothing in out is
 * to be sent.
 */
PROTO_MUST_USE enum proto_err proto_sframe_seal(struct proto_sframe_key *key, uint64_t ctr, const uint8_t *meta,
                                                size_t meta_len, const uint8_t *plain, size_t plain_len, uint8_t *out,
                                                size_t out_capacity, size_t *out_len);
/**
 * Opens a whole frame into `out` (needs frame_len - header - tag bytes; may be where the ciphertext is, no other
 * overlap). FORMAT: header or length. KEY: the frame names another KID. CRYPTO: altered, or other key or meta. RANGE:
 * out_capacity, frame or meta too long. STATE: the key sends. On an error *out_len is 0 and no plaintext is left in
 * out; the key goes on.
 */
PROTO_MUST_USE enum proto_err proto_sframe_open(struct proto_sframe_key *key, const uint8_t *meta, size_t meta_len,
                                                const uint8_t *frame, size_t frame_len, uint8_t *out,
                                                size_t out_capacity, size_t *out_len);

#endif
