/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "tests/simulation/sim.h"

static void drop_row(struct sim_message **first, struct sim_message ***last)
{
    while (*first) {
        struct sim_message *gone = *first;
        *first = gone->next;
        free(gone);
    }
    *last = first;
}

void sim_net_clear(struct sim_connection *line)
{
    if (!line->to_relay_last) {
        line->to_relay_last = &line->to_relay;
        line->to_end_last = &line->to_end;
    }
    drop_row(&line->to_relay, &line->to_relay_last);
    drop_row(&line->to_end, &line->to_end_last);
    free(line->copy);
    free(line->frame);
    line->copy = line->frame = NULL;
}

static struct sim_message *message_of(const uint8_t *bytes, size_t len)
{
    struct sim_message *message = malloc(sizeof *message + len);

    if (!message)
        abort();
    message->next = NULL;
    message->len = len;
    memcpy(message->bytes, bytes, len);
    return message;
}

/* A cut shows at once on one side and later on the other; what was on its way is lost. */
static void cut(struct sim *sim, struct sim_connection *line)
{
    int64_t soon = sim->now.mono_ms, later = soon + (int64_t)sim_random(sim, 200);

    if (sim_chance(sim, sim->faults.half_open))
        later = soon + 15000;
    bool end_first = sim_chance(sim, 500);
    line->dead = true;
    line->end_learns_ms = proto_earlier(line->end_learns_ms, end_first ? soon : later);
    line->relay_learns_ms = proto_earlier(line->relay_learns_ms, end_first ? later : soon);
    drop_row(&line->to_relay, &line->to_relay_last);
    drop_row(&line->to_end, &line->to_end_last);
    sim->cuts++;
}

void sim_net_cut(struct sim *sim, struct sim_connection *line)
{
    line->end_learns_ms = line->relay_learns_ms = sim->now.mono_ms;
    line->held = line->deaf = line->mute = false;
    line->hold_behind = 0;
    drop_row(&line->to_relay, &line->to_relay_last);
    drop_row(&line->to_end, &line->to_end_last);
    sim->cuts++;
}

/* True: the line was cut behind this message. */
static bool count_message(struct sim *sim, struct sim_connection *line, size_t len)
{
    line->held = line->held || (line->hold_behind && len >= line->hold_behind);
    line->hold_behind -= len < line->hold_behind ? len : line->hold_behind;
    if (++line->carried != line->cut_at)
        return false;
    sim_net_cut(sim, line);
    return true;
}

static void post(struct sim *sim, struct sim_connection *line, bool to_relay, const uint8_t *bytes, size_t len)
{
    struct sim_message ***last = to_relay ? &line->to_relay_last : &line->to_end_last;
    struct sim_message *message = message_of(bytes, len);

    if (sim_chance(sim, sim->faults.stall))
        line->stalled_until_ms = sim->now.mono_ms + 500 + (int64_t)sim_random(sim, 6000);
    message->at_ms = sim->now.mono_ms + 1 + (int64_t)sim_random(sim, 40);
    if (line->stalled_until_ms > message->at_ms)
        message->at_ms = line->stalled_until_ms;
    sim->messages++;
    if (line->dead) {
        free(message);
        return;
    }
    **last = message;
    *last = &message->next;
    sim_judge_bytes(sim, bytes, len);
}

void sim_net_tell(struct sim *sim, struct sim_end *end, const uint8_t *bytes, size_t len)
{
    post(sim, &end->line, false, bytes, len);
}

/* A lying relay (or somebody in its place) between two honest ends: alters, repeats, leaves out. */
static bool tamper(struct sim *sim, struct sim_connection *line, const uint8_t *bytes, size_t len,
                   struct sim_message **out)
{
    *out = NULL;
    if (!sim_chance(sim, sim->faults.tamper) || bytes[0] == PROTO_TYPE_RELAY)
        return true;
    sim->tampered++;
    switch (sim_random(sim, 4)) {
    case 0:
        *out = message_of(bytes, len);
        (*out)->bytes[sim_random(sim, len)] ^= (uint8_t)(1u << sim_random(sim, 8));
        return true;
    case 1:
        if (line->copy)
            *out = message_of(line->copy->bytes, line->copy->len);
        return true;
    case 2:
        free(line->copy);
        line->copy = message_of(bytes, len);
        return true;
    default:
        return false; /* left out */
    }
}

void sim_net_wakes(struct sim *sim)
{
    uint32_t number;
    bool close;

    while (sim->relay_up && relay_core_next_wake(sim->core, &number, &close)) {
        struct sim_connection *line = NULL;
        const struct sim_session *to_agent = NULL;
        for (unsigned i = 0; i < sim->session_count; i++) {
            struct sim_session *s = &sim->sessions[i];
            line = s->customer.line.number == number && s->customer.line.relay_up ? &s->customer.line : line;
            if (s->hub && s->hub->end.line.number == number && s->hub->end.line.relay_up)
                line = &s->hub->end.line;
            if (s->agent.line.number == number && s->agent.line.relay_up) {
                line = &s->agent.line;
                to_agent = s;
            }
        }
        if (!line)
            continue;
        const uint8_t *bytes;
        size_t len;
        while ((bytes = relay_core_pending(sim->core, number, &len, sim_relay_now(sim)))) {
            struct sim_message *changed;
            if (to_agent)
                sim_judge_forwarded(sim, to_agent, bytes, len);
            if (tamper(sim, line, bytes, len, &changed))
                post(sim, line, false, changed ? changed->bytes : bytes, changed ? changed->len : len);
            free(changed);
            relay_core_sent(sim->core, number);
        }
        if (close) {
            relay_core_closed(sim->core, number, sim_relay_now(sim));
            line->relay_up = false;
            line->end_learns_ms =
                proto_earlier(line->end_learns_ms, sim->now.mono_ms + 50); /* after what is on its way */
        }
    }
}

/* The companion that was changed: what it sealed once it sends again, whatever has been withdrawn since. */
static void send_again(struct sim *sim, struct sim_connection *line, const uint8_t *bytes, size_t len)
{
    if (bytes[0] == PROTO_TYPE_MEDIA && !line->frame)
        line->frame = message_of(bytes, len);
    if (!line->frame || !sim_chance(sim, sim->faults.changed))
        return;
    post(sim, line, true, line->frame->bytes, line->frame->len);
    sim->changed++;
}

/* ---- an end is a session, or a hub ---- */

static bool wants_connection(const struct sim_end *end)
{
    return end->hub ? sim_hub_wants_connection(end->hub) : end->session && proto_session_wants_connection(end->session);
}

static const uint8_t *pending(const struct sim_end *end, size_t *len)
{
    return end->hub ? sim_hub_pending(end->hub, len) : proto_session_pending(end->session, len);
}

static void sent(const struct sim_end *end)
{
    if (end->hub)
        sim_hub_sent(end->hub);
    else
        proto_session_sent(end->session);
}

static void feed(const struct sim *sim, const struct sim_end *end, const uint8_t *bytes, size_t len)
{
    if (end->hub)
        sim_hub_feed(end->hub, bytes, len);
    else
        proto_session_feed(end->session, bytes, len, sim->now);
}

static void connected(const struct sim *sim, const struct sim_end *end, bool is)
{
    if (end->hub && is)
        sim_hub_connected(end->hub);
    else if (end->hub)
        sim_hub_disconnected(end->hub);
    else if (is)
        proto_session_connected(end->session, sim->now);
    else
        proto_session_disconnected(end->session, sim->now);
}

static void send_pending(struct sim *sim, struct sim_end *end)
{
    const uint8_t *bytes;
    size_t len;

    while (end->line.up && end->line.end_learns_ms == PROTO_NEVER && (bytes = pending(end, &len))) {
        if (sim_chance(sim, sim->faults.cut)) {
            cut(sim, &end->line);
            return;
        }
        if (end->line.relay_up || end->line.relay_learns_ms != PROTO_NEVER)
            post(sim, &end->line, true, bytes, len);
        if (end->session && end->customer && sim->faults.changed)
            send_again(sim, &end->line, bytes, len);
        sent(end);
    }
}

static void dial(struct sim *sim, struct sim_end *end)
{
    struct sim_connection *line = &end->line;

    end->reconnect_ms = PROTO_NEVER;
    if (sim->now.mono_ms < sim->relay_wakes_ms) { /* it answers nobody */
        end->failures++;
        end->reconnect_ms = sim->now.mono_ms + 1000 + (int64_t)sim_random(sim, 1000);
        return;
    }
    sim_net_clear(line);
    if (line->relay_up) { /* the relay still believes in the one before: it learns now */
        if (sim->relay_up)
            relay_core_closed(sim->core, line->number, sim_relay_now(sim));
        line->relay_up = false;
    }
    if (!sim->relay_up) {
        end->failures++;
        end->reconnect_ms = sim->now.mono_ms + 200 + (int64_t)sim_random(sim, 1000);
        return;
    }
    line->number = sim->next_connection++;
    line->end_learns_ms = line->relay_learns_ms = PROTO_NEVER;
    line->stalled_until_ms = 0;
    line->dead = false;
    if (relay_core_open(sim->core, line->number, "192.0.2.1", end->customer ? NULL : &sim->agent.identity,
                        sim_relay_now(sim))) {
        end->reconnect_ms = sim->now.mono_ms + 1000;
        return;
    }
    line->up = line->relay_up = true;
    connected(sim, end, true);
}

static bool sleeps(const struct sim *sim, const struct sim_end *end)
{
    return sim->now.mono_ms < end->wakes_ms;
}

static void learn_of_cuts(struct sim *sim, struct sim_end *end)
{
    struct sim_connection *line = &end->line;

    if (line->relay_up && sim->now.mono_ms >= line->relay_learns_ms && sim->now.mono_ms >= sim->relay_wakes_ms) {
        line->relay_up = false;
        if (sim->relay_up)
            relay_core_closed(sim->core, line->number, sim_relay_now(sim));
    }
    if (line->up && sim->now.mono_ms >= line->end_learns_ms && !sleeps(sim, end)) {
        line->up = false;
        connected(sim, end, false);
        end->reconnect_ms = sim->now.mono_ms + 100 + (int64_t)sim_random(sim, 800);
    }
}

static void deliver(struct sim *sim, struct sim_end *end)
{
    struct sim_connection *line = &end->line;

    while (sim->now.mono_ms >= sim->relay_wakes_ms && !line->held && !line->mute && line->to_relay &&
           line->to_relay->at_ms <= sim->now.mono_ms) {
        struct sim_message *message = line->to_relay;
        size_t len = message->len;
        line->to_relay = message->next;
        if (!line->to_relay)
            line->to_relay_last = &line->to_relay;
        if (line->relay_up && sim->relay_up && end->customer && !end->hub)
            sim_judge_gates(sim, end->home, message->bytes, message->len);
        if (line->relay_up && sim->relay_up && !sim_fork_takes(sim, end, message->bytes, message->len) &&
            relay_core_feed(sim->core, line->number, message->bytes, message->len, sim_relay_now(sim))) {
            sim_net_wakes(sim);
            if (line->relay_up) {
                relay_core_closed(sim->core, line->number, sim_relay_now(sim));
                line->relay_up = false;
                line->end_learns_ms = proto_earlier(line->end_learns_ms, sim->now.mono_ms + 50);
            }
        }
        free(message);
        if (count_message(sim, line, len))
            return;
    }
    while (!sleeps(sim, end) && !line->held && !line->deaf && line->to_end && line->to_end->at_ms <= sim->now.mono_ms) {
        struct sim_message *message = line->to_end;
        size_t len = message->len;
        line->to_end = message->next;
        if (!line->to_end)
            line->to_end_last = &line->to_end;
        if (line->up)
            feed(sim, end, message->bytes, message->len);
        free(message);
        if (count_message(sim, line, len))
            return;
    }
}

void sim_net_tick(struct sim *sim, struct sim_end *end)
{
    learn_of_cuts(sim, end);
    if (sleeps(sim, end)) {
        deliver(sim, end);
        return;
    }
    if (!end->line.up && !end->line.away && wants_connection(end) && sim->now.mono_ms >= end->reconnect_ms)
        dial(sim, end);
    deliver(sim, end);
    send_pending(sim, end);
    if (end->line.up && (end->hub ? end->hub->over : proto_session_over(end->session))) {
        end->line.up = false;
        end->line.relay_learns_ms = proto_earlier(end->line.relay_learns_ms, sim->now.mono_ms + 50);
        connected(sim, end, false);
    }
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

int64_t sim_net_deadline(const struct sim *sim, const struct sim_end *end)
{
    const struct sim_connection *line = &end->line;
    int64_t at = PROTO_NEVER;

    if (line->to_relay && !line->held && !line->mute)
        at = proto_earlier(at, later(line->to_relay->at_ms, sim->relay_wakes_ms));
    if (line->to_end && !line->held && !line->deaf)
        at = proto_earlier(at, later(line->to_end->at_ms, end->wakes_ms));
    if (line->up)
        at = proto_earlier(at, later(line->end_learns_ms, end->wakes_ms));
    else if (!line->away && wants_connection(end))
        at = proto_earlier(at, later(end->reconnect_ms, end->wakes_ms));
    if (line->relay_up)
        at = proto_earlier(at, later(line->relay_learns_ms, sim->relay_wakes_ms));
    return at;
}

void sim_net_relay_died(struct sim *sim)
{
    for (unsigned i = 0; i < sim->session_count; i++) {
        struct sim_hub *hub = sim->sessions[i].hub;
        struct sim_end *ends[] = {&sim->sessions[i].customer, &sim->sessions[i].agent, hub ? &hub->end : NULL};
        for (unsigned e = 0; e < 3 && ends[e]; e++) {
            struct sim_connection *line = &ends[e]->line;
            line->relay_up = false;
            line->relay_learns_ms = PROTO_NEVER;
            drop_row(&line->to_relay, &line->to_relay_last);
            if (line->up)
                line->end_learns_ms =
                    proto_earlier(line->end_learns_ms, sim->now.mono_ms + (int64_t)sim_random(sim, 300));
        }
    }
}
