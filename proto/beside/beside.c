/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/beside/beside.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/kdf.h"

enum { CPACE1 = 1, CPACE2, M1, M2, SEALED, REFUSED };
enum { BY_CODE = 1, AGAIN = 2 };
enum { CPACE1_BYTES = 1 + 16 + PROTO_CPACE_SHARE_BYTES, CPACE2_BYTES = 1 + PROTO_CPACE_SHARE_BYTES, PAD = 64 };

static const uint8_t ad[] = {1}; /* version */

/* ---- the code ---- */

static enum proto_err start_cpace(struct proto_beside *b)
{
    static const char name[] = "handhold/1 beside", first[] = "first", second[] = "second";
    char prs[PROTO_NAMEPLATE_MAX + PROTO_CODE_SECRET_DIGITS + 1];
    uint8_t sid[PROTO_SID_BYTES + sizeof b->n_c], random[PROTO_CPACE_RANDOM_BYTES];
    size_t plate = strlen(b->code.nameplate);
    struct proto_buf ci;
    enum proto_err err;

    memcpy(prs, b->code.nameplate, plate);
    memcpy(prs + plate, b->code.secret, PROTO_CODE_SECRET_DIGITS);
    memcpy(sid, b->sid, PROTO_SID_BYTES);
    memcpy(sid + PROTO_SID_BYTES, b->n_c, sizeof b->n_c);
    proto_buf_init(&ci, PROTO_CPACE_INPUT_MAX);
    proto_cpace_put_lv(&ci, name, sizeof name - 1);
    proto_cpace_put_lv(&ci, b->join_host, strlen(b->join_host));
    proto_cpace_put_lv(&ci, first, sizeof first - 1);
    proto_cpace_put_lv(&ci, second, sizeof second - 1);
    proto_random_fill(&b->random, random, sizeof random);
    const struct proto_cpace_input input = {prs, plate + PROTO_CODE_SECRET_DIGITS, ci.bytes, ci.len, sid, sizeof sid};

    err = ci.failed ? PROTO_ERR_NOMEM
                    : proto_cpace_init(&b->cpace, b->first ? PROTO_CPACE_INITIATOR : PROTO_CPACE_RESPONDER, &input, ad,
                                       sizeof ad, random);
    proto_buf_free(&ci);
    sodium_memzero(prs, sizeof prs);
    sodium_memzero(random, sizeof random);
    return err;
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

    if (!err)
        proto_sha256_pieces(b->cpace_hash,
                            (const struct proto_piece[]){{b->cpace1.bytes, b->cpace1.len}, {cpace2, CPACE2_BYTES}}, 2);
    proto_buf_clear(&b->cpace1);
    return err;
}

static void fall(struct proto_beside *b)
{
    b->up = false;
    proto_noise_clear(&b->noise);
    proto_noise_channel_clear(&b->channel);
    proto_cpace_clear(&b->cpace);
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

static enum proto_err send_cpace1(struct proto_beside *b)
{
    uint8_t message[CPACE1_BYTES] = {CPACE1};
    enum proto_err err;

    proto_random_fill(&b->random, b->n_c, sizeof b->n_c);
    err = start_cpace(b);
    if (err)
        return err;
    memcpy(message + 1, b->n_c, sizeof b->n_c);
    memcpy(message + 1 + sizeof b->n_c, b->cpace.share, PROTO_CPACE_SHARE_BYTES);
    proto_buf_clear(&b->cpace1);
    proto_buf_put(&b->cpace1, message, sizeof message);
    b->send(b->context, message, sizeof message);
    return PROTO_OK;
}

static enum proto_err on_cpace1(struct proto_beside *b, const uint8_t *bytes, size_t len)
{
    uint8_t answer[CPACE2_BYTES] = {CPACE2}, share[PROTO_CPACE_SHARE_BYTES];
    enum proto_err err;

    if (b->first || b->linked || len != CPACE1_BYTES)
        return PROTO_ERR_STATE;
    fall(b);
    memcpy(b->n_c, bytes + 1, sizeof b->n_c);
    memcpy(share, bytes + 1 + sizeof b->n_c, sizeof share);
    proto_buf_clear(&b->cpace1);
    proto_buf_put(&b->cpace1, bytes, len);
    err = start_cpace(b);
    if (err)
        return err;
    memcpy(answer + 1, b->cpace.share, PROTO_CPACE_SHARE_BYTES);
    err = end_cpace(b, share, answer);
    if (!err)
        b->send(b->context, answer, sizeof answer);
    return err;
}

static enum proto_err on_cpace2(struct proto_beside *b, const uint8_t *bytes, size_t len)
{
    enum proto_err err;

    if (!b->first || b->linked || len != CPACE2_BYTES)
        return PROTO_ERR_STATE;
    err = end_cpace(b, bytes + 1, bytes);
    return err ? err : send_m1(b, BY_CODE);
}

/* The channel stands; a code is a key from now on, and the code itself is worth nothing any more. */
static enum proto_err stand(struct proto_beside *b, uint8_t mode)
{
    enum proto_err err = proto_noise_split(&b->noise, &b->channel);

    if (!err && mode == BY_CODE)
        err = proto_hkdf(b->keys.psk, sizeof b->keys.psk, "handhold/1 beside again", b->again, sizeof b->again);
    if (err)
        return err;
    b->linked = b->up = true;
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

    if (b->first || (mode != BY_CODE && mode != AGAIN) || (mode == AGAIN) != b->linked ||
        len != 2 + tag + PROTO_NOISE_HANDSHAKE_OVERHEAD)
        return PROTO_ERR_STATE;
    if (tag && proto_cpace_tag_check(&b->keys, bytes + 2)) {
        b->guesses++;
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

static enum proto_err on_m2(struct proto_beside *b, const uint8_t *bytes, size_t len)
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

/* ---- when it stands ---- */

static enum proto_err open_sealed(struct proto_beside *b, const uint8_t *bytes, size_t len, handhold_BesideData *data)
{
    uint8_t *plain = len > 1 && len <= PROTO_BESIDE_MESSAGE_MAX ? malloc(len) : NULL;
    enum proto_err err = plain ? PROTO_OK : PROTO_ERR_FORMAT;
    size_t plain_len = 0, body;

    if (!err)
        err = proto_noise_channel_open(&b->channel, bytes + 1, len - 1, plain, len, &plain_len);
    if (!err) {
        body = plain_len >= 2 ? (size_t)plain[0] << 8 | plain[1] : 0;
        err = plain_len >= 2 && body <= plain_len - 2
                  ? proto_message_decode(plain + 2, body, handhold_BesideData_fields, data, sizeof *data)
                  : PROTO_ERR_FORMAT;
    }
    if (plain)
        sodium_memzero(plain, len);
    free(plain);
    return err;
}

enum proto_err proto_beside_say(struct proto_beside *b, const handhold_BesideData *data)
{
    struct proto_buf plain;
    enum proto_err err = b->up ? PROTO_OK : PROTO_ERR_STATE;
    size_t body, len;
    uint8_t *sealed;

    if (err)
        return err;
    proto_buf_init_secret(&plain, PROTO_BESIDE_MESSAGE_MAX);
    proto_buf_put_u16(&plain, 0);
    err = proto_message_encode(&plain, handhold_BesideData_fields, data);
    body = plain.len - 2;
    while (!err && !plain.failed && plain.len % PAD)
        proto_buf_put_u8(&plain, 0);
    sealed = malloc(1 + plain.len + PROTO_NOISE_TAG_BYTES);
    if (!err && (plain.failed || !sealed || body > UINT16_MAX))
        err = PROTO_ERR_RANGE;
    if (!err) {
        plain.bytes[0] = (uint8_t)(body >> 8);
        plain.bytes[1] = (uint8_t)body;
        sealed[0] = SEALED;
        err = proto_noise_channel_seal(&b->channel, plain.bytes, plain.len, sealed + 1,
                                       plain.len + PROTO_NOISE_TAG_BYTES, &len);
    }
    if (!err)
        b->send(b->context, sealed, 1 + len);
    free(sealed);
    proto_buf_free(&plain);
    return err;
}

/* ---- both ---- */

enum proto_err proto_beside_begin(struct proto_beside *b, const char *join_host, const struct proto_invite_code *code)
{
    size_t len = strlen(join_host);

    if (len > PROTO_JOIN_HOST_MAX || !proto_join_host_ok(join_host, len))
        return PROTO_ERR_ARGUMENT;
    memcpy(b->join_host, join_host, len + 1);
    b->code = *code;
    b->linked = false;
    b->guesses = 0;
    proto_buf_init(&b->cpace1, CPACE1_BYTES);
    fall(b);
    return PROTO_OK;
}

void proto_beside_clear(struct proto_beside *b)
{
    proto_buf_free(&b->cpace1);
    sodium_memzero(b, sizeof *b);
}

void proto_beside_present(struct proto_beside *b, bool present, const uint8_t sid[static PROTO_SID_BYTES])
{
    fall(b);
    b->present = present;
    memcpy(b->sid, sid, PROTO_SID_BYTES);
    if (!present || !b->first)
        return;
    if ((b->linked ? send_m1(b, AGAIN) : send_cpace1(b)) != PROTO_OK)
        fall(b); /* without memory: with the next connection again */
}

enum proto_beside_kind proto_beside_take(struct proto_beside *b, const uint8_t *bytes, size_t len,
                                         handhold_BesideData *data, enum proto_err *err)
{
    static enum proto_err (*const on[])(struct proto_beside *, const uint8_t *, size_t) = {
        [CPACE1] = on_cpace1, [CPACE2] = on_cpace2, [M1] = on_m1, [M2] = on_m2};
    uint8_t kind = len ? bytes[0] : 0;

    *err = PROTO_ERR_FORMAT;
    if (kind == SEALED && b->up) {
        *err = open_sealed(b, bytes, len, data);
        if (*err)
            fall(b);
        return *err ? PROTO_BESIDE_BROKEN : PROTO_BESIDE_DATA;
    }
    if (kind == REFUSED && b->first && !b->up && len == 2) {
        *err = bytes[1] < PROTO_ERR_COUNT ? (enum proto_err)bytes[1] : PROTO_ERR_REFUSED;
        fall(b);
        return PROTO_BESIDE_REFUSED;
    }
    if (kind < CPACE1 || kind > M2)
        return PROTO_BESIDE_BROKEN;
    *err = on[kind](b, bytes, len);
    if (*err == PROTO_ERR_CODE && b->guesses >= PROTO_BESIDE_GUESSES)
        return PROTO_BESIDE_BURNT;
    if (*err == PROTO_ERR_CODE && b->first)
        return PROTO_BESIDE_REFUSED;
    if (*err == PROTO_ERR_CODE)
        return PROTO_BESIDE_NOTHING;
    if (*err) {
        fall(b);
        return PROTO_BESIDE_BROKEN;
    }
    return b->up ? PROTO_BESIDE_UP : PROTO_BESIDE_NOTHING;
}
