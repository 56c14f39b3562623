/* SPDX-License-Identifier: Apache-2.0 */
/* A block of entries, each looked at by itself: what any thread can do, and most of what a log costs to verify. */
#include <stdio.h>
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

/* Entries of one session often stand together. */
struct last_row {
    uint8_t sid[RELAY_STORE_SID_BYTES];
    bool set;
    enum proto_err err;
    char key_name[RELAY_STORE_KEY_NAME_MAX];
};

static enum proto_err find_row(struct audit_organisation *o, const uint8_t sid[static RELAY_STORE_SID_BYTES],
                               struct last_row *last)
{
    struct relay_store_session row;

    if (!last->set || memcmp(last->sid, sid, sizeof last->sid) != 0) {
        last->err = relay_store_get_session(o->rows, sid, &row);
        last->set = true;
        last->key_name[0] = '\0';
        memcpy(last->sid, sid, sizeof last->sid);
    }
    return last->err;
}

/* A key under another customer's name would be given to that one too, and outlive the erasure of this one. Said once,
 * not for each entry under it. */
static bool key_fits(struct audit_organisation *o, const struct relay_store_entry *entry, struct last_row *last)
{
    if (!entry->key_name || o->is_copy || !strcmp(last->key_name, entry->key_name))
        return true;
    snprintf(last->key_name, sizeof last->key_name, "%s", entry->key_name);
    return relay_store_key_fits(o->rows, entry->sid, entry->key_name);
}

static unsigned check_evidence(struct audit_organisation *o, const struct relay_store_entry *entry,
                               struct audit_entry *out, struct audit_block *block, struct last_row *last)
{
    uint8_t hash[32];
    unsigned kinds = 0;

    enum proto_err row_err = out->has_sid ? find_row(o, entry->sid, last) : PROTO_OK;
    if (!entry->evidence) {
        out->erased = true;
        return row_err == PROTO_ERR_NOT_FOUND ? 0 : AUDIT_MISSING;
    }
    if (row_err == PROTO_ERR_NOT_FOUND)
        kinds |= AUDIT_ORPHAN;
    else if (out->has_sid && !key_fits(o, entry, last))
        kinds |= AUDIT_KEY;
    proto_sha256(hash, entry->evidence, entry->evidence_len);
    if (proto_log_evidence_check_as(entry->evidence_line, entry->index, out->hash, hash, &o->evidence_key))
        kinds |= AUDIT_LINE;
    block->hashes++;
    block->signatures++;
    return kinds;
}

bool audit_leaf_is_of(const struct proto_log_leaf *leaf, int64_t received_ms)
{
    int64_t received_s = received_ms / 1000;

    return leaf->unix_s == received_s - received_s % PROTO_LOG_TIME_GRAIN_S;
}

static unsigned check_leaf(const struct relay_store_entry *entry, bool of_session, int64_t *unix_s)
{
    struct proto_log_leaf leaf;
    unsigned kinds = 0;

    if (proto_log_leaf_parse(&leaf, entry->leaf))
        return AUDIT_FORM;
    *unix_s = leaf.unix_s;
    if (!audit_leaf_is_of(&leaf, entry->received_ms))
        kinds |= AUDIT_TIME;
    if (entry->misfiled)
        kinds |= AUDIT_COMMITMENT;
    if ((leaf.kind == PROTO_LOG_ERASURE || leaf.kind == PROTO_LOG_OFFICER_ACT) == of_session)
        kinds |= AUDIT_ORPHAN;
    return kinds;
}

/* Where the entries of a block are read one after the other. */
struct inspecting {
    struct audit_organisation *o;
    const struct audit_walk *walk;
    struct audit_block *block;
    struct last_row last;
    uint64_t next; /* those before it were looked at */
};

static void inspect(struct inspecting *i, const struct relay_store_entry *entry, bool opens)
{
    struct audit_block *block = i->block;
    struct audit_entry *out = &block->entries[entry->index - block->from];

    out->whole = true;
    memcpy(out->sid, entry->sid, sizeof out->sid);
    out->has_sid = !is_zero(entry->sid, sizeof entry->sid);
    if (block->filing) {
        out->kinds = audit_is_filed(i->o, entry->sid, entry->leaf, entry->index) ? 0 : AUDIT_UNFILED;
        return;
    }
    proto_log_leaf_hash(out->hash, entry->leaf);
    block->hashes++;
    out->kinds = check_leaf(entry, out->has_sid, &out->unix_s);
    if (i->walk->log->from || !i->o->can_open ||
        !out->has_sid) /* else each session is read, and what it lacks is seen */
        out->kinds |= audit_is_filed(i->o, entry->sid, entry->leaf, entry->index) ? 0 : AUDIT_UNFILED;
    out->kinds |= opens ? check_evidence(i->o, entry, out, block, &i->last) : AUDIT_SEALED;
}

static enum proto_err visit_entry(void *context, const struct relay_store_entry *entry)
{
    struct inspecting *i = context;

    for (; i->next < entry->index; i->next++)
        i->block->entries[i->next - i->block->from].kinds = AUDIT_GONE;
    inspect(i, entry, true);
    i->next++;
    return PROTO_OK;
}

/* The one at which reading them in a row ended. */
static void inspect_alone(struct inspecting *i)
{
    struct relay_store_entry entry;
    enum proto_err err = relay_store_get_entry(i->o->log, i->next, &entry);

    if (!err || err == PROTO_ERR_CRYPTO) /* CRYPTO: all of it but the evidence was read */
        inspect(i, &entry, !err);
    else
        i->block->entries[i->next - i->block->from].kinds = err == PROTO_ERR_NOT_FOUND ? AUDIT_GONE : AUDIT_FORM;
    i->next++;
}

void audit_block_inspect(struct audit_organisation *o, void *context, void *job)
{
    struct audit_block *block = job;
    struct inspecting inspecting = {.o = o, .walk = context, .block = block, .next = block->from};
    uint64_t end = block->from + block->count;

    while (inspecting.next < end) {
        if (relay_store_each_entry(o->log, inspecting.next, end, visit_entry, &inspecting) && inspecting.next >= end)
            break;
        if (inspecting.next < end) /* it is missing, or cannot be read */
            inspect_alone(&inspecting);
    }
}
