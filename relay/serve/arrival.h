/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/arrival.h - connections on their way: from accept() until they are a WebSocket or gone.
 *
 * TLS is the dearest thing that a stranger can ask for, so the bounds stand before it: how many are under way, in all
 * and from one address, and how many came from one address in a minute. Whoever has not sent a whole request in
 * opening_ms is closed however busily they dribble bytes, and whoever only asks for pages is closed after page_ms.
 */
#ifndef RELAY_SERVE_ARRIVAL_H
#define RELAY_SERVE_ARRIVAL_H

#include <openssl/ssl.h>

#include "relay/core/core.h"
#include "relay/core/limits.h"

struct lws;
struct serve_arrival;
struct serve_arrivals;

enum { SERVE_ADDRESS_BYTES = 64 };

/* Why one was not let in, as metrics name it; the bound that says so, or none of relay.ini's. */
#define SERVE_REFUSAL_LIST(X)                                                                                          \
    X(handshakes, RELAY_BOUND_handshakes)                                                                              \
    X(handshakes_per_address, RELAY_BOUND_handshakes_per_address)                                                      \
    X(arrivals_per_address, RELAY_BOUND_arrivals_per_address_minute)                                                   \
    X(requests_per_address, RELAY_BOUND_requests_per_address_minute)                                                   \
    X(opening, RELAY_BOUND_opening_ms) /* no whole request in time */                                                  \
    X(header, RELAY_BOUND_header_bytes)                                                                                \
    X(proxy_header, RELAY_BOUNDS) /* a proxy began with none, or with a request that can be read in two ways */        \
    X(page, RELAY_BOUND_page_ms)                                                                                       \
    X(descriptors, RELAY_BOUNDS) /* this process may not open more files */

enum serve_refusal {
#define SERVE_REFUSAL_ENUM(name, bound) SERVE_REFUSED_##name,
    SERVE_REFUSAL_LIST(SERVE_REFUSAL_ENUM)
#undef SERVE_REFUSAL_ENUM
        SERVE_REFUSALS
};
extern const struct serve_refusal_kind {
    const char *name;
    enum relay_bound bound; /* RELAY_BOUNDS: none */
} serve_refusals[SERVE_REFUSALS];

struct serve_arrival_figures {
    uint64_t under_way, refused[SERVE_REFUSALS];
};

/** `limits` is borrowed. */
PROTO_MUST_USE enum proto_err serve_arrivals_new(struct serve_arrivals **out, const struct relay_limits *limits,
                                                 const struct proto_random *random);
/** Told by whom, each time somebody is refused whose address is known; `by` which bound of relay.ini, or a name above.
 */
typedef void (*serve_arrivals_refused)(void *context, const char *address, const char *by);
void serve_arrivals_on_refused(struct serve_arrivals *arrivals, serve_arrivals_refused on_refused, void *context);
void serve_arrivals_free(struct serve_arrivals *arrivals); /* NULL is fine */

/**
 * One from this address (text of at most SERVE_ADDRESS_BYTES), at an `end` that the caller knows; NULL: refused, or out
 * of memory. `each` false: the address is a proxy's, and only all of them together are bounded.
 */
struct serve_arrival *serve_arrivals_take(struct serve_arrivals *arrivals, const char *address, const void *end,
                                          bool each, int64_t now_ms);
/** What it was taken with; NULL after over(). Borrowed. */
const char *serve_arrival_address(struct lws *wsi);
const void *serve_arrival_end(struct lws *wsi);
/** libwebsockets has it now. */
void serve_arrival_adopted(struct serve_arrival *arrival, struct lws *wsi);
/** It speaks by this TLS from now on, and bytes of its requests are told to reads(). */
void serve_arrival_speaks(struct serve_arrival *arrival, SSL *ssl);
/** So many bytes came by it. false: the head of a request is too large, which was answered: close it. Of who is no
 * arrival anything is fine. */
bool serve_arrival_reads(SSL *ssl, const uint8_t *bytes, size_t len);
/** A request of it has come. false: its address asks too often. */
bool serve_arrival_may_ask(struct serve_arrivals *arrivals, struct lws *wsi, int64_t now_ms);
/** The same. false: not the first one. */
bool serve_arrival_asked(struct serve_arrivals *arrivals, struct lws *wsi, int64_t now_ms);
/** It is a WebSocket, or gone, or was not adopted: it counts no more. Twice is fine. */
void serve_arrival_over(struct serve_arrivals *arrivals, struct lws *wsi, int64_t now_ms);
void serve_arrivals_drop(struct serve_arrivals *arrivals, struct serve_arrival *arrival, int64_t now_ms);
/** Counts, and tells of, one who is refused elsewhere. */
void serve_arrivals_refuse(struct serve_arrivals *arrivals, const char *address, enum serve_refusal why);
/** Counts so many, whose addresses nobody knows. */
void serve_arrivals_note(struct serve_arrivals *arrivals, enum serve_refusal why, unsigned times);

/** Closes who is over their time. Call it each second, from no callback of a connection. */
void serve_arrivals_tick(struct serve_arrivals *arrivals, int64_t now_ms);
void serve_arrivals_figures(const struct serve_arrivals *arrivals, struct serve_arrival_figures *out);

#endif
