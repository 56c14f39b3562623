/* SPDX-License-Identifier: Apache-2.0 */
/* Can the relay be reached, and does it take this agent? Asked before somebody is invited in vain: at the start, when
 * the network changes, now and then while it is so, and soon again while it is not. */
#include "agent/viewer/end.h"
#include "proto/host/staff_line.h"
#include "proto/host/world.h"

enum {
    AGAIN_MS = 5000, /* doubled each time, … */
    AGAIN_MOST_MS = 60000,
    STALE_MS = 10 * 60000, /* what was so this long ago may have changed */
};

static gboolean dispatch(void *data)
{
    struct viewer_line *line = data;

    if (line->reach_told)
        line->reach_told(line->reach_context);
    return G_SOURCE_REMOVE;
}

/* The line's thread. `why` NULL: it is there. */
static void found(struct viewer_line *line, const char *why)
{
    struct viewer_line_reach *reach = &line->reach;
    enum viewer_reach state = why ? VIEWER_REACH_NOT : VIEWER_REACH_READY;

    host_staff_line_free(reach->asked);
    reach->asked = NULL;
    reach->again_ms = why ? MIN(MAX(reach->again_ms * 2, AGAIN_MS), AGAIN_MOST_MS) : 0;
    host_timer_set(reach->timer, host_now().mono_ms + (why ? reach->again_ms : STALE_MS));
    g_mutex_lock(&line->lock);
    reach->state = state;
    g_strlcpy(reach->why, why ? why : "", sizeof reach->why);
    g_mutex_unlock(&line->lock);
    g_idle_add(dispatch, line);
}

static void on_welcome(void *context, const handhold_Welcome *welcome)
{
    (void)welcome;
    found(context, NULL);
}

static void on_said(void *context, const handhold_FromRelay *said)
{
    if (said->which_body == handhold_FromRelay_error_tag)
        found(context, said->body.error.message);
}

static void on_closed(void *context, enum proto_err err, const char *text)
{
    (void)err;
    found(context, text);
}

static void ask(void *context)
{
    struct viewer_line *line = context;
    const struct host_staff_line_config config = {.loop = line->loop,
                                                  .url = line->config.url,
                                                  .ca_file = line->config.ca_file,
                                                  .cert_file = line->config.identity->cert_file,
                                                  .credential = g_atomic_pointer_get(&line->credential),
                                                  .on_welcome = on_welcome,
                                                  .on_said = on_said,
                                                  .on_closed = on_closed,
                                                  .context = line};
    char error[HOST_CONNECTION_ERROR_BYTES];

    if (!line->reach.asked && host_staff_line_new(&line->reach.asked, &config, error) != PROTO_OK)
        found(line, error);
}

void viewer_line_reach_again(struct viewer_line *line)
{
    if (!line->reach.timer)
        return;
    line->reach.again_ms = 0;
    host_timer_set(line->reach.timer, host_now().mono_ms);
}

void viewer_line_watch_reach(struct viewer_line *line)
{
    if (host_timer_new(&line->reach.timer, line->loop, ask, line) == PROTO_OK)
        host_timer_set(line->reach.timer, host_now().mono_ms);
}

void viewer_line_forget_reach(struct viewer_line *line)
{
    host_staff_line_free(line->reach.asked);
    host_timer_free(line->reach.timer);
}

/* ---- GTK's thread ---- */

void viewer_line_listen_reach(struct viewer_line *line, void (*told)(void *context), void *context)
{
    line->reach_told = told;
    line->reach_context = context;
}

enum viewer_reach viewer_line_get_reach(struct viewer_line *line, char why[static VIEWER_REACH_WHY_BYTES])
{
    enum viewer_reach state;

    g_mutex_lock(&line->lock);
    state = line->reach.state;
    g_strlcpy(why, line->reach.why, VIEWER_REACH_WHY_BYTES);
    g_mutex_unlock(&line->lock);
    return state;
}
