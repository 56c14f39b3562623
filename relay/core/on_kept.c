/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KeptAsk, KeptAdd: what staff keep at the relay and it cannot read. Whose case somebody gets is decided by the session
 * that they opened, and that stands in the log; the relay is never told a reference to look up.
 */
#include <string.h>

#include "proto/wire/kept.h"
#include "relay/core/on.h"
#include "relay/core/peers.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"
#include "relay/core/tasks.h"

#define DAY_MS INT64_C(86400000)

/* ---- reading ---- */

static void answer_part(struct relay_core *core, struct relay_peer *peer, enum proto_err err, struct proto_now now)
{
    core->out.body.kept_part.error = err;
    relay_peer_send(core, peer, now);
}

/* Of which customer: the one whose session this is. NULL: none, or the policy lets nobody of this role see it. */
static const char *customer_of(const struct relay_core *core, const struct relay_peer *peer)
{
    const struct relay_room *room = peer->room;

    if (!room || peer->index != PROTO_INDEX_AGENT || !room->row.customer_ref[0] ||
        proto_policy_allows(core->policy, PROTO_CAPABILITY_HISTORY, peer->staff->role,
                            proto_policy_seconds(core->policy, PROTO_CAPABILITY_HISTORY, 0)))
        return NULL;
    return room->row.customer_ref;
}

/* For each a case or two are opened, in the thread that everybody's messages go through. At once: all that somebody is
 * shown of one customer, in the largest pieces, and some more. */
static bool may_ask(struct relay_core *core, const struct relay_peer *peer, uint32_t kind, struct proto_now now)
{
    enum { AT_ONCE = 40 };
    int64_t rate = core->limits.case_asks_per_staff_minute;
    struct relay_pace pace = {rate, 60000, rate < AT_ONCE ? rate : AT_ONCE};

    if (kind != PROTO_KEPT_CASE || relay_bucket_take(&peer->tally->asked, &pace, 1, now.mono_ms))
        return true;
    relay_reached(core, peer->connection, RELAY_BOUND_case_asks_per_staff_minute);
    return false;
}

enum proto_err relay_on_kept_ask(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    const handhold_KeptAsk *ask = &core->in.to_relay.body.kept_ask;
    handhold_KeptPart *body = &core->out.body.kept_part;
    const char *name = ask->kind == PROTO_KEPT_GUIDE  ? ask->name
                       : ask->kind == PROTO_KEPT_CASE ? customer_of(core, peer)
                                                      : "";
    struct proto_buf bytes;
    enum proto_err err;

    if (ask->kind < PROTO_KEPT_CASE || ask->kind >= PROTO_KEPT_COUNT_OF_KINDS)
        return PROTO_ERR_FORMAT;
    core->out.which_body = handhold_FromRelay_kept_part_tag;
    memset(body, 0, sizeof *body);
    body->kind = ask->kind;
    body->from = ask->from;
    memcpy(body->name, ask->name, sizeof body->name);
    if (!may_ask(core, peer, ask->kind, now)) {
        answer_part(core, peer, PROTO_ERR_BUSY, now);
        return PROTO_OK;
    }
    if (!name || !core->config.read_kept) {
        answer_part(core, peer, ask->kind == PROTO_KEPT_GUIDE ? PROTO_ERR_NOT_FOUND : PROTO_OK, now);
        return PROTO_OK;
    }
    proto_buf_init(&bytes, sizeof body->bytes.bytes);
    err = core->config.read_kept(core->config.context, (enum proto_kept)ask->kind, name, ask->from, &bytes, &body->next,
                                 now);
    if (!err)
        err = PROTO_SET_BYTES(body->bytes, bytes.bytes, bytes.len);
    proto_buf_free(&bytes);
    answer_part(core, peer, err, now);
    return PROTO_OK;
}

/* ---- keeping ---- */

static void answer_add(struct relay_core *core, struct relay_peer *peer, uint32_t kind, enum proto_err err,
                       const char *why, struct proto_now now)
{
    handhold_KeptAnswer *body = &core->out.body.kept_answer;

    core->out.which_body = handhold_FromRelay_kept_answer_tag;
    memset(body, 0, sizeof *body);
    body->kind = kind;
    body->error = err;
    strncpy(body->message, why, sizeof body->message - 1);
    relay_peer_send(core, peer, now);
}

/* The policy's bound of what is stored; the rest is the customer's to say, and the agent's end to keep to. */
static const char *why_not(const struct relay_core *core, const struct relay_peer *peer, const handhold_KeptAdd *add)
{
    if (add->kind == PROTO_KEPT_COUNT)
        return add->sealed.size && add->sealed.size <= RELAY_STORE_COUNT_MAX ? NULL : "a count has 1 to 8192 bytes";
    if (add->kind != PROTO_KEPT_CASE)
        return "the relay takes cases and counts; guides lie in its folder";
    if (!add->sealed.size)
        return NULL; /* to forget is always allowed */
    if (!customer_of(core, peer))
        return "a case needs a session with a customer reference, and a policy that allows history";
    if (!add->days || add->days > proto_policy_retention_days(core->policy, PROTO_CAPABILITY_HISTORY))
        return "the policy does not let a case be kept for so many days";
    return NULL;
}

enum proto_err relay_on_kept_add(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    const handhold_KeptAdd *add = &core->in.to_relay.body.kept_add;
    const char *why = peer->index == PROTO_INDEX_AGENT ? why_not(core, peer, add) : "only staff keep things here";
    struct relay_seat *seat = &peer->room->seat[peer->index];
    struct relay_task *task;

    if (why) {
        answer_add(core, peer, add->kind, PROTO_ERR_REFUSED, why, now);
        return PROTO_OK;
    }
    if (seat->log_pending >= core->limits.log_pending) {
        relay_reached(core, peer->connection, RELAY_BOUND_log_pending);
        answer_add(core, peer, add->kind, PROTO_ERR_BUSY, "too much of yours waits to be written; try again", now);
        return PROTO_OK;
    }
    if (!relay_seat_may_note(core, peer->room, peer->index, add->sealed.size, now)) {
        answer_add(core, peer, add->kind, PROTO_ERR_BUSY, "what you keep here is too much at once; try again later",
                   now);
        return PROTO_OK;
    }
    task = relay_task_new(add->sealed.size);
    if (!task)
        return PROTO_ERR_NOMEM;
    task->kind = RELAY_TASK_KEPT;
    task->index = peer->index;
    task->kept = add->kind == PROTO_KEPT_CASE ? RELAY_JOB_CASE : RELAY_JOB_COUNT;
    task->until_ms = now.unix_ms + add->days * DAY_MS;
    memcpy(task->sid, peer->room->row.sid, sizeof task->sid);
    memcpy(task->evidence, add->sealed.bytes, add->sealed.size);
    seat->log_pending++;
    relay_task_submit(core, task);
    return PROTO_OK;
}

void relay_core_expire_kept(struct relay_core *core, struct proto_now now)
{
    struct relay_task *task = relay_task_new(0);

    if (!task)
        return; /* it is done again */
    task->kind = RELAY_TASK_KEPT;
    task->kept = RELAY_JOB_EXPIRE;
    task->until_ms = now.unix_ms;
    relay_task_submit(core, task);
}

void relay_kept_done(struct relay_core *core, const struct relay_task *task, const struct relay_result *result,
                     struct proto_now now)
{
    struct relay_room *room = relay_room_find(core, task->sid);
    uint32_t kind = task->kept == RELAY_JOB_CASE ? PROTO_KEPT_CASE : PROTO_KEPT_COUNT;

    if (!room || task->kept == RELAY_JOB_EXPIRE)
        return;
    if (room->seat[task->index].log_pending)
        room->seat[task->index].log_pending--;
    if (room->seat[task->index].peer)
        answer_add(core, room->seat[task->index].peer, kind, result->err,
                   result->err == PROTO_ERR_IO ? "the relay's disk cannot be written; tell whoever runs it" : "", now);
}
