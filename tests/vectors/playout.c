/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a jitter buffer for a voice does, call by call, over lines that are only arithmetic: another implementation of
 * proto/media/playout.h that is told the same packets at the same times plays the same.
 */
#include "proto/media/playout.h"
#include "proto/media/voice.h"
#include "tests/vectors/write.h"

enum { TICKS = 1500, LINE = 256, SENDER_MS = 77777 };

struct voice_line {
    const char *name;
    uint32_t first;               /* number of the first packet */
    unsigned lost_every, late_by; /* every nth is lost; or, with late_by, comes so many ticks later and overtaken */
    unsigned held_from, held, held_of; /* of so many ticks, this many from there on hold everything up */
    unsigned jump_at, jump;            /* at this tick the numbers jump ahead */
    unsigned drift_every;              /* the player's clock leaves out a tick */
};

static const struct voice_line lines[] = {
    {.name = "even", .first = 1},
    {.name = "bursts", .first = 1, .held_from = 100, .held = 9, .held_of = 50},
    {.name = "long holds", .first = 1, .held_from = 300, .held = 30, .held_of = 400},
    {.name = "lost", .first = 1, .lost_every = 13},
    {.name = "overtaken", .first = 1, .lost_every = 17, .late_by = 5},
    {.name = "too late", .first = 1, .lost_every = 29, .late_by = 40},
    {.name = "around the end of the numbers", .first = UINT32_MAX - 700, .held_from = 650, .held = 6, .held_of = 90},
    {.name = "a jump", .first = 10, .jump_at = 500, .jump = 90},
    {.name = "a slow player", .first = 1, .drift_every = 40},
    {.name = "an outage", .first = 1, .held_from = 700, .held = 200, .held_of = TICKS},
};

struct packet {
    uint32_t obj, ts_ms;
    unsigned due; /* tick at which it comes */
};

struct run {
    struct proto_playout playout;
    struct packet packet[LINE];
    unsigned packets;
    json_t *rows;
};

static void put(struct run *r, const struct packet *p, int64_t now_ms)
{
    uint8_t bytes[4] = {(uint8_t)(p->obj >> 24), (uint8_t)(p->obj >> 16), (uint8_t)(p->obj >> 8), (uint8_t)p->obj};

    proto_playout_put(&r->playout, p->obj, p->ts_ms, bytes, sizeof bytes, now_ms);
    add(r->rows, json_pack("[s,I,I,I]", "put", (json_int_t)p->obj, (json_int_t)p->ts_ms, (json_int_t)now_ms));
}

static void take(struct run *r, int64_t now_ms)
{
    const uint8_t *b;
    size_t len;
    enum proto_playout_step step = proto_playout_take(&r->playout, &b, &len, now_ms);
    json_int_t obj =
        step != PROTO_PLAYOUT_PLAY
            ? -1
            : (json_int_t)((uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | (uint32_t)b[3]);

    add(r->rows,
        json_pack("[s,I,i,I,I,I]", "take", (json_int_t)now_ms, (int)step, obj,
                  (json_int_t)proto_playout_depth_ms(&r->playout), (json_int_t)proto_playout_target_ms(&r->playout)));
}

static void speak(struct run *r, const struct voice_line *line, unsigned tick)
{
    bool chosen = line->lost_every && tick % line->lost_every == line->lost_every - 1;
    uint32_t jumped = line->jump && tick >= line->jump_at ? line->jump : 0;

    if ((chosen && !line->late_by) || r->packets == LINE)
        return;
    r->packet[r->packets++] = (struct packet){.obj = line->first + tick + jumped,
                                              .ts_ms = SENDER_MS + tick * PROTO_PLAYOUT_PACKET_MS,
                                              .due = tick + (chosen ? line->late_by : 0)};
}

static void arrive(struct run *r, unsigned tick, int64_t now_ms)
{
    unsigned left = 0;

    for (unsigned i = 0; i < r->packets; i++)
        if (r->packet[i].due > tick)
            r->packet[left++] = r->packet[i];
        else
            put(r, &r->packet[i], now_ms);
    r->packets = left;
}

static json_t *run_line(const struct voice_line *line)
{
    static struct run r; /* large */
    int64_t now_ms = 5000;

    r = (struct run){.rows = json_array()};
    proto_playout_init(&r.playout);
    for (unsigned tick = 0; tick < TICKS; tick++, now_ms += PROTO_PLAYOUT_PACKET_MS) {
        bool held = line->held && tick >= line->held_from && (tick - line->held_from) % line->held_of < line->held;
        speak(&r, line, tick);
        if (!held)
            arrive(&r, tick, now_ms + (int64_t)(tick * 7 % 5)); /* never quite even */
        if (!line->drift_every || tick % line->drift_every)
            take(&r, now_ms + 5);
    }
    return r.rows;
}

/* A line that is given up and found again, in leaps and in small steps about each mark. */
static json_t *run_rate(void)
{
    struct proto_voice voice;
    json_t *rows = json_array();
    uint64_t x = 1;

    proto_voice_init(&voice);
    for (int i = 0; i < 600; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        int64_t line_bps = i < 300 ? (int64_t)(x >> 44) - 1000 : 120000 + (i - 300) * 1777 + (int64_t)(x >> 48);
        proto_voice_line(&voice, line_bps);
        add(rows, json_pack("[I,i,i]", (json_int_t)line_bps, voice.bps, voice.frames));
    }
    return rows;
}

/* Without a picture: full, well and in between by turns; a picture comes and goes in the middle of it. */
static json_t *run_waits(void)
{
    static const int64_t turns[] = {400, 20, 150, 400, -1, 20};
    struct proto_voice voice;
    json_t *rows = json_array();

    proto_voice_init(&voice);
    for (int i = 0; i < 3000; i++) {
        int turn = i / 47 % 6, picture = i % 601 == 600 ? 550000 : 0;
        int64_t waits_ms = i % 11 == 5 ? turns[(turn + 1) % 6] : turns[turn];
        if (picture)
            proto_voice_line(&voice, picture);
        else
            proto_voice_waits(&voice, waits_ms);
        add(rows, json_pack("[i,I,i,i]", picture, (json_int_t)waits_ms, voice.bps, voice.frames));
    }
    return rows;
}

json_t *vectors_playout(void)
{
    json_t *root = json_object(), *list = json_array();

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        json_t *rows = run_line(&lines[i]);
        add(list, json_pack("{s:s,s:o}", "name", lines[i].name, "rows", rows));
    }
    put_list(root, "lines", list);
    put_list(root, "rate", run_rate());
    put_list(root, "waits", run_waits());
    put_text(root, "about",
             "rows: put [obj, ts_ms, now], take [now, 0 silence 1 play 2 conceal, obj that is played or -1, "
             "depth_ms and target_ms after it]; rate: [bits a second of the line, of the voice, packets in a message]; "
             "waits: [line as in rate when above 0, else what a heartbeat waits, ms, then as in rate]");
    return root;
}
