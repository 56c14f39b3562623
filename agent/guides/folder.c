/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/guides/read.h"
#include "proto/host/files.h"

static bool read_picture(const char *folder, struct proto_guide_step *step, char why[static AGENT_GUIDE_WHY_BYTES])
{
    char path[HOST_PATH_BYTES];
    struct proto_buf bytes;
    enum proto_err err;

    proto_buf_init(&bytes, PROTO_GUIDE_PICTURE_BYTES);
    err = host_path(path, "%s/%s", folder, step->picture) ? host_file_read(path, &bytes) : PROTO_ERR_RANGE;
    if (err != PROTO_OK || !bytes.len) {
        snprintf(why, AGENT_GUIDE_WHY_BYTES, "picture %s: %s; put it beside the guide, at most %d bytes", step->picture,
                 err ? proto_err_rule(err) : "it is empty", PROTO_GUIDE_PICTURE_BYTES);
        proto_buf_free(&bytes);
        return false;
    }
    step->picture_bytes = bytes.bytes; /* malloc()ed, as free() wants it */
    step->picture_len = bytes.len;
    return true;
}

static bool read_pictures(const char *path, struct proto_guide *guide, char why[static AGENT_GUIDE_WHY_BYTES])
{
    const char *slash = strrchr(path, '/');
    char folder[HOST_PATH_BYTES] = ".";

    if (slash && !host_path(folder, "%.*s", (int)(slash - path), path))
        return false;
    for (size_t i = 0; i < guide->step_count; i++)
        if (guide->steps[i].picture[0] && !read_picture(folder, &guide->steps[i], why))
            return false;
    return true;
}

enum proto_err agent_guide_load(const char *path, struct proto_guide **out, char why[static AGENT_GUIDE_WHY_BYTES])
{
    struct proto_guide *guide = calloc(1, sizeof *guide);
    struct proto_buf text;
    enum proto_err err;

    *out = NULL;
    proto_buf_init(&text, AGENT_GUIDE_FILE_BYTES);
    err = guide ? host_file_read(path, &text) : PROTO_ERR_NOMEM;
    if (err == PROTO_ERR_RANGE)
        snprintf(why, AGENT_GUIDE_WHY_BYTES, "a guide may have %d bytes at most; make it smaller",
                 AGENT_GUIDE_FILE_BYTES);
    else if (err != PROTO_OK)
        snprintf(why, AGENT_GUIDE_WHY_BYTES, "%s; %s", proto_err_rule(err), proto_err_way_out(err));
    else
        err = agent_guide_parse((const char *)text.bytes, text.len, guide, why);
    if (err == PROTO_OK && !read_pictures(path, guide, why)) {
        proto_guide_clear(guide);
        err = PROTO_ERR_NOT_FOUND;
    }
    proto_buf_free(&text);
    if (err != PROTO_OK)
        free(guide);
    else
        *out = guide;
    return err;
}

static void drop(struct proto_guide *guide)
{
    proto_guide_clear(guide);
    free(guide);
}

/* The newest of an id stays. */
static bool keep(struct agent_guides *guides, struct proto_guide *guide)
{
    for (size_t i = 0; i < guides->count; i++)
        if (!strcmp(guides->list[i]->id, guide->id)) {
            bool newer = guide->version > guides->list[i]->version;

            drop(newer ? guides->list[i] : guide);
            if (newer)
                guides->list[i] = guide;
            return true;
        }
    if (guides->count == AGENT_GUIDES_MAX)
        return false;
    guides->list[guides->count++] = guide;
    return true;
}

static int by_id(const void *a, const void *b)
{
    const struct proto_guide *const *x = a, *const *y = b;

    return strcmp((*x)->id, (*y)->id);
}

static bool is_guide_file(const char *name)
{
    size_t len = strlen(name);

    return name[0] != '.' && len > 5 && !strcmp(name + len - 5, ".yaml");
}

static void take_file(struct agent_guides *guides, const char *folder, const char *name,
                      void (*say)(void *context, const char *file, const char *why), void *context)
{
    char path[HOST_PATH_BYTES], why[AGENT_GUIDE_WHY_BYTES] = "";
    struct proto_guide *guide;

    if (!host_path(path, "%s/%s", folder, name))
        return;
    if (agent_guide_load(path, &guide, why) != PROTO_OK) {
        say(context, path, why);
    } else if (!keep(guides, guide)) {
        say(context, path, "there may be 256 guides in a folder at most; remove some");
        drop(guide);
    }
}

enum proto_err agent_guides_load(struct agent_guides *guides, const char *folder,
                                 void (*say)(void *context, const char *file, const char *why), void *context)
{
    DIR *dir = opendir(folder);

    memset(guides, 0, sizeof *guides);
    if (!dir)
        return errno == ENOENT ? PROTO_ERR_NOT_FOUND : PROTO_ERR_IO;
    guides->list = calloc(AGENT_GUIDES_MAX, sizeof(struct proto_guide *));
    for (const struct dirent *item; guides->list && (item = readdir(dir)) != NULL;)
        if (is_guide_file(item->d_name))
            take_file(guides, folder, item->d_name, say, context);
    closedir(dir);
    if (!guides->list)
        return PROTO_ERR_NOMEM;
    qsort(guides->list, guides->count, sizeof *guides->list, by_id);
    return PROTO_OK;
}

const struct proto_guide *agent_guides_find(const struct agent_guides *guides, const char *id)
{
    for (size_t i = 0; i < guides->count; i++)
        if (!strcmp(guides->list[i]->id, id))
            return guides->list[i];
    return NULL;
}

void agent_guides_clear(struct agent_guides *guides)
{
    for (size_t i = 0; i < guides->count; i++)
        drop(guides->list[i]);
    free(guides->list);
    memset(guides, 0, sizeof *guides);
}
