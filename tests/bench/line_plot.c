/* SPDX-License-Identifier: Apache-2.0 */
/* One run as a picture: each frame's latency as a dot, the bit rate of each half second as a step, size below. */
#include <stdio.h>

#include "tests/bench/line.h"

enum { WIDTH = 1000, LEFT = 60, RIGHT = 60, TOP = 30, HIGH = 300, LATENCY_MAX = 800, HALF_MS = 500 };

struct paper {
    FILE *file;
    int64_t zero_ms, span_ms;
    double kbps_max;
};

static double x_of(const struct paper *p, int64_t ms)
{
    return LEFT + (double)(ms - p->zero_ms) * (WIDTH - LEFT - RIGHT) / (double)p->span_ms;
}

static double y_of(double value, double max)
{
    return TOP + HIGH - (value > max ? max : value) * HIGH / max;
}

static void axes(const struct paper *p, const struct line_scenario *s)
{
    fprintf(
        p->file,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
        "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
        "<text x=\"%d\" y=\"18\">%s: %s. Dots: capture to decoded, ms. Line: kbit/s.</text>\n",
        WIDTH, TOP + HIGH + 50, LEFT, s->name, s->words);
    for (int ms = 0; ms <= LATENCY_MAX; ms += 100)
        fprintf(p->file,
                "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" "
                "text-anchor=\"end\">%d</text>\n",
                LEFT, WIDTH - RIGHT, y_of(ms, LATENCY_MAX), y_of(ms, LATENCY_MAX), LEFT - 6, y_of(ms, LATENCY_MAX) + 4,
                ms);
    for (int part = 0; part <= 4; part++)
        fprintf(p->file, "<text x=\"%d\" y=\"%.1f\" fill=\"#06c\">%.0f</text>\n", WIDTH - RIGHT + 6, y_of(part, 4) + 4,
                p->kbps_max * part / 4);
    for (int64_t ms = 0; ms <= p->span_ms; ms += 5000)
        fprintf(p->file, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d s</text>\n", x_of(p, p->zero_ms + ms),
                TOP + HIGH + 18, (int)(ms / 1000));
}

static void rates(const struct paper *p, const struct line_run *run)
{
    size_t i = 0;

    fprintf(p->file, "<polyline fill=\"none\" stroke=\"#06c\" points=\"");
    for (int64_t from = p->zero_ms; from < p->zero_ms + p->span_ms; from += HALF_MS) {
        double bytes = 0;
        for (; i < run->frames && run->frame[i].decoded_ms < from + HALF_MS; i++)
            bytes += run->frame[i].bytes;
        fprintf(p->file, "%.1f,%.1f %.1f,%.1f ", x_of(p, from), y_of(bytes * 8 / HALF_MS, p->kbps_max),
                x_of(p, from + HALF_MS), y_of(bytes * 8 / HALF_MS, p->kbps_max));
    }
    fprintf(p->file, "\"/>\n");
}

static void frames(const struct paper *p, const struct line_run *run)
{
    static const char *const colours[] = {"#333", "#c60", "#9a9"}; /* by layer */
    int width = 0;

    for (size_t i = 0; i < run->frames; i++) {
        const struct line_frame *f = &run->frame[i];
        if (f->captured_ms)
            fprintf(p->file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"1.3\" fill=\"%s\"/>\n", x_of(p, f->decoded_ms),
                    y_of((double)(f->decoded_ms - f->captured_ms), LATENCY_MAX), colours[f->layer % 3]);
        if (f->width == width)
            continue;
        width = f->width;
        fprintf(p->file, "<text x=\"%.1f\" y=\"%d\" fill=\"#063\">%d</text>\n", x_of(p, f->decoded_ms), TOP + HIGH + 36,
                f->height);
    }
}

bool line_plot(const struct line_run *run, const char *path)
{
    struct paper p = {
        .file = fopen(path, "we"), .zero_ms = run->first_ms, .span_ms = run->scenario->run_s * 1000, .kbps_max = 1000};

    if (!p.file)
        return false;
    while (p.kbps_max < run->figures.kbps * 2)
        p.kbps_max *= 2;
    axes(&p, run->scenario);
    rates(&p, run);
    frames(&p, run);
    fprintf(p.file, "</svg>\n");
    return fclose(p.file) == 0;
}
