/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/forget.h"

#include <openssl/err.h>

enum { SESSION_BYTES = 256 }; /* of one that holds a version and a cipher suite; it takes about 50 */

static void drop_all(STACK_OF(X509) * chain)
{
    X509 *one;

    while (chain && (one = sk_X509_pop(chain)))
        X509_free(one);
}

/* A session of the same version and suite without anything else. 0: it cannot be written. */
static long write_empty(const SSL_SESSION *session, uint8_t out[static SESSION_BYTES])
{
    SSL_SESSION *empty = SSL_SESSION_new();
    uint8_t *end = out;
    int len = 0;

    if (empty && SSL_SESSION_set_protocol_version(empty, SSL_SESSION_get_protocol_version(session)) &&
        SSL_SESSION_set_cipher(empty, SSL_SESSION_get0_cipher(session)) &&
        (len = i2d_SSL_SESSION(empty, NULL)) <= SESSION_BYTES)
        len = i2d_SSL_SESSION(empty, &end);
    SSL_SESSION_free(empty);
    return end > out ? len : 0;
}

/*
 * The certificate belongs to the session, and there is no call that takes it out. But what is read into a session that
 * exists takes the place of what was in it: d2i_SSL_SESSION(3). The keys in use are the connection's, and stay.
 */
static void drop_leaf(SSL *ssl)
{
    SSL_SESSION *session = SSL_get0_session(ssl);
    uint8_t empty[SESSION_BYTES];
    const uint8_t *at = empty;
    long len;

    if (!session || !SSL_get0_peer_certificate(ssl) || SSL_SESSION_get_max_fragment_length(session))
        return; /* that length holds for records to come */
    len = write_empty(session, empty);
    if (len)
        (void)d2i_SSL_SESSION(&session, &at, len); /* what it cannot read it leaves as it was */
    ERR_clear_error();
}

void serve_forget_certificates(SSL *ssl)
{
    drop_all(SSL_get0_verified_chain(ssl));
    drop_all(SSL_get_peer_cert_chain(ssl));
    drop_leaf(ssl);
}
