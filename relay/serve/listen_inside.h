/* SPDX-License-Identifier: Apache-2.0 */
/* relay/serve/listen_inside.h - the ends, for setting them up (listen_set_up.c) and for who comes to them (listen.c).
 */
#ifndef RELAY_SERVE_LISTEN_INSIDE_H
#define RELAY_SERVE_LISTEN_INSIDE_H

#include <libwebsockets.h>

#include "proto/host/watch.h"
#include "relay/serve/arrival.h"
#include "relay/serve/listen.h"
#include "relay/serve/proxied.h"
#include "relay/serve/tls.h"

/*     end     what it is                       its address in the settings */
#define END_LIST(X)                                                                                                    \
    X(SERVE_END_PUBLIC, "public", listen)                                                                              \
    X(SERVE_END_STAFF, "staff", staff_listen)                                                                          \
    X(SERVE_END_PLAIN, "public, behind a proxy", plain_listen)                                                         \
    X(SERVE_END_HTTP, "redirects to https", http_listen)                                                               \
    X(SERVE_END_METRICS, "figures, for this machine", metrics_listen)
enum serve_ends {
#define END_ENUM(name, what, setting) name,
    END_LIST(END_ENUM)
#undef END_ENUM
        SERVE_ENDS
};

struct serve_end {
    struct serve_listen *listen; /* borrowed */
    struct lws_vhost *vhost;     /* the context's; NULL: there is no such end */
    struct host_watch *watch;    /* owned; NULL for the staff end of a shared port */
    int fd;                      /* the watch's */
    char bound[SERVE_HOST_BYTES];
    char named[SERVE_HOST_BYTES]; /* the host that was last found in a certificate: nearly always the next one, too */
    struct serve_tls tls;
};

struct serve_listen {
    struct serve *serve; /* borrowed */
    struct serve_end ends[SERVE_ENDS];
    struct serve_arrivals *arrivals; /* owned */
    struct serve_proxied *proxied;   /* owned */
    int spare;                       /* owned: a descriptor to give up when there are no more */
    bool shared;
};

_Static_assert((int)SERVE_ENDS == (int)SERVE_LISTEN_ENDS, "each end has its place");

/** Somebody knocks at the end that is given: take those who came. */
void serve_listen_accept(void *end);
/** SNI, of the SSL_CTX of the end that is given. */
int serve_listen_server_name(SSL *ssl, int *alert, void *end);

#endif
