/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/host/files.h"
#include "proto/host/pause.h"
#include "proto/host/seen.h"
#include "proto/host/uplink.h"
#include "tests/proto/test.h"

static char folder[HOST_PATH_BYTES];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/handhold-seen.XXXXXX");
    return mkdtemp(folder) && setenv("XDG_STATE_HOME", folder, 1) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
    char path[HOST_PATH_BYTES];

    (void)state;
    if (host_path(path, "%s/handhold/seen", folder))
        unlink(path);
    if (host_path(path, "%s/handhold", folder))
        rmdir(path);
    return rmdir(folder);
}

static void logs_are_remembered_each_by_host_and_root(void **state)
{
    const uint8_t pin_a[HOST_SEEN_PIN_BYTES] = {1}, pin_b[HOST_SEEN_PIN_BYTES] = {2};
    const struct host_seen one = {{7, {0xaa}}, "help/audit/acme\n7\n"}, two = {{9, {0xbb}}, ""};
    struct host_seen seen;

    (void)state;
    host_seen_load("help.example.org", pin_a, &seen);
    assert_int_equal(seen.tree.size, 0);
    assert_ok(host_seen_save("help.example.org", pin_a, &one));
    assert_ok(host_seen_save("help.example.org", pin_b, &two));
    host_seen_load("help.example.org", pin_a, &seen);
    assert_int_equal(seen.tree.size, 7);
    assert_memory_equal(seen.tree.root, one.tree.root, sizeof one.tree.root);
    assert_string_equal(seen.note, one.note);
    host_seen_load("help.example.org", pin_b, &seen);
    assert_int_equal(seen.tree.size, 9);
    assert_string_equal(seen.note, "");
    host_seen_load("help.example.org:8443", pin_a, &seen);
    assert_int_equal(seen.tree.size, 0);
}

static void a_smaller_tree_never_replaces_a_larger_one(void **state)
{
    const uint8_t pin[HOST_SEEN_PIN_BYTES] = {3};
    const struct host_seen large = {{100, {1}}, ""}, small = {{99, {2}}, ""}, larger = {{101, {3}}, ""};
    struct host_seen seen;

    (void)state;
    assert_ok(host_seen_save("a", pin, &large));
    assert_ok(host_seen_save("a", pin, &small));
    host_seen_load("a", pin, &seen);
    assert_int_equal(seen.tree.size, 100);
    assert_ok(host_seen_save("a", pin, &larger));
    host_seen_load("a", pin, &seen);
    assert_int_equal(seen.tree.size, 101);
    assert_int_equal(seen.tree.root[0], 3);
}

/* The two ends of one session on one machine, or two windows: each has a line of its own in the one file. */
static void programs_that_end_together_do_not_undo_each_other(void **state)
{
    enum { PROGRAMS = 8, TIMES = 25 };
    uint8_t pin[HOST_SEEN_PIN_BYTES] = {5};
    struct host_seen seen;
    int status;

    (void)state;
    for (uint8_t i = 0; i < PROGRAMS; i++) {
        pin[1] = i;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid > 0)
            continue;
        for (uint64_t size = 1; size <= TIMES; size++) {
            const struct host_seen mine = {{size, {i}}, ""};
            if (host_seen_save("together", pin, &mine) != PROTO_OK)
                _exit(1);
            host_seen_load("together", pin, &seen);
            if (seen.tree.size != size)
                _exit(2);
        }
        _exit(0);
    }
    for (int i = 0; i < PROGRAMS; i++)
        assert_true(wait(&status) > 0 && status == 0);
}

static void the_successor_of_an_ended_log_takes_its_place(void **state)
{
    const uint8_t pin[HOST_SEEN_PIN_BYTES] = {9};
    const struct host_seen ended = {{100, {1}}, "help/audit/acme\n100\n"}, next = {{3, {2}}, "help/audit/acme/2\n3\n"};
    const struct host_seen older = {{2, {2}}, "help/audit/acme/2\n2\n"};
    struct host_seen seen;

    (void)state;
    assert_ok(host_seen_save("d", pin, &ended));
    assert_ok(host_seen_save("d", pin, &next));
    assert_ok(host_seen_save("d", pin, &older));
    host_seen_load("d", pin, &seen);
    assert_int_equal(seen.tree.size, 3);
    assert_string_equal(seen.note, next.note);
}

static void what_shows_a_forked_log_is_kept_for_its_owner_alone(void **state)
{
    const struct proto_event alarm = {.kind = PROTO_EVENT_ALARM, .alarm = {.message = "forked", .fork = "two roots\n"}};
    const struct proto_event other = {.kind = PROTO_EVENT_ALARM, .alarm = {.message = "a replay"}};
    char path[HOST_PATH_BYTES], again[HOST_PATH_BYTES];
    struct proto_buf text;
    struct stat about;

    (void)state;
    assert_false(host_seen_keep_fork(&other, path));
    assert_true(host_seen_keep_fork(&alarm, path));
    assert_true(host_seen_keep_fork(&alarm, again));
    assert_string_equal(path, again); /* one file for one fork */
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    proto_buf_init(&text, 64);
    assert_ok(host_file_read(path, &text));
    assert_int_equal(text.len, strlen(alarm.alarm.fork));
    proto_buf_free(&text);
    unlink(path);
}

static void the_file_is_private_and_bounded(void **state)
{
    uint8_t pin[HOST_SEEN_PIN_BYTES] = {0};
    struct host_seen seen = {{1, {0}}, ""};
    char path[HOST_PATH_BYTES];
    struct stat about;

    (void)state;
    for (int i = 0; i < HOST_SEEN_MAX + 10; i++) {
        pin[1] = (uint8_t)i;
        assert_ok(host_seen_save("b", pin, &seen));
    }
    assert_true(host_path(path, "%s/handhold/seen", folder));
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    pin[1] = 0;
    host_seen_load("b", pin, &seen);
    assert_int_equal(seen.tree.size, 0); /* the oldest fell off */
    pin[1] = HOST_SEEN_MAX + 9;
    host_seen_load("b", pin, &seen);
    assert_int_equal(seen.tree.size, 1);
}

static void a_damaged_file_is_no_memory_and_no_error(void **state)
{
    static const char broken[] = "c 04000000000000000000000000000000 x\nc 04\n\n\xff\xff";
    const uint8_t pin[HOST_SEEN_PIN_BYTES] = {4};
    const struct host_seen fresh = {{5, {5}}, ""};
    struct host_seen seen;
    char path[HOST_PATH_BYTES];

    (void)state;
    assert_true(host_path(path, "%s/handhold/seen", folder));
    assert_ok(host_file_write(path, broken, sizeof broken - 1, HOST_PRIVATE));
    host_seen_load("c", pin, &seen);
    assert_int_equal(seen.tree.size, 0);
    assert_ok(host_seen_save("c", pin, &fresh));
    host_seen_load("c", pin, &seen);
    assert_int_equal(seen.tree.size, 5);
}

static void a_pause_doubles_to_its_bound_and_jitters_below_it(void **state)
{
    (void)state;
    assert_int_equal(host_pause_ms(0, 12345), 0);
    assert_int_equal(host_pause_ms(1, 0), 200);
    assert_int_equal(host_pause_ms(2, 0), 400);
    assert_int_equal(host_pause_ms(5, 0), 1000); /* a line that is back is found within a second … */
    assert_int_equal(host_pause_ms(15, 0), 1000);
    assert_int_equal(host_pause_ms(16, 0), 5000); /* … for as long as a session waits */
    assert_int_equal(host_pause_ms(1000000, 0), 5000);
    for (uint32_t dice = 0; dice < 100000; dice += 37) {
        assert_in_range(host_pause_ms(1, dice), 100, 200);
        assert_in_range(host_pause_ms(19, dice * 40000u), 2500, 5000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logs_are_remembered_each_by_host_and_root),
        cmocka_unit_test(a_smaller_tree_never_replaces_a_larger_one),
        cmocka_unit_test(programs_that_end_together_do_not_undo_each_other),
        cmocka_unit_test(the_successor_of_an_ended_log_takes_its_place),
        cmocka_unit_test(what_shows_a_forked_log_is_kept_for_its_owner_alone),
        cmocka_unit_test(the_file_is_private_and_bounded),
        cmocka_unit_test(a_damaged_file_is_no_memory_and_no_error),
        cmocka_unit_test(a_pause_doubles_to_its_bound_and_jitters_below_it),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
