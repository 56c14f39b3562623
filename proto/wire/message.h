/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/wire/message.h - protobuf messages in and out of bounded buffers, and the framing of sealed control messages.
 *
 * The structs are nanopb's, generated from handhold.proto: fixed size, no pointers, no allocation. A message that
 * breaks a bound of the schema, is not valid UTF-8 in a string, or has bytes left over does not decode.
 */
#ifndef PROTO_WIRE_MESSAGE_H
#define PROTO_WIRE_MESSAGE_H

#include <pb.h>

#include "proto/util/buf.h"
#include "proto/util/err.h"
#include "proto/wire/handhold.pb.h"
#include "proto/wire/header.h"
#include "proto/wire/limits.h"

/** Appends the encoded message. RANGE: a field or the buffer is over its bound. `fields` is handhold_X_fields. */
PROTO_MUST_USE enum proto_err proto_message_encode(struct proto_buf *out, const pb_msgdesc_t *fields,
                                                   const void *message);
/** Appends a whole message to the relay: the envelope from `src`, 0 without a seat, then this. RANGE. */
PROTO_MUST_USE enum proto_err proto_message_to_relay(struct proto_buf *out, uint8_t src,
                                                     const handhold_ToRelay *message);
/** `message` is zeroed first, also when decoding fails. FORMAT: not this message, over a bound, or a string that is not
 * UTF-8. */
PROTO_MUST_USE enum proto_err proto_message_decode(const uint8_t *bytes, size_t len, const pb_msgdesc_t *fields,
                                                   void *message, size_t message_size);

/** Sets a nanopb bytes field from `len` bytes; RANGE when it is over the bound of the field. */
#define PROTO_SET_BYTES(field, src, n) proto_set_bytes(&(field).size, (field).bytes, sizeof(field).bytes, (src), (n))
PROTO_MUST_USE enum proto_err proto_set_bytes(pb_size_t *size, uint8_t *to, size_t capacity, const void *from,
                                              size_t len);
/** Copies text into a string field; RANGE when it does not fit. */
#define PROTO_SET_TEXT(field, src) proto_set_text((field), sizeof(field), (src))
PROTO_MUST_USE enum proto_err proto_set_text(char *to, size_t capacity, const char *from);

/** "yellow": of Mark's colours, as scripts name them; "" for none of them. */
const char *proto_colour_name(uint32_t colour);

/* Sealed control messages: msg u8 | flags u8 | len u32 | body | zeros to a multiple of 64 (lengths tell less). */
enum proto_control {
    PROTO_CONTROL_CONSENT_REQUEST = 1,    /* ConsentRequest     agent -> customer */
    PROTO_CONTROL_STATEMENT = 2,          /* Statement          customer -> agent */
    PROTO_CONTROL_STATEMENT_ACK = 3,      /* StatementAck       agent -> customer */
    PROTO_CONTROL_KEY_RELEASE = 4,        /* fixed layout, consent/keyring.h */
    PROTO_CONTROL_KEY_ACK = 5,            /* KeyAck */
    PROTO_CONTROL_KEY_RETIRE = 6,         /* KeyRetire */
    PROTO_CONTROL_HEARTBEAT = 7,          /* Heartbeat          both */
    PROTO_CONTROL_DATA = 8,               /* Data               both */
    PROTO_CONTROL_DATA_ACK = 9,           /* DataAck            both */
    PROTO_CONTROL_KEY_FRAME_REQUEST = 10, /* KeyFrameRequest receiver -> sender */
    PROTO_CONTROL_BYE = 11,               /* Bye                both */
    PROTO_CONTROL_NONCE = 12,             /* Nonce              agent -> customer */
    PROTO_CONTROL_MEDIA_ACK = 13,         /* MediaAck           receiver -> sender */
    PROTO_CONTROL_COUNT
};

enum { PROTO_CONTROL_HEADER_BYTES = 6, PROTO_CONTROL_PAD_BYTES = 64 };

/** Appends the framed, padded plaintext. `body` may be NULL when `body_len` is 0. */
PROTO_MUST_USE enum proto_err proto_control_frame(struct proto_buf *out, enum proto_control msg, const void *body,
                                                  size_t body_len);
/** FORMAT: unknown message, flags not 0, wrong length, or padding that is not zeros. `*body` is borrowed. */
PROTO_MUST_USE enum proto_err proto_control_parse(const uint8_t *plain, size_t len, enum proto_control *msg,
                                                  const uint8_t **body, size_t *body_len);

#endif
