/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/media/playout.h"

#include <string.h>

enum {
    DRY_MAX = 10,         /* packets concealed before it is silence: Opus has faded by then */
    DRY_ANEW = 50,        /* so many later it begins anew, with as much held back as the line asks for */
    GIVE_BACK_EVERY = 15, /* packets between two that are left out: 0.3 s */
    SLACK_MS = 40,
    MARGIN_MS = 10,
    TWICE_MAX_MS = 240,
};
#define NONE INT64_MAX

static void new_span(struct proto_playout *p, int64_t now_ms)
{
    for (int i = PROTO_PLAYOUT_SPANS - 1; i > 0; i--) {
        p->base_ms[i] = p->base_ms[i - 1];
        p->late_ms[i] = p->late_ms[i - 1];
    }
    p->base_ms[0] = NONE;
    p->late_ms[0] = 0;
    p->span_ms = now_ms;
}

void proto_playout_init(struct proto_playout *p)
{
    *p = (struct proto_playout){0};
    for (int i = 0; i < PROTO_PLAYOUT_SPANS; i++)
        new_span(p, 0);
}

static int64_t base_of(const struct proto_playout *p)
{
    int64_t least = NONE;

    for (int i = 0; i < PROTO_PLAYOUT_SPANS; i++)
        if (p->base_ms[i] < least)
            least = p->base_ms[i];
    return least;
}

/*
 * A packet that is lost twice is late twice as much: half more than the worst is held back, and what is missing then is
 * bridged. Up to a bound, for who talks waits for it.
 */
static int64_t with_half_more(int64_t late_ms)
{
    int64_t more = late_ms * 3 / 2 < TWICE_MAX_MS ? late_ms * 3 / 2 : TWICE_MAX_MS;

    return late_ms > more ? late_ms : more;
}

int64_t proto_playout_target_ms(const struct proto_playout *p)
{
    int64_t worst = PROTO_PLAYOUT_MIN_MS;

    for (int i = 0; i < PROTO_PLAYOUT_SPANS; i++)
        if (with_half_more(p->late_ms[i]) + MARGIN_MS > worst)
            worst = with_half_more(p->late_ms[i]) + MARGIN_MS;
    if (p->played < PROTO_PLAYOUT_SPANS * PROTO_PLAYOUT_SPAN_MS / PROTO_PLAYOUT_PACKET_MS &&
        worst < PROTO_PLAYOUT_START_MS)
        worst = PROTO_PLAYOUT_START_MS;
    return worst > PROTO_PLAYOUT_MAX_MS ? PROTO_PLAYOUT_MAX_MS : worst;
}

int64_t proto_playout_depth_ms(const struct proto_playout *p)
{
    if (!p->heard || (int32_t)(p->newest - p->next) < 0)
        return 0;
    return (int64_t)(p->newest - p->next + 1) * PROTO_PLAYOUT_PACKET_MS;
}

static void measure(struct proto_playout *p, uint32_t ts_ms, int64_t now_ms)
{
    int64_t transit = (int32_t)((uint32_t)now_ms - ts_ms); /* with an unknown offset that cancels out */

    if (now_ms >= p->span_ms + PROTO_PLAYOUT_SPAN_MS)
        new_span(p, now_ms);
    if (transit < p->base_ms[0])
        p->base_ms[0] = transit;
    if (transit - base_of(p) > p->late_ms[0])
        p->late_ms[0] = transit - base_of(p);
}

void proto_playout_put(struct proto_playout *p, uint32_t obj, uint32_t ts_ms, const uint8_t *bytes, size_t len,
                       int64_t now_ms)
{
    struct proto_playout_slot *slot = &p->slot[obj % PROTO_PLAYOUT_SLOTS];

    if (len > PROTO_PLAYOUT_PACKET_MAX)
        return;
    measure(p, ts_ms, now_ms);
    if (p->heard && (int32_t)(obj - p->next) < 0) {
        p->late++;
        return;
    }
    if (!p->heard || (int32_t)(obj - p->next) >= PROTO_PLAYOUT_SLOTS) { /* the first, or far ahead: begin anew there */
        for (unsigned i = 0; i < PROTO_PLAYOUT_SLOTS; i++)
            p->slot[i].filled = false;
        p->next = p->newest = obj;
        p->heard = true;
        p->running = false;
        p->began_ms = now_ms;
    }
    if ((int32_t)(obj - p->newest) > 0)
        p->newest = obj;
    slot->filled = true;
    slot->obj = obj;
    slot->len = (uint16_t)len;
    memcpy(slot->bytes, bytes, len);
}

static enum proto_playout_step conceal(struct proto_playout *p)
{
    p->concealed++;
    if (++p->gap > p->gap_max)
        p->gap_max = p->gap;
    return PROTO_PLAYOUT_CONCEAL;
}

/*
 * Nothing is there: time is made, for what comes next comes late. It is played as soon as it is there: waiting for more
 * would only lengthen the silence, and what is held back has grown by the silence already.
 */
static enum proto_playout_step run_dry(struct proto_playout *p, int64_t now_ms)
{
    if (++p->dry <= DRY_MAX)
        return conceal(p);
    if (p->dry >= DRY_ANEW) {
        p->running = false;
        p->began_ms = now_ms;
    }
    return PROTO_PLAYOUT_SILENCE;
}

enum proto_playout_step proto_playout_take(struct proto_playout *p, const uint8_t **bytes, size_t *len, int64_t now_ms)
{
    *bytes = NULL;
    *len = 0;
    if (!p->heard)
        return PROTO_PLAYOUT_SILENCE;
    if (!p->running && (!proto_playout_depth_ms(p) || proto_playout_depth_ms(p) < proto_playout_target_ms(p)))
        return PROTO_PLAYOUT_SILENCE;
    p->running = true;
    if (!proto_playout_depth_ms(p))
        return run_dry(p, now_ms);
    p->dry = 0;
    if (p->patience)
        p->patience--;
    else if (proto_playout_depth_ms(p) > proto_playout_target_ms(p) + SLACK_MS) {
        p->slot[p->next++ % PROTO_PLAYOUT_SLOTS].filled = false;
        p->skipped++;
        p->patience = proto_playout_depth_ms(p) > PROTO_PLAYOUT_MAX_MS ? 0 : GIVE_BACK_EVERY;
    }
    struct proto_playout_slot *slot = &p->slot[p->next % PROTO_PLAYOUT_SLOTS];
    bool there = slot->filled && slot->obj == p->next;
    p->next++;
    slot->filled = false;
    if (!there)
        return conceal(p);
    p->gap = 0;
    p->played++;
    *bytes = slot->bytes;
    *len = slot->len;
    return PROTO_PLAYOUT_PLAY;
}
