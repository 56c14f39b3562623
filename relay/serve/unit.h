/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/unit.h - the package's unit for systemd, for a folder, a user and a program of the operator's choice.
 *
 * A folder that is not the usual one is no StateDirectory, and one below a home is not to be hidden from the relay.
 */
#ifndef RELAY_SERVE_UNIT_H
#define RELAY_SERVE_UNIT_H

#include "proto/util/buf.h"

#define SERVE_UNIT_DIR "/var/lib/handhold-relay"
#define SERVE_UNIT_USER "handhold-relay"

/** The text of the unit, and a NUL behind it; `out->failed` when it has no room. */
void serve_unit_fill(struct proto_buf *out, const char *dir, const char *user_name, const char *program);

#endif
