/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/line_world.h"

#include <math.h>
#include <signal.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/bench.h"

enum { CLIP_SECONDS = 8, LAST_EVENTS = 12 };

struct line_world line_world;

const char *line_at(const char *name)
{
    static char paths[16][256];
    static unsigned next;
    char *path = paths[next++ % 16];

    snprintf(path, sizeof paths[0], "%s/%s", line_world.work, name);
    return path;
}

const char *line_stats(int n)
{
    return line_at(n ? "stats-2" : "stats");
}

void line_world_clear(void)
{
    const char *const remove[] = {"/bin/rm", "-rf", line_world.work, NULL};

    line_world_down();
    if (line_world.work[0])
        (void)demo_run(line_world.bin, remove, NULL);
}

/* The folder goes with the programs: what they told last is all that is left of them. */
static void tell_last(const struct demo_child *child)
{
    for (size_t i = child->count > LAST_EVENTS ? child->count - LAST_EVENTS : 0; i < child->count; i++) {
        fprintf(stderr, "%s: ", child->name);
        json_dumpf(child->events[i].json, stderr, JSON_COMPACT);
        fputc('\n', stderr);
    }
}

void line_must(bool ok, const char *what)
{
    if (ok)
        return;
    for (size_t i = 0; i < line_world.children.count; i++)
        tell_last(line_world.children.all[i]);
    line_world_clear();
    bench_cannot("%s", what);
}

/* ---- once ---- */

static void do_run(const char *const *argv)
{
    char *said = NULL;
    bool ok = demo_run(line_world.bin, argv, &said) == 0;

    if (!ok)
        fprintf(stderr, "%s", said ? said : "");
    free(said);
    line_must(ok, argv[0]);
}

/* A tone is all that a voice needs to be measured by. */
static bool write_tone(const char *path)
{
    enum { RATE = 48000, SECONDS = 4 };
    SF_INFO info = {.samplerate = RATE, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    bool ok = file != NULL;

    for (int i = 0; ok && i < RATE * SECONDS; i++) {
        int16_t sample = (int16_t)(8000 * sin(2 * M_PI * 440 * i / RATE));
        ok = sf_writef_short(file, &sample, 1) == 1;
    }
    return file && sf_close(file) == 0 && ok;
}

void line_world_found(void)
{
    struct line_world *w = &line_world;

    snprintf(w->work, sizeof w->work, "/tmp/handhold-line-XXXXXX");
    line_must(mkdtemp(w->work) != NULL, "a temporary folder");
    w->children = (struct demo_children){.bin = w->bin, .folder = w->work};
    const char *const init[] = {"handhold-certs", "init", "--dir", line_at("org"), "--org", "Bench", NULL};
    /* The page is opened as "localhost", the organisation's domain, so that it finds it verified. */
    const char *const relay[] = {"handhold-certs", "issue",  "--dir",   line_at("org"), "relay",     "--host",
                                 NET_PUBLIC,       "--host", NET_STAFF, "--host",       "localhost", NULL};
    const char *const agent[] = {"handhold-certs", "issue", "--dir",  line_at("org"), "agent",
                                 "--id",           "ana",   "--name", "Ana",          NULL};
    const char *const export[] = {
        "handhold-certs", "export-relay", "--dir", line_at("org"), "-o", line_at("relay.tar"), NULL};
    const char *const unpack[] = {"/bin/tar", "-xpf", line_at("relay.tar"), "-C", line_at("relay"), NULL};
    do_run(init);
    do_run(relay);
    do_run(agent);
    do_run(export);
    line_must(mkdir(line_at("relay"), 0700) == 0, "a folder for the relay");
    do_run(unpack);
    line_must(write_tone(line_at("tone.wav")), "a tone");
}

/* ---- the machines ---- */

/* bin/argv[0] in a namespace. */
static struct demo_child *start(enum net_machine machine, const char *name, const char *const *argv)
{
    const char *all[40] = {"/bin/ip", "netns", "exec", net_space(machine)};
    static char program[3][600];
    static unsigned next;
    char *path = program[next++ % 3];
    size_t n = 4;

    if (access(all[0], X_OK) != 0)
        all[0] = "/usr/sbin/ip";
    snprintf(path, sizeof program[0], "%s%s%s", argv[0][0] == '/' ? "" : line_world.bin, argv[0][0] == '/' ? "" : "/",
             argv[0]);
    all[n++] = path;
    for (size_t i = 1; argv[i] && n < 39; i++)
        all[n++] = argv[i];
    return demo_child_start(&line_world.children, name, all);
}

/* What links and the page's origin are made of. */
static void name_relay(void)
{
    FILE *file = fopen(line_at("relay/relay.ini"), "we");

    line_must(file && fprintf(file, "host = %s\n", line_sender_host(line_world.sender)) > 0 && fclose(file) == 0,
              "relay.ini");
}

static void start_relay(void)
{
    const char *const argv[] = {"handhold-relay", "--dir",           line_at("relay"), "--listen", NET_PUBLIC ":8443",
                                "--staff-listen", NET_STAFF ":8444", "--json",         NULL};
    struct line_world *w = &line_world;

    w->relay = start(NET_RELAY, "relay", argv);
    line_must(w->relay && demo_child_expect(&w->children, w->relay, LINE_WAIT_MS, "ready", NULL),
              "the relay does not start");
}

/* Made when it is wanted first. */
static const char *clip_of(const struct line_scenario *s)
{
    const char *size = s->size ? s->size : "1280x720", *path;
    char name[64], seconds[16];

    snprintf(name, sizeof name, "clip-%s%s.y4m", size, s->hurry ? "-hurry" : "");
    snprintf(seconds, sizeof seconds, "%d", CLIP_SECONDS);
    path = line_at(name);
    const char *const clip[] = {
        "handhold-clip", "--size", size, "--seconds", seconds, path, s->hurry ? "--hurry" : NULL, NULL};
    if (access(path, F_OK) != 0)
        do_run(clip);
    return path;
}

/* In place of all three: who receives stands where the relay does. */
static void start_bare(const char *clip)
{
    char kbps[16];
    const char *const receive[] = {"line_bare", "receive", NET_PUBLIC, LINE_BARE_PORT, line_stats(0), NULL};
    const struct line_sender_about about = {.clip = clip, .kbps = kbps};
    const char *sender[LINE_SENDER_ARGS];
    struct line_world *w = &line_world;

    snprintf(kbps, sizeof kbps, "%.0f", w->bare_kbps);
    line_sender_argv(LINE_BARE, &about, sender);
    w->agent[0] = start(NET_RELAY, "receiver", receive);
    w->customer[0] = start(NET_CUSTOMER, "bare", sender);
    line_must(w->agent[0] && w->customer[0] &&
                  demo_child_expect(&w->children, w->agent[0], LINE_WAIT_MS, "first-picture", NULL),
              "no picture comes");
}

static void start_session(int n, const char *clip)
{
    struct line_world *w = &line_world;
    const char *ca = line_at("org/ca/ca.crt"), *sender[LINE_SENDER_ARGS];
    const char *const agent[] = {"handhold-agent",
                                 "--headless",
                                 "--json",
                                 "--relay",
                                 "https://" NET_STAFF ":8444",
                                 "--identity",
                                 line_at("org/staff/ana"),
                                 "--ca",
                                 ca,
                                 "--request",
                                 "camera,microphone",
                                 "--stats",
                                 line_stats(n),
                                 NULL};
    char link[512];

    w->agent[n] = start(NET_AGENT, n ? "agent-2" : "agent", agent);
    json_t *invite = w->agent[n] ? demo_child_expect(&w->children, w->agent[n], LINE_WAIT_MS, "invite", NULL) : NULL;
    line_must(invite != NULL, "the agent does not invite");
    snprintf(link, sizeof link, "%s", json_string_value(json_object_get(invite, "link")));
    const struct line_sender_about about = {
        .bin = w->bin, .link = link, .clip = clip, .tone = line_at("tone.wav"), .ca = ca, .kbps = w->kbps};
    line_sender_argv(w->sender, &about, sender);
    w->customer[n] = start(NET_CUSTOMER, n ? "customer-2" : line_sender_name(w->sender), sender);
    line_must(w->customer[n] && demo_child_expect(&w->children, w->agent[n], LINE_WAIT_MS * 2, "first-picture", NULL),
              "no picture comes");
}

void line_world_up(const struct line_scenario *s, uint64_t seed)
{
    struct line_world *w = &line_world;
    const char *clip = clip_of(s);

    line_must(net_up(&w->net, &s->change[0].line, seed), "the network namespaces cannot be made");
    line_must(line_sender_prepare(w->sender), "the congestion control of the customer's machine cannot be set");
    if (w->sender == LINE_BARE) {
        start_bare(clip);
        return;
    }
    name_relay();
    start_relay();
    start_session(0, clip);
    if (s->beside == LINE_BESIDE_SESSION)
        start_session(1, clip);
    if (s->beside == LINE_BESIDE_DOWNLOAD)
        line_must(net_bulk_start(&w->bulk), "a download cannot be started");
}

void line_world_change(const struct line_change *c)
{
    struct line_world *w = &line_world;

    switch (c->what) {
    case LINE_IS:
        net_set(&w->net, &c->line);
        break;
    case LINE_MOVES_CUSTOMER:
        line_must(net_move_customer(&w->net, 7) && line_sender_prepare(w->sender),
                  "the customer's address cannot be changed");
        break;
    case LINE_KILLS_RELAY:
        (void)demo_child_stop(&w->children, w->relay, 9, LINE_WAIT_MS);
        start_relay();
        break;
    }
}

void line_world_finish(void)
{
    struct line_world *w = &line_world;

    for (int n = 0; n < LINE_SESSIONS; n++) {
        for (int i = 0; w->agent[n] && w->sender != LINE_BARE && i < 2; i++) /* said twice: nobody is there to rate */
            demo_child_tell(w->agent[n], "{\"do\":\"end\"}");
        if (w->agent[n])
            (void)demo_child_stop(&w->children, w->agent[n], w->sender == LINE_BARE ? SIGTERM : 0, LINE_WAIT_MS);
    }
}

void line_world_down(void)
{
    struct line_world *w = &line_world;

    net_bulk_end(&w->bulk);
    demo_children_clear(&w->children);
    w->children = (struct demo_children){.bin = w->bin, .folder = w->work};
    memset(w->agent, 0, sizeof w->agent);
    memset(w->customer, 0, sizeof w->customer);
    net_down(&w->net);
}
