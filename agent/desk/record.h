/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/record.h - a recording: what came, as it came, in a WebM that only the privacy officers can open.
 *
 * Pictures and voice are not encoded again; marks are a track of texts. Each byte is sealed before it reaches the disk
 * (proto/seal/vault.h), and a new cluster each second makes what is there readable when the program is killed. The
 * owner starts it under a live consent `recording` and stops it with the consent; the hash goes into the log.
 *
 * Times are milliseconds since the recording began, on one clock for all tracks, so that they stay in step. What is
 * from before is left out. The file is as long as the recording was: the marks say where it begins and ends, whenever
 * the first key frame came.
 */
#ifndef AGENT_DESK_RECORD_H
#define AGENT_DESK_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/util/err.h"
#include "proto/util/random.h"

struct agent_desk_record;

/**
 * Creates `path` (mode 0600; it must not exist) sealed to the officers' `evidence_key`. IO: errno says why. KEY: the
 * key is unusable. The caller owns *out, and ends it with stop, then free.
 */
PROTO_MUST_USE enum proto_err agent_desk_record_new(struct agent_desk_record **out, const char *path,
                                                    const uint8_t evidence_key[static 32],
                                                    const struct proto_random *random);
/** One VP8 packet; the size is used of the first. Left out before the first key frame. IO: the disk is full or gone. */
PROTO_MUST_USE enum proto_err agent_desk_record_picture(struct agent_desk_record *record, const uint8_t *bytes,
                                                        size_t len, bool key, int64_t at_ms, int width, int height);
/** 20 ms of Opus, of the customer (false) or of the agent (true). */
PROTO_MUST_USE enum proto_err agent_desk_record_voice(struct agent_desk_record *record, bool mine, const uint8_t *bytes,
                                                      size_t len, int64_t at_ms);
/** What was drawn or said, as a text of that moment. */
PROTO_MUST_USE enum proto_err agent_desk_record_text(struct agent_desk_record *record, const char *text, int64_t at_ms);
/** Ends the file after `at_ms`. *bytes and `hash` (SHA-256) are of the sealed file as it lies on the disk. */
PROTO_MUST_USE enum proto_err agent_desk_record_stop(struct agent_desk_record *record, int64_t at_ms, uint64_t *bytes,
                                                     uint8_t hash[static 32]);
void agent_desk_record_free(struct agent_desk_record *record); /* NULL is fine; without stop: as after a crash */

#endif
