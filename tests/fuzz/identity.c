/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates, ORG and POLICY notes, policy texts, PEM files and certificate requests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/request.h"
#include "proto/identity/der.h"
#include "proto/identity/policy_text.h"
#include "proto/seal/note.h"
#include "tests/fuzz/fixture.h"
#include "tests/fuzz/targets.h"

/* ---- chain: u16 length and DER, leaf first ---- */

static bool feed_chain(const uint8_t *bytes, size_t len)
{
    struct fuzz_bytes in = {bytes, bytes + len};
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];
    struct proto_identity identity, zero = {0};
    struct proto_identity_root root;
    uint8_t *blocks[PROTO_IDENTITY_CHAIN_MAX];
    size_t count = 0;
    const struct fixture *f = fixture();

    while (fuzz_more(&in) && count < PROTO_IDENTITY_CHAIN_MAX) {
        size_t got;
        const uint8_t *at = fuzz_take_lv(&in, &got);
        blocks[count] = fuzz_exact(at, got);
        chain[count] = (struct proto_der){blocks[count], got};
        (void)!proto_der_check(blocks[count], got);
        count++;
    }
    if (count)
        (void)!proto_identity_read_root(chain[count - 1], &root);
    bool verified =
        !proto_identity_verify_chain(chain, count, f->agent.identity.root_fingerprint, 32, WORLD_TIME_S, &identity);
    FUZZ_HOLDS(verified || !memcmp(&identity, &zero, sizeof zero));
    if (verified) /* the root signed two leaves, and no other */
        FUZZ_HOLDS(!memcmp(&identity, &f->agent.identity, sizeof identity) ||
                   !memcmp(&identity, &f->officer.identity, sizeof identity));
    while (count)
        free(blocks[--count]);
    return verified;
}

static void seed_one_chain(struct fuzz_seeds *seeds, const char *name, const struct proto_credential *credential)
{
    struct proto_buf out;

    proto_buf_init(&out, 8192);
    for (size_t i = 0; i < credential->chain_len; i++)
        proto_buf_put_lv16(&out, credential->chain[i].bytes, credential->chain[i].len);
    fuzz_seed_add(seeds, name, out.bytes, out.len);
    proto_buf_free(&out);
}

static void seed_chain(struct fuzz_seeds *seeds)
{
    seed_one_chain(seeds, "agent", &fixture()->agent);
    seed_one_chain(seeds, "officer", &fixture()->officer);
}

const struct fuzz_target fuzz_chain = {"chain", 8192, feed_chain, seed_chain, 0};

/* ---- pem: what an operator or a member of staff gives ---- */

static bool feed_pem(const uint8_t *bytes, size_t len)
{
    struct proto_certificate certificates[4], der;
    struct proto_identity_root root;
    uint8_t key[32], keys[2][32];
    size_t count = 0;
    bool any = false;

    if (!proto_certificates_of_pem(bytes, len, certificates, 4, &count)) {
        FUZZ_HOLDS(count >= 1 && count <= 4);
        proto_certificates_free(certificates, count);
        any = true;
    }
    if (!proto_root_of_pem(bytes, len, &der, &root))
        proto_certificates_free(&der, 1);
    any |= !proto_seed_of_pem(bytes, len, key);
    any |= !proto_evidence_secrets_of_pem(bytes, len, keys, 2, &count);
    FUZZ_HOLDS(count <= 2);
    any |= !proto_evidence_public_of_pem(bytes, len, key);
    return any;
}

static void seed_pem(struct fuzz_seeds *seeds)
{
    struct fixture *f = fixture();
    struct proto_buf key, request;

    fuzz_seed_add(seeds, "root", f->root.pem.bytes, f->root.pem.len);
    proto_buf_init_secret(&key, 4096);
    proto_buf_init(&request, CERTS_REQUEST_BYTES);
    FUZZ_READY(certs_request_make("Ada Agent", &f->random, &key, &request));
    fuzz_seed_add(seeds, "key", key.bytes, key.len);
    proto_buf_free(&key);
    proto_buf_free(&request);
}

const struct fuzz_target fuzz_pem = {"pem", 16384, feed_pem, seed_pem, 0};

/* ---- request ---- */

static bool feed_request(const uint8_t *bytes, size_t len)
{
    struct proto_buf pem;
    uint8_t key[32];
    char name[PROTO_IDENTITY_NAME_BYTES + 1];

    proto_buf_init(&pem, CERTS_REQUEST_BYTES);
    proto_buf_put(&pem, bytes, len);
    bool read = !pem.failed && !certs_request_read(&pem, key, name);
    FUZZ_HOLDS(!read || strlen(name) <= PROTO_IDENTITY_NAME_BYTES);
    proto_buf_free(&pem);
    return read;
}

static void seed_request(struct fuzz_seeds *seeds)
{
    struct proto_buf key, request;

    proto_buf_init_secret(&key, 4096);
    proto_buf_init(&request, CERTS_REQUEST_BYTES);
    FUZZ_READY(certs_request_make("Ada \xc3\x84gent", &fixture()->random, &key, &request));
    fuzz_seed_add(seeds, "request", request.bytes, request.len);
    proto_buf_free(&key);
    proto_buf_free(&request);
}

const struct fuzz_target fuzz_request = {"request", CERTS_REQUEST_BYTES, feed_request, seed_request, 0};

/* ---- org: the first byte says whether the root signs what comes, whatever it is ---- */

static void sign_text(struct proto_buf *note, const uint8_t *text, size_t len, const char *name, const uint8_t *secret)
{
    if (proto_note_make((const char *)text, len, name, secret, note)) {
        proto_buf_clear(note);
        proto_buf_put(note, text, len);
    }
}

static bool feed_org(const uint8_t *bytes, size_t len)
{
    struct fixture *f = fixture();
    struct proto_org *org = calloc(2, sizeof *org);
    struct proto_buf note, again;

    if (!len || !org) {
        free(org);
        return false;
    }
    proto_buf_init(&note, PROTO_NOTE_MAX);
    proto_buf_init(&again, PROTO_NOTE_MAX);
    if (bytes[0] & 1)
        sign_text(&note, bytes + 1, len - 1, WORLD_DOMAIN "/org", f->root.secret_key);
    else
        proto_buf_put(&note, bytes + 1, len - 1);
    bool verified = !proto_org_verify(org, note.bytes, note.len, f->root.public_key, WORLD_DOMAIN, 1);
    if (verified) {
        org[1] = org[0];
        FUZZ_READY(proto_org_sign(&org[1], f->root.secret_key, &again)); /* one meaning, one text */
        FUZZ_HOLDS(!memcmp(org[0].text_hash, org[1].text_hash, sizeof org->text_hash));
        FUZZ_HOLDS(org->number >= 1 && !strcmp(org->domain, WORLD_DOMAIN));
        (void)!proto_org_admits(org, &f->agent.identity);
    }
    proto_buf_free(&note);
    proto_buf_free(&again);
    free(org);
    return verified;
}

static void seed_signed(struct fuzz_seeds *seeds, const struct proto_buf *note)
{
    struct proto_note_parts parts;

    FUZZ_READY(proto_note_split(&parts, note->bytes, note->len));
    fuzz_seed_add_as(seeds, "note", 0, note->bytes, note->len);
    fuzz_seed_add_as(seeds, "text", 1, parts.text, parts.text_len);
}

static void seed_org(struct fuzz_seeds *seeds)
{
    seed_signed(seeds, &fixture()->org_note);
}

const struct fuzz_target fuzz_org = {"org", 17000, feed_org, seed_org, 0};

/* ---- policy: likewise, signed by the officer ---- */

static bool feed_policy(const uint8_t *bytes, size_t len)
{
    struct fixture *f = fixture();
    struct proto_policy policy;
    struct proto_buf note;
    char name[PROTO_IDENTITY_SIGNER_BYTES + 1];
    struct proto_der root = {f->officer.chain[f->officer.chain_len - 1].bytes,
                             f->officer.chain[f->officer.chain_len - 1].len};

    if (!len)
        return false;
    proto_buf_init(&note, PROTO_NOTE_MAX);
    proto_identity_signer_name(&f->officer.identity, name);
    if (bytes[0] & 1)
        sign_text(&note, bytes + 1, len - 1, name, f->officer.secret_key);
    else
        proto_buf_put(&note, bytes + 1, len - 1);
    bool verified = !proto_policy_verify(&policy, note.bytes, note.len, root, &f->org, 1);
    for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++) {
        bool allowed = !proto_policy_allows(&policy, (enum proto_capability)c, PROTO_ROLE_AGENT, 1);
        FUZZ_HOLDS(verified || !allowed);
        (void)proto_policy_seconds(&policy, (enum proto_capability)c, 0);
    }
    proto_buf_free(&note);
    return verified;
}

static void seed_policy(struct fuzz_seeds *seeds)
{
    seed_signed(seeds, &fixture()->policy_note);
}

const struct fuzz_target fuzz_policy = {"policy", 9000, feed_policy, seed_policy, 0};

/* ---- policy_text: what an officer edits ---- */

static bool feed_policy_text(const uint8_t *bytes, size_t len)
{
    struct proto_policy policy, again;
    struct proto_buf first, second;
    struct proto_policy_fault fault;

    proto_buf_init(&first, 8192);
    proto_buf_init(&second, 8192);
    bool parsed = !proto_policy_parse(&policy, bytes, len, &fault);
    FUZZ_HOLDS(parsed == !fault.rule);
    if (parsed) {
        proto_policy_print(&policy, &first);
        FUZZ_HOLDS(!first.failed);
        FUZZ_READY(proto_policy_parse(&again, first.bytes, first.len, NULL));
        proto_policy_print(&again, &second);
        FUZZ_HOLDS(first.len == second.len && !memcmp(first.bytes, second.bytes, first.len));
    }
    proto_buf_free(&first);
    proto_buf_free(&second);
    return parsed;
}

static void seed_policy_text(struct fuzz_seeds *seeds)
{
    struct proto_buf out;

    proto_buf_init(&out, 8192);
    proto_policy_print(&fixture()->policy, &out);
    proto_buf_put_text(&out, "# the last line\n\n");
    fuzz_seed_add(seeds, "defaults", out.bytes, out.len);
    proto_buf_free(&out);
}

const struct fuzz_target fuzz_policy_text = {"policy_text", 8192, feed_policy_text, seed_policy_text, 0};
