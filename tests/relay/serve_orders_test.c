/* SPDX-License-Identifier: Apache-2.0 */
/* What a running relay is told by signals: other settings, another certificate, another relay in its place, its end. */
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

enum { WAIT_MS = 30000, LOOK_MS = 20, NOTE_BYTES = 8192 };

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
    struct stat there;
    char text[512];

    snprintf(text, sizeof text, "staff_listen = 127.0.0.1:0\n%s", settings);
    if (!stat(place_path(&place, "changed.ini"), &there) && S_ISFIFO(there.st_mode)) /* of a test that failed */
        assert_int_equal(unlink(place_path(&place, "changed.ini")), 0);
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
        {"host = nonsense.example:443\n",
         "host = nonsense.example:443: the relay's certificate does not name this host"},
        {"staff_host = nonsense.example:9\n", "staff_host = nonsense.example:9: the relay's certificate does not name"},
        {"host = [::1\n", "give a host, or host:port"},
        {"plain_listen = 192.0.2.1:80\n", "plain_listen = 192.0.2.1:80: has no TLS, and may only be reached on this"},
        {"metrics_listen = nowhere\n", "metrics_listen = nowhere: "},
        {"http_listen = 1\n", "http_listen = 1: is not an address to listen on"},
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

static void issue(const char *const *hosts)
{
    const char *arguments[16] = {"issue", "--dir", place.dir, "relay"};
    char output[PLACE_OUTPUT_BYTES];
    size_t count = 4;

    for (; *hosts; hosts++) {
        arguments[count++] = "--host";
        arguments[count++] = *hosts;
    }
    assert_int_equal(place_run(output, "handhold-certs", arguments), 0);
}

/* --check beside the relay, with the addresses that it listens on. */
static void check_beside(char output[static PLACE_OUTPUT_BYTES], const char *wrong)
{
    char listen[32], staff_listen[32];

    snprintf(listen, sizeof listen, "127.0.0.1:%u", place.public_port);
    snprintf(staff_listen, sizeof staff_listen, "127.0.0.1:%u", place.staff_port);
    assert_int_equal(place_run(output, "handhold-relay",
                               (const char *const[]){"--dir", place.dir, "--allow-private-keys", "--check", "--config",
                                                     place_path(&place, "changed.ini"), "--listen", listen,
                                                     "--staff-listen", staff_listen, NULL}),
                     1);
    if (!strstr(output, wrong) || !strstr(output, "a relay is running on this folder") ||
        !strstr(output, "in use, by the relay that runs here") || strstr(output, "the port is in use"))
        fail_msg("%s", output);
}

/* It would lock out whoever comes by the name that it lacks: staff by 127.0.0.1, customers by localhost. */
static void a_certificate_that_names_other_hosts_is_not_taken(void **state)
{
    static const char *const every[] = {"127.0.0.1", "localhost", "staff.localhost", NULL};
    static const struct {
        const char *hosts[3], *said;
    } wrong[] = {
        {{"localhost"}, "relay.crt: does not name 127.0.0.1, by which"},
        {{"127.0.0.1", "example.net"}, "relay.crt: does not name localhost, by which"},
    };
    char output[PLACE_OUTPUT_BYTES];

    (void)state;
    start_and_listen("host = localhost\n");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        place_forget_said(&place);
        issue(wrong[i].hosts);
        assert_int_equal(kill(place.relay, SIGHUP), 0);
        assert_true(is_said("a certificate stays the one that was loaded before", "certificates read again"));
        assert_non_null(strstr(place_said(&place), wrong[i].said));
        serve_expect(place.public_port, NULL, "/healthz", "ok");
    }
    check_beside(output, "host = localhost ");
    place_write(&place, "relay/relay.crt", "x", 1);
    check_beside(output, "relay.crt");
    place_forget_said(&place);
    issue(every);
    assert_int_equal(kill(place.relay, SIGHUP), 0);
    assert_true(is_said("certificates read again", "stays the one"));
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

/* ---- orders that meet each other ---- */

/* A relay that is started with these settings waits until somebody writes them. */
static void hold_up_the_next_start(void)
{
    assert_int_equal(unlink(place_path(&place, "changed.ini")), 0);
    assert_int_equal(mkfifo(place_path(&place, "changed.ini"), 0600), 0);
}

static void let_it_start(const char *settings)
{
    int fd = open(place_path(&place, "changed.ini"), O_WRONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, settings, strlen(settings)), (ssize_t)strlen(settings));
    close(fd);
}

static void send_and_hear(int order, const char *words)
{
    assert_int_equal(kill(place.relay, order), 0);
    if (!is_said(words, "this one leaves"))
        fail_msg("\"%s\" is not in: %s", words, place_said(&place));
}

static void an_order_that_cannot_be_followed_is_answered(void **state)
{
    struct line_end agent, customer;

    (void)state;
    start_and_listen("");
    hold_up_the_next_start();
    send_and_hear(SIGUSR2, "a new relay is started, and takes over when it is ready");
    send_and_hear(SIGUSR2, "a new relay is on its way already");
    let_it_start("nonsense = 1\n");
    assert_true(is_said("the new relay did not start, so this one goes on", "this one leaves"));
    serve_begin_session(&agent, &customer);
    send_and_hear(SIGTERM, "ending: no new session from now on");
    send_and_hear(SIGUSR2, "this relay is about to end, so no new one is started");
    assert_int_equal(place_stop(&place, SIGTERM), 0); /* a second one ends it at once */
    line_end_clear(&agent);
    line_end_clear(&customer);
    assert_int_equal(unlink(place_path(&place, "changed.ini")), 0);
}

static void a_new_one_is_on_its_way(void)
{
    start_and_listen("");
    hold_up_the_next_start();
    place_inherit(true);
    send_and_hear(SIGUSR2, "a new relay is started, and takes over when it is ready");
}

static void nobody_is_left(void)
{
    place_inherit(false);
    assert_false(place_has_heir());
    assert_int_equal(unlink(place_path(&place, "changed.ini")), 0);
}

static const char both_end[] = "this relay was told to end, so the new one is ended too";

static void whoever_ends_a_relay_gets_no_other_in_its_place(void **state)
{
    static const char settings[] = "staff_listen = 127.0.0.1:0\n";
    struct line_end agent, customer;

    (void)state;
    a_new_one_is_on_its_way(); /* and not ready */
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    assert_non_null(strstr(place_said(&place), both_end));
    nobody_is_left();
    a_new_one_is_on_its_way(); /* and ready while a session is waited for */
    serve_begin_session(&agent, &customer);
    send_and_hear(SIGTERM, "ending: no new session from now on");
    let_it_start(settings);
    if (!is_said(both_end, "this one leaves"))
        fail_msg("%s", place_said(&place));
    assert_false(agent.closed);
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    line_end_clear(&agent);
    line_end_clear(&customer);
    nobody_is_left();
    a_new_one_is_on_its_way();
    (void)place_stop(&place, SIGKILL);
    let_it_start(settings);
    place.relay = place_heir();
    assert_true(is_said("has ended meanwhile, so this one does not serve either", "this one leaves"));
    assert_int_equal(place_stop(&place, 0), 1);
    nobody_is_left();
}

/* Root may bind any port, and the relay that it has started keeps that alone; so does the one that takes over. */
static void the_relay_that_takes_over_may_listen_below_1024_as_the_one_before(void **state)
{
    enum { NOBODY = 65534 };
    char command[400], status[64], line[128] = "";
    FILE *file;

    (void)state;
    if (getuid() || system("setpriv --reuid 65534 --clear-groups test -x '" HANDHOLD_BIN "/handhold-relay'"))
        skip(); /* and the one that takes over is started by that user: it must reach the program */
    start_and_listen("");
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    snprintf(command, sizeof command, "chown -R %d:%d %s", NOBODY, NOBODY, place.dir);
    assert_int_equal(system(command), 0);
    start_and_listen("");
    take_over();
    snprintf(status, sizeof status, "/proc/%d/status", (int)place.relay);
    file = fopen(status, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) && strncmp(line, "CapEff:", 7))
        ;
    fclose(file);
    assert_int_equal(strtoull(line + 7, NULL, 16), 1u << 10); /* CAP_NET_BIND_SERVICE */
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    snprintf(command, sizeof command, "chown -R 0:0 %s", place.dir);
    assert_int_equal(system(command), 0);
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
        WITHOUT(settings_that_are_wrong_do_not_end_the_relay_before),
        WITHOUT(a_certificate_that_names_other_hosts_is_not_taken),
        WITHOUT(the_relay_that_takes_over_listens_where_its_settings_say),
        WITHOUT(the_relay_that_takes_over_listens_on_more_addresses_of_the_same_port),
        WITHOUT(an_order_that_cannot_be_followed_is_answered),
        WITHOUT(whoever_ends_a_relay_gets_no_other_in_its_place),
        WITHOUT(the_relay_that_takes_over_may_listen_below_1024_as_the_one_before),
        WITHOUT(whoever_dribbles_a_head_is_closed_by_our_time_and_counted),
        WITHOUT(a_new_relay_that_finds_an_old_log_changes_nothing),
    };
    return cmocka_run_group_tests(tests, serve_set_up, serve_tear_down);
}
