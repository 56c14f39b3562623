/* SPDX-License-Identifier: Apache-2.0 */
/* relay/serve/whole.h - is a database whole? Asked of SQLite, for --check and for a copy. */
#ifndef RELAY_SERVE_WHOLE_H
#define RELAY_SERVE_WHOLE_H

#include <sqlite3.h>

#include "relay/serve/folder.h"

enum serve_whole { SERVE_WHOLE, SERVE_NOT_WHOLE, SERVE_WHOLE_SO_FAR };
/** Looks through all of it, for `most_ms` at most (0: to its end); what it found until then is SERVE_WHOLE_SO_FAR. */
enum serve_whole serve_whole_look(sqlite3 *database, int64_t most_ms);
/** Of both databases of a folder, into the report; for as long as an operator waits. */
void serve_whole_check(const struct serve_folder *folder, struct serve_report *report);

#endif
