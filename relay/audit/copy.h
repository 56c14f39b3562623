/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/copy.h - the folder of a log that was copied from a relay, and what is erased in it. */
#ifndef RELAY_AUDIT_COPY_H
#define RELAY_AUDIT_COPY_H

#include "proto/host/files.h"
#include "proto/identity/org.h"
#include "relay/store/store.h"

/**
 * Makes it in TMPDIR, locked for as long as this program lives and removed when it ends; those that killed programs
 * left go first. False: said.
 */
bool audit_copy_folder(char folder[static HOST_PATH_BYTES]);
void audit_copy_remove(const char *folder);

/**
 * What entries from `from` on say was erased of the log `log`, whose copy `store` is, is erased in it, too: it was
 * given before they were there, is not to be had any more, and would be found where a note says that it is gone. What
 * earlier entries name no relay may give, and stays for verify to find. False: the copy cannot be written, which was
 * said.
 */
bool audit_copy_follow(struct relay_store *store, const char *log, uint64_t from);
/** The same of ended logs whose copies lie in `folder`, by what `live`, the copy of the present one, says. */
bool audit_copy_follow_ended(const char *folder, const struct proto_org *org, struct relay_store *live, uint64_t from);

#endif
