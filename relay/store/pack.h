/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/store/pack.h - a stored entry or session as bytes, for an officer who reads the log from elsewhere
 * (PROTOCOL.md, 12.8).
 *
 *   entry    index u64 | leaf[48] | sid[16] | received_ms u64 | erased u8 | lv16 evidence | lv16 line
 *   session  sid[16] | state u8 | fingerprint[32] | created_ms u64 | expires_ms u64 | cs_pub[32] | event_seq u64
 *            | event_prev[32] | lv8 each: nameplate, id, name, role, customer, ticket, reason
 *   case     sid[16] | time_ms u64 | until_ms u64 | lv16 sealed
 *
 * What the core keeps for itself in a row (`secret`, whence the tokens) is not in it.
 */
#ifndef RELAY_STORE_PACK_H
#define RELAY_STORE_PACK_H

#include "proto/util/buf.h"
#include "relay/store/store.h"

/** False, and nothing was put: it does not fit. */
bool store_pack_entry(struct proto_buf *out, const struct relay_store_entry *entry);
bool store_pack_session(struct proto_buf *out, const struct relay_store_session *row);

/** Borrowed parts of `out` point into the bytes; `line` (PROTO_LOG_EVIDENCE_LINE_MAX) gets a copy with a NUL. */
PROTO_MUST_USE enum proto_err store_unpack_entry(struct proto_reader *r, struct relay_store_entry *out,
                                                 char line[static PROTO_LOG_EVIDENCE_LINE_MAX]);
PROTO_MUST_USE enum proto_err store_unpack_session(struct proto_reader *r, struct relay_store_session *out);
bool store_pack_case(struct proto_buf *out, const struct relay_store_case *one);
/** `out->sealed` points into the bytes. */
PROTO_MUST_USE enum proto_err store_unpack_case(struct proto_reader *r, struct relay_store_case *out);

#endif
