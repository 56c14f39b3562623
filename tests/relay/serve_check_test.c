/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever looks changes nothing: a check beside a log and beside a socket, and a new relay that finds an old log. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/relay/serve_world.h"

enum { WAIT_MS = 30000, LOOK_MS = 20, NOTE_BYTES = 8192 };

/* Of the stored log; 0 while there is none. */
static int count_entries(void)
{
    sqlite3 *db;
    sqlite3_stmt *count = NULL;
    int entries = 0;

    if (sqlite3_open_v2(place_path(&place, "data/relay.db"), &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, "SELECT count(*) FROM entry", -1, &count, NULL) == SQLITE_OK &&
        sqlite3_step(count) == SQLITE_ROW)
        entries = sqlite3_column_int(count, 0);
    sqlite3_finalize(count);
    sqlite3_close(db);
    return entries;
}

static void wait_for_entries(int wanted)
{
    for (int waited = 0; count_entries() < wanted; waited += LOOK_MS) {
        assert_true(waited < WAIT_MS);
        usleep(LOOK_MS * 1000);
    }
}

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

static bool is_sent(const struct line_end *end)
{
    return !end->out.len;
}

static void a_check_adds_nothing_to_the_log(void **state)
{
    handhold_ToRelay key = {.which_body = handhold_ToRelay_session_key_tag};
    char output[PLACE_OUTPUT_BYTES];
    struct line_end agent, customer;
    handhold_Opened opened;
    int entries;

    (void)state;
    place_start(&place, NULL);
    serve_open_session(&agent, &opened);
    serve_join(&customer, &opened, key.body.session_key.session_key);
    line_end_send(&agent, &key);
    line_end_run(&agent, is_sent);
    wait_for_entries(2); /* created, joined: live, for the next start to find */
    assert_int_equal(place_stop(&place, SIGKILL), 128 + SIGKILL);
    line_end_clear(&agent);
    line_end_clear(&customer);
    entries = count_entries();
    if (place_run_relay(&place, output, (const char *const[]){"--allow-private-keys", "--check", NULL}))
        fail_msg("%s", output);
    assert_int_equal(count_entries(), entries);
    assert_true(vouched("relay/checkpoint") <= entries);
    place_start(&place, NULL); /* this one does: the session has lost its ends */
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    assert_true(count_entries() > entries);
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

/* Until one of both stands there. */
static bool is_said(const char *wanted, const char *instead)
{
    for (int waited = 0; waited < WAIT_MS; waited += LOOK_MS) {
        if (strstr(place_said(&place), instead))
            return false;
        if (strstr(place_said(&place), wanted))
            return true;
        usleep(LOOK_MS * 1000);
    }
    return false;
}

static void set_to(const char *settings)
{
    char text[512];

    snprintf(text, sizeof text, "staff_listen = 127.0.0.1:0\n%s", settings);
    place_write(&place, "changed.ini", text, strlen(text));
}

/* A relay whose stderr is read. */
static void start_and_listen(const char *settings)
{
    set_to(settings);
    place_write(&place, "said", "", 0);
    place.listens = true;
    place_start(&place, (const char *const[]){"--config", place_path(&place, "changed.ini"), NULL});
    place.listens = false;
}

static void settings_that_are_wrong_do_not_end_the_relay_before(void **state)
{
    static const struct {
        const char *line, *said;
    } wrong[] = {
        {"host = nonsense.example:443\n", "does not name this host"},
        {"staff_host = nonsense.example:9\n", "does not name this host"},
        {"host = [::1\n", "give a host, or host:port"},
        {"plain_listen = 192.0.2.1:80\n", "may only be reached on this machine"},
        {"plain_listen = 127.0.0.1:0\n", "behind a proxy no certificate tells it"},
        {"http_listen = 192.0.2.1:80\n", "choose an address of this machine"},
        {"witness = https://witness.example w+00000000+AAAA\n", "is not the key of a witness"},
        {"witness_ca = /nowhere/roots.pem\n", "names a file of roots"},
    };
    (void)state;
    start_and_listen("log_level = info\n");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        place_forget_said(&place);
        set_to(wrong[i].line);
        assert_int_equal(kill(place.relay, SIGUSR2), 0);
        if (!is_said("the new relay did not start", "this one leaves") || !is_said(wrong[i].said, "this one leaves"))
            fail_msg("%s", wrong[i].line);
        serve_expect(place.public_port, NULL, "/healthz", "ok");
    }
}

static bool is_answered(const char *path)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool answered;

    snprintf(own.sun_path, sizeof own.sun_path, "%s", path);
    answered = !connect(fd, (const struct sockaddr *)&own, sizeof own);
    close(fd);
    return answered;
}

/* SIGUSR2; the place's relay is the new one then. */
static void take_over(void)
{
    pid_t old = place.relay;
    int status;

    place_inherit(true);
    assert_int_equal(kill(old, SIGUSR2), 0);
    assert_true(is_said("this one leaves", "did not start"));
    assert_int_equal(waitpid(old, &status, 0), old);
    place.relay = place_heir();
    place_inherit(false);
}

static void the_relay_that_takes_over_listens_where_its_settings_say(void **state)
{
    char settings[256], one[200], two[200];

    (void)state;
    snprintf(one, sizeof one, "%s", place_path(&place, "one"));
    snprintf(two, sizeof two, "%s", place_path(&place, "two"));
    snprintf(settings, sizeof settings, "host = localhost\nplain_listen = unix:%s\n", one);
    start_and_listen(settings);
    assert_true(is_answered(one));
    snprintf(settings, sizeof settings, "host = localhost\nplain_listen = unix:%s\n", two);
    set_to(settings);
    take_over();
    assert_true(is_answered(two));
    assert_false(is_answered(one));
    serve_expect(place.public_port, NULL, "/healthz", "ok"); /* the same sockets as before */
}

/* From this machine alone to the world: the first change of every operator. The one before has the port meanwhile. */
static void the_relay_that_takes_over_listens_on_more_addresses_of_the_same_port(void **state)
{
    char settings[128];

    (void)state;
    start_and_listen("http_listen = 127.0.0.1:0\n");
    snprintf(settings, sizeof settings, "http_listen = 0.0.0.0:%u\n", place.http_port);
    set_to(settings);
    take_over();
    close(place_knock_at("127.0.0.2", place.http_port));
    close(place_knock(place.http_port));
}

/* libwebsockets has times of its own, which nobody counts: they are longer than ours may be. */
static void whoever_dribbles_a_head_is_closed_by_our_time_and_counted(void **state)
{
    static const char half[] = "GET /.well-known/acme-challenge/x HTTP/1.1\r\nHost: local";
    char reply[PLACE_OUTPUT_BYTES], rest[64];
    int stranger;

    (void)state;
    start_and_listen("http_listen = 127.0.0.1:0\nopening_ms = 11000\n");
    stranger = place_knock(place.http_port);
    assert_int_equal(write(stranger, half, sizeof half - 1), sizeof half - 1);
    while (read(stranger, rest, sizeof rest) > 0)
        ;
    assert_true(serve_get(place.staff_port, NULL, "127.0.0.1", "anna", "/metrics", reply) > 0);
    assert_non_null(strstr(reply, "\nhandhold_bound_reached_total{bound=\"opening_ms\"} 1\n"));
    close(stranger);
}

/* The last: the folder is an old copy from then on. */
static void a_new_relay_that_finds_an_old_log_changes_nothing(void **state)
{
    struct line_end agent, other;
    handhold_Opened opened;
    char output[PLACE_OUTPUT_BYTES], aside[256];

    (void)state;
    start_and_listen("");
    serve_open_session(&agent, &opened);
    assert_int_equal(place_run(output, "handhold-relay",
                               (const char *const[]){"--dir", place.dir, "--backup", place_path(&place, "copy"), NULL}),
                     0);
    serve_open_session(&other, &opened);
    for (int waited = 0; vouched("relay/checkpoint") <= vouched("copy/checkpoint"); waited += LOOK_MS) {
        assert_true(waited < WAIT_MS);
        usleep(LOOK_MS * 1000);
    }
    snprintf(aside, sizeof aside, "%s", place_path(&place, "data/relay.db"));
    assert_int_equal(rename(place_path(&place, "copy/relay.db"), aside), 0);
    (void)unlink(place_path(&place, "data/relay.db-wal"));
    (void)unlink(place_path(&place, "data/relay.db-shm"));
    assert_int_equal(kill(place.relay, SIGUSR2), 0);
    assert_true(is_said("the new relay did not start", "this one leaves"));
    serve_expect(place.public_port, NULL, "/healthz", "ok");
    assert_false(agent.closed);
    assert_int_equal(place_stop(&place, SIGKILL), 128 + SIGKILL);
    line_end_clear(&agent);
    line_end_clear(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITHOUT(a_check_adds_nothing_to_the_log),
        WITHOUT(a_socket_that_somebody_listens_on_is_not_taken),
        WITHOUT(settings_that_are_wrong_do_not_end_the_relay_before),
        WITHOUT(the_relay_that_takes_over_listens_where_its_settings_say),
        WITHOUT(the_relay_that_takes_over_listens_on_more_addresses_of_the_same_port),
        WITHOUT(whoever_dribbles_a_head_is_closed_by_our_time_and_counted),
        WITHOUT(a_new_relay_that_finds_an_old_log_changes_nothing),
    };
    return cmocka_run_group_tests(tests, serve_set_up, serve_tear_down);
}
