/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/pairing/inside.h"

#include "proto/seal/kdf.h"
#include "proto/util/utf8.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- who is at the other end ---- */

static enum proto_err check_clock(const struct proto_auth_a *auth, struct proto_now now)
{
    int64_t ours = now.unix_ms / 1000, theirs = (int64_t)auth->unix_s;

    if (theirs > ours + PROTO_CLOCK_TOLERANCE_S || theirs < ours - PROTO_CLOCK_TOLERANCE_S)
        return PROTO_ERR_CLOCK;
    return PROTO_OK;
}

/* The chain is judged at the time the agent gives, which is within a day of ours: a device whose clock is an hour off
 * does not lose its caller. A certificate that ends during a session does not end it: in a resume the same leaf counts
 * as in its last second. */
static enum proto_err check_chain(const struct proto_pairing *p, const struct proto_auth_a *auth,
                                  struct proto_identity *agent)
{
    bool resumes = p->mode == PROTO_PAIRING_RESUME;
    int64_t at_s = (int64_t)auth->unix_s;

    if (resumes && at_s >= p->known_until_s)
        at_s = p->known_until_s - 1;
    enum proto_err err = proto_identity_verify_chain(auth->chain, auth->chain_len, p->pin, p->pin_len, at_s, agent);

    if (err == PROTO_OK && resumes && memcmp(agent->fingerprint, p->known_leaf, sizeof p->known_leaf) != 0)
        err = PROTO_ERR_CERT_CHAIN;
    return err;
}

static enum proto_err check_agent(struct proto_pairing *p, const struct proto_auth_a *auth,
                                  const struct proto_buf *plain, struct proto_now now)
{
    struct proto_identity *agent = &p->result.agent;
    enum proto_err err = check_clock(auth, now);

    if (err == PROTO_OK)
        err = check_chain(p, auth, agent);
    if (err == PROTO_OK)
        err = proto_auth_a_verify(auth, plain, p->result.hash, agent->public_key);
    if (err == PROTO_OK && (auth->role != (uint8_t)agent->role || !(p->roles & 1u << agent->role)))
        err = PROTO_ERR_CERT_ROLE;
    return err;
}

/* Exactly the texts that AUTH_A names: the relay that serves them can choose neither an older nor another one. */
static enum proto_err check_notes(struct proto_pairing *p, const struct proto_auth_a *auth)
{
    struct proto_pairing_result *r = &p->result;
    enum proto_err err =
        proto_org_verify(&r->org, p->org_note, p->org_note_len, r->agent.root_key, r->agent.domain, p->org_min);

    if (err != PROTO_OK)
        return err;
    if (r->org.number != auth->org_number || sodium_memcmp(r->org.text_hash, auth->org_hash, PROTO_HASH_BYTES))
        return PROTO_ERR_ORG;
    err = proto_org_admits(&r->org, &r->agent);
    if (err != PROTO_OK)
        return err;
    err = proto_policy_verify(&r->policy, p->policy_note, p->policy_note_len, auth->chain[auth->chain_len - 1], &r->org,
                              p->policy_min);
    if (err != PROTO_OK)
        return err;
    if (r->policy.number != auth->policy_number ||
        sodium_memcmp(r->policy.text_hash, auth->policy_hash, PROTO_HASH_BYTES))
        return PROTO_ERR_POLICY;
    r->org_number = r->org.number;
    r->policy_number = r->policy.number;
    return PROTO_OK;
}

static enum proto_err say_auth(struct proto_pairing *p)
{
    struct proto_pairing_result *r = &p->result;
    struct proto_buf plain;
    struct proto_auth_c auth = {.cs_public = r->cs_public,
                                .n_c = r->check.n_c,
                                .resume_psk = r->resume_psk,
                                .info = (const uint8_t *)r->client_info,
                                .info_len = strlen(r->client_info)};

    proto_random_fill(&p->random, r->check.n_c, sizeof r->check.n_c);
    proto_random_fill(&p->random, r->resume_psk, sizeof r->resume_psk);
    proto_buf_init_secret(&plain, PROTO_PAIRING_BODY_MAX);
    enum proto_err err = proto_auth_c_put(&auth, r->hash, p->auth_a_hash, p->cs_secret_key, &plain);

    if (err == PROTO_OK)
        err = proto_pairing_seal(p, &plain);
    proto_buf_free(&plain);
    return err;
}

static enum proto_err on_auth(struct proto_pairing *p, struct proto_reader *body, struct proto_now now)
{
    struct proto_auth_a auth;
    struct proto_buf plain;

    proto_buf_init_secret(&plain, PROTO_PAIRING_BODY_MAX);
    enum proto_err err = proto_pairing_open(p, body, &plain);

    if (err == PROTO_OK)
        err = proto_auth_a_parse(&auth, &plain);
    if (err == PROTO_OK)
        err = check_agent(p, &auth, &plain, now);
    if (err == PROTO_OK)
        err = check_notes(p, &auth);
    if (err == PROTO_OK)
        err = proto_identity_chain_set(&p->result.chain, auth.chain, auth.chain_len);
    if (err == PROTO_OK) {
        proto_sha256(p->auth_a_hash, plain.bytes, plain.len);
        memcpy(p->result.check.commit, auth.commit, PROTO_HASH_BYTES);
        p->result.agent_unix_s = (int64_t)auth.unix_s;
        err = say_auth(p);
    }
    proto_buf_free(&plain);
    return err;
}

/* ---- the channel ---- */

static enum proto_err say_m1(struct proto_pairing *p)
{
    enum proto_err err = proto_pairing_noise(p, PROTO_NOISE_INITIATOR);

    if (err != PROTO_OK)
        return err;
    struct proto_buf *out = proto_pairing_say(p, PROTO_PAIRING_M1);

    proto_buf_put_u8(out, (uint8_t)p->mode);
    if (p->mode == PROTO_PAIRING_RESUME)
        proto_buf_put(out, p->result.resume_id, sizeof p->result.resume_id);
    if (p->mode == PROTO_PAIRING_CODE)
        proto_buf_put(out, p->keys.tag_own, sizeof p->keys.tag_own);
    return proto_pairing_noise_put(p, out);
}

static enum proto_err on_m2(struct proto_pairing *p, struct proto_reader *body, struct proto_now now)
{
    (void)now;
    if (p->mode == PROTO_PAIRING_CODE) {
        const uint8_t *tag = proto_read_bytes(body, PROTO_CPACE_TAG_BYTES);
        enum proto_err err = tag ? proto_cpace_tag_check(&p->keys, tag) : PROTO_ERR_FORMAT;

        proto_cpace_keys_clear(&p->keys);
        if (err != PROTO_OK)
            return err;
    }
    enum proto_err err = proto_pairing_noise_take(p, body);

    return err == PROTO_OK ? proto_pairing_noise_split(p) : err;
}

/* ---- the code ---- */

static enum proto_err say_cpace1(struct proto_pairing *p)
{
    struct proto_buf ad;

    proto_random_fill(&p->random, p->n_cpace, sizeof p->n_cpace);
    proto_buf_init(&ad, PROTO_CPACE_AD_MAX);
    proto_buf_put_u8(&ad, PROTO_PAIRING_VERSION);
    proto_buf_put_u8(&ad, PROTO_PAIRING_SUITE);
    enum proto_err err = proto_pairing_cpace(p, PROTO_CPACE_INITIATOR, &ad);

    proto_buf_put(&p->cpace1, p->n_cpace, sizeof p->n_cpace);
    proto_buf_put(&p->cpace1, p->cpace.share, sizeof p->cpace.share);
    proto_buf_put_lv8(&p->cpace1, ad.bytes, ad.len);
    if (err == PROTO_OK)
        proto_buf_put(proto_pairing_say(p, PROTO_PAIRING_CPACE1), p->cpace1.bytes, p->cpace1.len);
    proto_buf_free(&ad);
    return err == PROTO_OK && p->cpace1.failed ? PROTO_ERR_NOMEM : err;
}

static enum proto_err on_cpace2(struct proto_pairing *p, struct proto_reader *body, struct proto_now now)
{
    const uint8_t *all = body->at;
    size_t all_len = proto_reader_left(body), ad_len = 0;
    const uint8_t *share = proto_read_bytes(body, PROTO_CPACE_SHARE_BYTES);
    const uint8_t *ad = proto_read_lv8(body, &ad_len);
    struct proto_buf peer_ad;

    (void)now;
    if (body->failed || proto_reader_left(body) || ad_len == 0)
        return PROTO_ERR_FORMAT;
    if (ad[0] != PROTO_PAIRING_VERSION)
        return PROTO_ERR_VERSION;
    if (ad_len != 1 + PROTO_HASH_BYTES)
        return PROTO_ERR_FORMAT;
    memcpy(p->pin, ad + 1, PROTO_HASH_BYTES);
    p->pin_len = PROTO_HASH_BYTES;
    proto_buf_init(&peer_ad, PROTO_CPACE_AD_MAX);
    proto_buf_put(&peer_ad, ad, ad_len);
    enum proto_err err = proto_pairing_cpace_end(p, share, &peer_ad, all, all_len);

    proto_buf_free(&peer_ad);
    return err == PROTO_OK ? say_m1(p) : err;
}

/* ---- the whole of it ---- */

static const struct proto_pairing_step steps[] = {
    /* in                kind                     next                 what happens on the way */
    {PROTO_AWAIT_CPACE2, PROTO_PAIRING_CPACE2, PROTO_AWAIT_M2, on_cpace2},    /* sends M1 */
    {PROTO_AWAIT_M2, PROTO_PAIRING_M2, PROTO_AWAIT_AUTH, on_m2},              /* sends nothing */
    {PROTO_AWAIT_AUTH, PROTO_PAIRING_TRANSPORT, PROTO_PAIRING_DONE, on_auth}, /* sends AUTH_C */
};

static enum proto_err begin_resume(struct proto_pairing *p, const struct proto_pairing_customer *config)
{
    memcpy(p->psk, config->resume_psk, sizeof p->psk);
    memcpy(p->pin, config->known->root_fingerprint, PROTO_HASH_BYTES);
    p->pin_len = PROTO_HASH_BYTES;
    memcpy(p->known_leaf, config->known->fingerprint, sizeof p->known_leaf);
    p->known_until_s = config->known->not_after_s;
    enum proto_err err =
        proto_hkdf(p->psk, sizeof p->psk, "handhold/1 resume id", p->result.resume_id, sizeof p->result.resume_id);

    proto_sha256(p->negotiated, p->result.resume_id, sizeof p->result.resume_id);
    return err;
}

static enum proto_err copy_config(struct proto_pairing *p, const struct proto_pairing_customer *config)
{
    const char *info = config->client_info ? config->client_info : "";
    size_t info_len = strlen(info);

    if (!config->cs_secret_key || !config->org_note || !config->policy_note || !config->roles ||
        (config->mode == PROTO_PAIRING_RESUME && (!config->resume_psk || !config->known)))
        return PROTO_ERR_ARGUMENT;
    if (info_len > PROTO_CLIENT_INFO_MAX || !proto_utf8_is_clean(info, info_len, 0))
        return PROTO_ERR_RANGE;
    memcpy(p->result.client_info, info, info_len);
    memcpy(p->cs_secret_key, config->cs_secret_key, sizeof p->cs_secret_key);
    memcpy(p->result.cs_public, p->cs_secret_key + PROTO_SIGN_SEED_BYTES, sizeof p->result.cs_public);
    p->org_note = config->org_note;
    p->org_note_len = config->org_note_len;
    p->policy_note = config->policy_note;
    p->policy_note_len = config->policy_note_len;
    p->org_min = config->org_min;
    p->policy_min = config->policy_min;
    p->roles = config->roles;
    return PROTO_OK;
}

static enum proto_err begin(struct proto_pairing *p, const struct proto_pairing_customer *config)
{
    enum proto_err err = copy_config(p, config);

    if (err == PROTO_OK)
        err = proto_pairing_begin(p, config->sid, config->join_host, config->link, config->code);
    if (err == PROTO_OK && p->mode == PROTO_PAIRING_RESUME)
        err = begin_resume(p, config);
    if (err != PROTO_OK)
        return err;
    p->state = p->mode == PROTO_PAIRING_CODE ? PROTO_AWAIT_CPACE2 : PROTO_AWAIT_M2;
    return p->mode == PROTO_PAIRING_CODE ? say_cpace1(p) : say_m1(p);
}

enum proto_err proto_pairing_customer_new(struct proto_pairing **out, const struct proto_pairing_customer *config,
                                          struct proto_now now)
{
    struct proto_pairing *p =
        proto_pairing_new(config->mode, config->random, now, steps, sizeof steps / sizeof steps[0]);

    return proto_pairing_begun(p, p ? begin(p, config) : PROTO_ERR_NOMEM, out);
}
