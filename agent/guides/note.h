/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/guides/note.h - which guides the organisation has published: a list that somebody of its staff signed.
 *
 * Guides come to agents through the relay, and what an agent reads out to a customer must not be the relay's to choose.
 * So a folder of guides has a file guides.note, a C2SP signed note; nothing that it does not name is used, nothing that
 * has another hash, and no list that is older than the one before.
 *
 *     handhold/1 guides
 *     domain example.org
 *     time 1767225600                         the newest counts: it takes the place of a number
 *     signer <base64 DER of the leaf>         once more for an authority between leaf and root
 *     file lamp-off-mesh.yaml 3121 <base64 SHA-256>
 *     …                                       by name, rising
 *
 * Signed under "<domain>/<role>/<serial>" by a supervisor, expert or officer; the chain is judged at `time`, as that of
 * a policy is (proto/identity/policy.h).
 */
#ifndef AGENT_GUIDES_NOTE_H
#define AGENT_GUIDES_NOTE_H

#include "proto/identity/credential.h"
#include "proto/identity/org.h"
#include "proto/util/buf.h"

#define AGENT_GUIDES_NOTE_FILE "guides.note"
enum {
    AGENT_GUIDES_NOTE_BYTES = 65536,
    AGENT_GUIDES_FILES_MAX = 400,
    AGENT_GUIDES_NAME_BYTES = 65, /* KeptAsk.name */
    AGENT_GUIDES_FILE_MAX = 512 * 1024,
};

struct agent_guides_file {
    char name[AGENT_GUIDES_NAME_BYTES]; /* small letters, digits, `.`, `_`, `-`, not hidden */
    uint32_t bytes;
    uint8_t hash[32];
};

struct agent_guides_note {
    char domain[PROTO_IDENTITY_DOMAIN_BYTES + 1];
    int64_t time_s;
    struct proto_identity signer; /* set by verify */
    struct agent_guides_file files[AGENT_GUIDES_FILES_MAX];
    size_t count;
};

bool agent_guides_name_is_valid(const char *name);
/** Signs `note` (files and time set by the caller; sorted here), appends to `out`. CERT_ROLE: an agent signs no
 * guides. */
PROTO_MUST_USE enum proto_err agent_guides_note_sign(struct agent_guides_note *note,
                                                     const struct proto_credential *signer, struct proto_buf *out);
/**
 * Verifies: chain to `root`, domain and revocation by `org`, signature, form. POLICY: older than `not_before_s`, the
 * newest that was seen (0: none was). On an error *out is all zero.
 */
PROTO_MUST_USE enum proto_err agent_guides_note_verify(struct agent_guides_note *out, const void *note, size_t len,
                                                       struct proto_der root, const struct proto_org *org,
                                                       int64_t not_before_s);

#endif
