/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/pairing/invite.h"

#include <sodium.h>
#include <string.h>

enum {
    DIGITS_MIN = PROTO_NAMEPLATE_MIN + PROTO_CODE_SECRET_DIGITS + 1,
    DIGITS_MAX = PROTO_NAMEPLATE_MAX + PROTO_CODE_SECRET_DIGITS + 1,
};

/* H. Michael Damm's quasigroup of order 10 (Total anti-symmetrische Quasigruppen, Marburg 2004): x*x = 0, and
 * (c*x)*y = (c*y)*x only for x = y, which is what catches swaps. */
static const uint8_t damm[10][10] = {
    {0, 3, 1, 7, 5, 9, 8, 6, 4, 2}, {7, 0, 9, 2, 1, 5, 4, 8, 6, 3}, {4, 2, 0, 6, 8, 7, 1, 3, 5, 9},
    {1, 7, 5, 0, 9, 8, 3, 4, 2, 6}, {6, 1, 2, 3, 0, 4, 5, 9, 7, 8}, {3, 6, 7, 4, 2, 0, 9, 5, 8, 1},
    {5, 8, 6, 9, 7, 2, 0, 1, 3, 4}, {8, 9, 4, 5, 3, 6, 2, 0, 1, 7}, {9, 4, 3, 8, 6, 1, 7, 2, 0, 5},
    {2, 5, 8, 1, 4, 3, 6, 7, 9, 0},
};

int proto_code_check_digit(const char *digits, size_t len)
{
    uint8_t interim = 0;

    for (size_t i = 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return -1;
        interim = damm[interim][digits[i] - '0'];
    }
    return interim;
}

bool proto_nameplate_ok(const char *text, size_t len)
{
    return len >= PROTO_NAMEPLATE_MIN && len <= PROTO_NAMEPLATE_MAX && proto_code_check_digit(text, len) >= 0;
}

/* A byte below 250 gives each digit 25 times; the others are drawn again. */
static char draw_digit(const struct proto_random *random)
{
    uint8_t byte;

    do
        proto_random_fill(random, &byte, 1);
    while (byte >= 250);
    return (char)('0' + byte % 10);
}

enum proto_err proto_invite_code_new(struct proto_invite_code *out, const char *nameplate,
                                     const struct proto_random *random)
{
    size_t len = strlen(nameplate);

    memset(out, 0, sizeof *out);
    if (!proto_nameplate_ok(nameplate, len))
        return PROTO_ERR_CODE;
    memcpy(out->nameplate, nameplate, len);
    for (size_t i = 0; i < PROTO_CODE_SECRET_DIGITS; i++)
        out->secret[i] = draw_digit(random);
    return PROTO_OK;
}

static bool code_ok(const struct proto_invite_code *code)
{
    return proto_nameplate_ok(code->nameplate, strnlen(code->nameplate, sizeof code->nameplate)) &&
           strnlen(code->secret, sizeof code->secret) == PROTO_CODE_SECRET_DIGITS &&
           proto_code_check_digit(code->secret, PROTO_CODE_SECRET_DIGITS) >= 0;
}

enum proto_err proto_invite_code_format(const struct proto_invite_code *code, char out[static PROTO_CODE_TEXT_MAX + 1])
{
    char digits[DIGITS_MAX + 1];

    out[0] = '\0';
    if (!code_ok(code))
        return PROTO_ERR_CODE;
    size_t plate = strlen(code->nameplate), half = PROTO_CODE_SECRET_DIGITS / 2, at = plate;

    memcpy(digits, code->nameplate, plate);
    memcpy(digits + plate, code->secret, PROTO_CODE_SECRET_DIGITS);
    memcpy(out, code->nameplate, plate);
    out[at++] = ' ';
    memcpy(out + at, code->secret, half);
    at += half;
    out[at++] = ' ';
    memcpy(out + at, code->secret + half, half);
    at += half;
    out[at++] = ' ';
    out[at++] = (char)('0' + proto_code_check_digit(digits, plate + PROTO_CODE_SECRET_DIGITS));
    out[at] = '\0';
    sodium_memzero(digits, sizeof digits);
    return PROTO_OK;
}

/* The digits alone; 0 when there are too many, or anything but a digit and what people put between them. */
static size_t take_digits(char out[static DIGITS_MAX], const char *text, size_t len)
{
    size_t count = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == ' ' || text[i] == '-' || text[i] == '.')
            continue;
        if (text[i] < '0' || text[i] > '9' || count == DIGITS_MAX)
            return 0;
        out[count++] = text[i];
    }
    return count;
}

enum proto_err proto_invite_code_parse(struct proto_invite_code *out, const char *text, size_t len)
{
    char digits[DIGITS_MAX];
    size_t count = take_digits(digits, text, len);
    enum proto_err err = PROTO_ERR_CODE;

    memset(out, 0, sizeof *out);
    /* The secret is always the six digits before the last: what is too short lacks a nameplate, never secret digits. */
    if (count >= DIGITS_MIN && proto_code_check_digit(digits, count) == 0) {
        size_t plate = count - 1 - PROTO_CODE_SECRET_DIGITS;

        memcpy(out->nameplate, digits, plate);
        memcpy(out->secret, digits + plate, PROTO_CODE_SECRET_DIGITS);
        err = PROTO_OK;
    }
    sodium_memzero(digits, sizeof digits);
    return err;
}

void proto_invite_code_clear(struct proto_invite_code *code)
{
    sodium_memzero(code, sizeof *code);
}
