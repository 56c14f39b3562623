/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrolment.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "certs/build.h"
#include "certs/pem.h"
#include "certs/request.h"
#include "proto/host/world.h"
#include "proto/identity/credential.h"

#define CASES_MARK "handhold/1 cases" /* proto/seal/kept.h: how the staff's secret begins */

enum { CERTIFICATES_MAX = 8 };

static enum proto_err refuse(char *why, const char *value, const char *rule, const char *way_out, enum proto_err err)
{
    snprintf(why, AGENT_ENROLMENT_WHY_BYTES, "%.200s: %s; %s", value, rule, way_out);
    return err;
}

static enum proto_err refuse_err(char *why, const char *value, enum proto_err err)
{
    return refuse(why, value, proto_err_rule(err), proto_err_way_out(err), err);
}

static bool path_of(const struct agent_enrolment *e, const char *suffix, char out[static HOST_PATH_BYTES])
{
    return host_path(out, "%s/%s%s", e->dir, e->id, suffix);
}

/* ---- the request ---- */

static enum proto_err init(struct agent_enrolment *e, const char *dir, const char *id, char *why)
{
    memset(e, 0, sizeof *e);
    proto_buf_init(&e->request, CERTS_REQUEST_BYTES);
    proto_buf_init(&e->leaf, PROTO_PEM_BYTES);
    proto_buf_init(&e->ca, PROTO_PEM_BYTES);
    if (!certs_id_is_valid(id))
        return refuse(why, id,
                      "an id is made of a-z, 0-9, dot, hyphen and underscore, and begins with a letter or digit",
                      "choose a short name, for example ada", PROTO_ERR_FORMAT);
    if (!host_path(e->dir, "%s", dir) || strlen(id) >= sizeof e->id)
        return refuse_err(why, dir, PROTO_ERR_RANGE);
    snprintf(e->id, sizeof e->id, "%s", id);
    return PROTO_OK;
}

static enum proto_err write_both(const struct agent_enrolment *e, const struct proto_buf *key, char *why)
{
    char key_path[HOST_PATH_BYTES], request_path[HOST_PATH_BYTES];

    if (!path_of(e, ".key", key_path) || !path_of(e, ".csr", request_path))
        return refuse_err(why, e->dir, PROTO_ERR_RANGE);
    enum proto_err err = host_folder_make(e->dir, HOST_PRIVATE);
    if (err)
        return refuse_err(why, e->dir, err);
    err = host_file_create(key_path, key->bytes, key->len, HOST_PRIVATE);
    if (err)
        return refuse_err(why, key_path, err);
    err = host_file_create(request_path, e->request.bytes, e->request.len, HOST_PUBLIC);
    if (err) {
        unlink(key_path); /* made just now, and of no use alone */
        return refuse_err(why, request_path, err);
    }
    return PROTO_OK;
}

enum proto_err agent_enrolment_begin(struct agent_enrolment *e, const char *dir, const char *id, const char *name,
                                     char why[static AGENT_ENROLMENT_WHY_BYTES])
{
    struct proto_random random = host_random();
    enum proto_err err = init(e, dir, id, why);
    struct proto_buf key;

    if (err)
        return err;
    proto_buf_init_secret(&key, CERTS_REQUEST_BYTES);
    err = certs_request_make(name, &random, &key, &e->request);
    if (err == PROTO_ERR_FORMAT)
        err = refuse(why, *name ? name : "the name", "a name has 1 to 64 characters, and a space when it has a dot",
                     "write it as customers are to read it", err);
    else if (err)
        err = refuse_err(why, name, err);
    else
        err = write_both(e, &key, why);
    proto_buf_free(&key);
    return err;
}

enum proto_err agent_enrolment_resume(struct agent_enrolment *e, const char *dir, const char *id,
                                      char why[static AGENT_ENROLMENT_WHY_BYTES])
{
    char path[HOST_PATH_BYTES];
    enum proto_err err = init(e, dir, id, why);

    if (err)
        return err;
    if (!path_of(e, ".key", path) || !host_file_exists(path) || !path_of(e, ".csr", path))
        return refuse_err(why, e->dir, PROTO_ERR_NOT_FOUND);
    err = host_file_read(path, &e->request);
    return err ? refuse_err(why, path, err) : PROTO_OK;
}

/* ---- the answer ---- */

/* A leaf is ours to keep as ID.crt; an authority belongs to ca.crt, the staff root (Ed25519) first. */
static enum proto_err sort(X509 *certificate, struct proto_buf *leaf, struct proto_buf *staff, struct proto_buf *tls)
{
    bool authority = X509_check_ca(certificate) == 1;
    struct proto_buf *to =
        !authority ? leaf : EVP_PKEY_get_id(X509_get0_pubkey(certificate)) == EVP_PKEY_ED25519 ? staff : tls;

    return !authority && leaf->len ? PROTO_ERR_FORMAT : certs_pem_put_certificate(certificate, to);
}

static enum proto_err take_certificates(struct agent_enrolment *e, const char *text, size_t len)
{
    struct proto_buf leaf, staff, tls;
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    enum proto_err err = bio ? PROTO_OK : PROTO_ERR_NOMEM;
    X509 *certificate;
    unsigned count = 0;

    proto_buf_init(&leaf, PROTO_PEM_BYTES);
    proto_buf_init(&staff, PROTO_PEM_BYTES);
    proto_buf_init(&tls, PROTO_PEM_BYTES);
    while (!err && count < CERTIFICATES_MAX && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        err = sort(certificate, &leaf, &staff, &tls);
        X509_free(certificate);
        count++;
    }
    if (!err && !count)
        err = PROTO_ERR_FORMAT;
    if (!err && leaf.len) {
        proto_buf_clear(&e->leaf);
        proto_buf_put(&e->leaf, leaf.bytes, leaf.len);
    }
    if (!err && staff.len) {
        proto_buf_clear(&e->ca);
        proto_buf_put(&e->ca, staff.bytes, staff.len);
        proto_buf_put(&e->ca, tls.bytes, tls.len);
    }
    proto_buf_free(&leaf);
    proto_buf_free(&staff);
    proto_buf_free(&tls);
    BIO_free(bio);
    return err;
}

static enum proto_err check(const struct agent_enrolment *e, char *why)
{
    char path[HOST_PATH_BYTES];
    struct proto_credential credential;
    struct proto_buf key;

    proto_buf_init_secret(&key, PROTO_PEM_BYTES);
    enum proto_err err = path_of(e, ".key", path) ? host_file_read(path, &key) : PROTO_ERR_RANGE;
    if (!err)
        err = proto_credential_of_pem(&credential, &e->leaf, &key, &e->ca, host_now().unix_ms / 1000);
    proto_buf_free(&key);
    if (err == PROTO_ERR_KEY)
        return refuse(why, "the certificate", "is not for the key that was made here",
                      "send the request of this machine, and take the answer to it", err);
    if (err)
        return refuse_err(why, "the answer", err);
    proto_credential_clear(&credential);
    return PROTO_OK;
}

static enum proto_err keep(const struct agent_enrolment *e, char *why)
{
    char leaf[HOST_PATH_BYTES], ca[HOST_PATH_BYTES];
    enum proto_err err = path_of(e, ".crt", leaf) && host_path(ca, "%s/ca.crt", e->dir) ? PROTO_OK : PROTO_ERR_RANGE;

    if (!err)
        err = host_file_write(ca, e->ca.bytes, e->ca.len, HOST_PUBLIC);
    if (!err)
        err = host_file_write(leaf, e->leaf.bytes, e->leaf.len, HOST_PRIVATE);
    return err ? refuse_err(why, e->dir, err) : PROTO_OK;
}

static enum proto_err take_cases(const struct agent_enrolment *e, const void *text, size_t len, char *why)
{
    char path[HOST_PATH_BYTES];
    enum proto_err err =
        host_path(path, "%s/cases.key", e->dir) ? host_file_write(path, text, len, HOST_PRIVATE) : PROTO_ERR_RANGE;

    return err ? refuse_err(why, e->dir, err) : PROTO_OK;
}

enum proto_err agent_enrolment_answer(struct agent_enrolment *e, const void *text, size_t len,
                                      char why[static AGENT_ENROLMENT_WHY_BYTES])
{
    enum proto_err err;

    why[0] = '\0';
    if (len > PROTO_PEM_BYTES)
        return refuse_err(why, "the answer", PROTO_ERR_RANGE);
    if (len >= strlen(CASES_MARK) && !memcmp(text, CASES_MARK, strlen(CASES_MARK)))
        err = take_cases(e, text, len, why);
    else if ((err = take_certificates(e, text, len)) == PROTO_ERR_FORMAT)
        err = refuse(why, "the answer", "it holds no certificate of yours, or several",
                     "take the text between BEGIN CERTIFICATE and END CERTIFICATE, with these lines", err);
    if (err)
        return err;
    if (!e->leaf.len)
        return refuse(why, e->id, "your own certificate is still missing", "open ID.crt as well", PROTO_ERR_BUSY);
    if (!e->ca.len)
        return refuse(why, "ca.crt", "the organisation's roots are still missing", "open ca.crt as well",
                      PROTO_ERR_BUSY);
    err = check(e, why);
    if (err) {
        proto_buf_clear(&e->leaf);
        proto_buf_clear(&e->ca);
    }
    return err ? err : keep(e, why);
}

void agent_enrolment_clear(struct agent_enrolment *e)
{
    proto_buf_free(&e->request);
    proto_buf_free(&e->leaf);
    proto_buf_free(&e->ca);
    memset(e, 0, sizeof *e);
}
