/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/harden.h"

#include <sodium.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "relay/serve/locked.h"

enum { KB = 1024, WANTED_KB = 1024 }; /* as the unit's LimitMEMLOCK: the certificates' keys, the log's and a margin */

/* Where it is not locked, all of it is still wiped at the end. */
static void lock_keys(struct serve_folder *folder, struct serve_report *report)
{
    bool done = serve_locked_set_up();
    struct rlimit limit = {0, 0};
    char finding[128];

    done &= !sodium_mlock(folder->log_seed, sizeof folder->log_seed);
    done &= !sodium_mlock(folder->token_key, sizeof folder->token_key);
    if (done) {
        serve_report_fine(report, "memory", "that of keys is locked, so they are not swapped out");
        return;
    }
    (void)getrlimit(RLIMIT_MEMLOCK, &limit);
    snprintf(finding, sizeof finding, "keys may be swapped out to a disk: of %d kB this user may lock %llu", WANTED_KB,
             (unsigned long long)limit.rlim_cur / KB);
    serve_report_add(report, SERVE_WARNING, "memory", finding, "LimitMEMLOCK=1M in the unit, or ulimit -l 1024");
}

void serve_harden(struct serve_folder *folder, struct serve_report *report)
{
    struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)umask(077);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#ifndef __SANITIZE_ADDRESS__ /* which looks into this process at its end */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
    lock_keys(folder, report);
}
