/* SPDX-License-Identifier: Apache-2.0 */
/* The relay as a program: who may come in at which end, what it refuses, what outlives it, and how it says what is
 * wrong. */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <signal.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/relay/line_end.h"
#include "tests/relay/place.h"
#include "tests/relay/told.h"

static struct place place; /* one organisation for all; each test starts its own relay */
static struct host_loop *loop;

static int set_up(void **state)
{
    (void)state;
    place_init(&place);
    return host_loop_new(&loop) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    host_loop_free(loop);
    place_clear(&place);
    return 0;
}

static int start(void **state)
{
    (void)state;
    place_start(&place, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    if (place.relay)
        assert_int_equal(place_stop(&place, SIGTERM), 0);
    return 0;
}

/* ---- pages ---- */

static int get(unsigned port, const char *sni, const char *host, const char *identity, const char *path,
               char reply[static PLACE_OUTPUT_BYTES])
{
    char request[512];
    int len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host);

    return place_talk(&place, port, sni, identity, request, (size_t)len, NULL, reply);
}

static void expect(unsigned port, const char *identity, const char *path, const char *answer)
{
    char reply[PLACE_OUTPUT_BYTES];

    assert_true(get(port, NULL, "127.0.0.1", identity, path, reply) > 0);
    if (!strstr(reply, answer))
        fail_msg("%s: \"%s\" is not in: %s", path, answer, reply);
}

static void refuse(unsigned port, const char *path, const char *words)
{
    char reply[PLACE_OUTPUT_BYTES];

    assert_true(get(port, NULL, "127.0.0.1", NULL, path, reply) > 0);
    if (strstr(reply, words))
        fail_msg("%s: \"%s\" is in: %s", path, words, reply);
}

static void each_end_answers_what_is_its_own(void **state)
{
    (void)state;
    expect(place.public_port, NULL, "/healthz", "\r\n\r\nok\n");
    expect(place.public_port, NULL, "/", "content-type: text/html"); /* the phone page, or the plain one without it */
    expect(place.public_port, NULL, "/j", "200 OK");
    expect(place.public_port, NULL, "/j?x=1", "200 OK");
    expect(place.public_port, NULL, "/metrics", "404 Not Found");
    expect(place.public_port, NULL, "/readyz", "404 Not Found");
    expect(place.public_port, NULL, "/../etc/passwd", "404 Not Found");
    expect(place.staff_port, "anna", "/healthz", "\r\n\r\nok\n");
    expect(place.staff_port, "anna", "/readyz", "\r\n\r\nready\n");
    expect(place.staff_port, "anna", "/metrics", "\nhandhold_sessions_live 0\n");
    expect(place.staff_port, "anna", "/metrics", "\nhandhold_queue_seconds_bucket{class=\"picture\",le=\"+Inf\"} 0\n");
    expect(place.staff_port, "anna", "/metrics",
           "\nhandhold_refused_connections_total{bound=\"handshakes_per_address\"} 0\n");
    expect(place.staff_port, "anna", "/metrics", "\nhandhold_append_seconds_count ");
    expect(place.staff_port, "anna", "/", "404 Not Found");
}

static void the_page_loads_nothing_and_tells_nobody(void **state)
{
    (void)state;
    expect(place.public_port, NULL, "/j", "default-src 'none'; ");
    expect(place.public_port, NULL, "/j", "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    refuse(place.public_port, "/j", "unsafe-"); /* of a page that is built in, the body is zipped and ends the text */
    refuse(place.public_port, "/j", "set-cookie");
    expect(place.public_port, NULL, "/j", "camera=(self), microphone=(self), geolocation=()");
    expect(place.public_port, NULL, "/j", "referrer-policy: no-referrer");
    expect(place.public_port, NULL, "/j", "x-content-type-options: nosniff");
}

static void other_methods_are_not_allowed(void **state)
{
    static const char post[] = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab";
    static const char put[] =
        "PUT /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    char reply[PLACE_OUTPUT_BYTES];

    (void)state;
    assert_true(place_talk(&place, place.public_port, NULL, NULL, post, sizeof post - 1, NULL, reply) > 0);
    assert_non_null(strstr(reply, " 405 "));
    assert_non_null(strstr(reply, "allow: GET, HEAD"));
    assert_true(place_talk(&place, place.public_port, NULL, NULL, put, sizeof put - 1, NULL, reply) > 0);
    assert_non_null(strstr(reply, " 405 "));
}

/* ---- who may come in ---- */

static enum proto_err refusal(const char *identity, char text[static HOST_CONNECTION_ERROR_BYTES])
{
    struct line_end end;
    enum proto_err err;

    line_end_connect(&end, loop, place.staff_url, place_path(&place, "ca/ca.crt"), identity);
    line_end_run(&end, line_end_is_closed);
    assert_false(end.opened);
    err = end.err;
    strcpy(text, end.text);
    line_end_clear(&end);
    return err;
}

static void staff_without_a_certificate_are_refused(void **state)
{
    char text[HOST_CONNECTION_ERROR_BYTES], reply[PLACE_OUTPUT_BYTES];

    (void)state;
    assert_int_equal(refusal(NULL, text), PROTO_ERR_REFUSED);
    assert_non_null(strstr(text, "wants a certificate"));
    assert_int_equal(get(place.staff_port, NULL, "127.0.0.1", NULL, "/healthz", reply), -1);
}

static void staff_of_another_organisation_are_refused(void **state)
{
    struct place other;
    char text[HOST_CONNECTION_ERROR_BYTES];

    (void)state;
    place_init(&other);
    assert_int_equal(refusal(place_path(&other, "staff/anna"), text), PROTO_ERR_REFUSED);
    assert_non_null(strstr(text, "not one of its organisation's"));
    place_clear(&other);
}

static void an_integrator_has_no_business_at_the_staff_end(void **state)
{
    char output[PLACE_OUTPUT_BYTES], text[HOST_CONNECTION_ERROR_BYTES];

    (void)state;
    assert_int_equal(place_run(output, "handhold-certs",
                               (const char *const[]){"issue", "--dir", place.dir, "integrator", "--id", "robot",
                                                     "--name", "Robot", NULL}),
                     0);
    assert_int_equal(refusal(place_path(&place, "staff/robot"), text), PROTO_ERR_CERT_ROLE);
}

static const handhold_ToRelay staff_hello = {
    .which_body = handhold_ToRelay_hello_tag,
    .body.hello = {.which_seat = handhold_Hello_staff_tag, .seat.staff = true}};

static void a_hello_is_answered_by_a_welcome(void **state)
{
    struct line_end end;
    const handhold_Welcome *welcome = &end.last.body.welcome;
    char host[64];

    (void)state;
    line_end_connect(&end, loop, place.staff_url, place_path(&place, "ca/ca.crt"), place_path(&place, "staff/anna"));
    line_end_run(&end, line_end_is_open);
    line_end_ask(&end, &staff_hello, handhold_FromRelay_welcome_tag);
    assert_int_equal(welcome->index, 0);
    snprintf(host, sizeof host, "127.0.0.1:%u", place.public_port);
    assert_string_equal(welcome->join_host, host);
    assert_string_equal(welcome->origin, "127.0.0.1/audit/example.org");
    assert_non_null(strstr(welcome->org_note, "handhold/1 org\n"));
    assert_non_null(strstr(welcome->policy_note, "handhold/1 policy\n"));
    host_connection_close(end.connection);
    line_end_run(&end, line_end_is_closed);
    assert_int_equal(end.err, PROTO_OK);
    line_end_clear(&end);
}

static void whoever_is_revoked_is_out_within_seconds(void **state)
{
    char output[PLACE_OUTPUT_BYTES], text[HOST_CONNECTION_ERROR_BYTES];
    struct line_end bert, anna;

    (void)state;
    line_end_connect(&bert, loop, place.staff_url, place_path(&place, "ca/ca.crt"), place_path(&place, "staff/bert"));
    line_end_run(&bert, line_end_is_open);
    line_end_ask(&bert, &staff_hello, handhold_FromRelay_welcome_tag);
    line_end_connect(&anna, loop, place.staff_url, place_path(&place, "ca/ca.crt"), place_path(&place, "staff/anna"));
    line_end_run(&anna, line_end_is_open);
    assert_int_equal(
        place_run(output, "handhold-certs",
                  (const char *const[]){"revoke", "--dir", place.dir, "--id", "bert", "--reason", "left", NULL}),
        0);
    line_end_run(&bert, line_end_is_closed);
    assert_int_equal(refusal(place_path(&place, "staff/bert"), text), PROTO_ERR_CERT_REVOKED);
    assert_non_null(strstr(text, "revoked"));
    assert_false(anna.closed);
    line_end_clear(&bert);
    line_end_clear(&anna);
}

/* ---- a certificate that ends soon ---- */

static void a_check_fails_two_weeks_before_the_certificate_ends(void **state)
{
    struct place other;
    char output[PLACE_OUTPUT_BYTES];

    (void)state;
    place_init(&other);
    assert_int_equal(place_run_relay(&other, output, (const char *const[]){"--allow-private-keys", "--check", NULL}),
                     0);
    assert_int_equal(place_run(output, "handhold-certs",
                               (const char *const[]){"issue", "--dir", other.dir, "relay", "--host", "127.0.0.1",
                                                     "--days", "10", NULL}),
                     0);
    assert_int_equal(place_run_relay(&other, output, (const char *const[]){"--allow-private-keys", "--check", NULL}),
                     1);
    assert_non_null(strstr(output, "issue a new one"));
    place_clear(&other);
}

/* ---- copies ---- */

static void open_session(struct line_end *end, handhold_Opened *opened);

static void a_copy_is_taken_while_the_relay_runs_and_can_be_started(void **state)
{
    static const char *const files[] = {"relay.db", "keys.db", "checkpoint"};
    char output[PLACE_OUTPUT_BYTES], name[64], command[700];
    struct line_end end;
    handhold_Opened opened;
    struct stat file;

    (void)state;
    open_session(&end, &opened);
    line_end_clear(&end);
    if (place_run(output, "handhold-relay",
                  (const char *const[]){"--dir", place.dir, "--backup", place_path(&place, "copy"), NULL}))
        fail_msg("%s", output);
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "copy/%s", files[i]);
        assert_int_equal(stat(place_path(&place, name), &file), 0);
        assert_int_equal(file.st_mode & 0777, 0600);
    }
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    snprintf(command, sizeof command,
             "cd %s && rm -f data/relay.db* data/keys.db* && mv copy/relay.db copy/keys.db data/ && mv copy/checkpoint "
             "relay/checkpoint && rmdir copy",
             place.dir);
    assert_int_equal(system(command), 0);
    place_start(&place, NULL);
    expect(place.public_port, NULL, "/healthz", "ok");
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
    told_expect(&told, "STOPPING=1");
    told_close(&told);
}

/* ---- names ---- */

static void a_host_that_is_not_ours_is_not_served(void **state)
{
    char reply[PLACE_OUTPUT_BYTES];

    (void)state;
    assert_true(get(place.public_port, NULL, "evil.example", NULL, "/healthz", reply) > 0);
    assert_non_null(strstr(reply, " 421 "));
    assert_int_equal(get(place.public_port, "evil.example", "evil.example", NULL, "/healthz", reply), -1);
    assert_true(get(place.public_port, "localhost", "127.0.0.1", NULL, "/healthz", reply) > 0);
    assert_non_null(strstr(reply, " 421 "));
    assert_true(get(place.public_port, "localhost", "localhost", NULL, "/healthz", reply) > 0);
    assert_non_null(strstr(reply, " 200 "));
    assert_true(get(place.public_port, "localhost", "LOCALHOST:443", NULL, "/healthz", reply) > 0);
    assert_non_null(strstr(reply, " 200 "));
}

static void on_one_port_the_name_decides_which_end_it_is(void **state)
{
    static const char settings[] = "; both ends on one port\nhost = localhost\nstaff_host = staff.localhost\n";
    char reply[PLACE_OUTPUT_BYTES];

    (void)state;
    place_write(&place, "one-port.ini", settings, sizeof settings - 1);
    place_start(&place, (const char *const[]){"--config", place_path(&place, "one-port.ini"), NULL});
    assert_int_equal(place.public_port, place.staff_port);
    assert_true(get(place.public_port, "localhost", "localhost", NULL, "/healthz", reply) > 0);
    assert_non_null(strstr(reply, " 200 "));
    assert_int_equal(get(place.public_port, "staff.localhost", "staff.localhost", NULL, "/healthz", reply), -1);
    assert_true(get(place.public_port, "staff.localhost", "staff.localhost", "anna", "/readyz", reply) > 0);
    assert_non_null(strstr(reply, "ready"));
    /* In by the public name, asking for the staff end: the certificate was never asked for. */
    assert_true(get(place.public_port, "localhost", "staff.localhost", "anna", "/readyz", reply) > 0);
    assert_non_null(strstr(reply, " 421 "));
    assert_true(get(place.public_port, "staff.localhost", "localhost", "anna", "/healthz", reply) > 0);
    assert_non_null(strstr(reply, " 421 "));
    assert_int_equal(get(place.public_port, NULL, "localhost", NULL, "/healthz", reply), -1);
}

/* ---- bytes that no end of ours sends ---- */

static void nothing_but_a_websocket_is_upgraded_to(void **state)
{
    static const char *const others[] = {"h2c", "foo", "websocketx", "", "h2c, websocket"};
    char request[512], reply[PLACE_OUTPUT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        int len =
            snprintf(request, sizeof request,
                     "GET /s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\n"
                     "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nSec-WebSocket-Protocol: handhold.1\r\n\r\n",
                     others[i]);

        (void)place_talk(&place, place.public_port, NULL, NULL, request, (size_t)len, NULL, reply);
        assert_null(strstr(reply, " 101 "));
    }
    expect(place.public_port, NULL, "/healthz", "ok"); /* it stands */
}

static void a_websocket_elsewhere_or_of_another_protocol_is_refused(void **state)
{
    static const struct {
        const char *path, *protocol, *answer;
    } asked[] = {
        {"/", "handhold.1", " 404 "},
        {"/s", "handhold.9", " 400 "},
        {"/s", "chat", " 400 "},
        {"/s", "handhold.1", " 101 "},
    };
    char request[512], reply[PLACE_OUTPUT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        int len = snprintf(request, sizeof request,
                           "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                           "Sec-WebSocket-Protocol: %s\r\n\r\n",
                           asked[i].path, asked[i].protocol);

        (void)place_talk(&place, place.public_port, NULL, NULL, request, (size_t)len, "\r\n\r\n", reply);
        if (!strstr(reply, asked[i].answer))
            fail_msg("%s %s: %s", asked[i].path, asked[i].protocol, reply);
    }
}

/* A WebSocket by hand, then `frame`, until the relay closes. The reply is what came, upgrade included. */
static int send_frame(const uint8_t *frame, size_t len, char reply[static PLACE_OUTPUT_BYTES])
{
    static const char upgrade[] = "GET /s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                                  "Sec-WebSocket-Protocol: handhold.1\r\n\r\n";
    uint8_t request[1024];

    memcpy(request, upgrade, sizeof upgrade - 1);
    memcpy(request + sizeof upgrade - 1, frame, len);
    return place_talk(&place, place.public_port, NULL, NULL, request, sizeof upgrade - 1 + len, "\x88\x02", reply);
}

static void expect_close(const uint8_t *frame, size_t len, unsigned code)
{
    char reply[PLACE_OUTPUT_BYTES];
    int got = send_frame(frame, len, reply);

    assert_true(got > 4);
    assert_non_null(strstr(reply, " 101 "));
    assert_int_equal((uint8_t)reply[got - 4], 0x88); /* RFC 6455, 5.5.1: close, two bytes, the code */
    assert_int_equal((uint8_t)reply[got - 2] << 8 | (uint8_t)reply[got - 1], code);
}

static void a_message_over_the_bound_closes_the_connection(void **state)
{
    /* Masked binary frames that claim 512 kB + 1 and 2^62 bytes: the claim alone is enough. */
    static const uint8_t larger[] = {0x82, 0xff, 0, 0, 0, 0, 0, 8, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8};
    static const uint8_t largest[] = {0x82, 0xff, 0x3f, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4, 5, 6, 7, 8};

    (void)state;
    expect_close(larger, sizeof larger, 1009);
    expect_close(largest, sizeof largest, 1009);
}

static void text_and_empty_messages_close_the_connection(void **state)
{
    static const uint8_t text[] = {0x81, 0x82, 0, 0, 0, 0, 'h', 'i'};
    static const uint8_t empty[] = {0x82, 0x80, 0, 0, 0, 0};

    (void)state;
    expect_close(text, sizeof text, 1003);
    expect_close(empty, sizeof empty, 1003);
}

static void plain_http_at_the_tls_port_is_hung_up_on(void **state)
{
    char reply[PLACE_OUTPUT_BYTES];

    (void)state;
    assert_true(place_talk_plain(place.public_port, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", reply) <= 0);
    expect(place.public_port, NULL, "/healthz", "ok");
}

/* ---- what outlives a relay ---- */

static void open_session(struct line_end *end, handhold_Opened *opened)
{
    handhold_ToRelay open = {.which_body = handhold_ToRelay_open_tag,
                             .body.open = {.link_ttl_s = 600, .code_ttl_s = 600}};

    randombytes_buf(open.body.open.sid, 16);
    line_end_connect(end, loop, place.staff_url, place_path(&place, "ca/ca.crt"), place_path(&place, "staff/anna"));
    line_end_run(end, line_end_is_open);
    line_end_ask(end, &staff_hello, handhold_FromRelay_welcome_tag);
    line_end_ask(end, &open, handhold_FromRelay_opened_tag);
    *opened = end->last.body.opened;
    assert_memory_equal(opened->sid, open.body.open.sid, 16);
    assert_int_equal(opened->index, 2);
    assert_true(strlen(opened->nameplate) >= 3);
}

static void join(struct line_end *customer, const handhold_Opened *opened, uint8_t session_key[static 32])
{
    handhold_ToRelay hello = {.which_body = handhold_ToRelay_hello_tag,
                              .body.hello = {.which_seat = handhold_Hello_sid_tag}};
    uint8_t secret[crypto_sign_SECRETKEYBYTES];

    memcpy(hello.body.hello.seat.sid, opened->sid, 16);
    hello.body.hello.session_key.size = 32;
    crypto_sign_keypair(session_key, secret);
    memcpy(hello.body.hello.session_key.bytes, session_key, 32);
    line_end_connect(customer, loop, place.public_url, place_path(&place, "ca/ca.crt"), NULL);
    line_end_run(customer, line_end_is_open);
    line_end_ask(customer, &hello, handhold_FromRelay_welcome_tag);
    assert_int_equal(customer->last.body.welcome.index, 1);
}

static void a_killed_relay_knows_its_sessions_again(void **state)
{
    struct line_end agent, customer;
    handhold_Opened opened;
    uint8_t session_key[32];
    handhold_ToRelay back = {.which_body = handhold_ToRelay_hello_tag,
                             .body.hello = {.which_seat = handhold_Hello_token_tag}};

    (void)state;
    open_session(&agent, &opened);
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
    join(&customer, &opened, session_key);
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
    open_session(&agent, &opened);
    join(&customer, &opened, known.body.session_key.session_key);
    line_end_send(&agent, &known); /* the ends know each other: from now on it is live */
    line_end_run(&agent, has_sent);
    do {
        assert_true(get(place.staff_port, NULL, "127.0.0.1", "anna", "/metrics", reply) > 0);
    } while (!strstr(reply, "\nhandhold_sessions_live 1\n"));
    assert_int_equal(kill(place.relay, SIGTERM), 0);
    do { /* until it has seen the signal */
        assert_true(get(place.staff_port, NULL, "127.0.0.1", "anna", "/readyz", reply) > 0);
    } while (strstr(reply, "ready\n"));
    assert_non_null(strstr(reply, " 503 "));
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    line_end_clear(&customer);
    line_end_clear(&agent);
}

/* The one that the relay started is ours once the relay has gone: we are its subreaper. */
static pid_t only_child(void)
{
    char text[64] = "";
    FILE *file = fopen("/proc/thread-self/children", "r");

    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    fclose(file);
    return (pid_t)atoi(text);
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
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    open_session(&agent, &opened);
    join(&customer, &opened, known.body.session_key.session_key);
    memcpy(token, customer.last.body.welcome.token.bytes, sizeof token);
    line_end_send(&agent, &known);
    line_end_run(&agent, has_sent);
    assert_int_equal(kill(old, SIGUSR2), 0);
    /* At the first try, on the same ports: whoever knocks before the new one opens waits at the door. */
    back_to_its_seat(&agent, true, opened.token, sizeof opened.token, 2);
    back_to_its_seat(&customer, false, token, sizeof token, 1);
    assert_int_equal(waitpid(old, &status, 0), old);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    place.relay = only_child();
    assert_int_not_equal(place.relay, old);
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 0), 0);
    line_end_clear(&customer);
    line_end_clear(&agent);
    assert_int_equal(kill(place.relay, SIGTERM), 0);
}

static void a_new_relay_that_does_not_start_changes_nothing(void **state)
{
    char reply[PLACE_OUTPUT_BYTES];
    struct line_end agent;
    handhold_Opened opened;

    (void)state;
    open_session(&agent, &opened);
    assert_int_equal(rename(place_path(&place, "org.note"), place_path(&place, "org.aside")), 0);
    assert_int_equal(kill(place.relay, SIGUSR2), 0);
    for (int turn = 0; turn < 20; turn++) /* while it tries */
        expect(place.public_port, NULL, "/healthz", "ok");
    assert_true(get(place.staff_port, NULL, "127.0.0.1", "anna", "/readyz", reply) > 0);
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
    expect(place.public_port, NULL, "/healthz", "ok");
}

/* ---- what a start refuses ---- */

/* Expected to end by itself with `code`, saying each of `says`. */
static void refused(const char *const *more, int code, const char *const *says)
{
    char output[PLACE_OUTPUT_BYTES];
    int rc = place_run_relay(&place, output, more);

    for (; *says; says++)
        if (!strstr(output, *says))
            fail_msg("\"%s\" is not in: %s", *says, output);
    assert_int_equal(rc, code);
}

#define WITH(...) ((const char *const[]){__VA_ARGS__, NULL})

static void private_keys_of_the_organisation_are_not_for_a_relay(void **state)
{
    (void)state;
    refused(NULL, 2, WITH("ca/ca.key", "can read a private key", "export-relay"));
    refused(WITH("--check"), 1, WITH("ca/ca.key", "officer/evidence.key", "ca/tls.key", "error"));
}

static void a_port_in_use_is_named(void **state)
{
    char address[32], output[PLACE_OUTPUT_BYTES];
    struct place second;

    (void)state;
    place_start(&place, NULL);
    snprintf(address, sizeof address, "127.0.0.1:%u", place.public_port);
    place_init(&second);
    assert_int_equal(place_run(output, "handhold-relay",
                               WITH("--dir", second.dir, "--allow-private-keys", "--listen", address, "--staff-listen",
                                    "127.0.0.1:0")),
                     1);
    assert_non_null(strstr(output, address));
    assert_non_null(strstr(output, "in use"));
    place_clear(&second);
}

static void a_folder_has_one_relay_at_a_time(void **state)
{
    (void)state;
    place_start(&place, NULL);
    refused(WITH("--allow-private-keys"), 1, WITH("data"));
}

static void a_setting_that_is_not_known_is_named_with_its_line(void **state)
{
    static const char unknown[] = "; settings\n\nhost = localhost\nqueue_byte = 5\n";
    static const char wrong[] = "queue_ms = soon\n";
    static const char broken[] = "host\n";
    const char *file = place_path(&place, "wrong.ini");

    (void)state;
    place_write(&place, "wrong.ini", unknown, sizeof unknown - 1);
    refused(WITH("--config", file), 2, WITH("wrong.ini:4", "queue_byte", "is queue_bytes meant?"));
    place_write(&place, "wrong.ini", wrong, sizeof wrong - 1);
    refused(WITH("--config", file), 2, WITH("wrong.ini:1", "queue_ms = soon", "whole number from 1"));
    place_write(&place, "wrong.ini", broken, sizeof broken - 1);
    refused(WITH("--config", file), 2, WITH("wrong.ini:1", "NAME = VALUE"));
    refused(WITH("--config", "/nonexistent.ini"), 2, WITH("/nonexistent.ini"));
}

static void the_printed_settings_can_be_read_again(void **state)
{
    char output[PLACE_OUTPUT_BYTES], settings[PLACE_OUTPUT_BYTES];
    size_t len = 0;

    (void)state;
    assert_int_equal(place_run(output, "handhold-relay", WITH("--print-config")), 0);
    for (const char *at = output; *at; at++)
        if (*at != ';' || at[1] == ' ') /* the settings lose their mark, the words keep it */
            settings[len++] = *at;
    place_write(&place, "printed.ini", settings, len);
    assert_int_equal(
        place_run_relay(&place, output,
                        WITH("--check", "--allow-private-keys", "--config", place_path(&place, "printed.ini"))),
        0);
    assert_non_null(strstr(output, "printed.ini"));
}

static void damage(const char *name, const char *bytes, int code, const char *const *says)
{
    char saved[256];

    snprintf(saved, sizeof saved, "%s.saved", place_path(&place, name));
    assert_int_equal(rename(place_path(&place, name), saved), 0);
    if (bytes)
        place_write(&place, name, bytes, strlen(bytes));
    refused(WITH("--allow-private-keys"), code, says);
    (void)unlink(place_path(&place, name));
    assert_int_equal(rename(saved, place_path(&place, name)), 0);
}

static void a_missing_or_damaged_file_is_named(void **state)
{
    (void)state;
    damage("org.note", NULL, 2, WITH("org.note", "missing"));
    damage("policy.note", "handhold/1 policy\n", 2, WITH("policy.note"));
    damage("relay/relay.crt", NULL, 2, WITH("relay.crt", "missing", "handhold-certs issue"));
    damage("relay/relay.key", "no key\n", 2, WITH("relay.key", "does not belong"));
    damage("relay/log.key", NULL, 2, WITH("log.key", "missing"));
    damage("ca/ca.crt", "x\n", 2, WITH("ca.crt"));
}

static void a_key_of_another_relay_is_named(void **state)
{
    struct place other;
    char pem[4096];
    FILE *file;

    (void)state;
    place_init(&other);
    file = fopen(place_path(&other, "relay/relay.key"), "rb");
    assert_non_null(file);
    pem[fread(pem, 1, sizeof pem - 1, file)] = 0;
    fclose(file);
    damage("relay/relay.key", pem, 2, WITH("relay.key", "does not belong to relay.crt"));
    place_clear(&other);
}

static void an_expired_certificate_is_not_served(void **state)
{
    EVP_PKEY *key = NULL;
    X509 *expired = X509_new();
    BIO *pem = BIO_new(BIO_s_mem());
    FILE *file = fopen(place_path(&place, "relay/relay.key"), "rb");
    char text[4096];
    int len;

    (void)state;
    key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    assert_non_null(key);
    fclose(file);
    X509_gmtime_adj(X509_getm_notBefore(expired), -7200);
    X509_gmtime_adj(X509_getm_notAfter(expired), -3600);
    X509_set_pubkey(expired, key);
    assert_true(X509_sign(expired, key, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_bio_X509(pem, expired), 1);
    len = BIO_read(pem, text, sizeof text - 1);
    text[len] = 0;
    damage("relay/relay.crt", text, 2, WITH("relay.crt", "has ended on", "issue a new one"));
    BIO_free(pem);
    X509_free(expired);
    EVP_PKEY_free(key);
}

static int keep_version(void *version, int count, char **values, char **names)
{
    (void)count, (void)names;
    snprintf(version, 64, "PRAGMA user_version=%s", values[0]);
    return 0;
}

static void a_database_of_a_newer_relay_is_left_alone(void **state)
{
    sqlite3 *db;
    char before[64] = "";

    (void)state;
    place_start(&place, NULL);
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    assert_int_equal(sqlite3_open(place_path(&place, "data/relay.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version", keep_version, before, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    refused(WITH("--allow-private-keys"), 1, WITH("data", "99"));
    assert_int_equal(sqlite3_open(place_path(&place, "data/relay.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, before, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void an_unwritable_data_folder_is_named(void **state)
{
    char aside[256];

    (void)state;
    snprintf(aside, sizeof aside, "%s.aside", place_path(&place, "data"));
    assert_int_equal(rename(place_path(&place, "data"), aside), 0);
    place_write(&place, "data", "x", 1); /* a file where the folder should be: no right helps */
    refused(WITH("--allow-private-keys"), 1, WITH("/data"));
    assert_int_equal(unlink(place_path(&place, "data")), 0);
    assert_int_equal(rename(aside, place_path(&place, "data")), 0);
}

static void a_check_of_a_whole_folder_finds_no_error(void **state)
{
    char output[PLACE_OUTPUT_BYTES];

    (void)state;
    if (place_run_relay(&place, output, WITH("--check", "--allow-private-keys")))
        fail_msg("%s", strlen(output) > 900 ? output + strlen(output) - 900 : output);
    assert_non_null(strstr(output, "0 errors"));
    assert_non_null(strstr(output, "relay.crt"));
    assert_null(strstr(output, "ready"));
}

#define WITH_RELAY(test) cmocka_unit_test_setup_teardown(test, start, stop)
#define WITHOUT(test) cmocka_unit_test_teardown(test, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RELAY(each_end_answers_what_is_its_own),
        WITH_RELAY(the_page_loads_nothing_and_tells_nobody),
        WITH_RELAY(other_methods_are_not_allowed),
        WITH_RELAY(staff_without_a_certificate_are_refused),
        WITH_RELAY(staff_of_another_organisation_are_refused),
        WITH_RELAY(an_integrator_has_no_business_at_the_staff_end),
        WITH_RELAY(a_hello_is_answered_by_a_welcome),
        WITH_RELAY(whoever_is_revoked_is_out_within_seconds),
        WITH_RELAY(a_host_that_is_not_ours_is_not_served),
        WITHOUT(a_check_fails_two_weeks_before_the_certificate_ends),
        WITH_RELAY(a_copy_is_taken_while_the_relay_runs_and_can_be_started),
        WITHOUT(a_service_manager_is_told_what_goes_on),
        WITHOUT(on_one_port_the_name_decides_which_end_it_is),
        WITH_RELAY(nothing_but_a_websocket_is_upgraded_to),
        WITH_RELAY(a_websocket_elsewhere_or_of_another_protocol_is_refused),
        WITH_RELAY(a_message_over_the_bound_closes_the_connection),
        WITH_RELAY(text_and_empty_messages_close_the_connection),
        WITH_RELAY(plain_http_at_the_tls_port_is_hung_up_on),
        WITH_RELAY(a_killed_relay_knows_its_sessions_again),
        WITH_RELAY(a_live_session_is_waited_for_until_a_second_signal),
        WITH_RELAY(another_relay_takes_over_and_each_end_comes_back_once),
        WITH_RELAY(a_new_relay_that_does_not_start_changes_nothing),
        WITH_RELAY(a_new_certificate_is_served_after_sighup),
        WITHOUT(private_keys_of_the_organisation_are_not_for_a_relay),
        WITHOUT(a_port_in_use_is_named),
        WITHOUT(a_folder_has_one_relay_at_a_time),
        WITHOUT(a_setting_that_is_not_known_is_named_with_its_line),
        WITHOUT(the_printed_settings_can_be_read_again),
        WITHOUT(a_missing_or_damaged_file_is_named),
        WITHOUT(a_key_of_another_relay_is_named),
        WITHOUT(an_expired_certificate_is_not_served),
        WITHOUT(a_database_of_a_newer_relay_is_left_alone),
        WITHOUT(an_unwritable_data_folder_is_named),
        WITHOUT(a_check_of_a_whole_folder_finds_no_error),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
