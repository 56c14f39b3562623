/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/copy.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "proto/host/say.h"
#include "relay/audit/cut.h"
#include "relay/log/ended.h"

#define COPY_PREFIX "handhold-audit-"
enum { LEFT_S = 60 }; /* a folder without a lock is of a program that has just begun, or has ended */

static char made[HOST_PATH_BYTES]; /* the newest; empty: none */

static int remove_one(const char *path, const struct stat *stat, int flag, struct FTW *ftw)
{
    (void)stat;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void audit_copy_remove(const char *folder)
{
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void remove_made(void)
{
    if (*made)
        audit_copy_remove(made);
}

static bool lock(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0 && !flock(fd, LOCK_EX | LOCK_NB))
        return true; /* until the program ends */
    if (fd >= 0)
        close(fd);
    return false;
}

/* What a program that was killed left behind: names of people, and evidence that may have to be erased. */
static void remove_left(const char *where)
{
    DIR *all = opendir(where);
    struct dirent *entry;
    char path[HOST_PATH_BYTES];
    struct stat about;

    while (all && (entry = readdir(all)))
        if (!strncmp(entry->d_name, COPY_PREFIX, strlen(COPY_PREFIX)) &&
            host_path(path, "%s/%s", where, entry->d_name) && !lstat(path, &about) && S_ISDIR(about.st_mode) &&
            about.st_uid == geteuid() && about.st_mtime < time(NULL) - LEFT_S && lock(path))
            audit_copy_remove(path);
    if (all)
        closedir(all);
}

bool audit_copy_folder(char folder[static HOST_PATH_BYTES])
{
    const char *chosen = getenv("TMPDIR"), *where = chosen && *chosen == '/' ? chosen : "/tmp";

    remove_left(where);
    if (!host_path(made, "%s/" COPY_PREFIX "XXXXXX", where) || !mkdtemp(made)) {
        made[0] = folder[0] = 0;
        host_say_err(where, PROTO_ERR_IO);
        return false;
    }
    atexit(remove_made);
    audit_cut_add(made);
    (void)lock(made);
    memcpy(folder, made, HOST_PATH_BYTES);
    return true;
}

/* ---- what is erased meanwhile ---- */

/* What is no note of an erasure, or names what is not there, is for verify to say: the copy stays as it is. */
static bool is_followed(enum proto_err err, const struct relay_store *store)
{
    if (err != PROTO_ERR_IO && err != PROTO_ERR_NOMEM)
        return true;
    host_say(HOST_ERROR, "%s: %s", made, *relay_store_error(store) ? relay_store_error(store) : proto_err_rule(err));
    return false;
}

bool audit_copy_follow(struct relay_store *store, const char *log, uint64_t from)
{
    struct log_ranges ranges = {NULL, 0};
    uint64_t erased = 0;
    enum proto_err err = log_erased_ranges(store, log, from, &ranges);

    if (!err && ranges.count)
        err = log_copy_erase(store, ranges.at, ranges.count, &erased);
    free(ranges.at);
    return is_followed(err, store);
}

bool audit_copy_follow_ended(const char *folder, const struct proto_org *org, struct relay_store *live, uint64_t from)
{
    char error[RELAY_STORE_ERROR_MAX] = "";
    struct log_ended *all = calloc(LOG_ENDED_MAX, sizeof *all);
    size_t count = all ? log_ended_find(folder, org, all) : 0;
    enum proto_err err = all ? PROTO_OK : PROTO_ERR_NOMEM;

    for (size_t i = 0; i < count && err != PROTO_ERR_IO && err != PROTO_ERR_NOMEM; i++) {
        struct log_ranges ranges = {NULL, 0};
        uint64_t erased = 0;
        err = log_erased_ranges(live, all[i].origin, from, &ranges);
        if (!err && ranges.count)
            err = log_ended_erase(&all[i], ranges.at, ranges.count, &erased, error);
        free(ranges.at);
    }
    free(all);
    return is_followed(err, live);
}
