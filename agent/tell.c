/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/tell.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/desk/quality.h"
#include "agent/qr.h"
#include "proto/host/event_line.h"
#include "proto/host/say.h"
#include "proto/host/seen.h"
#include "proto/util/number.h"

/* ---- words; texts of others lose what could drive a terminal ---- */

static void put(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)(text ? text : ""); *at; at++)
        putchar(*at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0) ? ' ' : *at);
}

/* As a policy has it: whole minutes. */
static void put_life(const char *before, uint32_t s)
{
    uint32_t minutes = s / 60, hours = minutes % 60 ? 0 : minutes / 60, n = hours ? hours : minutes;

    printf("%s%u %s%s", before, n, hours ? "hour" : "minute", n == 1 ? "" : "s");
}

static void put_invite(const struct agent_tell *tell, const struct proto_event *e)
{
    struct proto_buf qr;

    put_life("\nThe customer opens this link (valid once, for ", e->invite.link_s);
    printf("):\n\n  %s\n\n", e->invite.link);
    proto_buf_init(&qr, 64 * 1024);
    if (agent_qr(e->invite.link, tell->colour, &qr) == PROTO_OK && !qr.failed)
        fwrite(qr.bytes, 1, qr.len, stdout);
    proto_buf_free(&qr);
    if (e->invite.code) {
        printf("\nor types the code   %s   at   %s   ", e->invite.code, e->invite.address);
        put_life("within ", e->invite.code_s);
        printf("\n");
    }
}

static void put_consent(const struct proto_event *e)
{
    const char *label = proto_capability_label(e->consent.capability);

    printf("%s: %s%s", label ? label : "?", proto_consent_state_name(e->consent.state),
           e->consent.extended ? ", for longer" : "");
    if (e->consent.purpose && *e->consent.purpose) {
        printf(" - ");
        put(e->consent.purpose);
    }
}

static void put_data(const handhold_Data *data)
{
    if (data->which_body == handhold_Data_chat_tag) {
        printf("customer: ");
        put(data->body.chat.text);
    } else if (data->which_body == handhold_Data_paused_tag) {
        printf("%s by the %s: ", data->body.paused.paused ? "paused" : "going on", data->body.paused.by);
        put(data->body.paused.reason);
    } else if (data->which_body == handhold_Data_hearing_tag) {
        printf(data->body.hearing.on ? "the customer hears you"
                                     : "the customer does not hear you: your voice is not sent");
    } else if (data->which_body == handhold_Data_pointer_tag) {
        printf("the customer points at %.0f%% from the left, %.0f%% from the top", (double)data->body.pointer.x * 100,
               (double)data->body.pointer.y * 100);
    } else if (data->which_body == handhold_Data_mark_tag) {
        printf("the customer drew on the picture: ");
        put(data->body.mark.shape);
    } else if (data->which_body == handhold_Data_camera_state_tag) {
        printf("the camera: light %s, zoom %.1f of %.1f", data->body.camera_state.torch ? "on" : "off",
               (double)data->body.camera_state.zoom, (double)data->body.camera_state.zoom_max);
    } else if (data->which_body == handhold_Data_rating_tag) {
        printf("the customer gives %u of 5 stars, and says it is %s", (unsigned)data->body.rating.stars,
               data->body.rating.solved ? "solved" : "not solved");
    } else if (data->which_body == handhold_Data_check_words_tag) {
        printf(data->body.check_words.match ? "the customer says: the check words are the same"
                                            : "THE CUSTOMER SAYS: THE CHECK WORDS DIFFER");
    }
}

static void put_event(struct agent_tell *tell, const struct proto_event *e)
{
    char path[HOST_PATH_BYTES];

    switch (e->kind) {
    case PROTO_EVENT_INVITE:
        put_invite(tell, e);
        break;
    case PROTO_EVENT_JOINED:
        printf("the customer has joined (");
        put(e->joined.peer);
        printf(")");
        break;
    case PROTO_EVENT_CONSENT:
        put_consent(e);
        break;
    case PROTO_EVENT_LOGGED:
        printf("the log has it: %s, entry %" PRIu64, e->logged.action, e->logged.index);
        break;
    case PROTO_EVENT_DATA:
        put_data(e->data);
        break;
    case PROTO_EVENT_STILL:
        printf("photo %u: %s", (unsigned)e->still.id, proto_still_step_name(e->still.step));
        break;
    case PROTO_EVENT_CONNECTION:
        printf("connection: %s", proto_connection_state_name(e->connection.state));
        break;
    case PROTO_EVENT_LIVE:
        printf(e->live ? "the picture is live again" : "THE PICTURE IS NOT LIVE: nothing is heard of the customer");
        break;
    case PROTO_EVENT_CHECK_WORDS:
        printf("check words: %s %s %s %s", e->words[0], e->words[1], e->words[2], e->words[3]);
        break;
    case PROTO_EVENT_ALARM:
        printf("ALARM: ");
        put(e->alarm.message ? e->alarm.message : proto_err_rule(e->alarm.err));
        if (host_seen_keep_fork(e, path))
            printf("\nALARM: what proves it is kept in %s: give it to the privacy officer", path);
        break;
    case PROTO_EVENT_ERROR:
        snprintf(tell->said, sizeof tell->said, "%s",
                 e->error.message ? e->error.message : proto_err_rule(e->error.err));
        printf("error: ");
        put(tell->said);
        break;
    case PROTO_EVENT_ENDED:
        printf("the session ended: %s ", proto_end_name(e->ended.reason));
        if (e->ended.message && strcmp(e->ended.message, tell->said) != 0)
            put(e->ended.message);
        break;
    default:
        return;
    }
    putchar('\n');
    fflush(stdout);
}

void agent_tell_event(struct agent_tell *tell, const struct proto_event *e, struct proto_now now)
{
    if (e->kind == PROTO_EVENT_CONSENT && e->consent.capability == PROTO_CAPABILITY_CAMERA &&
        e->consent.state == PROTO_CONSENT_GRANTED && !e->consent.extended)
        tell->granted_ms = now.mono_ms;
    if (tell->json)
        host_event_line(e, "customer");
    else
        put_event(tell, e);
}

/* ---- the picture ---- */

void agent_tell_first_picture(const struct agent_tell *tell, const struct agent_desk_picture *picture,
                              struct proto_now now)
{
    struct agent_desk_i420 f = agent_desk_picture_last(picture);
    int64_t after_ms = now.mono_ms - tell->granted_ms;

    if (tell->json)
        host_event_fields("first-picture", json_pack("{s:i,s:i,s:I}", "width", f.width, "height", f.height, "after_ms",
                                                     (json_int_t)after_ms));
    else
        printf("first picture: %dx%d, %" PRId64 " ms after the key\n", f.width, f.height, after_ms);
    fflush(stdout);
}

static json_t *video_fields(struct agent_desk *desk, const struct agent_desk_picture_stats *s)
{
    static const char *const grades[] = {"none", "good", "fair", "poor"};
    struct proto_session_figures figures;
    json_t *latency = json_null(); /* the clocks of the two ends have not met yet */

    if (s->latency_p50_ms >= 0)
        latency =
            json_pack("{s:f,s:f,s:f}", "p50", s->latency_p50_ms, "p95", s->latency_p95_ms, "max", s->latency_max_ms);
    proto_session_figures(agent_desk_session(desk), &figures);
    return json_pack("{s:s,s:s,s:I,s:i,s:i,s:f,s:f,s:I,s:I,s:I,s:o}", "quality", grades[agent_quality_grade(s)], "why",
                     agent_quality_reason(s), "frames", (json_int_t)s->frames, "width", s->width, "height", s->height,
                     "fps", s->fps, "kbps", s->kbps, "broken", (json_int_t)s->broken, "skipped", (json_int_t)s->skipped,
                     "refused", (json_int_t)figures.frames_refused, "latency_ms", latency);
}

void agent_tell_video(const struct agent_tell *tell, struct agent_desk *desk, bool final, struct proto_now now)
{
    struct agent_desk_picture_stats second, all;
    json_t *fields;

    agent_desk_picture_second(agent_desk_picture(desk), now.mono_ms, &second);
    agent_desk_picture_session(agent_desk_picture(desk), &all);
    if (final ? all.frames == 0 : second.frames == 0)
        return;
    if (!tell->json) {
        const struct agent_desk_picture_stats *s = final ? &all : &second;

        printf("picture%s: %dx%d, %.0f a second, %.0f kbit/s", final ? ", in all" : "", s->width, s->height, s->fps,
               s->kbps);
        if (s->latency_p50_ms >= 0)
            printf(", latency %.0f ms (95%%: %.0f ms)", s->latency_p50_ms, s->latency_p95_ms);
        putchar('\n');
        fflush(stdout);
        return;
    }
    fields = video_fields(desk, final ? &all : &second);
    if (!fields)
        return;
    json_object_set_new(fields, "final", json_boolean(final));
    json_object_set_new(fields, "total_frames", json_integer((json_int_t)all.frames));
    json_object_set_new(fields, "last_picture_time_ms",
                        json_integer(now.unix_ms - (now.mono_ms - agent_desk_last_picture_ms(desk))));
    host_event_fields("video", fields);
}

/* ---- device state ---- */

static json_t *value_of(const handhold_Property *p)
{
    switch (p->which_value) {
    case handhold_Property_text_tag:
        return json_string(p->value.text);
    case handhold_Property_number_tag:
        return json_real(p->value.number);
    case handhold_Property_truth_tag:
        return json_boolean(p->value.truth);
    default:
        return json_null();
    }
}

static void put_state(const handhold_StateChange *change)
{
    const handhold_Property *p = &change->body.property;
    char number[PROTO_NUMBER_BYTES];

    if (change->which_body != handhold_StateChange_property_tag)
        return;
    put(p->device);
    printf(".");
    put(p->name);
    printf(" = ");
    if (p->which_value == handhold_Property_text_tag)
        put(p->value.text);
    else if (p->which_value == handhold_Property_number_tag) {
        proto_number_text(p->value.number, number);
        printf("%s", number);
    } else {
        printf(p->value.truth ? "yes" : "no");
    }
    printf(" ");
    put(p->unit);
    putchar('\n');
    fflush(stdout);
}

void agent_tell_state(const struct agent_tell *tell, const handhold_StateChange *change)
{
    const handhold_Property *p = &change->body.property;
    const handhold_Device *d = &change->body.device;

    if (!tell->json) {
        put_state(change);
        return;
    }
    if (change->which_body == handhold_StateChange_property_tag)
        host_event_fields("state", json_pack("{s:s,s:s,s:o,s:s,s:I,s:b}", "device", p->device, "property", p->name,
                                             "value", value_of(p), "unit", p->unit, "unix_ms", (json_int_t)p->unix_ms,
                                             "hidden", (int)p->hidden));
    else if (change->which_body == handhold_StateChange_device_tag)
        host_event_fields("device", json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:b}", "device", d->id, "parent",
                                              d->parent, "kind", d->kind, "name", d->name, "maker", d->maker, "model",
                                              d->model, "firmware", d->firmware, "seen_by", d->seen_by, "gone",
                                              (int)d->gone, "hidden", (int)d->hidden));
}

void agent_tell_still(const struct agent_tell *tell, const struct proto_event *e, const char *file)
{
    const struct proto_still *still = &e->still.still;
    json_t *fields;

    if (!tell->json) {
        printf("a photo: %ux%u, %zu bytes%s%s\n", still->width, still->height, still->len, file ? ", in " : "",
               file ? file : "; it is not kept");
        fflush(stdout);
        return;
    }
    fields = json_pack("{s:I,s:s,s:i,s:i,s:I,s:s}", "still", (json_int_t)e->still.id, "state", "whole", "width",
                       (int)still->width, "height", (int)still->height, "bytes", (json_int_t)still->len, "mime",
                       still->mime);
    if (fields && file)
        json_object_set_new(fields, "file", json_string(file));
    host_event_fields("still", fields);
}

void agent_tell_recording(const struct agent_tell *tell, bool on, const char *path, uint64_t bytes)
{
    if (tell->json)
        host_event_fields("recording",
                          json_pack("{s:b,s:s,s:I}", "on", (int)on, "file", path, "bytes", (json_int_t)bytes));
    else
        printf(on ? "RECORDING, sealed to the privacy officers: %s\n" : "the recording has ended: %s\n", path);
    fflush(stdout);
}

void agent_tell_error(const struct agent_tell *tell, const char *code, const char *text)
{
    if (tell->json)
        host_event_fields("error", json_pack("{s:s,s:s}", "code", code, "message", text));
    else
        host_say(HOST_ERROR, "%s", text);
}

void agent_tell_renewal(const struct agent_tell *tell, const struct agent_renewal_told *told)
{
    static const char *const states[] = {"asked", "renewed", "refused"};
    time_t until = (time_t)told->until_s;
    char date[32] = "";
    struct tm when;

    if (tell->json) {
        host_json_event("certificate", "{s:s,s:I,s:s*}", "state", states[told->news], "until",
                        (json_int_t)told->until_s, "message", told->why);
        return;
    }
    if (gmtime_r(&until, &when))
        strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &when);
    if (told->news == AGENT_RENEWAL_DONE)
        printf("your certificate was renewed: it ends on %s\n", date);
    else if (told->news == AGENT_RENEWAL_REFUSED)
        host_say(HOST_WARN, "your certificate ends on %s and was not renewed: %s", date, told->why);
}
