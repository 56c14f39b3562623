/* SPDX-License-Identifier: Apache-2.0 */
/* tests/bench/line.h - what the files of bench_line lend each other. */
#ifndef TESTS_BENCH_LINE_H
#define TESTS_BENCH_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/bench/line_noise.h"
#include "tests/network/net.h"

enum { LINE_CHANGES = 4, LINE_FRAMES_MAX = 1 << 16, LINE_BAD_MS = 500 };

/* What a scenario does to the line or to those at its ends. */
struct line_change {
    int at_s; /* after the first picture */
    enum { LINE_IS, LINE_MOVES_CUSTOMER, LINE_KILLS_RELAY } what;
    struct net_line line;
};

struct line_goal {
    int p50, p95, p99, gap_ms; /* at most */
    double fps, kbps;          /* at least */
    int width;                 /* at least, in the middle picture; 0: any */
    double full_s, again_s;    /* at most, to full size: from the first picture, from the line's return; 0: any */
    int voice_gap_ms;          /* at most; 0: any */
    double use;                /* of the bottleneck, at least, with a queue of 40 ms at most in the middle */
    double fair;               /* Jain's index of both sessions, at least */
    int cpu_percent;           /* the companion's, of a core, at most; 0: any */
};

/* Of the page: p50 and p95 beside the companion under cubic; or that it is never late for long. */
enum line_page { LINE_PAGE_ANY, LINE_PAGE_BESIDE_CUBIC, LINE_PAGE_STAYS_LIVE };
/* Another session the same way, or a download by TCP (CUBIC). */
enum line_beside { LINE_ALONE, LINE_BESIDE_SESSION, LINE_BESIDE_DOWNLOAD };

struct line_scenario {
    const char *name, *words;
    struct line_change change[LINE_CHANGES]; /* the first at 0 */
    int changes;
    int run_s, from_s; /* seconds after the first picture: until when, and from when figures are taken */
    struct line_goal goal;
    bool bare; /* the ratio to a bare pipe says something here */
    enum line_beside beside;
    enum line_page page;
    const char *size;     /* of the camera, WxH; NULL: 1280x720 */
    bool companion_alone; /* no other sender has a row */
    bool hurry;           /* the clip's hand: pictures that need more bits than there are */
};

struct line_frame {
    int64_t captured_ms, decoded_ms; /* mono; captured 0: not known */
    uint32_t obj, bytes;
    int layer, width, height;
};

extern const struct line_scenario line_scenarios[];
extern const int line_scenario_count;

/* What keeps a bit rate where it is: the rate that was found for the line; pictures that need less than that; the
 * sender's own bound. The last two are "application-limited" in the words of RFC 8298. */
enum line_limit { LINE_LIMIT_LINE, LINE_LIMIT_PICTURES, LINE_LIMIT_BOUND, LINE_LIMITS };

struct line_figures {
    double p50, p95, p99, worst, fps, kbps, gap_ms, queue_p50, queue_p95, use, noise_ms, others_percent, cpu_percent;
    int width, height;
    double voice_gap_ms, voice_concealed; /* longest time concealed at a stretch; part of all packets, 0..1 */
    double beside_kbps, fair;  /* of the other session, of the download; of both sessions, -1: there is one */
    double limit[LINE_LIMITS]; /* percent of the seconds in which it was this that kept the bit rate where it was */
    double bad_s; /* the longest time in which the p95 of each second was over LINE_BAD_MS, or nothing came */
    double full_s, again_s, back_s; /* until full size; after the last change; from the return of the line to a picture,
                                       G and H; -1: never, or nothing changed */
    size_t frames;
    bool ok; /* something was measured */
};

struct line_run {
    const struct line_scenario *scenario;
    struct line_frame *frame; /* owned */
    size_t frames;
    int64_t first_ms;                /* decoded */
    int64_t from_ms, to_ms;          /* between which figures are of; set by line_count() */
    int64_t change_ms[LINE_CHANGES]; /* when each was made, mono */
    struct line_figures figures;
};

/** Reads what `handhold-agent --stats` wrote. False: no picture in it. */
bool line_read(struct line_run *run, const char *path);
/** `first_sample`, `carried_bytes`: of the line, when figures began to be taken. */
void line_count(struct line_run *run, const struct net_watch *watch, uint32_t first_sample, uint64_t carried_bytes);
void line_run_clear(struct line_run *run);
/** Of what was decoded in between. */
double line_kbps(const struct line_run *run, int64_t from_ms, int64_t to_ms);
/** Latency, bit rate and size over time. False: the file cannot be written. */
bool line_plot(const struct line_run *run, const char *path);

#endif
