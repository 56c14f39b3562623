/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes a relay into one that lies: whatever an end says to have seen of its log, it is told that it fits. All
 * else is the relay as it is shipped. It stands for an operator who keeps two logs under one key.
 */
#include "relay/log/appender.h"

enum proto_err __wrap_relay_log_judge(struct relay_store *store, const struct proto_log_seen *head,
                                      const struct proto_log_seen *seen, const char *note, const char *log_vkey,
                                      struct relay_log_verdict *out);

enum proto_err __wrap_relay_log_judge(struct relay_store *store, const struct proto_log_seen *head,
                                      const struct proto_log_seen *seen, const char *note, const char *log_vkey,
                                      struct relay_log_verdict *out)
{
    (void)store;
    (void)head;
    (void)seen;
    (void)note;
    (void)log_vkey;
    *out = (struct relay_log_verdict){RELAY_LOG_CLAIM_FITS, false};
    return PROTO_OK;
}
