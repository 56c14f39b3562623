/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/second_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/companion/home.h"
#include "proto/host/event_line.h"
#include "proto/host/options.h"
#include "proto/host/say.h"
#include "proto/host/world.h"

/* ---- telling ---- */

static void tell(const struct second *s, const char *state, const char *code)
{
    if (s->config->json)
        host_event_fields("beside", json_pack("{s:s,s:s?}", "state", state, "code", code));
    else if (code)
        printf("Type this code on your phone, under “Add a device”:  %s\n", code);
    else
        printf("* %s\n", state);
    fflush(stdout);
}

/* ---- from the first device ---- */

static void on_data(struct second *s, const handhold_BesideData *data)
{
    switch (data->which_body) {
    case handhold_BesideData_check_ask_tag:
        client_second_ask_check(s, &data->body.check_ask);
        break;
    case handhold_BesideData_check_cancel_tag:
        client_checks_cancel(s->checks, data->body.check_cancel.id);
        break;
    case handhold_BesideData_hide_tag:
        client_second_hide(s, &data->body.hide);
        break;
    default:
        break;
    }
}

static void on_up(struct second *s)
{
    handhold_BesideData about = {.which_body = handhold_BesideData_about_tag};

    if (gethostname(about.body.about.name, sizeof about.body.about.name - 1))
        about.body.about.name[0] = '\0';
    (void)!proto_beside_say(&s->pair, &about);
    tell(s, "linked", NULL);
}

static void on_beside(struct second *s, const uint8_t *bytes, size_t len)
{
    handhold_BesideData *data = malloc(sizeof *data);
    enum proto_err err;

    if (!data)
        return;
    switch (proto_beside_take(&s->pair, bytes, len, host_now().mono_ms, data, &err)) {
    case PROTO_BESIDE_UP:
        on_up(s);
        break;
    case PROTO_BESIDE_DATA:
        on_data(s, data);
        break;
    case PROTO_BESIDE_BURNT:
        tell(s, "burnt", NULL);
        s->over = true;
        break;
    case PROTO_BESIDE_BROKEN:
        tell(s, "alarm", NULL);
        break;
    case PROTO_BESIDE_REFUSED:
    case PROTO_BESIDE_NOTHING:
        break;
    }
    free(data);
    client_second_follow(s);
}

/* ---- from the relay ---- */

static void show_code(struct second *s, const char *nameplate)
{
    struct proto_random random = host_random();
    char text[PROTO_CODE_TEXT_MAX + 1];
    struct proto_invite_code code;

    proto_beside_clear(&s->pair);
    s->pair = (struct proto_beside){.random = host_random(), .send = client_second_send, .context = s};
    if (proto_invite_code_new(&code, nameplate, &random) || proto_invite_code_format(&code, text) ||
        proto_beside_begin(&s->pair, s->config->join_host, &code)) {
        s->over = true;
        return;
    }
    tell(s, "waiting", text);
    proto_invite_code_clear(&code);
}

static void on_state(struct second *s, const handhold_Beside *m)
{
    if (*m->nameplate) {
        show_code(s, m->nameplate);
        return;
    }
    if (m->token.size == sizeof s->token && m->sid.size == sizeof s->sid) {
        memcpy(s->token, m->token.bytes, sizeof s->token);
        memcpy(s->sid, m->sid.bytes, sizeof s->sid);
        s->has_token = true;
    }
    proto_beside_present(&s->pair, m->present, s->sid);
    client_second_follow(s);
}

static void on_message(void *context, const uint8_t *bytes, size_t len)
{
    struct second *s = context;
    handhold_FromRelay *message = malloc(sizeof *message);

    if (message && len > PROTO_ENVELOPE_BYTES &&
        !proto_message_decode(bytes + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES, handhold_FromRelay_fields,
                              message, sizeof *message))
        switch (message->which_body) {
        case handhold_FromRelay_beside_state_tag:
            on_state(s, &message->body.beside_state);
            break;
        case handhold_FromRelay_beside_tag:
            on_beside(s, message->body.beside.bytes, message->body.beside.size);
            break;
        case handhold_FromRelay_ended_tag:
            s->exit_code = HOST_EXIT_FINE;
            s->over = true;
            break;
        case handhold_FromRelay_error_tag:
            host_say(HOST_WARN, "%s", message->body.error.message);
            s->over = s->over || message->body.error.fatal;
            break;
        default:
            break;
        }
    free(message);
    if (s->over)
        host_loop_stop(s->loop);
    else
        host_timer_set(s->timer, host_now().mono_ms);
}

static void on_open(void *context)
{
    struct second *s = context;

    client_second_hello(s);
}

static void on_closed(void *context, enum proto_err err, const char *text)
{
    struct second *s = context;

    proto_beside_present(&s->pair, false, s->sid);
    client_second_follow(s);
    host_connection_free(s->connection);
    s->connection = NULL;
    proto_buf_clear(&s->out);
    s->out_at = 0;
    if (!s->has_token || s->over) { /* the code that was shown leads nowhere any more */
        if (err)
            host_say(HOST_ERROR, "%s", text);
        host_loop_stop(s->loop);
        return;
    }
    tell(s, "away", NULL);
    s->again_ms = host_now().mono_ms + AGAIN_MS;
    host_timer_set(s->timer, s->again_ms);
}

static bool connect_relay(struct second *s)
{
    const struct host_connection_config config = {.url = s->config->url,
                                                  .ca_file = s->config->ca_file,
                                                  .on_open = on_open,
                                                  .on_message = on_message,
                                                  .pending = client_second_pending,
                                                  .sent = client_second_sent,
                                                  .on_closed = on_closed,
                                                  .context = s};
    char error[HOST_CONNECTION_ERROR_BYTES];

    s->again_ms = PROTO_NEVER;
    if (host_connection_new(&s->connection, s->loop, &config, error) == PROTO_OK)
        return true;
    host_say(HOST_ERROR, "%s", error);
    return false;
}

/* ---- the loop ---- */

static void on_timer(void *context)
{
    struct second *s = context;
    struct proto_now now = host_now();

    if (now.mono_ms >= s->again_ms && !connect_relay(s))
        host_loop_stop(s->loop);
    proto_beside_tick(&s->pair, now.mono_ms);
    client_second_follow(s);
    client_second_take_checks(s);
    client_report_tick(s->report, NULL, now);
    int64_t next = proto_earlier(client_report_deadline(s->report, now.mono_ms), s->again_ms);
    host_timer_set(s->timer, proto_earlier(next, proto_beside_deadline(&s->pair)));
}

static void woken(void *context)
{
    host_loop_wake(((struct second *)context)->loop);
}

static void on_wake(void *context)
{
    struct second *s = context;

    host_timer_set(s->timer, host_now().mono_ms);
}

static void on_signal(void *context, int number)
{
    struct second *s = context;

    (void)number;
    s->exit_code = HOST_EXIT_FINE;
    host_loop_stop(s->loop);
}

static int start(struct second *s)
{
    const struct client_second_config *config = s->config;
    const struct client_report_way way = {client_second_may_push, client_second_push, s};
    struct client_check_config checks;
    char why[CLIENT_STATE_WHY_BYTES];

    client_check_config_defaults(&checks);
    snprintf(checks.internet, sizeof checks.internet, "%.128s", config->join_host);
    if (config->ca_file)
        snprintf(checks.ca, sizeof checks.ca, "%.255s", config->ca_file);
    if ((config->checks && client_check_config_read(&checks, config->checks, why, sizeof why)) ||
        client_report_new(&s->report, config->states, config->state_count, config->redact, why)) {
        host_say(HOST_ERROR, "%s", why);
        return HOST_EXIT_USAGE;
    }
    client_report_send_by(s->report, &way);
    if (host_loop_new(&s->loop) || host_timer_new(&s->timer, s->loop, on_timer, s) ||
        host_loop_on_signal(s->loop, on_signal, s) || client_checks_new(&s->checks, &checks, woken, s)) {
        host_say_err("starting", PROTO_ERR_NOMEM);
        return HOST_EXIT_FAILED;
    }
    host_loop_on_wake(s->loop, on_wake, s);
    return connect_relay(s) ? HOST_EXIT_FINE : HOST_EXIT_USAGE;
}

int client_second_run(const struct client_second_config *config)
{
    struct second s = {.config = config, .exit_code = HOST_EXIT_FAILED, .again_ms = PROTO_NEVER};
    int code;

    proto_buf_init(&s.out, QUEUE_BYTES);
    code = start(&s);
    if (code == HOST_EXIT_FINE) {
        host_loop_run(s.loop);
        code = s.exit_code;
        proto_beside_present(&s.pair, false, s.sid);
        client_second_follow(&s);
        tell(&s, "ended", NULL);
    }
    host_connection_free(s.connection);
    host_timer_free(s.timer);
    client_checks_free(s.checks);
    client_report_free(s.report);
    proto_beside_clear(&s.pair);
    proto_buf_free(&s.out);
    host_loop_free(s.loop);
    return code;
}
