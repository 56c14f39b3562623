/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/system/home_world.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum server { NAMES, TIME, PORTAL, INTERNET, SERVERS };
enum { SINCE_1900 = 2208988800u, WRONG_BY_S = 7200, TRIES = 400 };

struct home_world {
    struct house *house; /* borrowed */
    int fds[SERVERS], stop;
    unsigned ports[SERVERS], broker_port;
    atomic_bool broken[HOME_FAULTS];
    SSL_CTX *tls; /* of the host of the internet */
    pthread_t thread;
    pid_t broker; /* 0: it is down */
};

/* ---- what answers ---- */

/* Every name is this machine's (RFC 1035, 4.1); without names: SERVFAIL. */
static void answer_names(const struct home_world *w)
{
    static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1};
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    uint8_t m[512];
    ssize_t n = recvfrom(w->fds[NAMES], m, sizeof m - sizeof record, 0, (struct sockaddr *)&from, &len);

    if (n < 17)
        return;
    bool down = atomic_load(&w->broken[HOME_NAMES]);

    m[2] = 0x81;
    m[3] = down ? 0x82 : 0x80;
    if (!down && m[n - 3] == 1) { /* type A */
        m[7] = 1;
        memcpy(m + n, record, sizeof record);
        n += (ssize_t)sizeof record;
    }
    sendto(w->fds[NAMES], m, (size_t)n, 0, (struct sockaddr *)&from, len);
}

/* RFC 4330: seconds since 1900 at offset 40. A clock that is wrong here is wrong there. */
static void answer_time(const struct home_world *w)
{
    uint8_t m[48];
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    uint32_t now = htonl((uint32_t)time(NULL) + SINCE_1900 + (atomic_load(&w->broken[HOME_CLOCK]) ? WRONG_BY_S : 0));

    if (recvfrom(w->fds[TIME], m, sizeof m, 0, (struct sockaddr *)&from, &len) != sizeof m)
        return;
    m[0] = 0x24;
    m[1] = 1;
    memcpy(m + 24, m + 40, 8); /* whose question it was */
    memcpy(m + 40, &now, sizeof now);
    sendto(w->fds[TIME], m, sizeof m, 0, (struct sockaddr *)&from, len);
}

static void say(int fd, const char *text)
{
    (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
}

static const char sign_in[] = "HTTP/1.1 302 Found\r\nLocation: http://sign-in.example/\r\nContent-Length: 0\r\n\r\n";

static void answer_portal(const struct home_world *w, int fd)
{
    char text[1024];

    if (recv(fd, text, sizeof text, 0) > 0)
        say(fd, atomic_load(&w->broken[HOME_PORTAL]) ? sign_in : "HTTP/1.1 204 No Content\r\n\r\n");
}

/* A network that asks for a sign-in answers in every host's place, and knows no host's key. */
static void answer_internet(const struct home_world *w, int fd)
{
    SSL *ssl = NULL;

    if (atomic_load(&w->broken[HOME_PORTAL])) {
        say(fd, sign_in);
        return;
    }
    ssl = SSL_new(w->tls);
    if (ssl && SSL_set_fd(ssl, fd) && SSL_accept(ssl) == 1)
        SSL_shutdown(ssl);
    SSL_free(ssl);
}

static void *serve(void *context)
{
    struct home_world *w = context;
    const struct timeval patience = {.tv_sec = 5};

    for (;;) {
        struct pollfd fds[SERVERS + 1] = {[SERVERS] = {w->stop, POLLIN, 0}};

        for (int i = 0; i < SERVERS; i++)
            fds[i] = (struct pollfd){w->fds[i], POLLIN, 0};
        poll(fds, SERVERS + 1, -1);
        if (fds[SERVERS].revents)
            return NULL;
        if (fds[NAMES].revents)
            answer_names(w);
        if (fds[TIME].revents)
            answer_time(w);
        for (int i = PORTAL; i <= INTERNET; i++) {
            int fd = fds[i].revents ? accept(w->fds[i], NULL, NULL) : -1;

            if (fd < 0)
                continue;
            setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
            (i == PORTAL ? answer_portal : answer_internet)(w, fd);
            close(fd);
        }
    }
}

static void listen_at(struct home_world *w, enum server which)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    bool stream = which >= PORTAL;
    int fd = socket(AF_INET, (stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    if (stream)
        assert_int_equal(listen(fd, 16), 0);
    w->fds[which] = fd;
    w->ports[which] = ntohs(at.sin_port);
}

/* ---- the broker ---- */

static int run(const char *format, ...)
{
    char command[4096];
    va_list args;

    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    return system(command); /* NOLINT: words of this file */
}

static void publish(const struct home_world *w, const char *topic, const char *payload)
{
    int tries = 0;

    while (run("mosquitto_pub -h 127.0.0.1 -p %u --cafile %s -u ana -P secret-of-the-broker -r -t '%s' -m '%s' "
               "2>/dev/null",
               w->broker_port, house_path(w->house, "home.crt"), topic, payload) != 0)
        assert_true(tries++ < TRIES); /* it may still be on its way up */
}

static void publish_lamp(const struct home_world *w)
{
    publish(w, "zigbee2mqtt/bridge/state", "{\"state\":\"online\"}");
    publish(w, "homeassistant/light/0x00158d0001a2b3c4/light/config",
            "{\"availability\":[{\"topic\":\"zigbee2mqtt/bridge/state\",\"value_template\":\"{{ value_json.state }}\"},"
            "{\"topic\":\"zigbee2mqtt/hall lamp/availability\",\"value_template\":\"{{ value_json.state }}\"}],"
            "\"availability_mode\":\"all\",\"brightness\":true,\"schema\":\"json\",\"state_topic\":\"zigbee2mqtt/hall "
            "lamp\","
            "\"command_topic\":\"zigbee2mqtt/hall lamp/set\",\"unique_id\":\"0x00158d0001a2b3c4_light_zigbee2mqtt\","
            "\"device\":{\"identifiers\":[\"zigbee2mqtt_0x00158d0001a2b3c4\"],\"manufacturer\":\"IKEA\","
            "\"model\":\"TRADFRI bulb\",\"name\":\"hall lamp\",\"sw_version\":\"1.0.012\"}}");
    publish(w, "zigbee2mqtt/hall lamp", "{\"state\":\"ON\",\"brightness\":254,\"linkquality\":84}");
    publish(w, "zigbee2mqtt/hall lamp/availability",
            atomic_load(&w->broken[HOME_LAMP]) ? "{\"state\":\"offline\"}" : "{\"state\":\"online\"}");
}

static void start_broker(struct home_world *w)
{
    char *argv[] = {"mosquitto", "-c", (char *)(uintptr_t)house_path(w->house, "mosquitto.conf"), NULL};
    const char *program = access("/usr/sbin/mosquitto", X_OK) == 0 ? "/usr/sbin/mosquitto" : "/usr/bin/mosquitto";

    assert_int_equal(posix_spawn(&w->broker, program, NULL, NULL, argv, environ), 0);
    publish_lamp(w);
}

static void stop_broker(struct home_world *w)
{
    if (w->broker) {
        kill(w->broker, SIGTERM);
        waitpid(w->broker, NULL, 0);
    }
    w->broker = 0;
}

/* ---- the settings ---- */

static void write_files(struct home_world *w)
{
    const char *crt = house_path(w->house, "home.crt"), *key = house_path(w->house, "home.key");
    char text[2048];

    assert_int_equal(
        run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout %s -out %s -days 2 "
            "-subj /CN=home -addext subjectAltName=IP:127.0.0.1,DNS:help.example.org >/dev/null 2>&1 "
            "&& mosquitto_passwd -b -c %s ana secret-of-the-broker >/dev/null 2>&1",
            key, crt, house_path(w->house, "passwd")),
        0);
    snprintf(text, sizeof text,
             "user root\nlistener %u 127.0.0.1\ncertfile %s\nkeyfile %s\npassword_file %s\nallow_anonymous false\n"
             "persistence false\nlog_dest none\n",
             w->broker_port, crt, key, house_path(w->house, "passwd"));
    house_write(w->house, "mosquitto.conf", text, strlen(text));
    house_write(w->house, "secret", "secret-of-the-broker\n", 21);
    snprintf(text, sizeof text, "[mqtt]\nhost = 127.0.0.1\nport = %u\nca = %s\nuser = ana\npassword_file = %s\n",
             w->broker_port, crt, house_path(w->house, "secret"));
    house_write(w->house, "mqtt.ini", text, strlen(text));
    snprintf(text, sizeof text,
             "[checks]\nroot = /nonexistent\ngateway = 127.0.0.1\ndns_servers = 127.0.0.1:%u\n"
             "dns_name = help.example.org\ninternet = help.example.org:%u\nca = %s\n"
             "portal = http://127.0.0.1:%u/generate_204\ntime = 127.0.0.1:%u\nmqtt = 127.0.0.1:%u\nmqtt_ca = %s\n"
             "mqtt_user = ana\nmqtt_password_file = %s\n",
             w->ports[NAMES], w->ports[INTERNET], crt, w->ports[PORTAL], w->ports[TIME], w->broker_port, crt,
             house_path(w->house, "secret"));
    house_write(w->house, "checks.ini", text, strlen(text));
}

bool home_world_start(struct house *house, struct home_world **out)
{
    struct home_world *w;

    *out = NULL;
    if (run("command -v mosquitto_pub mosquitto_passwd >/dev/null && [ -x /usr/sbin/mosquitto -o -x /usr/bin/mosquitto "
            "]") != 0)
        return false;
    w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->house = house;
    w->broker_port = house_free_port();
    for (enum server i = 0; i < SERVERS; i++)
        listen_at(w, i);
    write_files(w);
    w->tls = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate_file(w->tls, house_path(house, "home.crt"), SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(w->tls, house_path(house, "home.key"), SSL_FILETYPE_PEM), 1);
    w->stop = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(pthread_create(&w->thread, NULL, serve, w), 0);
    start_broker(w);
    *out = w;
    return true;
}

/* ---- faults ---- */

void home_world_break(struct home_world *w, enum home_fault fault)
{
    atomic_store(&w->broken[fault], true);
    if (fault == HOME_LAMP)
        publish_lamp(w);
    if (fault == HOME_BROKER)
        stop_broker(w);
}

void home_world_mend(struct home_world *w, enum home_fault fault)
{
    atomic_store(&w->broken[fault], false);
    if (fault == HOME_LAMP)
        publish_lamp(w);
    if (fault == HOME_BROKER)
        start_broker(w); /* what it kept for those who come late is gone, and is told again */
}

void home_world_stop(struct home_world *w)
{
    if (!w)
        return;
    stop_broker(w);
    eventfd_write(w->stop, 1);
    pthread_join(w->thread, NULL);
    for (int i = 0; i < SERVERS; i++)
        close(w->fds[i]);
    close(w->stop);
    SSL_CTX_free(w->tls);
    free(w);
}
