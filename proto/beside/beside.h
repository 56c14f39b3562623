/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/beside/beside.h - a customer's two devices: the phone in the hand, and the companion on the hub.
 *
 * The second device waits at the relay and shows a code; its owner types it on the first. CPace makes the code a key,
 * Noise a channel, and from then on the second tells the first what its home reports, and the first passes on what its
 * own consents allow. So everything stays as it is with one device: one who asks, one who signs, one key an agent gets.
 * The second has neither key nor gate of the session, and captures only while the first says so and is heard from: a
 * withdrawal ends both.
 *
 *   first            second
 *     1 CPACE1   ->            N_c[16] | Ya[32]
 *     2 CPACE2  <-             Yb[32]
 *     3 M1       ->            mode u8 (1 by code, 2 again) | [mode 1: Ta[64]] | Noise M1
 *     4 M2      <-             [mode 1: Tb[64]] | Noise M2
 *     5 SEALED  <->            Noise transport: BesideData, padded to a multiple of 64 behind its length u16
 *     6 REFUSED <-             error u8
 *
 * Each new connection of either begins with M1 in mode 2, under HKDF(psk of the code, "handhold/1 beside again", 32).
 * To the same CPACE1 the answer is the same. The code counts until the first has spoken through a channel: who lost M2
 * begins with it once more. An M2 to a call that a newer one overtook does not open, and is no alarm.
 *
 * Sans-IO: what is to be sent goes to a callback of the owner, in the order in which it must leave.
 */
#ifndef PROTO_BESIDE_BESIDE_H
#define PROTO_BESIDE_BESIDE_H

#include "proto/pairing/guard.h"
#include "proto/pairing/invite.h"
#include "proto/seal/cpace.h"
#include "proto/seal/noise.h"
#include "proto/util/time.h"
#include "proto/wire/message.h"

enum {
    PROTO_BESIDE_BEAT_MS = 2000,   /* the first says so often that it is there … */
    PROTO_BESIDE_SILENT_MS = 8000, /* … and after this the second captures nothing any more */
    PROTO_BESIDE_GUESSES = 3,      /* wrong codes, then the second shows another */
    PROTO_BESIDE_WINDOW = 8,       /* frames that the first has not said to have */
    PROTO_BESIDE_MESSAGE_MAX = 18432,
};

struct proto_beside {
    bool first;
    struct proto_random random; /* its context is the owner's */
    char join_host[PROTO_JOIN_HOST_MAX + 1];
    void (*send)(void *context, const uint8_t *bytes, size_t len);
    void *context;
    /* its own */
    struct proto_invite_code code;
    uint8_t sid[PROTO_SID_BYTES], n_c[PROTO_PAIRING_NC_BYTES], cpace_hash[PROTO_HASH_BYTES], again[PROTO_KEY_BYTES];
    uint8_t cpace1[1 + PROTO_PAIRING_NC_BYTES + PROTO_CPACE_SHARE_BYTES], cpace2[1 + PROTO_CPACE_SHARE_BYTES];
    struct proto_cpace cpace;
    struct proto_cpace_keys keys;
    struct proto_noise noise;
    struct proto_noise_channel channel;
    bool linked; /* `again` is a key that both have */
    bool present, up;
    unsigned guesses;
    /* of the first: calls since a channel stood, less the answers that came; what it said last of capturing, words of
     * it that the second has not said back, frames that came */
    unsigned calls;
    bool asked; /* CPACE2 has not come */
    bool wanted;
    unsigned unanswered;
    uint32_t taken;
    int64_t beat_ms;
    /* of the second: the first has the key too, since it spoke through a channel; frames that it told, and that the
     * first has; when the first was heard last */
    bool met;
    bool capturing; /* read by its owner, whenever something came and after each tick */
    uint32_t sent, acked;
    int64_t heard_ms;
};

enum proto_beside_kind {
    PROTO_BESIDE_NOTHING,
    PROTO_BESIDE_UP,      /* the two hear each other; first: say what is hidden, then capture(`wanted`) */
    PROTO_BESIDE_DATA,    /* `data`: first: about, frame; second: check_ask, check_cancel, hide */
    PROTO_BESIDE_REFUSED, /* first: the code was wrong; `err` */
    PROTO_BESIDE_BURNT,   /* second: guessed at too often; show another code */
    PROTO_BESIDE_BROKEN,  /* somebody on the way tampers, or the other is not what it says; the channel is down */
};

/**
 * `beside` is zeroed by the caller, with `first`, `random`, `send` and `context` set. `code` of the first: as typed; of
 * the second: one that it has drawn. ARGUMENT: join_host.
 */
PROTO_MUST_USE enum proto_err proto_beside_begin(struct proto_beside *beside, const char *join_host,
                                                 const struct proto_invite_code *code);
void proto_beside_clear(struct proto_beside *beside); /* wipes; a zeroed struct is fine */
/** The relay says that the other device is there, on a new connection, or gone. The first begins to talk. */
void proto_beside_present(struct proto_beside *beside, bool present, const uint8_t sid[static PROTO_SID_BYTES]);
/** A message of the other device; `data` is filled for PROTO_BESIDE_DATA. */
enum proto_beside_kind proto_beside_take(struct proto_beside *beside, const uint8_t *bytes, size_t len, int64_t now_ms,
                                         handhold_BesideData *data, enum proto_err *err);
/** STATE: the two do not hear each other. RANGE: a field is over its bound. */
PROTO_MUST_USE enum proto_err proto_beside_say(struct proto_beside *beside, const handhold_BesideData *data);

/**
 * First: the second may read its home from now on, or not any more; nothing is read until it is said. What was read
 * under an older word is not given out: the second says each word back, in front of what it reads under it.
 */
void proto_beside_capture(struct proto_beside *beside, bool on);
/** Second: a frame may be told now. */
bool proto_beside_may_tell(const struct proto_beside *beside);
/** Second: a frame of device state. FULL: not now. */
PROTO_MUST_USE enum proto_err proto_beside_tell(struct proto_beside *beside, const uint8_t *bytes, size_t len);
/** First: says that it is there. Second: `capturing` ends when the first was not heard for PROTO_BESIDE_SILENT_MS. */
void proto_beside_tick(struct proto_beside *beside, int64_t now_ms);
int64_t proto_beside_deadline(const struct proto_beside *beside);

#endif
