/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/proofs_inside.h - the check of one file of proofs while it goes on. Only proofs_*.c and their test see
 * it.
 */
#ifndef RELAY_AUDIT_PROOFS_INSIDE_H
#define RELAY_AUDIT_PROOFS_INSIDE_H

#include "relay/audit/proofs.h"

struct proofs_checking {
    const struct audit_belief *belief;
    struct audit_proved *proved;
    struct proto_log_proofs file;
    struct proto_log_proof proof;
    struct audit_organisation o;      /* as much of one as notes are held to: the log's keys, and the domain */
    struct proto_log_checkpoint last; /* of the proof before */
    bool has_sid, has_customer, agent_set;
    uint8_t der[PROTO_IDENTITY_CHAIN_MAX][PROTO_IDENTITY_DER_BYTES]; /* the file's certificates */
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];
    struct proto_identity_root root; /* theirs */
};

/** A finding at the proof in hand. */
struct audit_finding *proofs_wrong(struct proofs_checking *c, const char *part);

/**
 * proofs_words.c: a receipt, as people read it in front of the proofs, held against the notes. The first
 * line that says otherwise than they do is named. False: memory ran out.
 */
bool proofs_compare_words(struct proofs_checking *c);
#define PROOFS_PAGE_BEGINS "<!doctype html>"
#define PROOFS_PAGE_ENDS "</pre></body></html>\n"
/** proofs_page.c: what a phone's page has in front of these proofs. False: it is no such page, or no memory. */
bool proofs_write_page(const struct proofs_checking *c, struct proto_buf *out);
/** Did this version of the page write these words? Else they cannot be compared. */
bool proofs_page_is_ours(const struct proto_log_span *words);
/** proofs_gaps.c: which notes are not in the file, by the numbers that their signers gave them. */
void proofs_look_for_gaps(struct proofs_checking *c);
/** proofs_who.c: the file's certificates, at the first note; the agent's key from then on. */
void proofs_take_certificate(struct proofs_checking *c, const struct proto_log_leaf *leaf);
/** proofs_who.c: to whom was it said? A certificate beside the proofs is anybody's until a signed statement names it.
 */
void proofs_check_grantee(struct proofs_checking *c, const struct proto_log_leaf *leaf,
                          const struct proto_statement *st);

#endif
