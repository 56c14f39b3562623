/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_guides - what a change in a large home costs the guides: 300 devices with 5000 properties at the agent's end.
 *
 * Step: a value changes, and the step that is on is held against the home, once by a condition on its device and once
 * by one that asks every device. Proposals: the symptoms of every guide that ships are held against the whole home.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/desk/guides.h"
#include "agent/guides/read.h"
#include "tests/bench/bench.h"

enum { DEVICES = 300, PROPERTIES = 5000, CHANGES = 4000, PROPOSALS = 200 };

static struct agent_desk_devices *home;
static struct agent_guides library;

static void device(int d)
{
    static const char *const kinds[] = {"light", "sensor", "switch", "printer", "wifi_interface"};
    handhold_StateChange c = {.which_body = handhold_StateChange_device_tag};

    snprintf(c.body.device.id, sizeof c.body.device.id, "device-%d", d);
    snprintf(c.body.device.kind, sizeof c.body.device.kind, "%s", kinds[d % 5]);
    snprintf(c.body.device.model, sizeof c.body.device.model, "L%d", d % 7);
    agent_desk_devices_take(home, &c, 0);
}

/* Of five names, so that a thousand devices' values are called the same. */
static void property(int p, double value, int64_t ms)
{
    handhold_StateChange c = {.which_body = handhold_StateChange_property_tag};

    snprintf(c.body.property.device, sizeof c.body.property.device, "device-%d", p % DEVICES);
    if (p < DEVICES)
        snprintf(c.body.property.name, sizeof c.body.property.name, "availability");
    else
        snprintf(c.body.property.name, sizeof c.body.property.name, "value_%d", p / DEVICES);
    c.body.property.which_value = p < DEVICES ? handhold_Property_truth_tag : handhold_Property_number_tag;
    if (p < DEVICES)
        c.body.property.value.truth = true;
    else
        c.body.property.value.number = value;
    agent_desk_devices_take(home, &c, ms);
}

static void say(void *context, const char *file, const char *why)
{
    (void)context;
    bench_cannot("%s: %s", file, why);
}

/* Each change, and what it means to the step that is on. */
static void step(const char *name, const struct proto_guide *guide, const char *subject)
{
    static struct proto_guide_run run;
    struct proto_guide_facts facts = agent_desk_devices_facts(home);
    struct bench_series took = {.count = 0};
    char title[96];

    proto_guide_run_start(&run, guide, subject, 0);
    for (int i = 0; i < CHANGES; i++) {
        double from = bench_wall_us();

        property(DEVICES + i % (PROPERTIES - DEVICES), i, i);
        proto_guide_run_tick(&run, &facts, 1 + i);
        bench_add(&took, (bench_wall_us() - from) / 1000);
    }
    if (run.end)
        bench_cannot("the guide %s ended: what was to be measured was not", guide->id);
    snprintf(title, sizeof title, "a change and the step that is on, %s, ms", name);
    bench_limit(title, bench_quantile(&took, 0.99), 1);
    bench_remark("median %.4f, slowest of %d: %.3f ms", bench_median(&took), CHANGES, bench_quantile(&took, 1));
}

static const struct proto_guide *everywhere(struct proto_guide *guide)
{
    static const char text[] =
        "guide: 1\nid: everywhere\nversion: 1\nlanguages: [en]\ntitle: {en: T}\nsummary: {en: S}\n"
        "steps:\n- id: one\n  title: {en: T}\n  text: {en: X}\n  done_when:\n    all:\n"
        "    - {property: value_7, above: 100000}\n    - not: {property: availability, is: false}\n"
        "    - {of: {kind: printer}, property: value_9, below: -1}\n";
    char why[AGENT_GUIDE_WHY_BYTES];

    if (agent_guide_parse(text, sizeof text - 1, guide, why) != PROTO_OK)
        bench_cannot("%s", why);
    return guide;
}

static void propose(void)
{
    static struct agent_desk_proposal list[AGENT_DESK_PROPOSALS_MAX];
    const struct agent_desk_guides_config config = {
        .devices = home, .list = (const struct proto_guide *const *)library.list, .count = library.count};
    struct bench_series took = {.count = 0};
    struct agent_desk_guides *guides;

    if (agent_desk_guides_new(&guides, &config) != PROTO_OK)
        bench_cannot("memory ran out");
    for (int i = 0; i < PROPOSALS; i++) {
        double from = bench_wall_us();

        property(DEVICES + i, i, CHANGES + i);
        agent_desk_guides_propose(guides, NULL, list);
        bench_add(&took, (bench_wall_us() - from) / 1000);
    }
    bench_limit("a change and all that is proposed, ms", bench_quantile(&took, 0.99), 1);
    bench_remark("%zu guides; median %.4f, slowest of %d: %.3f ms", library.count, bench_median(&took), PROPOSALS,
                 bench_quantile(&took, 1));
    agent_desk_guides_free(guides);
}

int main(void)
{
    static struct proto_guide every;

    if (agent_desk_devices_new(&home) != PROTO_OK ||
        agent_guides_load(&library, HANDHOLD_GUIDES, say, NULL) != PROTO_OK)
        bench_cannot("the guides that ship cannot be read");
    for (int d = 0; d < DEVICES; d++)
        device(d);
    for (int p = 0; p < PROPERTIES; p++)
        property(p, 0, 0);
    if (agent_desk_devices_properties(home) != PROPERTIES)
        bench_cannot("the home has %zu properties", agent_desk_devices_properties(home));
    bench_head();
    step("of everything", everywhere(&every), "");
    step("of its device", agent_guides_find(&library, "wifi-weak"), "device-4");
    propose();
    proto_guide_clear(&every);
    agent_guides_clear(&library);
    agent_desk_devices_free(home);
    return 0;
}
