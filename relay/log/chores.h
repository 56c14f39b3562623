/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/log/chores.h - what must be written and no receipt waits for, on a thread of its own: the checkpoint file, and
 * the folding of the store's write-ahead log into its file. Done by the writer, each would stand in the way of whoever
 * asks meanwhile.
 */
#ifndef RELAY_LOG_CHORES_H
#define RELAY_LOG_CHORES_H

#include <time.h>

#include "relay/log/writer.h"

enum { LOG_CHORES_REST_MS = 2 }; /* after a group nothing is begun for so long: its receipts are sent first */

struct log_chores;

/** `w` is borrowed: its store and the name of its checkpoint file. IO: the store cannot be opened a second time. */
PROTO_MUST_USE enum proto_err log_chores_start(struct log_chores **out, const struct log_writer *w);
/** Ends the thread; the size that the checkpoint file vouches for is then `*vouched_size`. NULL is fine. */
void log_chores_free(struct log_chores *chores, uint64_t *vouched_size);
/** After each group. `fold`: enough waits in the write-ahead log. */
void log_chores_tell(struct log_chores *chores, uint64_t size, const char *note, bool fold);

/** By the monotonic clock. */
void log_chores_in_ms(struct timespec *then, long ms);

#endif
