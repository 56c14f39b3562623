/* SPDX-License-Identifier: Apache-2.0 */
/* Questions: one sheet is before the customer, the others wait for its answer. */
#include <stdio.h>
#include <string.h>

#include "agent/desk/inside.h"

static bool is_open(const struct agent_desk *d, enum proto_capability capability)
{
    enum proto_consent_state state = proto_session_consent(d->session, capability);

    return state == PROTO_CONSENT_GRANTED || state == PROTO_CONSENT_REQUESTED;
}

static bool waits(const struct agent_desk *d, enum proto_capability capability)
{
    for (size_t i = 0; i < d->turns; i++)
        for (size_t k = 0; k < d->turn[i].count; k++)
            if (d->turn[i].order[k] == capability)
                return true;
    return false;
}

static void drop_first(struct agent_desk *d)
{
    d->turns--;
    memmove(d->turn, d->turn + 1, d->turns * sizeof *d->turn);
}

/* Tells as an event what the session says to a question that waited: nobody is there to read a return value. */
static void tell_refused(struct agent_desk *d, enum proto_capability capability, enum proto_err err)
{
    char text[256];
    const struct proto_event event = {.kind = PROTO_EVENT_ERROR, .error = {.err = err, .message = text}};

    snprintf(text, sizeof text, "%s: %s; %s", proto_capability_name(capability), proto_err_rule(err),
             proto_err_way_out(err));
    if (d->listener.event)
        d->listener.event(d->listener.context, &event);
}

/* Leaves out what came to be granted, or asked, while it waited. */
static void drop_open(const struct agent_desk *d, struct agent_desk_sheet *sheet)
{
    size_t kept = 0;

    for (size_t i = 0; i < sheet->count; i++)
        if (!is_open(d, sheet->order[i]))
            sheet->order[kept++] = sheet->order[i];
    sheet->count = kept;
}

void agent_desk_ask_next(struct agent_desk *d, struct proto_now now)
{
    while (d->turns > 0) {
        struct agent_desk_sheet sheet = d->turn[0];
        enum proto_err err = PROTO_OK;

        drop_open(d, &sheet);
        if (sheet.count)
            err = proto_session_request_many(d->session, sheet.order, sheet.count, sheet.purpose, sheet.max_s, now);
        if (err == PROTO_ERR_STATE)
            return; /* another question is open, or nobody has joined: its turn comes */
        drop_first(d);
        if (sheet.count && err == PROTO_OK)
            return;
        for (size_t i = 0; err && i < sheet.count; i++)
            tell_refused(d, sheet.order[i], err);
    }
}

enum proto_err agent_desk_request_many(struct agent_desk *d, const enum proto_capability *capabilities, size_t count,
                                       const char *purpose, uint32_t max_s, struct proto_now now)
{
    struct agent_desk_sheet *sheet = &d->turn[d->turns];

    if (count == 0 || count > PROTO_REQUEST_MAX)
        return PROTO_ERR_RANGE;
    if (!purpose || !*purpose)
        purpose = agent_desk_purpose(capabilities[0]);
    if (strlen(purpose) > PROTO_MAX_VALUE_BYTES)
        return PROTO_ERR_RANGE;
    for (size_t i = 0; i < count; i++)
        if (waits(d, capabilities[i]) || is_open(d, capabilities[i]))
            return PROTO_ERR_EXISTS;
    if (d->turns == 0) {
        enum proto_err err = proto_session_request_many(d->session, capabilities, count, purpose, max_s, now);
        if (err != PROTO_ERR_STATE)
            return err;
    }
    *sheet = (struct agent_desk_sheet){.count = count, .max_s = max_s};
    memcpy(sheet->order, capabilities, count * sizeof *capabilities);
    snprintf(sheet->purpose, sizeof sheet->purpose, "%s", purpose);
    d->turns++;
    return PROTO_OK;
}

enum proto_err agent_desk_request(struct agent_desk *d, enum proto_capability capability, const char *purpose,
                                  uint32_t max_s, struct proto_now now)
{
    return agent_desk_request_many(d, &capability, 1, purpose, max_s, now);
}

const char *agent_desk_purpose(enum proto_capability capability)
{
    static const char *const words[PROTO_CAPABILITY_COUNT] = {
        [PROTO_CAPABILITY_CAMERA] = "To see what you see",
        [PROTO_CAPABILITY_MICROPHONE] = "To talk with you",
        [PROTO_CAPABILITY_DEVICE_STATE] = "To read what your device reports about itself",
        [PROTO_CAPABILITY_STILL] = "To look at a detail in a sharp photo",
        [PROTO_CAPABILITY_RECORDING] = "To keep what you showed me for the report",
        [PROTO_CAPABILITY_TORCH] = "To give your camera more light",
        [PROTO_CAPABILITY_ZOOM] = "To look closer",
        [PROTO_CAPABILITY_LOCATION] = "To know where you are",
        [PROTO_CAPABILITY_HISTORY] = "To know what was tried before",
        [PROTO_CAPABILITY_GUEST] = "To ask a colleague for help",
    };
    const char *text = (unsigned)capability < PROTO_CAPABILITY_COUNT ? words[capability] : NULL;

    return text ? text : "To help you";
}
