/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/harden.h"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

void serve_harden(struct serve_folder *folder)
{
    struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)umask(077);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifndef __SANITIZE_ADDRESS__ /* which looks into this process at its end */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    /* As far as RLIMIT_MEMLOCK goes; where it does not, the folder is still wiped at the end. */
    (void)sodium_mlock(folder->log_seed, sizeof folder->log_seed);
    (void)sodium_mlock(folder->token_key, sizeof folder->token_key);
}
