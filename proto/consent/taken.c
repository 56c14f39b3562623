/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/consent/taken.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

const char *proto_taken_file(enum proto_taken_note which)
{
    static const char *const names[PROTO_TAKEN_COUNT] = {
        [PROTO_TAKEN_ORG] = "org.note", [PROTO_TAKEN_POLICY] = "policy.note"};

    return names[which];
}

static enum proto_taken_note note_of(enum proto_act action)
{
    return action == PROTO_ACT_ORG_TAKEN      ? PROTO_TAKEN_ORG
           : action == PROTO_ACT_POLICY_TAKEN ? PROTO_TAKEN_POLICY
                                              : PROTO_TAKEN_COUNT;
}

bool proto_taken_read(struct proto_taken notes[static PROTO_TAKEN_COUNT], const struct proto_event_note *event)
{
    enum proto_taken_note which = note_of(event->action);
    const char *number = proto_event_note_get(event, "number"), *hash = proto_event_note_get(event, "hash");
    struct proto_taken taken = {0};
    size_t len = 0;

    if (which == PROTO_TAKEN_COUNT || !number || !hash)
        return false;
    taken.number = strtoull(number, NULL, 10);
    if (sodium_hex2bin(taken.hash, sizeof taken.hash, hash, strlen(hash), NULL, &len, NULL) || len != sizeof taken.hash)
        return false;
    notes[which] = taken;
    return true;
}

enum proto_err proto_taken_follows(const struct proto_taken *newest, const struct proto_taken *note)
{
    if (note->number != newest->number)
        return note->number < newest->number ? PROTO_ERR_REPLAY : PROTO_OK;
    return newest->number && memcmp(note->hash, newest->hash, sizeof note->hash) != 0 ? PROTO_ERR_EXISTS : PROTO_OK;
}
