/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/post.h - one HTTP POST to somebody else's server, with a bounded answer. Blocks: on a thread of its own.
 */
#ifndef RELAY_SERVE_POST_H
#define RELAY_SERVE_POST_H

#include "proto/util/buf.h"

enum { SERVE_POST_ANSWER_BYTES = 8192, SERVE_POST_REASON_BYTES = 256 };

struct serve_post {
    const char *url, *ca; /* ca: "" for this system's */
    const struct proto_buf *body;
    bool (*is_ending)(void *context); /* asked meanwhile, from the same thread: true gives up */
    void *context;
    /* What came of it */
    char answer[SERVE_POST_ANSWER_BYTES + 1];
    size_t answer_len;
    char reason[SERVE_POST_REASON_BYTES];
};

/** The HTTP status, or 0 with a reason. After curl_global_init(). */
long serve_post(struct serve_post *post);

#endif
