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

    if (!err)
        return true;
    if (err == PROTO_ERR_IO)
        snprintf(finding, sizeof finding, "%s (%s)", proto_err_rule(err), strerror(errno));
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

static bool read_note(struct serve_folder *folder, const char *name, struct serve_note *note, size_t max,
                      struct serve_report *report)
{
    char path[HOST_PATH_BYTES];
    struct proto_buf text;
    bool done;

    proto_buf_init(&text, max);
    done = serve_folder_path(folder, path, name, report);
    if (done && stat(path, &note->seen)) /* before it is read: a change in between is seen as one */
        note->seen = (struct stat){0};
    done = done && read_file(folder, name, &text, report);
    if (done && (!text.len || memchr(text.bytes, 0, text.len)))
        done = serve_folder_said(report, path, PROTO_ERR_FORMAT);
    if (done) {
        memcpy(note->text, text.bytes, text.len);
        note->text[text.len] = 0;
    }
    proto_buf_free(&text);
    return done;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool serve_folder_notes_changed(const struct serve_folder *folder)
{
    char path[HOST_PATH_BYTES];
    struct stat now;

    return (host_path(path, "%s/org.note", folder->dir) && !stat(path, &now) &&
            !same_file(&now, &folder->org_note.seen)) ||
           (host_path(path, "%s/policy.note", folder->dir) && !stat(path, &now) &&
            !same_file(&now, &folder->policy_note.seen));
}

bool serve_folder_read_notes(struct serve_folder *folder, struct serve_report *report)
{
    static struct serve_note org_note, policy_note; /* large; one thread reads notes */
    static struct proto_org org;
    static struct proto_policy policy;
    struct proto_der root = {folder->root_der.bytes, folder->root_der.len};
    char org_path[HOST_PATH_BYTES], policy_path[HOST_PATH_BYTES];
    bool done = serve_folder_path(folder, org_path, "org.note", report) &&
                serve_folder_path(folder, policy_path, "policy.note", report) &&
                read_note(folder, "org.note", &org_note, PROTO_ORG_NOTE_BYTES, report) &&
                serve_folder_said(report, org_path,
                                  proto_org_verify(&org, org_note.text, strlen(org_note.text), folder->root.public_key,
                                                   folder->root.domain, folder->org.number)) &&
                read_note(folder, "policy.note", &policy_note, PROTO_POLICY_NOTE_BYTES, report) &&
                serve_folder_said(report, policy_path,
                                  proto_policy_verify(&policy, policy_note.text, strlen(policy_note.text), root, &org,
                                                      folder->policy.number));

    if (!done) { /* not asked again until one of the files changes once more */
        folder->org_note.seen = org_note.seen;
        folder->policy_note.seen = policy_note.seen;
        return false;
    }
    folder->org_note = org_note;
    folder->policy_note = policy_note;
    folder->org = org;
    folder->policy = policy;
    serve_report_fine(report, org_path, "number %llu, %zu revoked", (unsigned long long)org.number, org.revoked_count);
    serve_report_fine(report, policy_path, "number %llu", (unsigned long long)policy.number);
    return true;
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
    if (!proto_org_has_log(&folder->org, text)) {
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

    if (!host_file_exists(folder->public_pair.cert) && !host_file_exists(folder->public_pair.key))
        return true;
    bool done = serve_pair_read(&folder->public_pair, &found);
    report->errors += found.errors;
    report->warnings += found.warnings;
    report->ends_soon |= found.ends_soon;
    if (!done && !report->table)
        host_say(HOST_WARN, "the public end shows the organisation's own certificate, which strangers do not trust");
    return done || !report->table;
}

bool serve_folder_read_certificates(struct serve_folder *folder, struct serve_report *report)
{
    bool own = serve_pair_read(&folder->own_pair, report);

    if (folder->public_pair.loaded || host_file_exists(folder->public_pair.cert))
        own &= serve_pair_read(&folder->public_pair, report);
    return own;
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
    certificate = serve_pair_read(&folder->own_pair, report);
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
