/* SPDX-License-Identifier: Apache-2.0 */
/* What is captured, from the word that a consent lives until the word that it is gone, and how much of it leaves. */
#include <stdio.h>
#include <string.h>

#include "client/companion/companion_inside.h"
#include "proto/host/event_line.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/media/send.h"

/* Agreed to, and this machine does not give it. */
static void blocked(struct client_companion *c, enum proto_capability capability, const char *what, const char *why)
{
    client_companion_error(c, what, why);
    if (proto_session_blocked(c->session, capability, host_now()) != PROTO_OK)
        host_say(HOST_DEBUG, "the consent was gone already");
}

static void start_camera(struct client_companion *c, struct proto_now now)
{
    char why[CLIENT_WHY_BYTES];
    enum proto_err err = PROTO_OK;

    if (!c->video) /* it was lost before */
        err = client_video_new(&c->video, c->config->camera, c->config->mask, c->config->kbps,
                               c->config->keep_picture != NULL, c->config->stats, why);
    if (err == PROTO_OK) {
        client_video_want_key(c->video);
        err = client_video_start(c->video, now.mono_ms, why);
    }
    if (err == PROTO_OK)
        client_companion_camera_told(c);
    else
        blocked(c, PROTO_CAPABILITY_CAMERA, "CAMERA", why);
}

static void start_capture(struct client_companion *c, enum proto_capability capability)
{
    struct proto_now now = host_now();
    char why[CLIENT_WHY_BYTES];

    if (capability == PROTO_CAPABILITY_DEVICE_STATE)
        client_report_start(c->report, now);
    if (capability == PROTO_CAPABILITY_DEVICE_STATE)
        client_beside_capture(c->beside, true);
    if (capability == PROTO_CAPABILITY_MICROPHONE && client_voice_start(c->voice, now.mono_ms, why) != PROTO_OK)
        blocked(c, capability, "MICROPHONE", why);
    if (capability == PROTO_CAPABILITY_CAMERA)
        start_camera(c, now);
}

void client_companion_capture(struct client_companion *c, enum proto_capability capability, bool on)
{
    if (capability <= PROTO_CAPABILITY_NONE || capability >= PROTO_CAPABILITY_COUNT)
        return;
    if (!on && capability == PROTO_CAPABILITY_CAMERA)
        client_video_stop(c->video);
    if (!on && capability == PROTO_CAPABILITY_MICROPHONE)
        client_voice_stop(c->voice);
    if (!on && (capability == PROTO_CAPABILITY_TORCH || capability == PROTO_CAPABILITY_CAMERA))
        client_companion_torch(c, false);
    if (!on && capability == PROTO_CAPABILITY_ZOOM && c->video)
        c->zoom = client_video_zoom(c->video, 1);
    if (!on && capability == PROTO_CAPABILITY_DEVICE_STATE) {
        client_beside_capture(c->beside, false);
        client_home_stop(c->home);
        client_report_stop(c->report);
    }
    c->capturing[capability] = on;
    if (on)
        start_capture(c, capability);
}

void client_companion_camera_lost(struct client_companion *c, const char *why)
{
    client_companion_error(c, "CAMERA", why);
    client_video_free(c->video);
    c->video = NULL;
    c->paused = proto_session_pause(c->session, true, "device", "camera-lost", host_now()) == PROTO_OK;
    if (c->config->json)
        host_event_fields("paused", json_pack("{s:b,s:s,s:s}", "paused", 1, "by", "device", "reason", "camera-lost"));
    else
        client_screen_line(c->screen, "* paused: the camera is gone. r tries it again");
}

/* ---- in figures, once a second ---- */

static void tell_voice(const struct client_companion *c)
{
    struct client_voice_figures f;

    client_voice_figures(c->voice, &f);
    if (!c->config->json || !c->capturing[PROTO_CAPABILITY_MICROPHONE] || c->paused)
        return;
    host_event_fields("audio",
                      json_pack("{s:s,s:I,s:I,s:i,s:I,s:I,s:i,s:i,s:f}", "from", "agent", "sent", (json_int_t)f.packets,
                                "lost", (json_int_t)f.lost, "bps", f.bps, "packets", (json_int_t)f.heard.packets,
                                "concealed", (json_int_t)f.heard.concealed, "delay_ms", f.heard.depth_ms, "gap_max_ms",
                                f.heard.gap_ms_max, "level_db", f.heard.level_db));
}

/* For the line at the bottom. */
static void keep_graph(struct client_companion *c, int quality)
{
    c->quality = c->kbps >= 0 ? proto_media_quality_name(quality) : NULL;
    if (c->kbps < 0) {
        c->kbps_count = 0;
        return;
    }
    if (c->kbps_count == CLIENT_GRAPH_SECONDS)
        memmove(c->kbps_row, c->kbps_row + 1, --c->kbps_count * sizeof *c->kbps_row);
    c->kbps_row[c->kbps_count++] = c->kbps;
}

void client_companion_check_stats(struct client_companion *c)
{
    char text[CLIENT_WHY_BYTES];

    if (client_video_keeps_stats(c->video))
        return;
    snprintf(text, sizeof text, "%s: %s; what is missing there is not written anywhere", c->config->stats,
             proto_err_rule(PROTO_ERR_IO));
    client_companion_error(c, "STATS", text);
    c->stats_lost = true;
}

void client_companion_figures(struct client_companion *c)
{
    struct client_video_figures f;

    client_companion_check_stats(c);
    client_video_figures(c->video, &f);
    f.quality =
        proto_media_quality_of_second(f.quality, f.pictures - c->pictures_before, f.left_out - c->left_out_before);
    if (c->config->json && c->capturing[PROTO_CAPABILITY_CAMERA] && !c->paused)
        host_event_fields("sending",
                          json_pack("{s:s,s:I,s:I,s:I,s:f,s:i,s:i,s:i,s:s}", "capability", "camera", "pictures",
                                    (json_int_t)f.pictures, "skipped", (json_int_t)f.skipped, "fps",
                                    (json_int_t)(f.pictures - c->pictures_before), "kbps",
                                    (double)(f.bytes - c->bytes_before) * 8 / 1000, "may_kbps", f.kbps, "width",
                                    f.width, "height", f.height, "quality", proto_media_quality_name(f.quality)));
    client_voice_line(c->voice, c->capturing[PROTO_CAPABILITY_CAMERA] ? (int64_t)f.kbps * 1000 : 0,
                      proto_session_waits_ms(c->session));
    c->kbps = c->capturing[PROTO_CAPABILITY_CAMERA] && !c->paused ? (double)(f.bytes - c->bytes_before) * 8 / 1000 : -1;
    keep_graph(c, f.quality);
    c->pictures_before = f.pictures;
    c->left_out_before = f.left_out;
    c->bytes_before = f.bytes;
    tell_voice(c);
}
