/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's voice, the one stream that goes the other way. It lives under the same consent and the same released key
 * as the customer's: the sender stands in the KID, and key and salt are made from it (RFC 9605 §4.4.2), so the two
 * directions share no key. It dies with the grant at both ends.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/session/grants.h"
#include "proto/session/held.h"

static uint64_t reply_kid(uint32_t epoch, uint8_t stream)
{
    return proto_kid(epoch, PROTO_INDEX_AGENT, stream);
}

enum proto_err talk_key_new(struct proto_sframe_key **out, uint32_t epoch, uint8_t stream,
                            const uint8_t base_key[static PROTO_KEY_BYTES])
{
    return proto_sframe_key_new(out, PROTO_SFRAME_AES_256_GCM_SHA512_128, reply_kid(epoch, stream), base_key,
                                PROTO_KEY_BYTES);
}

static void additional_data(const struct proto_session *s, const uint8_t *message,
                            uint8_t meta[static PROTO_MEDIA_HEADER_BYTES + PROTO_HASH_BYTES])
{
    memcpy(meta, message, PROTO_MEDIA_HEADER_BYTES);
    memcpy(meta + PROTO_MEDIA_HEADER_BYTES, s->ctx, sizeof s->ctx);
}

/* ---------------------------------------------------------------- the agent's end */

bool proto_session_may_talk(const struct proto_session *s)
{
    return s->side == SIDE_AGENT && s->pair.up && !s->ending && !s->on_hold &&
           s->held[PROTO_CAPABILITY_MICROPHONE].now.reply != NULL;
}

bool proto_session_is_heard(const struct proto_session *s)
{
    return proto_session_may_talk(s) && s->heard && !s->paused;
}

enum proto_err proto_session_push_voice(struct proto_session *s, const struct proto_frame *frame, struct proto_now now)
{
    struct held *held = &s->held[PROTO_CAPABILITY_MICROPHONE];
    uint8_t meta[PROTO_MEDIA_HEADER_BYTES + PROTO_HASH_BYTES];
    size_t sealed = 0;

    s->now = now;
    if (!proto_session_is_heard(s))
        return PROTO_ERR_CONSENT;
    if (!frame->len || frame->len > PROTO_MAX_VOICE_BYTES)
        return PROTO_ERR_RANGE;
    uint64_t kid = reply_kid(proto_kid_epoch(held->now.kid), held->stream);
    size_t room = proto_sframe_header_len(kid, held->now.replies) + frame->len + PROTO_SFRAME_TAG_BYTES;
    struct outq_message *message = outq_message_new(held->stream, PROTO_MEDIA_HEADER_BYTES + room);
    if (!message)
        return PROTO_ERR_NOMEM;
    message->voice = true;
    const struct proto_media_header header = {
        .flags = held->now.replies ? 0 : PROTO_MEDIA_EPOCH_START,
        .src = PROTO_INDEX_AGENT,
        .stream = held->stream,
        .class = PROTO_CLASS_AUDIO,
        .ts_ms = (uint32_t)(frame->capture_mono_ms - s->start_ms),
        .obj = ++held->spoken,
    };
    proto_media_header_write(message->bytes, &header);
    additional_data(s, message->bytes, meta);
    enum proto_err err = proto_sframe_seal(held->now.reply, held->now.replies++, meta, sizeof meta, frame->bytes,
                                           frame->len, message->bytes + PROTO_MEDIA_HEADER_BYTES, room, &sealed);
    if (err) {
        free(message);
        return err;
    }
    if (!outq_append(&s->out, message))
        return PROTO_ERR_FULL;
    s->figures.frames_sealed++;
    return PROTO_OK;
}

/* ---------------------------------------------------------------- the customer's end */

static bool may_be_heard(const struct proto_session *s, const struct grant *grant, const struct proto_media_header *h,
                         uint64_t kid, uint64_t counter)
{
    return (grant->phase == GRANT_LIVE || grant->phase == GRANT_RELEASING) && grant->reply && !s->paused &&
           h->src == PROTO_INDEX_AGENT && h->class == PROTO_CLASS_AUDIO && h->stream == grant->stream &&
           kid == reply_kid(grant->epoch, grant->stream) && proto_replay_fresh(&grant->replay, counter);
}

void talk_media(struct proto_session *s, const uint8_t *message, size_t len)
{
    struct grant *grant = &s->grants[PROTO_CAPABILITY_MICROPHONE];
    uint8_t meta[PROTO_MEDIA_HEADER_BYTES + PROTO_HASH_BYTES];
    const uint8_t *frame = message + PROTO_MEDIA_HEADER_BYTES;
    size_t frame_len = len - PROTO_MEDIA_HEADER_BYTES, header_len, opened = 0;
    struct proto_media_header header;
    uint64_t kid, counter;

    if (proto_media_header_parse(message, len, &header) ||
        proto_sframe_header_parse(frame, frame_len, &kid, &counter, &header_len) ||
        !may_be_heard(s, grant, &header, kid, counter) || frame_len > PROTO_MAX_VOICE_BYTES + 64) {
        s->figures.frames_refused++;
        return;
    }
    struct event_node *node = events_make(PROTO_EVENT_MEDIA, sizeof header + frame_len);
    if (!node)
        return;
    additional_data(s, message, meta);
    if (proto_sframe_open(grant->reply, meta, sizeof meta, frame, frame_len, node->store + sizeof header, frame_len,
                          &opened)) {
        s->figures.frames_refused++;
        free(node);
        return;
    }
    proto_replay_take(&grant->replay, counter);
    s->figures.frames_opened++;
    memcpy(node->store, &header, sizeof header);
    node->event.media.capability = PROTO_CAPABILITY_MICROPHONE;
    node->event.media.header = (const struct proto_media_header *)(const void *)node->store;
    node->event.media.bytes = node->store + sizeof header;
    node->event.media.len = opened;
    events_append(&s->events, node);
}
