/* SPDX-License-Identifier: Apache-2.0 */
/* Is what was aimed for reached? */
#include "tests/bench/line_verdict.h"

#define NOISE_MAX_MS 2.0
#define OTHERS_MAX 15.0 /* percent of a core */
#define CONCEALED_MAX 0.02
#define CUBIC_P50_MAX 1.3 /* times the companion's, under the same congestion control */
#define CUBIC_P95_MAX 1.5

enum { NEED_NO_MORE = 90 /* percent of the seconds */, QUEUE_MAX_MS = 40, BACK_MAX_S = 2, BAD_MAX_S = 2 };

bool line_is_noisy(const struct line_figures *f)
{
    return f->noise_ms > NOISE_MAX_MS || f->others_percent > OTHERS_MAX;
}

static bool is_over(double is, double goal)
{
    return goal > 0 && is > goal;
}

static bool is_late(double is, double goal)
{
    return goal > 0 && (is < 0 || is > goal);
}

/* A line that the pictures do not need says nothing about who uses it (RFC 8298: application-limited); L is for that.
 */
static bool uses_line(const struct line_goal *goal, const struct line_figures *f)
{
    bool needs = f->limit[LINE_LIMIT_PICTURES] < NEED_NO_MORE;

    return goal->use <= 0 || ((f->use >= goal->use || !needs) && f->queue_p50 <= QUEUE_MAX_MS);
}

/* The page, as it was asked for: beside the companion in the same run, or no worse than this. */
static const char *page_verdict(const struct line_scenario *s, const struct line_figures *f,
                                const struct line_figures *cubic)
{
    if (s->page == LINE_PAGE_STAYS_LIVE)
        return f->bad_s <= BAD_MAX_S ? "reached" : "MISSED: over 500 ms for too long";
    if (s->page != LINE_PAGE_BESIDE_CUBIC || !cubic->ok)
        return "nothing is asked";
    if (f->p50 > cubic->p50 * CUBIC_P50_MAX || f->p95 > cubic->p95 * CUBIC_P95_MAX)
        return "MISSED: beside cubic";
    return uses_line(&s->goal, f) ? "reached" : "MISSED: use of the line";
}

static const char *companion_verdict(const struct line_scenario *s, const struct line_figures *f)
{
    const struct line_goal *g = &s->goal;

    if (is_over(f->p50, g->p50) || is_over(f->p95, g->p95) || is_over(f->p99, g->p99) || is_over(f->gap_ms, g->gap_ms))
        return "MISSED: late";
    if (f->fps < g->fps || f->kbps < g->kbps || f->width < g->width)
        return "MISSED: too little";
    if (g->voice_gap_ms ? f->voice_gap_ms > g->voice_gap_ms : f->voice_concealed > CONCEALED_MAX)
        return "MISSED: voice";
    if (is_late(f->full_s, g->full_s) || is_late(f->again_s, g->again_s))
        return "MISSED: full size";
    if (!uses_line(g, f))
        return "MISSED: use of the line";
    if (g->fair > 0 && f->fair < g->fair)
        return "MISSED: fair shares";
    if (is_over(f->cpu_percent, g->cpu_percent))
        return "MISSED: of a core";
    return "reached";
}

const char *line_verdict(const struct line_scenario *s, enum line_sender sender, const struct line_figures *f,
                         const struct line_figures *cubic)
{
    if (sender == LINE_BARE)
        return "for the ratio";
    if (!f->ok)
        return "NOTHING";
    if (line_is_noisy(f))
        return "noisy";
    if (f->back_s >= 0)
        return f->back_s <= BACK_MAX_S ? "reached" : "MISSED: back";
    if (sender == LINE_PAGE)
        return page_verdict(s, f, cubic);
    return sender == LINE_COMPANION ? companion_verdict(s, f) : "for the page";
}
