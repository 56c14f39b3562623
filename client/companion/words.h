/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/words.h - what the customer reads in the terminal: pure functions from facts to text.
 *
 * Texts that come from others (names, purposes, chat) are shown with every control character and every sign that turns
 * the direction of writing replaced: nobody paints his own "VERIFIED" on a customer's screen.
 */
#ifndef CLIENT_COMPANION_WORDS_H
#define CLIENT_COMPANION_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/consent/receipt_words.h"
#include "proto/util/buf.h"
#include "proto/wire/capability.h"

/* Who asks, as the handshake proved it. Borrowed texts. */
struct client_peer {
    const char *name, *organisation; /* the domain */
    bool verified;
};

struct client_question {
    struct client_peer peer;
    enum proto_capability capability;
    const char *purpose;
    uint32_t max_s; /* 0: until the session ends */
    uint32_t retention_days;
    unsigned place, of; /* on its sheet, from 1; of 1: alone */
};

enum { CLIENT_SENDING_MAX = PROTO_CAPABILITY_COUNT, CLIENT_GRAPH_SECONDS = 16 };

struct client_status {
    struct client_peer peer; /* name NULL: nobody joined yet */
    bool connected, paused, held, over;
    struct {
        enum proto_capability capability;
        int64_t left_s; /* -1: until the session ends */
    } sending[CLIENT_SENDING_MAX];
    size_t count;
    const char *quality;               /* of the picture, "good"; NULL: none moves */
    double kbps[CLIENT_GRAPH_SECONDS]; /* of the last seconds, oldest first */
    size_t seconds;
    uint32_t allowed; /* bit 1 << capability: what is granted and sends nothing by itself */
};

/** "Ana Lindqvist of example.org, VERIFIED"; loud when not. */
void client_words_peer(struct proto_buf *out, const struct client_peer *peer);
/** The whole question with its "Allow? [y/N] " and no line feed behind it. */
void client_words_question(struct proto_buf *out, const struct client_question *question);
/** One line without a line feed: what is sent, to whom, how long. */
void client_words_status(struct proto_buf *out, const struct client_status *status);
/** One bar a second, the highest for the largest of them: "▁▃▅█". */
void client_words_graph(struct proto_buf *out, const double *values, size_t count);

#endif
