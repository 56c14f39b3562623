/* SPDX-License-Identifier: Apache-2.0 */
/* The guide that the agent sent: its list in this terminal, and the buttons. */
#include <stdlib.h>
#include <string.h>

#include "client/companion/home_inside.h"
#include "proto/guide/run.h"
#include "proto/host/event_line.h"

static const handhold_GuideStep *current_step(const struct home_list *l)
{
    return l->there && l->state.current < l->known ? &l->steps[l->state.current] : NULL;
}

static json_t *steps_json(const struct home_list *l)
{
    json_t *steps = json_array();

    for (size_t i = 0; i < l->known; i++)
        json_array_append_new(steps, json_pack("{s:s,s:s,s:s}", "title", l->steps[i].title, "outcome",
                                               proto_guide_outcome_name(l->state.outcomes[i]), "by",
                                               proto_guide_by_name(l->state.by[i])));
    return steps;
}

static void tell_list(const struct home_list *l)
{
    const handhold_GuideStep *step = current_step(l);
    json_t *fields =
        json_pack("{s:s,s:i,s:s,s:s,s:I,s:s,s:o}", "guide", l->open.guide, "version", (int)l->open.version, "title",
                  l->open.title, "language", l->open.language, "current", (json_int_t)l->state.current, "end",
                  proto_guide_end_name(l->state.end), "steps", steps_json(l));

    if (step && fields) {
        json_object_set_new(fields, "text", json_string(step->text));
        json_object_set_new(fields, "caution", json_string(step->caution));
        json_object_set_new(fields, "help", json_string(step->help));
        json_object_set_new(fields, "point", json_string(step->point));
        json_object_set_new(fields, "picture_alt", json_string(step->picture_alt));
    }
    host_event_fields("guide", fields);
}

static void show_step(struct client_home *h, const handhold_GuideStep *s)
{
    client_home_line(h, s->text, "      ");
    if (s->point[0])
        client_home_line(h, s->point, "      where: ");
    if (s->caution[0])
        client_home_line(h, s->caution, "      CAUTION: ");
    if (s->picture_alt[0])
        client_home_line(h, s->picture_alt, "      picture: ");
    if (s->help[0])
        client_home_line(h, s->help, "      if it does not work: ");
    client_screen_line(h->config.screen, "      %stype: g done, g skip, g back, g no",
                       s->by_itself ? "ticks by itself; or " : "");
}

static void show_list(struct client_home *h)
{
    static const char *const boxes[] = {"[ ]", "[x]", "[-]", "[!]", "   "};
    const struct home_list *l = &h->list;

    client_home_line(h, l->open.title, "* guide: ");
    for (size_t i = 0; i < l->known; i++) {
        const char *by = proto_guide_by_name(l->state.by[i]);

        if (l->state.outcomes[i] == PROTO_GUIDE_NOT_NEEDED)
            continue;
        client_home_line(h, l->steps[i].title, "  %s %s%zu. %s%s%s", boxes[l->state.outcomes[i]],
                         i == l->state.current ? "> " : "", i + 1, *by ? "(" : "", *by ? by : "", *by ? ") " : "");
        if (i == l->state.current && !l->state.end)
            show_step(h, &l->steps[i]);
    }
    if (l->state.end)
        client_screen_line(h->config.screen, "* the guide is over: %s", proto_guide_end_name(l->state.end));
}

static void on_open(struct client_home *h, const handhold_GuideOpen *open)
{
    free(h->list.steps);
    h->list = (struct home_list){.run = open->run, .open = *open};
    if (open->steps && open->steps <= PROTO_GUIDE_STEPS_MAX)
        h->list.steps = calloc(open->steps, sizeof *h->list.steps);
}

static void on_step(struct client_home *h, const handhold_GuideStep *step)
{
    struct home_list *l = &h->list;

    if (l->steps && step->run == l->run && step->step == l->known && l->known < l->open.steps)
        l->steps[l->known++] = *step;
}

static bool state_ok(const struct home_list *l, const handhold_GuideState *s)
{
    bool ok = l->steps && s->run == l->run && l->known == l->open.steps && s->outcomes_count == l->known &&
              s->by_count == l->known && s->current <= l->known && s->end <= PROTO_GUIDE_CLOSED;

    for (size_t i = 0; ok && i < l->known; i++)
        ok = s->outcomes[i] <= PROTO_GUIDE_NOT_NEEDED && s->by[i] <= PROTO_GUIDE_AGENT;
    return ok;
}

static void on_state(struct client_home *h, const handhold_GuideState *state)
{
    if (!state_ok(&h->list, state))
        return;
    h->list.state = *state;
    h->list.there = true;
    if (h->config.json)
        tell_list(&h->list);
    else
        show_list(h);
}

void client_home_guide(struct client_home *h, const handhold_Data *data)
{
    if (data->which_body == handhold_Data_guide_open_tag)
        on_open(h, &data->body.guide_open);
    else if (data->which_body == handhold_Data_guide_step_tag)
        on_step(h, &data->body.guide_step);
    else if (data->which_body == handhold_Data_guide_state_tag)
        on_state(h, &data->body.guide_state);
}

enum proto_err client_home_act(struct client_home *h, struct proto_session *session, const char *act,
                               struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_guide_act_tag};
    handhold_GuideAct *a = &data.body.guide_act;

    a->act = proto_guide_act_from_name(!strcmp(act, "no") ? "did-not-work" : act);
    if (!a->act)
        return PROTO_ERR_RANGE;
    if (!h || !h->list.there || h->list.state.end)
        return PROTO_ERR_STATE;
    a->run = h->list.run;
    a->step = h->list.state.current;
    return proto_session_send_data(session, &data, now);
}
