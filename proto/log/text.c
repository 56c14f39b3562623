/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/log/text.h"

#include <string.h>

#include "proto/seal/base64.h"

enum proto_err proto_log_line_next(struct proto_log_lines *lines, struct proto_log_line *line)
{
    size_t left = (size_t)(lines->end - lines->at);
    const char *feed = left ? memchr(lines->at, '\n', left) : NULL;

    *line = (struct proto_log_line){lines->at, 0};
    if (!feed)
        return PROTO_ERR_FORMAT;
    line->len = (size_t)(feed - lines->at);
    lines->at = feed + 1;
    return PROTO_OK;
}

enum proto_err proto_log_line_decimal(const struct proto_log_line *line, uint64_t *value)
{
    uint64_t sum = 0;

    *value = 0;
    if (line->len == 0 || (line->text[0] == '0' && line->len > 1))
        return PROTO_ERR_FORMAT;
    for (size_t i = 0; i < line->len; i++) {
        if (line->text[i] < '0' || line->text[i] > '9')
            return PROTO_ERR_FORMAT;
        uint64_t digit = (uint64_t)(line->text[i] - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return PROTO_ERR_FORMAT;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return PROTO_OK;
}

enum proto_err proto_log_line_hash(const struct proto_log_line *line, uint8_t hash[PROTO_LOG_HASH_BYTES])
{
    size_t len = 0;

    if (proto_base64_decode(line->text, line->len, hash, PROTO_LOG_HASH_BYTES, &len) != PROTO_OK ||
        len != PROTO_LOG_HASH_BYTES)
        return PROTO_ERR_FORMAT;
    return PROTO_OK;
}
