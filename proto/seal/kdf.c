/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/seal/kdf.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

/* OpenSSL takes a length of 0 only with a pointer that is not NULL, and its parameters are not const. */
static OSSL_PARAM octets(const char *key, const void *bytes, size_t len)
{
    static char nothing[1];

    return OSSL_PARAM_construct_octet_string(key, len ? (void *)(uintptr_t)bytes : nothing, len);
}

static enum proto_err hkdf(const char *digest, size_t digest_len, const struct proto_piece in[static 3], uint8_t *out,
                           size_t out_len)
{
    static const uint8_t no_salt[PROTO_SHA512_BYTES];
    char digest_name[16];
    const struct proto_piece salt = in[0].len ? in[0] : (struct proto_piece){no_salt, digest_len};

    if (out_len == 0)
        return PROTO_ERR_RANGE;
    sodium_memzero(out, out_len);
    if (out_len > 255 * digest_len || in[2].len > PROTO_HKDF_INFO_MAX)
        return PROTO_ERR_RANGE;
    strcpy(digest_name, digest);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name, 0),
        octets(OSSL_KDF_PARAM_SALT, salt.bytes, salt.len),
        octets(OSSL_KDF_PARAM_KEY, in[1].bytes, in[1].len),
        octets(OSSL_KDF_PARAM_INFO, in[2].bytes, in[2].len),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, OSSL_KDF_NAME_HKDF, NULL);
    EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    /* The lengths were checked, so what is left to fail is memory. */
    enum proto_err err = ctx && EVP_KDF_derive(ctx, out, out_len, params) == 1 ? PROTO_OK : PROTO_ERR_NOMEM;
    EVP_KDF_CTX_free(ctx); /* wipes its copies of the key */
    EVP_KDF_free(kdf);
    if (err)
        sodium_memzero(out, out_len);
    return err;
}

enum proto_err proto_hkdf_sha256(const void *salt, size_t salt_len, const void *ikm, size_t ikm_len, const void *info,
                                 size_t info_len, uint8_t *out, size_t out_len)
{
    const struct proto_piece in[3] = {{salt, salt_len}, {ikm, ikm_len}, {info, info_len}};

    return hkdf("SHA256", PROTO_SHA256_BYTES, in, out, out_len);
}

enum proto_err proto_hkdf_sha512(const void *salt, size_t salt_len, const void *ikm, size_t ikm_len, const void *info,
                                 size_t info_len, uint8_t *out, size_t out_len)
{
    const struct proto_piece in[3] = {{salt, salt_len}, {ikm, ikm_len}, {info, info_len}};

    return hkdf("SHA512", PROTO_SHA512_BYTES, in, out, out_len);
}

enum proto_err proto_hkdf(const void *ikm, size_t ikm_len, const char *label, uint8_t *out, size_t out_len)
{
    return proto_hkdf_sha256(NULL, 0, ikm, ikm_len, label, strlen(label), out, out_len);
}

/* Looked up once: a lookup costs more than the hash of a tree's node. */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static EVP_MD *sha256_method;
static EVP_MAC_CTX *hmac_unkeyed; /* copied for each use; NULL: no memory */

static void fetch(void)
{
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);

    sha256_method = EVP_MD_fetch(NULL, "SHA256", NULL);
    hmac_unkeyed = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    if (hmac_unkeyed && EVP_MAC_CTX_set_params(hmac_unkeyed, params) != 1) {
        EVP_MAC_CTX_free(hmac_unkeyed);
        hmac_unkeyed = NULL;
    }
    EVP_MAC_free(hmac); /* the context holds it */
}

/* libcrypto's, because it uses the processor's own instructions for it and libsodium's does not: a tree of millions is
 * hashed, and evidence by the kilobyte. libsodium's where there is no memory for the other. */
void proto_sha256(uint8_t out[static PROTO_SHA256_BYTES], const void *bytes, size_t len)
{
    static const uint8_t nothing[1];

    if (CRYPTO_THREAD_run_once(&once, fetch) != 1 || !sha256_method ||
        EVP_Digest(len ? bytes : nothing, len, out, NULL, sha256_method, NULL) != 1)
        crypto_hash_sha256(out, bytes, len);
}

void proto_sha256_pieces(uint8_t out[static PROTO_SHA256_BYTES], const struct proto_piece *pieces, size_t count)
{
    crypto_hash_sha256_state state;

    crypto_hash_sha256_init(&state);
    for (size_t i = 0; i < count; i++)
        if (pieces[i].len)
            crypto_hash_sha256_update(&state, pieces[i].bytes, pieces[i].len);
    crypto_hash_sha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}

void proto_hmac_sha256(uint8_t out[static PROTO_HMAC_SHA256_BYTES], const void *key, size_t key_len, const void *bytes,
                       size_t len)
{
    const struct proto_piece piece = {bytes, len};

    proto_hmac_sha256_pieces(out, key, key_len, &piece, 1);
}

static bool hmac_by_libcrypto(uint8_t out[static PROTO_HMAC_SHA256_BYTES], const void *key, size_t key_len,
                              const struct proto_piece *pieces, size_t count)
{
    bool ready = CRYPTO_THREAD_run_once(&once, fetch) == 1 && hmac_unkeyed;
    EVP_MAC_CTX *ctx = ready ? EVP_MAC_CTX_dup(hmac_unkeyed) : NULL;
    size_t len = 0;
    bool fine = ctx && EVP_MAC_init(ctx, key, key_len, NULL) == 1;

    for (size_t i = 0; i < count && fine; i++)
        fine = !pieces[i].len || EVP_MAC_update(ctx, pieces[i].bytes, pieces[i].len) == 1;
    fine = fine && EVP_MAC_final(ctx, out, &len, PROTO_HMAC_SHA256_BYTES) == 1;
    EVP_MAC_CTX_free(ctx); /* wipes its copies of the key */
    return fine && len == PROTO_HMAC_SHA256_BYTES;
}

void proto_hmac_sha256_pieces(uint8_t out[static PROTO_HMAC_SHA256_BYTES], const void *key, size_t key_len,
                              const struct proto_piece *pieces, size_t count)
{
    crypto_auth_hmacsha256_state state;

    if (key_len && hmac_by_libcrypto(out, key, key_len, pieces, count))
        return;

    crypto_auth_hmacsha256_init(&state, key, key_len);
    for (size_t i = 0; i < count; i++)
        if (pieces[i].len)
            crypto_auth_hmacsha256_update(&state, pieces[i].bytes, pieces[i].len);
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof state);
}
