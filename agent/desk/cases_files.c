/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a folder of cases: what they are called, who writes at a time, and what goes on its day. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "agent/desk/cases_inside.h"

enum { COUNTS_BYTES = 64 * 1024 * 1024, NAME_BYTES = 16, KEY_BYTES = crypto_generichash_KEYBYTES };
#define DAY_MS INT64_C(86400000)

/* ---- names of files ---- */

bool agent_desk_cases_counts_path(char out[static HOST_PATH_BYTES], const char *folder)
{
    return host_path(out, "%s/counts.jsonl", folder);
}

static enum proto_err read_key(const char *path, uint8_t key[static KEY_BYTES])
{
    struct proto_buf bytes;
    enum proto_err err;

    proto_buf_init_secret(&bytes, KEY_BYTES);
    err = host_file_read(path, &bytes);
    if (!err && bytes.len != KEY_BYTES)
        err = PROTO_ERR_FORMAT;
    if (!err)
        memcpy(key, bytes.bytes, KEY_BYTES);
    proto_buf_free(&bytes);
    return err;
}

enum proto_err agent_desk_cases_path(char out[static HOST_PATH_BYTES], const char *folder, const char *customer_ref)
{
    unsigned char key[KEY_BYTES], digest[NAME_BYTES];
    char path[HOST_PATH_BYTES], hex[2 * sizeof digest + 1];
    enum proto_err err = PROTO_ERR_RANGE;

    if (!host_path(path, "%s/names.key", folder))
        return err;
    err = read_key(path, key);
    if (err == PROTO_ERR_NOT_FOUND) {
        randombytes_buf(key, sizeof key);
        err = host_file_create(path, key, sizeof key, HOST_PRIVATE);
        if (err == PROTO_ERR_EXISTS) /* another agent was quicker */
            err = read_key(path, key);
    }
    if (!err) {
        crypto_generichash(digest, sizeof digest, (const unsigned char *)customer_ref, strlen(customer_ref), key,
                           sizeof key);
        sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
        err = host_path(out, "%s/case-%s.jsonl", folder, hex) ? PROTO_OK : PROTO_ERR_RANGE;
    }
    sodium_memzero(key, sizeof key);
    return err;
}

/* ---- lines ---- */

int agent_desk_cases_lock(const char *folder)
{
    char path[HOST_PATH_BYTES];
    int lock = host_path(path, "%s/lock", folder) ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

    if (lock >= 0 && flock(lock, LOCK_EX)) {
        close(lock);
        return -1;
    }
    return lock;
}

void agent_desk_cases_append(const char *folder, const char *path, const char *line)
{
    int lock = agent_desk_cases_lock(folder);
    int file = lock < 0 ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    size_t len = strlen(line);
    char *text = malloc(len + 1);

    if (text && file >= 0) {
        memcpy(text, line, len);
        text[len] = '\n';
        if (write(file, text, len + 1) != (ssize_t)(len + 1))
            (void)0; /* a disk that is full keeps no case; the session goes on */
    }
    if (file >= 0)
        close(file);
    if (lock >= 0)
        close(lock);
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

/* ---- what goes on its day ---- */

struct keeping {
    struct agent_desk_cases *cases; /* NULL: nobody is shown them */
    struct proto_buf kept;          /* lines whose day has not come */
    int64_t now_ms;
    bool dropped;
};

static void take_case(void *context, json_t *line)
{
    struct keeping *k = context;
    char *text;

    if (json_integer_value(json_object_get(line, "until_ms")) <= k->now_ms) {
        k->dropped = true;
        return;
    }
    if (k->cases)
        (void)agent_desk_cases_add_before(k->cases, line, k->now_ms);
    text = json_dumps(line, JSON_COMPACT);
    proto_buf_put_text(&k->kept, text ? text : "{}");
    proto_buf_put_u8(&k->kept, '\n');
    k->kept.failed = k->kept.failed || !text;
    free(text);
}

enum proto_err agent_desk_cases_take(const char *path, struct agent_desk_cases *cases, int64_t now_ms)
{
    struct keeping k = {.cases = cases, .now_ms = now_ms};
    enum proto_err err;

    proto_buf_init_secret(&k.kept, COUNTS_BYTES);
    err = agent_desk_cases_each(path, take_case, &k);
    if (!err && k.dropped && !k.kept.failed)
        err = k.kept.len     ? host_file_write(path, k.kept.bytes, k.kept.len, HOST_PRIVATE)
              : unlink(path) ? PROTO_ERR_IO
                             : PROTO_OK;
    proto_buf_free(&k.kept);
    return err;
}

/* Once a day whoever comes looks after those who never come again. */
static bool is_due(const char *path, int64_t now_ms)
{
    char text[24];
    struct proto_buf last;
    int64_t last_ms = 0;

    proto_buf_init(&last, sizeof text);
    if (host_file_read(path, &last) == PROTO_OK) {
        proto_buf_put_u8(&last, 0);
        last_ms = last.failed ? 0 : strtoll((const char *)last.bytes, NULL, 10);
    }
    proto_buf_free(&last);
    if (now_ms >= last_ms && now_ms - last_ms < DAY_MS)
        return false;
    snprintf(text, sizeof text, "%lld\n", (long long)now_ms);
    return host_file_write(path, text, strlen(text), HOST_PRIVATE) == PROTO_OK;
}

void agent_desk_cases_sweep(const char *folder, int64_t now_ms)
{
    char path[HOST_PATH_BYTES];
    const struct dirent *item;
    DIR *dir;

    if (!host_path(path, "%s/swept", folder) || !is_due(path, now_ms) || !(dir = opendir(folder)))
        return;
    while ((item = readdir(dir)) != NULL) {
        size_t len = strlen(item->d_name);

        if (len > 11 && !strncmp(item->d_name, "case-", 5) && !strcmp(item->d_name + len - 6, ".jsonl") &&
            host_path(path, "%s/%s", folder, item->d_name))
            (void)!agent_desk_cases_take(path, NULL, now_ms); /* one that cannot be read does not spare the others */
    }
    closedir(dir);
}
