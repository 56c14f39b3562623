/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/nearest.h"

#include <stdint.h>
#include <string.h>

enum { NAME_MAX_BYTES = 64 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Levenshtein with one row. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_BYTES + 1], b_len = strlen(b);

    if (b_len > NAME_MAX_BYTES || strlen(a) > NAME_MAX_BYTES)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_len; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t replace = diagonal + (a[i - 1] != b[j - 1]);

            diagonal = row[j];
            row[j] = smaller(replace, smaller(row[j], row[j - 1]) + 1);
        }
    }
    return row[b_len];
}

const char *serve_nearest(const char *name, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t least = 2 + strlen(name) / 3; /* farther is another word */

    for (size_t i = 0; i < count; i++) {
        size_t d = distance(name, names[i]);

        if (d < least) {
            least = d;
            best = names[i];
        }
    }
    return best;
}
