/* SPDX-License-Identifier: Apache-2.0 */
/* agent/guides/sign.h - publishes a folder of guides: its list, signed, as agents hold it against what the relay has.
 */
#ifndef AGENT_GUIDES_SIGN_H
#define AGENT_GUIDES_SIGN_H

#include "proto/identity/credential.h"

/**
 * Checks every guide of the folder and writes guides.note into it (agent/guides/note.h); `*files` is how many it names.
 * Any error: nothing was written, and what is wrong was said. CERT_ROLE: an agent publishes no guides.
 */
PROTO_MUST_USE enum proto_err agent_guides_sign_folder(const char *folder, const struct proto_credential *signer,
                                                       size_t *files);

#endif
