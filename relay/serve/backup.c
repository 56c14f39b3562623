/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/backup.h"

#include <dirent.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relay/serve/guard.h"
#include "relay/serve/whole.h"

enum { PAGES_A_STEP = 4096, BUSY_WAIT_MS = 200, BUSY_TRIES = 150 };

/* As of one moment: a copy whose source is written to meanwhile would begin anew with each entry of the log. */
static int hold(sqlite3 *source)
{
    return sqlite3_exec(source, "BEGIN; SELECT COUNT(*) FROM sqlite_schema", NULL, NULL, NULL);
}

/* A step that finds the database busy tries again: the relay's own transactions are short. */
static int copy_pages(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    int rc = SQLITE_OK, tries = 0;

    if (!backup)
        return sqlite3_errcode(to);
    while (rc == SQLITE_OK || ((rc == SQLITE_BUSY || rc == SQLITE_LOCKED) && tries++ < BUSY_TRIES)) {
        if (rc != SQLITE_OK)
            sqlite3_sleep(BUSY_WAIT_MS);
        rc = sqlite3_backup_step(backup, PAGES_A_STEP);
    }
    (void)sqlite3_backup_finish(backup);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* In one file, without the ones that SQLite would put beside it; then looked through. */
static int finish(sqlite3 *copy, bool *whole)
{
    int rc = sqlite3_exec(copy, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);

    *whole = !rc && serve_whole_look(copy, 0) == SERVE_WHOLE;
    return rc;
}

/* Under a name that is no copy's yet: an earlier copy stays whole until all of this one is. */
bool serve_backup_database(const char *from, const char *part, const char *to, struct serve_report *report)
{
    sqlite3 *source = NULL, *copy = NULL;
    bool whole = false;
    int rc = sqlite3_open_v2(from, &source, SQLITE_OPEN_READONLY, NULL);

    (void)unlink(part);
    if (rc == SQLITE_OK)
        rc = sqlite3_open_v2(part, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
    if (rc == SQLITE_OK)
        rc = hold(source);
    if (rc == SQLITE_OK)
        rc = copy_pages(source, copy);
    if (rc == SQLITE_OK)
        rc = finish(copy, &whole);
    sqlite3_close(source);
    sqlite3_close(copy);
    if (rc == SQLITE_OK && whole && !chmod(part, 0600))
        return true;
    if (serve_guard_is_full(to))
        serve_report_add(
            report, SERVE_ERROR, to, "its disk is full",
            "make room there, or name a folder elsewhere; an earlier copy there and the relay were not touched");
    else
        serve_report_add(report, SERVE_ERROR, from, rc != SQLITE_OK ? sqlite3_errstr(rc) : "its copy is not whole",
                         "check the disks of both; an earlier copy and the relay were not touched");
    return false;
}

/* Of what lies beside the databases, not in them; what is not there was not logged, or served, yet. */
bool serve_backup_file(const char *from, const char *part, const char *to, struct serve_report *report)
{
    struct proto_buf file;
    enum proto_err err;

    proto_buf_init(&file, PROTO_ORG_NOTE_BYTES); /* the largest of them */
    err = host_file_read(from, &file);
    bool written = !err;
    if (written)
        err = host_file_write(part, file.bytes, file.len, HOST_PRIVATE);
    proto_buf_free(&file);
    if (!err || err == PROTO_ERR_NOT_FOUND)
        return true;
    serve_report_add(report, SERVE_ERROR, written ? to : from,
                     err == PROTO_ERR_IO ? strerror(errno) : proto_err_rule(err),
                     "check its rights, and the space there");
    return false;
}

/* By its name, or one that it has while it is made. */
static bool is_of_a_copy(const char *name)
{
    static const char *const names[] = {".", "..", "checkpoint", "org.note", "policy.note", "relay.db", "keys.db"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i]);

        if (!strncmp(name, names[i], len) && (!name[len] || (i > 1 && name[len] == '.')))
            return true;
    }
    return false;
}

/* Files are replaced: in a relay's own folder they would be those that it writes to, or that are all there is of a log.
 */
static bool is_for_copies(const char *to, struct serve_report *report)
{
    DIR *folder = opendir(to);
    struct dirent *entry = NULL;

    while (folder && (entry = readdir(folder)) && is_of_a_copy(entry->d_name))
        ;
    if (!folder)
        serve_report_add(report, SERVE_ERROR, to, strerror(errno), "name a folder that this user may read");
    else if (entry)
        serve_report_add(report, SERVE_ERROR, to, "holds more than an earlier copy, so it may be a relay's own",
                         "name a new folder, or an empty one; nothing was touched");
    if (folder)
        closedir(folder);
    return folder && !entry;
}

/* The checkpoint before the database: the copy is then never older than what it is held to. */
static const struct piece {
    const char *folder, *name; /* below D */
    bool database;
} pieces[] = {
    {"relay", "checkpoint", false}, {"relay", "org.note", false}, {"relay", "policy.note", false},
    {"data", "relay.db", true},     {"data", "keys.db", true},
};
enum { PIECES = sizeof pieces / sizeof *pieces };

struct paths {
    char from[HOST_PATH_BYTES], to[HOST_PATH_BYTES], part[HOST_PATH_BYTES];
};

static bool copy_all(const struct paths paths[static PIECES], const char *to, struct serve_report *report)
{
    for (size_t i = 0; i < PIECES; i++)
        if (pieces[i].database ? !serve_backup_database(paths[i].from, paths[i].part, to, report)
                               : !serve_backup_file(paths[i].from, paths[i].part, to, report))
            return false;
    return true;
}

/* All of them are there: the copy of before makes way. */
static bool name_all(const struct paths paths[static PIECES], struct serve_report *report)
{
    for (size_t i = 0; i < PIECES; i++) {
        if (!rename(paths[i].part, paths[i].to)) {
            serve_report_fine(report, paths[i].to, "a copy of %s%s", paths[i].from,
                              pieces[i].database ? ", and whole" : "");
        } else if (errno != ENOENT || pieces[i].database) {
            serve_report_add(report, SERVE_ERROR, paths[i].to, strerror(errno), "make the copy again in a new folder");
            return false;
        }
    }
    return true;
}

bool serve_backup(const struct serve_folder *folder, const char *to, struct serve_report *report)
{
    static struct paths paths[PIECES];

    if (mkdir(to, 0700) && errno != EEXIST) {
        serve_report_add(report, SERVE_ERROR, to, strerror(errno), "name a folder that this user may make");
        return false;
    }
    if (!is_for_copies(to, report))
        return false;
    for (size_t i = 0; i < PIECES; i++)
        if (!host_path(paths[i].from, "%s/%s/%s", folder->dir, pieces[i].folder, pieces[i].name) ||
            !host_path(paths[i].to, "%s/%s", to, pieces[i].name) || !host_path(paths[i].part, "%s.part", paths[i].to)) {
            serve_report_add(report, SERVE_ERROR, to, "the path is too long", "name a shorter one");
            return false;
        }
    bool done = copy_all(paths, to, report) && name_all(paths, report);
    for (size_t i = 0; i < PIECES; i++)
        (void)unlink(paths[i].part);
    return done;
}
