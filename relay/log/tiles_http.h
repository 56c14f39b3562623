/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/log/tiles_http.h - the log as C2SP tlog-tiles: a path to its bytes. What speaks HTTP is somebody else.
 *
 *     checkpoint                  the newest, with its cosignatures
 *     tile/<L>/<N>[.p/<W>]        W hashes (256 without .p) of level 8 * L of the tree
 *     tile/entries/<N>[.p/<W>]    the leaves of tile 0/<N>, each behind its length in two bytes
 *
 * N is written in groups of three digits, all but the last behind an x: 1234067 is x001/x234/067. Every tile has one
 * path, and every path one content for ever. A partial tile is served as long as the tree holds it, also when its tile
 * has grown since; a tile that the newest checkpoint does not cover is not there.
 */
#ifndef RELAY_LOG_TILES_HTTP_H
#define RELAY_LOG_TILES_HTTP_H

#include <stdbool.h>

#include "proto/util/buf.h"
#include "relay/store/store.h"

#define RELAY_TILES_PATH_MAX 64 /* bytes of the longest path there is, and some */
#define RELAY_TILES_BYTES_MAX (RELAY_STORE_TILE_WIDTH * (2 + PROTO_LOG_LEAF_BYTES)) /* of the largest answer */

enum relay_tiles_kind { RELAY_TILES_CHECKPOINT = 1, RELAY_TILES_HASHES, RELAY_TILES_ENTRIES };

struct relay_tiles_path {
    enum relay_tiles_kind kind;
    unsigned level;
    uint64_t n;
    size_t width; /* 1 to 256 */
};

/** `path` is what stands behind "/log/", `len` bytes of anything. PROTO_ERR_FORMAT unless it is spelled as above. */
PROTO_MUST_USE enum proto_err relay_tiles_path_parse(struct relay_tiles_path *out, const char *path, size_t len);

struct relay_tiles_answer {
    bool immutable;           /* may be cached for ever; a checkpoint not at all */
    const char *content_type; /* static */
};

/**
 * Appends the bytes. From any handle on the store; outside a transaction of it. PROTO_ERR_FORMAT: no such path;
 * PROTO_ERR_NOT_FOUND: not in this log, or not yet; PROTO_ERR_LOG: the stored log lacks what its checkpoint covers;
 * PROTO_ERR_IO. `out` needs room for RELAY_TILES_BYTES_MAX, and has nothing new in it after an error.
 */
PROTO_MUST_USE enum proto_err relay_tiles_get(struct relay_store *store, const char *path, size_t len,
                                              struct proto_buf *out, struct relay_tiles_answer *answer);

#endif
