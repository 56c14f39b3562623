/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/bench/relay_load.h - many sessions against one relay, and how long each message took.
 *
 * Against a Handhold relay each session is a real one as the relay sees it: staff with their certificate say Hello and
 * open it, a customer joins by its number, the agent names the customer's key, the customer logs a grant, waits for its
 * receipt and signs the gates. What then passes is opaque: the relay cannot tell it from sealed frames. Against a peer
 * that only joins two connections of one path, the same bytes travel.
 *
 * Both ends of every session are in this process, so the time of a message is exact: it carries the moment when it was
 * handed to TLS. Each message is compared with what was sent, in order.
 */
#ifndef TESTS_BENCH_RELAY_LOAD_H
#define TESTS_BENCH_RELAY_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load;

struct load_config {
    uint16_t public_port, staff_port; /* staff_port 0: a peer that joins by path */
    const char *host;                 /* as the certificate has it */
    const char *ca, *identity;        /* files; identity without .crt and .key, for staff */
    unsigned sessions;
};

enum load_kind {
    LOAD_IDLE,
    LOAD_CLOSED, /* `window` messages of `size` in flight in each direction that is used */
    LOAD_PACED,  /* a picture of 1.5 Mbit/s, 30 a second, a key frame each 2 s; voice both ways, 50 a second; control */
    LOAD_EVEN,   /* `rate` messages of `size` a second and session, customer to agent */
};

struct load_pattern {
    enum load_kind kind;
    size_t size;
    unsigned window;
    double rate;
    bool both_ways;
    bool in_vain; /* some of it is to be dropped: what is under way at the end is not waited for, nor told as lost */
    bool awake; /* looks again and again and never sleeps: a relay has nobody to wake, and no arrival waits for that */
};

struct load_figures {
    double seconds;
    uint64_t sent, received, bytes; /* in the measured time */
    uint64_t lost, out_of_order, altered, closed;
    double p50_us, p99_us, p999_us, max_us;
    double late_p99_us; /* how late this program itself was: a figure is worth nothing when it is large */
    double stood;       /* of an awake one: the part of the time in which it stood still; nothing was due meanwhile */
    double spare;       /* of an awake one: the part of the time that had nothing to do; near 0 it can do no more */
};

/** NULL, and `error` says why: not all sessions stand. */
struct load *load_open(const struct load_config *config, char error[static 256]);
void load_close(struct load *load); /* NULL is fine */
/** Sends for `warm_s`, then calls `begin`, measures for `seconds`, calls `end`, and waits for what is under way. */
void load_run(struct load *load, const struct load_pattern *pattern, double warm_s, double seconds,
              void (*begin)(void *context), void (*end)(void *context), void *context, struct load_figures *out);
/** Serves the connections for a while without sending. */
void load_rest(struct load *load, double seconds);
/** Every agent stops reading, or reads again. */
void load_stall(struct load *load, bool stall);

/**
 * TCP, TLS, upgrade and close, `at_once` at a time, for `seconds`; how many were done. With `pile` they stay open until
 * there are as many (a Handhold relay hears no Hello of them); then all are closed.
 */
uint64_t load_handshakes(const struct load_config *config, unsigned at_once, unsigned pile, double seconds,
                         void (*piled)(void *context), void *context);

#endif
