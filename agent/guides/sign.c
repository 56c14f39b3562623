/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guides/sign.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/guides/note.h"
#include "agent/guides/read.h"
#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/seal/kdf.h"

struct signing {
    const char *folder;
    struct agent_guides_note note;
    bool failed;
};

static void wrong(struct signing *s, const char *what, const char *rule, const char *way_out)
{
    host_say_error(what, rule, way_out);
    s->failed = true;
}

static bool is_listed(const struct signing *s, const char *name)
{
    for (size_t i = 0; i < s->note.count; i++)
        if (!strcmp(s->note.files[i].name, name))
            return true;
    return false;
}

static void list_file(struct signing *s, const char *name)
{
    struct agent_guides_file *file = &s->note.files[s->note.count];
    char path[HOST_PATH_BYTES];
    struct proto_buf bytes;

    if (is_listed(s, name)) /* a picture of two steps */
        return;
    if (!agent_guides_name_is_valid(name)) {
        wrong(s, name, "names have small letters, digits, `.`, `_` and `-`, 64 at most", "rename it");
        return;
    }
    if (s->note.count == AGENT_GUIDES_FILES_MAX) {
        wrong(s, s->folder, "there are more than 400 guides and pictures", "remove some");
        return;
    }
    proto_buf_init(&bytes, AGENT_GUIDES_FILE_MAX);
    if (host_path(path, "%s/%s", s->folder, name) && host_file_read(path, &bytes) == PROTO_OK) {
        snprintf(file->name, sizeof file->name, "%s", name);
        file->bytes = (uint32_t)bytes.len;
        proto_sha256(file->hash, bytes.bytes, bytes.len);
        s->note.count++;
    } else {
        wrong(s, name, "it cannot be read, or has more than 512 kB", "check it");
    }
    proto_buf_free(&bytes);
}

/* Only what the schema takes is signed: an agent would leave out the rest. */
static void list_guide(struct signing *s, const char *name)
{
    char path[HOST_PATH_BYTES], why[AGENT_GUIDE_WHY_BYTES] = "";
    struct proto_guide *guide;

    if (!host_path(path, "%s/%s", s->folder, name))
        return;
    if (agent_guide_load(path, &guide, why) != PROTO_OK) {
        wrong(s, path, why, "mend it: handhold-guide check says more");
        return;
    }
    list_file(s, name);
    for (size_t i = 0; i < guide->step_count; i++)
        if (guide->steps[i].picture[0])
            list_file(s, guide->steps[i].picture);
    proto_guide_clear(guide);
    free(guide);
}

static bool list_folder(struct signing *s)
{
    DIR *folder = opendir(s->folder);

    if (!folder) {
        wrong(s, s->folder, "this folder cannot be read", "check the path and its rights");
        return false;
    }
    for (struct dirent *item; (item = readdir(folder));) {
        size_t len = strlen(item->d_name);

        if (item->d_name[0] != '.' && len > 5 && !strcmp(item->d_name + len - 5, ".yaml"))
            list_guide(s, item->d_name);
    }
    closedir(folder);
    if (!s->failed && !s->note.count)
        wrong(s, s->folder, "there is no guide in it", "a guide is a file that ends in .yaml");
    return !s->failed;
}

/* A second list of the same second would not be newer. */
static int64_t time_after(const char *path)
{
    int64_t now_s = host_now().unix_ms / 1000, before_s = 0;
    struct proto_buf old;
    const char *line;

    proto_buf_init(&old, AGENT_GUIDES_NOTE_BYTES + 1);
    if (host_file_read(path, &old) == PROTO_OK) {
        proto_buf_put_u8(&old, 0);
        line = old.failed ? NULL : strstr((const char *)old.bytes, "\ntime ");
        before_s = line ? strtoll(line + 6, NULL, 10) : 0;
    }
    proto_buf_free(&old);
    return before_s >= now_s && before_s < now_s + 60 ? before_s + 1 : now_s;
}

enum proto_err agent_guides_sign_folder(const char *folder, const struct proto_credential *signer, size_t *files)
{
    struct signing *s = calloc(1, sizeof *s);
    char path[HOST_PATH_BYTES];
    struct proto_buf note;
    enum proto_err err = s && host_path(path, "%s/" AGENT_GUIDES_NOTE_FILE, folder) ? PROTO_OK : PROTO_ERR_RANGE;

    *files = 0;
    proto_buf_init(&note, AGENT_GUIDES_NOTE_BYTES);
    if (!err) {
        s->folder = folder;
        s->note.time_s = time_after(path);
        err = list_folder(s) ? agent_guides_note_sign(&s->note, signer, &note) : PROTO_ERR_FORMAT;
        if (err && !s->failed)
            host_say_err(AGENT_GUIDES_NOTE_FILE, err);
    }
    if (!err && (err = host_file_write(path, note.bytes, note.len, HOST_PUBLIC)) != PROTO_OK)
        host_say_err(path, err);
    if (!err)
        *files = s->note.count;
    proto_buf_free(&note);
    free(s);
    return err;
}
