/* SPDX-License-Identifier: Apache-2.0 */
/* The reserve, and the bound that stands for a small disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "relay/store/inside.h"

#define PAGE_BYTES 4096
#define RESERVE_PAGES (RELAY_STORE_RESERVE_BYTES / PAGE_BYTES)

void store_apply_bound(struct relay_store *store)
{
    char pragma[64];
    unsigned pages = 4294967294U; /* SQLite's own greatest */

    if (store->max_pages)
        pages = store->max_pages;
    if (store->max_pages && store->reserve_held)
        pages = pages > RESERVE_PAGES ? pages - RESERVE_PAGES : 1;
    snprintf(pragma, sizeof pragma, "PRAGMA max_page_count=%u", pages);
    sqlite3_exec(store->data, pragma, NULL, NULL, NULL);
}

void relay_store_set_max_pages(struct relay_store *store, unsigned max_pages)
{
    store->max_pages = max_pages;
    store_apply_bound(store);
}

static int64_t pages_used(struct relay_store *store)
{
    sqlite3_stmt *statement = NULL;
    int64_t pages = INT64_MAX / 2;

    if (sqlite3_prepare_v2(store->data, "PRAGMA page_count", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        pages = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return pages;
}

static enum proto_err hold_file(struct relay_store *store)
{
    char path[4096];

    if (!store->folder)
        return PROTO_OK;
    if (snprintf(path, sizeof path, "%s/reserve", store->folder) >= (int)sizeof path)
        return store_fail(store, PROTO_ERR_RANGE, "the path of the data folder is too long");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int error = fd < 0 ? errno : posix_fallocate(fd, 0, RELAY_STORE_RESERVE_BYTES);
    if (fd >= 0)
        close(fd);
    if (!error)
        return PROTO_OK;
    unlink(path); /* what it got of a nearly full disk */
    return store_fail(store, PROTO_ERR_IO, "%s: %s; make room", path, strerror(error));
}

enum proto_err relay_store_hold_reserve(struct relay_store *store)
{
    if (store->read_only)
        return store_fail(store, PROTO_ERR_STATE, "only a writer holds the reserve");
    if (store->reserve_held)
        return PROTO_OK;
    if (store->max_pages && pages_used(store) + RESERVE_PAGES > store->max_pages)
        return store_fail(store, PROTO_ERR_IO, "the disk is full: there is no room for the reserve; make room");
    enum proto_err err = hold_file(store);
    if (err)
        return err;
    store->reserve_held = true;
    store_apply_bound(store);
    return PROTO_OK;
}

void relay_store_release_reserve(struct relay_store *store)
{
    char path[4096];

    if (!store->reserve_held)
        return;
    if (store->folder && snprintf(path, sizeof path, "%s/reserve", store->folder) < (int)sizeof path)
        unlink(path);
    store->reserve_held = false;
    store_apply_bound(store);
}
