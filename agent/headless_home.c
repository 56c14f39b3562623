/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/headless_home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/desk/cases.h"
#include "agent/desk/shelf.h"
#include "agent/guides/read.h"
#include "proto/host/event_line.h"
#include "proto/host/say.h"
#include "proto/host/world.h"

struct headless_home {
    struct headless_home_config config;
    struct agent_desk_cases *cases; /* borrowed, of one of the two; NULL: none */
    /* Owned */
    struct agent_guides guides;        /* of a folder */
    const struct agent_guides *newest; /* those in use */
    struct agent_desk_cases *folder;   /* NULL: the shelf's cases */
    struct agent_desk_shelf *shelf;
    struct agent_desk_home *home;
    struct host_timer *timer;
};

static const char *const statuses[] = {"", "running", "pass", "warn", "fail", "not-checked", "cancelled"};
static const char *const links[] = {"", "phone", "wifi", "router", "internet", "cloud", "product"};
#define NAME_OF(names, number) ((number) < sizeof(names) / sizeof *(names) ? (names)[number] : "")

/* ---- telling ---- */

static void tell_check(void *context, const handhold_CheckResult *r, bool mine)
{
    struct headless_home *h = context;
    json_t *fields;

    if (!h->config.tell->json) {
        if (r->status > 1)
            printf("check %s %s: %s %s %s %s\n", r->check, r->target, NAME_OF(statuses, r->status), r->figure,
                   r->detail, r->advice);
        fflush(stdout);
        return;
    }
    fields = json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:I,s:b}", "id", (json_int_t)r->id, "check", r->check,
                       "target", r->target, "status", NAME_OF(statuses, r->status), "link", NAME_OF(links, r->link),
                       "figure", r->figure, "rule", r->rule, "detail", r->detail, "advice", r->advice, "duration_ms",
                       (json_int_t)r->duration_ms, "by_guide", (int)mine);
    if (fields && r->has_value)
        json_object_set_new(fields, "value", json_real(r->value));
    host_event_fields("check", fields);
}

static json_t *steps_json(const struct proto_guide_run *run, size_t language)
{
    json_t *steps = json_array();

    for (size_t i = 0; i < run->guide->step_count; i++) {
        const struct proto_guide_took *took = &run->steps[i];

        json_array_append_new(steps,
                              json_pack("{s:s,s:s,s:s,s:s}", "step", run->guide->steps[i].id, "title",
                                        proto_guide_say(&run->guide->steps[i].title, language), "outcome",
                                        proto_guide_outcome_name(took->outcome), "by", proto_guide_by_name(took->by)));
    }
    return steps;
}

static void tell_guide(void *context, const struct proto_guide_run *run)
{
    struct headless_home *h = context;
    size_t language = proto_guide_language(run->guide, "en");
    const char *step = run->current < run->guide->step_count ? run->guide->steps[run->current].id : "";
    bool fixed = run->fixed_by < run->guide->step_count;

    if (!h->config.tell->json) {
        printf("guide %s: %s %s\n", run->guide->id, *step ? step : "over", proto_guide_end_name(run->end));
        fflush(stdout);
        return;
    }
    host_event_fields("guide",
                      json_pack("{s:s,s:i,s:s,s:s,s:s,s:s,s:o}", "guide", run->guide->id, "version",
                                (int)run->guide->version, "subject", run->subject, "step", step, "end",
                                proto_guide_end_name(run->end), "fixed_by",
                                fixed ? run->guide->steps[run->fixed_by].id : "", "steps", steps_json(run, language)));
}

static json_t *proposal_json(const struct agent_desk_proposal *p)
{
    const struct agent_desk_learned *l = &p->learned;

    return json_pack("{s:s,s:s,s:s,s:f,s:b,s:b,s:i,s:i,s:b,s:b}", "guide", p->guide->id, "title",
                     proto_guide_say(&p->guide->title, 0), "subject", p->subject, "score", p->score, "symptoms",
                     (int)p->symptoms, "searched", (int)p->searched, "shown", (int)l->shown, "solved", (int)l->solved,
                     "tried_before", (int)l->tried, "helped_before", (int)l->tried_solved);
}

static void tell_proposals(struct headless_home *h, const char *search, const struct agent_desk_proposal *list,
                           size_t count)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < count; i++) {
        if (!h->config.tell->json)
            printf("guide proposed: %s (%s)\n", list[i].guide->id, list[i].subject);
        json_array_append_new(rows, proposal_json(&list[i]));
    }
    if (h->config.tell->json)
        host_event_fields("guides", json_pack("{s:s,s:o}", "search", search, "proposals", rows));
    else
        json_decref(rows);
    fflush(stdout);
}

static void on_proposals(void *context, const struct agent_desk_proposal *list, size_t count)
{
    tell_proposals(context, "", list, count);
}

/* What was tried before is told before the agent says a word. */
static void tell_cases(struct headless_home *h)
{
    const char *text;

    for (size_t i = 0; h->cases && (text = agent_desk_cases_before(h->cases, i)) != NULL; i++) {
        json_error_t error;
        json_t *line = json_loads(text, 0, &error);

        if (h->config.tell->json && line)
            host_event_fields("case", json_pack("{s:O}", "case", line));
        json_decref(line);
    }
}

/* ---- what the relay keeps ---- */

static void on_visits(void *context)
{
    struct headless_home *h = context;
    size_t count = 0;

    while (agent_desk_cases_before(h->cases, count))
        count++;
    if (h->config.tell->json)
        host_event_fields("visits", json_pack("{s:i}", "count", (int)count));
    else if (count)
        printf("visits before this one: %zu\n", count);
    tell_cases(h);
    agent_desk_home_learned(h->home, host_now());
}

static void on_learned(void *context)
{
    struct headless_home *h = context;

    agent_desk_home_learned(h->home, host_now());
}

static void on_guides(void *context, const struct agent_guides *guides)
{
    struct headless_home *h = context;

    if (h->config.tell->json)
        host_event_fields("guides-ready", json_pack("{s:i}", "count", (int)guides->count));
    if (h->home) /* those of the cache come before it is there */
        agent_desk_home_set_guides(h->home, (const struct proto_guide *const *)guides->list, guides->count, host_now());
    h->newest = guides;
}

static void on_wrong(void *context, const char *what, const char *why)
{
    const struct headless_home *h = context;

    if (h->config.tell->json)
        host_event_fields("warning", json_pack("{s:s,s:s}", "what", what, "message", why));
    host_say(HOST_WARN, "%s: %s", what, why);
}

/* ---- the clock ---- */

static void set_timer(struct headless_home *h)
{
    host_timer_set(h->timer, agent_desk_home_deadline(h->home));
    if (*h->config.uplink)
        host_uplink_kick(*h->config.uplink);
}

static void on_timer(void *context)
{
    struct headless_home *h = context;

    agent_desk_home_tick(h->home, host_now());
    set_timer(h);
}

/* ---- life ---- */

static void say_wrong(void *context, const char *file, const char *why)
{
    (void)context;
    host_say(HOST_WARN, "%s: %s; this guide is left out", file, why);
}

static enum proto_err open_folders(struct headless_home *h)
{
    enum proto_err err = PROTO_OK;

    if (h->config.guides && (err = agent_guides_load(&h->guides, h->config.guides, say_wrong, NULL)) != PROTO_OK)
        host_say_err(h->config.guides, err);
    if (!err && h->config.cases &&
        (err = agent_desk_cases_open(&h->folder, h->config.cases, h->config.customer_ref, host_now())) != PROTO_OK)
        host_say_err(h->config.cases, err);
    h->cases = h->folder;
    return err;
}

static enum proto_err open_shelf(struct headless_home *h)
{
    const struct agent_desk_shelf_config config = {
        .session = h->config.session,
        .random = host_random(),
        .keys = h->config.cases ? NULL : h->config.keys,
        .customer_ref = h->config.customer_ref,
        .cache = h->config.cache,
        .fetches_guides = !h->config.guides,
        .root = h->config.root,
        .listener = {on_visits, on_learned, on_guides, on_wrong, h},
    };
    enum proto_err err = agent_desk_shelf_new(&h->shelf, &config);

    if (err)
        host_say_err(h->config.cache ? h->config.cache : "what the relay keeps", err);
    else if (!h->cases)
        h->cases = agent_desk_shelf_cases(h->shelf);
    return err;
}

enum proto_err headless_home_new(struct headless_home **out, const struct headless_home_config *config)
{
    struct headless_home *h = calloc(1, sizeof *h);
    enum proto_err err = PROTO_ERR_NOMEM;

    *out = NULL;
    if (!h)
        return err;
    h->config = *config;
    h->newest = &h->guides;
    err = open_folders(h);
    if (!err)
        err = open_shelf(h);
    if (!err)
        err = host_timer_new(&h->timer, config->loop, on_timer, h);
    if (!err) {
        const struct agent_desk_home_config home = {
            .session = config->session,
            .guides = (const struct proto_guide *const *)h->newest->list,
            .guide_count = h->newest->count,
            .cases = h->cases,
            .listener = {tell_check, tell_guide, on_proposals, h},
        };

        err = agent_desk_home_new(&h->home, &home, host_now());
    }
    if (err) {
        headless_home_free(h);
        return err;
    }
    tell_cases(h);
    *out = h;
    return PROTO_OK;
}

void headless_home_free(struct headless_home *h)
{
    if (!h)
        return;
    host_timer_free(h->timer);
    agent_desk_home_free(h->home);
    agent_desk_shelf_free(h->shelf);
    agent_desk_cases_free(h->folder);
    agent_guides_clear(&h->guides);
    free(h);
}

void headless_home_event(struct headless_home *h, const struct proto_event *event)
{
    if (!h)
        return;
    agent_desk_shelf_event(h->shelf, event, host_now());
    agent_desk_home_event(h->home, event, host_now());
    host_timer_set(h->timer, agent_desk_home_deadline(h->home));
}

void headless_home_state(struct headless_home *h, const handhold_StateChange *change)
{
    if (!h)
        return;
    agent_desk_home_state(h->home, change, host_now());
    host_timer_set(h->timer, agent_desk_home_deadline(h->home));
}

/* ---- commands ---- */

static void search(struct headless_home *h, const char *words)
{
    struct agent_desk_proposal list[AGENT_DESK_PROPOSALS_MAX];
    size_t count = agent_desk_guides_propose(agent_desk_home_guides(h->home), words, list);

    tell_proposals(h, words, list, count);
}

enum proto_err headless_home_obey(struct headless_home *h, const struct agent_command *command)
{
    struct agent_desk_guides *guides = agent_desk_home_guides(h->home);
    struct proto_now now = host_now();
    enum proto_err err = PROTO_OK;
    uint32_t id;

    switch (command->what) {
    case AGENT_DO_CHECK:
        err = agent_desk_home_check(h->home, command->text, command->target, &id, now);
        break;
    case AGENT_DO_CANCEL:
        err = agent_desk_home_cancel(h->home, command->id, now);
        break;
    case AGENT_DO_GUIDES:
        search(h, command->text);
        break;
    case AGENT_DO_GUIDE:
        if (command->text[0])
            err = agent_desk_guides_start(guides, command->text, command->target, now);
        else
            err = agent_desk_guides_act(guides, proto_guide_act_from_name(command->shape), now);
        break;
    default:
        err = PROTO_ERR_ARGUMENT;
        break;
    }
    set_timer(h);
    return err;
}
