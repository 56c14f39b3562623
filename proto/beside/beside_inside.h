/* SPDX-License-Identifier: Apache-2.0 */
/* proto/beside/beside_inside.h - what the files of the second device share; nobody else includes it. */
#ifndef PROTO_BESIDE_BESIDE_INSIDE_H
#define PROTO_BESIDE_BESIDE_INSIDE_H

#include "proto/beside/beside.h"

/* The first byte of each message between the two devices. */
enum { CPACE1 = 1, CPACE2, M1, M2, SEALED, REFUSED };

/** The channel is down, and the second captures nothing; what links the two stays. */
void beside_fall(struct proto_beside *beside);
/** The first begins: with the code, or with the key of last time. */
enum proto_err beside_call(struct proto_beside *beside);
/** A message of the handshake, CPACE1 to M2. CODE: the other knows another code. */
enum proto_err beside_shake(struct proto_beside *beside, const uint8_t *bytes, size_t len);

/* flow.c: nothing is captured and nothing is under way; the channel stands; something came through it */
void beside_rest(struct proto_beside *beside);
enum proto_beside_kind beside_up(struct proto_beside *beside, int64_t now_ms);
enum proto_beside_kind beside_data(struct proto_beside *beside, const handhold_BesideData *data, int64_t now_ms);

#endif
