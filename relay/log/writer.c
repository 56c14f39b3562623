/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/log/writer.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "proto/seal/signature.h"
#include "relay/log/ahead.h"

static enum proto_err explain(char error[static RELAY_STORE_ERROR_MAX], enum proto_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static enum proto_err explain(char error[static RELAY_STORE_ERROR_MAX], enum proto_err err, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, RELAY_STORE_ERROR_MAX, format, arguments);
    va_end(arguments);
    return err;
}

/* ---- start ---- */

static enum proto_err init_keys(struct log_writer *w, const struct relay_appender_config *config,
                                char error[static RELAY_STORE_ERROR_MAX])
{
    uint8_t public_key[PROTO_SIGN_PUBLIC_BYTES];
    struct proto_buf vkey;

    if (sodium_init() < 0)
        return explain(error, PROTO_ERR_CRYPTO, "libsodium could not be started");
    w->secret_key = sodium_malloc(PROTO_LOG_SECRET_BYTES);
    w->origin = strdup(config->origin);
    w->checkpoint_file = config->checkpoint_file ? strdup(config->checkpoint_file) : NULL;
    if (!w->secret_key || !w->origin || (config->checkpoint_file && !w->checkpoint_file))
        return explain(error, PROTO_ERR_NOMEM, "memory ran out");
    proto_sign_keypair(public_key, w->secret_key, config->seed);
    if (strlen(w->origin) > PROTO_LOG_ORIGIN_MAX || proto_note_key_init(&w->key, w->origin, public_key) != PROTO_OK ||
        proto_log_evidence_key(&w->evidence_key, w->origin, w->secret_key) != PROTO_OK)
        return explain(error, PROTO_ERR_RANGE, "the log's origin \"%.60s\" is not a key name: no spaces, no plus sign",
                       w->origin);
    proto_buf_init(&vkey, sizeof w->vkey - 1);
    proto_note_key_format(&w->key, &vkey);
    if (!vkey.failed)
        memcpy(w->vkey, vkey.bytes, vkey.len);
    bool failed = vkey.failed;
    proto_buf_free(&vkey);
    return failed ? explain(error, PROTO_ERR_NOMEM, "memory ran out") : PROTO_OK;
}

/* The stored entries must end exactly where the checkpoint says. */
static enum proto_err check_entries(struct log_writer *w, uint64_t size, char error[static RELAY_STORE_ERROR_MAX])
{
    struct relay_store_entry entry;

    if (size && relay_store_get_entry(w->store, size - 1, &entry) == PROTO_ERR_NOT_FOUND)
        return explain(error, PROTO_ERR_LOG,
                       "the log's checkpoint counts %llu entries, and the last is missing; restore it",
                       (unsigned long long)size);
    if (relay_store_get_entry(w->store, size, &entry) != PROTO_ERR_NOT_FOUND)
        return explain(error, PROTO_ERR_LOG,
                       "the log holds more entries than the %llu its checkpoint counts; restore it",
                       (unsigned long long)size);
    return PROTO_OK;
}

static enum proto_err load_tree(struct log_writer *w, const struct relay_store_checkpoint *stored,
                                char error[static RELAY_STORE_ERROR_MAX])
{
    struct proto_log_reader reader = log_tile_reader_of(&w->tiles);
    struct proto_log_checkpoint opened;
    uint8_t root[PROTO_LOG_HASH_BYTES];

    if (proto_log_checkpoint_open(&opened, stored->note, strlen(stored->note), w->vkey) != PROTO_OK)
        return explain(
            error, PROTO_ERR_LOG,
            "the log's checkpoint is not signed by %s; use the log key that belongs to this data folder, or, when "
            "that log is to end, have an officer run handhold-audit recover",
            w->vkey);
    if (log_edge_load(&w->now.edge, stored->size, w->store) != PROTO_OK ||
        proto_log_tree_load(&w->now.tree, stored->size, &reader) != PROTO_OK)
        return explain(error, PROTO_ERR_LOG, "the log's tree cannot be read: %s", relay_store_error(w->store));
    proto_log_tree_root(&w->now.tree, root);
    if (opened.size != stored->size || memcmp(opened.root, root, sizeof root) != 0 ||
        memcmp(stored->root, root, sizeof root) != 0)
        return explain(error, PROTO_ERR_LOG,
                       "the log's stored tree of %llu entries does not have the root that was signed; restore it",
                       (unsigned long long)stored->size);
    w->head.size = stored->size;
    memcpy(w->head.root, root, sizeof root);
    memcpy(w->checkpoint, stored->note, sizeof w->checkpoint);
    return PROTO_OK;
}

enum proto_err log_writer_init(struct log_writer *w, const struct relay_appender_config *config,
                               char error[static RELAY_STORE_ERROR_MAX])
{
    struct relay_store_checkpoint stored;
    enum proto_err err;

    memset(w, 0, sizeof *w);
    w->store = config->store;
    log_tile_reader_init(&w->tiles, w->store, &w->now.edge);
    proto_log_tree_init(&w->now.tree);
    err = init_keys(w, config, error);
    if (err)
        return err;
    err = relay_store_get_checkpoint(w->store, &stored);
    if (err == PROTO_OK)
        err = load_tree(w, &stored, error);
    else if (err == PROTO_ERR_NOT_FOUND)
        err = PROTO_OK; /* the log is empty */
    else
        explain(error, err, "%s", relay_store_error(w->store));
    if (!err)
        err = check_entries(w, w->head.size, error);
    if (!err)
        err = log_vouch_check(w, error);
    w->may_vouch = !err;
    if (!err)
        log_writer_stock(w, true);
    w->before = w->now;
    return err;
}

void log_writer_stock(struct log_writer *w, bool idle)
{
    if (relay_store_wants_keys(w->store, idle) && relay_store_stock_keys(w->store))
        return; /* it works without, only slower; tried again after the next group */
}

void log_writer_clear(struct log_writer *w)
{
    sodium_free(w->secret_key);
    free(w->origin);
    free(w->checkpoint_file);
    memset(w, 0, sizeof *w);
}

/* ---- one group ---- */

static void fail(struct log_item *item, enum proto_err err, const char *text)
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
        fail(item, PROTO_ERR_STATE, "the log has this commitment already, under another class");
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
        fail(item, err, relay_store_error(w->store));
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
        fail(item, err, relay_store_error(w->store));
        err = PROTO_OK;
    }
    return err;
}

static enum proto_err write_item(struct log_writer *w, struct log_item *item, int64_t unix_ms)
{
    const struct relay_job *job = &item->job;
    uint64_t index = 0;
    enum proto_err err = PROTO_OK, known = PROTO_ERR_NOT_FOUND;

    if (job->kept)
        return keep(w, item, unix_ms);
    if (job->has_entry && job->seen_size > w->head.size) {
        fail(item, PROTO_ERR_LOG, "the asker has seen a longer log than this one; one of the two is not this log");
        return PROTO_OK;
    }
    if (job->has_entry) {
        known = relay_store_find_commitment(w->store, job->sid, job->commitment, &index);
        if (known && known != PROTO_ERR_NOT_FOUND)
            return known;
        if (!known)
            err = answer_known(w, item, index);
    }
    if (!err && !item->result.err && job->session) {
        err = relay_store_put_session(w->store, job->session);
        if (is_own_fault(err)) {
            fail(item, err, relay_store_error(w->store));
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

/* Signs the new size and root and writes them with the tiles. */
static enum proto_err write_head(struct log_writer *w, struct relay_store_checkpoint *stored)
{
    struct proto_log_checkpoint checkpoint = {.size = w->now.tree.size};
    enum proto_err err;

    snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", w->origin);
    proto_log_tree_root(&w->now.tree, checkpoint.root);
    err = proto_log_checkpoint_sign_as(stored->note, &w->key, &checkpoint, w->secret_key);
    stored->size = checkpoint.size;
    memcpy(stored->root, checkpoint.root, sizeof stored->root);
    if (!err)
        err = log_edge_write(&w->now.edge, w->store);
    return err ? err : relay_store_put_checkpoint(w->store, stored);
}

static enum proto_err write_group(struct log_writer *w, struct log_item *items, int64_t unix_ms,
                                  struct relay_store_checkpoint *stored)
{
    enum proto_err err = relay_store_begin(w->store);

    for (struct log_item *item = items; item && !err; item = item->next) {
        if (!item->result.err)
            err = write_item(w, item, unix_ms);
    }
    if (!err && w->now.tree.size != w->head.size)
        err = write_head(w, stored);
    return err ? err : relay_store_commit(w->store);
}

static void refuse_beginnings(struct log_item *items)
{
    for (struct log_item *item = items; item; item = item->next) {
        if (item->job.closing)
            fail(item, PROTO_OK, "");
        else if (!item->result.err)
            fail(item, PROTO_ERR_IO, "the disk is full: only endings are logged until there is room");
    }
}

/* Before anybody is told; when a reader is in the way, soon after, and whoever asked is told that. */
static void wipe(struct log_writer *w, struct log_item *items)
{
    if (!relay_store_owes_wipe(w->store) || !relay_store_wipe(w->store))
        return;
    for (struct log_item *item = items; item; item = item->next)
        if (item->job.erase_count && !item->result.err)
            snprintf(item->result.text, sizeof item->result.text, "%s", relay_store_error(w->store));
}

bool log_writer_commit(struct log_writer *w, struct log_item *items, int64_t unix_ms, bool closing_only)
{
    struct relay_store_checkpoint stored = {0};
    char text[RELAY_APPENDER_TEXT_MAX];
    enum proto_err err;

    if (closing_only)
        refuse_beginnings(items);
    err = write_group(w, items, unix_ms, &stored);
    if (err) {
        const char *said = relay_store_error(w->store);
        snprintf(text, sizeof text, "%s", *said ? said : proto_err_rule(err));
        relay_store_rollback(w->store);
        w->now = w->before;
        for (struct log_item *item = items; item; item = item->next) {
            item->result.known = false;
            fail(item, PROTO_ERR_IO, text);
        }
        return false;
    }
    wipe(w, items);
    if (w->now.tree.size == w->head.size)
        return true;
    w->before = w->now;
    w->head.size = stored.size;
    memcpy(w->head.root, stored.root, sizeof w->head.root);
    memcpy(w->checkpoint, stored.note, sizeof w->checkpoint);
    return true;
}

bool log_writer_cosign(struct log_writer *w, const char *note)
{
    struct relay_store_checkpoint stored = {.size = w->head.size};

    if (strncmp(note, w->checkpoint, strlen(w->checkpoint)) != 0 || relay_store_begin(w->store) != PROTO_OK)
        return false;
    memcpy(stored.root, w->head.root, sizeof stored.root);
    snprintf(stored.note, sizeof stored.note, "%s", note);
    if (relay_store_put_checkpoint(w->store, &stored) != PROTO_OK || relay_store_commit(w->store) != PROTO_OK) {
        relay_store_rollback(w->store);
        return false;
    }
    memcpy(w->checkpoint, stored.note, sizeof w->checkpoint);
    return true;
}

bool log_writer_owes_vouch(const struct log_writer *w)
{
    return w->may_vouch && w->checkpoint_file && w->vouched_size != w->head.size;
}

void log_writer_vouch(struct log_writer *w)
{
    /* The database has it; the file only dates it, and may lag. A full disk here undoes nothing. */
    if (log_writer_owes_vouch(w) && log_vouch_write(w->checkpoint_file, w->checkpoint))
        w->vouched_size = w->head.size;
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
            fail(item, PROTO_ERR_IO, "the entry was written, but its proof could not be read; add it again");
    }
}
