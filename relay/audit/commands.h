/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/commands.h - the commands of handhold-audit, a file each. Each reads audit_options and returns the exit
 * code: 0 fine, 1 something is wrong with what was read, 2 the call or the folder is not one that it can work with.
 */
#ifndef RELAY_AUDIT_COMMANDS_H
#define RELAY_AUDIT_COMMANDS_H

#include "proto/host/options.h"

extern struct audit_options {
    const char *dir, *key;
    const char *session; /* show */
    bool json;
} audit_options;

int audit_verify(void);
int audit_list(void);
int audit_show(void);

/** Says that a command of a later version is not in this one, and returns the exit code; 0 when `word` is none. */
int audit_later(const char *word);

#endif
