/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/backup.h"

#include <dirent.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static int on_check_row(void *context, int columns, char **values, char **names)
{
    (void)names;
    *(bool *)context = columns == 1 && values[0] && !strcmp(values[0], "ok");
    return 0;
}

/* In one file, without the ones that SQLite would put beside it; then looked through. */
static int finish(sqlite3 *copy, bool *whole)
{
    int rc = sqlite3_exec(copy, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);

    *whole = false;
    return rc ? rc : sqlite3_exec(copy, "PRAGMA quick_check(1)", on_check_row, whole, NULL);
}

static bool copy_database(const char *from, const char *to, struct serve_report *report)
{
    char part[HOST_PATH_BYTES];
    sqlite3 *source = NULL, *copy = NULL;
    bool whole = false;
    int rc = SQLITE_CANTOPEN;

    if (host_path(part, "%s.part", to)) {
        (void)unlink(part);
        rc = sqlite3_open_v2(from, &source, SQLITE_OPEN_READONLY, NULL);
        if (rc == SQLITE_OK)
            rc = sqlite3_open_v2(part, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL);
        if (rc == SQLITE_OK)
            rc = hold(source);
        if (rc == SQLITE_OK)
            rc = copy_pages(source, copy);
        if (rc == SQLITE_OK)
            rc = finish(copy, &whole);
    }
    sqlite3_close(source);
    sqlite3_close(copy);
    if (rc == SQLITE_OK && whole && !chmod(part, 0600) && !rename(part, to)) {
        serve_report_fine(report, to, "a copy of %s, and whole", from);
        return true;
    }
    (void)unlink(part);
    serve_report_add(report, SERVE_ERROR, from, rc != SQLITE_OK ? sqlite3_errstr(rc) : "its copy is not whole",
                     "free space where the copy goes, and check the disk; the relay was not touched");
    return false;
}

/* Of what lies beside the databases, not in them. */
static bool copy_file(const struct serve_folder *folder, const char *name, const char *to, struct serve_report *report)
{
    char from[HOST_PATH_BYTES], target[HOST_PATH_BYTES];
    struct proto_buf file;
    enum proto_err err = PROTO_ERR_RANGE;

    proto_buf_init(&file, PROTO_ORG_NOTE_BYTES); /* the largest of them */
    if (host_path(from, "%s/relay/%s", folder->dir, name) && host_path(target, "%s/%s", to, name))
        err = host_file_read(from, &file);
    if (!err)
        err = host_file_write(target, file.bytes, file.len, HOST_PRIVATE);
    else if (err == PROTO_ERR_NOT_FOUND)
        err = PROTO_OK; /* nothing was logged, or served, yet */
    proto_buf_free(&file);
    if (err)
        serve_report_add(report, SERVE_ERROR, from, err == PROTO_ERR_IO ? strerror(errno) : proto_err_rule(err),
                         "check its rights, and the space there");
    return !err;
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

bool serve_backup(const struct serve_folder *folder, const char *to, struct serve_report *report)
{
    static const char *const files[] = {"checkpoint", "org.note", "policy.note"}, *const databases[] = {"relay.db",
                                                                                                        "keys.db"};
    char from[HOST_PATH_BYTES], target[HOST_PATH_BYTES];

    if (mkdir(to, 0700) && errno != EEXIST) {
        serve_report_add(report, SERVE_ERROR, to, strerror(errno), "name a folder that this user may make");
        return false;
    }
    if (!is_for_copies(to, report))
        return false;
    /* The checkpoint before the database: the copy is then never older than what it is held to. */
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (!copy_file(folder, files[i], to, report))
            return false;
    for (size_t i = 0; i < sizeof databases / sizeof *databases; i++)
        if (!host_path(from, "%s/%s", folder->data, databases[i]) || !host_path(target, "%s/%s", to, databases[i]) ||
            !copy_database(from, target, report))
            return false;
    return true;
}
