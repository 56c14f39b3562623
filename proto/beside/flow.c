/* SPDX-License-Identifier: Apache-2.0 */
/* What the two say once they hear each other: who may capture, how much is under way, and that the first is there. */
#include <stdlib.h>
#include <string.h>

#include "proto/beside/beside_inside.h"

void beside_rest(struct proto_beside *b)
{
    b->capturing = false;
    b->unanswered = 0;
    b->sent = b->acked = b->taken = 0;
    b->beat_ms = PROTO_NEVER;
}

/* ---- the first ---- */

void proto_beside_capture(struct proto_beside *b, bool on)
{
    const handhold_BesideData capture = {.which_body = handhold_BesideData_capture_tag, .body.capture = on};

    b->wanted = on;
    if (b->up && proto_beside_say(b, &capture) == PROTO_OK)
        b->unanswered++;
}

static enum proto_beside_kind first_takes(struct proto_beside *b, const handhold_BesideData *data, int64_t now_ms)
{
    switch (data->which_body) {
    case handhold_BesideData_capture_tag:
        b->unanswered -= b->unanswered > 0;
        return PROTO_BESIDE_NOTHING;
    case handhold_BesideData_frame_tag:
        if (++b->taken % (PROTO_BESIDE_WINDOW / 2) == 0)
            b->beat_ms = now_ms; /* it goes on when it hears how many came */
        return b->wanted && !b->unanswered ? PROTO_BESIDE_DATA : PROTO_BESIDE_NOTHING;
    case handhold_BesideData_about_tag:
        return PROTO_BESIDE_DATA;
    default:
        return PROTO_BESIDE_NOTHING;
    }
}

/* ---- the second ---- */

bool proto_beside_may_tell(const struct proto_beside *b)
{
    return b->up && b->capturing && b->sent - b->acked < PROTO_BESIDE_WINDOW;
}

enum proto_err proto_beside_tell(struct proto_beside *b, const uint8_t *bytes, size_t len)
{
    handhold_BesideData *data = proto_beside_may_tell(b) ? calloc(1, sizeof *data) : NULL;
    enum proto_err err;

    if (!data)
        return PROTO_ERR_FULL;
    data->which_body = handhold_BesideData_frame_tag;
    err = PROTO_SET_BYTES(data->body.frame, bytes, len);
    if (!err)
        err = proto_beside_say(b, data);
    b->sent += !err;
    free(data);
    return err;
}

static enum proto_beside_kind second_takes(struct proto_beside *b, const handhold_BesideData *data)
{
    switch (data->which_body) {
    case handhold_BesideData_capture_tag:
        b->capturing = data->body.capture;
        /* said back before anything else: what came before it was read under an older word */
        return proto_beside_say(b, data) == PROTO_OK ? PROTO_BESIDE_NOTHING : PROTO_BESIDE_BROKEN;
    case handhold_BesideData_beat_tag:
        b->acked = data->body.beat <= b->sent ? data->body.beat : b->sent;
        return PROTO_BESIDE_NOTHING;
    case handhold_BesideData_check_ask_tag:
    case handhold_BesideData_check_cancel_tag:
        return b->capturing ? PROTO_BESIDE_DATA : PROTO_BESIDE_NOTHING;
    case handhold_BesideData_hide_tag:
        return PROTO_BESIDE_DATA;
    default:
        return PROTO_BESIDE_NOTHING;
    }
}

/* ---- both ---- */

enum proto_beside_kind beside_up(struct proto_beside *b, int64_t now_ms)
{
    beside_rest(b);
    b->heard_ms = now_ms;
    if (b->first)
        b->beat_ms = now_ms;
    return PROTO_BESIDE_UP;
}

enum proto_beside_kind beside_data(struct proto_beside *b, const handhold_BesideData *data, int64_t now_ms)
{
    b->heard_ms = now_ms;
    if (!b->first && !b->met) {
        b->met = true;
        proto_invite_code_clear(&b->code);
    }
    return b->first ? first_takes(b, data, now_ms) : second_takes(b, data);
}

void proto_beside_tick(struct proto_beside *b, int64_t now_ms)
{
    const handhold_BesideData beat = {.which_body = handhold_BesideData_beat_tag, .body.beat = b->taken};

    if (b->capturing && now_ms - b->heard_ms >= PROTO_BESIDE_SILENT_MS)
        b->capturing = false;
    if (!b->up || now_ms < b->beat_ms)
        return;
    b->beat_ms = now_ms + PROTO_BESIDE_BEAT_MS;
    (void)!proto_beside_say(b, &beat);
}

int64_t proto_beside_deadline(const struct proto_beside *b)
{
    if (!b->up)
        return PROTO_NEVER;
    return b->first ? b->beat_ms : b->capturing ? b->heard_ms + PROTO_BESIDE_SILENT_MS : PROTO_NEVER;
}
