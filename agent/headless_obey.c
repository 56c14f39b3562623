/* SPDX-License-Identifier: Apache-2.0 */
/* What a script tells the headless agent to do, and why it was not done. */
#include "agent/headless_inside.h"
#include "proto/host/world.h"

/* What the session's answer means to whoever said this, where its own words are for somebody else. */
static const struct {
    enum agent_do command; /* NOTHING: any */
    enum proto_err err;
    const char *rule, *way_out;
} meanings[] = {
    {AGENT_DO_FREEZE, PROTO_ERR_STATE, "there is no picture yet", "freeze when one is shown"},
    {AGENT_DO_HOLD, PROTO_ERR_STATE, "it is so already, or nobody has joined", "wait for the event joined"},
    {AGENT_DO_STILL, PROTO_ERR_CONSENT, "the customer has not allowed photos", "request still first"},
    {AGENT_DO_STILL, PROTO_ERR_STATE, "a photo is under way, or the customer is away or on hold", "wait for it"},
    {AGENT_DO_RECORD, PROTO_ERR_CONSENT, "the customer has not allowed a recording", "request recording first"},
    {AGENT_DO_RECORD, PROTO_ERR_STATE, "it is so already, or nobody has joined", "see the event recording"},
    {AGENT_DO_RECORD, PROTO_ERR_NOT_FOUND, "there is no file for it", "start with --record FILE"},
    {AGENT_DO_TORCH, PROTO_ERR_CONSENT, "the customer has not allowed the light", "request torch first"},
    {AGENT_DO_ZOOM, PROTO_ERR_CONSENT, "the customer has not allowed zoom", "request zoom first"},
    {AGENT_DO_LENS, PROTO_ERR_CONSENT, "the customer has not allowed the camera", "request camera first"},
    {AGENT_DO_FOCUS, PROTO_ERR_CONSENT, "the customer has not allowed the camera", "request camera first"},
    {AGENT_DO_DRAW, PROTO_ERR_RANGE, "the shape is none, or a point is outside the picture",
     "use arrow, line, circle, rectangle, text, number or highlight, and points from 0 to 1"},
    {AGENT_DO_CHECK, PROTO_ERR_CONSENT, "the customer has not allowed device information",
     "request device-state first"},
    {AGENT_DO_GUIDE, PROTO_ERR_NOT_FOUND, "there is no guide of this id", "see the event guides, and --guides"},
    {AGENT_DO_GUIDE, PROTO_ERR_STATE, "no guide is followed, or there is nothing before this step", "begin one"},
    {AGENT_DO_REQUEST, PROTO_ERR_EXISTS, "it was asked for already, and is open or granted", "wait for the answer"},
    {AGENT_DO_REQUEST, PROTO_ERR_CONSENT, "the customer said no three times in a row", "do not ask again"},
    {AGENT_DO_REQUEST, PROTO_ERR_RANGE, "the purpose is empty, too long, or one that only a device says",
     "say in plain words what it is for"},
    {AGENT_DO_NOTHING, PROTO_ERR_STATE, "there is nobody to say it to now", "wait for the event joined"},
};

void headless_refuse(struct headless *h, enum agent_do command, const char *what, enum proto_err err)
{
    const char *rule = proto_err_rule(err), *way_out = proto_err_way_out(err);
    char text[512];

    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
        if (meanings[i].err != err || (meanings[i].command != command && meanings[i].command != AGENT_DO_NOTHING))
            continue;
        rule = meanings[i].rule;
        way_out = meanings[i].way_out;
        break;
    }
    snprintf(text, sizeof text, "%s: %s; %s", what, rule, way_out);
    agent_tell_error(&h->tell, proto_err_name(err), text);
}

static void later(struct headless *h, const char *name)
{
    char text[256];

    snprintf(text, sizeof text, "\"%.40s\": this version cannot do it yet; leave this command out", name);
    agent_tell_error(&h->tell, "NOT_YET", text);
}

/* Said once it is a good-bye; said again, or to nobody, it is the end. */
static void end(struct headless *h, struct proto_now now)
{
    if (agent_desk_goodbye(h->desk, now) != PROTO_OK)
        host_uplink_end(h->uplink, PROTO_END_COMPLETED);
}

void headless_obey(struct headless *h, const struct agent_command *command)
{
    struct proto_now now = host_now();
    const struct agent_desk_mark mark = {.shape = command->shape,
                                         .points = command->points,
                                         .pairs = command->pairs,
                                         .text = command->text,
                                         .colour = command->colour};
    enum proto_err err = PROTO_OK;
    uint32_t id;

    switch (command->what) {
    case AGENT_DO_NOTHING:
        break;
    case AGENT_DO_REQUEST:
        err =
            agent_desk_request_many(h->desk, command->capabilities, command->count, command->text, command->max_s, now);
        break;
    case AGENT_DO_CHAT:
        err = agent_desk_chat(h->desk, command->text, now);
        if (err == PROTO_OK && h->tape)
            agent_desk_tape_text(h->tape, command->text, now);
        break;
    case AGENT_DO_POINT:
        err = agent_desk_point(h->desk, command->points[0], command->points[1], now);
        break;
    case AGENT_DO_DRAW:
        err = agent_desk_draw(h->desk, &mark, &id, now);
        if (err == PROTO_OK && h->tape)
            agent_desk_tape_text(h->tape, *command->text ? command->text : command->shape, now);
        break;
    case AGENT_DO_CLEAR:
        err = agent_desk_clear(h->desk, command->id, now);
        break;
    case AGENT_DO_FREEZE:
        err = agent_desk_freeze(h->desk, command->on);
        break;
    case AGENT_DO_CHECK_WORDS:
        err = agent_desk_check_words(h->desk, command->on, now);
        break;
    case AGENT_DO_HOLD:
        err = agent_desk_hold(h->desk, command->on, now);
        break;
    case AGENT_DO_STILL:
        err = agent_desk_still(h->desk, &id, now);
        break;
    case AGENT_DO_RECORD:
        err = h->tape ? agent_desk_tape_run(h->tape, command->on, now) : PROTO_ERR_NOT_FOUND;
        break;
    case AGENT_DO_TORCH:
        err = agent_desk_torch(h->desk, command->on, now);
        break;
    case AGENT_DO_ZOOM:
        err = agent_desk_zoom(h->desk, command->factor, now);
        break;
    case AGENT_DO_LENS:
        err = agent_desk_lens(h->desk, command->text, now);
        break;
    case AGENT_DO_FOCUS:
        err = agent_desk_focus(h->desk, command->points[0], command->points[1], now);
        break;
    case AGENT_DO_CHECK:
    case AGENT_DO_CANCEL:
    case AGENT_DO_GUIDES:
    case AGENT_DO_GUIDE:
        err = headless_home_obey(h->home, command);
        break;
    case AGENT_DO_MUTE:
    case AGENT_DO_MICROPHONE:
    case AGENT_DO_SPEAKER:
        err = headless_voice_obey(h, command);
        break;
    case AGENT_DO_WRONG_PERSON:
        host_uplink_end(h->uplink, PROTO_END_WRONG_PERSON);
        break;
    case AGENT_DO_END:
        end(h, now);
        break;
    case AGENT_DO_LATER:
        later(h, command->text);
        break;
    }
    if (err != PROTO_OK)
        headless_refuse(h, command->what,
                        command->what == AGENT_DO_REQUEST ? proto_capability_name(command->capability)
                                                          : agent_command_name(command->what),
                        err);
}
