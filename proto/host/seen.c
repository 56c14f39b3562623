/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/seen.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/files.h"

#define LINE_BYTES 512u
#define FILE_BYTES (HOST_SEEN_MAX * LINE_BYTES)
#define PIN_HEX (2 * HOST_SEEN_PIN_BYTES)
#define ROOT_HEX (2 * PROTO_LOG_HASH_BYTES)

static bool file_path(char out[static HOST_PATH_BYTES])
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    if (state && *state == '/')
        return host_path(out, "%s/handhold/seen", state);
    return home && *home == '/' && host_path(out, "%s/.local/state/handhold/seen", home);
}

static void read_all(const char *path, struct proto_buf *out)
{
    proto_buf_init(out, FILE_BYTES);
    if (host_file_read(path, out) != PROTO_OK)
        proto_buf_clear(out);
    proto_buf_put_u8(out, 0);
}

/* "host pin size root"; false for a line that is not this log's, or damaged. */
static bool read_line(const char *line, size_t len, const char *key, struct proto_log_seen *out)
{
    size_t key_len = strlen(key), root_len = 0;
    const char *at = line + key_len;
    char *end;

    if (len < key_len || memcmp(line, key, key_len) != 0)
        return false;
    out->size = strtoull(at, &end, 10);
    if (end == at || *end != ' ' || (size_t)(end - line) + 1 + ROOT_HEX != len)
        return false;
    return sodium_hex2bin(out->root, sizeof out->root, end + 1, ROOT_HEX, NULL, &root_len, NULL) == 0 &&
           root_len == sizeof out->root;
}

static bool make_key(char key[static LINE_BYTES], const char *join_host, const uint8_t pin[static HOST_SEEN_PIN_BYTES])
{
    char hex[PIN_HEX + 1];
    int n;

    sodium_bin2hex(hex, sizeof hex, pin, HOST_SEEN_PIN_BYTES);
    n = snprintf(key, LINE_BYTES, "%s %s ", join_host, hex);
    return n > 0 && (size_t)n + 22 + ROOT_HEX < LINE_BYTES && !strpbrk(join_host, " \n");
}

static bool find(const char *text, const char *key, struct proto_log_seen *out)
{
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (read_line(line, strcspn(line, "\n"), key, out))
            return true;
    return false;
}

void host_seen_load(const char *join_host, const uint8_t pin[static HOST_SEEN_PIN_BYTES], struct proto_log_seen *out)
{
    char path[HOST_PATH_BYTES], key[LINE_BYTES];
    struct proto_buf text;

    *out = (struct proto_log_seen){0};
    if (!file_path(path) || !make_key(key, join_host, pin))
        return;
    read_all(path, &text);
    if (text.failed || !find((const char *)text.bytes, key, out))
        *out = (struct proto_log_seen){0};
    proto_buf_free(&text);
}

/* The new line first, then the others in their order: the oldest fall off the end. */
static void rewrite(struct proto_buf *out, const char *old, const char *key, const struct proto_log_seen *seen)
{
    char root[ROOT_HEX + 1];
    unsigned lines = 1;

    sodium_bin2hex(root, sizeof root, seen->root, sizeof seen->root);
    proto_buf_printf(out, "%s%" PRIu64 " %s\n", key, seen->size, root);
    for (const char *line = old; *line && lines < HOST_SEEN_MAX;) {
        size_t len = strcspn(line, "\n");

        if (len > 0 && len < LINE_BYTES && strncmp(line, key, strlen(key)) != 0) {
            proto_buf_put(out, line, len);
            proto_buf_put_u8(out, '\n');
            lines++;
        }
        line += len + (line[len] == '\n');
    }
}

enum proto_err host_seen_save(const char *join_host, const uint8_t pin[static HOST_SEEN_PIN_BYTES],
                              const struct proto_log_seen *seen)
{
    char path[HOST_PATH_BYTES], folder[HOST_PATH_BYTES], key[LINE_BYTES];
    struct proto_log_seen before;
    struct proto_buf old, text;
    enum proto_err err;

    if (!file_path(path) || !make_key(key, join_host, pin))
        return PROTO_ERR_RANGE;
    memcpy(folder, path, sizeof folder);
    *strrchr(folder, '/') = '\0';
    err = host_folder_make(folder, HOST_PRIVATE);
    if (err != PROTO_OK)
        return err;
    read_all(path, &old);
    proto_buf_init(&text, FILE_BYTES + LINE_BYTES);
    err = old.failed ? PROTO_ERR_NOMEM : PROTO_OK;
    if (err == PROTO_OK && !(find((const char *)old.bytes, key, &before) && before.size >= seen->size)) {
        rewrite(&text, (const char *)old.bytes, key, seen);
        err = text.failed ? PROTO_ERR_RANGE : host_file_write(path, text.bytes, text.len, HOST_PRIVATE);
    }
    proto_buf_free(&text);
    proto_buf_free(&old);
    return err;
}
