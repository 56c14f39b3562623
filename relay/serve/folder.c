/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/seal/note.h"
#include "proto/seal/signature.h"
#include "relay/serve/rights.h"

bool serve_folder_path(const struct serve_folder *folder, char out[static HOST_PATH_BYTES], const char *name,
                       struct serve_report *report)
{
    if (host_path(out, "%s/%s", folder->dir, name))
        return true;
    serve_report_add(report, SERVE_ERROR, folder->dir, "the path is too long", "choose a shorter folder");
    return false;
}

bool serve_folder_said(struct serve_report *report, const char *path, enum proto_err err)
{
    char finding[256];
    struct stat there;

    if (!err)
        return true;
    if (err == PROTO_ERR_IO)
        snprintf(finding, sizeof finding, "%s (%s)", proto_err_rule(err), strerror(errno));
    else if (err == PROTO_ERR_FORMAT)
        snprintf(finding, sizeof finding, "%s",
                 !stat(path, &there) && !there.st_size ? "is empty"
                                                       : "is damaged, or no file that handhold-certs wrote");
    else
        snprintf(finding, sizeof finding, "%s", proto_err_rule(err));
    serve_report_add(report, SERVE_ERROR, path, err == PROTO_ERR_NOT_FOUND ? "the file is missing" : finding,
                     err == PROTO_ERR_NOT_FOUND
                         ? "make the folder with handhold-certs init and issue relay, or copy what export-relay wrote"
                     : err == PROTO_ERR_FORMAT
                         ? "copy it again from where handhold-certs wrote it (export-relay has the relay's part)"
                         : proto_err_way_out(err));
    return false;
}

static bool read_file(const struct serve_folder *folder, const char *name, struct proto_buf *out,
                      struct serve_report *report)
{
    char path[HOST_PATH_BYTES];

    return serve_folder_path(folder, path, name, report) && serve_folder_said(report, path, host_file_read(path, out));
}

/* ---- the root and the notes ---- */

static bool read_root(struct serve_folder *folder, struct serve_report *report)
{
    struct proto_buf pem;
    bool done;

    proto_buf_init(&pem, PROTO_PEM_BYTES);
    done =
        read_file(folder, "ca/ca.crt", &pem, report) &&
        serve_folder_said(report, folder->ca, proto_root_of_pem(pem.bytes, pem.len, &folder->root_der, &folder->root));
    proto_buf_free(&pem);
    if (done)
        serve_report_fine(report, folder->ca, "root of %s", folder->root.domain);
    return done;
}

static void say_older(const struct log_note *note, enum proto_taken_note which, const char *path,
                      struct serve_report *report)
{
    const char *noun = which == PROTO_TAKEN_ORG ? "number" : "policy";
    char finding[160];

    if (note->there.number == note->is.number)
        snprintf(finding, sizeof finding, "is another %s %llu than the one that was in force here and stays so", noun,
                 (unsigned long long)note->is.number);
    else
        snprintf(finding, sizeof finding, "is %s %llu, and %s %llu was in force here since and stays so", noun,
                 (unsigned long long)note->there.number, noun, (unsigned long long)note->is.number);
    serve_report_add(report, SERVE_WARNING, path, finding,
                     which == PROTO_TAKEN_ORG
                         ? "the relay puts the newer one there; if the authority's own is the older one, copy it there"
                         : "the relay puts the newer one there; what is to follow it an officer signs with "
                           "handhold-audit policy sign");
}

bool serve_folder_read_notes(struct serve_folder *folder, struct serve_report *report)
{
    struct log_notes *notes = &folder->notes;
    bool fine = log_notes_read(notes, folder->dir, (struct proto_der){folder->root_der.bytes, folder->root_der.len},
                               &folder->root);

    for (enum proto_taken_note which = 0; which < PROTO_TAKEN_COUNT; which++) {
        const struct log_note *note = &notes->note[which];
        char path[HOST_PATH_BYTES];
        if (!serve_folder_path(folder, path, proto_taken_file(which), report))
            return false;
        errno = note->system;
        if (!serve_folder_said(report, path, note->err))
            continue;
        if (log_note_is_back(note))
            say_older(note, which, path, report);
        else if (which == PROTO_TAKEN_ORG)
            serve_report_fine(report, path, "number %llu, %zu revoked", (unsigned long long)notes->org.number,
                              notes->org.revoked_count);
        else if (notes->policy.number)
            serve_report_fine(report, path, "number %llu", (unsigned long long)notes->policy.number);
    }
    return fine;
}

void serve_folder_keep_notes(struct serve_folder *folder)
{
    if (log_notes_keep(&folder->notes, folder->dir))
        host_say(HOST_WARN, "%s: the newest org.note and policy.note cannot be written here and in relay: %s",
                 folder->dir, strerror(errno));
}

/* ---- the log's key ---- */

static bool check_log_key(struct serve_folder *folder, const char *path, const char *vkey, size_t len,
                          struct serve_report *report)
{
    uint8_t public_key[PROTO_SIGN_PUBLIC_BYTES], secret_key[PROTO_SIGN_SECRET_BYTES];
    struct proto_note_key key;
    char text[PROTO_ORG_VKEY_BYTES + 1];

    while (len && vkey[len - 1] == '\n')
        len--;
    if (len >= sizeof text || !serve_folder_said(report, path, proto_note_key_parse(&key, vkey, len)))
        return false;
    memcpy(text, vkey, len);
    text[len] = 0;
    proto_sign_keypair(public_key, secret_key, folder->log_seed);
    sodium_memzero(secret_key, sizeof secret_key);
    if (memcmp(public_key, key.public_key, sizeof public_key) || strlen(key.name) > PROTO_LOG_ORIGIN_MAX) {
        serve_report_add(report, SERVE_ERROR, path, "log.key is not the key of this log",
                         "keep log.key and log.vkey from one issue together");
        return false;
    }
    strcpy(folder->origin, key.name);
    strcpy(folder->log_vkey, text);
    if (!proto_org_has_log(&folder->notes.org, text)) {
        serve_report_add(report, SERVE_ERROR, path, "org.note does not list this log, so nobody would believe it",
                         "copy the org.note that handhold-certs issue relay wrote");
        return false;
    }
    serve_report_fine(report, path, "the log %s", folder->origin);
    return true;
}

static bool read_log_key(struct serve_folder *folder, struct serve_report *report)
{
    char path[HOST_PATH_BYTES];
    struct proto_buf pem, vkey;
    bool done;

    proto_buf_init_secret(&pem, PROTO_PEM_BYTES);
    proto_buf_init(&vkey, PROTO_ORG_VKEY_BYTES + 2);
    done = serve_folder_path(folder, path, "relay/log.key", report) &&
           read_file(folder, "relay/log.key", &pem, report) &&
           serve_folder_said(report, path, proto_seed_of_pem(pem.bytes, pem.len, folder->log_seed));
    if (done && host_file_check_private(path))
        serve_report_add(report, SERVE_WARNING, path, "others may read this key", "chmod 600 it");
    done = done && serve_folder_path(folder, path, "relay/log.vkey", report) &&
           read_file(folder, "relay/log.vkey", &vkey, report) &&
           check_log_key(folder, path, (const char *)vkey.bytes, vkey.len, report);
    proto_buf_free(&pem);
    proto_buf_free(&vkey);
    return done;
}

/* ---- certificates ---- */

static bool find_pairs(struct serve_folder *folder, struct serve_report *report)
{
    struct serve_pair *own = &folder->own_pair, *public_pair = &folder->public_pair;

    own->roots = folder->ca;
    own->renew = "issue a new one with handhold-certs issue --dir D relay --host HOST, then send the relay SIGHUP";
    public_pair->renew = "run certbot renew; its deploy hook puts the next one here (handhold-relay setup writes it)";
    return serve_folder_path(folder, own->cert, "relay/relay.crt", report) &&
           serve_folder_path(folder, own->key, "relay/relay.key", report) &&
           serve_folder_path(folder, public_pair->cert, "public/fullchain.pem", report) &&
           serve_folder_path(folder, public_pair->key, "public/privkey.pem", report);
}

/* Strangers are turned away by a bad one, but the session of whoever has the organisation's root need not wait for it.
 */
static bool read_public_pair(struct serve_folder *folder, struct serve_report *report)
{
    struct serve_report found = {.table = report->table, .json = report->json};

    if (!serve_pair_lies_there(&folder->public_pair))
        return true;
    bool done = serve_pair_read(&folder->public_pair, NULL, &found);
    report->errors += found.errors;
    report->warnings += found.warnings;
    report->ends_soon |= found.ends_soon;
    if (!done && !report->table)
        host_say(HOST_WARN, "the public end shows the organisation's own certificate, which strangers do not trust");
    return done || !report->table;
}

bool serve_folder_read_certificates(struct serve_folder *folder, const char *public_host, const char *staff_host,
                                    struct serve_report *report)
{
    struct serve_pair *public_pair = &folder->public_pair;
    bool named = serve_pair_names(public_pair, public_host), fine = true;

    if (public_pair->loaded || host_file_exists(public_pair->cert))
        fine = serve_pair_read(public_pair, (const char *const[]){named ? public_host : NULL, NULL}, report);
    named = serve_pair_names(public_pair, public_host); /* then strangers are not shown our own */
    return serve_pair_read(&folder->own_pair, (const char *const[]){staff_host, named ? NULL : public_host}, report) &&
           fine;
}

bool serve_folder_names(const struct serve_folder *folder, const char *host)
{
    return serve_pair_names(&folder->own_pair, host) || serve_pair_names(&folder->public_pair, host);
}

const struct serve_pair *serve_folder_public_pair(const struct serve_folder *folder, const char *host)
{
    return host && serve_pair_names(&folder->public_pair, host) ? &folder->public_pair : &folder->own_pair;
}

/* ---- the whole ---- */

bool serve_folder_find(struct serve_folder *folder, const char *dir, struct serve_report *report)
{
    struct stat there;

    *folder = (struct serve_folder){.dir = dir};
    if (stat(dir, &there) || !S_ISDIR(there.st_mode)) {
        serve_report_add(report, SERVE_ERROR, dir, "is no folder that can be looked into",
                         "name the folder that handhold-certs export-relay wrote, unpacked");
        return false;
    }
    return serve_folder_path(folder, folder->data, "data", report) &&
           serve_folder_path(folder, folder->ca, "ca/ca.crt", report) &&
           serve_folder_path(folder, folder->checkpoint, "relay/checkpoint", report) && find_pairs(folder, report);
}

bool serve_folder_read(struct serve_folder *folder, const char *dir, bool allow_private_keys,
                       struct serve_report *report)
{
    bool keys, certificate, rest;

    if (!serve_folder_find(folder, dir, report))
        return false;
    keys = serve_rights_check(folder, allow_private_keys, report);
    if (!keys && !report->table)
        return false;
    certificate = serve_pair_read(&folder->own_pair, NULL, report);
    if (certificate)
        certificate = read_public_pair(folder, report);
    if (!certificate && !report->table)
        return false;
    rest = read_root(folder, report) && serve_folder_read_notes(folder, report) && read_log_key(folder, report);
    return keys && certificate && rest;
}

void serve_folder_clear(struct serve_folder *folder)
{
    proto_certificates_free(&folder->root_der, 1);
    serve_pair_clear(&folder->own_pair);
    serve_pair_clear(&folder->public_pair);
    sodium_memzero(folder->log_seed, sizeof folder->log_seed);
    sodium_memzero(folder->token_key, sizeof folder->token_key);
    *folder = (struct serve_folder){0};
}
