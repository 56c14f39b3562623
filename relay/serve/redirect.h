/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/redirect.h - port 80: the answers that an ACME client laid down (RFC 8555, 8.3), and for all else the way
 * to https. Nothing that was sent comes back but the path, and that only where it has no character to be careful of.
 */
#ifndef RELAY_SERVE_REDIRECT_H
#define RELAY_SERVE_REDIRECT_H

#include "relay/serve/serve.h"

/** Answers a request that came to port 80. 0, or -1: close. */
int serve_redirect(struct serve *serve, struct lws *wsi, const char *path, size_t len);

#endif
