/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/staff_line.h"

#include <stdlib.h>

#include "proto/util/buf.h"
#include "proto/wire/header.h"

struct host_staff_line {
    struct host_staff_line_config config;
    struct host_connection *connection;                /* owned */
    struct proto_buf waiting[HOST_STAFF_LINE_WAITING]; /* a ring: the next to leave is `first` */
    size_t first, count;
    handhold_FromRelay in;
};

static void on_open(void *context)
{
    static const handhold_ToRelay hello = {.which_body = handhold_ToRelay_hello_tag,
                                           .body.hello = {.which_seat = handhold_Hello_staff_tag, .seat.staff = true}};

    if (host_staff_line_say(context, &hello))
        return; /* nothing waits yet, and the message has a fixed size: only memory can be short, and silence ends it */
}

static void on_message(void *context, const uint8_t *bytes, size_t len)
{
    struct host_staff_line *line = context;

    if (len <= PROTO_ENVELOPE_BYTES || bytes[0] != PROTO_TYPE_RELAY ||
        proto_message_decode(bytes + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES, handhold_FromRelay_fields,
                             &line->in, sizeof line->in))
        return;
    if (line->in.which_body == handhold_FromRelay_welcome_tag)
        line->config.on_welcome(line->config.context, &line->in.body.welcome);
    else
        line->config.on_said(line->config.context, &line->in);
}

static const uint8_t *pending(void *context, size_t *len)
{
    struct host_staff_line *line = context;

    *len = line->count ? line->waiting[line->first].len : 0;
    return line->count ? line->waiting[line->first].bytes : NULL;
}

static void sent(void *context)
{
    struct host_staff_line *line = context;

    if (!line->count)
        return;
    proto_buf_free(&line->waiting[line->first]);
    line->first = (line->first + 1) % HOST_STAFF_LINE_WAITING;
    line->count--;
}

static void on_closed(void *context, enum proto_err err, const char *text)
{
    struct host_staff_line *line = context;

    line->config.on_closed(line->config.context, err, *text ? text : "the relay closed the connection");
}

enum proto_err host_staff_line_new(struct host_staff_line **out, const struct host_staff_line_config *config,
                                   char error[static HOST_CONNECTION_ERROR_BYTES])
{
    struct host_staff_line *line = calloc(1, sizeof *line);
    struct host_connection_config connection = {.url = config->url,
                                                .ca_file = config->ca_file,
                                                .cert_file = config->cert_file,
                                                .key_file = config->key_file,
                                                .credential = config->credential,
                                                .on_open = on_open,
                                                .on_message = on_message,
                                                .pending = pending,
                                                .sent = sent,
                                                .on_closed = on_closed,
                                                .context = line};
    enum proto_err err = PROTO_ERR_NOMEM;

    *out = NULL;
    error[0] = '\0';
    if (line) {
        line->config = *config;
        err = host_connection_new(&line->connection, config->loop, &connection, error);
    }
    if (err) {
        free(line);
        return err;
    }
    *out = line;
    return PROTO_OK;
}

void host_staff_line_free(struct host_staff_line *line)
{
    if (!line)
        return;
    host_connection_free(line->connection);
    while (line->count)
        sent(line);
    free(line);
}

enum proto_err host_staff_line_say(struct host_staff_line *line, const handhold_ToRelay *message)
{
    struct proto_buf *out = &line->waiting[(line->first + line->count) % HOST_STAFF_LINE_WAITING];
    enum proto_err err;

    if (line->count == HOST_STAFF_LINE_WAITING)
        return PROTO_ERR_FULL;
    proto_buf_init(out, PROTO_MAX_RELAY_BYTES);
    err = proto_message_to_relay(out, 0, message);
    if (err) {
        proto_buf_free(out);
        return err;
    }
    line->count++;
    host_connection_wake(line->connection);
    return PROTO_OK;
}
