/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/seen.h - the newest checkpoint of each log that this person's programs have verified, kept from run to
 * run, and the proof when a log turns out to be two.
 *
 * A relay that shows an older or another log next time is then caught at the first receipt. A log is known by the host
 * it was reached at and by the organisation's root, so that two organisations on one host, or one that began anew with
 * another root, are not mistaken for a forked log. One small file, $XDG_STATE_HOME/handhold/seen (else
 * ~/.local/state/handhold/seen), mode 0600, one line a log, newest first, HOST_SEEN_MAX lines: size, root, and the
 * checkpoint as the log signed it, which the relay and the other end are shown.
 */
#ifndef PROTO_HOST_SEEN_H
#define PROTO_HOST_SEEN_H

#include <stdint.h>

#include "proto/host/files.h"
#include "proto/log/fork.h"
#include "proto/log/receipt.h"
#include "proto/session/session.h"
#include "proto/util/err.h"

#define HOST_SEEN_MAX 64
#define HOST_SEEN_PIN_BYTES 16 /* of the root's fingerprint, as in a link */

struct host_seen {
    struct proto_log_seen tree;
    char note[PROTO_LOG_BARE_MAX]; /* its signed checkpoint; "" when only size and root are known */
};

/** What is remembered of this log; size 0 when nothing is, or when the file is not there or cannot be read. */
void host_seen_load(const char *join_host, const uint8_t pin[static HOST_SEEN_PIN_BYTES], struct host_seen *out);
/** What this session has seen, to be remembered; size 0 when there is nothing, or the log is not to be trusted. */
void host_seen_of(const struct proto_session *session, struct host_seen *out);
/** Is `now` worth remembering: of a larger tree, or of another log (that one was ended, and this one follows)? */
bool host_seen_is_news(const struct host_seen *now, const struct host_seen *before);
/** Remembers it; a smaller tree of the log that is remembered changes nothing. IO: the file cannot be written (errno). */
PROTO_MUST_USE enum proto_err host_seen_save(const char *join_host, const uint8_t pin[static HOST_SEEN_PIN_BYTES],
                                             const struct host_seen *seen);
/**
 * Keeps what an alarm shows of a forked log (event->alarm.fork) as a file beside `seen`, mode 0600, named by its
 * content; `path` is where. False: the event shows nothing, or the file cannot be written.
 */
bool host_seen_keep_fork(const struct proto_event *event, char path[static HOST_PATH_BYTES]);

#endif
