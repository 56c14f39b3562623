/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/tasks.h - what the log is told of sessions. */
#ifndef RELAY_CORE_TASKS_H
#define RELAY_CORE_TASKS_H

#include "relay/core/state.h"

/** Begins an event of the room; add details, then relay_event_log(). */
struct proto_event_note relay_event(const struct relay_room *room, enum proto_act action,
                                    enum proto_capability capability, struct proto_now now);
/** Any text as the value of a detail (proto_event_note_text); an empty one is none. */
void relay_event_text(struct proto_event_note *event, const char *key, const char *text);
/** 32 bytes as the value of a detail, in hex. */
void relay_event_hash(struct proto_event_note *event, const char *key, const uint8_t bytes[static 32]);
/** Signs, seals and queues it; `task` flags by the action. NOMEM, or what the signer says: nothing was queued. */
enum proto_err relay_event_log(struct relay_core *core, struct relay_room *room, struct proto_event_note *event,
                               struct proto_now now);
/** A task of the room, which remembers the row as it is now; NULL: out of memory. */
struct relay_task *relay_room_task(struct relay_room *room, size_t evidence_len);
/** Saves the row alone, in order with the events. */
void relay_row_save(struct relay_core *core, struct relay_room *room, struct proto_now now);

struct relay_task *relay_task_new(size_t evidence_len);
void relay_tasks_add(struct relay_tasks *tasks, struct relay_task *task);
struct relay_task *relay_tasks_take(struct relay_tasks *tasks); /* NULL: empty */
void relay_tasks_clear(struct relay_tasks *tasks);
/** Hands the room's next task to the writer, when none is there. */
void relay_room_pump(struct relay_core *core, struct relay_room *room, struct proto_now now);
void relay_task_submit(struct relay_core *core, struct relay_task *task);
/** Hands over what a customer wrote before the agent confirmed them. */
void relay_room_release_held(struct relay_core *core, struct relay_room *room);
void relay_receipt_send(struct relay_core *core, struct relay_room *room, uint8_t index,
                        const uint8_t commitment[static 32], enum proto_err err, const char *text,
                        const struct proto_log_receipt *receipt, struct proto_now now);

void relay_task_free(struct relay_task *task);

#endif
