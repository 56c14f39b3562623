/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/tcp.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum {
    NOTSENT_BYTES = 16 * 1024, /* what the kernel may hold unsent: a picture must not grow old in there */
    DEAD_LINE_MS = 20000,      /* sent bytes that nobody acknowledges */
};

static const char wanted[] = "bbr", other[] = "reno"; /* reno is in every kernel, and open to everybody */

static bool choose(int fd, const char *name, size_t size)
{
    return setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)(size - 1)) == 0;
}

void host_tcp_live(int fd, int unsent_bytes)
{
    const struct option {
        int level, name, value;
    } options[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},
        {IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_bytes},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, DEAD_LINE_MS},
        {SOL_SOCKET, SO_KEEPALIVE, 1},
    };

    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        (void)setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value);
}

void host_tcp_tune(struct host_tcp *tcp, int fd, int64_t now_ms)
{
    host_tcp_live(fd, NOTSENT_BYTES);
    /* One who may not choose BBR has nothing to freshen. */
    tcp->chosen_ms = choose(fd, wanted, sizeof wanted) ? now_ms : INT64_MAX - HOST_TCP_FRESH_MS;
}

void host_tcp_freshen(struct host_tcp *tcp, int fd, int64_t now_ms)
{
    struct tcp_info info;
    socklen_t len = sizeof info;

    if (now_ms < tcp->chosen_ms + HOST_TCP_FRESH_MS)
        return;
    /* In the middle of a recovery it keeps what it knows of it. */
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) || info.tcpi_ca_state != TCP_CA_Open)
        return;
    if (choose(fd, other, sizeof other))
        (void)choose(fd, wanted, sizeof wanted);
    tcp->chosen_ms = now_ms;
}
