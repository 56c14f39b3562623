/* SPDX-License-Identifier: Apache-2.0 */
/* The customer's other device: a companion on the hub, which tells the phone what its home reports (proto/beside). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/sim.h"

enum {
    TELL_EVERY_MS = 60,    /* often: there shall be some on the way when the phone changes its mind */
    PAUSE_EVERY_MS = 6000, /* at most: the person pauses, and goes on before anybody can have heard of it … */
    PAUSE_MS = 30,         /* … mostly */
    MUTE_EVERY_MS = 60000, /* at most: the line of hub or phone carries nothing, and nobody is told */
    MUTE_MS = 12000,
    QUEUE_BYTES = 1 << 20,
};
#define HOST "help.example.org"

/* ---- on the way ---- */

/* A lying relay between the two: alters, or leaves out. False: it is left out. */
static bool passes(struct sim *sim, uint8_t *bytes, size_t len)
{
    if (!sim_chance(sim, sim->faults.tamper))
        return true;
    sim->tampered++;
    bytes[sim_random(sim, len)] ^= (uint8_t)(1u << sim_random(sim, 8));
    return sim_chance(sim, 700);
}

static void queue(struct sim_hub *h, const handhold_ToRelay *message)
{
    struct proto_buf body;

    proto_buf_init(&body, PROTO_MAX_RELAY_BYTES);
    if (proto_message_to_relay(&body, 0, message))
        sim_fail(h->sim, "session %u: the hub's message is too long", h->end.home->number);
    proto_buf_put_u32(&h->out, (uint32_t)body.len);
    proto_buf_put(&h->out, body.bytes, body.len);
    proto_buf_free(&body);
}

static void hub_says(void *context, const uint8_t *bytes, size_t len)
{
    static handhold_ToRelay message;
    struct sim_hub *h = context;

    message = (handhold_ToRelay){.which_body = handhold_ToRelay_beside_tag};
    if (!PROTO_SET_BYTES(message.body.beside, bytes, len) && passes(h->sim, message.body.beside.bytes, len))
        queue(h, &message);
}

static void phone_says(void *context, const uint8_t *bytes, size_t len)
{
    static uint8_t copy[PROTO_BESIDE_MESSAGE_MAX];
    struct sim_hub *h = context;

    memcpy(copy, bytes, len);
    if (passes(h->sim, copy, len)) /* without a connection the pair is made anew when it is back */
        (void)!proto_session_beside_send(h->end.home->customer.session, copy, len);
}

const uint8_t *sim_hub_pending(const struct sim_hub *h, size_t *len)
{
    struct proto_reader r = proto_reader_of(h->out.bytes + h->out_at, h->out.len - h->out_at);

    *len = h->out.len > h->out_at ? proto_read_u32(&r) : 0;
    return *len ? r.at : NULL;
}

void sim_hub_sent(struct sim_hub *h)
{
    size_t len;

    if (sim_hub_pending(h, &len))
        h->out_at += 4 + len;
    if (h->out_at == h->out.len) {
        proto_buf_clear(&h->out);
        h->out_at = 0;
    }
}

/* ---- the hub ---- */

void sim_hub_begin(struct sim *sim, struct sim_session *session)
{
    struct sim_hub *h = calloc(1, sizeof *h);

    if (!h)
        abort();
    session->hub = h;
    h->sim = sim;
    h->end = (struct sim_end){.home = session, .customer = true, .hub = h};
    h->end.line.end_learns_ms = h->end.line.relay_learns_ms = PROTO_NEVER;
    sim_net_clear(&h->end.line);
    proto_buf_init(&h->out, QUEUE_BYTES);
    h->type_ms = h->again_ms = PROTO_NEVER;
    h->pause_ms = sim->now.mono_ms + (int64_t)sim_random(sim, PAUSE_EVERY_MS);
    h->mute_ms = sim->now.mono_ms + (int64_t)sim_random(sim, MUTE_EVERY_MS);
}

void sim_hub_free(struct sim_hub *h)
{
    if (!h)
        return;
    proto_beside_clear(&h->pair);
    proto_beside_clear(&h->phone);
    proto_buf_free(&h->out);
    sim_net_clear(&h->end.line);
    free(h);
}

bool sim_hub_wants_connection(const struct sim_hub *h)
{
    return !h->over;
}

void sim_hub_connected(struct sim_hub *h)
{
    static handhold_ToRelay message;

    message = (handhold_ToRelay){.which_body = handhold_ToRelay_hello_tag};
    message.body.hello.which_seat = handhold_Hello_beside_tag;
    if (h->has_token && PROTO_SET_BYTES(message.body.hello.seat.beside, h->token, sizeof h->token))
        abort();
    queue(h, &message);
}

void sim_hub_disconnected(struct sim_hub *h)
{
    proto_beside_present(&h->pair, false, h->sid);
    proto_buf_clear(&h->out);
    h->out_at = 0;
    h->over = h->over || (!h->has_token && h->named); /* the code that was typed leads nowhere any more */
    if (!h->has_token)
        h->type_ms = PROTO_NEVER;
}

static void show_code(struct sim_hub *h, const char *nameplate)
{
    struct sim *sim = h->sim;

    proto_beside_clear(&h->pair);
    h->pair = (struct proto_beside){.random = sim->random, .send = hub_says, .context = h};
    if (proto_invite_code_new(&h->code, nameplate, &sim->random) || proto_beside_begin(&h->pair, HOST, &h->code))
        sim_fail(sim, "session %u: the hub's code is none", h->end.home->number);
    h->type_ms = sim->now.mono_ms + 500 + (int64_t)sim_random(sim, 4000);
}

static void take_state(struct sim_hub *h, const handhold_Beside *m)
{
    if (*m->nameplate) {
        show_code(h, m->nameplate);
        return;
    }
    if (m->token.size == sizeof h->token && m->sid.size == sizeof h->sid) {
        memcpy(h->token, m->token.bytes, sizeof h->token);
        memcpy(h->sid, m->sid.bytes, sizeof h->sid);
        h->has_token = true;
    }
    proto_beside_present(&h->pair, m->present, h->sid);
}

void sim_hub_feed(struct sim_hub *h, const uint8_t *bytes, size_t len)
{
    static handhold_FromRelay m;
    static handhold_BesideData data;
    enum proto_err err;

    if (len <= PROTO_ENVELOPE_BYTES || proto_message_decode(bytes + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES,
                                                            handhold_FromRelay_fields, &m, sizeof m))
        sim_fail(h->sim, "session %u: the hub was told what is no message", h->end.home->number);
    else if (m.which_body == handhold_FromRelay_beside_state_tag)
        take_state(h, &m.body.beside_state);
    else if (m.which_body == handhold_FromRelay_beside_tag) {
        h->heard_ms = h->sim->now.mono_ms;
        h->over = proto_beside_take(&h->pair, m.body.beside.bytes, m.body.beside.size, h->sim->now.mono_ms, &data,
                                    &err) == PROTO_BESIDE_BURNT ||
                  h->over;
    } else if (m.which_body == handhold_FromRelay_ended_tag ||
               (m.which_body == handhold_FromRelay_error_tag && m.body.error.fatal))
        h->over = true;
}

/* What it reads says when it was read. */
static void tell(struct sim_hub *h)
{
    struct sim *sim = h->sim;
    char text[96];
    int len = snprintf(text, sizeof text, SIM_PLANT " hub %u %lld", h->end.home->number, (long long)sim->now.mono_ms);

    h->tell_ms = sim->now.mono_ms + TELL_EVERY_MS;
    if (sim->now.mono_ms > h->heard_ms + PROTO_BESIDE_SILENT_MS + TELL_EVERY_MS)
        sim_fail(sim, "invariant 8: session %u: the hub still reads, and has not heard its phone for %lld ms",
                 h->end.home->number, (long long)(sim->now.mono_ms - h->heard_ms));
    if (proto_beside_may_tell(&h->pair) && !proto_beside_tell(&h->pair, (const uint8_t *)text, (size_t)len))
        h->told++;
}

/* ---- the phone's end of it ---- */

static void allow(struct sim_hub *h, bool on)
{
    if (on != h->allowed)
        h->allowed_ms = h->sim->now.mono_ms;
    h->allowed = on;
    proto_beside_capture(&h->phone, on);
}

static void judge(struct sim_hub *h, const uint8_t *bytes, size_t len)
{
    unsigned number = 0;
    long long read_ms = 0;
    char text[96] = "";

    memcpy(text, bytes, len < sizeof text - 1 ? len : sizeof text - 1);
    if (sscanf(text, SIM_PLANT " hub %u %lld", &number, &read_ms) != 2 || number != h->end.home->number)
        sim_fail(h->sim, "invariant 8: session %u: the phone was given what no hub of it told", h->end.home->number);
    else if (!h->allowed || read_ms < h->allowed_ms)
        sim_fail(h->sim, "invariant 8: session %u: the phone was given what was read without its consent",
                 h->end.home->number);
    h->came++;
}

static void phone_takes(struct sim_hub *h, const uint8_t *bytes, size_t len)
{
    static handhold_BesideData data;
    enum proto_err err;

    switch (proto_beside_take(&h->phone, bytes, len, h->sim->now.mono_ms, &data, &err)) {
    case PROTO_BESIDE_UP:
        proto_beside_capture(&h->phone, h->phone.wanted);
        break;
    case PROTO_BESIDE_DATA:
        if (data.which_body == handhold_BesideData_frame_tag)
            judge(h, data.body.frame.bytes, data.body.frame.size);
        break;
    case PROTO_BESIDE_REFUSED: /* it was mistyped: once more */
        h->named = false;
        h->type_ms = h->sim->now.mono_ms + 1000;
        break;
    case PROTO_BESIDE_BROKEN:
        if (!h->sim->weather.tamper)
            sim_fail(h->sim, "session %u: the pair is broken, and nobody lied", h->end.home->number);
        h->again_ms = h->sim->now.mono_ms + 1000;
        break;
    case PROTO_BESIDE_BURNT:
    case PROTO_BESIDE_NOTHING:
        break;
    }
}

void sim_hub_event(struct sim_hub *h, const struct proto_event *event)
{
    if (event->kind == PROTO_EVENT_CAPTURE && event->capture.capability == PROTO_CAPABILITY_DEVICE_STATE)
        allow(h, event->capture.on);
    if (event->kind != PROTO_EVENT_BESIDE || !h->named)
        return;
    if (event->beside.bytes)
        phone_takes(h, event->beside.bytes, event->beside.len);
    else if (event->beside.err)
        h->named = false; /* it waits there no more, or too many were tried */
    else
        proto_beside_present(&h->phone, event->beside.present, proto_session_sid(h->end.home->customer.session));
}

/* Now and then one figure is another. */
static void type_code(struct sim_hub *h)
{
    struct proto_session *phone = h->end.home->customer.session;
    struct proto_invite_code code = h->code;
    bool wanted = h->phone.wanted;

    h->type_ms = h->sim->now.mono_ms + 1000;
    if (!h->mistyped && sim_chance(h->sim, 300)) {
        h->mistyped = true;
        code.secret[2] = code.secret[2] == '7' ? '3' : '7';
    }
    proto_beside_clear(&h->phone);
    h->phone = (struct proto_beside){
        .first = true, .random = h->sim->random, .send = phone_says, .context = h, .wanted = wanted};
    if (!proto_beside_begin(&h->phone, HOST, &code) && !proto_session_beside_join(phone, code.nameplate)) {
        h->named = true;
        h->type_ms = PROTO_NEVER;
    }
}

/* The person pauses and goes on; the line of one of the two falls silent and comes back. */
static void change_mind(struct sim_hub *h)
{
    struct sim *sim = h->sim;
    struct sim_end *phone = &h->end.home->customer;

    if (sim->now.mono_ms >= h->pause_ms) {
        bool pause = h->allowed;

        allow(h, !pause && phone->home->capturing[PROTO_CAPABILITY_DEVICE_STATE]);
        h->pause_ms = sim->now.mono_ms + 1 + (int64_t)sim_random(sim, pause ? PAUSE_MS : PAUSE_EVERY_MS);
    }
    if (sim->now.mono_ms >= h->mute_ms) {
        bool mute = !h->end.line.held && !phone->line.held, of_phone = sim_chance(sim, 500);

        h->end.line.held = mute && !of_phone;
        phone->line.held = mute && of_phone;
        h->mute_ms = sim->now.mono_ms + (mute ? MUTE_MS : 1 + (int64_t)sim_random(sim, MUTE_EVERY_MS));
    }
}

/* ---- time ---- */

void sim_hub_tick(struct sim_hub *h)
{
    const struct sim_end *phone = &h->end.home->customer;
    int64_t now_ms = h->sim->now.mono_ms;

    if (phone->ended && h->allowed)
        allow(h, false);
    if (phone->ended && !h->has_token)
        h->over = true; /* its owner puts it away */
    if (!phone->ended)
        change_mind(h);
    else
        h->end.line.held = h->end.home->customer.line.held = false;
    if (!phone->ended && now_ms >= h->type_ms)
        type_code(h);
    if (!phone->ended && now_ms >= h->again_ms) {
        h->again_ms = PROTO_NEVER;
        proto_beside_present(&h->phone, true, proto_session_sid(phone->session));
    }
    if (!phone->ended && h->named)
        proto_beside_tick(&h->phone, now_ms);
    proto_beside_tick(&h->pair, now_ms);
    if (h->pair.capturing && now_ms >= h->tell_ms)
        tell(h);
}

int64_t sim_hub_deadline(const struct sim_hub *h)
{
    int64_t at = proto_beside_deadline(&h->pair);

    if (h->over)
        return PROTO_NEVER;
    if (h->pair.capturing)
        at = proto_earlier(at, h->tell_ms);
    if (h->end.home->customer.ended)
        return at;
    at = proto_earlier(at, proto_earlier(h->type_ms, h->again_ms));
    at = proto_earlier(at, proto_earlier(h->pause_ms, h->mute_ms));
    return h->named ? proto_earlier(at, proto_beside_deadline(&h->phone)) : at;
}
