/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/quality.h"

#include "agent/viewer/words.h"

static void draw(GtkDrawingArea *area, cairo_t *cr, int width, int height, void *data)
{
    const struct agent_quality_past *past = data;
    double step = (double)width / AGENT_QUALITY_SECONDS, fps;
    enum agent_quality grade;

    (void)area;
    cairo_set_line_width(cr, 1);
    for (unsigned ago = 0; agent_quality_ago(past, ago, &grade, &fps); ago++) {
        double tall = CLAMP(fps / AGENT_QUALITY_FPS_FULL, 0, 1) * (height - 1), x = width - (ago + 1) * step;

        cairo_rectangle(cr, x + 0.5, height - tall - 0.5, MAX(step - 1, 1), tall);
        if (grade == AGENT_QUALITY_GOOD)
            cairo_set_source_rgb(cr, 1, 1, 1);
        else
            cairo_set_source_rgb(cr, 0.97, 0.78, 0.27);
        if (grade == AGENT_QUALITY_POOR)
            cairo_stroke(cr);
        else
            cairo_fill(cr);
    }
    cairo_set_source_rgba(cr, 1, 1, 1, 0.5);
    cairo_rectangle(cr, 0, height - 1, width, 1);
    cairo_fill(cr);
}

void viewer_quality_show(GtkDrawingArea *area, const struct agent_quality_past *past)
{
    struct agent_quality_past *kept = g_object_get_data(G_OBJECT(area), "past");
    g_autofree char *words = NULL;

    if (!kept) {
        kept = g_new0(struct agent_quality_past, 1);
        g_object_set_data_full(G_OBJECT(area), "past", kept, g_free);
        gtk_drawing_area_set_draw_func(area, draw, kept, NULL);
    }
    if (kept->count == past->count)
        return;
    *kept = *past;
    words = g_strdup_printf(
        _("Last minute: good for %u s, fair for %u s, poor for %u s"), agent_quality_seconds(past, AGENT_QUALITY_GOOD),
        agent_quality_seconds(past, AGENT_QUALITY_FAIR), agent_quality_seconds(past, AGENT_QUALITY_POOR));
    gtk_accessible_update_property(GTK_ACCESSIBLE(area), GTK_ACCESSIBLE_PROPERTY_LABEL, words, -1);
    gtk_widget_set_tooltip_text(GTK_WIDGET(area), words);
    gtk_widget_queue_draw(GTK_WIDGET(area));
}
