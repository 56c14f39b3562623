/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the outbox into the log. One note is under way at a time: its receipt must continue the tree that was seen when
 * it left, and then becomes what is seen; two at once could each be proved against the same old tree and yet belong to
 * two different logs.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/evidence.h"
#include "proto/seal/kdf.h"
#include "proto/session/internal.h"

static enum proto_err seal_evidence(struct proto_session *s, struct note_entry *entry)
{
    struct proto_evidence evidence = {0};

    if (entry->evidence.len)
        return PROTO_OK; /* sealed before: a repeated LOG_ADD has the same bytes */
    struct note_entry *n = s->outbox.first;
    while (n->logged)
        n = n->next;
    for (;; n = n->next) {
        if (evidence.count == PROTO_EVIDENCE_NOTES)
            return PROTO_ERR_FULL;
        evidence.notes[evidence.count++] = (struct proto_evidence_note){n->note.bytes, n->note.len};
        if (n == entry)
            break;
    }
    memcpy(evidence.r, entry->r, sizeof evidence.r);
    proto_log_commit(entry->commitment, entry->r, entry->note.bytes, entry->note.len);
    enum proto_err err = proto_evidence_seal(&evidence, s->policy.evidence_key, &s->random, &entry->evidence);
    sodium_memzero(&evidence, sizeof evidence);
    if (!err)
        proto_sha256(entry->evidence_hash, entry->evidence.bytes, entry->evidence.len);
    return err;
}

/* The first note with a leaf of its own; the rekey notes in front of it ride in its evidence. NULL while one is not
 * final. */
static struct note_entry *next_to_log(const struct outbox *outbox)
{
    for (struct note_entry *entry = outbox->first; entry; entry = entry->next) {
        if (entry->logged)
            continue;
        if (!entry->final)
            return NULL;
        if (!entry->rides)
            return entry;
    }
    return NULL;
}

static bool send_log_add(struct proto_session *s, struct note_entry *entry)
{
    handhold_LogAdd *add = calloc(1, sizeof *add);
    struct proto_buf body;
    bool sent = false;

    if (!add)
        return false;
    proto_buf_init(&body, PROTO_MAX_LOG_BYTES);
    add->leaf_class = entry->kind;
    add->seen_size = s->seen.size;
    memcpy(add->commitment, entry->commitment, sizeof add->commitment);
    if (!PROTO_SET_BYTES(add->evidence, entry->evidence.bytes, entry->evidence.len) &&
        !proto_message_encode(&body, handhold_LogAdd_fields, add))
        sent = session_send(s, PROTO_TYPE_LOG, PROTO_INDEX_RELAY, body.bytes, body.len);
    proto_buf_free(&body);
    free(add);
    return sent;
}

void outbox_flush(struct proto_session *s)
{
    struct note_entry *entry = next_to_log(&s->outbox);

    if (!entry || entry->in_flight || entry->delayed || s->link != LINK_SEATED || !s->joined || s->over)
        return;
    if (seal_evidence(s, entry)) {
        session_error(s, PROTO_ERR_KEY, "a note could not be sealed to the officers' evidence key");
        return;
    }
    entry->seen = s->seen;
    entry->in_flight = send_log_add(s, entry);
}

void outbox_disconnected(struct proto_session *s)
{
    for (struct note_entry *entry = s->outbox.first; entry; entry = entry->next)
        entry->in_flight = false;
}

static enum proto_err receipt_of(const handhold_LogReceipt *m, struct proto_log_receipt *out)
{
    memset(out, 0, sizeof *out);
    if (m->leaf.size != sizeof out->leaf || m->inclusion.size % PROTO_HASH_BYTES ||
        m->consistency.size % PROTO_HASH_BYTES)
        return PROTO_ERR_FORMAT;
    out->index = m->index;
    memcpy(out->leaf, m->leaf.bytes, sizeof out->leaf);
    out->inclusion.count = m->inclusion.size / PROTO_HASH_BYTES;
    memcpy(out->inclusion.hash, m->inclusion.bytes, m->inclusion.size);
    out->consistency.count = m->consistency.size / PROTO_HASH_BYTES;
    memcpy(out->consistency.hash, m->consistency.bytes, m->consistency.size);
    if (proto_set_text(out->evidence_line, sizeof out->evidence_line, m->evidence_line))
        return PROTO_ERR_FORMAT;
    return proto_set_text(out->checkpoint, sizeof out->checkpoint, m->checkpoint);
}

static void event_logged(struct proto_session *s, const struct note_entry *entry,
                         const struct proto_log_receipt *receipt)
{
    struct event_node *node =
        events_add(&s->events, PROTO_EVENT_LOGGED, sizeof *receipt + sizeof entry->r + entry->note.len + 1);

    if (!node)
        return;
    memcpy(node->store, receipt, sizeof *receipt);
    memcpy(node->store + sizeof *receipt, entry->r, sizeof entry->r);
    memcpy(node->store + sizeof *receipt + sizeof entry->r, entry->note.bytes,
           entry->note.len); /* calloc ends it with NUL */
    node->event.logged.kind = entry->kind;
    node->event.logged.capability = entry->capability;
    node->event.logged.action = entry->action;
    node->event.logged.index = receipt->index;
    node->event.logged.log_size = s->seen.size;
    node->event.logged.receipt = (const struct proto_log_receipt *)(const void *)node->store;
    node->event.logged.r = node->store + sizeof *receipt;
    node->event.logged.note = (const char *)node->store + sizeof *receipt + sizeof entry->r;
}

static void logged(struct proto_session *s, struct note_entry *entry, const struct proto_log_receipt *receipt)
{
    uint8_t leaf_hash[PROTO_HASH_BYTES];

    proto_log_leaf_hash(leaf_hash, receipt->leaf);
    s->figures.log_entries++;
    s->log_refusal = PROTO_OK;
    event_logged(s, entry, receipt);
    if (s->side == SIDE_CUSTOMER)
        grants_note_logged(s, entry, leaf_hash);
    for (struct note_entry *n = s->outbox.first;; n = n->next) { /* and what rode in its evidence */
        n->logged = true;
        if (n == entry)
            break;
    }
    outbox_forget_settled(&s->outbox);
}

static void take_receipt(struct proto_session *s, const handhold_LogReceipt *m, struct proto_log_receipt *receipt)
{
    struct note_entry *entry = next_to_log(&s->outbox);

    if (!entry || !entry->in_flight || sodium_memcmp(m->commitment, entry->commitment, PROTO_HASH_BYTES) != 0)
        return; /* an answer to a question of an earlier connection */
    entry->in_flight = false;
    if (m->error) {
        enum proto_err refusal = m->error < PROTO_ERR_COUNT ? (enum proto_err)m->error : PROTO_ERR_REFUSED;

        if (refusal != s->log_refusal) /* a full disk is said once, not with every try */
            session_error(s, refusal, m->message);
        s->log_refusal = refusal;
        entry->final_at_ms = s->now.mono_ms + PROTO_HEARTBEAT_MS; /* asked again then */
        entry->delayed = true;
        return;
    }
    const struct proto_log_seen from = entry->seen;
    enum proto_err err = s->log_vkey[0] ? receipt_of(m, receipt) : PROTO_ERR_ORG;
    if (!err)
        err = proto_log_receipt_check(receipt, entry->commitment, entry->kind, entry->evidence_hash, &s->log_verifier,
                                      &entry->seen, &entry->seen);
    if (err) {
        session_alarm(s, PROTO_ERR_LOG,
                      s->log_vkey[0] ? "the log's receipt does not verify"
                                     : "this relay's log is not one that the organisation names");
        s->log_distrusted = true;
        return;
    }
    seen_receipt(s, &from, &entry->seen, receipt->checkpoint);
    logged(s, entry, receipt);
    outbox_flush(s);
}

void outbox_receipt(struct proto_session *s, const uint8_t *body, size_t len)
{
    struct proto_log_receipt *receipt = calloc(1, sizeof *receipt);
    handhold_LogReceipt *message = malloc(sizeof *message);

    if (receipt && message && !proto_message_decode(body, len, handhold_LogReceipt_fields, message, sizeof *message))
        take_receipt(s, message, receipt);
    free(message);
    free(receipt);
}

/* ---------------------------------------------------------------- time */

int64_t outbox_deadline(const struct proto_session *s)
{
    int64_t at = PROTO_NEVER;

    for (const struct note_entry *entry = s->outbox.first; entry; entry = entry->next)
        if (!entry->final || entry->delayed)
            at = proto_earlier(at, entry->final_at_ms);
    return at;
}

void outbox_tick(struct proto_session *s)
{
    bool changed = false;

    for (struct note_entry *entry = s->outbox.first; entry; entry = entry->next) {
        if ((entry->final && !entry->delayed) || s->now.mono_ms < entry->final_at_ms)
            continue;
        entry->final = true;
        entry->delayed = false;
        changed = true;
    }
    if (changed)
        outbox_flush(s);
}
