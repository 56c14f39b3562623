/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What else goes over the customer's line: another session, a download. Pictures and voices live beside it. How the
 * line is shared is a figure, and the benchmark's (bench_line I, J).
 */
#include "tests/network/bulk.h"
#include "tests/network/three.h"

enum { QUEUE = 150000, SECONDS = 3, WAITING = 1 << 20 };

static const struct net_line narrow = {4e6, 40, 0, QUEUE, false};

/* Of so many seconds the agent told that pictures and a voice came. */
static void live(struct demo_child *agent)
{
    for (size_t old = 0; old < agent->count; old++)
        agent->events[old].taken = true;
    for (int i = 0; i < SECONDS; i++) {
        THREE_MUST(demo_child_expect(&three.children, agent, THREE_WAIT_MS, "video", "final", "false", NULL));
        THREE_MUST(demo_child_expect(&three.children, agent, THREE_WAIT_MS, "audio", "from", "customer", NULL));
    }
}

static void begin(void)
{
    if (net_cannot()) {
        print_message("skipped: %s\n", net_cannot());
        skip();
    }
    THREE_MUST(net_up(&three.net, &narrow, 5));
    three_start_relay();
    three_start_ends(three_path("tone.wav"));
}

static void two_sessions_live_on_one_line(void **state)
{
    (void)state;
    begin();
    struct demo_child *first = three.agent;
    three_start_ends(three_path("tone.wav"));
    live(first);
    live(three.agent);
    three_clear();
}

static void a_session_lives_beside_a_download(void **state)
{
    struct net_bulk bulk;

    (void)state;
    begin();
    THREE_MUST(net_bulk_start(&bulk));
    while (*bulk.read < WAITING) /* it has the line's queue by then */
        live(three.agent);
    uint64_t before = *bulk.read;
    live(three.agent);
    uint64_t after = *bulk.read;
    net_bulk_end(&bulk);
    THREE_MUST(after > before);
    three_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_sessions_live_on_one_line),
        cmocka_unit_test(a_session_lives_beside_a_download),
    };
    return cmocka_run_group_tests(tests, three_set_up, three_tear_down);
}
