/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/shelf.h - what the relay keeps for the staff: guides, this customer's earlier visits, and what was
 * learned.
 *
 * Belongs to one session, and asks over its connection as soon as the invitation stands, so that earlier visits are
 * there before the customer is. Cases and counts are sealed and opened here, under the secret of the staff
 * (proto/seal/kept.h); the relay has only what it cannot read. What is to be kept while the line is gone is kept when
 * it is back.
 */
#ifndef AGENT_DESK_SHELF_H
#define AGENT_DESK_SHELF_H

#include "agent/desk/cases.h"
#include "agent/guides/read.h"
#include "proto/host/files.h"
#include "proto/identity/credential.h"
#include "proto/seal/kept.h"
#include "proto/session/session.h"

struct agent_desk_shelf;

/* Told during event(). Each may be NULL. */
struct agent_desk_shelf_listener {
    /** This customer's earlier visits are in agent_desk_shelf_cases() by now; there may be none. */
    void (*visits)(void *context);
    /** More was learned than before. */
    void (*learned)(void *context);
    /** These are the guides from now on; borrowed as long as the shelf. */
    void (*guides)(void *context, const struct agent_guides *guides);
    /** Something cannot be used or kept; it names value, rule and way out. */
    void (*wrong)(void *context, const char *what, const char *why);
    void *context;
};

struct agent_desk_shelf_config {
    struct proto_session *session; /* borrowed */
    struct proto_random random;
    const struct proto_kept_keys *keys; /* copied; no secret in it: neither cases nor counts */
    const char *customer_ref;           /* copied; NULL: a person of its own */
    const char *cache;                  /* folder of this organisation on this machine, copied; NULL: no guides */
    bool fetches_guides;                /* false: guides come from elsewhere */
    struct proto_der root;              /* of the staff; borrowed */
    struct agent_desk_shelf_listener listener;
};

PROTO_MUST_USE enum proto_err agent_desk_shelf_new(struct agent_desk_shelf **out,
                                                   const struct agent_desk_shelf_config *config);
void agent_desk_shelf_free(struct agent_desk_shelf *shelf); /* NULL is fine */
/** Each event of the session. */
void agent_desk_shelf_event(struct agent_desk_shelf *shelf, const struct proto_event *event, struct proto_now now);
/** For agent/desk/home.h; NULL without a secret. Borrowed. */
struct agent_desk_cases *agent_desk_shelf_cases(struct agent_desk_shelf *shelf);

/**
 * Reads the staff's secret: `path`, or (NULL) cases.key beside the certificate, where none is fine: *out is empty then.
 * What is wrong is said.
 */
PROTO_MUST_USE enum proto_err agent_desk_shelf_keys(struct proto_kept_keys *out, const char *path,
                                                    const char *cert_file);
/** This machine's folder for what comes from the relay `host` of the organisation with this root. False: there is no
 * place for it. */
bool agent_desk_shelf_cache(char out[static HOST_PATH_BYTES], const char *host, const uint8_t pin[static 32]);

#endif
