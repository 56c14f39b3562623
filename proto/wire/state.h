/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/wire/state.h - many changes of state in one frame.
 *
 * A frame of device state has one StateChange, or a StateBatch{repeated StateChange change = 15}: since StateChange has
 * no field 15, its first byte tells which. A home of thousands of values would otherwise cost a sealed message for
 * each.
 */
#ifndef PROTO_WIRE_STATE_H
#define PROTO_WIRE_STATE_H

#include "proto/wire/message.h"

enum { PROTO_STATE_BATCH_BYTES = 16 * 1024 };

/** Appends one change to a batch. RANGE: it does not fit any more (nothing was appended), or a field breaks its bound.
 */
PROTO_MUST_USE enum proto_err proto_state_batch_add(struct proto_buf *batch, const handhold_StateChange *change);

/* Reads either form. */
struct proto_state_reader {
    const uint8_t *at, *end; /* borrowed */
    bool single;             /* the whole frame is one change that was not read yet */
};
struct proto_state_reader proto_state_reader_of(const void *bytes, size_t len);
/** The next change; NOT_FOUND behind the last one, FORMAT: the rest is not to be read. */
PROTO_MUST_USE enum proto_err proto_state_next(struct proto_state_reader *reader, handhold_StateChange *out);

#endif
