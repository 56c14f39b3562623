/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/record.h"

#include <errno.h>
#include <fcntl.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/seal/vault.h"
#include "proto/util/buf.h"

enum { IO_BYTES = 32768, VOICE_HZ = 48000, VOICE_MS = 20, TEXT_MS = 3000, TEXTS_MAX = 32, TEXT_BYTES = 512 };

enum track { PICTURE, VOICE_THEIRS, VOICE_MINE, TEXT, TRACKS };

/* It is written when it is known how long it is shown: for TEXT_MS, but not beyond the recording's end. */
struct text {
    int64_t at_ms;
    char words[TEXT_BYTES];
};

struct agent_desk_record {
    int fd; /* owned; -1 once it is closed */
    struct proto_vault vault;
    struct proto_buf sealed; /* what is about to be written */
    crypto_hash_sha256_state hash;
    uint64_t bytes;         /* on the disk */
    int64_t at;             /* where the muxer writes next */
    AVFormatContext *muxer; /* owned */
    bool begun, failed;
    bool shown;        /* a key frame was there: what follows can be decoded */
    int64_t newest_ms; /* of picture and voice */
    struct text texts[TEXTS_MAX];
    size_t text_count;
    int64_t last_ms[TRACKS]; /* time stamps rise, whatever a stranger says */
};

/* ---- sealed bytes to the disk ---- */

static bool write_all(struct agent_desk_record *r)
{
    const uint8_t *at = r->sealed.bytes;
    size_t left = r->sealed.failed ? 0 : r->sealed.len;

    crypto_hash_sha256_update(&r->hash, at, left);
    r->bytes += left;
    while (left > 0) {
        ssize_t done = write(r->fd, at, left);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            break;
        at += done;
        left -= (size_t)done;
    }
    r->failed = r->failed || left > 0 || r->sealed.failed;
    proto_buf_clear(&r->sealed);
    return !r->failed;
}

static int on_write(void *context, uint8_t *bytes, int len)
{
    struct agent_desk_record *r = context;

    if (r->failed || proto_vault_seal(&r->vault, (uint64_t)r->at, bytes, (size_t)len, &r->sealed) != PROTO_OK ||
        !write_all(r)) {
        r->failed = true;
        return AVERROR(EIO);
    }
    r->at += len;
    return len;
}

static int64_t on_seek(void *context, int64_t offset, int whence)
{
    struct agent_desk_record *r = context;

    if (whence != SEEK_SET || offset < 0)
        return AVERROR(EINVAL);
    r->at = offset;
    return offset;
}

/* ---- the file ---- */

static bool add_track(struct agent_desk_record *r, enum AVMediaType type, enum AVCodecID codec, const char *title)
{
    AVStream *stream = avformat_new_stream(r->muxer, NULL);

    if (!stream)
        return false;
    stream->codecpar->codec_type = type;
    stream->codecpar->codec_id = codec;
    stream->time_base = (AVRational){1, 1000};
    return av_dict_set(&stream->metadata, "title", title, 0) >= 0;
}

/* OpusHead, RFC 7845 section 5.1: version 1, one channel, no pre-skip, 48 kHz, no gain. */
static bool describe_voice(AVCodecParameters *parameters)
{
    static const uint8_t head[19] = {'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 1, 0, 0, 0x80, 0xbb, 0, 0, 0, 0, 0};

    parameters->sample_rate = VOICE_HZ;
    parameters->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_MONO;
    parameters->extradata = av_mallocz(sizeof head + AV_INPUT_BUFFER_PADDING_SIZE);
    if (!parameters->extradata)
        return false;
    memcpy(parameters->extradata, head, sizeof head);
    parameters->extradata_size = sizeof head;
    return true;
}

static bool make_muxer(struct agent_desk_record *r)
{
    uint8_t *buffer = av_malloc(IO_BYTES);
    AVIOContext *io = NULL;

    if (buffer && avformat_alloc_output_context2(&r->muxer, NULL, "webm", NULL) >= 0)
        io = avio_alloc_context(buffer, IO_BYTES, 1, r, NULL, on_write, on_seek);
    if (!io) {
        av_free(buffer);
        return false;
    }
    r->muxer->pb = io;
    r->muxer->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
    return add_track(r, AVMEDIA_TYPE_VIDEO, AV_CODEC_ID_VP8, "customer's camera") &&
           add_track(r, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_OPUS, "customer's voice") &&
           add_track(r, AVMEDIA_TYPE_AUDIO, AV_CODEC_ID_OPUS, "agent's voice") &&
           add_track(r, AVMEDIA_TYPE_SUBTITLE, AV_CODEC_ID_WEBVTT, "marks") &&
           describe_voice(r->muxer->streams[VOICE_THEIRS]->codecpar) &&
           describe_voice(r->muxer->streams[VOICE_MINE]->codecpar);
}

/* A cluster each second, and nothing kept back: what was recorded is on the disk when the machine stops. */
static bool begin(struct agent_desk_record *r, int width, int height)
{
    AVDictionary *options = NULL;
    int code;

    r->muxer->streams[PICTURE]->codecpar->width = width;
    r->muxer->streams[PICTURE]->codecpar->height = height;
    av_dict_set(&options, "cluster_time_limit", "1000", 0);
    code = avformat_write_header(r->muxer, &options);
    av_dict_free(&options);
    r->begun = code >= 0;
    r->failed = r->failed || !r->begun;
    avio_flush(r->muxer->pb);
    return r->begun && !r->failed;
}

static enum proto_err put(struct agent_desk_record *r, enum track track, const uint8_t *bytes, size_t len, bool key,
                          int64_t at_ms, int64_t duration_ms)
{
    AVPacket *packet;
    AVRational base = {1, 1000};

    if (r->failed)
        return PROTO_ERR_IO;
    if (at_ms < 0 || at_ms < r->last_ms[track])
        return PROTO_OK; /* before the beginning, or late */
    packet = av_packet_alloc();
    if (!packet || av_new_packet(packet, (int)len) < 0) {
        av_packet_free(&packet);
        return PROTO_ERR_NOMEM;
    }
    memcpy(packet->data, bytes, len);
    packet->stream_index = (int)track;
    packet->pts = packet->dts = at_ms;
    packet->duration = duration_ms;
    packet->flags = key ? AV_PKT_FLAG_KEY : 0;
    av_packet_rescale_ts(packet, base, r->muxer->streams[track]->time_base);
    r->last_ms[track] = at_ms + (track == TEXT ? 0 : 1);
    if (av_write_frame(r->muxer, packet) < 0)
        r->failed = true;
    av_packet_free(&packet);
    avio_flush(r->muxer->pb);
    return r->failed ? PROTO_ERR_IO : PROTO_OK;
}

static enum proto_err put_texts(struct agent_desk_record *r, bool all)
{
    enum proto_err err = PROTO_OK;

    while (r->text_count > 0 && err == PROTO_OK) {
        struct text *first = &r->texts[0];
        int64_t shown_ms = r->newest_ms - first->at_ms;

        if (!all && shown_ms < TEXT_MS)
            break;
        shown_ms = shown_ms < 1 ? 1 : shown_ms > TEXT_MS ? TEXT_MS : shown_ms;
        err = put(r, TEXT, (const uint8_t *)first->words, strlen(first->words), true, first->at_ms, shown_ms);
        memmove(&r->texts[0], &r->texts[1], --r->text_count * sizeof *r->texts);
    }
    return err;
}

static enum proto_err put_media(struct agent_desk_record *r, enum track track, const uint8_t *bytes, size_t len,
                                bool key, int64_t at_ms, int64_t duration_ms)
{
    enum proto_err err = put(r, track, bytes, len, key, at_ms, duration_ms);

    if (at_ms > r->newest_ms)
        r->newest_ms = at_ms;
    return err == PROTO_OK ? put_texts(r, false) : err;
}

/* ---- for the owner ---- */

enum proto_err agent_desk_record_new(struct agent_desk_record **out, const char *path,
                                     const uint8_t evidence_key[static 32], const struct proto_random *random)
{
    struct agent_desk_record *r = calloc(1, sizeof *r);
    enum proto_err err = PROTO_ERR_NOMEM;

    *out = NULL;
    if (!r)
        return err;
    crypto_hash_sha256_init(&r->hash);
    proto_buf_init(&r->sealed, PROTO_VAULT_RECORD_BYTES + PROTO_VAULT_OVERHEAD + PROTO_VAULT_HEAD_BYTES);
    r->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (r->fd < 0) {
        err = PROTO_ERR_IO;
    } else if ((err = proto_vault_begin(&r->vault, evidence_key, random, &r->sealed)) == PROTO_OK) {
        err = !write_all(r) ? PROTO_ERR_IO : make_muxer(r) ? PROTO_OK : PROTO_ERR_NOMEM;
    }
    if (err != PROTO_OK) {
        agent_desk_record_free(r);
        return err;
    }
    *out = r;
    return agent_desk_record_text(r, "the recording begins", 0);
}

enum proto_err agent_desk_record_picture(struct agent_desk_record *r, const uint8_t *bytes, size_t len, bool key,
                                         int64_t at_ms, int width, int height)
{
    if (!r->begun && (!key || at_ms < 0 || !begin(r, width, height)))
        return r->failed ? PROTO_ERR_IO : PROTO_OK;
    r->shown = r->shown || key;
    return r->shown ? put_media(r, PICTURE, bytes, len, key, at_ms, 0) : PROTO_OK;
}

enum proto_err agent_desk_record_voice(struct agent_desk_record *r, bool mine, const uint8_t *bytes, size_t len,
                                       int64_t at_ms)
{
    if (at_ms < 0)
        return PROTO_OK;
    if (!r->begun && !begin(r, 1280, 720))
        return PROTO_ERR_IO;
    return put_media(r, mine ? VOICE_MINE : VOICE_THEIRS, bytes, len, true, at_ms, VOICE_MS);
}

enum proto_err agent_desk_record_text(struct agent_desk_record *r, const char *text, int64_t at_ms)
{
    struct text *next;
    enum proto_err err = PROTO_OK;

    if (r->text_count == TEXTS_MAX && !r->begun)
        return PROTO_OK;
    if (r->text_count == TEXTS_MAX)
        err = put_texts(r, true);
    next = &r->texts[r->text_count++];
    next->at_ms = at_ms < 0 ? 0 : at_ms;
    snprintf(next->words, sizeof next->words, "%s", text);
    return err;
}

enum proto_err agent_desk_record_stop(struct agent_desk_record *r, int64_t at_ms, uint64_t *bytes,
                                      uint8_t hash[static 32])
{
    static const char words[] = "the recording ends";

    if (r->begun && (put_texts(r, true) != PROTO_OK || put(r, TEXT, (const uint8_t *)words, sizeof words - 1, true,
                                                           at_ms > 0 ? at_ms - 1 : 0, 1) != PROTO_OK))
        r->failed = true;
    if (r->begun && !r->failed && av_write_trailer(r->muxer) < 0)
        r->failed = true;
    avio_flush(r->muxer->pb);
    if (!r->failed && (proto_vault_end(&r->vault, &r->sealed) != PROTO_OK || !write_all(r)))
        r->failed = true;
    if (fsync(r->fd) != 0 || close(r->fd) != 0)
        r->failed = true;
    r->fd = -1;
    *bytes = r->bytes;
    crypto_hash_sha256_final(&r->hash, hash);
    return r->failed ? PROTO_ERR_IO : PROTO_OK;
}

void agent_desk_record_free(struct agent_desk_record *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        (void)close(r->fd);
    if (r->muxer && r->muxer->pb) {
        av_freep(&r->muxer->pb->buffer);
        avio_context_free(&r->muxer->pb);
    }
    avformat_free_context(r->muxer);
    proto_vault_clear(&r->vault);
    proto_buf_free(&r->sealed);
    free(r);
}
