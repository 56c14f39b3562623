/* SPDX-License-Identifier: Apache-2.0 */
/* What became of each guide and step, counted without any person. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/desk/cases_inside.h"

struct counting {
    struct agent_desk_count *rows; /* owned */
    size_t count;
};

static struct agent_desk_count *count_of(struct counting *all, const json_t *line, const char *step)
{
    const char *guide = agent_desk_cases_text(line, "guide"), *model = agent_desk_cases_text(line, "model");
    struct agent_desk_count *row;

    for (size_t i = 0; i < all->count; i++)
        if (!strcmp(all->rows[i].guide, guide) && !strcmp(all->rows[i].model, model) &&
            !strcmp(all->rows[i].step, step))
            return &all->rows[i];
    if (all->count == AGENT_DESK_LEARNED_MAX)
        return NULL;
    row = &all->rows[all->count++];
    snprintf(row->guide, sizeof row->guide, "%s", guide);
    snprintf(row->model, sizeof row->model, "%s", model);
    snprintf(row->step, sizeof row->step, "%s", step);
    return row;
}

static void count_step(struct agent_desk_count *row, const char *outcome, const char *by, bool fixed)
{
    if (!row || !strcmp(outcome, "not-needed"))
        return;
    row->shown++;
    row->done += !strcmp(outcome, "done");
    row->by_itself += !strcmp(outcome, "done") && !strcmp(by, "itself");
    row->did_not_work += !strcmp(outcome, "did-not-work");
    row->skipped += !strcmp(outcome, "skipped");
    row->fixed += fixed;
}

static void count_line(void *context, json_t *line)
{
    struct counting *all = context;
    struct agent_desk_count *whole = count_of(all, line, "");
    const char *end = agent_desk_cases_text(line, "end");
    json_t *step;
    size_t i;

    if (whole) {
        whole->shown++;
        whole->done += !strcmp(end, "solved") || !strcmp(end, "not-solved");
        whole->did_not_work += !strcmp(end, "not-solved");
        whole->fixed += !strcmp(end, "solved");
    }
    json_array_foreach(json_object_get(line, "steps"), i, step)
    {
        const char *id = agent_desk_cases_text(step, "step");

        count_step(count_of(all, line, id), agent_desk_cases_text(step, "outcome"), agent_desk_cases_text(step, "by"),
                   *id && !strcmp(id, agent_desk_cases_text(line, "fixed_by")));
    }
}

static int by_name(const void *a, const void *b)
{
    const struct agent_desk_count *x = a, *y = b;
    int order = strcmp(x->guide, y->guide);

    if (!order)
        order = strcmp(x->model, y->model);
    return order ? order : strcmp(x->step, y->step);
}

enum proto_err agent_desk_cases_report(const char *folder, struct agent_desk_count **out, size_t *count)
{
    struct counting all = {calloc(AGENT_DESK_LEARNED_MAX, sizeof *all.rows), 0};
    char path[HOST_PATH_BYTES];
    enum proto_err err = PROTO_ERR_NOMEM;

    *out = NULL;
    *count = 0;
    if (all.rows && agent_desk_cases_counts_path(path, folder))
        err = agent_desk_cases_each(path, count_line, &all);
    if (err) {
        free(all.rows);
        return err;
    }
    qsort(all.rows, all.count, sizeof *all.rows, by_name);
    *out = all.rows;
    *count = all.count;
    return PROTO_OK;
}
