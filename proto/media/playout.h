/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/media/playout.h - when to play which packet of a voice: an adaptive jitter buffer.
 *
 * Packets of 20 ms come in order over a byte stream, but in bursts: what a lost packet held up arrives all at once. The
 * buffer holds back as much as the worst lateness of the last seconds asks for, and no more: it grows by itself when it
 * runs dry (what is missing is concealed, and time is made: whatever comes next is played at once), and gives time back
 * one packet at a time.
 *
 * The owner asks for 20 ms of sound every 20 ms, forever. No errors; a packet that is too large is ignored. Times are
 * milliseconds on the owner's clock.
 */
#ifndef PROTO_MEDIA_PLAYOUT_H
#define PROTO_MEDIA_PLAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PROTO_PLAYOUT_PACKET_MS = 20,
    PROTO_PLAYOUT_PACKET_MAX = 256, /* bytes; 24 kbit/s makes 60 */
    PROTO_PLAYOUT_SLOTS = 64,       /* 1.3 s; what is older is thrown away */
    PROTO_PLAYOUT_START_MS = 250,   /* held back until all spans are known: the first packet to be lost will come */
    PROTO_PLAYOUT_MIN_MS = 40,
    PROTO_PLAYOUT_MAX_MS = 600,
    PROTO_PLAYOUT_SPANS = 10, /* of 2 s: how long a lateness is remembered */
    PROTO_PLAYOUT_SPAN_MS = 2000,
};

struct proto_playout {
    struct proto_playout_slot {
        bool filled;
        uint32_t obj;
        uint16_t len;
        uint8_t bytes[PROTO_PLAYOUT_PACKET_MAX];
    } slot[PROTO_PLAYOUT_SLOTS];
    bool heard, running;
    uint32_t next, newest; /* to be played; that has come */
    int64_t began_ms;      /* when the first packet came that waits to be played */
    int64_t base_ms[PROTO_PLAYOUT_SPANS], late_ms[PROTO_PLAYOUT_SPANS]; /* of each span, newest first */
    int64_t span_ms;
    unsigned dry;      /* packets concealed in a row for want of any */
    unsigned patience; /* packets until time may be given back again */
    /* figures */
    uint64_t played, concealed, skipped, late;
    unsigned gap, gap_max; /* packets concealed in a row, now and at the worst */
};

enum proto_playout_step {
    PROTO_PLAYOUT_SILENCE, /* nothing has come, or nothing for long */
    PROTO_PLAYOUT_PLAY,    /* *bytes, *len */
    PROTO_PLAYOUT_CONCEAL, /* one is missing: the decoder bridges it */
};

void proto_playout_init(struct proto_playout *playout);
/** Packet number `obj` (rising by one), sounded at `ts_ms` of the sender's clock. */
void proto_playout_put(struct proto_playout *playout, uint32_t obj, uint32_t ts_ms, const uint8_t *bytes, size_t len,
                       int64_t now_ms);
/** The next 20 ms. Bytes are borrowed until the next call. */
enum proto_playout_step proto_playout_take(struct proto_playout *playout, const uint8_t **bytes, size_t *len,
                                           int64_t now_ms);
/** What is held back now, and what should be. */
int64_t proto_playout_depth_ms(const struct proto_playout *playout);
int64_t proto_playout_target_ms(const struct proto_playout *playout);

#endif
