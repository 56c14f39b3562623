/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/pairing/inside.h - what the files of this room share: the attempt's fields and the two AUTH messages.
 *
 * pairing.c has what both ends do, customer.c and agent.c one table of steps each, auth.c the bytes of AUTH_A and
 * AUTH_C.
 */
#ifndef PROTO_PAIRING_INSIDE_H
#define PROTO_PAIRING_INSIDE_H

#include "proto/pairing/pairing.h"
#include "proto/seal/cpace.h"
#include "proto/seal/signature.h"

enum proto_pairing_state { /* named after what is awaited */
                           PROTO_AWAIT_CPACE1,
                           PROTO_AWAIT_CPACE2,
                           PROTO_AWAIT_M1,
                           PROTO_AWAIT_M2,
                           PROTO_AWAIT_AUTH,
                           PROTO_PAIRING_DONE,
                           PROTO_PAIRING_DEAD,
};

struct proto_pairing_step {
    enum proto_pairing_state in;
    enum proto_pairing_kind kind;
    enum proto_pairing_state next;
    enum proto_err (*act)(struct proto_pairing *pairing, struct proto_reader *body, struct proto_now now);
};

enum { PROTO_PAIRING_OUT_MAX = 3 }; /* CPACE2 at most, then M2 and AUTH_A together */

struct proto_pairing {
    enum proto_pairing_mode mode;
    enum proto_pairing_state state;
    enum proto_err error; /* of a dead attempt */
    const struct proto_pairing_step *steps;
    size_t step_count;
    int64_t deadline_ms;
    struct proto_random random;

    /* Owned */
    char join_host[PROTO_JOIN_HOST_MAX + 1];
    uint8_t sid[PROTO_SID_BYTES];
    uint8_t pin[PROTO_HASH_BYTES]; /* customer: of the root; CODE: not before CPACE2 */
    size_t pin_len;
    uint8_t negotiated[PROTO_HASH_BYTES]; /* hash of all that went before Noise, for the prologue */
    uint8_t auth_a_hash[PROTO_HASH_BYTES];
    struct proto_buf out[PROTO_PAIRING_OUT_MAX];
    size_t out_first, out_count;
    struct proto_pairing_result result;
    bool channel_taken;

    /* Owned and secret */
    uint8_t psk[PROTO_KEY_BYTES];
    uint8_t cs_secret_key[64];
    struct proto_invite_code code;
    uint8_t n_cpace[PROTO_PAIRING_NC_BYTES]; /* N_c */
    struct proto_buf cpace1;                 /* body without its kind, until it is hashed */
    struct proto_cpace cpace;
    struct proto_cpace_keys keys;
    struct proto_noise noise;
    struct proto_noise_channel channel;

    /* Borrowed: customer */
    const void *org_note, *policy_note;
    size_t org_note_len, policy_note_len;
    uint64_t org_min, policy_min;
    uint32_t roles;
    uint8_t known_leaf[PROTO_IDENTITY_HASH_BYTES]; /* RESUME; owned */
    int64_t known_until_s;                         /* RESUME: when that leaf ends */

    /* Borrowed: agent */
    struct proto_code_guard *guard;
    uint64_t guard_run; /* 0: the turn is not ours */
    const struct proto_resume_keys *resume;
    const struct proto_credential *credential;
    const struct proto_org *org;
    const struct proto_policy *policy;
    uint8_t known_cs[32]; /* RESUME; owned */
};

/* ---- pairing.c: what both ends do ---- */

/** An attempt that has not begun yet; NULL: memory ran out. */
struct proto_pairing *proto_pairing_new(enum proto_pairing_mode mode, struct proto_random random, struct proto_now now,
                                        const struct proto_pairing_step *steps, size_t step_count);
/** Hands out what has begun, or frees it (`err`; it may be NULL then). Returns `err`. */
enum proto_err proto_pairing_begun(struct proto_pairing *pairing, enum proto_err err, struct proto_pairing **out);
/** Kills the attempt: wipes and remembers why. Returns `err`. */
enum proto_err proto_pairing_kill(struct proto_pairing *pairing, enum proto_err err);
/** Opens the next message to send and writes its kind; fill it before the call after. Never NULL. */
struct proto_buf *proto_pairing_say(struct proto_pairing *pairing, enum proto_pairing_kind kind);
/** Common beginnings: mode, sid and join_host copied, PSK derived (LINK). ARGUMENT when they do not fit the mode. */
enum proto_err proto_pairing_begin(struct proto_pairing *pairing, const uint8_t *sid, const char *join_host,
                                   const struct proto_invite_link *link, const struct proto_invite_code *code);
/** Starts this end's CPace run under sid | N_c. */
enum proto_err proto_pairing_cpace(struct proto_pairing *pairing, enum proto_cpace_role role,
                                   const struct proto_buf *ad);
/** Ends it and takes the PSK. Also sets `negotiated` to H(CPACE1 | CPACE2), both without their kind. */
enum proto_err proto_pairing_cpace_end(struct proto_pairing *pairing, const uint8_t *peer_share,
                                       const struct proto_buf *peer_ad, const uint8_t *cpace2, size_t cpace2_len);
/** Starts Noise under psk, prologue and a fresh ephemeral; the psk is wiped. */
enum proto_err proto_pairing_noise(struct proto_pairing *pairing, enum proto_noise_role role);
/** Writes M1 or M2 into `out`. */
enum proto_err proto_pairing_noise_put(struct proto_pairing *pairing, struct proto_buf *out);
/** Reads M1 or M2 from all that is left of `body`. */
enum proto_err proto_pairing_noise_take(struct proto_pairing *pairing, struct proto_reader *body);
/** Both messages are through: makes the channel and takes h into the result. */
enum proto_err proto_pairing_noise_split(struct proto_pairing *pairing);
/** Seals `plain` as the next message of the channel and puts it out. */
enum proto_err proto_pairing_seal(struct proto_pairing *pairing, const struct proto_buf *plain);
/** Opens all that is left of `body` into `plain`. */
enum proto_err proto_pairing_open(struct proto_pairing *pairing, struct proto_reader *body, struct proto_buf *plain);

/* CPace's associated data, written and compared whole: there is one version and one suite, and nothing to choose. */
enum { PROTO_PAIRING_VERSION = 1, PROTO_PAIRING_SUITE = 1 };

/* ---- auth.c: who the ends are ---- */

struct proto_auth_a {
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX]; /* borrowed from the plaintext */
    size_t chain_len;
    uint8_t role;
    uint64_t unix_s, org_number, policy_number;
    uint8_t org_hash[PROTO_HASH_BYTES], policy_hash[PROTO_HASH_BYTES], commit[PROTO_HASH_BYTES];
    uint8_t signature[PROTO_SIGNATURE_BYTES];
    size_t signed_len; /* of the plaintext, from its start */
};
struct proto_auth_c {
    const uint8_t *cs_public, *n_c, *resume_psk; /* borrowed from the plaintext */
    const uint8_t *info;
    size_t info_len;
    uint8_t signature[PROTO_SIGNATURE_BYTES];
    size_t signed_len;
};

/** All of AUTH_A but its signature, then the signature over h and that. */
enum proto_err proto_auth_a_put(const struct proto_auth_a *auth, const uint8_t hash[static PROTO_HASH_BYTES],
                                const uint8_t secret_key[static 64], struct proto_buf *out);
/** STATE: not AUTH_A at all. FORMAT: not exactly one. */
enum proto_err proto_auth_a_parse(struct proto_auth_a *auth, const struct proto_buf *plain);
enum proto_err proto_auth_a_verify(const struct proto_auth_a *auth, const struct proto_buf *plain,
                                   const uint8_t hash[static PROTO_HASH_BYTES], const uint8_t public_key[static 32]);
enum proto_err proto_auth_c_put(const struct proto_auth_c *auth, const uint8_t hash[static PROTO_HASH_BYTES],
                                const uint8_t auth_a_hash[static PROTO_HASH_BYTES], const uint8_t secret_key[static 64],
                                struct proto_buf *out);
enum proto_err proto_auth_c_parse(struct proto_auth_c *auth, const struct proto_buf *plain);
/** KEY: the customer's key is of small order. SIGNATURE. */
enum proto_err proto_auth_c_verify(const struct proto_auth_c *auth, const struct proto_buf *plain,
                                   const uint8_t hash[static PROTO_HASH_BYTES],
                                   const uint8_t auth_a_hash[static PROTO_HASH_BYTES]);

#endif
