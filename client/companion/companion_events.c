/* SPDX-License-Identifier: Apache-2.0 */
/* What the session says happened: told to the person, and acted upon. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/companion/companion_inside.h"
#include "proto/host/event_line.h"
#include "proto/host/say.h"
#include "proto/host/seen.h"
#include "proto/host/world.h"

void client_companion_error(struct client_companion *c, const char *code, const char *text)
{
    if (c->config->json)
        host_event_fields("error", json_pack("{s:s,s:s}", "code", code, "message", text));
    else
        client_screen_line(c->screen, "! %s", text);
}

void client_companion_command_error(struct client_companion *c, const char *value, enum proto_err err)
{
    char text[512];

    snprintf(text, sizeof text, "%s: %s; %s", value, proto_err_rule(err), proto_err_way_out(err));
    client_companion_error(c, proto_err_name(err), text);
}

struct client_peer client_companion_peer(const struct client_companion *c)
{
    return (struct client_peer){*c->organisation ? c->peer : NULL, c->organisation, c->verified};
}

/* A photo is sent one by one, the others are made or worked with what is sent already. */
static bool sends_nothing(enum proto_capability capability)
{
    return capability == PROTO_CAPABILITY_STILL || capability == PROTO_CAPABILITY_TORCH ||
           capability == PROTO_CAPABILITY_ZOOM || capability == PROTO_CAPABILITY_HISTORY;
}

void client_companion_show_status(struct client_companion *c, int64_t now_ms)
{
    struct client_status status = {.peer = client_companion_peer(c),
                                   .connected = c->connected,
                                   .paused = c->paused,
                                   .held = c->held,
                                   .quality = c->quality,
                                   .seconds = c->kbps_count,
                                   .over = c->over};

    memcpy(status.kbps, c->kbps_row, sizeof status.kbps);

    for (enum proto_capability i = 1; i < PROTO_CAPABILITY_COUNT; i++)
        if (c->capturing[i] && sends_nothing(i)) {
            status.allowed |= 1u << i;
        } else if (c->capturing[i]) {
            status.sending[status.count].capability = i;
            status.sending[status.count++].left_s =
                c->until_ms[i] == PROTO_NEVER ? -1 : (c->until_ms[i] - now_ms) / 1000;
        }
    client_screen_status(c->screen, &status);
}

void client_companion_say(struct client_companion *c, const char *theirs, const char *behind, const char *format, ...)
{
    struct proto_buf text;
    char ours[512];
    va_list args;

    va_start(args, format);
    vsnprintf(ours, sizeof ours, format, args);
    va_end(args);
    proto_buf_init(&text, 8192);
    proto_words_clean(&text, theirs);
    proto_buf_put_u8(&text, 0);
    if (!text.failed)
        client_screen_line(c->screen, "%s%s%s", ours, (const char *)text.bytes, behind);
    proto_buf_free(&text);
}

/* ---- consent ---- */

static void on_consent(struct client_companion *c, const struct proto_event *e)
{
    enum proto_capability capability = e->consent.capability;
    enum proto_consent_state state = e->consent.state;
    const char *label = proto_capability_label(capability);

    if (state == PROTO_CONSENT_REQUESTED) {
        client_companion_ask(c, e);
        return;
    }
    client_companion_answered(c, capability);
    c->expiring &= ~(1u << capability);
    if (state == PROTO_CONSENT_GRANTED)
        c->until_ms[capability] =
            e->consent.max_s ? host_now().mono_ms + (int64_t)e->consent.max_s * 1000 : PROTO_NEVER;
    const char *why = e->consent.purpose && state != PROTO_CONSENT_GRANTED ? e->consent.purpose : "";
    if (!strcmp(why, proto_consent_state_name(state)))
        why = "";
    client_companion_say(c, why, "", "* %s: %s%s%s", label ? label : "?", proto_consent_state_name(state),
                         e->consent.extended ? ", for longer" : "", *why ? " - " : "");
}

/* ---- the rest ---- */

static void on_joined(struct client_companion *c, const struct proto_event *e)
{
    const handhold_Data hears = {.which_body = handhold_Data_hearing_tag, .body.hearing.on = true};
    struct proto_buf text;
    struct client_peer peer;

    snprintf(c->peer, sizeof c->peer, "%s", e->joined.peer);
    snprintf(c->organisation, sizeof c->organisation, "%s", e->joined.organisation);
    c->verified = e->joined.verified;
    peer = client_companion_peer(c);
    proto_buf_init(&text, 2048);
    proto_buf_put_text(&text, "* With you now: ");
    client_words_peer(&text, &peer);
    proto_buf_put_text(&text, "\n  Nothing is sent before you allow it. ? shows what you can type.\n");
    client_screen_text(c->screen, &text);
    proto_buf_free(&text);
    client_home_joined(c->home, c->session, host_now());
    if (c->config->speaker && proto_session_send_data(c->session, &hears, host_now()) != PROTO_OK)
        client_screen_line(c->screen, "! the agent could not be told that you hear them");
}

static void on_data(struct client_companion *c, const handhold_Data *data)
{
    switch (data->which_body) {
    case handhold_Data_chat_tag:
        client_companion_say(c, data->body.chat.text, "", "< ");
        break;
    case handhold_Data_mark_tag:
        client_companion_say(c, data->body.mark.text, "", "* the agent drew on the picture: %.20s ",
                             data->body.mark.shape);
        break;
    case handhold_Data_check_words_tag:
        client_screen_line(c->screen, data->body.check_words.match ? "* the agent says: the check words are the same"
                                                                   : "! the agent says: the check words DIFFER");
        break;
    case handhold_Data_camera_control_tag:
        client_companion_camera_control(c, &data->body.camera_control);
        break;
    case handhold_Data_goodbye_tag:
        client_companion_goodbye(c);
        break;
    default: /* pointers and erased marks have no place in a terminal */
        if (!client_beside_data(c->beside, data))
            client_home_data(c->home, c->session, data, c->kbps, host_now());
        break;
    }
}

static void on_hold(struct client_companion *c, const struct proto_event *e)
{
    c->held = e->hold.on;
    client_screen_line(c->screen,
                       e->hold.on ? "* The agent is with somebody else for a moment: nothing of yours is captured or "
                                    "sent.\n  Back within %u seconds it goes on; later you are asked again."
                                  : "* The agent is back.",
                       (unsigned)e->hold.grace_s);
}

static void on_expiring(struct client_companion *c, const struct proto_event *e)
{
    c->expiring |= 1u << e->expiring.capability;
    client_screen_line(c->screen, "! %s ends in %u seconds. Type more to let it go on; without an answer it ends.",
                       proto_capability_label(e->expiring.capability), (unsigned)e->expiring.left_s);
}

static void on_connection(struct client_companion *c, enum proto_connection_state state)
{
    c->connected = state == PROTO_CONNECTION_CONNECTED || state == PROTO_CONNECTION_RESUMED;
    client_screen_line(c->screen, "* connection: %s", proto_connection_state_name(state));
}

/* An end that a customer did not choose: they read whom to turn to. */
static bool was_left_alone(enum proto_end reason)
{
    return reason == PROTO_END_AGENT_LEFT || reason == PROTO_END_CONNECTION_LOST ||
           reason == PROTO_END_STOPPED_BY_OFFICER || reason == PROTO_END_FAILED;
}

static void on_ended(struct client_companion *c, const struct proto_event *e)
{
    c->over = true;
    c->exit_code = host_uplink_exit(e->ended.reason);
    client_companion_still_clear(c);
    client_video_stop(c->video);
    client_voice_stop(c->voice);
    client_companion_torch(c, false);
    client_home_stop(c->home);
    client_report_stop(c->report);
    memset(c->capturing, 0, sizeof c->capturing);
    client_companion_say(c, e->ended.message && strcmp(e->ended.message, c->said) != 0 ? e->ended.message : "", "",
                         "* the session ended: %s. ", proto_end_name(e->ended.reason));
    if (*c->organisation && was_left_alone(e->ended.reason))
        client_companion_say(c, c->organisation, ": ask there for a new invitation.",
                             "* if you still need help, turn to ");
}

static void act(struct client_companion *c, const struct proto_event *e)
{
    char path[HOST_PATH_BYTES];

    switch (e->kind) {
    case PROTO_EVENT_JOINED:
        on_joined(c, e);
        break;
    case PROTO_EVENT_CONSENT:
        on_consent(c, e);
        break;
    case PROTO_EVENT_LOGGED:
        client_screen_line(c->screen, "* the log has it: %s, entry %" PRIu64 " (receipt verified)", e->logged.action,
                           e->logged.index);
        break;
    case PROTO_EVENT_CAPTURE:
        client_companion_capture(c, e->capture.capability, e->capture.on);
        break;
    case PROTO_EVENT_KEY_FRAME:
        client_video_want_key(c->video);
        break;
    case PROTO_EVENT_MEDIA: /* the agent's voice: nothing else comes this way */
        client_voice_came(c->voice, e, host_now().mono_ms);
        break;
    case PROTO_EVENT_MEDIA_ACK:
        client_video_acked(c->video, e->media_ack.ack, host_now().mono_ms);
        break;
    case PROTO_EVENT_MEDIA_QUEUE:
        client_video_queued(c->video, e->media_queue.queued_ms, e->media_queue.dropped, host_now().mono_ms);
        break;
    case PROTO_EVENT_DATA:
        on_data(c, e->data);
        break;
    case PROTO_EVENT_BESIDE:
        client_beside_event(c->beside, e, host_now());
        break;
    case PROTO_EVENT_CONNECTION:
        on_connection(c, e->connection.state);
        break;
    case PROTO_EVENT_CHECK_WORDS:
        client_screen_line(c->screen, "* check words: %s %s %s %s (the same four at the agent's end)", e->words[0],
                           e->words[1], e->words[2], e->words[3]);
        break;
    case PROTO_EVENT_HOLD:
        on_hold(c, e);
        break;
    case PROTO_EVENT_EXPIRING:
        on_expiring(c, e);
        break;
    case PROTO_EVENT_STILL:
        client_companion_still(c, e);
        break;
    case PROTO_EVENT_BLOCKED:
        client_screen_line(c->screen, "! the relay did not pass on what was sent");
        break;
    case PROTO_EVENT_ALARM:
        client_companion_say(c, e->alarm.message ? e->alarm.message : proto_err_rule(e->alarm.err), "", "!! ALARM: ");
        if (host_seen_keep_fork(e, path))
            client_screen_line(c->screen, "!! What proves it is kept in %s", path);
        break;
    case PROTO_EVENT_ERROR:
        snprintf(c->said, sizeof c->said, "%s", e->error.message ? e->error.message : proto_err_rule(e->error.err));
        client_companion_say(c, c->said, "", "! ");
        break;
    case PROTO_EVENT_ENDED:
        on_ended(c, e);
        break;
    default:
        break;
    }
}

void client_companion_take_events(struct client_companion *c)
{
    struct proto_event event;

    while (proto_session_next_event(c->session, &event)) {
        bool when_so = event.kind == PROTO_EVENT_CAPTURE && event.capture.capability == PROTO_CAPABILITY_DEVICE_STATE;

        if (c->config->json && !when_so)
            host_event_line(&event, "agent");
        if (c->receipt)
            client_receipt_take(c->receipt, &event);
        act(c, &event);
        if (c->config->json && when_so) /* a firmware's next line is told, or thrown away */
            host_event_line(&event, "agent");
    }
    client_companion_show_status(c, host_now().mono_ms);
}
