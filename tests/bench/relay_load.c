/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/relay_load_inside.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "proto/wire/header.h"

enum {
    AT_ONCE = 64,      /* sessions on their way to standing */
    EVENTS = 64,       /* then those who are to send have their turn */
    TURN_NS = 2000000, /* twice of what such a turn takes */
    OPEN_WAIT_S = 300,
    DRAIN_S = 30,
};
static const uint64_t second_ns = 1000000000u;

/* What a message carries of itself, at LOAD_STAMP_AT. */
struct stamp {
    uint64_t sent_ns;
    uint32_t session, seq, len;
    uint8_t stream, index, magic[10];
};
_Static_assert(sizeof(struct stamp) == LOAD_STAMP_BYTES, "its place in a message");
static const uint8_t magic[10] = "load-stamp";

/* ---- one message ---- */

/* A header that a relay of ours forwards: a picture's frame, voice, or what must arrive; or a sealed control message.
 */
static void write_header(const struct load *load, const struct load_end *end, uint8_t stream, uint32_t count,
                         uint8_t out[static LOAD_STAMP_AT])
{
    bool paced = load->pattern.kind == LOAD_PACED;
    struct proto_media_header header = {.src = end->index,
                                        .stream = stream ? 2 : 1,
                                        .class = stream                     ? PROTO_CLASS_AUDIO
                                                 : paced && end->index == 1 ? PROTO_CLASS_VIDEO
                                                                            : PROTO_CLASS_RELIABLE,
                                        .flags = stream || paced ? 0 : PROTO_MEDIA_RELIABLE};
    static const uint8_t layers[] = {0, 2, 1, 2};

    memset(out, 0, LOAD_STAMP_AT);
    if (stream == 2) {
        proto_envelope_write(out, PROTO_TYPE_CONTROL, end->index, (uint8_t)(3 - end->index));
        return;
    }
    if (header.class == PROTO_CLASS_VIDEO) {
        header.tid = layers[count % 4];
        header.flags = count % 60 ? 0 : PROTO_MEDIA_KEY;
    }
    proto_media_header_write(out, &header);
}

void load_send_one(struct load *load, struct load_end *end, uint8_t stream, size_t len, uint32_t count)
{
    uint8_t *body = load->masked + LINE_ROOM_BYTES, head[LOAD_LEAST_BYTES];
    struct stamp stamp = {.session = end->session->number,
                          .seq = end->sent[stream]++,
                          .len = (uint32_t)len,
                          .stream = stream,
                          .index = end->index,
                          .sent_ns = line_now_ns()};

    memcpy(stamp.magic, magic, sizeof magic);
    write_header(load, end, stream, count, head);
    memcpy(head + LOAD_STAMP_AT, &stamp, sizeof stamp);
    for (size_t i = 0; i < sizeof head; i++)
        body[i] = head[i] ^ line_mask[i % LINE_MASK_BYTES];
    line_send_masked(&end->line, body, len);
    load->all_sent++;
    if (load->measuring)
        load->figures.sent++;
}

static void on_stamped(struct load *load, struct load_end *end, const struct stamp *stamp, const uint8_t *message,
                       size_t len)
{
    uint64_t arrived = end->line.arrived_ns;

    load->all_received++;
    if (stamp->len != len || stamp->session != end->session->number || stamp->index == end->index ||
        stamp->stream >= LOAD_STREAMS ||
        memcmp(message + LOAD_LEAST_BYTES, load->body + LOAD_LEAST_BYTES, len - LOAD_LEAST_BYTES) != 0) {
        load->figures.altered++;
        return;
    }
    if (stamp->seq != end->received[stamp->stream])
        load->figures.out_of_order++;
    end->received[stamp->stream] = stamp->seq + 1;
    if (load->measuring) {
        load->figures.received++;
        load->figures.bytes += len;
        load_times_add(&load->times, arrived > stamp->sent_ns ? arrived - stamp->sent_ns : 0);
    }
    if (load->sending && load->pattern.kind == LOAD_CLOSED) {
        struct load_end *sender = &end->session->end[2 - end->index];

        load_send_one(load, sender, 0, load->pattern.size, 0);
        line_flush(&sender->line);
    }
}

static void on_message(struct line *line, const uint8_t *message, size_t len)
{
    struct load_end *end = line->context;
    struct stamp stamp;

    if (len >= LOAD_LEAST_BYTES) {
        memcpy(&stamp, message + LOAD_STAMP_AT, sizeof stamp);
        if (!memcmp(stamp.magic, magic, sizeof magic)) {
            on_stamped(end->session->load, end, &stamp, message, len);
            return;
        }
    }
    if (len >= PROTO_ENVELOPE_BYTES && end->session->load->config.staff_port)
        load_prelude_heard(end, message, len);
}

/* ---- sessions ---- */

void load_session_live(struct load_session *session)
{
    session->step = STEP_LIVE;
    session->load->live++;
    session->load->under_way--;
}

static void on_open(struct line *line)
{
    struct load_end *end = line->context;
    struct load_session *session = end->session;

    if (session->load->config.staff_port)
        load_prelude_opened(end);
    else if (session->end[0].line.state == LINE_OPEN && session->end[1].line.state == LINE_OPEN)
        load_session_live(session);
}

static void on_closed(struct line *line, bool was_open)
{
    struct load_end *end = line->context;
    struct load *load = end->session->load;

    (void)was_open;
    if (load->ending)
        return;
    if (end->session->step != STEP_LIVE)
        load_fail(load, "session %u: a connection was refused or closed at step %d", end->session->number,
                  end->session->step);
    load->figures.closed++;
}

static void begin_session(struct load *load)
{
    struct load_session *session = &load->sessions[load->begun];
    const struct line_peer *peers[] = {&load->customers, &load->staff};

    session->load = load;
    session->number = load->begun++;
    snprintf(session->path, sizeof session->path, "/relay/%d-%u", getpid(), session->number);
    session->by_path = load->customers;
    session->by_path.path = session->path;
    load->under_way++;
    for (unsigned i = 0; i < 2; i++) {
        struct load_end *end = &session->end[i];

        end->session = session;
        end->index = i ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER;
        if (!line_connect(&end->line, load->epoll, load->config.staff_port ? peers[i] : &session->by_path, end))
            load_fail(load, "no connection; raise ulimit -n");
    }
}

/* ---- the loop ---- */

/* Whether anything came. */
static bool wait_and_serve(struct load *load, uint64_t until)
{
    struct epoll_event events[EVENTS];
    uint64_t now = line_now_ns();
    struct timespec wait = {0, 0};

    if (until > now && !(load->sending && load->pattern.awake))
        wait = (struct timespec){(time_t)((until - now) / second_ns), (long)((until - now) % second_ns)};
    int count = epoll_pwait2(load->epoll, events, EVENTS, &wait, NULL);
    for (int i = 0; i < count; i++)
        line_service(events[i].data.ptr, events[i].events);
    return count > 0;
}

/*
 * Another program, or the host, had this one's core. Hundreds of people do not fall silent together and then say all of
 * it in one moment, so what was due meanwhile is due that much later: else a relay would be late for what befell us.
 */
static void note_stop(struct load *load, uint64_t turn_ns)
{
    if (turn_ns <= TURN_NS)
        return;
    load->stood_ns += turn_ns - TURN_NS;
    load->stopped_ns += turn_ns - TURN_NS;
}

static void run_until(struct load *load, uint64_t until)
{
    uint64_t began = line_now_ns(), now;

    for (; began < until; began = now) {
        bool timed = load->sending && load->pattern.kind >= LOAD_PACED;
        uint64_t off = timed ? load->stood_ns : 0;
        unsigned sent = timed ? load_due_send(load, began - off) : 0;
        bool came = wait_and_serve(load, timed ? load_due_next(load, began - off, until - off) + off : until);

        now = line_now_ns();
        if (!sent && !came)
            load->spare_ns += now - began;
        if (timed && load->pattern.awake)
            note_stop(load, now - began);
    }
}

static void open_all(struct load *load)
{
    uint64_t until = line_now_ns() + OPEN_WAIT_S * second_ns;

    while (!load->failed && load->live < load->config.sessions) {
        while (load->begun < load->config.sessions && load->under_way < AT_ONCE && !load->failed)
            begin_session(load);
        (void)wait_and_serve(load, line_now_ns() + second_ns);
        if (line_now_ns() > until)
            load_fail(load, "%u of %u sessions stand after %d s", load->live, load->config.sessions, OPEN_WAIT_S);
    }
}

static bool set_up(struct load *load, char error[static 256])
{
    const struct load_config *config = &load->config;
    struct rlimit files;
    uint32_t seed = 1;

    if (!getrlimit(RLIMIT_NOFILE, &files)) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    load->sessions = calloc(config->sessions, sizeof *load->sessions);
    load->body = malloc(LOAD_MOST_BYTES);
    load->masked = malloc(LINE_ROOM_BYTES + LOAD_MOST_BYTES);
    load->customers = (struct line_peer){.tls = line_tls(config->ca, NULL),
                                         .port = config->public_port,
                                         .host = config->host,
                                         .path = "/s",
                                         .protocol = config->staff_port ? "handhold.1" : NULL,
                                         .on_open = on_open,
                                         .on_message = on_message,
                                         .on_closed = on_closed};
    load->staff = load->customers;
    load->staff.port = config->staff_port;
    load->staff.tls = config->staff_port ? line_tls(config->ca, config->identity) : NULL;
    snprintf(error, 256, "no memory, or %s is not a certificate", config->ca);
    if (load->epoll < 0 || !load->sessions || !load->body || !load->masked || !load->customers.tls ||
        (config->staff_port && (!load->staff.tls || !load_prelude_set_up(load, error))))
        return false;
    for (size_t i = 0; i < LOAD_MOST_BYTES; i++) {
        load->body[i] = (uint8_t)((seed = seed * 1664525u + 1013904223u) >> 24);
        load->masked[LINE_ROOM_BYTES + i] = load->body[i] ^ line_mask[i % LINE_MASK_BYTES];
    }
    return true;
}

struct load *load_open(const struct load_config *config, char error[static 256])
{
    struct load *load = calloc(1, sizeof *load);

    if (!load)
        return NULL;
    load->config = *config;
    if (!set_up(load, error)) {
        load_close(load);
        return NULL;
    }
    open_all(load);
    if (load->failed) {
        snprintf(error, 256, "%s", load->why);
        load_close(load);
        return NULL;
    }
    return load;
}

void load_close(struct load *load)
{
    if (!load)
        return;
    load->ending = true;
    for (unsigned i = 0; load->sessions && i < 2 * load->begun; i++)
        line_close(&load->sessions[i / 2].end[i % 2].line, true);
    SSL_CTX_free(load->customers.tls);
    SSL_CTX_free(load->staff.tls);
    if (load->epoll >= 0)
        close(load->epoll);
    free(load->sessions);
    free(load->body);
    free(load->masked);
    free(load);
}

void load_rest(struct load *load, double seconds)
{
    load->sending = false;
    run_until(load, line_now_ns() + (uint64_t)(seconds * 1e9));
}

void load_stall(struct load *load, bool stall)
{
    for (unsigned i = 0; i < load->config.sessions; i++)
        line_stall(&load->sessions[i].end[1].line, stall);
}

/* The first messages of a closed loop; every arrival sends the next one. */
static void fill_window(struct load *load)
{
    for (unsigned n = 0; n < load->pattern.window; n++)
        for (unsigned i = 0; i < load->config.sessions; i++)
            for (unsigned side = 0; side < (load->pattern.both_ways ? 2u : 1u); side++) {
                struct load_end *end = &load->sessions[i].end[side];

                load_send_one(load, end, 0, load->pattern.size, 0);
                line_flush(&end->line);
            }
}

void load_run(struct load *load, const struct load_pattern *pattern, double warm_s, double seconds,
              void (*begin)(void *context), void (*end)(void *context), void *context, struct load_figures *out)
{
    load->pattern = *pattern;
    if (load->pattern.size < LOAD_LEAST_BYTES)
        load->pattern.size = LOAD_LEAST_BYTES;
    load->figures = (struct load_figures){0};
    memset(&load->times, 0, sizeof load->times);
    memset(&load->late, 0, sizeof load->late);
    load->sending = pattern->kind != LOAD_IDLE;
    if (pattern->kind >= LOAD_PACED)
        load_due_schedule(load);
    if (pattern->kind == LOAD_CLOSED)
        fill_window(load);
    run_until(load, line_now_ns() + (uint64_t)(warm_s * 1e9));
    uint64_t began = line_now_ns();
    if (begin)
        begin(context);
    load->measuring = true;
    load->spare_ns = load->stopped_ns = 0;
    run_until(load, began + (uint64_t)(seconds * 1e9));
    for (int i = 0; i < DRAIN_S * 20 && load->sending && !load->figures.sent; i++) /* this program stood still */
        run_until(load, line_now_ns() + second_ns / 20);
    load->measuring = false;
    if (end)
        end(context);
    load->figures.seconds = (double)(line_now_ns() - began) / 1e9;
    load->figures.stood = (double)load->stopped_ns / 1e9 / load->figures.seconds;
    load->figures.spare = (double)load->spare_ns / 1e9 / load->figures.seconds;
    load->sending = false;
    for (int i = 0; i < DRAIN_S * 20 && !pattern->in_vain && load->all_received < load->all_sent; i++)
        load_rest(load, 0.05);
    load->figures.lost = pattern->in_vain ? 0 : load->all_sent - load->all_received;
    load->all_sent = load->all_received = 0;
    load->figures.p50_us = load_times_us(&load->times, 0.5);
    load->figures.p99_us = load_times_us(&load->times, 0.99);
    load->figures.p999_us = load_times_us(&load->times, 0.999);
    load->figures.max_us = (double)load->times.max_ns / 1000;
    load->figures.late_p99_us = load_times_us(&load->late, 0.99);
    *out = load->figures;
}
