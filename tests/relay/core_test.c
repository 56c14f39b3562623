/* SPDX-License-Identifier: Apache-2.0 */
/* Seats: who gets in, who comes back, how a session ends, what a restart keeps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/core/limits.h"
#include "tests/relay/core_fixture.h"

static void a_session_is_opened_only_when_the_log_has_it(void **state)
{
    struct session s;
    uint32_t agent = world_connect(&w, &w.staff[0], NULL), customer = world_connect(&w, NULL, NULL);
    (void)state;

    assert_ok(session_hello_staff(&w, agent));
    assert_non_null(world_hear(&w, agent, handhold_FromRelay_welcome_tag));
    assert_ok(session_ask(&w, &s, agent));
    assert_null(world_hear(&w, agent, handhold_FromRelay_opened_tag));
    assert_int_equal(session_hello_sid(&w, &s, customer), PROTO_ERR_NOT_FOUND);
    world_work(&w);
    assert_non_null(world_hear(&w, agent, handhold_FromRelay_opened_tag));
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_CREATED), 1);
    assert_int_equal(world_row(&w, s.sid)->state, RELAY_STORE_WAITING);
    assert_string_equal(world_row(&w, s.sid)->agent_id, "staff0");
}

static void a_customer_joins_by_link_and_hears_who_runs_this(void **state)
{
    struct session s;
    (void)state;

    session_open(&w, &s, NULL);
    s.customer = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_sid(&w, &s, s.customer));
    const handhold_Welcome *welcome = &world_hear(&w, s.customer, handhold_FromRelay_welcome_tag)->body.welcome;
    assert_int_equal(welcome->index, PROTO_INDEX_CUSTOMER);
    assert_memory_equal(welcome->sid.bytes, s.sid, sizeof s.sid);
    assert_string_equal(welcome->join_host, "relay.example.org");
    assert_string_equal(welcome->org_note, "the organisation's note");
    assert_string_equal(welcome->policy_note, "the policy's note");
    assert_string_equal(welcome->checkpoint, "checkpoint 1");
    assert_int_equal(welcome->peers_count, 1);
    assert_true(welcome->peers[0].present && welcome->peers[0].index == PROTO_INDEX_AGENT);
    const handhold_FromRelay *heard = world_hear(&w, s.agent, handhold_FromRelay_peer_tag);
    assert_true(heard->body.peer.present && heard->body.peer.index == PROTO_INDEX_CUSTOMER);
    assert_int_equal(heard->body.peer.connection, 1);
}

static void a_customer_joins_by_code_and_learns_the_session(void **state)
{
    struct session s;
    (void)state;

    session_open(&w, &s, NULL);
    assert_int_equal(strlen(s.nameplate), 3);
    assert_true(s.nameplate[0] != '0');
    s.customer = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_code(&w, &s, s.customer, s.nameplate));
    const handhold_FromRelay *heard = world_hear(&w, s.customer, handhold_FromRelay_welcome_tag);
    assert_memory_equal(heard->body.welcome.sid.bytes, s.sid, sizeof s.sid);
}

static void a_code_is_gone_when_the_pair_is_confirmed(void **state)
{
    struct session s;
    uint32_t late;
    (void)state;

    session_live(&w, &s);
    late = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_code(&w, &s, late, s.nameplate), PROTO_ERR_NOT_FOUND);
}

static void a_code_runs_out_before_the_link_does(void **state)
{
    struct session s;
    uint32_t late;
    (void)state;

    session_open(&w, &s, NULL);
    w.now.mono_ms += 300000; /* even before the tick */
    late = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_code(&w, &s, late, s.nameplate), PROTO_ERR_NOT_FOUND);
    session_join(&w, &s);
}

static void nameplates_grow_with_the_load_and_are_never_used_twice(void **state)
{
    struct session *all = calloc(700, sizeof *all);
    unsigned longer = 0;
    (void)state;

    w.limits.sessions_per_staff = w.limits.waiting_per_staff = 1000;
    w.limits.opens_per_staff_minute = 1000;
    w.limits.connections_per_staff = 1000;
    relay_core_free(w.core);
    world_begin(&w);
    w.keeps_nothing = true;
    for (int i = 0; i < 700; i++) {
        session_open(&w, &all[i], NULL);
        longer += strlen(all[i].nameplate) == 4;
        for (int j = 0; j < i; j++)
            assert_string_not_equal(all[i].nameplate, all[j].nameplate);
    }
    assert_int_equal(longer, 400);
    free(all);
}

static void a_second_customer_is_refused_and_the_agent_is_told(void **state)
{
    struct session s;
    (void)state;

    session_open(&w, &s, NULL);
    session_join(&w, &s);
    world_silence(&w, s.agent);
    uint32_t second = world_connect(&w, NULL, "192.0.2.9");
    assert_int_equal(session_hello_sid(&w, &s, second), PROTO_ERR_BUSY);
    world_expect_error(&w, second, PROTO_ERR_BUSY, true);
    assert_true(world_closing(&w, second));
    world_expect_error(&w, s.agent, PROTO_ERR_BUSY, false);
}

static void a_confirmed_customer_keeps_the_seat_also_while_away(void **state)
{
    struct session s;
    (void)state;

    session_live(&w, &s);
    relay_core_closed(w.core, s.customer, w.now);
    uint32_t second = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_sid(&w, &s, second), PROTO_ERR_BUSY);
    world_expect_error(&w, s.agent, PROTO_ERR_BUSY, false);
    uint32_t back = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_token(&w, &s, back, s.customer_token));
}

static void a_stranger_who_leaves_before_being_confirmed_frees_the_seat(void **state)
{
    struct session stranger, s;
    (void)state;

    session_open(&w, &s, NULL);
    stranger = s;
    session_join(&w, &stranger);
    relay_core_closed(w.core, stranger.customer, w.now);
    session_join(&w, &s);
    assert_memory_not_equal(stranger.customer_token, s.customer_token, 32);
    uint32_t back = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_token(&w, &s, back, stranger.customer_token), PROTO_ERR_NOT_FOUND);
}

static void a_stranger_cannot_end_what_is_meant_for_somebody_else(void **state)
{
    struct session s;
    (void)state;

    session_open(&w, &s, NULL);
    session_join(&w, &s);
    assert_ok(session_leave(&w, s.customer, PROTO_INDEX_CUSTOMER, PROTO_END_DECLINED));
    const handhold_FromRelay *heard = world_hear(&w, s.customer, handhold_FromRelay_ended_tag);
    assert_int_equal(heard->body.ended.reason, PROTO_END_DECLINED);
    assert_null(world_hear(&w, s.agent, handhold_FromRelay_ended_tag));
    session_join(&w, &s);
}

static void the_agent_comes_back_by_token_and_hears_the_key_that_the_relay_holds(void **state)
{
    struct session s;
    (void)state;

    session_live(&w, &s);
    relay_core_closed(w.core, s.agent, w.now);
    const handhold_FromRelay *heard = world_hear(&w, s.customer, handhold_FromRelay_peer_tag);
    assert_false(heard->body.peer.present);
    s.agent = world_connect(&w, &w.staff[0], NULL);
    assert_ok(session_hello_token(&w, &s, s.agent, s.agent_token));
    heard = world_hear(&w, s.agent, handhold_FromRelay_welcome_tag);
    assert_true(heard->body.welcome.returned);
    assert_int_equal(heard->body.welcome.index, PROTO_INDEX_AGENT);
    assert_memory_equal(heard->body.welcome.session_key.bytes, s.cs_public, 32);
    heard = world_hear(&w, s.customer, handhold_FromRelay_peer_tag);
    assert_true(heard->body.peer.present);
    assert_int_equal(heard->body.peer.connection, 2);
    world_work(&w);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_LOST), 1);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_RETURNED), 1);
}

static void a_token_is_worth_nothing_to_anybody_else(void **state)
{
    struct session s, other;
    (void)state;

    session_live(&w, &s);
    uint32_t colleague = world_connect(&w, &w.staff[1], NULL);
    assert_int_equal(session_hello_token(&w, &s, colleague, s.agent_token), PROTO_ERR_REFUSED);
    uint32_t outside = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_token(&w, &s, outside, s.agent_token), PROTO_ERR_REFUSED);
    uint32_t inside = world_connect(&w, &w.staff[0], NULL);
    assert_int_equal(session_hello_token(&w, &s, inside, s.customer_token), PROTO_ERR_REFUSED);
    other = s;
    other.cs_public[0] ^= 1;
    uint32_t thief = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_token(&w, &other, thief, s.customer_token), PROTO_ERR_REFUSED);
    for (unsigned bit = 0; bit < 256; bit += 7) {
        uint8_t token[32];
        memcpy(token, s.customer_token, sizeof token);
        token[bit / 8] ^= (uint8_t)(1 << bit % 8);
        uint32_t guess = world_connect(&w, NULL, bit % 2 ? "192.0.2.2" : "192.0.2.3");
        enum proto_err err = session_hello_token(&w, &s, guess, token);
        assert_true(err == PROTO_ERR_NOT_FOUND || err == PROTO_ERR_BUSY);
    }
    assert_null(world_hear(&w, s.customer, handhold_FromRelay_error_tag));
}

static void the_newest_connection_of_a_token_replaces_the_older(void **state)
{
    struct session s;
    (void)state;

    session_live(&w, &s);
    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    uint32_t newer = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_token(&w, &s, newer, s.customer_token));
    world_expect_error(&w, s.customer, PROTO_ERR_EXISTS, true);
    assert_true(world_closing(&w, s.customer));
    assert_true(world_hear(&w, newer, handhold_FromRelay_welcome_tag)->body.welcome.returned);
    assert_int_equal(world_hear(&w, s.agent, handhold_FromRelay_peer_tag)->body.peer.connection, 2);
    relay_core_closed(w.core, s.customer, w.now); /* the older one's end changes nothing */
    assert_null(world_hear(&w, s.agent, handhold_FromRelay_peer_tag));
    world_work(&w);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_GATE_CLOSED), 1);
}

static void staff_without_a_certificate_and_customers_with_one_are_refused(void **state)
{
    struct session s;
    (void)state;

    session_open(&w, &s, NULL);
    uint32_t outside = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_staff(&w, outside), PROTO_ERR_REFUSED);
    uint32_t inside = world_connect(&w, &w.staff[1], NULL);
    assert_int_equal(session_hello_sid(&w, &s, inside), PROTO_ERR_STATE);
}

static void a_session_key_of_small_order_is_refused_at_the_door(void **state)
{
    struct session s;
    (void)state;

    session_open(&w, &s, NULL);
    memset(s.cs_public, 0, sizeof s.cs_public);
    s.cs_public[0] = 1; /* the identity */
    s.customer = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_sid(&w, &s, s.customer), PROTO_ERR_KEY);
}

static void each_end_may_say_only_what_it_can_know(void **state)
{
    static const struct {
        uint8_t index;
        enum proto_end said, meant;
    } cases[] = {
        {1, PROTO_END_COMPLETED, PROTO_END_COMPLETED},      {1, PROTO_END_DECLINED, PROTO_END_DECLINED},
        {1, PROTO_END_AGENT_LEFT, PROTO_END_CUSTOMER_LEFT}, {1, PROTO_END_STOPPED_BY_OFFICER, PROTO_END_CUSTOMER_LEFT},
        {2, PROTO_END_COMPLETED, PROTO_END_COMPLETED},      {2, PROTO_END_WRONG_PERSON, PROTO_END_WRONG_PERSON},
        {2, PROTO_END_DECLINED, PROTO_END_AGENT_LEFT},      {2, (enum proto_end)77, PROTO_END_AGENT_LEFT},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct session s;
        session_live(&w, &s);
        assert_ok(session_leave(&w, cases[i].index == 1 ? s.customer : s.agent, cases[i].index, cases[i].said));
        for (int end_index = 1; end_index <= 2; end_index++) {
            const handhold_FromRelay *heard =
                world_hear(&w, end_index == 1 ? s.customer : s.agent, handhold_FromRelay_ended_tag);
            assert_int_equal(heard->body.ended.reason, cases[i].meant);
            assert_int_equal(heard->body.ended.by, cases[i].index);
        }
        world_work(&w);
        assert_int_equal(world_row(&w, s.sid)->state, RELAY_STORE_ENDED);
        assert_string_equal(world_row(&w, s.sid)->ended_reason, proto_end_name(cases[i].meant));
        assert_int_equal(world_count(&w, s.sid, PROTO_ACT_ENDED), 1);
    }
}

static void both_connections_close_when_a_session_has_ended(void **state)
{
    struct session s;
    (void)state;

    session_live(&w, &s);
    assert_ok(session_leave(&w, s.agent, PROTO_INDEX_AGENT, PROTO_END_COMPLETED));
    assert_true(world_closing(&w, s.customer));
    assert_ok(session_leave(&w, s.customer, PROTO_INDEX_CUSTOMER, PROTO_END_COMPLETED)); /* crossed on the way */
}

/* Nobody who was away when it ended is told that there never was such a session. */
static void whoever_was_away_at_the_end_hears_why_it_ended(void **state)
{
    static const uint8_t other_secret[32] = {1};
    uint32_t back;
    (void)state;

    for (uint8_t gone = PROTO_INDEX_CUSTOMER; gone <= PROTO_INDEX_AGENT; gone++) {
        bool customer = gone == PROTO_INDEX_CUSTOMER;
        struct session s;

        session_live(&w, &s);
        const uint8_t *token = customer ? s.customer_token : s.agent_token;
        relay_core_closed(w.core, customer ? s.customer : s.agent, w.now);
        assert_ok(session_leave(&w, customer ? s.agent : s.customer, (uint8_t)(3 - gone), PROTO_END_COMPLETED));
        world_work(&w);
        back = world_connect(&w, customer ? NULL : &w.staff[0], NULL);
        assert_ok(session_hello_token(&w, &s, back, token));
        const handhold_FromRelay *heard = world_hear(&w, back, handhold_FromRelay_ended_tag);
        assert_int_equal(heard->body.ended.reason, PROTO_END_COMPLETED);
        assert_int_equal(heard->body.ended.by, 3 - gone);
        assert_true(world_closing(&w, back));
        uint8_t guessed[32];
        memcpy(guessed, token, sizeof guessed);
        memcpy(guessed + 16, other_secret, sizeof guessed - 16);
        back = world_connect(&w, NULL, NULL);
        assert_int_equal(session_hello_token(&w, &s, back, guessed), PROTO_ERR_NOT_FOUND);
        assert_null(world_hear(&w, back, handhold_FromRelay_ended_tag));
    }
}

static void an_end_that_stays_away_ends_the_session_as_lost(void **state)
{
    (void)state;

    for (int gone = 1; gone <= 2; gone++) {
        struct session s;
        session_live(&w, &s);
        relay_core_closed(w.core, gone == 1 ? s.customer : s.agent, w.now);
        world_pass(&w, 59999);
        world_work(&w);
        assert_int_equal(world_row(&w, s.sid)->state, RELAY_STORE_LIVE);
        world_pass(&w, 1);
        world_work(&w);
        assert_string_equal(world_row(&w, s.sid)->ended_reason, "connection-lost");
        const handhold_FromRelay *heard =
            world_hear(&w, gone == 1 ? s.agent : s.customer, handhold_FromRelay_ended_tag);
        assert_int_equal(heard->body.ended.reason, PROTO_END_CONNECTION_LOST);
        assert_int_equal(heard->body.ended.by, PROTO_INDEX_RELAY);
    }
}

static void the_policy_may_shorten_the_grace_time(void **state)
{
    struct session s;
    (void)state;

    w.policy.grace_s = 5;
    relay_core_free(w.core);
    world_begin(&w);
    session_live(&w, &s);
    relay_core_closed(w.core, s.customer, w.now);
    world_pass(&w, 5000);
    assert_non_null(world_hear(&w, s.agent, handhold_FromRelay_ended_tag));
}

static void an_invitation_nobody_uses_expires_and_a_session_lasts_four_hours(void **state)
{
    struct session waiting, live;
    (void)state;

    session_open(&w, &waiting, NULL);
    session_live(&w, &live);
    world_pass(&w, 600000);
    assert_int_equal(world_hear(&w, waiting.agent, handhold_FromRelay_ended_tag)->body.ended.reason, PROTO_END_EXPIRED);
    assert_null(world_hear(&w, live.agent, handhold_FromRelay_ended_tag));
    world_pass(&w, PROTO_SESSION_MS - 600001);
    assert_null(world_hear(&w, live.agent, handhold_FromRelay_ended_tag));
    world_pass(&w, 1);
    assert_int_equal(world_hear(&w, live.customer, handhold_FromRelay_ended_tag)->body.ended.reason, PROTO_END_EXPIRED);
}

static enum proto_err come_with_link(struct session *s)
{
    return session_hello_sid(&w, s, world_connect(&w, NULL, NULL));
}

static void who_comes_too_late_hears_what_became_of_the_invitation(void **state)
{
    struct session late, used, back;
    (void)state;

    session_open(&w, &back, NULL);
    assert_ok(session_leave(&w, back.agent, PROTO_INDEX_AGENT, PROTO_END_AGENT_LEFT));
    session_open(&w, &late, NULL);
    world_pass(&w, 600000);
    session_live(&w, &used);
    assert_ok(session_leave(&w, used.customer, PROTO_INDEX_CUSTOMER, PROTO_END_CUSTOMER_LEFT));
    world_work(&w);
    assert_int_equal(come_with_link(&late), PROTO_ERR_EXPIRED);
    assert_int_equal(come_with_link(&used), PROTO_ERR_BURNT);
    assert_int_equal(come_with_link(&back), PROTO_ERR_NOT_FOUND);
    uint32_t caller = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_code(&w, &used, caller, used.nameplate), PROTO_ERR_NOT_FOUND); /* it comes again */
}

static void an_invitation_lives_as_long_as_the_policy_lets_it(void **state)
{
    struct session s;
    (void)state;

    w.policy.link_minutes = 3;
    relay_core_free(w.core);
    world_begin(&w);
    session_open(&w, &s, NULL); /* which wishes for ten */
    world_pass(&w, 179999);
    assert_null(world_hear(&w, s.agent, handhold_FromRelay_ended_tag));
    world_pass(&w, 1);
    assert_int_equal(world_hear(&w, s.agent, handhold_FromRelay_ended_tag)->body.ended.reason, PROTO_END_EXPIRED);
}

static void while_the_agent_is_away_an_invitation_stands(void **state)
{
    struct session s;
    (void)state;

    session_open(&w, &s, NULL);
    relay_core_closed(w.core, s.agent, w.now);
    world_pass(&w, 500000); /* far beyond the grace time */
    s.agent = world_connect(&w, &w.staff[0], NULL);
    assert_ok(session_hello_token(&w, &s, s.agent, s.agent_token));
    assert_non_null(world_hear(&w, s.agent, handhold_FromRelay_welcome_tag));
    world_pass(&w, 100000);
    assert_int_equal(world_hear(&w, s.agent, handhold_FromRelay_ended_tag)->body.ended.reason, PROTO_END_EXPIRED);
}

static void after_a_restart_both_ends_come_back_with_their_tokens(void **state)
{
    struct session s;
    (void)state;

    session_live(&w, &s);
    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    struct proto_media_header header = {.src = 1, .stream = 5, .class = PROTO_CLASS_VIDEO, .flags = PROTO_MEDIA_KEY};
    assert_ok(world_media(&w, s.customer, &header, 100));
    world_work(&w);
    world_restart(&w);
    s.customer = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_token(&w, &s, s.customer, s.customer_token));
    assert_false(world_hear(&w, s.customer, handhold_FromRelay_welcome_tag)->body.welcome.peers[0].present);
    s.agent = world_connect(&w, &w.staff[0], NULL);
    assert_ok(session_hello_token(&w, &s, s.agent, s.agent_token));
    const handhold_FromRelay *heard = world_hear(&w, s.agent, handhold_FromRelay_welcome_tag);
    assert_memory_equal(heard->body.welcome.session_key.bytes, s.cs_public, 32);
    assert_ok(world_media(&w, s.customer, &header, 100)); /* its gate is closed */
    size_t len;
    assert_null(world_get(&w, s.agent, PROTO_TYPE_MEDIA, &len));
    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    assert_ok(world_media(&w, s.customer, &header, 100));
    assert_non_null(world_get(&w, s.agent, PROTO_TYPE_MEDIA, &len));
    world_work(&w);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_GATE_OPENED), 2);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_GATE_CLOSED), 1);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_STOPPED), 1);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_LOST), 2);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_RETURNED), 2);
}

static void a_restart_keeps_codes_and_old_gates_cannot_be_said_again(void **state)
{
    struct session waiting, live;
    (void)state;

    session_open(&w, &waiting, NULL);
    session_live(&w, &live);
    struct proto_gate gate = session_gate(&w, &live, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    assert_ok(session_say_gate(&w, &live, &gate));
    world_work(&w);
    world_restart(&w);
    waiting.customer = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_code(&w, &waiting, waiting.customer, waiting.nameplate));
    live.customer = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_token(&w, &live, live.customer, live.customer_token));
    assert_int_equal(session_say_gate(&w, &live, &gate), PROTO_ERR_REPLAY);
}

static void a_customer_who_joined_just_before_a_crash_comes_back_as_well(void **state)
{
    struct session s;
    (void)state;

    session_open(&w, &s, NULL);
    session_join(&w, &s);
    world_restart(&w);
    s.agent = world_connect(&w, &w.staff[0], NULL);
    assert_ok(session_hello_token(&w, &s, s.agent, s.agent_token));
    assert_ok(session_key(&w, &s));
    s.customer = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_token(&w, &s, s.customer, s.customer_token));
    world_work(&w);
    assert_int_equal(world_row(&w, s.sid)->state, RELAY_STORE_LIVE);
    assert_memory_equal(world_row(&w, s.sid)->cs_pub, s.cs_public, 32);
    assert_memory_equal(world_hear(&w, s.customer, handhold_FromRelay_welcome_tag)->body.welcome.token.bytes,
                        s.customer_token, 32);
    relay_core_closed(w.core, s.customer, w.now);
    s.customer = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_token(&w, &s, s.customer, s.customer_token));
}

/* The relay dies after each number of durable jobs; what the log has then must go on without a gap and end once. */
static void a_crash_between_any_two_notes_leaves_no_gap(void **state)
{
    (void)state;

    for (unsigned durable = 0; durable < 9; durable++) {
        struct proto_media_header header = {.src = 1, .stream = 5, .class = PROTO_CLASS_AUDIO};
        struct session s;
        session_live(&w, &s);
        struct proto_gate gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
        assert_ok(session_say_gate(&w, &s, &gate));
        assert_ok(world_media(&w, s.customer, &header, 10));
        relay_core_closed(w.core, s.customer, w.now);
        assert_ok(session_leave(&w, s.agent, PROTO_INDEX_AGENT, PROTO_END_COMPLETED));
        world_work_some(&w, durable); /* of gate-opened, started, stopped, gate-closed, lost, ended */
        bool ended = world_count(&w, s.sid, PROTO_ACT_ENDED);
        assert_int_equal(ended, durable >= 6);
        assert_int_equal(world_row(&w, s.sid)->state == RELAY_STORE_ENDED, ended);
        world_restart(&w);
        world_pass(&w, 60000);
        world_work(&w);
        assert_int_equal(world_count(&w, s.sid, PROTO_ACT_ENDED), 1);
        assert_int_equal(world_count(&w, s.sid, PROTO_ACT_GATE_OPENED), world_count(&w, s.sid, PROTO_ACT_GATE_CLOSED));
        assert_int_equal(world_count(&w, s.sid, PROTO_ACT_STARTED), world_count(&w, s.sid, PROTO_ACT_STOPPED));
        assert_int_equal(world_row(&w, s.sid)->state, RELAY_STORE_ENDED);
    }
}

static void nobody_comes_back_after_a_restart_and_the_session_ends_in_time(void **state)
{
    struct session s;
    (void)state;

    session_live(&w, &s);
    world_restart(&w);
    world_pass(&w, 60000);
    world_work(&w);
    assert_string_equal(world_row(&w, s.sid)->ended_reason, "connection-lost");
    world_events(&w, s.sid, NULL, 0);
}

static void a_row_that_is_not_ours_is_not_restored(void **state)
{
    struct session s;
    (void)state;

    session_live(&w, &s);
    struct relay_store_session row = *world_row(&w, s.sid);
    assert_int_equal(relay_core_restore(w.core, &row, w.now), PROTO_ERR_EXISTS);
    relay_core_free(w.core);
    world_begin(&w);
    for (size_t len = 0; len < row.secret_len; len++) {
        struct relay_store_session cut = row;
        cut.secret_len = len;
        assert_int_equal(relay_core_restore(w.core, &cut, w.now), PROTO_ERR_FORMAT);
    }
    row.state = RELAY_STORE_ENDED;
    assert_int_equal(relay_core_restore(w.core, &row, w.now), PROTO_ERR_FORMAT);
}

static void an_agent_who_did_not_hear_the_answer_may_ask_again(void **state)
{
    struct session s;
    (void)state;

    uint32_t agent = world_connect(&w, &w.staff[0], NULL);
    assert_ok(session_hello_staff(&w, agent));
    assert_ok(session_ask(&w, &s, agent));
    world_work(&w);
    world_restart(&w);
    agent = world_connect(&w, &w.staff[0], NULL);
    assert_ok(session_hello_staff(&w, agent));
    handhold_ToRelay open = handhold_ToRelay_init_zero;
    open.which_body = handhold_ToRelay_open_tag;
    memcpy(open.body.open.sid, s.sid, sizeof s.sid);
    assert_ok(world_say(&w, agent, 0, &open));
    assert_non_null(world_hear(&w, agent, handhold_FromRelay_opened_tag));
    uint32_t colleague = world_connect(&w, &w.staff[1], NULL);
    assert_ok(session_hello_staff(&w, colleague));
    assert_ok(world_say(&w, colleague, 0, &open));
    world_expect_error(&w, colleague, PROTO_ERR_EXISTS, false);
}

static void draining_takes_no_new_session_and_keeps_the_old(void **state)
{
    struct session s, late;
    (void)state;

    session_live(&w, &s);
    relay_core_drain(w.core, w.now);
    world_expect_error(&w, s.customer, PROTO_ERR_BUSY, false);
    world_expect_error(&w, s.agent, PROTO_ERR_BUSY, false);
    uint32_t agent = world_connect(&w, &w.staff[1], NULL);
    assert_ok(session_hello_staff(&w, agent));
    assert_ok(session_ask(&w, &late, agent));
    world_expect_error(&w, agent, PROTO_ERR_BUSY, false);
    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
}

/* Ten thousand in the long run. */
static void memory_returns_to_where_it_began_after_many_sessions(void **state)
{
    const int sessions = getenv("HANDHOLD_LONG") ? 10000 : 1500;
    size_t before = 0;
    (void)state;

    w.keeps_nothing = true;
    for (int i = 0; i < sessions; i++) {
        struct session s;
        session_open(&w, &s, NULL);
        session_join(&w, &s);
        assert_ok(session_key(&w, &s));
        world_work(&w);
        if (i % 3)
            assert_ok(session_leave(&w, s.customer, PROTO_INDEX_CUSTOMER, PROTO_END_COMPLETED));
        relay_core_closed(w.core, s.customer, w.now);
        relay_core_closed(w.core, s.agent, w.now);
        world_work(&w);
        world_pass(&w, 10000);
        if (i == 0 || i == sessions - 1) {
            world_pass(&w, 60000);
            world_work(&w);
            world_pass(&w, RELAY_TALLY_KEEP_MS); /* failures are remembered so long */
        }
        if (i == 0)
            before = world_allocated();
    }
    struct relay_core_figures figures;
    relay_core_figures(w.core, &figures);
    assert_int_equal(figures.connections + figures.sessions_live + figures.sessions_waiting + figures.queue_bytes, 0);
    assert_int_equal(relay_core_deadline(w.core), PROTO_NEVER);
    size_t after = world_allocated();
    assert_true(after <= before + 1024);
}

#define SEAT_TEST(name) cmocka_unit_test_setup_teardown(name, core_begin, core_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEAT_TEST(a_session_is_opened_only_when_the_log_has_it),
        SEAT_TEST(a_customer_joins_by_link_and_hears_who_runs_this),
        SEAT_TEST(a_customer_joins_by_code_and_learns_the_session),
        SEAT_TEST(a_code_is_gone_when_the_pair_is_confirmed),
        SEAT_TEST(a_code_runs_out_before_the_link_does),
        SEAT_TEST(nameplates_grow_with_the_load_and_are_never_used_twice),
        SEAT_TEST(a_second_customer_is_refused_and_the_agent_is_told),
        SEAT_TEST(a_confirmed_customer_keeps_the_seat_also_while_away),
        SEAT_TEST(a_stranger_who_leaves_before_being_confirmed_frees_the_seat),
        SEAT_TEST(a_stranger_cannot_end_what_is_meant_for_somebody_else),
        SEAT_TEST(the_agent_comes_back_by_token_and_hears_the_key_that_the_relay_holds),
        SEAT_TEST(a_token_is_worth_nothing_to_anybody_else),
        SEAT_TEST(the_newest_connection_of_a_token_replaces_the_older),
        SEAT_TEST(staff_without_a_certificate_and_customers_with_one_are_refused),
        SEAT_TEST(a_session_key_of_small_order_is_refused_at_the_door),
        SEAT_TEST(each_end_may_say_only_what_it_can_know),
        SEAT_TEST(both_connections_close_when_a_session_has_ended),
        SEAT_TEST(whoever_was_away_at_the_end_hears_why_it_ended),
        SEAT_TEST(an_end_that_stays_away_ends_the_session_as_lost),
        SEAT_TEST(the_policy_may_shorten_the_grace_time),
        SEAT_TEST(an_invitation_lives_as_long_as_the_policy_lets_it),
        SEAT_TEST(while_the_agent_is_away_an_invitation_stands),
        SEAT_TEST(an_invitation_nobody_uses_expires_and_a_session_lasts_four_hours),
        SEAT_TEST(who_comes_too_late_hears_what_became_of_the_invitation),
        SEAT_TEST(after_a_restart_both_ends_come_back_with_their_tokens),
        SEAT_TEST(a_restart_keeps_codes_and_old_gates_cannot_be_said_again),
        SEAT_TEST(a_customer_who_joined_just_before_a_crash_comes_back_as_well),
        SEAT_TEST(a_crash_between_any_two_notes_leaves_no_gap),
        SEAT_TEST(nobody_comes_back_after_a_restart_and_the_session_ends_in_time),
        SEAT_TEST(a_row_that_is_not_ours_is_not_restored),
        SEAT_TEST(an_agent_who_did_not_hear_the_answer_may_ask_again),
        SEAT_TEST(draining_takes_no_new_session_and_keeps_the_old),
        SEAT_TEST(memory_returns_to_where_it_began_after_many_sessions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
