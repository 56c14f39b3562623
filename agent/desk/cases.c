/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/cases_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)

/* ---- learning ---- */

static struct learned_row *row_of(struct agent_desk_cases *c, const char *guide, const char *model, bool add)
{
    struct learned_row *row;

    for (size_t i = 0; i < c->learned_count; i++)
        if (!strcmp(c->learned[i].guide, guide) && !strcmp(c->learned[i].model, model))
            return &c->learned[i];
    if (!add || c->learned_count == AGENT_DESK_LEARNED_MAX)
        return NULL;
    row = &c->learned[c->learned_count++];
    snprintf(row->guide, sizeof row->guide, "%s", guide);
    snprintf(row->model, sizeof row->model, "%s", model);
    return row;
}

void agent_desk_cases_learn(struct agent_desk_cases *c, const json_t *line)
{
    struct learned_row *row =
        row_of(c, agent_desk_cases_text(line, "guide"), agent_desk_cases_text(line, "model"), true);

    if (!row)
        return;
    row->shown++;
    row->solved += !strcmp(agent_desk_cases_text(line, "end"), "solved");
}

static bool was_tried(const struct agent_desk_cases *c, const char *guide, bool *solved)
{
    bool tried = false;

    *solved = false;
    for (size_t i = 0; i < c->before_count; i++) {
        json_error_t error;
        json_t *line = json_loads(c->before[i], 0, &error), *one;
        size_t n;

        json_array_foreach(json_object_get(line, "guides"), n, one)
        {
            if (!strcmp(agent_desk_cases_text(one, "guide"), guide)) {
                tried = true;
                *solved = *solved || !strcmp(agent_desk_cases_text(one, "end"), "solved");
            }
        }
        json_decref(line);
    }
    return tried;
}

void agent_desk_cases_learned(const struct agent_desk_cases *c, const char *guide, const char *model,
                              struct agent_desk_learned *out)
{
    const struct learned_row *row = row_of((struct agent_desk_cases *)c, guide, model, false);

    memset(out, 0, sizeof *out);
    if (row) {
        out->shown = row->shown;
        out->solved = row->solved;
    }
    out->tried = was_tried(c, guide, &out->tried_solved);
}

/* ---- a customer's cases ---- */

bool agent_desk_cases_add_before(struct agent_desk_cases *c, const json_t *line, int64_t now_ms)
{
    char *text = json_dumps(line, JSON_COMPACT);

    if (!text || json_integer_value(json_object_get(line, "until_ms")) <= now_ms) {
        free(text);
        return false;
    }
    if (c->before_count == AGENT_DESK_CASES_SHOWN)
        free(c->before[--c->before_count]);
    memmove(&c->before[1], &c->before[0], c->before_count++ * sizeof *c->before);
    c->before[0] = text;
    return true;
}

const char *agent_desk_cases_before(const struct agent_desk_cases *c, size_t index)
{
    return index < c->before_count ? c->before[index] : NULL;
}

/* ---- life ---- */

enum proto_err agent_desk_cases_new(struct agent_desk_cases **out, const struct agent_desk_cases_keeper *keeper)
{
    struct agent_desk_cases *c = calloc(1, sizeof *c);

    *out = NULL;
    if (!c)
        return PROTO_ERR_NOMEM;
    c->keeper = *keeper;
    c->learned = calloc(AGENT_DESK_LEARNED_MAX, sizeof *c->learned);
    c->guides = json_array();
    if (!c->learned || !c->guides) {
        agent_desk_cases_free(c);
        return PROTO_ERR_NOMEM;
    }
    *out = c;
    return PROTO_OK;
}

void agent_desk_cases_free(struct agent_desk_cases *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->before_count; i++)
        free(c->before[i]);
    if (c->keeper.free)
        c->keeper.free(c->keeper.context);
    free(c->learned);
    json_decref(c->guides);
    json_decref(c->devices);
    json_decref(c->checks);
    json_decref(c->rating);
    free(c);
}

/* ---- the session that runs ---- */

static json_t *step_line(const struct proto_guide_run *run, size_t i)
{
    const struct proto_guide_took *took = &run->steps[i];

    return json_pack("{s:s,s:s,s:s,s:I}", "step", run->guide->steps[i].id, "outcome",
                     took->shown_ms ? proto_guide_outcome_name(took->outcome) : "not-needed", "by",
                     proto_guide_by_name(took->by), "ms",
                     (json_int_t)(took->shown_ms && took->ended_ms ? took->ended_ms - took->shown_ms : 0));
}

void agent_desk_cases_run(struct agent_desk_cases *c, const struct proto_guide_run *run, const char *model)
{
    bool fixed = run->end == PROTO_GUIDE_SOLVED && run->fixed_by < run->guide->step_count;
    json_t *line = json_pack("{s:s,s:i,s:s,s:s,s:s,s:[]}", "guide", run->guide->id, "version", (int)run->guide->version,
                             "model", model, "end", run->end ? proto_guide_end_name(run->end) : "left", "fixed_by",
                             fixed ? run->guide->steps[run->fixed_by].id : "", "steps");
    json_t *steps = json_object_get(line, "steps");
    char *text;

    if (!line)
        return;
    for (size_t i = 0; i < run->guide->step_count; i++)
        json_array_append_new(steps, step_line(run, i));
    text = json_dumps(line, JSON_COMPACT);
    if (text)
        c->keeper.count(c->keeper.context, text);
    free(text);
    agent_desk_cases_learn(c, line);
    json_object_set_new(line, "subject", json_string(run->subject));
    json_array_append_new(c->guides, line);
}

void agent_desk_cases_devices(struct agent_desk_cases *c, const struct agent_desk_devices *devices)
{
    const handhold_CheckResult *r;
    const handhold_Device *d;

    if (!agent_desk_devices_count(devices) && !agent_desk_devices_check(devices, 0))
        return; /* what was put down before stays */
    json_decref(c->devices);
    json_decref(c->checks);
    c->devices = json_array();
    c->checks = json_array();
    for (size_t i = 0; (d = agent_desk_devices_at(devices, i)) != NULL; i++)
        json_array_append_new(c->devices, json_pack("{s:s,s:s,s:s,s:s,s:s}", "device", d->id, "kind", d->kind, "maker",
                                                    d->maker, "model", d->model, "firmware", d->firmware));
    for (size_t i = 0; (r = agent_desk_devices_check(devices, i)) != NULL; i++)
        json_array_append_new(c->checks, json_pack("{s:s,s:s,s:i,s:s,s:s}", "check", r->check, "target", r->target,
                                                   "status", (int)r->status, "figure", r->figure, "detail", r->detail));
}

void agent_desk_cases_rate(struct agent_desk_cases *c, unsigned stars, bool solved)
{
    json_decref(c->rating);
    c->rating = json_pack("{s:i,s:b}", "stars", (int)stars, "solved", (int)solved);
}

/* A home that is too large for a case is cut from its end, and the case says so. */
static char *dump_within(json_t *line)
{
    json_t *devices = json_object_get(line, "devices");
    char *text = json_dumps(line, JSON_COMPACT);
    size_t left_out = 0;

    while (text && strlen(text) > AGENT_DESK_CASE_BYTES && json_array_size(devices)) {
        size_t some = json_array_size(devices) / 8 + 1;

        for (size_t i = 0; i < some && json_array_size(devices); i++, left_out++)
            json_array_remove(devices, json_array_size(devices) - 1);
        json_object_set_new(line, "devices_left_out", json_integer((json_int_t)left_out));
        free(text);
        text = json_dumps(line, JSON_COMPACT);
    }
    if (text && strlen(text) > AGENT_DESK_CASE_BYTES) {
        free(text);
        return NULL;
    }
    return text;
}

static void keep(struct agent_desk_cases *c, uint32_t days, struct proto_now now)
{
    json_t *line = json_pack("{s:I,s:I,s:O}", "time_ms", (json_int_t)now.unix_ms, "until_ms",
                             (json_int_t)(now.unix_ms + (int64_t)days * DAY_MS), "guides", c->guides);
    char *text;

    if (!line)
        return;
    if (c->devices)
        json_object_set_new(line, "devices", json_copy(c->devices)); /* may be cut */
    if (c->checks)
        json_object_set(line, "checks", c->checks);
    if (c->rating)
        json_object_set(line, "rating", c->rating);
    text = dump_within(line);
    if (text)
        c->keeper.keep(c->keeper.context, text, days);
    c->kept = c->kept || text;
    free(text);
    json_decref(line);
}

void agent_desk_cases_draft(struct agent_desk_cases *c, uint32_t days, struct proto_now now)
{
    if (c->keeper.drafts && days)
        keep(c, days, now);
}

void agent_desk_cases_forget(struct agent_desk_cases *c)
{
    if (c->keeper.drafts && c->kept)
        c->keeper.keep(c->keeper.context, NULL, 0);
    c->kept = false;
}

void agent_desk_cases_close(struct agent_desk_cases *c, uint32_t days, struct proto_now now)
{
    if (days)
        keep(c, days, now);
}
