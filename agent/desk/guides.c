/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/guides.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART_BYTES = 2048, PARTS_AT_ONCE = 8, TRY_AGAIN_MS = 200, CHECK_EVERY_MS = 5000, LOOK_EVERY_MS = 100 };

/* What of the guide has left for the customer's end. */
struct sending {
    bool open, state; /* still to be sent */
    size_t step;      /* the next one to be sent; = step_count: all are */
    size_t picture, part;
};

struct agent_desk_guides {
    struct agent_desk_guides_config config;
    struct proto_guide_run run; /* run.guide NULL: none yet */
    uint32_t number;
    struct sending sending;
    char language[17];
    int64_t send_again_ms, check_ms, looked_ms;
};

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

const char *agent_desk_guides_language(const struct agent_desk_guides *g)
{
    return g->language;
}

/* ---- proposals ---- */

struct candidate {
    struct agent_desk_guides *guides;
    const struct proto_guide *guide;
    struct proto_guide_facts facts;
    bool fits, symptoms;
    char subject[PROTO_GUIDE_LABEL_BYTES], model[PROTO_GUIDE_LABEL_BYTES];
};

/* The first device that the guide is for and that has its symptoms; without one, the first that it is for. */
static bool on_candidate(void *context, const struct proto_guide_fact *device)
{
    struct candidate *c = context;
    int64_t again = PROTO_NEVER;
    bool fits = false;

    for (size_t i = 0; i < c->guide->fit_count && !fits; i++)
        fits = proto_guide_picks(&c->guide->fits[i], device, "");
    if (!fits)
        return true;
    c->symptoms =
        c->guide->symptoms && proto_guide_is(c->guide, c->guide->symptoms, device->device, &c->facts, NULL, 0, &again);
    if (!c->fits || c->symptoms) {
        snprintf(c->subject, sizeof c->subject, "%s", device->device);
        snprintf(c->model, sizeof c->model, "%s", device->model);
    }
    c->fits = true;
    return !c->symptoms;
}

static void look(struct candidate *c)
{
    int64_t again = PROTO_NEVER;

    c->facts = agent_desk_devices_facts(c->guides->config.devices);
    if (c->guide->fit_count) {
        c->facts.each_device(c->facts.context, on_candidate, c);
        return;
    }
    c->fits = true;
    c->symptoms = c->guide->symptoms && proto_guide_is(c->guide, c->guide->symptoms, "", &c->facts, NULL, 0, &again);
}

/* Letters of the same word in any case; bytes of other alphabets as they are. */
static bool holds(const char *text, const char *word, size_t len)
{
    for (; *text; text++) {
        size_t i = 0;

        while (i < len && text[i] && tolower((unsigned char)text[i]) == tolower((unsigned char)word[i]))
            i++;
        if (i == len)
            return true;
    }
    return false;
}

static bool one_holds(const struct proto_guide *guide, const char *word, size_t len)
{
    for (size_t language = 0; language < guide->language_count; language++) {
        if (holds(proto_guide_say(&guide->title, language), word, len) ||
            holds(proto_guide_say(&guide->summary, language), word, len))
            return true;
        for (size_t i = 0; i < guide->search_count; i++)
            if (holds(proto_guide_say(&guide->search[i], language), word, len))
                return true;
    }
    return false;
}

/* The part of the words that the guide knows, 0 to 1; short ones count for nothing. */
static double match(const struct proto_guide *guide, const char *search)
{
    unsigned words = 0, found = 0;

    for (const char *at = search; *at;) {
        size_t len = strcspn(at, " ,.;!?\t\n");

        if (len > 2) {
            words++;
            found += one_holds(guide, at, len);
        }
        at += len;
        at += strspn(at, " ,.;!?\t\n");
    }
    return words ? (double)found / words : 0;
}

/* Shrunk towards a half, so that one lucky case does not move a guide that has helped nineteen times of twenty. */
static double success(const struct agent_desk_learned *learned)
{
    return (learned->solved + 2.0) / (learned->shown + 4.0);
}

static bool judge(struct agent_desk_guides *g, const struct proto_guide *guide, const char *search,
                  struct agent_desk_proposal *out)
{
    struct candidate c = {.guides = g, .guide = guide};
    double found = search && *search ? match(guide, search) : 0;

    look(&c);
    *out = (struct agent_desk_proposal){.guide = guide, .symptoms = c.symptoms, .searched = found > 0};
    if (search && *search ? found <= 0 : !c.symptoms)
        return false;
    snprintf(out->subject, sizeof out->subject, "%s", c.subject);
    if (g->config.learned)
        g->config.learned(g->config.context, guide, c.model, &out->learned);
    out->score =
        100 * found + 100 * c.symptoms + 10 * (c.fits && guide->fit_count) + 60 * (success(&out->learned) - 0.5);
    if (out->learned.tried && !out->learned.tried_solved)
        out->score -= 20; /* it did not help these people last time */
    return true;
}

static void insert(struct agent_desk_proposal *list, size_t *count, const struct agent_desk_proposal *one)
{
    size_t at = *count;

    while (at > 0 && list[at - 1].score < one->score)
        at--;
    if (at == AGENT_DESK_PROPOSALS_MAX)
        return;
    if (*count < AGENT_DESK_PROPOSALS_MAX)
        (*count)++;
    memmove(&list[at + 1], &list[at], (*count - 1 - at) * sizeof *list);
    list[at] = *one;
}

size_t agent_desk_guides_propose(struct agent_desk_guides *g, const char *search,
                                 struct agent_desk_proposal out[static AGENT_DESK_PROPOSALS_MAX])
{
    struct agent_desk_proposal one;
    size_t count = 0;

    for (size_t i = 0; i < g->config.count; i++)
        if (judge(g, g->config.list[i], search, &one))
            insert(out, &count, &one);
    return count;
}

/* ---- to the customer's end ---- */

static bool send(struct agent_desk_guides *g, const handhold_Data *data, struct proto_now now)
{
    return proto_session_send_data(g->config.session, data, now) == PROTO_OK;
}

/* Bounds of the schema and of the wire are the same; what does not fit would be a defect, and is cut. */
#define PUT(field, from) snprintf((field), sizeof(field), "%s", (from))

static bool send_open(struct agent_desk_guides *g, struct proto_now now)
{
    const struct proto_guide *guide = g->run.guide;
    size_t language = proto_guide_language(guide, g->language);
    handhold_Data data = {.which_body = handhold_Data_guide_open_tag};
    handhold_GuideOpen *o = &data.body.guide_open;

    o->run = g->number;
    o->version = guide->version;
    o->steps = (uint32_t)guide->step_count;
    PUT(o->guide, guide->id);
    PUT(o->title, proto_guide_say(&guide->title, language));
    PUT(o->summary, proto_guide_say(&guide->summary, language));
    PUT(o->language, guide->languages[language]);
    PUT(o->subject, g->run.subject);
    return send(g, &data, now);
}

static bool send_step(struct agent_desk_guides *g, size_t at, struct proto_now now)
{
    const struct proto_guide_step *step = &g->run.guide->steps[at];
    size_t language = proto_guide_language(g->run.guide, g->language);
    handhold_Data data = {.which_body = handhold_Data_guide_step_tag};
    handhold_GuideStep *s = &data.body.guide_step;

    s->run = g->number;
    s->step = (uint32_t)at;
    s->expect_s = step->expect_s;
    s->by_itself = step->done_when != 0;
    s->picture_bytes = (uint32_t)step->picture_len;
    PUT(s->title, proto_guide_say(&step->title, language));
    PUT(s->text, proto_guide_say(&step->text, language));
    PUT(s->caution, proto_guide_say(&step->caution, language));
    PUT(s->point, proto_guide_say(&step->point, language));
    PUT(s->help, proto_guide_say(&step->help, language));
    PUT(s->picture_mime, step->picture_len ? step->picture_mime : "");
    PUT(s->picture_alt, proto_guide_say(&step->picture_alt, language));
    return send(g, &data, now);
}

static bool send_state(struct agent_desk_guides *g, struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_guide_state_tag};
    handhold_GuideState *s = &data.body.guide_state;

    s->run = g->number;
    s->current = (uint32_t)g->run.current;
    s->end = g->run.end;
    for (size_t i = 0; i < g->run.guide->step_count; i++) {
        s->outcomes[s->outcomes_count++] = g->run.steps[i].outcome;
        s->by[s->by_count++] = g->run.steps[i].by;
    }
    return send(g, &data, now);
}

static bool send_part(struct agent_desk_guides *g, struct proto_now now)
{
    const struct proto_guide_step *step = &g->run.guide->steps[g->sending.picture];
    size_t offset = g->sending.part * PART_BYTES, left = step->picture_len - offset;
    handhold_Data data = {.which_body = handhold_Data_guide_part_tag};
    handhold_GuidePart *p = &data.body.guide_part;

    p->run = g->number;
    p->step = (uint32_t)g->sending.picture;
    p->part = (uint32_t)g->sending.part;
    p->bytes.size = (pb_size_t)(left < PART_BYTES ? left : PART_BYTES);
    memcpy(p->bytes.bytes, step->picture_bytes + offset, p->bytes.size);
    if (!send(g, &data, now))
        return false;
    g->sending.part++;
    if (left <= PART_BYTES) {
        g->sending.picture++;
        g->sending.part = 0;
    }
    return true;
}

/* Pictures come last and few at a time: they wait for words, buttons and chat, not these for them. */
static bool send_pictures(struct agent_desk_guides *g, struct proto_now now)
{
    for (int parts = 0; g->sending.picture < g->run.guide->step_count;) {
        if (!g->run.guide->steps[g->sending.picture].picture_len)
            g->sending.picture++;
        else if (++parts > PARTS_AT_ONCE || !send_part(g, now))
            return false;
    }
    return true;
}

static bool send_all(struct agent_desk_guides *g, struct proto_now now)
{
    struct sending *s = &g->sending;

    if (s->open && !send_open(g, now))
        return false;
    s->open = false;
    while (s->step < g->run.guide->step_count)
        if (send_step(g, s->step, now))
            s->step++;
        else
            return false;
    if (s->state && !send_state(g, now))
        return false;
    s->state = false;
    return g->run.end || send_pictures(g, now);
}

static void flush(struct agent_desk_guides *g, struct proto_now now)
{
    if (g->run.guide)
        g->send_again_ms = send_all(g, now) ? PROTO_NEVER : now.mono_ms + TRY_AGAIN_MS;
}

/* ---- the run ---- */

static void changed(struct agent_desk_guides *g, struct proto_now now)
{
    g->sending.state = true;
    flush(g, now);
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
    if (proto_guide_run_tick(&g->run, &facts, now.mono_ms))
        changed(g, now);
    ask_for_checks(g, now);
    if (now.mono_ms >= g->send_again_ms)
        flush(g, now);
}

int64_t agent_desk_guides_deadline(const struct agent_desk_guides *g)
{
    int64_t deadline = proto_earlier(g->send_again_ms, proto_guide_run_deadline(&g->run));

    return g->run.guide && !g->run.end ? proto_earlier(deadline, g->check_ms) : deadline;
}

/* The subject that the home itself suggests for this guide. */
static void suggest(struct agent_desk_guides *g, const struct proto_guide *guide, char out[PROTO_GUIDE_LABEL_BYTES])
{
    struct candidate c = {.guides = g, .guide = guide};

    look(&c);
    snprintf(out, PROTO_GUIDE_LABEL_BYTES, "%s", c.subject);
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
        suggest(g, guide, suggested);
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
            PUT(g->language, *wish ? wish : "en");
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
