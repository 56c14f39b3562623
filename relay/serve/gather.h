/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/gather.h - from messages to the socket: all that one connection gets in a pass leaves with one send().
 *
 * Small messages share a TLS record, large ones are encrypted from where they lie. We write the frames' headers (RFC
 * 6455, 5.2; two to ten bytes) because libwebsockets would make a record of each; it goes on reading, answering pings
 * and closing, and finds the stream at the end of a frame whenever it writes.
 *
 * While a connection is corked its records collect in one buffer that all connections share, because only one is corked
 * at a time. What the socket does not take is kept per connection, and nothing more is put on top of it: what waits
 * must wait in the core's queue, where it may be dropped. TLS never sees a full socket, so nothing is half written.
 * What libwebsockets writes by itself (pong, close) goes out at once. Behind a proxy that ends TLS there is nothing to
 * encrypt and little to gain: each message is libwebsockets' to write.
 */
#ifndef RELAY_SERVE_GATHER_H
#define RELAY_SERVE_GATHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lws;

enum { SERVE_GATHER_ROOM = 16 }; /* as much as libwebsockets wants, LWS_PRE; a header of ours takes ten */

/* Of one connection. Zeroed before set_up. */
struct serve_gather {
    struct lws *wsi; /* borrowed */
    int fd;
    bool failed, closed;
    uint8_t *rest; /* owned: records that the socket did not take */
    size_t rest_len, rest_sent;
};

/** Takes the writing side of the connection's TLS; to be called when it is open. false: out of memory. */
bool serve_gather_set_up(struct serve_gather *gather, struct lws *wsi);
void serve_gather_clear(struct serve_gather *gather);

void serve_gather_cork(struct serve_gather *gather);
/** One binary message, with SERVE_GATHER_ROOM bytes in front of it to write over. While corked. */
void serve_gather_message(struct serve_gather *gather, uint8_t *message, size_t len);
/** An empty ping, unless something waits already. Not while corked. */
void serve_gather_ping(struct serve_gather *gather);
/** Bytes that collected since the last send. */
size_t serve_gather_corked(void);
/** No more for now. What collected is sent when another is corked, or by settle(): there may be more at once. */
void serve_gather_uncork(struct serve_gather *gather);
/** Sends what collected of whoever was corked last; what the socket does not take waits until it can be written to. */
void serve_gather_settle(void);
/** Sends what was left. */
bool serve_gather_flush(struct serve_gather *gather);

#endif
