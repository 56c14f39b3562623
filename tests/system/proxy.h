/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/system/proxy.h - a line that can go dead without being cut, and be cut at an instant.
 *
 * A process between one end and the relay that carries bytes both ways. Stopped (SIGSTOP) it is a router that lost
 * power: both sides keep an open connection that says nothing, and no error tells them. Told to hold, it carries
 * nothing, nothing from the relay or nothing towards it, or begins to hold when so much has passed; told to cut, it
 * resets what is open, with all that it had not carried yet, and carries whoever comes next. Told to be away it does
 * the same to whoever comes next, too.
 */
#ifndef TESTS_SYSTEM_PROXY_H
#define TESTS_SYSTEM_PROXY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum proxy_mode {
    PROXY_CARRIES,
    PROXY_HOLDS,
    PROXY_HOLDS_BACK,  /* from the relay; towards it all passes */
    PROXY_HOLDS_THERE, /* towards the relay; from it all passes */
    PROXY_CUTS,
    PROXY_AWAY
};

struct proxy_wish;
struct proxy {
    pid_t pid;
    int listening;
    unsigned port;
    struct proxy_wish *wish; /* shared with the process */
};

/** Listens on a port of its own; nothing is accepted before proxy_start(). */
void proxy_open(struct proxy *proxy);
/** Carries everything to this port of 127.0.0.1. */
void proxy_start(struct proxy *proxy, unsigned port);
void proxy_freeze(const struct proxy *proxy);
void proxy_thaw(const struct proxy *proxy);
/** Holds from when this returns; has cut when this returns, and carries again. */
void proxy_set(const struct proxy *proxy, enum proxy_mode mode);
/** Cuts once, behind so many pieces of what is said (TLS records of data, both ways, from now); 0: not. */
void proxy_cut_behind(const struct proxy *proxy, unsigned pieces);
/** Carries so many bytes, both ways together, and then holds. */
void proxy_hold_behind(const struct proxy *proxy, size_t bytes);
/** Nothing passes: it was told so, or the bytes have. */
bool proxy_holds(const struct proxy *proxy);
/** How many have come since it was told anything. */
unsigned proxy_taken(const struct proxy *proxy);
/** How many came in vain since it was told to be away. */
unsigned proxy_turned_away(const struct proxy *proxy);
void proxy_close(struct proxy *proxy);

#endif
