/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/tape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/desk/record.h"

#define PATH_BYTES 4096

struct agent_desk_tape {
    struct agent_desk_tape_config config;
    char path[PATH_BYTES], present[PATH_BYTES]; /* as given, and of the file that is written */
    unsigned files;
    struct agent_desk_record *record; /* owned; NULL: it does not run */
    int64_t began_ms;                 /* mono */
    bool in_step;                     /* the customer's media time `ts_ms` was `ts_mono_ms` here */
    uint32_t ts_ms;
    int64_t ts_mono_ms;
    int64_t newest_ms; /* mono: of whatever came last */
};

enum proto_err agent_desk_tape_new(struct agent_desk_tape **out, const struct agent_desk_tape_config *config)
{
    struct agent_desk_tape *t;

    *out = NULL;
    if (strlen(config->path) >= PATH_BYTES - 16)
        return PROTO_ERR_RANGE;
    t = calloc(1, sizeof *t);
    if (!t)
        return PROTO_ERR_NOMEM;
    t->config = *config;
    snprintf(t->path, sizeof t->path, "%s", config->path);
    *out = t;
    return PROTO_OK;
}

void agent_desk_tape_free(struct agent_desk_tape *t)
{
    uint8_t hash[32];
    uint64_t bytes;

    if (!t)
        return;
    if (t->record && agent_desk_record_stop(t->record, t->newest_ms - t->began_ms, &bytes, hash) != PROTO_OK)
        t->files = 0; /* nobody is there to be told */
    agent_desk_record_free(t->record);
    free(t);
}

bool agent_desk_tape_runs(const struct agent_desk_tape *t)
{
    return t->record != NULL;
}

static void tell(struct agent_desk_tape *t, bool on, enum proto_err err, uint64_t bytes)
{
    if (t->config.told)
        t->config.told(t->config.context, on, err, t->present, bytes);
}

/* "x.hhr", then "x-2.hhr": a suffix stays at the end. */
static void next_path(struct agent_desk_tape *t)
{
    const char *slash = strrchr(t->path, '/'), *dot = strrchr(slash ? slash : t->path, '.');
    int stem = dot ? (int)(dot - t->path) : (int)strlen(t->path);

    if (++t->files == 1)
        snprintf(t->present, sizeof t->present, "%.4000s", t->path);
    else
        snprintf(t->present, sizeof t->present, "%.*s-%u%s", stem < 4000 ? stem : 4000, t->path, t->files,
                 dot ? dot : "");
}

static enum proto_err start(struct agent_desk_tape *t, struct proto_now now)
{
    const struct proto_policy *policy = proto_session_policy(t->config.session);
    static const uint8_t no_hash[32];
    enum proto_err err;

    if (t->record || !policy)
        return PROTO_ERR_STATE;
    err = proto_session_recorded(t->config.session, true, 0, no_hash, now);
    if (err != PROTO_OK)
        return err;
    next_path(t);
    t->began_ms = t->newest_ms = now.mono_ms;
    t->in_step = false;
    err = agent_desk_record_new(&t->record, t->present, policy->evidence_key, &t->config.random);
    tell(t, err == PROTO_OK, err, 0);
    if (err == PROTO_OK)
        proto_session_want_key_frame(t->config.session, PROTO_CAPABILITY_CAMERA, now);
    return err;
}

static void stop(struct agent_desk_tape *t, struct proto_now now)
{
    uint8_t hash[32];
    uint64_t bytes = 0;
    enum proto_err err, noted;

    if (!t->record)
        return;
    err = agent_desk_record_stop(t->record, now.mono_ms - t->began_ms, &bytes, hash);
    agent_desk_record_free(t->record);
    t->record = NULL;
    noted = proto_session_recorded(t->config.session, false, bytes, hash, now);
    tell(t, false, err != PROTO_OK ? err : noted, bytes);
}

enum proto_err agent_desk_tape_run(struct agent_desk_tape *t, bool on, struct proto_now now)
{
    if (on)
        return start(t, now);
    if (!t->record)
        return PROTO_ERR_STATE;
    stop(t, now);
    return PROTO_OK;
}

static void keep_data(struct agent_desk_tape *t, const handhold_Data *data, struct proto_now now)
{
    char text[PROTO_MAX_CHAT_BYTES + 32];

    if (data->which_body == handhold_Data_chat_tag) {
        snprintf(text, sizeof text, "customer: %s", data->body.chat.text);
        agent_desk_tape_text(t, text, now);
    } else if (data->which_body == handhold_Data_mark_tag) {
        snprintf(text, sizeof text, "customer drew: %s %s", data->body.mark.shape, data->body.mark.text);
        agent_desk_tape_text(t, text, now);
    }
}

void agent_desk_tape_event(struct agent_desk_tape *t, const struct proto_event *e, struct proto_now now)
{
    bool ours = e->kind == PROTO_EVENT_CONSENT && e->consent.capability == PROTO_CAPABILITY_RECORDING;

    if (ours && e->consent.state == PROTO_CONSENT_GRANTED && !t->record) {
        enum proto_err err = start(t, now);

        if (err != PROTO_OK && t->files == 0)
            tell(t, false, err, 0);
    } else if ((ours && e->consent.state != PROTO_CONSENT_GRANTED) || e->kind == PROTO_EVENT_ENDED) {
        stop(t, now);
    } else if (e->kind == PROTO_EVENT_DATA) {
        keep_data(t, e->data, now);
    }
}

/* A disk that is full ends the recording, not the session. */
static void check(struct agent_desk_tape *t, enum proto_err err)
{
    if (err == PROTO_OK)
        return;
    agent_desk_record_free(t->record);
    t->record = NULL;
    tell(t, false, err, 0);
}

/*
 * When it was captured, since the recording began. Picture and voice of the customer have one media clock; it is laid
 * on ours once, by the first that comes, since an estimate that is refined would take them out of step.
 */
static int64_t at(struct agent_desk_tape *t, uint32_t ts_ms, int64_t captured_ms)
{
    if (!t->in_step) {
        t->in_step = true;
        t->ts_ms = ts_ms;
        t->ts_mono_ms = captured_ms;
    }
    return t->ts_mono_ms + (int32_t)(ts_ms - t->ts_ms) - t->began_ms; /* media time wraps after 49 days */
}

void agent_desk_tape_frame(struct agent_desk_tape *t, const struct agent_desk_frame *f)
{
    int64_t captured_ms = f->captured_ms == AGENT_DESK_PICTURE_UNTIMED ? f->arrived_ms : f->captured_ms;

    if (!t->record || !f->decoded_ms)
        return; /* what did not decode here does not decode there */
    t->newest_ms = f->arrived_ms;
    check(t, agent_desk_record_picture(t->record, f->payload, f->bytes, f->header->flags & PROTO_MEDIA_KEY,
                                       at(t, f->header->ts_ms, captured_ms), f->width, f->height));
}

void agent_desk_tape_voice(struct agent_desk_tape *t, const struct proto_event *e, struct proto_now now)
{
    int64_t captured_ms = e->media.capture_mono_ms ? e->media.capture_mono_ms : now.mono_ms;

    if (!t->record)
        return;
    t->newest_ms = now.mono_ms;
    check(t, agent_desk_record_voice(t->record, false, e->media.bytes, e->media.len,
                                     at(t, e->media.header->ts_ms, captured_ms)));
}

void agent_desk_tape_my_voice(struct agent_desk_tape *t, const uint8_t *packet, size_t len, int64_t mono_ms)
{
    if (t->record)
        check(t, agent_desk_record_voice(t->record, true, packet, len, mono_ms - t->began_ms));
}

void agent_desk_tape_text(struct agent_desk_tape *t, const char *text, struct proto_now now)
{
    if (t->record)
        check(t, agent_desk_record_text(t->record, text, now.mono_ms - t->began_ms));
}
