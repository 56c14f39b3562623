/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/viewer/paint.h"

#include <math.h>
#include <pango/pangocairo.h>

#define EDGE_ALPHA 0.72
#define HIGHLIGHT_ALPHA 0.45

struct brush {
    cairo_t *cr;
    const struct agent_mark_colour *colour;
    double width; /* of the coloured core */
};

static struct brush brush_of(cairo_t *cr, const struct agent_glass *glass, uint32_t colour)
{
    struct agent_glass_rect r = agent_glass_rect(glass);

    return (struct brush){cr, agent_mark_colour(colour), fmax(3, fmin(r.width, r.height) / 110)};
}

static void use_colour(const struct brush *b, double alpha)
{
    cairo_set_source_rgba(b->cr, b->colour->r / 255.0, b->colour->g / 255.0, b->colour->b / 255.0, alpha);
}

/* The path that stands is drawn twice, and gone afterwards. */
static void stroke(const struct brush *b, bool draft)
{
    cairo_set_line_cap(b->cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_join(b->cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_source_rgba(b->cr, 0, 0, 0, draft ? EDGE_ALPHA / 2 : EDGE_ALPHA);
    cairo_set_line_width(b->cr, b->width * 1.8);
    cairo_stroke_preserve(b->cr);
    use_colour(b, draft ? 0.8 : 1);
    cairo_set_line_width(b->cr, b->width);
    cairo_stroke(b->cr);
}

static void point_of(const struct agent_glass *glass, const struct agent_mark *mark, size_t i, double *x, double *y)
{
    agent_glass_to_window(glass, (double)mark->points[2 * i], (double)mark->points[2 * i + 1], x, y);
}

static void path_line(cairo_t *cr, const struct agent_glass *glass, const struct agent_mark *mark)
{
    double x, y;

    for (size_t i = 0; i < mark->pairs; i++) {
        point_of(glass, mark, i, &x, &y);
        if (i == 0)
            cairo_move_to(cr, x, y);
        cairo_line_to(cr, x, y);
    }
}

static void path_arrow(const struct brush *b, double ax, double ay, double bx, double by)
{
    double angle = atan2(by - ay, bx - ax), head = fmin(b->width * 5, fmax(hypot(bx - ax, by - ay), b->width));

    cairo_move_to(b->cr, ax, ay);
    cairo_line_to(b->cr, bx, by);
    cairo_move_to(b->cr, bx - head * cos(angle + 0.5), by - head * sin(angle + 0.5));
    cairo_line_to(b->cr, bx, by);
    cairo_line_to(b->cr, bx - head * cos(angle - 0.5), by - head * sin(angle - 0.5));
}

static void path_ellipse(cairo_t *cr, double ax, double ay, double bx, double by)
{
    double rx = fmax(fabs(bx - ax) / 2, 1), ry = fmax(fabs(by - ay) / 2, 1);

    cairo_save(cr);
    cairo_translate(cr, (ax + bx) / 2, (ay + by) / 2);
    cairo_scale(cr, rx, ry);
    cairo_new_sub_path(cr);
    cairo_arc(cr, 0, 0, 1, 0, 2 * G_PI);
    cairo_restore(cr);
}

static void put_words(const struct brush *b, PangoLayout *layout, const char *text, double x, double y, bool centred)
{
    PangoFontDescription *font = pango_font_description_from_string("Sans Bold");
    int width, height;

    pango_font_description_set_absolute_size(font, b->width * 6 * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_layout_set_text(layout, text, -1);
    pango_layout_get_pixel_size(layout, &width, &height);
    pango_font_description_free(font);
    cairo_move_to(b->cr, centred ? x - width / 2.0 : x, y - height / 2.0);
    pango_cairo_layout_path(b->cr, layout);
    cairo_set_line_join(b->cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_source_rgba(b->cr, 0, 0, 0, EDGE_ALPHA);
    cairo_set_line_width(b->cr, b->width * 1.6);
    cairo_stroke_preserve(b->cr);
    use_colour(b, 1);
    cairo_fill(b->cr);
}

static void highlight(const struct brush *b)
{
    cairo_set_line_cap(b->cr, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_join(b->cr, CAIRO_LINE_JOIN_ROUND);
    use_colour(b, HIGHLIGHT_ALPHA);
    cairo_set_line_width(b->cr, b->width * 5);
    cairo_stroke(b->cr);
}

void viewer_paint_mark(cairo_t *cr, PangoLayout *layout, const struct agent_glass *glass, const struct agent_mark *mark,
                       bool draft)
{
    struct brush b = brush_of(cr, glass, mark->colour);
    double ax, ay, bx, by;

    if (mark->pairs == 0)
        return;
    point_of(glass, mark, 0, &ax, &ay);
    point_of(glass, mark, mark->pairs - 1, &bx, &by);
    cairo_new_path(cr);
    switch (mark->tool) {
    case AGENT_MARK_ARROW:
        path_arrow(&b, ax, ay, bx, by);
        stroke(&b, draft);
        break;
    case AGENT_MARK_CIRCLE:
        path_ellipse(cr, ax, ay, bx, by);
        stroke(&b, draft);
        break;
    case AGENT_MARK_RECTANGLE:
        cairo_rectangle(cr, fmin(ax, bx), fmin(ay, by), fabs(bx - ax), fabs(by - ay));
        stroke(&b, draft);
        break;
    case AGENT_MARK_NUMBER:
        path_ellipse(cr, ax - b.width * 5, ay - b.width * 5, ax + b.width * 5, ay + b.width * 5);
        stroke(&b, draft);
        break;
    case AGENT_MARK_TEXT:
        break;
    case AGENT_MARK_HIGHLIGHT:
        path_line(cr, glass, mark);
        highlight(&b);
        break;
    default:
        path_line(cr, glass, mark);
        stroke(&b, draft);
    }
    if (*mark->text)
        put_words(&b, layout, mark->text, ax, ay, mark->tool == AGENT_MARK_NUMBER);
}

void viewer_paint_pointer(cairo_t *cr, const struct agent_glass *glass, double u, double v, uint32_t colour,
                          bool theirs)
{
    struct brush b = brush_of(cr, glass, colour);
    double x, y, size = b.width * (theirs ? 3.5 : 2.5);

    agent_glass_to_window(glass, u, v, &x, &y);
    cairo_new_path(cr);
    path_ellipse(cr, x - size, y - size, x + size, y + size);
    stroke(&b, false);
    cairo_new_path(cr);
    cairo_arc(cr, x, y, b.width * 0.8, 0, 2 * G_PI);
    use_colour(&b, 1);
    cairo_fill(cr);
}
