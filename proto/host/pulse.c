/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/pulse.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

void host_pulse_init(struct host_pulse *pulse, int64_t now_ms, int64_t boot_ms)
{
    *pulse = (struct host_pulse){now_ms, now_ms, now_ms, boot_ms};
}

void host_pulse_heard(struct host_pulse *pulse, bool message, int64_t now_ms)
{
    pulse->heard_ms = now_ms;
    if (message)
        pulse->talk_ms = now_ms;
}

/* An address can be bound to exactly as long as this machine has it. */
static bool address_is_gone(int fd)
{
    struct sockaddr_storage own = {0};
    socklen_t len = sizeof own;

    if (getsockname(fd, (struct sockaddr *)&own, &len) != 0)
        return false;
    if (own.ss_family == AF_INET)
        ((struct sockaddr_in *)&own)->sin_port = 0;
    else if (own.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&own)->sin6_port = 0;
    else
        return false;
    int probe = socket(own.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return false;
    bool gone = bind(probe, (struct sockaddr *)&own, len) != 0 && errno == EADDRNOTAVAIL;
    close(probe);
    return gone;
}

static bool is_idle(const struct host_pulse *pulse, int64_t now_ms)
{
    return now_ms >= pulse->talk_ms + HOST_PULSE_TALK_MS;
}

enum host_pulse_verdict host_pulse_look(struct host_pulse *pulse, int fd, int64_t now_ms, int64_t boot_ms)
{
    bool idle = is_idle(pulse, now_ms), slept = boot_ms >= pulse->looked_ms + HOST_PULSE_SLEPT_MS;
    int64_t silent = now_ms - pulse->heard_ms, ask = idle ? HOST_PULSE_IDLE_ASK_MS : HOST_PULSE_ASK_MS;

    pulse->looked_ms = boot_ms;
    if (slept)
        return HOST_PULSE_SLEPT;
    if (silent >= (idle ? HOST_PULSE_IDLE_DEAD_MS : HOST_PULSE_DEAD_MS) && pulse->asked_ms >= pulse->heard_ms)
        return HOST_PULSE_SILENT;
    if (address_is_gone(fd))
        return HOST_PULSE_MOVED;
    if (silent < ask || now_ms < pulse->asked_ms + ask)
        return HOST_PULSE_FINE;
    pulse->asked_ms = now_ms;
    return HOST_PULSE_ASK;
}

int64_t host_pulse_next_ms(const struct host_pulse *pulse, int64_t now_ms)
{
    return now_ms + (is_idle(pulse, now_ms) ? 5 * HOST_PULSE_LOOK_MS : HOST_PULSE_LOOK_MS);
}
