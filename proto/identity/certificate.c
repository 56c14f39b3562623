/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/certificate.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/identity/der.h"
#include "proto/identity/profile.h"
#include "proto/seal/kdf.h"
#include "proto/seal/signature.h"

bool proto_identity_domain_is_valid(const char *domain)
{
    size_t label = 0, len = strlen(domain);

    if (len == 0 || len > PROTO_IDENTITY_DOMAIN_BYTES)
        return false;
    for (size_t i = 0; i <= len; i++) {
        char c = domain[i];

        if (c == '.' || c == '\0') {
            if (label == 0 || label > 63 || domain[i - 1] == '-')
                return false;
            label = 0;
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && label)) {
            label++;
        } else {
            return false;
        }
    }
    return true;
}

void proto_identity_signer_name(const struct proto_identity *identity, char out[static PROTO_IDENTITY_SIGNER_BYTES + 1])
{
    const char *role = proto_role_name(identity->role);

    snprintf(out, PROTO_IDENTITY_SIGNER_BYTES + 1, "%s/%s/%s", identity->domain, role ? role : "none",
             identity->serial);
}

bool proto_identity_serial_is_valid(const char *serial)
{
    size_t len = strlen(serial);

    return len >= 2 && len <= 2 * PROTO_IDENTITY_SERIAL_BYTES && len % 2 == 0 &&
           strspn(serial, "0123456789abcdef") == len;
}

bool proto_identity_signer_serial(const char *name, size_t len, const char *domain, enum proto_role role,
                                  char serial[static 2 * PROTO_IDENTITY_SERIAL_BYTES + 1])
{
    char prefix[PROTO_IDENTITY_SIGNER_BYTES + 1];
    const char *word = proto_role_name(role);
    size_t before = (size_t)snprintf(prefix, sizeof prefix, "%s/%s/", domain, word ? word : "none");

    *serial = 0;
    if (before >= sizeof prefix || len <= before || len - before > 2 * PROTO_IDENTITY_SERIAL_BYTES ||
        memcmp(name, prefix, before) != 0 || memchr(name, 0, len))
        return false;
    memcpy(serial, name + before, len - before);
    serial[len - before] = 0;
    if (!proto_identity_serial_is_valid(serial))
        *serial = 0;
    return *serial != 0;
}

enum proto_err proto_identity_require(const struct proto_identity *identity, enum proto_role role)
{
    return identity->role == role && role != PROTO_ROLE_NONE ? PROTO_OK : PROTO_ERR_CERT_ROLE;
}

/* ---- the chain ---- */

struct chain {
    X509 *certificates[PROTO_IDENTITY_CHAIN_MAX]; /* owned; leaf first */
    uint8_t keys[PROTO_IDENTITY_CHAIN_MAX][32];
    size_t count;
};

static void chain_clear(struct chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        X509_free(chain->certificates[i]);
    ERR_clear_error(); /* what OpenSSL thought of a stranger's bytes must not surface in somebody else's call */
}

static enum proto_place place_of(size_t index, size_t count)
{
    if (index + 1 == count)
        return PROTO_PLACE_ROOT;
    return index == 0 ? PROTO_PLACE_LEAF : PROTO_PLACE_AUTHORITY;
}

static enum proto_err chain_read(struct chain *chain, const struct proto_der *ders, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        enum proto_err err = proto_der_read(ders[i], &chain->certificates[i]);

        if (err != PROTO_OK)
            return err;
        chain->count = i + 1;
        err = proto_profile_check(chain->certificates[i], place_of(i, count), chain->keys[i]);
        if (err != PROTO_OK)
            return err;
    }
    return PROTO_OK;
}

static enum proto_err check_signature(X509 *certificate, const uint8_t issuer_key[static 32])
{
    const uint8_t *signature;
    uint8_t *tbs;
    size_t tbs_len;
    enum proto_err err = proto_der_signed_part(certificate, &tbs, &tbs_len, &signature);

    if (err != PROTO_OK)
        return err;
    if (proto_verify_plain(signature, tbs, tbs_len, issuer_key) != PROTO_OK)
        err = PROTO_ERR_CERT_CHAIN;
    OPENSSL_free(tbs);
    return err;
}

static enum proto_err check_signatures(const struct chain *chain)
{
    enum proto_err err = PROTO_OK;

    for (size_t i = 0; i < chain->count && err == PROTO_OK; i++)
        err = check_signature(chain->certificates[i], chain->keys[i + 1 < chain->count ? i + 1 : i]);
    return err;
}

/* OpenSSL's verdicts in our words; all others are CERT_CHAIN. */
static const struct verdict {
    int code;
    enum proto_err err;
} verdicts[] = {
    {X509_V_ERR_CERT_NOT_YET_VALID, PROTO_ERR_CERT_EXPIRED},
    {X509_V_ERR_CERT_HAS_EXPIRED, PROTO_ERR_CERT_EXPIRED},
    {X509_V_ERR_PERMITTED_VIOLATION, PROTO_ERR_CERT_NAME},
    {X509_V_ERR_EXCLUDED_VIOLATION, PROTO_ERR_CERT_NAME},
    {X509_V_ERR_UNSUPPORTED_NAME_SYNTAX, PROTO_ERR_CERT_NAME},
    {X509_V_ERR_INVALID_PURPOSE, PROTO_ERR_CERT_ROLE},
    {X509_V_ERR_OUT_OF_MEM, PROTO_ERR_NOMEM},
    {X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER, PROTO_ERR_CERT_PROFILE},
    {X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER, PROTO_ERR_CERT_PROFILE},
    {X509_V_ERR_EMPTY_SUBJECT_ALT_NAME, PROTO_ERR_CERT_PROFILE},
    {X509_V_ERR_ISSUER_NAME_EMPTY, PROTO_ERR_CERT_PROFILE},
    {X509_V_ERR_SUBJECT_NAME_EMPTY, PROTO_ERR_CERT_PROFILE},
    {X509_V_ERR_INVALID_EXTENSION, PROTO_ERR_CERT_PROFILE},
};

static enum proto_err err_of_verdict(int code)
{
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
        if (verdicts[i].code == code)
            return verdicts[i].err;
    return PROTO_ERR_CERT_CHAIN;
}

static void set_rules(X509_STORE_CTX *context, int64_t now_unix_s)
{
    X509_VERIFY_PARAM *rules = X509_STORE_CTX_get0_param(context);

    X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_X509_STRICT); /* the root's own signature: check_signatures() */
    X509_VERIFY_PARAM_set_time(rules, (time_t)now_unix_s);       /* and so OpenSSL reads no clock */
    X509_VERIFY_PARAM_set_depth(rules, (int)PROTO_IDENTITY_CHAIN_MAX - 2);
    X509_VERIFY_PARAM_set_purpose(rules, X509_PURPOSE_SSL_CLIENT);
}

/* Names, constraints, path lengths and times are OpenSSL's business; the only root it knows is ours. */
static enum proto_err check_path(const struct chain *chain, int64_t now_unix_s)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *between = sk_X509_new_null();
    enum proto_err err = PROTO_ERR_NOMEM;

    if (!store || !context || !between || X509_STORE_add_cert(store, chain->certificates[chain->count - 1]) != 1)
        goto done;
    for (size_t i = 1; i + 1 < chain->count; i++)
        if (!sk_X509_push(between, chain->certificates[i]))
            goto done;
    if (X509_STORE_CTX_init(context, store, chain->certificates[0], between) != 1)
        goto done;
    set_rules(context, now_unix_s);
    err = PROTO_OK;
    if (X509_verify_cert(context) != 1)
        err = err_of_verdict(X509_STORE_CTX_get_error(context));
    /* every certificate that was sent is part of the path: no passengers */
    else if (sk_X509_num(X509_STORE_CTX_get0_chain(context)) != (int)chain->count)
        err = PROTO_ERR_CERT_CHAIN;
done:
    sk_X509_free(between);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return err;
}

static enum proto_err read_root(const struct chain *chain, struct proto_identity_root *out)
{
    X509 *root = chain->certificates[chain->count - 1];
    enum proto_err err = proto_profile_spki_hash(root, out->fingerprint);

    memcpy(out->public_key, chain->keys[chain->count - 1], sizeof out->public_key);
    if (err == PROTO_OK)
        err = proto_profile_domain(root, out->domain);
    if (err == PROTO_OK)
        err = proto_profile_subject(root, NID_organizationName, out->organisation);
    if (err == PROTO_OK)
        err = proto_profile_validity(root, &out->not_before_s, &out->not_after_s);
    return err;
}

static enum proto_err read_leaf(const struct chain *chain, struct proto_der der, struct proto_identity *out)
{
    X509 *leaf = chain->certificates[0];

    proto_sha256(out->fingerprint, der.bytes, der.len);
    memcpy(out->public_key, chain->keys[0], sizeof out->public_key);
    enum proto_err err = proto_profile_email(leaf, out->domain, out->email);

    if (err == PROTO_OK)
        err = proto_profile_role(leaf, &out->role);
    if (err == PROTO_OK)
        err = proto_profile_serial(leaf, out->serial);
    if (err == PROTO_OK)
        err = proto_profile_subject(leaf, NID_commonName, out->name);
    if (err == PROTO_OK)
        err = proto_profile_validity(leaf, &out->not_before_s, &out->not_after_s);
    return err;
}

/* `pin_len` 0: the root is trusted already. */
static enum proto_err verify(struct chain *chain, const struct proto_der *ders, const uint8_t *pin, size_t pin_len,
                             int64_t now_unix_s, struct proto_identity *out)
{
    struct proto_identity_root root = {0};
    enum proto_err err = read_root(chain, &root);

    if (err != PROTO_OK)
        return err;
    if (pin_len && sodium_memcmp(root.fingerprint, pin, pin_len) != 0)
        return PROTO_ERR_CERT_CHAIN;
    err = check_signatures(chain);
    if (err != PROTO_OK)
        return err;
    memcpy(out->root_fingerprint, root.fingerprint, sizeof out->root_fingerprint);
    memcpy(out->root_key, root.public_key, sizeof out->root_key);
    memcpy(out->domain, root.domain, sizeof out->domain);
    err = read_leaf(chain, ders[0], out);
    return err == PROTO_OK ? check_path(chain, now_unix_s) : err;
}

static enum proto_err read_and_verify(const struct proto_der *chain, size_t count, const uint8_t *pin, size_t pin_len,
                                      int64_t now_unix_s, struct proto_identity *out)
{
    struct chain read = {.count = 0};

    if (count < 2 || count > PROTO_IDENTITY_CHAIN_MAX)
        return PROTO_ERR_RANGE;
    enum proto_err err = chain_read(&read, chain, count);

    if (err == PROTO_OK)
        err = verify(&read, chain, pin, pin_len, now_unix_s, out);
    if (err != PROTO_OK)
        memset(out, 0, sizeof *out);
    chain_clear(&read);
    return err;
}

enum proto_err proto_identity_verify_chain(const struct proto_der *chain, size_t count, const uint8_t *pin,
                                           size_t pin_len, int64_t now_unix_s, struct proto_identity *out)
{
    memset(out, 0, sizeof *out);
    if (pin_len != 16 && pin_len != 32)
        return PROTO_ERR_ARGUMENT;
    return read_and_verify(chain, count, pin, pin_len, now_unix_s, out);
}

enum proto_err proto_identity_verify_under(const struct proto_der *chain, size_t count, int64_t now_unix_s,
                                           struct proto_identity *out)
{
    memset(out, 0, sizeof *out);
    return read_and_verify(chain, count, NULL, 0, now_unix_s, out);
}

enum proto_err proto_identity_read_root(struct proto_der root, struct proto_identity_root *out)
{
    struct chain read = {.count = 0};

    memset(out, 0, sizeof *out);
    enum proto_err err = chain_read(&read, &root, 1);

    if (err == PROTO_OK)
        err = check_signatures(&read);
    if (err == PROTO_OK)
        err = read_root(&read, out);
    if (err != PROTO_OK)
        memset(out, 0, sizeof *out);
    chain_clear(&read);
    return err;
}

int64_t proto_identity_issued_s(const struct proto_identity *identity)
{
    int64_t issued_s = identity->not_before_s + PROTO_IDENTITY_BACKDATE_S;

    return issued_s < identity->not_after_s ? issued_s : identity->not_before_s;
}

int64_t proto_identity_renew_from_s(const struct proto_identity *identity)
{
    return identity->not_after_s - (identity->not_after_s - proto_identity_issued_s(identity)) / 3;
}
