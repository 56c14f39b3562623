/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.ini in a relay that runs: what can change at once does at SIGHUP, what cannot is said, and what is wrong
 * changes nothing. And each setting is in the manual.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/relay/bounds.h"
#include "tests/relay/place.h"
#include "tests/relay/told.h"

static const char request[] = "GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

static struct place place;
static struct told told;

static int start(void **state)
{
    (void)state;
    place_init(&place);
    place_write(&place, "relay.ini", "", 0);
    told_listen(&told, &place);
    place.listens = true;
    place_start(&place, NULL);
    told_hide();
    told_expect(&told, "READY=1");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    told_close(&told);
    place_clear(&place);
    return 0;
}

/* A folder, and nobody who serves it. */
static int make(void **state)
{
    (void)state;
    place_init(&place);
    return 0;
}

static int clear(void **state)
{
    (void)state;
    place_clear(&place);
    return 0;
}

static int check(const char *config, char output[static PLACE_OUTPUT_BYTES])
{
    return place_run(output, "handhold-relay",
                     (const char *const[]){"--dir", place.dir, "--check", "--allow-private-keys", "--config",
                                           place_path(&place, config), NULL});
}

static void read_again(const char *settings)
{
    place_write(&place, "relay.ini", settings, strlen(settings));
    assert_int_equal(kill(place.relay, SIGHUP), 0);
    told_expect(&told, "RELOADING=1");
    told_expect(&told, "READY=1");
}

static bool was_said(const char *words)
{
    return strstr(place_said(&place), words) != NULL;
}

/* How many of ten strangers are answered. */
static unsigned answered(void)
{
    char reply[PLACE_OUTPUT_BYTES];
    unsigned count = 0;

    for (int i = 0; i < 10; i++)
        count += place_talk(&place, place.public_port, NULL, NULL, request, sizeof request - 1, NULL, reply) > 0 &&
                 strstr(reply, " 200 ");
    return count;
}

static const char *counted[BOUNDS_ELSEWHERE]; /* bounds whose figures were seen by the tests so far */
static size_t counted_count;

static void expect_counted(const char *bound)
{
    if (!place_has_counted(&place, bound))
        fail_msg("%s is not counted", bound);
    counted[counted_count++] = bound;
}

static void a_bound_holds_from_sighup_on(void **state)
{
    (void)state;
    assert_int_equal(answered(), 10);
    read_again("arrivals_per_address_minute = 1\n");
    assert_in_range(answered(), 0, 5);
    assert_false(was_said("refused by")); /* an address only where the configuration allows it */
    read_again("arrivals_per_address_minute = 1\nlog_addresses = yes\n");
    assert_in_range(answered(), 0, 5);
    assert_true(was_said("refused by arrivals_per_address_minute: 127.0.0.1\n"));
    read_again("arrivals_per_address_minute = 6000000\n");
    assert_int_equal(answered(), 10);
    expect_counted("arrivals_per_address_minute");
    read_again("requests_per_address_minute = 4\n");
    assert_in_range(answered(), 0, 5);
    read_again("requests_per_address_minute = 6000000\n");
    expect_counted("requests_per_address_minute");
}

/* Whoever connects and says nothing takes the places that there are, and they are free again when they leave. */
static void expect_places(const char *bound)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)place.public_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char settings[128], said[64];
    int silent[3];

    snprintf(settings, sizeof settings, "%s = 3\nlog_addresses = yes\n", bound);
    snprintf(said, sizeof said, "refused by %s: 127.0.0.1\n", bound);
    read_again(settings);
    for (int i = 0; i < 3; i++) {
        silent[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(connect(silent[i], (struct sockaddr *)&to, sizeof to), 0);
    }
    assert_int_equal(answered(), 0);
    assert_true(was_said(said));
    for (int i = 0; i < 3; i++)
        close(silent[i]);
    for (int turn = 0; answered() != 10; turn++)
        assert_true(turn < 1000);
    expect_counted(bound);
}

static void who_says_nothing_takes_no_more_than_the_places_there_are(void **state)
{
    (void)state;
    expect_places("handshakes");
    expect_places("handshakes_per_address");
}

static void every_bound_of_the_list_was_counted(void **state)
{
    (void)state;
    for (size_t i = 0; i < BOUNDS_ELSEWHERE; i++) {
        size_t at = 0;

        while (at < counted_count && strcmp(counted[at], bounds_elsewhere[i].bound) != 0)
            at++;
        if (bounds_elsewhere[i].test == BOUNDS_SETTINGS && at == counted_count)
            fail_msg("%s: no test above has asked for it", bounds_elsewhere[i].bound);
    }
}

static void how_much_is_written_changes_at_sighup(void **state)
{
    (void)state;
    read_again("; nothing\n");
    assert_true(was_said("settings read again"));
    place_forget_said(&place);
    read_again("log_level = warning\n");
    assert_false(was_said("settings read again"));
    read_again("log_level = debug\n");
    assert_true(was_said("settings read again"));
}

static void wrong_settings_change_nothing(void **state)
{
    (void)state;
    read_again("arrivals_per_address_minute = 1\nnonsense = 1\n");
    assert_true(was_said("relay.ini:2: nonsense: is not a setting"));
    assert_true(was_said("the settings stay as they were"));
    read_again("queue_bytes = 100\narrivals_per_address_minute = 1\n");
    assert_true(was_said("queue_bytes = 100:"));
    assert_int_equal(answered(), 10);
}

static void settings_that_are_gone_are_not_taken_for_defaults(void **state)
{
    (void)state;
    read_again("arrivals_per_address_minute = 1\n");
    read_again("");
    assert_true(was_said("relay.ini is empty: the settings stay as they were"));
    assert_int_equal(unlink(place_path(&place, "relay.ini")), 0);
    assert_int_equal(kill(place.relay, SIGHUP), 0);
    told_expect(&told, "RELOADING=1");
    told_expect(&told, "READY=1");
    assert_true(was_said("relay.ini is gone: the settings stay as they were"));
    assert_in_range(answered(), 0, 5);
    read_again("arrivals_per_address_minute = 6000000\n");
    assert_int_equal(answered(), 10);
}

static void what_waits_for_a_start_is_named(void **state)
{
    (void)state;
    read_again("host = other.example.com\nwitness_ca = /nowhere\n");
    assert_true(was_said("host, witness_ca: changed, which waits for the next start"));
    assert_int_equal(answered(), 10);
}

static void a_service_manager_that_hears_nothing_holds_up_nobody(void **state)
{
    (void)state;
    for (int turn = 0; turn < 12; turn++) { /* two words each: more than a socket keeps for whoever does not read */
        assert_int_equal(kill(place.relay, SIGHUP), 0);
        assert_int_equal(answered(), 10);
    }
}

/* Name or value, the rule, the way out; and the line where there is one. */
static void each_wrong_setting_is_said_with_its_rule(void **state)
{
    static const struct {
        const char *settings, *said[3];
    } wrong[] = {
        {"queue_bytes = 10\n", {":1 ", "queue_bytes = 10:", "a whole number from 1048576 to"}},
        {"\nmemory_bytes = 1\n", {":2 ", "memory_bytes = 1:", "from 33554432"}},
        {"media_bytes = 1000000\n", {"media_bytes = 1000000:", "to 524288", ""}},
        {"sessions = 5\n; twice\nsessions = 6\n", {":3 ", "sessions: stands on line 1 already", "one of the two"}},
        {"host = http://help.example.org/\n", {":1 ", "host = http", "a host, or host:port"}},
        {"host = localhost:x\n", {"host = localhost:x", "a host, or host:port", ""}},
        {"host = a.example\nstaff_host = A.example\n", {"host and staff_host are one name", "staff_listen", ""}},
        {"host = localhost\nstaff_host = localhost:9443\n", {"host and staff_host are one name", "staff_listen", ""}},
        {"listen = 127.0.0.1:0\nstaff_host = 127.0.0.1\n", {"host and staff_host are one name", "staff_listen", ""}},
        {"host = localhost\n  ping_s = 0\n", {":2 ", "ping_s = 0:", "from 1 to"}},
        {"listen 127.0.0.1:1\n", {":1 ", "listen 127.0.0.1:1: is not of the form NAME = VALUE", ""}},
        {"sesions = 5\n\nhello_ms = 1\ndrain_s = 90000\n", {":1 ", ":3 ", ":4 "}}, /* all of them, not the first */
        {"hello_ms = 1\n", {"ends on", "MB are free", "UTC"}}, /* and all that is no setting is looked at as well */
    };
    char output[PLACE_OUTPUT_BYTES], line[400];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        place_write(&place, "wrong.ini", wrong[i].settings, strlen(wrong[i].settings));
        assert_int_equal(check("wrong.ini", output), 1);
        for (int part = 0; part < 3; part++)
            if (!strstr(output, wrong[i].said[part]))
                fail_msg("%s: \"%s\" is not in: %s", wrong[i].settings, wrong[i].said[part], output);
    }
    memset(line, 'a', sizeof line);
    memcpy(line, "ping_s = 5\nhost = ", 18);
    place_write(&place, "wrong.ini", line, sizeof line);
    assert_int_equal(check("wrong.ini", output), 1);
    assert_non_null(strstr(output, "wrong.ini:2 "));
    assert_non_null(strstr(output, "is longer than"));
    place_write(&place, "wrong.ini", "ping_s = 5\0 listen = x\n", 23);
    assert_int_equal(check("wrong.ini", output), 1);
    assert_non_null(strstr(output, "zero byte"));
    assert_int_equal(check("ca", output), 1); /* a folder */
    assert_non_null(strstr(output, "cannot be read as a configuration"));
}

/* The sample says each range; what is beyond it is refused, all in one file. */
static void each_number_has_a_range_and_the_sample_says_it(void **state)
{
    static char wrong[16384];
    char sample[PLACE_OUTPUT_BYTES], output[PLACE_OUTPUT_BYTES], name[64], wanted[128], *rest = NULL;
    unsigned numbers = 0;
    size_t len = 0;
    long long least, most;

    (void)state;
    assert_int_equal(place_run(sample, "handhold-relay", (const char *const[]){"--print-config", NULL}), 0);
    for (char *help = strtok_r(sample, "\n", &rest), *line; help; help = line) {
        const char *range = strrchr(help, '(');

        line = strtok_r(NULL, "\n", &rest);
        if (!line || !range || sscanf(range, "(%lld to %lld)", &least, &most) != 2)
            continue;
        assert_int_equal(sscanf(line, ";%63s =", name), 1);
        assert_true(least >= 0 && most > least);
        len +=
            (size_t)snprintf(wrong + len, sizeof wrong - len, "%s = %lld\n", name, numbers % 2 ? least - 1 : most + 1);
        numbers++;
    }
    assert_true(numbers > 40);
    place_write(&place, "wrong.ini", wrong, len);
    assert_int_equal(check("wrong.ini", output), 1);
    for (char *line = strtok_r(wrong, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        snprintf(wanted, sizeof wanted, "%s: is not a value for this setting", line);
        if (!strstr(output, wanted))
            fail_msg("\"%s\" is not in: %s", wanted, output);
    }
}

/* Whoever looks changes nothing: not even a folder that was never served. */
static void a_check_of_a_fresh_folder_leaves_it_as_it_is(void **state)
{
    char output[PLACE_OUTPUT_BYTES];

    (void)state;
    place_write(&place, "free.ini", "listen = 127.0.0.1:0\nstaff_listen = 127.0.0.1:0\n", 48);
    assert_int_equal(check("free.ini", output), 0);
    assert_non_null(strstr(output, "the first start begins one"));
    assert_int_equal(access(place_path(&place, "data"), F_OK), -1);
}

static void few_open_files_are_said_as_they_are(void **state)
{
    static const struct {
        int files, code;
        const char *said;
    } rows[] = {{200, 0, "this system allows 200 open files; 100 connections are taken"},
                {40, 1, "allows 40 open files, and a relay needs 64"}};
    char command[512], output[PLACE_OUTPUT_BYTES];

    (void)state;
    place_write(&place, "free.ini", "listen = 127.0.0.1:0\nstaff_listen = 127.0.0.1:0\n", 48);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        snprintf(command, sizeof command,
                 "ulimit -n %d; exec '%s/handhold-relay' --dir '%s' --config '%s' --check --allow-private-keys 2>&1",
                 rows[i].files, HANDHOLD_BIN, place.dir, place_path(&place, "free.ini"));
        FILE *said = popen(command, "r");
        assert_non_null(said);
        output[fread(output, 1, sizeof output - 1, said)] = 0;
        assert_int_equal(WEXITSTATUS(pclose(said)), rows[i].code);
        if (!strstr(output, rows[i].said))
            fail_msg("\"%s\" is not in: %s", rows[i].said, output);
    }
}

/* It is no change, and no start makes more of it. The last with a relay: those that are started from now on have few.
 */
static void what_the_system_holds_down_is_no_change_at_sighup(void **state)
{
    struct rlimit few = {3000, 3000};

    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    assert_int_equal(start(state), 0);
    read_again("log_level = info\n");
    assert_true(was_said("settings read again"));
    assert_false(was_said("this relay was started for"));
    read_again("connections = 15000\n");
    assert_true(was_said("connections = 15000: this relay was started for 1976, which hold"));
    assert_int_equal(stop(state), 0);
}

/* In words for whoever has not read the protocol. */
static void a_file_that_is_none_is_said_so(void **state)
{
    static const struct {
        const char *name, *bytes, *said;
    } wrong[] = {
        {"org.note", "", "is empty"},
        {"relay/log.key", "nonsense", "is damaged, or no file that handhold-certs wrote"},
        {"data/token.key", "short", "remove it: a start makes a new one"},
    };
    char output[PLACE_OUTPUT_BYTES];

    (void)state;
    place_write(&place, "free.ini", "listen = 127.0.0.1:0\nstaff_listen = 127.0.0.1:0\n", 48);
    place_start(&place, (const char *const[]){"--config", place_path(&place, "free.ini"), NULL});
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    for (size_t i = sizeof wrong / sizeof *wrong; i-- > 0;) {
        place_write(&place, wrong[i].name, wrong[i].bytes, strlen(wrong[i].bytes));
        assert_int_equal(check("free.ini", output), 1);
        if (!strstr(output, wrong[i].said))
            fail_msg("%s: \"%s\" is not in: %s", wrong[i].name, wrong[i].said, output);
    }
}

static void what_makes_a_relay_believe_or_promise_too_much_is_said(void **state)
{
    static const char port[] = "listen = 127.0.0.1:0\nstaff_listen = 127.0.0.1:0\nhost = localhost:99999\n",
                      all[] = "listen = 127.0.0.1:0\nstaff_listen = 127.0.0.1:0\nproxy_protocol_from = 0.0.0.0/0\n";
    char output[PLACE_OUTPUT_BYTES];

    (void)state;
    place_write(&place, "wrong.ini", port, sizeof port - 1);
    assert_int_equal(check("wrong.ini", output), 1);
    assert_non_null(strstr(output, "a port from 1 to 65535"));
    place_write(&place, "wrong.ini", all, sizeof all - 1);
    assert_int_equal(chmod(place_path(&place, "relay"), 0777), 0);
    assert_int_equal(check("wrong.ini", output), 0);
    assert_non_null(strstr(output, "everybody is believed"));
    assert_non_null(strstr(output, "chmod go-w"));
}

static void what_check_finds_beside_the_settings_is_said(void **state)
{
    static const char two[] = "listen = 127.0.0.1:1\nstaff_listen = 127.0.0.1:1\n";
    char output[PLACE_OUTPUT_BYTES], settings[512];

    (void)state;
    place_write(&place, "wrong.ini", two, sizeof two - 1);
    assert_int_equal(check("wrong.ini", output), 1);
    assert_non_null(strstr(output, "listen and staff_listen are the same address"));
    assert_non_null(strstr(output, "\n1 error,")); /* said once */
    snprintf(settings, sizeof settings, "listen = 127.0.0.1:0\nstaff_listen = 127.0.0.1:0\nguides = %s/nowhere\n",
             place.dir);
    place_write(&place, "wrong.ini", settings, strlen(settings));
    assert_int_equal(check("wrong.ini", output), 0);
    assert_non_null(strstr(output, "guides is no folder"));
    assert_int_not_equal(
        place_run(output, "handhold-relay", (const char *const[]){"--dir", "/nowhere/at/all", "--check", NULL}), 0);
    assert_non_null(strstr(output, "is no folder"));
    assert_null(strstr(output, "no private key"));
}

static unsigned free_port(void)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof own;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &len), 0);
    close(fd);
    return ntohs(own.sin_port);
}

/* Two addresses that differ in their text alone: a start would bind the one and not the other. */
static void two_ends_that_cannot_both_be_bound_are_found_before_the_first_start(void **state)
{
    static const char *const pairs[][2] = {{"0.0.0.0", "127.0.0.1"}, {"localhost", "127.0.0.1"}};
    char output[PLACE_OUTPUT_BYTES], settings[128], said[64];

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        unsigned port = free_port();

        snprintf(settings, sizeof settings, "listen = %s:%u\nstaff_listen = %s:%u\n", pairs[i][0], port, pairs[i][1],
                 port);
        snprintf(said, sizeof said, "the port is in use, perhaps by listen = %s:%u", pairs[i][0], port);
        place_write(&place, "wrong.ini", settings, strlen(settings));
        assert_int_equal(check("wrong.ini", output), 1);
        if (!strstr(output, said) || !strstr(output, "no log yet"))
            fail_msg("\"%s\" is not in: %s", said, output);
    }
}

static void each_setting_is_in_the_manual(void **state)
{
    static char manual[131072];
    char output[PLACE_OUTPUT_BYTES], item[128], *rest = NULL;
    int fd = open(HANDHOLD_MANUAL, O_RDONLY | O_CLOEXEC);
    unsigned settings = 0;

    (void)state;
    assert_true(fd >= 0 && read(fd, manual, sizeof manual - 1) > 0);
    close(fd);
    assert_int_equal(place_run(output, "handhold-relay", (const char *const[]){"--print-config", NULL}), 0);
    for (char *line = strtok_r(output, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        size_t name = strcspn(line, " ");

        if (line[0] != ';' || line[1] == ' ')
            continue;
        snprintf(item, sizeof item, "\n.It Cm %.*s", (int)name - 1, line + 1);
        const char *at = strstr(manual, item);
        if (!at || !strchr(" \n", at[strlen(item)]))
            fail_msg("%s is not in the manual", item + 1);
        settings++;
    }
    assert_true(settings > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_bound_holds_from_sighup_on, start, stop),
        cmocka_unit_test_setup_teardown(who_says_nothing_takes_no_more_than_the_places_there_are, start, stop),
        cmocka_unit_test(every_bound_of_the_list_was_counted),
        cmocka_unit_test_setup_teardown(how_much_is_written_changes_at_sighup, start, stop),
        cmocka_unit_test_setup_teardown(wrong_settings_change_nothing, start, stop),
        cmocka_unit_test_setup_teardown(what_waits_for_a_start_is_named, start, stop),
        cmocka_unit_test_setup_teardown(settings_that_are_gone_are_not_taken_for_defaults, start, stop),
        cmocka_unit_test_setup_teardown(a_service_manager_that_hears_nothing_holds_up_nobody, start, stop),
        cmocka_unit_test_setup_teardown(each_wrong_setting_is_said_with_its_rule, make, clear),
        cmocka_unit_test_setup_teardown(each_number_has_a_range_and_the_sample_says_it, make, clear),
        cmocka_unit_test_setup_teardown(a_check_of_a_fresh_folder_leaves_it_as_it_is, make, clear),
        cmocka_unit_test_setup_teardown(few_open_files_are_said_as_they_are, make, clear),
        cmocka_unit_test(what_the_system_holds_down_is_no_change_at_sighup),
        cmocka_unit_test_setup_teardown(a_file_that_is_none_is_said_so, make, clear),
        cmocka_unit_test_setup_teardown(what_makes_a_relay_believe_or_promise_too_much_is_said, make, clear),
        cmocka_unit_test_setup_teardown(what_check_finds_beside_the_settings_is_said, make, clear),
        cmocka_unit_test_setup_teardown(two_ends_that_cannot_both_be_bound_are_found_before_the_first_start, make,
                                        clear),
        cmocka_unit_test(each_setting_is_in_the_manual),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
