/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/renew.h - keeps an agent's certificate from ending: asked for anew in the last third of its life, over the staff
 * end, with the key that it is for.
 *
 * The key stays where it is and what it is; only the certificate's file is replaced, as a whole, and only by one that
 * the organisation's root signed for this key, person and role. Sessions that began with the old one go on with it.
 */
#ifndef AGENT_RENEW_H
#define AGENT_RENEW_H

#include "agent/identity.h"
#include "proto/host/loop.h"

enum agent_renewal_news {
    AGENT_RENEWAL_ASKED,   /* it waits for the authority */
    AGENT_RENEWAL_DONE,    /* the file has the new one */
    AGENT_RENEWAL_REFUSED, /* by the authority, or something is wrong here: a person must know */
};

struct agent_renewal_told {
    enum agent_renewal_news news;
    int64_t until_s;                        /* when the certificate ends: the new one if DONE */
    const struct proto_credential *renewed; /* DONE: borrowed for the call */
    const char *why;                        /* REFUSED: value, rule, way out */
};

struct agent_renewal_config {
    struct host_loop *loop; /* borrowed, as all of these, until free */
    const char *url, *ca_file;
    const struct agent_identity *identity;
    void (*told)(void *context, const struct agent_renewal_told *told); /* on the loop's thread */
    void *context;
};

struct agent_renewal;
/** Begins to watch over it; nothing is told before this returns. NOMEM. */
PROTO_MUST_USE enum proto_err agent_renewal_new(struct agent_renewal **out, const struct agent_renewal_config *config);
void agent_renewal_free(struct agent_renewal *renewal); /* NULL is fine */

#endif
