/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/lines.h"

#include <string.h>

bool proto_lines_next(struct proto_lines *lines, struct proto_span *line)
{
    const char *lf = lines->at == lines->end ? NULL : memchr(lines->at, '\n', (size_t)(lines->end - lines->at));

    if (!lf)
        return false;
    *line = (struct proto_span){lines->at, (size_t)(lf - lines->at)};
    lines->at = lf + 1;
    lines->number++;
    return true;
}

struct proto_span proto_span_word(struct proto_span *rest)
{
    const char *space = rest->len ? memchr(rest->at, ' ', rest->len) : NULL;
    struct proto_span word = {rest->at, space ? (size_t)(space - rest->at) : rest->len};
    size_t used = word.len + (space != NULL);

    *rest = (struct proto_span){rest->at + used, rest->len - used};
    return word;
}

bool proto_span_is(struct proto_span span, const char *text)
{
    return span.len == strlen(text) && !memcmp(span.at, text, span.len);
}

bool proto_span_number(struct proto_span span, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (span.len == 0 || span.len > 19 || (span.at[0] == '0' && span.len > 1)) /* 19 digits never overflow */
        return false;
    for (size_t i = 0; i < span.len; i++) {
        if (span.at[i] < '0' || span.at[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(span.at[i] - '0');
    }
    if (value > max)
        return false;
    *out = value;
    return true;
}

bool proto_span_copy(struct proto_span span, char *out, size_t capacity)
{
    if (span.len == 0 || span.len >= capacity || memchr(span.at, '\0', span.len))
        return false;
    memcpy(out, span.at, span.len);
    out[span.len] = '\0';
    return true;
}
