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

#include "tests/demo/child.h"
#include "tests/network/net.h"
#include "tests/proto/test.h"

enum { WAIT_MS = 40000, QUEUE = 150000, RATE = 48000, WINDOW = RATE / 50, PARTS = 3, SECONDS = 3 };

enum what { LINE_IS, LINE_MOVES_CUSTOMER, LINE_KILLS_RELAY };

static const struct scenario {
    const char *name;
    struct part {
        enum what what;
        struct net_line line;
    } part[PARTS];
    int parts;
    bool speech; /* else a tone */
} scenarios[] = {
    {"B: 8 Mbit/s, 20 ms", {{LINE_IS, {8e6, 20, 0, QUEUE, false}}}, 1, false},
    {"C: 2 Mbit/s, 50 ms, 0.5 % lost", {{LINE_IS, {2e6, 50, 0.5, QUEUE, false}}}, 1, true},
    {"D: 2 Mbit/s, 50 ms, 2 % lost", {{LINE_IS, {2e6, 50, 2, QUEUE, false}}}, 1, false},
    {"E: 600 kbit/s, 80 ms, 1 % lost", {{LINE_IS, {6e5, 80, 1, QUEUE, false}}}, 1, false},
    {"F: 4 Mbit/s, 500 kbit/s, and back",
     {{LINE_IS, {4e6, 40, 0, QUEUE, false}},
      {LINE_IS, {5e5, 40, 0, QUEUE, false}},
      {LINE_IS, {4e6, 40, 0, QUEUE, false}}},
     3,
     false},
    {"G: another address",
     {{LINE_IS, {4e6, 40, 0, QUEUE, false}}, {LINE_MOVES_CUSTOMER, {4e6, 40, 0, QUEUE, false}}},
     2,
     false},
    {"H: the relay is killed",
     {{LINE_IS, {4e6, 40, 0, QUEUE, false}}, {LINE_KILLS_RELAY, {4e6, 40, 0, QUEUE, false}}},
     2,
     false},
};
enum { SCENARIOS = sizeof scenarios / sizeof *scenarios };

static struct {
    char work[64];
    struct net net;
    struct demo_children children;
    struct demo_child *relay, *agent, *client; /* borrowed from children */
    bool can_speak;
} it;

static const char *at(const char *name)
{
    static char paths[24][128];
    static unsigned next;
    char *path = paths[next++ % 24];

    snprintf(path, sizeof paths[0], "%s/%s", it.work, name);
    return path;
}

static void clear(void)
{
    demo_children_clear(&it.children);
    net_down(&it.net);
    it.children = (struct demo_children){.bin = HANDHOLD_BIN, .folder = it.work};
}

#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            clear();                                                                                                   \
            fail_msg("%s", #condition);                                                                                \
        }                                                                                                              \
    } while (0)

/* ---- before all ---- */

static bool run(const char *const *argv)
{
    char *said = NULL;
    bool ok = demo_run(HANDHOLD_BIN, argv, &said) == 0;

    if (!ok)
        fprintf(stderr, "%s\n", said ? said : argv[0]);
    free(said);
    return ok;
}

static bool write_tone(const char *path)
{
    SF_INFO info = {.samplerate = RATE, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    bool ok = file != NULL;

    for (int i = 0; ok && i < RATE * 4; i++) {
        int16_t sample = (int16_t)(8000 * sin(2 * M_PI * 440 * i / RATE));
        ok = sf_writef_short(file, &sample, 1) == 1;
    }
    return file && sf_close(file) == 0 && ok;
}

static bool found_organisation(void)
{
    const char *const init[] = {"handhold-certs", "init", "--dir", at("org"), "--org", "Line", NULL};
    const char *const relay[] = {"handhold-certs", "issue",    "--dir",  at("org"), "relay",
                                 "--host",         NET_PUBLIC, "--host", NET_STAFF, NULL};
    const char *const agent[] = {"handhold-certs", "issue", "--dir",  at("org"), "agent",
                                 "--id",           "ana",   "--name", "Ana",     NULL};
    const char *const export[] = {"handhold-certs", "export-relay", "--dir", at("org"), "-o", at("relay.tar"), NULL};
    const char *const unpack[] = {"/bin/tar", "-xpf", at("relay.tar"), "-C", at("relay"), NULL};
    const char *const clip[] = {"handhold-clip", "--seconds", "2", at("clip.y4m"), NULL};
    const char *const speak[] = {
        "/usr/bin/espeak-ng", "-w", at("speech.wav"),
        "The second light from the left is green now, and the one beside it went out when I pressed the button.", NULL};

    it.can_speak = access(speak[0], X_OK) == 0 && run(speak);
    return run(init) && run(relay) && run(agent) && run(export) && mkdir(at("relay"), 0700) == 0 && run(unpack) &&
           run(clip) && write_tone(at("tone.wav"));
}

static int set_up(void **state)
{
    (void)state;
    if (net_cannot())
        return 0;
    snprintf(it.work, sizeof it.work, "/tmp/handhold-network-XXXXXX");
    if (!mkdtemp(it.work))
        return -1;
    it.children = (struct demo_children){.bin = HANDHOLD_BIN, .folder = it.work};
    return found_organisation() ? 0 : -1;
}

static int tear_down(void **state)
{
    const char *const remove[] = {"/bin/rm", "-rf", it.work, NULL};

    (void)state;
    if (!it.work[0])
        return 0;
    clear();
    return run(remove) ? 0 : -1;
}

/* ---- the three machines ---- */

static struct demo_child *start(const char *namespace, const char *name, const char *const *argv)
{
    static char program[4][600];
    static unsigned next;
    char *path = program[next++ % 4];
    const char *all[40] = {"/bin/ip", "netns", "exec", namespace, path};
    size_t n = 5;

    if (access(all[0], X_OK) != 0)
        all[0] = "/usr/sbin/ip";
    snprintf(path, sizeof program[0], HANDHOLD_BIN "/%s", argv[0]);
    for (size_t i = 1; argv[i] && n < 39; i++)
        all[n++] = argv[i];
    return demo_child_start(&it.children, name, all);
}

static void start_relay(void)
{
    const char *const argv[] = {"handhold-relay", "--dir",           at("relay"), "--listen", NET_PUBLIC ":8443",
                                "--staff-listen", NET_STAFF ":8444", "--json",    NULL};

    it.relay = start(NET_RELAY, "relay", argv);
    MUST(it.relay && demo_child_expect(&it.children, it.relay, WAIT_MS, "ready", NULL));
}

static void start_ends(const char *voice)
{
    const char *const agent[] = {"handhold-agent",
                                 "--headless",
                                 "--json",
                                 "--relay",
                                 "https://" NET_STAFF ":8444",
                                 "--identity",
                                 at("org/staff/ana"),
                                 "--ca",
                                 at("org/ca/ca.crt"),
                                 "--request",
                                 "camera,microphone",
                                 "--audio",
                                 at("heard.wav"),
                                 NULL};
    char link[512];

    it.agent = start(NET_AGENT, "agent", agent);
    const json_t *invite = it.agent ? demo_child_expect(&it.children, it.agent, WAIT_MS, "invite", NULL) : NULL;
    MUST(invite != NULL);
    snprintf(link, sizeof link, "%s", json_string_value(json_object_get(invite, "link")));
    const char *const client[] = {"handhold-client", "--json",       "--ca",      at("org/ca/ca.crt"),
                                  "--camera",        at("clip.y4m"), "--consent", "camera,microphone",
                                  "--microphone",    voice,          link,        NULL};
    it.client = start(NET_CUSTOMER, "client", client);
    MUST(it.client && demo_child_expect(&it.children, it.agent, WAIT_MS, "first-picture", NULL));
}

/* ---- what must be true ---- */

/* Something said at each end arrives at the other, once: and with it all that was sent before it. */
static void talk(const char *words)
{
    char line[128];

    snprintf(line, sizeof line, "{\"do\":\"chat\",\"text\":\"%s\"}", words);
    demo_child_tell(it.client, line);
    demo_child_tell(it.agent, line);
    MUST(demo_child_expect(&it.children, it.agent, WAIT_MS, "chat", "text", words, NULL));
    MUST(demo_child_expect(&it.children, it.client, WAIT_MS, "chat", "text", words, NULL));
}

/* Pictures and a voice flow for some seconds: each of the agent's figures is of a second in which they did. */
static void live(void)
{
    for (size_t old = 0; old < it.agent->count; old++)
        it.agent->events[old].taken = true;
    for (int i = 0; i < SECONDS; i++) {
        MUST(demo_child_expect(&it.children, it.agent, WAIT_MS, "video", "final", "false", NULL));
        MUST(demo_child_expect(&it.children, it.agent, WAIT_MS, "audio", "from", "customer", NULL));
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
    struct heard h = listen(at("heard.wav"));

    print_message("         %s: %.1f dB, %.1f s heard, longest gap %d ms\n", speech ? "speech" : "tone", h.level_db,
                  h.heard / 50.0, h.gap);
    MUST(h.heard >= 50 * SECONDS / 2);
    if (speech)
        MUST(h.level_db > -40 && h.level_db < -5);
    else
        MUST(fabs(h.level_db - -15.3) < 3); /* 8000 of 32768, a sine: concealed parts are quieter */
}

/* Nobody was asked a second time, whatever the line did. */
static void asked_once(void)
{
    MUST(demo_child_count(it.client, "consent", "state", "requested") == 2); /* camera and microphone, once each */
}

static void one(const struct scenario *s)
{
    bool speech = s->speech && it.can_speak;

    print_message("         %s\n", s->name);
    MUST(net_up(&it.net, &s->part[0].line, 1));
    start_relay();
    start_ends(at(speech ? "speech.wav" : "tone.wav"));
    live();
    talk("before");
    for (int i = 1; i < s->parts; i++) {
        if (s->part[i].what == LINE_IS)
            net_set(&it.net, &s->part[i].line);
        if (s->part[i].what == LINE_MOVES_CUSTOMER)
            MUST(net_move_customer(&it.net, 7));
        if (s->part[i].what == LINE_KILLS_RELAY) {
            (void)demo_child_stop(&it.children, it.relay, 9, WAIT_MS);
            start_relay();
        }
        if (s->part[i].what != LINE_IS)
            MUST(demo_child_expect(&it.children, it.agent, WAIT_MS, "connection", "state", "resumed", NULL));
        live();
    }
    talk("after");
    asked_once();
    demo_child_tell(it.agent, "{\"do\":\"end\"}");
    MUST(demo_child_stop(&it.children, it.agent, 0, WAIT_MS) == 0);
    MUST(demo_child_stop(&it.children, it.client, 0, WAIT_MS) == 0);
    check_voice(speech);
    clear();
}

static void a_session_lives_on_every_line(void **state)
{
    (void)state;
    if (net_cannot()) {
        print_message("skipped: %s\n", net_cannot());
        skip();
    }
    if (!it.can_speak)
        print_message("         speech is left out: there is no espeak-ng\n");
    for (int i = 0; i < SCENARIOS; i++)
        one(&scenarios[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_session_lives_on_every_line)};

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
