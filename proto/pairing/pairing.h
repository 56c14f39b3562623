/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/pairing/pairing.h - the handshake: from a secret that two ends share to a channel between two that know each
 * other.
 *
 *     customer                                       agent
 *        | CPACE1  n_c | Ya | ADa      (code only)     |
 *        |-------------------------------------------->|
 *        |<--------------------------------------------|  CPACE2  Yb | ADb
 *        | M1      mode [id] [Ta] e tag                |
 *        |-------------------------------------------->|
 *        |<--------------------------------------------|  M2      [Tb] e tag
 *        |<--------------------------------------------|  TRANSPORT  AUTH_A  chain, numbers, commitment, signature
 *        | TRANSPORT  AUTH_C  cs, n_c, resume key, sig |  only when AUTH_A has verified
 *        |-------------------------------------------->|
 *       done                                          done
 *
 * One object is one attempt at one end. It takes and gives bodies of HANDSHAKE messages (what stands behind the 4-byte
 * envelope): u8 kind, then the bytes of PROTOCOL.md section 4. Anything wrong kills the attempt, wipes its secrets and
 * leaves nothing to send; the live pair, if there is one, is another object and goes on. Nothing is retried in here.
 * Who the peer is has been proved when it is done; whether the organisation's domain is verified, and whether people
 * have compared the check words, is for the session to judge.
 */
#ifndef PROTO_PAIRING_PAIRING_H
#define PROTO_PAIRING_PAIRING_H

#include "proto/identity/chain.h"
#include "proto/identity/credential.h"
#include "proto/identity/org.h"
#include "proto/identity/policy.h"
#include "proto/pairing/guard.h"
#include "proto/pairing/invite.h"
#include "proto/pairing/words.h"
#include "proto/seal/noise.h"
#include "proto/util/random.h"
#include "proto/util/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum proto_pairing_mode { /* in M1 and in the prologue */
                          PROTO_PAIRING_LINK = 1,
                          PROTO_PAIRING_CODE = 2,
                          PROTO_PAIRING_INVITE = 3, /* reserved: more than two participants */
                          PROTO_PAIRING_RESUME = 4,
};

enum proto_pairing_kind { /* first byte of a body */
                          PROTO_PAIRING_CPACE1 = 1,
                          PROTO_PAIRING_CPACE2 = 2,
                          PROTO_PAIRING_M1 = 3,
                          PROTO_PAIRING_M2 = 4,
                          PROTO_PAIRING_TRANSPORT = 5,
};

enum {
    PROTO_CHECK_NONCE_BYTES = 16,
    PROTO_CLIENT_INFO_MAX = 200,            /* bytes of UTF-8 without control characters */
    PROTO_CLOCK_TOLERANCE_S = 24 * 60 * 60, /* further apart than this, the clocks are an error that has a name */
    PROTO_PAIRING_BODY_MAX = PROTO_MAX_HANDSHAKE_BYTES - 4, /* without the envelope */
};

/** What the check words are made of. The customer's end learns n_a later, by proto_check_reveal(). */
struct proto_check {
    uint8_t commit[PROTO_HASH_BYTES]; /* H(n_a), from AUTH_A: fixed before n_c was known */
    uint8_t n_c[PROTO_CHECK_NONCE_BYTES];
    uint8_t hash[PROTO_HASH_BYTES]; /* h of the handshake */
    uint8_t n_a[PROTO_CHECK_NONCE_BYTES];
    bool revealed; /* n_a is known and fits the commitment; true at the agent's end from the start */
};
/** Takes the agent's nonce from the channel. CRYPTO: it does not fit the commitment: close the pair. STATE: a second
 * one. */
PROTO_MUST_USE enum proto_err proto_check_reveal(struct proto_check *check,
                                                 const uint8_t n_a[static PROTO_CHECK_NONCE_BYTES]);
/** The four words, static texts: HKDF(n_a | n_c | h, "handhold/1 sas", 5). STATE: not revealed yet. */
PROTO_MUST_USE enum proto_err proto_check_words(const struct proto_check *check,
                                                const char *out[static PROTO_CHECK_WORDS]);

/** What the customer's end brings. Small things are copied; the two notes are borrowed until the attempt is freed. */
struct proto_pairing_customer {
    enum proto_pairing_mode mode;
    struct proto_random random;
    const uint8_t *sid;                   /* [16]: CODE as the relay gave it for the nameplate; RESUME as before; LINK
                                             may be NULL (derived; must be equal when given) */
    const char *join_host;                /* CODE, RESUME; LINK takes the link's own */
    const struct proto_invite_link *link; /* LINK */
    const struct proto_invite_code *code; /* CODE */
    const uint8_t *resume_psk;            /* RESUME: [32] of a proto_resume_key */
    const struct proto_identity *known;   /* RESUME: the agent of the first pairing; its root is the pin */
    const uint8_t *cs_secret_key;         /* [64] Ed25519 session key (seed, public key) */
    const char *client_info; /* at most PROTO_CLIENT_INFO_MAX; shown to the agent as the device's own words */
    uint32_t roles;          /* bit 1 << role for each role that may take the call */
    const void *org_note, *policy_note; /* whole notes as the relay serves them: nothing is believed of them yet */
    size_t org_note_len, policy_note_len;
    uint64_t org_min, policy_min; /* newest numbers seen of this organisation; 0 when none was */
};

/** What the agent's end brings. Small things are copied; what is marked so is borrowed until the attempt is freed. */
struct proto_pairing_agent {
    enum proto_pairing_mode mode; /* that proto_pairing_first_mode() found */
    struct proto_random random;
    const uint8_t *sid;                        /* [16]; LINK may be NULL as above */
    const char *join_host;                     /* CODE, RESUME: from the relay's welcome */
    const struct proto_invite_link *link;      /* LINK */
    const struct proto_invite_code *code;      /* CODE */
    struct proto_code_guard *guard;            /* CODE: borrowed, one for each code */
    const struct proto_resume_keys *resume;    /* RESUME: borrowed; M1 says which */
    const uint8_t *known_cs;                   /* RESUME: [32] the customer's key of the first pairing */
    const struct proto_credential *credential; /* borrowed */
    const struct proto_org *org;               /* verified; only number and text_hash are used */
    const struct proto_policy *policy;         /* verified; only number and text_hash are used */
};

/** What a finished attempt gives. Secret parts are wiped with the object. */
struct proto_pairing_result {
    enum proto_pairing_mode mode;
    uint8_t hash[PROTO_HASH_BYTES]; /* h */
    struct proto_check check;
    uint8_t sid[PROTO_SID_BYTES];
    uint8_t cs_public[32];
    uint8_t resume_psk[PROTO_KEY_BYTES];      /* handed over in AUTH_C: for proto_resume_keys_push() at both ends */
    uint8_t resume_id[PROTO_RESUME_ID_BYTES]; /* RESUME: the id this attempt used, for proto_resume_keys_complete() */
    char client_info[PROTO_CLIENT_INFO_MAX + 1]; /* the device's own words: shown as a quote */
    struct proto_identity agent;                 /* chained to the pin, not revoked; at the agent's end its own */
    struct proto_identity_chain chain;           /* customer's end: its certificates as AUTH_A brought them */
    uint64_t org_number, policy_number;
    int64_t agent_unix_s;       /* what the agent's clock said, at most a day off */
    struct proto_org org;       /* customer's end: verified, exactly the text that AUTH_A names; else all zero */
    struct proto_policy policy; /* customer's end: as org */
};

struct proto_pairing; /* opaque: its fields live in pairing.c */

/** Which attempt a first message asks the agent's end for. FORMAT: neither CPACE1 nor M1 of a known mode. */
PROTO_MUST_USE enum proto_err proto_pairing_first_mode(const uint8_t *body, size_t len, enum proto_pairing_mode *mode);

/**
 * Starts an attempt; the customer's has its first message pending at once. ARGUMENT: something the mode needs is
 * missing or does not fit. RANGE: client_info. NOMEM. On an error *out is NULL; else end it with proto_pairing_free().
 */
PROTO_MUST_USE enum proto_err proto_pairing_customer_new(struct proto_pairing **out,
                                                         const struct proto_pairing_customer *config,
                                                         struct proto_now now);
PROTO_MUST_USE enum proto_err proto_pairing_agent_new(struct proto_pairing **out,
                                                      const struct proto_pairing_agent *config, struct proto_now now);
void proto_pairing_free(struct proto_pairing *pairing); /* wipes; gives the code's turn back; NULL is fine */

/**
 * Takes the body of one HANDSHAKE message. An error is final: the attempt is dead and says the same error ever after.
 *   FORMAT, RANGE     not a body of this protocol        STATE      not its turn; RESUME: another cs than before
 *   VERSION           the peer's CPace says another      KEY        a point or key that gives no secret, a small cs_pub
 *   CRYPTO            wrong secret, code or negotiation, or altered on the way; customer: the agent's tag is wrong
 *   BURNT, BUSY, REPLAY  see proto_code_guard            NOT_FOUND  RESUME: the id is unknown or completed
 *   CERT_*            the agent's chain; CERT_CHAIN in RESUME also another leaf than before; CERT_ROLE not in `roles`
 *   CLOCK             more than a day apart              SIGNATURE  AUTH_A or AUTH_C was not signed for this handshake
 *   ORG, POLICY       the notes do not verify, are too old, or are not the texts that AUTH_A names
 *   TIMEOUT           past the deadline
 * After success: STATE, and the result stays.
 */
PROTO_MUST_USE enum proto_err proto_pairing_feed(struct proto_pairing *pairing, const uint8_t *body, size_t len,
                                                 struct proto_now now);
/** The next body to send, borrowed until the next call that takes a non-const pairing; NULL: none. */
const uint8_t *proto_pairing_pending(const struct proto_pairing *pairing, size_t *len);
void proto_pairing_sent(struct proto_pairing *pairing); /* the pending body has left */
/** When to tick, in mono_ms; PROTO_NEVER once done or dead. */
int64_t proto_pairing_deadline(const struct proto_pairing *pairing);
PROTO_MUST_USE enum proto_err proto_pairing_tick(struct proto_pairing *pairing,
                                                 struct proto_now now); /* TIMEOUT: dead */

/**
 * True when the peer has proved itself. The customer's AUTH_C may still be pending: it leaves before anything that the
 * channel seals. Only now is the secret of the invitation used up.
 */
bool proto_pairing_done(const struct proto_pairing *pairing);
/** Borrowed until free; NULL unless done. */
const struct proto_pairing_result *proto_pairing_result(const struct proto_pairing *pairing);
/** Moves the channel out, once. STATE: not done, or taken. */
PROTO_MUST_USE enum proto_err proto_pairing_take_channel(struct proto_pairing *pairing,
                                                         struct proto_noise_channel *out);

#endif
