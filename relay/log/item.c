/* SPDX-License-Identifier: Apache-2.0 */
/* One job of a group: what it writes, and what its asker is told. */
#include <stdio.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "relay/log/ahead.h"
#include "relay/log/writer.h"

void log_item_fail(struct log_item *item, enum proto_err err, const char *text)
{
    item->result.err = err;
    snprintf(item->result.text, sizeof item->result.text, "%s", text);
}

/* Where the sink leaves what it could not return. */
struct growth {
    struct log_writer *w;
    enum proto_err err;
};

static void node_made(void *context, unsigned level, uint64_t index, const uint8_t hash[PROTO_LOG_HASH_BYTES])
{
    struct growth *g = context;

    if (!g->err)
        g->err = log_edge_add(&g->w->now.edge, level, index, hash, g->w->store);
}

static enum proto_err append_leaf(struct log_writer *w, const uint8_t leaf[PROTO_LOG_LEAF_BYTES])
{
    struct growth growth = {w, PROTO_OK};
    struct proto_log_sink sink = {node_made, &growth};
    uint8_t hash[PROTO_LOG_HASH_BYTES];

    proto_log_leaf_hash(hash, leaf);
    enum proto_err err = proto_log_tree_append(&w->now.tree, hash, &sink);
    return err ? err : growth.err;
}

static enum proto_err leaf_of(const struct relay_job *job, int64_t unix_ms, uint8_t out[PROTO_LOG_LEAF_BYTES])
{
    struct proto_log_leaf leaf = {.kind = job->kind, .unix_s = unix_ms > 0 ? unix_ms / 1000 : 0};

    memcpy(leaf.commitment, job->commitment, sizeof leaf.commitment);
    return proto_log_leaf_encode(out, &leaf);
}

void log_writer_sign(const struct log_writer *w, struct log_item *item, uint64_t index, int64_t unix_ms)
{
    uint8_t leaf[PROTO_LOG_LEAF_BYTES];

    if (leaf_of(&item->job, unix_ms, leaf) != PROTO_OK)
        return;
    if (item->is_signed && item->signed_index == index && memcmp(item->signed_leaf, leaf, sizeof leaf) == 0)
        return;
    proto_sha256(item->evidence_hash, item->job.evidence, item->job.evidence_len);
    item->is_signed = proto_log_evidence_sign_as(item->result.receipt.evidence_line, &w->evidence_key, index, leaf,
                                                 item->evidence_hash, w->secret_key) == PROTO_OK;
    item->signed_index = index;
    memcpy(item->signed_leaf, leaf, sizeof leaf);
}

static enum proto_err add_entry(struct log_writer *w, struct log_item *item, int64_t unix_ms)
{
    const struct relay_job *job = &item->job;
    struct proto_log_receipt *receipt = &item->result.receipt;
    struct relay_store_entry entry = {.index = w->now.tree.size, .received_ms = unix_ms};

    if (w->ahead)
        log_ahead_need(w->ahead, item);
    log_writer_sign(w, item, entry.index, unix_ms);
    if (!item->is_signed)
        return PROTO_ERR_NOMEM;
    memcpy(entry.leaf, item->signed_leaf, sizeof entry.leaf);
    memcpy(entry.sid, job->sid, sizeof entry.sid);
    entry.evidence = job->evidence;
    entry.evidence_len = job->evidence_len;
    entry.evidence_line = receipt->evidence_line;
    enum proto_err err = relay_store_put_entry(w->store, &entry);
    if (!err)
        err = append_leaf(w, entry.leaf);
    item->index = entry.index;
    memcpy(receipt->leaf, entry.leaf, sizeof entry.leaf);
    return err;
}

/* A commitment that is in the log, from an earlier group or from this one: the same answer again. */
static enum proto_err answer_known(struct log_writer *w, struct log_item *item, uint64_t index)
{
    struct proto_log_receipt *receipt = &item->result.receipt;
    struct relay_store_entry entry;
    struct proto_log_leaf leaf;
    enum proto_err err = relay_store_get_entry(w->store, index, &entry);

    if (err == PROTO_ERR_CRYPTO) /* leaf and line were read; that the evidence was altered is for the verifier to say */
        err = PROTO_OK;
    if (err)
        return err;
    if (proto_log_leaf_parse(&leaf, entry.leaf) != PROTO_OK || leaf.kind != item->job.kind) {
        log_item_fail(item, PROTO_ERR_STATE, "the log has this commitment already, under another class");
        return PROTO_OK;
    }
    if (w->ahead)
        log_ahead_need(w->ahead, item); /* or it would write its own line into the receipt */
    item->is_signed = false;
    memcpy(receipt->leaf, entry.leaf, sizeof entry.leaf);
    snprintf(receipt->evidence_line, sizeof receipt->evidence_line, "%s", entry.evidence_line);
    item->index = index;
    item->result.known = true;
    return PROTO_OK;
}

/* Refused before anything was written: the fault of this job alone. */
static bool is_own_fault(enum proto_err err)
{
    return err == PROTO_ERR_RANGE || err == PROTO_ERR_STATE;
}

static enum proto_err check_erasure(struct log_writer *w, struct log_item *item)
{
    enum proto_err err = PROTO_OK;

    for (size_t i = 0; i < item->job.erase_count && !err; i++)
        err = item->erase[i].last < w->now.tree.size
                  ? relay_store_check_erasable(w->store, item->erase[i].first, item->erase[i].last)
                  : PROTO_ERR_RANGE;
    if (is_own_fault(err)) {
        log_item_fail(item, err, relay_store_error(w->store));
        err = PROTO_OK;
    }
    return err;
}

static enum proto_err erase(struct log_writer *w, struct log_item *item)
{
    enum proto_err err = PROTO_OK;

    item->result.erased = 0;
    for (size_t i = 0; i < item->job.erase_count && !err; i++)
        err = relay_store_erase_range(w->store, item->erase[i].first, item->erase[i].last, &item->result.erased);
    return err;
}

/* No part of the log: it has no leaf, and no receipt. */
static enum proto_err keep(struct log_writer *w, struct log_item *item, int64_t unix_ms)
{
    const struct relay_job *job = &item->job;
    struct relay_store_case one = {
        .time_ms = unix_ms, .until_ms = job->until_ms, .sealed = job->evidence, .len = job->evidence_len};
    enum proto_err err;

    memcpy(one.sid, job->sid, sizeof one.sid);
    if (job->kept == RELAY_JOB_COUNT)
        err = relay_store_add_count(w->store, job->evidence, job->evidence_len);
    else if (job->kept == RELAY_JOB_CASE)
        err = relay_store_put_case(w->store, &one);
    else
        err = relay_store_expire_cases(w->store, job->until_ms);
    if (is_own_fault(err)) {
        log_item_fail(item, err, relay_store_error(w->store));
        err = PROTO_OK;
    }
    return err;
}

/* What may not wait was written just now: the process stood still since, or somebody set the clock. */
static bool is_dated_now(struct log_item *item, int64_t unix_ms)
{
    int64_t off_ms = item->job.dated_ms ? unix_ms - item->job.dated_ms : 0;

    if (off_ms <= RELAY_APPENDER_DATED_S * INT64_C(1000) && off_ms >= -RELAY_APPENDER_DATED_S * INT64_C(1000))
        return true;
    log_item_fail(item, PROTO_ERR_CLOCK, "the note says a time that is more than 15 minutes off the log's");
    return false;
}

enum proto_err log_item_write(struct log_writer *w, struct log_item *item, int64_t unix_ms)
{
    const struct relay_job *job = &item->job;
    uint64_t index = 0;
    enum proto_err err = PROTO_OK, known = PROTO_ERR_NOT_FOUND;

    if (job->kept)
        return keep(w, item, unix_ms);
    if (job->has_entry && job->seen_size > w->head.size) {
        log_item_fail(item, PROTO_ERR_LOG,
                      "the asker has seen a longer log than this one; one of the two is not this log");
        return PROTO_OK;
    }
    if (job->has_entry) {
        known = relay_store_find_commitment(w->store, job->sid, job->commitment, &index);
        if (known && known != PROTO_ERR_NOT_FOUND)
            return known;
        if (!known)
            err = answer_known(w, item, index);
    }
    if (!err && known && !is_dated_now(item, unix_ms))
        return PROTO_OK;
    if (!err && !item->result.err && job->session) {
        err = relay_store_put_session(w->store, job->session);
        if (is_own_fault(err)) {
            log_item_fail(item, err, relay_store_error(w->store));
            err = PROTO_OK;
        }
    }
    if (!err && !item->result.err)
        err = check_erasure(w, item);
    if (!err && !item->result.err && job->has_entry && known)
        err = add_entry(w, item, unix_ms);
    if (!err && !item->result.err)
        err = erase(w, item);
    return err;
}

void log_writer_answer(struct log_writer *w, struct log_item *items)
{
    struct proto_log_reader reader = log_tile_reader_of(&w->tiles);

    for (struct log_item *item = items; item; item = item->next) {
        struct proto_log_receipt *receipt = &item->result.receipt;
        enum proto_err err;

        if (!item->job.has_entry || item->result.err)
            continue;
        receipt->index = item->index;
        memcpy(receipt->checkpoint, w->checkpoint, sizeof receipt->checkpoint);
        err = proto_log_prove_inclusion(&receipt->inclusion, item->index, w->head.size, &reader);
        if (!err && item->job.seen_size)
            err = proto_log_prove_consistency(&receipt->consistency, item->job.seen_size, w->head.size, &reader);
        if (err) /* it is in the log all the same; the asker adds it again and gets the same index */
            log_item_fail(item, PROTO_ERR_IO, "the entry was written, but its proof could not be read; add it again");
    }
}
