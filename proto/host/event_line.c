/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/event_line.h"

#include <stdio.h>

#include "proto/host/say.h"
#include "proto/host/seen.h"
#include "proto/host/world.h"

void host_event_fields(const char *name, json_t *fields)
{
    json_t *line = json_pack("{s:s}", "event", name);

    if (line && fields)
        json_object_update(line, fields);
    json_decref(fields);
    if (line)
        json_object_set_new(line, "time_ms", json_integer(host_now().unix_ms));
    host_json_line(line);
}

void host_event_error(const char *value, const char *code, const char *rule, const char *way_out)
{
    char text[1024];
    bool more = way_out && *way_out;

    snprintf(text, sizeof text, "%s: %s%s%s", value, rule, more ? "; " : "", more ? way_out : "");
    host_event_fields("error", json_pack("{s:s,s:s}", "code", code, "message", text));
}

static const char *capability_name(enum proto_capability capability)
{
    const char *name = proto_capability_name(capability);

    return name ? name : "-";
}

static void mark_line(const handhold_Mark *mark)
{
    const char *colour = proto_colour_name(mark->colour);
    json_t *points = json_array();

    for (pb_size_t i = 0; points && i + 1 < mark->points_count; i += 2)
        json_array_append_new(points, json_pack("[f,f]", (double)mark->points[i], (double)mark->points[i + 1]));
    host_event_fields("mark", json_pack("{s:i,s:s,s:o,s:s,s:I,s:s}", "id", (int)mark->id, "shape", mark->shape,
                                        "points", points, "text", mark->text, "ts_ms", (json_int_t)mark->ts_ms,
                                        "colour", *colour ? colour : proto_colour_name(0)));
}

static void control_line(const handhold_CameraControl *control)
{
    switch (control->which_what) {
    case handhold_CameraControl_torch_tag:
        host_event_fields("camera-control", json_pack("{s:b}", "torch", control->what.torch));
        break;
    case handhold_CameraControl_zoom_tag:
        host_event_fields("camera-control", json_pack("{s:f}", "zoom", (double)control->what.zoom));
        break;
    case handhold_CameraControl_lens_tag:
        host_event_fields("camera-control", json_pack("{s:s}", "lens", control->what.lens));
        break;
    case handhold_CameraControl_focus_tag:
        host_event_fields("camera-control", json_pack("{s:[f,f]}", "focus", (double)control->what.focus.x,
                                                      (double)control->what.focus.y));
        break;
    default:
        break;
    }
}

static void camera_line(const handhold_CameraState *camera)
{
    json_t *lenses = json_array();

    for (pb_size_t i = 0; lenses && i < camera->lenses_count; i++)
        json_array_append_new(lenses,
                              json_pack("{s:s,s:s}", "id", camera->lenses[i].id, "label", camera->lenses[i].label));
    host_event_fields("camera-state",
                      json_pack("{s:b,s:b,s:f,s:f,s:o,s:s,s:b}", "can_torch", camera->can_torch, "torch", camera->torch,
                                "zoom", (double)camera->zoom, "zoom_max", (double)camera->zoom_max, "lenses", lenses,
                                "lens", camera->lens, "can_focus", camera->can_focus));
}

static void still_line(const struct proto_event *e)
{
    json_t *fields =
        json_pack("{s:I,s:s}", "still", (json_int_t)e->still.id, "state", proto_still_step_name(e->still.step));

    if (fields && e->still.still.len)
        json_object_update_new(fields, json_pack("{s:i,s:i,s:I,s:s}", "width", (int)e->still.still.width, "height",
                                                 (int)e->still.still.height, "bytes", (json_int_t)e->still.still.len,
                                                 "mime", e->still.still.mime));
    host_event_fields("still", fields);
}

static void data_line(const handhold_Data *data, const char *peer)
{
    switch (data->which_body) {
    case handhold_Data_chat_tag:
        host_event_fields("chat", json_pack("{s:s,s:s}", "from", peer, "text", data->body.chat.text));
        break;
    case handhold_Data_pointer_tag:
        host_event_fields("pointer",
                          json_pack("{s:f,s:f}", "x", (double)data->body.pointer.x, "y", (double)data->body.pointer.y));
        break;
    case handhold_Data_mark_tag:
        mark_line(&data->body.mark);
        break;
    case handhold_Data_clear_tag:
        host_event_fields("clear", json_pack("{s:i}", "id", (int)data->body.clear.id));
        break;
    case handhold_Data_paused_tag:
        host_event_fields("paused", json_pack("{s:b,s:s,s:s}", "paused", data->body.paused.paused, "by",
                                              data->body.paused.by, "reason", data->body.paused.reason));
        break;
    case handhold_Data_hearing_tag:
        host_event_fields("hearing", json_pack("{s:b}", "on", data->body.hearing.on));
        break;
    case handhold_Data_check_words_tag:
        host_event_fields("check-words", json_pack("{s:b}", "match", data->body.check_words.match));
        break;
    case handhold_Data_camera_control_tag:
        control_line(&data->body.camera_control);
        break;
    case handhold_Data_camera_state_tag:
        camera_line(&data->body.camera_state);
        break;
    case handhold_Data_goodbye_tag:
        host_event_fields("goodbye", NULL);
        break;
    case handhold_Data_rating_tag:
        host_event_fields("rating", json_pack("{s:i,s:b}", "stars", (int)data->body.rating.stars, "solved",
                                              data->body.rating.solved));
        break;
    default:
        break;
    }
}

static void consent_line(const struct proto_event *e)
{
    const char *name = capability_name(e->consent.capability);
    const char *state = proto_consent_state_name(e->consent.state);
    const char *purpose = e->consent.purpose ? e->consent.purpose : "";

    json_t *fields = json_pack("{s:s,s:s,s:s}", "capability", name, "state", state, "purpose", purpose);

    if (fields && (e->consent.state == PROTO_CONSENT_REQUESTED || e->consent.state == PROTO_CONSENT_GRANTED))
        json_object_update_new(fields, json_pack("{s:I,s:I}", "max_seconds", (json_int_t)e->consent.max_s,
                                                 "retention_days", (json_int_t)e->consent.retention_days));
    if (fields && e->consent.state == PROTO_CONSENT_REQUESTED)
        json_object_update_new(
            fields, json_pack("{s:I,s:I}", "request", (json_int_t)e->consent.request, "of", (json_int_t)e->consent.of));
    if (fields && e->consent.extended)
        json_object_set_new(fields, "extended", json_true());
    host_event_fields("consent", fields);
}

static void invite_line(const struct proto_event *e)
{
    json_t *fields = json_pack("{s:s,s:s,s:s,s:I}", "session", e->invite.sid_hex, "link", e->invite.link, "address",
                               e->invite.address, "link_seconds", (json_int_t)e->invite.link_s);

    if (fields && e->invite.code) {
        json_object_set_new(fields, "code", json_string(e->invite.code));
        json_object_set_new(fields, "code_seconds", json_integer(e->invite.code_s));
    }
    host_event_fields("invite", fields);
}

static void joined_line(const struct proto_event *e)
{
    host_event_fields("joined",
                      json_pack("{s:s,s:s,s:s,s:b}", "peer", e->joined.peer, "organisation", e->joined.organisation,
                                "role", e->joined.role ? e->joined.role : "", "verified", e->joined.verified));
}

static void said_line(const char *event, enum proto_err err, const char *message)
{
    host_event_fields(
        event, json_pack("{s:s,s:s}", "code", proto_err_name(err), "message", message ? message : proto_err_rule(err)));
}

/* What shows a forked log is kept as it happens: the line says where. */
static void alarm_line(const struct proto_event *e)
{
    char path[HOST_PATH_BYTES];
    json_t *fields = json_pack("{s:s,s:s}", "code", proto_err_name(e->alarm.err), "message",
                               e->alarm.message ? e->alarm.message : proto_err_rule(e->alarm.err));

    if (fields && host_seen_keep_fork(e, path))
        (void)json_object_set_new(fields, "evidence", json_string(path));
    host_event_fields("alarm", fields);
}

void host_event_line(const struct proto_event *e, const char *peer)
{
    switch (e->kind) {
    case PROTO_EVENT_INVITE:
        invite_line(e);
        break;
    case PROTO_EVENT_JOINED:
        joined_line(e);
        break;
    case PROTO_EVENT_CONSENT:
        consent_line(e);
        break;
    case PROTO_EVENT_LOGGED:
        host_event_fields("logged", json_pack("{s:s,s:s,s:I,s:I}", "action", e->logged.action, "capability",
                                              capability_name(e->logged.capability), "index",
                                              (json_int_t)e->logged.index, "log_size", (json_int_t)e->logged.log_size));
        break;
    case PROTO_EVENT_CAPTURE:
        host_event_fields("capture", json_pack("{s:s,s:b}", "capability", capability_name(e->capture.capability), "on",
                                               e->capture.on));
        break;
    case PROTO_EVENT_DATA:
        data_line(e->data, peer);
        break;
    case PROTO_EVENT_CONNECTION:
        host_event_fields("connection", json_pack("{s:s}", "state", proto_connection_state_name(e->connection.state)));
        break;
    case PROTO_EVENT_LIVE:
        host_event_fields("live", json_pack("{s:b}", "live", e->live));
        break;
    case PROTO_EVENT_CHECK_WORDS:
        host_event_fields("check-words",
                          json_pack("{s:[s,s,s,s]}", "words", e->words[0], e->words[1], e->words[2], e->words[3]));
        break;
    case PROTO_EVENT_EXPIRING:
        host_event_fields("expiring", json_pack("{s:s,s:I}", "capability", capability_name(e->expiring.capability),
                                                "seconds", (json_int_t)e->expiring.left_s));
        break;
    case PROTO_EVENT_HOLD:
        host_event_fields("paused", json_pack("{s:b,s:s,s:s,s:I}", "paused", (int)e->hold.on, "by", "agent", "reason",
                                              "hold", "seconds", (json_int_t)e->hold.grace_s));
        break;
    case PROTO_EVENT_STILL:
        still_line(e);
        break;
    case PROTO_EVENT_BLOCKED:
        host_event_fields("blocked", json_pack("{s:s,s:I}", "capability", capability_name(e->blocked.capability),
                                               "messages", (json_int_t)e->blocked.messages));
        break;
    case PROTO_EVENT_ALARM:
        alarm_line(e);
        break;
    case PROTO_EVENT_ERROR:
        said_line("error", e->error.err, e->error.message);
        break;
    case PROTO_EVENT_ENDED:
        host_event_fields("ended", json_pack("{s:s,s:i,s:s}", "reason", proto_end_name(e->ended.reason), "by",
                                             (int)e->ended.by, "message", e->ended.message ? e->ended.message : ""));
        break;
    default:
        break;
    }
}
