/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guides/fetch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/guides/read.h"
#include "proto/host/files.h"
#include "proto/seal/kdf.h"

struct agent_guides_fetch {
    struct agent_guides_fetch_config config;
    char cache[HOST_PATH_BYTES];
    enum agent_guides_fetched state;
    struct agent_guides_note known, wanted; /* of the cache; of the relay */
    struct proto_buf note;                  /* as it came */
    struct proto_buf file;                  /* what came of the one that is asked for */
    size_t at;                              /* in wanted.files; has_note false: the note itself */
    bool has_note;
    char why[256];
};

static enum agent_guides_fetched fail(struct agent_guides_fetch *f, const char *what, enum proto_err err)
{
    snprintf(f->why, sizeof f->why, "%.100s: %s; %s", what, proto_err_rule(err), proto_err_way_out(err));
    return f->state = AGENT_GUIDES_FAILED;
}

/* ---- the cache ---- */

static bool path_of(const struct agent_guides_fetch *f, char path[static HOST_PATH_BYTES], const char *name)
{
    return host_path(path, "%s/%s", f->cache, name);
}

static bool has_hash(const struct proto_buf *bytes, const struct agent_guides_file *file)
{
    uint8_t hash[PROTO_SHA256_BYTES];

    proto_sha256(hash, bytes->bytes, bytes->len);
    return bytes->len == file->bytes && memcmp(hash, file->hash, sizeof hash) == 0;
}

static bool is_cached(const struct agent_guides_fetch *f, const struct agent_guides_file *file)
{
    char path[HOST_PATH_BYTES];
    struct proto_buf bytes;
    bool same;

    proto_buf_init(&bytes, AGENT_GUIDES_FILE_MAX);
    same = path_of(f, path, file->name) && host_file_read(path, &bytes) == PROTO_OK && has_hash(&bytes, file);
    proto_buf_free(&bytes);
    return same;
}

/* Files that came are laid beside the old ones first, and take their place when all of them are there. */
static bool write_new(const struct agent_guides_fetch *f, const char *name, const struct proto_buf *bytes)
{
    char path[HOST_PATH_BYTES], temporary[AGENT_GUIDES_NAME_BYTES + 8];

    snprintf(temporary, sizeof temporary, ".new-%s", name);
    return path_of(f, path, temporary) && host_file_write(path, bytes->bytes, bytes->len, HOST_PRIVATE) == PROTO_OK;
}

static bool put_in_place(const struct agent_guides_fetch *f, const char *name)
{
    char path[HOST_PATH_BYTES], from[HOST_PATH_BYTES], temporary[AGENT_GUIDES_NAME_BYTES + 8];

    snprintf(temporary, sizeof temporary, ".new-%s", name);
    if (!path_of(f, path, name) || !path_of(f, from, temporary))
        return false;
    return access(from, F_OK) != 0 || rename(from, path) == 0;
}

static bool is_wanted(const struct agent_guides_fetch *f, const char *name)
{
    for (size_t i = 0; i < f->wanted.count; i++)
        if (!strcmp(f->wanted.files[i].name, name))
            return true;
    return !strcmp(name, AGENT_GUIDES_NOTE_FILE);
}

static void drop_others(const struct agent_guides_fetch *f)
{
    DIR *folder = opendir(f->cache);
    char path[HOST_PATH_BYTES];

    for (struct dirent *item; folder && (item = readdir(folder));)
        if (strcmp(item->d_name, ".") && strcmp(item->d_name, "..") && !is_wanted(f, item->d_name) &&
            path_of(f, path, item->d_name))
            unlink(path);
    if (folder)
        closedir(folder);
}

static enum agent_guides_fetched settle(struct agent_guides_fetch *f)
{
    bool done = true;

    for (size_t i = 0; i < f->wanted.count; i++)
        done = done && put_in_place(f, f->wanted.files[i].name);
    /* The list last: until then the old one stands, and what does not fit it is fetched again. */
    done = done && write_new(f, AGENT_GUIDES_NOTE_FILE, &f->note) && put_in_place(f, AGENT_GUIDES_NOTE_FILE);
    if (!done)
        return fail(f, f->cache, PROTO_ERR_IO);
    drop_others(f);
    return f->state = AGENT_GUIDES_NEW;
}

static void read_known(struct agent_guides_fetch *f)
{
    char path[HOST_PATH_BYTES];
    struct proto_buf note;

    proto_buf_init(&note, AGENT_GUIDES_NOTE_BYTES);
    if (path_of(f, path, AGENT_GUIDES_NOTE_FILE) && host_file_read(path, &note) == PROTO_OK &&
        agent_guides_note_verify(&f->known, note.bytes, note.len, f->config.root, f->config.org, 0) != PROTO_OK)
        f->known.count = 0; /* of another organisation, or altered: as if there was none */
    proto_buf_free(&note);
}

/* ---- asking ---- */

enum proto_err agent_guides_fetch_new(struct agent_guides_fetch **out, const struct agent_guides_fetch_config *config)
{
    struct agent_guides_fetch *f = calloc(1, sizeof *f);
    enum proto_err err = f ? host_folder_make(config->cache, HOST_PRIVATE) : PROTO_ERR_NOMEM;

    *out = NULL;
    if (!err && !host_path(f->cache, "%s", config->cache))
        err = PROTO_ERR_RANGE;
    if (err) {
        free(f);
        return err;
    }
    f->config = *config;
    proto_buf_init(&f->note, AGENT_GUIDES_NOTE_BYTES);
    proto_buf_init(&f->file, AGENT_GUIDES_FILE_MAX);
    read_known(f);
    *out = f;
    return PROTO_OK;
}

void agent_guides_fetch_free(struct agent_guides_fetch *f)
{
    if (!f)
        return;
    proto_buf_free(&f->note);
    proto_buf_free(&f->file);
    free(f);
}

const char *agent_guides_fetch_why(const struct agent_guides_fetch *f)
{
    return f->why;
}

bool agent_guides_fetch_next(const struct agent_guides_fetch *f, const char **name, uint64_t *from)
{
    *name = f->has_note ? f->wanted.files[f->at].name : AGENT_GUIDES_NOTE_FILE;
    *from = f->has_note ? f->file.len : f->note.len;
    return f->state == AGENT_GUIDES_ASKING;
}

static enum agent_guides_fetched skip_cached(struct agent_guides_fetch *f)
{
    while (f->at < f->wanted.count && is_cached(f, &f->wanted.files[f->at]))
        f->at++;
    proto_buf_clear(&f->file);
    return f->at == f->wanted.count ? settle(f) : AGENT_GUIDES_ASKING;
}

static enum agent_guides_fetched take_note(struct agent_guides_fetch *f)
{
    enum proto_err err = agent_guides_note_verify(&f->wanted, f->note.bytes, f->note.len, f->config.root, f->config.org,
                                                  f->known.time_s);
    bool same = !err && f->known.count == f->wanted.count && f->known.time_s == f->wanted.time_s;

    if (err == PROTO_ERR_POLICY) {
        snprintf(f->why, sizeof f->why,
                 "guides.note: the relay has an older list than it had before; have it signed anew (handhold-guide "
                 "sign)");
        return f->state = AGENT_GUIDES_FAILED;
    }
    if (err)
        return fail(f, AGENT_GUIDES_NOTE_FILE, err);
    f->has_note = true;
    for (size_t i = 0; same && i < f->wanted.count; i++)
        same = is_cached(f, &f->wanted.files[i]);
    return same ? (f->state = AGENT_GUIDES_SAME) : skip_cached(f);
}

static enum agent_guides_fetched take_file(struct agent_guides_fetch *f)
{
    const struct agent_guides_file *file = &f->wanted.files[f->at];

    if (!has_hash(&f->file, file)) {
        snprintf(f->why, sizeof f->why, "%s: is not what guides.note says; sign the folder again (handhold-guide sign)",
                 file->name);
        return f->state = AGENT_GUIDES_FAILED;
    }
    if (!write_new(f, file->name, &f->file))
        return fail(f, f->cache, PROTO_ERR_IO);
    f->at++;
    return skip_cached(f);
}

enum agent_guides_fetched agent_guides_fetch_take(struct agent_guides_fetch *f, enum proto_err answer, const char *name,
                                                  uint64_t from, uint64_t next, const uint8_t *bytes, size_t len)
{
    struct proto_buf *into = f->has_note ? &f->file : &f->note;
    const char *asked;
    uint64_t at;

    if (!agent_guides_fetch_next(f, &asked, &at) || strcmp(name, asked) || from != at)
        return f->state;
    if (answer == PROTO_ERR_NOT_FOUND && !f->has_note)
        return f->state = AGENT_GUIDES_NONE;
    if (answer)
        return fail(f, asked, answer);
    if (f->has_note && into->len + len > f->wanted.files[f->at].bytes)
        return fail(f, asked, PROTO_ERR_RANGE);
    proto_buf_put(into, bytes, len);
    if (into->failed || (next && next != into->len))
        return fail(f, asked, PROTO_ERR_RANGE);
    if (next)
        return f->state;
    return f->has_note ? take_file(f) : take_note(f);
}
