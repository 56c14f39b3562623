/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/kept.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/host/world.h"

enum { CASES_SHOWN = 32, PART_BYTES = 32768 };
#define DAY_MS INT64_C(86400000)

/* ---- rows ---- */

struct reading {
    struct proto_buf *out;
    uint64_t *next;
};

static bool fits(const struct proto_buf *out, size_t len)
{
    return len <= UINT16_MAX && out->len + 2 + len <= out->max;
}

static enum proto_err put_case(void *context, const struct relay_store_case *one)
{
    struct reading *r = context;

    if (one->row >= CASES_SHOWN)
        return PROTO_ERR_RANGE;
    *r->next = one->row;
    if (!fits(r->out, one->len))
        return PROTO_ERR_FULL;
    proto_buf_put_lv16(r->out, one->sealed, one->len);
    return PROTO_OK;
}

static enum proto_err put_count(void *context, uint64_t id, const uint8_t *sealed, size_t len)
{
    struct reading *r = context;

    *r->next = id;
    if (!fits(r->out, len + 8))
        return PROTO_ERR_FULL;
    proto_buf_put_u16(r->out, (uint16_t)(len + 8));
    proto_buf_put_u64(r->out, id);
    proto_buf_put(r->out, sealed, len);
    return PROTO_OK;
}

/* ---- guides ---- */

static bool is_guide_name(const char *name)
{
    return name[0] && name[0] != '.' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(name);
}

static enum proto_err read_part(int file, uint64_t from, struct proto_buf *out, uint64_t *next)
{
    uint8_t bytes[PART_BYTES];
    struct stat found;
    ssize_t len;

    if (fstat(file, &found) || !S_ISREG(found.st_mode))
        return PROTO_ERR_NOT_FOUND;
    len = from <= INT64_MAX ? pread(file, bytes, sizeof bytes, (off_t)from) : -1;
    if (len < 0)
        return PROTO_ERR_IO;
    proto_buf_put(out, bytes, (size_t)len);
    *next = (off_t)from + len < found.st_size && len ? from + (uint64_t)len : 0;
    return PROTO_OK;
}

static bool guide_path(const struct serve *serve, const char *name, char path[static HOST_PATH_BYTES])
{
    if (serve->config->guides[0])
        return host_path(path, "%s/%s", serve->config->guides, name);
    return host_path(path, "%s/guides/%s", serve->folder->dir, name);
}

static enum proto_err read_guide(const struct serve *serve, const char *name, uint64_t from, struct proto_buf *out,
                                 uint64_t *next)
{
    char path[HOST_PATH_BYTES];
    enum proto_err err;
    int file;

    if (!is_guide_name(name) || !guide_path(serve, name, path))
        return PROTO_ERR_NOT_FOUND;
    file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0)
        return PROTO_ERR_NOT_FOUND;
    err = read_part(file, from, out, next);
    close(file);
    return err;
}

/* ---- both ---- */

enum proto_err serve_kept_read(void *context, enum proto_kept kind, const char *name, uint64_t from,
                               struct proto_buf *out, uint64_t *next, struct proto_now now)
{
    struct serve *serve = context;
    struct reading r = {.out = out, .next = next};
    enum proto_err err;

    *next = 0;
    if (kind == PROTO_KEPT_GUIDE)
        return read_guide(serve, name, from, out, next);
    if (kind == PROTO_KEPT_CASE && from >= CASES_SHOWN)
        return PROTO_OK;
    err = kind == PROTO_KEPT_CASE ? relay_store_each_case(serve->reader, name, now.unix_ms, from, put_case, &r)
                                  : relay_store_each_count(serve->reader, from, put_count, &r);
    if (err == PROTO_ERR_FULL && out->len)
        return PROTO_OK; /* and *next is the one that did not fit */
    *next = 0;
    return err == PROTO_ERR_RANGE ? PROTO_OK : err;
}

void serve_kept_expire(struct serve *serve)
{
    struct proto_now now = host_now();

    if (serve->expired_day == now.unix_ms / DAY_MS)
        return;
    serve->expired_day = now.unix_ms / DAY_MS;
    relay_core_expire_kept(serve->core, now);
}
