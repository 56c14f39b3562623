/* SPDX-License-Identifier: Apache-2.0 */
/* What the people of a world do, each at their own whim. */
#include <stdio.h>
#include <string.h>

#include "tests/simulation/sim.h"

enum { FRAME_EVERY_MS = 120 };

static const enum proto_capability wanted[] = {
    PROTO_CAPABILITY_CAMERA,   PROTO_CAPABILITY_DEVICE_STATE, PROTO_CAPABILITY_MICROPHONE,
    PROTO_CAPABILITY_LOCATION, /* the policy forbids it */
    PROTO_CAPABILITY_TORCH,    /* the device has none */
    PROTO_CAPABILITY_STILL,    PROTO_CAPABILITY_ZOOM,         PROTO_CAPABILITY_RECORDING,
};
enum { PUSHED = 3, WANTED = sizeof wanted / sizeof *wanted };

static void chat(struct sim *sim, struct sim_end *end)
{
    handhold_Data data = {.which_body = handhold_Data_chat_tag};

    snprintf(data.body.chat.text, sizeof data.body.chat.text, SIM_PLANT " %u %u", end->home->number,
             end->chat_sent + 1);
    if (!proto_session_send_data(end->session, &data, sim->now))
        end->chat_sent++;
}

/* One, or several that belong together. */
static void request(struct sim *sim, struct sim_end *end)
{
    enum proto_capability row[PROTO_REQUEST_MAX];
    size_t count = 1 + sim_random(sim, PROTO_REQUEST_MAX), first = sim_random(sim, WANTED);

    for (size_t i = 0; i < count; i++)
        row[i] = wanted[(first + i) % WANTED];
    (void)!proto_session_request_many(end->session, row, count, SIM_PURPOSE, sim_chance(sim, 300) ? 5 : 0, sim->now);
}

static void hold(struct sim *sim, struct sim_end *end)
{
    if (!end->on_hold && sim_chance(sim, 600))
        return;
    if (!proto_session_hold(end->session, !end->on_hold, sim->now))
        end->on_hold = !end->on_hold;
}

static void leave(struct sim *sim, struct sim_end *end)
{
    if (end->goodbye)
        return; /* it ends by the customer, or by itself */
    end->goodbye = sim_chance(sim, 500) && !proto_session_goodbye(end->session, sim->now);
    if (!end->goodbye)
        proto_session_end(end->session, PROTO_END_COMPLETED, sim->now);
}

static void agent_acts(struct sim *sim, struct sim_end *end)
{
    handhold_Data data = {.which_body = handhold_Data_pointer_tag};
    handhold_CameraControl closer = {.which_what = handhold_CameraControl_zoom_tag, .what.zoom = 2};
    uint32_t id;

    end->next_act_ms = sim->now.mono_ms + 300 + (int64_t)sim_random(sim, 4000);
    if (sim->now.mono_ms >= end->home->end_ms) {
        leave(sim, end);
        return;
    }
    switch (sim_random(sim, 7)) {
    case 0:
    case 1:
        request(sim, end);
        break;
    case 2:
        chat(sim, end);
        break;
    case 3:
        hold(sim, end);
        break;
    case 4:
        (void)!proto_session_still_ask(end->session, &id, sim->now);
        break;
    case 5:
        (void)!proto_session_camera_control(end->session, &closer, sim->now);
        break;
    default:
        proto_session_want_key_frame(end->session, PROTO_CAPABILITY_CAMERA, sim->now);
        (void)!proto_session_send_data(end->session, &data, sim->now);
    }
}

void sim_customer_allows(struct sim *sim, struct sim_end *end, enum proto_capability capability)
{
    struct sim_session *session = end->home;

    if (session->grant_count == SIM_GRANTS_MAX)
        return;
    /* true from the tap on, whatever becomes of it */
    session->grants[session->grant_count] = (struct sim_grant){capability, sim->now.mono_ms, PROTO_NEVER, false};
    if (!proto_session_grant(end->session, capability, sim->now)) {
        session->grant_count++;
        sim_note_deed(sim, session, PROTO_STATEMENT_GRANT, capability);
    }
}

static void answer(struct sim *sim, struct sim_end *end, enum proto_capability capability)
{
    if (sim_chance(sim, 100))
        (void)!proto_session_refuse(end->session, capability, sim->now);
    else
        sim_customer_allows(sim, end, capability);
}

/* One switch after the other, and now and then one is left for later. */
static void customer_answers(struct sim *sim, struct sim_end *end)
{
    end->answer_ms = PROTO_NEVER;
    if (end->goodbye) {
        (void)!proto_session_rate(end->session, 1 + (uint32_t)sim_random(sim, 5), true, sim->now);
        proto_session_end(end->session, PROTO_END_COMPLETED, sim->now);
        return;
    }
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        if (!(end->asked & 1u << c))
            continue;
        if (sim_chance(sim, 200)) {
            end->answer_ms = sim->now.mono_ms + 1 + (int64_t)sim_random(sim, 3000);
            continue;
        }
        end->asked &= ~(1u << c);
        answer(sim, end, (enum proto_capability)c);
        sim_people_events(sim, end);
    }
}

void sim_still_fill(const struct sim_session *session, uint32_t id, uint8_t *bytes, size_t len)
{
    static const char plant[] = SIM_PLANT;

    for (size_t i = 0; i < len; i++)
        bytes[i] = i < sizeof plant - 1 ? (uint8_t)plant[i] : (uint8_t)(i * 7 + id + session->number);
}

static void customer_extends(struct sim *sim, struct sim_end *end)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        enum proto_capability capability = (enum proto_capability)c;

        if (!(end->expiring & 1u << c) || sim_chance(sim, 500) ||
            proto_session_extend(end->session, capability, sim->now))
            continue;
        end->home->extensions++;
        sim_note_deed(sim, end->home, PROTO_STATEMENT_GRANT, capability);
    }
    end->expiring = 0;
}

static void customer_looks(struct sim *sim, struct sim_end *end)
{
    static uint8_t bytes[6 * PROTO_STILL_PART_BYTES];
    size_t len = 1 + sim_random(sim, sizeof bytes);
    const struct proto_still still = {bytes, len, 640, 480, "image/jpeg"};
    uint32_t id = end->still;

    end->still_ms = PROTO_NEVER;
    if (sim_chance(sim, 200)) {
        (void)!proto_session_still_discard(end->session, id, false, sim->now);
        return;
    }
    sim_still_fill(end->home, id, bytes, len);
    if (!proto_session_still_send(end->session, id, &still, sim->now) && id < SIM_STILLS_MAX)
        end->home->still_sent[id] = len;
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
    for (unsigned i = 0; i < PUSHED; i++) {
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
        if (!err && end->on_hold)
            sim_fail(sim, "invariant 1: session %u: %s was sealed on hold", number, proto_capability_name(wanted[i]));
        if (!err && !end->home->capturing[wanted[i]])
            sim_fail(sim, "invariant 1: session %u: %s was sealed while nobody was told to capture", number,
                     proto_capability_name(wanted[i]));
    }
}

void sim_people_tick(struct sim *sim, struct sim_end *end)
{
    if (!end->session || end->ended)
        return;
    if (sim->scripted) {
        end->answer_ms = end->still_ms = end->next_act_ms = PROTO_NEVER;
        end->expiring = 0;
        if (sim->now.mono_ms >= end->next_frame_ms)
            push_frames(sim, end);
        return;
    }
    if (sim->now.mono_ms >= end->answer_ms)
        customer_answers(sim, end);
    if (sim->now.mono_ms >= end->still_ms)
        customer_looks(sim, end);
    if (end->expiring)
        customer_extends(sim, end);
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
    int64_t at = proto_earlier(end->answer_ms, end->still_ms);
    return proto_earlier(at, proto_earlier(end->next_act_ms, end->next_frame_ms));
}
