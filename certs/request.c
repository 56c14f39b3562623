/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/request.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <string.h>

#include "certs/build.h"
#include "certs/pem.h"
#include "proto/seal/signature.h"

static bool fill_request(X509_REQ *request, EVP_PKEY *key, const char *name)
{
    return X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request), NID_commonName, MBSTRING_UTF8,
                                      (const unsigned char *)name, -1, -1, 0) == 1 &&
           X509_REQ_set_pubkey(request, key) == 1 && X509_REQ_sign(request, key, NULL) > 0;
}

enum proto_err certs_request_make(const char *name, const struct proto_random *random, struct proto_buf *key_pem,
                                  struct proto_buf *request_pem)
{
    if (!certs_name_is_valid(name))
        return PROTO_ERR_FORMAT;
    EVP_PKEY *key = certs_key_ed25519(random);
    X509_REQ *request = X509_REQ_new();
    enum proto_err err = PROTO_ERR_NOMEM;

    if (key && request && fill_request(request, key, name)) {
        err = certs_pem_put_private(key, key_pem);
        if (err == PROTO_OK)
            err = certs_pem_put_request(request, request_pem);
    }
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    return err;
}

enum proto_err certs_request_for(const char *name, const uint8_t seed[static 32], struct proto_buf *request_pem)
{
    if (!certs_name_is_valid(name))
        return PROTO_ERR_FORMAT;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    X509_REQ *request = X509_REQ_new();
    enum proto_err err = PROTO_ERR_NOMEM;

    if (key && request && fill_request(request, key, name))
        err = certs_pem_put_request(request, request_pem);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    return err;
}

/* With libsodium, like every Ed25519 signature of the house: it refuses keys of small order. */
static enum proto_err check_signature(X509_REQ *request, const uint8_t public_key[static 32])
{
    const ASN1_BIT_STRING *signature;
    const X509_ALGOR *algorithm;
    uint8_t *signed_part = NULL;

    X509_REQ_get0_signature(request, &signature, &algorithm);
    if (OBJ_obj2nid(algorithm->algorithm) != NID_ED25519 || ASN1_STRING_length(signature) != 64)
        return PROTO_ERR_SIGNATURE;
    int len = i2d_re_X509_REQ_tbs(request, &signed_part);
    enum proto_err err =
        len > 0 ? proto_verify_plain(ASN1_STRING_get0_data(signature), signed_part, (size_t)len, public_key)
                : PROTO_ERR_NOMEM;

    OPENSSL_free(signed_part);
    return err;
}

static enum proto_err read_name(X509_REQ *request, char out[static PROTO_IDENTITY_NAME_BYTES + 1])
{
    int len = X509_NAME_get_text_by_NID(X509_REQ_get_subject_name(request), NID_commonName, out,
                                        (int)PROTO_IDENTITY_NAME_BYTES + 1);

    return len > 0 && strlen(out) == (size_t)len && certs_name_is_valid(out) ? PROTO_OK : PROTO_ERR_FORMAT;
}

enum proto_err certs_request_read(const struct proto_buf *request_pem, uint8_t public_key[static 32],
                                  char name[static PROTO_IDENTITY_NAME_BYTES + 1])
{
    X509_REQ *request = certs_pem_get_request(request_pem);
    EVP_PKEY *key = request ? X509_REQ_get0_pubkey(request) : NULL;
    enum proto_err err = request ? PROTO_ERR_KEY : PROTO_ERR_FORMAT;
    size_t len = 32;

    if (key && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 && EVP_PKEY_get_raw_public_key(key, public_key, &len) == 1)
        err = proto_sign_key_check(public_key);
    if (err == PROTO_OK)
        err = check_signature(request, public_key);
    if (err == PROTO_OK)
        err = read_name(request, name);
    X509_REQ_free(request);
    ERR_clear_error();
    return err;
}
