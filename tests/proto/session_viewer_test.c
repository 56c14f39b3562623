/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's end against a customer's end, or an expert with its keys, that cheats: statements that are altered,
 * replayed or signed by another; keys that no statement commits to. What the cheat sends is sealed rightly: only its
 * content is wrong.
 */
#include "tests/proto/test.h"

#include "proto/seal/kdf.h"
#include "tests/proto/session_test.h"

#include <sodium.h>
#include <string.h>

enum { KEY_RELEASE_BYTES = 78 };

static uint8_t release[KEY_RELEASE_BYTES];
static handhold_Statement statements[16];
static size_t statement_count;

/* Keeps what the customer's end seals: the last key release and all statements. */
static bool listen(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    static uint8_t plain[PROTO_MAX_CONTROL_BYTES];
    struct proto_noise_channel channel = world->agent->pair.channel;
    enum proto_control msg;
    const uint8_t *body;
    size_t plain_len, body_len;

    if (!from_customer || bytes[0] != PROTO_TYPE_CONTROL || !world->agent->pair.up ||
        proto_noise_channel_open(&channel, bytes + 4, len - 4, plain, sizeof plain, &plain_len) ||
        proto_control_parse(plain, plain_len, &msg, &body, &body_len))
        return true;
    if (msg == PROTO_CONTROL_KEY_RELEASE && body_len == sizeof release)
        memcpy(release, body, sizeof release);
    if (msg == PROTO_CONTROL_STATEMENT && statement_count < 16)
        assert_ok(proto_message_decode(body, body_len, handhold_Statement_fields, &statements[statement_count++],
                                       sizeof *statements));
    return true;
}

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 17);
    statement_count = 0;
    sw.hand = listen;
    sw_join(&sw);
    return 0;
}

static struct held *held_of(enum proto_capability capability)
{
    return &sw.agent->held[capability];
}

static void send_statement(const handhold_Statement *m)
{
    pair_send_message(sw.customer, PROTO_CONTROL_STATEMENT, handhold_Statement_fields, m);
    sw_carry(&sw);
}

static void send_release(const uint8_t bytes[static KEY_RELEASE_BYTES])
{
    pair_send(sw.customer, PROTO_CONTROL_KEY_RELEASE, bytes, KEY_RELEASE_BYTES);
    sw_carry(&sw);
}

static void assert_alarms(size_t count)
{
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_ALARM), count);
}

/* A note of the customer's chain, as it would be next, altered by the caller and signed with `secret`. */
static struct proto_statement next_statement(enum proto_statement_action action, enum proto_capability capability)
{
    struct proto_statement st = {
        .seq = sw.agent->stmt_seq + 1,
        .first = sw.agent->stmt_seq == 0,
        .unix_s = sw.now.unix_ms / 1000,
        .action = action,
        .capability = capability,
        .role = sw.agent->agent.role,
        .verified = true,
        .epoch = 1,
        .max_s = 60,
        .has_key = action == PROTO_STATEMENT_GRANT || action == PROTO_STATEMENT_REKEY,
        .purpose = "to see the lamp",
    };

    memcpy(st.sid, sw.sid, sizeof st.sid);
    memcpy(st.prev, sw.agent->stmt_prev, sizeof st.prev);
    memcpy(st.grantee, sw.agent->agent.fingerprint, sizeof st.grantee);
    strcpy(st.domain, WORLD_DOMAIN);
    proto_statement_shown(st.ui_text, capability, st.purpose, st.max_s);
    return st;
}

static handhold_Statement sign_statement(const struct proto_statement *st, const uint8_t secret[static 64])
{
    handhold_Statement m = {.seq = st->seq};
    struct proto_buf text, note;

    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    proto_buf_init(&note, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_statement_write(st, &text));
    assert_ok(proto_note_make((const char *)text.bytes, text.len, sw.customer->outbox.signer, secret, &note));
    assert_ok(PROTO_SET_BYTES(m.note, note.bytes, note.len));
    proto_buf_free(&text);
    proto_buf_free(&note);
    return m;
}

/* ---- keys ---- */

/* For grants a rogue customer makes by hand: statement and key as they should be, for `capability` under `epoch`. */
static void rogue_grant(enum proto_capability capability, uint32_t epoch, uint8_t stream, uint8_t fill,
                        uint8_t out[static KEY_RELEASE_BYTES])
{
    struct proto_statement st = next_statement(PROTO_STATEMENT_GRANT, capability);
    uint8_t key[32], text_hash[32];
    struct proto_buf text, body;

    memset(key, fill, sizeof key);
    st.epoch = epoch;
    proto_key_commit(st.key_commit, proto_kid(epoch, 1, stream), key);
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_statement_write(&st, &text));
    proto_sha256(text_hash, text.bytes, text.len);
    proto_buf_free(&text);
    handhold_Statement m = sign_statement(&st, sw.customer->cs_secret);
    send_statement(&m);
    proto_buf_init(&body, KEY_RELEASE_BYTES);
    proto_buf_put_u8(&body, (uint8_t)capability);
    proto_buf_put_u8(&body, PROTO_CLASS_VIDEO);
    proto_buf_put_u8(&body, 1);
    proto_buf_put_u8(&body, stream);
    proto_buf_put_u32(&body, epoch);
    proto_buf_put_u16(&body, PROTO_SFRAME_AES_256_GCM_SHA512_128);
    proto_buf_put_u32(&body, 60);
    proto_buf_put(&body, key, sizeof key);
    proto_buf_put(&body, text_hash, sizeof text_hash);
    memcpy(out, body.bytes, KEY_RELEASE_BYTES);
    proto_buf_free(&body);
}

static void a_key_without_a_statement_is_thrown_away(void **state)
{
    uint8_t bytes[KEY_RELEASE_BYTES] = {CAMERA, PROTO_CLASS_VIDEO, 1, 9, 0, 0, 0, 1, 0, 5};

    (void)state;
    send_release(bytes);
    assert_alarms(1);
    assert_null(held_of(CAMERA)->now.key);
    sw_request(&sw, CAMERA); /* asked for, but not granted */
    send_release(bytes);
    assert_alarms(2);
    assert_null(held_of(CAMERA)->now.key);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_REQUESTED);
}

static void a_key_that_differs_from_its_statement_in_any_byte_is_thrown_away(void **state)
{
    uint8_t bytes[KEY_RELEASE_BYTES], spoilt[KEY_RELEASE_BYTES];
    size_t alarms = 0;

    (void)state;
    sw_request(&sw, CAMERA);
    rogue_grant(CAMERA, 5, 33, 0x44, bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i == 1 || (i >= 10 && i < 14))
            continue; /* class and ttl are hints: the frame's header and the withdrawal say it under seal */
        memcpy(spoilt, bytes, sizeof spoilt);
        spoilt[i] ^= 1;
        send_release(spoilt);
        assert_alarms(++alarms);
        for (int c = 1; c < PROTO_CAPABILITY_COUNT; c++)
            assert_null(sw.agent->held[c].now.key);
    }
    pair_send(sw.customer, PROTO_CONTROL_KEY_RELEASE, bytes, sizeof bytes - 1);
    sw_carry(&sw);
    assert_alarms(++alarms);
    send_release(bytes); /* and the true one is taken: what came before spoilt nothing */
    assert_alarms(alarms);
    assert_non_null(held_of(CAMERA)->now.key);
}

static void two_keys_for_one_name_are_refused(void **state)
{
    (void)state;
    sw_grant(&sw, CAMERA);
    struct proto_sframe_key *key = held_of(CAMERA)->now.key;
    send_release(release); /* the same once more */
    assert_alarms(1);
    release[14] ^= 0x80; /* another base key under the same KID and statement */
    send_release(release);
    assert_alarms(2);
    assert_ptr_equal(held_of(CAMERA)->now.key, key);
    assert_ok(sw_push(&sw, CAMERA, "still the first key", true));
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, "still the first key");
}

static void a_key_that_was_withdrawn_does_not_come_back(void **state)
{
    (void)state;
    sw_grant(&sw, CAMERA);
    assert_ok(proto_session_withdraw(sw.customer, CAMERA, sw.now));
    sw_carry(&sw);
    assert_null(held_of(CAMERA)->now.key);
    send_release(release);
    assert_alarms(1);
    assert_null(held_of(CAMERA)->now.key);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_WITHDRAWN);
}

static void only_the_customers_end_releases_and_retires_keys(void **state)
{
    handhold_KeyRetire retire = {.kid = 1};

    (void)state;
    sw_grant(&sw, CAMERA);
    pair_send_message(sw.agent, PROTO_CONTROL_KEY_RETIRE, handhold_KeyRetire_fields, &retire); /* the wrong way round */
    sw_carry(&sw);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ALARM), 1);
    sw_pass(&sw, 2500); /* the pair was closed and stands again */
    assert_true(sw.customer->pair.up);
}

/* ---- statements ---- */

static void a_grant_that_nobody_asked_for_is_not_taken(void **state)
{
    uint8_t bytes[KEY_RELEASE_BYTES];

    (void)state;
    rogue_grant(CAMERA, 5, 33, 0x44, bytes);
    assert_alarms(1);
    send_release(bytes);
    assert_alarms(2);
    assert_null(held_of(CAMERA)->now.key);
}

static void a_replayed_grant_changes_nothing(void **state)
{
    (void)state;
    sw_grant(&sw, CAMERA);
    assert_int_equal(statement_count, 1);
    assert_ok(proto_session_withdraw(sw.customer, CAMERA, sw.now));
    sw_carry(&sw);
    uint32_t seq = sw.agent->stmt_seq;
    send_statement(&statements[0]); /* by its number it came before: acknowledged again, not applied again */
    assert_int_equal(sw.agent->stmt_seq, seq);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_WITHDRAWN);
    handhold_Statement renumbered = statements[0];
    renumbered.seq = seq + 1; /* the number outside is not the one that is signed */
    send_statement(&renumbered);
    assert_alarms(1);
    assert_int_equal(sw.agent->stmt_seq, seq);
    sw_request(&sw, CAMERA);
    send_statement(&statements[0]); /* even while it is asked for */
    send_release(release);
    assert_null(held_of(CAMERA)->now.key);
}

static void a_statement_out_of_order_or_beside_the_chain_is_not_taken(void **state)
{
    (void)state;
    sw_request(&sw, CAMERA);
    struct proto_statement st = next_statement(PROTO_STATEMENT_GRANT, CAMERA);
    st.seq = 2; /* a gap */
    st.first = false;
    handhold_Statement m = sign_statement(&st, sw.customer->cs_secret);
    send_statement(&m);
    assert_alarms(1);
    st = next_statement(PROTO_STATEMENT_GRANT, CAMERA);
    st.first = false; /* the first has no one before it */
    memset(st.prev, 7, sizeof st.prev);
    m = sign_statement(&st, sw.customer->cs_secret);
    send_statement(&m);
    assert_alarms(2);
    assert_int_equal(sw.agent->stmt_seq, 0);
    assert_ok(proto_session_grant(sw.customer, CAMERA, sw.now));
    sw_carry(&sw);
    assert_int_equal(sw.agent->stmt_seq, 1);
    sw_request(&sw, MICROPHONE);
    st = next_statement(PROTO_STATEMENT_GRANT, MICROPHONE);
    st.prev[0] ^= 1; /* another past */
    m = sign_statement(&st, sw.customer->cs_secret);
    send_statement(&m);
    st = next_statement(PROTO_STATEMENT_GRANT, MICROPHONE);
    st.first = true; /* no past at all */
    memset(st.prev, 0, sizeof st.prev);
    m = sign_statement(&st, sw.customer->cs_secret);
    send_statement(&m);
    assert_alarms(4);
    assert_int_equal(sw.agent->stmt_seq, 1);
    assert_int_equal(held_of(MICROPHONE)->epoch, 0);
}

static void a_statement_that_was_edited_or_signed_by_another_is_not_taken(void **state)
{
    uint8_t other[64], public[32], seed[32] = {3};

    (void)state;
    sw_request(&sw, CAMERA);
    struct proto_statement st = next_statement(PROTO_STATEMENT_GRANT, CAMERA);
    crypto_sign_seed_keypair(public, other, seed);
    handhold_Statement m = sign_statement(&st, other);
    send_statement(&m);
    assert_alarms(1);
    handhold_Statement good = sign_statement(&st, sw.customer->cs_secret);
    size_t text_len =
        (size_t)((const uint8_t *)memmem(good.note.bytes, good.note.size, "\n\n", 2) - good.note.bytes) + 1;
    for (size_t i = 0; i < text_len; i += 7) {
        m = good;
        m.note.bytes[i] ^= 1;
        send_statement(&m);
    }
    assert_alarms(1 + (text_len + 6) / 7);
    assert_int_equal(sw.agent->stmt_seq, 0);
    assert_int_equal(held_of(CAMERA)->epoch, 0);
    send_statement(&good);
    assert_int_equal(sw.agent->stmt_seq, 1);
}

/* The customer was shown other words than those that would be signed for. */
static void a_grant_of_other_words_than_were_shown_is_not_taken(void **state)
{
    (void)state;
    sw_request(&sw, CAMERA);
    struct proto_statement st = next_statement(PROTO_STATEMENT_GRANT, CAMERA);
    proto_statement_shown(st.ui_text, MICROPHONE, st.purpose, st.max_s);
    handhold_Statement m = sign_statement(&st, sw.customer->cs_secret);
    send_statement(&m);
    assert_alarms(1);
    assert_int_equal(sw.agent->stmt_seq, 0);
}

static void a_statement_of_another_session_or_for_somebody_else_is_not_taken(void **state)
{
    size_t alarms = 0;

    (void)state;
    sw_request(&sw, CAMERA);
    for (int i = 0; i < 4; i++) {
        struct proto_statement st = next_statement(PROTO_STATEMENT_GRANT, CAMERA);
        if (i == 0)
            st.sid[0] ^= 1;
        else if (i == 1)
            st.grantee[0] ^= 1;
        else if (i == 2)
            st.role = PROTO_ROLE_SUPERVISOR;
        else
            strcpy(st.domain, "example.net");
        handhold_Statement m = sign_statement(&st, sw.customer->cs_secret);
        send_statement(&m);
        assert_alarms(++alarms);
    }
    assert_int_equal(sw.agent->stmt_seq, 0);
}

static void a_rekey_needs_a_grant_and_a_higher_epoch(void **state)
{
    (void)state;
    struct proto_statement st = next_statement(PROTO_STATEMENT_REKEY, CAMERA);
    st.everyone = true;
    handhold_Statement m = sign_statement(&st, sw.customer->cs_secret);
    send_statement(&m); /* it stands in the chain, but gives nothing */
    assert_alarms(1);
    assert_int_equal(held_of(CAMERA)->epoch, 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sw_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_key_without_a_statement_is_thrown_away),
        CASE(a_key_that_differs_from_its_statement_in_any_byte_is_thrown_away),
        CASE(two_keys_for_one_name_are_refused),
        CASE(a_key_that_was_withdrawn_does_not_come_back),
        CASE(only_the_customers_end_releases_and_retires_keys),
        CASE(a_grant_that_nobody_asked_for_is_not_taken),
        CASE(a_replayed_grant_changes_nothing),
        CASE(a_statement_out_of_order_or_beside_the_chain_is_not_taken),
        CASE(a_statement_that_was_edited_or_signed_by_another_is_not_taken),
        CASE(a_grant_of_other_words_than_were_shown_is_not_taken),
        CASE(a_statement_of_another_session_or_for_somebody_else_is_not_taken),
        CASE(a_rekey_needs_a_grant_and_a_higher_epoch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
