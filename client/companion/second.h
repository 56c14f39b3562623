/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/second.h - the companion as a customer's second device: on the hub, beside the phone in the hand.
 *
 * It waits at the relay, shows a code, and once that was typed on the first device it tells that device, and nobody
 * else, what its home reports, while that device says that it may. Without a word from there for PROTO_BESIDE_SILENT_MS
 * everything rests.
 */
#ifndef CLIENT_COMPANION_SECOND_H
#define CLIENT_COMPANION_SECOND_H

#include <stdbool.h>
#include <stddef.h>

struct client_second_config {
    const char *url, *ca_file, *join_host;
    const char *const *states;
    size_t state_count;
    const char *redact, *checks; /* files; NULL: none */
    bool json;
};

/** Runs until the session is over or it is ended. Returns the exit code. */
int client_second_run(const struct client_second_config *config);

#endif
