/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's picture of a home: bounded whatever comes, with the past of its numbers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/desk/devices.h"
#include "agent/desk/property_words.h"
#include "client/state/names.h"
#include "tests/proto/test.h"

static struct agent_desk_devices *home;

static int set_up(void **state)
{
    (void)state;
    return agent_desk_devices_new(&home) != PROTO_OK;
}

static int tear_down(void **state)
{
    (void)state;
    agent_desk_devices_free(home);
    return 0;
}

static bool device(const char *id, bool gone, bool hidden)
{
    handhold_StateChange c = {.which_body = handhold_StateChange_device_tag,
                              .body.device = {.gone = gone, .hidden = hidden}};

    snprintf(c.body.device.id, sizeof c.body.device.id, "%s", id);
    snprintf(c.body.device.kind, sizeof c.body.device.kind, "hub");
    return agent_desk_devices_take(home, &c, 0);
}

static bool number(const char *id, const char *name, double value, int64_t ms)
{
    handhold_StateChange c = {.which_body = handhold_StateChange_property_tag};
    handhold_Property *p = &c.body.property;

    snprintf(p->device, sizeof p->device, "%s", id);
    snprintf(p->name, sizeof p->name, "%s", name);
    p->which_value = handhold_Property_number_tag;
    p->value.number = value;
    return agent_desk_devices_take(home, &c, ms);
}

static void who_leaves_or_is_hidden_takes_the_values_along(void **state)
{
    (void)state;
    assert_false(number("hub", "power", 1, 0)); /* a value before its device */
    assert_true(device("hub", false, false) && device("lamp", false, false));
    assert_true(number("hub", "power", 1, 0) && number("lamp", "power", 2, 0));
    assert_true(device("hub", true, false));
    assert_int_equal(agent_desk_devices_properties(home), 1);
    assert_true(device("lamp", false, true));
    assert_int_equal(agent_desk_devices_properties(home), 0);
    assert_int_equal(agent_desk_devices_count(home), 1);
    assert_false(device("nobody", true, false));
    assert_int_equal(agent_desk_devices_lost(home), 1);
}

static void history_has_a_value_a_second_and_the_newest_of_all(void **state)
{
    struct agent_desk_sample samples[1000];
    size_t n;

    (void)state;
    device("hub", false, false);
    for (int ms = 0; ms < 2000000; ms += 250)
        number("hub", "power", ms, 5000 + ms);
    n = agent_desk_devices_history(home, "hub", "power", samples, 1000);
    assert_int_equal(n, AGENT_DESK_SAMPLES_MAX);
    assert_true(samples[n - 1].value >= 1999000 && samples[n - 1].at_ms - samples[0].at_ms == (n - 1) * 1000);
    assert_int_equal(agent_desk_devices_history(home, "hub", "power", samples, 3), 3);
    assert_int_equal(agent_desk_devices_history(home, "hub", "nothing", samples, 3), 0);
}

static void a_home_of_any_size_is_bounded(void **state)
{
    char id[32];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(id, sizeof id, "d%d", i);
        device(id, false, false);
    }
    assert_int_equal(agent_desk_devices_count(home), AGENT_DESK_DEVICES_MAX);
    for (int i = 0; i < 20000; i++) {
        char name[16];

        snprintf(id, sizeof id, "d%d", i % 500);
        snprintf(name, sizeof name, "p%d", i / 500);
        for (int64_t ms = 0; ms < 3000; ms += 1000)
            number(id, name, i, ms);
    }
    assert_int_equal(agent_desk_devices_properties(home), AGENT_DESK_PROPERTIES_MAX);
    assert_true(agent_desk_devices_lost(home) > 0);
    assert_false(number("d0", "p0", NAN, 0));
    assert_false(number("d0", "p0", INFINITY, 0));
    agent_desk_devices_clear(home); /* the consent is gone */
    assert_int_equal(agent_desk_devices_count(home) + agent_desk_devices_properties(home), 0);
    assert_null(agent_desk_devices_at(home, 0));
}

static void a_check_that_runs_again_keeps_its_verdict_until_the_next(void **state)
{
    handhold_StateChange c = {.which_body = handhold_StateChange_check_tag,
                              .body.check = {.check = "dns", .status = 4}};

    (void)state;
    assert_true(agent_desk_devices_take(home, &c, 0));
    c.body.check.status = 1;
    assert_false(agent_desk_devices_take(home, &c, 0));
    c.body.check.status = 6;
    assert_false(agent_desk_devices_take(home, &c, 0));
    assert_int_equal(agent_desk_devices_check(home, 0)->status, 4);
    for (unsigned i = 0; i < 500; i++) {
        snprintf(c.body.check.target, sizeof c.body.check.target, "t%u", i);
        c.body.check.status = 2;
        agent_desk_devices_take(home, &c, 0);
    }
    assert_non_null(agent_desk_devices_check(home, AGENT_DESK_CHECKS_MAX - 1));
    assert_null(agent_desk_devices_check(home, AGENT_DESK_CHECKS_MAX));
}

static void check(const char *name, const char *target, uint32_t status)
{
    handhold_StateChange c = {.which_body = handhold_StateChange_check_tag, .body.check = {.status = status}};

    snprintf(c.body.check.check, sizeof c.body.check.check, "%s", name);
    snprintf(c.body.check.target, sizeof c.body.check.target, "%s", target);
    agent_desk_devices_take(home, &c, 0);
}

static bool one_fails(void *visitor, const struct proto_guide_fact *fact)
{
    *(bool *)visitor |= !strcmp(fact->text, "fail");
    return true;
}

static void a_dead_spare_name_server_is_a_warning_here_too(void **state)
{
    enum { PASS = 2, WARN = 3, FAIL = 4 };
    struct proto_guide_facts facts = agent_desk_devices_facts(home);
    bool fails = false;

    (void)state;
    check("dns", "192.168.7.1", FAIL);
    check("gateway", "192.168.7.1", FAIL);
    check("internet", "help.example.org", FAIL);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(agent_desk_devices_verdict(home, agent_desk_devices_check(home, i)), FAIL);
    check("dns", "192.168.7.2", PASS);
    check("internet", "help.example.org", PASS);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(agent_desk_devices_verdict(home, agent_desk_devices_check(home, i)), WARN);
    facts.each_check(facts.context, "dns", one_fails, &fails); /* nor is it a guide's symptom */
    assert_false(fails);
}
static void every_name_of_the_table_has_words_for_people(void **state)
{
#define NAME(name, unit, meaning) name,
    static const char *const names[] = {CLIENT_STATE_NAME_LIST(NAME) "connection", "screen", "platform", "language"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct agent_desk_property_words words = agent_desk_property_words(names[i]);

        if (!words.title)
            fail_msg("%s has no words in agent/desk/property_words.c", names[i]);
        assert_string_not_equal(words.title, names[i]);
        assert_true(words.yes && words.no && strcmp(words.yes, words.no) != 0);
    }
    assert_null(agent_desk_property_words("bananas_left").title);
    assert_string_equal(agent_desk_property_words("bananas_left").yes, "yes");
    assert_string_equal(agent_desk_property_words("lock").yes, "not locked"); /* as Home Assistant has it */
}

static void kinds_that_a_home_names_by_itself_have_words(void **state)
{
    static const char *const kinds[] = {"computer", "network_interface", "router", "printer", "media_player", "light"};

    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (!agent_desk_kind_words(kinds[i]))
            fail_msg("%s has no words in agent/desk/property_words.c", kinds[i]);
    assert_null(agent_desk_kind_words("banana"));
    assert_string_equal(agent_desk_id_words("this-device"), "This device");
    assert_null(agent_desk_id_words("lamp-7"));
}

static void figures_are_read_in_the_unit_that_people_would_say(void **state)
{
    static const struct {
        double number;
        const char *unit, *read;
    } cases[] = {
        {0, "s", "0 s"},
        {59, "s", "59 s"},
        {60, "s", "1 min"},
        {61.9, "s", "1 min 1 s"},
        {3600, "s", "1 h"},
        {273600, "s", "3 d 4 h"},
        {86400 + 59, "s", "1 d"},
        {1e12, "s", "1000000000000 s"},
        {-61, "s", "-61 s"},
        {NAN, "s", "nan s"},
        {512, "MiB", "512 MiB"},
        {8000, "MiB", "7.8 GiB"},
        {2097152, "MiB", "2 TiB"},
        {1500, "MB", "1.5 GB"},
        {21.5, "°C", "21.5 °C"},
        {3, "", "3"},
        {3, NULL, "3"},
        {2, "bananas and more bananas than anybody could eat", "2 bananas and more bananas than an"},
    };
    char figure[AGENT_DESK_FIGURE_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        agent_desk_property_figure(cases[i].number, cases[i].unit, figure);
        assert_string_equal(figure, cases[i].read);
    }
}

int main(void)
{
#define ONE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        ONE(every_name_of_the_table_has_words_for_people),
        ONE(kinds_that_a_home_names_by_itself_have_words),
        ONE(figures_are_read_in_the_unit_that_people_would_say),
        ONE(who_leaves_or_is_hidden_takes_the_values_along),
        ONE(history_has_a_value_a_second_and_the_newest_of_all),
        ONE(a_home_of_any_size_is_bounded),
        ONE(a_dead_spare_name_server_is_a_warning_here_too),
        ONE(a_check_that_runs_again_keeps_its_verdict_until_the_next),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
