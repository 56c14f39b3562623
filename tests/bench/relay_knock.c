/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that come and say nothing. */
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tests/bench/relay_load_inside.h"

enum { EVENTS = 256 };

struct knocking {
    struct line *lines; /* owned */
    unsigned count, begun, under_way;
    bool pile;
    struct line_peer peer;
    int epoll;
    uint64_t done;
};

static void knocked(struct line *line)
{
    struct knocking *knocking = line->context;

    knocking->done++;
    knocking->under_way--;
    if (!knocking->pile)
        line_close(line, true);
}

static void nothing_heard(struct line *line, const uint8_t *message, size_t len)
{
    (void)line, (void)message, (void)len;
}

static void closed(struct line *line, bool was_open)
{
    struct knocking *knocking = line->context;

    if (!was_open)
        knocking->under_way--;
}

/* The next one: a place that is free again, or with a pile one that never was taken. */
static void begin_more(struct knocking *knocking, unsigned at_once)
{
    for (unsigned i = 0; i < knocking->count && knocking->under_way < at_once; i++) {
        unsigned place = knocking->pile ? knocking->begun : i;

        if (place >= knocking->count)
            return;
        struct line *line = &knocking->lines[place];
        if (line->state != LINE_NEW && line->state != LINE_CLOSED)
            continue;
        knocking->begun++;
        if (line_connect(line, knocking->epoll, &knocking->peer, knocking))
            knocking->under_way++;
    }
}

uint64_t load_handshakes(const struct load_config *config, unsigned at_once, unsigned pile, double seconds,
                         void (*piled)(void *context), void *context)
{
    struct knocking knocking = {
        .count = pile ? pile : at_once, .pile = pile > 0, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    uint64_t until = line_now_ns() + (uint64_t)(seconds * 1e9);
    struct epoll_event events[EVENTS];

    knocking.lines = calloc(knocking.count, sizeof *knocking.lines);
    knocking.peer = (struct line_peer){.tls = line_tls(config->ca, NULL),
                                       .port = config->public_port,
                                       .host = config->host,
                                       .path = config->staff_port ? "/s" : "/knock",
                                       .protocol = config->staff_port ? "handhold.1" : NULL,
                                       .on_open = knocked,
                                       .on_message = nothing_heard,
                                       .on_closed = closed};
    while (knocking.lines && knocking.peer.tls && line_now_ns() < until && (!pile || knocking.done < pile)) {
        begin_more(&knocking, at_once);
        int count = epoll_wait(knocking.epoll, events, EVENTS, 100);
        for (int i = 0; i < count; i++)
            line_service(events[i].data.ptr, events[i].events);
    }
    if (piled)
        piled(context);
    for (unsigned i = 0; knocking.lines && i < knocking.count; i++)
        line_close(&knocking.lines[i], true);
    SSL_CTX_free(knocking.peer.tls);
    close(knocking.epoll);
    free(knocking.lines);
    return knocking.done;
}
