/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/log/tiles_http.h"

#include <string.h>

#include "relay/log/tiles.h"

/* ---- paths ---- */

struct text {
    const char *at, *end;
};

static bool take(struct text *text, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(text->end - text->at) < len || memcmp(text->at, word, len) != 0)
        return false;
    text->at += len;
    return true;
}

/* Up to three digits without leading zeros. */
static bool take_small(struct text *text, unsigned *value)
{
    const char *first = text->at;

    *value = 0;
    while (text->at < text->end && *text->at >= '0' && *text->at <= '9' && text->at - first < 3)
        *value = *value * 10 + (unsigned)(*text->at++ - '0');
    return text->at > first && (*first != '0' || text->at == first + 1);
}

static bool take_three(struct text *text, uint64_t *n)
{
    if (text->end - text->at < 3)
        return false;
    for (int i = 0; i < 3; i++, text->at++) {
        if (*text->at < '0' || *text->at > '9')
            return false;
        *n = *n * 10 + (uint64_t)(*text->at - '0');
    }
    return true;
}

/* x001/x234/067; the first group is not x000, for that would be a second spelling. */
static bool take_index(struct text *text, uint64_t *n)
{
    bool first = true;

    *n = 0;
    while (take(text, "x")) {
        if (!take_three(text, n) || !take(text, "/") || (first && *n == 0) || *n >= PROTO_LOG_SIZE_MAX / 1000)
            return false;
        first = false;
    }
    return take_three(text, n);
}

enum proto_err relay_tiles_path_parse(struct relay_tiles_path *out, const char *path, size_t len)
{
    struct text text = {path, path + len};
    unsigned width = RELAY_STORE_TILE_WIDTH;
    struct relay_tiles_path parsed = {.kind = RELAY_TILES_HASHES};

    *out = (struct relay_tiles_path){.kind = 0};
    if (len > RELAY_TILES_PATH_MAX)
        return PROTO_ERR_FORMAT;
    if (take(&text, "checkpoint")) {
        parsed.kind = RELAY_TILES_CHECKPOINT;
    } else {
        if (!take(&text, "tile/"))
            return PROTO_ERR_FORMAT;
        if (take(&text, "entries/"))
            parsed.kind = RELAY_TILES_ENTRIES;
        else if (!take_small(&text, &parsed.level) || parsed.level >= LOG_TILE_LEVELS || !take(&text, "/"))
            return PROTO_ERR_FORMAT;
        if (!take_index(&text, &parsed.n))
            return PROTO_ERR_FORMAT;
        if (take(&text, ".p/") && (!take_small(&text, &width) || width == 0 || width >= RELAY_STORE_TILE_WIDTH))
            return PROTO_ERR_FORMAT;
    }
    if (text.at != text.end)
        return PROTO_ERR_FORMAT;
    parsed.width = width;
    *out = parsed;
    return PROTO_OK;
}

/* ---- contents ---- */

/* The store was written to while it was read, or it is damaged: of what the checkpoint covers nothing may be missing.
 */
static enum proto_err must_be_there(enum proto_err err)
{
    return err == PROTO_ERR_NOT_FOUND ? PROTO_ERR_LOG : err;
}

static enum proto_err put_hashes(struct relay_store *store, const struct relay_tiles_path *path, struct proto_buf *out)
{
    uint8_t hashes[RELAY_STORE_TILE_WIDTH * PROTO_LOG_HASH_BYTES];
    size_t count;
    enum proto_err err = must_be_there(relay_store_get_tile(store, path->level, path->n, hashes, &count));

    if (!err && count < path->width)
        err = PROTO_ERR_LOG;
    if (!err)
        proto_buf_put(out, hashes, path->width * PROTO_LOG_HASH_BYTES);
    return err;
}

static enum proto_err put_leaf(void *context, uint64_t index, const uint8_t leaf[PROTO_LOG_LEAF_BYTES])
{
    (void)index;
    proto_buf_put_u16(context, PROTO_LOG_LEAF_BYTES);
    proto_buf_put(context, leaf, PROTO_LOG_LEAF_BYTES);
    return PROTO_OK;
}

static enum proto_err put_entries(struct relay_store *store, const struct relay_tiles_path *path, struct proto_buf *out)
{
    uint64_t from = path->n * RELAY_STORE_TILE_WIDTH;
    size_t before = out->len;
    enum proto_err err = relay_store_each_leaf(store, from, from + path->width, put_leaf, out);

    if (!err && !out->failed && out->len - before != path->width * (2 + PROTO_LOG_LEAF_BYTES))
        err = PROTO_ERR_LOG;
    return err;
}

/* Whether a tree of `size` leaves has the first `width` hashes of this tile. */
static bool covers(uint64_t size, const struct relay_tiles_path *path)
{
    uint64_t hashes = size >> (8 * path->level);

    return path->n <= hashes / RELAY_STORE_TILE_WIDTH && path->n * RELAY_STORE_TILE_WIDTH + path->width <= hashes;
}

enum proto_err relay_tiles_get(struct relay_store *store, const char *path, size_t len, struct proto_buf *out,
                               struct relay_tiles_answer *answer)
{
    struct relay_store_checkpoint checkpoint;
    struct relay_tiles_path parsed;
    size_t before = out->len;
    enum proto_err err = relay_tiles_path_parse(&parsed, path, len);

    *answer = (struct relay_tiles_answer){.content_type = "application/octet-stream", .immutable = true};
    if (!err)
        err = relay_store_get_checkpoint(store, &checkpoint); /* NOT_FOUND while the log is empty */
    if (err)
        return err;
    if (parsed.kind == RELAY_TILES_CHECKPOINT) {
        *answer = (struct relay_tiles_answer){.content_type = "text/plain; charset=utf-8"};
        proto_buf_put_text(out, checkpoint.note);
    } else if (!covers(checkpoint.size, &parsed)) {
        err = PROTO_ERR_NOT_FOUND;
    } else if (parsed.kind == RELAY_TILES_HASHES) {
        err = put_hashes(store, &parsed, out);
    } else {
        err = put_entries(store, &parsed, out);
    }
    if (!err && out->failed)
        err = PROTO_ERR_NOMEM;
    if (err)
        out->len = before;
    return err;
}
