/* SPDX-License-Identifier: Apache-2.0 */
/* --stats: a line for each frame of the picture, those that never came too, for plots. */
#include <inttypes.h>

#include "agent/headless_inside.h"
#include "proto/host/say.h"

enum { MISSING_MAX = 1000 }; /* a hole that is larger is a stranger's joke */

int headless_stats_open(struct headless *h)
{
    if (!h->config->stats)
        return HOST_EXIT_FINE;
    h->stats = fopen(h->config->stats, "we");
    if (h->stats)
        return HOST_EXIT_FINE;
    host_say_err(h->config->stats, PROTO_ERR_IO);
    return HOST_EXIT_USAGE;
}

/* Numbers rise by one with each frame that was sealed: those in between were left out by the relay, or came and could
 * not be decoded for want of one that was. */
static void tell_missing(struct headless *h, const struct proto_media_header *m)
{
    bool goes_on = h->stats_known && m->stream == h->stats_stream && m->obj - h->stats_obj <= MISSING_MAX;

    for (uint32_t obj = h->stats_obj + 1; goes_on && obj != m->obj; obj++)
        fprintf(h->stats, "{\"obj\":%" PRIu32 ",\"outcome\":\"missing\"}\n", obj);
    h->stats_known = true;
    h->stats_stream = m->stream;
    h->stats_obj = m->obj;
}

void headless_stats_frame(struct headless *h, const struct agent_desk_frame *f)
{
    const struct proto_media_header *m = f->header;

    if (!h->stats)
        return;
    tell_missing(h, m);
    fprintf(h->stats, "{\"obj\":%" PRIu32 ",\"layer\":%d,\"key\":%s,\"bytes\":%zu,\"width\":%d,\"height\":%d,", m->obj,
            m->tid, m->flags & PROTO_MEDIA_KEY ? "true" : "false", f->bytes, f->width, f->height);
    if (f->captured_ms != AGENT_DESK_PICTURE_UNTIMED)
        fprintf(h->stats, "\"captured_ms\":%" PRId64 ",", f->captured_ms);
    if (f->decoded_ms)
        fprintf(h->stats, "\"decoded_ms\":%" PRId64 ",", f->decoded_ms);
    fprintf(h->stats, "\"arrived_ms\":%" PRId64 ",\"outcome\":\"%s\"}\n", f->arrived_ms, f->outcome);
}

void headless_stats_close(struct headless *h)
{
    if (h->stats && fclose(h->stats) != 0)
        host_say_err(h->config->stats, PROTO_ERR_IO);
    h->stats = NULL;
}
