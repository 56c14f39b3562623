/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/stills.h - a still that has come: is it a picture, and may it be kept?
 *
 * The bytes are a stranger's. They are looked at by libjpeg and libpng as far as their headers, which have to say what
 * the customer's end said of them; a decoder meets nothing larger than PROTO_STILL_MAX_PIXELS a side.
 */
#ifndef AGENT_DESK_STILLS_H
#define AGENT_DESK_STILLS_H

#include "proto/session/session.h"

/** FORMAT: the bytes are no picture of that type. RANGE: it has another size than was said. */
PROTO_MUST_USE enum proto_err agent_desk_still_check(const struct proto_still *still);
/**
 * Decodes a still that was checked, into 3 bytes a pixel, rows without padding; the caller frees *rgb. FORMAT: it is
 * damaged; NOMEM.
 */
PROTO_MUST_USE enum proto_err agent_desk_still_decode(const struct proto_still *still, uint8_t **rgb);
/** "jpg" or "png": what a file of this type ends in. */
const char *agent_desk_still_suffix(const struct proto_still *still);

#endif
