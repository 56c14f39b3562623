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

enum { PORT = 9999, PACKET = 1000, PACKETS = 100, HEADERS = 42, PATIENCE_MS = 40000 };

/* What the two ends found out; shared with them. */
struct found {
    volatile int ready, received;
    volatile int64_t first_ms, last_ms, sent_ms;
};

static struct net net;
static struct found *found;
static pid_t receiver;
static uint64_t sent, gone_before; /* since the line was spoilt last; what it had dropped by then */

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
    int fd = net_enter_socket(NET_RELAY, SOCK_DGRAM), room = 4 << 20;

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room); /* on a busy machine it reads late */
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
        int fd = net_enter_socket(NET_CUSTOMER, SOCK_DGRAM), room = 1 << 20;
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
        found->sent_ms = mono_ms();
        for (int i = 0; i < count; i++)
            (void)!sendto(fd, bytes, sizeof bytes, 0, (struct sockaddr *)&at, sizeof at);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    sent += (uint64_t)count;
}

static uint64_t gone(void)
{
    return net.watch->lost + net.watch->tail_dropped - gone_before;
}

/* Until each packet has come, or the line has dropped it. */
static void settle(void)
{
    int64_t until_ms = mono_ms() + PATIENCE_MS;

    while ((uint64_t)found->received + gone() < sent && mono_ms() < until_ms)
        (void)poll(NULL, 0, 5);
}

/* The line's program has looked at what it shall be twice: the first time it may have been at it already. */
static void spoil(const struct net_line *line)
{
    net_set(&net, line);
    for (int i = 0; i < 2; i++)
        for (int64_t before = net.watch->tick_ms; net.watch->tick_ms == before;)
            (void)poll(NULL, 0, 5);
    found->received = 0;
    sent = 0;
    gone_before = net.watch->lost + net.watch->tail_dropped;
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
    /* a busy machine is late, never early: from the first to the last 99 frames of 1042 bytes are 825 ms */
    assert_true(found->first_ms - found->sent_ms >= 80);
    assert_true(found->last_ms - found->first_ms >= (PACKETS - 1) * (PACKET + HEADERS) * 8 / 1000 - 60);
}

static void what_the_queue_does_not_hold_is_dropped(void **state)
{
    (void)state;
    skip_where_it_cannot_be();
    spoil(&(struct net_line){.bps = 1e6, .queue_bytes = 20 * (PACKET + HEADERS)});
    send_packets(PACKETS);
    settle();
    assert_in_range(found->received, 20, PACKETS - 1);
    assert_int_equal((uint64_t)found->received + gone(), sent);
    assert_true(gone() > 0);
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
    assert_in_range((uint64_t)found->received + gone(), sent, sent + 2); /* and questions after an address */
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

/* A process that brings machines up, writes their names, and leaves; or is killed while they stand. */
static void beside(char names[NET_MACHINES][32], bool killed)
{
    static const struct net_line any = {.queue_bytes = 1 << 20};
    struct net other;
    int status, fds[2];

    assert_int_equal(pipe(fds), 0);
    pid_t child = fork();
    if (child == 0) {
        bool up = net_up(&other, &any, 7);
        for (int i = 0; i < NET_MACHINES; i++)
            snprintf(names[i], sizeof names[i], "/run/netns/%s", net_space((enum net_machine)i));
        up = up && write(fds[1], names, NET_MACHINES * sizeof *names) == NET_MACHINES * (ssize_t)sizeof *names;
        if (killed)
            raise(SIGKILL);
        net_down(&other);
        _exit(!up);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(killed ? WIFSIGNALED(status) : status == 0);
    assert_int_equal(read(fds[0], names, NET_MACHINES * sizeof *names), NET_MACHINES * sizeof *names);
    close(fds[0]);
    close(fds[1]);
}

static void machines_of_two_processes_stand_side_by_side(void **state)
{
    char names[NET_MACHINES][32], later[NET_MACHINES][32];

    (void)state;
    skip_where_it_cannot_be();
    beside(names, true);
    for (int i = 0; i < NET_MACHINES; i++)
        assert_int_equal(access(names[i], F_OK), 0);
    beside(later, false);
    for (int i = 0; i < NET_MACHINES; i++) {
        assert_string_not_equal(names[i], later[i]);
        assert_int_not_equal(access(names[i], F_OK), 0); /* cleaned up behind who was killed */
        assert_int_not_equal(access(later[i], F_OK), 0);
    }
    spoil(&(struct net_line){.bps = 1e8, .queue_bytes = 1 << 20});
    send_packets(PACKETS);
    settle();
    assert_int_equal(found->received, PACKETS); /* ours stood all the while */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_and_a_delay_are_kept),
        cmocka_unit_test(what_the_queue_does_not_hold_is_dropped),
        cmocka_unit_test(packets_are_lost_at_random),
        cmocka_unit_test(a_dead_line_carries_nothing_and_a_live_one_again),
        cmocka_unit_test(machines_of_two_processes_stand_side_by_side),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
