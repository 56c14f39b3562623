/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/fork.h - what two checkpoints prove that an end kept (proto/log/fork.h). */
#ifndef RELAY_AUDIT_FORK_H
#define RELAY_AUDIT_FORK_H

#include "relay/audit/organisation.h"
#include "relay/audit/proofs.h"

/**
 * Judges and prints. The exit code: fine when the fork is proved, failed otherwise. `name` is the file's. `o` (NULL:
 * offline): the log as it is kept now, which decides what two checkpoints of two sizes leave open.
 */
int audit_check_fork(const char *text, size_t len, const struct audit_belief *belief,
                     const struct audit_organisation *o, const char *name, bool json);

#endif
