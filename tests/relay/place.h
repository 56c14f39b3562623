/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/relay/place.h - a real relay in a folder of its own, with a real organisation, for tests of the whole program.
 */
#ifndef TESTS_RELAY_PLACE_H
#define TESTS_RELAY_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct place {
    char dir[64]; /* the organisation's folder, removed by place_clear() */
    pid_t relay;  /* 0: not running */
    bool listens; /* what a relay that is started from now on says on stderr goes to D/said (place_said) */
    char public_url[128], staff_url[128];
    unsigned public_port, staff_port, http_port, plain_port, metrics_port; /* 0: there is none */
};

/** A new organisation with a relay for localhost, staff.localhost and 127.0.0.1, and the agents anna and bert. */
void place_init(struct place *place);
void place_clear(struct place *place);                               /* ends the relay too */
const char *place_path(const struct place *place, const char *name); /* D/name; one of eight static buffers */
void place_write(const struct place *place, const char *name, const void *bytes, size_t len);

/** Starts handhold-relay on ports of its own and waits for its ready line. `more`: arguments, ended by NULL; may be
 * NULL. */
void place_start(struct place *place, const char *const *more);
/** On the same ports as before. */
void place_restart(struct place *place);
/** Sends the signal, waits for the end, returns the exit code (or 128 + signal). */
int place_stop(struct place *place, int signal);
/** All that relays have said so far; valid until the next call. */
const char *place_said(const struct place *place);
void place_forget_said(const struct place *place);
/** Whether what a relay started (the one that takes over) is ours once that relay has gone; and then which it is. */
void place_inherit(bool whether);
pid_t place_heir(void);
bool place_has_heir(void);

#define PLACE_OUTPUT_BYTES 65536
/** Runs a program of HANDHOLD_BIN to its end; its stdout and stderr together are in `output`. Arguments end with NULL.
 */
int place_run(char output[static PLACE_OUTPUT_BYTES], const char *program, const char *const *arguments);
/** handhold-relay on this folder with port 0, --allow-private-keys and `more`, which is expected to end by itself. */
int place_run_relay(const struct place *place, char output[static PLACE_OUTPUT_BYTES], const char *const *more);

/** By its metrics: has it refused somebody by this bound? */
bool place_has_counted(const struct place *place, const char *bound);
/** One TCP connection to `port` of 127.0.0.1, and nothing else. */
int place_knock(unsigned port);
/** The same to another address of this machine. */
int place_knock_at(const char *address, unsigned port);
/**
 * One TLS connection to `port` of 127.0.0.1: sends `request`, reads until the relay closes it or `until` has come.
 * `sni` NULL: none. `identity` NULL: no client certificate, else D/staff/identity.crt. Returns the length of the reply
 * (NUL-terminated); -1 when TLS was refused.
 */
int place_talk(const struct place *place, unsigned port, const char *sni, const char *identity, const void *request,
               size_t len, const char *until, char reply[static PLACE_OUTPUT_BYTES]);
/** The same, with `before` said in front of TLS. `ca` NULL: the organisation's root. */
int place_talk_behind(const struct place *place, unsigned port, const void *before, size_t before_len, const char *ca,
                      const char *sni, const void *request, size_t len, char reply[static PLACE_OUTPUT_BYTES]);
/** The same without TLS, until the relay closes it; -1 when it did so without an answer. */
int place_talk_plain(unsigned port, const char *request, char reply[static PLACE_OUTPUT_BYTES]);

#endif
