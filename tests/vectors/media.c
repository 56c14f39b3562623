/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sender of pictures does, step by step, over a line that is only arithmetic: another implementation of
 * proto/media/send.h that is told the same answers the same. All are whole numbers below 2^53.
 */
#include "proto/media/send.h"
#include "tests/vectors/write.h"

enum { STEP_MS = 33, SECONDS = 40, QUEUE = 256 };

/* One bottleneck and a delay; every nth frame waits a trip longer, as if a packet of it had been lost. */
struct course {
    const char *name;
    int width, height;
    int64_t bps[4]; /* of each quarter of the time; 0: nothing passes */
    int64_t delay_ms;
    uint32_t every;   /* 0: none */
    int64_t need_bps; /* what the picture needs at most; 0: its rate */
};

static const struct course courses[] = {
    {"even", 1280, 720, {8000000, 8000000, 8000000, 8000000}, 20, 0, 0},
    {"lossy", 1280, 720, {2000000, 2000000, 2000000, 2000000}, 50, 17, 0},
    {"falls and returns", 1280, 720, {4000000, 500000, 4000000, 4000000}, 40, 0, 0},
    {"loses and falls", 1280, 720, {4000000, 4000000, 500000, 4000000}, 40, 17, 0},
    {"stills and back", 1280, 720, {40000, 40000, 1000000, 1000000}, 100, 0, 0},
    {"outage", 640, 480, {1000000, 0, 1000000, 1000000}, 30, 29, 0},
    {"needs little", 1920, 1080, {8000000, 8000000, 8000000, 8000000}, 20, 0, 200000},
};

struct flight {
    uint32_t obj, bytes;
    int64_t arrival_ms, acked_ms;
};

static void put_row(json_t *rows, const char *what, const int64_t *numbers, size_t count)
{
    json_t *row = json_array();

    json_array_append_new(row, json_string(what));
    for (size_t i = 0; i < count; i++)
        json_array_append_new(row, json_integer(numbers[i]));
    json_array_append_new(rows, row);
}
#define ROW(rows, what, ...)                                                                                           \
    put_row(rows, what, (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

struct run {
    struct proto_media_send send;
    struct flight flight[QUEUE];
    unsigned first, count;
    int64_t free_ms, last_ms;
    uint32_t obj;
    json_t *rows;
};

static void deliver(struct run *r, int64_t now)
{
    while (r->count && r->flight[r->first].acked_ms <= now) {
        const struct flight *f = &r->flight[r->first];
        proto_media_send_acked(&r->send, f->obj, (uint32_t)f->arrival_ms, now);
        ROW(r->rows, "acked", f->obj, f->arrival_ms, now);
        r->first = (r->first + 1) % QUEUE;
        r->count--;
    }
}

static void send(struct run *r, const struct course *c, const struct proto_media_take *take, int64_t bps, int64_t now)
{
    int64_t rate = c->need_bps && c->need_bps < r->send.plan.bps ? c->need_bps : r->send.plan.bps;
    int64_t bytes = r->send.plan.stills ? 9000 : take->key ? rate / 48 + 3000 : rate / 240 * (take->tid ? 8 : 16) / 10;

    proto_media_send_sent(&r->send, ++r->obj, (uint32_t)bytes, take->key, now);
    ROW(r->rows, "sent", r->obj, bytes, take->key, now);
    if (r->count == QUEUE)
        return;
    r->free_ms = r->free_ms > now ? r->free_ms : now;
    if (bps)
        r->free_ms += bytes * 8000 / bps;
    else if (r->free_ms < (now / (SECONDS * 250) + 1) * SECONDS * 250)
        r->free_ms = (now / (SECONDS * 250) + 1) * SECONDS * 250; /* the next quarter */
    int64_t arrival = r->free_ms + c->delay_ms + (c->every && r->obj % c->every == 0 ? 2 * c->delay_ms + 20 : 0);
    r->last_ms = arrival = arrival > r->last_ms ? arrival : r->last_ms; /* in order: what is behind it waits too */
    r->flight[(r->first + r->count++) % QUEUE] =
        (struct flight){r->obj, (uint32_t)bytes, arrival, arrival + c->delay_ms};
}

static json_t *run_course(const struct course *c)
{
    struct run r = {.rows = json_array()};

    proto_media_send_init(&r.send, c->width, c->height, 0, 0, 0);
    for (int64_t now = STEP_MS; now < SECONDS * 1000; now += STEP_MS) {
        deliver(&r, now);
        if (now / STEP_MS % 400 == 150) {
            proto_media_send_want_key(&r.send);
            ROW(r.rows, "want-key", now);
        }
        if (now / STEP_MS % 500 == 450) {
            proto_media_send_queued(&r.send, 120, (uint32_t)(now % 2), now);
            ROW(r.rows, "queued", 120, now % 2, now);
        }
        if (now / STEP_MS % 500 == 455) {
            proto_media_send_queued(&r.send, 0, 0, now);
            ROW(r.rows, "queued", 0, 0, now);
        }
        if (now / STEP_MS == 1100) {
            proto_media_send_restart(&r.send, now);
            ROW(r.rows, "restart", now);
            r.count = 0;
        }
        struct proto_media_take take = proto_media_send_take(&r.send, now);
        const struct proto_media_plan *plan = &r.send.plan;
        ROW(r.rows, "take", now, take.take, take.tid, take.key, plan->bps, plan->width, plan->height, plan->stills);
        if (take.take)
            send(&r, c, &take, c->bps[now * 4 / (SECONDS * 1000)], now);
    }
    return r.rows;
}

json_t *vectors_media(void)
{
    json_t *root = json_object(), *list = json_array();

    for (size_t i = 0; i < sizeof courses / sizeof *courses; i++) {
        const struct course *c = &courses[i];
        json_array_append_new(list, json_pack("{s:s,s:i,s:i,s:o}", "name", c->name, "width", c->width, "height",
                                              c->height, "rows", run_course(c)));
    }
    json_object_set_new(root, "courses", list);
    json_object_set_new(
        root, "about",
        json_string("init(width, height, 0, 0, now 0), then rows: take [now, take, tid, key, bps, width, "
                    "height, stills], sent [obj, bytes, key, now], acked [obj, arrival, now], queued "
                    "[ms, dropped, now], want-key [now], restart [now]"));
    return root;
}
