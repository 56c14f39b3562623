/* SPDX-License-Identifier: Apache-2.0 */
/* A guide on its way to the customer's end: nothing waits in a queue, what has left is remembered. */
#include <stdio.h>
#include <string.h>

#include "agent/desk/guides_inside.h"

enum { PART_BYTES = 2048, PARTS_AT_ONCE = 8, TRY_AGAIN_MS = 200 };

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

void agent_desk_guides_flush(struct agent_desk_guides *g, struct proto_now now)
{
    if (g->run.guide)
        g->send_again_ms = send_all(g, now) ? PROTO_NEVER : now.mono_ms + TRY_AGAIN_MS;
}
