/* SPDX-License-Identifier: Apache-2.0 */
/* The lines of a running relay: their levels, and that a flood of them is counted instead of written. */
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/relay/serve_world.h"

enum { KNOCKS = 800, LINES_A_SECOND = 50, WAIT_MS = 30000, LOOK_MS = 20 };

static void listen_to_lines(void)
{
    place_write(&place, "said", "", 0);
    place.listens = true;
}

/* systemd.exec(5): the device and the inode of what it gave as stderr. */
static void name_journal(const char *path)
{
    struct stat about;
    char value[64];

    assert_int_equal(stat(path, &about), 0);
    snprintf(value, sizeof value, "%llu:%llu", (unsigned long long)about.st_dev, (unsigned long long)about.st_ino);
    setenv("JOURNAL_STREAM", value, 1);
}

/* What a relay says that warns of the keys beside it, starts and ends. */
static const char *say_from_start_to_end(void)
{
    place_start(&place, NULL);
    unsetenv("JOURNAL_STREAM");
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    return place_said(&place);
}

static void each_line_has_its_level_where_the_journal_reads_it(void **state)
{
    const char *at;

    (void)state;
    listen_to_lines();
    name_journal(place_path(&place, "said"));
    at = say_from_start_to_end();
    assert_non_null(strstr(at, "<4>handhold-relay: warning: "));
    assert_non_null(strstr(at, "<6>handhold-relay: info: "));
    for (; *at; at += strcspn(at, "\n") + 1)
        if (at[0] != '<' || !strchr("3467", at[1]) || strncmp(at + 2, ">handhold-relay: ", 17) != 0)
            fail_msg("%s", at);
}

static void elsewhere_a_line_begins_with_the_program(void **state)
{
    const char *at;

    (void)state;
    listen_to_lines();
    name_journal(place_path(&place, "org.note")); /* somebody else's */
    at = say_from_start_to_end();
    assert_int_not_equal(*at, 0);
    for (; *at; at += strcspn(at, "\n") + 1)
        if (strncmp(at, "handhold-relay: ", 16) != 0)
            fail_msg("%s", at);
}

struct count {
    unsigned written, told, rows; /* lines of refusals; those that were left out, and in how many rows that is said */
};

static struct count count_lines(void)
{
    static const char more[] = " more events in this second";
    struct count count = {0, 0, 0};

    for (const char *at = place_said(&place); *at; at += strcspn(at, "\n") + 1) {
        const char *end = at + strcspn(at, "\n"), *found = strstr(at, more);

        if (strstr(at, "refused by arrivals_per_address_minute: 127.0.0.1") &&
            strstr(at, "refused by arrivals_per_address_minute: 127.0.0.1") < end)
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
    place_start(&place, (const char *const[]){"--config", place_path(&place, "told.ini"), NULL});
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
}

/* ---- whom a bound refuses ---- */

static void connect_stranger(struct line_end *end)
{
    line_end_connect(end, loop, place.public_url, place_path(&place, "ca/ca.crt"), NULL);
    line_end_run(end, line_end_is_open);
}

static void say_to_the_end(struct line_end *end, const handhold_ToRelay *hello)
{
    line_end_send(end, hello);
    line_end_run(end, line_end_is_closed);
    line_end_clear(end);
}

static void guess(void)
{
    handhold_ToRelay hello = {.which_body = handhold_ToRelay_hello_tag,
                              .body.hello = {.which_seat = handhold_Hello_nameplate_tag, .seat.nameplate = "1"}};
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    struct line_end end;

    hello.body.hello.session_key.size = 32;
    crypto_sign_keypair(hello.body.hello.session_key.bytes, secret);
    connect_stranger(&end);
    say_to_the_end(&end, &hello);
}

static void be_silent(void)
{
    struct line_end end;

    connect_stranger(&end);
    line_end_run(&end, line_end_is_closed);
    line_end_clear(&end);
}

static void wait_besides(void)
{
    static const handhold_ToRelay hello = {.which_body = handhold_ToRelay_hello_tag,
                                           .body.hello = {.which_seat = handhold_Hello_beside_tag}};
    struct line_end first, second;

    connect_stranger(&first);
    line_end_ask(&first, &hello, handhold_FromRelay_beside_state_tag);
    connect_stranger(&second);
    say_to_the_end(&second, &hello);
    line_end_clear(&first);
}

static void come_twice(void)
{
    struct line_end first, second;

    connect_stranger(&first);
    line_end_connect(&second, loop, place.public_url, place_path(&place, "ca/ca.crt"), NULL);
    line_end_run(&second, line_end_is_closed);
    line_end_clear(&second);
    line_end_clear(&first);
}

static const struct refused {
    const char *settings, *said[4]; /* lines, in this order */
    void (*attack)(void);
    unsigned times;
} refused[] = {
    {"join_failures_per_address_minute = 2\n",
     {"wrong_code", "wrong_code", "join_failures_per_address_minute", "join_wait_ms"},
     guess,
     3},
    {"hello_ms = 1000\n", {"hello_ms"}, be_silent, 1},
    {"besides_per_address = 1\n", {"besides_per_address"}, wait_besides, 1},
    {"connections_per_address = 1\n", {"connections_per_address"}, come_twice, 1},
};

/* As a manual shows it to fail2ban, whose <ADDR> stands for an address. */
static void read_filter(regex_t *filter)
{
    static char manual[131072];
    static const char name[] = "\nfailregex = ", address[] = "<ADDR>";
    char pattern[1024];
    FILE *file = fopen(HANDHOLD_MANUAL, "re");

    assert_non_null(file);
    manual[fread(manual, 1, sizeof manual - 1, file)] = 0;
    fclose(file);
    const char *at = strstr(manual, name);
    assert_non_null(at);
    at += sizeof name - 1;
    const char *end = at + strcspn(at, "\n"), *stands = strstr(at, address);
    assert_true(stands && stands < end);
    snprintf(pattern, sizeof pattern, "%.*s([0-9a-f.:]+)%.*s", (int)(stands - at), at,
             (int)(end - stands) - (int)sizeof address + 1, stands + sizeof address - 1);
    assert_int_equal(regcomp(filter, pattern, REG_EXTENDED | REG_NOSUB | REG_NEWLINE), 0);
}

/* None of its lines before that is one more of these. */
static void expect_refused(const struct refused *row, const regex_t *filter)
{
    const char *at = place_said(&place);
    char line[256];

    for (size_t i = 0; i < 4 && row->said[i]; i++) {
        snprintf(line, sizeof line, "handhold-relay: info: refused by %s: 127.0.0.1\n", row->said[i]);
        at = strstr(at, "handhold-relay: info: refused by ");
        if (!at || strncmp(at, line, strlen(line)) != 0)
            fail_msg("%s is not the next line of: %s", line, place_said(&place));
        at += strlen(line);
        assert_int_equal(regexec(filter, line, 0, NULL, 0), 0);
    }
    assert_null(strstr(at, "refused by "));
}

static void whom_a_bound_refuses_is_written_with_the_address_where_the_settings_allow_it(void **state)
{
    char settings[256];
    regex_t filter;

    (void)state;
    read_filter(&filter);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        for (int allowed = 0; allowed < 2; allowed++) {
            snprintf(settings, sizeof settings, "staff_listen = 127.0.0.1:0\n%s%s", refused[i].settings,
                     allowed ? "log_addresses = yes\n" : "");
            place_write(&place, "told.ini", settings, strlen(settings));
            listen_to_lines();
            place_start(&place, (const char *const[]){"--config", place_path(&place, "told.ini"), NULL});
            for (unsigned turn = 0; turn < refused[i].times; turn++)
                refused[i].attack();
            if (allowed)
                expect_refused(&refused[i], &filter);
            else
                assert_null(strstr(place_said(&place), "127.0.0.1\n"));
            assert_int_equal(serve_stop(NULL), 0);
        }
    regfree(&filter);
}

/* ---- what is claimed of the log ---- */

static unsigned lines_with(const char *what)
{
    unsigned lines = 0;

    for (const char *at = place_said(&place); (at = strstr(at, what)); at++)
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
    place_start(&place, NULL);
    for (unsigned i = 0; i < 5; i++)
        claim(NULL);
    assert_int_equal(lines_with("an end says to have seen more of this log than there is"), 1);
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
    place_start(&place, NULL);
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
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITHOUT(each_line_has_its_level_where_the_journal_reads_it),
        WITHOUT(elsewhere_a_line_begins_with_the_program),
        WITHOUT(a_flood_of_lines_is_counted_and_the_count_is_told),
        WITHOUT(whom_a_bound_refuses_is_written_with_the_address_where_the_settings_allow_it),
        WITHOUT(what_strangers_claim_of_the_log_is_one_line),
        WITHOUT(what_was_proved_is_told_once_and_written_down_when_that_can_be_done),
    };
    return cmocka_run_group_tests(tests, serve_set_up, serve_tear_down);
}
