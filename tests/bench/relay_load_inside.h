/* SPDX-License-Identifier: Apache-2.0 */
/* tests/bench/relay_load_inside.h - what the parts of the load share. */
#ifndef TESTS_BENCH_RELAY_LOAD_INSIDE_H
#define TESTS_BENCH_RELAY_LOAD_INSIDE_H

#include "proto/util/random.h"
#include "tests/bench/relay_line.h"
#include "tests/bench/relay_load.h"

enum {
    LOAD_STREAMS = 3, /* picture (or all), voice, control */
    LOAD_STAMP_AT = 16,
    LOAD_STAMP_BYTES = 32,
    LOAD_LEAST_BYTES = LOAD_STAMP_AT + LOAD_STAMP_BYTES,
    LOAD_MOST_BYTES = 256 * 1024,
    LOAD_SLOTS = 8192, /* of the wheel of what is due */
    LOAD_SLOT_NS = 250000,
};

enum load_step { STEP_LINES, STEP_OPENING, STEP_JOINING, STEP_LOGGING, STEP_GATES, STEP_LIVE };

struct load_due {
    struct load_due *next;
    struct load_end *end;
    uint8_t stream;
    bool first;
    uint32_t count;
    uint64_t at_ns;
};

struct load_end {
    struct line line;
    struct load_session *session;
    uint8_t index; /* PROTO_INDEX_CUSTOMER, PROTO_INDEX_AGENT */
    uint32_t sent[LOAD_STREAMS], received[LOAD_STREAMS];
    struct load_due due[LOAD_STREAMS];
};

struct load_session {
    struct load *load;
    uint32_t number;
    enum load_step step;
    struct load_end end[2]; /* customer, agent */
    uint8_t sid[16], secret[64], public_key[32];
    uint32_t gate_seq, gates_answered;
    char path[48];
    struct line_peer by_path;
};

struct load_times {
    uint32_t buckets[64 * 40]; /* 64 in each power of two: below 1.6 % off */
    uint64_t count, max_ns;
};

struct load {
    struct load_config config;
    struct line_peer customers, staff;
    uint8_t grantee[32];
    int epoll;
    struct load_session *sessions; /* owned; `config.sessions` of them */
    unsigned begun, live, under_way;
    bool failed;
    char why[200];
    struct load_pattern pattern;
    bool sending, measuring, ending;
    uint8_t *body, *masked; /* owned; `masked` has LINE_ROOM_BYTES in front */
    struct load_due *wheel[LOAD_SLOTS];
    uint64_t wheel_at; /* slot number since the clock's beginning */
    uint64_t all_sent, all_received;
    uint64_t stood_ns;   /* by so much what is due is put off */
    uint64_t stopped_ns; /* of it, in the measured time */
    uint64_t spare_ns;   /* of turns in which nothing was due and nothing came */
    struct load_figures figures;
    struct load_times times, late;
};

/* relay_load_due.c: the wheel of what is due. */
void load_due_schedule(struct load *load);
/** Sends what is due, or a part of it; how many messages. */
unsigned load_due_send(struct load *load, uint64_t now);
/** When to look again, at `until` at the latest. */
uint64_t load_due_next(const struct load *load, uint64_t now, uint64_t until);
void load_send_one(struct load *load, struct load_end *end, uint8_t stream, size_t len, uint32_t count);

/* relay_prelude.c: from the first Hello to open gates. */
bool load_prelude_set_up(struct load *load, char error[static 256]);
void load_prelude_opened(struct load_end *end);
/** A message that is none of ours: from the relay. */
void load_prelude_heard(struct load_end *end, const uint8_t *message, size_t len);
void load_fail(struct load *load, const char *format, ...) __attribute__((format(printf, 2, 3)));
void load_session_live(struct load_session *session);

/* relay_load_times.c */
void load_times_add(struct load_times *times, uint64_t ns);
double load_times_us(const struct load_times *times, double part);

#endif
