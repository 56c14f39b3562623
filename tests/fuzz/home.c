/* SPDX-License-Identifier: Apache-2.0 */
/* What a home, a broker and a guide's author may send: templates, discovery and states, guides, batches of changes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/desk/devices.h"
#include "agent/guides/read.h"
#include "client/state/mqtt_home.h"
#include "client/state/names.h"
#include "client/state/template.h"
#include "proto/guide/run.h"
#include "proto/wire/state.h"
#include "tests/fuzz/targets.h"

enum { TEXT_BYTES = 2048 };

/* The part of the input up to a NUL, and the rest: two texts out of one. */
static size_t cut(const uint8_t *bytes, size_t len, char out[static TEXT_BYTES])
{
    const uint8_t *nul = memchr(bytes, 0, len);
    size_t first = nul ? (size_t)(nul - bytes) : len;

    memcpy(out, bytes, first < TEXT_BYTES ? first : TEXT_BYTES - 1);
    out[first < TEXT_BYTES ? first : TEXT_BYTES - 1] = '\0';
    return nul ? first + 1 : len;
}

/* ---- templates: "TEMPLATE NUL PAYLOAD" ---- */

static bool feed_template(const uint8_t *bytes, size_t len)
{
    char text[TEXT_BYTES], out[CLIENT_STATE_TEXT_BYTES];
    size_t rest = cut(bytes, len, text);
    enum client_state_template is = client_state_template_apply(text, (const char *)bytes + rest, len - rest, out);

    FUZZ_HOLDS(is == CLIENT_STATE_TEMPLATE_NONE || client_state_text_ok(out));
    return is != CLIENT_STATE_TEMPLATE_NONE;
}

static void put_pair(struct fuzz_seeds *seeds, const char *name, const char *first, const char *second)
{
    char both[TEXT_BYTES];
    size_t a = strlen(first) + 1, b = strlen(second);

    memcpy(both, first, a);
    memcpy(both + a, second, b);
    fuzz_seed_add(seeds, name, both, a + b);
}

static void seed_template(struct fuzz_seeds *seeds)
{
    put_pair(seeds, "plain", "{{ value }}", "21.5");
    put_pair(seeds, "path", "{{ value_json.a['b'][0] | float | round(1) }}", "{\"a\":{\"b\":[\"3.14\"]}}");
    put_pair(seeds, "default", "{{ value_json.x | default('none') | upper }}", "{}");
    put_pair(seeds, "raw", "{% if value_json.x %}1{% endif %}", "{\"x\":1}");
}

const struct fuzz_target fuzz_template = {"template", 2048, feed_template, seed_template, 0};

/* ---- a broker: "TOPIC NUL PAYLOAD NUL TOPIC NUL PAYLOAD …" ---- */

static void ignore(void *context, const char *topic)
{
    (void)context;
    FUZZ_HOLDS(strlen(topic) < CLIENT_STATE_TOPIC_BYTES && !strpbrk(topic, "+#"));
}

static bool any_device(void *context, const struct client_state_device *d)
{
    (void)context;
    FUZZ_HOLDS(client_state_id_ok(d->id) && client_state_text_ok(d->name));
    return true;
}

static bool any_property(void *context, const struct client_state_property *p)
{
    (void)context;
    FUZZ_HOLDS(client_state_name_ok(p->name) && (p->type != CLIENT_STATE_NUMBER || isfinite(p->value.number)) &&
               (p->type != CLIENT_STATE_TEXT || client_state_text_ok(p->value.text)));
    return true;
}

static bool feed_mqtt(const uint8_t *bytes, size_t len)
{
    static const struct client_state_sink sink = {any_device, any_property, NULL};
    struct client_state_source source = {.fd = -1};
    const struct client_state_mqtt_config config = {"homeassistant", "zigbee2mqtt", ignore, ignore, NULL, &source};
    struct client_state_mqtt_home *home = NULL;
    struct client_state_model *model = NULL;

    FUZZ_HOLDS(client_state_model_new(&model) == PROTO_OK && client_state_mqtt_home_new(&home, &config) == PROTO_OK);
    for (size_t at = 0; at < len;) {
        char topic[TEXT_BYTES], payload[TEXT_BYTES];

        at += cut(bytes + at, len - at, topic);
        if (at < len)
            at += cut(bytes + at, len - at, payload);
        else
            payload[0] = '\0';
        client_state_mqtt_home_take(home, topic, payload, strlen(payload), (struct proto_now){0, 0}, model);
    }
    client_state_model_flush(model, &sink);
    client_state_mqtt_home_free(home);
    client_state_model_free(model);
    return source.good > 0;
}

static void seed_mqtt(struct fuzz_seeds *seeds)
{
    static const char light[] =
        "homeassistant/light/l/config\0{\"schema\":\"json\",\"stat_t\":\"~/x\",\"~\":\"l\",\"avty_t\":\"l/a\","
        "\"dev\":{\"ids\":[\"1\"],\"name\":\"L\"}}\0l/x\0{\"state\":\"ON\"}\0l/a\0online";
    static const char map[] =
        "homeassistant/switch/p/config\0{\"state_topic\":\"p\",\"device\":{\"identifiers\":[\"zigbee2mqtt_0xaa\"]}}\0"
        "zigbee2mqtt/bridge/response/networkmap\0{\"data\":{\"value\":{\"links\":[{\"source\":{\"ieeeAddr\":\"0xaa\"},"
        "\"target\":{\"ieeeAddr\":\"0xaa\"},\"relationship\":1,\"linkquality\":4}]}}}";

    fuzz_seed_add(seeds, "light", light, sizeof light - 1);
    static const char device[] =
        "homeassistant/device/d/"
        "config\0{\"dev\":{\"cns\":[[\"mac\",\"02:5b:26:a8:dc:12\"]],\"name\":\"D\"},\"stat_t\":\"d\","
        "\"cmps\":{\"t\":{\"p\":\"sensor\",\"val_tpl\":\"{{value_json.t}}\"},\"s\":{\"p\":\"switch\"}}}\0d\0{\"t\":1}\0"
        "homeassistant/device/d/config\0{\"cmps\":{\"t\":{\"p\":\"sensor\"}}}";

    fuzz_seed_add(seeds, "map", map, sizeof map - 1);
    fuzz_seed_add(seeds, "device", device, sizeof device - 1);
}

const struct fuzz_target fuzz_mqtt = {"mqtt", 4096, feed_mqtt, seed_mqtt, 0};

/* ---- a guide, and a run of it in an empty home ---- */

static bool feed_guide(const uint8_t *bytes, size_t len)
{
    struct proto_guide *guide = calloc(1, sizeof *guide);
    struct proto_guide_run *run = calloc(1, sizeof *run);
    struct agent_desk_devices *devices = NULL;
    char why[AGENT_GUIDE_WHY_BYTES];
    bool good;

    FUZZ_HOLDS(guide && run && agent_desk_devices_new(&devices) == PROTO_OK);
    good = agent_guide_parse((const char *)bytes, len, guide, why) == PROTO_OK;
    FUZZ_HOLDS(good || why[0]);
    if (good) {
        struct proto_guide_facts facts = agent_desk_devices_facts(devices);

        proto_guide_run_start(run, guide, "x", 0);
        for (int64_t ms = 0; ms < 64 && !run->end; ms++) {
            proto_guide_run_tick(run, &facts, ms);
            (void)!proto_guide_run_act(run, run->current, (enum proto_guide_act)(1 + (bytes[(size_t)ms % len] & 3)),
                                       PROTO_GUIDE_AGENT, ms);
        }
        FUZZ_HOLDS(run->current <= guide->step_count);
        proto_guide_clear(guide);
    }
    agent_desk_devices_free(devices);
    free(run);
    free(guide);
    return good;
}

static void seed_guide(struct fuzz_seeds *seeds)
{
    static const char small[] = "guide: 1\nid: x\nversion: 1\nlanguages: [en]\ntitle: {en: T}\nsummary: {en: S}\n"
                                "symptoms: {all: [{property: a, below: 5}, {not: {check: dns, is: fail}}]}\n"
                                "solved_when: {of: subject, property: a, is: true, for: 5s}\n"
                                "steps:\n- {id: a, title: {en: T}, text: {en: X}, next: {did_not_work: c}}\n"
                                "- {id: b, title: {en: T}, text: {en: X}, done_when: {device: {kind: lamp}}}\n"
                                "- {id: c, title: {en: T}, text: {en: X}, show_when: {property: a, known: true}}\n";

    fuzz_seed_add(seeds, "small", small, sizeof small - 1);
}

const struct fuzz_target fuzz_guide = {"guide", 4096, feed_guide, seed_guide, 0};

/* ---- a condition in a home: "HOME NUL CONDITION", each byte of the home something that it says ---- */

static void furnish(struct agent_desk_devices *devices, const uint8_t *bytes, size_t len)
{
    static const char *const names[] = {"a", "power", "availability", "signal_strength"};
    static const char *const kinds[] = {"lamp", "hub", "router", "printer"};
    static const char *const checks[] = {"dns", "internet", "portal", "clock"};

    for (size_t i = 0; i < len && i < 64; i++) {
        handhold_StateChange change = {.which_body = handhold_StateChange_device_tag};
        unsigned what = bytes[i] % 3, which = bytes[i] / 3 % 4, value = bytes[i] / 12;
        char id[2] = {(char)('a' + which), 0};

        strcpy(change.body.device.id, id);
        strcpy(change.body.device.kind, kinds[which]);
        agent_desk_devices_take(devices, &change, (int64_t)i);
        if (what == 2) {
            change = (handhold_StateChange){.which_body = handhold_StateChange_check_tag,
                                            .body.check = {.status = value % 7, .has_value = true, .value = value}};
            strcpy(change.body.check.check, checks[which]);
        } else {
            change = (handhold_StateChange){.which_body = handhold_StateChange_property_tag};
            strcpy(change.body.property.device, id);
            strcpy(change.body.property.name, names[value % 4]);
            change.body.property.which_value = what ? handhold_Property_number_tag : handhold_Property_truth_tag;
            if (what)
                change.body.property.value.number = (double)value - 10;
            else
                change.body.property.value.truth = value & 1;
        }
        agent_desk_devices_take(devices, &change, (int64_t)i);
    }
}

/* Whether it is so; false when this is no condition. */
static bool look(const char *form, const char *condition, struct agent_desk_devices *devices, bool *is)
{
    struct proto_guide *guide = calloc(1, sizeof *guide);
    struct proto_guide_facts facts = agent_desk_devices_facts(devices);
    char text[TEXT_BYTES + 256], why[AGENT_GUIDE_WHY_BYTES];
    int64_t again = PROTO_NEVER;
    bool good;

    FUZZ_HOLDS(guide != NULL);
    int len = snprintf(text, sizeof text, form, condition);

    good = len > 0 && (size_t)len < sizeof text && agent_guide_parse(text, (size_t)len, guide, why) == PROTO_OK &&
           guide->symptoms;
    *is = good && proto_guide_is(guide, guide->symptoms, "a", &facts, NULL, 0, &again);
    proto_guide_clear(guide);
    free(guide);
    return good;
}

#define CONDITION_FORM(words)                                                                                          \
    "guide: 1\nid: x\nversion: 1\nlanguages: [en]\ntitle: {en: T}\nsummary: {en: S}\nsymptoms: " words                 \
    "\nsteps:\n- {id: a, title: {en: T}, text: {en: X}}\n"

static bool feed_condition(const uint8_t *bytes, size_t len)
{
    struct agent_desk_devices *devices = NULL;
    char condition[TEXT_BYTES];
    bool is = false, is_not = false, good;
    size_t home = 0;

    while (home < len && bytes[home])
        home++;
    cut(bytes + (home < len ? home + 1 : len), len - (home < len ? home + 1 : len), condition);
    FUZZ_HOLDS(agent_desk_devices_new(&devices) == PROTO_OK);
    furnish(devices, bytes, home);
    good = look(CONDITION_FORM("%s"), condition, devices, &is);
    /* In braces it may be another text; where it is the same one, it is so or it is not. */
    if (good && !strpbrk(condition, "\n\r#&*!|>'\"%@`") && condition[0] == '{' &&
        look(CONDITION_FORM("{not: %s}"), condition, devices, &is_not))
        FUZZ_HOLDS(is != is_not);
    agent_desk_devices_free(devices);
    return good;
}

static void seed_condition(struct fuzz_seeds *seeds)
{
    static const char of_checks[] = "\x20\x31\x52\0{all: [{check: dns, is: fail}, {not: {check: portal, is: fail}}]}";
    static const char of_values[] =
        "\x01\x25\x40\x63\0{any: [{of: subject, property: a, above: -5}, {property: power, is: true}]}";
    static const char of_devices[] = "\x01\x05\0{all: [{device: {kind: lamp}}, {property: availability, known: true}]}";

    fuzz_seed_add(seeds, "checks", of_checks, sizeof of_checks - 1);
    fuzz_seed_add(seeds, "values", of_values, sizeof of_values - 1);
    fuzz_seed_add(seeds, "devices", of_devices, sizeof of_devices - 1);
}

const struct fuzz_target fuzz_condition = {"condition", 1024, feed_condition, seed_condition, 0};

/* ---- frames of device state, into the agent's picture of the home ---- */

static bool feed_state_batch(const uint8_t *bytes, size_t len)
{
    struct proto_state_reader reader = proto_state_reader_of(bytes, len);
    struct agent_desk_devices *devices = NULL;
    struct agent_desk_sample samples[8];
    handhold_StateChange change;
    size_t came = 0;

    FUZZ_HOLDS(agent_desk_devices_new(&devices) == PROTO_OK);
    while (proto_state_next(&reader, &change) == PROTO_OK) {
        agent_desk_devices_take(devices, &change, (int64_t)came * 700);
        FUZZ_HOLDS(++came <= len + 1);
        FUZZ_HOLDS(agent_desk_devices_history(devices, change.body.property.device, "a", samples, 8) <= 8);
    }
    FUZZ_HOLDS(agent_desk_devices_count(devices) <= AGENT_DESK_DEVICES_MAX);
    agent_desk_devices_free(devices);
    return came > 0;
}

static void seed_state_batch(struct fuzz_seeds *seeds)
{
    handhold_StateChange change = {.which_body = handhold_StateChange_device_tag,
                                   .body.device = {.id = "d", .kind = "hub"}};
    struct proto_buf batch;

    proto_buf_init(&batch, 4096);
    FUZZ_HOLDS(proto_state_batch_add(&batch, &change) == PROTO_OK);
    change = (handhold_StateChange){
        .which_body = handhold_StateChange_property_tag,
        .body.property = {.device = "d", .name = "a", .which_value = handhold_Property_number_tag, .value.number = 4}};
    for (int i = 0; i < 3; i++)
        FUZZ_HOLDS(proto_state_batch_add(&batch, &change) == PROTO_OK);
    change = (handhold_StateChange){.which_body = handhold_StateChange_check_tag,
                                    .body.check = {.check = "dns", .status = 4}};
    FUZZ_HOLDS(proto_state_batch_add(&batch, &change) == PROTO_OK);
    fuzz_seed_add(seeds, "batch", batch.bytes, batch.len);
    proto_buf_free(&batch);
}

const struct fuzz_target fuzz_state_batch = {"state_batch", 4096, feed_state_batch, seed_state_batch, 0};
