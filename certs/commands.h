/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certs/commands.h - the commands of handhold-certs, a file each. Each reads certs_options and returns the exit code.
 */
#ifndef CERTS_COMMANDS_H
#define CERTS_COMMANDS_H

#include "proto/host/options.h"

extern struct certs_options {
    const char *dir, *organisation, *domain;
    const char *role, *id, *name, *request, *reason, *out;
    struct host_texts hosts;
    int64_t days; /* 0: the default of what is issued */
    bool json;
} certs_options;

int certs_init(void);
int certs_issue(void); /* staff, or hands over to the next for the role relay */
int certs_issue_relay(void);
int certs_revoke(void);
int certs_list(void);
int certs_export_relay(void);

#endif
