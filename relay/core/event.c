/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/evidence.h"
#include "proto/log/leaf.h"
#include "proto/seal/kdf.h"
#include "relay/core/state.h"
#include "relay/core/tasks.h"

struct proto_event_note relay_event(const struct relay_room *room, enum proto_act action,
                                    enum proto_capability capability, struct proto_now now)
{
    struct proto_event_note event = {
        .seq = (uint32_t)room->row.event_seq + 1,
        .first = room->row.event_seq == 0,
        .unix_s = now.unix_ms / 1000,
        .action = action,
        .capability = capability,
    };

    memcpy(event.sid, room->row.sid, sizeof event.sid);
    if (!event.first)
        memcpy(event.prev, room->row.event_prev, sizeof event.prev);
    return event;
}

void relay_event_text(struct proto_event_note *event, const char *key, const char *text)
{
    char value[PROTO_EVENT_VALUE_BYTES + 1];

    proto_event_note_text(value, text);
    if (*value && proto_event_note_detail(event, key, "%s", value))
        return; /* cannot be: keys and their number are ours */
}

void relay_event_hash(struct proto_event_note *event, const char *key, const uint8_t bytes[static 32])
{
    char hex[65];

    sodium_bin2hex(hex, sizeof hex, bytes, 32);
    relay_event_text(event, key, hex);
}

/* What ends something may use the last places of the writer's queue. */
static bool is_closing(enum proto_act action)
{
    return action == PROTO_ACT_ENDED || action == PROTO_ACT_GATE_CLOSED || action == PROTO_ACT_STOPPED ||
           action == PROTO_ACT_LOST;
}

/* Seals the signed note and queues the task. */
static enum proto_err seal_and_queue(struct relay_core *core, struct relay_room *room, const struct proto_buf *note,
                                     const struct proto_event_note *event, struct proto_now now)
{
    struct proto_evidence evidence = {.notes = {{note->bytes, note->len}}, .count = 1};
    struct proto_buf sealed;
    struct relay_task *task = NULL;

    proto_buf_init(&sealed, PROTO_MAX_EVIDENCE_BYTES);
    proto_random_fill(&core->config.random, evidence.r, sizeof evidence.r);
    enum proto_err err = proto_evidence_seal(&evidence, core->policy->evidence_key, &core->config.random, &sealed);
    if (!err && !(task = relay_room_task(room, sealed.len)))
        err = PROTO_ERR_NOMEM;
    if (!err) {
        task->kind = RELAY_TASK_EVENT;
        task->created = event->action == PROTO_ACT_CREATED;
        task->dated_ms = task->created ? event->unix_s * 1000 : 0; /* what comes later is never dropped */
        task->final = event->action == PROTO_ACT_ENDED;
        task->closing = is_closing(event->action);
        task->leaf_class = PROTO_LOG_RELAY_EVENT;
        proto_log_commit(task->commitment, evidence.r, note->bytes, note->len);
        memcpy(task->evidence, sealed.bytes, sealed.len);
        relay_tasks_add(&room->outbox, task);
        relay_room_pump(core, room, now);
    }
    sodium_memzero(evidence.r, sizeof evidence.r);
    proto_buf_free(&sealed);
    return err;
}

enum proto_err relay_event_log(struct relay_core *core, struct relay_room *room, struct proto_event_note *event,
                               struct proto_now now)
{
    struct proto_buf text, note;
    uint8_t before[PROTO_HASH_BYTES];

    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    proto_buf_init(&note, PROTO_MAX_NOTE_BYTES);
    enum proto_err err = proto_event_note_write(event, &text);
    size_t len = text.len;
    proto_buf_put_u8(&text, 0); /* the signer takes a C text */
    if (!err && text.failed)
        err = PROTO_ERR_NOMEM;
    if (!err)
        err = core->config.sign_event(core->config.context, (const char *)text.bytes, &note);
    if (!err && note.failed)
        err = PROTO_ERR_NOMEM;
    if (!err) {
        memcpy(before, room->row.event_prev, sizeof before);
        room->row.event_seq = event->seq;
        proto_sha256(room->row.event_prev, text.bytes, len);
        err = seal_and_queue(core, room, &note, event, now);
        if (err) { /* nobody has seen it: the number is used again */
            room->row.event_seq = event->seq - 1u;
            memcpy(room->row.event_prev, before, sizeof before);
        } else if (core->config.tell) {
            core->config.tell(core->config.context, event);
        }
    }
    proto_buf_free(&text);
    proto_buf_free(&note);
    return err;
}

void relay_row_save(struct relay_core *core, struct relay_room *room, struct proto_now now)
{
    struct relay_task *task = relay_room_task(room, 0);

    if (!task)
        return; /* the next event saves it */
    task->kind = RELAY_TASK_ROW;
    relay_tasks_add(&room->outbox, task);
    relay_room_pump(core, room, now);
}
