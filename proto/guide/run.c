/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/guide/run.h"

#include <stdio.h>
#include <string.h>

/* ---- names ---- */

static const char *name_of(const char *const *names, size_t count, unsigned number)
{
    return number < count ? names[number] : "";
}
#define NAME_OF(names, number) name_of(names, sizeof(names) / sizeof *(names), (unsigned)(number))

const char *proto_guide_outcome_name(enum proto_guide_outcome outcome)
{
    static const char *const names[] = {"open", "done", "skipped", "did-not-work", "not-needed"};

    return NAME_OF(names, outcome);
}

const char *proto_guide_by_name(enum proto_guide_by by)
{
    static const char *const names[] = {"", "itself", "customer", "agent"};

    return NAME_OF(names, by);
}

const char *proto_guide_end_name(enum proto_guide_end end)
{
    static const char *const names[] = {"", "solved", "not-solved", "closed"};

    return NAME_OF(names, end);
}

static const char *const acts[] = {"", "done", "skip", "back", "did-not-work", "close"};

const char *proto_guide_act_name(enum proto_guide_act act)
{
    return NAME_OF(acts, act);
}

enum proto_guide_act proto_guide_act_from_name(const char *name)
{
    for (unsigned i = 1; i < sizeof acts / sizeof *acts; i++)
        if (!strcmp(name, acts[i]))
            return (enum proto_guide_act)i;
    return 0;
}

/* ---- the list ---- */

void proto_guide_run_start(struct proto_guide_run *run, const struct proto_guide *guide, const char *subject,
                           int64_t mono_ms)
{
    memset(run, 0, sizeof *run);
    run->guide = guide;
    snprintf(run->subject, sizeof run->subject, "%.*s", (int)sizeof run->subject - 1, subject);
    run->started_ms = mono_ms;
    run->fixed_by = guide->step_count;
    run->again_ms = mono_ms;
}

static bool is(struct proto_guide_run *run, uint16_t node, const struct proto_guide_facts *facts, int64_t mono_ms)
{
    return proto_guide_is(run->guide, node, run->subject, facts, &run->hold, mono_ms, &run->again_ms);
}

static void set(struct proto_guide_run *run, size_t step, enum proto_guide_outcome outcome, enum proto_guide_by by,
                int64_t mono_ms)
{
    struct proto_guide_took *took = &run->steps[step];

    took->outcome = outcome;
    took->by = by;
    took->ended_ms = mono_ms;
}

/* The current step has ended: on to the one that its branch names, and past those in between. */
static void go_on(struct proto_guide_run *run, int64_t mono_ms)
{
    const struct proto_guide_step *step = &run->guide->steps[run->current];
    enum proto_guide_outcome outcome = run->steps[run->current].outcome;
    size_t to = outcome == PROTO_GUIDE_DONE     ? step->on_done
                : outcome == PROTO_GUIDE_FAILED ? step->on_failed
                                                : step->on_skipped;

    if (to <= run->current)
        to = run->current + 1;
    for (size_t i = run->current + 1; i < to; i++)
        set(run, i, PROTO_GUIDE_NOT_NEEDED, PROTO_GUIDE_NOBODY, mono_ms);
    run->current = to;
}

static void finish(struct proto_guide_run *run, enum proto_guide_end end, int64_t mono_ms)
{
    if (end == PROTO_GUIDE_SOLVED)
        for (size_t i = 0; i < run->guide->step_count; i++)
            if (run->steps[i].outcome == PROTO_GUIDE_OPEN)
                set(run, i, PROTO_GUIDE_NOT_NEEDED, PROTO_GUIDE_NOBODY, mono_ms);
    run->end = end;
    run->ended_ms = mono_ms;
    run->current = run->guide->step_count;
}

static size_t last_done(const struct proto_guide_run *run)
{
    size_t found = run->guide->step_count;

    for (size_t i = 0; i < run->guide->step_count; i++)
        if (run->steps[i].outcome == PROTO_GUIDE_DONE)
            found = i;
    return found;
}

/* The fault was there and is gone: what was on has done it, or what was done last. */
static void solved(struct proto_guide_run *run, int64_t mono_ms)
{
    /* A step that has only just come up did nothing yet. */
    const struct proto_guide_took *on = run->current < run->guide->step_count ? &run->steps[run->current] : NULL;

    if (on && on->shown_ms && on->shown_ms < mono_ms) {
        run->fixed_by = run->current;
        set(run, run->current, PROTO_GUIDE_DONE, PROTO_GUIDE_ITSELF, mono_ms);
    } else {
        run->fixed_by = last_done(run);
    }
    finish(run, PROTO_GUIDE_SOLVED, mono_ms);
}

/* One step further; false when the list stays as it is. */
static bool advance(struct proto_guide_run *run, const struct proto_guide_facts *facts, int64_t mono_ms)
{
    const struct proto_guide_step *step = &run->guide->steps[run->current];
    struct proto_guide_took *took = &run->steps[run->current];
    bool done;

    if (!took->shown_ms) {
        if (step->show_when && !is(run, step->show_when, facts, mono_ms)) {
            set(run, run->current++, PROTO_GUIDE_NOT_NEEDED, PROTO_GUIDE_NOBODY, mono_ms);
            return true;
        }
        took->shown_ms = mono_ms;
    }
    done = step->done_when && is(run, step->done_when, facts, mono_ms);
    took->by_hand = took->by_hand && done;
    if (!done || took->by_hand)
        return false;
    set(run, run->current, PROTO_GUIDE_DONE, PROTO_GUIDE_ITSELF, mono_ms);
    go_on(run, mono_ms);
    return true;
}

static bool all_done(const struct proto_guide_run *run)
{
    bool some = false;

    for (size_t i = 0; i < run->guide->step_count; i++) {
        if (run->steps[i].outcome == PROTO_GUIDE_FAILED || run->steps[i].outcome == PROTO_GUIDE_SKIPPED)
            return false;
        some |= run->steps[i].outcome == PROTO_GUIDE_DONE;
    }
    return some;
}

/* Behind the last step. */
static bool settle(struct proto_guide_run *run, int64_t mono_ms)
{
    int64_t last = run->started_ms;

    if (!run->guide->solved_when) {
        run->fixed_by = all_done(run) ? last_done(run) : run->guide->step_count;
        finish(run, all_done(run) ? PROTO_GUIDE_SOLVED : PROTO_GUIDE_UNSOLVED, mono_ms);
        return true;
    }
    for (size_t i = 0; i < run->guide->step_count; i++)
        last = run->steps[i].ended_ms > last ? run->steps[i].ended_ms : last;
    if (mono_ms < last + PROTO_GUIDE_SETTLE_MS) {
        run->again_ms = proto_earlier(run->again_ms, last + PROTO_GUIDE_SETTLE_MS);
        return false;
    }
    finish(run, PROTO_GUIDE_UNSOLVED, mono_ms);
    return true;
}

bool proto_guide_run_tick(struct proto_guide_run *run, const struct proto_guide_facts *facts, int64_t mono_ms)
{
    bool changed = false, right = false;

    if (run->end)
        return false;
    run->again_ms = PROTO_NEVER;
    if (run->guide->solved_when) {
        right = is(run, run->guide->solved_when, facts, mono_ms);
        run->was_wrong = run->was_wrong || !right;
        right = right && run->was_wrong;
    }
    /* The one that mended it has its own tick, and those behind it, which wait for the same, have none. */
    while (run->current < run->guide->step_count && advance(run, facts, mono_ms)) {
        changed = true;
        if (right && last_done(run) < run->guide->step_count)
            break;
    }
    if (right) {
        solved(run, mono_ms);
        return true;
    }
    if (run->current >= run->guide->step_count)
        changed = settle(run, mono_ms) || changed;
    return changed;
}

/* Back to the step before that was shown; it and what is behind it are open again. */
static enum proto_err go_back(struct proto_guide_run *run)
{
    size_t to = run->current;

    while (to > 0 && run->steps[to - 1].outcome == PROTO_GUIDE_NOT_NEEDED)
        to--;
    if (to == 0)
        return PROTO_ERR_STATE;
    to--;
    for (size_t i = to; i < run->guide->step_count; i++)
        run->steps[i] = (struct proto_guide_took){.outcome = PROTO_GUIDE_OPEN};
    run->steps[to].by_hand = true;
    run->current = to;
    return PROTO_OK;
}

enum proto_err proto_guide_run_act(struct proto_guide_run *run, size_t step, enum proto_guide_act act,
                                   enum proto_guide_by by, int64_t mono_ms)
{
    static const enum proto_guide_outcome ends_as[] = {[PROTO_GUIDE_ACT_DONE] = PROTO_GUIDE_DONE,
                                                       [PROTO_GUIDE_ACT_SKIP] = PROTO_GUIDE_SKIPPED,
                                                       [PROTO_GUIDE_ACT_FAILED] = PROTO_GUIDE_FAILED};

    if (act < PROTO_GUIDE_ACT_DONE || act > PROTO_GUIDE_ACT_CLOSE)
        return PROTO_ERR_RANGE;
    if (run->end)
        return PROTO_ERR_STATE;
    run->again_ms = mono_ms; /* look again at once */
    if (act == PROTO_GUIDE_ACT_CLOSE) {
        finish(run, PROTO_GUIDE_CLOSED, mono_ms);
        return PROTO_OK;
    }
    if (step != run->current)
        return PROTO_ERR_STATE;
    if (act == PROTO_GUIDE_ACT_BACK)
        return go_back(run);
    if (run->current >= run->guide->step_count)
        return PROTO_ERR_STATE;
    set(run, run->current, ends_as[act], by, mono_ms);
    go_on(run, mono_ms);
    return PROTO_OK;
}

int64_t proto_guide_run_deadline(const struct proto_guide_run *run)
{
    return run->guide && !run->end ? run->again_ms : PROTO_NEVER;
}
