/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/line.h"

static int64_t number(const json_t *line, const char *name)
{
    return json_integer_value(json_object_get(line, name));
}

bool line_read(struct line_run *run, const char *path)
{
    FILE *file = fopen(path, "re");
    char text[512];

    if (!file || (!run->frame && !(run->frame = calloc(LINE_FRAMES_MAX, sizeof *run->frame)))) {
        if (file)
            fclose(file);
        return false;
    }
    while (fgets(text, sizeof text, file) && run->frames < LINE_FRAMES_MAX) {
        json_t *line = json_loads(text, 0, NULL);
        if (line && number(line, "decoded_ms"))
            run->frame[run->frames++] = (struct line_frame){.captured_ms = number(line, "captured_ms"),
                                                            .decoded_ms = number(line, "decoded_ms"),
                                                            .obj = (uint32_t)number(line, "obj"),
                                                            .bytes = (uint32_t)number(line, "bytes"),
                                                            .layer = (int)number(line, "layer"),
                                                            .width = (int)number(line, "width"),
                                                            .height = (int)number(line, "height")};
        json_decref(line);
    }
    fclose(file);
    if (run->frames)
        run->first_ms = run->frame[0].decoded_ms;
    return run->frames > 1;
}

void line_run_clear(struct line_run *run)
{
    free(run->frame);
    run->frame = NULL;
    run->frames = 0;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double part(double *of, size_t count, double share)
{
    if (!count)
        return -1;
    qsort(of, count, sizeof *of, by_value);
    return of[(size_t)((double)(count - 1) * share)];
}

/* What the line could have carried in between, in bits. */
static double room(const struct line_run *run, int64_t from_ms, int64_t to_ms)
{
    const struct line_scenario *s = run->scenario;
    double bits = 0;

    for (int i = 0; i < s->changes; i++) {
        int64_t begin = i ? run->change_ms[i] : from_ms, end = i + 1 < s->changes ? run->change_ms[i + 1] : to_ms;
        begin = begin < from_ms ? from_ms : begin;
        if (end > begin)
            bits += s->change[i].line.bps * (double)(end - begin) / 1000;
    }
    return bits;
}

static void count_full(struct line_run *run)
{
    run->figures.full_s = -1;
    for (size_t i = 0; i < run->frames && run->figures.full_s < 0; i++)
        if (run->frame[i].width >= 1280)
            run->figures.full_s = (double)(run->frame[i].decoded_ms - run->first_ms) / 1000;
}

/* From the last change on: the first picture of full size behind which none is smaller. */
static void count_again(struct line_run *run)
{
    const struct line_scenario *s = run->scenario;
    int64_t from = s->changes > 1 ? run->change_ms[s->changes - 1] : 0, since = -1;

    run->figures.again_s = -1;
    for (size_t i = 0; from && i < run->frames; i++)
        if (run->frame[i].decoded_ms < from)
            continue;
        else if (run->frame[i].width < 1280)
            since = -1;
        else if (since < 0)
            since = run->frame[i].decoded_ms;
    if (since >= 0)
        run->figures.again_s = (double)(since - from) / 1000;
}

/* From the instant that a cut line could carry again to the next picture; none came: to the end. */
static void count_back(struct line_run *run)
{
    const struct line_scenario *s = run->scenario;

    run->figures.back_s = -1;
    for (int c = 1; c < s->changes; c++) {
        int64_t back = run->to_ms;
        if (s->change[c].what == LINE_IS)
            continue;
        for (size_t i = 0; i < run->frames && back == run->to_ms; i++)
            if (run->frame[i].decoded_ms > run->change_ms[c] + 300)
                back = run->frame[i].decoded_ms;
        run->figures.back_s = (double)(back - run->change_ms[c]) / 1000;
    }
}

double line_kbps(const struct line_run *run, int64_t from_ms, int64_t to_ms)
{
    double bytes = 0;

    for (size_t i = 0; i < run->frames; i++)
        if (run->frame[i].decoded_ms >= from_ms && run->frame[i].decoded_ms < to_ms)
            bytes += run->frame[i].bytes;
    return to_ms > from_ms ? bytes * 8 / (double)(to_ms - from_ms) : 0;
}

static void count_bad(struct line_run *run, double *late)
{
    double bad = 0;

    for (int64_t from = run->from_ms; from < run->to_ms; from += 1000) {
        size_t n = 0;
        for (size_t i = 0; i < run->frames; i++) {
            const struct line_frame *f = &run->frame[i];
            if (f->captured_ms && f->decoded_ms >= from && f->decoded_ms < from + 1000)
                late[n++] = (double)(f->decoded_ms - f->captured_ms);
        }
        bad = !n || part(late, n, 0.95) > LINE_BAD_MS ? bad + 1 : 0;
        if (bad > run->figures.bad_s)
            run->figures.bad_s = bad;
    }
}

void line_count(struct line_run *run, const struct net_watch *watch, uint32_t first_sample, uint64_t carried_bytes)
{
    int64_t from = run->first_ms + run->scenario->from_s * 1000, to = run->first_ms + run->scenario->run_s * 1000;
    struct line_figures *f = &run->figures;
    double *late = calloc(LINE_FRAMES_MAX + NET_SAMPLES, sizeof *late);
    size_t n = 0;
    int64_t last = 0;
    int widths[2] = {0, 0};

    if (!late)
        return;
    run->from_ms = from;
    run->to_ms = to;
    for (size_t i = 0; i < run->frames; i++) {
        const struct line_frame *frame = &run->frame[i];
        if (frame->decoded_ms < from || frame->decoded_ms >= to)
            continue;
        f->frames++;
        if (last && (double)(frame->decoded_ms - last) > f->gap_ms)
            f->gap_ms = (double)(frame->decoded_ms - last);
        last = frame->decoded_ms;
        if (frame->captured_ms)
            late[n++] = (double)(frame->decoded_ms - frame->captured_ms);
        if (f->frames % 2 == 0 || !widths[0]) { /* the size at the end, near enough the usual one */
            widths[0] = frame->width;
            widths[1] = frame->height;
        }
    }
    if (last && (double)(to - last) > f->gap_ms)
        f->gap_ms = (double)(to - last); /* a stream that stops for good stands still, too */
    f->ok = n > 1;
    f->p50 = part(late, n, 0.5);
    f->p95 = part(late, n, 0.95);
    f->p99 = part(late, n, 0.99);
    f->worst = part(late, n, 1);
    f->fps = (double)f->frames * 1000 / (double)(to - from);
    f->kbps = line_kbps(run, from, to);
    f->use = room(run, from, to) > 0 ? (double)carried_bytes * 8 / room(run, from, to) : 0;
    f->width = widths[0];
    f->height = widths[1];
    n = 0;
    for (uint32_t i = first_sample; i < watch->samples && n < NET_SAMPLES; i++)
        late[n++] = watch->queue_ms[i % NET_SAMPLES];
    f->queue_p50 = part(late, n, 0.5);
    f->queue_p95 = part(late, n, 0.95);
    count_bad(run, late);
    free(late);
    count_full(run);
    count_again(run);
    count_back(run);
}
