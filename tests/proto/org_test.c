/* SPDX-License-Identifier: Apache-2.0 */
/* What the organisation says of itself (ORG) and what it allows (POLICY): who may say it, and since when. */
#include "tests/proto/test.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "certs/build.h"
#include "certs/pem.h"
#include "proto/identity/credential.h"
#include "proto/identity/policy.h"
#include "proto/seal/note.h"

#define NOW INT64_C(1767225600)
#define DAY INT64_C(86400)
#define DOMAIN "example.org"

/* An organisation with a member of staff whose role a test chooses. */
struct house {
    struct proto_random_seeded seeded;
    struct proto_random random;
    uint8_t root_key[32], root_secret[64];
    struct proto_credential who;
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];
    struct proto_der root;
    struct proto_org org;
    struct proto_policy policy;
    struct proto_buf note;
};

static void load_credential(struct house *h, X509 *leaf, EVP_PKEY *key, X509 *root)
{
    struct proto_buf leaf_pem, key_pem, root_pem;

    proto_buf_init(&leaf_pem, PROTO_PEM_BYTES);
    proto_buf_init_secret(&key_pem, PROTO_PEM_BYTES);
    proto_buf_init(&root_pem, PROTO_PEM_BYTES);
    assert_ok(certs_pem_put_certificate(leaf, &leaf_pem));
    assert_ok(certs_pem_put_private(key, &key_pem));
    assert_ok(certs_pem_put_certificate(root, &root_pem));
    assert_ok(proto_credential_of_pem(&h->who, &leaf_pem, &key_pem, &root_pem, NOW));
    proto_buf_free(&leaf_pem);
    proto_buf_free(&key_pem);
    proto_buf_free(&root_pem);
}

static void house_init(struct house *h, enum proto_role role)
{
    static const uint8_t seed[32] = {9};
    const struct certs_leaf leaf = {"olga", "Olga Officer", DOMAIN, role, {NOW - 2 * DAY, NOW + 30 * DAY}};
    uint8_t root_seed[32];
    size_t len = sizeof root_seed;

    memset(h, 0, sizeof *h);
    proto_random_seeded_init(&h->seeded, seed);
    h->random = proto_random_from_seeded(&h->seeded);
    EVP_PKEY *root_key = certs_key_ed25519(&h->random), *key = certs_key_ed25519(&h->random);
    X509 *root = certs_build_root(root_key, "Example Ltd", DOMAIN, (struct certs_span){NOW - 2 * DAY, NOW + 999 * DAY},
                                  &h->random);
    X509 *certificate = certs_build_leaf(key, &leaf, root, root_key, &h->random);

    load_credential(h, certificate, key, root);
    EVP_PKEY_get_raw_private_key(root_key, root_seed, &len);
    crypto_sign_seed_keypair(h->root_key, h->root_secret, root_seed);
    h->root = h->chain[proto_credential_chain(&h->who, h->chain) - 1];
    proto_org_init(&h->org, DOMAIN);
    h->org.number = 3;
    h->org.time_s = NOW;
    proto_policy_defaults(&h->policy, DOMAIN);
    h->policy.number = 5;
    h->policy.time_s = NOW;
    memset(h->policy.evidence_key, 0x42, sizeof h->policy.evidence_key);
    proto_buf_init(&h->note, PROTO_ORG_NOTE_BYTES);
    X509_free(certificate);
    X509_free(root);
    EVP_PKEY_free(key);
    EVP_PKEY_free(root_key);
}

static void house_clear(struct house *h)
{
    proto_buf_free(&h->note);
    proto_credential_clear(&h->who);
}

/* ---- ORG ---- */

static void put_vkey(char out[static PROTO_ORG_VKEY_BYTES + 1], const char *name, const uint8_t key[static 32])
{
    struct proto_note_key log;
    struct proto_buf text;

    proto_buf_init(&text, PROTO_ORG_VKEY_BYTES);
    assert_ok(proto_note_key_init(&log, name, key));
    proto_note_key_format(&log, &text);
    memcpy(out, text.bytes, text.len);
    out[text.len] = '\0';
    proto_buf_free(&text);
}

static enum proto_err verify_org(const struct house *h, uint64_t min_number, struct proto_org *out)
{
    return proto_org_verify(out, h->note.bytes, h->note.len, h->root_key, DOMAIN, min_number);
}

static void an_org_note_says_what_was_put_into_it(void **state)
{
    char vkey[PROTO_ORG_VKEY_BYTES + 1];
    struct proto_org back;
    struct house h;

    (void)state;
    house_init(&h, PROTO_ROLE_AGENT);
    put_vkey(vkey, "help.example.org/audit/example.org", h.root_key);
    assert_ok(proto_org_add_log(&h.org, vkey));
    assert_ok(proto_org_add_log(&h.org, vkey)); /* twice is once */
    assert_ok(proto_org_revoke(&h.org, "0badcafe", NOW - 5, "lost the laptop"));
    assert_ok(proto_org_revoke(&h.org, h.who.identity.serial, NOW, NULL));
    assert_int_equal(proto_org_revoke(&h.org, "0badcafe", NOW, NULL), PROTO_ERR_EXISTS);
    assert_int_equal(proto_org_revoke(&h.org, "0BADCAFE", NOW, NULL), PROTO_ERR_FORMAT);
    assert_int_equal(proto_org_revoke(&h.org, "aa", NOW, "a\nrevoked bb 1 -"), PROTO_ERR_FORMAT);
    assert_ok(proto_org_sign(&h.org, h.root_secret, &h.note));
    assert_ok(verify_org(&h, 3, &back));
    assert_true(back.number == 3 && back.time_s == NOW && back.log_count == 1 && back.revoked_count == 2);
    assert_true(proto_org_has_log(&back, vkey));
    assert_string_equal(proto_org_find_revoked(&back, "0badcafe")->reason, "lost the laptop");
    assert_memory_equal(back.text_hash, h.org.text_hash, 32);
    assert_int_equal(proto_org_admits(&back, &h.who.identity), PROTO_ERR_CERT_REVOKED);
    proto_org_init(&back, DOMAIN);
    assert_ok(proto_org_admits(&back, &h.who.identity));
    proto_org_init(&back, "other.test");
    assert_int_equal(proto_org_admits(&back, &h.who.identity), PROTO_ERR_CERT_CHAIN);
    house_clear(&h);
}

static void an_org_note_cannot_be_changed_rolled_back_or_signed_by_another(void **state)
{
    struct proto_org back;
    struct house h;

    (void)state;
    house_init(&h, PROTO_ROLE_AGENT);
    assert_ok(proto_org_revoke(&h.org, "0badcafe", NOW, "-"));
    assert_ok(proto_org_sign(&h.org, h.root_secret, &h.note));
    assert_ok(verify_org(&h, 0, &back));
    assert_int_equal(verify_org(&h, 4, &back), PROTO_ERR_ORG);
    assert_int_equal(back.revoked_count, 0);
    assert_int_equal(proto_org_verify(&back, h.note.bytes, h.note.len, h.root_key, "other.test", 0), PROTO_ERR_ORG);
    assert_int_equal(proto_org_verify(&back, h.note.bytes, h.note.len, h.who.identity.public_key, DOMAIN, 0),
                     PROTO_ERR_ORG);
    for (size_t i = 0; i < h.note.len; i++) {
        h.note.bytes[i] ^= 1;
        if (verify_org(&h, 0, &back) == PROTO_OK)
            fail_msg("byte %zu changed, and nobody saw it", i);
        h.note.bytes[i] ^= 1;
    }
    house_clear(&h);
}

static void an_org_note_has_one_spelling(void **state)
{
    static const char *const texts[] = {
        "handhold/1 org\nnumber 03\ndomain example.org\ntime 1\n",
        "handhold/1 org\nnumber 3\ndomain example.org\n",
        "handhold/1 org\ndomain example.org\nnumber 3\ntime 1\n",
        "handhold/1 org\nnumber 3\nnumber 3\ndomain example.org\ntime 1\n",
        "handhold/1 org\nnumber 3\ndomain example.org\ntime 1\nextra 1\n",
        "handhold/1 org\nnumber 3\ndomain example.org\ntime 1\nlog none\n",
        "handhold/1 org\nnumber 3\ndomain example.org\ntime 1\nrevoked aa 1\n",
        "handhold/1 org\nnumber 3\ndomain example.org\ntime 1\nrevoked aa 1 -\nrevoked aa 1 -\n",
        "handhold/1 policy\nnumber 3\ndomain example.org\ntime 1\n",
    };
    struct proto_org back;
    struct house h;

    (void)state;
    house_init(&h, PROTO_ROLE_AGENT);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        proto_buf_clear(&h.note);
        assert_ok(proto_note_make(texts[i], strlen(texts[i]), DOMAIN "/org", h.root_secret, &h.note));
        assert_int_equal(verify_org(&h, 0, &back), PROTO_ERR_FORMAT);
    }
    house_clear(&h);
}

/* ---- POLICY ---- */

static enum proto_err sign_policy(struct house *h)
{
    const struct proto_policy_signer signer = {&h->who.identity, h->chain, h->who.chain_len, h->who.secret_key};

    proto_buf_clear(&h->note);
    return proto_policy_sign(&h->policy, &signer, &h->note);
}

static enum proto_err verify_policy(const struct house *h, uint64_t min_number, struct proto_policy *out)
{
    return proto_policy_verify(out, h->note.bytes, h->note.len, h->root, &h->org, min_number);
}

static void a_policy_says_what_the_officer_signed(void **state)
{
    struct proto_policy back;
    struct house h;

    (void)state;
    house_init(&h, PROTO_ROLE_OFFICER);
    h.policy.grace_s = 7;
    h.policy.check_words_required = true;
    h.policy.ticket_required = true;
    h.policy.keep_days = 365;
    h.policy.code_minutes = 5;
    h.policy.link_minutes = 60;
    h.policy.purpose_count = 2;
    strcpy(h.policy.purposes[0], "to see the fault");
    strcpy(h.policy.purposes[1], "to read the serial number");
    assert_ok(sign_policy(&h));
    assert_ok(verify_policy(&h, 5, &back));
    assert_true(back.ticket_required && back.keep_days == 365 && back.purpose_count == 2);
    assert_true(back.code_minutes == 5 && back.link_minutes == 60);
    assert_true(proto_policy_offers(&back, "to read the serial number"));
    assert_false(proto_policy_offers(&back, "because"));
    memset(&h.policy.purpose_count, 0, sizeof h.policy.purpose_count);
    assert_true(proto_policy_offers(&h.policy, "because"));
    assert_true(back.number == 5 && back.time_s == NOW && back.grace_s == 7 && back.check_words_required);
    assert_memory_equal(back.rules, h.policy.rules, sizeof back.rules);
    assert_memory_equal(back.evidence_key, h.policy.evidence_key, 32);
    assert_memory_equal(back.text_hash, h.policy.text_hash, 32);
    assert_string_equal(back.officer.name, "Olga Officer");
    assert_int_equal(verify_policy(&h, 6, &back), PROTO_ERR_POLICY);
    assert_int_equal(proto_policy_allows(&back, PROTO_CAPABILITY_CAMERA, PROTO_ROLE_AGENT, 1), PROTO_ERR_POLICY);
    house_clear(&h);
}

static void no_byte_of_a_policy_can_be_changed(void **state)
{
    struct proto_policy back;
    struct house h;

    (void)state;
    house_init(&h, PROTO_ROLE_OFFICER);
    assert_ok(sign_policy(&h));
    for (size_t i = 0; i < h.note.len; i++) {
        h.note.bytes[i] ^= 1;
        if (verify_policy(&h, 0, &back) == PROTO_OK)
            fail_msg("byte %zu changed, and nobody saw it", i);
        h.note.bytes[i] ^= 1;
    }
    house_clear(&h);
}

/* The same rules in another order are another text, and one policy must not have two. */
static void a_policy_has_one_spelling(void **state)
{
    char name[PROTO_IDENTITY_SIGNER_BYTES + 1], text[PROTO_POLICY_NOTE_BYTES];
    struct proto_policy back;
    struct house h;

    (void)state;
    house_init(&h, PROTO_ROLE_OFFICER);
    assert_ok(sign_policy(&h));
    size_t len = (size_t)((uint8_t *)memmem(h.note.bytes, h.note.len, "\n\n", 2) - h.note.bytes) + 1;

    memcpy(text, h.note.bytes, len);
    text[len] = '\0';
    char *last = strstr(text, "deny history\ndeny guest\n");

    assert_non_null(last);
    memcpy(last, "deny guest\ndeny history\n", 24);
    proto_identity_signer_name(&h.who.identity, name);
    proto_buf_clear(&h.note);
    assert_ok(proto_note_make(text, len, name, h.who.secret_key, &h.note));
    assert_int_equal(verify_policy(&h, 0, &back), PROTO_ERR_FORMAT);
    house_clear(&h);
}

static void only_an_officer_signs_a_policy(void **state)
{
    char name[PROTO_IDENTITY_SIGNER_BYTES + 1];
    struct proto_policy back;
    struct proto_buf forged;
    size_t text_len;
    struct house h;

    (void)state;
    house_init(&h, PROTO_ROLE_AGENT);
    assert_int_equal(sign_policy(&h), PROTO_ERR_CERT_ROLE);
    h.who.identity.role = PROTO_ROLE_OFFICER; /* an agent's program that has been changed to try */
    assert_ok(sign_policy(&h));
    assert_int_equal(verify_policy(&h, 0, &back), PROTO_ERR_CERT_ROLE);
    h.who.identity.role = PROTO_ROLE_AGENT; /* and once more under the agent's own name */
    text_len = (size_t)((uint8_t *)memmem(h.note.bytes, h.note.len, "\n\n", 2) - h.note.bytes) + 1;
    proto_identity_signer_name(&h.who.identity, name);
    proto_buf_init(&forged, PROTO_POLICY_NOTE_BYTES);
    assert_ok(proto_note_make((const char *)h.note.bytes, text_len, name, h.who.secret_key, &forged));
    assert_int_equal(proto_policy_verify(&back, forged.bytes, forged.len, h.root, &h.org, 0), PROTO_ERR_CERT_ROLE);
    proto_buf_free(&forged);
    house_clear(&h);
}

static void a_policy_is_judged_at_its_own_time(void **state)
{
    struct proto_policy back;
    struct house h;

    (void)state;
    house_init(&h, PROTO_ROLE_OFFICER);
    h.policy.time_s = NOW + 31 * DAY; /* the officer's certificate has ended by then */
    assert_ok(sign_policy(&h));
    assert_int_equal(verify_policy(&h, 0, &back), PROTO_ERR_CERT_EXPIRED);
    h.policy.time_s = NOW;
    assert_ok(sign_policy(&h));
    assert_ok(proto_org_revoke(&h.org, h.who.identity.serial, NOW + 1, "left")); /* later: the policy stays */
    assert_ok(verify_policy(&h, 0, &back));
    h.org.revoked[0].time_s = NOW;
    assert_int_equal(verify_policy(&h, 0, &back), PROTO_ERR_CERT_REVOKED);
    house_clear(&h);
}

static void a_policy_allows_by_capability_role_and_time(void **state)
{
    struct proto_policy p;

    (void)state;
    proto_policy_defaults(&p, DOMAIN);
    assert_ok(proto_policy_allows(&p, PROTO_CAPABILITY_CAMERA, PROTO_ROLE_AGENT, 0));
    assert_int_equal(proto_policy_allows(&p, PROTO_CAPABILITY_CAMERA, PROTO_ROLE_OFFICER, 1), PROTO_ERR_POLICY);
    assert_int_equal(proto_policy_allows(&p, PROTO_CAPABILITY_CAMERA, PROTO_ROLE_NONE, 1), PROTO_ERR_POLICY);
    assert_int_equal(proto_policy_allows(&p, PROTO_CAPABILITY_LOCATION, PROTO_ROLE_AGENT, 1), PROTO_ERR_POLICY);
    assert_int_equal(proto_policy_allows(&p, PROTO_CAPABILITY_NONE, PROTO_ROLE_AGENT, 1), PROTO_ERR_POLICY);
    assert_int_equal(proto_policy_allows(&p, (enum proto_capability)99, PROTO_ROLE_AGENT, 1), PROTO_ERR_POLICY);
    assert_ok(proto_policy_allows(&p, PROTO_CAPABILITY_RECORDING, PROTO_ROLE_AGENT, 3600));
    assert_int_equal(proto_policy_allows(&p, PROTO_CAPABILITY_RECORDING, PROTO_ROLE_AGENT, 3601), PROTO_ERR_POLICY);
    assert_int_equal(proto_policy_allows(&p, PROTO_CAPABILITY_RECORDING, PROTO_ROLE_AGENT, 0), PROTO_ERR_POLICY);
    assert_int_equal(proto_policy_seconds(&p, PROTO_CAPABILITY_RECORDING, 0), 3600);
    assert_int_equal(proto_policy_seconds(&p, PROTO_CAPABILITY_RECORDING, 60), 60);
    assert_int_equal(proto_policy_seconds(&p, PROTO_CAPABILITY_CAMERA, 0), 0);
    assert_int_equal(proto_policy_retention_days(&p, PROTO_CAPABILITY_STILL), 30);
}

static void an_edited_policy_is_read_back_or_names_its_line(void **state)
{
    static const char crlf[] = "handhold/1 policy\r\ndomain example.org\r\n\r\ngrace 9\r\n";
    static const struct {
        const char *text;
        size_t line;
    } wrong[] = {
        {"", 0},
        {"handhold/1 policy\n", 1},
        {"handhold/1 policy\ndomain example.org\ngrace 9", 3},
        {"handhold/1 policy\ndomain example.org\ngrace 9\ngrace 8\n", 4},
        {"handhold/1 policy\ndomain example.org\nticket optional\nticket required\n", 4},
        {"handhold/1 org\n", 1},
        {"handhold/1 policy\ndomain example.org\nallow camera 0 0\n", 3},
        {"handhold/1 policy\ndomain example.org\nallow camera 0 0 agent,chief\n", 3},
        {"handhold/1 policy\ndomain example.org\n# so\n\nallow x-ray 0 0 agent\n", 5},
        {"handhold/1 policy\ndomain example.org\ndeny camera\nallow camera 0 0 agent\n", 4},
        {"handhold/1 policy\ndomain example.org\nallow camera 99999 0 agent\n", 3},
        {"handhold/1 policy\ndomain example.org\nnumber 9\n", 3},
        {"handhold/1 policy\ndomain example.org\ngrace 601\n", 3},
        {"handhold/1 policy\ndomain example.org\nticket perhaps\n", 3},
        {"handhold/1 policy\ndomain example.org\nkeep 36501\n", 3},
        {"handhold/1 policy\ndomain example.org\ncode-minutes 61\n", 3},
        {"handhold/1 policy\ndomain example.org\ncode-minutes 0\n", 3},
        {"handhold/1 policy\ndomain example.org\nlink-minutes 10081\n", 3},
        {"handhold/1 policy\ndomain example.org\nlink-minutes a day\n", 3},
        {"handhold/1 policy\ndomain example.org\npurpose \n", 3},
        {"handhold/1 policy\ndomain example.org\npurpose a\tb\n", 3},
    };
    struct proto_policy policy, back;
    struct proto_buf text;
    struct proto_policy_fault fault;

    (void)state;
    proto_policy_defaults(&policy, DOMAIN);
    policy.keep_days = 30;
    policy.ticket_required = true;
    policy.purpose_count = 1;
    strcpy(policy.purposes[0], "to see the fault");
    proto_buf_init(&text, PROTO_POLICY_NOTE_BYTES);
    proto_policy_print(&policy, &text);
    assert_ok(proto_policy_parse(&back, text.bytes, text.len, NULL));
    assert_true(back.keep_days == 30 && back.ticket_required && back.purpose_count == 1);
    assert_true(back.code_minutes == 10 && back.link_minutes == 1440);
    assert_string_equal(back.purposes[0], policy.purposes[0]);
    assert_memory_equal(back.rules, policy.rules, sizeof back.rules);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(proto_policy_parse(&back, wrong[i].text, strlen(wrong[i].text), &fault), PROTO_ERR_FORMAT);
        assert_int_equal(fault.line, wrong[i].line);
        assert_non_null(fault.rule);
    }
    assert_ok(proto_policy_parse(&back, crlf, strlen(crlf), &fault));
    assert_true(back.grace_s == 9 && !fault.rule);
    proto_buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_org_note_says_what_was_put_into_it),
        cmocka_unit_test(an_org_note_cannot_be_changed_rolled_back_or_signed_by_another),
        cmocka_unit_test(an_org_note_has_one_spelling),
        cmocka_unit_test(a_policy_says_what_the_officer_signed),
        cmocka_unit_test(no_byte_of_a_policy_can_be_changed),
        cmocka_unit_test(a_policy_has_one_spelling),
        cmocka_unit_test(only_an_officer_signs_a_policy),
        cmocka_unit_test(a_policy_is_judged_at_its_own_time),
        cmocka_unit_test(a_policy_allows_by_capability_role_and_time),
        cmocka_unit_test(an_edited_policy_is_read_back_or_names_its_line),
    };

    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
