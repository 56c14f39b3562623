/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>
#include <string.h>

#include "tests/bench/relay_load_inside.h"

enum { FIRES_A_TURN = 64 }; /* then the connections have theirs */

static void put_due(struct load *load, struct load_due *due)
{
    uint64_t slot = due->at_ns / LOAD_SLOT_NS;

    if (slot < load->wheel_at)
        slot = load->wheel_at;
    due->next = load->wheel[slot % LOAD_SLOTS];
    load->wheel[slot % LOAD_SLOTS] = due;
}

static double rate_of(const struct load *load, uint8_t stream)
{
    static const double paced[LOAD_STREAMS] = {30, 50, 1};

    return load->pattern.kind == LOAD_PACED ? paced[stream] : load->pattern.rate;
}

static void fire(struct load *load, struct load_due *due)
{
    /* 1.5 Mbit/s in 30 pictures a second, of which one in 60 has six times the size of the others */
    static const size_t picture = 1500000 / 8 / 30 * 60 / 65;
    size_t sizes[LOAD_STREAMS] = {due->count % 60 ? picture : 6 * picture, 100, 64};
    uint32_t count = due->first ? 0 : due->count; /* what a stream begins with is a key frame, of whatever size */
    uint64_t now = line_now_ns() - load->stood_ns;

    if (load->measuring) /* a slot is served at its beginning: what is due later in it is early */
        load_times_add(&load->late, now > due->at_ns ? now - due->at_ns : 0);
    load_send_one(load, due->end, due->stream,
                  load->pattern.kind == LOAD_PACED ? sizes[due->stream] : load->pattern.size, count);
    line_flush(&due->end->line);
    due->first = false;
    due->count++;
    due->at_ns += (uint64_t)(1e9 / rate_of(load, due->stream));
    put_due(load, due);
}

unsigned load_due_send(struct load *load, uint64_t now)
{
    unsigned fires = 0;

    while (fires < FIRES_A_TURN && load->wheel_at <= now / LOAD_SLOT_NS) {
        struct load_due **slot = &load->wheel[load->wheel_at % LOAD_SLOTS], *due = *slot;

        if (!due) {
            load->wheel_at++;
            continue;
        }
        *slot = due->next;
        fire(load, due);
        fires++;
    }
    return fires;
}

uint64_t load_due_next(const struct load *load, uint64_t now, uint64_t until)
{
    uint64_t slot = (load->wheel_at + 1) * LOAD_SLOT_NS;

    if (slot >= until)
        return until;
    return load->wheel[load->wheel_at % LOAD_SLOTS] ? now : slot;
}

void load_due_schedule(struct load *load)
{
    uint64_t now = line_now_ns();

    load->stood_ns = 0;
    memset(load->wheel, 0, sizeof load->wheel);
    load->wheel_at = now / LOAD_SLOT_NS;
    for (unsigned i = 0; i < 2 * load->config.sessions; i++)
        for (uint8_t stream = 0; stream < LOAD_STREAMS; stream++) {
            struct load_end *end = &load->sessions[i / 2].end[i % 2];
            bool paced = load->pattern.kind == LOAD_PACED;
            bool used =
                stream == 0 ? !(i % 2) || (load->pattern.both_ways && !paced) : paced && (stream == 1 || i % 2 == 1);
            struct load_due *due = &end->due[stream];

            if (!used)
                continue;
            /* People do not begin at one moment, so their large frames do not come in one. */
            *due = (struct load_due){.end = end, .stream = stream, .count = randombytes_uniform(60), .first = true};
            due->at_ns = now + (uint64_t)(1e9 / rate_of(load, stream) * (double)randombytes_uniform(1000) / 1000);
            put_due(load, due);
        }
}
