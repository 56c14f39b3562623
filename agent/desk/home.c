/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/desk/cases.h"

enum { PROPOSE_EVERY_MS = 500, OWN_ASKS = 16, LATELY_MS = 4000, DRAFT_EVERY_MS = 3000 };

struct own_ask { /* a check that a guide asked for */
    uint32_t id;
    char check[33];
    int64_t asked_ms;
};

struct agent_desk_home {
    struct agent_desk_home_config config;
    struct agent_desk_devices *devices; /* owned */
    struct agent_desk_guides *guides;   /* owned */
    uint32_t asks;
    struct own_ask own[OWN_ASKS];
    size_t own_next;
    struct proto_now now; /* of the call that runs */
    int64_t propose_ms;   /* PROTO_NEVER: nothing has changed */
    int64_t draft_ms;     /* the case is kept again then; PROTO_NEVER: it is kept as it is */
    char proposed[AGENT_DESK_PROPOSALS_MAX][2 * PROTO_GUIDE_ID_BYTES];
    size_t proposed_count;
    bool history; /* granted */
    uint32_t history_days;
    bool put_down; /* the run that is over is in the case */
    bool over;
};

/* ---- the case ---- */

/* Under the consent alone; soon, since changes come in crowds. */
static void case_changed(struct agent_desk_home *h, int64_t wait_ms)
{
    if (h->config.cases && h->history && h->history_days)
        h->draft_ms = proto_earlier(h->draft_ms, h->now.mono_ms + wait_ms);
}

static void keep_draft(struct agent_desk_home *h)
{
    h->draft_ms = PROTO_NEVER;
    agent_desk_cases_devices(h->config.cases, h->devices);
    agent_desk_cases_draft(h->config.cases, h->history_days, h->now);
}

void agent_desk_home_learned(struct agent_desk_home *h, struct proto_now now)
{
    h->propose_ms = proto_earlier(h->propose_ms, now.mono_ms);
}

void agent_desk_home_set_guides(struct agent_desk_home *h, const struct proto_guide *const *list, size_t count,
                                struct proto_now now)
{
    agent_desk_guides_set(h->guides, list, count);
    agent_desk_home_learned(h, now);
}

/* ---- what the guides want ---- */

static void learned(void *context, const struct proto_guide *guide, const char *model, struct agent_desk_learned *out)
{
    struct agent_desk_home *h = context;

    if (h->config.cases)
        agent_desk_cases_learned(h->config.cases, guide->id, model, out);
}

static const char *model_of(struct agent_desk_home *h, const char *device)
{
    const handhold_Device *d;

    for (size_t i = 0; (d = agent_desk_devices_at(h->devices, i)) != NULL; i++)
        if (!strcmp(d->id, device))
            return d->model;
    return "";
}

static void changed(void *context, const struct proto_guide_run *run)
{
    struct agent_desk_home *h = context;

    if (!run->end)
        h->put_down = false;
    if (run->end && !h->put_down && h->config.cases) {
        agent_desk_cases_run(h->config.cases, run, model_of(h, run->subject));
        h->propose_ms = h->now.mono_ms; /* what was learned may change the order */
    }
    h->put_down = h->put_down || run->end;
    case_changed(h, run->end ? 0 : DRAFT_EVERY_MS);
    if (h->config.listener.guide)
        h->config.listener.guide(h->config.listener.context, run);
}

static bool is_own(const struct agent_desk_home *h, uint32_t id)
{
    for (size_t i = 0; i < OWN_ASKS; i++)
        if (h->own[i].id == id)
            return id != 0;
    return false;
}

static void want_check(void *context, const char *check)
{
    struct agent_desk_home *h = context;
    struct own_ask *own = &h->own[h->own_next];
    uint32_t id;

    for (size_t i = 0; i < OWN_ASKS; i++) /* two conditions that wait for the same check are served by one */
        if (h->own[i].id && !strcmp(h->own[i].check, check) && h->now.mono_ms - h->own[i].asked_ms < LATELY_MS)
            return;
    if (agent_desk_home_check(h, check, "", &id, h->now) != PROTO_OK)
        return; /* without the consent the step waits for somebody's tap */
    h->own_next = (h->own_next + 1) % OWN_ASKS;
    own->id = id;
    own->asked_ms = h->now.mono_ms;
    snprintf(own->check, sizeof own->check, "%s", check);
}

/* ---- life ---- */

enum proto_err agent_desk_home_new(struct agent_desk_home **out, const struct agent_desk_home_config *config,
                                   struct proto_now now)
{
    struct agent_desk_home *h = calloc(1, sizeof *h);
    enum proto_err err = PROTO_ERR_NOMEM;

    *out = NULL;
    if (!h)
        return err;
    h->config = *config;
    h->now = now;
    h->propose_ms = h->draft_ms = PROTO_NEVER;
    err = agent_desk_devices_new(&h->devices);
    if (err == PROTO_OK) {
        const struct agent_desk_guides_config guides = {.session = config->session,
                                                        .devices = h->devices,
                                                        .list = config->guides,
                                                        .count = config->guide_count,
                                                        .learned = learned,
                                                        .changed = changed,
                                                        .want_check = want_check,
                                                        .context = h};

        err = agent_desk_guides_new(&h->guides, &guides);
    }
    if (err != PROTO_OK) {
        agent_desk_home_free(h);
        return err;
    }
    *out = h;
    return PROTO_OK;
}

void agent_desk_home_free(struct agent_desk_home *h)
{
    if (!h)
        return;
    agent_desk_guides_free(h->guides);
    agent_desk_devices_free(h->devices);
    free(h);
}

struct agent_desk_guides *agent_desk_home_guides(struct agent_desk_home *h)
{
    return h->guides;
}

struct agent_desk_devices *agent_desk_home_devices(struct agent_desk_home *h)
{
    return h->devices;
}

/* ---- checks ---- */

enum proto_err agent_desk_home_check(struct agent_desk_home *h, const char *check, const char *target, uint32_t *id,
                                     struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_check_ask_tag};
    handhold_CheckAsk *ask = &data.body.check_ask;
    enum proto_err err;

    if (!*check || PROTO_SET_TEXT(ask->check, check) != PROTO_OK || PROTO_SET_TEXT(ask->target, target) != PROTO_OK)
        return PROTO_ERR_RANGE;
    if (proto_session_consent(h->config.session, PROTO_CAPABILITY_DEVICE_STATE) != PROTO_CONSENT_GRANTED)
        return PROTO_ERR_CONSENT;
    ask->id = h->asks + 1;
    ask->unix_ms = (uint64_t)now.unix_ms;
    err = proto_session_send_data(h->config.session, &data, now);
    if (err == PROTO_OK)
        *id = ++h->asks;
    return err;
}

enum proto_err agent_desk_home_cancel(struct agent_desk_home *h, uint32_t id, struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_check_cancel_tag};

    data.body.check_cancel.id = id;
    return proto_session_send_data(h->config.session, &data, now);
}

/* ---- proposals ---- */

static void propose(struct agent_desk_home *h)
{
    struct agent_desk_proposal list[AGENT_DESK_PROPOSALS_MAX];
    size_t count = agent_desk_guides_propose(h->guides, NULL, list);
    bool same = count == h->proposed_count;

    for (size_t i = 0; i < count; i++) {
        char line[2 * PROTO_GUIDE_ID_BYTES];

        snprintf(line, sizeof line, "%s %s", list[i].guide->id, list[i].subject);
        same = same && !strcmp(line, h->proposed[i]);
        memcpy(h->proposed[i], line, sizeof line);
    }
    h->proposed_count = count;
    if (!same && h->config.listener.proposals)
        h->config.listener.proposals(h->config.listener.context, list, count);
}

/* ---- what comes in ---- */

static void on_consent(struct agent_desk_home *h, const struct proto_event *e)
{
    bool granted = e->consent.state == PROTO_CONSENT_GRANTED;

    /* A visit that ends takes every consent with it: what was agreed to until then is kept. */
    bool visit_ends = e->consent.purpose && !strcmp(e->consent.purpose, "ended");

    if (e->consent.capability == PROTO_CAPABILITY_HISTORY && visit_ends && h->history) {
        case_changed(h, 0);
    } else if (e->consent.capability == PROTO_CAPABILITY_HISTORY) {
        if (h->history && !granted && h->config.cases)
            agent_desk_cases_forget(h->config.cases);
        h->history = granted;
        h->history_days = granted ? e->consent.retention_days : 0;
        h->draft_ms = PROTO_NEVER;
        case_changed(h, 0);
    }
    if (e->consent.capability == PROTO_CAPABILITY_DEVICE_STATE && !granted &&
        e->consent.state != PROTO_CONSENT_REQUESTED) {
        if (h->config.cases && h->history)
            agent_desk_cases_devices(h->config.cases, h->devices);
        case_changed(h, 0);
        agent_desk_devices_clear(h->devices);
        h->propose_ms = h->now.mono_ms;
    }
}

/* The session is over: the case is closed, and kept where the customer agreed. */
static void on_end(struct agent_desk_home *h)
{
    const struct proto_guide_run *run = agent_desk_guides_run(h->guides);

    if (h->over || !h->config.cases)
        return;
    h->over = true;
    if (run && !run->end)
        agent_desk_cases_run(h->config.cases, run, model_of(h, run->subject));
    if (h->history)
        agent_desk_cases_devices(h->config.cases, h->devices);
    agent_desk_cases_close(h->config.cases, h->history ? h->history_days : 0, h->now);
}

void agent_desk_home_event(struct agent_desk_home *h, const struct proto_event *e, struct proto_now now)
{
    h->now = now;
    if (e->kind == PROTO_EVENT_CONSENT)
        on_consent(h, e);
    else if (e->kind == PROTO_EVENT_ENDED)
        on_end(h);
    else if (e->kind == PROTO_EVENT_DATA) {
        if (e->data->which_body == handhold_Data_rating_tag && h->config.cases)
            agent_desk_cases_rate(h->config.cases, e->data->body.rating.stars, e->data->body.rating.solved);
        if (e->data->which_body == handhold_Data_rating_tag)
            case_changed(h, 0);
        agent_desk_guides_take(h->guides, e->data, now);
    }
    if (h->draft_ms <= now.mono_ms)
        keep_draft(h); /* at once: the session may be over before the next tick */
}

void agent_desk_home_state(struct agent_desk_home *h, const handhold_StateChange *change, struct proto_now now)
{
    h->now = now;
    if (change->which_body == handhold_StateChange_check_tag && h->config.listener.check)
        h->config.listener.check(h->config.listener.context, &change->body.check, is_own(h, change->body.check.id));
    if (!agent_desk_devices_take(h->devices, change, now.mono_ms))
        return;
    h->propose_ms = proto_earlier(h->propose_ms, now.mono_ms + PROPOSE_EVERY_MS);
    if (change->which_body != handhold_StateChange_property_tag)
        case_changed(h, DRAFT_EVERY_MS);
    agent_desk_guides_tick(h->guides, now);
}

void agent_desk_home_tick(struct agent_desk_home *h, struct proto_now now)
{
    h->now = now;
    agent_desk_guides_tick(h->guides, now);
    if (now.mono_ms >= h->draft_ms)
        keep_draft(h);
    if (now.mono_ms >= h->propose_ms) {
        h->propose_ms = PROTO_NEVER;
        propose(h);
    }
}

int64_t agent_desk_home_deadline(const struct agent_desk_home *h)
{
    return proto_earlier(proto_earlier(h->propose_ms, h->draft_ms), agent_desk_guides_deadline(h->guides));
}
