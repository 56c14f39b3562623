/* SPDX-License-Identifier: Apache-2.0 */
#include "certs/renewal.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/request.h"

/* ---- what the key has ---- */

/* The one with the latest end; they are in order of it. */
static bool find(const struct certs_authority *a, const uint8_t key[static 32], struct certs_issued *out)
{
    struct certs_issued *list;
    size_t count;
    bool found = false;

    if (!certs_authority_list(a, &list, &count))
        return false;
    for (size_t i = count; i-- > 0 && !found;)
        if (!memcmp(list[i].identity.public_key, key, 32)) {
            *out = list[i];
            found = true;
        }
    free(list);
    return found;
}

/* ---- the verdict ---- */

/* In the order in which they are looked at; the words are for whoever runs the authority and for the agent alike. */
static const struct refusal {
    enum proto_err err;
    const char *rule, *way_out;
} refusals[] = {
    {PROTO_ERR_FORMAT, "is not a request for a certificate", "update the program that made it"},
    {PROTO_ERR_KEY, "the key of the request is not Ed25519", "enrol anew with handhold-agent enrol"},
    {PROTO_ERR_SIGNATURE, "the request is not signed by its own key", "enrol anew with handhold-agent enrol"},
    {PROTO_ERR_CERT_CHAIN, "this key was never issued a certificate here", "enrol with handhold-agent enrol"},
    {PROTO_ERR_CERT_REVOKED, "the certificate was revoked", "ask whoever runs the authority"},
    {PROTO_ERR_CERT_EXPIRED, "the certificate has ended already",
     "issue it anew with handhold-certs issue and the request that was made first"},
    {PROTO_ERR_STATE, "the certificate is not in the last third of its life yet", "ask again when it is"},
    {PROTO_ERR_IO, "the folder of the organisation cannot be read or written",
     "look at what handhold-certs says on the authority's machine"},
};

static enum proto_err refuse(struct certs_renewal *r, enum proto_err err)
{
    const struct refusal *said = refusals;

    while (said->err != err && said->err != PROTO_ERR_IO)
        said++;
    snprintf(r->why, sizeof r->why, "%.120s: %s; %s", *r->was.name ? r->was.name : "the request", said->rule,
             said->way_out);
    return err;
}

/* Signed for anew only when the newest is due; who did not hear of it gets the one that there is. */
static enum proto_err judge(const struct certs_authority *a, const struct certs_issued *issued,
                            const uint8_t fingerprint[static PROTO_IDENTITY_HASH_BYTES], bool *sign)
{
    const struct proto_identity *i = &issued->identity;

    *sign = a->now_s >= proto_identity_renew_from_s(i);
    if (issued->revoked)
        return PROTO_ERR_CERT_REVOKED;
    if (issued->expired)
        return PROTO_ERR_CERT_EXPIRED;
    return *sign || memcmp(i->fingerprint, fingerprint, PROTO_IDENTITY_HASH_BYTES) != 0 ? PROTO_OK : PROTO_ERR_STATE;
}

static struct certs_span span_like(const struct certs_authority *a, const struct proto_identity *was)
{
    const int64_t most_s = CERTS_STAFF_DAYS_MAX * INT64_C(86400);
    int64_t life_s = was->not_after_s - proto_identity_issued_s(was);

    return (struct certs_span){a->now_s - CERTS_BACKDATE_S, a->now_s + (life_s < most_s ? life_s : most_s)};
}

static bool issue(struct certs_authority *a, const struct proto_identity *was, char file[static HOST_PATH_BYTES])
{
    char id[PROTO_IDENTITY_EMAIL_BYTES + 1];
    EVP_PKEY *key =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, was->public_key, sizeof was->public_key);

    snprintf(id, sizeof id, "%.*s", (int)strcspn(was->email, "@"), was->email);
    const struct certs_leaf leaf = {
        .id = id, .name = was->name, .domain = a->about.domain, .role = was->role, .span = span_like(a, was)};
    bool done = key && certs_authority_issue(a, key, &leaf) && host_path(file, "staff/%s.crt", id);

    EVP_PKEY_free(key);
    return done;
}

enum proto_err certs_renewal_make(struct certs_authority *a, const struct proto_buf *request,
                                  const uint8_t fingerprint[static PROTO_IDENTITY_HASH_BYTES],
                                  struct certs_renewal *out)
{
    char name[PROTO_IDENTITY_NAME_BYTES + 1], file[HOST_PATH_BYTES];
    struct certs_issued issued;
    uint8_t key[32];
    bool sign;

    memset(out, 0, sizeof *out);
    proto_buf_init(&out->certificate, PROTO_PEM_BYTES);
    enum proto_err err = certs_request_read(request, key, name);
    if (err)
        return refuse(out, err);
    if (!find(a, key, &issued))
        return refuse(out, PROTO_ERR_CERT_CHAIN);
    out->was = issued.identity;
    err = judge(a, &issued, fingerprint, &sign);
    if (err)
        return refuse(out, err);
    if (!(sign ? issue(a, &out->was, file) : host_path(file, "ca/issued/%s.crt", out->was.serial)) ||
        !certs_file_read(a->dir, file, &out->certificate))
        return refuse(out, PROTO_ERR_IO);
    return PROTO_OK;
}

void certs_renewal_clear(struct certs_renewal *renewal)
{
    proto_buf_free(&renewal->certificate);
    memset(renewal, 0, sizeof *renewal);
}
