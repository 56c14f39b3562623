/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/authority.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "certs/pem.h"
#include "proto/host/say.h"
#include "proto/seal/signature.h"

/* ---- opening ---- */

static bool take_lock(struct certs_authority *authority)
{
    char path[HOST_PATH_BYTES];

    if (!host_path(path, "%s/ca", authority->dir)) {
        host_say_error(authority->dir, "the path is too long", "choose a shorter folder");
        return false;
    }
    authority->lock = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (authority->lock < 0 && errno == ENOENT) {
        host_say_error(authority->dir, "there is no organisation in this folder",
                       "make one with handhold-certs init, or name another with --dir");
        return false;
    }
    if (authority->lock < 0 || flock(authority->lock, LOCK_EX) != 0) {
        host_say_err(path, PROTO_ERR_IO);
        return false;
    }
    return true;
}

static X509 *read_certificate(const char *dir, const char *name)
{
    struct proto_buf pem;
    X509 *certificate = NULL;

    proto_buf_init(&pem, PROTO_PEM_BYTES);
    if (certs_file_read(dir, name, &pem)) {
        certificate = certs_pem_get_certificate(&pem);
        if (!certificate)
            host_say_error(name, "is not a certificate in PEM", "bring it back from a backup");
    }
    proto_buf_free(&pem);
    return certificate;
}

static EVP_PKEY *read_key(const char *dir, const char *name, X509 *certificate)
{
    struct proto_buf pem;
    EVP_PKEY *key = NULL;

    proto_buf_init_secret(&pem, PROTO_PEM_BYTES);
    if (certs_file_read(dir, name, &pem)) {
        key = certs_pem_get_private(&pem);
        if (!key || X509_check_private_key(certificate, key) != 1) {
            host_say_error(name, "is not the private key of its certificate", "bring it back from a backup");
            EVP_PKEY_free(key);
            key = NULL;
        }
    }
    proto_buf_free(&pem);
    return key;
}

bool certs_authority_read_root(struct certs_authority *authority)
{
    uint8_t seed[32], public_key[32], *der = NULL;
    size_t len = sizeof seed;
    int der_len = i2d_X509(authority->root, &der);
    enum proto_err err = PROTO_ERR_NOMEM;

    if (der_len > 0)
        err = proto_identity_read_root((struct proto_der){der, (size_t)der_len}, &authority->about);
    OPENSSL_free(der);
    if (err == PROTO_OK && EVP_PKEY_get_raw_private_key(authority->root_key, seed, &len) != 1)
        err = PROTO_ERR_KEY;
    if (err != PROTO_OK) {
        host_say_err("ca/ca.crt", err);
        return false;
    }
    proto_sign_keypair(public_key, authority->secret_key, seed);
    sodium_memzero(seed, sizeof seed);
    return true;
}

static bool read_org(struct certs_authority *authority)
{
    struct proto_buf note;

    proto_buf_init(&note, PROTO_ORG_NOTE_BYTES);
    bool fine = certs_file_read(authority->dir, "org.note", &note);

    if (fine) {
        enum proto_err err = proto_org_verify(&authority->org, note.bytes, note.len, authority->about.public_key,
                                              authority->about.domain, 0);

        fine = err == PROTO_OK;
        if (!fine)
            host_say_error("org.note", proto_err_rule(err), "bring the newest one back from a backup");
    }
    proto_buf_free(&note);
    return fine;
}

bool certs_authority_open(struct certs_authority *authority, const char *dir)
{
    *authority = (struct certs_authority){.dir = dir, .lock = -1, .random = host_random()};
    authority->now_s = host_now().unix_ms / 1000;
    if (!take_lock(authority))
        return false;
    authority->root = read_certificate(dir, "ca/ca.crt");
    authority->tls_root = authority->root ? read_certificate(dir, "ca/tls.crt") : NULL;
    authority->root_key = authority->tls_root ? read_key(dir, "ca/ca.key", authority->root) : NULL;
    authority->tls_key = authority->root_key ? read_key(dir, "ca/tls.key", authority->tls_root) : NULL;
    return authority->tls_key && certs_authority_read_root(authority) && read_org(authority);
}

void certs_authority_close(struct certs_authority *authority)
{
    X509_free(authority->root);
    X509_free(authority->tls_root);
    EVP_PKEY_free(authority->root_key);
    EVP_PKEY_free(authority->tls_key);
    if (authority->lock >= 0)
        close(authority->lock); /* and so gives the lock back */
    sodium_memzero(authority, sizeof *authority);
    authority->lock = -1;
}

/* ---- ORG ---- */

bool certs_authority_save_org(struct certs_authority *authority)
{
    struct proto_buf note;

    authority->org.number++;
    authority->org.time_s = authority->now_s;
    proto_buf_init(&note, PROTO_ORG_NOTE_BYTES);
    enum proto_err err = proto_org_sign(&authority->org, authority->secret_key, &note);
    bool saved = err == PROTO_OK && certs_file_write(authority->dir, "org.note", &note);

    if (err != PROTO_OK)
        host_say_err("org.note", err);
    proto_buf_free(&note);
    return saved;
}

/* ---- staff ---- */

struct certs_span certs_authority_span(const struct certs_authority *authority, int64_t days)
{
    return (struct certs_span){authority->now_s - CERTS_BACKDATE_S, authority->now_s + days * 86400};
}

static enum proto_err verify_der(const struct certs_authority *authority, struct proto_der leaf, int64_t at_s,
                                 struct proto_identity *out)
{
    uint8_t *root = NULL;
    int len = i2d_X509(authority->root, &root);

    if (len <= 0)
        return PROTO_ERR_NOMEM;
    const struct proto_der chain[] = {leaf, {root, (size_t)len}};
    enum proto_err err = proto_identity_verify_chain(chain, 2, authority->about.fingerprint,
                                                     sizeof authority->about.fingerprint, at_s, out);

    OPENSSL_free(root);
    return err;
}

/* What leaves the house has passed the check that it will meet. */
static enum proto_err verify_leaf(const struct certs_authority *authority, X509 *leaf, int64_t at_s,
                                  struct proto_identity *out)
{
    uint8_t *der = NULL;
    int len = i2d_X509(leaf, &der);

    if (len <= 0)
        return PROTO_ERR_NOMEM;
    enum proto_err err = verify_der(authority, (struct proto_der){der, (size_t)len}, at_s, out);

    OPENSSL_free(der);
    return err;
}

bool certs_authority_issue(struct certs_authority *authority, EVP_PKEY *key, const struct certs_leaf *leaf)
{
    char issued[HOST_PATH_BYTES], staff[HOST_PATH_BYTES];
    struct proto_identity identity;
    X509 *certificate = certs_build_leaf(key, leaf, authority->root, authority->root_key, &authority->random);
    enum proto_err err =
        certificate ? verify_leaf(authority, certificate, authority->now_s, &identity) : PROTO_ERR_NOMEM;

    if (err == PROTO_OK &&
        (!host_path(issued, "ca/issued/%s.crt", identity.serial) || !host_path(staff, "staff/%s.crt", leaf->id)))
        err = PROTO_ERR_RANGE;
    if (err != PROTO_OK)
        host_say_err(leaf->id, err);
    /* first where it can be taken back, then where it can be used */
    bool done = err == PROTO_OK && certs_file_write_certificate(authority->dir, issued, certificate) &&
                certs_file_write_certificate(authority->dir, staff, certificate);

    X509_free(certificate);
    return done;
}

static bool read_issued(const struct certs_authority *authority, const char *file, struct certs_issued *out)
{
    char name[HOST_PATH_BYTES];

    *out = (struct certs_issued){.expired = false};
    X509 *leaf = host_path(name, "ca/issued/%s", file) ? read_certificate(authority->dir, name) : NULL;

    if (!leaf)
        return false;
    enum proto_err err = verify_leaf(authority, leaf, authority->now_s, &out->identity);

    if (err == PROTO_ERR_CERT_EXPIRED) { /* who it was is judged at its last second */
        struct tm end;

        out->expired = true;
        if (ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &end) == 1)
            err = verify_leaf(authority, leaf, timegm(&end) - 1, &out->identity);
    }
    X509_free(leaf);
    if (err != PROTO_OK) {
        host_say_err(name, err);
        return false;
    }
    const struct proto_org_revoked *revoked = proto_org_find_revoked(&authority->org, out->identity.serial);

    out->revoked = revoked != NULL;
    out->reason = revoked ? revoked->reason : NULL;
    return true;
}

static int by_end(const void *a, const void *b)
{
    const struct certs_issued *x = a, *y = b;
    int64_t ends[] = {x->identity.not_after_s, y->identity.not_after_s};

    return ends[0] != ends[1] ? (ends[0] > ends[1]) - (ends[0] < ends[1])
                              : strcmp(x->identity.serial, y->identity.serial);
}

static int is_certificate(const struct dirent *entry)
{
    const char *dot = strrchr(entry->d_name, '.');

    return dot && !strcmp(dot, ".crt");
}

bool certs_authority_list(const struct certs_authority *authority, struct certs_issued **list, size_t *count)
{
    char path[HOST_PATH_BYTES];
    struct dirent **entries = NULL;
    int found = host_path(path, "%s/ca/issued", authority->dir) ? scandir(path, &entries, is_certificate, NULL) : -1;
    bool fine = found >= 0 && (unsigned)found <= CERTS_ISSUED_MAX;

    *count = 0;
    *list = fine ? calloc((size_t)found + 1, sizeof **list) : NULL;
    if (!*list) {
        host_say_err(path, found < 0 ? PROTO_ERR_IO : fine ? PROTO_ERR_NOMEM : PROTO_ERR_RANGE);
        fine = false;
    }
    for (int i = 0; i < found; i++) {
        fine = fine && read_issued(authority, entries[i]->d_name, &(*list)[*count]);
        *count += fine;
        free(entries[i]);
    }
    free(entries);
    if (fine)
        qsort(*list, *count, sizeof **list, by_end);
    else
        free(*list);
    return fine;
}

bool certs_issued_is_of(const struct certs_issued *issued, const char *id)
{
    size_t len = strlen(id);

    return !strncmp(issued->identity.email, id, len) && issued->identity.email[len] == '@';
}
