/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "relay/audit/own.h"

bool audit_own_names(const struct audit_own *own, uint64_t index)
{
    for (size_t i = 0; i < own->range_count; i++)
        if (index >= own->ranges[i].first && index <= own->ranges[i].last)
            return true;
    return false;
}

uint8_t *audit_own_bits(const struct audit_own *own, uint64_t size)
{
    uint8_t *bits = calloc(size / 8 + 1, 1);

    for (size_t i = 0; bits && i < own->range_count; i++)
        for (uint64_t at = own->ranges[i].first; at <= own->ranges[i].last && at < size; at++)
            bits[at / 8] |= (uint8_t)(1 << at % 8);
    return bits;
}

void audit_own_clear(struct audit_own *own)
{
    free(own->ranges);
    free(own->chains);
    free(own->retained);
    free(own->keeps);
    memset(own, 0, sizeof *own);
}
