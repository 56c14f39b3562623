/* SPDX-License-Identifier: Apache-2.0 */
/* Cases and counts in a folder of this machine, or of a shared one. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/desk/cases_inside.h"

enum { COUNTS_BYTES = 64 * 1024 * 1024 };

struct folder { /* of the keeper */
    char path[HOST_PATH_BYTES];
    char *customer_ref; /* owned; NULL: a person of its own */
};

/* ---- names of files ---- */

bool agent_desk_cases_counts_path(char out[static HOST_PATH_BYTES], const char *folder)
{
    return host_path(out, "%s/counts.jsonl", folder);
}

/* A hash, so that a folder's listing names nobody. */
static bool case_path(char out[static HOST_PATH_BYTES], const char *folder, const char *customer_ref)
{
    unsigned char digest[16];
    char hex[2 * sizeof digest + 1];

    crypto_generichash(digest, sizeof digest, (const unsigned char *)customer_ref, strlen(customer_ref), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    return host_path(out, "%s/case-%s.jsonl", folder, hex);
}

/* ---- lines ---- */

/* One line at the end, whole or not at all, also while others write to a shared folder. */
static void append(const char *path, const char *line)
{
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    size_t len = strlen(line);
    char *text = malloc(len + 1);

    if (text && file >= 0 && flock(file, LOCK_EX) == 0) {
        memcpy(text, line, len);
        text[len] = '\n';
        if (write(file, text, len + 1) != (ssize_t)(len + 1))
            (void)0; /* a disk that is full keeps no case; the session goes on */
    }
    if (file >= 0)
        close(file);
    free(text);
}

void agent_desk_cases_each_line(const char *text, size_t len, void (*take)(void *context, json_t *line), void *context)
{
    for (size_t at = 0; at < len;) {
        const char *line = text + at, *end = memchr(line, '\n', len - at);
        size_t line_len = end ? (size_t)(end - line) : len - at;
        json_error_t error;
        json_t *json = json_loadb(line, line_len, JSON_REJECT_DUPLICATES, &error);

        if (json_is_object(json))
            take(context, json);
        json_decref(json);
        at += line_len + 1;
    }
}

enum proto_err agent_desk_cases_each(const char *path, void (*take)(void *context, json_t *line), void *context)
{
    struct proto_buf text;
    enum proto_err err;

    proto_buf_init(&text, COUNTS_BYTES);
    err = host_file_read(path, &text);
    if (!err)
        agent_desk_cases_each_line((const char *)text.bytes, text.len, take, context);
    proto_buf_free(&text);
    return err == PROTO_ERR_NOT_FOUND ? PROTO_OK : err;
}

const char *agent_desk_cases_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* ---- as a keeper ---- */

static void keep_count(void *context, const char *line)
{
    const struct folder *f = context;
    char path[HOST_PATH_BYTES];

    if (agent_desk_cases_counts_path(path, f->path))
        append(path, line);
}

static void keep_case(void *context, const char *line, uint32_t days)
{
    const struct folder *f = context;
    char path[HOST_PATH_BYTES];

    (void)days;
    if (line && f->customer_ref && case_path(path, f->path, f->customer_ref))
        append(path, line);
}

static void free_folder(void *context)
{
    struct folder *f = context;

    free(f->customer_ref);
    free(f);
}

static void learn(void *context, json_t *line)
{
    agent_desk_cases_learn(context, line);
}

/* ---- a customer's cases ---- */

struct keeping {
    struct agent_desk_cases *cases;
    struct proto_buf kept; /* lines whose day has not come */
    int64_t now_ms;
    bool dropped;
};

static void take_case(void *context, json_t *line)
{
    struct keeping *k = context;

    if (!agent_desk_cases_add_before(k->cases, line, k->now_ms)) {
        k->dropped = true;
        return;
    }
    proto_buf_put_text(&k->kept, k->cases->before[0]);
    proto_buf_put_u8(&k->kept, '\n');
}

static enum proto_err read_before(struct agent_desk_cases *c, const struct folder *f, struct proto_now now)
{
    struct keeping k = {.cases = c, .now_ms = now.unix_ms};
    char path[HOST_PATH_BYTES];
    enum proto_err err;

    if (!case_path(path, f->path, f->customer_ref))
        return PROTO_ERR_RANGE;
    proto_buf_init_secret(&k.kept, COUNTS_BYTES);
    err = agent_desk_cases_each(path, take_case, &k);
    if (!err && k.dropped && !k.kept.failed)
        err = k.kept.len     ? host_file_write(path, k.kept.bytes, k.kept.len, HOST_PRIVATE)
              : unlink(path) ? PROTO_ERR_IO
                             : PROTO_OK;
    proto_buf_free(&k.kept);
    return err;
}

enum proto_err agent_desk_cases_open(struct agent_desk_cases **out, const char *folder, const char *customer_ref,
                                     struct proto_now now)
{
    struct folder *f = calloc(1, sizeof *f);
    struct agent_desk_cases_keeper keeper = {keep_count, keep_case, free_folder, f, false};
    char counts[HOST_PATH_BYTES];
    enum proto_err err = PROTO_ERR_NOMEM;

    *out = NULL;
    if (f && customer_ref && *customer_ref)
        f->customer_ref = strdup(customer_ref);
    if (f && sodium_init() >= 0 && host_path(f->path, "%s", folder) && agent_desk_cases_counts_path(counts, folder))
        err = agent_desk_cases_new(out, &keeper);
    if (err) {
        if (f)
            free_folder(f);
        return err;
    }
    err = host_folder_make(folder, HOST_PRIVATE);
    if (!err)
        err = agent_desk_cases_each(counts, learn, *out);
    if (!err && f->customer_ref)
        err = read_before(*out, f, now);
    if (err) {
        agent_desk_cases_free(*out);
        *out = NULL;
    }
    return err;
}

enum proto_err agent_desk_cases_erase(const char *folder, const char *customer_ref)
{
    char path[HOST_PATH_BYTES];

    if (sodium_init() < 0 || !case_path(path, folder, customer_ref))
        return PROTO_ERR_RANGE;
    if (unlink(path) == 0)
        return PROTO_OK;
    return errno == ENOENT ? PROTO_ERR_NOT_FOUND : PROTO_ERR_IO;
}
