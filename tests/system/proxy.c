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
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { PAIRS_MAX = 32, LOOK_MS = 5, TLS_HEADER = 5, TLS_DATA = 23 };

/* What the process is told, and tells. */
struct proxy_wish {
    _Atomic int mode;
    _Atomic unsigned turn, done; /* rises with each wish; the last that was obeyed */
    _Atomic unsigned cut_behind, carried;
    _Atomic unsigned taken, turned_away;
    _Atomic size_t bytes_left; /* to carry, and then it holds; 0: without end */
};

/* Where in the TLS records of one direction we are (RFC 8446 §5.1: type, version, length, and so many bytes). */
struct records {
    unsigned char header[TLS_HEADER];
    size_t got, left;
};

struct pairs {
    struct pollfd ends[1 + 2 * PAIRS_MAX]; /* 0: who listens; then two by two, the end and the relay */
    struct records records[1 + 2 * PAIRS_MAX];
    nfds_t count;
    struct proxy_wish *wish;
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
    bool away = p->wish->mode == PROXY_AWAY;
    int near = accept(p->ends[0].fd, NULL, NULL), far = near >= 0 && !away ? dial(port) : -1;

    p->wish->turned_away += away;
    p->wish->taken++;
    if (far < 0 || p->count + 2 > 1 + 2 * PAIRS_MAX) {
        close(near);
        close(far);
        return;
    }
    for (int i = 0; i < 2; i++) {
        p->records[p->count] = (struct records){{0}, 0, 0};
        p->ends[p->count++] = (struct pollfd){.fd = i ? far : near, .events = POLLIN};
    }
}

/* How many of `len` bytes may pass: up to the end of the record behind which it is to be cut. */
static size_t count_records(struct pairs *p, struct records *r, const unsigned char *bytes, size_t len, bool *cut)
{
    size_t at = 0;

    while (at < len) {
        if (r->left) {
            size_t part = r->left < len - at ? r->left : len - at;
            r->left -= part;
            at += part;
            if (r->left || r->header[0] != TLS_DATA || ++p->wish->carried != p->wish->cut_behind)
                continue;
            *cut = true;
            return at;
        }
        r->header[r->got++] = bytes[at++];
        if (r->got < TLS_HEADER)
            continue;
        r->left = (size_t)r->header[3] << 8 | r->header[4];
        r->got = 0;
    }
    return at;
}

static void cut_all(struct pairs *p)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};

    for (nfds_t i = 1; i < p->count; i++) {
        (void)setsockopt(p->ends[i].fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(p->ends[i].fd);
    }
    p->count = 1;
}

/* false: this pair is over. */
static bool carry(struct pairs *p, nfds_t near, nfds_t far)
{
    unsigned char bytes[65536];
    int from = p->ends[near].fd, to = p->ends[far].fd;
    size_t may = p->wish->bytes_left, most = may && may < sizeof bytes ? may : sizeof bytes;
    ssize_t n = read(from, bytes, most), sent = 0;
    bool cut = false;

    if (n > 0)
        n = (ssize_t)count_records(p, &p->records[near], bytes, (size_t)n, &cut);

    while (n > sent) {
        ssize_t more = write(to, bytes + sent, (size_t)(n - sent));

        if (more <= 0)
            return false;
        sent += more;
    }
    if (n > 0 && may)
        p->wish->bytes_left = may - (size_t)n;
    if (n > 0 && may == (size_t)n)
        p->wish->mode = PROXY_HOLDS;
    return n > 0 && !cut;
}

static void drop(struct pairs *p, nfds_t first)
{
    for (nfds_t i = 0; i < 2; i++) {
        close(p->ends[first + i].fd);
        p->ends[first + i] = p->ends[p->count - 2 + i];
        p->records[first + i] = p->records[p->count - 2 + i];
    }
    p->count -= 2;
}

/* Takes a new wish; what it holds is not even looked at. */
static void obey(struct pairs *p)
{
    unsigned turn = p->wish->turn;
    int mode = p->wish->mode;

    for (nfds_t i = 1; i < p->count; i++)
        p->ends[i].events = mode == PROXY_HOLDS || mode == (i % 2 ? PROXY_HOLDS_THERE : PROXY_HOLDS_BACK)
                                ? 0
                                : POLLIN; /* even: the relay's side */
    if (mode == PROXY_CUTS || mode == PROXY_AWAY)
        cut_all(p);
    if (mode == PROXY_CUTS)
        p->wish->mode = PROXY_CARRIES;
    p->wish->done = turn;
}

static bool may_carry(const struct pairs *p, nfds_t i)
{
    return p->ends[i].events && p->ends[i].revents && p->wish->mode != PROXY_HOLDS;
}

static void run(int listening, unsigned port, struct proxy_wish *wish)
{
    struct pairs p = {.ends = {{.fd = listening, .events = POLLIN}}, .count = 1, .wish = wish};

    while (poll(p.ends, p.count, LOOK_MS) >= 0) {
        obey(&p);
        for (nfds_t i = p.count - 1; i >= 1; i--) {
            nfds_t first = i % 2 ? i : i - 1, other = i % 2 ? i + 1 : i - 1;

            if (i >= p.count || !may_carry(&p, i) || carry(&p, i, other))
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
    proxy->wish = mmap(NULL, sizeof *proxy->wish, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(proxy->wish != MAP_FAILED);
}

void proxy_start(struct proxy *proxy, unsigned port)
{
    proxy->pid = fork();
    assert_true(proxy->pid >= 0);
    if (proxy->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGPIPE, SIG_IGN);
        run(proxy->listening, port, proxy->wish);
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

void proxy_set(const struct proxy *proxy, enum proxy_mode mode)
{
    proxy->wish->taken = proxy->wish->turned_away = 0;
    proxy->wish->bytes_left = 0;
    proxy->wish->mode = (int)mode;
    proxy->wish->turn++;
    while (proxy->wish->done != proxy->wish->turn)
        (void)poll(NULL, 0, LOOK_MS);
}

void proxy_hold_behind(const struct proxy *proxy, size_t bytes)
{
    proxy->wish->bytes_left = bytes;
}

bool proxy_holds(const struct proxy *proxy)
{
    return proxy->wish->mode == PROXY_HOLDS;
}

unsigned proxy_taken(const struct proxy *proxy)
{
    return proxy->wish->taken;
}

unsigned proxy_turned_away(const struct proxy *proxy)
{
    return proxy->wish->turned_away;
}

void proxy_cut_behind(const struct proxy *proxy, unsigned pieces)
{
    proxy->wish->carried = 0;
    proxy->wish->cut_behind = pieces;
}

void proxy_close(struct proxy *proxy)
{
    if (proxy->pid > 0) {
        kill(proxy->pid, SIGKILL);
        waitpid(proxy->pid, NULL, 0);
    }
    close(proxy->listening);
    munmap(proxy->wish, sizeof *proxy->wish);
    *proxy = (struct proxy){.listening = -1};
}
