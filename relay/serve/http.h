/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/http.h - every request of both ends: what is served, what is refused, and what becomes a WebSocket.
 *
 *     public end   GET / and /j (the phone page), its files /a/…, /.well-known/handhold/org.json, /healthz,
 *                  with public_log = yes /log/…; WebSocket /s
 *     staff end    GET /healthz /readyz /metrics /log/…; WebSocket /s
 *     metrics_listen, for this machine   GET /healthz /readyz /metrics
 *
 * A refusal of the WebSocket says its error by name in the header "Handhold-Error", which the programs read
 * (proto/host/connection.h).
 */
#ifndef RELAY_SERVE_HTTP_H
#define RELAY_SERVE_HTTP_H

#include <libwebsockets.h>

/** For the virtual hosts of both ends; their user is the struct serve. */
const struct lws_protocols *serve_http_protocols(void);
/**
 * For the same: no timer of libwebsockets for each connection. They stand in one sorted list, and each new one would
 * walk over all the others; who is silent is asked by serve_sockets_sweep().
 */
extern const lws_retry_bo_t serve_http_no_timers;

#endif
