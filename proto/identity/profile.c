/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/profile.h"

#include <openssl/x509v3.h>
#include <sodium.h>
#include <string.h>

#include "proto/identity/der.h"
#include "proto/seal/kdf.h"
#include "proto/seal/signature.h"

/* ---- extensions: what is not in this table is refused ---- */

enum need { NEVER, MAY, MUST };
enum critical { EITHER, CRITICAL, PLAIN };

static const struct extension {
    int nid;
    enum critical critical;
    enum need need[3]; /* by enum proto_place: leaf, between, root */
} extensions[] = {
    /* a leaf without a use or an address gets its own answer: CERT_ROLE, CERT_NAME */
    {NID_basic_constraints, CRITICAL, {MUST, MUST, MUST}},    {NID_key_usage, CRITICAL, {MUST, MUST, MUST}},
    {NID_name_constraints, CRITICAL, {NEVER, NEVER, MUST}},   {NID_ext_key_usage, EITHER, {MAY, NEVER, NEVER}},
    {NID_subject_alt_name, EITHER, {MAY, NEVER, NEVER}},      {NID_subject_key_identifier, PLAIN, {MAY, MUST, MUST}},
    {NID_authority_key_identifier, PLAIN, {MUST, MUST, MAY}},
};
#define EXTENSIONS (sizeof extensions / sizeof extensions[0])

/* OpenSSL keeps a default that was written out (critical FALSE, cA FALSE); what it would write itself never has one. */
static bool extension_is_canonical(X509_EXTENSION *e, int nid)
{
    void *content = X509V3_EXT_d2i(e);
    X509_EXTENSION *again = content ? X509V3_EXT_i2d(nid, X509_EXTENSION_get_critical(e), content) : NULL;
    uint8_t *was = NULL, *would_be = NULL;
    int len = i2d_X509_EXTENSION(e, &was), len_again = again ? i2d_X509_EXTENSION(again, &would_be) : -1;
    bool same = len > 0 && len == len_again && !memcmp(was, would_be, (size_t)len);

    OPENSSL_free(was);
    OPENSSL_free(would_be);
    X509_EXTENSION_free(again);
    if (content)
        ASN1_item_free(content, ASN1_ITEM_ptr(X509V3_EXT_get(e)->it));
    return same;
}

static bool extension_is_allowed(X509_EXTENSION *e, enum proto_place place, unsigned *seen)
{
    int nid = OBJ_obj2nid(X509_EXTENSION_get_object(e));
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(e);
    bool critical = X509_EXTENSION_get_critical(e);

    for (unsigned i = 0; i < EXTENSIONS; i++) {
        if (extensions[i].nid != nid)
            continue;
        if (*seen & 1u << i || extensions[i].need[place] == NEVER)
            return false;
        *seen |= 1u << i;
        if (extensions[i].critical != EITHER && critical != (extensions[i].critical == CRITICAL))
            return false;
        return proto_der_check(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)) == PROTO_OK &&
               extension_is_canonical(e, nid);
    }
    return false;
}

static bool extensions_fit(X509 *certificate, enum proto_place place)
{
    unsigned seen = 0;

    for (int i = 0; i < X509_get_ext_count(certificate); i++)
        if (!extension_is_allowed(X509_get_ext(certificate, i), place, &seen))
            return false;
    for (unsigned i = 0; i < EXTENSIONS; i++)
        if (extensions[i].need[place] == MUST && !(seen & 1u << i))
            return false;
    return true;
}

static bool is_plain_ed25519(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *object;
    int parameter_type;

    X509_ALGOR_get0(&object, &parameter_type, NULL, algorithm);
    return OBJ_obj2nid(object) == NID_ED25519 && parameter_type == V_ASN1_UNDEF;
}

static bool algorithms_fit(X509 *certificate)
{
    const ASN1_BIT_STRING *bits;
    const X509_ALGOR *outer;

    X509_get0_signature(&bits, &outer, certificate);
    return is_plain_ed25519(outer) && is_plain_ed25519(X509_get0_tbs_sigalg(certificate)) &&
           ASN1_STRING_length(bits) == 64;
}

static bool authority_fits(X509 *certificate, enum proto_place place)
{
    BASIC_CONSTRAINTS *basic = X509_get_ext_d2i(certificate, NID_basic_constraints, NULL, NULL);
    uint32_t usage = X509_get_key_usage(certificate); /* UINT32_MAX when missing, which the table refuses before */
    bool fits = basic != NULL;

    if (fits && place == PROTO_PLACE_LEAF)
        fits = !basic->ca && !basic->pathlen && (usage & KU_DIGITAL_SIGNATURE) &&
               !(usage & (KU_KEY_CERT_SIGN | KU_CRL_SIGN));
    else if (fits)
        fits = basic->ca && (usage & KU_KEY_CERT_SIGN);
    BASIC_CONSTRAINTS_free(basic);
    return fits;
}

static enum proto_err take_key(X509 *certificate, uint8_t key[static 32])
{
    EVP_PKEY *pkey = X509_get0_pubkey(certificate);
    size_t len = 32;

    if (!pkey || EVP_PKEY_get_id(pkey) != EVP_PKEY_ED25519 || EVP_PKEY_get_raw_public_key(pkey, key, &len) != 1 ||
        len != 32 || proto_sign_key_check(key) != PROTO_OK)
        return PROTO_ERR_CERT_PROFILE;
    return PROTO_OK;
}

enum proto_err proto_profile_check(X509 *certificate, enum proto_place place, uint8_t key[static 32])
{
    const ASN1_BIT_STRING *issuer_id, *subject_id;

    X509_get0_uids(certificate, &issuer_id, &subject_id);
    if (X509_get_version(certificate) != X509_VERSION_3 || issuer_id || subject_id || !algorithms_fit(certificate) ||
        !extensions_fit(certificate, place) || !authority_fits(certificate, place))
        return PROTO_ERR_CERT_PROFILE;
    return take_key(certificate, key);
}

/* ---- fields ---- */

enum proto_err proto_profile_spki_hash(X509 *certificate, uint8_t hash[static 32])
{
    uint8_t *spki = NULL;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);

    if (len <= 0)
        return PROTO_ERR_NOMEM;
    proto_sha256(hash, spki, (size_t)len);
    OPENSSL_free(spki);
    return PROTO_OK;
}

/* Copies an IA5 text that has neither NUL nor anything that is not printable ASCII. */
static bool copy_ascii(char *out, size_t capacity, const ASN1_STRING *text)
{
    const uint8_t *bytes = ASN1_STRING_get0_data(text);
    size_t len = (size_t)ASN1_STRING_length(text);

    if (len == 0 || len > capacity)
        return false;
    for (size_t i = 0; i < len; i++)
        if (bytes[i] <= 0x20 || bytes[i] >= 0x7f)
            return false;
    memcpy(out, bytes, len);
    out[len] = '\0';
    return true;
}

/* Exactly a DNS and an e-mail subtree of the same domain, so that there is one answer to "whose organisation is it?".
 */
static bool read_subtrees(const NAME_CONSTRAINTS *limits, char domain[static PROTO_IDENTITY_DOMAIN_BYTES + 1])
{
    char names[2][PROTO_IDENTITY_DOMAIN_BYTES + 1] = {"", ""}; /* DNS, e-mail */

    if (limits->excludedSubtrees || sk_GENERAL_SUBTREE_num(limits->permittedSubtrees) != 2)
        return false;
    for (int i = 0; i < 2; i++) {
        const GENERAL_SUBTREE *tree = sk_GENERAL_SUBTREE_value(limits->permittedSubtrees, i);
        int type = tree->base->type;

        if ((type != GEN_DNS && type != GEN_EMAIL) || tree->minimum || tree->maximum)
            return false;
        if (!copy_ascii(names[type == GEN_EMAIL], PROTO_IDENTITY_DOMAIN_BYTES, tree->base->d.ia5))
            return false;
    }
    if (strcmp(names[0], names[1]) != 0 || !proto_identity_domain_is_valid(names[0]))
        return false;
    strcpy(domain, names[0]);
    return true;
}

enum proto_err proto_profile_domain(X509 *root, char out[static PROTO_IDENTITY_DOMAIN_BYTES + 1])
{
    NAME_CONSTRAINTS *limits = X509_get_ext_d2i(root, NID_name_constraints, NULL, NULL);
    bool fits = limits && read_subtrees(limits, out);

    NAME_CONSTRAINTS_free(limits);
    return fits ? PROTO_OK : PROTO_ERR_CERT_PROFILE;
}

static enum proto_role role_of_object(const ASN1_OBJECT *object)
{
    static const char arc[] = PROTO_ROLE_OID_ARC ".";
    char text[96];
    int len = OBJ_obj2txt(text, sizeof text, object, 1);
    size_t arc_len = sizeof arc - 1;

    if (len != (int)arc_len + 1 || memcmp(text, arc, arc_len) != 0)
        return PROTO_ROLE_NONE;
    int number = text[arc_len] - '0';

    return number > 0 && number < PROTO_ROLE_COUNT ? (enum proto_role)number : PROTO_ROLE_NONE;
}

enum proto_err proto_profile_role(X509 *leaf, enum proto_role *role)
{
    EXTENDED_KEY_USAGE *uses = X509_get_ext_d2i(leaf, NID_ext_key_usage, NULL, NULL);
    int clients = 0, count = uses ? sk_ASN1_OBJECT_num(uses) : 0;
    enum proto_role found = PROTO_ROLE_NONE;

    for (int i = 0; i < count; i++) {
        const ASN1_OBJECT *object = sk_ASN1_OBJECT_value(uses, i);

        if (OBJ_obj2nid(object) == NID_client_auth)
            clients++;
        else
            found = role_of_object(object);
    }
    EXTENDED_KEY_USAGE_free(uses);
    if (count != 2 || clients != 1 || found == PROTO_ROLE_NONE)
        return PROTO_ERR_CERT_ROLE;
    *role = found;
    return PROTO_OK;
}

enum proto_err proto_profile_email(X509 *leaf, const char *domain, char out[static PROTO_IDENTITY_EMAIL_BYTES + 1])
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    bool fits = false;

    if (names && sk_GENERAL_NAME_num(names) == 1) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, 0);

        fits = name->type == GEN_EMAIL && copy_ascii(out, PROTO_IDENTITY_EMAIL_BYTES, name->d.rfc822Name);
    }
    GENERAL_NAMES_free(names);
    const char *at = fits ? strchr(out, '@') : NULL;

    return at && at != out && strcmp(at + 1, domain) == 0 ? PROTO_OK : PROTO_ERR_CERT_NAME;
}

/* OpenSSL has made it UTF-8 and refused what is not; a control character could still forge a line somewhere. */
static bool copy_name(char out[static PROTO_IDENTITY_NAME_BYTES + 1], const uint8_t *text, size_t len)
{
    if (len == 0 || len > PROTO_IDENTITY_NAME_BYTES)
        return false;
    for (size_t i = 0; i < len; i++)
        if (text[i] < 0x20 || text[i] == 0x7f || (text[i] == 0xc2 && i + 1 < len && text[i + 1] < 0xa0))
            return false;
    memcpy(out, text, len);
    out[len] = '\0';
    return true;
}

enum proto_err proto_profile_subject(X509 *certificate, int nid, char out[static PROTO_IDENTITY_NAME_BYTES + 1])
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, nid, -1);
    uint8_t *text = NULL;

    if (at < 0 || X509_NAME_get_index_by_NID(subject, nid, at) >= 0)
        return PROTO_ERR_CERT_PROFILE;
    int len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    bool fits = len > 0 && copy_name(out, text, (size_t)len);

    OPENSSL_free(text);
    return fits ? PROTO_OK : PROTO_ERR_CERT_PROFILE;
}

enum proto_err proto_profile_serial(X509 *leaf, char out[static 2 * PROTO_IDENTITY_SERIAL_BYTES + 1])
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(leaf);
    size_t len = (size_t)ASN1_STRING_length(serial);

    if (ASN1_STRING_type(serial) != V_ASN1_INTEGER || len == 0 || len > PROTO_IDENTITY_SERIAL_BYTES)
        return PROTO_ERR_CERT_PROFILE; /* a negative one has another type */
    sodium_bin2hex(out, 2 * PROTO_IDENTITY_SERIAL_BYTES + 1, ASN1_STRING_get0_data(serial), len);
    return PROTO_OK;
}

/* Seconds since 1970 of a broken-down UTC time; no call to the C library's clock rooms. Days: Howard Hinnant's civil.
 */
static int64_t unix_of(const struct tm *t)
{
    int64_t year = t->tm_year + 1900 - (t->tm_mon < 2), era = year / 400;
    int64_t in_era = year - era * 400, month = (t->tm_mon + 10) % 12;
    int64_t day = (153 * month + 2) / 5 + t->tm_mday - 1 + in_era * 365 + in_era / 4 - in_era / 100;

    return ((era * 146097 + day - 719468) * 24 + t->tm_hour) * 3600 + t->tm_min * 60 + t->tm_sec;
}

enum proto_err proto_profile_validity(X509 *certificate, int64_t *not_before_s, int64_t *not_after_s)
{
    struct tm from, to;

    if (ASN1_TIME_to_tm(X509_get0_notBefore(certificate), &from) != 1 ||
        ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &to) != 1)
        return PROTO_ERR_CERT_PROFILE;
    *not_before_s = unix_of(&from);
    *not_after_s = unix_of(&to);
    return PROTO_OK;
}
