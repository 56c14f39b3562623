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

static unsigned lines_with(const char *what)
{
    unsigned lines = 0;

    for (const char *at = read_lines(); (at = strstr(at, what)); at++)
        lines++;
    return lines;
}

/* A stranger's first message, with what it has seen of the log; `checkpoint` NULL: no proof of it. */
static void claim(const char *checkpoint)
{
    struct line_end end;
    handhold_ToRelay hello = {.which_body = handhold_ToRelay_hello_tag,
                              .body.hello = {.which_seat = handhold_Hello_sid_tag}};
    handhold_Hello *said = &hello.body.hello;

    said->session_key.size = 32;
    said->session_key.bytes[0] = 9;
    if (checkpoint) {
        snprintf(said->seen_checkpoint, sizeof said->seen_checkpoint, "%s", checkpoint);
    } else {
        said->seen_log_size = 1ull << 60;
        said->seen_log_root.size = 32;
    }
    line_end_connect(&end, loop, place.public_url, place_path(&place, "ca/ca.crt"), NULL);
    line_end_run(&end, line_end_is_open);
    line_end_send(&end, &hello);
    line_end_run(&end, line_end_is_closed);
    line_end_clear(&end);
}

/* Anybody may claim it, with the first message of a connection. */
static void what_strangers_claim_of_the_log_is_one_line(void **state)
{
    (void)state;
    listen_to_lines();
    start_told(NULL);
    for (unsigned i = 0; i < 5; i++)
        claim(NULL);
    assert_int_equal(lines_with("an end says to have seen more of this log than there is"), 1);
    close(lines_fd);
}

static void shell(const char *what)
{
    char command[256];

    snprintf(command, sizeof command, "cd %s && %s", place.dir, what);
    assert_int_equal(system(command), 0);
}

/* A checkpoint of this log as it is a session later, with the data folder of before put back. */
static void put_old_log_back(char *checkpoint, size_t size)
{
    static const char path[] = "relay/checkpoint";
    struct line_end agent;
    handhold_Opened opened;
    FILE *file;

    place_start(&place, NULL);
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    shell("cp -a data old && cp -a relay/checkpoint old.checkpoint");
    place_start(&place, NULL);
    serve_open_session(&agent, &opened);
    line_end_clear(&agent);
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    file = fopen(place_path(&place, path), "re");
    assert_non_null(file);
    checkpoint[fread(checkpoint, 1, size - 1, file)] = 0;
    fclose(file);
    shell("mv data new && mv old data && mv relay/checkpoint new.checkpoint && mv old.checkpoint relay/checkpoint");
}

static void what_was_proved_is_told_once_and_written_down_when_that_can_be_done(void **state)
{
    char checkpoint[sizeof((handhold_Hello *)0)->seen_checkpoint], output[PLACE_OUTPUT_BYTES];

    (void)state;
    put_old_log_back(checkpoint, sizeof checkpoint);
    listen_to_lines();
    start_told(NULL);
    shell("mkdir relay/broken"); /* no file can be put there, whoever runs this */
    for (unsigned i = 0; i < 3; i++)
        claim(checkpoint);
    assert_int_equal(lines_with("signed by this log's key: nothing is granted any more"), 1);
    assert_int_equal(lines_with("relay/broken: "), 1);
    shell("rmdir relay/broken");
    for (int waited = 0; !lines_with("relay/broken: written now") && waited < WAIT_MS; waited += LOOK_MS)
        usleep(LOOK_MS * 1000);
    assert_int_equal(place_stop(&place, SIGKILL), 128 + SIGKILL);
    assert_int_equal(place_run_relay(&place, output, (const char *const[]){"--allow-private-keys", NULL}), 1);
    assert_non_null(strstr(output, "relay/broken: an end has shown"));
    shell("rm -r data relay/broken && mv new data && mv new.checkpoint relay/checkpoint");
    close(lines_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITHOUT(each_line_has_its_level_where_the_journal_reads_it),
        WITHOUT(elsewhere_a_line_begins_with_the_program),
        WITHOUT(a_flood_of_lines_is_counted_and_the_count_is_told),
        WITHOUT(what_strangers_claim_of_the_log_is_one_line),
        WITHOUT(what_was_proved_is_told_once_and_written_down_when_that_can_be_done),
    };
    return cmocka_run_group_tests(tests, serve_set_up, serve_tear_down);
}
