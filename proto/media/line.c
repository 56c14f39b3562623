/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/media/line.h"

#include <stddef.h>

#define NONE INT64_MAX

static void new_base(struct proto_line *line, int64_t now_ms)
{
    for (int i = PROTO_LINE_BASES - 1; i > 0; i--)
        line->base[i] = line->base[i - 1];
    line->base[0].delay_ms = line->base[0].trip_ms = line->base[0].back_ms = NONE;
    line->base_ms = now_ms;
}

void proto_line_init(struct proto_line *line, int64_t now_ms)
{
    *line = (struct proto_line){.resent_ms = now_ms - PROTO_LINE_LOSES_MS};
    for (int i = 0; i < PROTO_LINE_BASES; i++)
        new_base(line, now_ms);
}

static void drop_first(struct proto_line *line)
{
    line->bytes -= line->frame[line->first].bytes;
    line->first = (line->first + 1) % PROTO_LINE_FRAMES;
    line->count--;
}

void proto_line_sent(struct proto_line *line, uint32_t obj, uint32_t bytes, int64_t now_ms)
{
    if (line->count == PROTO_LINE_FRAMES)
        drop_first(line);
    line->frame[(line->first + line->count++) % PROTO_LINE_FRAMES] = (struct proto_line_frame){obj, bytes, now_ms};
    line->bytes += bytes;
}

static int fastest(const struct proto_line *line)
{
    int least = 0;

    for (int i = 1; i < PROTO_LINE_BASES; i++)
        if (line->base[i].delay_ms < line->base[least].delay_ms)
            least = i;
    return least;
}

static int64_t base_delay(const struct proto_line *line)
{
    return line->base[fastest(line)].delay_ms;
}

static const struct proto_line_arrival *newest(const struct proto_line *line, uint64_t back)
{
    uint64_t kept = line->arrivals < PROTO_LINE_ARRIVALS ? line->arrivals : PROTO_LINE_ARRIVALS;

    return back < kept ? &line->arrival[(line->arrivals - 1 - back) % PROTO_LINE_ARRIVALS] : NULL;
}

/*
 * What a packet sent again held up is followed at once by what was sent behind it. Behind a frame that is late because
 * the line carries less now comes nothing at once: such a line must not be borne with as one that loses packets.
 */
static void look_for_loss(struct proto_line *line, int64_t late_ms, int64_t now_ms)
{
    const struct proto_line_arrival *last = newest(line, 0), *before = newest(line, 1);
    int64_t arrived_apart = before ? last->at_ms - before->at_ms : 0;
    int64_t sent_apart = before ? arrived_apart - (last->delay_ms - before->delay_ms) : 0;

    if (line->held && arrived_apart * 2 < sent_apart)
        line->resent_ms = now_ms;
    line->held = late_ms > PROTO_LINE_RESENT_MS && late_ms * 10 > proto_line_trip_ms(line) * 9;
}

static void arrived(struct proto_line *line, const struct proto_line_frame *frame, uint32_t arrival_ms, int64_t now_ms)
{
    uint32_t apart = arrival_ms - (uint32_t)frame->at_ms;

    if (!line->arrivals)
        line->zero = apart;
    int64_t delay = (int32_t)(apart - line->zero), trip = now_ms - frame->at_ms;
    line->arrival[line->arrivals++ % PROTO_LINE_ARRIVALS] =
        (struct proto_line_arrival){frame->at_ms + delay, delay, trip - delay, frame->bytes};
    if (now_ms >= line->base_ms + PROTO_LINE_BASE_MS)
        new_base(line, now_ms);
    if (delay < line->base[0].delay_ms) {
        line->base[0].delay_ms = delay;
        line->base[0].bytes = frame->bytes;
    }
    if (trip < line->base[0].trip_ms)
        line->base[0].trip_ms = trip;
    if (trip - delay < line->base[0].back_ms)
        line->base[0].back_ms = trip - delay;
    line->heard_ms = now_ms;
    int64_t standing = proto_line_standing_ms(line, PROTO_LINE_WINDOW_MAX_MS);
    int64_t late = standing == PROTO_LINE_UNKNOWN ? 0 : delay - base_delay(line) - standing;
    line->spike_ms -= line->spike_ms / 128;
    if (late > line->spike_ms)
        line->spike_ms = late;
    look_for_loss(line, late, now_ms);
}

bool proto_line_acked(struct proto_line *line, uint32_t obj, uint32_t arrival_ms, int64_t now_ms)
{
    while (line->count && line->frame[line->first].obj < obj) {
        drop_first(line);
        line->lost++;
    }
    if (!line->count || line->frame[line->first].obj != obj)
        return false;
    struct proto_line_frame frame = line->frame[line->first];
    drop_first(line);
    arrived(line, &frame, arrival_ms, now_ms);
    return true;
}

int64_t proto_line_trip_ms(const struct proto_line *line)
{
    int64_t least = NONE;

    for (int i = 0; i < PROTO_LINE_BASES; i++)
        if (line->base[i].trip_ms < least)
            least = line->base[i].trip_ms;
    return least == NONE ? PROTO_LINE_UNKNOWN : least;
}

int64_t proto_line_standing_ms(const struct proto_line *line, int64_t window_ms)
{
    enum { ENOUGH = 3 };
    const struct proto_line_arrival *last = newest(line, 0), *a;
    int64_t least = NONE;
    uint64_t n = 0;

    for (; (a = newest(line, n)) != NULL && a->at_ms > last->at_ms - window_ms; n++)
        if (a->delay_ms < least)
            least = a->delay_ms;
    return n < ENOUGH ? PROTO_LINE_UNKNOWN : least - base_delay(line);
}

int64_t proto_line_window_ms(const struct proto_line *line)
{
    int64_t window = PROTO_LINE_WINDOW_MIN_MS / 2 + 2 * line->spike_ms;

    return window < PROTO_LINE_WINDOW_MIN_MS   ? PROTO_LINE_WINDOW_MIN_MS
           : window > PROTO_LINE_WINDOW_MAX_MS ? PROTO_LINE_WINDOW_MAX_MS
                                               : window;
}

int64_t proto_line_delivered_bps(const struct proto_line *line, int64_t window_ms)
{
    const struct proto_line_arrival *last = newest(line, 0), *a;
    int64_t bytes = 0;

    for (uint64_t n = 0; (a = newest(line, n)) != NULL && a->at_ms > last->at_ms - window_ms; n++)
        bytes += a->bytes;
    return last ? bytes * 8000 / window_ms : PROTO_LINE_UNKNOWN;
}

int64_t proto_line_passes_bps(const struct proto_line *line)
{
    const struct proto_line_arrival *last = newest(line, 0), *a;
    int64_t least = base_delay(line), bytes = 0, took = 1;
    uint32_t own = line->base[fastest(line)].bytes;

    for (uint64_t n = 0; (a = newest(line, n)) != NULL && a->at_ms > last->at_ms - PROTO_LINE_PASSES_MS; n++) {
        if (a->bytes <= own)
            continue;
        bytes += a->bytes - own;
        took += a->delay_ms - least;
    }
    return bytes < PROTO_LINE_PASSES_BYTES ? PROTO_LINE_UNKNOWN : bytes * 8000 / took;
}

bool proto_line_loses(const struct proto_line *line, int64_t now_ms)
{
    return now_ms < line->resent_ms + PROTO_LINE_LOSES_MS;
}

/* How much longer acknowledgements take now than they need. */
static int64_t waits_back_ms(const struct proto_line *line)
{
    const struct proto_line_arrival *a;
    int64_t base = NONE, now = NONE;

    for (int i = 0; i < PROTO_LINE_BASES; i++)
        if (line->base[i].back_ms < base)
            base = line->base[i].back_ms;
    for (uint64_t n = 0; n < PROTO_LINE_BACK && (a = newest(line, n)) != NULL; n++)
        if (a->back_ms < now)
            now = a->back_ms;
    return now == NONE || now < base ? 0 : now - base;
}

int64_t proto_line_overdue_ms(const struct proto_line *line, int64_t now_ms)
{
    int64_t trip = proto_line_trip_ms(line);

    if (!line->count)
        return 0;
    int64_t out = now_ms - line->frame[line->first].at_ms -
                  (trip == PROTO_LINE_UNKNOWN ? PROTO_LINE_PATIENCE_MS : trip) - waits_back_ms(line);
    return out > 0 ? out : 0;
}
