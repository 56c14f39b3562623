/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the handshake that are the same at both ends: what is derived, hashed into the prologue and sealed. */
#include "proto/pairing/inside.h"

#include "proto/pairing/code_cpace.h"
#include "proto/seal/kdf.h"

#include <sodium.h>
#include <string.h>

/* ---- beginnings ---- */

static enum proto_err begin_link(struct proto_pairing *p, const uint8_t *sid, const struct proto_invite_link *link)
{
    if (!link || !proto_join_host_ok(link->join_host, strlen(link->join_host)))
        return PROTO_ERR_ARGUMENT;
    memcpy(p->join_host, link->join_host, sizeof p->join_host);
    memcpy(p->pin, link->ca_fp, sizeof link->ca_fp);
    p->pin_len = sizeof link->ca_fp;
    proto_sha256_pieces(p->negotiated,
                        (const struct proto_piece[]){{&link->flags, 1}, {link->ca_fp, sizeof link->ca_fp}}, 2);
    enum proto_err err = proto_invite_link_sid(link, p->sid);

    if (err == PROTO_OK)
        err = proto_invite_link_psk(link, p->psk);
    if (err == PROTO_OK && sid && memcmp(sid, p->sid, PROTO_SID_BYTES) != 0)
        err = PROTO_ERR_ARGUMENT;
    return err;
}

enum proto_err proto_pairing_begin(struct proto_pairing *pairing, const uint8_t *sid, const char *join_host,
                                   const struct proto_invite_link *link, const struct proto_invite_code *code)
{
    if (pairing->mode == PROTO_PAIRING_LINK)
        return begin_link(pairing, sid, link);
    if (pairing->mode != PROTO_PAIRING_CODE && pairing->mode != PROTO_PAIRING_RESUME)
        return PROTO_ERR_ARGUMENT;
    if (!sid || !join_host || !proto_join_host_ok(join_host, strlen(join_host)))
        return PROTO_ERR_ARGUMENT;
    memcpy(pairing->sid, sid, PROTO_SID_BYTES);
    strcpy(pairing->join_host, join_host); /* its length was checked with its form */
    if (pairing->mode == PROTO_PAIRING_RESUME)
        return PROTO_OK;
    char text[PROTO_CODE_TEXT_MAX + 1];
    bool fits = code && proto_invite_code_format(code, text) == PROTO_OK;

    sodium_memzero(text, sizeof text);
    if (fits)
        pairing->code = *code;
    return fits ? PROTO_OK : PROTO_ERR_ARGUMENT;
}

/* ---- CPace ---- */

enum proto_err proto_pairing_cpace(struct proto_pairing *pairing, enum proto_cpace_role role,
                                   const struct proto_buf *ad)
{
    const struct proto_code_run run = {.code = &pairing->code,
                                       .channel = "handhold/1 code",
                                       .join_host = pairing->join_host,
                                       .parties = {"customer", "agent"},
                                       .sid = pairing->sid,
                                       .nonce = pairing->n_cpace,
                                       .ad = ad->bytes,
                                       .ad_len = ad->len};

    return ad->failed ? PROTO_ERR_NOMEM : proto_code_cpace(&pairing->cpace, role, &run, &pairing->random);
}

enum proto_err proto_pairing_cpace_end(struct proto_pairing *pairing, const uint8_t *peer_share,
                                       const struct proto_buf *peer_ad, const uint8_t *cpace2, size_t cpace2_len)
{
    if (pairing->cpace1.failed || peer_ad->failed)
        return PROTO_ERR_NOMEM;
    enum proto_err err = proto_cpace_finish(&pairing->cpace, peer_share, peer_ad->bytes, peer_ad->len, &pairing->keys);

    if (err != PROTO_OK)
        return err;
    memcpy(pairing->psk, pairing->keys.psk, sizeof pairing->psk);
    proto_sha256_pieces(
        pairing->negotiated,
        (const struct proto_piece[]){{pairing->cpace1.bytes, pairing->cpace1.len}, {cpace2, cpace2_len}}, 2);
    proto_buf_free(&pairing->cpace1);
    proto_invite_code_clear(&pairing->code);
    return PROTO_OK;
}

/* ---- Noise ---- */

enum proto_err proto_pairing_noise(struct proto_pairing *pairing, enum proto_noise_role role)
{
    uint8_t ephemeral[PROTO_NOISE_KEY_BYTES];
    struct proto_buf prologue;

    proto_buf_init(&prologue, 512);
    proto_buf_put_text(&prologue, "handhold/1");
    proto_buf_put_u8(&prologue, (uint8_t)pairing->mode);
    proto_buf_put(&prologue, pairing->sid, PROTO_SID_BYTES);
    proto_buf_put_lv8(&prologue, pairing->join_host, strlen(pairing->join_host));
    proto_buf_put(&prologue, pairing->negotiated, PROTO_HASH_BYTES);
    proto_random_fill(&pairing->random, ephemeral, sizeof ephemeral);
    enum proto_err err = prologue.failed ? PROTO_ERR_NOMEM
                                         : proto_noise_init(&pairing->noise, role, prologue.bytes, prologue.len,
                                                            pairing->psk, ephemeral);

    proto_buf_free(&prologue);
    sodium_memzero(ephemeral, sizeof ephemeral);
    sodium_memzero(pairing->psk, sizeof pairing->psk);
    return err;
}

enum proto_err proto_pairing_noise_put(struct proto_pairing *pairing, struct proto_buf *out)
{
    uint8_t *at = proto_buf_extend(out, PROTO_NOISE_HANDSHAKE_OVERHEAD);
    size_t len;

    if (!at)
        return PROTO_ERR_NOMEM;
    return proto_noise_write(&pairing->noise, NULL, 0, at, PROTO_NOISE_HANDSHAKE_OVERHEAD, &len);
}

enum proto_err proto_pairing_noise_take(struct proto_pairing *pairing, struct proto_reader *body)
{
    uint8_t none[1];
    size_t len = proto_reader_left(body), payload_len = 0;

    /* Nothing rides in these messages: the first has no forward secrecy and can be replayed. */
    if (len != PROTO_NOISE_HANDSHAKE_OVERHEAD)
        return PROTO_ERR_FORMAT;
    return proto_noise_read(&pairing->noise, proto_read_bytes(body, len), len, none, sizeof none, &payload_len);
}

enum proto_err proto_pairing_noise_split(struct proto_pairing *pairing)
{
    enum proto_err err = proto_noise_split(&pairing->noise, &pairing->channel);
    const uint8_t *hash = proto_noise_hash(&pairing->noise);

    if (err != PROTO_OK || !hash)
        return err != PROTO_OK ? err : PROTO_ERR_STATE;
    memcpy(pairing->result.hash, hash, PROTO_HASH_BYTES);
    memcpy(pairing->result.check.hash, hash, PROTO_HASH_BYTES);
    memcpy(pairing->result.sid, pairing->sid, PROTO_SID_BYTES);
    pairing->result.mode = pairing->mode;
    return PROTO_OK;
}

/* ---- the channel's first messages ---- */

enum proto_err proto_pairing_seal(struct proto_pairing *pairing, const struct proto_buf *plain)
{
    struct proto_buf *out = proto_pairing_say(pairing, PROTO_PAIRING_TRANSPORT);
    size_t capacity = plain->len + PROTO_NOISE_TAG_BYTES, len;
    uint8_t *at = proto_buf_extend(out, capacity);

    if (plain->failed || !at)
        return PROTO_ERR_RANGE;
    return proto_noise_channel_seal(&pairing->channel, plain->bytes, plain->len, at, capacity, &len);
}

enum proto_err proto_pairing_open(struct proto_pairing *pairing, struct proto_reader *body, struct proto_buf *plain)
{
    size_t len = proto_reader_left(body), plain_len = 0;

    if (len < PROTO_NOISE_TAG_BYTES)
        return PROTO_ERR_FORMAT;
    size_t capacity = len - PROTO_NOISE_TAG_BYTES;
    uint8_t *at = proto_buf_extend(plain, capacity);

    if (!at && capacity)
        return PROTO_ERR_NOMEM;
    return proto_noise_channel_open(&pairing->channel, proto_read_bytes(body, len), len, at, capacity, &plain_len);
}

/* ---- check words ---- */

enum proto_err proto_check_reveal(struct proto_check *check, const uint8_t n_a[static PROTO_CHECK_NONCE_BYTES])
{
    uint8_t hash[PROTO_HASH_BYTES];

    if (check->revealed)
        return PROTO_ERR_STATE;
    proto_sha256(hash, n_a, PROTO_CHECK_NONCE_BYTES);
    if (sodium_memcmp(hash, check->commit, sizeof hash))
        return PROTO_ERR_CRYPTO;
    memcpy(check->n_a, n_a, PROTO_CHECK_NONCE_BYTES);
    check->revealed = true;
    return PROTO_OK;
}

enum proto_err proto_check_words(const struct proto_check *check, const char *out[static PROTO_CHECK_WORDS])
{
    uint8_t input[2 * PROTO_CHECK_NONCE_BYTES + PROTO_HASH_BYTES], sas[PROTO_SAS_BYTES];

    if (!check->revealed)
        return PROTO_ERR_STATE;
    memcpy(input, check->n_a, PROTO_CHECK_NONCE_BYTES);
    memcpy(input + PROTO_CHECK_NONCE_BYTES, check->n_c, PROTO_CHECK_NONCE_BYTES);
    memcpy(input + 2 * PROTO_CHECK_NONCE_BYTES, check->hash, PROTO_HASH_BYTES);
    enum proto_err err = proto_hkdf(input, sizeof input, "handhold/1 sas", sas, sizeof sas);

    if (err == PROTO_OK)
        proto_words_of(sas, out);
    return err;
}
