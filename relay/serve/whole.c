/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/whole.h"

#include <stdio.h>
#include <string.h>

#include "proto/host/files.h"
#include "proto/host/world.h"

enum { STEPS_A_LOOK = 100000, PATIENCE_MS = 10000 };

static int on_row(void *context, int columns, char **values, char **names)
{
    (void)names;
    *(bool *)context = columns == 1 && values[0] && !strcmp(values[0], "ok");
    return 0;
}

static int is_late(void *context)
{
    return host_now().mono_ms >= *(const int64_t *)context;
}

enum serve_whole serve_whole_look(sqlite3 *database, int64_t most_ms)
{
    int64_t until_ms = host_now().mono_ms + most_ms;
    bool whole = false;

    if (most_ms)
        sqlite3_progress_handler(database, STEPS_A_LOOK, is_late, &until_ms);
    int rc = sqlite3_exec(database, "PRAGMA quick_check(1)", on_row, &whole, NULL);
    sqlite3_progress_handler(database, 0, NULL, NULL);
    if (rc == SQLITE_INTERRUPT)
        return SERVE_WHOLE_SO_FAR;
    return rc == SQLITE_OK && whole ? SERVE_WHOLE : SERVE_NOT_WHOLE;
}

/* What cannot be opened at all the log's own opening says. */
void serve_whole_check(const struct serve_folder *folder, struct serve_report *report)
{
    static const char *const names[] = {"relay.db", "keys.db"};
    char path[HOST_PATH_BYTES];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        sqlite3 *database = NULL;

        if (!host_path(path, "%s/%s", folder->data, names[i]) || !host_file_exists(path))
            continue;
        enum serve_whole found = sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK
                                     ? serve_whole_look(database, PATIENCE_MS)
                                     : SERVE_WHOLE_SO_FAR;
        sqlite3_close(database);
        if (found == SERVE_NOT_WHOLE)
            serve_report_add(report, SERVE_ERROR, path, "is not whole: SQLite finds pages that are damaged",
                             "check its disk, and put the newest copy back with --restore");
        else
            serve_report_fine(report, path,
                              found == SERVE_WHOLE ? "is whole" : "is large: --backup looks through all of it");
    }
}
