/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/log/ahead.h - evidence lines signed ahead, on a thread of their own.
 *
 * A signature is most of what an entry costs a processor, and needs nothing of the disk: so a second core signs for
 * those that wait, while the writer waits for the disk. What is signed names the index and the minute that the entry
 * will have if all before it are written; the writer takes a line only when both came true, and signs again where they
 * did not. A line that was not taken is shown to nobody.
 */
#ifndef RELAY_LOG_AHEAD_H
#define RELAY_LOG_AHEAD_H

#include "relay/log/writer.h"

struct log_ahead;

/** `w` is borrowed: its keys, which do not change. `unix_ms` is called on this thread too. */
PROTO_MUST_USE enum proto_err log_ahead_start(struct log_ahead **out, const struct log_writer *w,
                                              int64_t (*unix_ms)(void *context), void *context);
void log_ahead_free(struct log_ahead *ahead); /* ends the thread; NULL is fine */
/** An item with an entry, in the order in which they will be written. It must stay until log_ahead_done(). */
void log_ahead_push(struct log_ahead *ahead, struct log_item *item);
/** The writer's: afterwards nobody else touches the item. It may be signed, or not. The same order as push. */
void log_ahead_need(struct log_ahead *ahead, struct log_item *item);
/** These were written or refused, and may be freed; the log has `size` entries now. */
void log_ahead_done(struct log_ahead *ahead, struct log_item *group, uint64_t size);

#endif
