/* SPDX-License-Identifier: Apache-2.0 */
/* agent/identity.h - an agent's key and certificate from their files, for the window and for the program without one.
 */
#ifndef AGENT_IDENTITY_H
#define AGENT_IDENTITY_H

#include "proto/host/files.h"
#include "proto/identity/credential.h"

#define AGENT_IDENTITY_WHY_BYTES 512

struct agent_identity {
    char cert_file[HOST_PATH_BYTES], key_file[HOST_PATH_BYTES];
    struct proto_credential credential;
};

/**
 * Reads `path`.crt and `path`.key, and the organisation's `ca` file. On an error `why` names value, rule and way out,
 * and `*out` holds nothing. Warns on stderr when others can read the key.
 */
PROTO_MUST_USE enum proto_err agent_identity_load(struct agent_identity *out, const char *path, const char *ca,
                                                  char why[static AGENT_IDENTITY_WHY_BYTES]);
void agent_identity_clear(struct agent_identity *identity); /* wipes the key */

#endif
