/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives a relay: copies of its databases, its sessions, its place under a service manager. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/host/files.h"
#include "tests/relay/serve_world.h"
#include "tests/relay/told.h"

/* ---- copies ---- */

static void a_copy_is_taken_while_the_relay_runs_and_can_be_started(void **state)
{
    static const char *const files[] = {"relay.db", "keys.db", "checkpoint", "org.note", "policy.note"};
    char output[PLACE_OUTPUT_BYTES], name[64], command[700];
    struct line_end end;
    handhold_Opened opened;
    struct stat file;

    (void)state;
    serve_open_session(&end, &opened);
    line_end_clear(&end);
    if (place_run(output, "handhold-relay",
                  (const char *const[]){"--dir", place.dir, "--backup", place_path(&place, "copy"), NULL}))
        fail_msg("%s", output);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(name, sizeof name, "copy/%s", files[i]);
        assert_int_equal(stat(place_path(&place, name), &file), 0);
        assert_int_equal(file.st_mode & 0777, 0600);
    }
    assert_int_equal(place_run(output, "handhold-relay",
                               (const char *const[]){"--dir", place.dir, "--backup", place_path(&place, "copy"), NULL}),
                     0); /* over the earlier one */
    place_write(&place, "copy/checkpoint", "earlier", 7);
    assert_int_equal(mkdir(place_path(&place, "copy/keys.db.part"), 0700), 0); /* it cannot be finished */
    assert_int_equal(place_run(output, "handhold-relay",
                               (const char *const[]){"--dir", place.dir, "--backup", place_path(&place, "copy"), NULL}),
                     1);
    assert_int_equal(stat(place_path(&place, "copy/checkpoint"), &file), 0);
    assert_int_equal(file.st_size, 7); /* what was whole stays so */
    assert_int_equal(rmdir(place_path(&place, "copy/keys.db.part")), 0);
    assert_int_equal(place_run(output, "handhold-relay",
                               (const char *const[]){"--dir", place.dir, "--backup", place_path(&place, "copy"), NULL}),
                     0);
    assert_int_equal(place_run(output, "handhold-relay",
                               (const char *const[]){"--dir", place.dir, "--backup", place_path(&place, "data"), NULL}),
                     1);
    assert_non_null(strstr(output, "may be a relay's own"));
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    snprintf(command, sizeof command,
             "cd %s && rm -f data/relay.db* data/keys.db* && mv copy/relay.db copy/keys.db data/ && mv copy/checkpoint "
             "relay/checkpoint && mv copy/*.note relay/ && rmdir copy",
             place.dir);
    assert_int_equal(system(command), 0);
    place_start(&place, NULL);
    serve_expect(place.public_port, NULL, "/healthz", "ok");
}

static int restore(const char *from, char output[PLACE_OUTPUT_BYTES])
{
    return place_run(output, "handhold-relay",
                     (const char *const[]){"--dir", place.dir, "--restore", place_path(&place, from), NULL});
}

/* Entries that relay/checkpoint vouches for; it is written a moment behind the log. */
static long vouched(void)
{
    struct proto_buf file;
    long size = 0;

    proto_buf_init(&file, 4096);
    if (!host_file_read(place_path(&place, "relay/checkpoint"), &file)) {
        proto_buf_put_u8(&file, 0);
        const char *line = strchr((const char *)file.bytes, '\n');
        size = line ? strtol(line + 1, NULL, 10) : 0;
    }
    proto_buf_free(&file);
    return size;
}

/* One restores after a crash, and what SQLite kept beside the newer databases is still there. */
/* Of the copy `kept`; what it had before is in `aside`. */
static void set_note(const char *value)
{
    char sql[700];
    sqlite3 *db;

    snprintf(sql, sizeof sql,
             "ATTACH '%s' AS kept; CREATE TABLE IF NOT EXISTS kept.checkpoint(note);"
             "INSERT INTO kept.checkpoint SELECT note FROM main.checkpoint WHERE NOT EXISTS (SELECT 1 FROM "
             "kept.checkpoint); UPDATE main.checkpoint SET note=%s",
             place_path(&place, "aside"), value);
    assert_int_equal(sqlite3_open(place_path(&place, "kept/relay.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_copy_is_restored_over_what_a_crash_has_left(void **state)
{
    char output[PLACE_OUTPUT_BYTES];
    struct line_end end;
    handhold_Opened opened;

    (void)state;
    serve_open_session(&end, &opened);
    assert_int_equal(place_run(output, "handhold-relay",
                               (const char *const[]){"--dir", place.dir, "--backup", place_path(&place, "kept"), NULL}),
                     0);
    long kept = vouched();
    assert_int_equal(restore("kept", output), 1);
    assert_non_null(strstr(output, "a relay runs on this folder"));
    line_end_clear(&end);
    for (int i = 0; i < 3; i++) {
        serve_open_session(&end, &opened);
        line_end_clear(&end);
    }
    for (int waited = 0; vouched() <= kept; waited++) {
        assert_in_range(waited, 0, 3000);
        usleep(10000);
    }
    (void)place_stop(&place, SIGKILL);
    assert_int_equal(access(place_path(&place, "data/relay.db-wal"), F_OK), 0);
    assert_int_equal(restore("nowhere", output), 1);
    set_note("substr(note, 1, length(note) - 40) || char(10)");
    assert_int_equal(restore("kept", output), 1);
    assert_non_null(strstr(output, "is a copy of another log"));
    assert_null(strstr(output, "fine")); /* and of what runs here nobody asked */
    assert_int_equal(access(place_path(&place, "data.replaced"), F_OK), -1);
    set_note("(SELECT note FROM kept.checkpoint)");
    assert_int_equal(restore("kept", output), 0);
    assert_non_null(strstr(output, "data.replaced"));
    assert_int_not_equal(access(place_path(&place, "data/relay.db-wal"), F_OK), 0);
    assert_int_equal(access(place_path(&place, "data.replaced/relay.db-wal"), F_OK), 0);
    assert_int_equal(access(place_path(&place, "data/token.key"), F_OK), 0);
    assert_int_not_equal(place_run_relay(&place, output, (const char *const[]){"--allow-private-keys", NULL}), 0);
    assert_non_null(strstr(output, "an old copy was put back"));
    assert_int_equal(restore("kept", output), 1); /* the first one's are not lost */
    assert_non_null(strstr(output, "holds what another restore replaced"));
    assert_int_equal(rename(place_path(&place, "relay/checkpoint"), place_path(&place, "kept/newer")), 0);
    char command[400];
    snprintf(command, sizeof command, "rm -rf %s/data.replaced %s/kept/newer", place.dir, place.dir);
    assert_int_equal(system(command), 0);
    assert_int_equal(restore("kept", output), 0); /* as on a new machine */
    assert_non_null(strstr(output, "since there was none"));
    place_start(&place, NULL);
    serve_expect(place.public_port, NULL, "/healthz", "ok");
}

enum { PAGE_BYTES = 4096 };

/* What lay there is in `page` then. */
static void swap_page(long at, char page[static PAGE_BYTES])
{
    FILE *file = fopen(place_path(&place, "data/relay.db"), "r+be");
    char before[PAGE_BYTES];

    assert_non_null(file);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fread(before, sizeof before, 1, file), 1);
    assert_int_equal(fseek(file, at, SEEK_SET), 0);
    assert_int_equal(fwrite(page, PAGE_BYTES, 1, file), 1);
    assert_int_equal(fclose(file), 0);
    memcpy(page, before, sizeof before);
}

/* Each by another part of the start. */
static void a_start_that_meets_damage_names_the_file_and_the_way_out(void **state)
{
    static const char *const names[] = {"checkpoint", "begun", "place", "session", "entry"};
    char output[PLACE_OUTPUT_BYTES], said[256];

    (void)state;
    snprintf(said, sizeof said, "handhold-relay: %s: damaged, or not a database", place_path(&place, "data/relay.db"));
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char page[PAGE_BYTES] = "no page of a database";
        long at = serve_place_of_table(names[i]);

        swap_page(at, page);
        assert_int_not_equal(place_run_relay(&place, output, (const char *const[]){"--allow-private-keys", NULL}), 0);
        swap_page(at, page);
        if (!strstr(output, said) || !strstr(output, "; put the newest copy back with handhold-relay --restore\n"))
            fail_msg("%s: %s", names[i], output);
    }
}

/* ---- copies of a log that is long, and written to ---- */

struct writer {
    char path[300];
    atomic_bool ended;
    unsigned written, most;
};

static void make_database(const char *path, const char *fill)
{
    sqlite3 *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; CREATE TABLE t(x)", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, fill, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void *write_on(void *context)
{
    struct writer *writer = context;
    sqlite3 *db;

    if (sqlite3_open(writer->path, &db) == SQLITE_OK) {
        sqlite3_busy_timeout(db, 10000);
        (void)sqlite3_exec(db, "PRAGMA synchronous=OFF", NULL, NULL, NULL);
        while (!atomic_load(&writer->ended) && writer->written < writer->most &&
               sqlite3_exec(db, "INSERT INTO t VALUES(1)", NULL, NULL, NULL) == SQLITE_OK)
            writer->written++;
    }
    sqlite3_close(db);
    return NULL;
}

/* Nothing but the databases is there: whatever else is wrong with a relay's folder, its log can be saved. */
static void a_copy_comes_to_an_end_however_busy_the_relay_is(void **state)
{
    static const char fill[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<48) "
                               "INSERT INTO t SELECT randomblob(1048576) FROM n";
    struct writer writer = {.most = 200000};
    char output[PLACE_OUTPUT_BYTES], dir[300];
    pthread_t thread;

    (void)state;
    assert_int_equal(mkdir(place_path(&place, "busy"), 0700), 0);
    assert_int_equal(mkdir(place_path(&place, "busy/data"), 0700), 0);
    snprintf(writer.path, sizeof writer.path, "%s", place_path(&place, "busy/data/relay.db"));
    make_database(writer.path, fill);
    make_database(place_path(&place, "busy/data/keys.db"), "INSERT INTO t VALUES(1)");
    snprintf(dir, sizeof dir, "%s", place_path(&place, "busy"));
    assert_int_equal(pthread_create(&thread, NULL, write_on, &writer), 0);
    int rc = place_run(output, "handhold-relay",
                       (const char *const[]){"--dir", dir, "--backup", place_path(&place, "busy/copy"), NULL});
    atomic_store(&writer.ended, true);
    pthread_join(thread, NULL);
    if (rc)
        fail_msg("%s", output);
    assert_in_range(writer.written, 1, writer.most - 1); /* it wrote all the while, and was not waited for */
}

/* ---- systemd ---- */

static void a_service_manager_is_told_what_goes_on(void **state)
{
    struct told told;

    (void)state;
    told_listen(&told, &place);
    place_start(&place, NULL);
    told_hide();
    told_expect(&told, "READY=1\nSTATUS=serving https://127.0.0.1:");
    told_expect(&told, "WATCHDOG=1");
    assert_int_equal(kill(place.relay, SIGHUP), 0);
    told_expect(&told, "RELOADING=1\nMONOTONIC_USEC=");
    told_expect(&told, "READY=1");
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    told_expect(&told, "STOPPING=1\nEXTEND_TIMEOUT_USEC=90000000\n"); /* drain_s, and a minute to write */
    told_close(&told);
}

static void a_database_of_an_earlier_release_is_given_the_time_that_it_takes(void **state)
{
    struct told told;
    char path[300];
    sqlite3 *db;

    (void)state;
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    snprintf(path, sizeof path, "%s", place_path(&place, "data/relay.db"));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "DROP VIEW filed; DROP TABLE begun; DROP TABLE place;"
                                  "CREATE UNIQUE INDEX entry_of ON entry(sid,c); PRAGMA user_version=2",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
    told_listen(&told, &place);
    place_start(&place, NULL);
    told_hide();
    told_expect(&told,
                "EXTEND_TIMEOUT_USEC=3600000000\nWATCHDOG_USEC=3600000000\nSTATUS=bringing relay.db to version 3");
    told_expect(&told, "WATCHDOG_USEC=");
    told_expect(&told, "READY=1\nSTATUS=serving https://127.0.0.1:");
    told_close(&told);
}

/* ---- what outlives a relay ---- */

static void a_killed_relay_knows_its_sessions_again(void **state)
{
    struct line_end agent, customer;
    handhold_Opened opened;
    uint8_t session_key[32];
    handhold_ToRelay back = {.which_body = handhold_ToRelay_hello_tag,
                             .body.hello = {.which_seat = handhold_Hello_token_tag}};

    (void)state;
    serve_open_session(&agent, &opened);
    assert_int_equal(place_stop(&place, SIGKILL), 128 + SIGKILL);
    line_end_run(&agent, line_end_is_closed);
    assert_int_equal(agent.err, PROTO_ERR_IO);
    line_end_clear(&agent);

    place_restart(&place);
    memcpy(back.body.hello.seat.token, opened.token, sizeof opened.token);
    line_end_connect(&agent, loop, place.staff_url, place_path(&place, "ca/ca.crt"), place_path(&place, "staff/anna"));
    line_end_run(&agent, line_end_is_open);
    line_end_ask(&agent, &back, handhold_FromRelay_welcome_tag);
    assert_true(agent.last.body.welcome.returned);
    assert_int_equal(agent.last.body.welcome.index, 2);
    assert_true(strlen(agent.last.body.welcome.checkpoint) > 0); /* the log holds `created` */
    serve_join(&customer, &opened, session_key);
    line_end_clear(&customer);
    line_end_clear(&agent);
}

static bool has_sent(const struct line_end *end)
{
    return !end->out.len;
}

static void a_live_session_is_waited_for_until_a_second_signal(void **state)
{
    handhold_ToRelay known = {.which_body = handhold_ToRelay_session_key_tag};
    struct line_end agent, customer;
    handhold_Opened opened;
    char reply[PLACE_OUTPUT_BYTES];

    (void)state;
    serve_open_session(&agent, &opened);
    serve_join(&customer, &opened, known.body.session_key.session_key);
    line_end_send(&agent, &known); /* the ends know each other: from now on it is live */
    line_end_run(&agent, has_sent);
    do {
        assert_true(serve_get(place.staff_port, NULL, "127.0.0.1", "anna", "/metrics", reply) > 0);
    } while (!strstr(reply, "\nhandhold_sessions_live 1\n"));
    assert_int_equal(kill(place.relay, SIGTERM), 0);
    do { /* until it has seen the signal */
        assert_true(serve_get(place.staff_port, NULL, "127.0.0.1", "anna", "/readyz", reply) > 0);
    } while (strstr(reply, "ready\n"));
    assert_non_null(strstr(reply, " 503 "));
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    line_end_clear(&customer);
    line_end_clear(&agent);
}

static void back_to_its_seat(struct line_end *end, bool staff, const uint8_t *token, size_t len, uint32_t index)
{
    handhold_ToRelay hello = {.which_body = handhold_ToRelay_hello_tag,
                              .body.hello = {.which_seat = handhold_Hello_token_tag}};

    line_end_run(end, line_end_is_closed);
    line_end_clear(end);
    memcpy(hello.body.hello.seat.token, token, len);
    line_end_connect(end, loop, staff ? place.staff_url : place.public_url, place_path(&place, "ca/ca.crt"),
                     staff ? place_path(&place, "staff/anna") : NULL);
    line_end_run(end, line_end_is_open);
    line_end_ask(end, &hello, handhold_FromRelay_welcome_tag);
    assert_true(end->last.body.welcome.returned);
    assert_int_equal(end->last.body.welcome.index, index);
}

static void another_relay_takes_over_and_each_end_comes_back_once(void **state)
{
    handhold_ToRelay known = {.which_body = handhold_ToRelay_session_key_tag};
    struct line_end agent, customer;
    handhold_Opened opened;
    uint8_t token[32];
    pid_t old = place.relay;
    int status;

    (void)state;
    place_inherit(true);
    serve_open_session(&agent, &opened);
    serve_join(&customer, &opened, known.body.session_key.session_key);
    memcpy(token, customer.last.body.welcome.token.bytes, sizeof token);
    line_end_send(&agent, &known);
    line_end_run(&agent, has_sent);
    assert_int_equal(kill(old, SIGUSR2), 0);
    /* At the first try, on the same ports: whoever knocks before the new one opens waits at the door. */
    back_to_its_seat(&agent, true, opened.token, sizeof opened.token, 2);
    back_to_its_seat(&customer, false, token, sizeof token, 1);
    assert_int_equal(waitpid(old, &status, 0), old);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    place.relay = place_heir();
    assert_int_not_equal(place.relay, old);
    place_inherit(false);
    line_end_clear(&customer);
    line_end_clear(&agent);
}

static void a_new_relay_that_does_not_start_changes_nothing(void **state)
{
    char reply[PLACE_OUTPUT_BYTES];
    struct line_end agent;
    handhold_Opened opened;

    (void)state;
    serve_open_session(&agent, &opened);
    assert_int_equal(rename(place_path(&place, "org.note"), place_path(&place, "org.aside")), 0);
    assert_int_equal(kill(place.relay, SIGUSR2), 0);
    for (int turn = 0; turn < 20; turn++) /* while it tries */
        serve_expect(place.public_port, NULL, "/healthz", "ok");
    assert_true(serve_get(place.staff_port, NULL, "127.0.0.1", "anna", "/readyz", reply) > 0);
    assert_non_null(strstr(reply, "ready"));
    assert_int_equal(rename(place_path(&place, "org.aside"), place_path(&place, "org.note")), 0);
    assert_false(agent.closed);
    line_end_clear(&agent);
}

static void a_new_certificate_is_served_after_sighup(void **state)
{
    static const char before[] = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    char output[PLACE_OUTPUT_BYTES], old[PLACE_OUTPUT_BYTES], reply[PLACE_OUTPUT_BYTES];
    const char *line;

    (void)state;
    assert_true(place_talk(&place, place.staff_port, NULL, "anna", before, sizeof before - 1, NULL, old) > 0);
    assert_int_equal(
        place_run(output, "handhold-certs",
                  (const char *const[]){"issue", "--dir", place.dir, "relay", "--host", "127.0.0.1", "--host",
                                        "localhost", "--host", "staff.localhost", "--days", "30", NULL}),
        0);
    assert_int_equal(kill(place.relay, SIGHUP), 0);
    line = strstr(old, "\nhandhold_certificate_end_seconds{certificate=\"own\"} ");
    assert_non_null(line);
    *strchr(line + 1, '\n') = 0;
    do { /* until it has seen the signal */
        assert_true(place_talk(&place, place.staff_port, NULL, "anna", before, sizeof before - 1, NULL, reply) > 0);
    } while (strstr(reply, line));
    serve_expect(place.public_port, NULL, "/healthz", "ok");
    char command[700]; /* another's: nobody of the organisation would come in any more */
    snprintf(
        command, sizeof command,
        "cd %s/relay && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout relay.key -out "
        "relay.crt -days 30 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost 2>/dev/null",
        place.dir);
    assert_int_equal(system(command), 0);
    assert_int_equal(place_run(output, "handhold-relay", (const char *const[]){"--dir", place.dir, "--check", NULL}),
                     1);
    assert_non_null(strstr(output, "not under the organisation's roots"));
    assert_int_equal(kill(place.relay, SIGHUP), 0);
    for (int i = 0; i < 20; i++) /* the one before is shown, and trusted */
        assert_true(place_talk(&place, place.staff_port, NULL, "anna", before, sizeof before - 1, NULL, reply) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RELAY(a_copy_is_taken_while_the_relay_runs_and_can_be_started),
        WITH_RELAY(a_copy_is_restored_over_what_a_crash_has_left),
        WITH_RELAY(a_start_that_meets_damage_names_the_file_and_the_way_out),
        WITHOUT(a_copy_comes_to_an_end_however_busy_the_relay_is),
        WITHOUT(a_service_manager_is_told_what_goes_on),
        WITH_RELAY(a_database_of_an_earlier_release_is_given_the_time_that_it_takes),
        WITH_RELAY(a_killed_relay_knows_its_sessions_again),
        WITH_RELAY(a_live_session_is_waited_for_until_a_second_signal),
        WITH_RELAY(another_relay_takes_over_and_each_end_comes_back_once),
        WITH_RELAY(a_new_relay_that_does_not_start_changes_nothing),
        WITH_RELAY(a_new_certificate_is_served_after_sighup),
    };

    return cmocka_run_group_tests(tests, serve_set_up, serve_tear_down);
}
