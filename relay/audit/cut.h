/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/cut.h - what must not stay when Ctrl-C, or another signal that ends programs, cuts this one off: a file
 * that is half written, the copy of a relay's log.
 */
#ifndef RELAY_AUDIT_CUT_H
#define RELAY_AUDIT_CUT_H

/** This file, or folder with all in it, goes when the program is cut off; whoever takes such signals itself sees to it
 * itself. A few at a time; more are not taken. */
void audit_cut_add(const char *path);
/** It is whole, or gone. */
void audit_cut_forget(const char *path);

#endif
