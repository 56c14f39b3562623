/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/companion.h - a customer's device as one program: session, camera, device state, and a person who is
 * asked.
 *
 * One loop, one thread. Nothing is captured before a consent lives: the session says when (PROTO_EVENT_CAPTURE), and
 * the camera is stopped by the same word before anything else learns that a consent is gone.
 */
#ifndef CLIENT_COMPANION_COMPANION_H
#define CLIENT_COMPANION_COMPANION_H

#include "client/companion/consent_options.h"
#include "client/companion/mask.h"
#include "proto/host/seen.h"
#include "proto/session/session.h"

struct client_companion_config {
    const char *link;           /* the whole link, or NULL */
    const char *code;           /* or a code, with `url` */
    const char *url;            /* of the relay: https://host[:port] */
    const char *join_host;      /* host[:port unless 443] */
    const char *ca_file;        /* NULL: the system's roots */
    const uint8_t *pinned_root; /* 32 bytes, or NULL */
    struct host_seen seen;
    const char *camera;        /* as client_camera_open(); "none" */
    const char *microphone;    /* as client_voice_new(); "none" */
    const char *speaker;       /* the agent's voice is heard there; NULL: it is not */
    struct client_mask *mask;  /* borrowed */
    const char *torch;         /* file of a LED, or NULL: there is no light */
    int kbps;                  /* 0: by size */
    const char *stats;         /* a file: a line for each picture of the camera; NULL: none */
    const char *const *states; /* device-state sources */
    size_t state_count;
    const char *redact, *checks, *language; /* files of rules and of checks, or NULL; the language of guides, or NULL */
    struct client_consent_rule consent;
    bool json;                              /* JSON Lines on stdout */
    bool json_orders;                       /* JSON Lines on stdin; else a person types */
    const char *receipt;                    /* a file for what was shared and its proofs, or NULL */
    const char *keep_picture, *keep_sealed; /* files, or NULL: the last picture, and how it left */
    uint8_t build[32];                      /* SHA-256 of this program */
};

/** Runs to the session's end. Returns the exit code; what went wrong is said already. `*seen` gets what to remember. */
int client_companion_run(const struct client_companion_config *config, struct host_seen *seen);

#endif
