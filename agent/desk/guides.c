/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/guides_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_EVERY_MS = 5000 };

enum proto_err agent_desk_guides_new(struct agent_desk_guides **out, const struct agent_desk_guides_config *config)
{
    struct agent_desk_guides *g = calloc(1, sizeof *g);

    *out = g;
    if (!g)
        return PROTO_ERR_NOMEM;
    g->config = *config;
    g->send_again_ms = PROTO_NEVER;
    snprintf(g->language, sizeof g->language, "en");
    return PROTO_OK;
}

void agent_desk_guides_free(struct agent_desk_guides *g)
{
    free(g);
}

const struct proto_guide_run *agent_desk_guides_run(const struct agent_desk_guides *g)
{
    return g->run.guide ? &g->run : NULL;
}

void agent_desk_guides_set(struct agent_desk_guides *g, const struct proto_guide *const *list, size_t count)
{
    g->config.list = list;
    g->config.count = count;
}

const char *agent_desk_guides_language(const struct agent_desk_guides *g)
{
    return g->language;
}

/* ---- the run ---- */

static void changed(struct agent_desk_guides *g, struct proto_now now)
{
    g->sending.state = true;
    agent_desk_guides_flush(g, now);
    if (g->config.changed)
        g->config.changed(g->config.context, &g->run);
}

/* The conditions of the step that is on and of the whole wait for checks: those are to be run again and again. */
static void want_checks(struct agent_desk_guides *g, uint16_t at)
{
    const struct proto_guide_node *node = &g->run.guide->nodes[at];

    if (node->op == PROTO_GUIDE_CHECK)
        g->config.want_check(g->config.context, node->name);
    for (uint16_t child = node->child; child; child = g->run.guide->nodes[child].next)
        want_checks(g, child);
}

static void ask_for_checks(struct agent_desk_guides *g, struct proto_now now)
{
    const struct proto_guide *guide = g->run.guide;

    if (g->run.end || !g->config.want_check || now.mono_ms < g->check_ms)
        return;
    g->check_ms = now.mono_ms + CHECK_EVERY_MS;
    if (g->run.current < guide->step_count && guide->steps[g->run.current].done_when)
        want_checks(g, guide->steps[g->run.current].done_when);
    if (guide->solved_when)
        want_checks(g, guide->solved_when);
}

void agent_desk_guides_tick(struct agent_desk_guides *g, struct proto_now now)
{
    struct proto_guide_facts facts = agent_desk_devices_facts(g->config.devices);

    if (!g->run.guide)
        return;
    g->looked_ms = now.mono_ms;
    /* Of a home that is not known nothing is so, and nothing is not so: steps wait for a tap. */
    if (agent_desk_devices_known(g->config.devices) && proto_guide_run_tick(&g->run, &facts, now.mono_ms))
        changed(g, now);
    ask_for_checks(g, now);
    if (now.mono_ms >= g->send_again_ms)
        agent_desk_guides_flush(g, now);
}

int64_t agent_desk_guides_deadline(const struct agent_desk_guides *g)
{
    int64_t run = agent_desk_devices_known(g->config.devices) ? proto_guide_run_deadline(&g->run) : PROTO_NEVER;
    int64_t deadline = proto_earlier(g->send_again_ms, run);

    return g->run.guide && !g->run.end ? proto_earlier(deadline, g->check_ms) : deadline;
}

enum proto_err agent_desk_guides_start(struct agent_desk_guides *g, const char *id, const char *subject,
                                       struct proto_now now)
{
    const struct proto_guide *guide = NULL;
    char suggested[PROTO_GUIDE_LABEL_BYTES];

    for (size_t i = 0; i < g->config.count && !guide; i++)
        if (!strcmp(g->config.list[i]->id, id))
            guide = g->config.list[i];
    if (!guide)
        return PROTO_ERR_NOT_FOUND;
    if (g->run.guide && !g->run.end &&
        !proto_guide_run_act(&g->run, 0, PROTO_GUIDE_ACT_CLOSE, PROTO_GUIDE_AGENT, now.mono_ms))
        changed(g, now);
    if (!*subject)
        agent_desk_guides_suggest(g, guide, suggested);
    proto_guide_run_start(&g->run, guide, *subject ? subject : suggested, now.mono_ms);
    g->number++;
    g->sending = (struct sending){.open = true, .state = true};
    g->check_ms = now.mono_ms;
    changed(g, now);
    agent_desk_guides_tick(g, now);
    return PROTO_OK;
}

enum proto_err agent_desk_guides_act(struct agent_desk_guides *g, enum proto_guide_act act, struct proto_now now)
{
    enum proto_err err = PROTO_ERR_STATE;

    if (g->run.guide)
        err = proto_guide_run_act(&g->run, g->run.current, act, PROTO_GUIDE_AGENT, now.mono_ms);
    if (err == PROTO_OK) {
        changed(g, now);
        agent_desk_guides_tick(g, now);
    }
    return err;
}

void agent_desk_guides_take(struct agent_desk_guides *g, const handhold_Data *data, struct proto_now now)
{
    const handhold_GuideAct *act = &data->body.guide_act;

    if (data->which_body == handhold_Data_guide_wish_tag) {
        const char *wish = data->body.guide_wish.language;

        if (strspn(wish, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(wish))
            snprintf(g->language, sizeof g->language, "%s", *wish ? wish : "en");
        return;
    }
    if (data->which_body != handhold_Data_guide_act_tag || !g->run.guide || act->run != g->number)
        return;
    /* A tap on a step that is over already is an answer to an older list: the newest one is on its way. */
    if (proto_guide_run_act(&g->run, act->step, (enum proto_guide_act)act->act, PROTO_GUIDE_CUSTOMER, now.mono_ms) ==
        PROTO_OK) {
        changed(g, now);
        agent_desk_guides_tick(g, now);
    }
}
