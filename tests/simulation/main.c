/* SPDX-License-Identifier: Apache-2.0 */
/* simulation [--seeds N] [--from S] [--seed S]: plays worlds; --seed plays one and tells what happens in it. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
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
    {"naps", {.cut = 2, .nap = 60}},
    {"dates that are set", {.cut = 2, .nap = 20, .crash = 10, .date = 60}},
    {"hubs", {.cut = 8, .half_open = 200, .stall = 2, .hub = 1}},
    {"hubs in a storm", {.cut = 5, .half_open = 300, .stall = 2, .crash = 40, .disk_full = 50, .hub = 1}},
    {"hubs and a liar", {.cut = 2, .tamper = 5, .hub = 1}},
};
enum { WEATHERS = sizeof weathers / sizeof *weathers };

enum { PROGRESS_S = 60 };

struct asked {
    uint64_t from, seeds;
    bool tells;
};

/* What is counted over all worlds. `must`: a run without any of it has shown nothing. */
static const struct sum {
    const char *what;
    bool of_session, must;
    size_t at; /* of a uint64_t in struct sim_session, or in struct sim */
} sums[] = {
    {"frames sealed", true, false, offsetof(struct sim_session, frames_pushed)},
    {"opened", true, true, offsetof(struct sim_session, frames_opened)},
    {"relay crashes", false, false, offsetof(struct sim, crashes)},
    {"cuts", false, false, offsetof(struct sim, cuts)},
    {"naps", false, false, offsetof(struct sim, naps)},
    {"dates", false, false, offsetof(struct sim, dates)},
    {"lies", false, false, offsetof(struct sim, tampered)},
    {"forks seen", false, false, offsetof(struct sim, forks)},
    {"frames of a changed companion", false, false, offsetof(struct sim, changed)},
    {"stills", true, true, offsetof(struct sim_session, stills)},
    {"holds", true, true, offsetof(struct sim_session, holds)},
    {"extensions", true, true, offsetof(struct sim_session, extensions)},
    {"controls", true, true, offsetof(struct sim_session, controls)},
    {"recordings", true, true, offsetof(struct sim_session, recordings)},
    {"readings of hubs", false, false, offsetof(struct sim, hub_told)},
    {"readings seen on a phone", false, true, offsetof(struct sim, hub_came)},
};
enum { SUMS = sizeof sums / sizeof *sums };

struct total {
    uint64_t worlds, sessions, joined, of[SUMS];
};

static bool read_number(const char *name, const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno) {
        fprintf(stderr, "simulation: --%s %s: expected a number\n", name, text);
        return false;
    }
    *value = number;
    return true;
}

static bool read_options(int argc, char **argv, struct asked *asked)
{
    static const struct option options[] = {{"seeds", required_argument, NULL, 'n'},
                                            {"from", required_argument, NULL, 'f'},
                                            {"seed", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    int which, index = 0;
    bool right = true;
    while (right && (which = getopt_long(argc, argv, "", options, &index)) != -1) {
        if (which == '?')
            right = false;
        else
            right = read_number(options[index].name, optarg, which == 'n' ? &asked->seeds : &asked->from);
        if (which == 's') {
            asked->seeds = 1;
            asked->tells = true;
        }
    }
    if (right && optind == argc)
        return true;
    fputs("usage: simulation [--seeds N] [--from S] | --seed S\n", stderr);
    return false;
}

static void add(struct total *total, const struct sim *sim)
{
    total->worlds++;
    total->sessions += sim->session_count;
    for (unsigned i = 0; i < sim->session_count; i++)
        total->joined += sim->sessions[i].customer.joined;
    for (size_t k = 0; k < SUMS; k++) {
        const char *first = sums[k].of_session ? (const char *)sim->sessions : (const char *)sim;
        for (unsigned i = 0; i < (sums[k].of_session ? sim->session_count : 1); i++)
            total->of[k] += *(const uint64_t *)(const void *)(first + i * sizeof *sim->sessions + sums[k].at);
    }
}

static void tell(FILE *file, const struct total *total, time_t began)
{
    fprintf(file, "%" PRIu64 " worlds, %" PRIu64 " sessions (%" PRIu64 " joined)", total->worlds, total->sessions,
            total->joined);
    for (size_t k = 0; k < SUMS; k++)
        fprintf(file, ", %" PRIu64 " %s", total->of[k], sums[k].what);
    fprintf(file, ", %ld s: every invariant held\n", (long)(time(NULL) - began));
}

static bool has_shown(const struct total *total)
{
    for (size_t k = 0; k < SUMS; k++)
        if (sums[k].must && !total->of[k]) {
            fprintf(stderr, "simulation: no %s in these worlds, so they show too little: take more seeds\n",
                    sums[k].what);
            return false;
        }
    return total->joined;
}

int main(int argc, char **argv)
{
    struct asked asked = {.from = 1, .seeds = 200};
    struct total total = {0};
    static struct sim sim;

    if (!read_options(argc, argv, &asked))
        return 2;
    time_t began = time(NULL), told = began;
    for (uint64_t seed = asked.from; seed < asked.from + asked.seeds; seed++) {
        const struct weather *weather = &weathers[seed % WEATHERS];
        unsigned count = 1 + (unsigned)(seed / WEATHERS % 4);
        if (!sim_play(&sim, seed, count, weather->faults, asked.tells)) {
            printf("seed %" PRIu64 " (%s, %u sessions): %s\nplay it again: simulation --seed %" PRIu64 "\n", seed,
                   weather->name, count, sim.failure, seed);
            return 1;
        }
        add(&total, &sim);
        if (time(NULL) - told >= PROGRESS_S) {
            told = time(NULL);
            fprintf(stderr, "to seed %" PRIu64 " of %" PRIu64 ": ", seed, asked.from + asked.seeds - 1);
            tell(stderr, &total, began);
        }
    }
    tell(stdout, &total, began);
    return has_shown(&total) ? 0 : 1;
}
