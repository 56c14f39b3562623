/* SPDX-License-Identifier: Apache-2.0 */
/* What is tried beyond the router, and at the product. */
#include <errno.h>
#include <mosquitto.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/checks/inside.h"

static const char *error_words(int error)
{
    switch (error) {
    case ETIMEDOUT:
        return "no answer in time";
    case ECONNREFUSED:
        return "nothing listens there";
    case ENETUNREACH:
    case EHOSTUNREACH:
        return "there is no way there";
    default:
        return strerror(error);
    }
}

/* The address of "host[:port]" of the settings or of the agent; false, with a verdict, when it has none. */
static bool find(struct check_run *run, const char *target, unsigned port, char host[static 129],
                 struct check_address *to)
{
    const char *why = "it is no HOST:PORT";

    snprintf(run->result.target, sizeof run->result.target, "%s", target);
    if (check_split(target, port, host, &port) && check_resolve(run, host, port, 0, to, &why))
        return true;
    check_verdict(run, CLIENT_CHECK_FAIL, "%.100s: %s", target, why);
    check_advice(run, "see what the name servers say: the check dns");
    return false;
}

static bool is_set(struct check_run *run, const char *value, const char *key)
{
    if (*value)
        return true;
    check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "no %s is set for this home", key);
    return false;
}

/* ---- names ---- */

enum { DNS_SLOW_MS = 500 };

void check_dns(struct check_run *run)
{
    struct check_address found;
    char host[129] = "";
    unsigned port;
    int64_t begun = check_mono_ms();
    const char *name = run->config->dns_name;

    if (!*name && check_split(run->config->internet, 443, host, &port))
        name = host;
    check_rule(run, "it finds %.64s within %d ms", *name ? name : "a name", DNS_SLOW_MS);
    if (!run->result.target[0]) {
        check_verdict(run, CLIENT_CHECK_FAIL, "this device knows no name server");
        check_advice(run, "join the Wi-Fi again; if it stays so, restart the router");
        return;
    }
    if (!*name || strspn(name, "0123456789.:") == strlen(name)) {
        check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "no name to ask for is set");
        return;
    }
    switch (check_dns_ask(run, run->result.target, name, AF_INET, &found, run->deadline_ms)) {
    case CHECK_DNS_OK:
        check_figure_ms(run, (double)(check_mono_ms() - begun));
        check_verdict(run, run->result.value > DNS_SLOW_MS ? CLIENT_CHECK_WARN : CLIENT_CHECK_PASS, "%.80s finds %.64s",
                      run->result.target, name);
        return;
    case CHECK_DNS_SILENT:
        check_verdict(run, CLIENT_CHECK_FAIL, "the name server %.80s does not answer", run->result.target);
        break;
    case CHECK_DNS_NO_NAME:
        check_verdict(run, CLIENT_CHECK_FAIL, "the name server %.80s says that there is no %.64s", run->result.target,
                      name);
        break;
    case CHECK_DNS_FAILED:
        check_verdict(run, CLIENT_CHECK_FAIL, "the name server %.80s answers with an error", run->result.target);
        break;
    }
    check_advice(run, "restart the router; if it stays so, the provider's name servers are down");
}

/* ---- TCP and TLS to the world ---- */

enum { REACH_SLOW_MS = 800 };

static void reach(struct check_run *run, const char *target, const char *what, const char *advice)
{
    struct check_address to;
    struct check_tls tls;
    char host[129];
    int64_t begun;
    int error, fd;

    check_rule(run, "it is reached by TCP, and shows a certificate that is trusted, within %d ms", REACH_SLOW_MS);
    if (!is_set(run, target, what) || !find(run, target, 443, host, &to))
        return;
    begun = check_mono_ms();
    fd = check_dial(run, &to, run->deadline_ms, &error);
    if (fd < 0) {
        check_verdict(run, CLIENT_CHECK_FAIL, "%.100s is not reached: %s", target, error_words(error));
        check_advice(run, advice);
        return;
    }
    check_tls(run, fd, host, run->config->ca, &tls);
    close(fd);
    check_figure_ms(run, (double)(check_mono_ms() - begun));
    if (!tls.trusted) {
        check_verdict(run, CLIENT_CHECK_FAIL, "%.80s is reached, and no secure connection comes about: %.100s", target,
                      tls.why);
        check_advice(run, "check this device's clock, and whether the network first wants a sign-in page");
    } else {
        check_verdict(run, run->result.value > REACH_SLOW_MS ? CLIENT_CHECK_WARN : CLIENT_CHECK_PASS,
                      "%.100s is reached", target);
    }
}

void check_internet(struct check_run *run)
{
    reach(run, run->config->internet, "host of the internet",
          "look at the router's internet light; restart the modem, then the router");
}

void check_cloud(struct check_run *run)
{
    reach(run, run->config->cloud, "cloud of the product",
          "the maker's service is down; wait, and see its status page");
}

/* ---- captive portal ---- */

static bool read_status(struct check_run *run, int fd, int *status)
{
    char line[64] = "";
    size_t used = 0;

    while (used < sizeof line - 1 && !strchr(line, '\n')) {
        ssize_t got;

        if (!check_wait(run, fd, POLLIN, run->deadline_ms) ||
            (got = recv(fd, line + used, sizeof line - 1 - used, 0)) <= 0)
            break;
        used += (size_t)got;
        line[used] = '\0';
    }
    return sscanf(line, "HTTP/%*1d.%*1d %3d", status) == 1;
}

void check_portal(struct check_run *run)
{
    char authority[129], host[129], ask[512];
    const char *path, *url = run->config->portal;
    struct check_address to;
    int status = 0, error, fd;
    bool answered = false;

    check_rule(run, "a plain web request is answered with 204 by the host itself");
    if (!is_set(run, url, "address to find sign-in pages with"))
        return;
    path = url + strlen("http://");
    snprintf(authority, sizeof authority, "%.*s", (int)strcspn(path, "/"), path);
    path += strcspn(path, "/");
    if (!find(run, authority, 80, host, &to))
        return;
    fd = check_dial(run, &to, run->deadline_ms, &error);
    if (fd >= 0) {
        int len = snprintf(ask, sizeof ask, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
                           *path ? path : "/", authority);

        answered = len > 0 && (size_t)len < sizeof ask && send(fd, ask, (size_t)len, MSG_NOSIGNAL) == len &&
                   read_status(run, fd, &status);
        close(fd);
    }
    if (!answered) {
        check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "%.100s does not answer", authority);
    } else if (status == 204) {
        check_verdict(run, CLIENT_CHECK_PASS, "nobody stands in between");
    } else {
        check_verdict(run, CLIENT_CHECK_FAIL, "this network answers in the host's place (HTTP %d): a sign-in page",
                      status);
        check_advice(run, "open a web page in the browser of this device and sign in to the network");
    }
}

/* ---- the product ---- */

static void open_port(struct check_run *run, const char *target, const char *advice)
{
    struct check_address to;
    char host[129];
    int64_t begun;
    int error, fd;

    check_rule(run, "its port takes a connection within the time-out");
    if (!find(run, target, 0, host, &to))
        return;
    begun = check_mono_ms();
    fd = check_dial(run, &to, run->deadline_ms, &error);
    if (fd < 0) {
        check_verdict(run, CLIENT_CHECK_FAIL, "%.100s: %s", target, error_words(error));
        check_advice(run, advice);
        return;
    }
    close(fd);
    check_figure_ms(run, (double)(check_mono_ms() - begun));
    check_verdict(run, CLIENT_CHECK_PASS, "%.100s takes connections", target);
}

void check_port(struct check_run *run)
{
    char target[CLIENT_CHECK_TARGET_BYTES];

    snprintf(target, sizeof target, "%s", run->result.target);
    open_port(run, target, "see whether the device is on, and restart it");
}

void check_product(struct check_run *run)
{
    if (run->facts.unreachable[0]) {
        check_rule(run, "every device can be reached by its bridge");
        check_verdict(run, CLIENT_CHECK_FAIL, "not reached: %.200s", run->facts.unreachable);
        check_advice(run, "see whether it has power; then bring it closer to its hub");
    } else if (run->config->product[0]) {
        open_port(run, run->config->product, "see whether the product is on, and restart it");
    } else if (run->facts.availabilities) {
        check_rule(run, "every device can be reached by its bridge");
        run->result.has_value = true;
        run->result.value = (double)run->facts.availabilities;
        snprintf(run->result.figure, sizeof run->result.figure, "%zu devices", run->facts.availabilities);
        check_verdict(run, CLIENT_CHECK_PASS, "every device that says so can be reached");
    } else {
        check_rule(run, "every device can be reached by its bridge");
        check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "no product of this home says whether it can be reached");
    }
}

enum { SOON_DAYS = 30 };

void check_certificate(struct check_run *run)
{
    struct check_address to;
    struct check_tls tls;
    char host[129], target[129];
    int error, fd;

    snprintf(target, sizeof target, "%s", run->result.target);
    check_rule(run, "its certificate is valid for %d days or more", SOON_DAYS);
    if (!find(run, target, 443, host, &to))
        return;
    fd = check_dial(run, &to, run->deadline_ms, &error);
    if (fd < 0) {
        check_verdict(run, CLIENT_CHECK_FAIL, "%.100s: %s", target, error_words(error));
        return;
    }
    check_tls(run, fd, host, NULL, &tls);
    close(fd);
    if (tls.days_left == INT64_MIN) {
        check_verdict(run, CLIENT_CHECK_FAIL, "%.80s shows no certificate: %.100s", target, tls.why);
        return;
    }
    run->result.has_value = true;
    run->result.value = (double)tls.days_left;
    snprintf(run->result.unit, sizeof run->result.unit, "d");
    snprintf(run->result.figure, sizeof run->result.figure, "%lld days", (long long)tls.days_left);
    if (tls.days_left >= SOON_DAYS) {
        check_verdict(run, CLIENT_CHECK_PASS, "the certificate is valid");
        return;
    }
    check_verdict(run, tls.days_left < 0 ? CLIENT_CHECK_FAIL : CLIENT_CHECK_WARN,
                  tls.days_left < 0 ? "the certificate has ended" : "the certificate ends soon");
    check_advice(run, "renew the certificate in the device's settings, and check the device's clock");
}

/* ---- the broker ---- */

static void on_connect(struct mosquitto *broker, void *context, int code)
{
    (void)broker;
    *(int *)context = code;
}

/* The password is read when it is needed, and wiped. */
static void give_name(struct mosquitto *broker, const struct client_check_config *config)
{
    char password[128] = "";
    FILE *file = config->mqtt_password_file[0] ? fopen(config->mqtt_password_file, "re") : NULL;

    if (file && fgets(password, sizeof password, file))
        password[strcspn(password, "\r\n")] = '\0';
    if (file)
        fclose(file);
    if (config->mqtt_user[0])
        mosquitto_username_pw_set(broker, config->mqtt_user, password);
    explicit_bzero(password, sizeof password);
}

/* The library says what it wants; nothing here waits for longer than the check may. */
static int talk(struct check_run *run, struct mosquitto *broker, const int *code)
{
    int error = MOSQ_ERR_SUCCESS;

    while (*code < 0 && error == MOSQ_ERR_SUCCESS) {
        int fd = mosquitto_socket(broker);
        int64_t step = check_mono_ms() + 100;

        if (fd < 0)
            return MOSQ_ERR_NO_CONN;
        bool ready = check_wait(run, fd, (short)(mosquitto_want_write(broker) ? POLLIN | POLLOUT : POLLIN), step);

        if (run->cancelled || check_mono_ms() >= run->deadline_ms)
            return MOSQ_ERR_TIMEOUT;
        if (ready && (error = mosquitto_loop_read(broker, 1)) == MOSQ_ERR_SUCCESS && mosquitto_want_write(broker))
            error = mosquitto_loop_write(broker, 1);
        if (error == MOSQ_ERR_SUCCESS)
            error = mosquitto_loop_misc(broker);
    }
    return error;
}

static void speak_mqtt(struct check_run *run, const char *host, unsigned port)
{
    int code = -1, error;
    struct mosquitto *broker = mosquitto_new(NULL, true, &code);
    int64_t begun = check_mono_ms();

    if (!broker) {
        check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "memory ran out");
        return;
    }
    mosquitto_connect_callback_set(broker, on_connect);
    give_name(broker, run->config);
    if (run->config->mqtt_ca[0])
        mosquitto_tls_set(broker, run->config->mqtt_ca, NULL, NULL, NULL, NULL);
    error = mosquitto_connect_async(broker, host, (int)port, 30);
    if (!error)
        error = talk(run, broker, &code);
    if (code == 0) {
        check_figure_ms(run, (double)(check_mono_ms() - begun));
        check_verdict(run, CLIENT_CHECK_PASS, "the broker takes us in");
    } else if (code > 0) {
        check_verdict(run, CLIENT_CHECK_FAIL, "the broker answers, and refuses: %s", mosquitto_connack_string(code));
        check_advice(run, "check the user and the password that are set for the broker");
    } else {
        check_verdict(run, CLIENT_CHECK_FAIL, "no broker speaks there: %s", mosquitto_strerror(error));
        check_advice(run, "restart the hub that the broker runs on; check its certificate");
    }
    mosquitto_disconnect(broker);
    mosquitto_destroy(broker);
}

void check_mqtt(struct check_run *run)
{
    const char *target = run->result.target[0] ? run->result.target : run->config->mqtt;
    struct check_address to;
    char host[129], copy[129];
    unsigned port = run->config->mqtt_ca[0] ? 8883 : 1883;
    int error, fd;

    snprintf(copy, sizeof copy, "%s", target);
    check_rule(run, "the broker takes a connection, and lets us in");
    if (!is_set(run, copy, "broker") || !find(run, copy, port, host, &to))
        return;
    fd = check_dial(run, &to, run->deadline_ms, &error); /* first by ourselves: the library cannot be cancelled */
    if (fd < 0) {
        check_verdict(run, CLIENT_CHECK_FAIL, "the broker %.100s is not reached: %s", copy, error_words(error));
        check_advice(run, "restart the hub that the broker runs on");
        return;
    }
    close(fd);
    if (check_split(copy, port, host, &port))
        speak_mqtt(run, host, port);
}
