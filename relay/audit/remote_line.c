/* SPDX-License-Identifier: Apache-2.0 */
/* An officer's connection to the staff end of a relay: one question, one answer. */
#include <stdio.h>
#include <string.h>

#include "proto/host/connection.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "relay/audit/remote.h"

enum { ANSWER_WAIT_MS = 30000 }; /* an erasure folds whole databases */

static void on_open(void *context)
{
    struct audit_officer *o = context;

    o->opened = true;
}

static void on_message(void *context, const uint8_t *bytes, size_t len)
{
    struct audit_officer *o = context;

    if (len <= PROTO_ENVELOPE_BYTES || bytes[0] != PROTO_TYPE_RELAY)
        return;
    if (proto_message_decode(bytes + PROTO_ENVELOPE_BYTES, len - PROTO_ENVELOPE_BYTES, handhold_FromRelay_fields,
                             &o->in, sizeof o->in))
        return;
    o->heard = o->in.which_body != handhold_FromRelay_notes_tag; /* those come unasked */
}

static const uint8_t *pending(void *context, size_t *len)
{
    struct audit_officer *o = context;

    *len = o->out.len;
    return o->out.len ? o->out.bytes : NULL;
}

static void sent(void *context)
{
    struct audit_officer *o = context;

    proto_buf_clear(&o->out);
}

static void on_closed(void *context, enum proto_err err, const char *text)
{
    struct audit_officer *o = context;

    o->closed = true;
    o->closed_by = err;
    snprintf(o->trouble, sizeof o->trouble, "%s", *text ? text : "the relay closed the connection");
}

static void too_late(void *context)
{
    *(bool *)context = true;
}

static bool wait_for(struct audit_officer *o, const bool *what, int64_t until_ms)
{
    struct host_timer *timer;
    bool late = false;

    if (host_timer_new(&timer, o->loop, too_late, &late)) {
        host_say_err("the loop", PROTO_ERR_NOMEM);
        return false;
    }
    host_timer_set(timer, until_ms);
    while (!*what && !o->closed && !late && !(o->until && *o->until))
        host_loop_step(o->loop);
    host_timer_free(timer);
    if (*what)
        return true;
    if (o->until && late)
        on_closed(o, PROTO_ERR_TIMEOUT, "the relay does not answer");
    else if (o->until) /* whoever asks makes it again, or goes */
        return false;
    else if (o->closed)
        host_say(HOST_ERROR, "%s", o->trouble);
    else
        host_say_error("the relay", "does not answer", "look at its log; nothing is known of what was asked");
    return false;
}

static int64_t soon(void)
{
    return host_now().mono_ms + ANSWER_WAIT_MS;
}

bool audit_line_ask(struct audit_officer *o, const handhold_ToRelay *message, pb_size_t answer)
{
    proto_buf_clear(&o->out);
    if (proto_message_to_relay(&o->out, 0, message)) {
        host_say_err("the question", PROTO_ERR_RANGE);
        return false;
    }
    o->heard = false;
    host_connection_wake(o->connection);
    if (!wait_for(o, &o->heard, soon()))
        return false;
    if (o->in.which_body == answer)
        return true;
    if (o->in.which_body == handhold_FromRelay_error_tag)
        host_say(HOST_ERROR, "%s", o->in.body.error.message);
    else
        host_say_error("the relay", "answered something else", "use programs of the same version");
    return false;
}

bool audit_line_hear(struct audit_officer *o)
{
    o->heard = false;
    return wait_for(o, &o->heard, PROTO_NEVER);
}

static bool take_welcome(struct audit_officer *o)
{
    const handhold_Welcome *w = &o->in.body.welcome;
    const struct proto_identity *officer = &o->credential.identity;
    enum proto_err err =
        proto_org_verify(&o->org, w->org_note, strlen(w->org_note), officer->root_key, officer->domain, 0);

    if (!err)
        err = proto_policy_verify(&o->policy, w->policy_note, strlen(w->policy_note),
                                  (struct proto_der){o->root.bytes, o->root.len}, &o->org, 0);
    if (err || (w->acts && w->last_act.size != sizeof o->prev)) {
        host_say_error("the relay's notes", "do not verify under your organisation's root", "check --relay and --ca");
        return false;
    }
    proto_buf_clear(&o->org_note);
    proto_buf_clear(&o->policy_note);
    proto_buf_put_text(&o->org_note, w->org_note);
    proto_buf_put_text(&o->policy_note, w->policy_note);
    snprintf(o->origin, sizeof o->origin, "%.*s", (int)(sizeof o->origin - 1), w->origin);
    o->seq = w->acts;
    if (w->acts)
        memcpy(o->prev, w->last_act.bytes, sizeof o->prev);
    return true;
}

bool audit_line_open(struct audit_officer *o, const char *url, const char *ca, const char *identity)
{
    static const handhold_ToRelay hello = {.which_body = handhold_ToRelay_hello_tag,
                                           .body.hello = {.which_seat = handhold_Hello_staff_tag, .seat.staff = true}};
    char cert[1024], key[1024], error[HOST_CONNECTION_ERROR_BYTES];
    struct host_connection_config config = {.url = url,
                                            .ca_file = ca,
                                            .cert_file = cert,
                                            .key_file = key,
                                            .on_open = on_open,
                                            .on_message = on_message,
                                            .pending = pending,
                                            .sent = sent,
                                            .on_closed = on_closed,
                                            .context = o};

    if (host_loop_new(&o->loop)) {
        host_say_err("the loop", PROTO_ERR_NOMEM);
        return false;
    }
    snprintf(cert, sizeof cert, "%s.crt", identity);
    snprintf(key, sizeof key, "%s.key", identity);
    if (host_connection_new(&o->connection, o->loop, &config, error)) {
        host_say(HOST_ERROR, "%s", error);
        return false;
    }
    return wait_for(o, &o->opened, soon()) && audit_line_ask(o, &hello, handhold_FromRelay_welcome_tag) &&
           take_welcome(o);
}

bool audit_line_again(struct audit_officer *o, const char *url, const char *ca, const char *identity)
{
    audit_line_close(o);
    proto_buf_clear(&o->out);
    o->opened = o->closed = o->heard = false;
    return audit_line_open(o, url, ca, identity);
}

void audit_line_close(struct audit_officer *o)
{
    host_connection_free(o->connection);
    host_loop_free(o->loop);
    o->connection = NULL;
    o->loop = NULL;
}
