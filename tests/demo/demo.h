/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/demo/demo.h - one whole session with the real programs, told as it happens.
 *
 * It lives under tests/ because it stands above all the folders: it starts the programs of certs, relay, client and
 * agent, reads what they say as any script can, and fails when what it tells is not so. Each step is one function that
 * returns false after saying what went wrong.
 */
#ifndef TESTS_DEMO_DEMO_H
#define TESTS_DEMO_DEMO_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/demo/child.h"

#define DEMO_WAIT_MS 10000
#define DEMO_PATH_BYTES 512

struct demo {
    const char *bin;    /* where the programs are */
    const char *out;    /* where the pictures go */
    const char *camera; /* NULL: the clip */
    const char *host;   /* where the relay listens */
    int seconds;        /* how long the camera is watched */
    bool phone;
    char work[DEMO_PATH_BYTES]; /* temporary: authority, relay, logs */
    struct demo_children children;
    struct demo_child *relay, *agent, *client; /* borrowed from `children` */
    char url[256], staff_url[256];             /* of the relay */
    char link[512], session[64];
    int64_t grant_index;  /* entry of the log that is the camera's grant */
    int64_t withdrawn_ms; /* unix */
};

/* Steps, in order. */
bool demo_organisation(struct demo *demo);
bool demo_relay(struct demo *demo);
bool demo_invite(struct demo *demo);
bool demo_join(struct demo *demo);
bool demo_camera(struct demo *demo);
bool demo_figures(struct demo *demo);
bool demo_device_state(struct demo *demo);
bool demo_talk(struct demo *demo);
bool demo_refusal(struct demo *demo);
bool demo_withdrawal(struct demo *demo);
bool demo_end(struct demo *demo);
bool demo_changed_companion(struct demo *demo);
bool demo_window(struct demo *demo);
bool demo_minutes(struct demo *demo);
bool demo_tampering(struct demo *demo);
void demo_next(const struct demo *demo);
bool demo_phone(struct demo *demo); /* instead of all from demo_join on */

/** Starts an agent; its `invite` event is read into link and session. */
struct demo_child *demo_start_agent(struct demo *demo, const char *name, const char *snapshot);
/** "what was awaited did not come": with the last lines that the child said. Always false. */
bool demo_failed(const struct demo_child *child, const char *awaited);
/** A path under the temporary folder; valid until the eighth call after. */
const char *demo_path(const struct demo *demo, const char *name);
const char *demo_text(const json_t *event, const char *field);
int64_t demo_number(const json_t *event, const char *field);

#endif
