/* SPDX-License-Identifier: Apache-2.0 */
/* Words that scripts may already know, and that must not pass for a typing error, nor seem to work. */
#include <string.h>

#include "proto/host/say.h"
#include "relay/audit/commands.h"

int audit_later(const char *word)
{
    static const char *const words[] = {"recover"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strcmp(word, words[i])) {
            host_say_error(word, "this command is not in this version of handhold-audit",
                           "handhold-audit --help lists what there is");
            return HOST_EXIT_USAGE;
        }
    return HOST_EXIT_FINE;
}
