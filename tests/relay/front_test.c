/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in front of a relay: the certificates that its names show, port 80, and proxies, which are real ones
 * (HAProxy and nginx) wherever it is about what they say.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/relay/line_end.h"
#include "tests/relay/place.h"

static struct place place;
static struct host_loop *loop;
static pid_t proxy; /* 0: none */

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

static int stop(void **state)
{
    (void)state;
    if (proxy) {
        kill(proxy, SIGKILL);
        waitpid(proxy, NULL, 0);
    }
    proxy = 0;
    if (place.relay)
        assert_int_equal(place_stop(&place, SIGTERM), 0);
    return 0;
}

static void start_with(const char *settings)
{
    place_write(&place, "relay.ini", settings, strlen(settings));
    place_start(&place, NULL);
}

static int get_from(unsigned port, const char *ca, const char *name, const char *path,
                    char reply[static PLACE_OUTPUT_BYTES])
{
    char request[256];
    int len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, name);

    return place_talk_behind(&place, port, NULL, 0, ca, name, request, (size_t)len, reply);
}

static int get_as_staff(const char *path, char reply[static PLACE_OUTPUT_BYTES])
{
    char request[256];
    int len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: staff.localhost\r\nConnection: close\r\n\r\n",
                       path);

    return place_talk(&place, place.public_port, "staff.localhost", "anna", request, (size_t)len, NULL, reply);
}

/* ---- certificates ---- */

static long ends_in_s = 60 * 24 * 3600; /* what is issued from now on */

static X509 *certificate(EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, const char *extension, int nid)
{
    X509 *out = X509_new();
    X509_NAME *name = X509_get_subject_name(out);
    X509_EXTENSION *one = X509V3_EXT_conf_nid(NULL, NULL, nid, extension);

    X509_set_version(out, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(out), issuer ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(out), -2 * 3600);
    X509_gmtime_adj(X509_getm_notAfter(out), ends_in_s);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)(issuer ? "relay" : "A public CA"), -1,
                               -1, 0);
    X509_set_issuer_name(out, issuer ? X509_get_subject_name(issuer) : name);
    X509_set_pubkey(out, key);
    assert_int_equal(X509_add_ext(out, one, -1), 1);
    X509_EXTENSION_free(one);
    assert_true(X509_sign(out, issuer_key, EVP_sha256()) > 0);
    return out;
}

static void write_pem(const char *name, X509 *certificate, EVP_PKEY *key)
{
    FILE *file = fopen(place_path(&place, name), "wb");

    assert_non_null(file);
    if (certificate)
        assert_int_equal(PEM_write_X509(file, certificate), 1);
    else
        assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    assert_int_equal(chmod(place_path(&place, name), 0600), 0);
}

/* D/public for `host` from a CA of its own, whose certificate is D/outer.crt. */
static void issue_publicly(const char *host, EVP_PKEY *key)
{
    EVP_PKEY *ca_key = EVP_EC_gen("P-256");
    X509 *ca = certificate(ca_key, NULL, ca_key, "critical,CA:TRUE", NID_basic_constraints);
    char names[128];

    snprintf(names, sizeof names, "DNS:%s", host);
    X509 *leaf = certificate(key, ca, ca_key, names, NID_subject_alt_name);
    (void)mkdir(place_path(&place, "public"), 0700);
    write_pem("outer.crt", ca, NULL);
    write_pem("public/fullchain.pem", leaf, NULL);
    write_pem("public/privkey.pem", NULL, key);
    X509_free(leaf);
    X509_free(ca);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(key);
}

static const char one_port[] = "host = localhost\nstaff_host = staff.localhost\nhttp_listen = 127.0.0.1:0\n";

static void the_name_chooses_the_certificate(void **state)
{
    char reply[PLACE_OUTPUT_BYTES], outer[256];
    struct line_end end;

    (void)state;
    issue_publicly("localhost", EVP_EC_gen("P-256"));
    snprintf(outer, sizeof outer, "%s", place_path(&place, "outer.crt"));
    place_write(&place, "one.ini", one_port, sizeof one_port - 1);
    place_start(&place, (const char *const[]){"--config", place_path(&place, "one.ini"), NULL});
    assert_true(get_from(place.public_port, outer, "localhost", "/healthz", reply) > 0);
    assert_int_equal(get_from(place.public_port, NULL, "localhost", "/healthz", reply), -1);
    /* The staff end shows the organisation's own, and asks for one. */
    assert_true(get_as_staff("/readyz", reply) > 0);
    assert_non_null(strstr(reply, "ready"));
    assert_int_equal(get_from(place.public_port, outer, "staff.localhost", "/readyz", reply), -1);
    assert_true(get_as_staff("/metrics", reply) > 0);
    assert_non_null(strstr(reply, "\nhandhold_certificate_end_seconds{certificate=\"public\"} "));

    /* A companion that was given the organisation's root trusts this system's roots for the connection too. */
    setenv("SSL_CERT_FILE", outer, 1);
    line_end_connect(&end, loop, place.public_url, place_path(&place, "ca/ca.crt"), NULL);
    line_end_run(&end, line_end_is_open);
    line_end_clear(&end);
    unsetenv("SSL_CERT_FILE");
}

/* An RSA certificate in place of the first: it must not stand beside it. */
static void a_new_public_certificate_is_shown_after_sighup(void **state)
{
    char reply[PLACE_OUTPUT_BYTES], outer[256];

    (void)state;
    issue_publicly("localhost", EVP_EC_gen("P-256"));
    snprintf(outer, sizeof outer, "%s", place_path(&place, "outer.crt"));
    place_write(&place, "one.ini", one_port, sizeof one_port - 1);
    place_start(&place, (const char *const[]){"--config", place_path(&place, "one.ini"), NULL});
    issue_publicly("localhost", EVP_RSA_gen(2048)); /* the relay may see it by itself before the signal */
    assert_int_equal(kill(place.relay, SIGHUP), 0);
    while (get_from(place.public_port, outer, "localhost", "/healthz", reply) < 0)
        ; /* until it has seen the signal */
    place_write(&place, "public/fullchain.pem", "damaged", 7);
    assert_int_equal(kill(place.relay, SIGHUP), 0);
    assert_true(get_from(place.public_port, outer, "localhost", "/healthz", reply) > 0);
}

static void a_damaged_public_certificate_stops_nobody_of_ours(void **state)
{
    char reply[PLACE_OUTPUT_BYTES], output[PLACE_OUTPUT_BYTES];

    (void)state;
    issue_publicly("localhost", EVP_EC_gen("P-256"));
    place_write(&place, "public/fullchain.pem", "damaged", 7);
    assert_int_equal(place_run_relay(&place, output, (const char *const[]){"--check", "--allow-private-keys", NULL}),
                     1);
    assert_non_null(strstr(output, "public/fullchain.pem"));
    assert_non_null(strstr(output, "certbot renew"));
    start_with("host = localhost\n");
    assert_true(get_from(place.public_port, NULL, "localhost", "/healthz", reply) > 0);
    assert_int_equal(unlink(place_path(&place, "public/fullchain.pem")), 0);
    assert_int_equal(unlink(place_path(&place, "public/privkey.pem")), 0);
}

/* It is refused at a start, so nothing of it is loaded: what watches hears of it all the same. */
static void a_public_certificate_that_ended_before_the_start_is_measured_and_said(void **state)
{
    static const char metric[] = "\nhandhold_certificate_end_seconds{certificate=\"public\"} ";
    char reply[PLACE_OUTPUT_BYTES];
    const char *at;

    (void)state;
    ends_in_s = -3600;
    issue_publicly("localhost", EVP_EC_gen("P-256"));
    ends_in_s = 60 * 24 * 3600;
    place_write(&place, "one.ini", one_port, sizeof one_port - 1);
    place.listens = true;
    place_start(&place, (const char *const[]){"--config", place_path(&place, "one.ini"), NULL});
    place.listens = false;
    assert_true(get_as_staff("/metrics", reply) > 0);
    at = strstr(reply, metric);
    assert_non_null(at);
    assert_in_range(time(NULL) - atoll(at + sizeof metric - 1), 3600, 3600 + 600);
    assert_non_null(strstr(reply, "\nhandhold_public_certificate_shown 0\n"));
    while (!strstr(place_said(&place), "public/fullchain.pem is not shown")) /* the first line of each day */
        (void)poll(NULL, 0, 20);
    assert_non_null(strstr(reply, "\nhandhold_public_certificate_awaited 0\n"));
    assert_int_equal(unlink(place_path(&place, "public/fullchain.pem")), 0);
    assert_int_equal(unlink(place_path(&place, "public/privkey.pem")), 0);
    assert_true(get_as_staff("/metrics", reply) > 0); /* none by choice, perhaps: another alert, which pages nobody */
    assert_null(strstr(reply, "handhold_public_certificate_shown"));
    assert_non_null(strstr(reply, "\nhandhold_public_certificate_awaited 1\n"));
}

/* ---- port 80 ---- */

static void port_80_answers_challenges_and_else_redirects(void **state)
{
    static const char *const redirected[][2] = {
        {"/j", "/j"}, {"/", "/"}, {"//evil.example/", "/evil.example/"}, {"/.well-known/other", "/.well-known/other"}};
    char reply[PLACE_OUTPUT_BYTES], text[512];

    (void)state;
    assert_int_equal(mkdir(place_path(&place, "acme"), 0755), 0);
    assert_int_equal(mkdir(place_path(&place, "acme/.well-known"), 0755), 0);
    assert_int_equal(mkdir(place_path(&place, "acme/.well-known/acme-challenge"), 0755), 0);
    place_write(&place, "acme/.well-known/acme-challenge/tok-en_1", "tok-en_1.thumb", 14);
    start_with("host = localhost\nhttp_listen = 127.0.0.1:0\n");
    assert_true(place_talk_plain(place.http_port,
                                 "GET /.well-known/acme-challenge/tok-en_1 HTTP/1.1\r\nHost: x\r\nConnection: "
                                 "close\r\n\r\n",
                                 reply) > 0);
    assert_non_null(strstr(reply, " 200 "));
    assert_non_null(strstr(reply, "\r\n\r\ntok-en_1.thumb"));
    static const char *const none[] = {"nothing", "../../../relay/relay.key", "..%2f..%2f..%2frelay%2frelay.key", "",
                                       "a.b"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        snprintf(text, sizeof text,
                 "GET /.well-known/acme-challenge/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", none[i]);
        assert_true(place_talk_plain(place.http_port, text, reply) > 0);
        assert_null(strstr(reply, " 200 "));
        assert_null(strstr(reply, "PRIVATE"));
    }
    for (size_t i = 0; i < sizeof redirected / sizeof *redirected; i++) {
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
                 redirected[i][0]);
        assert_true(place_talk_plain(place.http_port, text, reply) > 0);
        snprintf(text, sizeof text, "location: https://localhost:%u%s\r\n", place.public_port, redirected[i][1]);
        if (!strstr(reply, " 301 ") || !strstr(reply, text))
            fail_msg("%s: %s", redirected[i][0], reply);
    }
    assert_true(place_talk_plain(place.http_port,
                                 "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                                 reply) > 0);
    assert_non_null(strstr(reply, " 405 "));
    (void)place_talk_plain(place.http_port, "GET /a%0d%0aevil:%20y HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                           reply);
    assert_null(strstr(reply, "\nevil:"));
    static const char *const upgrades[] = {"websocket", "h2c"};
    for (size_t i = 0; i < 2; i++) {
        snprintf(text, sizeof text,
                 "GET /s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\nHTTP2-Settings: "
                 "AAMAAABkAARAAAAAAAIAAAAA\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                 "AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
                 upgrades[i]);
        (void)place_talk_plain(place.http_port, text, reply);
        assert_null(strstr(reply, " 101 "));
    }
    (void)place_talk_plain(place.http_port, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", reply);
    assert_null(strstr(reply, " 200 "));
    assert_true(get_from(place.public_port, NULL, "localhost", "/healthz", reply) > 0); /* it stands */
}

/* ---- PROXY ---- */

static const char healthz[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

static int behind(const char *header, char reply[static PLACE_OUTPUT_BYTES])
{
    return place_talk_behind(&place, place.public_port, header, strlen(header), NULL, "localhost", healthz,
                             sizeof healthz - 1, reply);
}

static void a_listed_proxy_says_who_is_behind_it(void **state)
{
    char reply[PLACE_OUTPUT_BYTES];

    (void)state;
    start_with("host = localhost\nproxy_protocol_from = 127.0.0.0/8\narrivals_per_address_minute = 3\n");
    for (int i = 0; i < 3; i++)
        assert_true(behind("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", reply) > 0);
    assert_int_equal(behind("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", reply), -1);
    assert_true(behind("PROXY TCP4 192.0.2.2 198.51.100.1 56324 443\r\n", reply) > 0);
    assert_true(behind("PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n", reply) > 0);
    assert_int_equal(behind("", reply), -1);
    assert_int_equal(behind("PROXY TCP4 nonsense\r\n", reply), -1);
    /* Staff by the same way, and what was refused is counted. */
    static const char from[] = "PROXY UNKNOWN\r\n";
    assert_int_equal(place_talk_behind(&place, place.staff_port, from, sizeof from - 1, NULL, "localhost", healthz,
                                       sizeof healthz - 1, reply),
                     -1); /* without a certificate */
}

/* It passes TLS through: whoever asks for figures, or to be led to https, may be on its machine, and has no header. */
static void a_listed_proxy_says_it_where_there_is_tls_alone(void **state)
{
    char reply[PLACE_OUTPUT_BYTES];

    (void)state;
    start_with("host = localhost\nproxy_protocol_from = 127.0.0.1\nhttp_listen = 127.0.0.1:0\n"
               "metrics_listen = 127.0.0.1:0\n");
    assert_true(place_talk_plain(place.metrics_port, healthz, reply) > 0);
    assert_non_null(strstr(reply, " 200 "));
    assert_true(place_talk_plain(place.http_port, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", reply) > 0);
    assert_non_null(strstr(reply, " 301 "));
}

static void whoever_is_not_listed_says_nothing(void **state)
{
    char reply[PLACE_OUTPUT_BYTES];

    (void)state;
    start_with("host = localhost\nproxy_protocol_from = 192.0.2.0/24\n");
    assert_true(behind("", reply) > 0);
    assert_int_equal(behind("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", reply), -1);
}

/* ---- real ones ---- */

/* A port for a proxy. HAProxy takes the socket over; nginx binds beside it (reuseport), and we never listen. */
static int take_port(unsigned *port)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof own;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &len), 0);
    *port = ntohs(own.sin_port);
    return fd;
}

static void run_proxy(int fd, const char *const *argv)
{
    proxy = fork();
    assert_true(proxy >= 0);
    if (proxy)
        return;
    if (dup2(fd, 3) < 0)
        _exit(126);
    execv(argv[0], (char *const *)argv);
    _exit(127);
}

/* nginx binds by itself: until it has, nobody answers. */
static void wait_for(unsigned port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    for (int turn = 0; turn < 2000; turn++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), rc = connect(fd, (struct sockaddr *)&to, sizeof to);

        close(fd);
        if (!rc)
            return;
        (void)poll(NULL, 0, 10);
    }
    fail_msg("nothing listens on port %u", port);
}

static bool is_here(const char *program)
{
    if (!access(program, X_OK))
        return true;
    print_message("%s is not installed here\n", program);
    return false;
}

static void run_haproxy(int fd, const char *rest)
{
    char text[2048];

    snprintf(text, sizeof text,
             "global\n  log /dev/null local0\ndefaults\n  timeout connect 5s\n  timeout client 30s\n  timeout server "
             "30s\n%s",
             rest);
    place_write(&place, "haproxy.cfg", text, strlen(text));
    run_proxy(fd,
              (const char *const[]){"/usr/sbin/haproxy", "-q", "-db", "-f", place_path(&place, "haproxy.cfg"), NULL});
}

static void run_nginx(int fd, unsigned port, const char *rest)
{
    char text[4096];

    snprintf(text, sizeof text,
             "daemon off;\nmaster_process off;\npid %s/nginx.pid;\nerror_log %s/nginx.log;\n"
             "load_module modules/ngx_stream_module.so;\nevents {}\n%s",
             place.dir, place.dir, rest);
    place_write(&place, "nginx.conf", text, strlen(text));
    run_proxy(fd, (const char *const[]){"/usr/sbin/nginx", "-e", place_path(&place, "nginx.log"), "-c",
                                        place_path(&place, "nginx.conf"), NULL});
    wait_for(port);
}

static const handhold_ToRelay staff_hello = {
    .which_body = handhold_ToRelay_hello_tag,
    .body.hello = {.which_seat = handhold_Hello_staff_tag, .seat.staff = true}};

/* An agent of ours comes in by this port, and is known by its certificate. */
static void expect_welcome(unsigned port)
{
    struct line_end end;
    char url[64];

    snprintf(url, sizeof url, "https://localhost:%u", port);
    line_end_connect(&end, loop, url, place_path(&place, "ca/ca.crt"), place_path(&place, "staff/anna"));
    line_end_run(&end, line_end_is_open);
    line_end_ask(&end, &staff_hello, handhold_FromRelay_welcome_tag);
    line_end_clear(&end);
}

static void staff_come_through_haproxy(void **state)
{
    char text[512];
    unsigned port;
    int fd;

    (void)state;
    if (!is_here("/usr/sbin/haproxy"))
        skip();
    start_with("host = localhost\nproxy_protocol_from = 127.0.0.1\n");
    fd = take_port(&port);
    assert_int_equal(listen(fd, 64), 0);
    for (int version = 1; version <= 2; version++) {
        snprintf(text, sizeof text, "listen relay\n  mode tcp\n  bind fd@3\n  server relay 127.0.0.1:%u send-proxy%s\n",
                 place.staff_port, version == 2 ? "-v2" : "");
        run_haproxy(fd, text);
        expect_welcome(port);
        kill(proxy, SIGKILL);
        waitpid(proxy, NULL, 0);
        proxy = 0;
    }
    close(fd);
}

static void staff_come_through_nginx(void **state)
{
    char text[512];
    unsigned port;
    int fd;

    (void)state;
    if (!is_here("/usr/sbin/nginx"))
        skip();
    start_with("host = localhost\nproxy_protocol_from = 127.0.0.1\n");
    fd = take_port(&port);
    snprintf(text, sizeof text,
             "stream { server { listen 127.0.0.1:%u reuseport; proxy_pass 127.0.0.1:%u; proxy_protocol on; } }\n", port,
             place.staff_port);
    run_nginx(fd, port, text);
    expect_welcome(port);
    close(fd);
}

/* ---- TLS that ends in front ---- */

/* A customer comes in, and is told that the session that it names is not there: from the relay's own mouth. */
static void expect_answer(unsigned port)
{
    handhold_ToRelay hello = {.which_body = handhold_ToRelay_hello_tag,
                              .body.hello = {.which_seat = handhold_Hello_sid_tag, .session_key.size = 32}};
    struct line_end end;
    char url[64];

    snprintf(url, sizeof url, "https://localhost:%u", port);
    line_end_connect(&end, loop, url, place_path(&place, "ca/ca.crt"), NULL);
    line_end_run(&end, line_end_is_open);
    line_end_ask(&end, &hello, handhold_FromRelay_error_tag);
    line_end_clear(&end);
}

static void run_nginx_with_tls(int fd, unsigned port, const char *to)
{
    char text[2048];

    snprintf(text, sizeof text,
             "http { access_log off; server { listen 127.0.0.1:%u ssl reuseport; ssl_certificate %s/relay/relay.crt;\n"
             "ssl_certificate_key %s/relay/relay.key; client_body_temp_path %s/t; proxy_temp_path %s/t;\n"
             "fastcgi_temp_path %s/t; uwsgi_temp_path %s/t; scgi_temp_path %s/t;\n"
             "location / { proxy_pass %s; proxy_http_version 1.1; proxy_set_header Host localhost:%u;\n"
             "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $http_connection;\n"
             "proxy_set_header Forwarded \"for=192.0.2.77;proto=https\"; proxy_read_timeout 30s; } } }\n",
             port, place.dir, place.dir, place.dir, place.dir, place.dir, place.dir, place.dir, to, port);
    run_nginx(fd, port, text);
}

static void customers_come_through_a_proxy_that_ends_tls(void **state)
{
    char settings[256], to[192], reply[PLACE_OUTPUT_BYTES];
    unsigned port;
    int fd;

    (void)state;
    if (!is_here("/usr/sbin/nginx"))
        skip();
    fd = take_port(&port);
    snprintf(
        settings, sizeof settings,
        "host = localhost:%u\nplain_listen = 127.0.0.1:0\nforwarded_from = 127.0.0.1\nconnections_per_address = 1\n",
        port);
    start_with(settings);
    assert_true(place.plain_port > 0);
    snprintf(to, sizeof to, "http://127.0.0.1:%u", place.plain_port);
    run_nginx_with_tls(fd, port, to);
    expect_answer(port);
    assert_true(get_from(port, NULL, "localhost", "/healthz", reply) > 0);
    assert_non_null(strstr(reply, "ok\n"));
    assert_true(get_from(port, NULL, "localhost", "/metrics", reply) > 0); /* the public end, and no other */
    assert_non_null(strstr(reply, " 404 "));
    close(fd);
}

/* As with TLS: libwebsockets would take it. */
static void a_frame_without_a_mask_is_a_protocol_error_without_tls_too(void **state)
{
    static const char upgrade[] = "GET /s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                                  "Sec-WebSocket-Protocol: handhold.1\r\n\r\n";
    static const unsigned char frames[][6] = {{0x8a, 0x80, 1, 2, 3, 4}, {0x8a, 0}},
                               close_1002[] = {0x88, 2, 1002 >> 8, 1002 & 255};
    char answer[1024] = "";
    size_t len = 0;
    ssize_t n;
    int fd;

    (void)state;
    start_with("host = localhost\nplain_listen = 127.0.0.1:0\n");
    fd = place_knock(place.plain_port);
    assert_int_equal(write(fd, upgrade, sizeof upgrade - 1), sizeof upgrade - 1);
    while (!strstr(answer, "\r\n\r\n") && (n = read(fd, answer + len, sizeof answer - 1 - len)) > 0)
        answer[len += (size_t)n] = 0;
    assert_non_null(strstr(answer, " 101 "));
    assert_int_equal(write(fd, frames[0], 6), 6); /* this one has a mask */
    assert_int_equal(write(fd, frames[1], 2), 2);
    for (len = 0; (n = read(fd, answer + len, sizeof answer - len)) > 0;)
        len += (size_t)n;
    assert_int_equal(len, sizeof close_1002);
    assert_memory_equal(answer, close_1002, sizeof close_1002);
    close(fd);
}

static void customers_come_by_a_unix_socket(void **state)
{
    char settings[256], to[192];
    unsigned port;
    int fd;

    (void)state;
    if (!is_here("/usr/sbin/nginx"))
        skip();
    fd = take_port(&port);
    snprintf(settings, sizeof settings, "host = localhost:%u\nplain_listen = unix:%s/plain\nforwarded_from = unix\n",
             port, place.dir);
    start_with(settings);
    snprintf(to, sizeof to, "http://unix:%s/plain", place.dir);
    run_nginx_with_tls(fd, port, to);
    expect_answer(port);
    close(fd);
}

static int open_plain(const char *forwarded)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)place.plain_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval wait = {15, 0};
    char text[1024];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int len = snprintf(text, sizeof text,
                       "GET /s HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                       "Sec-WebSocket-Protocol: handhold.1\r\n%s\r\n",
                       forwarded);

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(send(fd, text, (size_t)len, MSG_NOSIGNAL), len);
    return fd;
}

/* What came until the relay closed, or said that it goes on (101 and no close behind it). */
static bool is_taken(int fd)
{
    char text[1024];
    size_t len = 0;
    ssize_t n;

    while ((n = recv(fd, text + len, sizeof text - 1 - len, 0)) > 0) {
        len += (size_t)n;
        text[len] = 0;
        char *end = strstr(text, "\r\n\r\n");
        if (end && text + len > end + 4)
            return (uint8_t)end[4] != 0x88; /* RFC 6455, 5.5.1: a close */
        static const char ping[] = "\x89\x80\x01\x02\x03\x04";
        if (end) /* a pong, or a close, comes now */
            assert_int_equal(send(fd, ping, 6, MSG_NOSIGNAL), 6);
    }
    return false;
}

static void forwarded_is_believed_from_listed_addresses_only(void **state)
{
    (void)state;
    start_with(
        "host = localhost\nplain_listen = 127.0.0.1:0\nforwarded_from = 127.0.0.1\nconnections_per_address = 1\n");
    int one = open_plain("Forwarded: for=192.0.2.1\r\n");
    assert_true(is_taken(one));
    int same = open_plain("Forwarded: for=10.0.0.1, for=192.0.2.1\r\n");
    assert_false(is_taken(same));
    int other = open_plain("Forwarded: for=192.0.2.2\r\n");
    assert_true(is_taken(other));
    /* A stranger's own line in front of the proxy's: libwebsockets would show that one. */
    int spoofed = open_plain("Forwarded: for=192.0.2.3\r\nForwarded: for=192.0.2.2\r\n");
    assert_false(is_taken(spoofed));
    close(one), close(same), close(other), close(spoofed);
    assert_int_equal(place_stop(&place, SIGTERM), 0);
    start_with(
        "host = localhost\nplain_listen = 127.0.0.1:0\nforwarded_from = 192.0.2.9\nconnections_per_address = 1\n");
    one = open_plain("Forwarded: for=192.0.2.1\r\n");
    assert_true(is_taken(one));
    other = open_plain("Forwarded: for=192.0.2.2\r\n");
    assert_false(is_taken(other)); /* both are the proxy itself */
    close(one), close(other);
}

/* Through a proxy the next request may be somebody else's: a connection that the two count differently has none. */
static void one_request_comes_by_a_connection_without_tls(void **state)
{
    static const struct {
        const char *text, *answer;
        unsigned answers;
    } asked[] = {{"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
                  " 200 ", 1},
                 {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                  "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
                  " 400 ", 1},
                 {"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", " 400 ", 1},
                 {"GET /healthz HTTP/1.1\r\nHost: localhost:1,evil\r\n\r\n", " 421 ", 1}};
    char reply[PLACE_OUTPUT_BYTES];

    (void)state;
    start_with("host = localhost\nplain_listen = 127.0.0.1:0\nopening_ms = 3000\npage_ms = 3000\n");
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        unsigned answers = 0;

        assert_true(place_talk_plain(place.plain_port, asked[i].text, reply) > 0); /* to its end */
        for (const char *at = reply; (at = strstr(at, "HTTP/1.1 ")); at++)
            answers++;
        if (answers != asked[i].answers || !strstr(reply, asked[i].answer))
            fail_msg("%s: %s", asked[i].text, reply);
    }
}

static void whoever_is_silent_is_asked(void **state)
{
    char text[1024] = "";
    size_t len = 0;
    ssize_t n;

    (void)state;
    start_with("host = localhost\nplain_listen = 127.0.0.1:0\nping_s = 1\n");
    int fd = open_plain("");
    while (!memmem(text, len, "\r\n\r\n\x89\0", 6)) {
        n = recv(fd, text + len, sizeof text - len, 0);
        assert_true(n > 0);
        len += (size_t)n;
    }
    close(fd);
}

static void an_end_without_tls_is_for_this_machine_alone(void **state)
{
    static const char *const wrong[][2] = {
        {"plain_listen = 0.0.0.0:0\nhost = localhost\n", "only be reached on this machine"},
        {"plain_listen = 127.0.0.1:0\n", "host"},
        {"forwarded_from = nonsense\n", "2001:db8::/32"}};
    char output[PLACE_OUTPUT_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        place_write(&place, "wrong.ini", wrong[i][0], strlen(wrong[i][0]));
        assert_int_not_equal(place_run_relay(&place, output,
                                             (const char *const[]){"--allow-private-keys", "--config",
                                                                   place_path(&place, "wrong.ini"), NULL}),
                             0);
        if (!strstr(output, wrong[i][1]))
            fail_msg("\"%s\" is not in: %s", wrong[i][1], output);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(the_name_chooses_the_certificate, stop),
        cmocka_unit_test_teardown(a_new_public_certificate_is_shown_after_sighup, stop),
        cmocka_unit_test_teardown(a_damaged_public_certificate_stops_nobody_of_ours, stop),
        cmocka_unit_test_teardown(a_public_certificate_that_ended_before_the_start_is_measured_and_said, stop),
        cmocka_unit_test_teardown(port_80_answers_challenges_and_else_redirects, stop),
        cmocka_unit_test_teardown(a_listed_proxy_says_who_is_behind_it, stop),
        cmocka_unit_test_teardown(a_listed_proxy_says_it_where_there_is_tls_alone, stop),
        cmocka_unit_test_teardown(whoever_is_not_listed_says_nothing, stop),
        cmocka_unit_test_teardown(staff_come_through_haproxy, stop),
        cmocka_unit_test_teardown(staff_come_through_nginx, stop),
        cmocka_unit_test_teardown(customers_come_through_a_proxy_that_ends_tls, stop),
        cmocka_unit_test_teardown(a_frame_without_a_mask_is_a_protocol_error_without_tls_too, stop),
        cmocka_unit_test_teardown(customers_come_by_a_unix_socket, stop),
        cmocka_unit_test_teardown(forwarded_is_believed_from_listed_addresses_only, stop),
        cmocka_unit_test_teardown(one_request_comes_by_a_connection_without_tls, stop),
        cmocka_unit_test_teardown(whoever_is_silent_is_asked, stop),
        cmocka_unit_test_teardown(an_end_without_tls_is_for_this_machine_alone, stop),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
