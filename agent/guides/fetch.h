/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/guides/fetch.h - the published guides, fetched part by part, held to their list, and kept for the next time.
 *
 * It asks for guides.note, then for the files that are not in the cache with the hash that the list names, one part at
 * a time. The cache is a folder with the list that was verified last and the files by name; a file that is in no list
 * goes. What of it could not be fetched or does not fit is told, and the guides that were there before go on being
 * used: nothing half new is ever loaded.
 */
#ifndef AGENT_GUIDES_FETCH_H
#define AGENT_GUIDES_FETCH_H

#include "agent/guides/note.h"

struct agent_guides_fetch;

struct agent_guides_fetch_config {
    const char *cache;           /* folder, made when missing; copied */
    struct proto_der root;       /* borrowed */
    const struct proto_org *org; /* borrowed: as the relay's notes say by now */
};

enum agent_guides_fetched {
    AGENT_GUIDES_ASKING, /* next() has something */
    AGENT_GUIDES_SAME,   /* over: what the cache has is the newest */
    AGENT_GUIDES_NEW,    /* over: the cache has newer ones than before */
    AGENT_GUIDES_NONE,   /* over: the relay has no guides */
    AGENT_GUIDES_FAILED, /* over: `why` says it; the cache is as it was */
};

PROTO_MUST_USE enum proto_err agent_guides_fetch_new(struct agent_guides_fetch **out,
                                                     const struct agent_guides_fetch_config *config);
void agent_guides_fetch_free(struct agent_guides_fetch *fetch); /* NULL is fine */
/** What is to be asked for now; the same until its answer was taken. False: it is over. */
bool agent_guides_fetch_next(const struct agent_guides_fetch *fetch, const char **name, uint64_t *from);
/** An answer: bytes of `name` at `from`; `next` 0: that was its end. Others than the one that was asked for are left
 * alone. */
enum agent_guides_fetched agent_guides_fetch_take(struct agent_guides_fetch *fetch, enum proto_err answer,
                                                  const char *name, uint64_t from, uint64_t next, const uint8_t *bytes,
                                                  size_t len);
/** A sentence, when it failed. Borrowed. */
const char *agent_guides_fetch_why(const struct agent_guides_fetch *fetch);

#endif
