/* SPDX-License-Identifier: Apache-2.0 */
/* The second device's messages to its relay: made, queued in order, handed to the connection. */
#include <stdlib.h>

#include "client/companion/second_inside.h"

static void put(struct second *s, const handhold_ToRelay *message)
{
    struct proto_buf body;

    proto_buf_init(&body, PROTO_MAX_RELAY_BYTES);
    if (proto_message_to_relay(&body, 0, message) == PROTO_OK) {
        proto_buf_put_u32(&s->out, (uint32_t)body.len);
        proto_buf_put(&s->out, body.bytes, body.len);
        host_connection_wake(s->connection);
    }
    proto_buf_free(&body);
}

void client_second_send(void *context, const uint8_t *bytes, size_t len)
{
    struct second *s = context;
    handhold_ToRelay *message = calloc(1, sizeof *message);

    if (!message)
        return;
    message->which_body = handhold_ToRelay_beside_tag;
    if (PROTO_SET_BYTES(message->body.beside, bytes, len) == PROTO_OK)
        put(s, message);
    free(message);
}

void client_second_hello(struct second *s)
{
    handhold_ToRelay *message = calloc(1, sizeof *message);
    handhold_Hello *body = message ? &message->body.hello : NULL;

    if (!message)
        return;
    message->which_body = handhold_ToRelay_hello_tag;
    body->which_seat = handhold_Hello_beside_tag;
    if (s->has_token && PROTO_SET_BYTES(body->seat.beside, s->token, sizeof s->token))
        s->over = true;
    put(s, message);
    free(message);
}

const uint8_t *client_second_pending(void *context, size_t *len)
{
    struct second *s = context;
    struct proto_reader r = proto_reader_of(s->out.bytes + s->out_at, s->out.len - s->out_at);

    *len = s->out.len > s->out_at ? proto_read_u32(&r) : 0;
    return *len ? r.at : NULL;
}

void client_second_sent(void *context)
{
    struct second *s = context;
    size_t len;

    if (client_second_pending(s, &len))
        s->out_at += 4 + len;
    if (s->out_at == s->out.len) {
        proto_buf_clear(&s->out);
        s->out_at = 0;
    }
}
