/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/restore.h - a copy that --backup took becomes the relay's memory again, while no relay runs.
 *
 * Both databases are copied whole and looked through before anything moves, and what was there goes to D/data.replaced,
 * with what SQLite kept beside it: left behind, a newer database's write-ahead log would be played over the copy.
 * D/relay/checkpoint stays, so that a relay refuses a copy that is older than what it signed since; where it is
 * missing, as on a new machine, the copy's is taken, and its notes.
 */
#ifndef RELAY_SERVE_RESTORE_H
#define RELAY_SERVE_RESTORE_H

#include "relay/serve/folder.h"

/** Out of the folder `from`. False: the report has the error, and nothing has moved, or it says what has. */
bool serve_restore(const struct serve_folder *folder, const char *from, struct serve_report *report);

#endif
