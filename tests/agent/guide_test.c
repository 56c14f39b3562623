/* SPDX-License-Identifier: Apache-2.0 */
/* Guides from files, and the four that ship, each played from the fault to the last tick by what the home says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/desk/devices.h"
#include "agent/guides/read.h"
#include "proto/guide/run.h"
#include "tests/proto/test.h"

/* ---- files ---- */

static const char head[] = "guide: 1\nid: x\nversion: 1\nlanguages: [en, de]\ntitle: {en: T, de: T}\n"
                           "summary: {en: S, de: S}\n";
static const char step[] = "steps:\n  - {id: a, title: {en: T, de: T}, text: {en: X, de: X}}\n";

static enum proto_err parse(struct proto_guide *g, const char *more, char why[static AGENT_GUIDE_WHY_BYTES])
{
    static char text[AGENT_GUIDE_FILE_BYTES];

    memset(g, 0, sizeof *g);
    snprintf(text, sizeof text, "%s%s", head, more);
    return agent_guide_parse(text, strlen(text), g, why);
}

static void a_small_guide_is_read_with_its_words_in_each_language(void **state)
{
    static struct proto_guide g;
    char why[AGENT_GUIDE_WHY_BYTES];

    (void)state;
    assert_ok(parse(&g,
                    "search: [{en: dark lamp, de: dunkle Lampe}]\nfor: [{kind: light, maker: Acme}]\n"
                    "symptoms: {all: [{of: subject, property: battery, below: 5.5}, {not: {check: dns, is: fail}}]}\n"
                    "steps:\n"
                    "  - id: one\n    title: {en: One, de: Eins}\n    text: {en: Do, de: Tu}\n    expect: 2m\n"
                    "    done_when: {property: on, is: true, for: 5s}\n    next: {did_not_work: three}\n"
                    "  - {id: two, title: {en: Two, de: Zwei}, text: {en: Do, de: Tu}}\n"
                    "  - {id: three, title: {en: Three, de: Drei}, text: {en: Do, de: Tu}}\n",
                    why));
    assert_int_equal(g.step_count, 3);
    assert_string_equal(proto_guide_say(&g.steps[0].title, proto_guide_language(&g, "de-AT")), "Eins");
    assert_string_equal(proto_guide_say(&g.steps[0].title, proto_guide_language(&g, "fr")), "One");
    assert_int_equal(g.steps[0].expect_s, 120);
    assert_int_equal(g.steps[0].on_failed, 2);
    assert_int_equal(g.nodes[g.steps[0].done_when].for_ms, 5000);
    assert_int_equal(g.nodes[g.steps[0].done_when].type, PROTO_GUIDE_TRUTH);
    assert_string_equal(g.fits[0].maker, "Acme");
    assert_int_equal(g.nodes[g.symptoms].op, PROTO_GUIDE_ALL);
    assert_true(g.nodes[g.nodes[g.symptoms].child].of.subject);
    proto_guide_clear(&g);
}

static void what_is_wrong_in_a_file_is_named_with_its_line(void **state)
{
    static const struct {
        const char *more, *says;
    } cases[] = {
        {"", "\"steps\" is missing"},
        {"steps: []\n", "has one at least"},
        {"horoscope: 1\nsteps: []\n", "line 7: the guide: there is no key \"horoscope\""},
        {"title: {en: A, de: B}\n", "stands here twice"},
        {"steps:\n  - {id: a, title: {en: T}, text: {en: X, de: X}}\n", "the text in \"de\" is missing"},
        {"steps:\n  - {id: a, title: {en: T, fr: U, de: T}, text: {en: X, de: X}}\n", "none of the guide's languages"},
        {"steps:\n  - {id: A b, title: {en: T, de: T}, text: {en: X, de: X}}\n", "is no id"},
        {"steps:\n  - {id: a, title: {en: T, de: T}, text: {en: X, de: X}, next: {done: b}}\n", "is no later step"},
        {"steps:\n  - {id: a, title: {en: T, de: T}, text: {en: X, de: X}, picture: ../../etc/passwd.png, picture_alt: "
         "{en: T, de: T}}\n",
         "beside the guide"},
        {"steps:\n  - {id: a, title: {en: T, de: T}, text: {en: X, de: X}, picture: a.png}\n", "picture_alt"},
        {"symptoms: {property: battery}\n", "needs is, above, below or known"},
        {"symptoms: {property: battery, is: 1, above: 2}\n", "is enough"},
        {"symptoms: {property: battery, check: dns, is: 1}\n", "exactly one"},
        {"symptoms: {check: dns, is: perhaps}\n", "pass, warn, fail"},
        {"symptoms: {check: horoscope, is: pass}\n", "there is no check \"horoscope\"; there are clock, wifi"},
        {"steps:\n  - {id: a, title: {en: T, de: T}, text: {en: X, de: X}}\n---\nguide: 1\n", "a second guide begins"},
        {"steps:\n  - {id: a, title: {en: T, de: T}, text: {en: X, de: X}}\n---\n[\n", "this is no YAML"},
        {"symptoms: {all: []}\n", "the list is empty"},
        {"symptoms: {property: battery, below: NaN}\n", "is no number"},
        {"symptoms: {property: battery, below: 1e400}\n", "is no number"},
        {"symptoms: {property: battery, below: 5, for: 3d}\n", "is no time"},
        {"symptoms: {of: everything, property: battery, below: 5}\n", "subject"},
        {"steps:\n  - {id: a, title: {en: T, de: T}, text: {en: X, de: X}, show_when: {property: x, is: true, for: "
         "5s}}\n",
         "looked at once"},
        {"steps: {a: b}\n", "takes a list"},
        {"steps: [\n", "this is no YAML"},
    };
    static struct proto_guide g;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char why[AGENT_GUIDE_WHY_BYTES];

        assert_int_equal(parse(&g, cases[i].more, why), PROTO_ERR_FORMAT);
        if (!strstr(why, cases[i].says) || strncmp(why, "line ", 5) != 0)
            fail_msg("%s: %s", cases[i].says, why);
    }
}

static void files_that_would_make_a_reader_work_for_long_are_refused(void **state)
{
    static struct proto_guide g;
    static char text[AGENT_GUIDE_FILE_BYTES + 2];
    char why[AGENT_GUIDE_WHY_BYTES];
    size_t used;

    (void)state;
    /* A billion conditions out of ten lines. */
    used = (size_t)snprintf(text, sizeof text, "%s", head);
    used += (size_t)snprintf(text + used, sizeof text - used, "symptoms:\n  all:\n    - &a {property: x, is: true}\n");
    for (char c = 'b'; c < 'k'; c++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "    - &%c {all: [*%c, *%c, *%c, *%c, *%c, *%c, *%c, *%c]}\n", c, c - 1, c - 1, c - 1,
                                 c - 1, c - 1, c - 1, c - 1, c - 1);
    memset(&g, 0, sizeof g);
    assert_int_equal(agent_guide_parse(text, used, &g, why), PROTO_ERR_FORMAT);
    /* One that holds itself. */
    assert_int_equal(parse(&g, "symptoms: &a {all: [*a]}\n", why), PROTO_ERR_FORMAT);
    /* A hole a thousand levels deep. */
    used = (size_t)snprintf(text, sizeof text, "%ssymptoms: ", head);
    for (int i = 0; i < 1000; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "{not: ");
    memset(&g, 0, sizeof g);
    assert_int_equal(agent_guide_parse(text, used, &g, why), PROTO_ERR_FORMAT);
    /* Too large. */
    memset(text, '#', sizeof text);
    assert_int_equal(agent_guide_parse(text, sizeof text, &g, why), PROTO_ERR_RANGE);
    /* Every shorter beginning of a good one. */
    snprintf(text, sizeof text, "%s%s", head, step);
    used = strlen(text);
    for (size_t i = 0; i < used; i++) {
        memset(&g, 0, sizeof g);
        if (agent_guide_parse(text, i, &g, why) == PROTO_OK)
            proto_guide_clear(&g);
    }
}

/* ---- the shipped ones, played ---- */

static struct agent_guides guides;
static struct agent_desk_devices *home;
static struct proto_guide_run run;
static int64_t now_ms;

static void say(void *context, const char *file, const char *why)
{
    (void)context;
    fail_msg("%s: %s", file, why);
}

static int set_up(void **state)
{
    (void)state;
    now_ms = 100000;
    return agent_guides_load(&guides, HANDHOLD_GUIDES, say, NULL) || agent_desk_devices_new(&home);
}

static int tear_down(void **state)
{
    (void)state;
    agent_guides_clear(&guides);
    agent_desk_devices_free(home);
    return 0;
}

static void device(const char *id, const char *kind)
{
    handhold_StateChange c = {.which_body = handhold_StateChange_device_tag};

    snprintf(c.body.device.id, sizeof c.body.device.id, "%s", id);
    snprintf(c.body.device.kind, sizeof c.body.device.kind, "%s", kind);
    assert_true(agent_desk_devices_take(home, &c, now_ms));
}

static void truth(const char *id, const char *name, bool value)
{
    handhold_StateChange c = {.which_body = handhold_StateChange_property_tag};
    handhold_Property *p = &c.body.property;

    snprintf(p->device, sizeof p->device, "%s", id);
    snprintf(p->name, sizeof p->name, "%s", name);
    p->which_value = handhold_Property_truth_tag;
    p->value.truth = value;
    assert_true(agent_desk_devices_take(home, &c, now_ms));
}

static void number(const char *id, const char *name, double value)
{
    handhold_StateChange c = {.which_body = handhold_StateChange_property_tag};
    handhold_Property *p = &c.body.property;

    snprintf(p->device, sizeof p->device, "%s", id);
    snprintf(p->name, sizeof p->name, "%s", name);
    p->which_value = handhold_Property_number_tag;
    p->value.number = value;
    assert_true(agent_desk_devices_take(home, &c, now_ms));
}

static void check(const char *name, unsigned status)
{
    handhold_StateChange c = {.which_body = handhold_StateChange_check_tag};

    snprintf(c.body.check.check, sizeof c.body.check.check, "%s", name);
    c.body.check.status = status;
    assert_true(agent_desk_devices_take(home, &c, now_ms));
}

enum { PASS = 2, FAIL = 4 };

static bool symptoms(const char *id, const char *subject)
{
    const struct proto_guide *g = agent_guides_find(&guides, id);
    struct proto_guide_facts facts = agent_desk_devices_facts(home);
    int64_t again = PROTO_NEVER;

    assert_non_null(g);
    return proto_guide_is(g, g->symptoms, subject, &facts, NULL, now_ms, &again);
}

static void begin(const char *id, const char *subject)
{
    assert_true(symptoms(id, subject));
    proto_guide_run_start(&run, agent_guides_find(&guides, id), subject, now_ms);
}

static bool tick(int64_t later_ms)
{
    struct proto_guide_facts facts = agent_desk_devices_facts(home);

    now_ms += later_ms;
    return proto_guide_run_tick(&run, &facts, now_ms);
}

static const char *on(void)
{
    return run.current < run.guide->step_count ? run.guide->steps[run.current].id : "";
}

static void tap(enum proto_guide_act act)
{
    assert_ok(proto_guide_run_act(&run, run.current, act, PROTO_GUIDE_CUSTOMER, now_ms));
    tick(10);
}

static void ended_solved_by(const char *id)
{
    assert_int_equal(run.end, PROTO_GUIDE_SOLVED);
    assert_string_equal(run.guide->steps[run.fixed_by].id, id);
}

static void the_router_guide_runs_from_the_fault_to_its_last_tick(void **state)
{
    (void)state;
    device("router", "router");
    truth("router", "connectivity", true);
    check("gateway", PASS);
    check("dns", FAIL);
    check("internet", FAIL);
    begin("router-no-internet", "router");
    tick(0);
    assert_string_equal(on(), "lights");
    tap(PROTO_GUIDE_ACT_DONE);
    tap(PROTO_GUIDE_ACT_DONE);
    assert_string_equal(on(), "power-off");
    assert_false(tick(5000));
    truth("router", "connectivity", false);
    check("gateway", FAIL);
    assert_true(tick(100));
    assert_string_equal(on(), "power-on");
    assert_false(tick(60000));
    truth("router", "connectivity", true);
    check("gateway", PASS);
    assert_true(tick(100));
    assert_string_equal(on(), "internet-back");
    assert_false(tick(1000));
    check("dns", PASS);
    check("internet", PASS);
    assert_true(tick(100));
    ended_solved_by("internet-back");
    assert_int_equal(run.steps[4].by, PROTO_GUIDE_ITSELF);
    assert_int_equal(run.steps[5].outcome, PROTO_GUIDE_NOT_NEEDED);
}

static void the_wifi_guide_runs_from_the_fault_to_its_last_tick(void **state)
{
    (void)state;
    device("interface/wlan0", "wifi_interface");
    number("interface/wlan0", "signal_strength", -82);
    begin("wifi-weak", "interface/wlan0");
    tick(0);
    assert_string_equal(on(), "closer");
    number("interface/wlan0", "signal_strength", -70);
    assert_false(tick(10));
    assert_int_equal(proto_guide_run_deadline(&run), now_ms + 3000);
    assert_true(tick(3000));
    assert_string_equal(on(), "open-space");
    number("interface/wlan0", "signal_strength", -55);
    tick(10);
    assert_false(run.end);
    assert_true(tick(5000));
    ended_solved_by("open-space");
}

static void the_wifi_guide_goes_on_to_the_antennas_when_closer_did_not_help(void **state)
{
    (void)state;
    device("interface/wlan0", "wifi_interface");
    number("interface/wlan0", "signal_strength", -82);
    begin("wifi-weak", "interface/wlan0");
    tick(0);
    tap(PROTO_GUIDE_ACT_FAILED);
    assert_string_equal(on(), "antennas");
    tap(PROTO_GUIDE_ACT_FAILED);
    assert_string_equal(on(), "extender");
    number("interface/wlan0", "signal_strength", -60);
    tick(10);
    assert_true(tick(5000));
    ended_solved_by("extender");
}

static void the_lamp_guide_runs_from_the_fault_to_its_last_tick(void **state)
{
    (void)state;
    device("lamp", "light");
    device("other", "light");
    truth("other", "availability", true);
    truth("lamp", "availability", false);
    assert_false(symptoms("lamp-off-mesh", "other"));
    begin("lamp-off-mesh", "lamp");
    tick(0);
    assert_string_equal(on(), "switch");
    tap(PROTO_GUIDE_ACT_FAILED);
    tap(PROTO_GUIDE_ACT_SKIP);
    assert_string_equal(on(), "nearer");
    truth("lamp", "availability", true);
    tick(10);
    truth("lamp", "availability", false); /* it flickers: not yet */
    tick(1000);
    truth("lamp", "availability", true);
    tick(10);
    assert_false(run.end);
    assert_true(tick(3000));
    ended_solved_by("nearer");
}

static void the_printer_guide_runs_from_the_fault_to_its_last_tick(void **state)
{
    (void)state;
    device("printer", "printer");
    truth("printer", "availability", false);
    begin("printer-not-found", "printer");
    tick(0);
    tap(PROTO_GUIDE_ACT_FAILED);
    tap(PROTO_GUIDE_ACT_FAILED);
    assert_string_equal(on(), "restart");
    truth("printer", "availability", true);
    tick(10);
    assert_true(tick(3000));
    ended_solved_by("restart");
}

static void a_home_that_is_well_has_no_symptoms_of_any(void **state)
{
    (void)state;
    device("router", "router");
    device("lamp", "light");
    device("printer", "printer");
    device("interface/wlan0", "wifi_interface");
    truth("router", "connectivity", true);
    truth("lamp", "availability", true);
    truth("printer", "availability", true);
    number("interface/wlan0", "signal_strength", -50);
    check("gateway", PASS);
    check("dns", PASS);
    check("internet", PASS);
    check("wifi", PASS);
    assert_false(symptoms("router-no-internet", "router"));
    assert_false(symptoms("wifi-weak", "interface/wlan0"));
    assert_false(symptoms("lamp-off-mesh", "lamp"));
    assert_false(symptoms("printer-not-found", "printer"));
}

int main(void)
{
#define ONE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_guide_is_read_with_its_words_in_each_language),
        cmocka_unit_test(what_is_wrong_in_a_file_is_named_with_its_line),
        cmocka_unit_test(files_that_would_make_a_reader_work_for_long_are_refused),
        ONE(the_router_guide_runs_from_the_fault_to_its_last_tick),
        ONE(the_wifi_guide_runs_from_the_fault_to_its_last_tick),
        ONE(the_wifi_guide_goes_on_to_the_antennas_when_closer_did_not_help),
        ONE(the_lamp_guide_runs_from_the_fault_to_its_last_tick),
        ONE(the_printer_guide_runs_from_the_fault_to_its_last_tick),
        ONE(a_home_that_is_well_has_no_symptoms_of_any),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
