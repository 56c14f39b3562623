/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/tls.h"

#include <openssl/err.h>

#include "relay/serve/engine.h"
#include "relay/serve/http.h"

#define TLS12_SUITES "ECDHE+AESGCM:ECDHE+CHACHA20"
/* AES-128 first: the server's order decides, and it is the fastest on machines with AES instructions. */
#define TLS13_SUITES "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384"
/* Those that every browser has. Others cost a processor many times as much, at the choice of whoever connects. */
#define TLS_GROUPS "X25519:P-256:P-384"

/* libwebsockets hands the context over while it makes the virtual host, and there is no other way to it. */
static struct serve_tls *being_made;

void serve_tls_ask_certificate(SSL *ssl)
{
    SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

static bool trust_root(SSL_CTX *ctx, const struct serve_folder *folder)
{
    const unsigned char *bytes = folder->root_der.bytes;
    X509 *root = d2i_X509(NULL, &bytes, (long)folder->root_der.len);
    bool done =
        root && X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), root) == 1 && SSL_CTX_add_client_CA(ctx, root) == 1;

    X509_free(root);
    return done;
}

/* Strangers trust a public CA; whoever asks for a name that is not in its certificate is one of ours. */
static int choose_certificate(SSL *ssl, void *context)
{
    struct serve_tls *tls = context;
    const struct serve_pair *pair =
        serve_folder_public_pair(tls->folder, SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));

    return pair == &tls->folder->own_pair || serve_pair_show(pair, ssl);
}

int serve_tls_configure(SSL_CTX *ctx)
{
    struct serve_tls *tls = being_made;

    if (!tls)
        return 0;
    tls->ctx = ctx;
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_set1_groups_list(ctx, TLS_GROUPS) != 1 || SSL_CTX_set_num_tickets(ctx, 0) != 1 ||
        SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 || !serve_pair_use(&tls->folder->own_pair, ctx))
        return -1;
    if (!tls->staff)
        return 0;
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_verify_depth(ctx, PROTO_IDENTITY_CHAIN_MAX);
    X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(ctx), X509_V_FLAG_NO_CHECK_TIME); /* staff.c judges it */
    return trust_root(ctx, tls->folder) ? 0 : -1;
}

struct lws_vhost *serve_tls_vhost(struct serve_tls *tls, struct host_loop *loop, const struct serve_folder *folder,
                                  bool staff, const struct lws_protocols *protocols, void *user)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .vhost_name = staff ? "staff" : "public",
        /* Not the files: libwebsockets would read the key a second time, into memory that is not locked. */
        .options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX,
        .ssl_cipher_list = TLS12_SUITES,
        .tls1_3_plus_cipher_list = TLS13_SUITES,
        .alpn = "http/1.1", /* never h2: this libwebsockets has holes there */
        .protocols = protocols,
        .retry_and_idle_policy = &serve_http_no_timers,
        .timeout_secs_ah_idle = SERVE_LIBRARY_WAITS_S,
        .user = user,
    };
    struct lws_vhost *vhost;

    *tls = (struct serve_tls){.staff = staff, .folder = folder};
    being_made = tls;
    vhost = lws_create_vhost(host_loop_context(loop), &info);
    being_made = NULL;
    ERR_clear_error();
    if (tls->ctx && !staff)
        SSL_CTX_set_cert_cb(tls->ctx, choose_certificate, tls);
    return tls->ctx ? vhost : NULL;
}

bool serve_tls_load_pair(struct serve_tls *tls)
{
    bool done = serve_pair_use(&tls->folder->own_pair, tls->ctx);

    ERR_clear_error();
    return done;
}
