/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/pem.h"

#include <openssl/pem.h>

enum kind { CERTIFICATE, REQUEST, PUBLIC, PRIVATE };

static int write_one(BIO *to, enum kind kind, void *what)
{
    switch (kind) {
    case CERTIFICATE:
        return PEM_write_bio_X509(to, (X509 *)what);
    case REQUEST:
        return PEM_write_bio_X509_REQ(to, (X509_REQ *)what);
    case PUBLIC:
        return PEM_write_bio_PUBKEY(to, (EVP_PKEY *)what);
    case PRIVATE:
        return PEM_write_bio_PKCS8PrivateKey(to, (EVP_PKEY *)what, NULL, NULL, 0, NULL, NULL);
    }
    return 0;
}

static enum proto_err put(enum kind kind, void *what, struct proto_buf *out)
{
    BIO *to = BIO_new(BIO_s_secmem()); /* wiped when it is freed */
    char *text;

    if (!to || write_one(to, kind, what) != 1) {
        BIO_free(to);
        return PROTO_ERR_NOMEM;
    }
    long len = BIO_get_mem_data(to, &text);

    proto_buf_put(out, text, (size_t)len);
    BIO_free(to);
    return out->failed ? PROTO_ERR_FULL : PROTO_OK;
}

enum proto_err certs_pem_put_certificate(X509 *certificate, struct proto_buf *out)
{
    return put(CERTIFICATE, certificate, out);
}

enum proto_err certs_pem_put_request(X509_REQ *request, struct proto_buf *out)
{
    return put(REQUEST, request, out);
}

enum proto_err certs_pem_put_public(EVP_PKEY *key, struct proto_buf *out)
{
    return put(PUBLIC, key, out);
}

enum proto_err certs_pem_put_private(EVP_PKEY *key, struct proto_buf *out)
{
    return put(PRIVATE, key, out);
}

static BIO *open_text(const struct proto_buf *pem)
{
    return pem->len ? BIO_new_mem_buf(pem->bytes, (int)pem->len) : NULL;
}

X509 *certs_pem_get_certificate(const struct proto_buf *pem)
{
    BIO *from = open_text(pem);
    X509 *certificate = from ? PEM_read_bio_X509(from, NULL, NULL, NULL) : NULL;

    BIO_free(from);
    return certificate;
}

X509_REQ *certs_pem_get_request(const struct proto_buf *pem)
{
    BIO *from = open_text(pem);
    X509_REQ *request = from ? PEM_read_bio_X509_REQ(from, NULL, NULL, NULL) : NULL;

    BIO_free(from);
    return request;
}

EVP_PKEY *certs_pem_get_private(const struct proto_buf *pem)
{
    BIO *from = open_text(pem);
    PKCS8_PRIV_KEY_INFO *info = from ? PEM_read_bio_PKCS8_PRIV_KEY_INFO(from, NULL, NULL, NULL) : NULL;
    EVP_PKEY *key = info ? EVP_PKCS82PKEY(info) : NULL; /* an encrypted key has another label: no prompt, ever */

    PKCS8_PRIV_KEY_INFO_free(info);
    BIO_free(from);
    return key;
}
