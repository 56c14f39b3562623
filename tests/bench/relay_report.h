/* SPDX-License-Identifier: Apache-2.0 */
/* tests/bench/relay_report.h - the figures of a relay as a table on the screen, as a file, and drawn. */
#ifndef TESTS_BENCH_RELAY_REPORT_H
#define TESTS_BENCH_RELAY_REPORT_H

#include <stdbool.h>
#include <stddef.h>

enum { REPORT_ROWS = 64, REPORT_POINTS = 16 };

/* One line. A bound or a peer of 0 was not measured. `must` and `aim` hold for ours, or for ours ÷ bound or ÷ peer. */
struct report_row {
    char name[72];
    double ours, bound, peer;
    double to_bound, to_peer; /* medians of the rounds' own ratios; 0: the ratios of these figures */
    enum report_held { HELD_OURS, HELD_TO_BOUND, HELD_TO_PEER, HELD_TO_NOTHING } held;
    double must, aim;
    bool more_is_better;
};

struct report {
    struct report_row rows[REPORT_ROWS];
    size_t count;
    struct report_point {
        double sessions, us;
    } flat[REPORT_POINTS]; /* processor time of a message, by sessions */
    size_t flat_count;
};

void report_head(void);
/** Prints it, too. */
void report_add(struct report *report, const struct report_row *row);
/** The same figures held to the bound and to the peer: two rows. */
void report_throughput(struct report *report, const struct report_row *figures);
/** relay.txt, relay-throughput.svg and relay-flat.svg in `folder`. */
bool report_write(const struct report *report, const char *folder);
unsigned report_missed(const struct report *report);

#endif
