/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/media/line.h - what a sender knows of the line, from acknowledgements of whole frames alone.
 *
 * A reliable byte stream hides its losses: they show as delay. One frame that had to be sent again holds up those
 * behind it for about a round trip, then all arrive at once; a queue holds up every frame. So the *standing queue* is
 * the smallest delay of the last moments over the smallest ever seen (of late): a lost packet leaves it alone, because
 * some frame in the window came through unhindered; a queue does not. (The idea of a windowed minimum is that of BBR
 * and SCReAM; measuring per frame instead of per packet is what a WebSocket allows.)
 *
 * Delays are one-way, receiver's clock minus sender's: their offset is not known and cancels out. Times are
 * milliseconds on the sender's clock. Whole numbers throughout, so that a twin in another language counts alike. No
 * errors: what makes no sense is ignored.
 */
#ifndef PROTO_MEDIA_LINE_H
#define PROTO_MEDIA_LINE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PROTO_LINE_FRAMES = 256,  /* on their way; beyond it the oldest is forgotten */
    PROTO_LINE_ARRIVALS = 64, /* remembered: two seconds at 30 a second */
    PROTO_LINE_BASES = 8,     /* times PROTO_LINE_BASE_MS: how long a smallest delay is believed */
    PROTO_LINE_BASE_MS = 4000,
    PROTO_LINE_UNKNOWN = -1,
    PROTO_LINE_WINDOW_MIN_MS = 250,
    PROTO_LINE_WINDOW_MAX_MS = 500,
    PROTO_LINE_PATIENCE_MS = 300,   /* a trip, before one is known */
    PROTO_LINE_RESENT_MS = 60,      /* held up by this much, and by nine tenths of a trip: as by a packet sent again */
    PROTO_LINE_BACK = 8,            /* acknowledgements of which the fastest says what the way back takes now */
    PROTO_LINE_LOSES_MS = 10000,    /* so long afterwards the line counts as one that loses packets */
    PROTO_LINE_PASSES_MS = 300,     /* frames of so long say what the line lets through, … */
    PROTO_LINE_PASSES_BYTES = 2000, /* … when they are so much larger than the fastest, together */
};

struct proto_line {
    struct proto_line_frame {
        uint32_t obj, bytes;
        int64_t at_ms;
    } frame[PROTO_LINE_FRAMES]; /* on their way, oldest first, a ring */
    unsigned first, count;
    int64_t bytes; /* on their way */

    struct proto_line_arrival {
        int64_t at_ms, delay_ms; /* receiver's clock; over `zero` */
        int64_t back_ms;         /* of the acknowledgement: what is left of the trip */
        uint32_t bytes;
    } arrival[PROTO_LINE_ARRIVALS]; /* a ring */
    uint64_t arrivals;
    uint32_t zero;    /* receiver's minus sender's clock at the first arrival */
    int64_t heard_ms; /* when the newest acknowledgement came, sender's clock */

    struct {
        int64_t delay_ms, trip_ms, back_ms;
        uint32_t bytes;       /* of the frame that was delayed least */
    } base[PROTO_LINE_BASES]; /* the smallest of each span of time, newest first */
    int64_t base_ms;          /* when the newest span began */
    int64_t spike_ms;         /* by how much single frames are late over what stands, at the worst of late */
    bool held;                /* the newest was held up as by a packet sent again */
    int64_t resent_ms;        /* when one came last that was, and the next right behind it */
    uint64_t lost;            /* frames that others overtook: dropped on the way */
};

void proto_line_init(struct proto_line *line, int64_t now_ms);
/** A frame left. `obj` rises. */
void proto_line_sent(struct proto_line *line, uint32_t obj, uint32_t bytes, int64_t now_ms);
/** It arrived at `arrival_ms` of the receiver's clock. False: it is not on its way. Frames before it are lost. */
bool proto_line_acked(struct proto_line *line, uint32_t obj, uint32_t arrival_ms, int64_t now_ms);

/** Smallest delay over base of the frames that arrived in the last `window_ms`; UNKNOWN: fewer than three did. */
int64_t proto_line_standing_ms(const struct proto_line *line, int64_t window_ms);
/** The shortest window in which a frame that came through unhindered is to be expected: longer where packets are lost.
 */
int64_t proto_line_window_ms(const struct proto_line *line);
/** What arrived in the `window_ms` before the newest arrival, in bits a second; UNKNOWN: nothing did. */
int64_t proto_line_delivered_bps(const struct proto_line *line, int64_t window_ms);
/**
 * What the line lets through, in bits a second, by how much longer larger frames take than the one that was fastest; a
 * queue makes it less, never more. UNKNOWN: they are all alike.
 */
int64_t proto_line_passes_bps(const struct proto_line *line);
/** Smallest time from leaving to acknowledgement; UNKNOWN before the first. */
int64_t proto_line_trip_ms(const struct proto_line *line);
/** A packet was sent again of late: then a frame that is late may be no more than that. */
bool proto_line_loses(const struct proto_line *line, int64_t now_ms);
/** How much longer than that the oldest frame on its way has been out; 0 when none is, or none was ever heard of. What
 * acknowledgements wait for on their way back (a download fills that queue) is not counted. */
int64_t proto_line_overdue_ms(const struct proto_line *line, int64_t now_ms);

#endif
