/* SPDX-License-Identifier: Apache-2.0 */
/* One session on the line's thread: its desk, its uplink, and the view that both threads share. */
#include "agent/viewer/end.h"

#include <stdlib.h>

#include "agent/desk/stills.h"
#include "agent/viewer/measure.h"
#include "proto/host/event_line.h"
#include "proto/host/say.h"
#include "proto/host/seen.h"
#include "proto/host/world.h"

#define FIGURES_MS 1000

struct viewer_end *viewer_end_ref(struct viewer_end *end)
{
    g_atomic_ref_count_inc(&end->references);
    return end;
}

void viewer_end_unref(struct viewer_end *end)
{
    if (!g_atomic_ref_count_dec(&end->references))
        return;
    agent_view_clear(&end->view);
    agent_marks_clear(&end->marks);
    g_ptr_array_unref(end->stills);
    viewer_slot_clear(&end->slot);
    g_rec_mutex_clear(&end->lock);
    g_free(end->customer_ref);
    g_free(end->reference);
    g_free(end);
}

static gboolean dispatch(void *data)
{
    struct viewer_end *end = data;
    VIEWER_MEASURE_OURS(news);

    g_atomic_int_set(&end->told, 0);
    if (end->changed)
        end->changed(end->context);
    return G_SOURCE_REMOVE;
}

void viewer_end_tell(struct viewer_end *end)
{
    if (g_atomic_int_compare_and_exchange(&end->told, 0, 1))
        g_idle_add_full(G_PRIORITY_DEFAULT, dispatch, viewer_end_ref(end), (GDestroyNotify)viewer_end_unref);
}

/* ---- what the desk tells ---- */

static void take_marks(struct viewer_end *end, const struct proto_event *e)
{
    if (e->kind == PROTO_EVENT_DATA && e->data->which_body == handhold_Data_mark_tag)
        agent_marks_theirs(&end->marks, &e->data->body.mark);
    if (e->kind == PROTO_EVENT_DATA && e->data->which_body == handhold_Data_clear_tag)
        agent_marks_their_clear(&end->marks, e->data->body.clear.id);
}

/* A photo that has come, decoded here: GTK's thread only shows it. */
static void take_still(struct viewer_end *end, const struct proto_event *e)
{
    const struct proto_still *still = &e->still.still;
    struct viewer_still *kept;
    uint8_t *rgb;

    if (e->kind != PROTO_EVENT_STILL || e->still.step != PROTO_STILL_STEP_WHOLE)
        return;
    if (agent_desk_still_check(still) != PROTO_OK || agent_desk_still_decode(still, &rgb) != PROTO_OK) {
        agent_view_tell(&end->view, AGENT_VIEW_WARNING,
                        N_("The photo is damaged and cannot be shown. Ask for another."));
        return;
    }
    kept = g_new0(struct viewer_still, 1);
    kept->file = g_bytes_new(still->bytes, still->len);
    kept->suffix = agent_desk_still_suffix(still);
    kept->pixels = g_bytes_new_with_free_func(rgb, (gsize)still->width * still->height * 3, free, rgb);
    kept->width = (int)still->width;
    kept->height = (int)still->height;
    g_ptr_array_add(end->stills, kept);
}

void viewer_still_free(struct viewer_still *still)
{
    g_bytes_unref(still->file);
    g_bytes_unref(still->pixels);
    g_free(still);
}

/* Without the consent nothing of the picture stays, the frozen one neither. */
static void thaw(struct viewer_end *end, const struct proto_event *e)
{
    if (e->kind != PROTO_EVENT_CONSENT || e->consent.capability != PROTO_CAPABILITY_CAMERA ||
        e->consent.state == PROTO_CONSENT_REQUESTED || e->consent.state == PROTO_CONSENT_GRANTED)
        return;
    end->view.frozen = false;
    end->view.picture_ms = PROTO_NEVER;
    if (agent_desk_freeze(end->desk, false) != PROTO_OK)
        host_say(HOST_DEBUG, "nothing was frozen");
}

static void on_event(void *context, const struct proto_event *e)
{
    struct viewer_end *end = context;
    char path[HOST_PATH_BYTES];

    if (host_seen_keep_fork(e, path))
        host_say(HOST_WARN, "the log is forked: what proves it is kept in %s; give it to the privacy officer", path);
    if (end->line->config.json)
        host_event_line(e, "customer");
    g_rec_mutex_lock(&end->lock);
    thaw(end, e);
    agent_view_event(&end->view, e, host_now());
    take_marks(end, e);
    take_still(end, e);
    if (end->tape)
        agent_desk_tape_event(end->tape, e, host_now());
    viewer_end_home_event(end, e);
    if (e->kind == PROTO_EVENT_JOINED || e->kind == PROTO_EVENT_INVITE || e->kind == PROTO_EVENT_ERROR)
        agent_view_take_policy(&end->view, proto_session_policy(agent_desk_session(end->desk)));
    g_rec_mutex_unlock(&end->lock);
    if (e->kind == PROTO_EVENT_CONNECTION && e->connection.state == PROTO_CONNECTION_RECONNECTING)
        viewer_line_reach_again(end->line);
    if (e->kind == PROTO_EVENT_CONSENT || e->kind == PROTO_EVENT_DATA || e->kind == PROTO_EVENT_ENDED)
        viewer_end_voice_tick(end); /* a microphone closes with its consent, and when nobody hears it */
    viewer_end_tell(end);
}

static void on_picture(void *context, const struct agent_desk_picture *picture, bool first)
{
    struct viewer_end *end = context;
    struct agent_desk_i420 f = agent_desk_picture_last(picture);

    (void)first;
    g_rec_mutex_lock(&end->lock);
    end->view.picture_ms = host_now().mono_ms;
    g_rec_mutex_unlock(&end->lock);
    if (agent_desk_frozen(end->desk))
        return;
    viewer_slot_put(&end->slot, &f, agent_desk_shown_ts_ms(end->desk));
    viewer_end_tell(end);
}

static void on_state(void *context, const handhold_StateChange *change)
{
    struct viewer_end *end = context;

    g_rec_mutex_lock(&end->lock);
    viewer_end_home_state(end, change);
    g_rec_mutex_unlock(&end->lock);
    viewer_end_tell(end);
}

static int64_t mono_ms(void)
{
    return host_now().mono_ms;
}

static void on_frame(void *context, const struct agent_desk_frame *frame)
{
    struct viewer_end *end = context;

    if (end->tape)
        agent_desk_tape_frame(end->tape, frame);
}

static void on_voice(void *context, const struct proto_event *e)
{
    struct viewer_end *end = context;

    if (end->tape)
        agent_desk_tape_voice(end->tape, e, host_now());
    viewer_end_voice_came(end, e);
}

static void on_tape(void *context, bool on, enum proto_err err, const char *path, uint64_t bytes)
{
    struct viewer_end *end = context;

    (void)bytes;
    g_rec_mutex_lock(&end->lock);
    end->view.recording = on;
    g_strlcpy(end->view.recorded, path, sizeof end->view.recorded);
    if (err != PROTO_OK)
        agent_view_refused(&end->view, path, err);
    end->view.version++;
    g_rec_mutex_unlock(&end->lock);
    viewer_end_tell(end);
}

/* ---- the uplink and the clock ---- */

static void note_end(struct viewer_end *end)
{
    enum proto_end reason = proto_session_end_waits(agent_desk_session(end->desk));

    if (end->view.end_waits == (reason != PROTO_END_NONE)) /* nobody else writes it: read without the lock */
        return;
    g_rec_mutex_lock(&end->lock);
    agent_view_end_waits(&end->view, reason, host_now());
    g_rec_mutex_unlock(&end->lock);
    viewer_end_tell(end);
}

static void note_line(struct viewer_end *end)
{
    bool there = proto_session_has_line(agent_desk_session(end->desk));

    if (end->view.line_away == !there) /* nobody else writes it: read without the lock */
        return;
    g_rec_mutex_lock(&end->lock);
    agent_view_take_line(&end->view, there);
    g_rec_mutex_unlock(&end->lock);
    viewer_end_tell(end);
}

static void note_chat(struct viewer_end *end)
{
    size_t waits = proto_session_chat_waits(agent_desk_session(end->desk));

    if (end->view.chat_waits == waits) /* nobody else writes it: read without the lock */
        return;
    g_rec_mutex_lock(&end->lock);
    agent_view_take_chat(&end->view, waits);
    g_rec_mutex_unlock(&end->lock);
    viewer_end_tell(end);
}

static void changed(void *context)
{
    struct viewer_end *end = context;

    note_end(end);
    note_line(end);
    agent_desk_take(end->desk, host_now());
    note_chat(end);
    host_timer_set(end->due, agent_desk_deadline(end->desk)); /* a picture that is held back for evenness */
}

/* Whatever leaves first after a mark is the mark, or was before it in the same breath. */
static void leaving(void *context, const uint8_t *message, size_t len)
{
    struct viewer_end *end = context;

    (void)message, (void)len;
    if (end->marked_us)
        viewer_measure_sent(end->marked_us);
    end->marked_us = 0;
}

static void failed(void *context, enum proto_err err, const char *text)
{
    struct viewer_end *end = context;

    (void)err;
    viewer_line_reach_again(end->line);
    g_rec_mutex_lock(&end->lock);
    agent_view_tell(&end->view, AGENT_VIEW_ALARM, text);
    g_rec_mutex_unlock(&end->lock);
    viewer_end_tell(end);
}

static void remember_log(struct viewer_end *end)
{
    const uint8_t *pin = end->credential->identity.root_fingerprint;
    struct host_seen seen;

    host_seen_of(agent_desk_session(end->desk), &seen);
    if (host_seen_is_news(&seen, &end->seen) && host_seen_save(end->line->host, pin, &seen) != PROTO_OK)
        host_say(HOST_WARN, "the log's newest checkpoint could not be remembered; a rolled-back log would go unnoticed "
                            "next time");
}

static void finished(void *context)
{
    struct viewer_end *end = context;

    agent_desk_take(end->desk, host_now());
    end->finished = true;
    remember_log(end);
    g_rec_mutex_lock(&end->lock);
    if (end->view.phase != AGENT_VIEW_ENDED) {
        end->view.phase = AGENT_VIEW_ENDED;
        end->view.end = PROTO_END_FAILED;
        end->view.ended_ms = host_now().mono_ms;
        end->view.version++;
    }
    g_rec_mutex_unlock(&end->lock);
    viewer_end_tell(end);
    host_loop_wake(end->line->loop); /* where it is safe to free the uplink */
}

static void on_figures(void *context)
{
    struct viewer_end *end = context;
    struct proto_now now = host_now();

    g_rec_mutex_lock(&end->lock);
    agent_desk_picture_second(agent_desk_picture(end->desk), now.mono_ms, &end->view.stats);
    if (end->view.consents[PROTO_CAPABILITY_CAMERA].state == PROTO_CONSENT_GRANTED)
        agent_quality_add(&end->view.past, &end->view.stats);
    end->view.version++;
    g_rec_mutex_unlock(&end->lock);
    if (end->voice)
        agent_voice_line(end->voice, proto_session_waits_ms(agent_desk_session(end->desk)));
    viewer_end_tell(end);
    host_timer_set(end->figures, now.mono_ms + FIGURES_MS);
}

/* ---- start and stop ---- */

/* Beside the wrap-ups: sealed, so that neither this machine nor its agent can open it. */
static enum proto_err make_tape(struct viewer_end *end)
{
    g_autoptr(GDateTime) when = g_date_time_new_now_local();
    g_autofree char *folder = g_build_filename(g_get_user_data_dir(), "handhold", "recordings", NULL);
    g_autofree char *stamp = g_date_time_format(when, "%Y-%m-%d-%H%M%S");
    g_autofree char *path = g_strdup_printf("%s/%s-%08x.hhr", folder, stamp, g_random_int());
    const struct agent_desk_tape_config config = {.session = agent_desk_session(end->desk),
                                                  .random = host_random(),
                                                  .path = path,
                                                  .told = on_tape,
                                                  .context = end};

    (void)g_mkdir_with_parents(folder, 0700); /* a folder that is not there shows when the file is made */
    return agent_desk_tape_new(&end->tape, &config);
}

static enum proto_err connect_it(struct viewer_end *end, char error[static 512])
{
    const struct viewer_line_config *config = &end->line->config;
    const struct agent_desk_listener listener = {.event = on_event,
                                                 .picture = on_picture,
                                                 .state = on_state,
                                                 .context = end,
                                                 .mono_ms = mono_ms,
                                                 .frame = on_frame,
                                                 .voice = on_voice,
                                                 .even = true};
    const struct proto_agent_config agent = {.random = host_random(),
                                             .credential = end->credential,
                                             .by_code = true,
                                             .customer_ref = end->customer_ref,
                                             .reference = end->reference,
                                             .seen = end->seen.tree,
                                             .seen_note = end->seen.note};
    struct host_uplink_config uplink = {.loop = end->line->loop,
                                        .url = config->url,
                                        .ca_file = config->ca_file,
                                        .cert_file = config->identity->cert_file,
                                        .credential = end->credential,
                                        .changed = changed,
                                        .failed = failed,
                                        .finished = finished,
                                        .leaving = leaving,
                                        .context = end};
    enum proto_err err = agent_desk_new(&end->desk, &agent, &listener, host_now());

    if (err == PROTO_OK)
        err = viewer_end_make_home(end);
    if (err == PROTO_OK)
        err = viewer_end_make_voice(end);
    if (err == PROTO_OK)
        err = make_tape(end);
    if (err == PROTO_OK)
        err = host_timer_new(&end->figures, end->line->loop, on_figures, end);
    if (err == PROTO_OK)
        err = host_timer_new(&end->due, end->line->loop, changed, end);
    if (err != PROTO_OK)
        return err;
    uplink.session = agent_desk_session(end->desk);
    return host_uplink_new(&end->uplink, &uplink, error);
}

void viewer_end_start(struct viewer_end *end)
{
    char error[512] = "";
    enum proto_err err;

    host_seen_load(end->line->host, end->credential->identity.root_fingerprint, &end->seen);
    err = connect_it(end, error);
    if (err == PROTO_OK) {
        host_timer_set(end->figures, host_now().mono_ms + FIGURES_MS);
        return;
    }
    g_rec_mutex_lock(&end->lock);
    if (*error)
        agent_view_tell(&end->view, AGENT_VIEW_ALARM, error);
    else
        agent_view_refused(&end->view, "the session", err);
    end->view.phase = AGENT_VIEW_ENDED;
    end->view.end = PROTO_END_FAILED;
    g_rec_mutex_unlock(&end->lock);
    end->finished = true;
    viewer_end_tell(end);
}

void viewer_end_stop(struct viewer_end *end)
{
    host_uplink_free(end->uplink);
    end->uplink = NULL;
    host_timer_free(end->figures);
    host_timer_free(end->due);
    end->figures = end->due = NULL;
    viewer_end_free_voice(end);
    viewer_end_free_home(end);
    agent_desk_tape_free(end->tape);
    end->tape = NULL;
    agent_desk_free(end->desk);
    end->desk = NULL;
    end->finished = true;
}

void viewer_end_leave(struct viewer_end *end, enum proto_end reason)
{
    if (end->uplink && !end->finished)
        host_uplink_end(end->uplink, reason);
}
