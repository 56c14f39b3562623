/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay as the enemy: the attack tests on joining of PROTOCOL.md. The rogue ends are our own objects with something
 * wrong inside, or Noise and CPace driven by hand; inside.h gives them the fields.
 */
#include "tests/proto/test.h"

#include "proto/pairing/inside.h"
#include "proto/seal/kdf.h"
#include "tests/proto/pairing_world.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct world w;

static int setup(void **state)
{
    (void)state;
    world_init(&w, 9);
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    world_clear(&w);
    return 0;
}

static void prepare(enum proto_pairing_mode mode)
{
    world_prepare(&w, mode);
}
static void run(void)
{
    world_start(&w);
    world_carry(&w);
}
static void check_refused(enum proto_err customer, enum proto_err agent)
{
    assert_int_equal(w.customer_err, customer);
    assert_int_equal(w.agent_err, agent);
    assert_null(proto_pairing_result(w.agent));
    if (customer != PROTO_OK)
        assert_null(proto_pairing_result(w.customer));
}

/* ---- 1: a relay between the two ---- */

static bool swap_e(struct world *world, size_t number, struct world_message *message)
{
    uint8_t secret[32];

    memset(secret, 0x55, sizeof secret);
    if (number == world->aim)
        assert_int_equal(crypto_scalarmult_base(message->bytes + (number == 0 ? 2 : 1), secret), 0);
    return true;
}

static void a_relay_that_swaps_the_ephemeral_keys_gets_nothing(void **state)
{
    (void)state;
    w.relay = swap_e;
    w.aim = 0;
    assert_false(world_pair(&w, PROTO_PAIRING_LINK));
    check_refused(PROTO_OK, PROTO_ERR_CRYPTO);
    assert_int_equal(w.carried, 1); /* no M2, no AUTH_A */
    w.aim = 1;
    assert_false(world_pair(&w, PROTO_PAIRING_LINK));
    check_refused(PROTO_ERR_CRYPTO, PROTO_OK);
    assert_int_equal(w.carried, 3); /* no AUTH_C */
}

static void a_relay_that_runs_both_halves_without_the_secret_gets_nothing(void **state)
{
    struct proto_invite_link guess;
    struct proto_pairing *rogue;
    uint8_t m2[1 + PROTO_NOISE_HANDSHAKE_OVERHEAD] = {PROTO_PAIRING_M2};

    (void)state;
    prepare(PROTO_PAIRING_LINK);
    guess = w.link;
    proto_random_fill(&w.random, guess.k, sizeof guess.k);
    w.agent_config.link = &guess; /* half one: it plays the agent to the customer */
    run();
    check_refused(PROTO_OK, PROTO_ERR_CRYPTO);
    proto_random_fill(&w.random, m2 + 1, sizeof m2 - 1);
    assert_int_equal(proto_pairing_feed(w.customer, m2, sizeof m2, w.now), PROTO_ERR_CRYPTO);
    prepare(PROTO_PAIRING_LINK);
    w.customer_config.link = &guess; /* half two: it plays the customer to the agent */
    run();
    check_refused(PROTO_OK, PROTO_ERR_CRYPTO);
    rogue = w.agent;
    assert_int_equal(proto_pairing_feed(rogue, w.log[0].bytes, w.log[0].len, w.now), PROTO_ERR_CRYPTO);
}

/* The relay has the link. To the agent it is the customer and is shown a true AUTH_A; to the customer it is the agent
 * and shows that AUTH_A again, sealed anew. It was signed over another h. */
static void with_the_leaked_secret_auth_a_of_another_handshake_fails_and_auth_c_is_never_sent(void **state)
{
    struct proto_pairing *front, *victim;
    struct proto_buf auth_a;
    size_t len;

    (void)state;
    prepare(PROTO_PAIRING_LINK);
    world_start(&w);
    const uint8_t *bytes = proto_pairing_pending(w.customer, &len); /* the relay's own customer half */
    assert_ok(proto_pairing_feed(w.agent, bytes, len, w.now));
    bytes = proto_pairing_pending(w.agent, &len);
    assert_ok(proto_pairing_feed(w.customer, bytes, len, w.now));
    proto_pairing_sent(w.agent);
    bytes = proto_pairing_pending(w.agent, &len);
    struct proto_reader r = proto_reader_of(bytes + 1, len - 1);

    proto_buf_init(&auth_a, PROTO_PAIRING_BODY_MAX);
    assert_ok(proto_pairing_open(w.customer, &r, &auth_a));

    assert_ok(proto_pairing_customer_new(&victim, &w.customer_config, w.now));
    assert_ok(proto_pairing_agent_new(&front, &w.agent_config, w.now));
    bytes = proto_pairing_pending(victim, &len);
    assert_ok(proto_pairing_feed(front, bytes, len, w.now));
    proto_pairing_sent(victim);
    bytes = proto_pairing_pending(front, &len);
    assert_ok(proto_pairing_feed(victim, bytes, len, w.now));
    front->channel.send.nonce = 0; /* in the place of its own AUTH_A */
    assert_ok(proto_pairing_seal(front, &auth_a));
    bytes = front->out[2].bytes;
    assert_int_equal(proto_pairing_feed(victim, bytes, front->out[2].len, w.now), PROTO_ERR_SIGNATURE);
    assert_null(proto_pairing_pending(victim, &len));
    proto_buf_free(&auth_a);
    proto_pairing_free(victim);
    proto_pairing_free(front);
}

static void with_the_leaked_secret_a_chain_without_its_key_fails_and_auth_c_is_never_sent(void **state)
{
    struct proto_credential stolen = w.agent_credential; /* the chain is public; the key is not */
    size_t len;

    (void)state;
    prepare(PROTO_PAIRING_LINK);
    memcpy(stolen.secret_key, w.cs_secret, sizeof stolen.secret_key);
    w.agent_config.credential = &stolen;
    run();
    check_refused(PROTO_ERR_SIGNATURE, PROTO_OK);
    assert_int_equal(w.carried, 3);
    assert_null(proto_pairing_pending(w.customer, &len));
}

/* ---- 2: guessing the code ---- */

static void three_wrong_tags_burn_the_code(void **state)
{
    struct proto_invite_code wrong = w.code;

    (void)state;
    wrong.secret[5] = (char)('0' + (wrong.secret[5] - '0' + 1) % 10);
    for (unsigned i = 1; i <= PROTO_CODE_TRIES; i++) {
        prepare(PROTO_PAIRING_CODE);
        w.customer_config.code = &wrong;
        run();
        check_refused(PROTO_OK, i < PROTO_CODE_TRIES ? PROTO_ERR_CRYPTO : PROTO_ERR_BURNT);
        assert_int_equal(w.carried, 3); /* CPACE1, CPACE2, M1: the joiner never sees the agent's tag */
        assert_int_equal(w.guard.wrong, i);
        assert_int_equal(w.guard.burnt, i == PROTO_CODE_TRIES); /* the alarm */
    }
    assert_false(world_pair(&w, PROTO_PAIRING_CODE)); /* the right code comes too late */
    check_refused(PROTO_OK, PROTO_ERR_BURNT);
    assert_int_equal(w.carried, 1);
}

static void two_wrong_tags_leave_the_third_try_to_the_customer(void **state)
{
    struct proto_invite_code wrong = w.code;

    (void)state;
    wrong.secret[0] = (char)('0' + (wrong.secret[0] - '0' + 1) % 10);
    for (int i = 0; i < 2; i++) {
        prepare(PROTO_PAIRING_CODE);
        w.customer_config.code = &wrong;
        run();
        check_refused(PROTO_OK, PROTO_ERR_CRYPTO);
    }
    assert_true(world_pair(&w, PROTO_PAIRING_CODE));
}

/*
 * A transcript holds Ya, Yb and Ta. Ta is a MAC under K = ya*Yb; every Y is a random point whatever the code, so
 * without ya or yb no code explains a transcript better than another. The test does what an attacker can: for each
 * code, a run of its own against either share, and a look whether the tag comes out. Not even the right code gives it.
 * HANDHOLD_ALL_CODES=1 tries all 10^6.
 */
static void a_recorded_run_tells_nothing_about_the_code(void **state)
{
    uint8_t random[PROTO_CPACE_RANDOM_BYTES], sid[32], ad_b[1 + PROTO_HASH_BYTES] = {PROTO_PAIRING_VERSION};
    struct proto_buf ci;
    char prs[16];

    (void)state;
    assert_true(world_pair(&w, PROTO_PAIRING_CODE));
    const uint8_t *n_c = w.log[0].bytes + 1, *ya = n_c + 16, *yb = w.log[1].bytes + 1, *ta = w.log[2].bytes + 2;
    const uint8_t ad_a[2] = {PROTO_PAIRING_VERSION, PROTO_PAIRING_SUITE};
    const char *names[] = {"handhold/1 code", WORLD_HOST, "customer", "agent"};

    memcpy(ad_b + 1, w.agent_credential.identity.root_fingerprint, PROTO_HASH_BYTES);
    memcpy(sid, w.sid, 16);
    memcpy(sid + 16, n_c, 16);
    proto_buf_init(&ci, 512);
    for (int i = 0; i < 4; i++)
        proto_cpace_put_lv(&ci, names[i], strlen(names[i]));
    long right = strtol(w.code.secret, NULL, 10);
    bool all = getenv("HANDHOLD_ALL_CODES") != NULL, tried_right = false;
    long from = all ? 0 : right > 500 ? right - 500 : 0, to = all ? 1000000 : from + 1000;

    for (long code = from; code < to && code < 1000000; code++) {
        struct proto_cpace run;
        struct proto_cpace_keys keys;

        snprintf(prs, sizeof prs, "%s%06ld", w.code.nameplate, code);
        struct proto_cpace_input input = {prs, strlen(prs), ci.bytes, ci.len, sid, sizeof sid};
        tried_right = tried_right || code == right;
        for (int side = 0; side < 2; side++) {
            proto_random_fill(&w.random, random, sizeof random);
            assert_ok(proto_cpace_init(&run, side ? PROTO_CPACE_RESPONDER : PROTO_CPACE_INITIATOR, &input,
                                       side ? ad_b : ad_a, side ? sizeof ad_b : sizeof ad_a, random));
            memcpy(run.share, side ? yb : ya, 32); /* so that the transcript is the recorded one */
            assert_ok(
                proto_cpace_finish(&run, side ? ya : yb, side ? ad_a : ad_b, side ? sizeof ad_a : sizeof ad_b, &keys));
            assert_int_not_equal(memcmp(side ? keys.tag_peer : keys.tag_own, ta, PROTO_CPACE_TAG_BYTES), 0);
        }
    }
    assert_true(tried_right);
    proto_buf_free(&ci);
}

static void a_second_joiner_waits_and_a_repeated_nonce_is_refused(void **state)
{
    struct proto_pairing *first, *second;
    struct proto_now now;

    (void)state;
    prepare(PROTO_PAIRING_CODE);
    world_start(&w);
    size_t len;
    const uint8_t *cpace1 = proto_pairing_pending(w.customer, &len);

    now = w.now;
    assert_ok(proto_pairing_agent_new(&first, &w.agent_config, now));
    assert_ok(proto_pairing_feed(first, cpace1, len, now));
    assert_int_equal(proto_pairing_feed(w.agent, cpace1, len, now), PROTO_ERR_BUSY);
    proto_pairing_free(first); /* gives the turn back */
    assert_ok(proto_pairing_agent_new(&second, &w.agent_config, now));
    assert_int_equal(proto_pairing_feed(second, cpace1, len, now), PROTO_ERR_REPLAY);
    proto_pairing_free(second);
    assert_int_equal(w.guard.wrong, 0);
}

static void a_run_that_hangs_loses_its_turn_after_ten_seconds(void **state)
{
    struct proto_code_guard guard = {0};
    struct proto_now now = {.mono_ms = 5};
    uint64_t first, second;

    (void)state;
    assert_ok(proto_code_guard_begin(&guard, (const uint8_t[16]){1}, now, &first));
    now.mono_ms += PROTO_HANDSHAKE_WAIT_MS - 1;
    assert_true(proto_code_guard_holds(&guard, first, now));
    assert_int_equal(proto_code_guard_begin(&guard, (const uint8_t[16]){2}, now, &second), PROTO_ERR_BUSY);
    now.mono_ms++;
    assert_false(proto_code_guard_holds(&guard, first, now));
    assert_ok(proto_code_guard_begin(&guard, (const uint8_t[16]){2}, now, &second));
    proto_code_guard_end(&guard, first); /* the old run cannot end the new one's turn */
    assert_true(proto_code_guard_holds(&guard, second, now));
    for (uint8_t i = 3; i <= PROTO_CODE_RUNS_MAX; i++) {
        proto_code_guard_end(&guard, second);
        assert_ok(proto_code_guard_begin(&guard, (const uint8_t[16]){i}, now, &second));
    }
    proto_code_guard_end(&guard, second);
    assert_int_equal(proto_code_guard_begin(&guard, (const uint8_t[16]){99}, now, &second), PROTO_ERR_BURNT);
    assert_true(guard.burnt);
}

/* ---- 3: keys and points that give no secret ---- */

static const uint8_t not_points[][32] = {
    {0}, /* the identity */
    {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
    {1}, /* negative field element: not canonical */
};

static bool plant_share(struct world *world, size_t number, struct world_message *message)
{
    if (number == world->aim)
        memcpy(message->bytes + 1 + (number == 0 ? PROTO_PAIRING_NC_BYTES : 0), not_points[world->byte], 32);
    return true;
}

static void a_cpace_share_that_is_no_point_or_the_identity_is_refused_and_counted(void **state)
{
    (void)state;
    w.relay = plant_share;
    for (w.byte = 0; w.byte < sizeof not_points / sizeof not_points[0]; w.byte++) {
        memset(&w.guard, 0, sizeof w.guard);
        w.aim = 0;
        assert_false(world_pair(&w, PROTO_PAIRING_CODE));
        check_refused(PROTO_OK, PROTO_ERR_KEY);
        assert_int_equal(w.guard.wrong, 1);
        assert_int_equal(w.carried, 1);
        w.aim = 1;
        assert_false(world_pair(&w, PROTO_PAIRING_CODE));
        check_refused(PROTO_ERR_KEY, PROTO_OK);
        assert_int_equal(w.carried, 2);
    }
}

static const uint8_t low_order[][32] = {
    {0},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
     0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
};

/* M1 by hand (Noise revision 34, NNpsk0): psk, e, and the empty payload under the key that psk and e give. */
static void forge_m1(uint8_t out[static PROTO_NOISE_HANDSHAKE_OVERHEAD], const uint8_t *psk, const uint8_t *e)
{
    static const char name[] = "Noise_NNpsk0_25519_ChaChaPoly_SHA256";
    uint8_t hash[32], ck[32], okm[96], nonce[12] = {0};
    uint8_t negotiated[32], flags_pin[17] = {0}, prologue[10 + 1 + 16 + 1 + sizeof WORLD_HOST - 1 + 32], *at = prologue;
    unsigned long long tag_len;

    proto_sha256(ck, name, sizeof name - 1);
    memcpy(flags_pin + 1, w.link.ca_fp, 16);
    proto_sha256(negotiated, flags_pin, sizeof flags_pin);
    memcpy(at, "handhold/1\x01", 11);
    assert_ok(proto_invite_link_sid(&w.link, at += 11));
    at += 16;
    *at++ = sizeof WORLD_HOST - 1;
    memcpy(at, WORLD_HOST, sizeof WORLD_HOST - 1);
    memcpy(at + sizeof WORLD_HOST - 1, negotiated, 32);
    proto_sha256_pieces(hash, (const struct proto_piece[]){{ck, 32}, {prologue, sizeof prologue}}, 2);
    assert_ok(proto_hkdf_sha256(ck, 32, psk, 32, NULL, 0, okm, 96));
    memcpy(ck, okm, 32);
    proto_sha256_pieces(hash, (const struct proto_piece[]){{hash, 32}, {okm + 32, 32}}, 2);
    proto_sha256_pieces(hash, (const struct proto_piece[]){{hash, 32}, {e, 32}}, 2);
    assert_ok(proto_hkdf_sha256(ck, 32, e, 32, NULL, 0, okm, 64));
    memcpy(out, e, 32);
    crypto_aead_chacha20poly1305_ietf_encrypt(out + 32, &tag_len, NULL, 0, hash, 32, NULL, nonce, okm + 32);
}

static void a_noise_key_of_low_order_is_refused_even_from_who_has_the_secret(void **state)
{
    uint8_t psk[32], m1[2 + PROTO_NOISE_HANDSHAKE_OVERHEAD] = {PROTO_PAIRING_M1, PROTO_PAIRING_LINK};
    uint8_t m2[1 + PROTO_NOISE_HANDSHAKE_OVERHEAD] = {PROTO_PAIRING_M2}, good[32];
    size_t len;

    (void)state;
    assert_ok(proto_invite_link_psk(&w.link, psk));
    for (size_t i = 0; i < sizeof low_order / sizeof low_order[0]; i++) {
        prepare(PROTO_PAIRING_LINK);
        world_start(&w);
        forge_m1(m1 + 2, psk, low_order[i]);
        assert_int_equal(proto_pairing_feed(w.agent, m1, sizeof m1, w.now), PROTO_ERR_KEY);
        assert_null(proto_pairing_pending(w.agent, &len));
        memcpy(m2 + 1, low_order[i], 32);
        assert_int_equal(proto_pairing_feed(w.customer, m2, sizeof m2, w.now), PROTO_ERR_KEY);
        assert_null(proto_pairing_pending(w.customer, &len));
    }
    prepare(PROTO_PAIRING_LINK); /* and the forgery is a true one: with a good key it is answered */
    world_start(&w);
    assert_int_equal(crypto_scalarmult_base(good, psk), 0);
    forge_m1(m1 + 2, psk, good);
    assert_ok(proto_pairing_feed(w.agent, m1, sizeof m1, w.now));
}

/* Brings the customer's channel to where AUTH_C is due, with the agent waiting for it. */
static void reach_auth_c(enum proto_pairing_mode mode)
{
    prepare(mode);
    run();
    assert_true(proto_pairing_done(w.customer));
    w.customer->state = PROTO_AWAIT_AUTH;
}

static enum proto_err send_auth_c(const struct proto_auth_c *auth, const uint8_t *secret_key, const uint8_t *signature)
{
    struct proto_buf plain;
    size_t len;

    w.customer->channel.send.nonce = 0;
    proto_buf_init(&plain, PROTO_PAIRING_BODY_MAX);
    assert_ok(proto_auth_c_put(auth, w.customer->result.hash, w.customer->auth_a_hash, secret_key, &plain));
    if (signature)
        memcpy(plain.bytes + plain.len - PROTO_SIGNATURE_BYTES, signature, PROTO_SIGNATURE_BYTES);
    assert_ok(proto_pairing_seal(w.customer, &plain));
    proto_buf_free(&plain);
    const uint8_t *bytes = proto_pairing_pending(w.customer, &len);

    return proto_pairing_feed(w.agent, bytes, len, w.now);
}

static bool keep_auth_c(struct world *world, size_t number, struct world_message *message)
{
    (void)number;
    return !(message->to_agent && proto_pairing_done(world->customer));
}

static void a_session_key_of_small_order_is_refused(void **state)
{
    static const uint8_t small[][32] = {{1}, {0}, {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}};
    static const uint8_t trivial[PROTO_SIGNATURE_BYTES] = {1}; /* R = identity, s = 0: OpenSSL takes it */
    uint8_t nonce[16] = {0}, psk[32] = {0};

    (void)state;
    w.relay = keep_auth_c;
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++) {
        struct proto_auth_c auth = {.cs_public = small[i], .n_c = nonce, .resume_psk = psk, .info = nonce};

        reach_auth_c(PROTO_PAIRING_LINK);
        assert_int_equal(send_auth_c(&auth, w.cs_secret, trivial), PROTO_ERR_KEY);
        assert_null(proto_pairing_result(w.agent));
    }
}

/* ---- 8: other certificates ---- */

static void a_chain_of_another_root_with_the_same_names_is_refused(void **state)
{
    struct world_root root;
    struct proto_credential impostor;

    (void)state;
    world_root_init(&root, 77, WORLD_DOMAIN);
    world_issue(&root, 2, "Ada Agent", PROTO_ROLE_AGENT, &impostor);
    prepare(PROTO_PAIRING_LINK);
    w.agent_config.credential = &impostor;
    run();
    check_refused(PROTO_ERR_CERT_CHAIN, PROTO_OK);
    proto_credential_clear(&impostor);
    world_root_clear(&root);
}

static void a_leaf_that_was_taken_back_or_has_the_wrong_role_is_refused(void **state)
{
    struct proto_credential lied = w.agent_credential;

    (void)state;
    prepare(PROTO_PAIRING_LINK);
    w.agent_config.credential = &w.officer_credential;
    run();
    check_refused(PROTO_ERR_CERT_ROLE, PROTO_OK);
    prepare(PROTO_PAIRING_LINK);
    lied.identity.role = PROTO_ROLE_SUPERVISOR; /* AUTH_A says more than the certificate */
    w.agent_config.credential = &lied;
    w.customer_config.roles = ~0u;
    run();
    check_refused(PROTO_ERR_CERT_ROLE, PROTO_OK);
    assert_ok(proto_org_revoke(&w.org, w.agent_credential.identity.serial, WORLD_TIME_S, "lost"));
    w.org.number++;
    world_publish(&w);
    assert_false(world_pair(&w, PROTO_PAIRING_LINK));
    check_refused(PROTO_ERR_CERT_REVOKED, PROTO_OK);
}

static void a_leaf_that_has_ended_is_refused(void **state)
{
    (void)state;
    w.now.unix_ms += (int64_t)29 * 86400 * 1000;
    assert_false(world_pair(&w, PROTO_PAIRING_LINK));
    check_refused(PROTO_ERR_CERT_EXPIRED, PROTO_OK);
}

/* ---- 9: signatures from elsewhere ---- */

/* The customer's end gets AUTH_A with this signature instead of its own. */
static const uint8_t *foreign;
static bool replace_signature(struct world *world, size_t number, struct world_message *message)
{
    struct proto_noise_channel *channel = &world->agent->channel;
    size_t len = message->len - 1;

    if (number != 2)
        return true;
    struct proto_noise_channel reader = *channel;

    reader.receive = channel->send;
    reader.receive.nonce = 0;
    assert_ok(proto_noise_channel_open(&reader, message->bytes + 1, len, message->bytes + 1, len, &len));
    memcpy(message->bytes + 1 + len - PROTO_SIGNATURE_BYTES, foreign, PROTO_SIGNATURE_BYTES);
    channel->send.nonce = 0;
    assert_ok(proto_noise_channel_seal(channel, message->bytes + 1, len, message->bytes + 1, len + 16, &len));
    return true;
}

static void signatures_of_another_kind_do_not_pass_for_auth_a(void **state)
{
    static const char *const labels[] = {"TLS 1.3, client CertificateVerify", "TLS 1.3, server CertificateVerify",
                                         "handhold/1 customer-auth", "handhold/1 gate", "handhold/1 statement"};
    static uint8_t signature[PROTO_SIGNATURE_BYTES]; /* outlives the call: `foreign` keeps it */
    uint8_t digest[32];

    (void)state;
    w.relay = replace_signature;
    foreign = signature;
    for (size_t i = 0; i <= sizeof labels / sizeof labels[0]; i++) {
        prepare(PROTO_PAIRING_LINK);
        world_start(&w);
        memset(digest, (int)i, sizeof digest);
        if (i < sizeof labels / sizeof labels[0]) /* what the agent signs elsewhere, whatever it is about */
            assert_ok(proto_sign_labelled(signature, labels[i], digest, 32, w.agent_credential.secret_key));
        else
            crypto_sign_detached(signature, NULL, digest, sizeof digest, w.agent_credential.secret_key);
        world_carry(&w);
        check_refused(PROTO_ERR_SIGNATURE, PROTO_OK);
    }
}

/* Even over the very bytes that are due, under each label but its own. */
static void auth_a_signed_under_another_label_fails_and_the_other_way_round(void **state)
{
    uint8_t digest[32], signature[PROTO_SIGNATURE_BYTES];
    struct proto_auth_a auth = {.chain_len = 2}, read;
    struct proto_buf plain;
    const uint8_t *key = w.agent_credential.identity.public_key;
    uint8_t hash[32] = {7};

    (void)state;
    proto_credential_chain(&w.agent_credential, auth.chain);
    proto_buf_init(&plain, PROTO_PAIRING_BODY_MAX);
    assert_ok(proto_auth_a_put(&auth, hash, w.agent_credential.secret_key, &plain));
    assert_ok(proto_auth_a_parse(&read, &plain));
    assert_ok(proto_auth_a_verify(&read, &plain, hash, key));
    proto_sha256_pieces(digest, (const struct proto_piece[]){{hash, 32}, {plain.bytes, read.signed_len}}, 2);
    assert_ok(proto_verify_labelled(read.signature, "handhold/1 agent-auth", digest, 32, key));
    assert_int_equal(proto_verify_labelled(read.signature, "TLS 1.3, client CertificateVerify", digest, 32, key),
                     PROTO_ERR_SIGNATURE);
    assert_int_equal(proto_verify_labelled(read.signature, "handhold/1 gate", digest, 32, key), PROTO_ERR_SIGNATURE);
    assert_int_equal(proto_verify_plain(read.signature, digest, 32, key), PROTO_ERR_SIGNATURE);
    assert_ok(
        proto_sign_labelled(signature, "TLS 1.3, client CertificateVerify", digest, 32, w.agent_credential.secret_key));
    memcpy(read.signature, signature, sizeof signature);
    assert_int_equal(proto_auth_a_verify(&read, &plain, hash, key), PROTO_ERR_SIGNATURE);
    hash[0]++;
    assert_ok(proto_auth_a_parse(&read, &plain));
    assert_int_equal(proto_auth_a_verify(&read, &plain, hash, key), PROTO_ERR_SIGNATURE); /* another session */
    proto_buf_free(&plain);
}

static void auth_c_needs_its_own_signature(void **state)
{
    uint8_t nonce[16] = {0}, psk[32] = {0}, other[64], public_key[32], seed[32] = {3}, garbage[64] = {1};
    struct proto_auth_c auth = {.cs_public = w.cs_public, .n_c = nonce, .resume_psk = psk, .info = nonce};

    (void)state;
    proto_sign_keypair(public_key, other, seed);
    w.relay = keep_auth_c;
    reach_auth_c(PROTO_PAIRING_LINK);
    assert_int_equal(send_auth_c(&auth, other, NULL), PROTO_ERR_SIGNATURE);
    reach_auth_c(PROTO_PAIRING_LINK);
    assert_int_equal(send_auth_c(&auth, w.cs_secret, garbage), PROTO_ERR_SIGNATURE);
    reach_auth_c(PROTO_PAIRING_LINK);
    w.customer->auth_a_hash[0] ^= 1; /* signed for another AUTH_A */
    assert_int_equal(send_auth_c(&auth, w.cs_secret, NULL), PROTO_ERR_SIGNATURE);
    reach_auth_c(PROTO_PAIRING_LINK);
    auth.info = (const uint8_t *)"\x1b[2J";
    auth.info_len = 4;
    assert_int_equal(send_auth_c(&auth, w.cs_secret, NULL),
                     PROTO_ERR_FORMAT); /* no control characters for a terminal */
    auth.info_len = 0;
    reach_auth_c(PROTO_PAIRING_LINK);
    assert_ok(send_auth_c(&auth, w.cs_secret, NULL)); /* and all of this is about those things alone */
}

static void the_first_sealed_message_must_be_auth(void **state)
{
    struct proto_buf plain;
    size_t len;

    (void)state;
    w.relay = keep_auth_c;
    reach_auth_c(PROTO_PAIRING_LINK);
    w.customer->channel.send.nonce = 0;
    proto_buf_init(&plain, 64);
    proto_buf_put_u8(&plain, 7); /* a heartbeat */
    assert_ok(proto_pairing_seal(w.customer, &plain));
    proto_buf_free(&plain);
    const uint8_t *bytes = proto_pairing_pending(w.customer, &len);

    assert_int_equal(proto_pairing_feed(w.agent, bytes, len, w.now), PROTO_ERR_STATE);
}

/* ---- rollback: whatever was agreed before Noise, and the notes after it ---- */

static void ends_that_were_told_different_things_do_not_pair(void **state)
{
    struct proto_invite_link other = w.link;
    uint8_t sid[PROTO_SID_BYTES] = {1};

    (void)state;
    prepare(PROTO_PAIRING_LINK);
    other.flags = 1;
    w.agent_config.link = &other;
    run();
    check_refused(PROTO_OK, PROTO_ERR_CRYPTO);
    other = w.link;
    other.ca_fp[15] ^= 1;
    prepare(PROTO_PAIRING_LINK);
    w.customer_config.link = &other;
    run();
    check_refused(PROTO_OK, PROTO_ERR_CRYPTO);
    other = w.link;
    strcpy(other.join_host, "evil.example");
    prepare(PROTO_PAIRING_LINK);
    w.customer_config.link = &other;
    run();
    check_refused(PROTO_OK, PROTO_ERR_CRYPTO);
    prepare(PROTO_PAIRING_CODE);
    w.customer_config.join_host = "evil.example";
    run();
    check_refused(PROTO_OK, PROTO_ERR_CRYPTO);
    prepare(PROTO_PAIRING_CODE);
    w.customer_config.sid = sid;
    run();
    check_refused(PROTO_OK, PROTO_ERR_CRYPTO);
    assert_int_equal(w.guard.wrong, 2); /* a run about something else counts as a guess */
}

static void one_mode_does_not_pass_for_another(void **state)
{
    uint8_t m1[1 + 1 + PROTO_NOISE_HANDSHAKE_OVERHEAD];
    struct proto_resume_keys keys = {0};

    (void)state;
    prepare(PROTO_PAIRING_LINK);
    world_start(&w);
    size_t len;
    const uint8_t *bytes = proto_pairing_pending(w.customer, &len);

    assert_int_equal(len, sizeof m1);
    memcpy(m1, bytes, len);
    for (uint8_t mode = 0; mode < 8; mode++) {
        struct proto_pairing *agent;

        m1[1] = mode;
        assert_ok(proto_pairing_agent_new(&agent, &w.agent_config, w.now));
        assert_int_equal(proto_pairing_feed(agent, m1, len, w.now),
                         mode == PROTO_PAIRING_LINK ? PROTO_OK : PROTO_ERR_FORMAT);
        proto_pairing_free(agent);
    }
    /* The same key under another mode: the link's psk offered as one to resume with. */
    uint8_t psk[32];

    assert_ok(proto_invite_link_psk(&w.link, psk));
    assert_ok(proto_resume_keys_push(&keys, psk));
    assert_true(world_pair(&w, PROTO_PAIRING_LINK));
    world_settle(&w);
    prepare(PROTO_PAIRING_RESUME);
    w.agent_config.resume = &keys;
    world_start(&w);
    m1[1] = PROTO_PAIRING_RESUME;
    uint8_t resume[sizeof m1 + PROTO_RESUME_ID_BYTES];

    memcpy(resume, m1, 2);
    memcpy(resume + 2, keys.newest.id, PROTO_RESUME_ID_BYTES);
    memcpy(resume + 2 + PROTO_RESUME_ID_BYTES, m1 + 2, sizeof m1 - 2);
    assert_int_equal(proto_pairing_feed(w.agent, resume, sizeof resume, w.now), PROTO_ERR_CRYPTO);
    proto_resume_keys_clear(&keys);
}

static void the_relay_can_serve_neither_an_older_note_nor_another_one(void **state)
{
    struct proto_buf old_org = {0}, old_policy = {0};

    (void)state;
    proto_buf_init(&old_org, PROTO_ORG_NOTE_BYTES);
    proto_buf_init(&old_policy, PROTO_POLICY_NOTE_BYTES);
    proto_buf_put(&old_org, w.org_note.bytes, w.org_note.len);
    proto_buf_put(&old_policy, w.policy_note.bytes, w.policy_note.len);
    w.org.number++;
    w.policy.number++;
    world_publish(&w);
    assert_true(world_pair(&w, PROTO_PAIRING_LINK));
    const struct {
        struct proto_buf *org, *policy;
        uint64_t org_min, policy_min;
        enum proto_err want;
    } rows[] = {{&old_org, &w.policy_note, 0, 0, PROTO_ERR_ORG},
                {&w.org_note, &old_policy, 0, 0, PROTO_ERR_POLICY},
                {&w.org_note, &w.policy_note, 5, 0, PROTO_ERR_ORG},
                {&w.org_note, &w.policy_note, 0, 4, PROTO_ERR_POLICY},
                {&w.org_note, &w.policy_note, 4, 3, PROTO_OK}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        prepare(PROTO_PAIRING_LINK);
        w.customer_config.org_note = rows[i].org->bytes;
        w.customer_config.org_note_len = rows[i].org->len;
        w.customer_config.policy_note = rows[i].policy->bytes;
        w.customer_config.policy_note_len = rows[i].policy->len;
        w.customer_config.org_min = rows[i].org_min;
        w.customer_config.policy_min = rows[i].policy_min;
        run();
        if (rows[i].want != PROTO_OK)
            check_refused(rows[i].want, PROTO_OK);
        assert_int_equal(w.customer_err, rows[i].want);
    }
    proto_buf_free(&old_org);
    proto_buf_free(&old_policy);
}

/* Same numbers, another text, signed by the same keys: only the hash in AUTH_A tells. */
static void a_note_of_the_same_number_with_another_text_is_refused(void **state)
{
    struct proto_org org = w.org;
    struct proto_policy policy = w.policy;

    (void)state;
    org.text_hash[0] ^= 1;
    prepare(PROTO_PAIRING_LINK);
    w.agent_config.org = &org;
    run();
    check_refused(PROTO_ERR_ORG, PROTO_OK);
    policy.text_hash[31] ^= 1;
    prepare(PROTO_PAIRING_LINK);
    w.agent_config.policy = &policy;
    run();
    check_refused(PROTO_ERR_POLICY, PROTO_OK);
}

/* ---- 10: used secrets, wrong persons ---- */

static void a_resume_key_that_was_used_or_is_unknown_is_refused(void **state)
{
    struct proto_resume_key old;

    (void)state;
    assert_true(world_pair(&w, PROTO_PAIRING_LINK));
    world_settle(&w);
    old = w.customer_keys.newest;
    assert_true(world_pair(&w, PROTO_PAIRING_RESUME));
    world_settle(&w);
    prepare(PROTO_PAIRING_RESUME);
    w.customer_config.resume_psk = old.psk;
    run();
    check_refused(PROTO_OK, PROTO_ERR_REPLAY);
    assert_true(world_pair(&w, PROTO_PAIRING_RESUME));
}

static void a_resume_whose_last_message_was_lost_works_with_the_key_before(void **state)
{
    (void)state;
    assert_true(world_pair(&w, PROTO_PAIRING_LINK));
    world_settle(&w);
    w.relay = keep_auth_c;
    assert_false(world_pair(&w, PROTO_PAIRING_RESUME)); /* the customer is done, the agent is not */
    assert_ok(proto_resume_keys_push(&w.customer_keys, proto_pairing_result(w.customer)->resume_psk));
    w.relay = NULL;
    assert_false(world_pair(&w, PROTO_PAIRING_RESUME));
    check_refused(PROTO_OK, PROTO_ERR_NOT_FOUND);
    prepare(PROTO_PAIRING_RESUME);
    w.customer_config.resume_psk = w.customer_keys.previous.psk;
    run();
    assert_true(proto_pairing_done(w.agent));
    proto_resume_keys_confirm(&w.customer_keys);
    assert_false(w.customer_keys.previous.set);
}

static void a_resume_by_another_leaf_or_another_session_key_is_refused(void **state)
{
    struct proto_credential colleague;
    uint8_t other[64], public_key[32], seed[32] = {8};

    (void)state;
    world_issue(&w.root, 40, "Ada Agent", PROTO_ROLE_AGENT, &colleague);
    assert_true(world_pair(&w, PROTO_PAIRING_LINK));
    world_settle(&w);
    prepare(PROTO_PAIRING_RESUME);
    w.agent_config.credential = &colleague;
    run();
    check_refused(PROTO_ERR_CERT_CHAIN, PROTO_OK);
    prepare(PROTO_PAIRING_RESUME);
    proto_sign_keypair(public_key, other, seed);
    w.customer_config.cs_secret_key = other;
    run();
    assert_int_equal(w.agent_err, PROTO_ERR_STATE);
    assert_null(proto_pairing_result(w.agent));
    proto_credential_clear(&colleague);
}

/* The relay has the link and joins as the customer; the true customer is joined to an impostor of the agent, who would
 * have to be of the same root. The words differ, and no nonce that would make them equal fits the commitment. */
static void words_differ_between_two_pairings_and_grinding_fails_on_the_commitment(void **state)
{
    const char *stolen[PROTO_CHECK_WORDS], *true_words[PROTO_CHECK_WORDS];
    struct proto_check check;
    uint8_t n_a[PROTO_CHECK_NONCE_BYTES];

    (void)state;
    assert_true(world_pair(&w, PROTO_PAIRING_LINK));
    assert_ok(proto_check_words(&proto_pairing_result(w.agent)->check, stolen));
    assert_true(world_pair(&w, PROTO_PAIRING_LINK));
    assert_ok(proto_check_words(&proto_pairing_result(w.agent)->check, true_words));
    bool same = true;

    for (int i = 0; i < PROTO_CHECK_WORDS; i++)
        same = same && !strcmp(stolen[i], true_words[i]);
    assert_false(same);
    check = proto_pairing_result(w.customer)->check;
    for (int i = 0; i < 1000; i++) {
        proto_random_fill(&w.random, n_a, sizeof n_a);
        assert_int_equal(proto_check_reveal(&check, n_a), PROTO_ERR_CRYPTO);
        assert_false(check.revealed);
    }
    assert_ok(proto_check_reveal(&check, proto_pairing_result(w.agent)->check.n_a));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_relay_that_swaps_the_ephemeral_keys_gets_nothing),
        CASE(a_relay_that_runs_both_halves_without_the_secret_gets_nothing),
        CASE(with_the_leaked_secret_auth_a_of_another_handshake_fails_and_auth_c_is_never_sent),
        CASE(with_the_leaked_secret_a_chain_without_its_key_fails_and_auth_c_is_never_sent),
        CASE(three_wrong_tags_burn_the_code),
        CASE(two_wrong_tags_leave_the_third_try_to_the_customer),
        CASE(a_recorded_run_tells_nothing_about_the_code),
        CASE(a_second_joiner_waits_and_a_repeated_nonce_is_refused),
        CASE(a_run_that_hangs_loses_its_turn_after_ten_seconds),
        CASE(a_cpace_share_that_is_no_point_or_the_identity_is_refused_and_counted),
        CASE(a_noise_key_of_low_order_is_refused_even_from_who_has_the_secret),
        CASE(a_session_key_of_small_order_is_refused),
        CASE(a_chain_of_another_root_with_the_same_names_is_refused),
        CASE(a_leaf_that_was_taken_back_or_has_the_wrong_role_is_refused),
        CASE(a_leaf_that_has_ended_is_refused),
        CASE(signatures_of_another_kind_do_not_pass_for_auth_a),
        CASE(auth_a_signed_under_another_label_fails_and_the_other_way_round),
        CASE(auth_c_needs_its_own_signature),
        CASE(the_first_sealed_message_must_be_auth),
        CASE(ends_that_were_told_different_things_do_not_pair),
        CASE(one_mode_does_not_pass_for_another),
        CASE(the_relay_can_serve_neither_an_older_note_nor_another_one),
        CASE(a_note_of_the_same_number_with_another_text_is_refused),
        CASE(a_resume_key_that_was_used_or_is_unknown_is_refused),
        CASE(a_resume_whose_last_message_was_lost_works_with_the_key_before),
        CASE(a_resume_by_another_leaf_or_another_session_key_is_refused),
        CASE(words_differ_between_two_pairings_and_grinding_fails_on_the_commitment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
