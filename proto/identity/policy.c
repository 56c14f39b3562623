/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/policy.h"

#include <string.h>

#include "proto/identity/policy_text.h"
#include "proto/seal/kdf.h"
#include "proto/seal/note.h"

#define BIT(role) (1u << PROTO_ROLE_##role)
#define HELPERS (BIT(AGENT) | BIT(SUPERVISOR) | BIT(EXPERT))

/* What is not here is forbidden. Seconds 0: until the session ends. */
static const struct proto_policy_rule default_rules[PROTO_CAPABILITY_COUNT] = {
    /*                              roles    seconds days */
    [PROTO_CAPABILITY_CAMERA] = {HELPERS, 0, 0},
    [PROTO_CAPABILITY_MICROPHONE] = {HELPERS, 0, 0},
    [PROTO_CAPABILITY_DEVICE_STATE] = {HELPERS, 0, 30},
    [PROTO_CAPABILITY_STILL] = {HELPERS, 0, 30},
    [PROTO_CAPABILITY_RECORDING] = {BIT(AGENT) | BIT(SUPERVISOR), 3600, 30},
    [PROTO_CAPABILITY_TORCH] = {HELPERS, 0, 0},
    [PROTO_CAPABILITY_ZOOM] = {HELPERS, 0, 0},
};

void proto_policy_defaults(struct proto_policy *policy, const char *domain)
{
    memset(policy, 0, sizeof *policy);
    strncpy(policy->domain, domain, PROTO_IDENTITY_DOMAIN_BYTES);
    policy->grace_s = PROTO_POLICY_GRACE_S;
    policy->code_minutes = PROTO_POLICY_CODE_MINUTES;
    policy->link_minutes = PROTO_POLICY_LINK_MINUTES;
    memcpy(policy->rules, default_rules, sizeof policy->rules);
}

/* ---- what is allowed ---- */

static const struct proto_policy_rule *rule_of(const struct proto_policy *policy, enum proto_capability capability)
{
    static const struct proto_policy_rule nothing;

    if (capability <= PROTO_CAPABILITY_NONE || capability >= PROTO_CAPABILITY_COUNT)
        return &nothing;
    return &policy->rules[capability];
}

enum proto_err proto_policy_allows(const struct proto_policy *policy, enum proto_capability capability,
                                   enum proto_role role, uint32_t seconds)
{
    const struct proto_policy_rule *rule = rule_of(policy, capability);

    if (role <= PROTO_ROLE_NONE || role >= PROTO_ROLE_COUNT || !(rule->roles & 1u << role))
        return PROTO_ERR_POLICY;
    if (rule->max_seconds && (seconds == 0 || seconds > rule->max_seconds))
        return PROTO_ERR_POLICY;
    return PROTO_OK;
}

uint32_t proto_policy_seconds(const struct proto_policy *policy, enum proto_capability capability, uint32_t wanted)
{
    uint32_t longest = rule_of(policy, capability)->max_seconds;

    return longest && (wanted == 0 || wanted > longest) ? longest : wanted;
}

uint32_t proto_policy_retention_days(const struct proto_policy *policy, enum proto_capability capability)
{
    return rule_of(policy, capability)->retention_days;
}

bool proto_policy_offers(const struct proto_policy *policy, const char *purpose)
{
    for (uint32_t i = 0; i < policy->purpose_count; i++)
        if (!strcmp(policy->purposes[i], purpose))
            return true;
    return policy->purpose_count == 0;
}

/* ---- note ---- */

static enum proto_err check_signer(const struct proto_policy *policy, const struct proto_policy_signer *signer)
{
    if (signer->chain_len < 2 || signer->chain_len > PROTO_IDENTITY_CHAIN_MAX || policy->number == 0)
        return PROTO_ERR_ARGUMENT;
    if (strcmp(policy->domain, signer->identity->domain) != 0)
        return PROTO_ERR_CERT_CHAIN;
    return proto_identity_require(signer->identity, PROTO_ROLE_OFFICER);
}

enum proto_err proto_policy_sign(struct proto_policy *policy, const struct proto_policy_signer *signer,
                                 struct proto_buf *out)
{
    char name[PROTO_IDENTITY_SIGNER_BYTES + 1];
    struct proto_buf text;
    enum proto_err err = check_signer(policy, signer);

    if (err != PROTO_OK)
        return err;
    proto_identity_signer_name(signer->identity, name);
    proto_buf_init(&text, PROTO_POLICY_NOTE_BYTES - 1024); /* the signature line takes less */
    proto_policy_text_put(policy, signer->chain, signer->chain_len - 1, &text);
    err = text.failed ? PROTO_ERR_FULL
                      : proto_note_make((const char *)text.bytes, text.len, name, signer->secret_key, out);
    if (err == PROTO_OK) {
        proto_sha256(policy->text_hash, text.bytes, text.len);
        policy->officer = *signer->identity;
    }
    proto_buf_free(&text);
    return err;
}

/* The officer: an unbroken chain at the time of the policy, the role, and not taken back by then. */
static enum proto_err check_officer(struct proto_policy *policy, const struct proto_policy_chain *chain,
                                    struct proto_der root, const struct proto_org *org)
{
    struct proto_der ders[PROTO_IDENTITY_CHAIN_MAX];

    for (size_t i = 0; i < chain->count; i++)
        ders[i] = (struct proto_der){chain->bytes[i], chain->len[i]};
    ders[chain->count] = root;
    enum proto_err err = proto_identity_verify_under(ders, chain->count + 1, policy->time_s, &policy->officer);

    if (err == PROTO_OK)
        err = proto_identity_require(&policy->officer, PROTO_ROLE_OFFICER);
    if (err != PROTO_OK)
        return err;
    if (strcmp(policy->domain, policy->officer.domain) != 0 || strcmp(org->domain, policy->officer.domain) != 0)
        return PROTO_ERR_CERT_CHAIN;
    const struct proto_org_revoked *revoked = proto_org_find_revoked(org, policy->officer.serial);

    return revoked && revoked->time_s <= policy->time_s ? PROTO_ERR_CERT_REVOKED : PROTO_OK;
}

static enum proto_err check_signature(const struct proto_policy *policy, const void *note, size_t len)
{
    char name[PROTO_IDENTITY_SIGNER_BYTES + 1];
    struct proto_note_key key;

    proto_identity_signer_name(&policy->officer, name);
    enum proto_err err = proto_note_key_init(&key, name, policy->officer.public_key);

    return err == PROTO_OK ? proto_note_verify(note, len, &key, 1, NULL, NULL) : err;
}

static enum proto_err verify(struct proto_policy *policy, const void *note, size_t len, struct proto_der root,
                             const struct proto_org *org, uint64_t min_number)
{
    struct proto_note_parts parts;
    struct proto_policy_chain chain;

    if (len > PROTO_POLICY_NOTE_BYTES)
        return PROTO_ERR_RANGE;
    enum proto_err err = proto_note_split(&parts, note, len);

    if (err == PROTO_OK)
        err = proto_policy_text_read(policy, parts.text, parts.text_len, &chain);
    if (err == PROTO_OK)
        err = check_officer(policy, &chain, root, org);
    if (err == PROTO_OK)
        err = check_signature(policy, note, len);
    if (err == PROTO_OK && (policy->number == 0 || policy->number < min_number))
        err = PROTO_ERR_POLICY;
    if (err == PROTO_OK)
        proto_sha256(policy->text_hash, parts.text, parts.text_len);
    return err;
}

enum proto_err proto_policy_verify(struct proto_policy *out, const void *note, size_t len, struct proto_der root,
                                   const struct proto_org *org, uint64_t min_number)
{
    memset(out, 0, sizeof *out);
    enum proto_err err = verify(out, note, len, root, org, min_number);

    if (err != PROTO_OK)
        memset(out, 0, sizeof *out);
    return err;
}
