/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/pulse.h - is the connection still one? A line that is gone says nothing, so silence is asked about.
 *
 * While messages come and go (a pair sends a heartbeat a second) a second of silence is answered by a ping, and nearly
 * three without a word mean that the line is dead: waiting for TCP to give up would take minutes. A connection on which
 * nobody talks is asked now and then only. An address that this machine no longer has (Wi-Fi to mobile) is found at the
 * next look: nothing will ever come to it again. And a machine that slept finds a connection that may be whole, with
 * nobody at the other end who still waits for it: a new one is there sooner than that is found out.
 */
#ifndef PROTO_HOST_PULSE_H
#define PROTO_HOST_PULSE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    HOST_PULSE_LOOK_MS = 400,
    HOST_PULSE_ASK_MS = 1000,
    HOST_PULSE_DEAD_MS = 2800,
    HOST_PULSE_TALK_MS = 20000,     /* after the last message the connection is an idle one … */
    HOST_PULSE_IDLE_ASK_MS = 15000, /* … which is asked this often … */
    HOST_PULSE_IDLE_DEAD_MS = 25000,
    HOST_PULSE_SLEPT_MS = 8000, /* the other end closes the pair after PROTO_SILENT_MS without a heartbeat */
};

struct host_pulse {
    int64_t heard_ms; /* anything */
    int64_t talk_ms;  /* a message */
    int64_t asked_ms;
    int64_t looked_ms; /* of the clock that goes on while the machine sleeps */
};

enum host_pulse_verdict { HOST_PULSE_FINE, HOST_PULSE_ASK, HOST_PULSE_SILENT, HOST_PULSE_MOVED, HOST_PULSE_SLEPT };

/** `boot_ms` here and below: CLOCK_BOOTTIME; all others are the owner's monotonic clock. */
void host_pulse_init(struct host_pulse *pulse, int64_t now_ms, int64_t boot_ms);
void host_pulse_heard(struct host_pulse *pulse, bool message, int64_t now_ms);
/** `fd` is the connected socket. Look again at host_pulse_next_ms(). */
enum host_pulse_verdict host_pulse_look(struct host_pulse *pulse, int fd, int64_t now_ms, int64_t boot_ms);
int64_t host_pulse_next_ms(const struct host_pulse *pulse, int64_t now_ms);

#endif
