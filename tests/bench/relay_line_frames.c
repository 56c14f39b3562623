/* SPDX-License-Identifier: Apache-2.0 */
/* A relay's frames (RFC 6455, 5.2) become messages. */
#include "tests/bench/relay_line_inside.h"

static size_t header_size(const uint8_t *header, size_t len)
{
    unsigned short_len = len < 2 ? 0 : header[1] & 127;

    return short_len == 126 ? 4 : short_len == 127 ? 10 : 2;
}

/* Takes header bytes; true when it is whole. */
static bool take_header(struct line *line, const uint8_t **at, const uint8_t *end)
{
    while (*at < end && line->header_len < header_size(line->header, line->header_len))
        line->header[line->header_len++] = *(*at)++;
    if (line->header_len < header_size(line->header, line->header_len))
        return false;
    line->opcode = line->header[0] & 15;
    line->last_frame = line->header[0] & 0x80;
    line->frame_left = line->header[1] & 127;
    if (line->header_len > 2) {
        line->frame_left = 0;
        for (size_t i = 2; i < line->header_len; i++)
            line->frame_left = line->frame_left << 8 | line->header[i];
    }
    line->in_payload = true;
    return true;
}

static void take_payload(struct line *line, const uint8_t *bytes, size_t len)
{
    bool ends = len == line->frame_left && line->last_frame;

    line->frame_left -= len;
    if (!line->frame_left) {
        line->in_payload = false;
        line->header_len = 0;
    }
    if (line->opcode == 8)
        line_close(line, false);
    else if (line->opcode > 8)
        return; /* a ping: those whom we measure do not send one */
    else if (ends && !line->in.len)
        line->peer->on_message(line, bytes, len);
    else {
        line_bytes_put(&line->in, bytes, len);
        if (ends) {
            struct line_bytes whole = line->in;

            line->in = (struct line_bytes){0};
            line->peer->on_message(line, whole.bytes, whole.len);
            line_bytes_free(&whole);
        }
    }
}

void line_take_frames(struct line *line, const uint8_t *at, const uint8_t *end)
{
    while (line->state == LINE_OPEN && (at < end || (line->in_payload && !line->frame_left))) {
        if (!line->in_payload && !take_header(line, &at, end))
            return;
        size_t len = line->frame_left < (size_t)(end - at) ? (size_t)line->frame_left : (size_t)(end - at);
        take_payload(line, at, len);
        at += len;
    }
}
