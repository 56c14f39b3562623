/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/networks.h - a few addresses and networks that the operator lists, and whether somebody is of them.
 */
#ifndef RELAY_SERVE_NETWORKS_H
#define RELAY_SERVE_NETWORKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum { SERVE_NETWORKS_MAX = 16 };

struct serve_networks {
    struct serve_network {
        uint8_t address[16]; /* IPv4 as ::ffff:a.b.c.d, so that one comparison does for both */
        unsigned bits;
    } items[SERVE_NETWORKS_MAX];
    size_t count;
    bool local; /* whoever comes by a Unix socket */
};

/** "192.0.2.1", "192.0.2.0/24", "2001:db8::/32" or "unix" is added. false: it is none of these, or there are 16. */
bool serve_networks_add(struct serve_networks *networks, const char *text);
/** Is somebody's network everybody's (0.0.0.0/0, ::/0)? */
bool serve_networks_have_everybody(const struct serve_networks *networks);
bool serve_networks_have(const struct serve_networks *networks, const struct sockaddr_storage *address);

#endif
