/* SPDX-License-Identifier: Apache-2.0 */
/* What the customer says: typed lines or JSON Lines, one handler each. */
#include <stdio.h>
#include <string.h>

#include "client/companion/companion_inside.h"
#include "proto/host/event_line.h"
#include "proto/host/say.h"
#include "proto/host/world.h"

static void nobody_asks(struct client_companion *c, enum proto_capability capability)
{
    char text[128];

    snprintf(text, sizeof text, "%s: nobody asks for it now; wait for the event consent with state requested",
             capability ? proto_capability_name(capability) : "answer");
    client_companion_error(c, proto_err_name(PROTO_ERR_CONSENT), text);
}

void client_companion_answer(struct client_companion *c, enum proto_capability capability, bool grant)
{
    struct proto_now now = host_now();
    enum proto_err err =
        grant ? proto_session_grant(c->session, capability, now) : proto_session_refuse(c->session, capability, now);

    client_companion_answered(c, capability);
    if (err == PROTO_ERR_CONSENT || capability == PROTO_CAPABILITY_NONE)
        nobody_asks(c, capability);
    else if (err != PROTO_OK)
        client_companion_command_error(c, proto_capability_name(capability), err);
}

static bool is_live(const struct client_companion *c, enum proto_capability capability)
{
    return proto_session_consent(c->session, capability) == PROTO_CONSENT_GRANTED;
}

static void withdraw(struct client_companion *c, enum proto_capability which)
{
    struct proto_now now = host_now();
    enum proto_err err = PROTO_ERR_CONSENT;

    if (which != PROTO_CAPABILITY_NONE) {
        err = proto_session_withdraw(c->session, which, now);
    } else {
        for (enum proto_capability i = 1; i < PROTO_CAPABILITY_COUNT; i++)
            if (is_live(c, i))
                err = proto_session_withdraw(c->session, i, now);
    }
    if (err == PROTO_ERR_CONSENT)
        client_companion_error(c, proto_err_name(err),
                               "withdraw: there is no consent to take back; nothing of it is sent");
    else if (err != PROTO_OK)
        client_companion_command_error(c, "withdraw", err);
}

static void pause_all(struct client_companion *c, bool paused)
{
    enum proto_err err = proto_session_pause(c->session, paused, "customer", "asked", host_now());

    if (err != PROTO_OK) {
        client_companion_command_error(c, paused ? "pause" : "resume", err);
        return;
    }
    c->paused = paused;
    if (c->config->json)
        host_event_fields("paused",
                          json_pack("{s:b,s:s,s:s}", "paused", (int)paused, "by", "customer", "reason", "asked"));
    else
        client_screen_line(c->screen, paused ? "* paused: nothing is sent" : "* going on");
}

static void send_data(struct client_companion *c, const char *what, const handhold_Data *data)
{
    enum proto_err err = proto_session_send_data(c->session, data, host_now());

    if (err != PROTO_OK)
        client_companion_command_error(c, what, err);
}

static void chat(struct client_companion *c, const char *text)
{
    handhold_Data data = {.which_body = handhold_Data_chat_tag};

    snprintf(data.body.chat.text, sizeof data.body.chat.text, "%s", text);
    send_data(c, "chat", &data);
    if (!c->config->json && !proto_session_comes_through(c->session) && proto_session_chat_waits(c->session))
        client_screen_line(c->screen, "* not sent yet: it goes when the connection is back");
}

static const char words_differ[] =
    "check words differ: somebody may be listening in; end the session, and ask for a new invitation";

static void check_words(struct client_companion *c, bool match)
{
    handhold_Data data = {.which_body = handhold_Data_check_words_tag};

    data.body.check_words.match = match;
    send_data(c, "check-words", &data);
    if (match)
        return;
    if (c->config->json)
        host_event_fields("check-words", json_pack("{s:b,s:s}", "match", 0, "message", words_differ));
    else
        client_screen_line(c->screen, "!! %s", words_differ);
}

static void guide(struct client_companion *c, const char *act)
{
    enum proto_err err = client_home_act(c->home, c->session, act, host_now());

    if (err == PROTO_ERR_STATE)
        client_companion_error(c, proto_err_name(err), "guide: none is followed just now; the agent begins one");
    else if (err != PROTO_OK)
        client_companion_command_error(c, "guide", err);
}

static void link_device(struct client_companion *c, const char *code)
{
    enum proto_err err = c->beside ? PROTO_OK : PROTO_ERR_STATE;

    if (!err && !*code)
        client_beside_unlink(c->beside);
    else if (!err)
        err = client_beside_link(c->beside, code);
    if (err == PROTO_ERR_EXISTS)
        client_companion_error(
            c, proto_err_name(err),
            "link: one device of your home takes part, and there can be no second; take it out first "
            "(link without a code, {\"do\":\"unlink\"})");
    else if (err)
        client_companion_command_error(c, "link", err);
}

static void hide(struct client_companion *c, const struct client_command *command)
{
    enum proto_err err =
        client_report_hide(c->report, command->device, command->property[0] ? command->property : NULL, command->match);

    if (err == PROTO_OK)
        client_beside_hide(c->beside, command->device, command->property, command->match);
    if (err != PROTO_OK)
        client_companion_command_error(c, command->device, err);
    else if (c->config->json)
        host_event_fields("hidden", json_pack("{s:s,s:s,s:b}", "device", command->device, "property", command->property,
                                              "hidden", (int)command->match));
    else
        client_screen_line(c->screen, command->match ? "* not told any more: %s %s" : "* told again: %s %s",
                           command->device, command->property);
}

/* NONE: all that ends soon. */
static void extend(struct client_companion *c, enum proto_capability which)
{
    enum proto_err err = PROTO_ERR_STATE;

    for (enum proto_capability i = 1; i < PROTO_CAPABILITY_COUNT; i++)
        if (which ? which == i : c->expiring & 1u << i)
            err = proto_session_extend(c->session, i, host_now());
    if (err == PROTO_ERR_STATE)
        client_companion_error(c, proto_err_name(err),
                               "extend: nothing of that ends soon; wait for the event expiring");
    else if (err != PROTO_OK)
        client_companion_command_error(c, "extend", err);
}

static void point(struct client_companion *c, float x, float y)
{
    handhold_Data data = {.which_body = handhold_Data_pointer_tag};

    data.body.pointer.x = x;
    data.body.pointer.y = y;
    send_data(c, "point", &data);
}

static void obey(struct client_companion *c, const struct client_command *command)
{
    enum proto_capability which = command->capability ? command->capability : c->asked;

    switch (command->what) {
    case CLIENT_DO_NOTHING:
        break;
    case CLIENT_DO_GRANT:
    case CLIENT_DO_REFUSE:
        client_companion_answer(c, which, command->what == CLIENT_DO_GRANT);
        break;
    case CLIENT_DO_WITHDRAW:
        withdraw(c, command->capability);
        break;
    case CLIENT_DO_PAUSE:
    case CLIENT_DO_RESUME:
        pause_all(c, command->what == CLIENT_DO_PAUSE);
        break;
    case CLIENT_DO_CHECK_WORDS:
        check_words(c, command->match);
        break;
    case CLIENT_DO_CHAT:
        chat(c, command->text);
        break;
    case CLIENT_DO_END:
        c->leaving = true;
        host_uplink_end(c->uplink, c->goodbye ? PROTO_END_COMPLETED : PROTO_END_CUSTOMER_LEFT);
        break;
    case CLIENT_DO_HELP:
        client_screen_line(c->screen, "%s", client_command_help());
        break;
    case CLIENT_DO_GUIDE:
        guide(c, command->text);
        break;
    case CLIENT_DO_STATE:
        client_companion_tell_state(c);
        break;
    case CLIENT_DO_HIDE:
        hide(c, command);
        break;
    case CLIENT_DO_EXTEND:
        extend(c, command->capability);
        break;
    case CLIENT_DO_SEND:
        client_companion_still_send(c, command->still);
        break;
    case CLIENT_DO_DISCARD:
        client_companion_still_discard(c, command->still);
        break;
    case CLIENT_DO_MASK:
        client_companion_still_mask(c, command->still, command->text);
        break;
    case CLIENT_DO_POINT:
        point(c, command->x, command->y);
        break;
    case CLIENT_DO_LINK:
        link_device(c, command->text);
        break;
    case CLIENT_DO_RATE:
        client_companion_rate(c, command->stars, command->match);
        break;
    case CLIENT_DO_STAY:
        c->stays = true;
        break;
    }
}

void client_companion_line(struct client_companion *c, const char *text)
{
    struct client_command command;
    char why[CLIENT_WHY_BYTES];
    const struct client_moment moment = {
        .asked = c->asked != PROTO_CAPABILITY_NONE, .still = c->still.shown ? c->still.id : 0, .goodbye = c->goodbye};
    enum proto_err err;

    if (!text) {
        client_companion_error(c, "RANGE", "a line of more than 8192 bytes: it was left out; send shorter lines");
        return;
    }
    err = c->config->json_orders ? client_command_from_json(text, &command, why)
                                 : client_command_from_keys(text, &moment, &command, why);
    if (err != PROTO_OK)
        client_companion_error(c, c->config->json_orders ? "COMMAND" : proto_err_name(err), why);
    else
        obey(c, &command);
    host_uplink_kick(c->uplink);
}
