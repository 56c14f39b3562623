/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/intake.h - from the socket to TLS: one recv() for as much as has come, into a buffer that all share.
 *
 * OpenSSL reads five bytes of a record, then the record: two system calls. Its own read-ahead needs a buffer of the
 * connection's, and moves what is left to the front each time. Here the bytes of whoever was read last lie in one
 * place, which stays in the processor's cache; what is left of them when somebody else is read is kept by the
 * connection. That is seldom: whoever reads asks for the rest before it turns to the next connection.
 */
#ifndef RELAY_SERVE_INTAKE_H
#define RELAY_SERVE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lws;

/* Of one connection. Zeroed before set_up. */
struct serve_intake {
    int fd;
    bool closed;
    uint8_t *rest; /* owned: what was read, and not asked for yet */
    size_t rest_len, rest_at;
};

/** Takes the reading side of the connection's TLS, if it has one; to be called when it is open. false: no memory. */
bool serve_intake_set_up(struct serve_intake *intake, struct lws *wsi);
void serve_intake_clear(struct serve_intake *intake);
/** Is there something that no poll can see? */
bool serve_intake_holds(const struct serve_intake *intake);

#endif
