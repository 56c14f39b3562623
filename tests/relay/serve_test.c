/* SPDX-License-Identifier: Apache-2.0 */
/* The relay as a program: who may come in at which end, and what each is answered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "tests/relay/serve_world.h"

/* ---- pages ---- */

static void refuse(unsigned port, const char *path, const char *words)
{
    char reply[PLACE_OUTPUT_BYTES];

    assert_true(serve_get(port, NULL, "127.0.0.1", NULL, path, reply) > 0);
    if (strstr(reply, words))
        fail_msg("%s: \"%s\" is in: %s", path, words, reply);
}

static void each_end_answers_what_is_its_own(void **state)
{
    (void)state;
    serve_expect(place.public_port, NULL, "/healthz", "\r\n\r\nok\n");
    serve_expect(place.public_port, NULL, "/",
                 "content-type: text/html"); /* the phone page, or the plain one without it */
    serve_expect(place.public_port, NULL, "/j", "200 OK");
    serve_expect(place.public_port, NULL, "/j?x=1", "200 OK");
    serve_expect(place.public_port, NULL, "/metrics", "404 Not Found");
    serve_expect(place.public_port, NULL, "/readyz", "404 Not Found");
    serve_expect(place.public_port, NULL, "/../etc/passwd", "404 Not Found");
    serve_expect(place.staff_port, "anna", "/healthz", "\r\n\r\nok\n");
    serve_expect(place.staff_port, "anna", "/readyz", "\r\n\r\nready\n");
    serve_expect(place.staff_port, "anna", "/metrics", "\nhandhold_sessions_live 0\n");
    serve_expect(place.staff_port, "anna", "/metrics",
                 "\nhandhold_queue_seconds_bucket{class=\"picture\",le=\"+Inf\"} 0\n");
    serve_expect(place.staff_port, "anna", "/metrics",
                 "\nhandhold_refused_connections_total{bound=\"handshakes_per_address\"} 0\n");
    serve_expect(place.staff_port, "anna", "/metrics", "\nhandhold_append_seconds_count ");
    serve_expect(place.staff_port, "anna", "/", "404 Not Found");
}

static void the_page_loads_nothing_and_tells_nobody(void **state)
{
    (void)state;
    serve_expect(place.public_port, NULL, "/j", "default-src 'none'; ");
    serve_expect(place.public_port, NULL, "/j", "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    refuse(place.public_port, "/j", "unsafe-"); /* of a page that is built in, the body is zipped and ends the text */
    refuse(place.public_port, "/j", "set-cookie");
    serve_expect(place.public_port, NULL, "/j", "camera=(self), microphone=(self), geolocation=()");
    serve_expect(place.public_port, NULL, "/j", "referrer-policy: no-referrer");
    serve_expect(place.public_port, NULL, "/j", "x-content-type-options: nosniff");
    refuse(place.public_port, "/j", "strict-transport-security"); /* of localhost, where other things run too */
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
    assert_int_equal(serve_get(place.staff_port, NULL, "127.0.0.1", NULL, "/healthz", reply), -1);
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

static void an_integrator_reads_figures_and_nothing_else(void **state)
{
    char output[PLACE_OUTPUT_BYTES], text[HOST_CONNECTION_ERROR_BYTES];

    (void)state;
    assert_int_equal(place_run(output, "handhold-certs",
                               (const char *const[]){"issue", "--dir", place.dir, "integrator", "--id", "robot",
                                                     "--name", "Robot", NULL}),
                     0);
    serve_expect(place.staff_port, "robot", "/healthz", "\r\n\r\nok\n");
    serve_expect(place.staff_port, "robot", "/readyz", "\r\n\r\nready\n");
    serve_expect(place.staff_port, "robot", "/metrics", "\nhandhold_sessions_live 0\n");
    serve_expect(place.staff_port, "robot", "/log/checkpoint", "403 Forbidden");
    assert_int_equal(refusal(place_path(&place, "staff/robot"), text), PROTO_ERR_CERT_ROLE);
}

static void a_hello_is_answered_by_a_welcome(void **state)
{
    struct line_end end;
    const handhold_Welcome *welcome = &end.last.body.welcome;
    char host[64];

    (void)state;
    line_end_connect(&end, loop, place.staff_url, place_path(&place, "ca/ca.crt"), place_path(&place, "staff/anna"));
    line_end_run(&end, line_end_is_open);
    line_end_ask(&end, &serve_staff_hello, handhold_FromRelay_welcome_tag);
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
    line_end_ask(&bert, &serve_staff_hello, handhold_FromRelay_welcome_tag);
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

/* ---- a path that is not there ---- */

static void expect_lost(const char *headers, const char *says, const char *says_not)
{
    char request[512], reply[PLACE_OUTPUT_BYTES];
    int len =
        snprintf(request, sizeof request,
                 "GET /joyn/%%3Cb%%3Emistyped HTTP/1.1\r\nHost: 127.0.0.1\r\n%sConnection: close\r\n\r\n", headers);

    assert_true(place_talk(&place, place.public_port, NULL, NULL, request, (size_t)len, NULL, reply) > 0);
    assert_non_null(strstr(reply, " 404 "));
    if (!strstr(reply, says) || strstr(reply, says_not))
        fail_msg("%s", reply);
    assert_null(strstr(reply, "%3C")); /* nothing of what was asked */
    assert_null(strstr(reply, "joyn"));
    assert_null(strstr(reply, "<script"));
    assert_non_null(strstr(reply, "content-security-policy: default-src 'none'"));
    assert_non_null(strstr(reply, "x-content-type-options: nosniff"));
    assert_non_null(strstr(reply, "permissions-policy: camera=()"));
}

static void who_mistypes_a_path_reads_where_the_code_is_typed(void **state)
{
    (void)state;
    expect_lost("Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n", "<a href=\"/\">Type the code", "Diese");
    expect_lost("Accept: text/html\r\nAccept-Language: de-AT,de;q=0.9,en;q=0.8\r\n", "<a href=\"/\">Den Code", "Type");
    expect_lost("Accept: text/html\r\nAccept-Language: fr,en;q=0.5,de;q=0.4\r\n", "lang=\"en\"", "Diese");
    expect_lost("Accept: */*\r\n", "\r\n\r\nThere is nothing here.\n", "<");
    expect_lost("", "content-type: text/plain", "<");
}

/* ---- names ---- */

static void a_host_that_is_not_ours_is_not_served(void **state)
{
    char reply[PLACE_OUTPUT_BYTES];

    (void)state;
    assert_true(serve_get(place.public_port, NULL, "evil.example", NULL, "/healthz", reply) > 0);
    assert_non_null(strstr(reply, " 421 "));
    assert_int_equal(serve_get(place.public_port, "evil.example", "evil.example", NULL, "/healthz", reply), -1);
    assert_int_equal(serve_get(place.public_port, "evil.example", "localhost", NULL, "/healthz", reply), -1);
    assert_true(serve_get(place.public_port, "localhost", "127.0.0.1", NULL, "/healthz", reply) > 0);
    assert_non_null(strstr(reply, " 421 "));
    assert_true(serve_get(place.public_port, "localhost", "localhost", NULL, "/healthz", reply) > 0);
    assert_non_null(strstr(reply, " 200 "));
    assert_true(serve_get(place.public_port, "localhost", "LOCALHOST:443", NULL, "/healthz", reply) > 0);
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
    assert_true(serve_get(place.public_port, "localhost", "localhost", NULL, "/healthz", reply) > 0);
    assert_non_null(strstr(reply, " 200 "));
    assert_int_equal(serve_get(place.public_port, "staff.localhost", "staff.localhost", NULL, "/healthz", reply), -1);
    assert_true(serve_get(place.public_port, "staff.localhost", "staff.localhost", "anna", "/readyz", reply) > 0);
    assert_non_null(strstr(reply, "ready"));
    /* In by the public name, asking for the staff end: the certificate was never asked for. */
    assert_true(serve_get(place.public_port, "localhost", "staff.localhost", "anna", "/readyz", reply) > 0);
    assert_non_null(strstr(reply, " 421 "));
    assert_true(serve_get(place.public_port, "staff.localhost", "localhost", "anna", "/healthz", reply) > 0);
    assert_non_null(strstr(reply, " 421 "));
    assert_int_equal(serve_get(place.public_port, NULL, "localhost", NULL, "/healthz", reply), -1);
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

        (void)place_talk(&place, place.public_port, NULL, NULL, request, (size_t)len, "\r\n\r\n", reply);
        assert_null(strstr(reply, " 101 "));
    }
    serve_expect(place.public_port, NULL, "/healthz", "ok"); /* it stands */
}

static void a_websocket_elsewhere_or_of_another_protocol_is_refused(void **state)
{
    static const struct {
        const char *path, *protocol, *answer;
    } asked[] = {
        {"/", "handhold.1", " 404 "},
        {"/s", "handhold.9", " 400 "},
        {"/s", "chat", " 400 "},
        {"/s", "handhold.12, xhandhold.1", " 400 "},
        {"/s", "handhold.1", " 101 "},
        {"/s", "handhold.2, handhold.1", "Sec-WebSocket-Protocol: handhold.1\r\n"},
        {"/s", "handhold.2,handhold.1", "Sec-WebSocket-Protocol: handhold.1\r\n"},
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

static void no_web_page_comes_in_at_the_staff_end(void **state)
{
    static const char upgrade[] = "GET /s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                                  "Sec-WebSocket-Protocol: handhold.1\r\n%s\r\n";
    char request[1024], reply[PLACE_OUTPUT_BYTES];
    int len = snprintf(request, sizeof request, upgrade, "Origin: https://evil.example\r\n");

    (void)state;
    (void)place_talk(&place, place.staff_port, NULL, "anna", request, (size_t)len, "\r\n\r\n", reply);
    assert_non_null(strstr(reply, " 403 "));
    len = snprintf(request, sizeof request, upgrade, "");
    (void)place_talk(&place, place.staff_port, NULL, "anna", request, (size_t)len, "\r\n\r\n", reply);
    assert_non_null(strstr(reply, " 101 "));
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
    serve_expect(place.public_port, NULL, "/healthz", "ok");
}

/* One relay for all: what is asked of it here leaves nothing. */
static int begin(void **state)
{
    return serve_set_up(state) || serve_start(state) ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_end_answers_what_is_its_own),
        cmocka_unit_test(the_page_loads_nothing_and_tells_nobody),
        cmocka_unit_test(other_methods_are_not_allowed),
        cmocka_unit_test(staff_without_a_certificate_are_refused),
        cmocka_unit_test(staff_of_another_organisation_are_refused),
        cmocka_unit_test(an_integrator_reads_figures_and_nothing_else),
        cmocka_unit_test(a_hello_is_answered_by_a_welcome),
        cmocka_unit_test(who_mistypes_a_path_reads_where_the_code_is_typed),
        cmocka_unit_test(a_host_that_is_not_ours_is_not_served),
        cmocka_unit_test(nothing_but_a_websocket_is_upgraded_to),
        cmocka_unit_test(no_web_page_comes_in_at_the_staff_end),
        cmocka_unit_test(a_websocket_elsewhere_or_of_another_protocol_is_refused),
        cmocka_unit_test(a_message_over_the_bound_closes_the_connection),
        cmocka_unit_test(text_and_empty_messages_close_the_connection),
        cmocka_unit_test(plain_http_at_the_tls_port_is_hung_up_on),
        cmocka_unit_test(whoever_is_revoked_is_out_within_seconds), /* and stays out */
        cmocka_unit_test_setup_teardown(on_one_port_the_name_decides_which_end_it_is, serve_stop, serve_stop),
    };

    return cmocka_run_group_tests(tests, begin, serve_tear_down);
}
