/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A still at the agent's end: asked for, answered, put together. Each part is in its place or it is asked for again, so
 * what comes out is whole, byte for byte, however often the connection went.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "proto/session/held.h"

#define STILL PROTO_CAPABILITY_STILL

enum { ACKNOWLEDGE_EVERY = PROTO_STILL_WINDOW / 2 };

static void forget(struct still_in *in)
{
    uint32_t last = in->last;

    if (in->bytes)
        sodium_memzero(in->bytes, in->about.len);
    free(in->bytes);
    *in = (struct still_in){.last = last, .wait_ms = PROTO_NEVER};
}

static void tell_have(struct proto_session *s, bool missing)
{
    struct still_in *in = &s->still_in;
    handhold_Data data = {.which_body = handhold_Data_still_have_tag, .body.still_have = {in->id, in->next, missing}};

    in->wait_ms = s->now.mono_ms + PROTO_STILL_WAIT_MS;
    if (!data_send(s, &data))
        in->told_missing = missing;
}

enum proto_err proto_session_still_ask(struct proto_session *s, uint32_t *id, struct proto_now now)
{
    handhold_Data data = {.which_body = handhold_Data_still_ask_tag};
    struct still_in *in = &s->still_in;

    s->now = now;
    if (s->side != SIDE_AGENT || s->ending || s->over || s->goodbye)
        return PROTO_ERR_STATE;
    if (s->held[STILL].state != PROTO_CONSENT_GRANTED)
        return PROTO_ERR_CONSENT;
    if (in->id || s->on_hold || !s->pair.up || !s->held[STILL].now.key)
        return PROTO_ERR_STATE;
    data.body.still_ask.id = in->last + 1;
    enum proto_err err = data_send(s, &data);
    if (err)
        return err;
    *id = in->id = ++in->last;
    in->wait_ms = PROTO_NEVER; /* a person looks at it: that takes as long as it takes */
    return PROTO_OK;
}

void still_answered(struct proto_session *s, const handhold_StillAnswer *answer)
{
    struct still_in *in = &s->still_in;

    if (answer->id != in->id || in->bytes) {
        if (answer->id > in->last || answer->id == in->id)
            session_alarm(s, PROTO_ERR_STATE, "a still came that nobody asked for: it was thrown away");
        return; /* else of one whose consent has ended meanwhile */
    }
    if (answer->outcome != PROTO_STILL_SENDING) {
        uint32_t id = in->id;
        forget(in);
        still_event(s, answer->outcome == PROTO_STILL_DISCARDED ? PROTO_STILL_STEP_DISCARDED : PROTO_STILL_STEP_FAILED,
                    id, NULL);
        return;
    }
    in->bytes = malloc(answer->bytes);
    if (!in->bytes) {
        still_in_end(s);
        return;
    }
    in->about = (struct proto_still){
        .len = answer->bytes, .width = answer->width, .height = answer->height, .mime = still_type(answer->mime)};
    in->parts = answer->parts;
    in->next = 0;
    in->told_missing = false;
    in->wait_ms = s->now.mono_ms + PROTO_STILL_WAIT_MS;
    still_event(s, PROTO_STILL_STEP_SENDING, in->id, &in->about);
}

static void whole(struct proto_session *s)
{
    struct still_in *in = &s->still_in;
    uint32_t id = in->id;
    uint8_t hash[PROTO_HASH_BYTES];

    tell_have(s, false);
    proto_sha256(hash, in->bytes, in->about.len);
    outbox_still_taken(s, in->about.len, hash);
    in->about.bytes = in->bytes;
    still_event(s, PROTO_STILL_STEP_WHOLE, id, &in->about);
    forget(in);
}

static void take_part(struct proto_session *s, const handhold_StillPart *part)
{
    struct still_in *in = &s->still_in;
    size_t at = (size_t)in->next * PROTO_STILL_PART_BYTES, left = in->about.len - at;
    size_t due = left < PROTO_STILL_PART_BYTES ? left : PROTO_STILL_PART_BYTES;

    if (part->part < in->next)
        return; /* it was asked for twice */
    if (part->part > in->next) {
        if (!in->told_missing)
            tell_have(s, true);
        return;
    }
    if (part->bytes.size != due) {
        session_alarm(s, PROTO_ERR_FORMAT, "a part of a still has the wrong size");
        return;
    }
    memcpy(in->bytes + at, part->bytes.bytes, due);
    in->next++;
    in->told_missing = false;
    in->wait_ms = s->now.mono_ms + PROTO_STILL_WAIT_MS;
    if (in->next == in->parts)
        whole(s);
    else if (in->next % ACKNOWLEDGE_EVERY == 0)
        tell_have(s, false);
}

void still_part(struct proto_session *s, const uint8_t *plain, size_t len)
{
    handhold_StillPart *part = malloc(sizeof *part);

    if (part && !proto_message_decode(plain, len, handhold_StillPart_fields, part, sizeof *part) && s->still_in.bytes &&
        part->id == s->still_in.id)
        take_part(s, part);
    else
        s->figures.data_refused++; /* of one that ended, or of none */
    if (part)
        sodium_memzero(part, sizeof *part);
    free(part);
}

void still_key_came(struct proto_session *s)
{
    if (s->still_in.bytes)
        tell_have(s, true);
}

static bool waits(const struct proto_session *s)
{
    return s->still_in.bytes && s->pair.up && s->held[STILL].now.key;
}

int64_t still_deadline(const struct proto_session *s)
{
    return waits(s) ? s->still_in.wait_ms : PROTO_NEVER;
}

void still_tick(struct proto_session *s)
{
    if (waits(s) && s->now.mono_ms >= s->still_in.wait_ms)
        tell_have(s, true);
}

void still_in_end(struct proto_session *s)
{
    uint32_t id = s->still_in.id;

    forget(&s->still_in);
    if (id)
        still_event(s, PROTO_STILL_STEP_FAILED, id, NULL);
}
