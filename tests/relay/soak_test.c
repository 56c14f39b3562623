/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that join, talk, leave without a word, drop and come back: two hundred for an hour in the long run, or for
 * HANDHOLD_SOAK_S seconds; else a third of them, for a few turns. Nothing may be lost of those that stay, memory and
 * descriptors must end where they were after the first turns, and the log that all of it left is verified.
 */
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/bench/relay_load.h"
#include "tests/bench/relay_server.h"
#include "tests/relay/line_end.h"
#include "tests/relay/place.h"

enum { RETURNING = 20, TURNS_KEPT = 4096, WARM_TURNS = 3 };

/* How many of each kind, and how long. */
static struct soak {
    unsigned stay, guests, returning;
    double seconds;
    unsigned grace_ms;
} soak = {40, 20, 6, 5, 2000};
static const struct soak soak_long = {120, 60, RETURNING, 3600, 20000};

/*
 * No bound of a stranger's is to be met here, however late a busy machine is. What the core keeps of whoever left is
 * short in a short run, which is to see it go; in a long one nobody's return comes too late.
 */
static const char settings[] =
    "grace_ms = %u\nopening_ms = 120000\nhello_ms = 120000\narrivals_per_address_minute = "
    "100000000\nhandshakes_per_address = 2000\n"
    "connections_per_address = 2000\nconnections_per_staff = 2000\nsessions_per_staff = 2000\n"
    "waiting_per_staff = 2000\nopens_per_staff_minute = 1000000\nreturns_per_seat_minute = 100000\n"
    "join_failures_per_address_minute = 1000000\nlog_bytes_per_staff_minute = 1000000000\n";

static struct place place;
static struct host_loop *loop;
static struct server relay; /* the same process, for its figures */

static struct load *open_sessions(unsigned count)
{
    struct load_config config = {.public_port = (uint16_t)place.public_port,
                                 .staff_port = (uint16_t)place.staff_port,
                                 .host = "127.0.0.1",
                                 .ca = place_path(&place, "ca/ca.crt"),
                                 .identity = place_path(&place, "staff/anna"),
                                 .sessions = count};
    char error[256];
    struct load *load = load_open(&config, error);

    if (!load)
        fail_msg("%s", error);
    return load;
}

static void talk(struct load *load, double seconds)
{
    /* What may not be dropped (a busy machine is late with pictures, and late ones go). */
    struct load_pattern pattern = {.kind = LOAD_EVEN, .size = 1000, .rate = 8, .both_ways = true};
    struct load_figures figures;

    load_run(load, &pattern, 0, seconds, NULL, NULL, NULL, &figures);
    if (figures.lost || figures.out_of_order || figures.altered || figures.closed || !figures.sent)
        fail_msg("of %llu messages %llu lost, %llu out of order, %llu altered; %llu connections closed",
                 (unsigned long long)figures.sent, (unsigned long long)figures.lost,
                 (unsigned long long)figures.out_of_order, (unsigned long long)figures.altered,
                 (unsigned long long)figures.closed);
}

/* ---- those that lose their connection and come back ---- */

static struct line_end returning[RETURNING];
static uint8_t tokens[RETURNING][32];

static void greet(struct line_end *end)
{
    static const handhold_ToRelay staff = {.which_body = handhold_ToRelay_hello_tag,
                                           .body.hello = {.which_seat = handhold_Hello_staff_tag, .seat.staff = true}};

    line_end_connect(end, loop, place.staff_url, place_path(&place, "ca/ca.crt"), place_path(&place, "staff/bert"));
    line_end_run(end, line_end_is_open);
    line_end_ask(end, &staff, handhold_FromRelay_welcome_tag);
}

static void begin_returning(void)
{
    for (size_t i = 0; i < soak.returning; i++) {
        handhold_ToRelay open = {.which_body = handhold_ToRelay_open_tag,
                                 .body.open = {.link_ttl_s = 7200, .code_ttl_s = 600}};

        greet(&returning[i]);
        randombytes_buf(open.body.open.sid, 16);
        line_end_ask(&returning[i], &open, handhold_FromRelay_opened_tag);
        memcpy(tokens[i], returning[i].last.body.opened.token, sizeof tokens[i]);
    }
}

static void drop_and_return(void)
{
    for (size_t i = 0; i < soak.returning; i++) {
        handhold_ToRelay back = {.which_body = handhold_ToRelay_hello_tag,
                                 .body.hello = {.which_seat = handhold_Hello_token_tag}};

        host_connection_cut(returning[i].connection);
        line_end_run(&returning[i], line_end_is_closed);
        line_end_clear(&returning[i]);
        line_end_connect(&returning[i], loop, place.staff_url, place_path(&place, "ca/ca.crt"),
                         place_path(&place, "staff/bert"));
        line_end_run(&returning[i], line_end_is_open);
        memcpy(back.body.hello.seat.token, tokens[i], sizeof tokens[i]);
        line_end_ask(&returning[i], &back, handhold_FromRelay_welcome_tag);
        assert_true(returning[i].last.body.welcome.returned);
        assert_int_equal(returning[i].last.body.welcome.token.size, sizeof tokens[i]);
        memcpy(tokens[i], returning[i].last.body.welcome.token.bytes, sizeof tokens[i]);
    }
}

/* ---- what it all leaves ---- */

static struct {
    double resident_kb;
    unsigned descriptors;
} seen[TURNS_KEPT];
static unsigned turns;

/* When the guests have gone, and what is kept of them has gone as well. */
static void note(void)
{
    if (turns == TURNS_KEPT)
        return;
    seen[turns].resident_kb = server_resident_kb(&relay);
    seen[turns++].descriptors = server_descriptors(&relay);
}

/* The least of a few: a turn may be looked at while something is on its way. */
static void expect_flat(void)
{
    double early = 0, late = 0;
    unsigned first = turns / 3 > WARM_TURNS ? turns / 3 : WARM_TURNS, descriptors_early = 0, descriptors_late = ~0u;

    assert_true(turns > WARM_TURNS + 1);
    for (unsigned turn = 0; turn <= first; turn++) {
        early = seen[turn].resident_kb > early ? seen[turn].resident_kb : early;
        descriptors_early = seen[turn].descriptors > descriptors_early ? seen[turn].descriptors : descriptors_early;
    }
    late = seen[turns - 1].resident_kb;
    for (unsigned turn = turns > 4 ? turns - 3 : 1; turn < turns; turn++) {
        late = seen[turn].resident_kb < late ? seen[turn].resident_kb : late;
        descriptors_late = seen[turn].descriptors < descriptors_late ? seen[turn].descriptors : descriptors_late;
    }
    print_message("%u turns: %.0f kB, then %.0f; %u descriptors, then %u\n", turns, early, late, descriptors_early,
                  descriptors_late);
    assert_true(descriptors_late <= descriptors_early);
    assert_true(late <= early * 1.1 + 4096);
}

static void expect_a_whole_log(void)
{
    char output[PLACE_OUTPUT_BYTES];

    if (place_run(output, "handhold-audit", (const char *const[]){"verify", "--dir", place.dir, NULL}))
        fail_msg("%s", output);
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void sessions_come_and_go_and_leave_nothing_but_a_log(void **state)
{
    struct load *staying = open_sessions(soak.stay);
    double end = now_s() + soak.seconds;

    (void)state;
    begin_returning();
    for (unsigned turn = 0; now_s() < end || turn < WARM_TURNS + 2; turn++) {
        struct load *guests = open_sessions(soak.guests);

        talk(guests, 0.2);
        load_close(guests); /* without a word */
        talk(staying, 0.3);
        drop_and_return();
        note();
    }
    expect_flat();
    talk(staying, 0.3);
    load_close(staying);
    for (size_t i = 0; i < soak.returning; i++)
        line_end_clear(&returning[i]);
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    expect_a_whole_log();
}

static int set_up(void **state)
{
    const char *seconds = getenv("HANDHOLD_SOAK_S");
    char text[sizeof settings + 16];

    (void)state;
    if (seconds || getenv("HANDHOLD_LONG"))
        soak = soak_long;
    if (seconds)
        soak.seconds = atof(seconds);
    (void)signal(SIGPIPE, SIG_IGN);
    /* What AddressSanitizer holds back of freed memory would look like a leak. */
    setenv("ASAN_OPTIONS", "quarantine_size_mb=1:thread_local_quarantine_size_kb=16", 0);
    place_init(&place);
    int len = snprintf(text, sizeof text, settings, soak.grace_ms);
    assert_in_range(len, 1, sizeof text - 1);
    place_write(&place, "relay.ini", text, (size_t)len);
    place_start(&place, NULL);
    relay = (struct server){.pid = place.relay};
    return host_loop_new(&loop) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    host_loop_free(loop);
    place_clear(&place);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sessions_come_and_go_and_leave_nothing_but_a_log)};

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
