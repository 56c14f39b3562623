/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/util/utf8.h"

#include <string.h>

/* Lead bytes by form, and the smallest character that may use it. */
static const struct form {
    uint8_t mask, lead;
    unsigned more;
    uint32_t smallest;
} forms[] = {
    {0x80, 0x00, 0, 0},
    {0xe0, 0xc0, 1, 0x80},
    {0xf0, 0xe0, 2, 0x800},
    {0xf8, 0xf0, 3, 0x10000},
};

static const struct form *find_form(uint8_t lead)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if ((lead & forms[i].mask) == forms[i].lead)
            return &forms[i];
    return NULL;
}

bool proto_utf8_next(const uint8_t **at, const uint8_t *end, uint32_t *rune)
{
    const struct form *form = *at < end ? find_form(**at) : NULL;

    if (!form || (size_t)(end - *at) <= form->more)
        return false;
    uint32_t value = **at & (uint8_t)~form->mask;
    for (unsigned i = 1; i <= form->more; i++) {
        if (((*at)[i] & 0xc0) != 0x80)
            return false;
        value = value << 6 | ((*at)[i] & 0x3fu);
    }
    if (value < form->smallest || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return false;
    *at += form->more + 1;
    *rune = value;
    return true;
}

bool proto_utf8_valid(const char *text, size_t len)
{
    const uint8_t *at = (const uint8_t *)text, *end = at + len;
    uint32_t rune;

    while (at < end)
        if (!proto_utf8_next(&at, end, &rune))
            return false;
    return true;
}

bool proto_utf8_is_control(uint32_t rune)
{
    return rune < 0x20 || (rune >= 0x7f && rune <= 0x9f);
}

bool proto_utf8_is_space(uint32_t rune)
{
    return (rune >= 0x09 && rune <= 0x0d) || rune == 0x20 || rune == 0x85 || rune == 0xa0 || rune == 0x1680 ||
           (rune >= 0x2000 && rune <= 0x200a) || rune == 0x2028 || rune == 0x2029 || rune == 0x202f || rune == 0x205f ||
           rune == 0x3000;
}

bool proto_utf8_is_hiding(uint32_t rune)
{
    return (rune >= 0x200b && rune <= 0x200f) || (rune >= 0x2028 && rune <= 0x202e) ||
           (rune >= 0x2060 && rune <= 0x206f) || rune == 0x61c || rune == 0xfeff ||
           (rune >= 0xe0000 && rune <= 0xe007f);
}

char proto_utf8_stand_in(const uint8_t **at, const uint8_t *end, char control)
{
    uint32_t rune;

    if (!proto_utf8_next(at, end, &rune)) {
        ++*at;
        return '?';
    }
    return proto_utf8_is_control(rune) ? control : proto_utf8_is_hiding(rune) ? ' ' : 0;
}

void proto_utf8_calm(char *text, char control)
{
    const uint8_t *at = (const uint8_t *)text, *end = at + strlen(text);
    char *to = text;

    while (at < end) {
        const uint8_t *from = at;
        char instead = proto_utf8_stand_in(&at, end, control);

        if (instead) {
            *to++ = instead;
        } else {
            memmove(to, from, (size_t)(at - from));
            to += at - from;
        }
    }
    *to = '\0';
}

size_t proto_utf8_cut(const char *text, size_t most)
{
    size_t len = strlen(text);

    if (len > most)
        for (len = most; len && ((uint8_t)text[len] & 0xc0) == 0x80;)
            len--;
    return len;
}

void proto_utf8_copy(char *to, size_t size, const char *from)
{
    size_t len = proto_utf8_cut(from, size - 1);

    memcpy(to, from, len);
    to[len] = '\0';
}

bool proto_utf8_is_clean(const void *text, size_t len, uint32_t except)
{
    const uint8_t *at = text, *end = len ? at + len : at;
    uint32_t rune;

    while (at < end)
        if (*at >= ' ' && *at < 0x7f) /* nearly all of what is read */
            at++;
        else if (!proto_utf8_next(&at, end, &rune) || (proto_utf8_is_control(rune) && (rune != except || except == 0)))
            return false;
    return true;
}

bool proto_utf8_reads_as_written(const char *text, size_t len)
{
    const uint8_t *at = (const uint8_t *)text, *end = at + len;
    uint32_t rune;

    while (at < end)
        if (!proto_utf8_next(&at, end, &rune) || proto_utf8_is_control(rune) ||
            (proto_utf8_is_hiding(rune) && rune != 0x200c && rune != 0x200d))
            return false;
    return true;
}
