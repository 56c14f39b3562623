/* SPDX-License-Identifier: Apache-2.0 */
/* A connection whose certificates were forgotten goes on as before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "relay/serve/forget.h"

static struct {
    EVP_PKEY *key;
    X509 *certificate;
    SSL_CTX *server_tls, *client_tls;
    SSL *server, *client;
} of;

static int anybody(int verified, X509_STORE_CTX *context)
{
    (void)verified, (void)context;
    return 1;
}

static SSL_CTX *tls(const SSL_METHOD *method, int version)
{
    SSL_CTX *ctx = SSL_CTX_new(method);

    assert_non_null(ctx);
    assert_int_equal(SSL_CTX_use_certificate(ctx, of.certificate), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, of.key), 1);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, anybody);
    assert_int_equal(SSL_CTX_set_min_proto_version(ctx, version), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(ctx, version), 1);
    return ctx;
}

static void make_certificate(void)
{
    of.key = EVP_EC_gen("P-256");
    of.certificate = X509_new();
    assert_non_null(of.key);
    X509_gmtime_adj(X509_getm_notBefore(of.certificate), -60);
    X509_gmtime_adj(X509_getm_notAfter(of.certificate), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(of.certificate), "CN", MBSTRING_ASC, (const uint8_t *)"ada", -1,
                               -1, 0);
    X509_set_issuer_name(of.certificate, X509_get_subject_name(of.certificate));
    assert_int_equal(X509_set_pubkey(of.certificate, of.key), 1);
    assert_true(X509_sign(of.certificate, of.key, EVP_sha256()) > 0);
}

static void connect_both(int version)
{
    BIO *server_side, *client_side;

    of.server_tls = tls(TLS_server_method(), version);
    of.client_tls = tls(TLS_client_method(), version);
    of.server = SSL_new(of.server_tls);
    of.client = SSL_new(of.client_tls);
    assert_int_equal(BIO_new_bio_pair(&server_side, 1 << 17, &client_side, 1 << 17), 1);
    SSL_set_bio(of.server, server_side, server_side);
    SSL_set_bio(of.client, client_side, client_side);
    SSL_set_accept_state(of.server);
    SSL_set_connect_state(of.client);
    for (int i = 0; i < 8 && (!SSL_is_init_finished(of.server) || !SSL_is_init_finished(of.client)); i++) {
        (void)SSL_do_handshake(of.client);
        (void)SSL_do_handshake(of.server);
    }
    assert_true(SSL_is_init_finished(of.server) && SSL_is_init_finished(of.client));
}

static void expect_said(SSL *from, SSL *to, size_t len)
{
    static uint8_t said[40000], heard[40000];
    size_t got = 0;
    int n;

    memset(said, (int)(len % 251), len);
    memset(heard, 0, len);
    assert_int_equal(SSL_write(from, said, (int)len), (int)len);
    while (got < len && (n = SSL_read(to, heard + got, (int)(len - got))) > 0)
        got += (size_t)n;
    assert_int_equal(got, len);
    assert_memory_equal(said, heard, len);
}

static void expect_talk(void)
{
    expect_said(of.client, of.server, 5);
    expect_said(of.server, of.client, 40000);
    expect_said(of.client, of.server, 40000);
}

static void forget_and_go_on(int version)
{
    connect_both(version);
    expect_talk();
    assert_non_null(SSL_get0_peer_certificate(of.server));
    serve_forget_certificates(of.server);
    assert_null(SSL_get0_peer_certificate(of.server));
    expect_talk();
    if (version == TLS1_3_VERSION) { /* new keys, RFC 8446, 4.6.3 */
        assert_int_equal(SSL_key_update(of.server, SSL_KEY_UPDATE_REQUESTED), 1);
        expect_talk();
        assert_int_equal(SSL_key_update(of.client, SSL_KEY_UPDATE_REQUESTED), 1);
        expect_talk();
    }
    serve_forget_certificates(of.server); /* there is nothing any more */
    expect_talk();
    assert_int_equal(SSL_shutdown(of.server), 0);
    assert_int_equal(SSL_read(of.client, &(uint8_t){0}, 1), 0);
    assert_int_equal(SSL_get_error(of.client, 0), SSL_ERROR_ZERO_RETURN);
    SSL_free(of.server);
    SSL_free(of.client);
    SSL_CTX_free(of.server_tls);
    SSL_CTX_free(of.client_tls);
}

static void a_connection_of_tls_1_3_goes_on_without_the_certificate(void **state)
{
    (void)state;
    forget_and_go_on(TLS1_3_VERSION);
}

static void so_does_one_of_tls_1_2(void **state)
{
    (void)state;
    forget_and_go_on(TLS1_2_VERSION);
}

static int set_up(void **state)
{
    (void)state;
    make_certificate();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    X509_free(of.certificate);
    EVP_PKEY_free(of.key);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_of_tls_1_3_goes_on_without_the_certificate),
        cmocka_unit_test(so_does_one_of_tls_1_2),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
