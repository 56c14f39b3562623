/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a connection: whole ones out, whole ones in, each within its bound. */
#include <stdlib.h>
#include <string.h>

#include "proto/host/connection_inside.h"
#include "proto/host/world.h"
#include "proto/wire/limits.h"

enum {
    MESSAGES_A_TURN = 64, /* then others on this loop have theirs */
};

int host_connection_send(struct host_connection *c, struct lws *wsi)
{
    uint8_t ping[LWS_PRE + 1];

    if (c->ping) {
        c->ping = false;
        if (lws_write(wsi, ping + LWS_PRE, 0, LWS_WRITE_PING) < 0)
            return -1;
    }
    for (int turn = 0; turn < MESSAGES_A_TURN; turn++) {
        size_t len = 0;
        const uint8_t *bytes = c->config.pending(c->config.context, &len);

        if (lws_wsi_user(wsi) != c) /* freed by its owner */
            return -1;
        if (!bytes) {
            if (c->phase != CLOSING)
                return 0;
            lws_close_reason(wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
            return -1;
        }
        if (LWS_PRE + len > c->out_bytes) {
            uint8_t *grown = len <= PROTO_MAX_MESSAGE_BYTES ? realloc(c->out, LWS_PRE + len) : NULL;

            if (!grown) {
                host_connection_blame(c, PROTO_ERR_NOMEM, "no memory for a message of %zu bytes; close other programs",
                                      len);
                return -1;
            }
            c->out = grown;
            c->out_bytes = LWS_PRE + len;
        }
        memcpy(c->out + LWS_PRE, bytes, len);
        if (lws_write(wsi, c->out + LWS_PRE, len, LWS_WRITE_BINARY) < 0)
            return -1;
        c->figures.messages_out++;
        c->figures.bytes_out += len;
        c->config.sent(c->config.context);
        if (lws_wsi_user(wsi) != c)
            return -1;
        if (lws_partial_buffered(wsi))
            break;
    }
    lws_callback_on_writable(wsi);
    return 0;
}

static int deliver(struct host_connection *c, struct lws *wsi, const uint8_t *bytes, size_t len)
{
    c->figures.messages_in++;
    c->figures.bytes_in += len;
    c->config.on_message(c->config.context, bytes, len);
    if (lws_wsi_user(wsi) != c) /* freed by its owner */
        return -1;
    proto_buf_clear(&c->in);
    return 0;
}

int host_connection_receive(struct host_connection *c, struct lws *wsi, const uint8_t *bytes, size_t len)
{
    size_t rest = lws_remaining_packet_payload(wsi);
    bool last = lws_is_final_fragment(wsi) && !rest;

    host_pulse_heard(&c->pulse, true, host_now().mono_ms);

    if (!lws_frame_is_binary(wsi) || (last && !(c->in.len + len))) {
        host_connection_blame(c, PROTO_ERR_FORMAT,
                              "a message that is empty or text came; this is not a relay of Handhold");
        return -1;
    }
    if (rest > PROTO_MAX_MESSAGE_BYTES || c->in.len + len + rest > PROTO_MAX_MESSAGE_BYTES) {
        host_connection_blame(c, PROTO_ERR_RANGE, "a message of more than %d bytes came; do not trust this relay",
                              PROTO_MAX_MESSAGE_BYTES);
        return -1;
    }
    if (last && !c->in.len)
        return deliver(c, wsi, bytes, len);
    proto_buf_put(&c->in, bytes, len);
    if (c->in.failed) {
        host_connection_blame(c, PROTO_ERR_NOMEM, "no memory for a message; close other programs");
        return -1;
    }
    return last ? deliver(c, wsi, c->in.bytes, c->in.len) : 0;
}
