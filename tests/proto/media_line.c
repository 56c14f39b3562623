/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/media_line.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MSS = 1400, HEAD = 80, WINDOW = 4096, MESSAGES = 4096, FAR = 3 };

struct packet {
    int64_t seq, len, sent_ms, order, delivered;
    bool acked, lost, in_queue;
};
struct passing {
    int64_t seq, len, order, due_ms;
    struct ml_line *of; /* whose it is */
};
struct fifo {
    struct passing at[WINDOW];
    unsigned first, count;
};

struct ml_line {
    struct ml_config config;
    struct ml_line *link; /* whose bottleneck it goes through: its own, or that of another connection */
    uint64_t random;
    int64_t now_ms, budget_bits, queued;
    struct fifo queue, flying, acks;
    /* sender */
    int64_t written, next, una, order, inflight, delivered, progress_ms, first_sent_ms;
    struct packet sent[WINDOW]; /* by order of sequence: una … next */
    unsigned sent_first, sent_count;
    double cwnd, ssthresh, w_max, pace_bits;
    int64_t epoch_ms, recover_order, srtt, minrtt, minrtt_ms;
    double bw[10], full_bw;
    int64_t round_ms, round_delivered;
    int rounds, full_rounds;
    bool probed;
    /* receiver */
    int64_t expected;
    struct passing held[WINDOW];
    unsigned held_count;
    struct {
        uint32_t id;
        int64_t end;
    } message[MESSAGES];
    unsigned message_first, message_count;
};

uint64_t ml_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * UINT64_C(2685821657736338717);
}

struct ml_line *ml_new(const struct ml_config *config)
{
    struct ml_line *l = calloc(1, sizeof *l);

    if (!l)
        abort();
    l->config = *config;
    l->link = l;
    l->random = config->seed * UINT64_C(0x9E3779B97F4A7C15) + 88172645463325252u;
    l->cwnd = 10 * MSS;
    l->ssthresh = 1e12;
    l->minrtt = INT64_MAX;
    return l;
}

struct ml_line *ml_share(struct ml_line *link, uint64_t seed, bool bbr)
{
    struct ml_config config = link->config;

    config.seed = seed;
    config.bbr = bbr;
    struct ml_line *l = ml_new(&config);
    l->link = link;
    return l;
}

void ml_free(struct ml_line *line)
{
    free(line);
}

static bool push(struct fifo *f, struct passing p)
{
    if (f->count == WINDOW)
        return false;
    f->at[(f->first + f->count++) % WINDOW] = p;
    return true;
}

static struct passing *head(struct fifo *f)
{
    return f->count ? &f->at[f->first] : NULL;
}

static void pop(struct fifo *f)
{
    f->first = (f->first + 1) % WINDOW;
    f->count--;
}

static const struct ml_step *step_now(const struct ml_line *l)
{
    const struct ml_step *s = l->config.step;

    for (int i = 1; i < l->config.steps; i++)
        if (l->config.step[i].from_ms <= l->now_ms)
            s = &l->config.step[i];
    return s;
}

int64_t ml_rate_bps(const struct ml_line *l)
{
    return step_now(l)->bps;
}

int64_t ml_queue_ms(const struct ml_line *l)
{
    int64_t bps = step_now(l)->bps;

    return bps ? l->queued * 8000 / bps : l->queued ? 100000 : 0;
}

int64_t ml_unsent(const struct ml_line *l)
{
    return l->written - l->una;
}

void ml_send(struct ml_line *l, uint32_t id, uint32_t bytes)
{
    l->written += bytes;
    if (l->message_count == MESSAGES)
        abort(); /* the sender is not bounded */
    l->message[(l->message_first + l->message_count++) % MESSAGES].id = id;
    l->message[(l->message_first + l->message_count - 1) % MESSAGES].end = l->written;
}

bool ml_next(struct ml_line *l, uint32_t *id)
{
    if (!l->message_count || l->message[l->message_first].end > l->expected)
        return false;
    *id = l->message[l->message_first].id;
    l->message_first = (l->message_first + 1) % MESSAGES;
    l->message_count--;
    return true;
}

/* ---- the line ---- */

static void bottleneck(struct ml_line *l)
{
    const struct ml_step *s = step_now(l);
    struct passing *p;

    l->budget_bits += s->bps / 1000;
    while ((p = head(&l->queue)) != NULL && l->budget_bits >= (p->len + HEAD) * 8) {
        struct passing gone = *p;
        l->budget_bits -= (gone.len + HEAD) * 8;
        l->queued -= gone.len + HEAD;
        pop(&l->queue);
        gone.due_ms = l->now_ms + s->delay_ms;
        if ((int64_t)(ml_random(&l->random) >> 11) % 1000000 >= s->loss_ppm)
            push(&gone.of->flying, gone);
    }
    if (!l->queue.count && l->budget_bits > s->bps / 1000)
        l->budget_bits = s->bps / 1000; /* an idle line saves nothing up */
}

static void receive(struct ml_line *l)
{
    struct passing *p;

    while ((p = head(&l->flying)) != NULL && p->due_ms <= l->now_ms) {
        struct passing got = *p;
        pop(&l->flying);
        if (got.seq >= l->expected && l->held_count < WINDOW)
            l->held[l->held_count++] = got;
        for (bool again = true; again;) {
            again = false;
            for (unsigned i = 0; i < l->held_count; i++)
                if (l->held[i].seq <= l->expected) {
                    if (l->held[i].seq == l->expected)
                        l->expected += l->held[i].len;
                    l->held[i] = l->held[--l->held_count];
                    again = true;
                    break;
                }
        }
        got.due_ms = l->now_ms + step_now(l)->delay_ms;
        push(&l->acks, got);
    }
}

/* ---- congestion control ---- */

static double best_bw(const struct ml_line *l)
{
    double best = 0;

    for (int i = 0; i < 10; i++)
        if (l->bw[i] > best)
            best = l->bw[i];
    return best;
}

static void end_round(struct ml_line *l)
{
    int64_t took = l->now_ms - l->round_ms;

    if (took < l->srtt || took < 1)
        return;
    double bw = (double)(l->delivered - l->round_delivered) / (double)took;
    bool idle = l->next == l->written && (double)l->inflight < l->cwnd / 2;
    if (!idle || bw > best_bw(l))
        l->bw[l->rounds++ % 10] = bw; /* what an idle sender got says nothing against the line */
    l->round_ms = l->now_ms;
    l->round_delivered = l->delivered;
    if (best_bw(l) > l->full_bw * 1.25) {
        l->full_bw = best_bw(l);
        l->full_rounds = 0;
    } else if ((double)l->inflight > l->cwnd / 2) {
        l->full_rounds++;
    }
}

static double pace(const struct ml_line *l)
{
    static const double cycle[] = {1.25, 0.75, 1, 1, 1, 1, 1, 1};
    double bw = best_bw(l);

    if (!l->config.bbr)
        return 1e9;
    if (bw <= 0 || l->full_rounds < 3)
        return bw <= 0 ? 100 : bw * 2.9;
    return bw * cycle[l->now_ms / (l->minrtt > 0 ? l->minrtt : 1) % 8];
}

static void grow(struct ml_line *l, int64_t acked)
{
    if (l->config.bbr) {
        double bdp = best_bw(l) * (double)l->minrtt, floor = 10 * MSS;
        l->cwnd = l->full_rounds < 3 ? l->cwnd + (double)acked : fmax(2 * bdp + 4 * MSS, floor);
        l->cwnd = fmin(l->cwnd, fmax(3 * bdp, 40 * MSS));
        return;
    }
    if ((double)l->inflight < l->cwnd / 2)
        return;
    if (l->cwnd < l->ssthresh) {
        l->cwnd += (double)acked;
        return;
    }
    double t = (double)(l->now_ms - l->epoch_ms) / 1000, k = cbrt(l->w_max / MSS * 0.3 / 0.4);
    double target = (0.4 * (t - k) * (t - k) * (t - k) + l->w_max / MSS) * MSS;
    double reno = l->cwnd + 0.53 * MSS * (double)acked / l->cwnd;
    l->cwnd = target > reno ? fmin(target, l->cwnd + (double)acked / 2) : reno;
}

static void on_loss(struct ml_line *l, int64_t order)
{
    if (order <= l->recover_order)
        return;
    l->recover_order = l->order;
    if (l->config.bbr)
        return;
    l->w_max = l->cwnd;
    l->cwnd = fmax(l->cwnd * 0.7, 2 * MSS);
    l->ssthresh = l->cwnd;
    l->epoch_ms = l->now_ms;
}

/* ---- the sender ---- */

static struct packet *packet_at(struct ml_line *l, unsigned i)
{
    return &l->sent[(l->sent_first + i) % WINDOW];
}

static void lose(struct ml_line *l, struct packet *p)
{
    p->lost = true;
    l->inflight -= p->len;
    on_loss(l, p->order);
}

static void take_ack(struct ml_line *l, const struct passing *ack)
{
    int64_t rtt = 0;

    for (unsigned i = 0; i < l->sent_count; i++) {
        struct packet *p = packet_at(l, i);
        if (p->acked)
            continue;
        if (p->seq == ack->seq) {
            p->acked = true;
            rtt = p->order == ack->order ? l->now_ms - p->sent_ms : 0;
            if (!p->lost)
                l->inflight -= p->len;
            p->lost = false;
            l->delivered += p->len;
            l->progress_ms = l->now_ms;
            l->probed = false;
            grow(l, p->len);
        } else if (!p->lost && p->order + FAR <= ack->order) {
            lose(l, p);
        }
    }
    if (rtt > 0) {
        l->srtt = l->srtt ? (7 * l->srtt + rtt) / 8 : rtt;
        if (rtt <= l->minrtt || l->now_ms > l->minrtt_ms + 10000) {
            l->minrtt = rtt;
            l->minrtt_ms = l->now_ms;
        }
    }
    while (l->sent_count && packet_at(l, 0)->acked) {
        l->una = packet_at(l, 0)->seq + packet_at(l, 0)->len;
        l->sent_first = (l->sent_first + 1) % WINDOW;
        l->sent_count--;
    }
}

static void put(struct ml_line *l, struct packet *p)
{
    p->lost = false;
    p->order = ++l->order;
    p->sent_ms = l->now_ms;
    l->inflight += p->len;
    l->pace_bits -= (double)p->len;
    if (l->link->queued + p->len + HEAD > l->config.queue_bytes)
        return; /* tail drop */
    l->link->queued += p->len + HEAD;
    push(&l->link->queue, (struct passing){p->seq, p->len, p->order, 0, l});
}

static void transmit(struct ml_line *l)
{
    double bytes_ms = pace(l);

    l->pace_bits = fmin(l->pace_bits + bytes_ms, fmax(2 * MSS, 2 * bytes_ms));
    for (unsigned i = 0; i < l->sent_count && l->pace_bits > 0; i++) {
        struct packet *p = packet_at(l, i);
        if (p->lost && (double)l->inflight < l->cwnd)
            put(l, p);
    }
    while (l->next < l->written && (double)l->inflight < l->cwnd && l->pace_bits > 0 && l->sent_count < WINDOW) {
        struct packet *p = &l->sent[(l->sent_first + l->sent_count++) % WINDOW];
        *p = (struct packet){.seq = l->next, .len = l->written - l->next < MSS ? l->written - l->next : MSS};
        if (!l->inflight)
            l->progress_ms = l->now_ms;
        l->next += p->len;
        put(l, p);
    }
}

static void timers(struct ml_line *l)
{
    int64_t quiet = l->now_ms - l->progress_ms, srtt = l->srtt ? l->srtt : 200;

    if (!l->sent_count || l->inflight <= 0)
        return;
    if (!l->probed && quiet > 2 * srtt + 10) {
        l->probed = true;
        struct packet *p = packet_at(l, l->sent_count - 1);
        if (!p->acked && !p->lost) {
            l->inflight -= p->len;
            put(l, p);
        }
    } else if (quiet > 3 * srtt + 200) {
        l->progress_ms = l->now_ms;
        for (unsigned i = 0; i < l->sent_count; i++)
            if (!packet_at(l, i)->acked && !packet_at(l, i)->lost)
                lose(l, packet_at(l, i));
        if (!l->config.bbr)
            l->cwnd = 2 * MSS;
    }
}

void ml_step(struct ml_line *l, int64_t now_ms)
{
    struct passing *p;

    l->now_ms = now_ms;
    if (l->link == l)
        bottleneck(l);
    receive(l);
    while ((p = head(&l->acks)) != NULL && p->due_ms <= now_ms) {
        struct passing ack = *p;
        pop(&l->acks);
        take_ack(l, &ack);
    }
    end_round(l);
    timers(l);
    transmit(l);
}
