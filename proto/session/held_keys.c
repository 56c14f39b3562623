/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's end of the keys: taken only when a statement committed to them, and what they open. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/session/held.h"

static struct held *held_by_stream(struct proto_session *s, uint8_t stream, enum proto_capability *capability)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        if (s->held[c].stream == stream && s->held[c].now.key) {
            *capability = (enum proto_capability)c;
            return &s->held[c];
        }
    }
    return NULL;
}

void held_key_release(struct proto_session *s, const uint8_t *body, size_t len)
{
    struct proto_reader r = proto_reader_of(body, len);
    uint8_t base_key[PROTO_KEY_BYTES], stmt_hash[32], commit[32];
    enum proto_capability capability = (enum proto_capability)proto_read_u8(&r);
    uint8_t class = proto_read_u8(&r), sender = proto_read_u8(&r), stream = proto_read_u8(&r);
    uint32_t epoch = proto_read_u32(&r);
    uint16_t suite = proto_read_u16(&r);
    uint32_t ttl_s = proto_read_u32(&r);
    enum proto_err err = PROTO_ERR_CONSENT;
    bool late = s->ending || s->on_hold; /* it crossed our good-bye, our hold, or the end of the time */

    proto_read_into(&r, base_key, sizeof base_key);
    proto_read_into(&r, stmt_hash, sizeof stmt_hash);
    (void)class; /* how frames travel is in their headers, under seal */
    (void)ttl_s; /* the customer's end and the relay keep the time; a withdrawal follows */
    if (!r.failed && !proto_reader_left(&r) && proto_capability_label(capability) && sender == PROTO_INDEX_CUSTOMER &&
        stream && stream <= PROTO_MAX_STREAM && suite == PROTO_SFRAME_AES_256_GCM_SHA512_128) {
        struct held *held = &s->held[capability];
        uint64_t kid = proto_kid(epoch, sender, stream);
        struct proto_sframe_key *key = NULL, *reply = NULL;

        late = late || held->state == PROTO_CONSENT_EXPIRED;
        proto_key_commit(commit, kid, base_key);
        /* Only the key that a live statement committed to: two viewers cannot be given two keys for one stream. */
        if (held->epoch && held->epoch == epoch && !sodium_memcmp(held->stmt_hash, stmt_hash, sizeof stmt_hash) &&
            !sodium_memcmp(held->key_commit, commit, sizeof commit) && !late &&
            (!held->now.key || held->now.kid != kid))
            err = proto_sframe_key_new(&key, (enum proto_sframe_suite)suite, kid, base_key, sizeof base_key);
        if (!err && capability == PROTO_CAPABILITY_MICROPHONE && talk_key_new(&reply, epoch, stream, base_key)) {
            proto_sframe_key_free(key);
            err = PROTO_ERR_NOMEM;
        }
        if (!err) {
            handhold_KeyAck ack = {.kid = kid};
            held_key_clear(&held->before);
            held->before = held->now;
            held->now = (struct held_key){.key = key, .reply = reply, .kid = kid};
            held->stream = stream;
            pair_send_message(s, PROTO_CONTROL_KEY_ACK, handhold_KeyAck_fields, &ack);
            if (held->state != PROTO_CONSENT_GRANTED)
                held_change_state(s, capability, PROTO_CONSENT_GRANTED, held->purpose);
            if (capability == PROTO_CAPABILITY_STILL)
                still_key_came(s);
        }
    }
    sodium_memzero(base_key, sizeof base_key);
    if (err && !late)
        session_alarm(s, err, "a key came that no statement of the customer committed to: it was thrown away");
}

void held_key_retire(struct proto_session *s, uint64_t kid)
{
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        if (s->held[c].now.key && s->held[c].now.kid == kid)
            held_key_clear(&s->held[c].now);
        if (s->held[c].before.key && s->held[c].before.kid == kid)
            held_key_clear(&s->held[c].before);
    }
}

/* ---------------------------------------------------------------- frames */

static int64_t capture_time(const struct proto_session *s, uint32_t ts_ms)
{
    if (s->pair.best_rtt_ms < 0)
        return 0;
    return (int64_t)ts_ms - s->pair.offset_ms;
}

static void deliver(struct proto_session *s, enum proto_capability capability, const struct proto_media_header *header,
                    struct event_node *node, size_t len)
{
    struct proto_media_header *copy = (struct proto_media_header *)(void *)node->store;

    *copy = *header;
    node->event.media.capability = capability;
    node->event.media.header = copy;
    node->event.media.bytes = node->store + sizeof *copy;
    node->event.media.len = len;
    node->event.media.capture_mono_ms = capture_time(s, header->ts_ms);
}

static void refuse_frame(struct proto_session *s)
{
    s->figures.frames_refused++;
}

/* What is behind a frame that opened: may a decoder see it? */
static bool passes(struct proto_session *s, enum proto_capability capability, const struct proto_media_header *header,
                   struct held_key *key, uint64_t counter)
{
    struct held *held = &s->held[capability];

    if (header->flags & PROTO_MEDIA_RELIABLE) {
        if (counter < key->expected || (counter > key->expected && !key->extended))
            session_alarm(s, PROTO_ERR_REPLAY, "the relay left out messages that it must not leave out");
        if (counter < key->expected) {
            refuse_frame(s); /* it was held back: what it says was true once */
            return false;
        }
        key->expected = counter + 1;
        key->extended = false;
        return true;
    }
    if (header->class != PROTO_CLASS_VIDEO)
        return true;
    enum proto_layers_verdict verdict = proto_layers_take(&held->layers, header, counter);
    if (verdict == PROTO_LAYERS_NEED_KEY)
        proto_session_want_key_frame(s, capability, s->now);
    if (verdict == PROTO_LAYERS_LATE)
        refuse_frame(s);
    return verdict == PROTO_LAYERS_PASS;
}

static struct held_key *key_for(struct held *held, uint64_t kid)
{
    if (held->now.key && held->now.kid == kid)
        return &held->now;
    return held->before.key && held->before.kid == kid ? &held->before : NULL;
}

void held_media(struct proto_session *s, const uint8_t *message, size_t len)
{
    uint8_t meta[PROTO_MEDIA_HEADER_BYTES + PROTO_HASH_BYTES];
    enum proto_capability capability = PROTO_CAPABILITY_NONE;
    const uint8_t *frame = message + PROTO_MEDIA_HEADER_BYTES;
    size_t frame_len = len - PROTO_MEDIA_HEADER_BYTES, header_len, opened = 0;
    struct proto_media_header header;
    uint64_t kid, counter;

    if (s->side != SIDE_AGENT || proto_media_header_parse(message, len, &header) ||
        proto_sframe_header_parse(frame, frame_len, &kid, &counter, &header_len) ||
        header.src != proto_kid_sender(kid) || header.stream != proto_kid_stream(kid)) {
        refuse_frame(s);
        return;
    }
    struct held *held = held_by_stream(s, header.stream, &capability);
    struct held_key *key = held ? key_for(held, kid) : NULL;
    if (!key || !proto_replay_fresh(&key->replay, counter)) {
        refuse_frame(s);
        return;
    }
    struct event_node *node = events_make(PROTO_EVENT_MEDIA, sizeof header + frame_len);
    if (!node)
        return;
    memcpy(meta, message, PROTO_MEDIA_HEADER_BYTES);
    memcpy(meta + PROTO_MEDIA_HEADER_BYTES, s->ctx, sizeof s->ctx);
    if (proto_sframe_open(key->key, meta, sizeof meta, frame, frame_len, node->store + sizeof header, frame_len,
                          &opened)) {
        refuse_frame(s);
        free(node);
        return;
    }
    if (!key->replay.next) /* not left to the EPOCH_START flag: that frame may be the one that was lost, or come late */
        held->layers = (struct proto_layers){0};
    proto_replay_take(&key->replay, counter);
    s->figures.frames_opened++;
    media_arrived(s, &header);
    if (key == &held->now)
        held_key_clear(&held->before);          /* the first valid frame of a higher epoch ends the one before */
    if (capability == PROTO_CAPABILITY_STILL) { /* what was taken is noted when it is whole */
        still_part(s, node->store + sizeof header, opened);
        sodium_memzero(node->store, sizeof header + frame_len);
        free(node);
        return;
    }
    if (!held->viewing) {
        held->viewing = true;
        outbox_event(s, PROTO_ACT_VIEWING_STARTED, capability);
    }
    bool passed = passes(s, capability, &header, key, counter);
    if (!passed && header.class != PROTO_CLASS_VIDEO) {
        free(node);
        return;
    }
    deliver(s, capability, &header, node, opened);
    if (!passed) {
        node->event.kind = PROTO_EVENT_MEDIA_VAIN;
        node->event.media.bytes = NULL;
    }
    events_append(&s->events, node);
}

void proto_session_want_key_frame(struct proto_session *s, enum proto_capability capability, struct proto_now now)
{
    enum { KEY_FRAME_EVERY_MS = 300 };

    s->now = now;
    if (!proto_capability_label(capability))
        return;
    struct held *held = &s->held[capability];
    if (s->side != SIDE_AGENT || !held->now.key ||
        (held->key_frame_asked_ms && now.mono_ms < held->key_frame_asked_ms + KEY_FRAME_EVERY_MS))
        return;
    held->key_frame_asked_ms = now.mono_ms;
    held->layers.running = false;
    handhold_KeyFrameRequest message = {.kid = held->now.kid};
    pair_send_message(s, PROTO_CONTROL_KEY_FRAME_REQUEST, handhold_KeyFrameRequest_fields, &message);
}
