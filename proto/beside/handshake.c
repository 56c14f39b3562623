/* SPDX-License-Identifier: Apache-2.0 */
/* How two devices of one person come to a channel: by a code that is typed once, and later by the key it left. */
#include <sodium.h>
#include <string.h>

#include "proto/beside/beside_inside.h"
#include "proto/pairing/code_cpace.h"
#include "proto/seal/kdf.h"

enum { BY_CODE = 1, AGAIN = 2 };
static const uint8_t ad[] = {1}; /* version */

/* ---- the code ---- */

static enum proto_err start_cpace(struct proto_beside *b)
{
    const struct proto_code_run run = {.code = &b->code,
                                       .channel = "handhold/1 beside",
                                       .join_host = b->join_host,
                                       .parties = {"first", "second"},
                                       .sid = b->sid,
                                       .nonce = b->n_c,
                                       .ad = ad,
                                       .ad_len = sizeof ad};

    return proto_code_cpace(&b->cpace, b->first ? PROTO_CPACE_INITIATOR : PROTO_CPACE_RESPONDER, &run, &b->random);
}

static enum proto_err start_noise(struct proto_beside *b, uint8_t mode)
{
    uint8_t ephemeral[PROTO_NOISE_KEY_BYTES];
    struct proto_buf prologue;
    enum proto_err err;

    proto_buf_init(&prologue, 512);
    proto_buf_put_text(&prologue, "handhold/1 beside");
    proto_buf_put_u8(&prologue, mode);
    proto_buf_put(&prologue, b->sid, PROTO_SID_BYTES);
    proto_buf_put_lv8(&prologue, b->join_host, strlen(b->join_host));
    proto_buf_put(&prologue, b->cpace_hash, PROTO_HASH_BYTES);
    proto_random_fill(&b->random, ephemeral, sizeof ephemeral);
    err = prologue.failed
              ? PROTO_ERR_NOMEM
              : proto_noise_init(&b->noise, b->first ? PROTO_NOISE_INITIATOR : PROTO_NOISE_RESPONDER, prologue.bytes,
                                 prologue.len, mode == AGAIN ? b->again : b->keys.psk, ephemeral);
    proto_buf_free(&prologue);
    sodium_memzero(ephemeral, sizeof ephemeral);
    return err;
}

/* Both shares are there: the keys, and a hash of how they came about for the prologue. */
static enum proto_err end_cpace(struct proto_beside *b, const uint8_t *share, const uint8_t *cpace2)
{
    enum proto_err err = proto_cpace_finish(&b->cpace, share, ad, sizeof ad, &b->keys);

    if (err)
        return err;
    memcpy(b->cpace2, cpace2, sizeof b->cpace2);
    proto_sha256_pieces(b->cpace_hash,
                        (const struct proto_piece[]){{b->cpace1, sizeof b->cpace1}, {b->cpace2, sizeof b->cpace2}}, 2);
    return PROTO_OK;
}

void beside_fall(struct proto_beside *b)
{
    b->up = false;
    beside_rest(b);
    proto_noise_clear(&b->noise);
    proto_noise_channel_clear(&b->channel);
}

/* ---- what is said on the way up ---- */

static enum proto_err send_m1(struct proto_beside *b, uint8_t mode)
{
    uint8_t message[2 + PROTO_CPACE_TAG_BYTES + PROTO_NOISE_HANDSHAKE_OVERHEAD] = {M1, mode};
    size_t at = 2, len;
    enum proto_err err = start_noise(b, mode);

    if (err)
        return err;
    if (mode == BY_CODE) {
        memcpy(message + at, b->keys.tag_own, PROTO_CPACE_TAG_BYTES);
        at += PROTO_CPACE_TAG_BYTES;
    }
    err = proto_noise_write(&b->noise, NULL, 0, message + at, sizeof message - at, &len);
    if (!err)
        b->send(b->context, message, at + len);
    return err;
}

/* A run that was not answered yet is the same one at the next call: two answers to it are one. */
static enum proto_err send_cpace1(struct proto_beside *b)
{
    enum proto_err err;

    if (!b->asked) {
        proto_random_fill(&b->random, b->n_c, sizeof b->n_c);
        err = start_cpace(b);
        if (err)
            return err;
        b->cpace1[0] = CPACE1;
        memcpy(b->cpace1 + 1, b->n_c, sizeof b->n_c);
        memcpy(b->cpace1 + 1 + sizeof b->n_c, b->cpace.share, PROTO_CPACE_SHARE_BYTES);
        b->asked = true;
    }
    b->send(b->context, b->cpace1, sizeof b->cpace1);
    return PROTO_OK;
}

static enum proto_err run_cpace(struct proto_beside *b, const uint8_t *cpace1)
{
    uint8_t answer[sizeof b->cpace2] = {CPACE2};
    enum proto_err err;

    memcpy(b->cpace1, cpace1, sizeof b->cpace1);
    memcpy(b->n_c, cpace1 + 1, sizeof b->n_c);
    err = start_cpace(b);
    if (err)
        return err;
    memcpy(answer + 1, b->cpace.share, PROTO_CPACE_SHARE_BYTES);
    return end_cpace(b, cpace1 + 1 + sizeof b->n_c, answer);
}

static enum proto_err on_cpace1(struct proto_beside *b, const uint8_t *bytes, size_t len)
{
    enum proto_err err = PROTO_OK;

    if (b->first || b->met || b->guesses >= PROTO_BESIDE_GUESSES || len != sizeof b->cpace1)
        return PROTO_ERR_STATE;
    beside_fall(b);
    if (memcmp(b->cpace1, bytes, len) != 0)
        err = run_cpace(b, bytes);
    if (err)
        b->cpace1[0] = 0; /* there is no answer to give again */
    else
        b->send(b->context, b->cpace2, sizeof b->cpace2);
    return err;
}

static enum proto_err on_cpace2(struct proto_beside *b, const uint8_t *bytes, size_t len)
{
    enum proto_err err;

    if (!b->first || len != sizeof b->cpace2)
        return PROTO_ERR_STATE;
    if (!memcmp(b->cpace2, bytes, len))
        return PROTO_OK; /* once more, since the run was asked for once more */
    if (!b->asked)
        return PROTO_ERR_STATE;
    b->asked = false;
    err = end_cpace(b, bytes + 1, bytes);
    return err ? err : send_m1(b, BY_CODE);
}

/* The channel stands; a code is a key from now on. The second keeps the code until the first has spoken through it. */
static enum proto_err stand(struct proto_beside *b, uint8_t mode)
{
    enum proto_err err = proto_noise_split(&b->noise, &b->channel);

    if (!err && mode == BY_CODE)
        err = proto_hkdf(b->keys.psk, sizeof b->keys.psk, "handhold/1 beside again", b->again, sizeof b->again);
    if (err)
        return err;
    b->linked = b->up = true;
    b->calls = 0;
    if (b->first)
        proto_invite_code_clear(&b->code);
    proto_cpace_keys_clear(&b->keys);
    return PROTO_OK;
}

static enum proto_err refuse(struct proto_beside *b, enum proto_err why)
{
    const uint8_t message[] = {REFUSED, (uint8_t)why};

    b->send(b->context, message, sizeof message);
    return why;
}

static enum proto_err on_m1(struct proto_beside *b, const uint8_t *bytes, size_t len)
{
    uint8_t mode = len > 1 ? bytes[1] : 0, answer[1 + PROTO_CPACE_TAG_BYTES + PROTO_NOISE_HANDSHAKE_OVERHEAD] = {M2};
    size_t tag = mode == BY_CODE ? PROTO_CPACE_TAG_BYTES : 0, at = 1, none, out;
    enum proto_err err;

    if (b->first || !(mode == BY_CODE ? !b->met : mode == AGAIN && b->linked) ||
        len != 2 + tag + PROTO_NOISE_HANDSHAKE_OVERHEAD)
        return PROTO_ERR_STATE;
    if (tag && proto_cpace_tag_check(&b->keys, bytes + 2)) {
        if (++b->guesses >= PROTO_BESIDE_GUESSES)
            proto_cpace_keys_clear(&b->keys); /* whatever its owner does: this code links nobody any more */
        return refuse(b, PROTO_ERR_CODE);
    }
    err = start_noise(b, mode);
    if (!err)
        err = proto_noise_read(&b->noise, bytes + 2 + tag, len - 2 - tag, NULL, 0, &none);
    if (tag) {
        memcpy(answer + at, b->keys.tag_own, tag);
        at += tag;
    }
    if (!err)
        err = proto_noise_write(&b->noise, NULL, 0, answer + at, sizeof answer - at, &out);
    if (!err)
        err = stand(b, mode);
    if (!err)
        b->send(b->context, answer, at + out);
    return err;
}

static enum proto_err read_m2(struct proto_beside *b, const uint8_t *bytes, size_t len)
{
    uint8_t mode = b->linked ? AGAIN : BY_CODE;
    size_t tag = b->linked ? 0 : PROTO_CPACE_TAG_BYTES, none;
    enum proto_err err;

    if (!b->first || len != 1 + tag + PROTO_NOISE_HANDSHAKE_OVERHEAD)
        return PROTO_ERR_STATE;
    if (tag && proto_cpace_tag_check(&b->keys, bytes + 1))
        return PROTO_ERR_CODE;
    err = proto_noise_read(&b->noise, bytes + 1 + tag, len - 1 - tag, NULL, 0, &none);
    return err ? err : stand(b, mode);
}

/*
 * The answer to a call that a newer one overtook opens here no more than a lie does. So many are let go as calls were
 * overtaken since a channel stood, and the newest call waits on; what does not open then is a lie.
 */
static enum proto_err on_m2(struct proto_beside *b, const uint8_t *bytes, size_t len)
{
    struct proto_noise waiting = b->noise;
    bool late = b->calls > 1;
    enum proto_err err;

    b->calls -= b->calls > 0;
    err = read_m2(b, bytes, len);
    if (late && (err == PROTO_ERR_CRYPTO || err == PROTO_ERR_STATE)) {
        b->noise = waiting;
        err = PROTO_OK;
    }
    proto_noise_clear(&waiting);
    return err;
}

/* ---- both ---- */

enum proto_err beside_call(struct proto_beside *b)
{
    b->calls++;
    return b->linked ? send_m1(b, AGAIN) : send_cpace1(b);
}

enum proto_err beside_shake(struct proto_beside *b, const uint8_t *bytes, size_t len)
{
    static enum proto_err (*const on[])(struct proto_beside *, const uint8_t *, size_t) = {
        [CPACE1] = on_cpace1, [CPACE2] = on_cpace2, [M1] = on_m1, [M2] = on_m2};

    return on[bytes[0]](b, bytes, len);
}
