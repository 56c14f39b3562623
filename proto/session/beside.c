/* SPDX-License-Identifier: Apache-2.0 */
/* The relay's pipe between a customer's two devices, as the first one's session has it: what is in it is not read here.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/session/internal.h"

static enum proto_err send(struct proto_session *s, pb_size_t which, const char *nameplate, const uint8_t *bytes,
                           size_t len)
{
    enum proto_err err = s->side == SIDE_CUSTOMER && s->link == LINK_SEATED && !s->left ? PROTO_OK : PROTO_ERR_STATE;
    handhold_ToRelay *message = err ? NULL : calloc(1, sizeof *message);

    if (!message)
        return err ? err : PROTO_ERR_NOMEM;
    message->which_body = which;
    err = which == handhold_ToRelay_beside_tag ? PROTO_SET_BYTES(message->body.beside, bytes, len)
                                               : PROTO_SET_TEXT(message->body.beside_join, nameplate);
    if (!err)
        relay_link_send(s, message);
    free(message);
    return err;
}

enum proto_err proto_session_beside_join(struct proto_session *s, const char *nameplate)
{
    return send(s, handhold_ToRelay_beside_join_tag, nameplate, NULL, 0);
}

enum proto_err proto_session_beside_send(struct proto_session *s, const uint8_t *bytes, size_t len)
{
    return send(s, handhold_ToRelay_beside_tag, NULL, bytes, len);
}

void relay_link_beside_state(struct proto_session *s, const handhold_FromRelay *message)
{
    const handhold_Beside *m = &message->body.beside_state;
    struct event_node *node = s->side == SIDE_CUSTOMER ? events_add(&s->events, PROTO_EVENT_BESIDE, 0) : NULL;

    if (!node)
        return;
    node->event.beside.present = m->present;
    node->event.beside.err = m->error < PROTO_ERR_COUNT ? (enum proto_err)m->error : PROTO_ERR_REFUSED;
}

void relay_link_beside(struct proto_session *s, const handhold_FromRelay *message)
{
    size_t len = message->body.beside.size;
    struct event_node *node = s->side == SIDE_CUSTOMER && len ? events_add(&s->events, PROTO_EVENT_BESIDE, len) : NULL;

    if (!node)
        return;
    memcpy(node->store, message->body.beside.bytes, len);
    node->event.beside.present = true;
    node->event.beside.bytes = node->store;
    node->event.beside.len = len;
}
