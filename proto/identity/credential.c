/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/credential.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/signature.h"

static enum proto_err keep(X509 *certificate, struct proto_certificate *out)
{
    int len = i2d_X509(certificate, NULL);

    if (len <= 0)
        return PROTO_ERR_FORMAT;
    uint8_t *at = out->bytes = malloc((size_t)len);

    if (!at)
        return PROTO_ERR_NOMEM;
    out->len = (size_t)i2d_X509(certificate, &at);
    return PROTO_OK;
}

/* PROTO_ERR_NOT_FOUND at the end of the text. */
static enum proto_err next_certificate(BIO *text, struct proto_certificate *out)
{
    X509 *certificate = PEM_read_bio_X509(text, NULL, NULL, NULL);

    if (!certificate) {
        bool end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;

        ERR_clear_error();
        return end ? PROTO_ERR_NOT_FOUND : PROTO_ERR_FORMAT;
    }
    enum proto_err err = keep(certificate, out);

    X509_free(certificate);
    return err;
}

enum proto_err proto_certificates_of_pem(const void *pem, size_t len, struct proto_certificate *out, size_t max,
                                         size_t *count)
{
    struct proto_certificate next = {0};
    enum proto_err err = PROTO_OK;

    *count = 0;
    if (len == 0 || len > PROTO_PEM_BYTES)
        return len ? PROTO_ERR_RANGE : PROTO_ERR_FORMAT;
    BIO *text = BIO_new_mem_buf(pem, (int)len);

    if (!text)
        return PROTO_ERR_NOMEM;
    while (err == PROTO_OK) {
        next = (struct proto_certificate){0};
        err = next_certificate(text, &next);
        if (err == PROTO_OK && *count == max)
            err = PROTO_ERR_RANGE;
        else if (err == PROTO_OK)
            out[(*count)++] = next;
    }
    BIO_free(text);
    if (err == PROTO_ERR_NOT_FOUND)
        return *count ? PROTO_OK : PROTO_ERR_FORMAT;
    free(next.bytes);
    proto_certificates_free(out, *count);
    *count = 0;
    return err;
}

void proto_certificates_free(struct proto_certificate *certificates, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(certificates[i].bytes);
        certificates[i] = (struct proto_certificate){0};
    }
}

#define CA_FILE_MAX 4u /* staff root, TLS root, and those that follow them in time */

enum proto_err proto_root_of_pem(const void *pem, size_t len, struct proto_certificate *der,
                                 struct proto_identity_root *root)
{
    struct proto_certificate all[CA_FILE_MAX] = {{0}};
    struct proto_identity_root about;
    size_t count;

    *der = (struct proto_certificate){0};
    enum proto_err err = proto_certificates_of_pem(pem, len, all, CA_FILE_MAX, &count);

    if (err == PROTO_OK)
        err = proto_identity_read_root((struct proto_der){all[0].bytes, all[0].len}, &about);
    if (err == PROTO_OK) {
        *der = all[0]; /* handed to the caller */
        all[0] = (struct proto_certificate){0};
        if (root)
            *root = about;
    }
    proto_certificates_free(all, count);
    return err;
}

/* NOT_FOUND: the text has no further one. */
static enum proto_err next_private(BIO *text, int kind, uint8_t seed[static 32])
{
    size_t seed_len = 32;
    PKCS8_PRIV_KEY_INFO *info = PEM_read_bio_PKCS8_PRIV_KEY_INFO(text, NULL, NULL, NULL);
    EVP_PKEY *key = info ? EVP_PKCS82PKEY(info) : NULL;
    bool fits = key && EVP_PKEY_get_id(key) == kind && EVP_PKEY_get_raw_private_key(key, seed, &seed_len) == 1 &&
                seed_len == 32;

    if (!fits)
        sodium_memzero(seed, 32);
    EVP_PKEY_free(key);
    PKCS8_PRIV_KEY_INFO_free(info);
    bool ended = !info && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return fits ? PROTO_OK : ended ? PROTO_ERR_NOT_FOUND : PROTO_ERR_FORMAT;
}

static enum proto_err private_of_pem(const void *pem, size_t len, int kind, uint8_t seed[static 32])
{
    if (len == 0 || len > PROTO_PEM_BYTES)
        return PROTO_ERR_FORMAT;
    BIO *text = BIO_new_mem_buf(pem, (int)len);
    enum proto_err err = text ? next_private(text, kind, seed) : PROTO_ERR_NOMEM;

    BIO_free(text);
    return err == PROTO_ERR_NOT_FOUND ? PROTO_ERR_FORMAT : err;
}

enum proto_err proto_seed_of_pem(const void *pem, size_t len, uint8_t seed[static 32])
{
    return private_of_pem(pem, len, EVP_PKEY_ED25519, seed);
}

enum proto_err proto_evidence_secrets_of_pem(const void *pem, size_t len, uint8_t secrets[][32], size_t max,
                                             size_t *count)
{
    uint8_t over[32];

    *count = 0;
    if (len == 0 || len > PROTO_PEM_BYTES)
        return PROTO_ERR_FORMAT;
    BIO *text = BIO_new_mem_buf(pem, (int)len);
    enum proto_err err = text ? PROTO_OK : PROTO_ERR_NOMEM;

    while (!err) {
        err = next_private(text, EVP_PKEY_X25519, *count < max ? secrets[*count] : over);
        if (!err && *count == max)
            err = PROTO_ERR_FORMAT;
        *count += !err;
    }
    BIO_free(text);
    sodium_memzero(over, sizeof over);
    if (err == PROTO_ERR_NOT_FOUND && *count)
        return PROTO_OK;
    sodium_memzero(secrets, max * sizeof *secrets);
    *count = 0;
    return err == PROTO_ERR_NOT_FOUND ? PROTO_ERR_FORMAT : err;
}

enum proto_err proto_evidence_public_of_pem(const void *pem, size_t len, uint8_t public_key[static 32])
{
    size_t key_len = 32;

    if (len == 0 || len > PROTO_PEM_BYTES)
        return PROTO_ERR_FORMAT;
    BIO *text = BIO_new_mem_buf(pem, (int)len);
    EVP_PKEY *key = text ? PEM_read_bio_PUBKEY(text, NULL, NULL, NULL) : NULL;
    bool fits = key && EVP_PKEY_get_id(key) == EVP_PKEY_X25519 &&
                EVP_PKEY_get_raw_public_key(key, public_key, &key_len) == 1 && key_len == 32;

    EVP_PKEY_free(key);
    BIO_free(text);
    ERR_clear_error();
    return fits ? PROTO_OK : PROTO_ERR_FORMAT;
}

size_t proto_credential_chain(const struct proto_credential *credential,
                              struct proto_der out[static PROTO_IDENTITY_CHAIN_MAX])
{
    for (size_t i = 0; i < credential->chain_len; i++)
        out[i] = (struct proto_der){credential->chain[i].bytes, credential->chain[i].len};
    return credential->chain_len;
}

static enum proto_err load_chain(struct proto_credential *out, const struct proto_buf *certificate,
                                 const struct proto_buf *ca, int64_t now_unix_s)
{
    struct proto_der ders[PROTO_IDENTITY_CHAIN_MAX];
    struct proto_identity_root root;
    enum proto_err err = proto_certificates_of_pem(certificate->bytes, certificate->len, out->chain,
                                                   PROTO_IDENTITY_CHAIN_MAX - 1, &out->chain_len);

    if (err == PROTO_OK)
        err = proto_root_of_pem(ca->bytes, ca->len, &out->chain[out->chain_len], &root);
    if (err != PROTO_OK)
        return err;
    out->chain_len++;
    return proto_identity_verify_chain(ders, proto_credential_chain(out, ders), root.fingerprint,
                                       sizeof root.fingerprint, now_unix_s, &out->identity);
}

static enum proto_err load_key(struct proto_credential *out, const struct proto_buf *key)
{
    uint8_t seed[32], public_key[32];
    enum proto_err err = proto_seed_of_pem(key->bytes, key->len, seed);

    if (err != PROTO_OK)
        return err;
    proto_sign_keypair(public_key, out->secret_key, seed);
    sodium_memzero(seed, sizeof seed);
    return sodium_memcmp(public_key, out->identity.public_key, sizeof public_key) ? PROTO_ERR_KEY : PROTO_OK;
}

enum proto_err proto_credential_of_pem(struct proto_credential *out, const struct proto_buf *certificate,
                                       const struct proto_buf *key, const struct proto_buf *ca, int64_t now_unix_s)
{
    memset(out, 0, sizeof *out);
    enum proto_err err = load_chain(out, certificate, ca, now_unix_s);

    if (err == PROTO_OK)
        err = load_key(out, key);
    if (err != PROTO_OK)
        proto_credential_clear(out);
    return err;
}

void proto_credential_clear(struct proto_credential *credential)
{
    proto_certificates_free(credential->chain, credential->chain_len);
    sodium_memzero(credential, sizeof *credential);
}

enum proto_err proto_credential_dup(struct proto_credential *out, const struct proto_credential *from)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < from->chain_len; i++) {
        out->chain[i].bytes = malloc(from->chain[i].len);
        if (!out->chain[i].bytes) {
            proto_credential_clear(out);
            return PROTO_ERR_NOMEM;
        }
        memcpy(out->chain[i].bytes, from->chain[i].bytes, from->chain[i].len);
        out->chain[i].len = from->chain[i].len;
        out->chain_len = i + 1;
    }
    out->identity = from->identity;
    memcpy(out->secret_key, from->secret_key, sizeof out->secret_key);
    return PROTO_OK;
}
