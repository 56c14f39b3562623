/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in front of every message, the frame of sealed control messages, and every message of handhold.proto. */
#include <pb_common.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/message.h"
#include "tests/fuzz/targets.h"

/* ---- header ---- */

static bool feed_header(const uint8_t *bytes, size_t len)
{
    struct proto_envelope envelope;
    struct proto_media_header media;
    uint8_t again[PROTO_MEDIA_HEADER_BYTES];
    bool is_media = len && bytes[0] == PROTO_TYPE_MEDIA;

    if (len)
        (void)proto_type_max_bytes(bytes[0]);
    bool e = !proto_envelope_parse(bytes, len, &envelope), m = !proto_media_header_parse(bytes, len, &media);
    FUZZ_HOLDS(!(e && m));
    if (e) {
        proto_envelope_write(again, (enum proto_type)envelope.type, envelope.src, envelope.dst);
        FUZZ_HOLDS(!is_media && !memcmp(again, bytes, PROTO_ENVELOPE_BYTES));
    }
    if (m) {
        FUZZ_HOLDS(is_media && media.src >= 1 && media.src <= 15 && media.stream >= 1 && media.stream <= 63);
        proto_media_header_write(again, &media);
        FUZZ_HOLDS(!memcmp(again, bytes, PROTO_MEDIA_HEADER_BYTES));
    }
    return e || m;
}

static void seed_header(struct fuzz_seeds *seeds)
{
    static const enum proto_type types[] = {PROTO_TYPE_HANDSHAKE, PROTO_TYPE_CONTROL, PROTO_TYPE_LOG, PROTO_TYPE_RELAY};
    struct proto_media_header media = {.flags = PROTO_MEDIA_KEY | PROTO_MEDIA_EPOCH_START,
                                       .src = 1,
                                       .stream = 17,
                                       .tid = 2,
                                       .class = PROTO_CLASS_VIDEO,
                                       .tl0 = 300,
                                       .ts_ms = 123456,
                                       .obj = 7};
    uint8_t bytes[PROTO_MEDIA_HEADER_BYTES + 40] = {0};
    char name[32];

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        proto_envelope_write(bytes, types[i], 1, 2);
        snprintf(name, sizeof name, "type-%02x", (unsigned)types[i]);
        fuzz_seed_add(seeds, name, bytes, PROTO_ENVELOPE_BYTES + 8);
    }
    proto_media_header_write(bytes, &media);
    fuzz_seed_add(seeds, "media", bytes, sizeof bytes);
}

const struct fuzz_target fuzz_header = {"header", 64, feed_header, seed_header, 0};

/* ---- control ---- */

static bool feed_control(const uint8_t *bytes, size_t len)
{
    enum proto_control msg;
    const uint8_t *body;
    size_t body_len;
    struct proto_buf again;

    if (proto_control_parse(bytes, len, &msg, &body, &body_len))
        return false;
    FUZZ_HOLDS(body_len <= len && (!body_len || (body >= bytes && body + body_len <= bytes + len)));
    proto_buf_init(&again, PROTO_MAX_CONTROL_BYTES);
    FUZZ_READY(proto_control_frame(&again, msg, body, body_len));
    FUZZ_HOLDS(again.len == len && !memcmp(again.bytes, bytes, len));
    proto_buf_free(&again);
    return true;
}

static void seed_control(struct fuzz_seeds *seeds)
{
    struct proto_buf out;
    char name[32];
    uint8_t body[12 * PROTO_CONTROL_COUNT];

    memset(body, 0x5a, sizeof body);
    for (int msg = 1; msg < PROTO_CONTROL_COUNT; msg++) {
        proto_buf_init(&out, PROTO_MAX_CONTROL_BYTES);
        FUZZ_READY(proto_control_frame(&out, (enum proto_control)msg, body, (size_t)msg * 12));
        snprintf(name, sizeof name, "message-%d", msg);
        fuzz_seed_add(seeds, name, out.bytes, out.len);
        proto_buf_free(&out);
    }
}

const struct fuzz_target fuzz_control = {"control", 4096, feed_control, seed_control, 0};

/* ---- message: the first byte chooses which ---- */

#define MESSAGES(X)                                                                                                    \
    X(ToRelay)                                                                                                         \
    X(FromRelay)                                                                                                       \
    X(LogAdd)                                                                                                          \
    X(LogReceipt) X(ConsentRequest) X(Statement) X(StatementAck) X(KeyAck) X(KeyRetire) X(KeyFrameRequest)             \
        X(Heartbeat) X(DataAck) X(Bye) X(Nonce) X(Data) X(StateChange) X(StillPart)

static const struct kind {
    const char *name;
    const pb_msgdesc_t *fields;
    size_t size;
} kinds[] = {
#define KIND(name) {#name, handhold_##name##_fields, sizeof(handhold_##name)},
    MESSAGES(KIND)
#undef KIND
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* What decoded encodes, and that decodes to what encodes the same: one message has one meaning. */
static bool feed_message(const uint8_t *bytes, size_t len)
{
    if (!len)
        return false;
    const struct kind *kind = &kinds[bytes[0] % KINDS];
    void *message = calloc(2, kind->size);
    struct proto_buf first, second;

    FUZZ_HOLDS(message);
    void *twin = (uint8_t *)message + kind->size;
    proto_buf_init(&first, PROTO_MAX_LOG_BYTES);
    proto_buf_init(&second, PROTO_MAX_LOG_BYTES);
    bool accepted = !proto_message_decode(bytes + 1, len - 1, kind->fields, message, kind->size);
    if (accepted) {
        FUZZ_READY(proto_message_encode(&first, kind->fields, message));
        FUZZ_READY(proto_message_decode(first.bytes, first.len, kind->fields, twin, kind->size));
        FUZZ_READY(proto_message_encode(&second, kind->fields, twin));
        FUZZ_HOLDS(first.len == second.len && (!first.len || !memcmp(first.bytes, second.bytes, first.len)));
    }
    proto_buf_free(&first);
    proto_buf_free(&second);
    free(message);
    return accepted;
}

static void fill(const pb_msgdesc_t *fields, void *message, unsigned arm);

static void fill_scalar(const pb_field_iter_t *field)
{
    uint8_t *at = field->pData;
    size_t many = PB_HTYPE(field->type) == PB_HTYPE_REPEATED ? (field->array_size < 6 ? field->array_size : 6) : 1;

    if (PB_HTYPE(field->type) == PB_HTYPE_REPEATED)
        *(pb_size_t *)field->pSize = (pb_size_t)many;
    switch (PB_LTYPE(field->type)) {
    case PB_LTYPE_STRING:
        snprintf((char *)at, field->data_size, "Wort \xc3\xa4 %u", (unsigned)field->tag);
        break;
    case PB_LTYPE_BYTES: {
        pb_bytes_array_t *array = (pb_bytes_array_t *)(void *)at;
        size_t room = field->data_size - offsetof(pb_bytes_array_t, bytes);
        array->size = (pb_size_t)(room < 32 ? room : 32);
        memset(array->bytes, 0x33, array->size);
        break;
    }
    case PB_LTYPE_FIXED_LENGTH_BYTES:
        memset(at, 0x44, field->data_size);
        break;
    case PB_LTYPE_BOOL:
        *at = 1;
        break;
    case PB_LTYPE_FIXED32:
        for (size_t i = 0; i < many; i++)
            memcpy(at + i * field->data_size, &(float){0.25f}, sizeof(float));
        break;
    case PB_LTYPE_FIXED64:
        memcpy(at, &(double){21.5}, sizeof(double));
        break;
    default: /* varints, little-endian as this machine's */
        at[0] = (uint8_t)(1 + field->tag);
        at[field->data_size > 1 ? 1 : 0] |= 1;
    }
}

static void fill_field(const pb_field_iter_t *field)
{
    if (!PB_LTYPE_IS_SUBMSG(field->type)) {
        fill_scalar(field);
        return;
    }
    size_t many = PB_HTYPE(field->type) == PB_HTYPE_REPEATED ? 2 : 1;
    if (many > 1)
        *(pb_size_t *)field->pSize = (pb_size_t)many;
    else if (PB_HTYPE(field->type) == PB_HTYPE_OPTIONAL && field->pSize)
        *(bool *)field->pSize = true;
    for (size_t i = 0; i < many; i++)
        fill(field->submsg_desc, (uint8_t *)field->pData + i * field->data_size, 0);
}

/* Every field gets a value; of a oneof, the arm with this number. */
static void fill(const pb_msgdesc_t *fields, void *message, unsigned arm)
{
    pb_field_iter_t field;
    unsigned seen = 0;

    if (!pb_field_iter_begin(&field, fields, message))
        return;
    do {
        if (PB_HTYPE(field.type) == PB_HTYPE_ONEOF) {
            if (seen++ != arm)
                continue;
            *(pb_size_t *)field.pSize = field.tag;
        }
        fill_field(&field);
    } while (pb_field_iter_next(&field));
}

static unsigned arms_of(const struct kind *kind, void *message)
{
    pb_field_iter_t field;
    unsigned arms = 0;

    if (!pb_field_iter_begin(&field, kind->fields, message))
        return 1;
    do
        arms += PB_HTYPE(field.type) == PB_HTYPE_ONEOF;
    while (pb_field_iter_next(&field));
    return arms ? arms : 1;
}

static void seed_message(struct fuzz_seeds *seeds)
{
    char name[FUZZ_SEED_NAME];
    struct proto_buf out;

    for (size_t i = 0; i < KINDS; i++) {
        void *message = calloc(1, kinds[i].size);
        FUZZ_HOLDS(message);
        for (unsigned arm = 0, arms = arms_of(&kinds[i], message); arm < arms; arm++) {
            memset(message, 0, kinds[i].size);
            fill(kinds[i].fields, message, arm);
            proto_buf_init(&out, PROTO_MAX_LOG_BYTES);
            FUZZ_READY(proto_message_encode(&out, kinds[i].fields, message));
            snprintf(name, sizeof name, "%s-%u", kinds[i].name, arm);
            fuzz_seed_add_as(seeds, name, (uint8_t)i, out.bytes, out.len);
            proto_buf_free(&out);
        }
        free(message);
    }
}

const struct fuzz_target fuzz_message = {"message", 65536, feed_message, seed_message, 0};
