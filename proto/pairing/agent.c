/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/pairing/inside.h"

#include "proto/seal/kdf.h"

#include <stdlib.h>
#include <string.h>

/* ---- who is at the other end ---- */

static void accept(struct proto_pairing *p, const struct proto_auth_c *auth)
{
    struct proto_pairing_result *r = &p->result;

    memcpy(r->cs_public, auth->cs_public, sizeof r->cs_public);
    memcpy(r->check.n_c, auth->n_c, sizeof r->check.n_c);
    memcpy(r->resume_psk, auth->resume_psk, sizeof r->resume_psk);
    memcpy(r->client_info, auth->info, auth->info_len);
    r->client_info[auth->info_len] = '\0';
}

static enum proto_err on_auth(struct proto_pairing *p, struct proto_reader *body, struct proto_now now)
{
    struct proto_auth_c auth;
    struct proto_buf plain;

    (void)now;
    proto_buf_init_secret(&plain, PROTO_PAIRING_BODY_MAX);
    enum proto_err err = proto_pairing_open(p, body, &plain);

    if (err == PROTO_OK)
        err = proto_auth_c_parse(&auth, &plain);
    if (err == PROTO_OK)
        err = proto_auth_c_verify(&auth, &plain, p->result.hash, p->auth_a_hash);
    if (err == PROTO_OK && p->mode == PROTO_PAIRING_RESUME &&
        memcmp(auth.cs_public, p->known_cs, sizeof p->known_cs) != 0)
        err = PROTO_ERR_STATE;
    if (err == PROTO_OK)
        accept(p, &auth);
    proto_buf_free(&plain);
    return err;
}

/* ---- who we are ---- */

static enum proto_err say_auth(struct proto_pairing *p, struct proto_now now)
{
    struct proto_check *check = &p->result.check;
    struct proto_auth_a auth = {.role = (uint8_t)p->credential->identity.role,
                                .unix_s = (uint64_t)(now.unix_ms / 1000),
                                .org_number = p->org->number,
                                .policy_number = p->policy->number};
    struct proto_buf plain;

    proto_random_fill(&p->random, check->n_a, sizeof check->n_a);
    proto_sha256(check->commit, check->n_a, sizeof check->n_a);
    check->revealed = true; /* to ourselves */
    auth.chain_len = proto_credential_chain(p->credential, auth.chain);
    memcpy(auth.org_hash, p->org->text_hash, PROTO_HASH_BYTES);
    memcpy(auth.policy_hash, p->policy->text_hash, PROTO_HASH_BYTES);
    memcpy(auth.commit, check->commit, PROTO_HASH_BYTES);
    p->result.agent = p->credential->identity;
    p->result.agent_unix_s = (int64_t)auth.unix_s;
    p->result.org_number = auth.org_number;
    p->result.policy_number = auth.policy_number;
    proto_buf_init_secret(&plain, PROTO_PAIRING_BODY_MAX);
    enum proto_err err = proto_auth_a_put(&auth, p->result.hash, p->credential->secret_key, &plain);

    if (err == PROTO_OK) {
        proto_sha256(p->auth_a_hash, plain.bytes, plain.len);
        err = proto_pairing_seal(p, &plain);
    }
    proto_buf_free(&plain);
    return err;
}

/* ---- the channel ---- */

static enum proto_err take_tag(struct proto_pairing *p, struct proto_reader *body, struct proto_now now)
{
    const uint8_t *tag = proto_read_bytes(body, PROTO_CPACE_TAG_BYTES);

    if (!tag || proto_reader_left(body) != PROTO_NOISE_HANDSHAKE_OVERHEAD)
        return PROTO_ERR_FORMAT;
    if (p->guard->burnt)
        return PROTO_ERR_BURNT;
    if (!proto_code_guard_holds(p->guard, p->guard_run, now))
        return PROTO_ERR_TIMEOUT;
    return proto_cpace_tag_check(&p->keys, tag) == PROTO_OK ? PROTO_OK : proto_code_guard_wrong(p->guard, p->guard_run);
}

static enum proto_err take_resume_id(struct proto_pairing *p, struct proto_reader *body)
{
    const uint8_t *id = proto_read_bytes(body, PROTO_RESUME_ID_BYTES);

    if (!id)
        return PROTO_ERR_FORMAT;
    const struct proto_resume_key *key = proto_resume_keys_find(p->resume, id);

    if (!key)
        return proto_resume_keys_completed(p->resume, id) ? PROTO_ERR_REPLAY : PROTO_ERR_NOT_FOUND;
    memcpy(p->psk, key->psk, sizeof p->psk);
    memcpy(p->result.resume_id, id, PROTO_RESUME_ID_BYTES);
    proto_sha256(p->negotiated, id, PROTO_RESUME_ID_BYTES);
    return PROTO_OK;
}

static enum proto_err say_m2(struct proto_pairing *p)
{
    struct proto_buf *out = proto_pairing_say(p, PROTO_PAIRING_M2);

    if (p->mode == PROTO_PAIRING_CODE)
        proto_buf_put(out, p->keys.tag_own, sizeof p->keys.tag_own);
    return proto_pairing_noise_put(p, out);
}

static enum proto_err on_m1(struct proto_pairing *p, struct proto_reader *body, struct proto_now now)
{
    enum proto_err err = PROTO_OK;

    if (proto_read_u8(body) != (uint8_t)p->mode)
        return PROTO_ERR_FORMAT;
    if (p->mode == PROTO_PAIRING_RESUME)
        err = take_resume_id(p, body);
    if (p->mode == PROTO_PAIRING_CODE)
        err = take_tag(p, body, now);
    if (err == PROTO_OK)
        err = proto_pairing_noise(p, PROTO_NOISE_RESPONDER);
    if (err == PROTO_OK)
        err = proto_pairing_noise_take(p, body);
    if (err == PROTO_OK)
        err = say_m2(p);
    if (err == PROTO_OK)
        err = proto_pairing_noise_split(p);
    return err == PROTO_OK ? say_auth(p, now) : err;
}

/* ---- the code ---- */

/* A share that is no point is a guess like any other: nobody sends one by mistake. */
static enum proto_err answer_cpace1(struct proto_pairing *p, const uint8_t *share, const struct proto_buf *peer_ad)
{
    struct proto_buf ad, *out = proto_pairing_say(p, PROTO_PAIRING_CPACE2);

    proto_buf_init(&ad, PROTO_CPACE_AD_MAX);
    proto_buf_put_u8(&ad, PROTO_PAIRING_VERSION);
    proto_buf_put(&ad, p->credential->identity.root_fingerprint, PROTO_HASH_BYTES);
    enum proto_err err = proto_pairing_cpace(p, PROTO_CPACE_RESPONDER, &ad);

    proto_buf_put(out, p->cpace.share, sizeof p->cpace.share);
    proto_buf_put_lv8(out, ad.bytes, ad.len);
    proto_buf_free(&ad);
    if (err == PROTO_OK && out->failed)
        err = PROTO_ERR_NOMEM;
    if (err == PROTO_OK)
        err = proto_pairing_cpace_end(p, share, peer_ad, out->bytes + 1, out->len - 1);
    if (err == PROTO_ERR_KEY && proto_code_guard_wrong(p->guard, p->guard_run) == PROTO_ERR_BURNT)
        err = PROTO_ERR_BURNT;
    return err;
}

static enum proto_err on_cpace1(struct proto_pairing *p, struct proto_reader *body, struct proto_now now)
{
    struct proto_buf peer_ad;
    size_t ad_len = 0;

    proto_buf_put(&p->cpace1, body->at, proto_reader_left(body));
    const uint8_t *n_c = proto_read_bytes(body, PROTO_PAIRING_NC_BYTES);
    const uint8_t *share = proto_read_bytes(body, PROTO_CPACE_SHARE_BYTES);
    const uint8_t *ad = proto_read_lv8(body, &ad_len);

    if (body->failed || proto_reader_left(body) || ad_len == 0)
        return PROTO_ERR_FORMAT;
    if (ad[0] != PROTO_PAIRING_VERSION)
        return PROTO_ERR_VERSION;
    if (ad_len != 2 || ad[1] != PROTO_PAIRING_SUITE)
        return PROTO_ERR_FORMAT;
    enum proto_err err = proto_code_guard_begin(p->guard, n_c, now, &p->guard_run);

    if (err != PROTO_OK)
        return err;
    memcpy(p->n_cpace, n_c, sizeof p->n_cpace);
    proto_buf_init(&peer_ad, PROTO_CPACE_AD_MAX);
    proto_buf_put(&peer_ad, ad, ad_len);
    err = answer_cpace1(p, share, &peer_ad);
    proto_buf_free(&peer_ad);
    return err;
}

/* ---- the whole of it ---- */

static const struct proto_pairing_step steps[] = {
    /* in                kind                     next                 what happens on the way */
    {PROTO_AWAIT_CPACE1, PROTO_PAIRING_CPACE1, PROTO_AWAIT_M1, on_cpace1},    /* sends CPACE2 */
    {PROTO_AWAIT_M1, PROTO_PAIRING_M1, PROTO_AWAIT_AUTH, on_m1},              /* sends M2 and AUTH_A */
    {PROTO_AWAIT_AUTH, PROTO_PAIRING_TRANSPORT, PROTO_PAIRING_DONE, on_auth}, /* sends nothing */
};

static enum proto_err begin(struct proto_pairing *p, const struct proto_pairing_agent *config)
{
    if (!config->credential || !config->org || !config->policy ||
        (config->mode == PROTO_PAIRING_CODE && !config->guard) ||
        (config->mode == PROTO_PAIRING_RESUME && (!config->resume || !config->known_cs)))
        return PROTO_ERR_ARGUMENT;
    p->credential = config->credential;
    p->org = config->org;
    p->policy = config->policy;
    p->guard = p->mode == PROTO_PAIRING_CODE ? config->guard : NULL;
    p->resume = config->resume;
    if (p->mode == PROTO_PAIRING_RESUME)
        memcpy(p->known_cs, config->known_cs, sizeof p->known_cs);
    p->state = p->mode == PROTO_PAIRING_CODE ? PROTO_AWAIT_CPACE1 : PROTO_AWAIT_M1;
    return proto_pairing_begin(p, config->sid, config->join_host, config->link, config->code);
}

enum proto_err proto_pairing_agent_new(struct proto_pairing **out, const struct proto_pairing_agent *config,
                                       struct proto_now now)
{
    struct proto_pairing *p =
        proto_pairing_new(config->mode, config->random, now, steps, sizeof steps / sizeof steps[0]);

    return proto_pairing_begun(p, p ? begin(p, config) : PROTO_ERR_NOMEM, out);
}
