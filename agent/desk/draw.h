/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/draw.h - a picture where there is no window: in the terminal as half blocks, or as a PNG file.
 *
 * A raster is plain RGB, made from a decoded picture or from bytes that are no picture at all (what a relay held), so
 * that both are drawn by the same hand.
 */
#ifndef AGENT_DESK_DRAW_H
#define AGENT_DESK_DRAW_H

#include "agent/desk/picture.h"
#include "proto/util/buf.h"

struct agent_desk_raster { /* a zeroed struct is empty */
    uint8_t *rgb;          /* owned; 3 bytes a pixel, rows without padding */
    int width, height;     /* pixels */
};

/** The picture in its own size. RANGE when it is empty or larger than AGENT_DESK_PICTURE_MAX. */
PROTO_MUST_USE enum proto_err agent_desk_raster_from_i420(struct agent_desk_raster *out,
                                                          const struct agent_desk_i420 *in);
/** One grey pixel a byte, row by row, from the start of `bytes` again when they run out: sealed bytes look like noise.
 */
PROTO_MUST_USE enum proto_err agent_desk_raster_from_bytes(struct agent_desk_raster *out, const uint8_t *bytes,
                                                           size_t len, int width, int height);
void agent_desk_raster_clear(struct agent_desk_raster *raster);

/**
 * Appends the raster to `out`, scaled to at most `columns` characters (2..400), two pixels a character in 24-bit
 * colour, a line feed and a colour reset after each row. About 40 bytes a character: `out->failed` tells when its
 * maximum was too small.
 */
PROTO_MUST_USE enum proto_err agent_desk_raster_blocks(const struct agent_desk_raster *raster, int columns,
                                                       struct proto_buf *out);
/** As blocks, two rasters side by side, each in half of `columns`; heights may differ. */
PROTO_MUST_USE enum proto_err agent_desk_raster_blocks_pair(const struct agent_desk_raster *left,
                                                            const struct agent_desk_raster *right, int columns,
                                                            struct proto_buf *out);
/**
 * Writes `path`; an existing file is replaced. PROTO_ERR_IO when it cannot be written (errno says why): then no half
 * picture is left.
 */
PROTO_MUST_USE enum proto_err agent_desk_raster_png(const struct agent_desk_raster *raster, const char *path);

#endif
