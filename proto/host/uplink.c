/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/uplink.h"

#include <stdlib.h>

#include "proto/host/connection.h"
#include "proto/host/pause.h"
#include "proto/host/say.h"
#include "proto/host/world.h"

struct host_uplink {
    struct host_uplink_config config;
    struct proto_random random;
    struct host_timer *timer;           /* owned */
    struct host_connection *connection; /* owned; NULL between two tries */
    bool heard;                         /* the relay has said something, once */
    bool open, closing, finished;
    bool settling, again; /* settle() is running; it was asked for meanwhile */
    bool told;            /* that the farewell waits */
    unsigned tries;
    int64_t next_try_ms, farewell_ms;
};

int host_uplink_exit(enum proto_end reason)
{
    switch (reason) {
    case PROTO_END_COMPLETED:
    case PROTO_END_DECLINED:
    case PROTO_END_CUSTOMER_LEFT:
    case PROTO_END_AGENT_LEFT:
        return HOST_EXIT_FINE;
    default:
        return HOST_EXIT_FAILED;
    }
}

static void settle(struct host_uplink *u);

static void finish(struct host_uplink *u)
{
    if (u->finished)
        return;
    u->finished = true;
    host_connection_free(u->connection);
    u->connection = NULL;
    host_timer_set(u->timer, PROTO_NEVER);
    u->config.finished(u->config.context);
}

/* ---- what the connection says ---- */

static void on_open(void *context)
{
    struct host_uplink *u = context;

    u->open = true;
    proto_session_connected(u->config.session, host_now());
    settle(u);
}

static void on_message(void *context, const uint8_t *bytes, size_t len)
{
    struct host_uplink *u = context;

    u->heard = true;
    u->tries = 0;
    proto_session_feed(u->config.session, bytes, len, host_now());
    settle(u);
}

static const uint8_t *pending(void *context, size_t *len)
{
    struct host_uplink *u = context;

    return proto_session_pending(u->config.session, len);
}

static void sent(void *context)
{
    struct host_uplink *u = context;
    const uint8_t *message;
    size_t len;

    if (u->config.leaving && (message = proto_session_pending(u->config.session, &len)) != NULL)
        u->config.leaving(u->config.context, message, len);
    proto_session_sent(u->config.session);
    if (proto_session_over(u->config.session))
        settle(u);
}

/* Trying again mends a line, never a certificate. */
static bool is_final(const struct host_uplink *u, enum proto_err err)
{
    switch (err) {
    case PROTO_ERR_CERT_CHAIN:
    case PROTO_ERR_CERT_PROFILE:
    case PROTO_ERR_CERT_ROLE:
    case PROTO_ERR_CERT_NAME:
    case PROTO_ERR_CERT_EXPIRED:
    case PROTO_ERR_CERT_REVOKED:
        return true;
    default:
        return !u->heard;
    }
}

static void on_closed(void *context, enum proto_err err, const char *text)
{
    struct host_uplink *u = context;
    uint8_t dice[4];

    host_connection_free(u->connection);
    u->connection = NULL;
    if (u->open)
        proto_session_disconnected(u->config.session, host_now());
    u->open = false;
    if (u->closing) {
        finish(u);
        return;
    }
    if (proto_session_wants_connection(u->config.session) && is_final(u, err)) {
        u->config.failed(u->config.context, err, text);
        finish(u);
        return;
    }
    host_say(HOST_DEBUG, "connection closed: %s", text);
    proto_random_fill(&u->random, dice, sizeof dice);
    u->next_try_ms = host_now().mono_ms + host_pause_ms(u->tries++, (uint32_t)dice[0] << 24 | (uint32_t)dice[1] << 16 |
                                                                        (uint32_t)dice[2] << 8 | dice[3]);
    settle(u);
}

/*
 * TCP asks again after one second, then three: so a try that has not come through soon is given up for a new one, which
 * finds a line that is back at once. Now and then one may take its time, for lines that are only slow.
 */
static int64_t patience(unsigned tries)
{
    return tries % 3 == 2 ? HOST_UPLINK_PATIENT_MS : HOST_UPLINK_IMPATIENT_MS;
}

static enum proto_err dial(struct host_uplink *u, char error[static 512])
{
    const struct host_connection_config config = {.url = u->config.url,
                                                  .ca_file = u->config.ca_file,
                                                  .cert_file = u->config.cert_file,
                                                  .key_file = u->config.key_file,
                                                  .credential = u->config.credential,
                                                  .on_open = on_open,
                                                  .on_message = on_message,
                                                  .pending = pending,
                                                  .sent = sent,
                                                  .on_closed = on_closed,
                                                  .connect_wait_ms = u->heard ? patience(u->tries) : 0,
                                                  .context = u};

    return host_connection_new(&u->connection, u->config.loop, &config, error);
}

/* ---- one place that decides what comes next ---- */

static void redial(struct host_uplink *u)
{
    char error[HOST_CONNECTION_ERROR_BYTES];
    enum proto_err err = dial(u, error);

    if (err == PROTO_OK)
        return;
    u->config.failed(u->config.context, err, error); /* a certificate file that is not there any more */
    finish(u);
}

static void tell_farewell_waits(struct host_uplink *u)
{
    if (u->told || proto_session_end_waits(u->config.session) == PROTO_END_NONE)
        return;
    u->told = true;
    host_say(HOST_WARN, "the line is down: that the session is over is told as soon as it is back; to leave before, "
                        "end this program");
}

static void settle_once(struct host_uplink *u, int64_t now_ms)
{
    u->config.changed(u->config.context);
    if (u->finished)
        return;
    tell_farewell_waits(u);
    if (proto_session_over(u->config.session) && u->connection && !u->closing) {
        u->closing = true;
        u->farewell_ms = proto_earlier(u->farewell_ms, now_ms + HOST_UPLINK_FAREWELL_MS);
        host_connection_close(u->connection);
    } else if (!u->connection && !proto_session_wants_connection(u->config.session)) {
        finish(u);
    } else if (!u->connection && now_ms >= u->next_try_ms) {
        redial(u);
    } else if (u->connection) {
        host_connection_wake(u->connection);
    }
}

static void settle(struct host_uplink *u)
{
    struct proto_now now = host_now();
    int64_t deadline;

    u->again = true;
    if (u->settling)
        return;
    u->settling = true;
    while (u->again && !u->finished) {
        u->again = false;
        settle_once(u, now.mono_ms);
    }
    u->settling = false;
    if (u->finished)
        return;
    deadline = proto_earlier(proto_session_deadline(u->config.session), u->farewell_ms);
    host_timer_set(u->timer, u->connection ? deadline : proto_earlier(deadline, u->next_try_ms));
}

static void on_timer(void *context)
{
    struct host_uplink *u = context;
    struct proto_now now = host_now();

    if (now.mono_ms >= u->farewell_ms) {
        proto_session_end_now(u->config.session, now);
        finish(u);
        return;
    }
    proto_session_tick(u->config.session, now);
    settle(u);
}

/* ---- for the owner ---- */

enum proto_err host_uplink_new(struct host_uplink **out, const struct host_uplink_config *config,
                               char error[static 512])
{
    struct host_uplink *u = calloc(1, sizeof *u);
    enum proto_err err = PROTO_ERR_NOMEM;

    *out = NULL;
    error[0] = '\0';
    if (!u)
        return err;
    u->config = *config;
    u->random = host_random();
    u->farewell_ms = PROTO_NEVER;
    err = host_timer_new(&u->timer, config->loop, on_timer, u);
    if (err == PROTO_OK)
        err = dial(u, error);
    if (err != PROTO_OK) {
        host_uplink_free(u);
        return err;
    }
    host_timer_set(u->timer, proto_session_deadline(config->session));
    *out = u;
    return PROTO_OK;
}

void host_uplink_free(struct host_uplink *u)
{
    if (!u)
        return;
    host_connection_free(u->connection);
    host_timer_free(u->timer);
    free(u);
}

void host_uplink_kick(struct host_uplink *u)
{
    if (!u->finished)
        settle(u);
}

void host_uplink_end(struct host_uplink *u, enum proto_end reason)
{
    if (u->finished)
        return;
    proto_session_end(u->config.session, reason, host_now());
    settle(u);
}

void host_uplink_leave(struct host_uplink *u, enum proto_end reason)
{
    if (u->finished)
        return;
    u->farewell_ms = proto_earlier(u->farewell_ms, host_now().mono_ms + HOST_UPLINK_FAREWELL_MS);
    host_uplink_end(u, reason);
}

void host_uplink_end_now(struct host_uplink *u)
{
    if (u->finished)
        return;
    proto_session_end_now(u->config.session, host_now());
    settle(u);
}
