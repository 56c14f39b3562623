/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/relay/line_end.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "proto/host/world.h"

enum { WAIT_MS = 20000 };

static void on_open(void *context)
{
    struct line_end *end = context;

    end->opened = true;
}

static void on_message(void *context, const uint8_t *bytes, size_t len)
{
    struct line_end *end = context;

    end->messages++;
    if (bytes[0] != PROTO_TYPE_RELAY)
        return;
    assert_int_equal(proto_message_decode(bytes + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES,
                                          handhold_FromRelay_fields, &end->last, sizeof end->last),
                     PROTO_OK);
    end->has_last = true;
}

static const uint8_t *pending(void *context, size_t *len)
{
    struct line_end *end = context;

    *len = end->out.len;
    return end->out.len ? end->out.bytes : NULL;
}

static void sent(void *context)
{
    struct line_end *end = context;

    proto_buf_clear(&end->out);
}

static void on_closed(void *context, enum proto_err err, const char *text)
{
    struct line_end *end = context;

    end->closed = true;
    end->err = err;
    snprintf(end->text, sizeof end->text, "%s", text);
}

void line_end_connect(struct line_end *end, struct host_loop *loop, const char *url, const char *ca,
                      const char *identity)
{
    char cert[256], key[256], error[HOST_CONNECTION_ERROR_BYTES];
    struct host_connection_config config = {
        .url = url,
        .ca_file = ca,
        .on_open = on_open,
        .on_message = on_message,
        .pending = pending,
        .sent = sent,
        .on_closed = on_closed,
        .context = end,
    };

    memset(end, 0, sizeof *end);
    end->loop = loop;
    proto_buf_init(&end->out, PROTO_MAX_MESSAGE_BYTES);
    if (identity) {
        snprintf(cert, sizeof cert, "%s.crt", identity);
        snprintf(key, sizeof key, "%s.key", identity);
        config.cert_file = cert;
        config.key_file = key;
    }
    if (host_connection_new(&end->connection, loop, &config, error))
        fail_msg("%s", error);
}

void line_end_clear(struct line_end *end)
{
    host_connection_free(end->connection);
    proto_buf_free(&end->out);
    memset(end, 0, sizeof *end);
}

void line_end_send(struct line_end *end, const handhold_ToRelay *message)
{
    assert_int_equal(end->out.len, 0);
    assert_int_equal(proto_message_to_relay(&end->out, 0, message), PROTO_OK);
    host_connection_wake(end->connection);
}

static void too_late(void *context)
{
    *(bool *)context = true;
}

void line_end_run(struct line_end *end, bool (*done)(const struct line_end *end))
{
    struct host_timer *timer;
    bool late = false;

    assert_int_equal(host_timer_new(&timer, end->loop, too_late, &late), PROTO_OK);
    host_timer_set(timer, host_now().mono_ms + WAIT_MS);
    while (!done(end) && !late)
        host_loop_step(end->loop);
    host_timer_free(timer);
    if (late)
        fail_msg("nothing came in %d ms (opened %d, closed %d: %s)", WAIT_MS, end->opened, end->closed, end->text);
}

bool line_end_is_open(const struct line_end *end)
{
    return end->opened || end->closed;
}

bool line_end_is_closed(const struct line_end *end)
{
    return end->closed;
}

bool line_end_has_message(const struct line_end *end)
{
    return end->has_last || end->closed;
}

void line_end_ask(struct line_end *end, const handhold_ToRelay *message, pb_size_t answer)
{
    end->has_last = false;
    line_end_send(end, message);
    line_end_run(end, line_end_has_message);
    if (end->closed)
        fail_msg("closed: %s", end->text);
    if (end->last.which_body == handhold_FromRelay_error_tag && answer != handhold_FromRelay_error_tag)
        fail_msg("error: %s", end->last.body.error.message);
    assert_int_equal(end->last.which_body, answer);
}
