/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/picture.h"

#include <math.h>

#include "agent/viewer/measure.h"
#include "agent/viewer/paint.h"
#include "agent/viewer/words.h"

#define ZOOM_STEP 1.25
#define KEY_STEP 0.01 /* of the picture */
#define KEY_LEAP 0.05
#define TOLERANCE 0.0015f /* of a freehand stroke: about two pixels of 720p */

struct _ViewerPicture {
    GtkWidget parent_instance;
    struct viewer_picture_listener listener;
    struct agent_glass glass;
    GdkTexture *texture; /* owned */
    uint32_t ts_ms;
    gboolean old, painted;
    struct agent_marks marks; /* a copy */
    enum agent_mark_tool tool;
    uint32_t colour;
    double pointer_u, pointer_v; /* NAN: the mouse is elsewhere */
    double their_u, their_v;
    struct agent_mark draft; /* pairs 0: nothing is being drawn */
    bool by_keys;            /* the draft waits for its second Enter */
    float *stroke;           /* owned: of freehand, as long as it becomes */
    size_t stroke_pairs, stroke_room;
    double pan_x, pan_y;
    gint64 pointed_frame; /* of the frame clock: one pointer a frame is enough */
    PangoLayout *layout;
};

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

/* ---- what hands do ---- */

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
    agent_glass_zoom(&self->glass, pow(ZOOM_STEP, -dy), x, y);
    gtk_widget_queue_draw(GTK_WIDGET(self));
    return GDK_EVENT_STOP;
}

/* ---- keys ---- */

static void move_pointer(ViewerPicture *self, double dx, double dy)
{
    double u = isnan(self->pointer_u) ? 0.5 : CLAMP(self->pointer_u + dx, 0, 1);
    double v = isnan(self->pointer_v) ? 0.5 : CLAMP(self->pointer_v + dy, 0, 1);

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

static void viewer_picture_init(ViewerPicture *self)
{
    GtkEventController *motion = gtk_event_controller_motion_new();
    GtkEventController *scroll = gtk_event_controller_scroll_new(GTK_EVENT_CONTROLLER_SCROLL_VERTICAL);
    GtkEventController *key = gtk_event_controller_key_new();

    agent_glass_init(&self->glass);
    agent_marks_init(&self->marks);
    self->pointer_u = self->pointer_v = self->their_u = self->their_v = NAN;
    self->layout = gtk_widget_create_pango_layout(GTK_WIDGET(self), NULL);
    gtk_widget_set_focusable(GTK_WIDGET(self), TRUE);
    gtk_widget_set_overflow(GTK_WIDGET(self), GTK_OVERFLOW_HIDDEN);
    gtk_widget_set_cursor_from_name(GTK_WIDGET(self), "crosshair");
    gtk_accessible_update_property(GTK_ACCESSIBLE(self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                   _("Picture of the customer's camera"), -1);
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
    double factor = step == 0 ? 1 / self->glass.zoom : pow(ZOOM_STEP, step);

    agent_glass_zoom(&self->glass, factor, self->glass.width / 2, self->glass.height / 2);
    gtk_widget_queue_draw(GTK_WIDGET(self));
}

double viewer_picture_get_zoom(ViewerPicture *self)
{
    return self->glass.zoom;
}
