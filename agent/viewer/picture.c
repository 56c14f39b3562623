/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "agent/viewer/measure.h"
#include "agent/viewer/paint.h"
#include "agent/viewer/picture_inside.h"
#include "agent/viewer/words.h"

G_DEFINE_TYPE(ViewerPicture, viewer_picture, GTK_TYPE_WIDGET)

/* ---- drawing ---- */

static void append_picture(ViewerPicture *self, GtkSnapshot *snapshot, struct agent_glass_rect r)
{
    /* Rec. 709 luma, and half of the light: nobody takes it for live */
    static const float grey[3] = {0.2126f, 0.7152f, 0.0722f};
    graphene_rect_t bounds = GRAPHENE_RECT_INIT((float)r.x, (float)r.y, (float)r.width, (float)r.height);

    if (self->old) {
        graphene_matrix_t matrix;
        graphene_vec4_t offset;
        float m[16] = {0};

        for (int row = 0; row < 3; row++)
            for (int column = 0; column < 3; column++)
                m[4 * row + column] = grey[row] * 0.55f;
        m[15] = 1;
        graphene_matrix_init_from_float(&matrix, m);
        graphene_vec4_init(&offset, 0, 0, 0, 0);
        gtk_snapshot_push_color_matrix(snapshot, &matrix, &offset);
    }
    gtk_snapshot_append_texture(snapshot, self->texture, &bounds);
    if (self->old)
        gtk_snapshot_pop(snapshot);
}

static bool anything_drawn(ViewerPicture *self)
{
    return self->marks.count > 0 || self->draft.pairs > 0 || !isnan(self->pointer_u) || !isnan(self->their_u);
}

static void append_marks(ViewerPicture *self, GtkSnapshot *snapshot, struct agent_glass_rect r)
{
    graphene_rect_t bounds = GRAPHENE_RECT_INIT(0, 0, (float)gtk_widget_get_width(GTK_WIDGET(self)),
                                                (float)gtk_widget_get_height(GTK_WIDGET(self)));
    cairo_t *cr = gtk_snapshot_append_cairo(snapshot, &bounds);

    cairo_rectangle(cr, r.x, r.y, r.width, r.height);
    cairo_clip(cr);
    for (size_t i = 0; i < self->marks.count; i++)
        if (self->marks.items[i].shown)
            viewer_paint_mark(cr, self->layout, &self->glass, &self->marks.items[i], false);
    if (self->draft.pairs > 0)
        viewer_paint_mark(cr, self->layout, &self->glass, &self->draft, true);
    if (!isnan(self->their_u))
        viewer_paint_pointer(cr, &self->glass, self->their_u, self->their_v, AGENT_MARK_COLOURS - 1, true);
    if (!isnan(self->pointer_u))
        viewer_paint_pointer(cr, &self->glass, self->pointer_u, self->pointer_v, self->colour, false);
    cairo_destroy(cr);
}

static void viewer_picture_snapshot(GtkWidget *widget, GtkSnapshot *snapshot)
{
    ViewerPicture *self = VIEWER_PICTURE(widget);
    struct agent_glass_rect r = agent_glass_rect(&self->glass);
    VIEWER_MEASURE_OURS(paint);

    if (!self->texture)
        return;
    if (!self->painted)
        viewer_measure_painted();
    self->painted = TRUE;
    append_picture(self, snapshot, r);
    if (anything_drawn(self))
        append_marks(self, snapshot, r);
}

static void viewer_picture_size_allocate(GtkWidget *widget, int width, int height, int baseline)
{
    (void)baseline;
    agent_glass_resize(&VIEWER_PICTURE(widget)->glass, width, height);
}

static void viewer_picture_measure(GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                                   int *natural, int *minimum_baseline, int *natural_baseline)
{
    (void)widget, (void)for_size;
    *minimum = orientation == GTK_ORIENTATION_HORIZONTAL ? 240 : 160;
    *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? 1280 : 720;
    *minimum_baseline = *natural_baseline = -1;
}

/* ---- the widget ---- */

static void viewer_picture_dispose(GObject *object)
{
    ViewerPicture *self = VIEWER_PICTURE(object);

    g_clear_object(&self->texture);
    g_clear_object(&self->layout);
    G_OBJECT_CLASS(viewer_picture_parent_class)->dispose(object);
}

static void viewer_picture_finalize(GObject *object)
{
    ViewerPicture *self = VIEWER_PICTURE(object);

    agent_marks_clear(&self->marks);
    g_free(self->stroke);
    G_OBJECT_CLASS(viewer_picture_parent_class)->finalize(object);
}

static void viewer_picture_class_init(ViewerPictureClass *klass)
{
    GtkWidgetClass *widget = GTK_WIDGET_CLASS(klass);

    G_OBJECT_CLASS(klass)->dispose = viewer_picture_dispose;
    G_OBJECT_CLASS(klass)->finalize = viewer_picture_finalize;
    widget->snapshot = viewer_picture_snapshot;
    widget->size_allocate = viewer_picture_size_allocate;
    widget->measure = viewer_picture_measure;
    gtk_widget_class_set_accessible_role(widget, GTK_ACCESSIBLE_ROLE_IMG);
    gtk_widget_class_set_css_name(widget, "camera");
}

static void viewer_picture_init(ViewerPicture *self)
{
    agent_glass_init(&self->glass);
    agent_marks_init(&self->marks);
    self->pointer_u = self->pointer_v = self->their_u = self->their_v = NAN;
    self->layout = gtk_widget_create_pango_layout(GTK_WIDGET(self), NULL);
    gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
    gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
    gtk_widget_set_cursor_from_name(GTK_WIDGET(self), "crosshair");
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Picture of the customer's camera"), -1);
    viewer_picture_add_hands(self);
}

GtkWidget *viewer_picture_new(void)
{
    return g_object_new(VIEWER_TYPE_PICTURE, NULL);
}

void viewer_picture_listen(ViewerPicture *self, const struct viewer_picture_listener *listener)
{
    self->listener = *listener;
}

void viewer_picture_set_texture(ViewerPicture *self, GdkTexture *texture, uint32_t ts_ms)
{
    self->painted = texture == self->texture && self->painted;
    g_set_object(&self->texture, texture);
    self->ts_ms = ts_ms;
    if (texture)
        agent_glass_picture(&self->glass, gdk_texture_get_width(texture), gdk_texture_get_height(texture));
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

GdkTexture *viewer_picture_get_texture(ViewerPicture *self)
{
    return self->texture;
}

void viewer_picture_set_old(ViewerPicture *self, gboolean old)
{
    if (self->old == old)
        return;
    self->old = old;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

void viewer_picture_set_marks(ViewerPicture *self, const struct agent_marks *marks)
{
    if (self->marks.version == marks->version)
        return;
    agent_marks_clear(&self->marks);
    self->marks = *marks;
    self->marks.items = g_memdup2(marks->items, AGENT_MARKS_MAX * sizeof *marks->items);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

void viewer_picture_set_their_pointer(ViewerPicture *self, double u, double v)
{
    self->their_u = u;
    self->their_v = v;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

void viewer_picture_set_tool(ViewerPicture *self, enum agent_mark_tool tool, uint32_t colour)
{
    self->tool = tool;
    self->colour = colour;
    self->draft.pairs = 0;
    self->by_keys = false;
    if (tool != AGENT_MARK_POINTER)
        self->pointer_u = self->pointer_v = NAN;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

void viewer_picture_zoom(ViewerPicture *self, int step)
{
    double factor = step == 0 ? 1 / self->glass.zoom : pow(VIEWER_PICTURE_ZOOM_STEP, step);

    agent_glass_zoom(&self->glass, factor, self->glass.width / 2, self->glass.height / 2);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

double viewer_picture_get_zoom(ViewerPicture *self)
{
    return self->glass.zoom;
}
