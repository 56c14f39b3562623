/* SPDX-License-Identifier: Apache-2.0 */
/* relay/serve/harden.h - what this process gives up before it reads a key. */
#ifndef RELAY_SERVE_HARDEN_H
#define RELAY_SERVE_HARDEN_H

#include "relay/serve/folder.h"

/** No new privileges, no memory image on disk and none for other processes of this user, keys not swapped out; the
 * report has a warning where the system does not lock so much. */
void serve_harden(struct serve_folder *folder, struct serve_report *report);
#endif
