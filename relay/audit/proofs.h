/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/proofs.h - a session's entries as proofs that hold without the relay, and what such a file proves.
 */
#ifndef RELAY_AUDIT_PROOFS_H
#define RELAY_AUDIT_PROOFS_H

#include "proto/log/proofs.h"
#include "relay/audit/session.h"

/**
 * Appends the whole file (proto/log/proofs.h) for one session. `*count` proofs; entries whose evidence was erased have
 * none. Needs the officers' key. LOG: an entry does not open, or the tiles do not lead to the checkpoint; RANGE: more
 * entries than one file takes; NOMEM, IO.
 */
#define AUDIT_PROOFS_MANY_WORDS "has more entries than a file of proofs takes, which is 4096"
PROTO_MUST_USE enum proto_err audit_proofs_write(struct audit_organisation *o, const struct relay_store_session *row,
                                                 struct proto_buf *out, size_t *count);

/* ---- checking ---- */

enum audit_trust { AUDIT_TRUST_FILE, AUDIT_TRUST_KEY, AUDIT_TRUST_ORG }; /* who says that this is the log's key */

/* What a reader of a file believes beforehand. Zero: nothing. */
struct audit_belief {
    enum audit_trust trust;
    struct proto_org org;               /* ORG: its logs */
    char vkey[PROTO_NOTE_VKEY_MAX + 1]; /* KEY */
    bool has_root;
    uint8_t root_pin[32]; /* SHA-256 of the root's SPKI */
};

struct audit_proved {
    struct audit_session session; /* notes in the file's order; cleared by audit_proved_clear() */
    struct audit_report report;   /* what is wrong; entries are those of the log */
    char vkey[PROTO_NOTE_VKEY_MAX + 1];
    struct proto_note_key log_key;
    size_t proofs;
    uint64_t size;         /* of the largest tree that was shown */
    bool compared;         /* the words in front of the proofs are those of the proved notes */
    bool page;             /* and they are a phone's page */
    bool unnamed;          /* and no certificate proves the agent's name in them, though a receipt has it */
    size_t unsigned_notes; /* the file names no key for their signer: they hold, whoever wrote them */
    bool key_from_relay;   /* the customer's key stands in a `joined` that is proved too */
    bool revoked;          /* by the authority, when something was allowed, and not for long */
    bool certificate_ok, certificate_trusted; /* the agent's chain holds; and leads to the root that is believed in */
    char missing[AUDIT_TEXT_MAX];             /* which notes are not in the file, as far as it shows; empty: none */
    size_t behind;                            /* bytes behind the proofs, which nobody reads */
    size_t to_agent;                          /* statements that name this certificate as whom they are for */
    char trouble[AUDIT_TEXT_MAX];             /* the file itself, when it cannot be read at all; else empty */
};

/** `proved` is zeroed by the caller. False: `trouble` says what it is not. True: `report` says whether it holds. */
bool audit_proofs_check(const char *text, size_t len, const struct audit_belief *belief, struct audit_proved *proved);
void audit_proved_clear(struct audit_proved *proved);

#endif
