/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/said.h - what a proxy in front says of the one behind it: the PROXY protocol's header (HAProxy's
 * proxy-protocol.txt, versions 1 and 2) and the header Forwarded (RFC 7239). Pure; whether the proxy is to be believed
 * is the caller's to know.
 */
#ifndef RELAY_SERVE_SAID_H
#define RELAY_SERVE_SAID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum serve_said { SERVE_SAID, SERVE_SAID_MORE, SERVE_SAID_WRONG };

/* 16 bytes, then what the second version may carry besides addresses; more is nobody's that we would know. */
enum { SERVE_SAID_MOST_BYTES = 16 + 520 };

/**
 * The header at the front of a connection. SERVE_SAID: `*used` bytes are it; `from` is who is behind the proxy, or has
 * the family AF_UNSPEC when it says nothing of that (its own health checks). SERVE_SAID_MORE: it is not whole yet.
 */
enum serve_said serve_said_proxy(const uint8_t *bytes, size_t len, struct sockaddr_storage *from, size_t *used);
/**
 * Who is behind the proxy that wrote the last element of Forwarded: the one that talks to us; what stands before it is
 * what others claimed to it. false: it names no address (unknown, or hidden by a name).
 */
bool serve_said_forwarded(const char *header, struct sockaddr_storage *from);
/**
 * The same of the request at the front of a connection, whose head is peeked at: `*used` is 0. Of several lines the
 * last one counts, as if they were one (RFC 9110, 5.3): a proxy may write its own behind what a stranger sent. WRONG is
 * what two programs could read in two ways: a folded line, a second Host, a Transfer-Encoding, a body (RFC 9112, 11.2).
 */
enum serve_said serve_said_request(const uint8_t *bytes, size_t len, struct sockaddr_storage *from, size_t *used);

#endif
