/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/headless.h - an agent without a window: a test, a bot, a load generator, or a person in a terminal.
 *
 * A thin front of the desk: JSON Lines commands come on stdin, events leave on stdout, as JSON Lines or in words.
 */
#ifndef AGENT_HEADLESS_H
#define AGENT_HEADLESS_H

#include "agent/identity.h"
#include "proto/host/seen.h"
#include "proto/identity/credential.h"
#include "proto/seal/kept.h"
#include "proto/wire/capability.h"

struct agent_headless_config {
    const char *url, *ca_file, *cert_file, *key_file;
    const struct proto_credential *credential; /* borrowed, as is the next: what is renewed in time */
    const struct agent_identity *identity;
    const char *customer_ref, *reference;                  /* NULL: none */
    enum proto_capability request[PROTO_CAPABILITY_COUNT]; /* asked for once the customer is there */
    size_t request_count;
    const char *purpose; /* of these; NULL: the desk's own words */
#ifdef HANDHOLD_KEEPS_PICTURE
    const char *snapshot; /* PNG of the last picture at the end; NULL: none */
#endif
    const char *guides, *cases;         /* folders; NULL: the relay's */
    const char *cache;                  /* folder for what comes from the relay; NULL: none */
    const struct proto_kept_keys *keys; /* of the staff; borrowed */
    const char *microphone;             /* the agent's own voice: FILE.wav or a device; NULL: mute */
    const char *audio;                  /* where the customer's voice is played: FILE.wav or a device; NULL: nowhere */
    const char *record;                 /* sealed recording, when the customer consents; NULL: none */
    const char *stats;                  /* a line for each frame of the picture; NULL: none */
    const char *stills; /* folder for photos; NULL: kept in one of this program's own, when the customer was told so */
    bool json;
    struct host_seen seen;
};

/** Runs to the session's end. Returns the exit code; `*seen` gets what to remember. */
int agent_headless_run(const struct agent_headless_config *config, struct host_seen *seen);

#endif
