/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A phone and a hub in one session: the hub's companion shows a code, its owner types it on the first device, and the
 * agent sees the hub's home under the first device's consent, and not a moment longer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/house.h"

struct family {
    struct demo_child *agent, *phone, *hub;
    int home; /* of the hub */
    char code[32];
};

static struct demo_child *start_hub(struct house *h, const char *name, char code[static 32])
{
    char relay[96], state[HOUSE_PATH_BYTES + 8], checks[] = "[checks]\nroot = /nonexistent\ntimeout_ms = 30000\n";
    struct demo_child *hub;

    house_write(h, "checks.ini", checks, strlen(checks));
    snprintf(relay, sizeof relay, "https://%s", h->host);
    snprintf(state, sizeof state, "json:%s", house_path(h, "hub.sock"));
    const char *const argv[] = {"handhold-client",
                                "--beside",
                                "--json",
                                "--relay",
                                relay,
                                "--state",
                                state,
                                "--checks",
                                house_path(h, "checks.ini"),
                                "--ca",
                                house_path(h, "org/ca/ca.crt"),
                                NULL};
    hub = demo_child_start(&h->children, name, argv);
    assert_non_null(hub);
    snprintf(code, 32, "%s", house_text(house_await(h, hub, "beside", "state", "waiting", NULL), "code"));
    return hub;
}

static void link_hub(struct house *h, struct family *f)
{
    char line[96];

    snprintf(line, sizeof line, "{\"do\":\"link\",\"code\":\"%s\"}", f->code);
    demo_child_tell(f->phone, line);
    house_await(h, f->phone, "beside", "state", "linked", NULL);
    house_await(h, f->hub, "beside", "state", "linked", NULL);
}

static void begin(struct house *h, struct family *f)
{
    char state[HOUSE_PATH_BYTES + 8];

    f->agent = house_agent(h, "agent", "ana");
    snprintf(state, sizeof state, "json:%s", house_path(h, "phone.sock"));
    const char *const more[] = {h->link, "--state", state, "--camera", "none", NULL};

    f->phone = house_client(h, "phone", more);
    house_await(h, f->phone, "joined", NULL);
    house_await(h, f->agent, "joined", NULL);
    f->hub = start_hub(h, "hub", f->code);
}

/* The hub is in, and may tell what it sees. */
static void begin_linked(struct house *h, struct family *f)
{
    begin(h, f);
    link_hub(h, f);
    house_grant(h, f->agent, f->phone, "device-state");
    house_await(h, f->hub, "capture", "on", "true", NULL);
}

static void bring_lamp(struct house *h, struct family *f)
{
    f->home = house_home(h, "hub.sock");
    house_home_says(f->home, "{\"device\":\"lamp\",\"kind\":\"light\"}");
}

static void end(struct house *h, struct family *f)
{
    close(f->home);
    house_end(h, f->agent, f->phone);
    house_await(h, f->hub, "beside", "state", "ended", NULL);
    house_expect_exit(h, f->hub, 0, 0);
}

static void lamp(struct family *f, const char *value)
{
    char line[160];

    snprintf(line, sizeof line, "{\"device\":\"lamp\",\"property\":\"availability\",\"value\":%s}", value);
    house_home_says(f->home, line);
}

static void the_agent_sees_the_hubs_home_under_the_phones_consent(void **state)
{
    struct house *h = *state;
    struct family f;
    int phone;

    begin(h, &f);
    link_hub(h, &f);
    assert_int_equal(demo_child_count(f.hub, "capture", NULL, NULL), 0); /* before the consent: nothing */
    house_grant(h, f.agent, f.phone, "device-state");
    house_await(h, f.hub, "capture", "on", "true", NULL);
    f.home = house_home(h, "hub.sock");
    phone = house_home(h, "phone.sock");
    house_home_says(phone, "{\"device\":\"phone\",\"kind\":\"phone\"}");
    house_home_says(f.home, "{\"device\":\"lamp\",\"kind\":\"light\",\"maker\":\"Acme\",\"model\":\"L1\"}");
    lamp(&f, "false");
    house_await(h, f.agent, "device", "device", "phone", NULL); /* both in one session */
    house_await(h, f.agent, "device", "device", "2:lamp", "model", "L1", NULL);
    house_await(h, f.agent, "state", "device", "2:lamp", "property", "availability", "value", "false", NULL);
    demo_child_tell(f.phone, "{\"do\":\"hide\",\"device\":\"2:lamp\"}"); /* who has the phone decides for both */
    house_await(h, f.agent, "device", "device", "2:lamp", "hidden", "true", NULL);
    close(phone);
    end(h, &f);
}

static void one_value_of_the_hub_is_hidden_there_and_shown_again(void **state)
{
    struct house *h = *state;
    struct family f;
    size_t before;

    begin_linked(h, &f);
    bring_lamp(h, &f);
    house_home_says(f.home, "{\"device\":\"lamp\",\"property\":\"power\",\"value\":7}");
    house_await(h, f.agent, "state", "device", "2:lamp", "property", "power", NULL);
    demo_child_tell(f.phone, "{\"do\":\"state\"}"); /* who hides has to see what there is */
    house_await(h, f.phone, "told", "device", "2:lamp", "property", "power", "unit", "W", NULL);
    demo_child_tell(f.phone, "{\"do\":\"hide\",\"device\":\"2:lamp\",\"property\":\"power\"}");
    house_await(h, f.hub, "hidden", "device", "lamp", "property", "power", "on", "true", NULL); /* not even told here */
    house_await(h, f.agent, "state", "device", "2:lamp", "property", "power", "hidden", "true", NULL);
    before = demo_child_count(f.agent, "state", "property", "power");
    house_home_says(f.home, "{\"device\":\"lamp\",\"property\":\"power\",\"value\":8}");
    lamp(&f, "true");
    house_await(h, f.agent, "state", "device", "2:lamp", "property", "availability", "value", "true", NULL);
    assert_int_equal(demo_child_count(f.agent, "state", "property", "power"), before);
    demo_child_tell(f.phone, "{\"do\":\"show\",\"device\":\"2:lamp\",\"property\":\"power\"}");
    house_await(h, f.hub, "hidden", "device", "lamp", "property", "power", "on", "false", NULL);
    house_await_number(h, f.agent, "state", "value", 8);
    end(h, &f);
}

static void a_relay_that_is_killed_loses_neither_of_the_two(void **state)
{
    struct house *h = *state;
    struct family f;

    begin_linked(h, &f);
    house_expect_exit(h, h->relay, SIGKILL, -1);
    house_restart_relay(h);
    house_await(h, f.hub, "capture", "on", "false", NULL);
    house_await(h, f.hub, "capture", "on", "true", NULL); /* without the code */
    bring_lamp(h, &f);
    house_await(h, f.agent, "device", "device", "2:lamp", NULL);
    end(h, &f);
}

static void a_withdrawal_on_the_phone_stops_both_devices_and_a_running_check(void **state)
{
    struct house *h = *state;
    struct family f;
    int64_t begun;

    begin_linked(h, &f);
    bring_lamp(h, &f);
    house_await(h, f.agent, "device", "device", "2:lamp", NULL);
    demo_child_tell(f.agent, "{\"do\":\"check\",\"check\":\"horoscope\"}"); /* asked of the hub, answered by it */
    house_await(h, f.agent, "check", "check", "horoscope", "status", "not-checked", NULL);
    demo_child_tell(f.agent, "{\"do\":\"check\",\"check\":\"chain\"}"); /* far more results than may be under way */
    house_await(h, f.agent, "check", "check", "chain", "figure", "internet", NULL);
    house_await(h, f.phone, "check", "check", "chain", "figure", "internet", NULL); /* and the customer sees it run */
    demo_child_tell(f.phone, "{\"do\":\"withdraw\",\"capability\":\"device-state\"}");
    begun = demo_mono_ms();
    house_await(h, f.hub, "capture", "on", "false", NULL);
    house_await(h, f.agent, "consent", "capability", "device-state", "state", "withdrawn", NULL);
    print_message("both devices had stopped after %lld ms\n", (long long)(demo_mono_ms() - begun));
    house_forget(f.agent, "state");
    lamp(&f, "false");
    house_talk(h, f.agent, f.phone);
    house_grant(h, f.agent, f.phone, "device-state"); /* a new consent is for what is said from now on */
    house_await(h, f.hub, "capture", "on", "true", NULL);
    lamp(&f, "true");
    house_await(h, f.agent, "state", "device", "2:lamp", "property", "availability", "value", "true", NULL);
    assert_int_equal(demo_child_count(f.agent, "state", "value", "false"), 0);
    end(h, &f);
}

static void what_is_no_code_links_nothing(void **state)
{
    struct house *h = *state;
    struct family f;

    begin(h, &f);
    demo_child_tell(f.phone, "{\"do\":\"link\",\"code\":\"1234 5\"}"); /* no code at all */
    house_await(h, f.phone, "error", "code", "CODE", NULL);
    link_hub(h, &f); /* and the right one still does */
    f.home = house_home(h, "hub.sock");
    end(h, &f);
}

static void a_hub_is_taken_out_and_another_taken_in(void **state)
{
    struct house *h = *state;
    struct family f;

    begin_linked(h, &f);
    bring_lamp(h, &f);
    house_await(h, f.agent, "device", "device", "2:lamp", NULL);
    demo_child_tell(f.phone, "{\"do\":\"link\",\"code\":\"4071 839 229 4\"}"); /* a second one beside it: no */
    house_says(h, house_text(house_await(h, f.phone, "error", "code", "EXISTS", NULL), "message"), "take it out first",
               NULL);
    demo_child_tell(f.phone, "{\"do\":\"unlink\"}");
    house_await(h, f.phone, "beside", "state", "unlinked", NULL);
    house_await(h, f.agent, "device", "device", "2:lamp", "gone", "true", NULL);
    house_await(h, f.hub, "capture", "on", "false", NULL);
    house_expect_exit(h, f.hub, 0, 1); /* taken out: it is told, and ends */
    f.hub = start_hub(h, "hub-2", f.code);
    link_hub(h, &f);
    house_await(h, f.hub, "capture", "on", "true", NULL);
    close(f.home);
    f.home = house_home(h, "hub.sock");
    house_home_says(f.home, "{\"device\":\"plug\",\"kind\":\"switch\"}");
    house_await(h, f.agent, "device", "device", "2:plug", NULL);
    end(h, &f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(the_agent_sees_the_hubs_home_under_the_phones_consent),
        HOUSE_TEST(one_value_of_the_hub_is_hidden_there_and_shown_again),
        HOUSE_TEST(a_relay_that_is_killed_loses_neither_of_the_two),
        HOUSE_TEST(a_withdrawal_on_the_phone_stops_both_devices_and_a_running_check),
        HOUSE_TEST(what_is_no_code_links_nothing),
        HOUSE_TEST(a_hub_is_taken_out_and_another_taken_in),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
