/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/guide_view.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

const char *agent_guide_view_reason(const struct agent_desk_proposal *p)
{
    if (p->symptoms)
        return N_("It is so at this customer's now");
    return p->searched ? N_("Found by your words") : N_("For devices like these");
}

const char *agent_guide_view_tried(const struct agent_desk_learned *learned)
{
    if (!learned->tried)
        return "";
    return learned->tried_solved ? N_("Helped this customer before") : N_("Did not help this customer before");
}

/* ---- the run ---- */

static const char *done_by(enum proto_guide_by by)
{
    static const char *const words[] = {
        [PROTO_GUIDE_NOBODY] = N_("Done"),
        [PROTO_GUIDE_ITSELF] = N_("Done, as the device says"),
        [PROTO_GUIDE_CUSTOMER] = N_("Done by the customer"),
        [PROTO_GUIDE_AGENT] = N_("Done by you"),
    };

    return (size_t)by < sizeof words / sizeof *words ? words[by] : words[0];
}

struct agent_guide_view_step agent_guide_view_step(const struct proto_guide_run *run, size_t step)
{
    static const struct agent_guide_view_step states[] = {
        [PROTO_GUIDE_OPEN] = {"○", N_("To do"), false},
        [PROTO_GUIDE_DONE] = {"✓", NULL, false},
        [PROTO_GUIDE_SKIPPED] = {"↷", N_("Skipped"), false},
        [PROTO_GUIDE_FAILED] = {"✗", N_("Did not work"), false},
        [PROTO_GUIDE_NOT_NEEDED] = {"–", N_("Not needed here"), false},
    };
    const struct proto_guide_took *took = &run->steps[step];
    struct agent_guide_view_step out =
        states[(size_t)took->outcome < sizeof states / sizeof *states ? took->outcome : PROTO_GUIDE_OPEN];

    if (took->outcome == PROTO_GUIDE_DONE)
        out.words = done_by(took->by);
    if (!run->end && run->current == step)
        out = (struct agent_guide_view_step){"▶", N_("Now"), true};
    return out;
}

size_t agent_guide_view_over(const struct proto_guide_run *run)
{
    size_t over = 0;

    for (size_t i = 0; i < run->guide->step_count; i++)
        over += run->steps[i].outcome != PROTO_GUIDE_OPEN;
    return over;
}

const char *agent_guide_view_end(const struct proto_guide_run *run)
{
    static const char *const words[] = {
        [PROTO_GUIDE_GOES_ON] = "",
        [PROTO_GUIDE_SOLVED] = N_("✓ The fault is gone"),
        [PROTO_GUIDE_UNSOLVED] = N_("✗ All steps are over, and the fault is still there"),
        [PROTO_GUIDE_CLOSED] = N_("Closed before its end"),
    };

    return (size_t)run->end < sizeof words / sizeof *words ? words[run->end] : "";
}

bool agent_guide_view_may(const struct proto_guide_run *run, enum proto_guide_act act)
{
    if (!run || run->end)
        return false;
    if (act == PROTO_GUIDE_ACT_CLOSE)
        return true;
    if (act != PROTO_GUIDE_ACT_BACK)
        return run->current < run->guide->step_count;
    for (size_t i = 0; i < run->current; i++)
        if (run->steps[i].outcome != PROTO_GUIDE_NOT_NEEDED)
            return true;
    return false;
}

/* ---- earlier visits ---- */

static const char *end_words(const char *end)
{
    if (!strcmp(end, proto_guide_end_name(PROTO_GUIDE_SOLVED)))
        return N_("Solved it");
    if (!strcmp(end, proto_guide_end_name(PROTO_GUIDE_UNSOLVED)))
        return N_("Did not solve it");
    return N_("Not followed to its end");
}

static const char *text_of(const json_t *json, const char *field)
{
    const char *text = json_string_value(json_object_get(json, field));

    return text ? text : "";
}

enum proto_err agent_guide_view_visit(const char *text, struct agent_guide_view_visit *out)
{
    json_error_t error;
    json_t *line = json_loads(text, 0, &error);
    const json_t *guides = json_object_get(line, "guides"), *one;
    size_t i;

    memset(out, 0, sizeof *out);
    if (!json_is_integer(json_object_get(line, "time_ms"))) {
        json_decref(line);
        return PROTO_ERR_FORMAT;
    }
    out->unix_ms = json_integer_value(json_object_get(line, "time_ms"));
    out->stars = (unsigned)json_integer_value(json_object_get(json_object_get(line, "rating"), "stars"));
    json_array_foreach(guides, i, one)
    {
        if (out->count == AGENT_GUIDE_VIEW_VISIT_MAX)
            break;
        snprintf(out->guides[out->count].guide, sizeof out->guides[0].guide, "%s", text_of(one, "guide"));
        snprintf(out->guides[out->count].fixed_by, sizeof out->guides[0].fixed_by, "%s", text_of(one, "fixed_by"));
        out->guides[out->count++].end = end_words(text_of(one, "end"));
    }
    json_decref(line);
    return PROTO_OK;
}
