/* SPDX-License-Identifier: Apache-2.0 */
/* The broker: whether it speaks, and lets us in. */
#include <arpa/inet.h>
#include <mosquitto.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/checks/inside.h"

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

/*
 * The library is given figures: it would look a name up by itself, without an end that anybody can set, and perhaps
 * find another host than the one that was allowed. So that the certificate is still held against the name, the
 * settings of TLS are made here.
 */
static bool give_tls(struct mosquitto *broker, const char *ca, const char *host)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    struct in6_addr figures;
    bool ok = context && SSL_CTX_load_verify_locations(context, ca, NULL) == 1;

    if (ok) {
        bool is_name = inet_pton(AF_INET, host, &figures) != 1 && inet_pton(AF_INET6, host, &figures) != 1;
        X509_VERIFY_PARAM *param = SSL_CTX_get0_param(context);

        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        ok = is_name ? X509_VERIFY_PARAM_set1_host(param, host, 0) : X509_VERIFY_PARAM_set1_ip_asc(param, host);
        ok = ok && mosquitto_void_option(broker, MOSQ_OPT_SSL_CTX, context) == MOSQ_ERR_SUCCESS &&
             mosquitto_int_option(broker, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) == MOSQ_ERR_SUCCESS;
    }
    SSL_CTX_free(context); /* the library holds its own */
    return ok;
}

static void judge(struct check_run *run, int code, int error, double ms)
{
    bool unknown = code == 4 || code == 5; /* CONNACK, MQTT 3.1.1 table 3.1: name or password, not allowed */

    if (code == 0 || (unknown && run->theirs)) {
        check_figure_ms(run, ms);
        check_verdict(run, CLIENT_CHECK_PASS,
                      code ? "a broker speaks there, and asks for a name and a password" : "the broker takes us in");
    } else if (code > 0) {
        check_verdict(run, CLIENT_CHECK_FAIL, "the broker answers, and refuses: %s", mosquitto_connack_string(code));
        check_advice(run, "check the user and the password that are set for the broker");
    } else {
        check_verdict(run, CLIENT_CHECK_FAIL, "no broker speaks there: %s", mosquitto_strerror(error));
        check_advice(run, "restart the hub that the broker runs on; check its certificate");
    }
}

static void speak_mqtt(struct check_run *run, const struct check_address *to, const char *host, unsigned port)
{
    int code = -1, error = MOSQ_ERR_TLS;
    struct mosquitto *broker = mosquitto_new(NULL, true, &code);
    int64_t begun = check_mono_ms();
    char figures[INET6_ADDRSTRLEN] = "";

    if (!broker) {
        check_verdict(run, CLIENT_CHECK_NOT_CHECKED, "memory ran out");
        return;
    }
    mosquitto_connect_callback_set(broker, on_connect);
    getnameinfo((const struct sockaddr *)&to->address, to->len, figures, sizeof figures, NULL, 0, NI_NUMERICHOST);
    if (run->theirs || !run->config->mqtt_ca[0] || give_tls(broker, run->config->mqtt_ca, host)) {
        if (!run->theirs) /* a host that the agent named is not shown how this home gets in */
            give_name(broker, run->config);
        error = mosquitto_connect_async(broker, figures, (int)port, 30);
    }
    if (!error)
        error = talk(run, broker, &code);
    judge(run, code, error, (double)(check_mono_ms() - begun));
    mosquitto_disconnect(broker);
    mosquitto_destroy(broker);
}

void check_mqtt(struct check_run *run)
{
    const char *target = run->theirs ? run->result.target : run->config->mqtt;
    struct check_address to;
    char host[129], copy[129];
    unsigned port = !run->theirs && run->config->mqtt_ca[0] ? 8883 : 1883;
    int error, fd;

    snprintf(copy, sizeof copy, "%s", target);
    check_rule(run, "the broker takes a connection, and lets us in");
    if (!check_is_set(run, copy, "broker") || !check_find(run, copy, port, host, &to))
        return;
    fd = check_dial(run, &to, run->deadline_ms, &error); /* first by ourselves: the library cannot be cancelled */
    if (fd < 0) {
        check_verdict(run, CLIENT_CHECK_FAIL, "the broker %.100s is not reached: %s", copy, check_error_words(error));
        check_advice(run, "restart the hub that the broker runs on");
        return;
    }
    close(fd);
    if (check_split(copy, port, host, &port))
        speak_mqtt(run, &to, host, port);
}
