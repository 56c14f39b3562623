/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/backup.h - a copy of what the relay remembers, taken while it runs.
 *
 * relay.db first and keys.db after it, so that no entry of the copy lacks its key. They stay two files: what an officer
 * erases is gone when its key is, so copies of keys.db are to be kept for days, those of relay.db for as long as one
 * likes. The newest checkpoint goes along; a relay that is started on a restored folder is held to it.
 */
#ifndef RELAY_SERVE_BACKUP_H
#define RELAY_SERVE_BACKUP_H

#include "relay/serve/folder.h"

/** Into `to`, which is made (0700) when it is missing, and holds nothing but an earlier copy, whose files are replaced
 * whole. false: the report has the error. */
bool serve_backup(const struct serve_folder *folder, const char *to, struct serve_report *report);

/* What restoring does, too. */

/** Copies a database whole, as of one moment, into `part`, and looks the copy through; `to` is its folder. */
bool serve_backup_database(const char *from, const char *part, const char *to, struct serve_report *report);
/** Copies a small file into `part`, 0600; one that is not there is none. */
bool serve_backup_file(const char *from, const char *part, const char *to, struct serve_report *report);

#endif
