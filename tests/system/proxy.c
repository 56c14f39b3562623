/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/system/proxy.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAIRS_MAX = 32 };

struct pairs {
    struct pollfd ends[1 + 2 * PAIRS_MAX]; /* 0: who listens; then two by two */
    nfds_t count;
};

static int dial(unsigned port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0)
        return fd;
    close(fd);
    return -1;
}

static void take(struct pairs *p, unsigned port)
{
    int near = accept(p->ends[0].fd, NULL, NULL), far = near >= 0 ? dial(port) : -1;

    if (far < 0 || p->count + 2 > 1 + 2 * PAIRS_MAX) {
        close(near);
        close(far);
        return;
    }
    p->ends[p->count++] = (struct pollfd){.fd = near, .events = POLLIN};
    p->ends[p->count++] = (struct pollfd){.fd = far, .events = POLLIN};
}

/* false: this pair is over. */
static bool carry(int from, int to)
{
    char bytes[65536];
    ssize_t n = read(from, bytes, sizeof bytes), sent = 0;

    while (n > sent) {
        ssize_t more = write(to, bytes + sent, (size_t)(n - sent));

        if (more <= 0)
            return false;
        sent += more;
    }
    return n > 0;
}

static void drop(struct pairs *p, nfds_t first)
{
    close(p->ends[first].fd);
    close(p->ends[first + 1].fd);
    p->ends[first] = p->ends[p->count - 2];
    p->ends[first + 1] = p->ends[p->count - 1];
    p->count -= 2;
}

static void run(int listening, unsigned port)
{
    struct pairs p = {.ends = {{.fd = listening, .events = POLLIN}}, .count = 1};

    while (poll(p.ends, p.count, -1) >= 0) {
        for (nfds_t i = p.count - 1; i >= 1; i--) {
            nfds_t first = i % 2 ? i : i - 1, other = i % 2 ? i + 1 : i - 1;

            if (i >= p.count || !p.ends[i].revents || carry(p.ends[i].fd, p.ends[other].fd))
                continue;
            drop(&p, first);
            break; /* the others are still ready next time */
        }
        if (p.ends[0].revents)
            take(&p, port);
    }
}

void proxy_open(struct proxy *proxy)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    *proxy = (struct proxy){.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(proxy->listening >= 0);
    assert_int_equal(bind(proxy->listening, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(proxy->listening, 16), 0);
    assert_int_equal(getsockname(proxy->listening, (struct sockaddr *)&at, &len), 0);
    proxy->port = ntohs(at.sin_port);
}

void proxy_start(struct proxy *proxy, unsigned port)
{
    proxy->pid = fork();
    assert_true(proxy->pid >= 0);
    if (proxy->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        run(proxy->listening, port);
        _exit(0);
    }
}

void proxy_freeze(const struct proxy *proxy)
{
    assert_int_equal(kill(proxy->pid, SIGSTOP), 0);
}

void proxy_thaw(const struct proxy *proxy)
{
    assert_int_equal(kill(proxy->pid, SIGCONT), 0);
}

void proxy_close(struct proxy *proxy)
{
    if (proxy->pid > 0) {
        kill(proxy->pid, SIGKILL);
        waitpid(proxy->pid, NULL, 0);
    }
    close(proxy->listening);
    *proxy = (struct proxy){.listening = -1};
}
