/* SPDX-License-Identifier: Apache-2.0 */
/* What a certificate and a time server are held to: by servers of our own, on loopback. */
#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "client/checks/inside.h"
#include "tests/client/folder.h"

enum { DAY_S = 86400, SINCE_1900 = 2208988800u };

static struct client_check_config config;
static struct check_run run;
static struct folder folder;
static int listener;
static unsigned port;

static void listen_on(int type)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    listener = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_true(type == SOCK_DGRAM || listen(listener, 4) == 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &len), 0);
    port = ntohs(at.sin_port);
}

static int set_up(void **state)
{
    (void)state;
    folder_make(&folder);
    client_check_config_defaults(&config);
    memset(&run, 0, sizeof run);
    run.config = &config;
    run.cancel_fd = eventfd(0, EFD_CLOEXEC);
    run.deadline_ms = check_mono_ms() + 60000;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    close(run.cancel_fd);
    folder_remove(&folder);
    return 0;
}

/* ---- certificates ---- */

/* For 127.0.0.1, unless `other`; signed by itself. */
static X509 *certificate(EVP_PKEY *key, long from_days, long to_days, bool other)
{
    X509 *x = X509_new();
    X509_EXTENSION *name =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, other ? "DNS:elsewhere.example" : "IP:127.0.0.1");

    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), from_days * DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(x), to_days * DAY_S);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)"hub", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_set_pubkey(x, key);
    assert_true(X509_add_ext(x, name, -1) && X509_sign(x, key, EVP_sha256()));
    X509_EXTENSION_free(name);
    return x;
}

static void *serve_tls(void *context)
{
    int fd = accept(listener, NULL, NULL);
    SSL *ssl = SSL_new(context);
    char byte;

    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1)
        SSL_read(ssl, &byte, 1); /* until the other end has seen enough */
    SSL_free(ssl);
    close(fd);
    return NULL;
}

/* What the check says of a host with such a certificate, which it trusts when `known`. */
static void look(long from_days, long to_days, bool other, bool known)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = certificate(key, from_days, to_days, other);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    FILE *file = fopen(folder_path(&folder, "ca.crt"), "w");
    pthread_t thread;

    assert_true(file && PEM_write_X509(file, x));
    fclose(file);
    snprintf(config.ca, sizeof config.ca, "%s", known ? folder_path(&folder, "ca.crt") : "");
    assert_true(SSL_CTX_use_certificate(context, x) && SSL_CTX_use_PrivateKey(context, key));
    listen_on(SOCK_STREAM);
    snprintf(run.result.target, sizeof run.result.target, "127.0.0.1:%u", port);
    assert_int_equal(pthread_create(&thread, NULL, serve_tls, context), 0);
    check_certificate(&run);
    pthread_join(thread, NULL);
    close(listener);
    SSL_CTX_free(context);
    X509_free(x);
    EVP_PKEY_free(key);
}

static void said(enum client_check_status status, const char *words)
{
    if (run.result.status != status || !strstr(run.result.detail, words))
        fail_msg("%s: %s", client_check_status_name(run.result.status), run.result.detail);
}

static void a_certificate_is_told_by_its_days_its_name_and_who_trusts_it(void **state)
{
    (void)state;
    look(-1, 100, false, true);
    said(CLIENT_CHECK_PASS, "days, is trusted and names this host");
    look(-1, 100, false, false);
    said(CLIENT_CHECK_WARN, "not trusted here: self-signed certificate");
    look(-1, 100, true, true);
    said(CLIENT_CHECK_WARN, "not trusted here: IP address mismatch");
    look(-1, 7, false, true);
    said(CLIENT_CHECK_WARN, "ends soon");
    look(-9, -2, false, true);
    said(CLIENT_CHECK_FAIL, "has ended");
    look(2, 100, false, true);
    said(CLIENT_CHECK_FAIL, "not valid yet");
}

static void a_file_of_roots_that_is_missing_trusts_nobody(void **state)
{
    char text[128], why[300];

    (void)state;
    snprintf(text, sizeof text, "[checks]\nca = %s/missing\n", folder.path);
    folder_write(&folder, "checks.ini", text, strlen(text));
    assert_int_equal(client_check_config_read(&config, folder_path(&folder, "checks.ini"), why, sizeof why),
                     PROTO_ERR_FORMAT);
    assert_non_null(strstr(why, "there is no such file that this program may read; mend or remove this line"));
}

/* ---- the time ---- */

static struct answer {
    uint8_t first, stratum;
    bool mine; /* it repeats the question's time */
    uint32_t seconds;
    enum client_check_status status;
    const char *words;
} answers[] = {
    {0x24, 2, true, 0, CLIENT_CHECK_PASS, "agrees with"},
    {0x24, 2, true, 7200, CLIENT_CHECK_FAIL, "behind of"},
    {0x24, 0, true, 0, CLIENT_CHECK_NOT_CHECKED, "wants not to be asked"},
    {0xe4, 2, true, 0, CLIENT_CHECK_NOT_CHECKED, "does not know the time itself"},
    {0x24, 16, true, 0, CLIENT_CHECK_NOT_CHECKED, "does not know the time itself"},
    {0x23, 2, true, 0, CLIENT_CHECK_NOT_CHECKED, "answers something else"},
    {0x24, 2, false, 0, CLIENT_CHECK_NOT_CHECKED, "answers something else"},
};

static void *answer_time(void *context)
{
    const struct answer *a = context;
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    uint32_t now;
    uint8_t m[48];

    if (recvfrom(listener, m, sizeof m, 0, (struct sockaddr *)&from, &len) != sizeof m)
        return NULL;
    now = htonl((uint32_t)time(NULL) + SINCE_1900 + a->seconds);
    m[0] = a->first;
    m[1] = a->stratum;
    if (a->mine)
        memcpy(m + 24, m + 40, 8);
    memcpy(m + 40, &now, sizeof now);
    sendto(listener, m, sizeof m, 0, (struct sockaddr *)&from, len);
    return NULL;
}

static void a_time_server_that_says_no_time_is_not_believed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        pthread_t thread;

        listen_on(SOCK_DGRAM);
        snprintf(config.time, sizeof config.time, "127.0.0.1:%u", port);
        assert_int_equal(pthread_create(&thread, NULL, answer_time, &answers[i]), 0);
        check_clock(&run);
        pthread_join(thread, NULL);
        close(listener);
        said(answers[i].status, answers[i].words);
    }
}

/* ---- what is hidden ---- */

static void wake(void *context)
{
    eventfd_write(*(int *)context, 1);
}

/* Every word of every result of this check. */
static void no_result_says(const struct client_state_model *model, const char *check, const char *secret)
{
    struct client_check_result r = {.last = false};
    struct client_checks *checks;
    int woken = eventfd(0, EFD_CLOEXEC);
    eventfd_t count;

    assert_ok(client_checks_new(&checks, &config, wake, &woken));
    assert_ok(client_checks_ask(checks, 1, check, "", 0, -1, model, (struct proto_now){1, 2}));
    while (!r.last) {
        if (!client_checks_take(checks, &r)) {
            eventfd_read(woken, &count);
            continue;
        }
        assert_null(strstr(r.target, secret));
        assert_null(strstr(r.detail, secret));
        assert_null(strstr(r.figure, secret));
    }
    client_checks_free(checks);
    close(woken);
}

static void what_the_customer_hides_comes_out_by_no_check(void **state)
{
    static const char route[] = "Iface\tDestination\tGateway\neth0\t00000000\t0100007F\n"; /* 127.0.0.1 */
    struct client_state_model *model;

    (void)state;
    folder_write(&folder, "proc/net/route", route, sizeof route - 1);
    folder_write(&folder, "etc/resolv.conf", "nameserver 127.0.0.1\n", 21);
    snprintf(config.root, sizeof config.root, "%s", folder.path);
    snprintf(config.dns_name, sizeof config.dns_name, "help.example.org");
    config.timeout_ms = 200;
    assert_ok(client_state_model_new(&model));
    check_facts_read(&run.facts, &config, model, (struct proto_now){1, 2});
    check_gateway(&run);
    assert_string_equal(run.result.target, "127.0.0.1"); /* what is not hidden is named */
    assert_ok(client_state_model_hide(model, "this-device", "gateway", true));
    assert_ok(client_state_model_hide(model, "this-device", "dns_servers", true));
    no_result_says(model, "gateway", "127.0.0.1");
    no_result_says(model, "dns", "127.0.0.1");
    assert_ok(client_state_model_hide(model, "this-device", "gateway", false));
    assert_ok(client_state_model_hide(model, "this-device", NULL, true));
    no_result_says(model, "gateway", "127.0.0.1");
    client_state_model_free(model);
}

int main(void)
{
#define ONE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    signal(SIGPIPE, SIG_IGN); /* of the servers here: whoever asked has seen enough, and hangs up */
    const struct CMUnitTest tests[] = {
        ONE(a_certificate_is_told_by_its_days_its_name_and_who_trusts_it),
        ONE(a_file_of_roots_that_is_missing_trusts_nobody),
        ONE(a_time_server_that_says_no_time_is_not_believed),
        ONE(what_the_customer_hides_comes_out_by_no_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
