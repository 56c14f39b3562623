/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/media_rig.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct frame {
    int64_t at_ms, arrived_ms, due_ms, shown_ms;
    uint32_t bytes;
};

/* A message of a voice: it is one, it holds two packets; and what is around them. */
enum { VOICE = 1 << 30, PAIR = 1 << 29, VOICE_AROUND = 140 };

struct rig {
    const struct rig_config *config;
    struct proto_media_send send;
    struct ml_line *there, *back;
    void *controller;
    uint64_t random;
    struct frame frame[RIG_MAX_FRAMES];
    uint32_t frames, newest; /* the newest that arrived */
    int64_t encoder_bps;     /* follows the plan as libvpx does: down at once, up by a tenth a frame */
    double carried_bits, bits;
    int64_t queues[100000], queue_count, rungs[8], unsent_max, full_ms, again_ms, full_since;
    int last_rung;
    struct proto_even even;
    struct proto_playout playout;
    struct proto_voice voice;
    uint32_t said;
    int64_t voice_gap, voice_taken, voice_missing, voice_gap_max;
};

static double noise(struct rig *r)
{
    return 0.75 + 0.5 * (double)(ml_random(&r->random) >> 11) / 9007199254740992.0;
}

static uint32_t size_of(struct rig *r, const struct proto_media_take *take)
{
    static const double share[] = {1.36, 0.84, 0.9}; /* layers 34/21/45 of 8, 8 and 15 of 30 frames a second */
    double bps = (double)r->encoder_bps * r->config->need_percent / 100, bytes = bps / 8 / 30;

    if (r->send.plan.stills)
        return (uint32_t)(12000 * r->send.plan.width / 640 * r->send.plan.height / 360); /* as libvpx: 8 to 15 kB */
    return (uint32_t)(take->key ? fmax(bytes * 5, 3000) : bytes * share[take->tid] * 0.95 * noise(r)) + 40;
}

static void capture(struct rig *r, int64_t now)
{
    struct proto_media_take take;

    if (r->controller) {
        r->send.rate.bps = r->config->controller->bps(r->controller, now);
        r->send.rate.step_ms = now;
        r->send.rate.state = PROTO_RATE_GROWING;
    }
    take = proto_media_send_take(&r->send, now);
    if (!take.take || r->frames + 1 >= RIG_MAX_FRAMES)
        return;
    int64_t up = r->encoder_bps + r->encoder_bps / 10;
    r->encoder_bps = r->send.plan.bps < up ? r->send.plan.bps : up;
    struct frame *f = &r->frame[++r->frames];
    *f = (struct frame){.at_ms = now, .arrived_ms = -1, .bytes = size_of(r, &take)};
    ml_send(r->there, r->frames, f->bytes + 60);
    proto_media_send_sent(&r->send, r->frames, f->bytes, take.key, now);
    if (r->controller)
        r->config->controller->sent(r->controller, f->bytes, now);
}

/* The picture before it is kept while none follows it: now one does. */
static void show(struct rig *r, uint32_t id, int64_t now)
{
    struct frame *f = &r->frame[id], *before = &r->frame[r->newest];

    if (before->shown_ms > now)
        before->shown_ms = before->due_ms > now ? before->due_ms : now;
    f->arrived_ms = now;
    f->due_ms = proto_even_due_ms(&r->even, f->at_ms, now);
    f->shown_ms = proto_even_alone_ms(&r->even);
    r->newest = id;
}

static void carry(struct rig *r, int64_t now)
{
    uint32_t id;

    while (ml_next(r->there, &id)) {
        if (id & VOICE) {
            static const uint8_t packet[60];
            uint32_t last = id & (PAIR - 1);
            for (uint32_t n = id & PAIR ? last - 1 : last; n <= last; n++)
                proto_playout_put(&r->playout, n, n * PROTO_PLAYOUT_PACKET_MS, packet, sizeof packet, now);
            continue;
        }
        show(r, id, now);
        ml_send(r->back, id, 150);
    }
    while (ml_next(r->back, &id)) {
        proto_media_send_acked(&r->send, id, (uint32_t)r->frame[id].arrived_ms + 12345, now);
        if (r->controller)
            r->config->controller->acked(r->controller, r->frame[id].at_ms, r->frame[id].arrived_ms, r->frame[id].bytes,
                                         now);
    }
}

/* 20 ms are said at one end, and played at the other. */
static void talk(struct rig *r, int64_t now)
{
    const uint8_t *bytes;
    size_t len;

    if (now % 1000 == 0)
        proto_voice_line(&r->voice, r->send.rate.bps);
    uint32_t message = (uint32_t)(r->voice.bps * r->voice.frames * PROTO_PLAYOUT_PACKET_MS / 8000 + VOICE_AROUND);
    if (++r->said % (uint32_t)r->voice.frames == 0)
        ml_send(r->there, r->said | VOICE | (r->voice.frames > 1 ? PAIR : 0), message);
    bool played = proto_playout_take(&r->playout, &bytes, &len, now) == PROTO_PLAYOUT_PLAY;
    if (now < r->config->from_ms)
        return;
    r->voice_taken++;
    r->voice_missing += !played;
    r->voice_gap = played ? 0 : r->voice_gap + PROTO_PLAYOUT_PACKET_MS;
    if (r->voice_gap > r->voice_gap_max)
        r->voice_gap_max = r->voice_gap;
}

static void watch(struct rig *r, int64_t now)
{
    int64_t to = r->config->to_ms ? r->config->to_ms : r->config->run_ms;

    if (r->send.line.count && now - r->send.line.frame[r->send.line.first].at_ms > r->unsent_max)
        r->unsent_max = now - r->send.line.frame[r->send.line.first].at_ms;
    if (r->send.rung != 0)
        r->full_since = -1;
    else if (r->full_since < 0)
        r->full_since = now;
    if (r->full_ms < 0 && r->full_since >= 0 && now >= r->full_since + 1000)
        r->full_ms = r->full_since;
    if (r->again_ms < 0 && r->full_since >= 0 && now >= r->config->back_ms && now >= r->full_since + 1000)
        r->again_ms = r->full_since > r->config->back_ms ? r->full_since - r->config->back_ms : 0;
    if (now < r->config->from_ms || now >= to)
        return;
    r->bits += (double)ml_rate_bps(r->there) / 1000;
    r->rungs[r->send.rung]++;
    if (now % 10 == 0 && r->queue_count < 100000)
        r->queues[r->queue_count++] = ml_queue_ms(r->there);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static int64_t part(int64_t *of, int64_t count, int percent)
{
    qsort(of, (size_t)count, sizeof *of, by_value);
    return count ? of[(count - 1) * percent / 100] : 0;
}

static int bad_seconds(const struct rig *r, int64_t from, int64_t to)
{
    int64_t late[128];
    int bad = 0, worst = 0;
    uint32_t i = 1;

    for (int64_t second = from; second + 1000 <= to; second += 1000) {
        int64_t count = 0;
        for (; i <= r->frames && r->frame[i].shown_ms < second + 1000; i++)
            if (r->frame[i].arrived_ms >= 0 && r->frame[i].shown_ms >= second && count < 128)
                late[count++] = r->frame[i].shown_ms - r->frame[i].at_ms + RIG_CODEC_MS;
        bad = !count || part(late, count, 95) > RIG_BAD_MS ? bad + 1 : 0;
        worst = bad > worst ? bad : worst;
    }
    return worst;
}

static void sum_up(struct rig *r, struct rig_result *out)
{
    int64_t *late = calloc(RIG_MAX_FRAMES, sizeof *late), *apart = calloc(RIG_MAX_FRAMES, sizeof *apart), count = 0,
            last = -1, bytes = 0;
    int64_t to = r->config->to_ms ? r->config->to_ms : r->config->run_ms, from = r->config->from_ms;

    if (!late || !apart)
        abort();
    for (uint32_t i = 1; i <= r->frames; i++) {
        const struct frame *f = &r->frame[i];
        if (f->at_ms < from || f->at_ms >= to || f->arrived_ms < 0)
            continue;
        if (last >= 0 && f->shown_ms - last > out->gap)
            out->gap = f->shown_ms - last;
        apart[count] = last >= 0 ? f->shown_ms - last : 0;
        last = f->shown_ms;
        bytes += f->bytes;
        late[count++] = f->shown_ms - f->at_ms + RIG_CODEC_MS;
    }
    out->bad_s = bad_seconds(r, from, to);
    out->gap_p95 = part(apart, count, 95);
    free(apart);
    out->p50 = part(late, count, 50);
    out->p95 = part(late, count, 95);
    out->p99 = part(late, count, 99);
    out->worst = part(late, count, 100);
    out->fps = (double)count * 1000 / (double)(to - from);
    out->kbps = (double)bytes * 8 / (double)(to - from);
    out->use = r->bits > 0 ? (double)bytes * 8 / r->bits : 0;
    out->queue_p50 = part(r->queues, r->queue_count, 50);
    out->queue_p95 = part(r->queues, r->queue_count, 95);
    int64_t seen = 0;
    for (out->rung_p50 = 0; out->rung_p50 < 7; out->rung_p50++)
        if ((seen += r->rungs[out->rung_p50]) * 2 >= to - from)
            break;
    out->unsent_max_ms = r->unsent_max;
    out->full_size_ms = r->full_ms;
    out->again_ms = r->again_ms;
    out->voice_gap_ms = r->voice_gap_max;
    out->voice_missing = r->voice_taken ? (double)r->voice_missing / (double)r->voice_taken : 0;
    free(late);
}

static struct rig *make(const struct rig_config *config, struct ml_line *link, struct ml_line *link_back, uint64_t seed,
                        int64_t now)
{
    struct rig *r = calloc(1, sizeof *r);
    struct ml_config back = config->line;

    if (!r)
        abort();
    r->config = config;
    r->random = seed * 77777 + 1;
    r->full_ms = r->again_ms = r->full_since = -1;
    back.seed += 1;
    r->there = link ? ml_share(link, seed, config->line.bbr) : ml_new(&config->line);
    r->back = link_back ? ml_share(link_back, seed + 1, config->line.bbr) : ml_new(&back);
    proto_media_send_init(&r->send, 1280, 720, 0, 0, now);
    proto_playout_init(&r->playout);
    proto_voice_init(&r->voice);
    proto_even_init(&r->even);
    r->encoder_bps = r->send.plan.bps;
    if (config->controller)
        r->controller = config->controller->make(r->send.plan.bps, PROTO_SEND_MAX_BPS);
    return r;
}

static void step(struct rig *r, int64_t now)
{
    if (now % 100 == 0 || now % 100 == 33 || now % 100 == 67)
        capture(r, now);
    if (r->config->voice && now % PROTO_PLAYOUT_PACKET_MS == 0)
        talk(r, now);
    ml_step(r->there, now);
    ml_step(r->back, now);
    carry(r, now);
    watch(r, now);
}

/* As much as it takes. */
static void bulk(struct ml_line *line, int64_t now)
{
    enum { PIECE = 16000, WAITING = 400000 };
    uint32_t id;

    while (ml_unsent(line) < WAITING)
        ml_send(line, 1, PIECE);
    ml_step(line, now);
    while (ml_next(line, &id))
        ;
}

static void end(struct rig *r, struct rig_result *out)
{
    sum_up(r, out);
    ml_free(r->there);
    ml_free(r->back);
    free(r->controller);
    free(r);
}

void rig_run_beside(const struct rig_config *config, struct rig_result *out, struct rig_result *other)
{
    struct rig *r = make(config, NULL, NULL, config->line.seed, 0), *second = NULL;
    struct ml_line *load = NULL;

    *out = *other = (struct rig_result){0};
    for (int64_t now = 0; now < config->run_ms; now++) {
        if (now == config->beside_from_ms && config->beside == RIG_BESIDE_SESSION)
            second = make(config, r->there, r->back, config->line.seed + 100, now);
        else if (now == config->beside_from_ms && config->beside)
            load = ml_share(config->beside == RIG_BESIDE_UPLOAD ? r->there : r->back, config->line.seed + 100, false);
        step(r, now);
        if (second)
            step(second, now);
        if (load)
            bulk(load, now);
    }
    if (second)
        end(second, other);
    if (load)
        ml_free(load);
    end(r, out);
}

void rig_run(const struct rig_config *config, struct rig_result *out)
{
    struct rig_result none;

    rig_run_beside(config, out, &none);
}
