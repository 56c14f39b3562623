/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "certs/authority.h"
#include "certs/commands.h"
#include "certs/pem.h"
#include "proto/host/say.h"
#include "proto/identity/policy.h"

/* What init writes. An organisation is whole or not there: when one file fails, those before it are taken away again.
 */
static const char *const files[] = {
    "ca/ca.key",         "ca/tls.key",           "ca/ca.crt",
    "ca/tls.crt",        "officer/evidence.key", "officer/evidence.pub",
    "staff/officer.key", "staff/officer.crt",    "staff/cases.key",
    "org.note",          "policy.note",
};
#define FILES (sizeof files / sizeof files[0])

static bool check_options(void)
{
    if (!certs_name_is_valid(certs_options.organisation)) {
        host_say_error(certs_options.organisation, CERTS_NAME_RULE, "give another --org");
        return false;
    }
    if (!proto_identity_domain_is_valid(certs_options.domain)) {
        host_say_error(certs_options.domain, "a domain has lower-case letters, digits, hyphens and dots",
                       "give it in its ASCII form (xn--…), without a port");
        return false;
    }
    return true;
}

static bool check_folder(void)
{
    char path[HOST_PATH_BYTES];

    for (size_t i = 0; i < FILES; i++) {
        if (!host_path(path, "%s/%s", certs_options.dir, files[i])) {
            host_say_error(certs_options.dir, "the path is too long", "choose a shorter folder");
            return false;
        }
        if (host_file_exists(path)) {
            host_say_error(path, "there is an organisation in this folder already, and its keys are never overwritten",
                           "name another folder with --dir");
            return false;
        }
    }
    return true;
}

static void take_away(void)
{
    char path[HOST_PATH_BYTES];

    for (size_t i = 0; i < FILES; i++)
        if (host_path(path, "%s/%s", certs_options.dir, files[i]))
            unlink(path);
}

static bool write_roots(struct certs_authority *a)
{
    struct certs_span span = certs_authority_span(a, CERTS_ROOT_DAYS);
    struct proto_buf both;

    a->root_key = certs_key_ed25519(&a->random);
    a->tls_key = certs_key_p256();
    if (a->root_key && a->tls_key) {
        a->root = certs_build_root(a->root_key, certs_options.organisation, certs_options.domain, span, &a->random);
        a->tls_root = certs_build_tls_root(a->tls_key, certs_options.organisation, span, &a->random);
    }
    if (!a->root || !a->tls_root) {
        host_say_error(certs_options.organisation, "no root certificate can be made of this name",
                       "give another --org");
        return false;
    }
    proto_buf_init(&both, PROTO_PEM_BYTES);
    bool done = certs_pem_put_certificate(a->root, &both) == PROTO_OK &&
                certs_pem_put_certificate(a->tls_root, &both) == PROTO_OK &&
                certs_file_write_key(a->dir, "ca/ca.key", a->root_key) &&
                certs_file_write_key(a->dir, "ca/tls.key", a->tls_key) &&
                certs_file_write(a->dir, "ca/ca.crt", &both) &&
                certs_file_write_certificate(a->dir, "ca/tls.crt", a->tls_root);

    proto_buf_free(&both);
    return done;
}

static bool write_evidence_key(const struct certs_authority *a, uint8_t public_key[static 32])
{
    EVP_PKEY *key = certs_key_x25519(&a->random);
    struct proto_buf pem;
    size_t len = 32;

    proto_buf_init(&pem, PROTO_PEM_BYTES);
    bool done = key && EVP_PKEY_get_raw_public_key(key, public_key, &len) == 1 &&
                certs_pem_put_public(key, &pem) == PROTO_OK &&
                certs_file_write_key(a->dir, "officer/evidence.key", key) &&
                certs_file_write(a->dir, "officer/evidence.pub", &pem);

    proto_buf_free(&pem);
    EVP_PKEY_free(key);
    return done;
}

static bool write_officer(struct certs_authority *a)
{
    const struct certs_leaf leaf = {
        .id = "officer",
        .name = "Privacy Officer",
        .domain = certs_options.domain,
        .role = PROTO_ROLE_OFFICER,
        .span = certs_authority_span(a, CERTS_STAFF_DAYS_MAX),
    };
    EVP_PKEY *key = certs_key_ed25519(&a->random);
    bool done = key && certs_file_write_key(a->dir, "staff/officer.key", key) && certs_authority_issue(a, key, &leaf);

    EVP_PKEY_free(key);
    return done;
}

static bool load_officer(const struct certs_authority *a, struct proto_credential *officer)
{
    struct proto_buf certificate, key, ca;

    proto_buf_init(&certificate, PROTO_PEM_BYTES);
    proto_buf_init_secret(&key, PROTO_PEM_BYTES);
    proto_buf_init(&ca, PROTO_PEM_BYTES);
    bool done = certs_file_read(a->dir, "staff/officer.crt", &certificate) &&
                certs_file_read(a->dir, "staff/officer.key", &key) && certs_file_read(a->dir, "ca/ca.crt", &ca);

    if (done) {
        enum proto_err err = proto_credential_of_pem(officer, &certificate, &key, &ca, a->now_s);

        done = err == PROTO_OK;
        if (!done)
            host_say_err("staff/officer", err);
    }
    proto_buf_free(&certificate);
    proto_buf_free(&key);
    proto_buf_free(&ca);
    return done;
}

static bool write_policy(const struct certs_authority *a, const uint8_t evidence_key[static 32])
{
    struct proto_credential officer;
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];
    struct proto_policy policy;
    struct proto_buf note;

    if (!load_officer(a, &officer))
        return false;
    proto_policy_defaults(&policy, certs_options.domain);
    policy.number = 1;
    policy.time_s = a->now_s;
    memcpy(policy.evidence_key, evidence_key, sizeof policy.evidence_key);
    const struct proto_policy_signer signer = {&officer.identity, chain, proto_credential_chain(&officer, chain),
                                               officer.secret_key};

    proto_buf_init(&note, PROTO_POLICY_NOTE_BYTES);
    enum proto_err err = proto_policy_sign(&policy, &signer, &note);
    bool done = err == PROTO_OK && certs_file_write(a->dir, "policy.note", &note);

    if (err != PROTO_OK)
        host_say_err("policy.note", err);
    proto_buf_free(&note);
    proto_credential_clear(&officer);
    return done;
}

static bool start_org(struct certs_authority *a)
{
    proto_org_init(&a->org, certs_options.domain);
    return certs_authority_read_root(a);
}

static bool make_folders(void)
{
    static const char *const folders[] = {"ca/issued", "officer", "staff"};

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (!certs_folder_make(certs_options.dir, folders[i]))
            return false;
    return true;
}

int certs_init(void)
{
    struct certs_authority a = {.dir = certs_options.dir, .lock = -1, .random = host_random()};
    uint8_t evidence_key[32];

    a.now_s = host_now().unix_ms / 1000;
    if (!check_options())
        return HOST_EXIT_USAGE;
    if (!check_folder() || !make_folders())
        return HOST_EXIT_FAILED;
    bool done = write_roots(&a) && start_org(&a) && write_evidence_key(&a, evidence_key) && write_officer(&a) &&
                certs_cases_key_have(&a) && certs_authority_save_org(&a) && write_policy(&a, evidence_key);

    if (!done)
        take_away();
    else
        printf("%s: an organisation for %s. Keep ca/ca.key, ca/tls.key, officer/evidence.key and staff/ off the "
               "relay's machine.\n",
               certs_options.dir, certs_options.domain);
    certs_authority_close(&a);
    return done ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}
