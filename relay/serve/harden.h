/* SPDX-License-Identifier: Apache-2.0 */
/* relay/serve/harden.h - what this process gives up before it reads a key. */
#ifndef RELAY_SERVE_HARDEN_H
#define RELAY_SERVE_HARDEN_H

#include "relay/serve/folder.h"

/**
 * Root becomes the owner of the folder, who may still bind a port below 1024: what it makes there is then the relay's,
 * and what it says can be read is what the relay can read. false: the report says why not.
 */
bool serve_become_owner(const char *dir, struct serve_report *report);
/** Behind it: whoever is root still is told so. */
void serve_tell_root(const char *dir, struct serve_report *report);
/** No new privileges, no memory image on disk and none for other processes of this user, keys not swapped out; the
 * report has a warning where the system does not lock so much. */
void serve_harden(struct serve_folder *folder, struct serve_report *report);
#endif
