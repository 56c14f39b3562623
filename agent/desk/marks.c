/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/marks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/desk/view.h"

static const struct {
    const char *shape, *label;
} tools[AGENT_MARK_TOOLS] = {
    [AGENT_MARK_POINTER] = {"", N_("Pointer")},        [AGENT_MARK_ARROW] = {"arrow", N_("Arrow")},
    [AGENT_MARK_LINE] = {"line", N_("Pen")},           [AGENT_MARK_CIRCLE] = {"circle", N_("Circle")},
    [AGENT_MARK_RECTANGLE] = {"rectangle", N_("Box")}, [AGENT_MARK_TEXT] = {"text", N_("Text")},
    [AGENT_MARK_NUMBER] = {"number", N_("Number")},    [AGENT_MARK_HIGHLIGHT] = {"highlight", N_("Highlighter")},
};

static const struct agent_mark_colour colours[AGENT_MARK_COLOURS] = {
    {N_("Yellow"), 0xff, 0xd6, 0x0a}, {N_("Red"), 0xff, 0x45, 0x3a},   {N_("Green"), 0x30, 0xd1, 0x58},
    {N_("Blue"), 0x40, 0x9c, 0xff},   {N_("White"), 0xff, 0xff, 0xff},
};

const char *agent_mark_shape(enum agent_mark_tool tool)
{
    return tools[tool].shape;
}

const char *agent_mark_label(enum agent_mark_tool tool)
{
    return tools[tool].label;
}

enum agent_mark_tool agent_mark_tool_of(const char *shape)
{
    for (size_t i = AGENT_MARK_ARROW; i < AGENT_MARK_TOOLS; i++)
        if (!strcmp(shape, tools[i].shape))
            return (enum agent_mark_tool)i;
    return AGENT_MARK_LINE;
}

const struct agent_mark_colour *agent_mark_colour(uint32_t index)
{
    return &colours[index % AGENT_MARK_COLOURS];
}

void agent_marks_init(struct agent_marks *m)
{
    memset(m, 0, sizeof *m);
}

void agent_marks_clear(struct agent_marks *m)
{
    free(m->items);
    memset(m, 0, sizeof *m);
}

static void remove_at(struct agent_marks *m, size_t index)
{
    m->count--;
    memmove(&m->items[index], &m->items[index + 1], (m->count - index) * sizeof *m->items);
}

static struct agent_mark *append(struct agent_marks *m)
{
    if (!m->items)
        m->items = calloc(AGENT_MARKS_MAX, sizeof *m->items);
    if (!m->items)
        return NULL;
    if (m->count == AGENT_MARKS_MAX)
        remove_at(m, 0);
    m->version++;
    return &m->items[m->count++];
}

/* A new mark ends what could be brought back. */
static void forget_undone(struct agent_marks *m)
{
    for (size_t i = m->count; i-- > 0;)
        if (m->items[i].mine && !m->items[i].shown)
            remove_at(m, i);
    m->undone = 0;
}

const struct agent_mark *agent_marks_add(struct agent_marks *m, const struct agent_mark *mark)
{
    struct agent_mark *at;

    forget_undone(m);
    at = append(m);
    if (!at)
        return NULL;
    *at = *mark;
    at->id = 0;
    at->mine = at->shown = true;
    return at;
}

void agent_marks_sent(struct agent_marks *m, uint32_t id)
{
    for (size_t i = 0; i < m->count; i++) {
        if (!m->items[i].mine || !m->items[i].shown || m->items[i].id)
            continue;
        if (id)
            m->items[i].id = id;
        else
            remove_at(m, i);
        m->version++;
        return;
    }
}

void agent_marks_theirs(struct agent_marks *m, const handhold_Mark *mark)
{
    struct agent_mark *at = NULL;

    for (size_t i = 0; i < m->count && !at; i++)
        if (!m->items[i].mine && m->items[i].id == mark->id)
            at = &m->items[i];
    if (!at)
        at = append(m);
    if (!at)
        return;
    m->version++;
    memset(at, 0, sizeof *at);
    at->id = mark->id;
    at->tool = agent_mark_tool_of(mark->shape);
    at->ts_ms = mark->ts_ms;
    at->shown = true;
    at->colour = mark->colour < AGENT_MARK_COLOURS ? mark->colour : 0;
    at->pairs = mark->points_count / 2;
    for (size_t i = 0; i < 2 * at->pairs; i++)
        at->points[i] = isfinite(mark->points[i]) ? fminf(fmaxf(mark->points[i], 0), 1) : 0;
    snprintf(at->text, sizeof at->text, "%s", mark->text);
}

void agent_marks_their_clear(struct agent_marks *m, uint32_t id)
{
    for (size_t i = m->count; i-- > 0;)
        if (!m->items[i].mine && (id == 0 || m->items[i].id == id))
            remove_at(m, i);
    m->version++;
}

bool agent_marks_can_undo(const struct agent_marks *m)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->items[i].mine && m->items[i].shown && m->items[i].id)
            return true;
    return false;
}

bool agent_marks_can_redo(const struct agent_marks *m)
{
    return m->undone > 0;
}

uint32_t agent_marks_undo(struct agent_marks *m)
{
    for (size_t i = m->count; i-- > 0;) {
        struct agent_mark *at = &m->items[i];
        uint32_t id = at->id;

        if (!at->mine || !at->shown || !id)
            continue;
        at->shown = false;
        at->id = 0;
        m->undone++;
        m->version++;
        return id;
    }
    return 0;
}

const struct agent_mark *agent_marks_redo(struct agent_marks *m)
{
    for (size_t i = 0; i < m->count; i++) {
        struct agent_mark *at = &m->items[i];

        if (!at->mine || at->shown)
            continue;
        at->shown = true;
        m->undone--;
        m->version++;
        return at;
    }
    return NULL;
}

void agent_marks_wipe(struct agent_marks *m)
{
    m->count = m->undone = 0;
    m->version++;
}

uint32_t agent_marks_next_number(const struct agent_marks *m)
{
    uint32_t shown = 0;

    for (size_t i = 0; i < m->count; i++)
        shown += m->items[i].mine && m->items[i].shown && m->items[i].tool == AGENT_MARK_NUMBER;
    return shown + 1;
}

/* ---- freehand ---- */

static float distance(const float *p, const float *a, const float *b)
{
    float dx = b[0] - a[0], dy = b[1] - a[1], len = hypotf(dx, dy);

    if (len == 0)
        return hypotf(p[0] - a[0], p[1] - a[1]);
    return fabsf(dx * (a[1] - p[1]) - (a[0] - p[0]) * dy) / len;
}

/* Marks the points that stay between `first` and `last`; a stack of its own, because a stroke can be long. */
static void keep_corners(const float *points, bool *keep, size_t first, size_t last, float tolerance)
{
    struct span {
        size_t first, last;
    } stack[64]; /* the smaller part waits: 64 halvings are more than memory has */
    size_t depth = 0;

    for (;;) {
        float worst = tolerance;
        size_t at = 0;

        for (size_t i = first + 1; i < last; i++) {
            float d = distance(&points[2 * i], &points[2 * first], &points[2 * last]);

            if (d > worst) {
                worst = d;
                at = i;
            }
        }
        if (at && depth < 64) {
            keep[at] = true;
            stack[depth++] = at - first < last - at ? (struct span){first, at} : (struct span){at, last};
            if (at - first < last - at)
                first = at;
            else
                last = at;
            continue;
        }
        if (depth == 0)
            return;
        depth--;
        first = stack[depth].first;
        last = stack[depth].last;
    }
}

static size_t thin(float *points, size_t pairs, float tolerance)
{
    bool *keep = calloc(pairs, sizeof *keep);
    size_t left = 0;

    if (!keep)
        return pairs;
    keep[0] = keep[pairs - 1] = true;
    keep_corners(points, keep, 0, pairs - 1, tolerance);
    for (size_t i = 0; i < pairs; i++) {
        if (!keep[i])
            continue;
        points[2 * left] = points[2 * i];
        points[2 * left + 1] = points[2 * i + 1];
        left++;
    }
    free(keep);
    return left;
}

size_t agent_mark_simplify(float *points, size_t pairs, float tolerance, size_t max)
{
    if (pairs < 3)
        return pairs;
    pairs = thin(points, pairs, tolerance);
    for (int i = 0; pairs > max && i < 32; i++)
        pairs = thin(points, pairs, tolerance *= 1.5f);
    return pairs < max ? pairs : max;
}
