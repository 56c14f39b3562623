/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/media/even.h"

enum { PART = 4, KEEP = 2 };
#define NONE INT64_MAX

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void new_span(struct proto_even *e, int64_t now_ms)
{
    for (int i = PROTO_EVEN_SPANS - 1; i > 0; i--) {
        e->base_ms[i] = e->base_ms[i - 1];
        e->late_ms[i] = e->late_ms[i - 1];
    }
    e->base_ms[0] = NONE;
    e->late_ms[0] = 0;
    e->span_ms = now_ms;
}

void proto_even_init(struct proto_even *e)
{
    *e = (struct proto_even){.due_ms = INT64_MIN};
    for (int i = 0; i < PROTO_EVEN_SPANS; i++)
        new_span(e, 0);
}

static int64_t base_of(const struct proto_even *e)
{
    int64_t base = NONE;

    for (int i = 0; i < PROTO_EVEN_SPANS; i++)
        base = least(base, e->base_ms[i]);
    return base;
}

int64_t proto_even_hold_ms(const struct proto_even *e)
{
    int64_t worst = 0;

    for (int i = 0; i < PROTO_EVEN_SPANS; i++)
        if (e->late_ms[i] > worst)
            worst = e->late_ms[i];
    return least(worst / PART, PROTO_EVEN_MAX_MS);
}

/* How much longer the newest is kept: nothing where the next cannot be expected by then. */
static int64_t keep_ms(const struct proto_even *e, int64_t captured_ms)
{
    int64_t hold = proto_even_hold_ms(e), apart = captured_ms - e->captured_ms;

    return apart > 0 && apart <= hold ? least(KEEP * hold, PROTO_EVEN_ALONE_MAX_MS) : 0;
}

int64_t proto_even_due_ms(struct proto_even *e, int64_t captured_ms, int64_t now_ms)
{
    int64_t transit = now_ms - captured_ms;

    if (now_ms >= e->span_ms + PROTO_EVEN_SPAN_MS)
        new_span(e, now_ms);
    if (transit < e->base_ms[0])
        e->base_ms[0] = transit;
    int64_t base = base_of(e), due = captured_ms + base + proto_even_hold_ms(e);
    int64_t alone = due + keep_ms(e, captured_ms);
    if (transit - base > e->late_ms[0])
        e->late_ms[0] = transit - base;
    if (due < e->due_ms)
        due = e->due_ms;                          /* what is held back less than the one before waits for it */
    due = least(due, now_ms + PROTO_EVEN_MAX_MS); /* whatever a stranger says of its clock */
    e->captured_ms = captured_ms;
    e->due_ms = due < now_ms ? now_ms : due;
    alone = least(alone, now_ms + PROTO_EVEN_MAX_MS + PROTO_EVEN_ALONE_MAX_MS);
    e->alone_ms = alone < e->due_ms ? e->due_ms : alone;
    return e->due_ms;
}

int64_t proto_even_alone_ms(const struct proto_even *e)
{
    return e->alone_ms;
}
