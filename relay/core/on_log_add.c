/* SPDX-License-Identifier: Apache-2.0 */
/* LogAdd: an end hands over a commitment and the sealed note behind it, and gets a receipt when it is durable. */
#include <string.h>

#include "relay/core/on.h"
#include "relay/core/peers.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"
#include "relay/core/tasks.h"

static struct relay_task *task_of(const struct relay_peer *peer, const handhold_LogAdd *add)
{
    struct relay_task *task = relay_task_new(add->evidence.size);

    if (!task)
        return NULL;
    task->kind = RELAY_TASK_ADD;
    task->index = peer->index;
    task->leaf_class = (enum proto_log_class)add->leaf_class;
    task->seen_size = add->seen_size;
    memcpy(task->sid, peer->room->row.sid, sizeof task->sid);
    memcpy(task->commitment, add->commitment, sizeof task->commitment);
    memcpy(task->evidence, add->evidence.bytes, add->evidence.size);
    return task;
}

static enum proto_err refuse(struct relay_core *core, struct relay_peer *peer, enum proto_err err, const char *why,
                             struct proto_now now)
{
    relay_receipt_send(core, peer->room, peer->index, core->in.log_add.commitment, err, why, NULL, now);
    return PROTO_OK;
}

enum proto_err relay_on_log_add(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    const handhold_LogAdd *add = &core->in.log_add;
    struct relay_room *room = peer->room;
    struct relay_seat *seat = &room->seat[peer->index];
    /* Until the agent has confirmed the customer, anybody could be writing here for ever. */
    bool hold = peer->index == PROTO_INDEX_CUSTOMER && !room->authenticated;
    uint32_t class = peer->index == PROTO_INDEX_CUSTOMER ? PROTO_LOG_STATEMENT : PROTO_LOG_AGENT_EVENT;

    if (add->leaf_class != class)
        return refuse(core, peer, PROTO_ERR_REFUSED, "an entry of this class is not yours to make", now);
    if (!add->evidence.size)
        return refuse(core, peer, PROTO_ERR_RANGE, "an entry needs its evidence", now);
    if (seat->log_pending >= core->limits.log_pending || (hold && room->held.count >= RELAY_HELD_MAX)) {
        relay_reached(core, peer->connection, RELAY_BOUND_log_pending);
        return refuse(core, peer, PROTO_ERR_BUSY, "too many of your entries wait for the log; send it again later",
                      now);
    }
    if (!relay_seat_may_note(core, room, peer->index, add->evidence.size, now))
        return refuse(core, peer, PROTO_ERR_BUSY, "your notes are too many or too long; send this one again later",
                      now);
    struct relay_task *task = task_of(peer, add);
    if (!task)
        return PROTO_ERR_NOMEM;
    seat->log_pending++;
    if (hold)
        relay_tasks_add(&room->held, task);
    else
        relay_task_submit(core, task);
    return PROTO_OK;
}
