/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/commands.h - the commands of handhold-audit, a file each. Each reads audit_options and returns the exit
 * code: 0 fine, 1 something is wrong with what was read, 2 the call or the folder is not one that it can work with.
 *
 * The one table of options, words and commands is in main.c. A new command is a function here, a line there, and a
 * paragraph in handhold-audit.1.
 */
#ifndef RELAY_AUDIT_COMMANDS_H
#define RELAY_AUDIT_COMMANDS_H

#include "proto/host/options.h"
#include "relay/audit/organisation.h"

extern struct audit_options {
    const char *dir, *key;
    bool json;
    const char *session; /* show, prove */
    bool full, quick;    /* verify */
    int64_t threads;     /* verify; 0: one for each core */
    struct {             /* list, export, report; as they were typed */
        const char *since, *until, *agent, *customer, *capability, *outcome;
    } filter;
    const char *format;           /* export */
    const char *output;           /* export, prove */
    const char *cases_key;        /* export */
    const char *file;             /* check */
    const char *ca, *org, *trust; /* check: root, organisation's note, the log's key */
    int64_t lines;                /* tail: so many of the newest entries first */
    bool once;                    /* tail: does not wait for more */
    const char *relay, *identity; /* an officer who acts: see remote.h; with `ca` */
    const char *reason;           /* stop, erase */
    const char *receipt;          /* erase */
    bool yes;                     /* erase, recover: is not asked again */
    const char *checkpoint;       /* recover: of the log that is to be ended */
    int64_t ended;                /* all that read: the log in D/data.ended-N; 0: the present one */
    const char *action;           /* policy: print, check, sign */
} audit_options;

/**
 * What every command begins with: opens the organisation that the options name. False: one error was said, and the
 * exit code is HOST_EXIT_USAGE. `why_key`: what the command needs the officers' key for; NULL when it can do without.
 */
bool audit_enter(struct audit_organisation *o, const char *why_key);
/** Is --reason some words, few enough, that everybody reads as they were written? False: said, with `what` it is for
 * and, unless empty, an example. */
bool audit_reason(const char *what, const char *example);

/** show.c: with o->whole, the session whose number begins with these digits. False: none or several, or no digits,
 * which was said. */
bool audit_find_session(struct audit_organisation *o, const char *begins, struct relay_store_session *row);

int audit_verify(void);
int audit_list(void);
int audit_show(void);
int audit_tail(void);
int audit_export(void);
int audit_figures(void); /* report */
int audit_prove(void);
int audit_check(void);
int audit_stop(void);
int audit_erase(void);
int audit_policy(void);
int audit_recover(void);
int audit_retain(void);
int audit_play(void); /* open */

#endif
