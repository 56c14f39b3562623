/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A still at the customer's end: asked for, shown to the person, and only by their tap on its way. It leaves in parts,
 * the next when the one before is gone, so that what is more urgent finds the line free; what was lost on the way goes
 * again from where the agent's end is.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/session/grants.h"

#define STILL PROTO_CAPABILITY_STILL

/* A consent that a lost connection suspends is one: the still waits with it. */
static bool is_granted(const struct proto_session *s)
{
    return s->grants[STILL].phase >= GRANT_RELEASING && s->grants[STILL].logged;
}

static void forget(struct still_out *still)
{
    uint32_t last = still->last;

    if (still->bytes)
        sodium_memzero(still->bytes, still->len);
    free(still->bytes);
    *still = (struct still_out){.last = last};
}

static enum proto_err answer(struct proto_session *s, uint32_t id, enum proto_still_outcome outcome,
                             const struct proto_still *still)
{
    handhold_Data data = {.which_body = handhold_Data_still_answer_tag};
    handhold_StillAnswer *m = &data.body.still_answer;

    m->id = id;
    m->outcome = outcome;
    if (still) {
        m->width = still->width;
        m->height = still->height;
        m->bytes = (uint32_t)still->len;
        m->parts = still_parts(still->len);
        if (PROTO_SET_TEXT(m->mime, still->mime))
            return PROTO_ERR_RANGE;
    }
    return data_send(s, &data);
}

void still_asked(struct proto_session *s, uint32_t id)
{
    struct still_out *still = &s->still_out;

    if (id <= still->last) {
        session_alarm(s, PROTO_ERR_FORMAT, "the agent's end asked for a still under a number that was used");
        return;
    }
    if (s->ending)
        return;
    if (still->bytes) /* who asks for the next one is done with this one */
        still_out_end(s);
    still->last = id;
    if (still->id || !is_granted(s) || s->paused ||
        s->on_hold) { /* a changed agent, or a consent that ended on the way */
        (void)answer(s, id, PROTO_STILL_FAILED, NULL);
        return;
    }
    still->id = id;
    still_event(s, PROTO_STILL_STEP_ASKED, id, NULL);
}

enum proto_err proto_session_still_send(struct proto_session *s, uint32_t id, const struct proto_still *still,
                                        struct proto_now now)
{
    struct still_out *out = &s->still_out;

    s->now = now;
    if (s->side != SIDE_CUSTOMER || s->ending || !id || id != out->id || out->bytes)
        return PROTO_ERR_STATE;
    if (!still->mime || !still_is_sound(still->len, still->width, still->height, still->mime))
        return PROTO_ERR_RANGE;
    if (!is_granted(s))
        return PROTO_ERR_CONSENT;
    uint8_t *copy = malloc(still->len);
    if (!copy)
        return PROTO_ERR_NOMEM;
    enum proto_err err = answer(s, id, PROTO_STILL_SENDING, still);
    if (err) {
        free(copy);
        return err;
    }
    memcpy(copy, still->bytes, still->len);
    out->bytes = copy;
    out->len = still->len;
    out->parts = still_parts(still->len);
    out->next = out->acked = out->sent = 0;
    return PROTO_OK;
}

enum proto_err proto_session_still_discard(struct proto_session *s, uint32_t id, bool failed, struct proto_now now)
{
    struct still_out *out = &s->still_out;

    s->now = now;
    if (s->side != SIDE_CUSTOMER || s->ending || !id || id != out->id || out->bytes)
        return PROTO_ERR_STATE;
    enum proto_err err = answer(s, id, failed ? PROTO_STILL_FAILED : PROTO_STILL_DISCARDED, NULL);
    if (!err)
        forget(out);
    return err;
}

void still_had(struct proto_session *s, const handhold_StillHave *have)
{
    struct still_out *out = &s->still_out;

    if (!out->bytes || have->id != out->id)
        return; /* of one whose consent has ended meanwhile */
    if (have->next > out->sent) {
        session_alarm(s, PROTO_ERR_FORMAT, "the agent's end has more of a still than there is");
        return;
    }
    if (have->next > out->acked)
        out->acked = have->next;
    if (have->next == out->parts) {
        uint32_t id = out->id;
        forget(out);
        still_event(s, PROTO_STILL_STEP_WHOLE, id, NULL);
        return;
    }
    if (have->missing)
        outq_purge(&s->out, s->grants[STILL].stream);
    if (have->missing || have->next > out->next)
        out->next = have->next;
}

static enum proto_err push_part(struct proto_session *s)
{
    struct still_out *out = &s->still_out;
    size_t at = (size_t)out->next * PROTO_STILL_PART_BYTES, left = out->len - at;
    handhold_StillPart *part = calloc(1, sizeof *part);
    struct proto_buf plain;

    if (!part)
        return PROTO_ERR_NOMEM;
    part->id = out->id;
    part->part = out->next;
    proto_buf_init_secret(&plain, PROTO_STILL_PART_BYTES + 64);
    enum proto_err err = PROTO_SET_BYTES(part->bytes, out->bytes + at,
                                         left < sizeof part->bytes.bytes ? left : sizeof part->bytes.bytes);
    if (!err)
        err = proto_message_encode(&plain, handhold_StillPart_fields, part);
    sodium_memzero(part, sizeof *part);
    free(part);
    struct proto_frame frame = {.bytes = plain.bytes, .len = plain.len, .key = true, .capture_mono_ms = s->now.mono_ms};
    if (!err)
        err = grant_push(s, STILL, &frame);
    proto_buf_free(&plain);
    return err;
}

void still_feed(struct proto_session *s)
{
    struct still_out *out = &s->still_out;

    if (!out->bytes || out->next >= out->parts || out->next >= out->acked + PROTO_STILL_WINDOW ||
        !proto_session_may_send(s, STILL) || outq_holds(&s->out, s->grants[STILL].stream))
        return;
    if (push_part(s))
        return;
    out->next++;
    if (out->next > out->sent)
        out->sent = out->next;
}

void still_out_end(struct proto_session *s)
{
    uint32_t id = s->still_out.id;

    forget(&s->still_out);
    if (id)
        still_event(s, PROTO_STILL_STEP_FAILED, id, NULL);
}
