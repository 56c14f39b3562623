/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/folder.h - the folder of the organisation as a relay reads it, checked before anything is served.
 *
 *     D/ca/ca.crt  D/org.note  D/policy.note  D/relay/{relay.crt,relay.key,log.key,log.vkey}  D/relay.ini
 *     D/public/{fullchain.pem,privkey.pem}   a public CA's certificate for the public end; may be missing
 *     D/data/                  kept by the relay: its database, token.key
 *     D/relay/checkpoint       kept by the relay: the newest checkpoint, beside the database and not in it
 *     D/relay/{org,policy}.note  the same of the notes: the newest that were in force
 *
 * A relay must not be able to read the keys that make people and open evidence: whoever breaks into it would have them.
 */
#ifndef RELAY_SERVE_FOLDER_H
#define RELAY_SERVE_FOLDER_H

#include <sys/stat.h>

#include "proto/host/files.h"
#include "proto/identity/credential.h"
#include "proto/log/checkpoint.h"
#include "relay/log/notes.h"
#include "relay/serve/pair.h"
#include "relay/serve/report.h"

#define SERVE_TOKEN_KEY_BYTES 32u

struct serve_folder {
    const char *dir; /* borrowed */
    char data[HOST_PATH_BYTES], ca[HOST_PATH_BYTES], checkpoint[HOST_PATH_BYTES];
    struct proto_certificate root_der; /* owned: the staff root */
    struct proto_identity_root root;
    struct log_notes notes;
    struct serve_pair own_pair;    /* the organisation's, for staff and companions */
    struct serve_pair public_pair; /* a public CA's, for strangers; often not there */
    char origin[PROTO_LOG_ORIGIN_MAX + 1];
    char log_vkey[PROTO_ORG_VKEY_BYTES + 1];
    uint8_t log_seed[32];                     /* wiped by clear */
    uint8_t token_key[SERVE_TOKEN_KEY_BYTES]; /* wiped by clear; set by serve_folder_token_key() */
};

/** DIR/name. false: it is too long, and the report says so. */
bool serve_folder_path(const struct serve_folder *folder, char out[static HOST_PATH_BYTES], const char *name,
                       struct serve_report *report);
/** What is wrong with a file, into the report; true: nothing is. */
bool serve_folder_said(struct serve_report *report, const char *path, enum proto_err err);
/** The paths in it, which is all that a backup needs. false: there is no such folder, and the report says so. */
bool serve_folder_find(struct serve_folder *folder, const char *dir, struct serve_report *report);
/**
 * Reads and checks all of it; writes nothing. false: an error is in the report (with a table: all that were found).
 * serve_folder_clear() in any case. A readable private key of the authority is an error unless `allow_private_keys`.
 */
bool serve_folder_read(struct serve_folder *folder, const char *dir, bool allow_private_keys,
                       struct serve_report *report);
void serve_folder_clear(struct serve_folder *folder);

/** Makes D/data when it is missing, and reads or makes the secret of the seats' tokens in it. */
bool serve_folder_token_key(struct serve_folder *folder, struct serve_report *report);

/** Is there a stored log? And was there never one, as far as anything here knows? */
bool serve_folder_has_log(const struct serve_folder *folder);
bool serve_folder_is_fresh(const struct serve_folder *folder);
/** Does a relay run on this folder? It holds the lock of the data folder. */
bool serve_folder_in_use(const struct serve_folder *folder);

/**
 * Reads both notes again; an older one than was in force changes nothing, and the report says so. False: the report
 * says why one of them cannot be taken; the folder keeps what it had of it.
 */
bool serve_folder_read_notes(struct serve_folder *folder, struct serve_report *report);
/** They are in force: from now on none that is older will be. What cannot be written is said, and tried the next time.
 */
void serve_folder_keep_notes(struct serve_folder *folder);
/**
 * Reads both pairs again, for the hosts by which strangers (empty: a proxy has their certificate) and staff come.
 * false: one does not hold and stays as it was, or the public one is gone from the disk.
 */
bool serve_folder_read_certificates(struct serve_folder *folder, const char *public_host, const char *staff_host,
                                    struct serve_report *report);

/** Does one of our certificates name this host (a DNS name or an address)? */
bool serve_folder_names(const struct serve_folder *folder, const char *host);
/** The pair that the public end shows for this name; NULL: no name was asked for. */
const struct serve_pair *serve_folder_public_pair(const struct serve_folder *folder, const char *host);

#endif
