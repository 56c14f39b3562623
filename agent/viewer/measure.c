/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/measure.h"

#include <jansson.h>
#include <malloc.h>

#include "proto/host/say.h"

#define EACH_MS 1000
#define BUCKET_US 100
#define BUCKETS 1000u /* to 100 ms; what took longer is in the last */

static struct {
    GMutex lock;
    /* GTK's thread */
    char *path;
    guint timer;
    gint64 first_us; /* monotonic, of the first painted frame; 0: none yet */
    unsigned depth;
    gint64 longest_us;
    const char *longest;
    guint64 spans, blocked, painted;
    /* Under `lock` */
    guint64 decoded, late, sent, took[BUCKETS];
    gint64 slowest_us;
} m;

viewer_measure_span viewer_measure_begin(const char *name)
{
    return (viewer_measure_span){m.depth++ ? NULL : name, g_get_monotonic_time()};
}

void viewer_measure_end(viewer_measure_span *span)
{
    gint64 took_us = g_get_monotonic_time() - span->began_us;

    m.depth--;
    if (!span->name)
        return;
    m.spans++;
    m.blocked += took_us > VIEWER_MEASURE_BLOCK_US;
    if (took_us > m.longest_us) {
        m.longest_us = took_us;
        m.longest = span->name;
    }
}

static void add(guint64 *count)
{
    g_mutex_lock(&m.lock);
    (*count)++;
    g_mutex_unlock(&m.lock);
}

void viewer_measure_decoded(void)
{
    add(&m.decoded);
}

void viewer_measure_late(void)
{
    add(&m.late);
}

void viewer_measure_painted(void)
{
    m.painted++;
}

void viewer_measure_sent(gint64 began_us)
{
    gint64 took_us = g_get_monotonic_time() - began_us;

    g_mutex_lock(&m.lock);
    m.sent++;
    m.took[MIN((guint64)MAX(took_us, 0) / BUCKET_US, BUCKETS - 1)]++;
    m.slowest_us = MAX(m.slowest_us, took_us);
    g_mutex_unlock(&m.lock);
}

/* ---- the file ---- */

/* Under the lock: the time that `share` of all stayed below. */
static double below_ms(double share)
{
    guint64 seen = 0;

    for (guint i = 0; i < BUCKETS && m.sent > 0; i++) {
        seen += m.took[i];
        if ((double)seen >= share * (double)m.sent)
            return (i + 1) * BUCKET_US / 1000.0;
    }
    return 0;
}

static json_t *numbers(void)
{
    struct mallinfo2 heap = mallinfo2();
    json_t *out;

    g_mutex_lock(&m.lock);
    out = json_pack("{s:I,s:I,s:I,s:I,s:I,s:s,s:f,s:I,s:I,s:I,s:f,s:f,s:f}", "in_use_bytes",
                    (json_int_t)(heap.uordblks + heap.hblkhd), "first_painted_us", (json_int_t)m.first_us, "decoded",
                    (json_int_t)m.decoded, "late", (json_int_t)m.late, "painted", (json_int_t)m.painted, "longest",
                    m.longest ? m.longest : "", "longest_ms", (double)m.longest_us / 1000, "blocked",
                    (json_int_t)m.blocked, "spans", (json_int_t)m.spans, "sent", (json_int_t)m.sent, "sent_p50_ms",
                    below_ms(0.5), "sent_p99_ms", below_ms(0.99), "sent_max_ms", (double)m.slowest_us / 1000);
    g_mutex_unlock(&m.lock);
    return out;
}

static gboolean write_it(void *data)
{
    g_autoptr(GError) error = NULL;
    json_t *out = numbers();
    char *text = json_dumps(out, JSON_COMPACT);

    (void)data;
    if (text && !g_file_set_contents(m.path, text, -1, &error))
        host_say(HOST_WARN, "%s", error->message);
    free(text);
    json_decref(out);
    return G_SOURCE_CONTINUE;
}

static void after_paint(GdkFrameClock *clock, void *data)
{
    (void)data;
    if (m.first_us == 0)
        m.first_us = g_get_monotonic_time();
    g_signal_handlers_disconnect_by_func(clock, (void *)after_paint, data);
}

void viewer_measure_start(const char *path, GtkWidget *window)
{
    GdkFrameClock *clock = gtk_widget_get_frame_clock(window);

    if (clock)
        g_signal_connect(clock, "after-paint", G_CALLBACK(after_paint), NULL);
    if (m.path)
        return;
    m.path = g_strdup(path);
    m.timer = g_timeout_add(EACH_MS, write_it, NULL);
}

void viewer_measure_stop(void)
{
    if (!m.path)
        return;
    (void)write_it(NULL);
    g_source_remove(m.timer);
    g_clear_pointer(&m.path, g_free);
}
