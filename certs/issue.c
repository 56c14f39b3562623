/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/authority.h"
#include "certs/commands.h"
#include "certs/request.h"
#include "proto/host/say.h"

static bool check_options(void)
{
    const struct certs_options *o = &certs_options;

    if (o->hosts.count)
        host_say_error(o->hosts.items[0], "--host is for the role relay", "leave it out");
    else if (!o->id)
        host_say_error(o->role, "a member of staff has an id", "add --id ID");
    else if (!certs_id_is_valid(o->id))
        host_say_error(o->id, "an id has 1 to 64 lower-case letters, digits, dots, hyphens and underscores",
                       "give another --id");
    else if (!o->name == !o->request)
        host_say_error(o->id,
                       "a certificate is issued by --name (with a new key) or by --csr (for a key made elsewhere)",
                       "give exactly one of them");
    else if (o->name && !certs_name_is_valid(o->name))
        host_say_error(o->name, CERTS_NAME_RULE, "give another --name");
    else if (o->days > CERTS_STAFF_DAYS_MAX)
        host_say_error("--days", "a staff certificate is valid for 30 days at most", "give --days 30 or less");
    else
        return true;
    return false;
}

/* The id is somebody's until that certificate ends: a typing error must not make two people one. */
static bool id_is_free_for(const struct certs_authority *a, const char *name)
{
    struct certs_issued *list;
    size_t count;
    bool free_for = true;

    if (!certs_authority_list(a, &list, &count))
        return false;
    for (size_t i = 0; i < count && free_for; i++) {
        const struct certs_issued *c = &list[i];

        free_for =
            c->revoked || c->expired || !certs_issued_is_of(c, certs_options.id) || !strcmp(c->identity.name, name);
        if (!free_for)
            host_say_error(certs_options.id, "this id belongs to somebody of another name",
                           "give another --id, or revoke that one first");
    }
    free(list);
    return free_for;
}

static EVP_PKEY *key_of_request(char name[static PROTO_IDENTITY_NAME_BYTES + 1])
{
    uint8_t public_key[32];
    struct proto_buf pem;

    proto_buf_init(&pem, CERTS_REQUEST_BYTES);
    enum proto_err err = host_file_read(certs_options.request, &pem);

    if (err == PROTO_OK) {
        err = certs_request_read(&pem, public_key, name);
        if (err == PROTO_ERR_FORMAT)
            host_say_error(certs_options.request,
                           "is not a certificate request in PEM with a name of 1 to 64 characters",
                           "make one with handhold-agent enrol");
        else if (err == PROTO_ERR_KEY || err == PROTO_ERR_SIGNATURE)
            host_say_error(certs_options.request,
                           err == PROTO_ERR_KEY ? "the key of the request is not Ed25519"
                                                : "the request is not signed by its own key",
                           "make a new one with handhold-agent enrol");
        else if (err != PROTO_OK)
            host_say_err(certs_options.request, err);
    } else {
        host_say_err(certs_options.request, err);
    }
    proto_buf_free(&pem);
    return err == PROTO_OK ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, sizeof public_key) : NULL;
}

static bool write_key(const struct certs_authority *a, EVP_PKEY *key)
{
    char file[HOST_PATH_BYTES];

    return host_path(file, "staff/%s.key", certs_options.id) && certs_file_write_key(a->dir, file, key);
}

/* What an agent's program opens: their certificate and the roots, in one file that has no secret in it. */
static bool write_answer(const struct certs_authority *a)
{
    char leaf[HOST_PATH_BYTES], answer[HOST_PATH_BYTES];
    struct proto_buf text;
    bool done =
        host_path(leaf, "staff/%s.crt", certs_options.id) && host_path(answer, "staff/%s.answer", certs_options.id);

    proto_buf_init(&text, 2 * PROTO_PEM_BYTES);
    done = done && certs_file_read(a->dir, leaf, &text) && certs_file_read(a->dir, "ca/ca.crt", &text) &&
           certs_file_write(a->dir, answer, &text);
    proto_buf_free(&text);
    if (done)
        printf("%s/%s: send this back\n", a->dir, answer);
    return done;
}

static bool issue(struct certs_authority *a)
{
    char requested[PROTO_IDENTITY_NAME_BYTES + 1] = "";
    bool here = certs_options.request == NULL;
    EVP_PKEY *key = here ? certs_key_ed25519(&a->random) : key_of_request(requested);
    const struct certs_leaf leaf = {
        .id = certs_options.id,
        .name = here ? certs_options.name : requested,
        .domain = a->about.domain,
        .role = proto_role_from_name(certs_options.role),
        .span = certs_authority_span(a, certs_options.days ? certs_options.days : CERTS_STAFF_DAYS_MAX),
    };
    bool done = key && id_is_free_for(a, leaf.name) && certs_cases_key_have(a) && (!here || write_key(a, key)) &&
                certs_authority_issue(a, key, &leaf);

    if (done)
        printf("%s/staff/%s.crt: %s, %s\n", a->dir, leaf.id, leaf.name, certs_options.role);
    done = done && (here || write_answer(a));
    EVP_PKEY_free(key);
    return done;
}

int certs_issue(void)
{
    struct certs_authority a;

    if (!strcmp(certs_options.role, "relay"))
        return certs_issue_relay();
    if (!check_options())
        return HOST_EXIT_USAGE;
    bool done = certs_authority_open(&a, certs_options.dir) && issue(&a);

    certs_authority_close(&a);
    return done ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}
