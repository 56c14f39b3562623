/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/seal/vault.h"

#include "proto/seal/box.h"

#include <sodium.h>
#include <string.h>

#define MAGIC "handhold/1 vault"
#define MAGIC_BYTES 16
#define END UINT64_MAX

enum {
    SEAL_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
};

static void put_u64(uint8_t *to, uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        to[i] = (uint8_t)value;
}

static uint64_t get_u64(const uint8_t *from)
{
    uint64_t value = 0;

    for (int i = 0; i < 8; i++)
        value = value << 8 | from[i];
    return value;
}

/* Nonce and additional data of record `count`. */
static void number(uint64_t count, uint8_t nonce[static NONCE_BYTES], uint8_t ad[static MAGIC_BYTES + 8])
{
    memset(nonce, 0, NONCE_BYTES);
    put_u64(nonce, count);
    memcpy(ad, MAGIC, MAGIC_BYTES);
    put_u64(ad + MAGIC_BYTES, count);
}

enum proto_err proto_vault_begin(struct proto_vault *vault, const uint8_t public_key[static 32],
                                 const struct proto_random *random, struct proto_buf *out)
{
    uint8_t ephemeral[PROTO_BOX_KEY_BYTES], sealed[sizeof vault->key + PROTO_BOX_OVERHEAD];
    enum proto_err err;

    memset(vault, 0, sizeof *vault);
    proto_random_fill(random, vault->key, sizeof vault->key);
    proto_random_fill(random, ephemeral, sizeof ephemeral);
    err = proto_box_seal(sealed, vault->key, sizeof vault->key, public_key, ephemeral);
    sodium_memzero(ephemeral, sizeof ephemeral);
    if (err != PROTO_OK) {
        proto_vault_clear(vault);
        return err;
    }
    proto_buf_put(out, MAGIC, MAGIC_BYTES);
    proto_buf_put(out, sealed, sizeof sealed);
    return out->failed ? PROTO_ERR_FULL : PROTO_OK;
}

static enum proto_err put_record(struct proto_vault *vault, uint64_t offset, const uint8_t *bytes, size_t len,
                                 struct proto_buf *out)
{
    uint8_t nonce[NONCE_BYTES], ad[MAGIC_BYTES + 8], plain[8 + PROTO_VAULT_RECORD_BYTES];
    uint8_t sealed[8 + PROTO_VAULT_RECORD_BYTES + SEAL_BYTES];

    number(vault->count, nonce, ad);
    put_u64(plain, offset);
    if (len)
        memcpy(plain + 8, bytes, len);
    if (crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, plain, 8 + len, ad, sizeof ad, NULL, nonce,
                                                   vault->key) != 0)
        return PROTO_ERR_CRYPTO;
    sodium_memzero(plain, 8 + len);
    proto_buf_put_u32(out, (uint32_t)(8 + len + SEAL_BYTES));
    proto_buf_put(out, sealed, 8 + len + SEAL_BYTES);
    if (out->failed)
        return PROTO_ERR_FULL;
    vault->count++;
    return PROTO_OK;
}

enum proto_err proto_vault_seal(struct proto_vault *vault, uint64_t offset, const uint8_t *bytes, size_t len,
                                struct proto_buf *out)
{
    if (vault->ended)
        return PROTO_ERR_STATE;
    if (len > PROTO_VAULT_RECORD_BYTES || offset > INT64_MAX)
        return PROTO_ERR_RANGE;
    return put_record(vault, offset, bytes, len, out);
}

enum proto_err proto_vault_end(struct proto_vault *vault, struct proto_buf *out)
{
    if (vault->ended)
        return PROTO_ERR_STATE;
    vault->ended = true;
    return put_record(vault, END, NULL, 0, out);
}

enum proto_err proto_vault_open(struct proto_vault *vault, const uint8_t head[static PROTO_VAULT_HEAD_BYTES],
                                const uint8_t public_key[static 32], const uint8_t secret_key[static 32])
{
    memset(vault, 0, sizeof *vault);
    if (memcmp(head, MAGIC, MAGIC_BYTES) != 0)
        return PROTO_ERR_FORMAT;
    return proto_box_open(vault->key, head + MAGIC_BYTES, PROTO_VAULT_HEAD_BYTES - MAGIC_BYTES, public_key, secret_key);
}

enum proto_err proto_vault_read(struct proto_vault *vault, const uint8_t **in, size_t *in_len, uint64_t *offset,
                                uint8_t *plain, size_t *len)
{
    uint8_t nonce[NONCE_BYTES], ad[MAGIC_BYTES + 8], opened[8 + PROTO_VAULT_RECORD_BYTES];
    size_t sealed_len;

    *len = 0;
    if (*in_len < 4)
        return PROTO_ERR_NOT_FOUND;
    sealed_len = (size_t)(*in)[0] << 24 | (size_t)(*in)[1] << 16 | (size_t)(*in)[2] << 8 | (*in)[3];
    if (vault->ended || sealed_len < 8 + SEAL_BYTES || sealed_len > sizeof opened + SEAL_BYTES)
        return PROTO_ERR_FORMAT;
    if (*in_len - 4 < sealed_len)
        return PROTO_ERR_NOT_FOUND;
    number(vault->count, nonce, ad);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(opened, NULL, NULL, *in + 4, sealed_len, ad, sizeof ad, nonce,
                                                   vault->key) != 0)
        return PROTO_ERR_CRYPTO;
    *offset = get_u64(opened);
    *len = sealed_len - 8 - SEAL_BYTES;
    memcpy(plain, opened + 8, *len);
    sodium_memzero(opened, sealed_len - SEAL_BYTES);
    if (*offset > INT64_MAX && (*offset != END || *len))
        return PROTO_ERR_FORMAT;
    vault->ended = *offset == END;
    vault->count++;
    *in += 4 + sealed_len;
    *in_len -= 4 + sealed_len;
    return PROTO_OK;
}

void proto_vault_clear(struct proto_vault *vault)
{
    sodium_memzero(vault, sizeof *vault);
}
