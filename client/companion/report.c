/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/report_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/util/utf8.h"
#include "proto/wire/state.h"

enum {
    BATCHES_ALONE = 8,              /* of 16 kB each time: a home of 5000 values in a few hundred milliseconds … */
    WAITING_MAX_BYTES = 32768,      /* … as long as no more of it waits: a picture may begin at any moment */
    BATCH_BESIDE_BYTES = 1024,      /* while a picture or a voice is sent: 27 ms of a line of 300 kbit/s … */
    BESIDE_BYTES_PER_S = 12 * 1024, /* … and so much of it at most: what changes often is told less often */
};
#define REPORT_ASK_MS 25   /* how often a source that tells by its descriptor is asked */
#define REPORT_DROP_MS 250 /* how often what comes without a consent is thrown away */

static void say(void *context, const char *message)
{
    (void)context;
    host_say(HOST_WARN, "%s", message);
}

static enum proto_err read_rules(struct client_report *r, const char *path, char why[static CLIENT_STATE_WHY_BYTES])
{
    char reason[CLIENT_STATE_WHY_BYTES - 160] = "";
    struct proto_buf text;
    enum proto_err err;

    proto_buf_init(&text, CLIENT_STATE_RULES_BYTES);
    err = host_file_read(path, &text);
    if (err == PROTO_OK)
        err = client_state_rules_parse((const char *)text.bytes, text.len, &r->rules, reason, sizeof reason);
    else
        snprintf(reason, sizeof reason, "%s; %s", proto_err_rule(err), proto_err_way_out(err));
    proto_buf_free(&text);
    if (err != PROTO_OK)
        snprintf(why, CLIENT_STATE_WHY_BYTES, "--redact %.120s: %s", path, reason);
    else
        client_state_model_rules(r->model, &r->rules);
    return err;
}

enum proto_err client_report_new(struct client_report **out, const char *const *specs, size_t count, const char *rules,
                                 char why[static CLIENT_STATE_WHY_BYTES])
{
    struct client_report *r = calloc(1, sizeof *r);
    enum proto_err err = PROTO_ERR_NOMEM;

    *out = NULL;
    snprintf(why, CLIENT_STATE_WHY_BYTES, "--state: %s", proto_err_rule(err));
    if (!r)
        return err;
    proto_buf_init_secret(&r->batch, PROTO_STATE_BATCH_BYTES);
    err = client_state_model_new(&r->model);
    if (err == PROTO_OK && rules)
        err = read_rules(r, rules, why);
    for (size_t i = 0; err == PROTO_OK && i < count; i++) {
        if (i == CLIENT_STATE_SOURCES_MAX) {
            snprintf(why, CLIENT_STATE_WHY_BYTES, "--state %s: there may be %d sources at most; leave one out",
                     specs[i], CLIENT_STATE_SOURCES_MAX);
            err = PROTO_ERR_FULL;
            break;
        }
        err = client_state_source_open(specs[i], (struct client_state_log){say, NULL}, &r->sources[i], why);
        r->count += err == PROTO_OK;
    }
    if (err != PROTO_OK) {
        client_report_free(r);
        return err;
    }
    *out = r;
    return PROTO_OK;
}

/* What was written while nobody might read it is nobody's to read later. */
static void drop_unread(struct client_report *r, struct proto_now now)
{
    bool some = false;

    for (size_t i = 0; i < r->count; i++)
        some = client_state_source_drop(r->sources[i]) || some;
    r->again_ms = some ? now.mono_ms + REPORT_DROP_MS : PROTO_NEVER;
}

void client_report_start(struct client_report *r, struct proto_now now)
{
    if (!r || r->running)
        return;
    r->running = true;
    client_state_model_retell(r->model);
    drop_unread(r, now);
    for (size_t i = 0; i < r->count; i++)
        client_state_source_poll(r->sources[i], now, r->model);
    r->again_ms = now.mono_ms;
}

void client_report_stop(struct client_report *r)
{
    if (!r)
        return;
    r->running = false;
    proto_buf_clear(&r->batch); /* a new start tells all of it again */
    r->in_batch = 0;
    for (size_t i = 0; i < r->count; i++)
        client_state_source_rest(r->sources[i]);
    r->again_ms = 0;
}

int64_t client_report_deadline(const struct client_report *r, int64_t now_ms)
{
    int64_t deadline;

    if (!r)
        return PROTO_NEVER;
    deadline = r->again_ms;
    for (size_t i = 0; r->running && i < r->count; i++) {
        deadline = proto_earlier(deadline, r->sources[i]->deadline_ms);
        if (r->sources[i]->fd >= 0)
            deadline = proto_earlier(deadline, now_ms + REPORT_ASK_MS);
    }
    return deadline;
}

/* ---- the model's changes as messages ---- */

/* The wire's bound may be smaller than the model's: cut where a character ends. */
#define PUT(field, from) proto_utf8_copy((field), sizeof(field), (from))

static bool may_send(const struct client_report *r, const struct proto_session *session)
{
    return r->running &&
           (r->way.push ? r->way.may(r->way.context) : proto_session_may_send(session, PROTO_CAPABILITY_DEVICE_STATE));
}

static enum proto_err push_frame(struct client_report *r)
{
    struct proto_frame frame = {
        .bytes = r->batch.bytes, .len = r->batch.len, .key = true, .capture_mono_ms = r->now.mono_ms};

    if (r->way.push)
        return r->way.push(r->way.context, frame.bytes, frame.len);
    if (proto_session_waiting(r->session, PROTO_CAPABILITY_DEVICE_STATE) > (r->beside ? 0 : WAITING_MAX_BYTES))
        return PROTO_ERR_FULL; /* the line is slow: later, and then the newest */
    return proto_session_push_frame(r->session, PROTO_CAPABILITY_DEVICE_STATE, &frame, r->now);
}

/* True when the batch is empty again. */
static bool send_batch(struct client_report *r)
{
    if (r->batch.len == 0)
        return true;
    if (r->batches_left == 0 || push_frame(r) != PROTO_OK)
        return false;
    if (r->beside)
        r->next_beside_ms = r->now.mono_ms + (int64_t)r->batch.len * 1000 / BESIDE_BYTES_PER_S;
    r->batches_left--;
    r->told += r->in_batch;
    r->in_batch = 0;
    proto_buf_clear(&r->batch);
    return true;
}

static bool push(struct client_report *r, const handhold_StateChange *change)
{
    if (r->beside && r->batch.len > BATCH_BESIDE_BYTES && !send_batch(r))
        return false;
    if (proto_state_batch_add(&r->batch, change) != PROTO_OK) {
        if (!send_batch(r))
            return false;
        if (proto_state_batch_add(&r->batch, change) != PROTO_OK)
            return true; /* a value that the wire does not take is not offered again */
    }
    r->in_batch++;
    return true;
}

static bool tell_device(void *context, const struct client_state_device *device)
{
    handhold_StateChange change = {.which_body = handhold_StateChange_device_tag};
    handhold_Device *d = &change.body.device;

    PUT(d->id, device->id);
    PUT(d->parent, device->parent);
    PUT(d->kind, device->kind);
    PUT(d->maker, device->maker);
    PUT(d->model, device->model);
    PUT(d->firmware, device->firmware);
    PUT(d->seen_by, device->seen_by);
    PUT(d->name, device->name);
    d->gone = device->gone;
    d->hidden = device->hidden;
    return push(context, &change);
}

static bool tell_property(void *context, const struct client_state_property *property)
{
    handhold_StateChange change = {.which_body = handhold_StateChange_property_tag};
    handhold_Property *p = &change.body.property;

    PUT(p->device, property->device);
    PUT(p->name, property->name);
    PUT(p->unit, property->unit);
    p->hidden = property->hidden;
    if (p->hidden)
        return push(context, &change);
    p->unix_ms = property->unix_ms > 0 ? (uint64_t)property->unix_ms : 0;
    switch (property->type) {
    case CLIENT_STATE_TEXT:
        p->which_value = handhold_Property_text_tag;
        PUT(p->value.text, property->value.text);
        break;
    case CLIENT_STATE_NUMBER:
        p->which_value = handhold_Property_number_tag;
        p->value.number = property->value.number;
        break;
    case CLIENT_STATE_BOOL:
        p->which_value = handhold_Property_truth_tag;
        p->value.truth = property->value.boolean;
        break;
    }
    return push(context, &change);
}

void client_report_tick(struct client_report *r, struct proto_session *session, struct proto_now now)
{
    const struct client_state_sink sink = {tell_device, tell_property, r};

    if (r && !r->running && now.mono_ms >= r->again_ms)
        drop_unread(r, now);
    if (!r || !may_send(r, session))
        return;
    for (size_t i = 0; i < r->count; i++)
        if (r->sources[i]->fd >= 0 || now.mono_ms >= r->sources[i]->deadline_ms)
            client_state_source_poll(r->sources[i], now, r->model);
    r->session = session;
    r->now = now;
    r->beside = session && (proto_session_may_send(session, PROTO_CAPABILITY_CAMERA) ||
                            proto_session_may_send(session, PROTO_CAPABILITY_MICROPHONE));
    r->batches_left = !r->beside ? BATCHES_ALONE : now.mono_ms >= r->next_beside_ms;
    client_state_model_flush(r->model, &sink);
    send_batch(r);
    r->session = NULL;
    r->again_ms = now.mono_ms + REPORT_ASK_MS;
}

bool client_report_check(struct client_report *r, struct proto_session *session, const handhold_CheckResult *result,
                         struct proto_now now)
{
    handhold_StateChange change = {.which_body = handhold_StateChange_check_tag, .body.check = *result};
    bool sent;

    if (!may_send(r, session))
        return false;
    r->session = session;
    r->now = now;
    r->batches_left = 1;
    sent = push(r, &change);
    if (sent)
        send_batch(r); /* at once: somebody waits for it; else with the next tick */
    r->session = NULL;
    return sent;
}

void client_report_send_by(struct client_report *r, const struct client_report_way *way)
{
    r->way = *way;
}

enum proto_err client_report_hide(struct client_report *r, const char *device, const char *name, bool hide)
{
    return r ? client_state_model_hide(r->model, device, name, hide) : PROTO_ERR_STATE;
}

const struct client_state_model *client_report_model(const struct client_report *r)
{
    return r ? r->model : NULL;
}

uint64_t client_report_told(const struct client_report *r)
{
    return r ? r->told : 0;
}

void client_report_free(struct client_report *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->count; i++)
        client_state_source_free(r->sources[i]);
    client_state_model_free(r->model);
    proto_buf_free(&r->batch);
    free(r);
}
