/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that never wait for longer than they may, and that stop when somebody says so. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client/checks/inside.h"

int64_t check_mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static double mono_fine_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

bool check_wait(struct check_run *run, int fd, short events, int64_t until_ms)
{
    struct pollfd fds[] = {{fd, events, 0}, {run->cancel_fd, POLLIN, 0}};

    until_ms = proto_earlier(until_ms, run->deadline_ms);
    for (;;) {
        int64_t left = until_ms - check_mono_ms();
        int n = poll(fds, 2, left < 0 ? 0 : (int)left);

        if (n > 0 && fds[1].revents) {
            run->cancelled = true;
            return false;
        }
        if (n > 0)
            return fds[0].revents != 0;
        if (n == 0 || errno != EINTR)
            return false;
    }
}

/* ---- names and addresses ---- */

static bool take_port(const char *text, unsigned *port)
{
    char *end;
    unsigned long number = strtoul(text, &end, 10);

    *port = (unsigned)number;
    return end != text && !*end && number > 0 && number < 65536 && strspn(text, "0123456789") == strlen(text);
}

bool check_split(const char *target, unsigned default_port, char host[static 129], unsigned *port)
{
    const char *colon = strrchr(target, ':'), *end = strchr(target, ']');
    size_t len = strlen(target);

    *port = default_port;
    if (*target == '[') {
        if (!end || (end[1] && (end[1] != ':' || !take_port(end + 2, port))))
            return false;
        len = (size_t)(end - ++target);
    } else if (colon && strchr(target, ':') == colon) {
        if (!take_port(colon + 1, port))
            return false;
        len = (size_t)(colon - target);
    }
    if (!len || len > 128)
        return false;
    memcpy(host, target, len);
    host[len] = '\0';
    return *port && strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%") == len;
}

static bool from_figures(const char *host, unsigned port, struct check_address *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *)&out->address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)&out->address;
    const char *scope = strchr(host, '%');
    char figures[INET6_ADDRSTRLEN];

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, host, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        out->len = sizeof *four;
        return true;
    }
    snprintf(figures, sizeof figures, "%.*s", (int)strcspn(host, "%"), host);
    if (inet_pton(AF_INET6, figures, &six->sin6_addr) == 1) {
        six->sin6_scope_id = scope ? if_nametoindex(scope + 1) : 0; /* fe80::1%eth0: of this interface */
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)port);
        out->len = sizeof *six;
        return true;
    }
    return false;
}

static void set_port(struct check_address *to, unsigned port)
{
    if (to->address.ss_family == AF_INET)
        ((struct sockaddr_in *)&to->address)->sin_port = htons((uint16_t)port);
    else
        ((struct sockaddr_in6 *)&to->address)->sin6_port = htons((uint16_t)port);
}

bool check_resolve(struct check_run *run, const char *host, unsigned port, int family, struct check_address *out,
                   const char **why)
{
    if (run->pinned.len && !strcmp(host, run->pinned_host)) {
        *out = run->pinned;
        set_port(out, port);
        return true;
    }
    *why = "its name does not resolve";
    if (!strcmp(host, "localhost"))
        host = family == AF_INET6 ? "::1" : "127.0.0.1";
    if (from_figures(host, port, out))
        return true;
    for (size_t i = 0; i < run->facts.server_count && !run->cancelled; i++)
        for (int v6 = 0; v6 < 2; v6++) {
            int want = v6 ? AF_INET6 : AF_INET;

            if ((family && family != want) ||
                check_dns_ask(run, run->facts.servers[i], host, want, out, check_mono_ms() + 1500) != CHECK_DNS_OK)
                continue;
            set_port(out, port);
            return true;
        }
    if (!run->facts.server_count)
        *why = "there is no name server to ask for its name";
    return false;
}

bool check_is_local(const struct check_address *to)
{
    const struct in6_addr *six = &((const struct sockaddr_in6 *)(const void *)&to->address)->sin6_addr;

    if (to->address.ss_family == AF_INET) {
        uint32_t a = ntohl(((const struct sockaddr_in *)(const void *)&to->address)->sin_addr.s_addr);

        return a >> 24 == 10 || a >> 24 == 127 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe;
    }
    return IN6_IS_ADDR_LINKLOCAL(six) || IN6_IS_ADDR_LOOPBACK(six) || (six->s6_addr[0] & 0xfe) == 0xfc;
}

/* ---- streams and datagrams ---- */

int check_dial(struct check_run *run, const struct check_address *to, int64_t until_ms, int *error)
{
    int fd = socket(to->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    socklen_t len = sizeof *error;

    *error = 0;
    if (fd < 0 || (connect(fd, (const struct sockaddr *)&to->address, to->len) && errno != EINPROGRESS))
        *error = errno;
    else if (!check_wait(run, fd, POLLOUT, until_ms))
        *error = run->cancelled ? ECANCELED : ETIMEDOUT;
    else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, error, &len))
        *error = errno;
    if (*error && fd >= 0)
        close(fd);
    return *error ? -1 : fd;
}

ssize_t check_exchange(struct check_run *run, const struct check_address *to, const void *ask, size_t ask_len,
                       void *answer, size_t room, int64_t until_ms)
{
    int fd = socket(to->address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ssize_t got = -1;

    if (fd >= 0 && !connect(fd, (const struct sockaddr *)&to->address, to->len) &&
        send(fd, ask, ask_len, 0) == (ssize_t)ask_len && check_wait(run, fd, POLLIN, until_ms))
        got = recv(fd, answer, room, 0);
    if (fd >= 0)
        close(fd);
    return got;
}

/* An unprivileged echo socket (Linux: net.ipv4.ping_group_range); the kernel fills in the identifier and checks it. */
double check_ping(struct check_run *run, const struct check_address *to, int64_t until_ms)
{
    bool six = to->address.ss_family == AF_INET6;
    struct icmphdr ask = {.type = six ? 128 : ICMP_ECHO, .un.echo.sequence = htons(1)};
    int fd = socket(to->address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    six ? (int)IPPROTO_ICMPV6 : (int)IPPROTO_ICMP);
    double begun = mono_fine_ms(), trip = -1;
    uint8_t answer[256];

    if (fd < 0)
        return errno == EACCES || errno == EPERM || errno == EPROTONOSUPPORT ? -2 : -1;
    if (!connect(fd, (const struct sockaddr *)&to->address, to->len) &&
        send(fd, &ask, sizeof ask, 0) == (ssize_t)sizeof ask && check_wait(run, fd, POLLIN, until_ms) &&
        recv(fd, answer, sizeof answer, 0) > 0)
        trip = mono_fine_ms() - begun;
    close(fd);
    return trip;
}
