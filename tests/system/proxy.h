/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/system/proxy.h - a line that can go dead without being cut.
 *
 * A process between a customer and the relay that carries bytes both ways. Stopped (SIGSTOP) it is a router that lost
 * power: both sides keep an open connection that says nothing, and no error tells them.
 */
#ifndef TESTS_SYSTEM_PROXY_H
#define TESTS_SYSTEM_PROXY_H

#include <sys/types.h>

struct proxy {
    pid_t pid;
    int listening;
    unsigned port;
};

/** Listens on a port of its own; nothing is accepted before proxy_start(). */
void proxy_open(struct proxy *proxy);
/** Carries everything to this port of 127.0.0.1. */
void proxy_start(struct proxy *proxy, unsigned port);
void proxy_freeze(const struct proxy *proxy);
void proxy_thaw(const struct proxy *proxy);
void proxy_close(struct proxy *proxy);

#endif
