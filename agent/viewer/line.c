/* SPDX-License-Identifier: Apache-2.0 */
/* The line's thread, and what GTK's thread leaves for it. */
#include "agent/viewer/end.h"

#include "proto/host/connection.h"
#include "proto/host/say.h"
#include "proto/host/world.h"

enum what { JOB_START, JOB_OBEY, JOB_CHECK, JOB_LEAVE, JOB_RELEASE, JOB_DEVICES, JOB_REACH, JOB_QUIT };

struct job {
    enum what what;
    struct viewer_end *end; /* a reference; NULL for REACH and QUIT */
    enum proto_end reason;
    struct agent_command *command;
    gint64 began_us; /* monotonic: when GTK's thread left it */
};

static void post(struct viewer_line *line, enum what what, struct viewer_end *end, enum proto_end reason,
                 const struct agent_command *command)
{
    struct job *job = g_new0(struct job, 1);

    job->what = what;
    job->end = end ? viewer_end_ref(end) : NULL;
    job->reason = reason;
    job->began_us = g_get_monotonic_time();
    if (command)
        job->command = g_memdup2(command, sizeof *command);
    g_async_queue_push(line->jobs, job);
    host_loop_wake(line->loop);
}

static void drop(struct job *job)
{
    if (job->end)
        viewer_end_unref(job->end);
    g_free(job->command);
    g_free(job);
}

static void add_device(void *context, const char *name)
{
    g_strv_builder_add(context, name);
}

/* Here, since the sound library wants to be asked by one thread alone. */
static void look_for_devices(struct viewer_line *line)
{
    for (int side = 0; side < AGENT_VOICE_SIDES; side++) {
        g_autoptr(GStrvBuilder) names = g_strv_builder_new();

        host_sound_each_device(side == AGENT_VOICE_MICROPHONE, add_device, names);
        g_mutex_lock(&line->lock);
        g_strfreev(line->devices[side]);
        line->devices[side] = g_strv_builder_end(names);
        line->devices_version++;
        g_mutex_unlock(&line->lock);
    }
}

static void perform(struct viewer_line *line, struct job *job)
{
    switch (job->what) {
    case JOB_START:
        g_ptr_array_add(line->ends, viewer_end_ref(job->end));
        g_atomic_int_set(&line->open, (int)line->ends->len);
        viewer_end_start(job->end);
        break;
    case JOB_OBEY:
        viewer_end_obey(job->end, job->command, job->began_us);
        break;
    case JOB_CHECK:
        viewer_end_run_check(job->end, job->command->shape, job->command->text);
        break;
    case JOB_LEAVE:
    case JOB_RELEASE:
        viewer_end_leave(job->end, job->reason);
        break;
    case JOB_DEVICES:
        look_for_devices(line);
        viewer_end_tell(job->end);
        break;
    case JOB_REACH:
        viewer_line_reach_again(line);
        break;
    case JOB_QUIT:
        host_loop_stop(line->loop);
        break;
    }
}

/* Sessions that are finished and that nobody looks at any more. */
static void sweep(struct viewer_line *line)
{
    for (guint i = line->ends->len; i-- > 0;) {
        struct viewer_end *end = g_ptr_array_index(line->ends, i);

        if (!end->finished)
            continue;
        viewer_end_stop(end);
        g_ptr_array_remove_index_fast(line->ends, i);
    }
    g_atomic_int_set(&line->open, (int)line->ends->len);
}

static void woken(void *context)
{
    struct viewer_line *line = context;
    struct job *job;

    while ((job = g_async_queue_try_pop(line->jobs)) != NULL) {
        perform(line, job);
        drop(job);
    }
    sweep(line);
}

/* What is left in the queue may open one more. */
gboolean viewer_line_is_open(struct viewer_line *line)
{
    return g_async_queue_length(line->jobs) > 0 || g_atomic_int_get(&line->open) > 0;
}

static void guide_is_wrong(void *context, const char *file, const char *why)
{
    (void)context;
    host_say(HOST_WARN, "%s: %s; this guide is left out", file, why);
}

static void *run(void *data)
{
    struct viewer_line *line = data;

    if (agent_desk_shelf_keys(&line->keys, NULL, line->config.identity->cert_file) != PROTO_OK)
        host_say(HOST_WARN, "earlier visits cannot be read or kept in this session");
    if (!agent_desk_shelf_cache(line->cache, line->host, line->credential->identity.root_fingerprint))
        line->cache[0] = '\0';
    if (line->config.guides && agent_guides_load(&line->guides, line->config.guides, guide_is_wrong, NULL) != PROTO_OK)
        host_say(HOST_WARN, "%s: no guides are read; look whether the folder is there", line->config.guides);
    host_loop_run(line->loop);
    while (line->ends->len > 0) {
        viewer_end_stop(g_ptr_array_index(line->ends, 0));
        g_ptr_array_remove_index_fast(line->ends, 0);
    }
    return NULL;
}

struct viewer_line *viewer_line_new(const struct viewer_line_config *config, GError **error)
{
    struct viewer_line *line = g_new0(struct viewer_line, 1);
    struct host_url url;

    line->config = *config;
    line->credential = &config->identity->credential;
    if (host_url_parse(&url, config->url) == PROTO_OK)
        g_snprintf(line->host, sizeof line->host, "%s:%u", url.host, url.port);
    if (host_loop_new(&line->loop) != PROTO_OK) {
        g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_FAILED, proto_err_rule(PROTO_ERR_NOMEM));
        g_free(line);
        return NULL;
    }
    g_mutex_init(&line->lock);
    line->jobs = g_async_queue_new();
    line->ends = g_ptr_array_new_with_free_func((GDestroyNotify)viewer_end_unref);
    host_loop_on_wake(line->loop, woken, line);
    viewer_line_watch_certificate(line);
    viewer_line_watch_reach(line);
    line->thread = g_thread_try_new("line", run, line, error);
    if (!line->thread) {
        viewer_line_free(line);
        return NULL;
    }
    return line;
}

void viewer_line_free(struct viewer_line *line)
{
    struct job *job;

    if (!line)
        return;
    if (line->thread) {
        post(line, JOB_QUIT, NULL, PROTO_END_NONE, NULL);
        g_thread_join(line->thread);
    }
    while ((job = g_async_queue_try_pop(line->jobs)) != NULL)
        drop(job);
    g_async_queue_unref(line->jobs);
    g_ptr_array_unref(line->ends);
    viewer_line_forget_reach(line);
    viewer_line_forget_certificates(line);
    host_loop_free(line->loop);
    agent_guides_clear(&line->guides);
    proto_kept_keys_clear(&line->keys);
    for (int side = 0; side < AGENT_VOICE_SIDES; side++)
        g_strfreev(line->devices[side]);
    g_mutex_clear(&line->lock);
    g_free(line);
}

void viewer_line_ask_reach(struct viewer_line *line)
{
    post(line, JOB_REACH, NULL, PROTO_END_NONE, NULL);
}

/* ---- a session, from GTK's thread ---- */

struct viewer_end *viewer_end_new(struct viewer_line *line, const char *customer_ref, const char *reference,
                                  void (*changed)(void *context), void *context)
{
    struct viewer_end *end = g_new0(struct viewer_end, 1);

    g_atomic_ref_count_init(&end->references);
    end->line = line;
    end->credential = g_atomic_pointer_get(&line->credential);
    end->customer_ref = g_strdup(customer_ref);
    end->reference = g_strdup(reference);
    end->changed = changed;
    end->context = context;
    g_rec_mutex_init(&end->lock);
    agent_view_init(&end->view, end->credential->identity.role);
    agent_marks_init(&end->marks);
    end->stills = g_ptr_array_new_with_free_func((GDestroyNotify)viewer_still_free);
    viewer_slot_init(&end->slot);
    post(line, JOB_START, end, PROTO_END_NONE, NULL);
    return end;
}

void viewer_end_release(struct viewer_end *end)
{
    if (!end)
        return;
    end->changed = NULL;
    post(end->line, JOB_RELEASE, end, PROTO_END_AGENT_LEFT, NULL);
    viewer_end_unref(end);
}

void viewer_end_do(struct viewer_end *end, const struct agent_command *command)
{
    post(end->line, JOB_OBEY, end, PROTO_END_NONE, command);
}

void viewer_end_finish(struct viewer_end *end, enum proto_end reason)
{
    post(end->line, JOB_LEAVE, end, reason, NULL);
}

struct agent_view *viewer_end_lock(struct viewer_end *end)
{
    g_rec_mutex_lock(&end->lock);
    return &end->view;
}

struct agent_marks *viewer_end_marks(struct viewer_end *end)
{
    return &end->marks;
}

void viewer_end_unlock(struct viewer_end *end)
{
    g_rec_mutex_unlock(&end->lock);
}

const struct agent_desk_devices *viewer_end_devices(struct viewer_end *end)
{
    return end->home ? agent_desk_home_devices(end->home) : NULL;
}

uint64_t viewer_end_devices_version(struct viewer_end *end)
{
    return end->home_version;
}

const struct agent_desk_proposal *viewer_end_proposals(struct viewer_end *end, size_t *count)
{
    *count = end->proposal_count;
    return end->proposals;
}

const struct proto_guide_run *viewer_end_guide_run(struct viewer_end *end)
{
    return end->home ? agent_desk_guides_run(agent_desk_home_guides(end->home)) : NULL;
}

const struct proto_guide *viewer_end_guide_of(struct viewer_end *end, const char *id)
{
    return end->guides ? agent_guides_find(end->guides, id) : NULL;
}

const char *viewer_end_before(struct viewer_end *end, size_t n)
{
    return end->cases ? agent_desk_cases_before(end->cases, n) : NULL;
}

void viewer_end_voice(struct viewer_end *end, struct agent_voice_now *out)
{
    g_rec_mutex_lock(&end->lock);
    *out = end->voice_now;
    g_rec_mutex_unlock(&end->lock);
}

void viewer_end_ask_devices(struct viewer_end *end)
{
    post(end->line, JOB_DEVICES, end, PROTO_END_NONE, NULL);
}

GStrv viewer_end_voice_devices(struct viewer_end *end, enum agent_voice_side side, guint *version)
{
    GStrv names;

    g_mutex_lock(&end->line->lock);
    names = g_strdupv(end->line->devices[side]);
    *version = end->line->devices_version;
    g_mutex_unlock(&end->line->lock);
    return names ? names : g_new0(char *, 1);
}

const struct viewer_still *viewer_end_still(struct viewer_end *end, guint n)
{
    return n < end->stills->len ? g_ptr_array_index(end->stills, n) : NULL;
}

void viewer_end_check(struct viewer_end *end, const char *check, const char *target)
{
    struct agent_command command = {0};

    g_strlcpy(command.shape, check, sizeof command.shape);
    g_strlcpy(command.text, target, sizeof command.text);
    post(end->line, JOB_CHECK, end, PROTO_END_NONE, &command);
}

GdkTexture *viewer_end_take_picture(struct viewer_end *end, uint32_t *ts_ms)
{
    return viewer_slot_take(&end->slot, ts_ms);
}
