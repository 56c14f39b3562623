/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One session for as long as HANDHOLD_SOAK_S says (an hour in the long run), a minute on each line after the other,
 * with another address and another relay now and then: pictures, voice and words keep coming, nobody is asked twice,
 * and whatever a minute leaves behind, in memory or in open descriptors, would be seen.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/network/three.h"

enum { QUEUE = 150000, MINUTE_MS = 60000, SLACK_KB = 4096, SLACK_FILES = 2 };

static const struct minute {
    struct net_line line;
    bool moves, kills_relay; /* as it begins */
} minutes[] = {
    {.line = {8e6, 20, 0, QUEUE, false}},
    {.line = {2e6, 50, 0.5, QUEUE, false}},
    {.line = {2e6, 50, 2, QUEUE, false}},
    {.line = {6e5, 80, 1, QUEUE, false}},
    {.line = {5e5, 40, 0, QUEUE, false}},
    {.line = {4e6, 40, 0, QUEUE, false}, .moves = true},
    {.line = {4e6, 40, 0, QUEUE, false}, .kills_relay = true},
};
enum { MINUTES = sizeof minutes / sizeof *minutes };

/* Pictures and a voice, second after second. */
static void live_until(int64_t until_ms)
{
    while (demo_mono_ms() < until_ms) {
        for (size_t old = 0; old < three.agent->count; old++)
            three.agent->events[old].taken = true;
        THREE_MUST(demo_child_expect(&three.children, three.agent, THREE_WAIT_MS, "video", "final", "false", NULL));
        THREE_MUST(demo_child_expect(&three.children, three.agent, THREE_WAIT_MS, "audio", "from", "customer", NULL));
    }
}

static void a_minute(int n)
{
    const struct minute *m = &minutes[n % MINUTES];
    int64_t until_ms = demo_mono_ms() + MINUTE_MS;
    char words[32];

    net_set(&three.net, &m->line);
    if (m->moves)
        THREE_MUST(net_move_customer(&three.net, 7 + n % 200));
    if (m->kills_relay) {
        (void)demo_child_stop(&three.children, three.relay, 9, THREE_WAIT_MS);
        demo_children_drop_ended(&three.children);
        three_start_relay();
    }
    if (m->moves || m->kills_relay)
        THREE_MUST(
            demo_child_expect(&three.children, three.agent, THREE_WAIT_MS, "connection", "state", "resumed", NULL));
    live_until(until_ms);
    snprintf(words, sizeof words, "minute %d", n + 1);
    three_talk(words);
}

static void a_long_session_stays_whole_and_small(void **state)
{
    int soak_s = getenv("HANDHOLD_SOAK_S") ? atoi(getenv("HANDHOLD_SOAK_S")) : 0;
    long early[2] = {0};
    int early_files[2] = {0};

    (void)state;
    if (net_cannot() || soak_s <= 0) {
        print_message("skipped: %s\n", net_cannot() ? net_cannot() : "HANDHOLD_SOAK_S says for how long, in seconds");
        skip();
    }
    THREE_MUST(net_up(&three.net, &minutes[0].line, 3));
    three_start_relay();
    three_start_ends(three_path("tone.wav"));
    for (int n = 0; n < (soak_s + 59) / 60; n++) {
        a_minute(n);
        const struct demo_child *const both[] = {three.client, three.agent};
        for (int i = 0; i < 2; i++) {
            long now = (long)demo_child_kb(both[i], "VmRSS");
            int files = demo_child_files(both[i]);
            if (n == MINUTES - 1) { /* each line has been seen once */
                early[i] = now;
                early_files[i] = files;
            }
            print_message("         minute %d, %s: %ld kB, %d descriptors\n", n + 1, both[i]->name, now, files);
            THREE_MUST(n < MINUTES ||
                       (now <= early[i] + early[i] / 5 + SLACK_KB && files <= early_files[i] + SLACK_FILES));
        }
    }
    THREE_MUST(demo_child_count(three.client, "consent", "state", "requested") == 2);
    demo_child_tell(three.agent, "{\"do\":\"end\"}");
    THREE_MUST(demo_child_stop(&three.children, three.agent, 0, THREE_WAIT_MS) == 0);
    THREE_MUST(demo_child_stop(&three.children, three.client, 0, THREE_WAIT_MS) == 0);
    three_clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_long_session_stays_whole_and_small)};

    return cmocka_run_group_tests(tests, three_set_up, three_tear_down);
}
