/* SPDX-License-Identifier: Apache-2.0 */
/* What devices announce and say over MQTT, first as messages, then by a real broker over TLS. */
#include <arpa/inet.h>
#include <mosquitto.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "client/state/mqtt_home.h"
#include "client/state/mqtt_settings.h"
#include "client/state/sources.h"
#include "client/state/template.h"
#include "tests/client/folder.h"

extern char **environ;

/* ---- templates ---- */

static void templates_pick_a_value_and_others_leave_the_payload_as_it_is(void **state)
{
    static const struct {
        const char *text, *payload, *out;
        enum client_state_template is;
    } cases[] = {
        {"", "21.5", "21.5", CLIENT_STATE_TEMPLATE_VALUE},
        {"{{ value }}", "on", "on", CLIENT_STATE_TEMPLATE_VALUE},
        {"{{value_json.temperature}}", "{\"temperature\":21.5}", "21.5", CLIENT_STATE_TEMPLATE_VALUE},
        {"{{ value_json['ENERGY'][\"Power\"] }}", "{\"ENERGY\":{\"Power\":12}}", "12", CLIENT_STATE_TEMPLATE_VALUE},
        {"{{ value_json.a[1].b }}", "{\"a\":[0,{\"b\":true}]}", "true", CLIENT_STATE_TEMPLATE_VALUE},
        {"{{ value_json.x | float | round(1) }}", "{\"x\":\"3.14159\"}", "3.1", CLIENT_STATE_TEMPLATE_VALUE},
        {"{{ value_json.x | int }}", "{\"x\":7.9}", "7", CLIENT_STATE_TEMPLATE_VALUE},
        {"{{ value_json.x | default('none') }}", "{}", "none", CLIENT_STATE_TEMPLATE_VALUE},
        {"{{ value_json.x | lower }}", "{\"x\":\"ON\"}", "on", CLIENT_STATE_TEMPLATE_VALUE},
        {"{{ value_json.x }}", "{\"y\":1}", "", CLIENT_STATE_TEMPLATE_NONE},
        {"{{ value_json.x }}", "{\"x\":null}", "", CLIENT_STATE_TEMPLATE_NONE},
        {"{{ value_json.x }}", "no json", "", CLIENT_STATE_TEMPLATE_NONE},
        {"{{ value_json.x | int }}", "{\"x\":\"warm\"}", "", CLIENT_STATE_TEMPLATE_NONE},
        {"{{ value }}", "\xff\xfe", "", CLIENT_STATE_TEMPLATE_NONE},
        {"{% if value_json.x %}a{% endif %}", "{\"x\":1}", "{\"x\":1}", CLIENT_STATE_TEMPLATE_RAW},
        {"{{ value_json.x + 1 }}", "{\"x\":1}", "{\"x\":1}", CLIENT_STATE_TEMPLATE_RAW},
        {"{{ range(100000000) | list }}", "x", "x", CLIENT_STATE_TEMPLATE_RAW},
        {"{{ value_json", "{}", "{}", CLIENT_STATE_TEMPLATE_RAW},
        {"{{ value_json.a['b }}", "{}", "{}", CLIENT_STATE_TEMPLATE_RAW},
        {"{{ value | evil }}", "v", "v", CLIENT_STATE_TEMPLATE_RAW},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[CLIENT_STATE_TEXT_BYTES];

        if (client_state_template_apply(cases[i].text, cases[i].payload, strlen(cases[i].payload), out) !=
                cases[i].is ||
            (cases[i].is != CLIENT_STATE_TEMPLATE_NONE && strcmp(out, cases[i].out) != 0))
            fail_msg("%s of %s: %s", cases[i].text, cases[i].payload, out);
    }
}

static void a_template_that_is_meant_to_make_work_makes_none(void **state)
{
    static char text[100000], payload[60000];
    char out[CLIENT_STATE_TEXT_BYTES];

    (void)state;
    memset(text, '[', sizeof text - 1);
    memcpy(text, "{{ value_json", 13);
    assert_int_equal(client_state_template_apply(text, "[]", 2, out), CLIENT_STATE_TEMPLATE_RAW);
    memset(payload, '[', sizeof payload); /* deeper than any value */
    assert_int_equal(client_state_template_apply("{{ value_json[0] }}", payload, sizeof payload, out),
                     CLIENT_STATE_TEMPLATE_NONE);
    snprintf(text, sizeof text, "{{ value");
    for (int i = 0; i < 5000; i++)
        strcat(text + 8 + 8 * i, " | upper");
    assert_int_equal(client_state_template_apply(text, "x", 1, out), CLIENT_STATE_TEMPLATE_RAW);
}

/* ---- a home of messages ---- */

static struct client_state_model *model;
static struct client_state_mqtt_home *home;
static struct client_state_source source;
static char topics[1 << 16], heard[1 << 16];
static size_t listened;

static void listen_to(void *context, const char *topic)
{
    (void)context;
    listened++;
    if (strlen(topics) + strlen(topic) + 2 < sizeof topics)
        strcat(strcat(topics, topic), "\n");
}

static void leave(void *context, const char *topic)
{
    char line[CLIENT_STATE_TOPIC_BYTES + 1];
    char *at;

    (void)context;
    snprintf(line, sizeof line, "%s\n", topic);
    at = strstr(topics, line);
    assert_non_null(at); /* it was listened to */
    memmove(at, at + strlen(line), strlen(at + strlen(line)) + 1);
}

static bool on_device(void *context, const struct client_state_device *d)
{
    (void)context;
    snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s%s<%s %s [%s] [%s] [%s] [%s]\n",
             d->gone ? "-" : "", d->id, d->parent, d->kind, d->name, d->maker, d->model, d->firmware);
    return true;
}

static bool on_property(void *context, const struct client_state_property *p)
{
    char value[300];

    (void)context;
    snprintf(value, sizeof value, "%s", p->value.text);
    if (p->type == CLIENT_STATE_NUMBER)
        snprintf(value, sizeof value, "%g", p->value.number);
    else if (p->type == CLIENT_STATE_BOOL)
        snprintf(value, sizeof value, "%s", p->value.boolean ? "yes" : "no");
    snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s.%s=%s%s\n", p->device, p->name, value, p->unit);
    return true;
}

static const struct client_state_sink sink = {on_device, on_property, NULL};

static int set_up(void **state)
{
    const struct client_state_mqtt_config config = {"homeassistant", "zigbee2mqtt", listen_to, leave, NULL, &source};

    (void)state;
    memset(&source, 0, sizeof source);
    topics[0] = '\0';
    listened = 0;
    return client_state_model_new(&model) || client_state_mqtt_home_new(&home, &config);
}

static int tear_down(void **state)
{
    (void)state;
    client_state_mqtt_home_free(home);
    client_state_model_free(model);
    home = NULL;
    model = NULL;
    return 0;
}

static void say(const char *topic, const char *payload)
{
    client_state_mqtt_home_take(home, topic, payload, strlen(payload), (struct proto_now){1, 1700000000000}, model);
}

static const char *hear(void)
{
    heard[0] = '\0';
    client_state_model_flush(model, &sink);
    return heard;
}

static void told(const char *line)
{
    if (!strstr(heard, line))
        fail_msg("not told: %s in\n%s", line, heard);
}

/* As Zigbee2MQTT 1.35 announces a lamp and a thermometer behind its bridge. */
#define AVAILABILITY                                                                                                   \
    "\"availability\":[{\"topic\":\"zigbee2mqtt/bridge/state\",\"value_template\":\"{{ value_json.state }}\"},"        \
    "{\"topic\":\"zigbee2mqtt/Kitchen Lamp/availability\",\"value_template\":\"{{ value_json.state }}\"}],"            \
    "\"availability_mode\":\"all\","
#define LAMP                                                                                                           \
    "\"device\":{\"identifiers\":[\"zigbee2mqtt_0x00158d0001a2b3c4\"],\"manufacturer\":\"IKEA\",\"model\":\"TRADFRI "  \
    "bulb (LED1545G12)\",\"name\":\"Kitchen Lamp\",\"sw_version\":\"2.3.087\",\"via_device\":\"zigbee2mqtt_bridge_"    \
    "0x00124b0024c1d2e3\"}"

static void zigbee2mqtt_appears_by_itself(void **state)
{
    (void)state;
    say("homeassistant/light/0x00158d0001a2b3c4/light/config",
        "{" AVAILABILITY "\"brightness\":true,\"schema\":\"json\",\"name\":null,\"state_topic\":\"zigbee2mqtt/Kitchen "
        "Lamp\",\"command_topic\":\"zigbee2mqtt/Kitchen Lamp/set\",\"unique_id\":\"0x00158d0001a2b3c4_light\"," LAMP
        "}");
    say("homeassistant/sensor/0x00158d0001a2b3c4/linkquality/config",
        "{" AVAILABILITY
        "\"name\":\"Linkquality\",\"state_topic\":\"zigbee2mqtt/Kitchen Lamp\",\"unit_of_measurement\":"
        "\"lqi\",\"value_template\":\"{{ value_json.linkquality }}\"," LAMP "}");
    say("homeassistant/binary_sensor/bridge/connection_state/config",
        "{\"name\":\"Connection state\",\"device_class\":\"connectivity\",\"state_topic\":\"zigbee2mqtt/bridge/state\","
        "\"value_template\":\"{{ value_json.state "
        "}}\",\"payload_on\":\"online\",\"payload_off\":\"offline\",\"device\":{"
        "\"identifiers\":[\"zigbee2mqtt_bridge_0x00124b0024c1d2e3\"],\"name\":\"Zigbee2MQTT Bridge\",\"manufacturer\":"
        "\"Zigbee2MQTT\"}}");
    hear();
    told("mqtt/kitchen-lamp<mqtt/zigbee2mqtt-bridge light [Kitchen Lamp] [IKEA] [TRADFRI bulb (LED1545G12)] "
         "[2.3.087]\n");
    assert_null(strstr(heard, "a2b3c4")); /* an address stays at home */
    assert_non_null(strstr(topics, "zigbee2mqtt/Kitchen Lamp\n"));
    assert_null(strstr(topics, "/set"));
    say("zigbee2mqtt/Kitchen Lamp", "{\"state\":\"ON\",\"brightness\":254,\"linkquality\":87}");
    say("zigbee2mqtt/bridge/state", "{\"state\":\"online\"}");
    say("zigbee2mqtt/Kitchen Lamp/availability", "{\"state\":\"online\"}");
    hear();
    told("mqtt/kitchen-lamp.state=yes\n");
    told("mqtt/kitchen-lamp.linkquality=87lqi\n");
    told("mqtt/kitchen-lamp.availability=yes\n");
    told("mqtt/zigbee2mqtt-bridge.connectivity=yes\n");
    say("zigbee2mqtt/Kitchen Lamp/availability", "{\"state\":\"offline\"}");
    assert_string_equal(hear(), "mqtt/kitchen-lamp.availability=no\n");
    say("homeassistant/light/0x00158d0001a2b3c4/light/config", "");
    say("homeassistant/sensor/0x00158d0001a2b3c4/linkquality/config", "");
    hear();
    assert_non_null(strstr(heard, "-mqtt/kitchen-lamp<"));
}

static void esphome_with_short_keys_and_shelly_with_plain_values_appear_too(void **state)
{
    (void)state;
    say("homeassistant/sensor/weather/temperature/config",
        "{\"dev_cla\":\"temperature\",\"unit_of_meas\":\"°C\",\"stat_cla\":\"measurement\",\"name\":\"Temperature\","
        "\"stat_t\":\"weather/sensor/temperature/state\",\"avty_t\":\"weather/"
        "status\",\"uniq_id\":\"ESPsensor\",\"dev\":{"
        "\"ids\":\"a4cf12aabbcc\",\"name\":\"weather\",\"sw\":\"esphome "
        "v2023.12.9\",\"mdl\":\"nodemcuv2\",\"mf\":\"espressif\"}}");
    say("homeassistant/sensor/weather/indoor/config", "{\"dev_cla\":\"temperature\",\"unit_of_meas\":\"°C\",\"name\":"
                                                      "\"Indoor\",\"stat_t\":\"weather/sensor/indoor/state\","
                                                      "\"dev\":{\"ids\":\"a4cf12aabbcc\",\"name\":\"weather\"}}");
    say("homeassistant/switch/tasmota_1/config", "{\"~\":\"tele/tasmota_1\",\"name\":\"Heater\",\"stat_t\":\"~/"
                                                 "STATE\",\"val_tpl\":\"{{value_json.POWER}}\",\"dev\":{"
                                                 "\"ids\":[\"5CCF7F\"],\"name\":\"Heater plug\",\"mf\":\"Tasmota\"}}");
    say("weather/status", "online");
    say("weather/sensor/temperature/state", "21.4");
    say("weather/sensor/indoor/state", "nan");
    say("tele/tasmota_1/STATE", "{\"Time\":\"2026-11-22T02:00:00\",\"POWER\":\"OFF\"}");
    hear();
    told("mqtt/weather< sensor [weather] [espressif] [nodemcuv2] [esphome v2023.12.9]\n");
    told("mqtt/weather.temperature=21.4°C\n");
    told("mqtt/weather.indoor=nan°C\n"); /* no number, so it is shown as the text that it is */
    told("mqtt/weather.availability=yes\n");
    told("mqtt/heater-plug.state=no\n");
}

/* As newer firmware announces itself: a whole device in one message. */
static void a_device_with_its_components_in_one_message_appears_changes_and_goes(void **state)
{
    static const char topic[] = "homeassistant/device/0AFFD2/config";

    (void)state;
    say(topic,
        "{\"dev\":{\"cns\":[[\"mac\",\"02:5b:26:a8:dc:12\"]],\"name\":\"Pantry\",\"mf\":\"Acme\",\"mdl\":\"P1\"},"
        "\"o\":{\"name\":\"bridge\"},\"~\":\"pantry\",\"state_topic\":\"~/state\",\"avty_t\":\"~/alive\",\"cmps\":{"
        "\"t\":{\"p\":\"sensor\",\"device_class\":\"temperature\",\"unit_of_measurement\":\"°C\","
        "\"value_template\":\"{{ value_json.t }}\",\"unique_id\":\"pantry_t\"},"
        "\"door\":{\"platform\":\"binary_sensor\",\"stat_t\":\"pantry/door\",\"name\":\"Door\"},"
        "\"odd\":{\"name\":\"No platform\"}}}");
    say("pantry/state", "{\"t\":4.5}");
    say("pantry/door", "ON");
    say("pantry/alive", "offline");
    hear();
    told("mqtt/pantry< binary_sensor [Pantry] [Acme] [P1] []\n");
    told("mqtt/pantry.temperature=4.5°C\n");
    told("mqtt/pantry.door=yes\n");
    told("mqtt/pantry.availability=no\n");
    assert_null(strstr(heard, "5b:26"));
    assert_int_equal(source.bad, 1); /* the one without a platform */
    say(topic,
        "{\"dev\":{\"cns\":[[\"mac\",\"02:5b:26:a8:dc:12\"]],\"name\":\"Pantry\"},\"state_topic\":\"pantry/new\","
        "\"components\":{\"t\":{\"p\":\"sensor\",\"device_class\":\"temperature\",\"value_template\":"
        "\"{{ value_json.t }}\"},\"door\":{\"p\":\"binary_sensor\"}}}");
    assert_string_equal(topics, "pantry/new\n"); /* the others are nobody's any more */
    assert_int_equal(client_state_mqtt_home_entities(home), 1);
    say(topic, "{broken");
    assert_int_equal(client_state_mqtt_home_entities(home), 1);
    hear();
    say(topic, "");
    assert_string_equal(topics, "");
    assert_string_equal(hear(), "-mqtt/pantry<  [] [] [] []\n");
}

/* A bridge that is away takes its device along, whatever an entity that knows nothing of it says. */
static void each_entity_counts_for_whether_its_device_can_be_reached(void **state)
{
    (void)state;
    say("homeassistant/light/l/config",
        "{\"stat_t\":\"l\",\"avty\":[{\"t\":\"bridge\"},{\"t\":\"lamp\"}],\"avty_mode\":\"all\","
        "\"dev\":{\"ids\":\"1\",\"name\":\"L\"}}");
    say("homeassistant/sensor/s/config",
        "{\"stat_t\":\"s\",\"avty\":[{\"t\":\"lamp\"}],\"dev\":{\"ids\":\"1\",\"name\":\"L\"}}");
    say("bridge", "offline");
    say("lamp", "online");
    hear();
    told("mqtt/l.availability=no\n");
    say("bridge", "online");
    assert_string_equal(hear(), "mqtt/l.availability=yes\n");
    say("lamp", "offline");
    assert_string_equal(hear(), "mqtt/l.availability=no\n");
}

static void broken_announcements_are_named_and_the_good_ones_go_on(void **state)
{
    static const char *const broken[] = {"{",
                                         "[]",
                                         "null",
                                         "\xff\xfe",
                                         "{\"state_topic\":\"a/#\"}",
                                         "{\"state_topic\":\"+\",\"~\":\"x\"}",
                                         "{\"name\":\"\\u0000\"}",
                                         "{\"name\":\"\\u001b[2J\"}",
                                         "{\"device\":{\"identifiers\":[\""
                                         "0123456789012345678901234567890123456789012345678901234567890123456789"
                                         "0123456789012345678901234567890123456789\"]}}"};

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        say("homeassistant/sensor/x/config", broken[i]);
    assert_int_equal(source.bad, sizeof broken / sizeof *broken);
    assert_int_equal(client_state_mqtt_home_entities(home), 0);
    say("homeassistant/sensor/x/config", "{\"state_topic\":\"x\",\"device\":{\"identifiers\":{},\"name\":5}}");
    say("homeassistant//x/config", "{}");
    say("homeassistant/config", "{}");
    say("x", "5");
    hear();
    assert_int_equal(client_state_mqtt_home_entities(home), 1);
}

static void a_million_topics_are_bounded(void **state)
{
    char topic[64], payload[160];

    (void)state;
    for (int i = 0; i < 20000; i++) { /* far more than are taken; each further one costs the same */
        snprintf(topic, sizeof topic, "homeassistant/sensor/n%d/config", i);
        snprintf(payload, sizeof payload,
                 "{\"state_topic\":\"t/%d\",\"device\":{\"identifiers\":\"d%d\",\"name\":\"D %d\"}}", i, i, i);
        say(topic, payload);
    }
    hear();
    assert_int_equal(client_state_model_devices(model), CLIENT_STATE_MQTT_DEVICES);
    assert_int_equal(client_state_mqtt_home_entities(home), CLIENT_STATE_MQTT_DEVICES);
    assert_int_equal(listened, CLIENT_STATE_MQTT_DEVICES);
    say("t/3", "7");
    assert_string_equal(hear(), "mqtt/d-3.n3=7\n");
}

static void the_map_of_the_mesh_gives_parents(void **state)
{
    (void)state;
    say("homeassistant/switch/plug/config",
        "{\"state_topic\":\"p\",\"device\":{\"identifiers\":[\"zigbee2mqtt_0xaa\"],\"name\":\"Plug\"}}");
    say("homeassistant/light/lamp/config",
        "{\"state_topic\":\"l\",\"device\":{\"identifiers\":[\"zigbee2mqtt_0xbb\"],\"name\":\"Lamp\"}}");
    hear();
    say("zigbee2mqtt/bridge/response/networkmap",
        "{\"data\":{\"value\":{\"links\":[{\"source\":{\"ieeeAddr\":\"0xbb\"},\"target\":{\"ieeeAddr\":\"0xaa\"},"
        "\"relationship\":1,\"linkquality\":42},{\"source\":5}]}},\"status\":\"ok\"}");
    hear();
    told("mqtt/lamp<mqtt/plug light [Lamp]");
    told("mqtt/lamp.linkquality=42");
}

/* ---- a real broker ---- */

static struct folder folder;
static pid_t broker;
static unsigned port;

static int run(const char *command)
{
    return system(command); /* NOLINT: words of this file */
}

static unsigned free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static bool start_broker(void)
{
    static const char *const places[] = {"/usr/sbin/mosquitto", "/usr/bin/mosquitto"};
    char text[1024], conf[256];
    char *argv[] = {"mosquitto", "-c", conf, NULL};
    const char *program = access(places[0], X_OK) == 0 ? places[0] : places[1];

    if (access(program, X_OK) != 0)
        return false;
    snprintf(
        text, sizeof text,
        "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem "
        "-days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost >/dev/null 2>&1 && chmod 644 "
        "key.pem && mosquitto_passwd -b -c passwd ana secret-of-the-broker >/dev/null 2>&1; chmod 755 . ; chmod 644 "
        "passwd",
        folder.path);
    assert_int_equal(run(text), 0);
    port = free_port();
    snprintf(text, sizeof text,
             "listener %u 127.0.0.1\ncertfile %s/cert.pem\nkeyfile %s/key.pem\npassword_file %s/passwd\n"
             "allow_anonymous false\npersistence false\nlog_dest none\n",
             port, folder.path, folder.path, folder.path);
    snprintf(conf, sizeof conf, "%s", folder_write(&folder, "mosquitto.conf", text, strlen(text)));
    return posix_spawn(&broker, program, NULL, NULL, argv, environ) == 0;
}

static void publish(const char *topic, const char *payload)
{
    char command[2048];

    snprintf(command, sizeof command,
             "mosquitto_pub -h 127.0.0.1 -p %u --cafile %s/cert.pem -u ana -P secret-of-the-broker -r -t '%s' -m '%s'",
             port, folder.path, topic, payload);
    for (int tries = 0; run(command) != 0; tries++) /* the broker may still be on its way up */
        assert_true(tries < 200);
}

static int64_t mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Polls the source until this line was told. */
static void await(struct client_state_source *s, const char *line)
{
    int64_t until = mono_ms() + 20000;

    heard[0] = '\0';
    while (!strstr(heard, line)) {
        struct pollfd fd = {s->fd, POLLIN, 0};

        if (mono_ms() > until)
            fail_msg("not told: %s in\n%s", line, heard);
        poll(&fd, s->fd >= 0, 20);
        client_state_source_poll(s, (struct proto_now){mono_ms(), 1700000000000}, model);
        client_state_model_flush(model, &sink);
    }
}

static char said[4000];

static void on_say(void *context, const char *message)
{
    (void)context;
    snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", message);
}

static void settings_that_are_wrong_are_named_with_value_rule_and_way_out(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"[mqtt]\nhost = a\nport = 70000\n", "line 3: port = 70000: a port is 1 to 65535"},
        {"[mqtt]\nhost = a\nport = 8883x\n", "a port is 1 to 65535"},
        {"[mqtt]\nhots = a\n", "hots = a: there is no such key; there are host"},
        {"[broker]\nhost = a\n", "the settings stand under [mqtt]"},
        {"[mqtt]\nhost = a\nca = /nonexistent/ca.crt\n", "ca = /nonexistent/ca.crt: there is no such file"},
        {"[mqtt]\nhost = a\npassword_file = /nonexistent\n", "there is no such file that this program may read"},
        {"[mqtt]\nport = 1883\n", "host is missing"},
        {"[mqtt]\nhost\n", "line 2: it is no KEY = VALUE; mend or remove this line"},
    };
    struct client_state_mqtt_settings settings;
    char spec[300], why[CLIENT_STATE_WHY_BYTES], here[300];

    (void)state;
    folder_make(&folder);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(spec, sizeof spec, "%s", folder_write(&folder, "mqtt.ini", cases[i].text, strlen(cases[i].text)));
        assert_false(client_state_mqtt_settings_read(&settings, spec, why));
        if (!strstr(why, cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", why, cases[i].says);
    }
    assert_false(client_state_mqtt_settings_read(&settings, "./no/such/file", why));
    assert_non_null(strstr(why, "it cannot be read; check the path and its rights"));
    assert_non_null(getcwd(here, sizeof here));
    assert_int_equal(chdir(folder.path), 0);
    assert_false(client_state_mqtt_settings_read(&settings, "mqtt.ini", why)); /* not a host of that name */
    assert_non_null(strstr(why, "write mqtt:./mqtt.ini"));
    assert_int_equal(chdir(here), 0);
    assert_false(client_state_mqtt_settings_read(&settings, "host:0", why));
    assert_true(client_state_mqtt_settings_read(&settings, "host:1884", why) && settings.port == 1884);
    folder_remove(&folder);
}

static void a_real_broker_over_tls_is_read_lost_and_found_again(void **state)
{
    struct client_state_source *s;
    char text[512], spec[300], why[CLIENT_STATE_WHY_BYTES];
    int status;

    (void)state;
    folder_make(&folder);
    if (!start_broker()) {
        folder_remove(&folder);
        skip();
    }
    folder_write(&folder, "secret", "secret-of-the-broker\n", 21);
    snprintf(text, sizeof text,
             "[mqtt]\nhost = 127.0.0.1\nport = %u\nca = %s/cert.pem\nuser = ana\npassword_file = %s/secret\n", port,
             folder.path, folder.path);
    snprintf(spec, sizeof spec, "mqtt:%s", folder_write(&folder, "mqtt.ini", text, strlen(text)));
    assert_ok(client_state_source_open(spec, (struct client_state_log){on_say, NULL}, &s, why));
    publish("homeassistant/light/lamp/config",
            "{\"schema\":\"json\",\"state_topic\":\"home/lamp\",\"availability_topic\":\"home/lamp/"
            "status\",\"device\":{\"identifiers\":[\"l1\"],\"name\":\"Hall lamp\"}}");
    publish("home/lamp", "{\"state\":\"ON\"}");
    publish("home/lamp/status", "offline");
    await(s, "mqtt/hall-lamp.availability=no\n");
    publish("home/lamp/status", "online");
    await(s, "mqtt/hall-lamp.availability=yes\n");
    client_state_source_rest(s); /* the consent is gone: so is the connection */
    assert_int_equal(s->fd, -1);
    publish("home/lamp/status", "offline");
    await(s, "mqtt/hall-lamp.availability=no\n");
    kill(broker, SIGKILL);
    waitpid(broker, &status, 0);
    await(s, "mqtt/broker.connectivity=no\n");
    assert_non_null(strstr(said, "mqtt: the broker 127.0.0.1:"));
    assert_non_null(strstr(said, "is not reached: "));
    client_state_source_free(s);
    folder_remove(&folder);
}

int main(void)
{
#define ONE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_pick_a_value_and_others_leave_the_payload_as_it_is),
        cmocka_unit_test(a_template_that_is_meant_to_make_work_makes_none),
        ONE(zigbee2mqtt_appears_by_itself),
        ONE(esphome_with_short_keys_and_shelly_with_plain_values_appear_too),
        ONE(a_device_with_its_components_in_one_message_appears_changes_and_goes),
        ONE(each_entity_counts_for_whether_its_device_can_be_reached),
        ONE(broken_announcements_are_named_and_the_good_ones_go_on),
        ONE(a_million_topics_are_bounded),
        ONE(the_map_of_the_mesh_gives_parents),
        cmocka_unit_test(settings_that_are_wrong_are_named_with_value_rule_and_way_out),
        ONE(a_real_broker_over_tls_is_read_lost_and_found_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
