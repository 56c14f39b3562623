/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/harden.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "relay/serve/locked.h"

enum { KB = 1024, WANTED_KB = 1024 }; /* as the unit's LimitMEMLOCK: the certificates' keys, the log's and a margin */

static bool keep_one_capability(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3] = {0};

    kept[0].effective = kept[0].permitted = kept[0].inheritable = 1u << CAP_NET_BIND_SERVICE;
    if (syscall(SYS_capset, &header, kept))
        return false;
    /* The relay that takes over from this one (SIGUSR2) has the same right; only an old kernel refuses. */
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_BIND_SERVICE, 0, 0);
    return true;
}

/* With the groups of that user: a public certificate's key is often shared with one. */
static bool become(uid_t user, gid_t group)
{
    const struct passwd *known = getpwuid(user);
    bool grouped = known ? !initgroups(known->pw_name, known->pw_gid) : !setgroups(0, NULL);

    if (known)
        group = known->pw_gid;
    return grouped && !prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) && !setresgid(group, group, group) &&
           !setresuid(user, user, user) && keep_one_capability();
}

bool serve_become_owner(const char *dir, struct serve_report *report)
{
    struct stat there;

    if (geteuid() || stat(dir, &there) || !there.st_uid)
        return true; /* what is wrong with the folder is said when it is read */
    if (become(there.st_uid, there.st_gid))
        return true;
    serve_report_add(report, SERVE_ERROR, dir, strerror(errno),
                     "its owner is the user that a relay runs as; run this as that user");
    return false;
}

void serve_tell_root(const char *dir, struct serve_report *report)
{
    if (!geteuid())
        serve_report_add(report, SERVE_WARNING, dir, "it is root's, so this relay has all of root's rights",
                         "give the folder to a user of its own (chown -R): the relay becomes that user");
}

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
