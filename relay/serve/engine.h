/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/engine.h - libev under the loop: epoll, so that a message costs the same among ten thousand connections.
 *
 * libwebsockets' own loop asks poll() about every descriptor in each pass; at 550 of them that is a third of a core.
 */
#ifndef RELAY_SERVE_ENGINE_H
#define RELAY_SERVE_ENGINE_H

#include "proto/host/loop.h"

struct serve_engine;

/* Longer than any time of relay.ini: whoever is late is closed, and counted, by us (relay/serve/arrival.h). */
enum { SERVE_LIBRARY_WAITS_S = 3600 };

/** How large the head of a request may be, and how many may be under way (proto/host/loop.h). NULL: this machine has no
 * epoll, or no memory. */
struct serve_engine *serve_engine_new(uint16_t header_bytes, uint16_t headers_at_once);
void serve_engine_free(struct serve_engine *engine); /* after the loops on it; NULL is fine */
const struct host_engine *serve_engine_host(const struct serve_engine *engine);

#endif
