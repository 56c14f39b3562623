/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/tcp.h - a socket that carries a live picture: what its kernel is told.
 *
 * BBR, where the kernel has it: paced by what was delivered and not halved by each packet that is lost, it carries
 * twice as much at 2 % (elsewhere the kernel's own choice stands). But every ten seconds it sends next to nothing for
 * 200 ms, to measure the empty line (draft-ietf-ccwg-bbr, ProbeRTT), and a stream with a voice in it is never idle
 * enough to be spared: each time the picture stands still and the voice breaks. The kernel has no switch for it, but
 * begins its count anew when the congestion control is chosen again. What BBR forgets by that is little: it keeps its
 * window, and how much may wait on the way is bounded above it (proto/media/send.h), by delay, far more tightly.
 *
 * No errors: a kernel that does not know an option goes on without it.
 */
#ifndef PROTO_HOST_TCP_H
#define PROTO_HOST_TCP_H

#include <stdint.h>

enum { HOST_TCP_FRESH_MS = 4000 };

struct host_tcp {
    int64_t chosen_ms; /* when the congestion control was chosen last */
};

/** Nothing waits to be sent together, `unsent_bytes` at most wait in the kernel, and a dead line is found. */
void host_tcp_live(int fd, int unsent_bytes);
/** The same and BBR, for an end that sends pictures. Once, when `fd` is connected. */
void host_tcp_tune(struct host_tcp *tcp, int fd, int64_t now_ms);
/** Now and then, at least each HOST_TCP_FRESH_MS, while something is being sent. */
void host_tcp_freshen(struct host_tcp *tcp, int fd, int64_t now_ms);

#endif
