/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole sessions of the real programs over spoilt lines, a short form of each scenario of bench_line: the picture
 * lives, what was said is heard, what was written arrives whole, and nobody is asked twice. No figure of time is held
 * against anybody here: that is the benchmark's, on a machine that is quiet.
 */
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/network/three.h"

enum { WAIT_MS = THREE_WAIT_MS, QUEUE = 150000, RATE = THREE_RATE, WINDOW = RATE / 50, PARTS = 3, SECONDS = 3 };
#define NARROW_BPS 1e6

enum what { LINE_IS, LINE_MOVES_CUSTOMER, LINE_KILLS_RELAY };

static const struct scenario {
    const char *name;
    struct part {
        enum what what;
        struct net_line line;
    } part[PARTS];
    int parts;
    bool speech;     /* else a tone */
    bool every_time; /* else in the long run alone */
} scenarios[] = {
    {"B: 8 Mbit/s, 20 ms", {{LINE_IS, {8e6, 20, 0, QUEUE, false}}}, 1, false, false},
    {"C: 2 Mbit/s, 50 ms, 0.5 % lost", {{LINE_IS, {2e6, 50, 0.5, QUEUE, false}}}, 1, true, true},
    {"D: 2 Mbit/s, 50 ms, 2 % lost", {{LINE_IS, {2e6, 50, 2, QUEUE, false}}}, 1, false, false},
    {"E: 600 kbit/s, 80 ms, 1 % lost", {{LINE_IS, {6e5, 80, 1, QUEUE, false}}}, 1, false, true},
    {"F: 4 Mbit/s, 500 kbit/s, and back",
     {{LINE_IS, {4e6, 40, 0, QUEUE, false}},
      {LINE_IS, {5e5, 40, 0, QUEUE, false}},
      {LINE_IS, {4e6, 40, 0, QUEUE, false}}},
     3,
     false,
     false},
    {"G: another address",
     {{LINE_IS, {4e6, 40, 0, QUEUE, false}}, {LINE_MOVES_CUSTOMER, {4e6, 40, 0, QUEUE, false}}},
     2,
     false,
     true},
    {"H: the relay is killed",
     {{LINE_IS, {4e6, 40, 0, QUEUE, false}}, {LINE_KILLS_RELAY, {4e6, 40, 0, QUEUE, false}}},
     2,
     false,
     true},
};
enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

/* ---- what must be true ---- */

/* Pictures and a voice flow for some seconds: each of the agent's figures is of a second in which they did. */
static void live(void)
{
    for (size_t old = 0; old < three.agent->count; old++)
        three.agent->events[old].taken = true;
    for (int i = 0; i < SECONDS; i++) {
        THREE_MUST(demo_child_expect(&three.children, three.agent, WAIT_MS, "video", "final", "false", NULL));
        THREE_MUST(demo_child_expect(&three.children, three.agent, WAIT_MS, "audio", "from", "customer", NULL));
    }
}

/* On a narrow line two packets of the voice are one message: fewer come than are played. */
static void voice_goes_in_pairs(void)
{
    json_int_t packets = 1, played = 0;

    while (played < packets + packets / 2) {
        const json_t *second =
            demo_child_expect(&three.children, three.agent, WAIT_MS, "audio", "from", "customer", NULL);
        THREE_MUST(second != NULL);
        packets = json_integer_value(json_object_get(second, "packets"));
        played = json_integer_value(json_object_get(second, "played"));
    }
}

struct heard {
    double level_db; /* of the 20 ms in which something was heard */
    int heard, gap;  /* such windows; the longest time without one, between the first and the last */
};

static struct heard listen(const char *path)
{
    struct heard h = {.level_db = -100};
    SF_INFO info = {0};
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    int16_t pcm[WINDOW];
    double all = 0;
    int gap = 0;

    assert_non_null(file);
    assert_int_equal(info.samplerate, RATE);
    while (sf_readf_short(file, pcm, WINDOW) == WINDOW) {
        double sum = 0;
        for (int i = 0; i < WINDOW; i++)
            sum += (double)pcm[i] * pcm[i];
        sum /= WINDOW;
        bool loud = sum > 30.0 * 30.0;
        gap = loud || !h.heard ? 0 : gap + 20;
        if (loud && h.heard++ >= 0)
            all += sum;
        if (gap > h.gap && gap < 1000)
            h.gap = gap;
    }
    sf_close(file);
    if (h.heard)
        h.level_db = 10 * log10(all / h.heard / (32768.0 * 32768.0));
    return h;
}

static void check_voice(bool speech)
{
    struct heard h = listen(three_path("heard.wav"));

    print_message("         %s: %.1f dB, %.1f s heard, longest gap %d ms\n", speech ? "speech" : "tone", h.level_db,
                  h.heard / 50.0, h.gap);
    THREE_MUST(h.heard >= 50 * SECONDS / 2);
    if (speech)
        THREE_MUST(h.level_db > -40 && h.level_db < -5);
    else
        THREE_MUST(fabs(h.level_db - -15.3) < 3); /* 8000 of 32768, a sine: concealed parts are quieter */
}

/* ---- figures of each picture ---- */

enum { OBJECTS = 1 << 16 };

/* Of each number: when it left, when it arrived; and how often each outcome was written. */
struct life {
    int64_t sent_ms[OBJECTS], arrived_ms[OBJECTS];
    int decoded, missing, sent, other;
};

static void read_stats(const char *path, struct life *life)
{
    FILE *file = fopen(path, "re");
    char text[512];

    assert_non_null(file);
    while (fgets(text, sizeof text, file)) {
        json_t *line = json_loads(text, 0, NULL);
        assert_non_null(line);
        const char *outcome = json_string_value(json_object_get(line, "outcome"));
        json_int_t obj = json_integer_value(json_object_get(line, "obj"));
        assert_non_null(outcome);
        assert_in_range(obj, 0, OBJECTS - 1);
        life->decoded += !strcmp(outcome, "decoded");
        bool missing = !strcmp(outcome, "left-out-by-relay") || !strcmp(outcome, "lost-with-connection");
        life->missing += missing;
        life->sent += !strcmp(outcome, "sent");
        life->other += strcmp(outcome, "decoded") && !missing && strcmp(outcome, "sent");
        if (json_object_get(line, "sent_ms"))
            life->sent_ms[obj] = json_integer_value(json_object_get(line, "sent_ms"));
        if (json_object_get(line, "arrived_ms"))
            life->arrived_ms[obj] = json_integer_value(json_object_get(line, "arrived_ms"));
        json_decref(line);
    }
    fclose(file);
}

/* Every picture that was sealed has a line at both ends, or none came after it; both clocks are this machine's. */
static void check_stats(void)
{
    static struct life life; /* large */
    int joined = 0;

    life = (struct life){0};
    read_stats(three_path("sent"), &life);
    read_stats(three_path("stats"), &life);
    for (int i = 0; i < OBJECTS; i++)
        if (life.sent_ms[i] && life.arrived_ms[i]) {
            joined++;
            THREE_MUST(life.sent_ms[i] <= life.arrived_ms[i]);
        }
    print_message("         %d pictures sent, %d decoded, %d missing, %d left out or in vain\n", life.sent,
                  life.decoded, life.missing, life.other);
    THREE_MUST(life.decoded > 0 && joined >= life.decoded && joined <= life.sent);
}

/* Nobody was asked a second time, whatever the line did. */
static void asked_once(void)
{
    THREE_MUST(demo_child_count(three.client, "consent", "state", "requested") ==
               2); /* camera and microphone, once each */
}

static void one(const struct scenario *s)
{
    bool speech = s->speech && three.can_speak;

    print_message("         %s\n", s->name);
    (void)unlink(three_path("sent"));
    THREE_MUST(net_up(&three.net, &s->part[0].line, 1));
    three_start_relay();
    three_start_ends(three_path(speech ? "speech.wav" : "tone.wav"));
    live();
    three_talk("before");
    for (int i = 1; i < s->parts; i++) {
        if (s->part[i].what == LINE_IS)
            net_set(&three.net, &s->part[i].line);
        if (s->part[i].what == LINE_MOVES_CUSTOMER)
            THREE_MUST(net_move_customer(&three.net, 7));
        if (s->part[i].what == LINE_KILLS_RELAY) {
            (void)demo_child_stop(&three.children, three.relay, 9, WAIT_MS);
            three_start_relay();
        }
        if (s->part[i].what != LINE_IS)
            THREE_MUST(
                demo_child_expect(&three.children, three.agent, WAIT_MS, "connection", "state", "resumed", NULL));
        live();
    }
    if (s->part[0].line.bps < NARROW_BPS)
        voice_goes_in_pairs();
    three_talk("after");
    asked_once();
    demo_child_tell(three.agent, "{\"do\":\"end\"}");
    THREE_MUST(demo_child_stop(&three.children, three.agent, 0, WAIT_MS) == 0);
    THREE_MUST(demo_child_stop(&three.children, three.client, 0, WAIT_MS) == 0);
    check_voice(speech);
    check_stats();
    three_clear();
}

static void a_session_lives_on_every_line(void **state)
{
    (void)state;
    if (net_cannot()) {
        print_message("skipped: %s\n", net_cannot());
        skip();
    }
    if (!three.can_speak)
        print_message("         speech is left out: there is no espeak-ng\n");
    for (int i = 0; i < SCENARIOS; i++)
        if (scenarios[i].every_time || getenv("HANDHOLD_LONG"))
            one(&scenarios[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_session_lives_on_every_line)};

    return cmocka_run_group_tests(tests, three_set_up, three_tear_down);
}
