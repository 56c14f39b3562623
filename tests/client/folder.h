/* SPDX-License-Identifier: Apache-2.0 */
/* tests/client/folder.h - a folder of files for one test, gone with everything in it when the test is over. */
#ifndef TESTS_CLIENT_FOLDER_H
#define TESTS_CLIENT_FOLDER_H

#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/proto/test.h"

struct folder {
    char path[64];
    char file[256]; /* the path made last */
};

static inline void folder_make(struct folder *f)
{
    snprintf(f->path, sizeof f->path, "/tmp/handhold-test-XXXXXX");
    assert_non_null(mkdtemp(f->path));
}

/* The path of `name` in the folder; the folders on the way are made. Valid until the next call. */
static inline const char *folder_path(struct folder *f, const char *name)
{
    snprintf(f->file, sizeof f->file, "%s/%s", f->path, name);
    for (char *slash = f->file + strlen(f->path) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(f->file, 0700);
        *slash = '/';
    }
    return f->file;
}

static inline const char *folder_write(struct folder *f, const char *name, const void *bytes, size_t len)
{
    FILE *file = fopen(folder_path(f, name), "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    return f->file;
}

static inline int folder_remove_one(const char *path, const struct stat *about, int kind, struct FTW *at)
{
    (void)about;
    (void)kind;
    (void)at;
    return remove(path);
}

static inline void folder_remove(struct folder *f)
{
    nftw(f->path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
