/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/seen.h - the newest tree of each log that this person's programs have verified, kept from run to run.
 *
 * A relay that shows an older or another log next time is then caught at the first receipt. A log is known by the host
 * it was reached at and by the organisation's root, so that two organisations on one host, or one that began anew with
 * another root, are not mistaken for a forked log. One small file, $XDG_STATE_HOME/handhold/seen (else
 * ~/.local/state/handhold/seen), mode 0600, one line a log, newest first, HOST_SEEN_MAX lines.
 */
#ifndef PROTO_HOST_SEEN_H
#define PROTO_HOST_SEEN_H

#include <stdint.h>

#include "proto/log/receipt.h"
#include "proto/util/err.h"

#define HOST_SEEN_MAX 64
#define HOST_SEEN_PIN_BYTES 16 /* of the root's fingerprint, as in a link */

/** What is remembered of this log; size 0 when nothing is, or when the file is not there or cannot be read. */
void host_seen_load(const char *join_host, const uint8_t pin[static HOST_SEEN_PIN_BYTES], struct proto_log_seen *out);
/** Remembers it; a smaller tree than the one remembered changes nothing. IO: the file cannot be written (errno). */
PROTO_MUST_USE enum proto_err host_seen_save(const char *join_host, const uint8_t pin[static HOST_SEEN_PIN_BYTES],
                                             const struct proto_log_seen *seen);

#endif
