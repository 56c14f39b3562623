/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/seal/gcm.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdbool.h>

enum proto_err proto_gcm_init(struct proto_gcm *gcm, const uint8_t *key, size_t key_len)
{
    const EVP_CIPHER *cipher = key_len == 16 ? EVP_aes_128_gcm() : key_len == 32 ? EVP_aes_256_gcm() : NULL;

    gcm->evp = NULL;
    if (!cipher)
        return PROTO_ERR_RANGE;
    gcm->evp = EVP_CIPHER_CTX_new();
    if (!gcm->evp)
        return PROTO_ERR_NOMEM;
    /* GCM runs AES forwards in both directions, so one key schedule serves sealing and opening. */
    if (EVP_EncryptInit_ex(gcm->evp, cipher, NULL, key, NULL) != 1) {
        proto_gcm_clear(gcm);
        return PROTO_ERR_NOMEM;
    }
    return PROTO_OK;
}

void proto_gcm_clear(struct proto_gcm *gcm)
{
    EVP_CIPHER_CTX_free(gcm->evp);
    gcm->evp = NULL;
}

static bool update(EVP_CIPHER_CTX *evp, uint8_t *out, const uint8_t *in, size_t len)
{
    int done = 0;

    return len == 0 || (EVP_CipherUpdate(evp, out, &done, in, (int)len) == 1 && (size_t)done == len);
}

static bool run(EVP_CIPHER_CTX *evp, const struct proto_gcm_message *m, uint8_t *out)
{
    return update(evp, NULL, m->head, m->head_len) && update(evp, NULL, m->meta, m->meta_len) &&
           update(evp, out, m->in, m->len);
}

enum proto_err proto_gcm_seal(struct proto_gcm *gcm, const struct proto_gcm_message *message, uint8_t *out,
                              uint8_t tag[static PROTO_GCM_TAG_BYTES])
{
    uint8_t none[16];
    int more = 0;

    if (EVP_EncryptInit_ex(gcm->evp, NULL, NULL, NULL, message->iv) != 1 || !run(gcm->evp, message, out) ||
        EVP_EncryptFinal_ex(gcm->evp, none, &more) != 1 ||
        EVP_CIPHER_CTX_ctrl(gcm->evp, EVP_CTRL_AEAD_GET_TAG, PROTO_GCM_TAG_BYTES, tag) != 1)
        return PROTO_ERR_CRYPTO;
    return PROTO_OK;
}

enum proto_err proto_gcm_open(struct proto_gcm *gcm, const struct proto_gcm_message *message, uint8_t *out,
                              const uint8_t tag[static PROTO_GCM_TAG_BYTES])
{
    uint8_t none[16], expected[PROTO_GCM_TAG_BYTES];
    int more = 0;

    for (size_t i = 0; i < sizeof expected; i++)
        expected[i] = tag[i]; /* OpenSSL wants a tag that it could write to */
    if (EVP_DecryptInit_ex(gcm->evp, NULL, NULL, NULL, message->iv) == 1 && run(gcm->evp, message, out) &&
        EVP_CIPHER_CTX_ctrl(gcm->evp, EVP_CTRL_AEAD_SET_TAG, PROTO_GCM_TAG_BYTES, expected) == 1 &&
        EVP_DecryptFinal_ex(gcm->evp, none, &more) == 1)
        return PROTO_OK;
    if (message->len)
        sodium_memzero(out, message->len);
    return PROTO_ERR_CRYPTO;
}
