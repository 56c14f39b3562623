/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/util/buf.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void proto_buf_init(struct proto_buf *buf, size_t max)
{
    *buf = (struct proto_buf){.max = max};
}

void proto_buf_init_secret(struct proto_buf *buf, size_t max)
{
    *buf = (struct proto_buf){.max = max, .secret = true};
}

static void give_back(struct proto_buf *buf)
{
    if (buf->bytes && buf->secret)
        sodium_memzero(buf->bytes, buf->capacity);
    free(buf->bytes);
}

void proto_buf_free(struct proto_buf *buf)
{
    give_back(buf);
    *buf = (struct proto_buf){.max = buf->max, .secret = buf->secret};
}

void proto_buf_clear(struct proto_buf *buf)
{
    if (buf->bytes && buf->secret)
        sodium_memzero(buf->bytes, buf->capacity);
    buf->len = 0;
    buf->failed = false;
}

/* Grows by doubling; never by realloc, which would leave a copy of a secret behind. */
static bool grow(struct proto_buf *buf, size_t need)
{
    size_t capacity = buf->capacity ? buf->capacity : 64;

    while (capacity < need)
        capacity = capacity > buf->max / 2 ? buf->max : capacity * 2;
    uint8_t *bytes = malloc(capacity);
    if (!bytes)
        return false;
    if (buf->len)
        memcpy(bytes, buf->bytes, buf->len);
    give_back(buf);
    buf->bytes = bytes;
    buf->capacity = capacity;
    return true;
}

uint8_t *proto_buf_extend(struct proto_buf *buf, size_t len)
{
    if (buf->failed || len > buf->max - buf->len) {
        buf->failed = true;
        return NULL;
    }
    if ((buf->len + len > buf->capacity || !buf->bytes) && !grow(buf, buf->len + len)) {
        buf->failed = true;
        return NULL;
    }
    uint8_t *room = buf->bytes + buf->len;
    buf->len += len;
    return room;
}

void proto_buf_put(struct proto_buf *buf, const void *bytes, size_t len)
{
    uint8_t *room = proto_buf_extend(buf, len);

    if (room && len)
        memcpy(room, bytes, len);
}

static void put_be(struct proto_buf *buf, uint64_t value, size_t len)
{
    uint8_t *room = proto_buf_extend(buf, len);

    for (size_t i = 0; room && i < len; i++)
        room[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
}

void proto_buf_put_u8(struct proto_buf *buf, uint8_t value)
{
    put_be(buf, value, 1);
}

void proto_buf_put_u16(struct proto_buf *buf, uint16_t value)
{
    put_be(buf, value, 2);
}

void proto_buf_put_u32(struct proto_buf *buf, uint32_t value)
{
    put_be(buf, value, 4);
}

void proto_buf_put_u64(struct proto_buf *buf, uint64_t value)
{
    put_be(buf, value, 8);
}

void proto_buf_put_text(struct proto_buf *buf, const char *text)
{
    proto_buf_put(buf, text, strlen(text));
}

void proto_buf_printf(struct proto_buf *buf, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= sizeof text)
        buf->failed = true;
    else
        proto_buf_put(buf, text, (size_t)len);
    if (buf->secret)
        sodium_memzero(text, sizeof text);
}

void proto_buf_put_lv8(struct proto_buf *buf, const void *bytes, size_t len)
{
    if (len > UINT8_MAX)
        buf->failed = true;
    proto_buf_put_u8(buf, (uint8_t)len);
    proto_buf_put(buf, bytes, len);
}

void proto_buf_put_lv16(struct proto_buf *buf, const void *bytes, size_t len)
{
    if (len > UINT16_MAX)
        buf->failed = true;
    proto_buf_put_u16(buf, (uint16_t)len);
    proto_buf_put(buf, bytes, len);
}

const uint8_t *proto_read_bytes(struct proto_reader *r, size_t len)
{
    if (r->failed || len > proto_reader_left(r)) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *bytes = r->at;
    if (len)
        r->at += len;
    return bytes;
}

void proto_read_into(struct proto_reader *r, void *out, size_t len)
{
    const uint8_t *bytes = proto_read_bytes(r, len);

    if (bytes && len)
        memcpy(out, bytes, len);
    else
        memset(out, 0, len);
}

static uint64_t read_be(struct proto_reader *r, size_t len)
{
    const uint8_t *bytes = proto_read_bytes(r, len);
    uint64_t value = 0;

    for (size_t i = 0; bytes && i < len; i++)
        value = value << 8 | bytes[i];
    return value;
}

uint8_t proto_read_u8(struct proto_reader *r)
{
    return (uint8_t)read_be(r, 1);
}

uint16_t proto_read_u16(struct proto_reader *r)
{
    return (uint16_t)read_be(r, 2);
}

uint32_t proto_read_u32(struct proto_reader *r)
{
    return (uint32_t)read_be(r, 4);
}

uint64_t proto_read_u64(struct proto_reader *r)
{
    return read_be(r, 8);
}

const uint8_t *proto_read_lv8(struct proto_reader *r, size_t *len)
{
    *len = proto_read_u8(r);
    return proto_read_bytes(r, *len);
}

const uint8_t *proto_read_lv16(struct proto_reader *r, size_t *len)
{
    *len = proto_read_u16(r);
    return proto_read_bytes(r, *len);
}
