/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/log/tiles.h"

#include <stdlib.h>
#include <string.h>

#include "relay/log/appender.h"

#define TILE_BITS 8

/* Where hash `i` of the row `above` levels over a tile's own stands: the rows begin at 0, 256, 384, … */
static size_t place_of(unsigned above, size_t i)
{
    size_t both = 2 * RELAY_STORE_TILE_WIDTH;

    return (both - (both >> above) + i) * PROTO_LOG_HASH_BYTES;
}

/* The levels above, out of the one that was read. */
static void climb(struct log_tile *tile)
{
    for (unsigned above = 1; above < TILE_BITS; above++) {
        for (size_t i = 0; i < tile->count >> above; i++)
            proto_log_node_hash(tile->hashes + place_of(above, i), tile->hashes + place_of(above - 1, 2 * i),
                                tile->hashes + place_of(above - 1, 2 * i + 1));
    }
}

static enum proto_err read_tile(struct log_tile *tile, struct relay_store *store, unsigned level, uint64_t n)
{
    enum proto_err err = relay_store_get_tile(store, level, n, tile->hashes, &tile->count);

    tile->n = n;
    if (err)
        return err == PROTO_ERR_NOT_FOUND ? PROTO_ERR_LOG : err;
    climb(tile);
    return PROTO_OK;
}

void log_tile_reader_init(struct log_tile_reader *r, struct relay_store *store, const struct log_edge *edge)
{
    r->store = store;
    r->edge = edge;
    for (unsigned level = 0; level < LOG_TILE_LEVELS; level++)
        r->kept[level].count = 0;
}

/* Finds tile (level, n) with at least `need` hashes: on the edge, kept, or stored. */
static enum proto_err find_tile(struct log_tile_reader *r, unsigned level, uint64_t n, size_t need,
                                const struct log_tile **found)
{
    struct log_tile *kept = &r->kept[level];
    const struct log_tile *edge = r->edge ? &r->edge->tile[level] : NULL;

    if (edge && edge->n == n && edge->count >= need) {
        *found = edge;
        return PROTO_OK;
    }
    if (kept->count != RELAY_STORE_TILE_WIDTH || kept->n != n) {
        enum proto_err err = read_tile(kept, r->store, level, n);
        if (err)
            return err;
    }
    *found = kept;
    return kept->count >= need ? PROTO_OK : PROTO_ERR_LOG;
}

static enum proto_err read_node(void *context, unsigned level, uint64_t index, uint8_t out[PROTO_LOG_HASH_BYTES])
{
    unsigned above = level % TILE_BITS;
    uint64_t first = index << above;
    size_t at = first % RELAY_STORE_TILE_WIDTH;
    const struct log_tile *tile;

    if (level / TILE_BITS >= LOG_TILE_LEVELS)
        return PROTO_ERR_RANGE;
    enum proto_err err = find_tile((struct log_tile_reader *)context, level / TILE_BITS, first >> TILE_BITS,
                                   at + ((size_t)1 << above), &tile);
    if (!err)
        memcpy(out, tile->hashes + place_of(above, at >> above), PROTO_LOG_HASH_BYTES);
    return err;
}

struct proto_log_reader log_tile_reader_of(struct log_tile_reader *r)
{
    return (struct proto_log_reader){read_node, r};
}

enum proto_err log_edge_load(struct log_edge *edge, uint64_t size, struct relay_store *store)
{
    for (unsigned level = 0; level < LOG_TILE_LEVELS; level++, size >>= TILE_BITS) {
        struct log_tile *tile = &edge->tile[level];
        size_t expected = size % RELAY_STORE_TILE_WIDTH;

        *tile = (struct log_tile){.n = size >> TILE_BITS};
        if (expected == 0)
            continue;
        enum proto_err err = read_tile(tile, store, level, tile->n);
        if (err || tile->count != expected)
            return err ? err : PROTO_ERR_LOG;
    }
    return PROTO_OK;
}

enum proto_err log_edge_add(struct log_edge *edge, unsigned level, uint64_t index,
                            const uint8_t hash[PROTO_LOG_HASH_BYTES], struct relay_store *store)
{
    unsigned above = level % TILE_BITS;

    if (level / TILE_BITS >= LOG_TILE_LEVELS)
        return PROTO_OK;
    struct log_tile *tile = &edge->tile[level / TILE_BITS];
    if (above) {
        if (tile->n == index >> (TILE_BITS - above)) /* else the tile is full by now, and left the edge */
            memcpy(tile->hashes + place_of(above, index % (RELAY_STORE_TILE_WIDTH >> above)), hash,
                   PROTO_LOG_HASH_BYTES);
        return PROTO_OK;
    }
    if (tile->n != index >> TILE_BITS || tile->count != index % RELAY_STORE_TILE_WIDTH)
        return PROTO_ERR_LOG;
    memcpy(tile->hashes + place_of(0, tile->count), hash, PROTO_LOG_HASH_BYTES);
    tile->count++;
    tile->dirty = true;
    if (tile->count < RELAY_STORE_TILE_WIDTH)
        return PROTO_OK;
    enum proto_err err = relay_store_put_tile(store, level / TILE_BITS, tile->n, tile->hashes, tile->count);
    tile->n++;
    tile->count = 0;
    tile->dirty = false;
    return err;
}

enum proto_err log_edge_write(struct log_edge *edge, struct relay_store *store)
{
    for (unsigned level = 0; level < LOG_TILE_LEVELS; level++) {
        struct log_tile *tile = &edge->tile[level];
        if (!tile->dirty)
            continue;
        enum proto_err err = relay_store_put_tile(store, level, tile->n, tile->hashes, tile->count);
        if (err)
            return err;
        tile->dirty = false;
    }
    return PROTO_OK;
}

/* ---- proofs for askers ---- */

enum proto_err relay_log_inclusion(struct relay_store *store, uint64_t index, uint64_t size,
                                   struct proto_log_hashes *out)
{
    struct log_tile_reader *tiles = malloc(sizeof *tiles);

    out->count = 0;
    if (!tiles)
        return PROTO_ERR_NOMEM;
    log_tile_reader_init(tiles, store, NULL);
    struct proto_log_reader reader = log_tile_reader_of(tiles);
    enum proto_err err = proto_log_prove_inclusion(out, index, size, &reader);
    free(tiles);
    return err;
}

enum proto_err relay_log_consistency(struct relay_store *store, uint64_t from, uint64_t to,
                                     struct proto_log_hashes *out)
{
    struct log_tile_reader *tiles = malloc(sizeof *tiles);

    out->count = 0;
    if (!tiles)
        return PROTO_ERR_NOMEM;
    log_tile_reader_init(tiles, store, NULL);
    struct proto_log_reader reader = log_tile_reader_of(tiles);
    enum proto_err err = proto_log_prove_consistency(out, from, to, &reader);
    free(tiles);
    return err;
}

/* ---- claims ---- */

static enum proto_err root_at(struct relay_store *store, uint64_t size, uint8_t root[PROTO_LOG_HASH_BYTES])
{
    struct log_tile_reader *tiles = malloc(sizeof *tiles);
    struct proto_log_tree tree;

    if (!tiles)
        return PROTO_ERR_NOMEM;
    log_tile_reader_init(tiles, store, NULL);
    struct proto_log_reader reader = log_tile_reader_of(tiles);
    enum proto_err err = proto_log_tree_load(&tree, size, &reader);
    if (!err)
        proto_log_tree_root(&tree, root);
    free(tiles);
    return err;
}

enum proto_err relay_log_judge(struct relay_store *store, const struct proto_log_seen *head,
                               const struct proto_log_seen *seen, const char *note, const char *log_vkey,
                               struct relay_log_verdict *out)
{
    struct proto_log_checkpoint checkpoint = {.size = seen ? seen->size : 0};
    uint8_t root[PROTO_LOG_HASH_BYTES];
    enum proto_err err = PROTO_OK;

    *out = (struct relay_log_verdict){RELAY_LOG_CLAIM_FITS, false};
    if (seen)
        memcpy(checkpoint.root, seen->root, sizeof checkpoint.root);
    if (note)
        err = proto_log_checkpoint_open(&checkpoint, note, strnlen(note, PROTO_LOG_CHECKPOINT_MAX), log_vkey);
    if (err || checkpoint.size == 0)
        return err;
    if (checkpoint.size <= head->size) {
        err = root_at(store, checkpoint.size, root);
        if (!err && memcmp(root, checkpoint.root, sizeof root) != 0)
            out->claim = RELAY_LOG_CLAIM_OTHER;
    } else {
        out->claim = RELAY_LOG_CLAIM_AHEAD;
    }
    out->proved = note && out->claim != RELAY_LOG_CLAIM_FITS;
    return err;
}
