/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/network/net.h - three machines on one: customer, relay and agent in network namespaces, and between customer
 * and relay a line that is ours to spoil.
 *
 *      customer 10.97.1.1 ── line ── 10.97.1.2 relay 10.97.2.1 ── 10.97.2.2 agent
 *
 * The line is a program of its own in a fourth namespace that carries frames from one veth to the other: per direction
 * a rate, a drop-tail queue, random loss and a fixed delay, changed at any time. (The kernel's netem does as much where
 * it is built in. It is not used there either: figures of two machines are of the same line, and netem does not say how
 * long its queue stood.) Needs root, or CAP_SYS_ADMIN and CAP_NET_ADMIN.
 */
#ifndef TESTS_NETWORK_NET_H
#define TESTS_NETWORK_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define NET_PUBLIC "10.97.1.2" /* the relay's address for customers */
#define NET_STAFF "10.97.2.1"  /* and for agents */

enum { NET_SAMPLES = 1 << 16 };
enum net_machine { NET_CUSTOMER, NET_RELAY, NET_AGENT, NET_LINE, NET_MACHINES };

struct net_line {
    double bps; /* 0: no limit */
    double delay_ms, loss_percent;
    long queue_bytes;
    bool dead; /* nothing passes */
};

/* What the line's program writes and the other reads. */
struct net_watch {
    struct net_line now; /* written by us */
    uint32_t turn;       /* rises with each change */
    volatile uint32_t samples;
    uint16_t queue_ms[NET_SAMPLES];  /* towards the relay, one each 10 ms, a ring */
    volatile uint64_t carried_bytes; /* by the bottleneck towards the relay, lost ones as well: they took their time */
    uint64_t lost, tail_dropped;
    volatile int64_t tick_ms; /* when it looked at its clock last */
};

struct net {
    pid_t line;
    struct net_watch *watch; /* shared with it */
};

/** Why it cannot be done here, NULL when it can: words for a person. */
const char *net_cannot(void);
/** As `ip netns` knows it: each process that brings a net up has names of its own. Borrowed; empty before net_up(). */
const char *net_space(enum net_machine machine);
/** One at a time in a process. What a process that was killed left behind goes, too. */
bool net_up(struct net *net, const struct net_line *line, uint64_t seed);
void net_set(struct net *net, const struct net_line *line);
/** The customer's machine gets another address: what it had open is dead. */
bool net_move_customer(struct net *net, int to);
void net_down(struct net *net);
/** In a process that was just forked: it ends with its parent, and is in that machine from now on. False: it cannot. */
bool net_enter(enum net_machine machine);
/** The same, and a socket there; the process exits when it cannot be had. */
int net_enter_socket(enum net_machine machine, int type);

#endif
