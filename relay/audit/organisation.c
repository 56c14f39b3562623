/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/organisation.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/statement.h"
#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/seal/box.h"
#include "relay/audit/folder_notes.h"
#include "relay/audit/whole.h"

static bool read_file(const char *dir, const char *name, struct proto_buf *out)
{
    char path[HOST_PATH_BYTES];
    enum proto_err err = host_path(path, "%s/%s", dir, name) ? host_file_read(path, out) : PROTO_ERR_RANGE;

    if (err == PROTO_ERR_NOT_FOUND)
        host_say_error(path, "is not there", "name the folder of the organisation with --dir");
    else if (err)
        host_say_err(path, err);
    return !err;
}

/* One file, one thing that is made of it. */
typedef enum proto_err (*take_file)(struct audit_organisation *o, const struct proto_buf *file);

static bool load(struct audit_organisation *o, const char *name, size_t max, take_file take)
{
    struct proto_buf file;

    proto_buf_init(&file, max);
    bool fine = read_file(o->dir, name, &file);
    if (fine) {
        enum proto_err err = take(o, &file);
        fine = !err;
        if (err)
            host_say_error(name, proto_err_rule(err), "bring the right one back from the authority");
    }
    proto_buf_free(&file);
    return fine;
}

static enum proto_err take_root(struct audit_organisation *o, const struct proto_buf *file)
{
    return proto_root_of_pem(file->bytes, file->len, &o->root_der, &o->root);
}

static bool load_notes(struct audit_organisation *o)
{
    struct log_notes *notes = audit_folder_notes(o->dir, (struct proto_der){o->root_der.bytes, o->root_der.len});

    if (notes) {
        o->org = notes->org;
        o->policy = notes->policy;
    }
    bool fine = notes != NULL;
    free(notes);
    return fine;
}

static enum proto_err take_vkey(struct audit_organisation *o, const struct proto_buf *file)
{
    char name[PROTO_SIGNER_BYTES];
    size_t len = file->len && file->bytes[file->len - 1] == '\n' ? file->len - 1 : file->len;

    if (!len || len >= sizeof o->log_vkey)
        return PROTO_ERR_FORMAT;
    memcpy(o->log_vkey, file->bytes, len);
    enum proto_err err = proto_note_key_parse(&o->log_key, o->log_vkey, len);
    if (err)
        return err;
    o->log_is_named = proto_org_has_log(&o->org, o->log_vkey);
    proto_signer_relay(name, o->log_key.name);
    err = proto_log_evidence_verifier(&o->evidence_key, &o->log_key);
    return err ? err : proto_note_key_init(&o->events_key, name, o->log_key.public_key);
}

bool audit_read_keys(const char *path, struct audit_keys *keys)
{
    struct proto_buf pem;

    keys->count = 0;
    proto_buf_init_secret(&pem, PROTO_PEM_BYTES);
    enum proto_err err = host_file_read(path, &pem);
    if (err == PROTO_ERR_NOT_FOUND)
        host_say_error(path, "is not there", "name the officers' key with --key D/officer/evidence.key");
    else if (err == PROTO_ERR_IO)
        host_say_err(path, err);
    else if (err ||
             (err = proto_evidence_secrets_of_pem(pem.bytes, pem.len, keys->secret, AUDIT_KEYS_MAX, &keys->count)))
        host_say_error(path, "is not the private half of an evidence key, or of several (8 at most) behind each other",
                       "name officer/evidence.key with --key");
    else if (host_file_check_private(path))
        host_say(HOST_WARN,
                 "%s: others on this machine can read this key, and with it all evidence; run chmod 600 on it", path);
    proto_buf_free(&pem);
    for (size_t i = 0; i < keys->count; i++)
        proto_box_public_key(keys->public_key[i], keys->secret[i]);
    return !err;
}

bool audit_keys_have(const struct audit_keys *keys, const uint8_t public_key[static 32])
{
    for (size_t i = 0; i < keys->count; i++)
        if (!sodium_memcmp(keys->public_key[i], public_key, 32))
            return true;
    return false;
}

enum proto_err audit_keys_open(const struct audit_keys *keys, const uint8_t *sealed, size_t len,
                               struct proto_buf *plain, struct proto_evidence *evidence)
{
    enum proto_err err = PROTO_ERR_CRYPTO;

    for (size_t i = 0; i < keys->count && err == PROTO_ERR_CRYPTO; i++)
        err = proto_evidence_open(sealed, len, keys->public_key[i], keys->secret[i], plain, evidence);
    return err;
}

static bool load_evidence_keys(struct audit_organisation *o, const char *path)
{
    if (!audit_read_keys(path, &o->keys))
        return false;
    if (!audit_keys_have(&o->keys, o->policy.evidence_key))
        host_say(HOST_WARN, "%s is not the key that policy.note names: it opens only what was sealed to it before",
                 path);
    o->can_open = true;
    return true;
}

static bool data_folder(char path[static HOST_PATH_BYTES], const char *dir, unsigned n)
{
    return n ? host_path(path, "%s/data.ended-%u", dir, n) : host_path(path, "%s/data", dir);
}

bool audit_is_here(const char *dir, unsigned n)
{
    char path[HOST_PATH_BYTES];

    return data_folder(path, dir, n) && host_file_exists(path);
}

static bool open_store(const struct audit_organisation *o, struct relay_store **out)
{
    char path[HOST_PATH_BYTES], error[RELAY_STORE_ERROR_MAX];
    struct relay_store_config config = {.folder = path, .read_only = true};

    if (!data_folder(path, o->dir, o->ended)) {
        host_say_err(o->dir, PROTO_ERR_RANGE);
        return false;
    }
    if (!host_file_exists(path)) {
        host_say_error(path, "there is no log here", "name the folder that the relay was started with");
        return false;
    }
    if (relay_store_open(out, &config, error)) {
        host_say(HOST_ERROR, "%s", error);
        return false;
    }
    return true;
}

bool audit_open(struct audit_organisation *o, const char *dir, const char *key_file)
{
    return audit_open_ended(o, dir, key_file, 0);
}

bool audit_open_ended(struct audit_organisation *o, const char *dir, const char *key_file, unsigned n)
{
    char vkey[40] = "relay/log.vkey", name[32];

    memset(o, 0, sizeof *o);
    o->dir = dir;
    o->ended = n;
    if (n)
        snprintf(vkey, sizeof vkey, "data.ended-%u/log.vkey", n);
    (void)host_random(); /* starts libsodium */
    if (n && !audit_is_here(dir, n)) {
        snprintf(name, sizeof name, "data.ended-%u", n);
        host_say_error(name, "there is no such ended log here",
                       "bring the folder back that recover moved it to, or name another with --ended");
        return false;
    }
    if (load(o, "ca/ca.crt", PROTO_PEM_BYTES, take_root) && load_notes(o) &&
        load(o, vkey, PROTO_ORG_VKEY_BYTES + 1, take_vkey) && (!key_file || load_evidence_keys(o, key_file)) &&
        audit_staff_load(o) && open_store(o, &o->log) && open_store(o, &o->rows))
        return true;
    audit_close(o);
    return false;
}

bool audit_open_again(struct audit_organisation *copy, const struct audit_organisation *o)
{
    *copy = *o;
    copy->log = copy->rows = NULL;
    copy->whole = NULL;
    return open_store(o, &copy->log) && open_store(o, &copy->rows);
}

void audit_close_again(struct audit_organisation *copy)
{
    relay_store_close(copy->rows);
    relay_store_close(copy->log);
    sodium_memzero(copy, sizeof *copy);
}

/* A moment of each handle is when it first reads: two are one when they see the same checkpoint. */
void audit_begin_moment(struct audit_organisation *o)
{
    enum { TRIES = 1000 }; /* a busy relay writes some hundred times a second, and this takes far less */
    struct relay_store_checkpoint log, rows;

    for (int i = 0; i < TRIES; i++) {
        relay_store_begin_reading(o->log);
        relay_store_begin_reading(o->rows);
        enum proto_err log_err = relay_store_get_checkpoint(o->log, &log),
                       rows_err = relay_store_get_checkpoint(o->rows, &rows);
        if (log_err == rows_err && log.size == rows.size)
            return;
        audit_end_moment(o);
    }
}

void audit_end_moment(struct audit_organisation *o)
{
    relay_store_end_reading(o->rows);
    relay_store_end_reading(o->log);
}

void audit_close(struct audit_organisation *o)
{
    audit_whole_forget(o);
    relay_store_close(o->rows);
    relay_store_close(o->log);
    audit_staff_free(o);
    proto_certificates_free(&o->root_der, 1);
    sodium_memzero(o, sizeof *o);
}
