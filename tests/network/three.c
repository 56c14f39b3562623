/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/network/three.h"

#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct three three;

const char *three_path(const char *name)
{
    static char paths[24][128];
    static unsigned next;
    char *path = paths[next++ % 24];

    snprintf(path, sizeof paths[0], "%s/%s", three.work, name);
    return path;
}

void three_clear(void)
{
    demo_children_clear(&three.children);
    three.relay = three.agent = three.client = NULL;
    net_down(&three.net);
    three.children = (struct demo_children){.bin = HANDHOLD_BIN, .folder = three.work};
}

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
    SF_INFO info = {.samplerate = THREE_RATE, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    bool ok = file != NULL;

    for (int i = 0; ok && i < THREE_RATE * 4; i++) {
        int16_t sample = (int16_t)(8000 * sin(2 * M_PI * 440 * i / THREE_RATE));
        ok = sf_writef_short(file, &sample, 1) == 1;
    }
    return file && sf_close(file) == 0 && ok;
}

static bool found_organisation(void)
{
    const char *const init[] = {"handhold-certs", "init", "--dir", three_path("org"), "--org", "Line", NULL};
    const char *const relay[] = {"handhold-certs", "issue",    "--dir",  three_path("org"), "relay",
                                 "--host",         NET_PUBLIC, "--host", NET_STAFF,         NULL};
    const char *const agent[] = {"handhold-certs", "issue", "--dir", three_path("org"), "agent", "--id", "ana",
                                 "--name",         "Ana",   NULL};
    const char *const export[] = {
        "handhold-certs", "export-relay", "--dir", three_path("org"), "-o", three_path("relay.tar"), NULL};
    const char *const unpack[] = {"/bin/tar", "-xpf", three_path("relay.tar"), "-C", three_path("relay"), NULL};
    const char *const clip[] = {"handhold-clip", "--seconds", "2", three_path("clip.y4m"), NULL};
    const char *const speak[] = {
        "/usr/bin/espeak-ng", "-w", three_path("speech.wav"),
        "The second light from the left is green now, and the one beside it went out when I pressed the button.", NULL};

    three.can_speak = access(speak[0], X_OK) == 0 && run(speak);
    return run(init) && run(relay) && run(agent) && run(export) && mkdir(three_path("relay"), 0700) == 0 &&
           run(unpack) && run(clip) && write_tone(three_path("tone.wav"));
}

int three_set_up(void **state)
{
    (void)state;
    if (net_cannot())
        return 0;
    snprintf(three.work, sizeof three.work, "/tmp/handhold-network-XXXXXX");
    if (!mkdtemp(three.work))
        return -1;
    three.children = (struct demo_children){.bin = HANDHOLD_BIN, .folder = three.work};
    return found_organisation() ? 0 : -1;
}

int three_tear_down(void **state)
{
    const char *const remove[] = {"/bin/rm", "-rf", three.work, NULL};

    (void)state;
    if (!three.work[0])
        return 0;
    three_clear();
    return run(remove) ? 0 : -1;
}

/* ---- the three machines ---- */

static struct demo_child *start(enum net_machine machine, const char *name, const char *const *argv)
{
    static char program[4][600];
    static unsigned next;
    char *path = program[next++ % 4];
    const char *all[40] = {"/bin/ip", "netns", "exec", net_space(machine), path};
    size_t n = 5;

    if (access(all[0], X_OK) != 0)
        all[0] = "/usr/sbin/ip";
    snprintf(path, sizeof program[0], HANDHOLD_BIN "/%s", argv[0]);
    for (size_t i = 1; argv[i] && n < 39; i++)
        all[n++] = argv[i];
    return demo_child_start(&three.children, name, all);
}

void three_start_relay(void)
{
    const char *const argv[] = {"handhold-relay",
                                "--dir",
                                three_path("relay"),
                                "--listen",
                                NET_PUBLIC ":8443",
                                "--staff-listen",
                                NET_STAFF ":8444",
                                "--json",
                                NULL};

    three.relay = start(NET_RELAY, "relay", argv);
    THREE_MUST(three.relay && demo_child_expect(&three.children, three.relay, THREE_WAIT_MS, "ready", NULL));
}

void three_start_ends(const char *voice)
{
    const char *const agent[] = {"handhold-agent",
                                 "--headless",
                                 "--json",
                                 "--relay",
                                 "https://" NET_STAFF ":8444",
                                 "--identity",
                                 three_path("org/staff/ana"),
                                 "--ca",
                                 three_path("org/ca/ca.crt"),
                                 "--request",
                                 "camera,microphone",
                                 "--stats",
                                 three_path(three.agent ? "stats-2" : "stats"),
                                 "--audio",
                                 three_path(three.agent ? "heard-2.wav" : "heard.wav"),
                                 NULL};
    char link[512];

    three.agent = start(NET_AGENT, "agent", agent);
    const json_t *invite =
        three.agent ? demo_child_expect(&three.children, three.agent, THREE_WAIT_MS, "invite", NULL) : NULL;
    THREE_MUST(invite != NULL);
    snprintf(link, sizeof link, "%s", json_string_value(json_object_get(invite, "link")));
    const char *const client[] = {"handhold-client",
                                  "--json",
                                  "--ca",
                                  three_path("org/ca/ca.crt"),
                                  "--camera",
                                  three_path("clip.y4m"),
                                  "--consent",
                                  "camera,microphone",
                                  "--stats",
                                  three_path("sent"),
                                  "--microphone",
                                  voice,
                                  link,
                                  NULL};
    three.client = start(NET_CUSTOMER, "client", client);
    THREE_MUST(three.client && demo_child_expect(&three.children, three.agent, THREE_WAIT_MS, "first-picture", NULL));
}

/* Something said at each end arrives at the other, once: and with it all that was sent before three. */
void three_talk(const char *words)
{
    char line[128];

    snprintf(line, sizeof line, "{\"do\":\"chat\",\"text\":\"%s\"}", words);
    demo_child_tell(three.client, line);
    demo_child_tell(three.agent, line);
    THREE_MUST(demo_child_expect(&three.children, three.agent, THREE_WAIT_MS, "chat", "text", words, NULL));
    THREE_MUST(demo_child_expect(&three.children, three.client, THREE_WAIT_MS, "chat", "text", words, NULL));
}
