/* SPDX-License-Identifier: Apache-2.0 */
/* relay/serve/harden.h - what this process gives up before it reads a key. */
#ifndef RELAY_SERVE_HARDEN_H
#define RELAY_SERVE_HARDEN_H

#include "relay/serve/folder.h"

/** No new privileges, no memory image on disk and none for other processes of this user, the log's keys not swapped
 * out. */
void serve_harden(struct serve_folder *folder);
#endif
