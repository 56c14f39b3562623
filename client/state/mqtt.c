/* SPDX-License-Identifier: Apache-2.0 */
/* A broker at home, by libmosquitto. This end only listens: it publishes nothing. */
#include <ini.h>
#include <mosquitto.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/state/lookup.h"
#include "client/state/mqtt_home.h"
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

struct settings {
    char host[129], ca[256], user[65], password_file[256], prefix[65], zigbee2mqtt[65];
    int port;
};

struct mqtt_source {
    struct client_state_source source;
    struct settings settings;
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
    if (error)
        hang_up(s);
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

/* Reads what there is; false when the connection is gone. */
static bool serve(struct mqtt_source *s)
{
    int error = mosquitto_loop_misc(s->broker);
    int64_t until_ms = clock_ms() + READS_MS;

    for (int reads = 0;
         !error && reads < READS_AT_ONCE && clock_ms() < until_ms && readable(mosquitto_socket(s->broker)); reads++)
        error = mosquitto_loop_read(s->broker, 1);
    if (!error && mosquitto_want_write(s->broker))
        error = mosquitto_loop_write(s->broker, 1);
    return error == MOSQ_ERR_SUCCESS && mosquitto_socket(s->broker) >= 0;
}

static void poll_source(struct client_state_source *source, struct proto_now now, struct client_state_model *model)
{
    struct mqtt_source *s = (struct mqtt_source *)source;
    bool was = s->connected;

    s->now = now;
    s->model = model;
    if (!s->broker && now.mono_ms >= s->retry_ms && name_is_there(s))
        connect_now(s);
    if (s->broker && !serve(s)) {
        if (was)
            s->retry_ms = now.mono_ms + RETRY_FIRST_MS;
        hang_up(s);
    }
    if (s->broker && !s->connected && now.mono_ms >= s->retry_ms)
        hang_up(s); /* a connection that does not come about in its time */
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

/* ---- settings ---- */

static int on_key(void *context, const char *section, const char *name, const char *value)
{
    struct settings *s = context;
    const struct {
        const char *name;
        char *field;
        size_t size;
    } keys[] = {{"host", s->host, sizeof s->host},       {"ca", s->ca, sizeof s->ca},
                {"user", s->user, sizeof s->user},       {"password_file", s->password_file, sizeof s->password_file},
                {"prefix", s->prefix, sizeof s->prefix}, {"zigbee2mqtt", s->zigbee2mqtt, sizeof s->zigbee2mqtt}};

    if (strcmp(section, "mqtt") != 0)
        return 0;
    if (!strcmp(name, "port")) {
        s->port = atoi(value);
        return s->port > 0 && s->port < 65536;
    }
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(name, keys[i].name))
            return snprintf(keys[i].field, keys[i].size, "%s", value) < (int)keys[i].size;
    return 0;
}

static bool take_spec(struct settings *s, const char *spec, char why[static CLIENT_STATE_WHY_BYTES])
{
    const char *colon = strrchr(spec, ':');
    int line;

    snprintf(s->prefix, sizeof s->prefix, "homeassistant");
    snprintf(s->zigbee2mqtt, sizeof s->zigbee2mqtt, "zigbee2mqtt");
    if (strchr(spec, '/')) {
        line = ini_parse(spec, on_key, s);
        if (line)
            snprintf(why, CLIENT_STATE_WHY_BYTES,
                     "mqtt:%.120s, line %d: under [mqtt] stand host, port, ca, user, password_file, prefix and "
                     "zigbee2mqtt; mend the file",
                     spec, line);
        else if (!s->host[0])
            snprintf(why, CLIENT_STATE_WHY_BYTES, "mqtt:%.120s: host is missing; add the address of the broker", spec);
        s->port = s->port ? s->port : s->ca[0] ? 8883 : 1883;
        return !line && s->host[0];
    }
    s->port = colon && colon == strchr(spec, ':') ? atoi(colon + 1) : 1883;
    snprintf(s->host, sizeof s->host, "%.*s",
             (int)(colon && colon == strchr(spec, ':') ? (size_t)(colon - spec) : strlen(spec)), spec);
    if (s->host[0] && s->port > 0 && s->port < 65536)
        return true;
    snprintf(why, CLIENT_STATE_WHY_BYTES,
             "mqtt:%.120s: write mqtt:HOST, mqtt:HOST:PORT, or mqtt:./FILE with the settings of the broker", spec);
    return false;
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
    if (take_spec(&s->settings, spec, why)) {
        const struct client_state_mqtt_config config = {s->settings.prefix, s->settings.zigbee2mqtt, listen_to, s,
                                                        &s->source};

        err = client_state_mqtt_home_new(&s->home, &config);
    }
    if (err != PROTO_OK) {
        free_source(&s->source);
        return err;
    }
    *out = &s->source;
    return PROTO_OK;
}
