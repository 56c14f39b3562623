/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole homes, two faults at once, drawn by a seed: the check that should fail fails, the chain names the first broken
 * link, its guide stands first and no guide of a fault that is not there; as the home is mended its steps tick
 * themselves, and then the other fault's turn has come. One home; with HANDHOLD_LONG as many as bring each fault once.
 * HANDHOLD_HOMES=N plays N homes, HANDHOLD_SEED the seed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/system/home_world.h"

enum { HOMES = 1, HOMES_LONG = 3 }; /* six draws of five faults: each comes once at least */

static const struct {
    const char *name, *check, *link, *guide, *last_step;
} faults[HOME_FAULTS] = {
    [HOME_CLOCK] = {"the clock is wrong", "clock", "phone", "clock-wrong", "automatic"},
    [HOME_PORTAL] = {"the network asks for a sign-in", "portal", "internet", "sign-in-page", "right-network"},
    [HOME_NAMES] = {"names are not found", "dns", "internet", "router-no-internet", "internet-back"},
    [HOME_BROKER] = {"the broker is down", "mqtt", "product", "broker-down", "power"},
    [HOME_LAMP] = {"a lamp has left the mesh", "product", "product", "lamp-off-mesh", "switch"},
};

struct visit {
    struct house *house;
    struct home_world *world;
    struct demo_child *agent, *client;
    int router; /* what the router says of itself */
    unsigned false_ones;
};

static struct demo_child *start_agent(struct house *h)
{
    return house_agent_with(
        h, "agent", "ana", (const char *const[]){"--guides", HANDHOLD_GUIDES, "--cases", house_path(h, "cases"), NULL});
}

static void connect_router(struct visit *v)
{
    v->router = house_home(v->house, "router.sock");
    house_home_says(v->router, "{\"device\":\"box\",\"kind\":\"router\",\"maker\":\"Acme\",\"model\":\"R1\"}");
    house_home_says(v->router, "{\"device\":\"box\",\"property\":\"connectivity\",\"value\":true}");
    house_await(v->house, v->agent, "state", "device", "box", "property", "connectivity", NULL);
}

static void begin(struct visit *v)
{
    char router[HOUSE_PATH_BYTES + 8], mqtt[HOUSE_PATH_BYTES + 8];

    snprintf(router, sizeof router, "json:%s", house_path(v->house, "router.sock"));
    snprintf(mqtt, sizeof mqtt, "mqtt:%s", house_path(v->house, "mqtt.ini"));
    v->agent = start_agent(v->house);
    const char *const more[] = {v->house->link, "--state",  router,
                                "--state",      mqtt,       "--camera",
                                "none",         "--checks", house_path(v->house, "checks.ini"),
                                "--language",   "de",       NULL};

    v->client = house_client(v->house, "client", more);
    house_await(v->house, v->client, "joined", NULL);
    house_await(v->house, v->agent, "joined", NULL);
    house_grant(v->house, v->agent, v->client, "device-state");
    connect_router(v);
    house_await(v->house, v->agent, "state", "property", "availability", "value", "true", NULL); /* the lamp */
}

static void tell(struct demo_child *child, const char *line)
{
    demo_child_tell(child, line);
}

/* The whole chain, which the customer sees run. */
static json_t *check_chain(struct visit *v)
{
    house_forget(v->agent, "check");
    tell(v->agent, "{\"do\":\"check\",\"check\":\"chain\"}");
    return house_await(v->house, v->agent, "check", "check", "chain", NULL);
}

static bool is_meant(const bool there[static HOME_FAULTS], const char *guide)
{
    for (int i = 0; i < HOME_FAULTS; i++)
        if (there[i] && !strcmp(faults[i].guide, guide))
            return true;
    return false;
}

/* Waits for the list whose first is this; whatever stands in it for a fault that is not there is counted. */
static void await_first(struct visit *v, const bool there[static HOME_FAULTS], const char *guide)
{
    json_t *list, *row;
    size_t i;

    do {
        list = json_object_get(house_await(v->house, v->agent, "guides", NULL), "proposals");
    } while (strcmp(house_text(json_array_get(list, 0), "guide"), guide) != 0);
    json_array_foreach(list, i, row) v->false_ones += !is_meant(there, house_text(row, "guide"));
}

/* Cables are pressed in and plugs pulled; what the router says of it ticks its steps. */
static void play_router(struct visit *v)
{
    tell(v->client, "{\"do\":\"guide\",\"act\":\"done\"}");
    house_await(v->house, v->agent, "guide", "step", "cables", NULL);
    tell(v->client, "{\"do\":\"guide\",\"act\":\"done\"}");
    house_await(v->house, v->agent, "guide", "step", "power-off", NULL);
    house_home_says(v->router, "{\"device\":\"box\",\"property\":\"connectivity\",\"value\":false}");
    house_await(v->house, v->agent, "guide", "step", "power-on", NULL);
    house_home_says(v->router, "{\"device\":\"box\",\"property\":\"connectivity\",\"value\":true}");
    house_await(v->house, v->agent, "guide", "step", "internet-back", NULL);
}

static void follow(struct visit *v, enum home_fault fault)
{
    char line[128];

    house_forget(v->agent, "guide");
    house_forget(v->client, "guide");
    snprintf(line, sizeof line, "{\"do\":\"guide\",\"guide\":\"%s\"}", faults[fault].guide);
    tell(v->agent, line);
    house_await(v->house, v->client, "guide", "guide", faults[fault].guide, "end", "", NULL);
    if (fault == HOME_NAMES)
        play_router(v);
    else
        house_await(v->house, v->agent, "guide", "step", faults[fault].last_step, NULL);
    home_world_mend(v->world, fault);
    house_await(v->house, v->agent, "guide", "end", "solved", "fixed_by", faults[fault].last_step, NULL);
    house_await(v->house, v->client, "guide", "end", "solved", NULL); /* it ticks on both screens */
}

/* Broken, looked at, mended. */
static void treat(struct visit *v, enum home_fault first, enum home_fault second)
{
    bool there[HOME_FAULTS] = {false};
    json_t *whole;

    there[first] = there[second] = true;
    print_message("%s, and %s\n", faults[first].name, faults[second].name);
    house_forget(v->agent, "guides");
    for (int i = HOME_FAULTS - 1; i >= 0; i--) /* the lamp before its broker */
        if (there[i]) {
            house_forget(v->agent, "state");
            home_world_break(v->world, (enum home_fault)i);
            if (i == HOME_LAMP)
                house_await(v->house, v->agent, "state", "property", "availability", "value", "false", NULL);
        }
    whole = check_chain(v);
    assert_string_equal(house_text(whole, "status"), "fail");
    assert_string_equal(house_text(whole, "link"), faults[first].link);
    assert_true(demo_child_count(v->agent, "check", "check", faults[first].check) > 0);
    await_first(v, there, faults[first].guide);
    follow(v, first);
    there[first] = false;
    house_forget(v->agent, "guides");
    whole = check_chain(v);
    assert_string_equal(house_text(whole, "link"), faults[second].link);
    tell(v->agent, "{\"do\":\"guides\"}");
    await_first(v, there, faults[second].guide);
    follow(v, second);
    assert_string_not_equal(house_text(check_chain(v), "status"), "fail");
}

static uint32_t draw(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static long of_environment(const char *name, long otherwise)
{
    const char *value = getenv(name);

    return value ? atol(value) : otherwise;
}

static void two_faults_at_once_are_named_guided_and_mended_in_the_order_of_the_chain(void **state)
{
    struct visit v = {.house = *state};
    uint32_t seed = (uint32_t)of_environment("HANDHOLD_SEED", 8);
    long homes = of_environment("HANDHOLD_HOMES", getenv("HANDHOLD_LONG") ? HOMES_LONG : HOMES);
    enum home_fault order[HOME_FAULTS] = {HOME_CLOCK, HOME_PORTAL, HOME_NAMES, HOME_BROKER, HOME_LAMP};

    if (!home_world_start(v.house, &v.world))
        skip();
    begin(&v);
    for (size_t i = HOME_FAULTS - 1; i > 0; i--) {
        size_t j = draw(&seed) % (i + 1);
        enum home_fault at_i = order[i];

        order[i] = order[j];
        order[j] = at_i;
    }
    for (long i = 0; i < homes; i++) {
        enum home_fault a = order[2 * i % HOME_FAULTS], b = order[(2 * i + 1) % HOME_FAULTS];

        treat(&v, a < b ? a : b, a < b ? b : a);
    }
    print_message("%ld homes, %u false proposals\n", homes, v.false_ones);
    assert_int_equal(v.false_ones, 0);
    close(v.router);
    house_end(v.house, v.agent, v.client);
    home_world_stop(v.world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOUSE_TEST(two_faults_at_once_are_named_guided_and_mended_in_the_order_of_the_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
