/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a running relay: their levels, and that a flood of them is counted instead of written. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/relay/serve_world.h"

enum { LINES_BYTES = 1 << 20, KNOCKS = 800, LINES_A_SECOND = 50, WAIT_MS = 30000, LOOK_MS = 20 };

static char text[LINES_BYTES];
static int lines_fd; /* where the relay's stderr goes */

static void listen_to_lines(void)
{
    lines_fd = open(place_path(&place, "lines"), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    assert_true(lines_fd >= 0);
}

static void start_told(const char *const *more)
{
    int own = dup(STDERR_FILENO);

    dup2(lines_fd, STDERR_FILENO);
    place_start(&place, more);
    dup2(own, STDERR_FILENO);
    close(own);
}

/* systemd.exec(5): the device and the inode of what it gave as stderr. */
static void name_journal(int fd)
{
    struct stat about;
    char value[64];

    assert_int_equal(fstat(fd, &about), 0);
    snprintf(value, sizeof value, "%llu:%llu", (unsigned long long)about.st_dev, (unsigned long long)about.st_ino);
    setenv("JOURNAL_STREAM", value, 1);
}

static const char *read_lines(void)
{
    ssize_t len = pread(lines_fd, text, sizeof text - 1, 0);

    text[len < 0 ? 0 : len] = 0;
    return text;
}

/* What a relay says that warns of the keys beside it, starts and ends. */
static const char *say_from_start_to_end(void)
{
    start_told(NULL);
    unsetenv("JOURNAL_STREAM");
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    return read_lines();
}

static void each_line_has_its_level_where_the_journal_reads_it(void **state)
{
    const char *at;

    (void)state;
    listen_to_lines();
    name_journal(lines_fd);
    at = say_from_start_to_end();
    assert_non_null(strstr(at, "<4>handhold-relay: warning: "));
    assert_non_null(strstr(at, "<6>handhold-relay: info: "));
    for (; *at; at += strcspn(at, "\n") + 1)
        if (at[0] != '<' || !strchr("3467", at[1]) || strncmp(at + 2, ">handhold-relay: ", 17) != 0)
            fail_msg("%s", at);
    close(lines_fd);
}

static void elsewhere_a_line_begins_with_the_program(void **state)
{
    const char *at;

    (void)state;
    listen_to_lines();
    name_journal(STDIN_FILENO); /* somebody else's */
    at = say_from_start_to_end();
    assert_int_not_equal(*at, 0);
    for (; *at; at += strcspn(at, "\n") + 1)
        if (strncmp(at, "handhold-relay: ", 16) != 0)
            fail_msg("%s", at);
    close(lines_fd);
}

struct count {
    unsigned written, told, rows; /* lines of refusals; those that were left out, and in how many rows that is said */
};

static struct count count_lines(void)
{
    static const char more[] = " more events in this second";
    struct count count = {0, 0, 0};

    for (const char *at = read_lines(); *at; at += strcspn(at, "\n") + 1) {
        const char *end = at + strcspn(at, "\n"), *found = strstr(at, more);

        if (strstr(at, "refused by arrivals_per_address: 127.0.0.1") &&
            strstr(at, "refused by arrivals_per_address: 127.0.0.1") < end)
            count.written++;
        if (found && found < end) {
            while (found > at && found[-1] != ' ')
                found--;
            count.told += (unsigned)atoi(found);
            count.rows++;
        }
    }
    return count;
}

/* They wait at the door while the relay stands still, so that all of them come in the same moment. */
static void a_flood_of_lines_is_counted_and_the_count_is_told(void **state)
{
    static const char settings[] = "staff_listen = 127.0.0.1:0\nlog_addresses = yes\narrivals_per_address_minute = 1\n";
    struct count count = {0, 0, 0};

    (void)state;
    place_write(&place, "told.ini", settings, sizeof settings - 1);
    listen_to_lines();
    start_told((const char *const[]){"--config", place_path(&place, "told.ini"), NULL});
    assert_int_equal(kill(place.relay, SIGSTOP), 0);
    for (int i = 0; i < KNOCKS; i++)
        close(place_knock(place.public_port));
    assert_int_equal(kill(place.relay, SIGCONT), 0);
    for (int waited = 0; count.written + count.told < KNOCKS - 1 && waited < WAIT_MS; waited += LOOK_MS) {
        usleep(LOOK_MS * 1000);
        count = count_lines();
    }
    assert_int_equal(count.written + count.told, KNOCKS - 1); /* one may come */
    assert_in_range(count.rows, 1, KNOCKS / LINES_A_SECOND);
    assert_in_range(count.written, 1, (count.rows + 1) * LINES_A_SECOND);
    close(lines_fd);
}

/* Anybody may claim it, with the first message of a connection. */
static void what_strangers_claim_of_the_log_is_one_line(void **state)
{
    static const char claim[] = "an end says to have seen more of this log than there is";
    unsigned lines = 0;

    (void)state;
    listen_to_lines();
    start_told(NULL);
    for (unsigned i = 0; i < 5; i++) {
        struct line_end end;
        handhold_ToRelay hello = {.which_body = handhold_ToRelay_hello_tag,
                                  .body.hello = {.which_seat = handhold_Hello_sid_tag, .seen_log_size = 1ull << 60}};

        hello.body.hello.session_key.size = 32;
        hello.body.hello.session_key.bytes[0] = 9;
        hello.body.hello.seen_log_root.size = 32;
        line_end_connect(&end, loop, place.public_url, place_path(&place, "ca/ca.crt"), NULL);
        line_end_run(&end, line_end_is_open);
        line_end_send(&end, &hello);
        line_end_run(&end, line_end_is_closed);
        line_end_clear(&end);
    }
    for (const char *at = read_lines(); (at = strstr(at, claim)); at++)
        lines++;
    assert_int_equal(lines, 1);
    close(lines_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITHOUT(each_line_has_its_level_where_the_journal_reads_it),
        WITHOUT(elsewhere_a_line_begins_with_the_program),
        WITHOUT(a_flood_of_lines_is_counted_and_the_count_is_told),
        WITHOUT(what_strangers_claim_of_the_log_is_one_line),
    };
    return cmocka_run_group_tests(tests, serve_set_up, serve_tear_down);
}
