/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/intake.h - from the socket to TLS: one recv() for as much as has come, into a buffer that all share.
 *
 * OpenSSL reads five bytes of a record, then the record: two system calls. Its own read-ahead needs a buffer of the
 * connection's, and moves what is left to the front each time. Here the bytes of whoever was read last lie in one
 * place, which stays in the processor's cache; what is left of them when somebody else is read is kept by the
 * connection. That is seldom: whoever reads asks for the rest before it turns to the next connection.
 *
 * libwebsockets' SSL_read() comes here as well, because a program's symbols go before a library's. It is given as many
 * records as its buffer holds, with the masks taken off (serve/frames), and of who only asks the heads are measured
 * (serve/arrival). So does its recv(), for who is behind a proxy that ends TLS. Where it does not come here it is only
 * slower, and takes frames without a mask.
 */
#ifndef RELAY_SERVE_INTAKE_H
#define RELAY_SERVE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relay/serve/frames.h"

struct lws;

/* Of one connection. Zeroed before set_up. */
struct serve_intake {
    int fd;
    bool closed;
    bool broken;   /* a frame had no mask */
    bool ended;    /* TLS said so behind what was read, and says so again when it is asked */
    uint8_t *rest; /* owned: what was read, and not asked for yet */
    size_t rest_len, rest_at;
    struct serve_frames frames;
    struct lws *wsi; /* borrowed */
    void (*reads)(struct lws *wsi);
};

/**
 * Takes the reading side of the connection's TLS, if it has one; to be called when it is open. false: no memory.
 * `reads` is called before the socket is read.
 */
bool serve_intake_set_up(struct serve_intake *intake, struct lws *wsi, void (*reads)(struct lws *wsi));
void serve_intake_clear(struct serve_intake *intake);
/** How much there is that no poll can see. */
size_t serve_intake_held(const struct serve_intake *intake);

#endif
