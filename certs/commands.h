/* SPDX-License-Identifier: Apache-2.0 */
/*
 * certs/commands.h - the commands of handhold-certs, a file each. Each reads certs_options and returns the exit code.
 */
#ifndef CERTS_COMMANDS_H
#define CERTS_COMMANDS_H

#include "proto/host/options.h"

extern struct certs_options {
    const char *dir, *organisation, *domain;
    const char *role, *id, *name, *request, *reason, *out, *relay, *identity;
    struct host_texts hosts;
    int64_t days; /* 0: the default of what is issued */
    bool json, watch;
} certs_options;

int certs_init(void);
int certs_issue(void); /* staff, or hands over to the next for the role relay */
int certs_issue_relay(void);
int certs_revoke(void);
int certs_list(void);
int certs_export_relay(void);
int certs_new_log(void);
int certs_renew(void);

struct certs_authority;
struct proto_buf;
/** issue_relay.c: makes D/relay/log.key and log.vkey for a log of this name; appends the verifier key and LF. */
bool certs_log_key_make(const struct certs_authority *a, const char *name, struct proto_buf *vkey);
/** issue_relay.c: org.note names this log from now on; nothing is written when it does already. */
bool certs_log_list(struct certs_authority *a, const struct proto_buf *vkey);

#endif
