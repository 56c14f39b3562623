/* SPDX-License-Identifier: Apache-2.0 */
/* A block of entries, each looked at by itself: what any thread can do, and most of what a log costs to verify. */
#include <string.h>

#include "proto/seal/kdf.h"
#include "relay/audit/tree.h"

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t all = 0;

    for (size_t i = 0; i < len; i++)
        all |= bytes[i];
    return all == 0;
}

static unsigned check_evidence(struct audit_organisation *o, const struct relay_store_entry *entry,
                               struct audit_entry *out, struct audit_block *block)
{
    struct relay_store_session row;
    uint8_t hash[32];
    unsigned kinds = 0;

    enum proto_err row_err = out->has_sid ? relay_store_get_session(o->rows, entry->sid, &row) : PROTO_OK;
    if (!entry->evidence) {
        out->erased = true;
        return row_err == PROTO_ERR_NOT_FOUND ? 0 : AUDIT_MISSING;
    }
    if (row_err == PROTO_ERR_NOT_FOUND)
        kinds |= AUDIT_ORPHAN;
    proto_sha256(hash, entry->evidence, entry->evidence_len);
    if (proto_log_evidence_check_as(entry->evidence_line, entry->index, out->hash, hash, &o->evidence_key))
        kinds |= AUDIT_LINE;
    block->hashes++;
    block->signatures++;
    return kinds;
}

static unsigned check_leaf(struct audit_organisation *o, const struct relay_store_entry *entry, bool of_session)
{
    struct proto_log_leaf leaf;
    uint64_t index = 0;
    unsigned kinds = 0;

    if (proto_log_leaf_parse(&leaf, entry->leaf))
        return AUDIT_FORM;
    int64_t received_s = entry->received_ms / 1000;
    if (leaf.unix_s != received_s - received_s % PROTO_LOG_TIME_GRAIN_S)
        kinds |= AUDIT_TIME;
    if (relay_store_find_commitment(o->rows, leaf.commitment, &index) || index != entry->index)
        kinds |= AUDIT_COMMITMENT;
    if ((leaf.kind == PROTO_LOG_ERASURE || leaf.kind == PROTO_LOG_OFFICER_ACT) == of_session)
        kinds |= AUDIT_ORPHAN;
    return kinds;
}

static void inspect(struct audit_organisation *o, uint64_t index, struct audit_block *block)
{
    struct audit_entry *out = &block->entries[index - block->from];
    struct relay_store_entry entry;
    enum proto_err err = relay_store_get_entry(o->log, index, &entry);

    if (err && err != PROTO_ERR_CRYPTO) { /* CRYPTO: all of it but the evidence was read */
        out->kinds = err == PROTO_ERR_NOT_FOUND ? AUDIT_GONE : AUDIT_FORM;
        return;
    }
    out->whole = true;
    memcpy(out->sid, entry.sid, sizeof out->sid);
    out->has_sid = !is_zero(entry.sid, sizeof entry.sid);
    proto_log_leaf_hash(out->hash, entry.leaf);
    block->hashes++;
    out->kinds = check_leaf(o, &entry, out->has_sid);
    out->kinds |= err ? AUDIT_SEALED : check_evidence(o, &entry, out, block);
}

void audit_block_inspect(struct audit_organisation *o, void *context, void *job)
{
    struct audit_block *block = job;

    (void)context;
    for (size_t i = 0; i < block->count; i++)
        inspect(o, block->from + i, block);
}
