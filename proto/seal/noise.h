/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/seal/noise.h - Noise_NNpsk0_25519_ChaChaPoly_SHA256 (Noise revision 34): the pairwise channel of two ends.
 *
 *     -> psk, e        M1   32 bytes + payload + 16
 *     <- e, ee         M2   32 bytes + payload + 16
 *
 * The pre-shared key comes from the link or the code; who the ends are is proved afterwards by signatures over the
 * handshake hash (Noise section 11.2). Any failure poisons the object: every later call returns PROTO_ERR_STATE. The
 * structs are whole here so that an owner can hold them by value; their fields are noise.c's own.
 */
#ifndef PROTO_SEAL_NOISE_H
#define PROTO_SEAL_NOISE_H

#include "proto/util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROTO_NOISE_KEY_BYTES = 32,
    PROTO_NOISE_PSK_BYTES = 32,
    PROTO_NOISE_HASH_BYTES = 32,
    PROTO_NOISE_TAG_BYTES = 16,
    PROTO_NOISE_HANDSHAKE_OVERHEAD = PROTO_NOISE_KEY_BYTES + PROTO_NOISE_TAG_BYTES, /* of M1 and of M2 */
    PROTO_NOISE_MESSAGE_MAX = 65535,                                                /* sealed; Noise section 3 */
    PROTO_NOISE_PLAIN_MAX = PROTO_NOISE_MESSAGE_MAX - PROTO_NOISE_TAG_BYTES,
};

enum proto_noise_role {
    PROTO_NOISE_INITIATOR, /* writes M1: the customer */
    PROTO_NOISE_RESPONDER, /* writes M2: the agent */
};

struct proto_noise_cipher {
    uint8_t key[PROTO_NOISE_KEY_BYTES];
    uint64_t nonce; /* 2^64 - 1 is never used: reaching it is an error */
};

struct proto_noise {
    enum proto_noise_role role;
    int step; /* 0: not started or poisoned, so that a zeroed struct does nothing */
    uint8_t chaining_key[PROTO_NOISE_HASH_BYTES], hash[PROTO_NOISE_HASH_BYTES];
    struct proto_noise_cipher cipher;
    uint8_t e_secret[PROTO_NOISE_KEY_BYTES], e_public[PROTO_NOISE_KEY_BYTES], e_peer[PROTO_NOISE_KEY_BYTES];
};

/** The two directions after the handshake. Nonces are implicit: messages must arrive whole, once and in order. */
struct proto_noise_channel {
    struct proto_noise_cipher send, receive;
    bool live; /* false: not started or poisoned */
};

/**
 * Starts a handshake. `prologue` (hashed, not kept) must be the same at both ends; `ephemeral` is 32 random bytes, used
 * for this one handshake only. The caller may wipe psk and ephemeral afterwards. NOMEM leaves a poisoned object.
 */
PROTO_MUST_USE enum proto_err proto_noise_init(struct proto_noise *noise, enum proto_noise_role role,
                                               const void *prologue, size_t prologue_len,
                                               const uint8_t psk[static PROTO_NOISE_PSK_BYTES],
                                               const uint8_t ephemeral[static PROTO_NOISE_KEY_BYTES]);
void proto_noise_clear(struct proto_noise *noise); /* wipes; leaves it poisoned; a zeroed or cleared struct is fine */
/**
 * Writes M1 (initiator) or M2 (responder, after reading M1): payload_len + PROTO_NOISE_HANDSHAKE_OVERHEAD bytes.
 * STATE: not this end's turn. RANGE: too long for a message or for out. KEY: the peer's key gives an all-zero secret.
 */
PROTO_MUST_USE enum proto_err proto_noise_write(struct proto_noise *noise, const uint8_t *payload, size_t payload_len,
                                                uint8_t *out, size_t out_capacity, size_t *out_len);
/**
 * Reads M1 (responder) or M2 (initiator) and gives the payload. FORMAT: too short or too long. CRYPTO: other psk, other
 * prologue or altered. KEY: all-zero secret. RANGE: out_capacity. STATE: not this end's turn to read.
 */
PROTO_MUST_USE enum proto_err proto_noise_read(struct proto_noise *noise, const uint8_t *message, size_t message_len,
                                               uint8_t *out, size_t out_capacity, size_t *out_len);
bool proto_noise_done(const struct proto_noise *noise); /* both messages went through */
/** The handshake hash h that the signatures bind. Borrowed. NULL unless done. */
const uint8_t *proto_noise_hash(const struct proto_noise *noise);
/** Makes the channel, once, when done; STATE otherwise. The handshake keeps only its hash from then on. */
PROTO_MUST_USE enum proto_err proto_noise_split(struct proto_noise *noise, struct proto_noise_channel *channel);

/**
 * Seals `plain` as the next message: plain_len + PROTO_NOISE_TAG_BYTES. `out` may equal `plain`.
 * RANGE: too long for a message or for out (the channel stays good). STATE: poisoned, or the nonces are used up.
 */
PROTO_MUST_USE enum proto_err proto_noise_channel_seal(struct proto_noise_channel *channel, const uint8_t *plain,
                                                       size_t plain_len, uint8_t *out, size_t out_capacity,
                                                       size_t *out_len);
/**
 * Opens the next message. FORMAT (length) and CRYPTO (altered, lost, repeated, out of order) poison the channel: close
 * the pair. RANGE: out_capacity is below message_len - PROTO_NOISE_TAG_BYTES (stays good). No plaintext is left on an
 * error.
 */
PROTO_MUST_USE enum proto_err proto_noise_channel_open(struct proto_noise_channel *channel, const uint8_t *message,
                                                       size_t message_len, uint8_t *out, size_t out_capacity,
                                                       size_t *out_len);
void proto_noise_channel_clear(struct proto_noise_channel *channel); /* wipes; leaves it poisoned */

#endif
