/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/media/rate.h"

enum {
    QUEUE_SOON_MS = 200,
    QUEUE_LOW_MS = 20,  /* below it there is none, … */
    QUEUE_MORE_MS = 12, /* … and by so much above it there is one */
    SMALL_BPS = 600000, /* whoever has less than this bears more, a millisecond for each … */
    SMALL_STEP_BPS = 20000,
    OVERDUE_MAX_MS = 400, /* nothing is acknowledged: more than a packet sent again explains */
    RELAY_MAX_MS = 80,
    DELIVERED_MS = 800,
    CUT_EVERY_MS = 350,
    CUT_KEEP = 850,     /* thousandths of what was delivered, less the queue in milliseconds … */
    CUT_DEEPEST = 550,  /* … but not below this, … */
    CUT_AT_LEAST = 940, /* … and not above this part of the rate before */
    SILENT_CUTS = 2,
    CUT_FLOOR = 450,  /* one cut never goes below this part of the rate before */
    SPENT_MIN = 600,  /* thousandths of the rate that must have been sent for it to grow */
    START_PART = 800, /* thousandths of what the line lets through that are gone for at the pace of a start */
    TENTH_MS = 100,
};

/* Thousandths a second. */
enum { GROW_START = 900, GROW_BACK = 700, GROW_MAX = 900 };
/*
 * Where the line was full not long ago: `first`, and from `wait_ms` on faster by `more` each second. On a line that
 * loses packets each one that is sent again waits for the queue twice, once for the word that it was lost and once
 * itself: a queue costs more there than finding out sooner that there is room.
 */
static const struct pace {
    int64_t first, more, wait_ms;
    int64_t room; /* lets it so many times the rate through, it is another line than the one that was full */
} paces[] = {{45, 160, 1200, 2}, {50, 40, 3000, 3}}; /* by whether it loses packets */

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void proto_rate_init(struct proto_rate *rate, int64_t start_bps, int64_t max_bps, int64_t now_ms)
{
    *rate = (struct proto_rate){.bps = start_bps, .max_bps = max_bps, .step_ms = now_ms, .sent_ms = now_ms};
    rate->cut_ms = rate->well_ms = now_ms;
}

void proto_rate_new_line(struct proto_rate *rate, int64_t now_ms)
{
    proto_rate_init(rate, most(PROTO_RATE_MIN_BPS, rate->bps * 7 / 10), rate->max_bps, now_ms);
}

static void turn(struct proto_rate *rate, int64_t now_ms)
{
    for (int i = 0; i < 10 && now_ms >= rate->sent_ms + TENTH_MS; i++) {
        rate->sent_ms += TENTH_MS;
        rate->sent_at = (rate->sent_at + 1) % 10;
        rate->sent_bits[rate->sent_at] = 0;
    }
    if (now_ms >= rate->sent_ms + TENTH_MS)
        rate->sent_ms = now_ms;
}

void proto_rate_sent(struct proto_rate *rate, uint32_t bytes, int64_t now_ms)
{
    turn(rate, now_ms);
    rate->sent_bits[rate->sent_at] += (int64_t)bytes * 8;
}

void proto_rate_relay(struct proto_rate *rate, int64_t queued_ms, bool dropped)
{
    rate->relay_ms = queued_ms;
    rate->relay_dropped = dropped;
}

static int64_t spent_bps(const struct proto_rate *rate)
{
    int64_t bits = 0;

    for (int i = 0; i < 10; i++)
        bits += rate->sent_bits[i];
    return bits;
}

/*
 * What counts as no queue. The pictures of a second, larger session on the same line are a queue to the smaller one: if
 * both bore the same, the smaller one would never grow (NADA's reference is inversely proportional to the rate for the
 * same reason, RFC 8698, 4.3).
 */
static int64_t low_of(const struct proto_rate *rate)
{
    return rate->bps < SMALL_BPS ? QUEUE_LOW_MS + (SMALL_BPS - rate->bps) / SMALL_STEP_BPS : QUEUE_LOW_MS;
}

/* How deep the queue is that must go, in milliseconds; 0: none is to be seen. */
static int64_t queue_of(const struct proto_rate *rate, const struct proto_line *line, int64_t now_ms)
{
    int64_t standing = proto_line_standing_ms(line, proto_line_window_ms(line));
    int64_t overdue = proto_line_overdue_ms(line, now_ms);

    if (standing > low_of(rate) + QUEUE_MORE_MS)
        return standing;
    if (overdue > OVERDUE_MAX_MS)
        return overdue;
    if (rate->relay_dropped || rate->relay_ms > RELAY_MAX_MS)
        return most(rate->relay_ms, QUEUE_LOW_MS + QUEUE_MORE_MS);
    return 0;
}

static void cut(struct proto_rate *rate, const struct proto_line *line, int64_t queue_ms, int64_t now_ms)
{
    int64_t delivered = proto_line_delivered_bps(line, DELIVERED_MS), keep = most(CUT_KEEP - queue_ms, CUT_DEEPEST);
    /* While a queue drains the line delivers more than the rate: it is cut again only when that has become too much. */
    int64_t most_now = rate->state == PROTO_RATE_DRAINING ? rate->bps : rate->bps * CUT_AT_LEAST / 1000;
    bool silent = now_ms - line->heard_ms > OVERDUE_MAX_MS;

    if (silent && rate->silent_cuts == SILENT_CUTS)
        return;
    if (!silent && delivered != PROTO_LINE_UNKNOWN)
        rate->capacity_bps = delivered;
    else if (!rate->silent_cuts)
        rate->capacity_bps = most(rate->capacity_bps, rate->bps);
    if (silent || delivered == PROTO_LINE_UNKNOWN)
        delivered = 0; /* what came before is older news */
    rate->silent_cuts = silent ? rate->silent_cuts + 1 : 0;
    int64_t bps = most(least(delivered * keep / 1000, most_now), rate->bps * CUT_FLOOR / 1000);
    rate->bps = most(bps, PROTO_RATE_MIN_BPS);
    rate->state = PROTO_RATE_DRAINING;
    rate->cut_ms = now_ms;
    rate->relay_dropped = false;
}

/*
 * What is found out by a queue is found out half a second too late: with all that is lost and sent again meanwhile, a
 * voice is missing for longer than it can be bridged. So a start is fast only as far as large frames show the way.
 */
static int64_t growth(const struct proto_rate *rate, const struct proto_line *line, int64_t now_ms)
{
    bool loses = proto_line_loses(line, now_ms), starting = rate->state == PROTO_RATE_STARTING;
    const struct pace *pace = &paces[loses];
    int64_t well = starting && loses ? 0 : now_ms - rate->well_ms, passes = proto_line_passes_bps(line);

    if (starting && (passes == PROTO_LINE_UNKNOWN || rate->bps < passes * START_PART / 1000))
        return GROW_START;
    if (rate->bps < rate->capacity_bps * 8 / 10 || passes > rate->bps * pace->room)
        return GROW_BACK;
    return least(pace->first + most(well - pace->wait_ms, 0) * pace->more / 1000, GROW_MAX);
}

static void grow(struct proto_rate *rate, const struct proto_line *line, int64_t took_ms, int64_t now_ms)
{
    int64_t soon = proto_line_standing_ms(line, QUEUE_SOON_MS), spent = spent_bps(rate);

    if (soon == PROTO_LINE_UNKNOWN || soon > low_of(rate) || rate->relay_ms > QUEUE_LOW_MS ||
        spent * 1000 < rate->bps * SPENT_MIN || proto_line_overdue_ms(line, now_ms) > QUEUE_SOON_MS)
        return;
    rate->bps = least(rate->bps + rate->bps * growth(rate, line, now_ms) / 1000 * took_ms / 1000, rate->max_bps);
}

bool proto_rate_step(struct proto_rate *rate, const struct proto_line *line, int64_t now_ms)
{
    int64_t took = now_ms - rate->step_ms, before = rate->bps, trip = proto_line_trip_ms(line);

    if (took < PROTO_RATE_EVERY_MS)
        return false;
    rate->step_ms = now_ms;
    turn(rate, now_ms);
    if (trip == PROTO_LINE_UNKNOWN)
        trip = PROTO_LINE_PATIENCE_MS;
    if (line->heard_ms > rate->cut_ms)
        rate->silent_cuts = 0;
    int64_t queue_ms = queue_of(rate, line, now_ms);
    if (queue_ms && now_ms >= rate->cut_ms + CUT_EVERY_MS + trip) {
        cut(rate, line, queue_ms, now_ms);
    } else if (!queue_ms && rate->state == PROTO_RATE_DRAINING) {
        int64_t soon = proto_line_standing_ms(line, QUEUE_SOON_MS);
        if (soon != PROTO_LINE_UNKNOWN && soon <= low_of(rate)) {
            rate->state = PROTO_RATE_GROWING;
            rate->well_ms = now_ms;
            rate->bps = most(rate->bps, rate->capacity_bps * CUT_KEEP / 1000);
        }
    } else if (!queue_ms) {
        grow(rate, line, least(took, 200), now_ms);
    }
    return rate->bps != before;
}
