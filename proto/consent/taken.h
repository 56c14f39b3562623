/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/consent/taken.h - which notes of its organisation a relay has put in force, as its log says.
 *
 * An older org.note or policy.note is as well signed as the newest, and may let in who was revoked since, or allow what
 * was forbidden. So the relay says in its own chain which number it took, and of that number which text; from then on
 * no lower number and no other text of the same one is a note that it may serve.
 */
#ifndef PROTO_CONSENT_TAKEN_H
#define PROTO_CONSENT_TAKEN_H

#include "proto/consent/statement.h"

enum proto_taken_note { PROTO_TAKEN_ORG, PROTO_TAKEN_POLICY, PROTO_TAKEN_COUNT };

struct proto_taken {
    uint64_t number;                /* 0: none was taken */
    uint8_t hash[PROTO_HASH_BYTES]; /* of its text */
};

/** "org.note", "policy.note": as every folder has them. */
const char *proto_taken_file(enum proto_taken_note which);
/** Takes over what an event of the relay's says (details number, hash); false: it is of something else. In their order.
 */
bool proto_taken_read(struct proto_taken notes[static PROTO_TAKEN_COUNT], const struct proto_event_note *event);
/** May a note of this number and hash be in force behind `newest`? REPLAY: it is older. EXISTS: another of its number.
 */
PROTO_MUST_USE enum proto_err proto_taken_follows(const struct proto_taken *newest, const struct proto_taken *note);

#endif
