/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/seal/cpace.h - CPace-ristretto255-SHA512 (draft-irtf-cfrg-cpace): a short code becomes a strong key.
 *
 * Two ends that know the same code get the same key; one that guesses wrong learns only that it was wrong, and each
 * guess costs a run. Initiator-responder mode: A is the initiator (the customer), B the responder (the agent). A run:
 * init at both ends, exchange shares and associated data, finish, then exchange the tags - A's first, so that a hostile
 * joiner cannot test a guess without B seeing it fail.
 */
#ifndef PROTO_SEAL_CPACE_H
#define PROTO_SEAL_CPACE_H

#include "proto/util/buf.h"
#include "proto/util/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROTO_CPACE_SHARE_BYTES = 32,
    PROTO_CPACE_RANDOM_BYTES = 64, /* reduced to a scalar: twice its size leaves no bias */
    PROTO_CPACE_ISK_BYTES = 64,
    PROTO_CPACE_TAG_BYTES = 64,
    PROTO_CPACE_PSK_BYTES = 32,
    PROTO_CPACE_SID_MAX = 64,
    PROTO_CPACE_AD_MAX = 255,
    PROTO_CPACE_INPUT_MAX = 1024, /* of PRS and of CI */
};

enum proto_cpace_role { PROTO_CPACE_INITIATOR, PROTO_CPACE_RESPONDER };

/** What both ends must agree on; all borrowed. */
struct proto_cpace_input {
    const void *prs; /* the code: secret */
    size_t prs_len;
    const void *ci; /* channel identifier: names of host and parties, built with proto_cpace_put_lv() */
    size_t ci_len;
    const void *sid; /* new for every run */
    size_t sid_len;
};

/** One run at one end. Fields are cpace.c's own but for `share`, which goes to the peer. */
struct proto_cpace {
    uint8_t share[PROTO_CPACE_SHARE_BYTES];
    enum proto_cpace_role role;
    bool live;
    uint8_t scalar[32];
    uint8_t sid[PROTO_CPACE_SID_MAX], ad[PROTO_CPACE_AD_MAX];
    size_t sid_len, ad_len;
};

/** What a finished run gives; secret, wipe it with sodium_memzero() or proto_cpace_keys_clear(). */
struct proto_cpace_keys {
    uint8_t isk[PROTO_CPACE_ISK_BYTES];
    uint8_t psk[PROTO_CPACE_PSK_BYTES];      /* for Noise: HKDF(ISK, "handhold/1 code psk", 32) */
    uint8_t tag_own[PROTO_CPACE_TAG_BYTES];  /* to send */
    uint8_t tag_peer[PROTO_CPACE_TAG_BYTES]; /* to compare what comes with, by proto_cpace_tag_check() */
};

/** Appends LEB128(len) and the bytes: one element of the draft's lv_cat. */
void proto_cpace_put_lv(struct proto_buf *buf, const void *bytes, size_t len);
/** The generator g for these inputs; for init and for tests. RANGE, NOMEM. */
PROTO_MUST_USE enum proto_err proto_cpace_generator(uint8_t g[static PROTO_CPACE_SHARE_BYTES],
                                                    const struct proto_cpace_input *input);
/**
 * Starts a run: `random` is 64 random bytes for this run only, `ad` (copied) is sent beside the share.
 * RANGE: a length. KEY: `random` gives the scalar zero. NOMEM. After an error the run is cleared.
 */
PROTO_MUST_USE enum proto_err proto_cpace_init(struct proto_cpace *run, enum proto_cpace_role role,
                                               const struct proto_cpace_input *input, const void *ad, size_t ad_len,
                                               const uint8_t random[static PROTO_CPACE_RANDOM_BYTES]);
void proto_cpace_clear(struct proto_cpace *run); /* wipes */
/**
 * Ends the run, whatever comes out of it: it is cleared. KEY: the peer's share is not a point, or gives the identity.
 * RANGE: peer_ad_len. STATE: not started. NOMEM. After an error `keys` is all zero.
 */
PROTO_MUST_USE enum proto_err proto_cpace_finish(struct proto_cpace *run,
                                                 const uint8_t peer_share[static PROTO_CPACE_SHARE_BYTES],
                                                 const void *peer_ad, size_t peer_ad_len,
                                                 struct proto_cpace_keys *keys);
/** CRYPTO: the peer's tag is wrong (wrong code, altered on the way, or no run has ended: `keys` is all zero). Constant
 * time. */
PROTO_MUST_USE enum proto_err proto_cpace_tag_check(const struct proto_cpace_keys *keys,
                                                    const uint8_t tag[static PROTO_CPACE_TAG_BYTES]);
void proto_cpace_keys_clear(struct proto_cpace_keys *keys);

#endif
