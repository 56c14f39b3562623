/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A relay on a machine that goes wrong under it: the date jumps, the disk is slow or full, it is stopped, memory ends.
 * Live sessions go on and lose nothing, whoever cannot be served is told, nothing hangs, and the log is whole.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/asan.h"
#include "tests/bench/relay_load.h"
#include "tests/bench/relay_server.h"
#include "tests/relay/place.h"
#include "tests/relay/trouble.h"

enum { HONEST = 20, DAY_S = 24 * 3600 };

static const char settings[] =
    "arrivals_per_address_minute = 100000\nconnections_per_address = 400\n"
    "handshakes_per_address = 400\nwaiting_per_staff = 100\nopens_per_staff_minute = 10000\n";

static struct place place;
static struct load *honest;
static volatile struct trouble *trouble; /* shared with the relay */

static struct load *open_sessions(unsigned count, char error[static 256])
{
    struct load_config config = {.public_port = (uint16_t)place.public_port,
                                 .staff_port = (uint16_t)place.staff_port,
                                 .host = "127.0.0.1",
                                 .ca = place_path(&place, "ca/ca.crt"),
                                 .identity = place_path(&place, "staff/anna"),
                                 .sessions = count};

    return load_open(&config, error);
}

static void expect_talk(double seconds)
{
    struct load_pattern pattern = {.kind = LOAD_EVEN, .size = 1000, .rate = 25, .both_ways = true};
    struct load_figures figures;

    load_run(honest, &pattern, 0, seconds, NULL, NULL, NULL, &figures);
    if (figures.lost || figures.out_of_order || figures.altered || figures.closed || !figures.sent)
        fail_msg("of %llu messages %llu lost, %llu out of order, %llu altered; %llu connections closed",
                 (unsigned long long)figures.sent, (unsigned long long)figures.lost,
                 (unsigned long long)figures.out_of_order, (unsigned long long)figures.altered,
                 (unsigned long long)figures.closed);
}

static void expect_new_session(void)
{
    char error[256];
    struct load *load = open_sessions(1, error);

    if (!load)
        fail_msg("%s", error);
    load_close(load);
}

static int set_up(void **state)
{
    char path[256], error[256];
    int fd;

    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    place_init(&place);
    snprintf(path, sizeof path, "%s", place_path(&place, "trouble"));
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, sizeof *trouble), 0);
    trouble = mmap(NULL, sizeof *trouble, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    place_write(&place, "relay.ini", settings, sizeof settings - 1);
    setenv("ASAN_OPTIONS", "verify_asan_link_order=0:allocator_may_return_null=1", 1);
    setenv("HANDHOLD_TROUBLE", path, 1);
    setenv("LD_PRELOAD", HANDHOLD_TROUBLE_LIBRARY, 1);
    place.listens = true;
    place_start(&place, NULL);
    unsetenv("LD_PRELOAD");
    honest = open_sessions(HONEST, error);
    if (!honest)
        fail_msg("%s", error);
    return 0;
}

static int tear_down(void **state)
{
    char output[PLACE_OUTPUT_BYTES];

    (void)state;
    load_close(honest);
    (void)kill(place.relay, SIGTERM); /* and again: nobody comes back to their seats */
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    if (place_run(output, "handhold-audit", (const char *const[]){"verify", "--dir", place.dir, NULL}))
        fail_msg("%s", output);
    place_clear(&place);
    return 0;
}

static void a_date_that_jumps_a_day_ends_nobody(void **state)
{
    (void)state;
    trouble->clock_s = DAY_S;
    expect_talk(1.2); /* the relay looks around each second */
    trouble->clock_s = -DAY_S;
    expect_talk(1.2);
    trouble->clock_s = 0;
    expect_talk(0.2);
    expect_new_session();
}

/* Whoever talks does not wait for the disk; whoever needs the log does, and gets it. Two seconds in the long run. */
static void a_slow_disk_holds_up_nobody_who_talks(void **state)
{
    (void)state;
    trouble->sync_ms = getenv("HANDHOLD_LONG") ? 2000 : 400;
    expect_new_session();
    expect_talk(1);
    trouble->sync_ms = 0;
    expect_new_session();
}

/* What staff, their probe and Prometheus read. */
static bool answers(const char *path, const char *wanted)
{
    char request[128], reply[PLACE_OUTPUT_BYTES];
    int len =
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path);

    assert_true(place_talk(&place, place.staff_port, NULL, "anna", request, (size_t)len, NULL, reply) > 0);
    return strstr(reply, wanted) != NULL;
}

static void a_full_disk_begins_nothing_and_ends_nothing(void **state)
{
    enum { LOOKS = 600, LOOK_MS = 100 };
    char error[256];
    int looks = 0;

    (void)state;
    trouble->disk_full = true;
    assert_null(open_sessions(1, error));
    assert_true(answers("/readyz", "the log cannot be written"));
    assert_true(answers("/readyz", "503 "));
    assert_true(answers("/metrics", "\nhandhold_log_writable 0\n"));
    expect_talk(1);
    trouble->disk_full = false;
    while (!answers("/readyz", "\r\n\r\nready\n") && looks++ < LOOKS) /* by itself: nobody is sent to it meanwhile */
        usleep(LOOK_MS * 1000);
    assert_true(answers("/metrics", "\nhandhold_log_writable 1\n"));
    expect_new_session();
    while (!strstr(place_said(&place), "its disk has room again: sessions can begin") && looks++ < LOOKS)
        usleep(LOOK_MS * 1000);
    assert_in_range(looks, 0, LOOKS);
}

/* What fails first is a file of SQLite's that cannot be made; that is not what the operator needs to know. */
static void a_start_on_a_full_disk_says_what_is_full(void **state)
{
    struct place other;
    char output[PLACE_OUTPUT_BYTES];

    (void)state;
    place_init(&other);
    place_start(&other, NULL);
    assert_int_equal(place_stop(&other, SIGTERM), 0);
    trouble->disk_full = true;
    setenv("LD_PRELOAD", HANDHOLD_TROUBLE_LIBRARY, 1);
    for (int checks = 0; checks < 2; checks++) {
        assert_int_equal(
            place_run_relay(&other, output,
                            (const char *const[]){"--allow-private-keys", checks ? "--check" : NULL, NULL}),
            1);
        if (!strstr(output, "its disk is full") || strstr(output, "disk I/O error"))
            fail_msg("%s", output);
    }
    unsetenv("LD_PRELOAD");
    trouble->disk_full = false;
    place_clear(&other);
}

/* Ten seconds in the long run. */
static void a_relay_that_stood_still_for_seconds_loses_nobody(void **state)
{
    (void)state;
    assert_int_equal(kill(place.relay, SIGSTOP), 0);
    load_rest(honest, getenv("HANDHOLD_LONG") ? 10 : 2);
    assert_int_equal(kill(place.relay, SIGCONT), 0);
    expect_talk(1);
}

/* One allocation in so many, at any place of a handshake. Nobody who is there is harmed, and nothing is left behind. */
static void a_handshake_for_which_there_is_no_memory_harms_nobody(void **state)
{
    static const int each[] = {17, 101, 397, 1009};
    struct load_config config = {.public_port = (uint16_t)place.public_port,
                                 .staff_port = (uint16_t)place.staff_port,
                                 .host = "127.0.0.1",
                                 .ca = place_path(&place, "ca/ca.crt"),
                                 .identity = place_path(&place, "staff/anna")};

    (void)state;
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        int64_t before = trouble->failed;

        trouble->fails_each = each[i];
        for (int turn = 0; turn < 60 && trouble->failed == before; turn++)
            (void)load_handshakes(&config, 16, 0, 0.5, NULL, NULL);
        trouble->fails_each = 0;
        assert_true(trouble->failed > before);
    }
    expect_talk(0.5);
    expect_new_session();
}

/* No page more than it has: who comes now may be turned away, who is there goes on. */
static void a_relay_that_gets_no_more_memory_goes_on(void **state)
{
#ifdef TESTS_HAVE_ASAN
    (void)state;
    skip(); /* it takes terabytes of addresses for itself */
#else
    struct rlimit before, none;
    char error[256], text[64];
    FILE *file;
    unsigned long pages;

    (void)state;
    assert_int_equal(prlimit(place.relay, RLIMIT_AS, NULL, &before), 0);
    snprintf(text, sizeof text, "/proc/%d/statm", (int)place.relay);
    file = fopen(text, "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu", &pages), 1);
    fclose(file);
    none = before;
    none.rlim_cur = pages * (unsigned long)sysconf(_SC_PAGESIZE);
    assert_int_equal(prlimit(place.relay, RLIMIT_AS, &none, NULL), 0);
    struct load *more = open_sessions(60, error);
    expect_talk(1);
    load_close(more);
    assert_int_equal(prlimit(place.relay, RLIMIT_AS, &before, NULL), 0);
    expect_talk(0.5);
    expect_new_session();
#endif
}

#ifdef TESTS_HAVE_ASAN
static void a_relay_that_was_full_takes_sessions_again_when_they_have_left(void **state)
{
    (void)state;
    skip(); /* its memory is another's */
}
#else
static bool says_ready(void)
{
    static const char request[] = "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    char reply[PLACE_OUTPUT_BYTES];

    assert_true(place_talk(&place, place.staff_port, NULL, "anna", request, sizeof request - 1, NULL, reply) > 0);
    return strstr(reply, "\r\n\r\nready\n") != NULL;
}

static void wait_until_ready(bool whether)
{
    enum { LOOKS = 600 };

    for (int look = 0; says_ready() != whether; look++) {
        assert_true(look < LOOKS);
        usleep(100000);
    }
}

static void set_to(const char *text)
{
    place_write(&place, "relay.ini", text, strlen(text));
    assert_int_equal(kill(place.relay, SIGHUP), 0);
}

/* What they had held is not held for ever. */
static void a_relay_that_was_full_takes_sessions_again_when_they_have_left(void **state)
{
    struct load *many;
    char error[256];

    (void)state;
    set_to("connections_per_address = 4000\nhandshakes_per_address = 4000\nsessions_per_staff = 4000\n"
           "waiting_per_staff = 4000\nconnections_per_staff = 4000\nopens_per_staff_minute = 10000\n"
           "arrivals_per_address_minute = 100000\ngrace_ms = 100\n");
    many = open_sessions(900, error);
    if (!many)
        fail_msg("%s", error);
    set_to("memory_bytes = 33554432\ngrace_ms = 100\n");
    wait_until_ready(false);
    load_close(many);
    wait_until_ready(true);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_that_jumps_a_day_ends_nobody),
        cmocka_unit_test(a_slow_disk_holds_up_nobody_who_talks),
        cmocka_unit_test(a_full_disk_begins_nothing_and_ends_nothing),
        cmocka_unit_test(a_start_on_a_full_disk_says_what_is_full),
        cmocka_unit_test(a_relay_that_stood_still_for_seconds_loses_nobody),
        cmocka_unit_test(a_handshake_for_which_there_is_no_memory_harms_nobody),
        cmocka_unit_test(a_relay_that_gets_no_more_memory_goes_on),
        cmocka_unit_test(a_relay_that_was_full_takes_sessions_again_when_they_have_left),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
