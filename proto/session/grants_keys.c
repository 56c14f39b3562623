/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and what they seal: the one place where a media key is born or dies, and where a frame meets one. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "proto/session/grants.h"

const struct grant_travel *grant_travel_of(enum proto_capability capability)
{
    static const struct grant_travel travels[PROTO_CAPABILITY_COUNT] = {
        [PROTO_CAPABILITY_CAMERA] = {PROTO_CLASS_VIDEO, 3, true},
        [PROTO_CAPABILITY_MICROPHONE] = {PROTO_CLASS_AUDIO, 0, true},
        [PROTO_CAPABILITY_DEVICE_STATE] = {PROTO_CLASS_RELIABLE, 1, true},
        [PROTO_CAPABILITY_STILL] = {PROTO_CLASS_BULK, 2, true},
        [PROTO_CAPABILITY_LOCATION] = {PROTO_CLASS_RELIABLE, 1, true},
    };

    return &travels[capability];
}

uint64_t grant_kid(const struct grant *grant)
{
    return proto_kid(grant->epoch, PROTO_INDEX_CUSTOMER, grant->stream);
}

enum proto_capability grants_by_stream(const struct proto_session *s, uint8_t stream)
{
    for (int c = 1; stream && c < PROTO_CAPABILITY_COUNT; c++)
        if (s->grants[c].stream == stream)
            return (enum proto_capability)c;
    return PROTO_CAPABILITY_NONE;
}

void grant_wipe_key(struct proto_session *s, struct grant *grant)
{
    proto_sframe_key_free(grant->key);
    grant->key = NULL;
    proto_sframe_key_free(grant->reply);
    grant->reply = NULL;
    grant->replay = (struct proto_replay){0};
    sodium_memzero(grant->base_key, sizeof grant->base_key);
    outq_purge(&s->out, grant->stream); /* captured before, not sent yet: nobody is to open it any more */
}

static void draw_stream(struct proto_session *s, struct grant *grant)
{
    uint8_t stream = 0;

    while (!grant->stream) {
        proto_random_fill(&s->random, &stream, 1);
        stream &= PROTO_MAX_STREAM;
        if (stream && !grants_by_stream(s, stream))
            grant->stream = stream;
    }
}

enum proto_err grant_make_key(struct proto_session *s, struct grant *grant)
{
    grant_wipe_key(s, grant);
    draw_stream(s, grant);
    grant->epoch = ++s->next_epoch;
    grant->counter = 0;
    grant->rotate_ms = s->now.mono_ms + PROTO_EPOCH_MS;
    proto_random_fill(&s->random, grant->base_key, sizeof grant->base_key);
    proto_key_commit(grant->key_commit, grant_kid(grant), grant->base_key);
    enum proto_err err = proto_sframe_key_new(&grant->key, PROTO_SFRAME_AES_256_GCM_SHA512_128, grant_kid(grant),
                                              grant->base_key, sizeof grant->base_key);
    if (!err && grant == &s->grants[PROTO_CAPABILITY_MICROPHONE])
        err = talk_key_new(&grant->reply, grant->epoch, grant->stream, grant->base_key);
    return err;
}

bool proto_session_may_send(const struct proto_session *s, enum proto_capability capability)
{
    return proto_capability_label(capability) && s->grants[capability].phase == GRANT_LIVE &&
           s->grants[capability].key && !s->paused && grant_travel_of(capability)->media;
}

static struct proto_media_header header_of(const struct proto_session *s, enum proto_capability capability,
                                           const struct proto_frame *frame)
{
    const struct grant *grant = &s->grants[capability];
    unsigned flags = (frame->key ? PROTO_MEDIA_KEY : 0u) | (frame->discardable ? PROTO_MEDIA_DISCARDABLE : 0u) |
                     (grant_travel_of(capability)->class == PROTO_CLASS_RELIABLE ? PROTO_MEDIA_RELIABLE : 0u) |
                     (grant->counter == 0 ? PROTO_MEDIA_EPOCH_START : 0u);

    return (struct proto_media_header){
        .flags = (uint8_t)flags,
        .src = PROTO_INDEX_CUSTOMER,
        .stream = grant->stream,
        .tid = frame->tid,
        .class = grant_travel_of(capability)->class,
        .prio = grant_travel_of(capability)->prio,
        .tl0 = grant->tl0,
        .ts_ms = (uint32_t)(frame->capture_mono_ms - s->start_ms),
        .obj = grant->object,
    };
}

enum proto_err proto_session_push_frame(struct proto_session *s, enum proto_capability capability,
                                        const struct proto_frame *frame, struct proto_now now)
{
    s->now = now;
    if (capability == PROTO_CAPABILITY_STILL)
        return PROTO_ERR_ARGUMENT; /* whole, and seen by the person: proto_session_still_send() */
    return grant_push(s, capability, frame);
}

enum proto_err grant_push(struct proto_session *s, enum proto_capability capability, const struct proto_frame *frame)
{
    uint8_t meta[PROTO_MEDIA_HEADER_BYTES + PROTO_HASH_BYTES];
    size_t sealed = 0;

    if (!proto_session_may_send(s, capability))
        return PROTO_ERR_CONSENT;
    struct grant *grant = &s->grants[capability];
    if (frame->tid > 7 || frame->len > PROTO_MAX_MEDIA_BYTES - PROTO_MEDIA_HEADER_BYTES - PROTO_SFRAME_OVERHEAD_MAX)
        return PROTO_ERR_RANGE;
    size_t room = proto_sframe_header_len(grant_kid(grant), grant->counter) + frame->len + PROTO_SFRAME_TAG_BYTES;
    if (!outq_has_room(&s->out, grant->stream, PROTO_MEDIA_HEADER_BYTES + room))
        return PROTO_ERR_FULL;
    struct outq_message *message = outq_message_new(grant->stream, PROTO_MEDIA_HEADER_BYTES + room);
    if (!message)
        return PROTO_ERR_NOMEM;
    message->voice = grant_travel_of(capability)->class == PROTO_CLASS_AUDIO;
    if (frame->tid == 0)
        grant->tl0++;
    grant->object++;
    struct proto_media_header header = header_of(s, capability, frame);
    proto_media_header_write(message->bytes, &header);
    memcpy(meta, message->bytes, PROTO_MEDIA_HEADER_BYTES);
    memcpy(meta + PROTO_MEDIA_HEADER_BYTES, s->ctx, sizeof s->ctx);
    enum proto_err err = proto_sframe_seal(grant->key, grant->counter++, meta, sizeof meta, frame->bytes, frame->len,
                                           message->bytes + PROTO_MEDIA_HEADER_BYTES, room, &sealed);
    if (err || !outq_append(&s->out, message)) {
        if (err)
            free(message);
        return err ? err : PROTO_ERR_FULL;
    }
    s->figures.frames_sealed++;
    return PROTO_OK;
}
