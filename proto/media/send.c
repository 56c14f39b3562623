/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/media/send.h"

#include <stddef.h>

#include "proto/util/time.h"

/* The pattern 0 2 1 2 of client/companion/encode.h: anything above layer 0 may be left out alone. */
static const uint8_t pattern[] = {0, 2, 1, 2};

/*
 * The ladder for a camera of 16:9 at 1280 x 720: the side as a part of the camera's, and the rate from which a rung is
 * worth standing on. Below `least_bps` it goes down, from `enough_bps` of the next one above up again. Measured with
 * libvpx on the clip: below these rates a smaller picture looks better than a coarser one.
 */
static const struct rung {
    int quarters; /* of the camera's sides, in 1/12 */
    int64_t least_bps, enough_bps;
} ladder[] = {
    {12, 700000, 850000}, /* 1280 x 720 */
    {9, 480000, 600000},  /* 960 x 540 */
    {6, 190000, 240000},  /* 640 x 360 */
    {4, 100000, 130000},  /* 426 x 240 */
    {3, 55000, 70000},    /* 320 x 180 */
    {6, 45000, 55000},    /* stills, 640 x 360: 8 to 15 kB, two seconds of such a line; … */
    {4, 0, 0},            /* … 426 x 240 */
};
enum { RUNGS = sizeof ladder / sizeof *ladder, STILLS = RUNGS - 2 };

enum {
    DOWN_WAIT_MS = 600, /* the rate must ask that long for a smaller size, … */
    UP_WAIT_MS = 1500,  /* … for a larger one, … */
    UP_SURE_MS = 600,   /* … for one that has UP_SURE hundredths of what it needs, … */
    UP_SURE = 125,
    UP_START_MS = 300, /* … and while nothing was ever in the way */
    SHARP_DROP = 500,  /* thousandths of what the rung needs: then at once */
    STILL_MIN_MS = 1000,
    STILL_MAX_MS = 2000,
    STILL_LEAVE_MS = 700, /* a still that arrives faster than this was held up by nothing */
    LATE_MIN_MS = 60,     /* overdue: the top layer goes from this and the larger of this and a trip, … */
    LATE_TOP_MS = 50,     /* … and on a line that loses nothing from here, the middle one, all */
    LATE_MIDDLE_MS = 70,
    LATE_ALL_MS = 90,
    MUCH_BYTES = 60000,     /* on their way while nothing is heard: pictures have half of the rate, … */
    TOO_MUCH_BYTES = 80000, /* … a quarter */
    BASE_PIXELS = 1280 * 720,
};

/* What a rung needs at the camera's own size. */
static int64_t share(const struct proto_media_send *s, int64_t bps)
{
    int64_t pixels = (int64_t)s->width * s->height;

    return pixels >= BASE_PIXELS ? bps : bps * pixels / BASE_PIXELS;
}

/* Where to begin and where to end: a small picture may be a sharp one. */
static int64_t bound(const struct proto_media_send *s, int64_t bps)
{
    int64_t part = share(s, bps);

    return part < bps / 4 ? bps / 4 : part;
}

static void set_plan(struct proto_media_send *s)
{
    s->plan.bps = s->rate.bps;
    s->plan.width = s->width * ladder[s->rung].quarters / 12 & ~1;
    s->plan.height = s->height * ladder[s->rung].quarters / 12 & ~1;
    s->plan.stills = s->rung >= STILLS;
}

static int rung_for(const struct proto_media_send *s, int64_t bps)
{
    int rung = s->rung;

    while (rung < RUNGS - 1 && bps < share(s, ladder[rung].least_bps))
        rung++;
    if (rung == s->rung)
        while (rung > 0 && bps >= share(s, ladder[rung - 1].enough_bps))
            rung--;
    return rung;
}

static void climb_to(struct proto_media_send *s, int rung, int64_t now_ms)
{
    s->rung = rung;
    s->rung_ms = PROTO_NEVER;
    s->rung_since_ms = now_ms;
    s->want_key = true; /* another size begins with one in any case */
    s->key_ms = now_ms - PROTO_SEND_KEY_EVERY_MS;
}

void proto_media_send_init(struct proto_media_send *s, int width, int height, int64_t start_bps, int64_t max_bps,
                           int64_t now_ms)
{
    *s = (struct proto_media_send){.width = width, .height = height, .want_key = true, .rung_ms = PROTO_NEVER};
    if (!max_bps)
        max_bps = bound(s, PROTO_SEND_MAX_BPS);
    if (!start_bps)
        start_bps = bound(s, PROTO_SEND_START_BPS);
    proto_line_init(&s->line, now_ms);
    proto_rate_init(&s->rate, start_bps < max_bps ? start_bps : max_bps, max_bps, now_ms);
    s->key_ms = s->still_ms = now_ms - STILL_MAX_MS;
    s->taken_ms = now_ms;
    s->still_every_ms = STILL_MIN_MS;
    climb_to(s, rung_for(s, s->rate.bps), now_ms);
    set_plan(s);
}

void proto_media_send_restart(struct proto_media_send *s, int64_t now_ms)
{
    proto_line_init(&s->line, now_ms);
    proto_rate_new_line(&s->rate, now_ms);
    climb_to(s, rung_for(s, s->rate.bps), now_ms);
    s->step = 0;
    set_plan(s);
}

void proto_media_send_want_key(struct proto_media_send *s)
{
    s->want_key = true;
}

static void choose_rung(struct proto_media_send *s, int64_t now_ms)
{
    int wish = rung_for(s, s->rate.bps);
    bool sharp = s->rate.bps * 1000 < share(s, ladder[s->rung].least_bps) * SHARP_DROP;
    bool sure = s->rate.bps * 100 >= share(s, ladder[wish].enough_bps) * UP_SURE;
    int64_t wait = wish > s->rung                         ? sharp ? 0 : DOWN_WAIT_MS
                   : s->rate.state == PROTO_RATE_STARTING ? UP_START_MS
                   : sure                                 ? UP_SURE_MS
                                                          : UP_WAIT_MS;

    if (wish == s->rung) {
        s->rung_ms = PROTO_NEVER;
        return;
    }
    if (s->rung_ms == PROTO_NEVER || (wish > s->rung) != (s->rung_wish > s->rung))
        s->rung_ms = now_ms;
    s->rung_wish = wish;
    if (now_ms >= s->rung_ms + wait)
        climb_to(s, wish, now_ms);
}

/* How late a frame may be where packets are lost before it is more than one of them that was sent again: a trip. */
static int64_t bear_ms(const struct proto_media_send *s)
{
    int64_t trip = proto_line_trip_ms(&s->line);

    return trip == PROTO_LINE_UNKNOWN || trip < LATE_MIN_MS ? LATE_MIN_MS : trip;
}

/* The lowest layer that is left out now: 3 none, 0 all. */
static unsigned left_out(const struct proto_media_send *s, int64_t now_ms)
{
    int64_t overdue = proto_line_overdue_ms(&s->line, now_ms), bear = bear_ms(s);
    int64_t twice = s->rate.state == PROTO_RATE_GROWING ? bear : 0;

    /* Where nothing is lost, late is a queue, and what is sent into it stays there: seconds of it when the line falls
     * to an eighth. A packet sent again takes one trip, one that was lost twice two and a half: until then all may
     * still be well, and what follows arrives right behind it. But while the rate is still looked for, or a queue
     * drains, late may be a queue here as well. */
    if (!proto_line_loses(&s->line, now_ms))
        return overdue > LATE_ALL_MS ? 0 : overdue > LATE_MIDDLE_MS ? 1 : overdue > LATE_TOP_MS ? 2 : 3;
    if (overdue > bear * 2 + twice + LATE_MIN_MS)
        return 0;
    if (overdue > bear * 3 / 2 + twice + LATE_MIN_MS)
        return 1;
    return overdue > bear + twice + LATE_MIN_MS ? 2 : 3;
}

/*
 * One packet that was sent again does not explain it any more: one was lost twice, or the line has fallen. Left out,
 * the pictures would be missed in the first case; as large as they were, they would fill seconds of the line in the
 * second. So they become smaller, the more is on its way already.
 */
static int64_t part_of_rate(const struct proto_media_send *s, int64_t now_ms)
{
    if (!proto_line_loses(&s->line, now_ms) || s->line.bytes <= MUCH_BYTES ||
        proto_line_overdue_ms(&s->line, now_ms) <= bear_ms(s) + LATE_MIN_MS)
        return s->rate.bps;
    return s->rate.bps / (s->line.bytes > TOO_MUCH_BYTES ? 4 : 2);
}

/*
 * What the relay left out is never acknowledged. Where that is all that was on its way, waiting for it would be for
 * ever: so a picture that needs no other goes out now and then, and what is heard of it tells the rest.
 */
static bool must_try(const struct proto_media_send *s, int64_t now_ms)
{
    return left_out(s, now_ms) == 0 && now_ms >= s->taken_ms + PROTO_SEND_TRY_MS;
}

static struct proto_media_take take_still(struct proto_media_send *s, int64_t now_ms)
{
    struct proto_media_take take = {.tid = 0, .key = true};

    take.take =
        now_ms >= s->still_ms + s->still_every_ms && (!s->line.count || now_ms >= s->still_ms + 2 * STILL_MAX_MS);
    if (take.take)
        s->still_ms = now_ms;
    return take;
}

struct proto_media_take proto_media_send_take(struct proto_media_send *s, int64_t now_ms)
{
    struct proto_media_take take = {0};

    proto_rate_step(&s->rate, &s->line, now_ms);
    choose_rung(s, now_ms);
    set_plan(s);
    if (s->plan.stills) {
        take = take_still(s, now_ms);
    } else {
        bool try = must_try(s, now_ms);
        unsigned out = try ? 1 : left_out(s, now_ms);
        s->plan.bps = try ? s->rate.bps / 4 : part_of_rate(s, now_ms);
        take.key = try || (s->want_key && now_ms >= s->key_ms + PROTO_SEND_KEY_EVERY_MS);
        if (take.key)
            s->step = 0;
        take.tid = pattern[s->step % sizeof pattern];
        take.take = take.tid < out;
        /* What a layer above is left out makes room: the next of layer 0 comes in its turn, not sooner. */
        if (take.take || take.tid > 0)
            s->step++;
    }
    if (take.take)
        s->taken_ms = now_ms;
    s->taken += take.take;
    s->skipped += !take.take;
    return take;
}

void proto_media_send_sent(struct proto_media_send *s, uint32_t obj, uint32_t bytes, bool key, int64_t now_ms)
{
    proto_line_sent(&s->line, obj, bytes, now_ms);
    proto_rate_sent(&s->rate, bytes, now_ms);
    if (s->plan.stills) { /* sharp whatever the line: a bound on the rate makes them seldom, not coarse */
        int64_t every = (int64_t)bytes * 8000 / s->rate.max_bps;
        s->still_every_ms = every > STILL_MIN_MS ? every : STILL_MIN_MS;
    }
    if (!key)
        return;
    s->want_key = false;
    s->key_ms = now_ms;
}

void proto_media_send_failed(struct proto_media_send *s)
{
    s->want_key = true;
}

/* A still says what the line carries by how long it took, for nothing else is sent that could. */
static void learn_of_still(struct proto_media_send *s, uint32_t bytes, int64_t took_ms, int64_t now_ms)
{
    int64_t bps = (int64_t)bytes * 8000 / (took_ms > 0 ? took_ms : 1); /* with the trip in it: rather too little */

    if (!s->plan.stills)
        return;
    if (bps > s->rate.bps * 2)
        bps = s->rate.bps * 2;
    if (bps > s->rate.max_bps)
        bps = s->rate.max_bps;
    if (took_ms < STILL_LEAVE_MS && bps > s->rate.bps)
        s->rate.bps = bps;
    s->rate.well_ms = now_ms;
}

void proto_media_send_acked(struct proto_media_send *s, uint32_t obj, uint32_t arrival_ms, int64_t now_ms)
{
    const struct proto_line_frame *first = &s->line.frame[s->line.first];
    uint32_t bytes = s->line.count && first->obj == obj ? first->bytes : 0;
    int64_t took = now_ms - first->at_ms;

    if (proto_line_acked(&s->line, obj, arrival_ms, now_ms) && bytes)
        learn_of_still(s, bytes, took, now_ms);
}

void proto_media_send_queued(struct proto_media_send *s, uint32_t queued_ms, uint32_t dropped, int64_t now_ms)
{
    (void)now_ms;
    proto_rate_relay(&s->rate, queued_ms, dropped > 0);
}

const char *proto_media_quality_name(int quality)
{
    static const char *const names[] = {"good", "smaller", "poor", "stills"};

    return quality >= 0 && quality < (int)(sizeof names / sizeof *names) ? names[quality] : NULL;
}

enum { GOOD, SMALLER, POOR, STILLS_ONLY };

int proto_media_quality_of_second(int quality, uint64_t left, uint64_t left_out)
{
    return left_out > left && quality < POOR ? POOR : quality;
}

int proto_media_send_quality(const struct proto_media_send *s)
{
    if (s->plan.stills)
        return STILLS_ONLY;
    return s->rung == 0 ? GOOD : s->rung <= 2 ? SMALLER : POOR;
}
