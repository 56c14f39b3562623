/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/wire/header.h - the clear bytes in front of every message: all that a relay reads of a session.
 *
 *   every message        | type u8 | src u8 | dst u8 | 0 u8 | body …
 *   MEDIA (type 0x20)    | 0x20 | flags u8 | src u8 | stream u8 | tid:3 sid:3 class:2 | prio u8 | tl0 u16 | ts_ms u32 |
 * obj u32 | SFrame …
 *
 * In a MEDIA message all 16 bytes are authenticated by the SFrame that follows. `dst` is the index of the receiver in
 * HS and CTL messages; 0 is the relay itself. The relay sets nothing and rewrites nothing.
 */
#ifndef PROTO_WIRE_HEADER_H
#define PROTO_WIRE_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/util/err.h"

enum proto_type {
    PROTO_TYPE_HANDSHAKE = 0x10,
    PROTO_TYPE_CONTROL = 0x11,
    PROTO_TYPE_MEDIA = 0x20,
    PROTO_TYPE_LOG = 0x30,
    PROTO_TYPE_RELAY = 0x40, /* between an end and the relay: protobuf ToRelay / FromRelay */
};

enum { PROTO_INDEX_RELAY = 0, PROTO_INDEX_CUSTOMER = 1, PROTO_INDEX_AGENT = 2 };

enum { PROTO_ENVELOPE_BYTES = 4, PROTO_MEDIA_HEADER_BYTES = 16 };

struct proto_envelope {
    uint8_t type, src, dst;
};

/** Reads the first 4 bytes of a message that is not MEDIA. FORMAT: too short, unknown type, or the spare byte is not 0.
 */
PROTO_MUST_USE enum proto_err proto_envelope_parse(const uint8_t *message, size_t len, struct proto_envelope *out);
void proto_envelope_write(uint8_t out[static PROTO_ENVELOPE_BYTES], enum proto_type type, uint8_t src, uint8_t dst);
/** The largest message of this type; 0 for a type that does not exist. */
size_t proto_type_max_bytes(uint8_t type);

enum proto_media_flag {
    PROTO_MEDIA_KEY = 1,         /* decodable by itself */
    PROTO_MEDIA_DISCARDABLE = 2, /* nothing later needs it */
    PROTO_MEDIA_RELIABLE = 4,    /* never dropped on the way; its counter has no gap */
    PROTO_MEDIA_EPOCH_START = 8, /* first frame under a new key */
    PROTO_MEDIA_END = 16,        /* last part of an object (a still) */
    PROTO_MEDIA_FLAGS = 31,
};

enum proto_class { PROTO_CLASS_RELIABLE = 0, PROTO_CLASS_AUDIO = 1, PROTO_CLASS_VIDEO = 2, PROTO_CLASS_BULK = 3 };

struct proto_media_header {
    uint8_t flags, src, stream;
    uint8_t tid, sid; /* temporal and spatial layer, 0..7 */
    enum proto_class class;
    uint8_t prio;   /* 0 is served first */
    uint16_t tl0;   /* number of frames of temporal layer 0 so far, modulo 2^16 */
    uint32_t ts_ms; /* media time: milliseconds since the sender began its session */
    uint32_t obj;   /* chunk or object number of bulk streams */
};

/** FORMAT: shorter than the header, another type, unknown flags, src 0 or over 15, stream 0 or over 63. */
PROTO_MUST_USE enum proto_err proto_media_header_parse(const uint8_t *message, size_t len,
                                                       struct proto_media_header *out);
void proto_media_header_write(uint8_t out[static PROTO_MEDIA_HEADER_BYTES], const struct proto_media_header *header);

/* Key identifiers of SFrame: epoch<<10 | sender<<6 | stream. */
static inline uint64_t proto_kid(uint32_t epoch, uint8_t sender, uint8_t stream)
{
    return (uint64_t)epoch << 10 | (uint64_t)(sender & 15) << 6 | (stream & 63);
}
static inline uint32_t proto_kid_epoch(uint64_t kid)
{
    return (uint32_t)(kid >> 10);
}
static inline uint8_t proto_kid_sender(uint64_t kid)
{
    return (uint8_t)(kid >> 6 & 15);
}
static inline uint8_t proto_kid_stream(uint64_t kid)
{
    return (uint8_t)(kid & 63);
}

#endif
