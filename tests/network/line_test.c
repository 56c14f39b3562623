/* SPDX-License-Identifier: Apache-2.0 */
/* The spoilt line does what it says: only then do the figures of bench_line mean anything. */
#include "tests/proto/test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/network/net.h"

enum { PORT = 9999, PACKET = 1000, PACKETS = 100, HEADERS = 42 };

/* What the two ends found out; shared with them. */
struct found {
    volatile int ready, received;
    volatile int64_t first_ms, last_ms, sent_ms;
};

static struct net net;
static struct found *found;
static pid_t receiver;

static int64_t mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct sockaddr_in relay(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(PORT)};

    inet_pton(AF_INET, NET_PUBLIC, &at.sin_addr);
    return at;
}

static void receive(void)
{
    struct sockaddr_in at = relay();
    char bytes[2048];

    int fd = net_enter(NET_RELAY, SOCK_DGRAM);
    if (bind(fd, (struct sockaddr *)&at, sizeof at))
        _exit(1);
    for (found->ready = 1; recv(fd, bytes, sizeof bytes, 0) > 0; found->received++) {
        found->last_ms = mono_ms();
        if (!found->received)
            found->first_ms = found->last_ms;
    }
    _exit(0);
}

/* All at once from the customer's machine; one before them, alone, so that addresses are known. */
static void send_packets(int count)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        static const char bytes[PACKET];
        struct sockaddr_in at = relay();
        int fd = net_enter(NET_CUSTOMER, SOCK_DGRAM), room = 1 << 20;
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
        found->sent_ms = mono_ms();
        for (int i = 0; i < count; i++)
            (void)!sendto(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&at, sizeof at);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Until nothing has come for a while. */
static void settle(void)
{
    int before;

    do {
        before = found->received;
        (void)poll(NULL, 0, 700);
    } while (found->received != before);
}

static void spoil(const struct net_line *line)
{
    net_set(&net, line);
    (void)poll(NULL, 0, 200); /* the line's program looks at least that often */
    found->received = 0;
}

static int set_up(void **state)
{
    static const struct net_line free_line = {.queue_bytes = 1 << 20};

    (void)state;
    if (net_cannot())
        return 0;
    found = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (found == MAP_FAILED || !net_up(&net, &free_line, 7))
        return -1;
    receiver = fork();
    if (receiver == 0)
        receive();
    for (int i = 0; i < 100 && !found->ready; i++)
        (void)poll(NULL, 0, 50);
    send_packets(1);
    settle();
    return found->received == 1 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    if (receiver > 0) {
        kill(receiver, SIGKILL);
        waitpid(receiver, NULL, 0);
    }
    net_down(&net);
    return 0;
}

static void skip_where_it_cannot_be(void)
{
    if (!net_cannot())
        return;
    print_message("skipped: %s\n", net_cannot());
    skip();
}

static void a_rate_and_a_delay_are_kept(void **state)
{
    (void)state;
    skip_where_it_cannot_be();
    spoil(&(struct net_line){.bps = 1e6, .delay_ms = 80, .queue_bytes = 1 << 20});
    send_packets(PACKETS);
    settle();
    assert_int_equal(found->received, PACKETS);
    assert_in_range(found->first_ms - found->sent_ms, 80, 2000); /* a busy machine is late, never early */
    /* from the first to the last, at the line's rate: 99 frames of 1042 bytes are 825 ms */
    assert_in_range(found->last_ms - found->first_ms, (PACKETS - 1) * (PACKET + HEADERS) * 8 / 1000 - 60,
                    (PACKETS - 1) * (PACKET + HEADERS) * 8 / 1000 + 3000);
}

static void what_the_queue_does_not_hold_is_dropped(void **state)
{
    (void)state;
    skip_where_it_cannot_be();
    spoil(&(struct net_line){.bps = 1e6, .queue_bytes = 20 * (PACKET + HEADERS)});
    send_packets(PACKETS);
    settle();
    assert_in_range(found->received, 20, 35);
}

static void packets_are_lost_at_random(void **state)
{
    (void)state;
    skip_where_it_cannot_be();
    spoil(&(struct net_line){.bps = 1e8, .loss_percent = 20, .queue_bytes = 1 << 20});
    for (int i = 0; i < 5; i++)
        send_packets(PACKETS);
    settle();
    assert_in_range(found->received, 330, 450);
}

static void a_dead_line_carries_nothing_and_a_live_one_again(void **state)
{
    (void)state;
    skip_where_it_cannot_be();
    spoil(&(struct net_line){.bps = 1e8, .queue_bytes = 1 << 20, .dead = true});
    send_packets(PACKETS);
    settle();
    assert_int_equal(found->received, 0);
    spoil(&(struct net_line){.bps = 1e8, .queue_bytes = 1 << 20});
    send_packets(PACKETS);
    settle();
    assert_int_equal(found->received, PACKETS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_and_a_delay_are_kept),
        cmocka_unit_test(what_the_queue_does_not_hold_is_dropped),
        cmocka_unit_test(packets_are_lost_at_random),
        cmocka_unit_test(a_dead_line_carries_nothing_and_a_live_one_again),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
