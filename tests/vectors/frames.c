/* SPDX-License-Identifier: Apache-2.0 */
/* Sealed frames: clear header, SFrame under suite 5, the context of a session under the tag. */
#include <stdlib.h>
#include <string.h>

#include "proto/consent/statement.h"
#include "proto/seal/kdf.h"
#include "proto/seal/sframe.h"
#include "proto/wire/header.h"
#include "tests/vectors/write.h"

static const struct row {
    uint32_t epoch;
    uint8_t stream;
    uint64_t counter;
    struct proto_media_header header;
    size_t plain_len;
} rows[] = {
    {1,
     9,
     0,
     {.flags = PROTO_MEDIA_KEY | PROTO_MEDIA_EPOCH_START,
      .class = PROTO_CLASS_VIDEO,
      .prio = 3,
      .tl0 = 1,
      .ts_ms = 40,
      .obj = 1},
     40},
    {1, 9, 1, {.flags = 0, .tid = 1, .class = PROTO_CLASS_VIDEO, .prio = 3, .tl0 = 1, .ts_ms = 73, .obj = 2}, 1200},
    {1,
     9,
     7,
     {.flags = PROTO_MEDIA_DISCARDABLE,
      .tid = 2,
      .class = PROTO_CLASS_VIDEO,
      .prio = 3,
      .tl0 = 3,
      .ts_ms = 273,
      .obj = 8},
     17},
    {1, 9, 8, {.class = PROTO_CLASS_VIDEO, .prio = 3, .tl0 = 4, .ts_ms = 306, .obj = 9}, 1},
    {2,
     63,
     0,
     {.flags = PROTO_MEDIA_KEY | PROTO_MEDIA_RELIABLE | PROTO_MEDIA_EPOCH_START,
      .class = PROTO_CLASS_RELIABLE,
      .prio = 1,
      .obj = 1},
     64},
    {2,
     63,
     255,
     {.flags = PROTO_MEDIA_RELIABLE, .class = PROTO_CLASS_RELIABLE, .prio = 1, .ts_ms = 99999, .obj = 256},
     0},
    {70000, 1, 256, {.class = PROTO_CLASS_AUDIO, .ts_ms = 4000000000u, .obj = 257}, 160},
    {4194303,
     40,
     4194303,
     {.flags = PROTO_MEDIA_KEY,
      .class = PROTO_CLASS_VIDEO,
      .prio = 3,
      .tl0 = 65535,
      .ts_ms = 14399999,
      .obj = 4294967295u},
     333},
    {3,
     17,
     5,
     {.flags = PROTO_MEDIA_END, .sid = 3, .class = PROTO_CLASS_BULK, .prio = 2, .ts_ms = 5, .obj = 77},
     65536},
};

static json_t *frame(const struct row *row, unsigned number, const uint8_t ctx[static 32])
{
    uint8_t base_key[32], commit[32], meta[PROTO_MEDIA_HEADER_BYTES + 32];
    struct proto_media_header header = row->header;
    uint64_t kid = proto_kid(row->epoch, PROTO_INDEX_CUSTOMER, row->stream);
    size_t capacity = PROTO_MEDIA_HEADER_BYTES + row->plain_len + PROTO_SFRAME_OVERHEAD_MAX, sealed = 0;
    uint8_t *plain = malloc(row->plain_len + 1), *message = malloc(capacity);
    struct proto_sframe_key *key;
    json_t *object = json_object();

    if (!plain || !message)
        abort();
    fill(base_key, sizeof base_key, 100 + row->epoch % 50);
    fill(plain, row->plain_len, number);
    header.src = PROTO_INDEX_CUSTOMER;
    header.stream = row->stream;
    proto_media_header_write(message, &header);
    memcpy(meta, message, PROTO_MEDIA_HEADER_BYTES);
    memcpy(meta + PROTO_MEDIA_HEADER_BYTES, ctx, 32);
    MUST(proto_sframe_key_new(&key, PROTO_SFRAME_AES_256_GCM_SHA512_128, kid, base_key, sizeof base_key));
    MUST(proto_sframe_seal(key, row->counter, meta, sizeof meta, plain, row->plain_len,
                           message + PROTO_MEDIA_HEADER_BYTES, capacity - PROTO_MEDIA_HEADER_BYTES, &sealed));
    proto_key_commit(commit, kid, base_key);
    put_big(object, "kid", kid);
    put_number(object, "epoch", row->epoch);
    put_number(object, "stream", row->stream);
    put_big(object, "counter", row->counter);
    put_hex(object, "base_key", base_key, sizeof base_key);
    put_hex(object, "key_commit", commit, sizeof commit);
    put_number(object, "flags", header.flags);
    put_number(object, "src", header.src);
    put_number(object, "tid", header.tid);
    put_number(object, "sid", header.sid);
    put_number(object, "class", header.class);
    put_number(object, "prio", header.prio);
    put_number(object, "tl0", header.tl0);
    put_number(object, "ts_ms", header.ts_ms);
    put_number(object, "obj", header.obj);
    put_hex(object, "clear_header", message, PROTO_MEDIA_HEADER_BYTES);
    put_hex(object, "plaintext", plain, row->plain_len);
    put_hex(object, "message", message, PROTO_MEDIA_HEADER_BYTES + sealed);
    proto_sframe_key_free(key);
    free(plain);
    free(message);
    return object;
}

json_t *vectors_frames(void)
{
    static const char label[] = "handhold/1 ctx";
    uint8_t sid[16], seed[32], cs_pub[32], secret[64], ctx[32];
    json_t *root = json_object(), *frames = json_array();

    fill(sid, sizeof sid, 1);
    make_key(seed, cs_pub, secret, 2);
    proto_sha256_pieces(
        ctx, (const struct proto_piece[]){{label, sizeof label - 1}, {sid, sizeof sid}, {cs_pub, sizeof cs_pub}}, 3);
    put_hex(root, "session", sid, sizeof sid);
    put_hex(root, "cs_pub", cs_pub, sizeof cs_pub);
    put_hex(root, "ctx", ctx, sizeof ctx);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        add(frames, frame(&rows[i], (unsigned)i, ctx));
    put_list(root, "frames", frames);
    return root;
}
