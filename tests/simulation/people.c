/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "tests/simulation/sim.h"

struct sim_grant *sim_open_grant(struct sim_session *session, enum proto_capability capability)
{
    for (unsigned i = session->grant_count; i-- > 0;)
        if (session->grants[i].capability == capability && session->grants[i].ended_ms == PROTO_NEVER)
            return &session->grants[i];
    return NULL;
}

void sim_note_deed(struct sim *sim, struct sim_session *session, enum proto_statement_action action,
                   enum proto_capability capability)
{
    if (session->deed_count == SIM_DEEDS_MAX)
        sim_fail(sim, "the script is too long");
    else
        session->deeds[session->deed_count++] = (struct sim_deed){capability, action, sim->now.unix_ms / 1000};
}

static void end_grant(struct sim *sim, struct sim_session *session, enum proto_capability capability)
{
    struct sim_grant *grant = sim_open_grant(session, capability);

    if (!grant)
        return;
    grant->ended_ms = sim->now.mono_ms;
    sim_note_deed(sim, session, PROTO_STATEMENT_WITHDRAW, capability);
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
    session->customer.still_ms = session->agent.still_ms = PROTO_NEVER;
    session->customer.line.end_learns_ms = session->customer.line.relay_learns_ms = PROTO_NEVER;
    session->agent.line.end_learns_ms = session->agent.line.relay_learns_ms = PROTO_NEVER;
}

void sim_customer_arrives(struct sim *sim, struct sim_session *session)
{
    struct proto_customer_config config = {
        .random = sim->random,
        .link = session->by_code ? NULL : session->link,
        .code = session->by_code ? session->code : NULL,
        .join_host = "help.example.org",
        .pinned_root = sim->agent.identity.root_fingerprint,
        .offers = 1u << PROTO_CAPABILITY_CAMERA | 1u << PROTO_CAPABILITY_DEVICE_STATE |
                  1u << PROTO_CAPABILITY_MICROPHONE | 1u << PROTO_CAPABILITY_LOCATION | 1u << PROTO_CAPABILITY_STILL |
                  1u << PROTO_CAPABILITY_ZOOM | 1u << PROTO_CAPABILITY_RECORDING,
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
        session->customer.asked |= 1u << capability;
        session->customer.answer_ms = sim->now.mono_ms + (int64_t)sim_random(sim, 3000);
        break;
    case PROTO_CONSENT_REFUSED:
    case PROTO_CONSENT_BLOCKED:
        if (sim_open_grant(session, capability))
            end_grant(sim, session, capability);
        else
            sim_note_deed(sim, session, PROTO_STATEMENT_REFUSE, capability);
        session->customer.asked &= ~(1u << capability);
        break;
    case PROTO_CONSENT_WITHDRAWN:
    case PROTO_CONSENT_EXPIRED:
        end_grant(sim, session, capability);
        break;
    case PROTO_CONSENT_NONE:
        session->customer.asked &= ~(1u << capability);
        break;
    case PROTO_CONSENT_GRANTED:
        break;
    }
}

/* Records from the consent to its end; what slept may read of the consent when that, or the session, is over. */
static void agent_consent(struct sim *sim, struct sim_end *end, const struct proto_event *event)
{
    static const uint8_t hash[32] = {7};
    const enum proto_capability recording = PROTO_CAPABILITY_RECORDING;
    bool on = event->consent.state == PROTO_CONSENT_GRANTED;

    if (event->consent.capability != recording || on == end->records ||
        (on && proto_session_consent(end->session, recording) != PROTO_CONSENT_GRANTED))
        return;
    end->records = on;
    if (proto_session_recorded(end->session, on, on ? 0 : 1000, hash, sim->now))
        sim_fail(sim, "session %u: a recording could not be told", end->home->number);
    end->home->recordings += on;
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

static void got_data(struct sim *sim, struct sim_end *end, const handhold_Data *data)
{
    char expected[64];

    if (data->which_body == handhold_Data_camera_control_tag) {
        end->home->controls++;
        if (!sim_open_grant(end->home, PROTO_CAPABILITY_ZOOM) || end->on_hold)
            sim_fail(sim, "invariant 1: session %u: the camera was worked without a consent", end->home->number);
    }
    if (data->which_body == handhold_Data_goodbye_tag) {
        end->goodbye = true;
        end->answer_ms = sim->now.mono_ms + (int64_t)sim_random(sim, 40000); /* some let it end by itself */
    }
    if (data->which_body == handhold_Data_rating_tag && !end->goodbye)
        sim_fail(sim, "session %u: a rating that nobody asked for", end->home->number);
    if (data->which_body != handhold_Data_chat_tag)
        return;
    snprintf(expected, sizeof expected, SIM_PLANT " %u %u", end->home->number, end->chat_got + 1);
    if (strcmp(data->body.chat.text, expected) != 0)
        sim_fail(sim, "invariant 5: session %u: got \"%s\" where \"%s\" was next", end->home->number,
                 data->body.chat.text, expected);
    end->chat_got++;
}

static void still_event(struct sim *sim, struct sim_end *end, const struct proto_event *event)
{
    if (end->customer && event->still.step == PROTO_STILL_STEP_ASKED) {
        end->still = event->still.id;
        end->still_ms = sim->now.mono_ms + (int64_t)sim_random(sim, 3000);
    } else if (end->customer) {
        end->still = 0;
        end->still_ms = PROTO_NEVER;
    } else if (event->still.step == PROTO_STILL_STEP_WHOLE) {
        end->home->stills++;
        sim_judge_still(sim, end->home, event);
    }
}

static void agent_invited(struct sim *sim, struct sim_session *session, const struct proto_event *event)
{
    snprintf(session->link, sizeof session->link, "%s", event->invite.link);
    snprintf(session->code, sizeof session->code, "%s", event->invite.code ? event->invite.code : "");
    for (unsigned i = 0; i < 16; i++)
        sscanf(event->invite.sid_hex + 2 * i, "%2hhx", &session->sid[i]);
    session->sid_known = true;
    if (!sim->scripted)
        sim_customer_arrives(sim, session);
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
        if (sim->heard)
            sim->heard(sim->context, end, &event);
        if (event.kind == PROTO_EVENT_JOINED && end->customer && sim->weather.hub)
            sim_hub_begin(sim, end->home);
        if (end->customer && end->home->hub)
            sim_hub_event(end->home->hub, &event);
        if (end->ended && event.kind != PROTO_EVENT_NONE)
            sim_fail(sim, "session %u: an event after the end", end->home->number);
        if (event.kind == PROTO_EVENT_ENDED) {
            end->ended = true;
            end->ended_ms = sim->now.mono_ms;
            end->reason = event.ended.reason;
        } else if (event.kind == PROTO_EVENT_JOINED) {
            end->joined = true;
            if (!event.joined.verified || strcmp(event.joined.organisation, WORLD_DOMAIN) != 0)
                sim_fail(sim, "session %u: joined somebody unverified", end->home->number);
        } else if (event.kind == PROTO_EVENT_DATA) {
            got_data(sim, end, event.data);
        } else if (event.kind == PROTO_EVENT_INVITE) {
            agent_invited(sim, end->home, &event);
        } else if (event.kind == PROTO_EVENT_MEDIA) {
            end->home->frames_opened++;
            sim_judge_frame(sim, end->home, &event);
            if (end->on_hold)
                sim_fail(sim, "invariant 1: session %u: a frame opened on hold", end->home->number);
        } else if (event.kind == PROTO_EVENT_CONSENT && end->customer) {
            customer_consent(sim, end->home, &event);
        } else if (event.kind == PROTO_EVENT_CONSENT) {
            agent_consent(sim, end, &event);
        } else if (event.kind == PROTO_EVENT_LOGGED && end->customer) {
            customer_logged(sim, end->home, &event);
        } else if (event.kind == PROTO_EVENT_LOGGED) {
            end->home->fork_taken = end->home->fork_taken || end->home->forked_ms;
        } else if (event.kind == PROTO_EVENT_HOLD) {
            end->on_hold = event.hold.on;
            end->home->holds += event.hold.on;
        } else if (event.kind == PROTO_EVENT_EXPIRING) {
            end->expiring |= 1u << event.expiring.capability;
        } else if (event.kind == PROTO_EVENT_STILL) {
            still_event(sim, end, &event);
        } else if (event.kind == PROTO_EVENT_CAPTURE) {
            end->home->capturing[event.capture.capability] = event.capture.on;
        } else if (event.kind == PROTO_EVENT_ALARM && sim->weather.fork && event.alarm.err == PROTO_ERR_LOG) {
            end->told_of_fork = true;
            end->has_proof = end->has_proof || event.alarm.fork;
        } else if (event.kind == PROTO_EVENT_ALARM && !sim->weather.tamper &&
                   !(event.alarm.err == PROTO_ERR_BURNT && sim->cuts)) { /* a code whose line was cut three times */
            sim_fail(sim, "session %u: an alarm without a reason: %s: %s", end->home->number,
                     proto_err_name(event.alarm.err), event.alarm.message);
        }
    }
}
