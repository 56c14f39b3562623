/* SPDX-License-Identifier: Apache-2.0 */
/* A broker at home, by libmosquitto. This end only listens: it publishes nothing. */
#include <errno.h>
#include <mosquitto.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/state/lookup.h"
#include "client/state/mqtt_home.h"
#include "client/state/mqtt_settings.h"
#include "client/state/names.h"
#include "client/state/sources.h"

enum {
    KEEPALIVE_S = 30,
    MISC_MS = 1000,
    RETRY_FIRST_MS = 1000,
    RETRY_MOST_MS = 30000,
    READS_AT_ONCE = 4000, /* a broker that never stops does not keep the others waiting … */
    LOOK_AGAIN_MS = 25,
    READS_MS = 10, /* … nor one whose words take long */
};

struct mqtt_source {
    struct client_state_source source;
    struct client_state_mqtt_settings settings;
    struct mosquitto *broker;            /* owned; NULL: resting */
    struct client_state_mqtt_home *home; /* owned */
    struct client_state_lookup *lookup;  /* owned; NULL: none is on */
    int64_t retry_ms, wait_ms;
    bool connected, said;
    /* Borrowed during poll() */
    struct client_state_model *model;
    struct proto_now now;
};

static const char seen_by[] = "mqtt", broker_id[] = "mqtt/broker";

/* ---- the broker as a device ---- */

static void tell_broker(struct mqtt_source *s)
{
    struct client_state_device d = {.kind = "mqtt_broker"};
    struct client_state_property p = {
        .type = CLIENT_STATE_BOOL, .value.boolean = s->connected, .unix_ms = s->now.unix_ms};

    snprintf(d.id, sizeof d.id, "%s", broker_id);
    snprintf(d.seen_by, sizeof d.seen_by, "%s", seen_by);
    snprintf(p.device, sizeof p.device, "%s", broker_id);
    snprintf(p.name, sizeof p.name, "connectivity");
    if (client_state_model_device(s->model, &d) != PROTO_OK ||
        client_state_model_property(s->model, seen_by, &p) != PROTO_OK)
        s->source.bad++;
}

/* ---- what libmosquitto tells ---- */

static void listen_to(void *context, const char *topic)
{
    struct mqtt_source *s = context;

    if (s->connected)
        mosquitto_subscribe(s->broker, NULL, topic, 0);
}

static void leave(void *context, const char *topic)
{
    struct mqtt_source *s = context;

    if (s->connected)
        mosquitto_unsubscribe(s->broker, NULL, topic);
}

static void on_connect(struct mosquitto *broker, void *context, int code)
{
    struct mqtt_source *s = context;
    char topic[CLIENT_STATE_TOPIC_BYTES], text[160];

    s->connected = code == 0;
    if (!s->connected) {
        snprintf(text, sizeof text, "mqtt %.60s: the broker refuses: %s", s->settings.host,
                 mosquitto_connack_string(code));
        if (!s->said)
            client_state_say(&s->source, text);
        s->said = true;
        return;
    }
    s->said = false;
    s->wait_ms = RETRY_FIRST_MS;
    snprintf(topic, sizeof topic, "%s/+/+/config", s->settings.prefix);
    mosquitto_subscribe(broker, NULL, topic, 0);
    snprintf(topic, sizeof topic, "%s/+/+/+/config", s->settings.prefix);
    mosquitto_subscribe(broker, NULL, topic, 0);
    snprintf(topic, sizeof topic, "%s/bridge/response/networkmap", s->settings.zigbee2mqtt);
    mosquitto_subscribe(broker, NULL, topic, 0);
    client_state_mqtt_home_listen(s->home);
}

static void on_message(struct mosquitto *broker, void *context, const struct mosquitto_message *message)
{
    struct mqtt_source *s = context;

    (void)broker;
    if (s->model && message->payloadlen >= 0)
        client_state_mqtt_home_take(s->home, message->topic, message->payloadlen ? message->payload : "",
                                    (size_t)message->payloadlen, s->now, s->model);
}

/* ---- the connection ---- */

static void give_password(struct mqtt_source *s)
{
    char password[256] = "";
    FILE *file = s->settings.password_file[0] ? fopen(s->settings.password_file, "re") : NULL;

    if (file && fgets(password, sizeof password, file))
        password[strcspn(password, "\r\n")] = '\0';
    if (file)
        fclose(file);
    if (s->settings.user[0])
        mosquitto_username_pw_set(s->broker, s->settings.user, password);
    explicit_bzero(password, sizeof password);
}

static void hang_up(struct mqtt_source *s)
{
    if (s->broker) {
        if (s->connected)
            mosquitto_disconnect(s->broker);
        mosquitto_destroy(s->broker);
    }
    s->broker = NULL;
    s->connected = false;
    s->source.fd = -1;
}

/* Once, until it has been reached again. */
static void say_away(struct mqtt_source *s, int error)
{
    char text[CLIENT_STATE_WHY_BYTES];

    if (s->said)
        return;
    s->said = true;
    snprintf(text, sizeof text,
             "mqtt: the broker %.128s:%d is not reached: %s; see whether it runs, and whether address, port and ca are "
             "right. It is tried again and again",
             s->settings.host, s->settings.port,
             error == MOSQ_ERR_SUCCESS ? "no answer in time"
             : error == MOSQ_ERR_ERRNO ? strerror(errno)
                                       : mosquitto_strerror(error));
    client_state_say(&s->source, text);
}

static void connect_now(struct mqtt_source *s)
{
    int error = MOSQ_ERR_NOMEM;

    hang_up(s);
    s->broker = mosquitto_new(NULL, true, s);
    if (s->broker) {
        mosquitto_connect_callback_set(s->broker, on_connect);
        mosquitto_message_callback_set(s->broker, on_message);
        give_password(s);
        error =
            s->settings.ca[0] ? mosquitto_tls_set(s->broker, s->settings.ca, NULL, NULL, NULL, NULL) : MOSQ_ERR_SUCCESS;
        if (!error)
            error = mosquitto_connect_async(s->broker, s->settings.host, s->settings.port, KEEPALIVE_S);
    }
    s->retry_ms = s->now.mono_ms + s->wait_ms;
    s->wait_ms = s->wait_ms * 2 < RETRY_MOST_MS ? s->wait_ms * 2 : RETRY_MOST_MS;
    if (error) {
        say_away(s, error);
        hang_up(s);
    }
}

/* The library asks for a name and waits for the answer: it is let do so where there is one. True: it may now. */
static bool name_is_there(struct mqtt_source *s)
{
    enum client_state_found found;

    if (!s->lookup)
        s->lookup = client_state_lookup_new(s->settings.host);
    found = s->lookup ? client_state_lookup_ask(s->lookup) : CLIENT_STATE_NOT_FOUND;
    if (found == CLIENT_STATE_LOOKING)
        return false;
    client_state_lookup_free(s->lookup);
    s->lookup = NULL;
    if (found == CLIENT_STATE_FOUND)
        return true;
    if (!s->said)
        client_state_say(&s->source, "the broker's name is not found; give its address, or mend the name servers");
    s->said = true;
    s->retry_ms = s->now.mono_ms + s->wait_ms;
    s->wait_ms = s->wait_ms * 2 < RETRY_MOST_MS ? s->wait_ms * 2 : RETRY_MOST_MS;
    return false;
}

static int64_t clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool readable(int fd)
{
    struct pollfd one = {fd, POLLIN, 0};

    return fd >= 0 && poll(&one, 1, 0) == 1;
}

/* Reads what there is. An error of the library when the connection is gone. */
static int serve(struct mqtt_source *s)
{
    int error = mosquitto_loop_misc(s->broker);
    int64_t until_ms = clock_ms() + READS_MS;

    for (int reads = 0;
         !error && reads < READS_AT_ONCE && clock_ms() < until_ms && readable(mosquitto_socket(s->broker)); reads++)
        error = mosquitto_loop_read(s->broker, 1);
    if (!error && mosquitto_want_write(s->broker))
        error = mosquitto_loop_write(s->broker, 1);
    return !error && mosquitto_socket(s->broker) < 0 ? MOSQ_ERR_CONN_LOST : error;
}

static void poll_source(struct client_state_source *source, struct proto_now now, struct client_state_model *model)
{
    struct mqtt_source *s = (struct mqtt_source *)source;
    bool was = s->connected;
    int error;

    s->now = now;
    s->model = model;
    if (!s->broker && now.mono_ms >= s->retry_ms && name_is_there(s))
        connect_now(s);
    if (s->broker && (error = serve(s)) != MOSQ_ERR_SUCCESS) {
        if (was)
            s->retry_ms = now.mono_ms + RETRY_FIRST_MS;
        say_away(s, error);
        hang_up(s);
    }
    if (s->broker && !s->connected && now.mono_ms >= s->retry_ms) { /* it does not come about in its time */
        say_away(s, MOSQ_ERR_SUCCESS);
        hang_up(s);
    }
    tell_broker(s);
    s->source.fd = s->broker ? mosquitto_socket(s->broker) : -1;
    source->deadline_ms = now.mono_ms + MISC_MS;
    if (s->lookup)
        source->deadline_ms = now.mono_ms + LOOK_AGAIN_MS;
    else if (!s->broker)
        source->deadline_ms = proto_earlier(source->deadline_ms, s->retry_ms);
    s->model = NULL;
}

static void rest(struct client_state_source *source)
{
    struct mqtt_source *s = (struct mqtt_source *)source;

    hang_up(s);
    s->retry_ms = 0;
    s->wait_ms = RETRY_FIRST_MS;
    source->deadline_ms = INT64_MIN;
}

static void free_source(struct client_state_source *source)
{
    struct mqtt_source *s = (struct mqtt_source *)source;

    hang_up(s);
    client_state_lookup_free(s->lookup);
    client_state_mqtt_home_free(s->home);
    mosquitto_lib_cleanup();
    free(s);
}

enum proto_err client_state_mqtt_open(const char *spec, struct client_state_source **out,
                                      char why[static CLIENT_STATE_WHY_BYTES])
{
    static const struct client_state_source_ops ops = {.poll = poll_source, .free = free_source, .rest = rest};
    struct mqtt_source *s = calloc(1, sizeof *s);
    enum proto_err err = PROTO_ERR_RANGE;

    *out = NULL;
    snprintf(why, CLIENT_STATE_WHY_BYTES, "mqtt: %s", proto_err_rule(PROTO_ERR_NOMEM));
    if (!s)
        return PROTO_ERR_NOMEM;
    mosquitto_lib_init();
    s->source = (struct client_state_source){.ops = &ops, .seen_by = seen_by, .fd = -1, .deadline_ms = INT64_MIN};
    s->wait_ms = RETRY_FIRST_MS;
    if (client_state_mqtt_settings_read(&s->settings, spec, why)) {
        const struct client_state_mqtt_config config = {
            s->settings.prefix, s->settings.zigbee2mqtt, listen_to, leave, s, &s->source};

        err = client_state_mqtt_home_new(&s->home, &config);
    }
    if (err != PROTO_OK) {
        free_source(&s->source);
        return err;
    }
    *out = &s->source;
    return PROTO_OK;
}
