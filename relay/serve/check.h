/* SPDX-License-Identifier: Apache-2.0 */
/* relay/serve/check.h - what --check looks at beyond what a start looks at. */
#ifndef RELAY_SERVE_CHECK_H
#define RELAY_SERVE_CHECK_H

#include "relay/serve/config.h"
#include "relay/serve/folder.h"
#include "relay/store/store.h"

/** What can be read of the stored log without touching it. */
void serve_check_log(struct serve_folder *folder, struct serve_report *report);
/** Beside a relay that runs: its ports are its own, and no error. */
void serve_check_runs(const struct serve_folder *folder, struct serve_report *report);
/** The same, and what can be read of its log is checked. */
void serve_check_beside(struct serve_folder *folder, struct serve_report *report);
/** Before another relay leaves its place to this one: is its database one that this program knows, and has it all that
 * the checkpoint vouches for? */
bool serve_check_successor(const struct serve_folder *folder, struct serve_report *report);
/** The machine under it: room on the disk, a clock that is not behind the log, the folder of guides that is named. */
void serve_check_machine(const struct serve_config *config, const struct serve_folder *folder,
                         struct serve_report *report);

/** What is stored could not be read, with this error: its database is damaged, or what it says is not the log's. A
 * start says it in the same words. */
void serve_check_unread(struct serve_report *report, const struct serve_folder *folder, const struct relay_store *store,
                        enum proto_err err);

#endif
