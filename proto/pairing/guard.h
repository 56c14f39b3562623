/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/pairing/guard.h - what outlives one attempt: how often a code was guessed, and the keys to resume with.
 *
 * The agent's end enforces both; the relay is not trusted with either. A code guard lives as long as its code, resume
 * keys as long as their session. Both are plain values that their owner clears.
 */
#ifndef PROTO_PAIRING_GUARD_H
#define PROTO_PAIRING_GUARD_H

#include "proto/util/err.h"
#include "proto/util/time.h"
#include "proto/wire/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROTO_PAIRING_NC_BYTES = 16,
    PROTO_CODE_RUNS_MAX = 64, /* runs begun under one code, right, wrong or broken off; then the code is burnt */
    PROTO_RESUME_ID_BYTES = 8,
};

/** Counts for one code. Zeroed is fresh; read `burnt` and `wrong`, leave the rest alone. */
struct proto_code_guard {
    bool burnt;     /* no run is let in any more: tell the agent, loudly, unless `wrong` is below PROTO_CODE_TRIES */
    unsigned wrong; /* wrong tags so far: guesses by somebody who does not know the code, or a damaged message */
    bool running;
    uint64_t run; /* number of the run that holds the turn */
    int64_t until_ms;
    uint8_t seen[PROTO_CODE_RUNS_MAX][PROTO_PAIRING_NC_BYTES];
    size_t seen_count;
};

/**
 * A run begins with the customer's N_c; *run names it. BURNT: three wrong tags, or too many runs. BUSY: another run
 * began less than 10 s ago and has not ended. REPLAY: this N_c was used already.
 */
PROTO_MUST_USE enum proto_err proto_code_guard_begin(struct proto_code_guard *guard,
                                                     const uint8_t n_c[static PROTO_PAIRING_NC_BYTES],
                                                     struct proto_now now, uint64_t *run);
/** The run still holds the turn: neither ended nor past its 10 s. */
bool proto_code_guard_holds(const struct proto_code_guard *guard, uint64_t run, struct proto_now now);
/** Its tag was wrong. BURNT from the third on, else CRYPTO; the run has ended. */
PROTO_MUST_USE enum proto_err proto_code_guard_wrong(struct proto_code_guard *guard, uint64_t run);
void proto_code_guard_end(struct proto_code_guard *guard, uint64_t run); /* frees the turn; no-op when it was not its */

enum { PROTO_RESUME_REMEMBERED = 32 }; /* pairs ago that a repeated attempt is still known as one */

/** One key to resume with, and the name that M1 calls it by. */
struct proto_resume_key {
    bool set;
    uint8_t psk[PROTO_KEY_BYTES];
    uint8_t id[PROTO_RESUME_ID_BYTES]; /* HKDF(psk, "handhold/1 resume id", 8) */
};
/**
 * The newest key and the one before: a network that breaks while a new key is handed over leaves the ends with
 * different newest ones. Zeroed is empty; clear it at the end of the session.
 */
struct proto_resume_keys {
    struct proto_resume_key newest, previous;
    uint8_t completed[PROTO_RESUME_REMEMBERED][PROTO_RESUME_ID_BYTES]; /* ids alone, the last ones */
    unsigned completed_count;
};

/** A pairing has succeeded and handed over `psk`: the newest becomes the previous. NOMEM: nothing changed. */
PROTO_MUST_USE enum proto_err proto_resume_keys_push(struct proto_resume_keys *keys,
                                                     const uint8_t psk[static PROTO_KEY_BYTES]);
/** The peer has sealed something in the pair that handed over the newest key: the previous one dies. */
void proto_resume_keys_confirm(struct proto_resume_keys *keys);
/** The key that M1 names, borrowed; NULL: unknown, or completed already. */
const struct proto_resume_key *proto_resume_keys_find(const struct proto_resume_keys *keys,
                                                      const uint8_t id[static PROTO_RESUME_ID_BYTES]);
/** A pairing under this id has succeeded: the key is wiped and never accepted again. Agent: call before push. */
void proto_resume_keys_complete(struct proto_resume_keys *keys, const uint8_t id[static PROTO_RESUME_ID_BYTES]);
/** A pairing under this id has succeeded before: nobody honest names it again. */
bool proto_resume_keys_completed(const struct proto_resume_keys *keys, const uint8_t id[static PROTO_RESUME_ID_BYTES]);
void proto_resume_keys_clear(struct proto_resume_keys *keys);

#endif
