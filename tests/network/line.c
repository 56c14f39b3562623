/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/network/line.h"

#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MAX = 2048, SAMPLE_NS = 10 * 1000 * 1000, BATCH = 64, QUIET_NS = 100 * 1000 * 1000 };

struct frame {
    struct frame *next;
    int64_t due_ns;
    int len;
    uint8_t bytes[FRAME_MAX];
};

struct row {
    struct frame *first, **last;
};

/* One direction: first the bottleneck with its queue, then the delay. */
struct way {
    int in, out;
    struct row queue, flying;
    struct frame *at_bottleneck;
    int64_t free_ns; /* when the bottleneck is free again */
    long bytes;
    uint64_t carried_bytes;
};

static uint64_t state;

static double draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}

static int64_t clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void put(struct row *row, struct frame *frame)
{
    frame->next = NULL;
    *row->last = frame;
    row->last = &frame->next;
}

static struct frame *take(struct row *row)
{
    struct frame *frame = row->first;

    if (frame && !(row->first = frame->next))
        row->last = &row->first;
    return frame;
}

static int open_device(const char *name)
{
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)), on = 1, bytes = 8 << 20;

    at.sll_ifindex = (int)if_nametoindex(name);
    if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at))
        return -1;
    (void)setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes);
    return fd;
}

/* Moves on what is due; returns when to look again. */
static int64_t serve(struct way *way, const struct net_line *line, struct net_watch *watch, int64_t now)
{
    int64_t next = now + QUIET_NS;

    for (;;) {
        struct frame *f = way->at_bottleneck;
        if (f && way->free_ns > now) {
            next = way->free_ns;
            break;
        }
        if (f) {
            way->bytes -= f->len;
            way->carried_bytes += (uint64_t)f->len;
            f->due_ns = way->free_ns + (int64_t)(line->delay_ms * 1e6);
            way->at_bottleneck = NULL;
            if (line->dead || draw() * 100 < line->loss_percent) {
                watch->lost++;
                free(f);
            } else {
                put(&way->flying, f);
            }
        }
        if (!(f = take(&way->queue)))
            break;
        if (f->due_ns > way->free_ns)
            way->free_ns = f->due_ns; /* it came while nothing was on the way */
        way->free_ns += line->bps > 0 ? (int64_t)(f->len * 8e9 / line->bps) : 0;
        way->at_bottleneck = f;
    }
    while (way->flying.first && way->flying.first->due_ns <= now) {
        struct frame *f = take(&way->flying);
        (void)!send(way->out, f->bytes, (size_t)f->len, 0);
        free(f);
    }
    return way->flying.first && way->flying.first->due_ns < next ? way->flying.first->due_ns : next;
}

static void receive(struct way *way, const struct net_line *line, struct net_watch *watch)
{
    for (int i = 0; i < BATCH; i++) {
        struct frame *f = malloc(sizeof *f);
        ssize_t len = f ? recv(way->in, f->bytes, sizeof f->bytes, MSG_DONTWAIT | MSG_TRUNC) : -1;

        if (len <= 0 || len > FRAME_MAX) {
            if (len > FRAME_MAX)
                fprintf(stderr, "line: a frame of %zd bytes: an offload is on\n", len);
            free(f);
            if (len <= 0)
                return;
            continue;
        }
        if (line->bps > 0 && way->bytes + len > line->queue_bytes) {
            watch->tail_dropped++;
            free(f);
            continue;
        }
        f->len = (int)len;
        f->due_ns = clock_ns();
        way->bytes += len;
        put(&way->queue, f);
    }
}

static void sample(const struct way *way, const struct net_line *line, struct net_watch *watch)
{
    double ms = line->bps > 0 ? (double)way->bytes * 8000 / line->bps : 0;

    watch->queue_ms[watch->samples % NET_SAMPLES] = ms > 65535 ? 65535 : (uint16_t)ms;
    __atomic_add_fetch(&watch->samples, 1, __ATOMIC_RELEASE);
}

int line_run(struct net_watch *watch, uint64_t seed)
{
    struct sched_param urgent = {.sched_priority = 10};
    struct way ways[2] = {{0}};
    int64_t sample_ns = clock_ns();

    (void)sched_setscheduler(0, SCHED_FIFO, &urgent);
    state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    if (!net_enter(NET_LINE) || (ways[0].in = open_device(LINE_LEFT)) < 0 ||
        (ways[1].in = open_device(LINE_RIGHT)) < 0) {
        perror("line");
        return 1;
    }
    ways[0].out = ways[1].in;
    ways[1].out = ways[0].in;
    for (int i = 0; i < 2; i++) {
        ways[i].queue.last = &ways[i].queue.first;
        ways[i].flying.last = &ways[i].flying.first;
    }
    for (;;) {
        struct net_line line = watch->now;
        int64_t now = clock_ns(), next = sample_ns + SAMPLE_NS;
        for (int i = 0; i < 2; i++) {
            int64_t due = serve(&ways[i], &line, watch, now);
            next = due < next ? due : next;
        }
        watch->carried_bytes = ways[0].carried_bytes;
        for (; sample_ns + SAMPLE_NS <= now; sample_ns += SAMPLE_NS)
            sample(&ways[0], &line, watch);
        int64_t wait = next - clock_ns();
        struct timespec pause = {.tv_nsec = wait > 0 ? wait : 0};
        struct pollfd fds[2] = {{ways[0].in, POLLIN, 0}, {ways[1].in, POLLIN, 0}};
        if (ppoll(fds, 2, &pause, NULL) > 0)
            for (int i = 0; i < 2; i++)
                if (fds[i].revents)
                    receive(&ways[i], &line, watch);
        watch->tick_ms = clock_ns() / 1000000;
    }
}

/* ---- offloads ---- */

static int switch_off(const char *device)
{
    static const uint32_t offloads[] = {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO, ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), failed = 0;

    for (size_t i = 0; i < sizeof offloads / sizeof *offloads; i++) {
        struct ethtool_value value = {.cmd = offloads[i]};
        struct ifreq request = {0};
        snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
        request.ifr_data = (void *)&value;
        if (ioctl(fd, SIOCETHTOOL, &request) && offloads[i] == ETHTOOL_STXCSUM)
            failed = 1; /* frames without checksums would not survive the line */
    }
    close(fd);
    return failed;
}

bool line_plain_frames(enum net_machine machine, const char *device)
{
    int status = 1;
    pid_t child = fork();

    if (child == 0)
        _exit(net_enter(machine) ? switch_off(device) : 1);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}
