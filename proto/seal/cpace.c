/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/seal/cpace.h"

#include "proto/seal/kdf.h"

#include <sodium.h>
#include <string.h>

static const char dsi[] = "CPaceRistretto255", dsi_isk[] = "CPaceRistretto255_ISK";

enum {
    HASH_BLOCK_BYTES =
        128, /* SHA-512's input block: DSI and PRS fill the first one, so that hashing takes equal time */
    GENERATOR_INPUT_MAX = 2 * PROTO_CPACE_INPUT_MAX + HASH_BLOCK_BYTES + PROTO_CPACE_SID_MAX + 64,
    ISK_INPUT_MAX = 2 * (PROTO_CPACE_SHARE_BYTES + PROTO_CPACE_AD_MAX) + PROTO_CPACE_SID_MAX + 32 + 64,
};

void proto_cpace_put_lv(struct proto_buf *buf, const void *bytes, size_t len)
{
    size_t rest = len;

    for (; rest >= 0x80; rest >>= 7)
        proto_buf_put_u8(buf, (uint8_t)(rest | 0x80));
    proto_buf_put_u8(buf, (uint8_t)rest);
    proto_buf_put(buf, bytes, len);
}

/* The draft's generator_string: zeros after the PRS push CI and sid out of the first block. */
static void put_generator_string(struct proto_buf *buf, const struct proto_cpace_input *input)
{
    static const uint8_t zeros[HASH_BLOCK_BYTES];

    proto_cpace_put_lv(buf, dsi, sizeof dsi - 1);
    proto_cpace_put_lv(buf, input->prs, input->prs_len);
    proto_cpace_put_lv(buf, zeros, buf->len < HASH_BLOCK_BYTES - 1 ? HASH_BLOCK_BYTES - 1 - buf->len : 0);
    proto_cpace_put_lv(buf, input->ci, input->ci_len);
    proto_cpace_put_lv(buf, input->sid, input->sid_len);
}

enum proto_err proto_cpace_generator(uint8_t g[static PROTO_CPACE_SHARE_BYTES], const struct proto_cpace_input *input)
{
    uint8_t hash[crypto_hash_sha512_BYTES];
    struct proto_buf buf;

    if (input->prs_len > PROTO_CPACE_INPUT_MAX || input->ci_len > PROTO_CPACE_INPUT_MAX ||
        input->sid_len > PROTO_CPACE_SID_MAX)
        return PROTO_ERR_RANGE;
    proto_buf_init_secret(&buf, GENERATOR_INPUT_MAX);
    put_generator_string(&buf, input);
    enum proto_err err = buf.failed ? PROTO_ERR_NOMEM : PROTO_OK;
    if (!err) {
        crypto_hash_sha512(hash, buf.bytes, buf.len);
        crypto_core_ristretto255_from_hash(g, hash);
    }
    proto_buf_free(&buf);
    sodium_memzero(hash, sizeof hash);
    return err;
}

enum proto_err proto_cpace_init(struct proto_cpace *run, enum proto_cpace_role role,
                                const struct proto_cpace_input *input, const void *ad, size_t ad_len,
                                const uint8_t random[static PROTO_CPACE_RANDOM_BYTES])
{
    uint8_t g[PROTO_CPACE_SHARE_BYTES];

    *run = (struct proto_cpace){.role = role, .sid_len = input->sid_len, .ad_len = ad_len};
    enum proto_err err = ad_len > PROTO_CPACE_AD_MAX ? PROTO_ERR_RANGE : proto_cpace_generator(g, input);
    if (err)
        goto done;
    if (input->sid_len)
        memcpy(run->sid, input->sid, input->sid_len);
    if (ad_len)
        memcpy(run->ad, ad, ad_len);
    crypto_core_ristretto255_scalar_reduce(run->scalar, random);
    if (crypto_scalarmult_ristretto255(run->share, run->scalar, g) != 0)
        err = PROTO_ERR_KEY;
    run->live = true;
done:
    sodium_memzero(g, sizeof g);
    if (err)
        proto_cpace_clear(run);
    return err;
}

void proto_cpace_clear(struct proto_cpace *run)
{
    sodium_memzero(run, sizeof *run);
}

/* A side's transcript: its share and its associated data, lv_cat. */
struct side {
    const uint8_t *share;
    const void *ad;
    size_t ad_len;
};

static void put_side(struct proto_buf *buf, const struct side *side)
{
    proto_cpace_put_lv(buf, side->share, PROTO_CPACE_SHARE_BYTES);
    proto_cpace_put_lv(buf, side->ad, side->ad_len);
}

static enum proto_err make_isk(uint8_t isk[static PROTO_CPACE_ISK_BYTES], const struct proto_cpace *run,
                               const uint8_t k[static 32], const struct side *a, const struct side *b)
{
    struct proto_buf buf;

    proto_buf_init_secret(&buf, ISK_INPUT_MAX);
    proto_cpace_put_lv(&buf, dsi_isk, sizeof dsi_isk - 1);
    proto_cpace_put_lv(&buf, run->sid, run->sid_len);
    proto_cpace_put_lv(&buf, k, 32);
    put_side(&buf, a);
    put_side(&buf, b);
    enum proto_err err = buf.failed ? PROTO_ERR_NOMEM : PROTO_OK;
    if (!err)
        crypto_hash_sha512(isk, buf.bytes, buf.len);
    proto_buf_free(&buf);
    return err;
}

static void make_mac_key(uint8_t mac_key[static crypto_hash_sha512_BYTES], const struct proto_cpace *run,
                         const uint8_t isk[static PROTO_CPACE_ISK_BYTES])
{
    static const char label[] = "CPaceMac";
    crypto_hash_sha512_state state;

    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, (const uint8_t *)label, sizeof label - 1);
    crypto_hash_sha512_update(&state, run->sid, run->sid_len);
    crypto_hash_sha512_update(&state, isk, PROTO_CPACE_ISK_BYTES);
    crypto_hash_sha512_final(&state, mac_key);
    sodium_memzero(&state, sizeof state);
}

static enum proto_err make_tag(uint8_t tag[static PROTO_CPACE_TAG_BYTES],
                               const uint8_t mac_key[static crypto_hash_sha512_BYTES], const struct side *side)
{
    crypto_auth_hmacsha512_state state;
    struct proto_buf buf;

    proto_buf_init(&buf, ISK_INPUT_MAX);
    put_side(&buf, side);
    enum proto_err err = buf.failed ? PROTO_ERR_NOMEM : PROTO_OK;
    if (!err) {
        crypto_auth_hmacsha512_init(&state, mac_key, crypto_hash_sha512_BYTES);
        crypto_auth_hmacsha512_update(&state, buf.bytes, buf.len);
        crypto_auth_hmacsha512_final(&state, tag);
        sodium_memzero(&state, sizeof state);
    }
    proto_buf_free(&buf);
    return err;
}

static enum proto_err derive(const struct proto_cpace *run, const uint8_t k[static 32], const struct side *own,
                             const struct side *peer, struct proto_cpace_keys *keys)
{
    bool initiator = run->role == PROTO_CPACE_INITIATOR;
    uint8_t mac_key[crypto_hash_sha512_BYTES];

    enum proto_err err = make_isk(keys->isk, run, k, initiator ? own : peer, initiator ? peer : own);
    if (err)
        return err;
    make_mac_key(mac_key, run, keys->isk);
    err = make_tag(keys->tag_own, mac_key, own);
    if (!err)
        err = make_tag(keys->tag_peer, mac_key, peer);
    sodium_memzero(mac_key, sizeof mac_key);
    if (!err)
        err = proto_hkdf(keys->isk, sizeof keys->isk, "handhold/1 code psk", keys->psk, sizeof keys->psk);
    return err;
}

enum proto_err proto_cpace_finish(struct proto_cpace *run, const uint8_t peer_share[static PROTO_CPACE_SHARE_BYTES],
                                  const void *peer_ad, size_t peer_ad_len, struct proto_cpace_keys *keys)
{
    const struct side own = {run->share, run->ad, run->ad_len}, peer = {peer_share, peer_ad, peer_ad_len};
    enum proto_err err = PROTO_OK;
    uint8_t k[32];

    *keys = (struct proto_cpace_keys){0};
    if (!run->live)
        err = PROTO_ERR_STATE;
    else if (peer_ad_len > PROTO_CPACE_AD_MAX)
        err = PROTO_ERR_RANGE;
    /* Our own share come back would let its sender hand us our own tag. Not 0: no point, or the identity. */
    else if (sodium_memcmp(run->share, peer_share, sizeof run->share) == 0 ||
             crypto_scalarmult_ristretto255(k, run->scalar, peer_share) != 0)
        err = PROTO_ERR_KEY;
    else
        err = derive(run, k, &own, &peer, keys);
    sodium_memzero(k, sizeof k);
    if (err)
        proto_cpace_keys_clear(keys);
    proto_cpace_clear(run);
    return err;
}

enum proto_err proto_cpace_tag_check(const struct proto_cpace_keys *keys,
                                     const uint8_t tag[static PROTO_CPACE_TAG_BYTES])
{
    bool cleared = sodium_is_zero(keys->tag_peer, PROTO_CPACE_TAG_BYTES); /* nobody shall get in by 64 zeros */

    return !cleared && sodium_memcmp(keys->tag_peer, tag, PROTO_CPACE_TAG_BYTES) == 0 ? PROTO_OK : PROTO_ERR_CRYPTO;
}

void proto_cpace_keys_clear(struct proto_cpace_keys *keys)
{
    sodium_memzero(keys, sizeof *keys);
}
