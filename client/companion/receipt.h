/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/receipt.h - what a customer takes home: a page in words, and under it the proof of each line.
 *
 * The page has the fields of a consent receipt (ISO/IEC TS 27560): who asked, whom to write to, what for, what was
 * answered, when it began and ended, what is kept where and until when, and how to have it erased. It is written from
 * the notes that this end signed and the log took, not from what the program remembers otherwise. Form:
 * proto/log/proofs.h, so that `handhold-audit check FILE` verifies it with no network.
 */
#ifndef CLIENT_COMPANION_RECEIPT_H
#define CLIENT_COMPANION_RECEIPT_H

#include "proto/session/session.h"

#define CLIENT_RECEIPT_MAX (4 << 20) /* bytes of the file */

struct client_receipt;

PROTO_MUST_USE enum proto_err client_receipt_new(struct client_receipt **out);
void client_receipt_free(struct client_receipt *receipt); /* NULL is fine */
/** Every event of the session, as it comes; those that matter are kept. */
void client_receipt_take(struct client_receipt *receipt, const struct proto_event *event);

/* What the notes do not say. Borrowed. */
struct client_receipt_about {
    const uint8_t *sid;          /* 16 bytes */
    const uint8_t *customer_key; /* 32 bytes */
    const char *log_vkey;
    const char *relay;   /* where the session was: a URL */
    const char *contact; /* of the organisation's privacy officer; empty: not known */
    uint32_t keep_days;  /* of the log's sealed notes; 0: no end is set */
    int64_t now_unix_s;
    struct proto_der
        chain[PROTO_IDENTITY_CHAIN_MAX]; /* the agent's certificates, leaf first: who each answer went to */
    size_t chain_len;                    /* 0: the receipt proves what was answered, and not to whom */
};
/** Appends the file. STATE: nothing was logged, so there is nothing to prove. FULL: an entry more than were kept;
 * NOMEM. */
PROTO_MUST_USE enum proto_err client_receipt_write(const struct client_receipt *receipt,
                                                   const struct client_receipt_about *about, struct proto_buf *out);

#endif
