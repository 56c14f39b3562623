/* SPDX-License-Identifier: Apache-2.0 */
/* DATA: chat, marks and steps are numbered for the life of the session, kept until acknowledged and sent again after a
 * resume. */
#include <stdlib.h>
#include <string.h>

#include "proto/session/internal.h"

void data_clear(struct data_channel *data)
{
    while (data->first) {
        struct data_message *gone = data->first;
        data->first = gone->next;
        free(gone);
    }
    *data = (struct data_channel){.last = &data->first, .next_seq = 1};
}

enum proto_err data_send(struct proto_session *s, const handhold_Data *data)
{
    handhold_Data message = *data;
    bool numbered = data->which_body != handhold_Data_pointer_tag;
    struct proto_buf body;
    enum proto_err err;

    if (numbered && s->data.count >= PROTO_MAX_UNACKED)
        return PROTO_ERR_FULL;
    message.seq = numbered ? s->data.next_seq : 0;
    proto_buf_init(&body, PROTO_MAX_CONTROL_BYTES / 2);
    err = proto_message_encode(&body, handhold_Data_fields, &message);
    struct data_message *kept = !err && numbered ? malloc(sizeof *kept + body.len) : NULL;
    if (!err && numbered && !kept)
        err = PROTO_ERR_NOMEM;
    if (kept) {
        *kept = (struct data_message){
            .seq = message.seq, .chat = data->which_body == handhold_Data_chat_tag, .len = body.len};
        memcpy(kept->bytes, body.bytes, body.len);
        *s->data.last = kept;
        s->data.last = &kept->next;
        s->data.count++;
        s->data.next_seq++;
    }
    if (!err)
        pair_send(s, PROTO_CONTROL_DATA, body.bytes, body.len);
    proto_buf_free(&body);
    return err;
}

void data_send_again(struct proto_session *s)
{
    for (const struct data_message *m = s->data.first; m; m = m->next)
        pair_send(s, PROTO_CONTROL_DATA, m->bytes, m->len);
}

void data_acked(struct proto_session *s, uint64_t upto)
{
    while (s->data.first && s->data.first->seq <= upto) {
        struct data_message *gone = s->data.first;
        s->data.first = gone->next;
        if (!s->data.first)
            s->data.last = &s->data.first;
        s->data.count--;
        free(gone);
    }
}

static void event_data(struct proto_session *s, const handhold_Data *data)
{
    struct event_node *node = events_add(&s->events, PROTO_EVENT_DATA, sizeof *data);

    if (!node)
        return;
    memcpy(node->store, data, sizeof *data);
    node->event.data = (const handhold_Data *)(const void *)node->store;
}

void data_receive(struct proto_session *s, const uint8_t *body, size_t len)
{
    handhold_DataAck ack;
    handhold_Data data;

    if (proto_message_decode(body, len, handhold_Data_fields, &data, sizeof data) || !data.which_body) {
        session_alarm(s, PROTO_ERR_FORMAT, "the other end sent something that this version does not understand");
        return;
    }
    if (data.seq) {
        /* In order within a pair; what is sent again after a resume may have come before. */
        if (data.seq > s->data.delivered + 1) {
            session_alarm(s, PROTO_ERR_REPLAY, "a message of the other end is missing");
            return;
        }
        bool known = data.seq <= s->data.delivered;
        if (!known)
            s->data.delivered = data.seq;
        ack.upto = s->data.delivered;
        pair_send_message(s, PROTO_CONTROL_DATA_ACK, handhold_DataAck_fields, &ack);
        if (known)
            return;
    }
    if (data_take(s, &data))
        event_data(s, &data);
}
