/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_relay: the relay with all of its duties on, beside a bare bound and a relay on npm's ws.
 *
 * Every figure is taken in rounds, one after the other for each of the three, and the median of the rounds counts: what
 * else the machine does slows all of them. A relay has one core, this program another. Throughput is bytes forwarded
 * for a second of the relay's own processor time, which a busy machine changes less than a clock on the wall.
 */
#include <getopt.h>
#include <libgen.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/relay_bench.h"
#include "tests/bench/relay_net.h"

static const struct part {
    const char *name;
    void (*measure)(void);
} parts[] = {{"throughput", relay_measure_throughput},
             {"calls", relay_measure_calls},
             {"paced", relay_measure_paced},
             {"most", relay_measure_most},
             {"memory", relay_measure_memory},
             {"handshakes", relay_measure_handshakes},
             {"flat", relay_measure_flat}};

static void take_options(int argc, char **argv)
{
    static const struct option options[] = {{"quick", no_argument, NULL, 'q'},
                                            {"only", required_argument, NULL, 'o'},
                                            {"rounds", required_argument, NULL, 'r'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"size", required_argument, NULL, 'z'},
                                            {"sessions", required_argument, NULL, 'n'},
                                            {"out", required_argument, NULL, 'd'},
                                            {"peer", required_argument, NULL, 'p'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        switch (option) {
        case 'q':
            relay_bench.quick = true;
            relay_bench.rounds = 3;
            relay_bench.seconds = 0.5;
            break;
        case 'o':
            relay_bench.only = optarg;
            break;
        case 'r':
            relay_bench.rounds = atoi(optarg);
            break;
        case 's':
            relay_bench.seconds = atof(optarg);
            break;
        case 'z':
            relay_bench.size = strtoul(optarg, NULL, 10);
            break;
        case 'n':
            relay_bench.sessions = (unsigned)strtoul(optarg, NULL, 10);
            break;
        case 'd':
            relay_bench.out = optarg;
            relay_bench.out_given = true;
            break;
        case 'p':
            snprintf(relay_bench.peer, sizeof relay_bench.peer, "%s", optarg);
            break;
        default:
            exit(2);
        }
    if (relay_bench.rounds < 1 || relay_bench.seconds <= 0)
        bench_cannot("--rounds takes a whole number from 1, --seconds a number above 0");
}

static void make_place(const char *program)
{
    char path[RELAY_PATH_BYTES];

    snprintf(path, sizeof path, "%s", program);
    snprintf(relay_bench.bin, sizeof relay_bench.bin, "%s", dirname(path));
    relay_bench.ws = *relay_bench.peer && access(relay_bench.peer, R_OK) == 0;
    strcpy(relay_bench.dir, "/tmp/handhold-bench-XXXXXX");
    if (!mkdtemp(relay_bench.dir) || !server_make_place(relay_bench.bin, relay_bench.dir))
        bench_cannot("no organisation can be made in %s", relay_bench.dir);
    snprintf(relay_bench.ca, sizeof relay_bench.ca, "%s/ca/ca.crt", relay_bench.dir);
    snprintf(relay_bench.identity, sizeof relay_bench.identity, "%s/staff/load", relay_bench.dir);
    snprintf(relay_bench.cert, sizeof relay_bench.cert, "%s/relay/relay.crt", relay_bench.dir);
    snprintf(relay_bench.key, sizeof relay_bench.key, "%s/relay/relay.key", relay_bench.dir);
    snprintf(relay_bench.config, sizeof relay_bench.config, "%s/relay.ini", relay_bench.dir);
}

static void clear(void)
{
    char command[96];

    relay_bench_stop_all();
    snprintf(command, sizeof command, "rm -rf '%s'", relay_bench.dir);
    if (system(command) != 0)
        fprintf(stderr, "%s is left\n", relay_bench.dir);
}

/* --only takes several, with commas between them. */
static bool is_wanted(const char *name)
{
    size_t len = strlen(name);

    for (const char *at = relay_bench.only; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (!strncmp(at, name, len) && (!at[len] || at[len] == ','))
            return true;
    return !relay_bench.only;
}

int main(int argc, char **argv)
{
    char congestion[16];
    cpu_set_t other;
    bool own;

    (void)mallopt(M_MMAP_THRESHOLD, 32 << 20); /* memory that goes and comes stays with this program */
    (void)mallopt(M_TRIM_THRESHOLD, 256 << 20);
    take_options(argc, argv);
    own = relay_net_own(congestion);
    make_place(argv[0]);
    CPU_ZERO(&other);
    CPU_SET(1, &other);
    (void)sched_setaffinity(0, sizeof other, &other); /* where there is one core only, both share it */
    report_head();
    bench_remark("in %s network, TCP under %s", own ? "its own" : "the system's", congestion);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (is_wanted(parts[i].name))
            parts[i].measure();
    clear();
    if ((!relay_bench.only || relay_bench.out_given) && !report_write(&relay_bench.report, relay_bench.out))
        bench_cannot("%s: cannot be written to", relay_bench.out);
    return report_missed(&relay_bench.report) ? 1 : 0;
}
