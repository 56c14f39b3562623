/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/serve/backup.h"

static const char *const databases[] = {"relay.db", "keys.db"};
static const char *const ends[] = {"", "-wal", "-shm", "-journal"}; /* of what SQLite keeps */
static const char *const beside[] = {"checkpoint", "org.note", "policy.note"};
enum { DATABASES = 2, ENDS = 4, BESIDE = 3 };

struct restoring {
    const struct serve_folder *folder;
    const char *from;
    struct serve_report *report;
    char replaced[HOST_PATH_BYTES];
    bool moved; /* something lies there now */
};

static bool refuse(const struct restoring *r, const char *value, const char *finding, const char *way_out)
{
    serve_report_add(r->report, SERVE_ERROR, value, finding, way_out);
    return false;
}

/* -1: said why. As long as it is open no relay starts here. */
static int lock(const struct restoring *r)
{
    char path[HOST_PATH_BYTES];
    int fd = -1;

    if ((mkdir(r->folder->data, 0700) && errno != EEXIST) || !host_path(path, "%s/writer.lock", r->folder->data) ||
        (fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0) {
        refuse(r, r->folder->data, strerror(errno), "run this as the relay's user, or as root");
        return -1;
    }
    if (!flock(fd, LOCK_EX | LOCK_NB))
        return fd;
    close(fd);
    refuse(r, r->folder->data, "a relay runs on this folder", "stop it, and restore then; nothing was touched");
    return -1;
}

/* ---- what comes ---- */

static bool bring(const struct restoring *r, const char *name)
{
    char from[HOST_PATH_BYTES], to[HOST_PATH_BYTES];

    if (!host_path(from, "%s/%s", r->from, name) || !host_path(to, "%s/%s.restored", r->folder->data, name))
        return refuse(r, r->from, "the path is too long", "name a shorter one");
    if (!host_file_exists(from))
        return refuse(r, from, "is not there", "name the folder that --backup wrote; nothing was touched");
    return serve_backup_database(from, to, r->folder->data, r->report);
}

static bool bring_all(const struct restoring *r)
{
    for (size_t i = 0; i < DATABASES; i++)
        if (!bring(r, databases[i]))
            return false;
    return true;
}

/* No bytes: there is none yet. */
static bool read_note(const char *path, char note[static PROTO_LOG_CHECKPOINT_MAX])
{
    sqlite3 *copy = NULL;
    sqlite3_stmt *row = NULL;

    bool read = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
                sqlite3_prepare_v2(copy, "SELECT note FROM checkpoint", -1, &row, NULL) == SQLITE_OK;
    int rc = read ? sqlite3_step(row) : SQLITE_ERROR;
    const unsigned char *text = rc == SQLITE_ROW ? sqlite3_column_text(row, 0) : NULL;
    snprintf(note, PROTO_LOG_CHECKPOINT_MAX, "%s", text ? (const char *)text : "");
    sqlite3_finalize(row);
    sqlite3_close(copy);
    return rc == SQLITE_ROW || rc == SQLITE_DONE;
}

/* Signed by the key of this relay's log? A machine that was lost may have none of it yet. */
static bool is_of_this_log(const struct restoring *r)
{
    char path[HOST_PATH_BYTES], copy[HOST_PATH_BYTES], vkey[PROTO_ORG_VKEY_BYTES + 2] = "",
                                                                                   note[PROTO_LOG_CHECKPOINT_MAX];
    struct proto_log_checkpoint checkpoint;
    struct proto_buf file;

    if (!host_path(path, "%s/relay/log.vkey", r->folder->dir) ||
        !host_path(copy, "%s/relay.db.restored", r->folder->data))
        return refuse(r, r->folder->dir, "the path is too long", "name a shorter one");
    if (!host_file_exists(path))
        return true;
    proto_buf_init(&file, sizeof vkey - 1);
    enum proto_err err = host_file_read(path, &file);
    if (!err && file.len)
        memcpy(vkey, file.bytes, file.len);
    proto_buf_free(&file);
    vkey[strcspn(vkey, "\n")] = 0;
    if (err || !read_note(copy, note))
        return refuse(r, err ? path : r->from, "cannot be read, so nobody knows whose log this is",
                      "check it; nothing was touched");
    if (!*note || !proto_log_checkpoint_open(&checkpoint, note, strlen(note), vkey))
        return true;
    return refuse(r, r->from, "is a copy of another log: this relay's log.key has not signed its checkpoint",
                  "name a copy of this relay's own; nothing was touched");
}

static void forget_all(const struct restoring *r)
{
    char path[HOST_PATH_BYTES];

    for (size_t i = 0; i < DATABASES; i++)
        if (host_path(path, "%s/%s.restored", r->folder->data, databases[i]))
            (void)unlink(path);
}

/* ---- what goes ---- */

static bool move_away(struct restoring *r, const char *name)
{
    char from[HOST_PATH_BYTES], to[HOST_PATH_BYTES];

    if (!host_path(from, "%s/%s", r->folder->data, name) || !host_path(to, "%s/%s", r->replaced, name))
        return refuse(r, name, "the path is too long", "name a shorter folder");
    if (!rename(from, to)) {
        r->moved = true;
        return true;
    }
    return errno == ENOENT || refuse(r, from, strerror(errno), "check the rights of the folder");
}

static bool move_all_away(struct restoring *r)
{
    char name[32];

    if (mkdir(r->replaced, 0700))
        return errno == EEXIST ? refuse(r, r->replaced, "holds what another restore replaced",
                                        "remove it, or move it away, when you need it no more; nothing was touched")
                               : refuse(r, r->replaced, strerror(errno), "check the rights of the folder");
    for (size_t i = 0; i < DATABASES; i++)
        for (size_t end = 0; end < ENDS; end++) {
            snprintf(name, sizeof name, "%s%s", databases[i], ends[end]);
            if (!move_away(r, name))
                return false;
        }
    return true;
}

/* ---- in its place ---- */

/* Root restores for the relay's user, who owns the folder. */
static void give(const struct restoring *r, const char *path)
{
    struct stat owner;

    if (!geteuid() && !stat(r->folder->dir, &owner))
        (void)!chown(path, owner.st_uid, owner.st_gid);
}

static bool put_all(const struct restoring *r)
{
    char from[HOST_PATH_BYTES], to[HOST_PATH_BYTES];

    for (size_t i = 0; i < DATABASES; i++) {
        if (!host_path(from, "%s/%s.restored", r->folder->data, databases[i]) ||
            !host_path(to, "%s/%s", r->folder->data, databases[i]) || rename(from, to))
            return refuse(r, databases[i], strerror(errno), "what was there before is in data.replaced");
        give(r, to);
        serve_report_fine(r->report, to, "out of %s, and whole", r->from);
    }
    return true;
}

/* On a machine that was lost they are all that there is; elsewhere the relay's own are newer. */
static bool put_beside(const struct restoring *r)
{
    char from[HOST_PATH_BYTES], to[HOST_PATH_BYTES];

    for (size_t i = 0; i < BESIDE; i++) {
        if (!host_path(from, "%s/%s", r->from, beside[i]) || !host_path(to, "%s/relay/%s", r->folder->dir, beside[i]))
            return refuse(r, r->from, "the path is too long", "name a shorter one");
        if (host_file_exists(to) || !host_file_exists(from))
            continue;
        if (!serve_backup_file(from, to, to, r->report))
            return false;
        give(r, to);
        serve_report_fine(r->report, to, "out of %s, since there was none", r->from);
    }
    return true;
}

bool serve_restore(const struct serve_folder *folder, const char *from, struct serve_report *report)
{
    static struct restoring r;

    r = (struct restoring){.folder = folder, .from = from, .report = report};
    if (!host_path(r.replaced, "%s/data.replaced", folder->dir))
        return refuse(&r, folder->dir, "the path is too long", "name a shorter one");
    int locked = lock(&r);
    bool done =
        locked >= 0 && bring_all(&r) && is_of_this_log(&r) && move_all_away(&r) && put_all(&r) && put_beside(&r);
    if (locked >= 0) {
        char path[HOST_PATH_BYTES];
        forget_all(&r);
        if (host_path(path, "%s/writer.lock", folder->data))
            give(&r, path);
        give(&r, folder->data);
        if (r.moved)
            give(&r, r.replaced); /* whoever moves it back has a folder that the relay can enter */
        close(locked);
    }
    if (r.moved)
        serve_report_fine(report, r.replaced, "what was there before: remove it when the relay serves again");
    else
        (void)rmdir(r.replaced);
    return done;
}
