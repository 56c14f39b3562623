/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/beside/beside.h"
#include "proto/host/world.h"
#include "proto/wire/state.h"

#define PREFIX "2:"
#define SEEN_BY "beside"

struct client_beside {
    struct proto_session *session;
    struct client_report *report;
    struct client_beside_listener listener;
    struct proto_beside pair;
    char join_host[PROTO_JOIN_HOST_MAX + 1], name[65];
    bool asked;
    int64_t again_ms;
};

static void tell(struct client_beside *b, const char *state)
{
    if (b->listener.told)
        b->listener.told(b->listener.context, state, b->name);
}

static void send(void *context, const uint8_t *bytes, size_t len)
{
    struct client_beside *b = context;

    /* Without a connection the pair is made anew when it is back. */
    (void)!proto_session_beside_send(b->session, bytes, len);
}

static void say(struct client_beside *b, const handhold_BesideData *data)
{
    (void)!proto_beside_say(&b->pair, data);
}

/* ---- life ---- */

enum proto_err client_beside_new(struct client_beside **out, struct proto_session *session,
                                 struct client_report *report, const char *join_host,
                                 const struct client_beside_listener *listener)
{
    struct client_beside *b = calloc(1, sizeof *b);

    *out = b;
    if (!b)
        return PROTO_ERR_NOMEM;
    b->session = session;
    b->report = report;
    b->listener = *listener;
    b->again_ms = PROTO_NEVER;
    snprintf(b->join_host, sizeof b->join_host, "%s", join_host);
    return PROTO_OK;
}

void client_beside_free(struct client_beside *b)
{
    if (!b)
        return;
    proto_beside_clear(&b->pair);
    free(b);
}

enum proto_err client_beside_link(struct client_beside *b, const char *text)
{
    struct proto_invite_code code;
    enum proto_err err = proto_invite_code_parse(&code, text, strlen(text));
    bool wanted = b->pair.wanted;

    if (b->pair.linked)
        return PROTO_ERR_EXISTS;
    if (err)
        return err;
    proto_beside_clear(&b->pair);
    b->pair =
        (struct proto_beside){.first = true, .random = host_random(), .send = send, .context = b, .wanted = wanted};
    err = proto_beside_begin(&b->pair, b->join_host, &code);
    if (!err)
        err = proto_session_beside_join(b->session, code.nameplate);
    b->asked = !err;
    b->name[0] = '\0';
    proto_invite_code_clear(&code);
    return err;
}

void client_beside_unlink(struct client_beside *b)
{
    bool wanted = b->pair.wanted;

    (void)!proto_session_beside_join(b->session, "");
    proto_beside_clear(&b->pair);
    b->pair.wanted = wanted; /* for the next */
    b->asked = false;
    client_report_forget(b->report, SEEN_BY);
    tell(b, "unlinked");
}

/* ---- what it tells ---- */

static void take_device(struct client_beside *b, const handhold_Device *d)
{
    struct client_state_device device = {.seen_by = SEEN_BY};

    snprintf(device.id, sizeof device.id, PREFIX "%.60s", d->id);
    if (*d->parent)
        snprintf(device.parent, sizeof device.parent, PREFIX "%.60s", d->parent);
    snprintf(device.kind, sizeof device.kind, "%s", d->kind);
    snprintf(device.maker, sizeof device.maker, "%s", d->maker);
    snprintf(device.model, sizeof device.model, "%s", d->model);
    snprintf(device.firmware, sizeof device.firmware, "%s", d->firmware);
    snprintf(device.name, sizeof device.name, "%s", d->name);
    client_report_device(b->report, &device, d->gone);
}

static void take_property(struct client_beside *b, const handhold_Property *p)
{
    struct client_state_property property = {.unix_ms = (int64_t)p->unix_ms};

    if (p->hidden)
        return; /* hidden there: there is nothing to tell */
    snprintf(property.device, sizeof property.device, PREFIX "%.60s", p->device);
    snprintf(property.name, sizeof property.name, "%.47s", p->name);
    snprintf(property.unit, sizeof property.unit, "%.15s", p->unit);
    switch (p->which_value) {
    case handhold_Property_text_tag:
        property.type = CLIENT_STATE_TEXT;
        snprintf(property.value.text, sizeof property.value.text, "%.255s", p->value.text);
        break;
    case handhold_Property_number_tag:
        property.type = CLIENT_STATE_NUMBER;
        property.value.number = p->value.number;
        break;
    case handhold_Property_truth_tag:
        property.type = CLIENT_STATE_BOOL;
        property.value.boolean = p->value.truth;
        break;
    default:
        return;
    }
    client_report_property(b->report, SEEN_BY, &property);
}

static void take_frame(struct client_beside *b, const uint8_t *bytes, size_t len)
{
    struct proto_state_reader reader = proto_state_reader_of(bytes, len);
    handhold_StateChange change;

    while (proto_state_next(&reader, &change) == PROTO_OK)
        switch (change.which_body) {
        case handhold_StateChange_device_tag:
            take_device(b, &change.body.device);
            break;
        case handhold_StateChange_property_tag:
            take_property(b, &change.body.property);
            break;
        case handhold_StateChange_check_tag:
            if (b->listener.check)
                b->listener.check(b->listener.context, &change.body.check);
            break;
        default:
            break;
        }
}

static bool of_the_other(const char *device)
{
    return !strncmp(device, PREFIX, sizeof PREFIX - 1);
}

void client_beside_hide(struct client_beside *b, const char *device, const char *property, bool hide)
{
    handhold_BesideData data = {.which_body = handhold_BesideData_hide_tag, .body.hide.hidden = hide};

    if (!b || !b->pair.up || !of_the_other(device))
        return; /* told when it is there */
    if (PROTO_SET_TEXT(data.body.hide.device, device + sizeof PREFIX - 1) == PROTO_OK &&
        PROTO_SET_TEXT(data.body.hide.property, property) == PROTO_OK)
        say(b, &data);
}

/* What is hidden is hidden in front of everything that it might tell. */
static void on_up(struct client_beside *b)
{
    const struct client_state_model *model = client_report_model(b->report);
    const char *device, *property;

    for (size_t i = 0; client_state_model_hidden(model, i, &device, &property); i++)
        client_beside_hide(b, device, property, true);
    proto_beside_capture(&b->pair, b->pair.wanted);
}

static void on_data(struct client_beside *b, const handhold_BesideData *data)
{
    if (data->which_body == handhold_BesideData_about_tag) {
        snprintf(b->name, sizeof b->name, "%s", data->body.about.name);
        tell(b, "linked");
    } else if (data->which_body == handhold_BesideData_frame_tag) {
        take_frame(b, data->body.frame.bytes, data->body.frame.size);
    }
}

static void on_message(struct client_beside *b, const uint8_t *bytes, size_t len, struct proto_now now)
{
    handhold_BesideData *data = malloc(sizeof *data);
    enum proto_err err;

    if (!data)
        return;
    switch (proto_beside_take(&b->pair, bytes, len, now.mono_ms, data, &err)) {
    case PROTO_BESIDE_UP:
        on_up(b);
        break;
    case PROTO_BESIDE_DATA:
        on_data(b, data);
        break;
    case PROTO_BESIDE_REFUSED:
        b->asked = false;
        tell(b, "wrong-code");
        break;
    case PROTO_BESIDE_BROKEN:
        b->again_ms = now.mono_ms + 1000;
        tell(b, "alarm");
        break;
    case PROTO_BESIDE_BURNT:
    case PROTO_BESIDE_NOTHING:
        break;
    }
    free(data);
}

void client_beside_event(struct client_beside *b, const struct proto_event *e, struct proto_now now)
{
    if (!b || e->kind != PROTO_EVENT_BESIDE || !b->asked)
        return;
    if (e->beside.bytes) {
        on_message(b, e->beside.bytes, e->beside.len, now);
    } else if (e->beside.err) {
        b->asked = false;
        tell(b, e->beside.err == PROTO_ERR_BUSY ? "too-often" : "not-found");
    } else {
        proto_beside_present(&b->pair, e->beside.present, proto_session_sid(b->session));
        if (!e->beside.present && b->name[0])
            tell(b, "away");
    }
}

/* ---- what it is told ---- */

void client_beside_capture(struct client_beside *b, bool on)
{
    if (!b)
        return;
    if (!on)
        client_report_forget(b->report, SEEN_BY);
    proto_beside_capture(&b->pair, on);
}

bool client_beside_data(struct client_beside *b, const handhold_Data *data)
{
    handhold_BesideData asked = {0};

    if (!b || !b->pair.up || !b->pair.wanted)
        return false;
    if (data->which_body == handhold_Data_check_ask_tag) {
        asked.which_body = handhold_BesideData_check_ask_tag;
        asked.body.check_ask = data->body.check_ask;
    } else if (data->which_body == handhold_Data_check_cancel_tag) {
        asked.which_body = handhold_BesideData_check_cancel_tag;
        asked.body.check_cancel = data->body.check_cancel;
    } else {
        return false;
    }
    say(b, &asked);
    return true;
}

void client_beside_tick(struct client_beside *b, struct proto_now now)
{
    if (!b)
        return;
    if (now.mono_ms >= b->again_ms) {
        b->again_ms = PROTO_NEVER;
        if (b->asked && !b->pair.up) /* it may have come back, or been taken out, meanwhile */
            proto_beside_present(&b->pair, true, proto_session_sid(b->session));
    }
    proto_beside_tick(&b->pair, now.mono_ms);
}

int64_t client_beside_deadline(const struct client_beside *b)
{
    return b ? proto_earlier(proto_beside_deadline(&b->pair), b->again_ms) : PROTO_NEVER;
}
