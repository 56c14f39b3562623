/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/core/acts.h"
#include "relay/core/on.h"
#include "relay/core/peers.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"
#include "relay/core/tasks.h"

struct relay_task *relay_task_new(size_t evidence_len)
{
    struct relay_task *task = malloc(sizeof *task + evidence_len);

    if (task)
        *task = (struct relay_task){.evidence_len = evidence_len};
    return task;
}

struct relay_task *relay_room_task(struct relay_room *room, size_t evidence_len)
{
    struct relay_task *task = relay_task_new(evidence_len);

    if (!task)
        return NULL;
    task->room = room;
    task->event_seq = room->row.event_seq;
    memcpy(task->event_prev, room->row.event_prev, sizeof task->event_prev);
    task->secret_len = relay_row_pack(room, task->secret);
    return task;
}

void relay_tasks_add(struct relay_tasks *tasks, struct relay_task *task)
{
    task->next = NULL;
    *(tasks->last ? &tasks->last->next : &tasks->first) = task;
    tasks->last = task;
    tasks->count++;
}

static void put_back(struct relay_tasks *tasks, struct relay_task *task)
{
    task->next = tasks->first;
    tasks->first = task;
    if (!tasks->last)
        tasks->last = task;
    tasks->count++;
}

struct relay_task *relay_tasks_take(struct relay_tasks *tasks)
{
    struct relay_task *task = tasks->first;

    if (!task)
        return NULL;
    tasks->first = task->next;
    if (!tasks->first)
        tasks->last = NULL;
    tasks->count--;
    return task;
}

void relay_tasks_clear(struct relay_tasks *tasks)
{
    for (struct relay_task *task; (task = relay_tasks_take(tasks));)
        relay_task_free(task);
}

void relay_task_free(struct relay_task *task)
{
    if (task->act)
        free(task->act->policy);
    free(task->act);
    free(task);
}

/* A note of the organisation is noted behind the sessions that began before it: who is revoked in it began none later.
 */
void relay_task_submit(struct relay_core *core, struct relay_task *task)
{
    bool first = task->closing && !(task->act && task->act->notes_taken);

    relay_tasks_add(first ? &core->ready_closing : &core->ready, task);
}

void relay_room_pump(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    if (room->end_owed && room->retry_ms <= now.mono_ms)
        relay_room_owe_end(core, room, now);
    if (room->flying || !room->outbox.count || room->retry_ms > now.mono_ms)
        return;
    room->flying = relay_tasks_take(&room->outbox);
    relay_task_submit(core, room->flying);
}

void relay_room_release_held(struct relay_core *core, struct relay_room *room)
{
    for (struct relay_task *task; (task = relay_tasks_take(&room->held));)
        relay_task_submit(core, task);
}

static const uint8_t no_bytes[1];

/* The row as it was when the event happened: an end that is not durable yet must not show. */
static void fill_row(struct relay_core *core, const struct relay_task *task)
{
    struct relay_store_session *row = &core->job_row;

    *row = task->room->row;
    row->event_seq = task->event_seq;
    memcpy(row->event_prev, task->event_prev, sizeof row->event_prev);
    memcpy(row->secret, task->secret, sizeof row->secret);
    row->secret_len = task->secret_len;
    if (task->final)
        row->state = RELAY_STORE_ENDED;
    else
        row->ended_reason[0] = 0;
}

const struct relay_job *relay_core_next_job(struct relay_core *core)
{
    size_t flying = core->flying.count;
    struct relay_task *task = NULL;

    if (flying < RELAY_APPENDER_JOBS_MAX + RELAY_APPENDER_CLOSING_MAX)
        task = relay_tasks_take(&core->ready_closing);
    if (!task && flying < RELAY_APPENDER_JOBS_MAX)
        task = relay_tasks_take(&core->ready);
    if (!task)
        return NULL;
    task->ticket = ++core->tickets;
    relay_table_add(&core->flying, &task->link, relay_table_hash(&core->flying, &task->ticket, sizeof task->ticket));
    core->job = (struct relay_job){
        .ticket = task->ticket,
        .closing = task->closing,
        .has_entry = task->kind != RELAY_TASK_ROW && task->kind != RELAY_TASK_KEPT,
        .kept = task->kept,
        .until_ms = task->until_ms,
        .dated_ms = task->dated_ms,
        .kind = task->leaf_class,
        .evidence = task->evidence_len ? task->evidence : no_bytes,
        .evidence_len = task->evidence_len,
        .seen_size = task->seen_size,
    };
    memcpy(core->job.commitment, task->commitment, sizeof core->job.commitment);
    bool has_row = task->room && task->kind != RELAY_TASK_ACT;
    memcpy(core->job.sid, has_row ? task->room->row.sid : task->sid, sizeof core->job.sid);
    if (has_row) {
        fill_row(core, task);
        core->job.session = &core->job_row;
    }
    if (task->act && !task->act->erasure.log[0]) {
        core->job.erase = task->act->erasure.ranges;
        core->job.erase_count = task->act->erasure.count;
    }
    return &core->job;
}

void relay_receipt_send(struct relay_core *core, struct relay_room *room, uint8_t index,
                        const uint8_t commitment[static 32], enum proto_err err, const char *text,
                        const struct proto_log_receipt *receipt, struct proto_now now)
{
    struct relay_peer *peer = room->seat[index].peer;
    handhold_LogReceipt body = handhold_LogReceipt_init_zero;
    uint8_t envelope[PROTO_ENVELOPE_BYTES];
    bool failed = false;

    if (!peer || peer->state == RELAY_PEER_CLOSING)
        return;
    memcpy(body.commitment, commitment, sizeof body.commitment);
    body.error = err;
    if (err)
        snprintf(body.message, sizeof body.message, "%s", text && *text ? text : proto_err_rule(err));
    if (!err) {
        body.index = receipt->index;
        failed =
            PROTO_SET_BYTES(body.leaf, receipt->leaf, sizeof receipt->leaf) ||
            PROTO_SET_TEXT(body.evidence_line, receipt->evidence_line) ||
            PROTO_SET_TEXT(body.checkpoint, receipt->checkpoint) ||
            PROTO_SET_BYTES(body.inclusion, receipt->inclusion.hash, receipt->inclusion.count * PROTO_LOG_HASH_BYTES) ||
            PROTO_SET_BYTES(body.consistency, receipt->consistency.hash,
                            receipt->consistency.count * PROTO_LOG_HASH_BYTES);
    }
    proto_envelope_write(envelope, PROTO_TYPE_LOG, PROTO_INDEX_RELAY, index);
    proto_buf_clear(&core->scratch);
    proto_buf_put(&core->scratch, envelope, sizeof envelope);
    if (!failed && !proto_message_encode(&core->scratch, handhold_LogReceipt_fields, &body) && !core->scratch.failed)
        relay_peer_put(core, peer, core->scratch.bytes, core->scratch.len, now);
}

static void add_done(struct relay_core *core, const struct relay_task *task, const struct relay_result *result,
                     struct proto_now now)
{
    struct relay_room *room = relay_room_find(core, task->sid);

    if (!room)
        return;
    if (room->seat[task->index].log_pending)
        room->seat[task->index].log_pending--;
    /* Which file of which disk it was is the relay's affair; its own log says it. */
    relay_receipt_send(core, room, task->index, task->commitment, result->err,
                       result->err == PROTO_ERR_IO ? "the log cannot be written, so nothing new can be allowed; "
                                                     "tell whoever runs this relay, and try again"
                                                   : result->text,
                       &result->receipt, now);
}

/* Never dropped, altered or renumbered: again, in order, when the disk may have room. */
static void try_again(struct relay_core *core, struct relay_task *task, struct proto_now now)
{
    struct relay_room *room = task->room;

    put_back(&room->outbox, task);
    room->retry_ms = now.mono_ms + RELAY_LOG_RETRY_MS;
    relay_room_schedule(core, room);
}

static void go_on(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    relay_room_pump(core, room, now);
    relay_room_schedule(core, room);
}

static void room_done(struct relay_core *core, struct relay_task *task, const struct relay_result *result,
                      struct proto_now now)
{
    struct relay_room *room = task->room;
    bool created = task->created, final = task->final;

    room->flying = NULL;
    if (result->err && !created) {
        try_again(core, task, now);
        return;
    }
    free(task);
    if (created)
        relay_room_opened(core, room, result->err, now);
    else if (final)
        relay_room_free(core, room, now);
    else
        go_on(core, room, now);
}

static void act_done(struct relay_core *core, struct relay_task *task, const struct relay_result *result,
                     struct proto_now now)
{
    struct relay_room *room = task->room; /* that it stopped; NULL: nothing has followed from it yet */

    if (room)
        room->flying = NULL;
    if (room && result->err) {
        relay_act_waits(core, task->act, result, now);
        try_again(core, task, now);
        return;
    }
    relay_act_done(core, task->act, result, now);
    relay_task_free(task);
    if (room)
        go_on(core, room, now);
}

void relay_core_job_done(struct relay_core *core, const struct relay_result *result, struct proto_now now)
{
    uint64_t hash = relay_table_hash(&core->flying, &result->ticket, sizeof result->ticket);

    for (struct relay_link *link = relay_table_first(&core->flying, hash); link; link = relay_table_next(link)) {
        struct relay_task *task = relay_of(link, struct relay_task, link);
        if (task->ticket != result->ticket)
            continue;
        relay_table_remove(&core->flying, link);
        if (!result->err && task->kind != RELAY_TASK_ROW && task->kind != RELAY_TASK_KEPT)
            core->figures.log_entries++;
        if (task->kind == RELAY_TASK_KEPT) {
            relay_kept_done(core, task, result, now);
            relay_task_free(task);
            return;
        }
        if (task->kind == RELAY_TASK_ACT) {
            act_done(core, task, result, now);
            return;
        }
        if (task->kind != RELAY_TASK_ADD) {
            room_done(core, task, result, now);
            return;
        }
        add_done(core, task, result, now);
        free(task);
        return;
    }
}
