/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/log/tiles.h - the tree's nodes out of stored tiles, and the tiles that still grow.
 *
 * A tile (level, n) holds the hashes of the tree's level 8 * level from n * 256 on (C2SP tlog-tiles). Full tiles never
 * change, so they may be kept; those on the right edge grow with each append and are the writer's own.
 */
#ifndef RELAY_LOG_TILES_H
#define RELAY_LOG_TILES_H

#include "proto/log/tree.h"
#include "relay/store/store.h"

#define LOG_TILE_LEVELS 7 /* 8 bits of the size each: more than PROTO_LOG_SIZE_MAX needs */

/*
 * The hashes of a tile's own level first, as they are stored; behind them the seven levels above, each half as long,
 * because a proof asks for those and they cost a hash each. Only whole subtrees have theirs.
 */
struct log_tile {
    uint64_t n;
    size_t count;
    bool dirty; /* of the edge: not yet written since it grew */
    uint8_t hashes[2 * RELAY_STORE_TILE_WIDTH * PROTO_LOG_HASH_BYTES];
};

/* The right edge: one tile a level. Plain data: a copy is the point to go back to. */
struct log_edge {
    struct log_tile tile[LOG_TILE_LEVELS];
};

/* Reads nodes. `edge` (may be NULL) is looked at before the store. */
struct log_tile_reader {
    struct relay_store *store;             /* borrowed */
    const struct log_edge *edge;           /* borrowed */
    struct log_tile kept[LOG_TILE_LEVELS]; /* the last full tile of each level; count 0 is none */
};

void log_tile_reader_init(struct log_tile_reader *r, struct relay_store *store, const struct log_edge *edge);
struct proto_log_reader log_tile_reader_of(struct log_tile_reader *r);

/** The edge of a stored tree of `size` leaves; PROTO_ERR_LOG when a tile is missing or has another length. */
PROTO_MUST_USE enum proto_err log_edge_load(struct log_edge *edge, uint64_t size, struct relay_store *store);
/** A node was made, of any level: its tile takes it, and a tile that is full now is written. */
PROTO_MUST_USE enum proto_err log_edge_add(struct log_edge *edge, unsigned level, uint64_t index,
                                           const uint8_t hash[PROTO_LOG_HASH_BYTES], struct relay_store *store);
/** Writes the tiles that grew. In a transaction. */
PROTO_MUST_USE enum proto_err log_edge_write(struct log_edge *edge, struct relay_store *store);

#endif
