/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/seal/noise.h"

#include "proto/seal/kdf.h"

#include <sodium.h>
#include <string.h>

/* Whose turn it is. 0 is the poisoned state. */
enum step { DEAD, AT_M1, AT_M2, DONE, SPLIT };

/* --- CipherState (Noise section 5.1) --- */

static void cipher_init(struct proto_noise_cipher *cipher, const uint8_t key[static PROTO_NOISE_KEY_BYTES])
{
    memcpy(cipher->key, key, PROTO_NOISE_KEY_BYTES);
    cipher->nonce = 0;
}

/* 32 zero bits, then the counter little-endian (section 12.3). False: the last nonce is used up. */
static bool next_nonce(struct proto_noise_cipher *cipher,
                       uint8_t out[static crypto_aead_chacha20poly1305_ietf_NPUBBYTES])
{
    if (cipher->nonce == UINT64_MAX)
        return false;
    memset(out, 0, crypto_aead_chacha20poly1305_ietf_NPUBBYTES);
    for (size_t i = 0; i < 8; i++)
        out[4 + i] = (uint8_t)(cipher->nonce >> (8 * i));
    cipher->nonce++;
    return true;
}

static enum proto_err encrypt(struct proto_noise_cipher *cipher, const uint8_t *ad, size_t ad_len, const uint8_t *plain,
                              size_t plain_len, uint8_t *out)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

    if (!next_nonce(cipher, nonce))
        return PROTO_ERR_STATE;
    crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, plain_len, ad, ad_len, NULL, nonce, cipher->key);
    return PROTO_OK;
}

/* libsodium zeroes `out` when the tag is wrong. */
static enum proto_err decrypt(struct proto_noise_cipher *cipher, const uint8_t *ad, size_t ad_len,
                              const uint8_t *sealed, size_t sealed_len, uint8_t *out)
{
    uint8_t nonce[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

    if (!next_nonce(cipher, nonce))
        return PROTO_ERR_STATE;
    return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, sealed_len, ad, ad_len, nonce,
                                                     cipher->key) == 0
               ? PROTO_OK
               : PROTO_ERR_CRYPTO;
}

/* --- SymmetricState (section 5.2) --- */

static void mix_hash(struct proto_noise *noise, const void *bytes, size_t len)
{
    const struct proto_piece pieces[] = {{noise->hash, sizeof noise->hash}, {bytes, len}};

    proto_sha256_pieces(noise->hash, pieces, 2);
}

/* Noise's HKDF is that of RFC 5869 with the chaining key as salt and no info (section 4.3). */
static enum proto_err mix_key(struct proto_noise *noise, const uint8_t input[static 32])
{
    uint8_t out[64];
    enum proto_err err =
        proto_hkdf_sha256(noise->chaining_key, sizeof noise->chaining_key, input, 32, NULL, 0, out, sizeof out);

    if (!err) {
        memcpy(noise->chaining_key, out, 32);
        cipher_init(&noise->cipher, out + 32);
    }
    sodium_memzero(out, sizeof out);
    return err;
}

static enum proto_err mix_key_and_hash(struct proto_noise *noise, const uint8_t input[static 32])
{
    uint8_t out[96];
    enum proto_err err =
        proto_hkdf_sha256(noise->chaining_key, sizeof noise->chaining_key, input, 32, NULL, 0, out, sizeof out);

    if (!err) {
        memcpy(noise->chaining_key, out, 32);
        mix_hash(noise, out + 32, 32);
        cipher_init(&noise->cipher, out + 64);
    }
    sodium_memzero(out, sizeof out);
    return err;
}

/* "e" in a handshake with a pre-shared key also goes into the key (section 9.2). */
static enum proto_err mix_e(struct proto_noise *noise, const uint8_t e[static PROTO_NOISE_KEY_BYTES])
{
    mix_hash(noise, e, PROTO_NOISE_KEY_BYTES);
    return mix_key(noise, e);
}

/* "ee". An all-zero secret means that the peer sent a point of small order: its key would be known to everybody. */
static enum proto_err mix_ee(struct proto_noise *noise, const uint8_t peer[static PROTO_NOISE_KEY_BYTES])
{
    uint8_t shared[32];
    enum proto_err err = PROTO_ERR_KEY;

    if (crypto_scalarmult(shared, noise->e_secret, peer) == 0)
        err = mix_key(noise, shared);
    sodium_memzero(shared, sizeof shared);
    return err;
}

/* --- handshake --- */

enum proto_err proto_noise_init(struct proto_noise *noise, enum proto_noise_role role, const void *prologue,
                                size_t prologue_len, const uint8_t psk[static PROTO_NOISE_PSK_BYTES],
                                const uint8_t ephemeral[static PROTO_NOISE_KEY_BYTES])
{
    static const char name[] = "Noise_NNpsk0_25519_ChaChaPoly_SHA256"; /* above 32 bytes, so its hash stands for it */

    *noise = (struct proto_noise){.role = role, .step = AT_M1};
    proto_sha256(noise->hash, name, sizeof name - 1);
    memcpy(noise->chaining_key, noise->hash, sizeof noise->hash);
    mix_hash(noise, prologue, prologue_len);
    memcpy(noise->e_secret, ephemeral, sizeof noise->e_secret);
    crypto_scalarmult_base(noise->e_public, noise->e_secret);
    enum proto_err err = mix_key_and_hash(noise, psk); /* psk0: before anything else in M1, at both ends */
    if (err)
        proto_noise_clear(noise);
    return err;
}

void proto_noise_clear(struct proto_noise *noise)
{
    sodium_memzero(noise, sizeof *noise);
}

static enum proto_err write_message(struct proto_noise *noise, const uint8_t *payload, size_t payload_len, uint8_t *out,
                                    size_t out_capacity)
{
    enum proto_err err;

    if (noise->step != (noise->role == PROTO_NOISE_INITIATOR ? AT_M1 : AT_M2))
        return PROTO_ERR_STATE;
    if (payload_len > PROTO_NOISE_MESSAGE_MAX - PROTO_NOISE_HANDSHAKE_OVERHEAD ||
        out_capacity < payload_len + PROTO_NOISE_HANDSHAKE_OVERHEAD)
        return PROTO_ERR_RANGE;
    err = mix_e(noise, noise->e_public);
    if (!err && noise->step == AT_M2)
        err = mix_ee(noise, noise->e_peer);
    if (err)
        return err;
    uint8_t *sealed = out + PROTO_NOISE_KEY_BYTES;
    err = encrypt(&noise->cipher, noise->hash, sizeof noise->hash, payload, payload_len, sealed);
    if (err)
        return err;
    mix_hash(noise, sealed, payload_len + PROTO_NOISE_TAG_BYTES);
    memcpy(out, noise->e_public, PROTO_NOISE_KEY_BYTES);
    noise->step++;
    return PROTO_OK;
}

static enum proto_err read_message(struct proto_noise *noise, const uint8_t *message, size_t message_len, uint8_t *out,
                                   size_t out_capacity)
{
    enum proto_err err;

    if (noise->step != (noise->role == PROTO_NOISE_RESPONDER ? AT_M1 : AT_M2))
        return PROTO_ERR_STATE;
    if (message_len < PROTO_NOISE_HANDSHAKE_OVERHEAD || message_len > PROTO_NOISE_MESSAGE_MAX)
        return PROTO_ERR_FORMAT;
    if (out_capacity < message_len - PROTO_NOISE_HANDSHAKE_OVERHEAD)
        return PROTO_ERR_RANGE;
    memcpy(noise->e_peer, message, sizeof noise->e_peer);
    err = mix_e(noise, noise->e_peer);
    if (!err && noise->step == AT_M2)
        err = mix_ee(noise, noise->e_peer);
    if (err)
        return err;
    const uint8_t *sealed = message + PROTO_NOISE_KEY_BYTES;
    size_t sealed_len = message_len - PROTO_NOISE_KEY_BYTES;
    uint8_t ad[PROTO_NOISE_HASH_BYTES];
    memcpy(ad, noise->hash, sizeof ad);
    mix_hash(noise, sealed, sealed_len); /* before decrypting, which may be in place */
    err = decrypt(&noise->cipher, ad, sizeof ad, sealed, sealed_len, out);
    if (!err)
        noise->step++;
    return err;
}

/* After the last message the ephemeral secret has done its work. */
static enum proto_err settle(struct proto_noise *noise, enum proto_err err)
{
    if (err)
        proto_noise_clear(noise);
    else if (noise->step == DONE)
        sodium_memzero(noise->e_secret, sizeof noise->e_secret);
    return err;
}

enum proto_err proto_noise_write(struct proto_noise *noise, const uint8_t *payload, size_t payload_len, uint8_t *out,
                                 size_t out_capacity, size_t *out_len)
{
    enum proto_err err = settle(noise, write_message(noise, payload, payload_len, out, out_capacity));

    *out_len = err ? 0 : payload_len + PROTO_NOISE_HANDSHAKE_OVERHEAD;
    return err;
}

enum proto_err proto_noise_read(struct proto_noise *noise, const uint8_t *message, size_t message_len, uint8_t *out,
                                size_t out_capacity, size_t *out_len)
{
    enum proto_err err = settle(noise, read_message(noise, message, message_len, out, out_capacity));

    *out_len = err ? 0 : message_len - PROTO_NOISE_HANDSHAKE_OVERHEAD;
    return err;
}

bool proto_noise_done(const struct proto_noise *noise)
{
    return noise->step >= DONE;
}

const uint8_t *proto_noise_hash(const struct proto_noise *noise)
{
    return proto_noise_done(noise) ? noise->hash : NULL;
}

enum proto_err proto_noise_split(struct proto_noise *noise, struct proto_noise_channel *channel)
{
    uint8_t keys[64];

    *channel = (struct proto_noise_channel){0};
    if (noise->step != DONE)
        return settle(noise, PROTO_ERR_STATE);
    enum proto_err err =
        proto_hkdf_sha256(noise->chaining_key, sizeof noise->chaining_key, NULL, 0, NULL, 0, keys, sizeof keys);
    if (!err) {
        bool initiator = noise->role == PROTO_NOISE_INITIATOR;
        cipher_init(&channel->send, initiator ? keys : keys + 32);
        cipher_init(&channel->receive, initiator ? keys + 32 : keys);
        channel->live = true;
        noise->step = SPLIT;
        sodium_memzero(noise->chaining_key, sizeof noise->chaining_key);
        sodium_memzero(&noise->cipher, sizeof noise->cipher);
    }
    sodium_memzero(keys, sizeof keys);
    return settle(noise, err);
}

/* --- channel --- */

void proto_noise_channel_clear(struct proto_noise_channel *channel)
{
    sodium_memzero(channel, sizeof *channel);
}

static enum proto_err poison(struct proto_noise_channel *channel, enum proto_err err)
{
    if (err)
        proto_noise_channel_clear(channel);
    return err;
}

enum proto_err proto_noise_channel_seal(struct proto_noise_channel *channel, const uint8_t *plain, size_t plain_len,
                                        uint8_t *out, size_t out_capacity, size_t *out_len)
{
    *out_len = 0;
    if (!channel->live)
        return PROTO_ERR_STATE;
    if (plain_len > PROTO_NOISE_PLAIN_MAX || out_capacity < plain_len + PROTO_NOISE_TAG_BYTES)
        return PROTO_ERR_RANGE;
    enum proto_err err = poison(channel, encrypt(&channel->send, NULL, 0, plain, plain_len, out));
    if (!err)
        *out_len = plain_len + PROTO_NOISE_TAG_BYTES;
    return err;
}

enum proto_err proto_noise_channel_open(struct proto_noise_channel *channel, const uint8_t *message, size_t message_len,
                                        uint8_t *out, size_t out_capacity, size_t *out_len)
{
    *out_len = 0;
    if (!channel->live)
        return PROTO_ERR_STATE;
    if (message_len < PROTO_NOISE_TAG_BYTES || message_len > PROTO_NOISE_MESSAGE_MAX)
        return poison(channel, PROTO_ERR_FORMAT);
    if (out_capacity < message_len - PROTO_NOISE_TAG_BYTES)
        return PROTO_ERR_RANGE;
    enum proto_err err = poison(channel, decrypt(&channel->receive, NULL, 0, message, message_len, out));
    if (!err)
        *out_len = message_len - PROTO_NOISE_TAG_BYTES;
    return err;
}
