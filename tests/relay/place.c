/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/relay/place.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { ARGUMENTS_MAX = 32, READY_WAIT_MS = 30000, READ_WAIT_S = 15 };

/* ---- programs ---- */

static pid_t start(const char *program, const char *const *arguments, int out, int err)
{
    const char *argv[ARGUMENTS_MAX + 2];
    char path[512];
    size_t count = 0;
    pid_t pid;

    snprintf(path, sizeof path, "%s/%s", HANDHOLD_BIN, program);
    argv[count++] = path;
    while (arguments && *arguments && count <= ARGUMENTS_MAX)
        argv[count++] = *arguments++;
    argv[count] = NULL;
    pid = fork();
    assert_true(pid >= 0);
    if (!pid) {
        if (dup2(out, 1) < 0 || (err >= 0 && dup2(err, 2) < 0))
            _exit(126);
        execv(path, (char *const *)argv);
        _exit(127);
    }
    return pid;
}

static int end_of(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int place_run(char output[static PLACE_OUTPUT_BYTES], const char *program, const char *const *arguments)
{
    int ends[2];
    size_t len = 0;
    ssize_t n;
    pid_t pid;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid = start(program, arguments, ends[1], ends[1]);
    close(ends[1]);
    while ((n = read(ends[0], output + len, PLACE_OUTPUT_BYTES - 1 - len)) > 0)
        len += (size_t)n;
    output[len] = 0;
    close(ends[0]);
    return end_of(pid);
}

int place_run_relay(const struct place *place, char output[static PLACE_OUTPUT_BYTES], const char *const *more)
{
    const char *arguments[ARGUMENTS_MAX] = {"--dir",          place->dir,    "--listen", "127.0.0.1:0",
                                            "--staff-listen", "127.0.0.1:0", NULL};
    size_t count = 6;

    while (more && *more)
        arguments[count++] = *more++;
    arguments[count] = NULL;
    return place_run(output, "handhold-relay", arguments);
}

/* ---- the folder ---- */

const char *place_path(const struct place *place, const char *name)
{
    static char paths[8][256];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", place->dir, name);
    return path;
}

void place_write(const struct place *place, const char *name, const void *bytes, size_t len)
{
    FILE *file = fopen(place_path(place, name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void certs(const struct place *place, const char *command, const char *const *more)
{
    const char *arguments[ARGUMENTS_MAX] = {command, "--dir", place->dir};
    char output[PLACE_OUTPUT_BYTES];
    size_t count = 3;

    while (*more)
        arguments[count++] = *more++;
    arguments[count] = NULL;
    if (place_run(output, "handhold-certs", arguments))
        fail_msg("handhold-certs %s: %s", command, output);
}

void place_init(struct place *place)
{
    *place = (struct place){.dir = "/tmp/handhold-relay-test-XXXXXX"};
    assert_non_null(mkdtemp(place->dir));
    (void)umask(077); /* as the unit has it: what is others' to read, a relay refuses */
    certs(place, "init", (const char *const[]){"--org", "Example", "--domain", "example.org", NULL});
    certs(place, "issue",
          (const char *const[]){"relay", "--host", "127.0.0.1", "--host", "localhost", "--host", "staff.localhost",
                                NULL});
    certs(place, "issue", (const char *const[]){"agent", "--id", "anna", "--name", "Anna", NULL});
    certs(place, "issue", (const char *const[]){"agent", "--id", "bert", "--name", "Bert", NULL});
}

void place_clear(struct place *place)
{
    pid_t pid;

    if (place->relay)
        (void)place_stop(place, SIGKILL);
    pid = fork();
    if (!pid) {
        execlp("rm", "rm", "-rf", place->dir, (char *)NULL);
        _exit(127);
    }
    (void)end_of(pid);
}

/* ---- the relay ---- */

static unsigned port_of(const json_t *ready, const char *name)
{
    const char *address = json_string_value(json_object_get(ready, name)),
               *colon = address ? strrchr(address, ':') : NULL;

    return colon ? (unsigned)atoi(colon + 1) : 0;
}

static void read_ready(struct place *place, int fd)
{
    char line[1024];
    size_t len = 0;
    const char *public_url, *staff_url;
    json_t *ready;

    while (len < sizeof line - 1 && !memchr(line, '\n', len)) {
        struct pollfd pollfd = {fd, POLLIN, 0};
        ssize_t n;

        assert_int_equal(poll(&pollfd, 1, READY_WAIT_MS), 1);
        n = read(fd, line + len, sizeof line - 1 - len);
        if (n <= 0)
            fail_msg("the relay did not start");
        len += (size_t)n;
    }
    line[len] = 0;
    ready = json_loads(line, 0, NULL);
    assert_non_null(ready);
    assert_string_equal(json_string_value(json_object_get(ready, "event")), "ready");
    public_url = json_string_value(json_object_get(ready, "public"));
    staff_url = json_string_value(json_object_get(ready, "staff"));
    snprintf(place->public_url, sizeof place->public_url, "%s", public_url);
    snprintf(place->staff_url, sizeof place->staff_url, "%s", staff_url);
    place->public_port = (unsigned)atoi(strrchr(public_url, ':') + 1);
    place->staff_port = (unsigned)atoi(strrchr(staff_url, ':') + 1);
    place->http_port = port_of(ready, "http");
    place->plain_port = port_of(ready, "plain");
    place->metrics_port = port_of(ready, "metrics");
    json_decref(ready);
}

static void start_on(struct place *place, const char *public_address, const char *staff_address,
                     const char *const *more)
{
    const char *arguments[ARGUMENTS_MAX] = {"--dir", place->dir, "--allow-private-keys", "--listen", public_address};
    int ends[2],
        said = place->listens ? open(place_path(place, "said"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    size_t count = 5;

    if (staff_address) {
        arguments[count++] = "--staff-listen";
        arguments[count++] = staff_address;
    }
    while (more && *more)
        arguments[count++] = *more++;
    arguments[count] = NULL;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    place->relay = start("handhold-relay", arguments, ends[1], said);
    close(ends[1]);
    if (said >= 0)
        close(said);
    read_ready(place, ends[0]);
    close(ends[0]);
}

const char *place_said(const struct place *place)
{
    static char text[1 << 20];
    FILE *file = fopen(place_path(place, "said"), "re");

    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

void place_forget_said(const struct place *place)
{
    assert_int_equal(truncate(place_path(place, "said"), 0), 0);
}

void place_inherit(bool whether)
{
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, whether), 0);
}

static pid_t any_heir(void)
{
    char text[64] = "";
    FILE *file = fopen("/proc/thread-self/children", "r");

    assert_non_null(file);
    bool any = fgets(text, sizeof text, file);

    fclose(file);
    return any ? (pid_t)atoi(text) : 0;
}

pid_t place_heir(void)
{
    pid_t heir = any_heir();

    assert_int_not_equal(heir, 0);
    return heir;
}

bool place_has_heir(void)
{
    return any_heir() != 0;
}

void place_start(struct place *place, const char *const *more)
{
    bool shared = more && *more && !strcmp(*more, "--config");

    start_on(place, "127.0.0.1:0", shared ? NULL : "127.0.0.1:0", more);
}

void place_restart(struct place *place)
{
    char public_address[32], staff_address[32];

    snprintf(public_address, sizeof public_address, "127.0.0.1:%u", place->public_port);
    snprintf(staff_address, sizeof staff_address, "127.0.0.1:%u", place->staff_port);
    start_on(place, public_address, staff_address, NULL);
}

int place_stop(struct place *place, int signal_number)
{
    pid_t pid = place->relay;

    place->relay = 0;
    assert_int_equal(kill(pid, signal_number), 0);
    return end_of(pid);
}

/* ---- bare TLS ---- */

int place_knock_at(const char *host, unsigned port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = inet_addr(host)};
    struct timeval wait = {READ_WAIT_S, 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

int place_knock(unsigned port)
{
    return place_knock_at("127.0.0.1", port);
}

static int exchange(SSL *ssl, const void *request, size_t len, const char *until, char reply[static PLACE_OUTPUT_BYTES])
{
    size_t got = 0;
    int n = 1;

    reply[0] = 0;
    if (SSL_connect(ssl) != 1 || SSL_write(ssl, request, (int)len) <= 0)
        return -1;
    while (n > 0 && got < PLACE_OUTPUT_BYTES - 1 && !(until && strstr(reply, until))) {
        n = SSL_read(ssl, reply + got, (int)(PLACE_OUTPUT_BYTES - 1 - got));
        got += n > 0 ? (size_t)n : 0;
        reply[got] = 0;
    }
    /* TLS 1.3: a missing or unknown client certificate is refused after our side of the handshake is done. */
    return !got && SSL_get_error(ssl, n) == SSL_ERROR_SSL ? -1 : (int)got;
}

static int talk_on(int fd, SSL_CTX *ctx, const char *sni, const void *request, size_t len, const char *until,
                   char reply[static PLACE_OUTPUT_BYTES])
{
    SSL *ssl = SSL_new(ctx);
    int got;

    assert_non_null(ssl);
    SSL_set_fd(ssl, fd);
    if (sni)
        SSL_set_tlsext_host_name(ssl, sni);
    ERR_clear_error();
    got = exchange(ssl, request, len, until, reply);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    close(fd);
    return got;
}

static SSL_CTX *trusting(const char *ca)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(SSL_CTX_load_verify_file(ctx, ca), 1);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    return ctx;
}

int place_talk(const struct place *place, unsigned port, const char *sni, const char *identity, const void *request,
               size_t len, const char *until, char reply[static PLACE_OUTPUT_BYTES])
{
    SSL_CTX *ctx = trusting(place_path(place, "ca/ca.crt"));
    char name[64];

    if (identity) {
        snprintf(name, sizeof name, "staff/%s.crt", identity);
        assert_int_equal(SSL_CTX_use_certificate_chain_file(ctx, place_path(place, name)), 1);
        snprintf(name, sizeof name, "staff/%s.key", identity);
        assert_int_equal(SSL_CTX_use_PrivateKey_file(ctx, place_path(place, name), SSL_FILETYPE_PEM), 1);
    }
    return talk_on(place_knock(port), ctx, sni, request, len, until, reply);
}

int place_talk_behind(const struct place *place, unsigned port, const void *before, size_t before_len, const char *ca,
                      const char *sni, const void *request, size_t len, char reply[static PLACE_OUTPUT_BYTES])
{
    SSL_CTX *ctx = trusting(ca ? ca : place_path(place, "ca/ca.crt"));
    int fd = place_knock(port);

    if (before_len)
        assert_int_equal(send(fd, before, before_len, MSG_NOSIGNAL), before_len);
    return talk_on(fd, ctx, sni, request, len, NULL, reply);
}

int place_talk_plain(unsigned port, const char *request, char reply[static PLACE_OUTPUT_BYTES])
{
    int fd = place_knock(port);
    size_t got = 0;
    ssize_t n;

    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    while (got < PLACE_OUTPUT_BYTES - 1 && (n = read(fd, reply + got, PLACE_OUTPUT_BYTES - 1 - got)) > 0)
        got += (size_t)n;
    reply[got] = 0;
    close(fd);
    return got ? (int)got : -1;
}

bool place_has_counted(const struct place *place, const char *bound)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    char reply[PLACE_OUTPUT_BYTES], wanted[128];
    const char *at;

    snprintf(wanted, sizeof wanted, "\nhandhold_bound_reached_total{bound=\"%s\"} ", bound);
    assert_true(place_talk(place, place->staff_port, NULL, "anna", request, sizeof request - 1, NULL, reply) > 0);
    at = strstr(reply, wanted);
    assert_non_null(at);
    return at[strlen(wanted)] != '0';
}
