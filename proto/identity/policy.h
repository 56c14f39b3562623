/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/identity/policy.h - what the organisation lets its staff ask for, signed by its privacy officer.
 *
 * A C2SP signed note by an officer's leaf under the name "<domain>/officer/<serial>". The leaf is in the note and must
 * chain to the root; its signature is judged at the note's own time (a policy does not die with the officer's
 * certificate), unless it was taken back by then. The number only rises.
 *
 *     handhold/1 policy
 *     number 1
 *     domain example.org
 *     time 1767225600
 *     officer <base64 DER of the leaf>        (once more for an authority between leaf and root)
 *     evidence <base64 X25519 public key>
 *     grace 60
 *     check-words optional
 *     ticket required                         (only when a session needs a ticket reference)
 *     keep 365                                (only when evidence has an end: days after which it is destroyed)
 *     code-minutes 5                          (only when a code lives for other than ten minutes)
 *     link-minutes 60                         (only when a link lives for other than a day)
 *     purpose to see the fault                (once for each that may be asked for; none: any)
 *     allow camera 14400 30 agent,supervisor,expert
 *     …
 *     deny location
 *
 * allow: capability, longest time of one grant in seconds (0: until the session ends), days of retention, roles that
 * may ask. Each capability has exactly one line, in the order of proto/wire/capability.h. Recording is allowed when the
 * capability `recording` is. A policy file to be signed is the same text without number, time and officer lines.
 */
#ifndef PROTO_IDENTITY_POLICY_H
#define PROTO_IDENTITY_POLICY_H

#include "proto/identity/certificate.h"
#include "proto/identity/org.h"
#include "proto/util/buf.h"
#include "proto/wire/capability.h"
#include "proto/wire/limits.h"

#define PROTO_POLICY_NOTE_BYTES 8192u             /* as on the wire (handhold.options) */
#define PROTO_POLICY_SECONDS_MAX (4u * 60u * 60u) /* no session is longer */
#define PROTO_POLICY_RETENTION_DAYS_MAX 36500u
#define PROTO_POLICY_GRACE_S_MAX 600u
#define PROTO_POLICY_GRACE_S 60u
#define PROTO_POLICY_PURPOSES_MAX 16u
#define PROTO_POLICY_CODE_MINUTES 10u
#define PROTO_POLICY_CODE_MINUTES_MAX 60u /* relays have few nameplates, and a code is read aloud to who is there */
#define PROTO_POLICY_LINK_MINUTES 1440u
#define PROTO_POLICY_LINK_MINUTES_MAX 10080u /* a week */

struct proto_policy_rule {
    uint32_t roles;          /* bit 1 << role for each that may ask; 0: nobody, the capability is forbidden */
    uint32_t max_seconds;    /* longest grant; 0: until the session ends */
    uint32_t retention_days; /* of what is stored under it; 0: nothing is stored beyond the session */
};

struct proto_policy {
    uint64_t number;
    char domain[PROTO_IDENTITY_DOMAIN_BYTES + 1];
    int64_t time_s;
    uint8_t evidence_key[32]; /* X25519 */
    uint32_t grace_s;         /* how long a lost connection may take to come back */
    bool check_words_required;
    bool ticket_required;                /* no session without the reference of a matter */
    uint32_t keep_days;                  /* of the log's evidence and session rows; 0: no end */
    uint32_t code_minutes, link_minutes; /* how long an invitation may wait to be taken up; never 0 */
    char purposes[PROTO_POLICY_PURPOSES_MAX][PROTO_MAX_VALUE_BYTES + 1]; /* that may be asked for, in their order */
    uint32_t purpose_count;                                              /* 0: any */
    struct proto_policy_rule rules[PROTO_CAPABILITY_COUNT];              /* by enum proto_capability */
    struct proto_identity officer;                                       /* who signed; set by verify and sign */
    uint8_t text_hash[32]; /* SHA-256 of the signed text, as AUTH_A carries it; set by verify and sign */
};

/** Sane beginnings: number 0, no evidence key, location, history and guest denied, the others as a table says. */
void proto_policy_defaults(struct proto_policy *policy, const char *domain);

/**
 * May `role` have `capability` for `seconds` (0: until the session ends)? PROTO_ERR_POLICY when not. A rule with a
 * longest time admits no unlimited grant: ask proto_policy_seconds() first.
 */
PROTO_MUST_USE enum proto_err proto_policy_allows(const struct proto_policy *policy, enum proto_capability capability,
                                                  enum proto_role role, uint32_t seconds);
/** The time to ask for when `wanted` is (0: until the session ends), cut down to the longest that is allowed. */
uint32_t proto_policy_seconds(const struct proto_policy *policy, enum proto_capability capability, uint32_t wanted);
/** May a request give this purpose? */
bool proto_policy_offers(const struct proto_policy *policy, const char *purpose);
uint32_t proto_policy_retention_days(const struct proto_policy *policy, enum proto_capability capability);

/** The text without number, time and officer, as an officer edits it. Appended to `out`. */
void proto_policy_print(const struct proto_policy *policy, struct proto_buf *out);
/** Where a text breaks off, for whoever edits it. */
struct proto_policy_fault {
    size_t line;      /* from 1; 0: no line in particular */
    const char *rule; /* that is broken, as a sentence without its full stop; static */
};
/**
 * Reads such a text; `#` starts a comment line. PROTO_ERR_FORMAT, PROTO_ERR_RANGE when it is too long, and `*fault`
 * (may be NULL) says where and why.
 */
PROTO_MUST_USE enum proto_err proto_policy_parse(struct proto_policy *out, const void *text, size_t len,
                                                 struct proto_policy_fault *fault);

/** One identity that can sign: who, its chain (leaf first, root last) and its Ed25519 secret key. Borrowed. */
struct proto_policy_signer {
    const struct proto_identity *identity;
    const struct proto_der *chain;
    size_t chain_len;
    const uint8_t *secret_key; /* 64 bytes, libsodium's */
};
/** Signs `policy` (number and time set by the caller), appends the note to `out`. CERT_ROLE when no officer signs. */
PROTO_MUST_USE enum proto_err proto_policy_sign(struct proto_policy *policy, const struct proto_policy_signer *signer,
                                                struct proto_buf *out);
/**
 * Verifies a note: officer's chain to `root` (DER) at the note's time, not taken back in `org` by then, signature,
 * domain. PROTO_ERR_POLICY for a number below `min_number` (the newest seen; 0 when none was), else the error of what
 * failed. On any error `*out` is all zero: nothing is allowed.
 */
PROTO_MUST_USE enum proto_err proto_policy_verify(struct proto_policy *out, const void *note, size_t len,
                                                  struct proto_der root, const struct proto_org *org,
                                                  uint64_t min_number);

#endif
