/* SPDX-License-Identifier: Apache-2.0 */
/* simulation [--seeds N] [--from S] [--seed S]: plays worlds; --seed plays one and tells what happens in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/simulation/sim.h"

static const struct weather {
    const char *name;
    struct sim_faults faults;
} weathers[] = {
    {"fair", {0}},
    {"cuts", {.cut = 8, .half_open = 200, .stall = 2}},
    {"crashes", {.crash = 60}},
    {"storm", {.cut = 5, .half_open = 300, .stall = 2, .crash = 40, .disk_full = 50}},
    {"liar", {.tamper = 5}},
    {"changed companion", {.cut = 2, .changed = 300}},
    {"two logs", {.fork = 1}},
    {"hubs", {.cut = 8, .half_open = 200, .stall = 2, .hub = 1}},
    {"hubs in a storm", {.cut = 5, .half_open = 300, .stall = 2, .crash = 40, .disk_full = 50, .hub = 1}},
    {"hubs and a liar", {.cut = 2, .tamper = 5, .hub = 1}},
};
enum { WEATHERS = sizeof weathers / sizeof *weathers };

int main(int argc, char **argv)
{
    uint64_t seeds = 200, from = 1, sessions = 0, pushed = 0, opened = 0, crashes = 0, cuts = 0, tampered = 0,
             changed = 0, forks = 0, joined = 0, stills = 0, holds = 0, extensions = 0, controls = 0, told = 0,
             came = 0;
    bool one = false;
    static struct sim sim;

    for (int i = 1; i + 1 < argc; i += 2) {
        uint64_t value = strtoull(argv[i + 1], NULL, 10);
        if (!strcmp(argv[i], "--seeds")) {
            seeds = value;
        } else if (!strcmp(argv[i], "--from")) {
            from = value;
        } else if (!strcmp(argv[i], "--seed")) {
            from = value;
            seeds = 1;
            one = true;
        } else {
            fprintf(stderr, "simulation: %s: no such option; use --seeds N, --from S or --seed S\n", argv[i]);
            return 2;
        }
    }
    time_t began = time(NULL);
    for (uint64_t seed = from; seed < from + seeds; seed++) {
        const struct weather *weather = &weathers[seed % WEATHERS];
        unsigned count = 1 + (unsigned)(seed / WEATHERS % 4);
        bool held = sim_play(&sim, seed, count, weather->faults, one);
        for (unsigned i = 0; i < count; i++) {
            pushed += sim.sessions[i].frames_pushed;
            opened += sim.sessions[i].frames_opened;
            joined += sim.sessions[i].customer.joined;
            stills += sim.sessions[i].stills;
            holds += sim.sessions[i].holds;
            extensions += sim.sessions[i].extensions;
            controls += sim.sessions[i].controls;
        }
        sessions += count;
        crashes += sim.crashes;
        cuts += sim.cuts;
        tampered += sim.tampered;
        changed += sim.changed;
        forks += sim.forks;
        told += sim.hub_told;
        came += sim.hub_came;
        if (!held) {
            printf("seed %llu (%s, %u sessions): %s\nplay it again: simulation --seed %llu\n", (unsigned long long)seed,
                   weather->name, count, sim.failure, (unsigned long long)seed);
            return 1;
        }
    }
    printf("%llu worlds, %llu sessions (%llu joined), %llu frames sealed, %llu opened, %llu relay crashes, %llu cuts, "
           "%llu lies, %llu forks seen, %llu frames of a changed companion, %llu stills, %llu holds, %llu extensions, "
           "%llu controls, %llu readings of hubs, %llu came to their phone, "
           "%ld s: every invariant held\n",
           (unsigned long long)seeds, (unsigned long long)sessions, (unsigned long long)joined,
           (unsigned long long)pushed, (unsigned long long)opened, (unsigned long long)crashes,
           (unsigned long long)cuts, (unsigned long long)tampered, (unsigned long long)forks,
           (unsigned long long)changed, (unsigned long long)stills, (unsigned long long)holds,
           (unsigned long long)extensions, (unsigned long long)controls, (unsigned long long)told,
           (unsigned long long)came, (long)(time(NULL) - began));
    return joined && came && opened && stills && holds && extensions && controls ? 0 : 1;
}
