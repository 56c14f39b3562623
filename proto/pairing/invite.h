/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/pairing/invite.h - the two forms of an invitation: a link that carries a strong secret, a code that a person
 * reads aloud.
 *
 *     https://<join-host>/j#<base64url of: version 1 | flags | k[32] | ca_fp[16]>
 *     <nameplate, 3-5 digits> <six secret digits> <check digit>         407 183 922 9
 *
 * Everything behind the # stays in the device: the relay is told only what is derived from it (the link's sid) or the
 * nameplate. Nothing here tells a wrong secret from a right one; that is the handshake's business. The check digit
 * (Damm) catches each wrong digit and each swap of neighbours before it costs one of the few guesses.
 */
#ifndef PROTO_PAIRING_INVITE_H
#define PROTO_PAIRING_INVITE_H

#include "proto/util/buf.h"
#include "proto/util/err.h"
#include "proto/util/random.h"
#include "proto/wire/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROTO_INVITE_VERSION = 1,
    PROTO_INVITE_FLAGS_KNOWN = 0, /* none has a meaning yet; a link with another comes from a newer version */
    PROTO_INVITE_PIN_BYTES = 16,  /* of the root's SPKI hash in a link */
    PROTO_INVITE_FRAGMENT_CHARS = 67,
    PROTO_JOIN_HOST_MAX = 255, /* lv8 in the prologue */
    PROTO_INVITE_LINK_MAX = 8 + PROTO_JOIN_HOST_MAX + 3 + PROTO_INVITE_FRAGMENT_CHARS,
    PROTO_NAMEPLATE_MIN = 3,
    PROTO_NAMEPLATE_MAX = 5,
    PROTO_CODE_SECRET_DIGITS = 6,
    PROTO_CODE_TEXT_MAX = PROTO_NAMEPLATE_MAX + PROTO_CODE_SECRET_DIGITS + 1 + 3, /* as displayed, with three spaces */
};

/**
 * The host (and :port unless 443) as it stands in links and in the prologue: letters a-z, digits and hyphens in labels
 * of 1-63, no final dot, port 1-65535 without leading zeros. IPv4 addresses pass, IPv6 literals do not. `len` bytes.
 */
bool proto_join_host_ok(const char *text, size_t len);

/** What a link says. `k` is secret: wipe with proto_invite_link_clear(). */
struct proto_invite_link {
    char join_host[PROTO_JOIN_HOST_MAX + 1];
    uint8_t flags;
    uint8_t k[PROTO_KEY_BYTES];
    uint8_t ca_fp[PROTO_INVITE_PIN_BYTES]; /* first bytes of SHA-256 of the root's SPKI */
};

/** A new link: draws k. `ca_fp` is the root's fingerprint, of which 16 bytes are used. LINK: join_host. */
PROTO_MUST_USE enum proto_err proto_invite_link_new(struct proto_invite_link *out, const char *join_host,
                                                    const uint8_t ca_fp[static PROTO_HASH_BYTES],
                                                    const struct proto_random *random);
/** Appends the link's text; `out` should be a secret buffer. FULL: it does not fit. LINK: the struct holds no host. */
PROTO_MUST_USE enum proto_err proto_invite_link_build(const struct proto_invite_link *link, struct proto_buf *out);
/**
 * Reads a link as pasted by a person: spaces and line ends around it are taken off, nothing else is forgiven. LINK: not
 * https, host, path, a damaged, short, long or padded fragment. VERSION: another version, or flags that are not known.
 * On an error `*out` is all zero.
 */
PROTO_MUST_USE enum proto_err proto_invite_link_parse(struct proto_invite_link *out, const char *text, size_t len);
/** HKDF(k, "handhold/1 sid", 16): all that the relay is told. */
PROTO_MUST_USE enum proto_err proto_invite_link_sid(const struct proto_invite_link *link,
                                                    uint8_t sid[static PROTO_SID_BYTES]);
/** HKDF(k, "handhold/1 link psk", 32). */
PROTO_MUST_USE enum proto_err proto_invite_link_psk(const struct proto_invite_link *link,
                                                    uint8_t psk[static PROTO_KEY_BYTES]);
void proto_invite_link_clear(struct proto_invite_link *link);

/** What a code says: digits as text. Only `nameplate` may be shown to the relay; wipe with proto_invite_code_clear().
 */
struct proto_invite_code {
    char nameplate[PROTO_NAMEPLATE_MAX + 1];
    char secret[PROTO_CODE_SECRET_DIGITS + 1];
};

/** 3-5 digits. */
bool proto_nameplate_ok(const char *text, size_t len);
/** A new code behind the relay's nameplate: draws six digits without bias. CODE: nameplate. */
PROTO_MUST_USE enum proto_err proto_invite_code_new(struct proto_invite_code *out, const char *nameplate,
                                                    const struct proto_random *random);
/** "407 183 922 9". CODE: the struct holds no code. Wipe `out` after use. */
PROTO_MUST_USE enum proto_err proto_invite_code_format(const struct proto_invite_code *code,
                                                       char out[static PROTO_CODE_TEXT_MAX + 1]);
/**
 * Reads a code as typed: digits with spaces, hyphens and dots anywhere. CODE: anything else, fewer or more digits than
 * a code can have, or a check digit that does not fit. On an error `*out` is all zero.
 */
PROTO_MUST_USE enum proto_err proto_invite_code_parse(struct proto_invite_code *out, const char *text, size_t len);
void proto_invite_code_clear(struct proto_invite_code *code);

/** Damm's check digit of `len` decimal digits: 0-9; a text with its check digit behind it gives 0. -1: not digits. */
int proto_code_check_digit(const char *digits, size_t len);

#endif
