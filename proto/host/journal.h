/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/host/journal.h - systemd's journal, where stderr goes to it: entries with fields that one may ask for.
 *
 * A line on stderr brings a text and its level (sd-daemon(3)). What else an event has to say, such as its session, the
 * journal keeps by name when it is told in its own protocol: "NAME=value" lines in one datagram.
 */
#ifndef PROTO_HOST_JOURNAL_H
#define PROTO_HOST_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

/** Does stderr go to the journal (systemd.exec(5), JOURNAL_STREAM)? */
bool host_journal_is_stderr(void);
/** One entry, "NAME=value" lines. Does not wait. false: nobody took it. */
bool host_journal_send(const char *entry, size_t len);

#endif
