/* SPDX-License-Identifier: Apache-2.0 */
/* When a silent connection is asked, and when it is given up. */
#include "tests/proto/test.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proto/host/pulse.h"

static int connected(struct sockaddr_in *own)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof *own;

    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)own, &len), 0);
    return fd;
}

/* Looks whenever it wants to; the first verdict that is not FINE, and when. */
static enum host_pulse_verdict wait_for(struct host_pulse *p, int fd, int64_t *now, int64_t until)
{
    enum host_pulse_verdict verdict = HOST_PULSE_FINE;

    while (verdict == HOST_PULSE_FINE && *now < until) {
        *now = host_pulse_next_ms(p, *now);
        verdict = host_pulse_look(p, fd, *now, *now);
    }
    return verdict;
}

static void silence_among_talk_is_asked_after_a_second_and_is_death_within_three(void **state)
{
    struct host_pulse p;
    struct sockaddr_in own;
    int fd = connected(&own);
    int64_t now = 100000;

    (void)state;
    host_pulse_init(&p, now, now);
    assert_int_equal(wait_for(&p, fd, &now, 200000), HOST_PULSE_ASK);
    assert_in_range(now - 100000, 1000, 1400);
    while (wait_for(&p, fd, &now, 200000) == HOST_PULSE_ASK)
        ;
    assert_in_range(now - 100000, HOST_PULSE_DEAD_MS, 3200);
    close(fd);
}

static void an_answer_to_a_ping_is_life_and_an_idle_line_is_asked_seldom(void **state)
{
    struct host_pulse p;
    struct sockaddr_in own;
    int fd = connected(&own), asked = 0;

    (void)state;
    host_pulse_init(&p, 0, 0);
    for (int64_t now = 0; now < 300000;) {
        enum host_pulse_verdict verdict = wait_for(&p, fd, &now, 300000);
        assert_true(verdict == HOST_PULSE_ASK || verdict == HOST_PULSE_FINE);
        if (verdict == HOST_PULSE_ASK) {
            host_pulse_heard(&p, false, now + 50);
            asked++;
        }
    }
    assert_in_range(asked, 20, 40); /* a score while it may still be a talk, then four a minute */
    close(fd);
}

static void a_talk_is_never_asked(void **state)
{
    struct host_pulse p;
    struct sockaddr_in own;
    int fd = connected(&own);

    (void)state;
    host_pulse_init(&p, 0, 0);
    for (int64_t now = 0; now < 60000; now += 400) {
        host_pulse_heard(&p, true, now);
        assert_int_equal(host_pulse_look(&p, fd, now + 399, now + 399), HOST_PULSE_FINE);
    }
    close(fd);
}

/* Asleep with its connection whole: the clock of the looks stands still meanwhile (suspend), or goes on (stopped). */
static void who_slept_takes_a_new_connection(void **state)
{
    struct sockaddr_in own;
    int fd = connected(&own);

    (void)state;
    for (int stopped = 0; stopped < 2; stopped++) {
        struct host_pulse p;
        int64_t now = 1000, boot = 5000;
        host_pulse_init(&p, now, boot);
        host_pulse_heard(&p, true, now += 400);
        assert_int_equal(host_pulse_look(&p, fd, now, boot += 400), HOST_PULSE_FINE);
        host_pulse_heard(&p, true, now += stopped ? HOST_PULSE_SLEPT_MS - 1 : 400);
        assert_int_equal(host_pulse_look(&p, fd, now, boot += HOST_PULSE_SLEPT_MS - 1),
                         HOST_PULSE_FINE); /* a busy one */
        host_pulse_heard(&p, true, now += stopped ? HOST_PULSE_SLEPT_MS : 400);
        assert_int_equal(host_pulse_look(&p, fd, now, boot += HOST_PULSE_SLEPT_MS), HOST_PULSE_SLEPT);
    }
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_among_talk_is_asked_after_a_second_and_is_death_within_three),
        cmocka_unit_test(an_answer_to_a_ping_is_life_and_an_idle_line_is_asked_seldom),
        cmocka_unit_test(a_talk_is_never_asked),
        cmocka_unit_test(who_slept_takes_a_new_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
