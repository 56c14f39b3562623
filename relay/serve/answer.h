/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/answer.h - one HTTP answer: status, headers, body. A body that does not fit into one turn goes on when
 * the connection is writable again; it is never copied whole.
 */
#ifndef RELAY_SERVE_ANSWER_H
#define RELAY_SERVE_ANSWER_H

#include <libwebsockets.h>

#include "relay/serve/page.h"
#include "relay/serve/serve.h"

/* A body that does not outlive its callback is written at once: what the socket does not take, libwebsockets keeps. */
enum { SERVE_ANSWER_ONCE_BYTES = 65536 };

enum { SERVE_ANSWER_UPGRADE = 426 }; /* RFC 6455, 4.4 */

struct serve_answer {
    unsigned status;
    const char *type; /* of the body */
    const void *body;
    size_t size;
    bool lasting;                  /* the body outlives the callback; else SERVE_ANSWER_ONCE_BYTES at most */
    const struct serve_file *file; /* a file of the page, or NULL */
    const char *policy;            /* Content-Security-Policy; NULL: nothing may run or load */
    const char *error;             /* Handhold-Error */
    bool shared;                   /* any web site may read it */
    const char *location;          /* of a redirect */
    const char *cache;             /* how long it may be kept; NULL: as its kind is */
    bool later;                    /* it is being made: nothing is written yet */
};

/* What is left of a body, in libwebsockets' memory of the connection. */
struct serve_body {
    const unsigned char *at;
    size_t left;
};

/** A text that lives in the program or as long as the callback. */
struct serve_answer serve_answer_text(unsigned status, const char *body);
/** Writes headers and the first turn of the body. 0, or -1: close. */
int serve_answer_write(struct lws *wsi, const struct serve *serve, const struct serve_answer *answer, bool with_body,
                       struct serve_body *rest);
/** The connection is writable: the next turn. */
int serve_answer_more(struct lws *wsi, struct serve_body *rest);

#endif
