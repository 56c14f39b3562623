/* SPDX-License-Identifier: Apache-2.0 */
/* What mouse and keys do on the picture: point, draw, move it, look nearer. */
#include <math.h>

#include "agent/viewer/measure.h"
#include "agent/viewer/picture_inside.h"

#define KEY_STEP 0.01 /* of the picture */
#define KEY_LEAP 0.05
#define TOLERANCE 0.0015f /* of a freehand stroke: about two pixels of 720p */

static void point_at(ViewerPicture *self, double u, double v, bool at_once)
{
    GdkFrameClock *clock = gtk_widget_get_frame_clock(GTK_WIDGET(self));
    gint64 frame = clock ? gdk_frame_clock_get_frame_counter(clock) : 0;

    self->pointer_u = u;
    self->pointer_v = v;
    gtk_widget_queue_draw(GTK_WIDGET(self));
    if (!at_once && clock && frame == self->pointed_frame)
        return;
    self->pointed_frame = frame;
    if (self->texture && self->listener.point)
        self->listener.point(self->listener.context, u, v);
}

static void on_motion(GtkEventControllerMotion *controller, double x, double y, ViewerPicture *self)
{
    double u, v;
    VIEWER_MEASURE_OURS(motion);

    (void)controller;
    if (self->tool != AGENT_MARK_POINTER || !self->texture)
        return;
    if (agent_glass_to_picture(&self->glass, x, y, &u, &v))
        point_at(self, u, v, false);
}

static void on_leave(GtkEventControllerMotion *controller, ViewerPicture *self)
{
    (void)controller;
    if (self->by_keys || isnan(self->pointer_u))
        return;
    self->pointer_u = self->pointer_v = NAN;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static bool is_freehand(enum agent_mark_tool tool)
{
    return tool == AGENT_MARK_LINE || tool == AGENT_MARK_HIGHLIGHT;
}

static void begin_draft(ViewerPicture *self, double u, double v)
{
    memset(&self->draft, 0, sizeof self->draft);
    self->draft.tool = self->tool;
    self->draft.colour = self->colour;
    self->draft.ts_ms = self->ts_ms;
    self->draft.pairs = 1;
    self->draft.points[0] = (float)u;
    self->draft.points[1] = (float)v;
    self->stroke_pairs = 0;
}

static void add_to_stroke(ViewerPicture *self, float u, float v)
{
    if (self->stroke_pairs == self->stroke_room) {
        self->stroke_room = self->stroke_room ? self->stroke_room * 2 : 512;
        self->stroke = g_renew(float, self->stroke, 2 * self->stroke_room);
    }
    self->stroke[2 * self->stroke_pairs] = u;
    self->stroke[2 * self->stroke_pairs + 1] = v;
    self->stroke_pairs++;
}

/* The draft shows the whole stroke with as many points as a mark may have. */
static void thin_stroke(ViewerPicture *self)
{
    g_autofree float *points = g_memdup2(self->stroke, 2 * self->stroke_pairs * sizeof *points);

    self->draft.pairs = agent_mark_simplify(points, self->stroke_pairs, TOLERANCE, AGENT_DESK_POINTS_MAX);
    memcpy(self->draft.points, points, 2 * self->draft.pairs * sizeof *points);
}

static void extend_draft(ViewerPicture *self, double u, double v)
{
    if (is_freehand(self->draft.tool)) {
        if (self->stroke_pairs == 0)
            add_to_stroke(self, self->draft.points[0], self->draft.points[1]);
        add_to_stroke(self, (float)u, (float)v);
        thin_stroke(self);
    } else {
        self->draft.points[2] = (float)u;
        self->draft.points[3] = (float)v;
        self->draft.pairs = 2;
    }
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

/* A tap where a shape was meant is a shape of a useful size around it. */
static void widen_tap(struct agent_mark *m)
{
    float u = m->points[0], v = m->points[1];
    bool around = m->tool == AGENT_MARK_CIRCLE || m->tool == AGENT_MARK_RECTANGLE;

    if (m->tool == AGENT_MARK_ARROW) {
        m->points[2] = u;
        m->points[3] = v;
        m->points[0] = u > 0.15f ? u - 0.12f : u + 0.12f;
        m->points[1] = v < 0.8f ? v + 0.16f : v - 0.16f;
    } else if (around) {
        m->points[0] = fmaxf(u - 0.06f, 0);
        m->points[1] = fmaxf(v - 0.1f, 0);
        m->points[2] = fminf(u + 0.06f, 1);
        m->points[3] = fminf(v + 0.1f, 1);
    }
    if (around || m->tool == AGENT_MARK_ARROW)
        m->pairs = 2;
}

static void finish_draft(ViewerPicture *self)
{
    struct agent_mark mark = self->draft;

    self->draft.pairs = 0;
    self->by_keys = false;
    gtk_widget_queue_draw(GTK_WIDGET(self));
    if (mark.pairs == 0 || !self->listener.draw)
        return;
    if (mark.tool == AGENT_MARK_NUMBER || mark.tool == AGENT_MARK_TEXT)
        mark.pairs = 1;
    if (mark.pairs == 1 || hypotf(mark.points[2] - mark.points[0], mark.points[3] - mark.points[1]) < 0.01f) {
        if (!is_freehand(mark.tool))
            widen_tap(&mark);
    }
    self->listener.draw(self->listener.context, &mark);
}

static void on_drag_begin(GtkGestureDrag *gesture, double x, double y, ViewerPicture *self)
{
    double u, v;

    (void)gesture;
    gtk_widget_grab_focus(GTK_WIDGET(self));
    if (!self->texture || !agent_glass_to_picture(&self->glass, x, y, &u, &v))
        return;
    if (self->tool == AGENT_MARK_POINTER)
        point_at(self, u, v, true);
    else
        begin_draft(self, u, v);
}

static void on_drag_update(GtkGestureDrag *gesture, double dx, double dy, ViewerPicture *self)
{
    double x, y, u, v;
    VIEWER_MEASURE_OURS(drag);

    if (!gtk_gesture_drag_get_start_point(gesture, &x, &y) || !self->texture)
        return;
    (void)agent_glass_to_picture(&self->glass, x + dx, y + dy, &u, &v);
    if (self->tool == AGENT_MARK_POINTER)
        point_at(self, u, v, false);
    else if (self->draft.pairs > 0)
        extend_draft(self, u, v);
}

static void on_drag_end(GtkGestureDrag *gesture, double dx, double dy, ViewerPicture *self)
{
    VIEWER_MEASURE_OURS(drawn);

    (void)gesture, (void)dx, (void)dy;
    if (self->tool != AGENT_MARK_POINTER && self->draft.pairs > 0)
        finish_draft(self);
}

static void on_pan_begin(GtkGestureDrag *gesture, double x, double y, ViewerPicture *self)
{
    (void)gesture, (void)x, (void)y;
    self->pan_x = self->pan_y = 0;
}

static void on_pan_update(GtkGestureDrag *gesture, double dx, double dy, ViewerPicture *self)
{
    (void)gesture;
    agent_glass_pan(&self->glass, dx - self->pan_x, dy - self->pan_y);
    self->pan_x = dx;
    self->pan_y = dy;
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static gboolean on_scroll(GtkEventControllerScroll *controller, double dx, double dy, ViewerPicture *self)
{
    GdkEvent *event = gtk_event_controller_get_current_event(GTK_EVENT_CONTROLLER(controller));
    double x = self->glass.width / 2, y = self->glass.height / 2;
    graphene_point_t at;
    GtkNative *native = gtk_widget_get_native(GTK_WIDGET(self));

    (void)dx;
    if (!self->texture || !event)
        return GDK_EVENT_PROPAGATE;
    if (gdk_event_get_position(event, &x, &y)) {
        double left, top;

        gtk_native_get_surface_transform(native, &left, &top);
        if (gtk_widget_compute_point(GTK_WIDGET(native), GTK_WIDGET(self),
                                     &GRAPHENE_POINT_INIT((float)(x - left), (float)(y - top)), &at)) {
            x = (double)at.x;
            y = (double)at.y;
        }
    }
    agent_glass_zoom(&self->glass, pow(VIEWER_PICTURE_ZOOM_STEP, -dy), x, y);
    gtk_widget_queue_draw(GTK_WIDGET(self));
    return GDK_EVENT_STOP;
}

/* ---- keys ---- */

static void move_pointer(ViewerPicture *self, double dx, double dy)
{
    double u = isnan(self->pointer_u) ? 0.5 : CLAMP(self->pointer_u + dx, 0, 1);
    double v = isnan(self->pointer_v) ? 0.5 : CLAMP(self->pointer_v + dy, 0, 1);

    agent_glass_show(&self->glass, u, v);
    point_at(self, u, v, true);
    if (self->by_keys)
        extend_draft(self, u, v);
}

static void set_by_key(ViewerPicture *self)
{
    bool one = self->tool == AGENT_MARK_NUMBER || self->tool == AGENT_MARK_TEXT;

    if (isnan(self->pointer_u))
        point_at(self, 0.5, 0.5, true);
    if (self->tool == AGENT_MARK_POINTER)
        return;
    if (self->by_keys) {
        finish_draft(self);
        return;
    }
    begin_draft(self, self->pointer_u, self->pointer_v);
    self->by_keys = true;
    if (one)
        finish_draft(self);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

static gboolean on_key(GtkEventControllerKey *controller, guint key, guint code, GdkModifierType state,
                       ViewerPicture *self)
{
    double step = state & GDK_SHIFT_MASK ? KEY_LEAP : KEY_STEP;
    VIEWER_MEASURE_OURS(key);

    (void)controller, (void)code;
    if (!self->texture || state & (GDK_CONTROL_MASK | GDK_ALT_MASK))
        return GDK_EVENT_PROPAGATE;
    switch (key) {
    case GDK_KEY_Left:
        move_pointer(self, -step, 0);
        return GDK_EVENT_STOP;
    case GDK_KEY_Right:
        move_pointer(self, step, 0);
        return GDK_EVENT_STOP;
    case GDK_KEY_Up:
        move_pointer(self, 0, -step);
        return GDK_EVENT_STOP;
    case GDK_KEY_Down:
        move_pointer(self, 0, step);
        return GDK_EVENT_STOP;
    case GDK_KEY_Return:
    case GDK_KEY_KP_Enter:
    case GDK_KEY_space:
        set_by_key(self);
        return GDK_EVENT_STOP;
    case GDK_KEY_Escape:
        if (self->draft.pairs == 0)
            return GDK_EVENT_PROPAGATE;
        self->draft.pairs = 0;
        self->by_keys = false;
        gtk_widget_queue_draw(GTK_WIDGET(self));
        return GDK_EVENT_STOP;
    default:
        return GDK_EVENT_PROPAGATE;
    }
}

static void add_drag(ViewerPicture *self, guint button, GCallback begin, GCallback update, GCallback end)
{
    GtkGesture *drag = gtk_gesture_drag_new();

    gtk_gesture_single_set_button(GTK_GESTURE_SINGLE(drag), button);
    g_signal_connect(drag, "drag-begin", begin, self);
    g_signal_connect(drag, "drag-update", update, self);
    if (end)
        g_signal_connect(drag, "drag-end", end, self);
    gtk_widget_add_controller(GTK_WIDGET(self), GTK_EVENT_CONTROLLER(drag));
}

void viewer_picture_add_hands(ViewerPicture *self)
{
    GtkEventController *motion = gtk_event_controller_motion_new();
    GtkEventController *scroll = gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
    GtkEventController *key = gtk_event_controller_key_new();

    g_signal_connect(motion, "motion", G_CALLBACK(on_motion), self);
    g_signal_connect(motion, "leave", G_CALLBACK(on_leave), self);
    g_signal_connect(scroll, "scroll", G_CALLBACK(on_scroll), self);
    g_signal_connect(key, "key-pressed", G_CALLBACK(on_key), self);
    gtk_widget_add_controller(GTK_WIDGET(self), motion);
    gtk_widget_add_controller(GTK_WIDGET(self), scroll);
    gtk_widget_add_controller(GTK_WIDGET(self), key);
    add_drag(self, GDK_BUTTON_PRIMARY, G_CALLBACK(on_drag_begin), G_CALLBACK(on_drag_update), G_CALLBACK(on_drag_end));
    add_drag(self, GDK_BUTTON_MIDDLE, G_CALLBACK(on_pan_begin), G_CALLBACK(on_pan_update), NULL);
}
