/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/log/writer.h"

#include <stdio.h>
#include <string.h>

enum proto_err log_writer_sign_tree(const struct log_writer *w, struct relay_store_checkpoint *out)
{
    struct proto_log_checkpoint checkpoint = {.size = w->now.tree.size};

    snprintf(checkpoint.origin, sizeof checkpoint.origin, "%s", w->origin);
    proto_log_tree_root(&w->now.tree, checkpoint.root);
    out->size = checkpoint.size;
    memcpy(out->root, checkpoint.root, sizeof out->root);
    return proto_log_checkpoint_sign_as(out->note, &w->key, &checkpoint, w->secret_key);
}

/* Signs the new size and root and writes them with the tiles. */
static enum proto_err write_head(struct log_writer *w, struct relay_store_checkpoint *stored)
{
    enum proto_err err = log_writer_sign_tree(w, stored);

    if (!err)
        err = log_edge_write(&w->now.edge, w->store);
    return err ? err : relay_store_put_checkpoint(w->store, stored);
}

/* Most levels have no tile at the edge, and one is 16 kB. */
static void copy_state(struct log_state *to, const struct log_state *from)
{
    to->tree = from->tree;
    for (size_t level = 0; level < LOG_TILE_LEVELS; level++) {
        const struct log_tile *tile = &from->edge.tile[level];
        if (tile->count) {
            to->edge.tile[level] = *tile;
            continue;
        }
        to->edge.tile[level].n = tile->n;
        to->edge.tile[level].count = 0;
        to->edge.tile[level].dirty = tile->dirty;
    }
}

static enum proto_err write_group(struct log_writer *w, struct log_item *items, int64_t unix_ms,
                                  struct relay_store_checkpoint *stored)
{
    enum proto_err err = relay_store_begin(w->store);

    for (struct log_item *item = items; item && !err; item = item->next) {
        if (!item->result.err)
            err = log_item_write(w, item, unix_ms);
    }
    if (!err && w->now.tree.size != w->head.size)
        err = write_head(w, stored);
    return err ? err : relay_store_commit(w->store);
}

static void refuse_beginnings(struct log_item *items)
{
    for (struct log_item *item = items; item; item = item->next) {
        if (item->job.closing)
            log_item_fail(item, PROTO_OK, "");
        else if (!item->result.err)
            log_item_fail(item, PROTO_ERR_IO, "the disk is full: only endings are logged until there is room");
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
        copy_state(&w->now, &w->before);
        for (struct log_item *item = items; item; item = item->next) {
            item->result.known = false;
            log_item_fail(item, PROTO_ERR_IO, text);
        }
        return false;
    }
    wipe(w, items);
    if (w->now.tree.size == w->head.size)
        return true;
    copy_state(&w->before, &w->now);
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

void log_writer_stock(struct log_writer *w, bool idle)
{
    if (relay_store_wants_keys(w->store, idle) && relay_store_stock_keys(w->store))
        return; /* it works without, only slower; tried again after the next group */
}
