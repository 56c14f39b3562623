/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/wire/limits.h - every bound of the protocol, named once. The bounds of single fields stand in handhold.options.
 */
#ifndef PROTO_WIRE_LIMITS_H
#define PROTO_WIRE_LIMITS_H

enum {
    PROTO_SID_BYTES = 16,
    PROTO_KEY_BYTES = 32,
    PROTO_HASH_BYTES = 32,
    PROTO_TOKEN_BYTES = 32,

    PROTO_MAX_MEDIA_BYTES = 512 * 1024, /* a key frame of 1080p at the best quantiser is below 300 kB */
    PROTO_MAX_VOICE_BYTES = 256,        /* one packet of a voice; 24 kbit/s makes 60 */
    PROTO_MAX_HANDSHAKE_BYTES = 16 * 1024,
    PROTO_MAX_CONTROL_BYTES = 64 * 1024 - 1, /* Noise §3: no message is longer */
    PROTO_MAX_LOG_BYTES = 64 * 1024,
    PROTO_MAX_RELAY_BYTES = 64 * 1024,
    PROTO_MAX_MESSAGE_BYTES = PROTO_MAX_MEDIA_BYTES,

    PROTO_MAX_PARTICIPANTS = 16, /* indices 0 (relay) to 15; this version seats a customer (1) and an agent (2) */
    PROTO_MAX_STREAM = 63,       /* six bits of the KID */

    PROTO_MAX_NOTE_BYTES = 4096,      /* a statement or event with two signature lines is below 1.5 kB */
    PROTO_MAX_EVIDENCE_BYTES = 16384, /* several notes (rekey notes ride along) and the sealing */
    PROTO_MAX_VALUE_BYTES = 200,      /* one value in a note, §9 */
    PROTO_MAX_CHAT_BYTES = 2000,
    PROTO_MOVE_BYTES = 64,        /* MOVE: the key and the tag of a device that asks to go on in another's place */
    PROTO_MAX_MOVED_BYTES = 8192, /* what it gets: one customer's end, sealed */
    PROTO_MAX_OUTBOX = 64,        /* notes waiting for the log at one end */
    PROTO_MAX_UNACKED = 256,      /* numbered messages waiting for the peer's acknowledgement */

    PROTO_HEARTBEAT_MS = 1000,
    PROTO_STALE_MS = 3000,         /* without a heartbeat the picture is shown as not live */
    PROTO_SILENT_MS = 10000,       /* without a heartbeat capture stops and grants are suspended */
    PROTO_COSIGN_WAIT_MS = 1000,   /* the agent's second line, else the note is logged without it */
    PROTO_RECEIPT_WAIT_MS = 10000, /* no receipt by then: the grant is taken back */
    PROTO_KEY_ACK_WAIT_MS = 500,
    PROTO_HANDSHAKE_WAIT_MS = 10000,
    PROTO_SESSION_MS = 4 * 60 * 60 * 1000,
    PROTO_EPOCH_MS = 10 * 60 * 1000,
    PROTO_EPOCH_FRAMES = 1 << 22,
    PROTO_LATE_ANSWERS = 4, /* messages: two for an attempt that was given up, two for the one that these spoil */
    PROTO_CODE_TRIES = 3,
    PROTO_REFUSALS_MUTE = 3,
    PROTO_REQUEST_MAX = 3,     /* capabilities on one sheet */
    PROTO_EXPIRING_MS = 60000, /* before its end a grant may be extended; half of its time when that is less */
    PROTO_HOLD_MIN_MS = 1000,  /* a hold lasts at least so long: each return costs a key and a note */
    PROTO_GOODBYE_MS = 30000,  /* for the customer's last word */
    PROTO_STILL_PART_BYTES = 16384,
    PROTO_STILL_MAX_BYTES = 8 * 1024 * 1024,
    PROTO_STILL_MAX_PIXELS = 16384, /* a side */
    PROTO_STILL_WINDOW = 32,        /* parts under way that nobody has acknowledged */
    PROTO_STILL_WAIT_MS = 2000,     /* without the next part: it is asked for again */
};

#endif
