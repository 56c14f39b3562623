/* SPDX-License-Identifier: Apache-2.0 */
/* What a check finds, and that it changes nothing. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/relay/serve_world.h"

enum { NOTE_BYTES = 8192 };

/* The second line of the note. */
static long vouched(const char *name)
{
    char note[NOTE_BYTES];
    const char *line;
    FILE *file = fopen(place_path(&place, name), "r");

    note[file ? fread(note, 1, sizeof note - 1, file) : 0] = 0;
    if (file)
        fclose(file);
    line = strchr(note, '\n');
    return line ? atol(line + 1) : 0;
}

static void a_check_adds_nothing_to_the_log(void **state)
{
    char output[PLACE_OUTPUT_BYTES];
    struct line_end agent, customer;
    int entries;

    (void)state;
    place_start(&place, NULL);
    serve_begin_session(&agent, &customer);
    assert_int_equal(place_stop(&place, SIGKILL), 128 + SIGKILL);
    line_end_clear(&agent);
    line_end_clear(&customer);
    entries = serve_count_entries();
    if (place_run_relay(&place, output, (const char *const[]){"--allow-private-keys", "--check", NULL}))
        fail_msg("%s", output);
    assert_int_equal(serve_count_entries(), entries);
    assert_true(vouched("relay/checkpoint") <= entries);
    place_start(&place, NULL); /* this one does: the session has lost its ends */
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    assert_true(serve_count_entries() > entries);
}

static void a_check_finds_a_page_that_is_damaged(void **state)
{
    const char *const check[] = {"--allow-private-keys", "--check", NULL};
    char output[PLACE_OUTPUT_BYTES], path[256], before[16];
    long at;
    int fd;

    (void)state;
    snprintf(path, sizeof path, "%s", place_path(&place, "data/relay.db"));
    assert_int_equal(place_run_relay(&place, output, check), 0);
    assert_non_null(strstr(output, "relay.db is whole"));
    at = serve_place_of_table("kept_count"); /* nothing asks for it before somebody learns from visits */
    fd = open(path, O_RDWR | O_CLOEXEC);
    assert_int_equal(pread(fd, before, sizeof before, at), sizeof before);
    assert_int_equal(pwrite(fd, "damaged, damaged", sizeof before, at), sizeof before);
    assert_int_equal(place_run_relay(&place, output, check), 1);
    assert_non_null(strstr(output, "relay.db is not whole"));
    assert_int_equal(pwrite(fd, before, sizeof before, at), sizeof before);
    close(fd);
}

static int listen_on(const char *path)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(own.sun_path, sizeof own.sun_path, "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static void a_socket_that_somebody_listens_on_is_not_taken(void **state)
{
    char settings[256], output[PLACE_OUTPUT_BYTES];
    const char *const check[] = {"--allow-private-keys", "--check", "--config", place_path(&place, "unix.ini"), NULL};
    int fd = listen_on(place_path(&place, "socket"));

    (void)state;
    snprintf(settings, sizeof settings, "host = localhost\nplain_listen = unix:%s\n", place_path(&place, "socket"));
    place_write(&place, "unix.ini", settings, strlen(settings));
    assert_int_equal(place_run_relay(&place, output, check), 1);
    assert_non_null(strstr(output, "end the program that listens there"));
    assert_int_equal(access(place_path(&place, "socket"), F_OK), 0);
    close(fd); /* as after a kill: the file stays, and nobody answers */
    if (place_run_relay(&place, output, check))
        fail_msg("%s", output);
}

/* relay.ini is changed, checked, and then the relay is started again. */
static void addresses_are_looked_at_beside_a_relay_that_runs(void **state)
{
    static const struct {
        const char *line;
        int code;
        const char *said;
    } cases[] = {
        {"http_listen = garbage", 1, "is not an address to listen on"},
        {"http_listen = 192.0.2.1:8080", 1, "choose an address of this machine"},
        {"host = localhost\nplain_listen = unix:/nonexistent/x\nforwarded_from = unix", 1, "in a folder"},
        {"host = localhost\nplain_listen = unix:/etc/passwd\nforwarded_from = unix", 1, "File exists"},
        {"http_listen = 127.0.0.1:0", 0, "free to listen on"},
    };
    const char *const check[] = {"--allow-private-keys", "--check", "--config", place_path(&place, "next.ini"), NULL};
    char output[PLACE_OUTPUT_BYTES], settings[128];

    (void)state;
    place_start(&place, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        place_write(&place, "next.ini", cases[i].line, strlen(cases[i].line));
        if (place_run_relay(&place, output, check) != cases[i].code || !strstr(output, cases[i].said))
            fail_msg("%s: %s", cases[i].line, output);
    }
    snprintf(settings, sizeof settings, "http_listen = 127.0.0.1:%u", place.public_port);
    place_write(&place, "next.ini", settings, strlen(settings));
    if (place_run_relay(&place, output, check) || !strstr(output, "in use, by the relay that runs here"))
        fail_msg("%s", output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITHOUT(a_check_adds_nothing_to_the_log),
        WITHOUT(a_check_finds_a_page_that_is_damaged),
        WITHOUT(addresses_are_looked_at_beside_a_relay_that_runs),
        WITHOUT(a_socket_that_somebody_listens_on_is_not_taken),
    };
    return cmocka_run_group_tests(tests, serve_set_up, serve_tear_down);
}
