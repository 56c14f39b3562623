/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/relay_line.h - one WebSocket over TLS from the client's side, cheap enough to have twenty thousand of.
 *
 * A program that measures a relay must cost less than the relay does: no library's loop, one send() for all that was
 * written in a turn, one mask for all frames, so that a body is masked once and sent many times. It checks what it
 * needs to be sure of its figures, and no more; relays are tested elsewhere.
 */
#ifndef TESTS_BENCH_RELAY_LINE_H
#define TESTS_BENCH_RELAY_LINE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum line_state { LINE_NEW, LINE_CONNECTING, LINE_TLS, LINE_UPGRADING, LINE_OPEN, LINE_CLOSED };

enum { LINE_MASK_BYTES = 4, LINE_ROOM_BYTES = 14 }; /* of the header in front of a body that is sent */
extern const uint8_t line_mask[LINE_MASK_BYTES];

struct line {
    int fd, epoll;
    enum line_state state;
    bool wants_write, stalled;
    bool drained;        /* nothing more is there to read until epoll says so */
    uint64_t arrived_ns; /* when the system had the last byte of what is being read, by line_now_ns() */
    SSL *ssl;
    const struct line_peer *peer; /* borrowed */
    struct line_bytes {
        uint8_t *bytes;
        size_t len, room;
    } out, in; /* TLS records that wait for the socket; a message (or the answer to the upgrade) that has begun */
    size_t out_sent;
    uint8_t header[10];
    uint8_t header_len;
    bool in_payload, last_frame;
    uint8_t opcode;
    uint64_t frame_left;
    uint64_t began_ns;
    void *context;
};

/* Where lines go, and who hears of them. */
struct line_peer {
    SSL_CTX *tls;
    uint16_t port;
    const char *host, *path, *protocol; /* protocol NULL: none */
    void (*on_open)(struct line *line);
    /** A whole binary message; borrowed for the call, which may close the line. */
    void (*on_message)(struct line *line, const uint8_t *message, size_t len);
    void (*on_closed)(struct line *line, bool was_open);
};

SSL_CTX *line_tls(const char *ca, const char *identity); /* identity NULL: no certificate; NULL: it cannot be set up */
/** Path and context may differ between lines of one peer; `path` NULL takes the peer's. */
bool line_connect(struct line *line, int epoll, const struct line_peer *peer, void *context);
/** `body` has LINE_ROOM_BYTES in front of it, which are written over, and is masked already. Sent by line_flush(). */
void line_send_masked(struct line *line, uint8_t *body, size_t len);
/** Any message, copied and masked. Sent at once. */
void line_send(struct line *line, const uint8_t *message, size_t len);
void line_flush(struct line *line);
/** What epoll said of it. */
void line_service(struct line *line, uint32_t events);
/** Reads nothing from now on, or again. */
void line_stall(struct line *line, bool stall);
void line_close(struct line *line, bool abort);

/** The clock by which the system notes arrivals; it may be set, which a measurement of seconds lives with. */
uint64_t line_now_ns(void);

#endif
