/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/host/seen.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "proto/host/files.h"
#include "proto/seal/base64.h"
#include "proto/seal/kdf.h"

#define LINE_BYTES 2304u /* a host, 32 and 64 digits, a number, a note in base64 */
#define FILE_BYTES (HOST_SEEN_MAX * LINE_BYTES)
#define PIN_HEX (2 * HOST_SEEN_PIN_BYTES)
#define ROOT_HEX (2 * PROTO_LOG_HASH_BYTES)

static bool file_path(char out[static HOST_PATH_BYTES], const char *name)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    if (state && *state == '/')
        return host_path(out, "%s/handhold/%s", state, name);
    return home && *home == '/' && host_path(out, "%s/.local/state/handhold/%s", home, name);
}

static enum proto_err make_folder_of(const char *path)
{
    char folder[HOST_PATH_BYTES];

    memcpy(folder, path, sizeof folder);
    *strrchr(folder, '/') = '\0';
    return host_folder_make(folder, HOST_PRIVATE);
}

static void read_all(const char *path, struct proto_buf *out)
{
    proto_buf_init(out, FILE_BYTES);
    if (host_file_read(path, out) != PROTO_OK)
        proto_buf_clear(out);
    proto_buf_put_u8(out, 0);
}

static bool read_note(const char *base64, size_t len, char note[static PROTO_LOG_BARE_MAX])
{
    size_t note_len = 0;

    if (proto_base64_decode(base64, len, (uint8_t *)note, PROTO_LOG_BARE_MAX - 1, &note_len))
        note_len = 0;
    note[note_len] = '\0';
    return note_len > 0 && strlen(note) == note_len;
}

/* "host pin size root note"; false for a line that is not this log's, or damaged. A line of before has no note. */
static bool read_line(const char *line, size_t len, const char *key, struct host_seen *out)
{
    size_t key_len = strlen(key), root_len = 0;
    const char *at = line + key_len;
    char *end;

    out->note[0] = '\0';
    if (len < key_len || memcmp(line, key, key_len) != 0)
        return false;
    out->tree.size = strtoull(at, &end, 10);
    if (end == at || *end != ' ' || (size_t)(end - line) + 1 + ROOT_HEX > len)
        return false;
    at = end + 1 + ROOT_HEX;
    if (sodium_hex2bin(out->tree.root, sizeof out->tree.root, end + 1, ROOT_HEX, NULL, &root_len, NULL) != 0 ||
        root_len != sizeof out->tree.root)
        return false;
    size_t left = len - (size_t)(at - line);
    return left == 0 || (*at == ' ' && read_note(at + 1, left - 1, out->note));
}

static bool make_key(char key[static LINE_BYTES], const char *join_host, const uint8_t pin[static HOST_SEEN_PIN_BYTES])
{
    char hex[PIN_HEX + 1];
    int n;

    sodium_bin2hex(hex, sizeof hex, pin, HOST_SEEN_PIN_BYTES);
    n = snprintf(key, LINE_BYTES, "%s %s ", join_host, hex);
    return n > 0 && (size_t)n + 22 + ROOT_HEX + 1 + PROTO_LOG_BARE_MAX / 3 * 4 + 4 < LINE_BYTES &&
           !strpbrk(join_host, " \n");
}

static bool find(const char *text, const char *key, struct host_seen *out)
{
    for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (read_line(line, strcspn(line, "\n"), key, out))
            return true;
    return false;
}

void host_seen_load(const char *join_host, const uint8_t pin[static HOST_SEEN_PIN_BYTES], struct host_seen *out)
{
    char path[HOST_PATH_BYTES], key[LINE_BYTES];
    struct proto_buf text;

    *out = (struct host_seen){0};
    if (!file_path(path, "seen") || !make_key(key, join_host, pin))
        return;
    read_all(path, &text);
    if (text.failed || !find((const char *)text.bytes, key, out))
        *out = (struct host_seen){0};
    proto_buf_free(&text);
}

void host_seen_of(const struct proto_session *session, struct host_seen *out)
{
    const char *origin;

    *out = (struct host_seen){0};
    proto_session_seen(session, &origin, &out->tree);
    snprintf(out->note, sizeof out->note, "%s", out->tree.size ? proto_session_seen_note(session) : "");
}

/* The new line first, then the others in their order: the oldest fall off the end. */
static void rewrite(struct proto_buf *out, const char *old, const char *key, const struct host_seen *seen)
{
    char root[ROOT_HEX + 1];
    unsigned lines = 1;

    sodium_bin2hex(root, sizeof root, seen->tree.root, sizeof seen->tree.root);
    proto_buf_printf(out, "%s%" PRIu64 " %s", key, seen->tree.size, root);
    if (seen->note[0]) {
        proto_buf_put_u8(out, ' ');
        proto_base64_put(out, (const uint8_t *)seen->note, strlen(seen->note));
    }
    proto_buf_put_u8(out, '\n');
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

bool host_seen_is_news(const struct host_seen *now, const struct host_seen *before)
{
    size_t origin = strcspn(now->note, "\n");

    return now->tree.size > before->tree.size ||
           (now->tree.size && now->note[0] && before->note[0] &&
            (strcspn(before->note, "\n") != origin || memcmp(now->note, before->note, origin) != 0));
}

/*
 * Two programs of one person often end in the same moment, and each writes the whole file: without a lock one of them
 * would put the other's line back to what it was. The folder is what is locked, for the file itself is replaced. Where
 * it cannot be locked (some network file systems) the line is written all the same. -1: not locked.
 */
static int lock_folder_of(const char *path)
{
    char folder[HOST_PATH_BYTES];

    memcpy(folder, path, sizeof folder);
    *strrchr(folder, '/') = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)!flock(fd, LOCK_EX);
    return fd;
}

static enum proto_err put_line(const char *path, const char *key, const struct host_seen *seen)
{
    struct host_seen before;
    struct proto_buf old, text;
    enum proto_err err;

    read_all(path, &old);
    proto_buf_init(&text, FILE_BYTES + LINE_BYTES);
    err = old.failed ? PROTO_ERR_NOMEM : PROTO_OK;
    if (err == PROTO_OK && !(find((const char *)old.bytes, key, &before) && !host_seen_is_news(seen, &before))) {
        rewrite(&text, (const char *)old.bytes, key, seen);
        err = text.failed ? PROTO_ERR_RANGE : host_file_write(path, text.bytes, text.len, HOST_PRIVATE);
    }
    proto_buf_free(&text);
    proto_buf_free(&old);
    return err;
}

enum proto_err host_seen_save(const char *join_host, const uint8_t pin[static HOST_SEEN_PIN_BYTES],
                              const struct host_seen *seen)
{
    char path[HOST_PATH_BYTES], key[LINE_BYTES];
    enum proto_err err;

    if (!file_path(path, "seen") || !make_key(key, join_host, pin))
        return PROTO_ERR_RANGE;
    err = make_folder_of(path);
    if (err != PROTO_OK)
        return err;
    int lock = lock_folder_of(path);
    err = put_line(path, key, seen);
    int code = errno;
    if (lock >= 0)
        close(lock);
    errno = code;
    return err;
}

bool host_seen_keep_fork(const struct proto_event *event, char path[static HOST_PATH_BYTES])
{
    char name[64], hex[2 * 8 + 1];
    uint8_t hash[PROTO_SHA256_BYTES];
    const char *text = event->kind == PROTO_EVENT_ALARM ? event->alarm.fork : NULL;

    if (!text)
        return false;
    proto_sha256(hash, text, strlen(text));
    snprintf(name, sizeof name, "fork-%s.txt", sodium_bin2hex(hex, sizeof hex, hash, 8));
    return file_path(path, name) && make_folder_of(path) == PROTO_OK &&
           host_file_write(path, text, strlen(text), HOST_PRIVATE) == PROTO_OK;
}
