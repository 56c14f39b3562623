/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/staff.h"

#include <libwebsockets.h>
#include <openssl/ssl.h>
#include <string.h>

#include "proto/host/world.h"

static const enum proto_role roles[] = {PROTO_ROLE_AGENT, PROTO_ROLE_SUPERVISOR, PROTO_ROLE_EXPERT, PROTO_ROLE_OFFICER};

/* What watches a relay (Prometheus) reads its figures, and has no business in sessions: an integrator. */
static enum proto_err check_role(const struct proto_identity *identity, enum serve_staff_errand errand)
{
    if (errand == SERVE_STAFF_WATCHES && !proto_identity_require(identity, PROTO_ROLE_INTEGRATOR))
        return PROTO_OK;
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (!proto_identity_require(identity, roles[i]))
            return PROTO_OK;
    return PROTO_ERR_CERT_ROLE;
}

/* A certificate that ended less than `late_s` ago is judged as in its last second. */
static enum proto_err verify(const struct serve_folder *folder, const struct proto_der *ders, size_t count,
                             int64_t late_s, struct proto_identity *out)
{
    const uint8_t *pin = folder->root.fingerprint;
    int64_t now_s = host_now().unix_ms / 1000;
    enum proto_err err = proto_identity_verify_chain(ders, count, pin, sizeof folder->root.fingerprint, now_s, out);

    if (err != PROTO_ERR_CERT_EXPIRED || !late_s)
        return err;
    err = proto_identity_verify_chain(ders, count, pin, sizeof folder->root.fingerprint, now_s - late_s, out);
    if (!err)
        err = proto_identity_verify_chain(ders, count, pin, sizeof folder->root.fingerprint, out->not_after_s - 1, out);
    return err;
}

/* The chain as TLS has put it together: our root is its last. */
static enum proto_err verify_presented(const struct serve_folder *folder, STACK_OF(X509) * chain, int64_t late_s,
                                       struct proto_identity *out)
{
    struct proto_der ders[PROTO_IDENTITY_CHAIN_MAX];
    unsigned char *owned[PROTO_IDENTITY_CHAIN_MAX] = {NULL};
    size_t count = chain ? (size_t)sk_X509_num(chain) : 0;
    enum proto_err err = count ? PROTO_OK : PROTO_ERR_REFUSED;

    if (count > PROTO_IDENTITY_CHAIN_MAX)
        return PROTO_ERR_RANGE;
    for (size_t i = 0; i < count && !err; i++) {
        int len = i2d_X509(sk_X509_value(chain, (int)i), &owned[i]);

        ders[i] = (struct proto_der){owned[i], len > 0 ? (size_t)len : 0};
        err = len > 0 ? PROTO_OK : PROTO_ERR_NOMEM;
    }
    if (!err)
        err = verify(folder, ders, count, late_s, out);
    for (size_t i = 0; i < count; i++)
        OPENSSL_free(owned[i]);
    return err;
}

enum proto_err serve_staff_identify(const struct serve *serve, struct lws *wsi, enum serve_staff_errand errand,
                                    struct proto_identity *out)
{
    int64_t late_s = errand == SERVE_STAFF_COMES_BACK ? PROTO_SESSION_MS / 1000 : 0;
    const SSL *ssl = lws_get_ssl(wsi);
    enum proto_err err;

    memset(out, 0, sizeof *out);
    if (SSL_get_verify_result(ssl) != X509_V_OK)
        return PROTO_ERR_REFUSED;
    err = verify_presented(serve->folder, SSL_get0_verified_chain(ssl), late_s, out);
    if (!err)
        err = proto_org_admits(&serve->folder->notes.org, out);
    if (!err)
        err = check_role(out, errand);
    if (err)
        memset(out, 0, sizeof *out);
    return err;
}

enum proto_err serve_staff_check_certificate(void *context, const char *pem, struct proto_identity *out)
{
    const struct serve *serve = context;
    struct proto_certificate own[PROTO_IDENTITY_CHAIN_MAX - 1];
    struct proto_der ders[PROTO_IDENTITY_CHAIN_MAX];
    size_t count = 0;
    enum proto_err err = proto_certificates_of_pem(pem, strlen(pem), own, sizeof own / sizeof *own, &count);

    memset(out, 0, sizeof *out);
    if (err)
        return err;
    for (size_t i = 0; i < count; i++)
        ders[i] = (struct proto_der){own[i].bytes, own[i].len};
    ders[count] = (struct proto_der){serve->folder->root_der.bytes, serve->folder->root_der.len};
    err = verify(serve->folder, ders, count + 1, 0, out);
    proto_certificates_free(own, count);
    return err;
}
