/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/seal/gcm.h - AES-GCM under one key, many times: OpenSSL's context is kept and only the IV is set per message.
 *
 * Used by sframe.c; a header of its own so that the AES-GCM vectors run through the very code that seals frames.
 */
#ifndef PROTO_SEAL_GCM_H
#define PROTO_SEAL_GCM_H

#include "proto/util/err.h"

#include <stddef.h>
#include <stdint.h>

enum { PROTO_GCM_IV_BYTES = 12, PROTO_GCM_TAG_BYTES = 16 };

struct proto_gcm {
    struct evp_cipher_ctx_st *evp; /* owned */
};

/** One message: the bytes that are only authenticated come in two parts, so that nobody has to join them. */
struct proto_gcm_message {
    const uint8_t *iv; /* PROTO_GCM_IV_BYTES */
    const uint8_t *head, *meta;
    size_t head_len, meta_len;
    const uint8_t *in; /* may be equal to the output */
    size_t len;        /* of input and output; at most INT_MAX, as are the others */
};

/** `key_len` is 16 or 32 bytes. RANGE, NOMEM. */
PROTO_MUST_USE enum proto_err proto_gcm_init(struct proto_gcm *gcm, const uint8_t *key, size_t key_len);
void proto_gcm_clear(struct proto_gcm *gcm); /* OpenSSL wipes the key schedule; a zeroed struct is fine */
PROTO_MUST_USE enum proto_err proto_gcm_seal(struct proto_gcm *gcm, const struct proto_gcm_message *message,
                                             uint8_t *out, uint8_t tag[static PROTO_GCM_TAG_BYTES]);
/** CRYPTO: the tag is wrong; `out` is zeroed. */
PROTO_MUST_USE enum proto_err proto_gcm_open(struct proto_gcm *gcm, const struct proto_gcm_message *message,
                                             uint8_t *out, const uint8_t tag[static PROTO_GCM_TAG_BYTES]);

#endif
