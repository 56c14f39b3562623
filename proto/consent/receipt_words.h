/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proto/consent/receipt_words.h - a session's receipt as a customer reads it: who asked, what for, what was answered,
 * when, and what is kept (ISO/IEC TS 27560). The customer's end writes these words in front of the proofs; whoever
 * checks the file writes them again out of the proved notes, and compares. So they are a format: other words begin with
 * another first line.
 */
#ifndef PROTO_CONSENT_RECEIPT_WORDS_H
#define PROTO_CONSENT_RECEIPT_WORDS_H

#include "proto/consent/statement.h"
#include "proto/util/buf.h"

#define PROTO_RECEIPT_FIRST_LINE "RECEIPT of a session of remote assistance\n"

struct proto_receipt_entry {
    const struct proto_statement *statement; /* borrowed */
    uint64_t index;
};

/* Borrowed. Texts of others may hold anything. */
struct proto_receipt_words {
    const uint8_t *sid; /* PROTO_SID_BYTES */
    int64_t written_unix_s;
    const char *organisation; /* the domain; empty: not known */
    bool verified;
    const char *contact; /* of its privacy officer: an address; empty: not known */
    const char *agent;   /* empty: nobody came */
    const char *relay;
    const char *ended; /* proto_end_name; empty: not by word */
    const char *log;   /* its verifier key, or its origin */
    uint32_t keep_days;
    const struct proto_receipt_entry *entries; /* the customer's statements, as they were logged */
    size_t count;
    void (*put_time)(struct proto_buf *out, int64_t unix_s); /* "2026-11-22 08:15:00 +0100", in whatever zone */
};

/** Appends them; `out` has failed when they did not fit. */
void proto_receipt_words_write(const struct proto_receipt_words *words, struct proto_buf *out);

/** "2 hours 5 minutes", "10 minutes", "45 seconds". */
void proto_words_duration(struct proto_buf *out, int64_t seconds);
/** Appends `text` (NULL: nothing) as it may be shown: what controls, turns or hides is a blank, broken UTF-8 '?'. */
void proto_words_clean(struct proto_buf *out, const char *text);

#endif
