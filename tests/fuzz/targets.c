/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/targets.h"

#include <string.h>

static const struct fuzz_target *const targets[] = {
#define FUZZ_ENTRY(name, decoder) &fuzz_##name,
    FUZZ_TARGET_LIST(FUZZ_ENTRY)
#undef FUZZ_ENTRY
};

size_t fuzz_target_count(void)
{
    return sizeof targets / sizeof *targets;
}

const struct fuzz_target *fuzz_target_at(size_t index)
{
    return targets[index];
}

const struct fuzz_target *fuzz_target_find(const char *name)
{
    for (size_t i = 0; i < fuzz_target_count(); i++)
        if (!strcmp(targets[i]->name, name))
            return targets[i];
    return NULL;
}
