/* SPDX-License-Identifier: Apache-2.0 */
/* One target under libFuzzer: FUZZ_TARGET names it (tests/fuzz/CMakeLists.txt). */
#include <sodium.h>

#include "tests/fuzz/fuzz.h"

extern const struct fuzz_target FUZZ_TARGET;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static bool ready;

    if (!ready)
        FUZZ_HOLDS(sodium_init() >= 0);
    ready = true;
    if (len <= FUZZ_TARGET.max_len)
        (void)FUZZ_TARGET.feed(bytes, len);
    return 0;
}
