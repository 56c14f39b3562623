/* SPDX-License-Identifier: Apache-2.0 */
/* A stored log is loaded, and held against what was signed, before anything is written to it. */
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/seal/note.h"
#include "proto/seal/signature.h"
#include "relay/log/writer.h"

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

static const char way_out[] = "put the newest copy back with handhold-relay --restore";

/* The stored entries must end exactly where the checkpoint says. */
static enum proto_err check_entries(struct log_writer *w, uint64_t size, char error[static RELAY_STORE_ERROR_MAX])
{
    struct relay_store_entry entry;
    enum proto_err err = size ? relay_store_get_entry(w->store, size - 1, &entry) : PROTO_OK;

    if (err == PROTO_ERR_NOT_FOUND)
        return explain(error, PROTO_ERR_LOG, "the log's checkpoint counts %llu entries, and the last is missing; %s",
                       (unsigned long long)size, way_out);
    if (!err)
        err = relay_store_get_entry(w->store, size, &entry);
    if (!err)
        return explain(error, PROTO_ERR_LOG, "the log holds more entries than the %llu its checkpoint counts; %s",
                       (unsigned long long)size, way_out);
    return err == PROTO_ERR_NOT_FOUND ? PROTO_OK : explain(error, err, "%s", relay_store_error(w->store));
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
                       "the log's stored tree of %llu entries does not have the root that was signed; %s",
                       (unsigned long long)stored->size, way_out);
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

void log_writer_clear(struct log_writer *w)
{
    sodium_free(w->secret_key);
    free(w->origin);
    free(w->checkpoint_file);
    memset(w, 0, sizeof *w);
}
