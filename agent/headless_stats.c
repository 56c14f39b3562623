/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --stats: a line for each frame of the picture, those that never came too, for plots. In the order of their numbers:
 * a frame that came and cannot be decoded is told of at once, while one before it is still held back to be shown
 * evenly, so it waits here for its turn.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/headless_inside.h"
#include "proto/host/say.h"

enum { MISSING_MAX = 1000, /* a hole that is larger is a stranger's joke */ VAIN_MAX = 64 };

struct headless_stats {
    FILE *file; /* owned; NULL: it could not be written */
    bool known;
    uint8_t stream; /* of the frame that was written last, */
    uint32_t obj;   /* and its number */
    bool cut;       /* the pair was gone since */
    struct agent_desk_frame vain[VAIN_MAX];
    struct proto_media_header header[VAIN_MAX]; /* of each */
    size_t vain_count;
};

int headless_stats_open(struct headless *h)
{
    struct headless_stats *s = NULL;

    if (!h->config->stats)
        return HOST_EXIT_FINE;
    s = h->stats = calloc(1, sizeof *s);
    if (s && (s->file = fopen(h->config->stats, "we")))
        return HOST_EXIT_FINE;
    host_say_err(h->config->stats, s ? PROTO_ERR_IO : PROTO_ERR_NOMEM);
    return HOST_EXIT_USAGE;
}

/* Said when it happens, not at the end: a session may be long, and its figures are gone. */
static void check(struct headless *h)
{
    if (!h->stats->file || !ferror(h->stats->file))
        return;
    host_say_err(h->config->stats, PROTO_ERR_IO);
    fclose(h->stats->file);
    h->stats->file = NULL;
}

static void write_frame(FILE *file, const struct agent_desk_frame *f)
{
    const struct proto_media_header *m = f->header;

    fprintf(file, "{\"obj\":%" PRIu32 ",\"layer\":%d,\"key\":%s,\"bytes\":%zu,\"width\":%d,\"height\":%d,", m->obj,
            m->tid, m->flags & PROTO_MEDIA_KEY ? "true" : "false", f->bytes, f->width, f->height);
    if (f->captured_ms != AGENT_DESK_PICTURE_UNTIMED)
        fprintf(file, "\"captured_ms\":%" PRId64 ",", f->captured_ms);
    if (f->decoded_ms)
        fprintf(file, "\"decoded_ms\":%" PRId64 ",", f->decoded_ms);
    fprintf(file, "\"arrived_ms\":%" PRId64 ",\"outcome\":\"%s\"}\n", f->arrived_ms, f->outcome);
}

static void write_nth(struct headless_stats *s, size_t i)
{
    s->vain[i].header = &s->header[i];
    write_frame(s->file, &s->vain[i]);
}

/* The first of those that wait, if it is this one; those before it were of another stream. */
static bool write_vain(struct headless_stats *s, uint8_t stream, uint32_t obj)
{
    size_t i = 0;

    while (i < s->vain_count && (s->header[i].stream != stream || s->header[i].obj < obj))
        write_nth(s, i++);
    bool found = i < s->vain_count && s->header[i].obj == obj;
    if (found)
        write_nth(s, i++);
    s->vain_count -= i;
    memmove(s->vain, s->vain + i, s->vain_count * sizeof *s->vain);
    memmove(s->header, s->header + i, s->vain_count * sizeof *s->header);
    return found;
}

/* Numbers rise by one with each frame that was sealed. One that never came was left out by the relay, for the line
 * between it and us; or it went with a connection. */
static void tell_missing(struct headless_stats *s, const struct proto_media_header *m)
{
    bool goes_on = s->known && m->stream == s->stream && m->obj - s->obj <= MISSING_MAX;

    if (s->known && m->stream != s->stream)
        (void)write_vain(s, m->stream, 0); /* what is left of the consent before */
    for (uint32_t obj = s->obj + 1; goes_on && obj != m->obj; obj++)
        if (!write_vain(s, m->stream, obj))
            fprintf(s->file, "{\"obj\":%" PRIu32 ",\"outcome\":\"%s\"}\n", obj,
                    s->cut ? "lost-with-connection" : "left-out-by-relay");
    s->known = true;
    s->cut = false;
    s->stream = m->stream;
    s->obj = m->obj;
}

void headless_stats_frame(struct headless *h, const struct agent_desk_frame *f)
{
    struct headless_stats *s = h->stats;

    if (!s || !s->file)
        return;
    if (f->payload) {
        tell_missing(s, f->header);
        write_frame(s->file, f);
    } else if (s->vain_count < VAIN_MAX) {
        s->header[s->vain_count] = *f->header;
        s->vain[s->vain_count++] = *f;
    }
    check(h);
}

void headless_stats_cut(struct headless *h)
{
    if (h->stats)
        h->stats->cut = true;
}

bool headless_stats_close(struct headless *h)
{
    struct headless_stats *s = h->stats;

    if (!s)
        return true;
    while (s->file && s->vain_count) { /* behind the last that could be decoded */
        struct proto_media_header m = s->header[0];

        tell_missing(s, &m);
        (void)write_vain(s, m.stream, m.obj);
    }
    bool whole = s->file && fclose(s->file) == 0;
    if (s->file && !whole)
        host_say_err(h->config->stats, PROTO_ERR_IO);
    free(s);
    h->stats = NULL;
    return whole;
}
