/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "tests/simulation/sim.h"

enum { FRAME_EVERY_MS = 120 };

static const enum proto_capability wanted[] = {
    PROTO_CAPABILITY_CAMERA,     PROTO_CAPABILITY_DEVICE_STATE,
    PROTO_CAPABILITY_MICROPHONE, PROTO_CAPABILITY_LOCATION, /* the policy forbids it */
    PROTO_CAPABILITY_TORCH,                                 /* the device has none */
};
enum { WANTED = sizeof wanted / sizeof *wanted };

static struct sim_grant *open_grant(struct sim_session *session, enum proto_capability capability)
{
    for (unsigned i = session->grant_count; i-- > 0;)
        if (session->grants[i].capability == capability && session->grants[i].ended_ms == PROTO_NEVER)
            return &session->grants[i];
    return NULL;
}

static void note_deed(struct sim *sim, struct sim_session *session, enum proto_statement_action action,
                      enum proto_capability capability)
{
    if (session->deed_count == SIM_DEEDS_MAX)
        sim_fail(sim, "the script is too long");
    else
        session->deeds[session->deed_count++] = (struct sim_deed){capability, action};
}

static void end_grant(struct sim *sim, struct sim_session *session, enum proto_capability capability)
{
    struct sim_grant *grant = open_grant(session, capability);

    if (!grant)
        return;
    grant->ended_ms = sim->now.mono_ms;
    note_deed(sim, session, PROTO_STATEMENT_WITHDRAW, capability);
}

void sim_people_begin(struct sim *sim, struct sim_session *session)
{
    struct proto_agent_config config = {
        .random = sim->random,
        .credential = &sim->agent,
        .by_code = true,
        .customer_ref = sim_chance(sim, 500) ? "customer-17" : "",
    };

    session->by_code = sim_chance(sim, 500);
    session->end_ms = sim->now.mono_ms + 20000 + (int64_t)sim_random(sim, 100000);
    if (proto_session_new_agent(&session->agent.session, &config, sim->now))
        sim_fail(sim, "no agent");
    session->agent.next_act_ms = sim->now.mono_ms + 500;
    session->agent.next_frame_ms = PROTO_NEVER;
    session->customer.next_act_ms = session->customer.next_frame_ms = PROTO_NEVER;
    session->customer.answer_ms = session->agent.answer_ms = PROTO_NEVER;
    session->customer.line.end_learns_ms = session->customer.line.relay_learns_ms = PROTO_NEVER;
    session->agent.line.end_learns_ms = session->agent.line.relay_learns_ms = PROTO_NEVER;
}

static void customer_arrives(struct sim *sim, struct sim_session *session)
{
    struct proto_customer_config config = {
        .random = sim->random,
        .link = session->by_code ? NULL : session->link,
        .code = session->by_code ? session->code : NULL,
        .join_host = "help.example.org",
        .pinned_root = sim->agent.identity.root_fingerprint,
        .offers = 1u << PROTO_CAPABILITY_CAMERA | 1u << PROTO_CAPABILITY_DEVICE_STATE |
                  1u << PROTO_CAPABILITY_MICROPHONE | 1u << PROTO_CAPABILITY_LOCATION,
        .client_info = "simulated customer",
    };

    if (proto_session_new_customer(&session->customer.session, &config, sim->now)) {
        sim_fail(sim, "session %u: the invitation is not one", session->number);
        return;
    }
    session->customer.next_act_ms = sim->now.mono_ms + 1000;
    session->customer.next_frame_ms = sim->now.mono_ms + 100;
}

/* ---------------------------------------------------------------- events */

static void customer_consent(struct sim *sim, struct sim_session *session, const struct proto_event *event)
{
    enum proto_capability capability = event->consent.capability;

    switch (event->consent.state) {
    case PROTO_CONSENT_REQUESTED:
        session->customer.asked = capability;
        session->customer.answer_ms = sim->now.mono_ms + (int64_t)sim_random(sim, 3000);
        break;
    case PROTO_CONSENT_REFUSED:
    case PROTO_CONSENT_BLOCKED:
        if (open_grant(session, capability))
            end_grant(sim, session, capability);
        else
            note_deed(sim, session, PROTO_STATEMENT_REFUSE, capability);
        if (session->customer.asked == capability)
            session->customer.asked = PROTO_CAPABILITY_NONE;
        break;
    case PROTO_CONSENT_WITHDRAWN:
    case PROTO_CONSENT_EXPIRED:
        end_grant(sim, session, capability);
        break;
    case PROTO_CONSENT_NONE:
        session->customer.asked = PROTO_CAPABILITY_NONE;
        break;
    case PROTO_CONSENT_GRANTED:
        break;
    }
}

static void customer_logged(struct sim *sim, struct sim_session *session, const struct proto_event *event)
{
    struct sim_grant *grant = NULL;

    (void)sim;
    if (strcmp(event->logged.action, "grant") != 0)
        return;
    for (unsigned i = 0; i < session->grant_count && !grant; i++)
        if (session->grants[i].capability == event->logged.capability && !session->grants[i].log_had_it)
            grant = &session->grants[i];
    if (grant)
        grant->log_had_it = true;
}

static void got_chat(struct sim *sim, struct sim_end *end, const handhold_Data *data)
{
    char expected[64];

    if (data->which_body != handhold_Data_chat_tag)
        return;
    snprintf(expected, sizeof expected, SIM_PLANT " %u %u", end->home->number, end->chat_got + 1);
    if (strcmp(data->body.chat.text, expected) != 0)
        sim_fail(sim, "invariant 5: session %u: got \"%s\" where \"%s\" was next", end->home->number,
                 data->body.chat.text, expected);
    end->chat_got++;
}

static void agent_invited(struct sim *sim, struct sim_session *session, const struct proto_event *event)
{
    snprintf(session->link, sizeof session->link, "%s", event->invite.link);
    snprintf(session->code, sizeof session->code, "%s", event->invite.code ? event->invite.code : "");
    for (unsigned i = 0; i < 16; i++)
        sscanf(event->invite.sid_hex + 2 * i, "%2hhx", &session->sid[i]);
    session->sid_known = true;
    customer_arrives(sim, session);
}

static void say(const struct sim *sim, const struct sim_end *end, const struct proto_event *event)
{
    const char *who = end->customer ? "customer" : "agent";
    double at = (double)sim->now.mono_ms / 1000;
    unsigned n = end->home->number;

    if (!sim->verbose || event->kind == PROTO_EVENT_MEDIA)
        return;
    if (event->kind == PROTO_EVENT_CONSENT)
        printf("%9.3f %u %-8s consent %s %s (%s)\n", at, n, who, proto_capability_name(event->consent.capability),
               proto_consent_state_name(event->consent.state), event->consent.purpose);
    else if (event->kind == PROTO_EVENT_ALARM || event->kind == PROTO_EVENT_ERROR)
        printf("%9.3f %u %-8s %s %s: %s\n", at, n, who, event->kind == PROTO_EVENT_ALARM ? "ALARM" : "error",
               proto_err_name(event->error.err), event->error.message);
    else if (event->kind == PROTO_EVENT_ENDED)
        printf("%9.3f %u %-8s ended %s by %u: %s\n", at, n, who, proto_end_name(event->ended.reason), event->ended.by,
               event->ended.message);
    else if (event->kind == PROTO_EVENT_CONNECTION)
        printf("%9.3f %u %-8s %s\n", at, n, who, proto_connection_state_name(event->connection.state));
    else if (event->kind == PROTO_EVENT_LOGGED)
        printf("%9.3f %u %-8s logged %s %s at %llu\n", at, n, who, event->logged.action,
               proto_capability_name(event->logged.capability), (unsigned long long)event->logged.index);
    else if (event->kind != PROTO_EVENT_DATA)
        printf("%9.3f %u %-8s event %d\n", at, n, who, (int)event->kind);
}

void sim_people_events(struct sim *sim, struct sim_end *end)
{
    struct proto_event event;

    while (end->session && proto_session_next_event(end->session, &event)) {
        say(sim, end, &event);
        if (end->ended && event.kind != PROTO_EVENT_NONE)
            sim_fail(sim, "session %u: an event after the end", end->home->number);
        if (event.kind == PROTO_EVENT_ENDED) {
            end->ended = true;
            end->reason = event.ended.reason;
        } else if (event.kind == PROTO_EVENT_JOINED) {
            end->joined = true;
            if (!event.joined.verified || strcmp(event.joined.organisation, WORLD_DOMAIN) != 0)
                sim_fail(sim, "session %u: joined somebody unverified", end->home->number);
        } else if (event.kind == PROTO_EVENT_DATA) {
            got_chat(sim, end, event.data);
        } else if (event.kind == PROTO_EVENT_INVITE) {
            agent_invited(sim, end->home, &event);
        } else if (event.kind == PROTO_EVENT_MEDIA) {
            end->home->frames_opened++;
            sim_judge_frame(sim, end->home, &event);
        } else if (event.kind == PROTO_EVENT_CONSENT && end->customer) {
            customer_consent(sim, end->home, &event);
        } else if (event.kind == PROTO_EVENT_LOGGED && end->customer) {
            customer_logged(sim, end->home, &event);
        } else if (event.kind == PROTO_EVENT_CAPTURE) {
            end->home->capturing[event.capture.capability] = event.capture.on;
        } else if (event.kind == PROTO_EVENT_ALARM && !sim->weather.tamper) {
            sim_fail(sim, "session %u: an alarm without a reason: %s: %s", end->home->number,
                     proto_err_name(event.alarm.err), event.alarm.message);
        }
    }
}

/* ---------------------------------------------------------------- deeds */

static void chat(struct sim *sim, struct sim_end *end)
{
    handhold_Data data = {.which_body = handhold_Data_chat_tag};

    snprintf(data.body.chat.text, sizeof data.body.chat.text, SIM_PLANT " %u %u", end->home->number,
             end->chat_sent + 1);
    if (!proto_session_send_data(end->session, &data, sim->now))
        end->chat_sent++;
}

static void agent_acts(struct sim *sim, struct sim_end *end)
{
    enum proto_capability capability = wanted[sim_random(sim, WANTED)];
    handhold_Data data = {.which_body = handhold_Data_pointer_tag};

    end->next_act_ms = sim->now.mono_ms + 300 + (int64_t)sim_random(sim, 4000);
    if (sim->now.mono_ms >= end->home->end_ms) {
        proto_session_end(end->session, PROTO_END_COMPLETED, sim->now);
        return;
    }
    switch (sim_random(sim, 4)) {
    case 0:
    case 1:
        (void)!proto_session_request(end->session, capability, SIM_PURPOSE, sim_chance(sim, 300) ? 5 : 0, sim->now);
        break;
    case 2:
        chat(sim, end);
        break;
    default:
        proto_session_want_key_frame(end->session, PROTO_CAPABILITY_CAMERA, sim->now);
        (void)!proto_session_send_data(end->session, &data, sim->now);
    }
}

static void customer_answers(struct sim *sim, struct sim_end *end)
{
    struct sim_session *session = end->home;
    enum proto_capability capability = end->asked;

    end->asked = PROTO_CAPABILITY_NONE;
    end->answer_ms = PROTO_NEVER;
    if (!capability)
        return;
    if (sim_chance(sim, 100)) {
        (void)!proto_session_refuse(end->session, capability, sim->now);
        return;
    }
    if (session->grant_count == SIM_GRANTS_MAX)
        return;
    /* true from the tap on, whatever becomes of it */
    session->grants[session->grant_count] = (struct sim_grant){capability, sim->now.mono_ms, PROTO_NEVER, false};
    if (!proto_session_grant(end->session, capability, sim->now)) {
        session->grant_count++;
        note_deed(sim, session, PROTO_STATEMENT_GRANT, capability);
    }
}

static void customer_acts(struct sim *sim, struct sim_end *end)
{
    end->next_act_ms = sim->now.mono_ms + 300 + (int64_t)sim_random(sim, 5000);
    switch (sim_random(sim, 5)) {
    case 0:
        chat(sim, end);
        break;
    case 1:
        (void)!proto_session_withdraw(end->session, wanted[sim_random(sim, WANTED)], sim->now);
        break;
    case 2:
        (void)!proto_session_pause(end->session, sim_chance(sim, 400), "customer", "asked", sim->now);
        break;
    case 3:
        if (sim_chance(sim, 30))
            proto_session_end(end->session, PROTO_END_CUSTOMER_LEFT, sim->now);
        break;
    default:
        break;
    }
}

/* The camera never stops by itself: this end pushes all the time, and the session has to refuse. */
static void push_frames(struct sim *sim, struct sim_end *end)
{
    static const size_t plant = sizeof SIM_PLANT - 1;
    uint8_t bytes[sizeof SIM_PLANT - 1 + 16 + 400] = SIM_PLANT;

    end->next_frame_ms = sim->now.mono_ms + FRAME_EVERY_MS;
    for (unsigned i = 0; i < 3; i++) {
        uint32_t number = end->home->number, capability = wanted[i];
        struct proto_frame frame = {.bytes = bytes,
                                    .len = plant + 16 + sim_random(sim, 400),
                                    .key = capability != PROTO_CAPABILITY_CAMERA || sim_chance(sim, 100),
                                    .capture_mono_ms = sim->now.mono_ms};
        memcpy(bytes + plant, &sim->now.mono_ms, 8);
        memcpy(bytes + plant + 8, &number, 4);
        memcpy(bytes + plant + 12, &capability, 4);
        enum proto_err err = proto_session_push_frame(end->session, wanted[i], &frame, sim->now);
        if (!err)
            end->home->frames_pushed++;
        if (!err && !end->home->capturing[wanted[i]])
            sim_fail(sim, "invariant 1: session %u: %s was sealed while nobody was told to capture", number,
                     proto_capability_name(wanted[i]));
    }
}

void sim_people_tick(struct sim *sim, struct sim_end *end)
{
    if (!end->session || end->ended)
        return;
    if (sim->now.mono_ms >= end->answer_ms)
        customer_answers(sim, end);
    sim_people_events(sim, end);
    if (sim->now.mono_ms >= end->next_act_ms) {
        if (end->customer)
            customer_acts(sim, end);
        else
            agent_acts(sim, end);
    }
    sim_people_events(sim, end);
    if (sim->now.mono_ms >= end->next_frame_ms)
        push_frames(sim, end);
}

int64_t sim_people_deadline(const struct sim *sim, const struct sim_end *end)
{
    (void)sim;
    if (!end->session || end->ended)
        return PROTO_NEVER;
    return proto_earlier(end->answer_ms, proto_earlier(end->next_act_ms, end->next_frame_ms));
}
