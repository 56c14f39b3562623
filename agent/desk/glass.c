/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/glass.h"

#include <math.h>

void agent_glass_init(struct agent_glass *g)
{
    *g = (struct agent_glass){.zoom = 1, .centre_x = 0.5, .centre_y = 0.5};
}

static double between(double low, double v, double high)
{
    return v < low ? low : v > high ? high : v;
}

/* The picture's size in the window. */
static void shown(const struct agent_glass *g, double *width, double *height)
{
    double fit = g->picture_w > 0 && g->picture_h > 0 ? fmin(g->width / g->picture_w, g->height / g->picture_h) : 0;

    *width = g->picture_w * fit * g->zoom;
    *height = g->picture_h * fit * g->zoom;
}

/* The view does not leave the picture: along a side that fits, the picture stays in the middle. */
static void settle(struct agent_glass *g)
{
    double width, height, half_x, half_y;

    shown(g, &width, &height);
    half_x = width > g->width ? g->width / width / 2 : 0.5;
    half_y = height > g->height ? g->height / height / 2 : 0.5;
    g->centre_x = between(half_x, g->centre_x, 1 - half_x);
    g->centre_y = between(half_y, g->centre_y, 1 - half_y);
}

void agent_glass_resize(struct agent_glass *g, double width, double height)
{
    g->width = width;
    g->height = height;
    settle(g);
}

void agent_glass_picture(struct agent_glass *g, double width, double height)
{
    bool same_shape = g->picture_w * height == g->picture_h * width;

    g->picture_w = width;
    g->picture_h = height;
    if (!same_shape) {
        g->zoom = 1;
        g->centre_x = g->centre_y = 0.5;
    }
    settle(g);
}

struct agent_glass_rect agent_glass_rect(const struct agent_glass *g)
{
    struct agent_glass_rect r = {0};

    shown(g, &r.width, &r.height);
    r.x = g->width / 2 - g->centre_x * r.width;
    r.y = g->height / 2 - g->centre_y * r.height;
    return r;
}

void agent_glass_zoom(struct agent_glass *g, double factor, double x, double y)
{
    struct agent_glass_rect r = agent_glass_rect(g);
    double u, v;

    if (r.width <= 0)
        return;
    u = (x - r.x) / r.width;
    v = (y - r.y) / r.height;
    g->zoom = between(1, g->zoom * factor, AGENT_GLASS_ZOOM_MAX);
    shown(g, &r.width, &r.height);
    g->centre_x = u + (g->width / 2 - x) / r.width;
    g->centre_y = v + (g->height / 2 - y) / r.height;
    settle(g);
}

void agent_glass_pan(struct agent_glass *g, double dx, double dy)
{
    struct agent_glass_rect r = agent_glass_rect(g);

    if (r.width <= 0)
        return;
    g->centre_x -= dx / r.width;
    g->centre_y -= dy / r.height;
    settle(g);
}

/* How far a place at `x` of `size` is to be moved to be well within. */
static double inwards(double x, double size)
{
    return between(size * AGENT_GLASS_AROUND, x, size * (1 - AGENT_GLASS_AROUND)) - x;
}

void agent_glass_show(struct agent_glass *g, double u, double v)
{
    double x, y;

    agent_glass_to_window(g, u, v, &x, &y);
    agent_glass_pan(g, inwards(x, g->width), inwards(y, g->height));
}

bool agent_glass_to_picture(const struct agent_glass *g, double x, double y, double *u, double *v)
{
    struct agent_glass_rect r = agent_glass_rect(g);
    double a, b;

    *u = *v = 0;
    if (r.width <= 0)
        return false;
    a = (x - r.x) / r.width;
    b = (y - r.y) / r.height;
    *u = between(0, a, 1);
    *v = between(0, b, 1);
    return a >= 0 && a <= 1 && b >= 0 && b <= 1;
}

void agent_glass_to_window(const struct agent_glass *g, double u, double v, double *x, double *y)
{
    struct agent_glass_rect r = agent_glass_rect(g);

    *x = r.x + u * r.width;
    *y = r.y + v * r.height;
}
