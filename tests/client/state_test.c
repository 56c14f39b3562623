/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/state/source.h"
#include "tests/proto/test.h"

/* -- a reader: notes what it is told, and takes no more than `takes` -- */

static struct reader {
    int takes, told;
    char row[9000][160];
} reader;

static bool note(const char *text)
{
    if (reader.told == reader.takes)
        return false;
    snprintf(reader.row[reader.told++ % 9000], 160, "%s", text);
    return true;
}

static bool on_device(void *context, const struct client_state_device *device)
{
    char text[CLIENT_STATE_ID_BYTES + 3];

    assert_ptr_equal(context, &reader);
    snprintf(text, sizeof text, "%s%s%s",
             device->gone     ? "-"
             : device->hidden ? "("
                              : "",
             device->id, device->hidden && !device->gone ? ")" : "");
    return note(text);
}

static bool on_property(void *context, const struct client_state_property *p)
{
    char line[160];

    assert_ptr_equal(context, &reader);
    if (p->hidden)
        snprintf(line, sizeof line, "%s.%s hidden%.4s", p->device, p->name, p->value.text);
    else if (p->type == CLIENT_STATE_NUMBER)
        snprintf(line, sizeof line, "%s.%s=%g%s", p->device, p->name, p->value.number, p->unit);
    else if (p->type == CLIENT_STATE_TEXT)
        snprintf(line, sizeof line, "%s.%s=\"%.40s\"", p->device, p->name, p->value.text);
    else
        snprintf(line, sizeof line, "%s.%s=%s", p->device, p->name, p->value.boolean ? "true" : "false");
    return note(line);
}

static const struct client_state_sink sink = {on_device, on_property, &reader};

/* Flushes to a reader that takes `takes`; what it heard, in one line. */
static const char *hear(struct client_state_model *m, int takes)
{
    static char heard[2000];
    size_t told;

    reader.told = 0;
    reader.takes = takes;
    told = client_state_model_flush(m, &sink);
    assert_true(told <= (size_t)reader.told || takes);
    heard[0] = '\0';
    for (int i = 0; i < reader.told; i++)
        snprintf(heard + strlen(heard), sizeof heard - strlen(heard), "%s%s", i ? " " : "", reader.row[i]);
    return heard;
}

static enum proto_err device(struct client_state_model *m, const char *id)
{
    struct client_state_device d = {.kind = "hub", .seen_by = "json"};

    snprintf(d.id, sizeof d.id, "%s", id);
    return client_state_model_device(m, &d);
}

static enum proto_err number(struct client_state_model *m, const char *id, const char *name, double value)
{
    struct client_state_property p = {.type = CLIENT_STATE_NUMBER, .value.number = value};

    snprintf(p.device, sizeof p.device, "%s", id);
    snprintf(p.name, sizeof p.name, "%s", name);
    return client_state_model_property(m, "json", &p);
}

static enum proto_err text(struct client_state_model *m, const char *id, const char *name, const char *value)
{
    struct client_state_property p = {.type = CLIENT_STATE_TEXT};

    snprintf(p.device, sizeof p.device, "%s", id);
    snprintf(p.name, sizeof p.name, "%s", name);
    snprintf(p.value.text, sizeof p.value.text, "%s", value);
    return client_state_model_property(m, "json", &p);
}

static struct client_state_model *model;

static int set_up(void **state)
{
    (void)state;
    return client_state_model_new(&model) != PROTO_OK;
}

static int tear_down(void **state)
{
    (void)state;
    client_state_model_free(model);
    return 0;
}

static void changes_are_told_once_and_in_their_order(void **state)
{
    (void)state;
    assert_ok(device(model, "hub"));
    assert_ok(number(model, "hub", "b", 1));
    assert_ok(device(model, "lamp"));
    assert_ok(number(model, "lamp", "a", 2));
    assert_string_equal(hear(model, 99), "hub hub.b=1 lamp lamp.a=2");
    assert_string_equal(hear(model, 99), "");
    assert_ok(number(model, "lamp", "a", 2)); /* the same again is no news */
    assert_ok(device(model, "hub"));
    assert_string_equal(hear(model, 99), "");
    assert_ok(number(model, "lamp", "a", 3));
    assert_ok(number(model, "hub", "b", 4));
    assert_string_equal(hear(model, 99), "lamp.a=3 hub.b=4");
    assert_int_equal(client_state_model_devices(model), 2);
    assert_int_equal(client_state_model_properties(model), 2);
}

static void a_slow_reader_gets_the_newest_value_and_never_a_backlog(void **state)
{
    (void)state;
    assert_ok(device(model, "hub"));
    assert_ok(number(model, "hub", "a", 0));
    assert_ok(number(model, "hub", "b", 0));
    hear(model, 99);
    for (int i = 1; i <= 1000; i++) {
        assert_ok(number(model, "hub", "a", i));
        assert_ok(number(model, "hub", "b", -i));
        assert_string_equal(hear(model, 0), "");
    }
    assert_string_equal(hear(model, 1), "hub.a=1000");
    assert_ok(number(model, "hub", "a", 7));
    assert_string_equal(hear(model, 99), "hub.b=-1000 hub.a=7");
    assert_ok(number(model, "hub", "a", 1)); /* changes at the front, in the middle and at the end of the row */
    assert_ok(number(model, "hub", "b", 1));
    assert_ok(number(model, "hub", "c", 1));
    assert_ok(number(model, "hub", "c", 2));
    assert_ok(number(model, "hub", "b", 2));
    assert_ok(number(model, "hub", "a", 2));
    assert_string_equal(hear(model, 99), "hub.a=2 hub.b=2 hub.c=2");
}

static void a_value_that_changes_all_the_time_does_not_lose_its_turn(void **state)
{
    int heard[20] = {0};

    (void)state;
    assert_ok(device(model, "hub"));
    hear(model, 1);
    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < 20; i++) {
            char name[8];

            snprintf(name, sizeof name, "p%d", i);
            assert_ok(number(model, "hub", name, round + 1));
        }
        hear(model, 2);
        for (int i = 0; i < reader.told; i++)
            heard[atoi(strchr(reader.row[i], 'p') + 1)]++;
    }
    for (int i = 0; i < 20; i++)
        assert_int_equal(heard[i], 10); /* 100 rounds of 2, fairly among 20 */
}

/* A device's clock is set while it speaks: by years, in both directions, and to what no clock shows. */
static void a_clock_that_jumps_loses_no_value_and_turns_no_order(void **state)
{
    static const int64_t clocks[] = {1700000000000, 0, INT64_MAX, 1700000000001, -1, INT64_MIN, 1};
    struct client_state_property p = {.device = "d", .name = "power", .type = CLIENT_STATE_NUMBER};

    (void)state;
    assert_ok(device(model, "d"));
    hear(model, 9);
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        char told[64];

        p.unix_ms = clocks[i];
        p.value.number = (double)i;
        assert_ok(client_state_model_property(model, "json", &p));
        snprintf(told, sizeof told, "d.power=%zu", i);
        assert_string_equal(hear(model, 9), told);
    }
    p.unix_ms = 5;
    p.value.number = 100;
    assert_ok(client_state_model_property(model, "json", &p));
    assert_ok(number(model, "d", "voltage", 3));
    p.unix_ms = 4; /* earlier than what it takes the place of: what was said last is so */
    p.value.number = 101;
    assert_ok(client_state_model_property(model, "json", &p));
    assert_string_equal(hear(model, 9), "d.power=101 d.voltage=3");
}

static void a_newcomer_hears_everything_devices_first(void **state)
{
    (void)state;
    assert_ok(device(model, "hub"));
    assert_ok(number(model, "hub", "a", 1));
    assert_ok(device(model, "lamp"));
    hear(model, 99);
    assert_ok(number(model, "hub", "a", 2)); /* waits when the newcomer comes */
    client_state_model_retell(model);
    assert_string_equal(hear(model, 1), "hub");
    assert_string_equal(hear(model, 99), "lamp hub.a=2");
    client_state_model_retell(model);
    client_state_model_retell(model);
    assert_string_equal(hear(model, 99), "hub lamp hub.a=2");
}

static void one_device_and_one_property_more_than_there_may_be_are_refused(void **state)
{
    char id[16], name[16];

    (void)state;
    for (int i = 0; i < CLIENT_STATE_DEVICES_MAX; i++) {
        snprintf(id, sizeof id, "d%d", i);
        assert_ok(device(model, id));
    }
    assert_int_equal(device(model, "one-more"), PROTO_ERR_FULL);
    assert_ok(device(model, "d7")); /* those that are there go on */
    for (int i = 0; i < CLIENT_STATE_PROPERTIES_MAX; i++) {
        snprintf(id, sizeof id, "d%d", i % CLIENT_STATE_DEVICES_MAX);
        snprintf(name, sizeof name, "p%d", i / CLIENT_STATE_DEVICES_MAX);
        assert_ok(number(model, id, name, i));
    }
    assert_int_equal(number(model, "d0", "one_more", 1), PROTO_ERR_FULL);
    assert_ok(number(model, "d0", "p0", -1));
    assert_int_equal(client_state_model_devices(model), CLIENT_STATE_DEVICES_MAX);
    assert_int_equal(client_state_model_properties(model), CLIENT_STATE_PROPERTIES_MAX);
}

static void another_sources_device_is_not_touched(void **state)
{
    struct client_state_device d = {.id = "hub", .kind = "router", .seen_by = "linux"};
    struct client_state_property p = {.device = "hub", .name = "a", .type = CLIENT_STATE_BOOL};

    (void)state;
    assert_ok(device(model, "hub"));
    assert_int_equal(client_state_model_device(model, &d), PROTO_ERR_REFUSED);
    assert_int_equal(client_state_model_property(model, "linux", &p), PROTO_ERR_REFUSED);
    assert_ok(client_state_model_property(model, "json", &p));
    assert_int_equal(number(model, "nobody", "a", 1), PROTO_ERR_NOT_FOUND);
    assert_string_equal(hear(model, 99), "hub hub.a=false");
}

static void values_and_names_outside_their_form_are_refused(void **state)
{
    static const double wild[] = {NAN, INFINITY, -INFINITY, 1e15, -1e300};
    static const char *const bad_names[] = {"", "Temperature", "1st", "a b", "a-b", "_a", "naïve"};
    static const char *const bad_ids[] = {
        "", "a b", "ü", "a\n", "../..\"", "aa:bb:cc:dd:ee:ff", "lamp-00-11-22-33-44-55"};
    static const char *const bad_texts[] = {"\x1b[2J", "a\nb", "\xff", "\xc3", "\xed\xa0\x80", "\xc2\x85"};

    (void)state;
    assert_ok(device(model, "hub"));
    hear(model, 99);
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++)
        assert_int_equal(number(model, "hub", "a", wild[i]), PROTO_ERR_RANGE);
    for (size_t i = 0; i < sizeof bad_names / sizeof *bad_names; i++)
        assert_int_equal(number(model, "hub", bad_names[i], 1), PROTO_ERR_RANGE);
    for (size_t i = 0; i < sizeof bad_ids / sizeof *bad_ids; i++)
        assert_int_equal(device(model, bad_ids[i]), PROTO_ERR_RANGE);
    for (size_t i = 0; i < sizeof bad_texts / sizeof *bad_texts; i++)
        assert_int_equal(text(model, "hub", "a", bad_texts[i]), PROTO_ERR_RANGE);
    assert_string_equal(hear(model, 99), "");
    assert_int_equal(client_state_model_properties(model), 0);
    assert_ok(number(model, "hub", "a", 9.9e14));
    assert_ok(text(model, "hub", "place", "Küche"));
}

static void secrets_are_hidden_on_their_way_in_numbers_and_labels_too(void **state)
{
    struct client_state_device d = {.id = "cam",
                                    .kind = "camera",
                                    .seen_by = "json",
                                    .parent = "aa:bb:cc:dd:ee:ff",
                                    .model = "X aa:bb:cc:dd:ee:ff",
                                    .firmware = "1.2.3.4"};

    (void)state;
    for (int i = 0; i < 3; i++) { /* what is told shortened is no change when it comes again */
        assert_ok(client_state_model_device(model, &d));
        assert_string_equal(hear(model, 99), i ? "" : "cam");
    }
    assert_ok(number(model, "cam", "latitude", 52.52));
    assert_ok(number(model, "cam", "latitude", 52.53)); /* hidden: not even that it changed */
    assert_ok(text(model, "cam", "wifi_password", "hunter2"));
    assert_ok(text(model, "cam", "peer", "02:00:5E:10:00:01"));
    assert_string_equal(hear(model, 99), "cam.latitude=\"(hidden)\" cam.wifi_password=\"(hidden)\" "
                                         "cam.peer=\"02:00:5E:xx:xx:xx\"");
}

/* No timed assertion: the figure is for people. */
static void ten_thousand_changes_of_4096_properties_are_told_in_one_walk(void **state)
{
    clock_t from;
    char id[16], name[16];

    (void)state;
    reader.takes = 1 << 30;
    for (int i = 0; i < 16; i++) {
        snprintf(id, sizeof id, "d%d", i);
        assert_ok(device(model, id));
    }
    from = clock();
    for (int i = 0; i < 40960; i++) {
        snprintf(id, sizeof id, "d%d", i % 16);
        snprintf(name, sizeof name, "property_%d", i / 16 % 256);
        assert_ok(number(model, id, name, i));
        if (i % 4096 == 4095) {
            reader.told = 0;
            assert_int_equal(client_state_model_flush(model, &sink), 4096 + (i == 4095 ? 16 : 0));
        }
    }
    print_message("40960 changes in and out: %.0f ms\n", (double)(clock() - from) * 1000 / CLOCKS_PER_SEC);
}

static void who_leaves_is_told_once_and_its_values_are_forgotten(void **state)
{
    struct client_state_model *m = model;

    (void)state;

    assert_int_equal(device(m, "hub"), PROTO_OK);
    assert_int_equal(number(m, "hub", "battery", 4), PROTO_OK);
    hear(m, 100);
    assert_int_equal(number(m, "hub", "battery", 5), PROTO_OK); /* waits, and is never told */
    assert_int_equal(client_state_model_gone(m, "mqtt", "hub"), PROTO_ERR_REFUSED);
    assert_int_equal(client_state_model_gone(m, "json", "hub"), PROTO_OK);
    assert_int_equal(client_state_model_gone(m, "json", "hub"), PROTO_ERR_NOT_FOUND);
    assert_int_equal(client_state_model_properties(m), 0);
    assert_string_equal(hear(m, 100), "-hub");
    assert_int_equal(number(m, "hub", "battery", 6), PROTO_ERR_NOT_FOUND);
    assert_string_equal(hear(m, 100), "");
    assert_int_equal(device(m, "hub"), PROTO_OK); /* and is welcome again, as somebody new */
    assert_int_equal(number(m, "hub", "battery", 7), PROTO_OK);
    assert_string_equal(hear(m, 100), "hub hub.battery=7");
    /* It comes back before its going was heard: its old values are to be forgotten all the same. */
    assert_int_equal(client_state_model_gone(m, "json", "hub"), PROTO_OK);
    assert_int_equal(device(m, "hub"), PROTO_OK);
    assert_string_equal(hear(m, 100), "-hub hub");
}

static void devices_that_come_and_go_for_ever_find_their_place(void **state)
{
    struct client_state_model *m = model;

    (void)state;
    char id[16];

    for (int i = 0; i < 5 * CLIENT_STATE_DEVICES_MAX; i++) {
        snprintf(id, sizeof id, "d%d", i);
        assert_int_equal(device(m, id), PROTO_OK);
        assert_int_equal(number(m, id, "battery", i), PROTO_OK);
        if (i % 3)
            hear(m, 9000);
        assert_int_equal(client_state_model_gone(m, "json", id), PROTO_OK);
        if (i % 3 == 0)
            hear(m, 9000);
    }
    hear(m, 9000);
    assert_int_equal(client_state_model_devices(m), 0);
    assert_int_equal(client_state_model_properties(m), 0);
}

static void what_the_customer_hides_is_named_and_never_told(void **state)
{
    struct client_state_model *m = model;

    (void)state;

    device(m, "hub");
    device(m, "lamp");
    number(m, "hub", "battery", 4);
    number(m, "hub", "load", 1);
    number(m, "lamp", "power", 9);
    hear(m, 100);
    assert_int_equal(client_state_model_hide(m, "hub", "battery", true), PROTO_OK);
    assert_string_equal(hear(m, 100), "hub.battery hidden");
    number(m, "hub", "battery", 5);
    assert_string_equal(hear(m, 100), "hub.battery hidden");
    assert_int_equal(client_state_model_hide(m, "lamp", NULL, true), PROTO_OK);
    assert_string_equal(hear(m, 100), "-lamp (lamp)"); /* the property waits, and is not told */
    number(m, "lamp", "power", 10);
    assert_string_equal(hear(m, 100), "");
    client_state_model_retell(m);
    assert_string_equal(hear(m, 100), "hub (lamp) hub.battery hidden hub.load=1");
    assert_int_equal(client_state_model_hide(m, "lamp", NULL, false), PROTO_OK);
    assert_string_equal(hear(m, 100), "-lamp lamp lamp.power=10");
    assert_int_equal(client_state_model_hide(m, "hub", "battery", false), PROTO_OK);
    assert_string_equal(hear(m, 100), "hub.battery=5");
    assert_int_equal(client_state_model_hide(m, "hub", "battery", false), PROTO_ERR_NOT_FOUND);
    assert_int_equal(client_state_model_hide(m, "not here yet", NULL, true), PROTO_ERR_RANGE);
    assert_int_equal(client_state_model_hide(m, "later", NULL, true), PROTO_OK);
    device(m, "later");
    number(m, "later", "power", 1);
    assert_string_equal(hear(m, 100), "(later)");
}

int main(void)
{
#define ONE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ONE(changes_are_told_once_and_in_their_order),
        ONE(a_slow_reader_gets_the_newest_value_and_never_a_backlog),
        ONE(a_value_that_changes_all_the_time_does_not_lose_its_turn),
        ONE(a_clock_that_jumps_loses_no_value_and_turns_no_order),
        ONE(a_newcomer_hears_everything_devices_first),
        ONE(one_device_and_one_property_more_than_there_may_be_are_refused),
        ONE(another_sources_device_is_not_touched),
        ONE(values_and_names_outside_their_form_are_refused),
        ONE(secrets_are_hidden_on_their_way_in_numbers_and_labels_too),
        ONE(ten_thousand_changes_of_4096_properties_are_told_in_one_walk),
        ONE(who_leaves_is_told_once_and_its_values_are_forgotten),
        ONE(devices_that_come_and_go_for_ever_find_their_place),
        ONE(what_the_customer_hides_is_named_and_never_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
