/* SPDX-License-Identifier: Apache-2.0 */
/* A recording: sealed as it is written, whole when it is opened, readable after a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <libavformat/avformat.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/desk/record.h"
#include "proto/host/world.h"
#include "proto/seal/box.h"
#include "proto/seal/vault.h"

enum { FRAMES = 90, FRAME_BYTES = 3000, LENGTH_MS = 3300 /* the last picture is of 2966 */ };

static struct {
    char dir[64], sealed[96], opened[96];
    uint8_t secret[32], public_key[32], hash[32];
    uint64_t bytes;
} t;

static int begin(void **state)
{
    (void)state;
    strcpy(t.dir, "/tmp/handhold-record-XXXXXX");
    if (!mkdtemp(t.dir))
        return -1;
    snprintf(t.sealed, sizeof t.sealed, "%s/a.hhr", t.dir);
    snprintf(t.opened, sizeof t.opened, "%s/a.webm", t.dir);
    memset(t.secret, 7, sizeof t.secret);
    proto_box_public_key(t.public_key, t.secret);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    unlink(t.sealed);
    unlink(t.opened);
    return rmdir(t.dir);
}

/* A VP8 key frame's header (RFC 6386, 9.1), and a text behind it that nobody should find on the disk. */
static void fill(uint8_t *frame, bool key, int n)
{
    memset(frame, n, FRAME_BYTES);
    frame[0] = key ? 0x10 : 0x11;
    if (key)
        memcpy(frame + 3, "\x9d\x01\x2a\x00\x05\xd0\x02", 7);
    memcpy(frame + 100, "THE-CUSTOMER-SHOWED-THIS", 24);
}

static struct agent_desk_record *recorded(void)
{
    const struct proto_random random = host_random();
    struct agent_desk_record *record;
    uint8_t frame[FRAME_BYTES], voice[40] = {0x78};

    assert_int_equal(agent_desk_record_new(&record, t.sealed, t.public_key, &random), PROTO_OK);
    for (int i = 0; i < FRAMES; i++) {
        int64_t at_ms = i * 1000 / 30;

        fill(frame, i % 60 == 2, i);
        assert_int_equal(agent_desk_record_picture(record, frame, sizeof frame, i % 60 == 2, at_ms, 1280, 720),
                         PROTO_OK);
        if (i > 2) {
            assert_int_equal(agent_desk_record_voice(record, false, voice, sizeof voice, at_ms), PROTO_OK);
            assert_int_equal(agent_desk_record_voice(record, true, voice, sizeof voice, at_ms), PROTO_OK);
        }
        if (i == 30)
            assert_int_equal(agent_desk_record_text(record, "agent drew: arrow", at_ms), PROTO_OK);
    }
    return record;
}

static uint8_t *read_file(const char *path, size_t *len)
{
    struct stat about;
    FILE *file = fopen(path, "rb");
    uint8_t *bytes;

    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &about), 0);
    *len = (size_t)about.st_size;
    bytes = malloc(*len + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *len, file), *len);
    fclose(file);
    return bytes;
}

/* Opens as much as opens; true: it has its end. */
static bool open_it(size_t use)
{
    uint8_t plain[PROTO_VAULT_RECORD_BYTES], *bytes;
    struct proto_vault vault;
    const uint8_t *in;
    FILE *out = fopen(t.opened, "wb");
    size_t len, left;
    uint64_t offset;
    bool ended;

    assert_non_null(out);
    bytes = read_file(t.sealed, &left);
    left = use && use < left ? use : left;
    assert_int_equal(proto_vault_open(&vault, bytes, t.public_key, t.secret), PROTO_OK);
    in = bytes + PROTO_VAULT_HEAD_BYTES;
    left -= PROTO_VAULT_HEAD_BYTES;
    while (!vault.ended && proto_vault_read(&vault, &in, &left, &offset, plain, &len) == PROTO_OK) {
        assert_int_equal(vault.ended ? 0 : fseek(out, (long)offset, SEEK_SET), 0);
        assert_int_equal(fwrite(plain, 1, len, out), len);
    }
    ended = vault.ended;
    proto_vault_clear(&vault);
    free(bytes);
    fclose(out);
    return ended;
}

struct found {
    int tracks, pictures, voices, texts;
    double last_s, duration_s;
};

static struct found look(void)
{
    struct found found = {0};
    AVFormatContext *in = NULL;
    AVPacket packet;

    assert_true(avformat_open_input(&in, t.opened, NULL, NULL) >= 0);
    found.tracks = (int)in->nb_streams;
    found.duration_s = (double)in->duration / AV_TIME_BASE;
    while (av_read_frame(in, &packet) >= 0) {
        const AVStream *stream = in->streams[packet.stream_index];
        double at = (double)packet.pts * av_q2d(stream->time_base);

        found.pictures += stream->codecpar->codec_id == AV_CODEC_ID_VP8;
        found.voices += stream->codecpar->codec_id == AV_CODEC_ID_OPUS;
        found.texts += stream->codecpar->codec_id == AV_CODEC_ID_WEBVTT;
        found.last_s = at > found.last_s ? at : found.last_s;
        av_packet_unref(&packet);
    }
    avformat_close_input(&in);
    return found;
}

static void a_recording_opens_whole_and_in_step(void **state)
{
    struct agent_desk_record *record = recorded();
    struct found found;

    (void)state;
    assert_int_equal(agent_desk_record_stop(record, LENGTH_MS, &t.bytes, t.hash), PROTO_OK);
    agent_desk_record_free(record);
    assert_true(open_it(0));
    found = look();
    assert_int_equal(found.tracks, 4);
    assert_int_equal(found.pictures, FRAMES - 2); /* those before the first key frame are left out */
    assert_int_equal(found.voices, 2 * (FRAMES - 3));
    assert_int_equal(found.texts, 3); /* with beginning and end */
    assert_true(found.duration_s > 3.29 && found.duration_s < 3.31);
}

static void nothing_of_it_is_clear_on_the_disk(void **state)
{
    struct agent_desk_record *record = recorded();
    uint8_t hash[32], *bytes;
    size_t len;

    (void)state;
    bytes = read_file(t.sealed, &len); /* while it is being written */
    assert_true(len > FRAMES * FRAME_BYTES / 2);
    assert_null(memmem(bytes, len, "THE-CUSTOMER", 12));
    assert_null(memmem(bytes, len, "webm", 4));
    free(bytes);
    assert_int_equal(agent_desk_record_stop(record, LENGTH_MS, &t.bytes, t.hash), PROTO_OK);
    agent_desk_record_free(record);
    bytes = read_file(t.sealed, &len);
    assert_null(memmem(bytes, len, "THE-CUSTOMER", 12));
    assert_int_equal(len, t.bytes);
    crypto_hash_sha256(hash, bytes, len);
    assert_memory_equal(hash, t.hash, sizeof hash);
    free(bytes);
}

static void a_crash_leaves_a_readable_file(void **state)
{
    struct agent_desk_record *record = recorded();
    struct found found;

    (void)state;
    agent_desk_record_free(record); /* without stop, as when the program is killed */
    assert_false(open_it(0));
    found = look();
    assert_true(found.pictures >= FRAMES - 2 - 31 && found.tracks == 4); /* a second at most is missing */
    assert_false(open_it(100000));                                       /* and cut off in the middle of a record */
    assert_true(look().pictures > 10);
}

static void what_was_altered_does_not_open(void **state)
{
    struct agent_desk_record *record = recorded();
    uint8_t plain[PROTO_VAULT_RECORD_BYTES], *bytes, other[32] = {9};
    struct proto_vault vault;
    const uint8_t *in;
    size_t len, left;
    uint64_t offset;

    (void)state;
    assert_int_equal(agent_desk_record_stop(record, LENGTH_MS, &t.bytes, t.hash), PROTO_OK);
    agent_desk_record_free(record);
    bytes = read_file(t.sealed, &left);
    assert_int_equal(proto_vault_open(&vault, bytes, t.public_key, other), PROTO_ERR_CRYPTO);
    assert_int_equal(proto_vault_open(&vault, bytes, t.public_key, t.secret), PROTO_OK);
    bytes[PROTO_VAULT_HEAD_BYTES + 20] ^= 1;
    in = bytes + PROTO_VAULT_HEAD_BYTES;
    left -= PROTO_VAULT_HEAD_BYTES;
    assert_int_equal(proto_vault_read(&vault, &in, &left, &offset, plain, &len), PROTO_ERR_CRYPTO);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_recording_opens_whole_and_in_step, begin, finish),
        cmocka_unit_test_setup_teardown(nothing_of_it_is_clear_on_the_disk, begin, finish),
        cmocka_unit_test_setup_teardown(a_crash_leaves_a_readable_file, begin, finish),
        cmocka_unit_test_setup_teardown(what_was_altered_does_not_open, begin, finish),
    };

    av_log_set_level(AV_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
