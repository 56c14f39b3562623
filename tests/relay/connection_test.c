/* SPDX-License-Identifier: Apache-2.0 */
/* Every way in which a connection does not come to be has its own error and says what to do. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/host/world.h"
#include "tests/relay/line_end.h"

/* ---- certificates made here, so that each can be wrong in its own way ---- */

static EVP_PKEY *ca_key, *own_key;
static X509 *ca;
static char ca_file[64], other_ca_file[64];

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *make(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, const char *names, long ends_s)
{
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);

    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), issuer ? 2 : 1);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer) : subject);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate), ends_s);
    X509_set_pubkey(certificate, key);
    add_extension(certificate, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (names)
        add_extension(certificate, NID_subject_alt_name, names);
    assert_true(X509_sign(certificate, issuer_key, EVP_sha256()) > 0);
    return certificate;
}

static void write_pem(char path[static 64], X509 *certificate)
{
    FILE *file;

    strcpy(path, "/tmp/handhold-connection-test-XXXXXX");
    file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
}

static int set_up(void **state)
{
    EVP_PKEY *other_key = EVP_EC_gen("P-256");
    X509 *other;

    (void)state;
    ca_key = EVP_EC_gen("P-256");
    own_key = EVP_EC_gen("P-256");
    ca = make("ca", ca_key, NULL, ca_key, NULL, 3600);
    other = make("other", other_key, NULL, other_key, NULL, 3600);
    write_pem(ca_file, ca);
    write_pem(other_ca_file, other);
    X509_free(other);
    EVP_PKEY_free(other_key);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(ca_file);
    unlink(other_ca_file);
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(own_key);
    return 0;
}

/* ---- a server for one connection ---- */

struct server {
    int fd;
    unsigned port;
    SSL_CTX *ctx; /* NULL: accepts and says nothing */
    const char *answer;
    pthread_t thread;
};

static void *serve_one(void *context)
{
    struct server *server = context;
    int fd = accept(server->fd, NULL, NULL);
    char request[4096];

    if (server->ctx) {
        SSL *ssl = SSL_new(server->ctx);

        SSL_set_fd(ssl, fd);
        if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof request) > 0 && server->answer)
            (void)SSL_write(ssl, server->answer, (int)strlen(server->answer));
        SSL_shutdown(ssl);
        SSL_free(ssl);
    } else { /* until the other side gives up */
        while (read(fd, request, sizeof request) > 0)
            ;
    }
    close(fd);
    return NULL;
}

static void start_server(struct server *server, X509 *own, const char *answer)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;

    *server = (struct server){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .answer = answer};
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server->fd, 1), 0);
    assert_int_equal(getsockname(server->fd, (struct sockaddr *)&address, &len), 0);
    server->port = ntohs(address.sin_port);
    if (own) {
        server->ctx = SSL_CTX_new(TLS_server_method());
        SSL_CTX_use_certificate(server->ctx, own);
        SSL_CTX_use_PrivateKey(server->ctx, own_key);
    }
    assert_int_equal(pthread_create(&server->thread, NULL, serve_one, server), 0);
}

static void end_server(struct server *server)
{
    pthread_join(server->thread, NULL);
    SSL_CTX_free(server->ctx);
    close(server->fd);
}

/* Connects once and returns how it ended; the text must hold `says`. */
static enum proto_err outcome(const char *url, const char *roots, const char *says)
{
    struct host_loop *loop;
    struct line_end end;
    enum proto_err err;

    assert_int_equal(host_loop_new(&loop), PROTO_OK);
    line_end_connect(&end, loop, url, roots, NULL);
    line_end_run(&end, line_end_is_closed);
    assert_false(end.opened);
    if (!strstr(end.text, says))
        fail_msg("\"%s\" does not say \"%s\"", end.text, says);
    err = end.err;
    line_end_clear(&end);
    host_loop_free(loop);
    return err;
}

static enum proto_err outcome_with(const char *host, const char *roots, const char *names, long ends_s,
                                   const char *answer, const char *says)
{
    struct server server;
    X509 *own = make("relay", own_key, ca, ca_key, names, ends_s);
    char url[128];
    enum proto_err err;

    start_server(&server, own, answer);
    snprintf(url, sizeof url, "https://%s:%u", host, server.port);
    err = outcome(url, roots, says);
    end_server(&server);
    X509_free(own);
    return err;
}

/* ---- the tests ---- */

static void a_port_where_nobody_listens_is_unreachable(void **state)
{
    struct server server;
    char url[64];

    (void)state;
    start_server(&server, NULL, NULL); /* a port that was free a moment ago */
    snprintf(url, sizeof url, "https://127.0.0.1:%u", server.port);
    shutdown(server.fd, SHUT_RDWR);
    end_server(&server);
    assert_int_equal(outcome(url, ca_file, "not reachable"), PROTO_ERR_IO);
}

static void a_name_that_does_not_exist_says_so(void **state)
{
    (void)state;
    assert_int_equal(outcome("https://no-such-relay.invalid", ca_file, "does not resolve"), PROTO_ERR_NOT_FOUND);
}

static void a_certificate_for_another_host_is_refused(void **state)
{
    (void)state;
    assert_int_equal(outcome_with("localhost", ca_file, "DNS:relay.example", 3600, NULL, "another host"),
                     PROTO_ERR_CERT_NAME);
    assert_int_equal(outcome_with("127.0.0.1", ca_file, "DNS:localhost", 3600, NULL, "another host"),
                     PROTO_ERR_CERT_NAME);
}

static void an_expired_certificate_is_refused(void **state)
{
    (void)state;
    assert_int_equal(outcome_with("127.0.0.1", ca_file, "IP:127.0.0.1", -3600, NULL, "has ended"),
                     PROTO_ERR_CERT_EXPIRED);
}

static void a_certificate_of_another_ca_is_refused(void **state)
{
    (void)state;
    assert_int_equal(outcome_with("127.0.0.1", other_ca_file, "IP:127.0.0.1", 3600, NULL,
                                  "not signed by a CA that this device trusts"),
                     PROTO_ERR_CERT_CHAIN);
}

static void a_server_that_is_no_relay_is_named(void **state)
{
    (void)state;
    assert_int_equal(outcome_with("127.0.0.1", ca_file, "IP:127.0.0.1", 3600,
                                  "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "no relay there"),
                     PROTO_ERR_NOT_FOUND);
    assert_int_equal(outcome_with("127.0.0.1", ca_file, "IP:127.0.0.1", 3600,
                                  "HTTP/1.1 403 Forbidden\r\nHandhold-Error: CERT_REVOKED\r\nContent-Length: 0\r\n\r\n",
                                  "revoked"),
                     PROTO_ERR_CERT_REVOKED);
    assert_int_equal(outcome_with("127.0.0.1", ca_file, "IP:127.0.0.1", 3600,
                                  "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "try again"),
                     PROTO_ERR_BUSY);
}

static const uint8_t *nothing(void *context, size_t *len)
{
    (void)context;
    *len = 0;
    return NULL;
}

struct silent {
    struct host_loop *loop;
    enum proto_err err;
};

static void stop(void *context, enum proto_err err, const char *text)
{
    struct silent *silent = context;

    (void)text;
    silent->err = err;
    host_loop_stop(silent->loop);
}

static void a_relay_that_says_nothing_is_not_waited_for_forever(void **state)
{
    struct silent silent = {0};
    struct host_connection_config config = {
        .ca_file = ca_file, .connect_wait_ms = 50, .pending = nothing, .on_closed = stop, .context = &silent};
    struct host_connection *connection;
    char url[64], error[HOST_CONNECTION_ERROR_BYTES];
    struct server server;

    (void)state;
    start_server(&server, NULL, NULL);
    snprintf(url, sizeof url, "https://127.0.0.1:%u", server.port);
    config.url = url;
    assert_int_equal(host_loop_new(&silent.loop), PROTO_OK);
    assert_int_equal(host_connection_new(&connection, silent.loop, &config, error), PROTO_OK);
    host_loop_run(silent.loop);
    assert_int_equal(silent.err, PROTO_ERR_TIMEOUT);
    host_connection_free(connection);
    host_loop_free(silent.loop);
    end_server(&server);
}

static void what_was_given_wrongly_is_named_before_anything_is_sent(void **state)
{
    struct host_connection_config config = {.url = "https://127.0.0.1", .ca_file = "/nonexistent/ca.crt"};
    struct host_connection *connection;
    char error[HOST_CONNECTION_ERROR_BYTES];
    struct host_loop *loop;

    (void)state;
    assert_int_equal(host_loop_new(&loop), PROTO_OK);
    assert_int_equal(host_connection_new(&connection, loop, &config, error), PROTO_ERR_IO);
    assert_non_null(strstr(error, "/nonexistent/ca.crt"));
    config = (struct host_connection_config){
        .url = "https://127.0.0.1", .ca_file = ca_file, .cert_file = ca_file, .key_file = other_ca_file};
    assert_int_equal(host_connection_new(&connection, loop, &config, error), PROTO_ERR_KEY);
    assert_non_null(strstr(error, other_ca_file));
    config = (struct host_connection_config){.url = "ftp://127.0.0.1", .ca_file = ca_file};
    assert_int_equal(host_connection_new(&connection, loop, &config, error), PROTO_ERR_FORMAT);
    assert_null(connection);
    host_loop_free(loop);
}

static void addresses_of_relays_are_read_strictly(void **state)
{
    static const struct {
        const char *text, *host, *path;
        unsigned port;
    } good[] = {
        {"https://relay.example.org", "relay.example.org", "/s", 443},
        {"https://Relay.Example.org/", "relay.example.org", "/s", 443},
        {"wss://127.0.0.1:8443/s", "127.0.0.1", "/s", 8443},
        {"https://[::1]:99", "::1", "/s", 99},
        {"https://h:1/there/s", "h", "/there/s", 1},
    };
    static const char *const bad[] = {
        "",
        "http://h",
        "https://",
        "https://:1",
        "https://h:",
        "https://h:0",
        "https://h:65536",
        "https://h:1x",
        "https://u@h",
        "https://h/a?b",
        "https://h/j#abc",
        "https://[::1",
        "https://h/a b",
        "h:443",
        "https://h\r\nx",
        NULL,
    };
    struct host_url url;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(host_url_parse(&url, good[i].text), PROTO_OK);
        assert_string_equal(url.host, good[i].host);
        assert_string_equal(url.path, good[i].path);
        assert_int_equal(url.port, good[i].port);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(host_url_parse(&url, bad[i]), PROTO_ERR_FORMAT);
}

/* ---- the loop ---- */

struct heard {
    struct host_loop *loop;
    struct host_lines *lines;
    char text[256];
    unsigned too_long, ended;
    bool free_at_first;
};

static void on_line(void *context, char *line)
{
    struct heard *heard = context;

    if (!line) {
        heard->too_long++;
        return;
    }
    strcat(heard->text, line);
    strcat(heard->text, "|");
    if (heard->free_at_first) {
        host_lines_free(heard->lines);
        host_loop_stop(heard->loop);
    }
}

static void on_end(void *context)
{
    struct heard *heard = context;

    heard->ended++;
    host_loop_stop(heard->loop);
}

static void hear(struct heard *heard, const char *bytes)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(host_loop_new(&heard->loop), PROTO_OK);
    assert_int_equal(host_lines_new(&heard->lines, heard->loop, ends[0], 8, on_line, on_end, heard), PROTO_OK);
    assert_int_equal(write(ends[1], bytes, strlen(bytes)), strlen(bytes));
    close(ends[1]);
    host_loop_run(heard->loop);
    assert_false(fcntl(ends[0], F_GETFL) & O_NONBLOCK); /* it may be a terminal that others write to */
    if (!heard->free_at_first)
        host_lines_free(heard->lines);
    host_loop_free(heard->loop);
    close(ends[0]);
}

static void lines_come_whole_and_too_long_ones_are_skipped(void **state)
{
    struct heard heard = {0}, freed = {.free_at_first = true};

    (void)state;
    hear(&heard, "one\n\n12345678\n123456789 and more\nlast");
    assert_string_equal(heard.text, "one||12345678|last|");
    assert_int_equal(heard.too_long, 1);
    assert_int_equal(heard.ended, 1);
    hear(&freed, "one\ntwo\n");
    assert_string_equal(freed.text, "one|");
}

static void note(void *context)
{
    struct heard *heard = context;

    strcat(heard->text, "t");
    if (strlen(heard->text) == 2)
        host_loop_stop(heard->loop);
}

static void timers_fire_once_and_not_when_taken_back(void **state)
{
    struct heard heard = {0};
    struct host_timer *first, *second, *never;
    int64_t now = host_now().mono_ms;

    (void)state;
    assert_int_equal(host_loop_new(&heard.loop), PROTO_OK);
    assert_int_equal(host_timer_new(&first, heard.loop, note, &heard), PROTO_OK);
    assert_int_equal(host_timer_new(&second, heard.loop, note, &heard), PROTO_OK);
    assert_int_equal(host_timer_new(&never, heard.loop, note, &heard), PROTO_OK);
    host_timer_set(never, now);
    host_timer_set(never, PROTO_NEVER);
    host_timer_set(first, now - 1000);
    host_timer_set(second, now + 5);
    host_loop_run(heard.loop);
    assert_string_equal(heard.text, "tt");
    host_timer_free(first);
    host_timer_free(second);
    host_timer_free(never);
    host_loop_free(heard.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_where_nobody_listens_is_unreachable),
        cmocka_unit_test(a_name_that_does_not_exist_says_so),
        cmocka_unit_test(a_certificate_for_another_host_is_refused),
        cmocka_unit_test(an_expired_certificate_is_refused),
        cmocka_unit_test(a_certificate_of_another_ca_is_refused),
        cmocka_unit_test(a_server_that_is_no_relay_is_named),
        cmocka_unit_test(a_relay_that_says_nothing_is_not_waited_for_forever),
        cmocka_unit_test(what_was_given_wrongly_is_named_before_anything_is_sent),
        cmocka_unit_test(addresses_of_relays_are_read_strictly),
        cmocka_unit_test(lines_come_whole_and_too_long_ones_are_skipped),
        cmocka_unit_test(timers_fire_once_and_not_when_taken_back),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
