/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/system/traces.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/house.h"

struct needle {
    uint8_t *bytes; /* owned */
    size_t len;
};

static struct needle needles[64];
static size_t needle_count;

void traces_add(const void *bytes, size_t len)
{
    assert_true(needle_count < 64 && len >= 4);
    needles[needle_count].bytes = malloc(len);
    memcpy(needles[needle_count].bytes, bytes, len);
    needles[needle_count++].len = len;
}

void traces_add_column(const char *path, const char *query)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;

    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, query, -1, &row, NULL), SQLITE_OK);
    while (sqlite3_step(row) == SQLITE_ROW)
        traces_add(sqlite3_column_blob(row, 0), (size_t)sqlite3_column_bytes(row, 0));
    sqlite3_finalize(row);
    sqlite3_close(db);
}

void traces_add_keys(const char *data, const char *customer)
{
    char path[1024], sql[1200];
    size_t before = needle_count;
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;

    snprintf(path, sizeof path, "%s/keys.db", data);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    snprintf(sql, sizeof sql, "ATTACH '%s/relay.db' AS r", data);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    snprintf(sql, sizeof sql,
             "SELECT key FROM dek WHERE id IN (SELECT dek FROM r.entry WHERE sid IN"
             " (SELECT sid FROM r.session WHERE customer_ref='%s'))",
             customer);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    while (sqlite3_step(row) == SQLITE_ROW)
        traces_add(sqlite3_column_blob(row, 0), (size_t)sqlite3_column_bytes(row, 0));
    sqlite3_finalize(row);
    sqlite3_close(db);
    assert_true(needle_count > before);
}

unsigned traces_found_in(const char *folder)
{
    DIR *dir = opendir(folder);
    unsigned found = 0;

    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "rb");
        if (!file)
            continue;
        uint8_t *bytes = malloc(64u << 20);
        size_t len = fread(bytes, 1, 64u << 20, file);
        fclose(file);
        for (size_t i = 0; i < needle_count; i++)
            found += memmem(bytes, len, needles[i].bytes, needles[i].len) != NULL;
        free(bytes);
    }
    closedir(dir);
    return found;
}

size_t traces_count(void)
{
    return needle_count;
}

void traces_forget(void)
{
    while (needle_count)
        free(needles[--needle_count].bytes);
}
