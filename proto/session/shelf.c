/* SPDX-License-Identifier: Apache-2.0 */
/* What the relay keeps for staff: asked for and added by the agent's end, sealed and opened by whoever drives it. */
#include <stdlib.h>
#include <string.h>

#include "proto/session/internal.h"

static enum proto_err may_ask(const struct proto_session *s)
{
    return s->side == SIDE_AGENT && s->link == LINK_SEATED && !s->left ? PROTO_OK : PROTO_ERR_STATE;
}

/* Off the stack: a message to the relay has room for a whole case. */
static enum proto_err send(struct proto_session *s, handhold_ToRelay *message, enum proto_err err)
{
    if (err == PROTO_OK)
        relay_link_send(s, message);
    free(message);
    return err;
}

enum proto_err proto_session_kept_ask(struct proto_session *s, enum proto_kept kind, const char *name, uint64_t from)
{
    enum proto_err err = may_ask(s);
    handhold_ToRelay *message = err ? NULL : calloc(1, sizeof *message);

    if (!message)
        return err ? err : PROTO_ERR_NOMEM;
    message->which_body = handhold_ToRelay_kept_ask_tag;
    message->body.kept_ask.kind = kind;
    message->body.kept_ask.from = from;
    return send(s, message, PROTO_SET_TEXT(message->body.kept_ask.name, name));
}

enum proto_err proto_session_kept_add(struct proto_session *s, enum proto_kept kind, uint32_t days,
                                      const uint8_t *sealed, size_t len)
{
    enum proto_err err = may_ask(s);
    handhold_ToRelay *message = err ? NULL : calloc(1, sizeof *message);

    if (!message)
        return err ? err : PROTO_ERR_NOMEM;
    message->which_body = handhold_ToRelay_kept_add_tag;
    message->body.kept_add.kind = kind;
    message->body.kept_add.days = days;
    return send(s, message, len ? PROTO_SET_BYTES(message->body.kept_add.sealed, sealed, len) : PROTO_OK);
}

static enum proto_err error_of(uint32_t number)
{
    return number < PROTO_ERR_COUNT ? (enum proto_err)number : PROTO_ERR_REFUSED;
}

void relay_link_kept_part(struct proto_session *s, const handhold_FromRelay *message)
{
    const handhold_KeptPart *m = &message->body.kept_part;
    size_t at = m->bytes.size;
    struct event_node *node =
        s->side == SIDE_AGENT ? events_add(&s->events, PROTO_EVENT_KEPT, at + strlen(m->name) + 1) : NULL;

    if (!node)
        return;
    memcpy(node->store, m->bytes.bytes, at);
    node->event.kept.kind = (enum proto_kept)m->kind;
    node->event.kept.err = error_of(m->error);
    node->event.kept.from = m->from;
    node->event.kept.next = m->next;
    node->event.kept.bytes = node->store;
    node->event.kept.len = at;
    node->event.kept.message = "";
    node->event.kept.name = events_text(node, &at, m->name);
}

void relay_link_kept_answer(struct proto_session *s, const handhold_FromRelay *message)
{
    const handhold_KeptAnswer *m = &message->body.kept_answer;
    size_t at = 0;
    struct event_node *node =
        s->side == SIDE_AGENT ? events_add(&s->events, PROTO_EVENT_KEPT, strlen(m->message) + 1) : NULL;

    if (!node)
        return;
    node->event.kept.kind = (enum proto_kept)m->kind;
    node->event.kept.added = true;
    node->event.kept.err = error_of(m->error);
    node->event.kept.name = "";
    node->event.kept.message = events_text(node, &at, m->message);
}
