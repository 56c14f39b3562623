/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds, broken messages, the log and its failures, and new notes. One test for each line of the table of limits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/relay/core_world.h"

static struct world w;

static int begin(void **state)
{
    (void)state;
    world_new(&w);
    return 0;
}

static uint64_t seen[RELAY_BOUNDS]; /* by all tests so far */

static int end(void **state)
{
    struct relay_core_figures figures;

    (void)state;
    relay_core_figures(w.core, &figures);
    for (int i = 0; i < RELAY_BOUNDS; i++)
        seen[i] += figures.reached[i];
    world_free(&w);
    return 0;
}

/* The same world under limits that the test has set. */
static void again(void)
{
    relay_core_free(w.core);
    world_begin(&w);
}

static uint32_t staff_connection(const struct proto_identity *staff)
{
    uint32_t agent = world_connect(&w, staff, NULL);

    assert_ok(session_hello_staff(&w, agent));
    world_silence(&w, agent);
    return agent;
}

/* ---- the table ---- */

static void limit_connections(void **state)
{
    (void)state;

    w.limits.connections = 3;
    again();
    for (int i = 0; i < 3; i++)
        world_connect(&w, NULL, NULL);
    assert_int_equal(relay_core_open(w.core, 99, "192.0.2.7", NULL, w.now), PROTO_ERR_BUSY);
    relay_core_closed(w.core, 1, w.now);
    assert_ok(relay_core_open(w.core, 99, "192.0.2.7", NULL, w.now));
}

static void limit_connections_per_address_counts_a_64_of_ipv6_as_one_and_staff_not_at_all(void **state)
{
    (void)state;

    w.limits.connections_per_address = 2;
    again();
    world_connect(&w, NULL, "192.0.2.1");
    world_connect(&w, NULL, "::ffff:192.0.2.1");
    assert_int_equal(relay_core_open(w.core, 99, "192.0.2.1", NULL, w.now), PROTO_ERR_BUSY);
    world_connect(&w, NULL, "192.0.2.2");
    world_connect(&w, NULL, "2001:db8:1:2::1");
    world_connect(&w, NULL, "2001:db8:1:2:ffff::9");
    assert_int_equal(relay_core_open(w.core, 99, "2001:db8:1:2:3:4:5:6", NULL, w.now), PROTO_ERR_BUSY);
    world_connect(&w, NULL, "2001:db8:1:3::1");
    for (int i = 0; i < 5; i++)
        world_connect(&w, &w.staff[0], "192.0.2.1");
}

static void limit_connections_per_staff(void **state)
{
    (void)state;

    w.limits.connections_per_staff = 2;
    again();
    world_connect(&w, &w.staff[0], NULL);
    world_connect(&w, &w.staff[0], NULL);
    assert_int_equal(relay_core_open(w.core, 99, "x", &w.staff[0], w.now), PROTO_ERR_BUSY);
    world_connect(&w, &w.staff[1], NULL);
}

static void limit_sessions(void **state)
{
    struct session s[3];
    (void)state;

    w.limits.sessions = 2;
    again();
    session_open(&w, &s[0], &w.staff[0]);
    session_open(&w, &s[1], &w.staff[1]);
    uint32_t agent = staff_connection(&w.staff[2]);
    assert_ok(session_ask(&w, &s[2], agent));
    world_expect_error(&w, agent, PROTO_ERR_BUSY, false);
    assert_ok(session_leave(&w, s[0].agent, 2, PROTO_END_COMPLETED));
    world_work(&w);
    assert_ok(session_ask(&w, &s[2], agent)); /* the connection was not lost over it */
    world_work(&w);
    assert_non_null(world_hear(&w, agent, handhold_FromRelay_opened_tag));
}

static enum proto_err ask_for(uint32_t agent, const uint8_t sid[16])
{
    handhold_ToRelay open = handhold_ToRelay_init_zero;

    open.which_body = handhold_ToRelay_open_tag;
    memcpy(open.body.open.sid, sid, 16);
    return world_say(&w, agent, 0, &open);
}

static void a_session_that_ended_is_not_opened_again(void **state)
{
    struct session s;
    (void)state;

    session_live(&w, &s);
    assert_ok(session_leave(&w, s.agent, 2, PROTO_END_COMPLETED));
    world_work(&w);
    struct relay_store_session before = *world_row(&w, s.sid);
    size_t entries = w.entry_count;
    assert_int_equal(before.state, RELAY_STORE_ENDED);
    uint32_t agent = staff_connection(&w.staff[1]);
    assert_ok(ask_for(agent, s.sid));
    world_work(&w);
    world_expect_error(&w, agent, PROTO_ERR_EXISTS, false);
    assert_memory_equal(world_row(&w, s.sid), &before, sizeof before);
    assert_int_equal(w.entry_count, entries);
    assert_ok(session_ask(&w, &s, agent)); /* under another number they may */
    world_work(&w);
    assert_non_null(world_hear(&w, agent, handhold_FromRelay_opened_tag));
}

static void limit_sessions_per_staff(void **state)
{
    struct session s[3];
    (void)state;

    w.limits.sessions_per_staff = 2;
    again();
    session_open(&w, &s[0], NULL);
    session_open(&w, &s[1], NULL);
    uint32_t agent = staff_connection(&w.staff[0]);
    assert_ok(session_ask(&w, &s[2], agent));
    world_expect_error(&w, agent, PROTO_ERR_BUSY, false);
    session_open(&w, &s[2], &w.staff[1]);
}

static void limit_opens_per_staff_minute(void **state)
{
    struct session s;
    (void)state;

    w.limits.opens_per_staff_minute = 3;
    again();
    for (int i = 0; i < 3; i++) {
        session_open(&w, &s, NULL);
        assert_ok(session_leave(&w, s.agent, 2, PROTO_END_COMPLETED));
        relay_core_closed(w.core, s.agent, w.now);
        world_work(&w);
    }
    uint32_t agent = staff_connection(&w.staff[0]);
    assert_ok(session_ask(&w, &s, agent));
    world_expect_error(&w, agent, PROTO_ERR_BUSY, false);
    world_pass(&w, 20000);
    assert_ok(session_ask(&w, &s, agent));
    world_work(&w);
    assert_non_null(world_hear(&w, agent, handhold_FromRelay_opened_tag));
}

static void limit_join_failures_per_address_minute_counts_failures_only(void **state)
{
    struct session s, nobody;
    (void)state;

    w.limits.opens_per_staff_minute = w.limits.sessions_per_staff = w.limits.waiting_per_staff = 1000;
    again();
    w.keeps_nothing = true;
    for (int i = 0; i < 200; i++) { /* a carrier's one address, and nobody mistakes */
        session_open(&w, &s, NULL);
        session_join(&w, &s);
        relay_core_closed(w.core, s.customer, w.now);
        relay_core_closed(w.core, s.agent, w.now);
    }
    session_open(&w, &s, NULL);
    nobody = s;
    nobody.sid[0] ^= 1;
    for (int i = 0; i < 20; i++) {
        uint32_t guess = world_connect(&w, NULL, NULL);
        assert_int_equal(i % 2 ? session_hello_sid(&w, &nobody, guess) : session_hello_code(&w, &s, guess, "12"),
                         PROTO_ERR_NOT_FOUND);
        world_expect_error(&w, guess, PROTO_ERR_NOT_FOUND, true);
        relay_core_closed(w.core, guess, w.now);
    }
    uint32_t right = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_code(&w, &s, right, s.nameplate), PROTO_ERR_BUSY);
    world_expect_error(&w, right, PROTO_ERR_BUSY, false);
    uint32_t elsewhere = world_connect(&w, NULL, "192.0.2.200");
    assert_ok(session_hello_code(&w, &s, elsewhere, s.nameplate));
    relay_core_closed(w.core, elsewhere, w.now);
    world_pass(&w, 30000);
    right = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_code(&w, &s, right, s.nameplate), PROTO_ERR_BUSY);
    world_pass(&w, 30000);
    right = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_code(&w, &s, right, s.nameplate));
}

static void fail_joins(int count)
{
    for (int i = 0; i < count; i++) {
        struct session nobody = {.sid = {7}, .cs_public = {0}};
        uint32_t guess = world_connect(&w, NULL, NULL);

        proto_sign_keypair(nobody.cs_public, nobody.cs_secret, (const uint8_t[32]){8});
        assert_int_equal(session_hello_sid(&w, &nobody, guess), PROTO_ERR_NOT_FOUND);
        relay_core_closed(w.core, guess, w.now);
    }
}

static enum proto_err join_by_code(struct session *s)
{
    uint32_t customer = world_connect(&w, NULL, NULL);
    enum proto_err err = session_hello_code(&w, s, customer, s->nameplate);

    relay_core_closed(w.core, customer, w.now);
    return err;
}

static void whoever_goes_on_guessing_waits_twice_as_long(void **state)
{
    struct session s;
    (void)state;

    session_open(&w, &s, NULL);
    fail_joins(20);
    world_pass(&w, 60000);
    assert_ok(join_by_code(&s));
    fail_joins(20);
    world_pass(&w, 60000);
    assert_int_equal(join_by_code(&s), PROTO_ERR_BUSY);
    world_pass(&w, 60000);
    assert_ok(join_by_code(&s));
}

static void a_link_is_let_in_though_somebody_guesses_behind_the_same_address(void **state)
{
    struct session s;
    (void)state;

    session_open(&w, &s, NULL);
    fail_joins(20);
    assert_int_equal(join_by_code(&s), PROTO_ERR_BUSY);
    session_join(&w, &s);
}

static void limit_waiting_per_staff(void **state)
{
    struct session first, s;
    (void)state;

    w.limits.waiting_per_staff = 2;
    again();
    session_live(&w, &first); /* has its customer: it does not wait */
    session_open(&w, &s, NULL);
    session_open(&w, &s, NULL);
    uint32_t agent = world_connect(&w, &w.staff[0], NULL);
    assert_ok(session_hello_staff(&w, agent));
    assert_ok(session_ask(&w, &s, agent));
    world_expect_error(&w, agent, PROTO_ERR_BUSY, false);
}

static void an_invitation_that_its_agent_left_makes_room_for_a_new_one(void **state)
{
    struct session left, kept, s;
    (void)state;

    w.limits.waiting_per_staff = 2;
    again();
    session_open(&w, &kept, NULL);
    session_open(&w, &left, NULL);
    relay_core_closed(w.core, left.agent, w.now);
    session_open(&w, &s, NULL);
    world_work(&w);
    assert_string_equal(world_row(&w, left.sid)->ended_reason, "connection-lost");
    assert_string_equal(world_row(&w, kept.sid)->ended_reason, "");
    assert_null(world_hear(&w, kept.agent, handhold_FromRelay_ended_tag));
}

static void a_full_relay_begins_nothing_and_goes_on_with_what_is_live(void **state)
{
    struct session live, waiting;
    struct relay_core_figures figures;
    (void)state;

    session_live(&w, &live);
    session_open(&w, &waiting, NULL);
    relay_core_set_full(w.core, true);
    uint32_t customer = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_sid(&w, &waiting, customer), PROTO_ERR_BUSY);
    world_expect_error(&w, customer, PROTO_ERR_BUSY, false);
    uint32_t agent = world_connect(&w, &w.staff[0], NULL);
    assert_ok(session_hello_staff(&w, agent));
    struct session none;
    assert_ok(session_ask(&w, &none, agent));
    world_expect_error(&w, agent, PROTO_ERR_BUSY, false);
    relay_core_closed(w.core, live.customer, w.now); /* who comes back is not new */
    uint32_t back = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_token(&w, &live, back, live.customer_token));
    relay_core_figures(w.core, &figures);
    assert_int_equal(figures.refused_full, 2);
    relay_core_set_full(w.core, false);
    session_join(&w, &waiting);
}

static void limit_join_failures_does_not_keep_out_who_comes_back(void **state)
{
    struct session s;
    (void)state;

    w.limits.join_failures_per_address_minute = 1;
    again();
    session_live(&w, &s);
    relay_core_closed(w.core, s.customer, w.now);
    for (int i = 0; i < 3; i++)
        session_hello_code(&w, &s, world_connect(&w, NULL, NULL), "99999");
    uint32_t back = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_token(&w, &s, back, s.customer_token));
}

static void limit_lookups_per_nameplate_burns_the_code_and_not_the_link(void **state)
{
    struct session s;
    (void)state;

    session_open(&w, &s, NULL);
    for (int i = 0; i < 10; i++) {
        uint32_t customer = world_connect(&w, NULL, NULL);
        assert_ok(session_hello_code(&w, &s, customer, s.nameplate));
        relay_core_closed(w.core, customer, w.now);
    }
    world_expect_error(&w, s.agent, PROTO_ERR_BURNT, false);
    uint32_t late = world_connect(&w, NULL, NULL);
    assert_int_equal(session_hello_code(&w, &s, late, s.nameplate), PROTO_ERR_NOT_FOUND);
    session_join(&w, &s);
}

static void limit_hello_ms(void **state)
{
    uint32_t quiet = world_connect(&w, NULL, NULL);
    (void)state;

    world_pass(&w, 9999);
    assert_false(world_closing(&w, quiet));
    world_pass(&w, 1);
    assert_true(world_closing(&w, quiet));
    world_expect_error(&w, quiet, PROTO_ERR_TIMEOUT, false);
}

static void limit_confirm_ms_frees_the_seat_of_whom_nobody_confirmed(void **state)
{
    struct session stranger, customer;
    (void)state;

    session_open(&w, &stranger, NULL);
    customer = stranger;
    session_join(&w, &stranger);
    world_pass(&w, 59999);
    assert_false(world_closing(&w, stranger.customer));
    world_silence(&w, stranger.agent);
    world_pass(&w, 1);
    assert_true(world_closing(&w, stranger.customer));
    world_expect_error(&w, stranger.customer, PROTO_ERR_TIMEOUT, true);
    assert_false(world_hear(&w, stranger.agent, handhold_FromRelay_peer_tag)->body.peer.present);
    relay_core_closed(w.core, stranger.customer, w.now);
    uint32_t back = world_connect(&w, NULL, NULL); /* their token is worth nothing now */
    assert_int_equal(session_hello_token(&w, &stranger, back, stranger.customer_token), PROTO_ERR_NOT_FOUND);
    session_join(&w, &customer);
    assert_ok(session_key(&w, &customer));
    world_pass(&w, 60000); /* confirmed: they stay */
    assert_false(world_closing(&w, customer.customer));
}

static void limit_confirm_ms_waits_for_the_agent(void **state)
{
    struct session s;
    (void)state;

    w.limits.confirm_ms = 20000;
    again();
    session_open(&w, &s, NULL);
    session_join(&w, &s);
    world_pass(&w, 15000);
    relay_core_closed(w.core, s.agent, w.now); /* while nobody is there who could confirm, no time runs */
    world_pass(&w, 30000);
    assert_false(world_closing(&w, s.customer));
    s.agent = world_connect(&w, &w.staff[0], NULL);
    assert_ok(session_hello_token(&w, &s, s.agent, s.agent_token));
    world_pass(&w, 19999);
    assert_false(world_closing(&w, s.customer));
    world_pass(&w, 1);
    assert_true(world_closing(&w, s.customer));
}

static void limit_queue_bytes_closes_who_does_not_read(void **state)
{
    static uint8_t body[60000];
    struct session s;
    int sent = 0;
    (void)state;

    session_live(&w, &s);
    while (!world_closing(&w, s.agent) && sent++ < 100) {
        w.now.mono_ms += 100;
        assert_ok(world_send(&w, s.customer, PROTO_TYPE_CONTROL, 1, 2, body, sizeof body));
    }
    assert_in_range(sent, 15, 19); /* a quarter of 4 MiB */
    world_expect_error(&w, s.agent, PROTO_ERR_BUSY, false);
}

static void limit_queue_bytes_all(void **state)
{
    static uint8_t body[60000];
    struct session s[2];
    int sent = 0;
    (void)state;

    w.limits.queue_bytes_all = 500000;
    again();
    session_live(&w, &s[0]);
    session_live(&w, &s[1]);
    while (!world_closing(&w, s[sent % 2].agent) && sent < 50) {
        sent++;
        assert_ok(world_send(&w, s[sent % 2].customer, PROTO_TYPE_CONTROL, 1, 2, body, sizeof body));
    }
    assert_in_range(sent, 8, 9);
}

static void limit_queue_ms(void **state)
{
    struct proto_media_header header = {.src = 1, .stream = 5, .class = PROTO_CLASS_VIDEO, .flags = PROTO_MEDIA_KEY};
    struct session s;
    size_t len;
    (void)state;

    w.limits.queue_ms = 300;
    again();
    session_live(&w, &s);
    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    assert_ok(world_media(&w, s.customer, &header, 10));
    w.now.mono_ms += 301;
    assert_null(world_get(&w, s.agent, PROTO_TYPE_MEDIA, &len));
}

static void limit_messages_per_second(void **state)
{
    struct session s;
    int sent = 0;
    (void)state;

    session_live(&w, &s);
    w.now.mono_ms += 5000;
    while (sent < 1000 && world_send(&w, s.customer, PROTO_TYPE_CONTROL, 1, 2, "x", 1) == PROTO_OK) {
        sent++;
        world_silence(&w, s.agent);
    }
    assert_int_equal(sent, 600);
    world_expect_error(&w, s.customer, PROTO_ERR_BUSY, false);
    assert_true(world_closing(&w, s.customer));
}

static void limit_bytes_per_second(void **state)
{
    struct proto_media_header header = {.src = 1, .stream = 5, .class = PROTO_CLASS_VIDEO, .flags = PROTO_MEDIA_KEY};
    struct session s;
    int sent = 0;
    (void)state;

    session_live(&w, &s);
    w.now.mono_ms += 5000;
    while (sent < 100 && world_media(&w, s.customer, &header, 100000) == PROTO_OK)
        sent++;
    assert_int_equal(sent, 24);
    assert_true(world_closing(&w, s.customer));
}

static void limit_grace_ms(void **state)
{
    struct session s;
    (void)state;

    w.limits.grace_ms = 7000;
    again();
    session_live(&w, &s);
    relay_core_closed(w.core, s.agent, w.now);
    world_pass(&w, 6999);
    assert_null(world_hear(&w, s.customer, handhold_FromRelay_ended_tag));
    world_pass(&w, 1);
    assert_non_null(world_hear(&w, s.customer, handhold_FromRelay_ended_tag));
}

static void limit_returns_per_seat_minute(void **state)
{
    struct session s;
    int returns = 0;
    (void)state;

    session_live(&w, &s);
    for (enum proto_err err = PROTO_OK; !err && returns < 100; returns++) {
        relay_core_closed(w.core, s.customer, w.now);
        s.customer = world_connect(&w, NULL, NULL);
        err = session_hello_token(&w, &s, s.customer, s.customer_token);
        world_work(&w);
        world_silence(&w, s.agent);
    }
    assert_int_equal(returns, 31);
    world_expect_error(&w, s.customer, PROTO_ERR_BUSY, false);
    world_pass(&w, 2000);
    s.customer = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_token(&w, &s, s.customer, s.customer_token));
}

static void limit_log_pending(void **state)
{
    struct session s;
    uint8_t commitment[32] = {0};
    (void)state;

    w.limits.log_pending = 5;
    again();
    session_live(&w, &s);
    for (; commitment[0] < 5; commitment[0]++)
        assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    assert_null(world_receipt(&w, s.customer));
    assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    assert_int_equal(world_receipt(&w, s.customer)->error, PROTO_ERR_BUSY);
    world_work(&w);
    for (int i = 0; i < 5; i++)
        assert_int_equal(world_receipt(&w, s.customer)->error, PROTO_OK);
    assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    world_work(&w);
    assert_int_equal(world_receipt(&w, s.customer)->error, PROTO_OK);
}

/* One byte more than the kind may have is refused, and counted by its name; by the first byte, before the others. */
static void expect_too_large(uint32_t connection, uint8_t type, enum relay_bound bound, int64_t most)
{
    struct relay_core_figures before, after;

    relay_core_figures(w.core, &before);
    assert_true(relay_core_takes(w.core, connection, type, (size_t)most));
    assert_false(relay_core_takes(w.core, connection, type, (size_t)most + 1));
    relay_core_figures(w.core, &after);
    assert_int_equal(after.reached[bound] - before.reached[bound], 1);
}

static void limit_bytes_of_each_kind(void **state)
{
    struct session s;
    static uint8_t message[PROTO_MAX_MESSAGE_BYTES + 1];

    (void)state;
    w.limits.media_bytes = 65536;
    again();
    session_live(&w, &s);
    expect_too_large(s.customer, PROTO_TYPE_HANDSHAKE, RELAY_BOUND_handshake_bytes, w.limits.handshake_bytes);
    expect_too_large(s.customer, PROTO_TYPE_CONTROL, RELAY_BOUND_control_bytes, w.limits.control_bytes);
    expect_too_large(s.customer, PROTO_TYPE_MEDIA, RELAY_BOUND_media_bytes, 65536);
    expect_too_large(s.customer, PROTO_TYPE_LOG, RELAY_BOUND_log_bytes, w.limits.log_bytes);
    expect_too_large(s.customer, PROTO_TYPE_RELAY, RELAY_BOUND_ask_bytes, w.limits.ask_bytes);
    message[0] = PROTO_TYPE_MEDIA;
    assert_int_equal(relay_core_feed(w.core, s.customer, message, 65537, w.now), PROTO_ERR_RANGE);
}

static void limit_hello_bytes_whatever_the_kind(void **state)
{
    uint32_t stranger = world_connect(&w, NULL, NULL);

    (void)state;
    expect_too_large(stranger, PROTO_TYPE_RELAY, RELAY_BOUND_hello_bytes, w.limits.hello_bytes);
    expect_too_large(stranger, PROTO_TYPE_MEDIA, RELAY_BOUND_hello_bytes, w.limits.hello_bytes);
    assert_false(relay_core_takes(w.core, 99, PROTO_TYPE_RELAY, 1)); /* nobody */
}

static void limits_that_make_no_sense_are_refused(void **state)
{
    struct relay_core_config config = {.join_host = "h", .origin = "o", .token_secret = w.token_secret};
    struct relay_core *core;
    (void)state;

    relay_limits_defaults(&config.limits);
    config.limits.sessions = 0;
    assert_int_equal(relay_core_new(&core, &config, w.now), PROTO_ERR_RANGE);
    relay_limits_defaults(&config.limits);
    config.limits.queue_bytes = 1000;
    assert_int_equal(relay_core_new(&core, &config, w.now), PROTO_ERR_RANGE);
    assert_null(core);
}

/* ---- broken messages ---- */

static void expect_broken(const void *message, size_t len, bool seated, enum proto_err err)
{
    struct session s;
    uint32_t connection;
    uint8_t *copy = malloc(len ? len : 1);

    memcpy(copy, message, len);
    if (seated) {
        session_live(&w, &s);
        connection = s.customer;
    } else {
        connection = world_connect(&w, NULL, NULL);
    }
    assert_string_equal(proto_err_name(relay_core_feed(w.core, connection, copy, len, w.now)), proto_err_name(err));
    free(copy);
    world_expect_error(&w, connection, err, true);
    assert_true(world_closing(&w, connection));
    assert_int_equal(relay_core_feed(w.core, connection, (const uint8_t *)"x", 1, w.now), err); /* and nothing more */
    size_t size;
    assert_null(world_take(&w, connection, &size));
    relay_core_closed(w.core, connection, w.now);
    if (seated)
        relay_core_closed(w.core, s.agent, w.now);
}

static void broken_messages_close_the_connection_and_say_why(void **state)
{
    static uint8_t big[PROTO_MAX_MESSAGE_BYTES + 1];
    static const struct {
        uint8_t bytes[24];
        size_t len;
    } cases[] = {
        {{0}, 0},
        {{PROTO_TYPE_RELAY}, 1},
        {{PROTO_TYPE_RELAY, 0, 0}, 3},
        {{PROTO_TYPE_RELAY, 0, 0, 1}, 4},                      /* the spare byte */
        {{PROTO_TYPE_RELAY, 0, 0, 0, 0xff}, 5},                /* no protobuf */
        {{PROTO_TYPE_RELAY, 0, 0, 0, 0x22, 0xff, 0xff, 3}, 8}, /* a gate longer than the message */
        {{PROTO_TYPE_LOG, 1, 0, 0, 0x0a}, 5},
        {{0x77, 1, 2, 0}, 4},
        {{PROTO_TYPE_CONTROL, 16, 2, 0}, 4},
        {{PROTO_TYPE_MEDIA, 0, 1, 5}, 4},
        {{PROTO_TYPE_MEDIA, 0x80, 1, 5}, 16}, /* unknown flag */
        {{PROTO_TYPE_MEDIA, 0, 1, 64}, 16},   /* no such stream */
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_broken(cases[i].bytes, cases[i].len, true, PROTO_ERR_FORMAT);
    big[0] = PROTO_TYPE_CONTROL;
    big[1] = 1;
    big[2] = 2;
    expect_broken(big, PROTO_MAX_CONTROL_BYTES + 1, true, PROTO_ERR_RANGE);
    big[0] = PROTO_TYPE_MEDIA;
    expect_broken(big, PROTO_MAX_MEDIA_BYTES + 1, true, PROTO_ERR_RANGE);
}

static void nothing_may_come_before_hello(void **state)
{
    static const uint8_t early[][16] = {{PROTO_TYPE_CONTROL, 1, 2, 0},
                                        {PROTO_TYPE_LOG, 1, 0, 0},
                                        {PROTO_TYPE_MEDIA, 0, 1, 5},
                                        {PROTO_TYPE_HANDSHAKE, 1, 2, 0}};
    (void)state;

    for (size_t i = 0; i < 4; i++)
        expect_broken(early[i], 16, false, PROTO_ERR_STATE);
}

/* Every ToRelay message from everybody who may not say it. */
static void messages_out_of_order_close_the_connection(void **state)
{
    static const struct {
        enum { FRESH, STAFF, CUSTOMER, AGENT } who;
        pb_size_t tag;
    } cases[] = {
        {FRESH, handhold_ToRelay_open_tag},        {FRESH, handhold_ToRelay_session_key_tag},
        {FRESH, handhold_ToRelay_gate_tag},        {FRESH, handhold_ToRelay_consistency_ask_tag},
        {FRESH, handhold_ToRelay_leave_tag},       {STAFF, handhold_ToRelay_hello_tag},
        {STAFF, handhold_ToRelay_session_key_tag}, {STAFF, handhold_ToRelay_gate_tag},
        {STAFF, handhold_ToRelay_leave_tag},       {CUSTOMER, handhold_ToRelay_hello_tag},
        {CUSTOMER, handhold_ToRelay_open_tag},     {CUSTOMER, handhold_ToRelay_session_key_tag},
        {AGENT, handhold_ToRelay_hello_tag},       {AGENT, handhold_ToRelay_open_tag},
        {AGENT, handhold_ToRelay_gate_tag},        {AGENT, 0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        handhold_ToRelay message = handhold_ToRelay_init_zero;
        struct session s;
        session_live(&w, &s);
        uint32_t fresh = world_connect(&w, NULL, NULL), staff = staff_connection(&w.staff[1]);
        const uint32_t who[] = {fresh, staff, s.customer, s.agent};
        message.which_body = cases[i].tag;
        assert_int_equal(world_say(&w, who[cases[i].who], 0, &message), PROTO_ERR_STATE);
        world_expect_error(&w, who[cases[i].who], PROTO_ERR_STATE, true);
        assert_true(world_closing(&w, who[cases[i].who]));
        relay_core_closed(w.core, fresh, w.now);
        relay_core_closed(w.core, staff, w.now);
        relay_core_closed(w.core, s.customer, w.now);
        relay_core_closed(w.core, s.agent, w.now);
    }
}

static void nothing_is_taken_while_a_session_is_being_opened(void **state)
{
    struct session s;
    uint32_t agent = staff_connection(&w.staff[0]);
    (void)state;

    assert_ok(session_ask(&w, &s, agent));
    assert_int_equal(world_send(&w, agent, PROTO_TYPE_CONTROL, 2, 1, "x", 1), PROTO_ERR_STATE);
    relay_core_closed(w.core, agent, w.now);
    world_work(&w);
    world_pass(&w, 600000);
    world_work(&w);
    assert_string_equal(world_row(&w, s.sid)->ended_reason, "expired");
    world_events(&w, s.sid, NULL, 0);
}

/* ---- the log ---- */

static void a_receipt_goes_to_the_seat_also_when_its_connection_changed(void **state)
{
    struct session s;
    const uint8_t commitment[32] = {1};
    (void)state;

    session_live(&w, &s);
    assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    relay_core_closed(w.core, s.customer, w.now);
    s.customer = world_connect(&w, NULL, NULL);
    assert_ok(session_hello_token(&w, &s, s.customer, s.customer_token));
    world_work(&w);
    const handhold_LogReceipt *receipt = world_receipt(&w, s.customer);
    assert_memory_equal(receipt->commitment, commitment, 32);
    assert_int_equal(receipt->leaf.size, 48);
    uint64_t index = receipt->index;
    assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment)); /* said again: the same place */
    world_work(&w);
    assert_int_equal(world_receipt(&w, s.customer)->index, index);
}

static void each_end_writes_only_its_own_class(void **state)
{
    struct session s;
    (void)state;

    session_live(&w, &s);
    for (uint8_t kind = 0; kind <= 5; kind++) {
        const uint8_t commitment[2][32] = {{1, kind}, {2, kind}};
        assert_ok(session_log(&w, s.customer, 1, (enum proto_log_class)kind, commitment[0]));
        assert_ok(session_log(&w, s.agent, 2, (enum proto_log_class)kind, commitment[1]));
        world_work(&w);
        assert_int_equal(world_receipt(&w, s.customer)->error, kind == 1 ? PROTO_OK : PROTO_ERR_REFUSED);
        assert_int_equal(world_receipt(&w, s.agent)->error, kind == 2 ? PROTO_OK : PROTO_ERR_REFUSED);
    }
}

static void what_a_customer_writes_is_logged_when_the_agent_has_confirmed_them(void **state)
{
    struct session s;
    uint8_t commitment[32] = {1};
    (void)state;

    session_open(&w, &s, NULL);
    session_join(&w, &s);
    for (int i = 0; i < 4; i++, commitment[0]++)
        assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    world_work(&w);
    assert_int_equal(w.entry_count, 1);
    assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    assert_int_equal(world_receipt(&w, s.customer)->error, PROTO_ERR_BUSY);
    assert_ok(session_key(&w, &s));
    world_work(&w);
    for (int i = 0; i < 4; i++)
        assert_int_equal(world_receipt(&w, s.customer)->error, PROTO_OK);
}

static void what_a_stranger_wrote_never_reaches_the_log(void **state)
{
    struct session s;
    const uint8_t commitment[32] = {1};
    (void)state;

    session_open(&w, &s, NULL);
    session_join(&w, &s);
    assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    relay_core_closed(w.core, s.customer, w.now);
    session_join(&w, &s);
    assert_ok(session_key(&w, &s));
    world_work(&w);
    assert_null(world_receipt(&w, s.customer));
    assert_int_equal(w.entry_count, 2); /* created, joined */
}

static void a_full_disk_refuses_new_sessions_and_receipts_and_the_events_come_later_in_order(void **state)
{
    struct session s, other;
    const uint8_t commitment[32] = {1};
    (void)state;

    session_live(&w, &s);
    w.disk_full = true;
    uint32_t agent = staff_connection(&w.staff[1]);
    assert_ok(session_ask(&w, &other, agent));
    world_work(&w);
    world_expect_error(&w, agent, PROTO_ERR_IO, false);
    assert_ok(session_log(&w, s.customer, 1, PROTO_LOG_STATEMENT, commitment));
    world_work(&w);
    assert_int_equal(world_receipt(&w, s.customer)->error, PROTO_ERR_IO);
    for (int i = 0; i < 3; i++) {
        relay_core_closed(w.core, s.customer, w.now);
        s.customer = world_connect(&w, NULL, NULL);
        assert_ok(session_hello_token(&w, &s, s.customer, s.customer_token));
        world_work(&w);
        world_pass(&w, 1000);
    }
    assert_ok(session_leave(&w, s.customer, 1, PROTO_END_COMPLETED)); /* ending never waits */
    assert_int_equal(world_hear(&w, s.agent, handhold_FromRelay_ended_tag)->body.ended.reason, PROTO_END_COMPLETED);
    world_work(&w);
    assert_int_equal(world_row(&w, s.sid)->state, RELAY_STORE_LIVE);
    w.disk_full = false;
    world_pass(&w, 1000);
    world_work(&w);
    assert_int_equal(world_row(&w, s.sid)->state, RELAY_STORE_ENDED);
    assert_int_equal(world_events(&w, s.sid, NULL, 0), 2 + 6 + 1);
    assert_ok(session_ask(&w, &other, agent));
    world_work(&w);
    assert_non_null(world_hear(&w, agent, handhold_FromRelay_opened_tag));
}

static void while_the_log_is_far_behind_no_gate_opens(void **state)
{
    struct session s;
    enum proto_err err = PROTO_OK;
    int opened = 0;
    (void)state;

    session_live(&w, &s);
    struct proto_gate gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    w.writer_full = true; /* nothing is taken; each reopening leaves two more notes waiting */
    for (; !err && opened < 100; opened++) {
        gate.gate_seq = ++s.gate_seq;
        err = session_say_gate(&w, &s, &gate);
        world_work(&w);
        w.now.mono_ms += 100;
    }
    assert_int_equal(err, PROTO_ERR_FULL);
    assert_in_range(opened, 10, 40);
    w.writer_full = false;
    world_pass(&w, 1000);
    world_work(&w);
    world_events(&w, s.sid, NULL, 0);
    gate.gate_seq = ++s.gate_seq;
    assert_ok(session_say_gate(&w, &s, &gate));
}

static void consistency_is_proved_when_asked(void **state)
{
    struct session s;
    handhold_ToRelay message = handhold_ToRelay_init_zero;
    (void)state;

    session_live(&w, &s);
    message.which_body = handhold_ToRelay_consistency_ask_tag;
    message.body.consistency_ask.old_size = 1;
    message.body.consistency_ask.new_size = 2;
    assert_ok(world_say(&w, s.customer, 1, &message));
    const handhold_FromRelay *heard = world_hear(&w, s.customer, handhold_FromRelay_consistency_tag);
    assert_int_equal(heard->body.consistency.hashes.size, 64);
    message.body.consistency_ask.new_size = 200;
    assert_ok(world_say(&w, s.customer, 1, &message));
    world_expect_error(&w, s.customer, PROTO_ERR_NOT_FOUND, false);
    message.body.consistency_ask.old_size = 300;
    assert_ok(world_say(&w, s.customer, 1, &message));
    world_expect_error(&w, s.customer, PROTO_ERR_RANGE, false);
}

/* ---- notes ---- */

static void new_notes_reach_everybody_who_said_hello(void **state)
{
    struct session s;
    (void)state;

    session_live(&w, &s);
    uint32_t staff = staff_connection(&w.staff[1]), fresh = world_connect(&w, NULL, NULL);
    assert_ok(relay_core_set_notes(w.core, "org 2", &w.org, "policy 2", &w.policy, w.now));
    const uint32_t who[] = {s.customer, s.agent, staff};
    for (int i = 0; i < 3; i++)
        assert_string_equal(world_hear(&w, who[i], handhold_FromRelay_notes_tag)->body.notes.org_note, "org 2");
    assert_null(world_hear(&w, fresh, handhold_FromRelay_notes_tag));
    session_open(&w, &s, NULL);
    s.customer = fresh;
    assert_ok(session_hello_sid(&w, &s, fresh));
    assert_string_equal(world_hear(&w, fresh, handhold_FromRelay_welcome_tag)->body.welcome.policy_note, "policy 2");
}

static void a_revoked_agent_is_closed_and_the_session_ends_as_failed(void **state)
{
    struct session s, away, other;
    (void)state;

    session_live(&w, &s);
    session_live(&w, &away);
    relay_core_closed(w.core, away.agent, w.now);
    session_open(&w, &other, &w.staff[1]);
    uint32_t idle = staff_connection(&w.staff[0]);
    assert_ok(proto_org_revoke(&w.org, w.staff[0].serial, 1767225600, "lost"));
    assert_ok(relay_core_set_notes(w.core, "org 2", &w.org, "policy", &w.policy, w.now));
    assert_int_equal(world_hear(&w, s.customer, handhold_FromRelay_ended_tag)->body.ended.reason, PROTO_END_FAILED);
    assert_int_equal(world_hear(&w, away.customer, handhold_FromRelay_ended_tag)->body.ended.reason, PROTO_END_FAILED);
    world_expect_error(&w, idle, PROTO_ERR_CERT_REVOKED, true);
    assert_true(world_closing(&w, s.agent));
    assert_int_equal(relay_core_open(w.core, 999, "x", &w.staff[0], w.now), PROTO_ERR_REFUSED);
    assert_null(world_hear(&w, other.agent, handhold_FromRelay_ended_tag));
    world_work(&w);
    assert_string_equal(world_row(&w, s.sid)->ended_reason, "failed");
}

static void somebody_of_another_organisation_is_refused(void **state)
{
    struct proto_identity stranger = w.staff[0];
    (void)state;

    snprintf(stranger.domain, sizeof stranger.domain, "example.net");
    assert_int_equal(relay_core_open(w.core, 999, "x", &stranger, w.now), PROTO_ERR_REFUSED);
}

static void a_policy_to_which_nothing_can_be_sealed_is_not_taken(void **state)
{
    (void)state;

    memset(w.policy.evidence_key, 0, sizeof w.policy.evidence_key);
    assert_int_equal(relay_core_set_notes(w.core, "o", &w.org, "p", &w.policy, w.now), PROTO_ERR_KEY);
    memcpy(w.policy.evidence_key, w.evidence_public, sizeof w.evidence_public);
    struct session s;
    session_live(&w, &s); /* the one before is still there */
}

/* Each bound is a figure, and each was reached above, or in the test that is named here. */
static void every_bound_that_was_reached_is_counted(void **state)
{
    static const char *const names[] = {
#define BOUND_NAME(name, value, help) #name,
        RELAY_LIMIT_LIST(BOUND_NAME)
#undef BOUND_NAME
    };
    static const struct {
        enum relay_bound bound;
        const char *test;
    } elsewhere[] = {
        {RELAY_BOUND_handshakes, "settings_test"},     {RELAY_BOUND_handshakes_per_address, "settings_test"},
        {RELAY_BOUND_opening_ms, "serve_attack_test"}, {RELAY_BOUND_arrivals_per_address_minute, "settings_test"},
        {RELAY_BOUND_page_ms, "serve_attack_test"},    {RELAY_BOUND_move_ms, "core_move_test"},
        {RELAY_BOUND_renewals, "core_renew_test"},     {RELAY_BOUND_queue_ms, "limit_queue_ms, as what was dropped"},
        {RELAY_BOUND_header_bytes, "serve_lies_test"}, {RELAY_BOUND_chatter_bytes_per_second, "serve_attack_test"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
        seen[elsewhere[i].bound]++;
    for (int i = 0; i < RELAY_BOUNDS; i++)
        if (!seen[i])
            fail_msg("%s: no test above has reached it, or it is not counted", names[i]);
}

#define LIMIT_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LIMIT_TEST(limit_connections),
        LIMIT_TEST(limit_connections_per_address_counts_a_64_of_ipv6_as_one_and_staff_not_at_all),
        LIMIT_TEST(limit_connections_per_staff),
        LIMIT_TEST(limit_sessions),
        LIMIT_TEST(limit_sessions_per_staff),
        LIMIT_TEST(a_session_that_ended_is_not_opened_again),
        LIMIT_TEST(limit_opens_per_staff_minute),
        LIMIT_TEST(limit_join_failures_per_address_minute_counts_failures_only),
        LIMIT_TEST(whoever_goes_on_guessing_waits_twice_as_long),
        LIMIT_TEST(a_link_is_let_in_though_somebody_guesses_behind_the_same_address),
        LIMIT_TEST(limit_waiting_per_staff),
        LIMIT_TEST(an_invitation_that_its_agent_left_makes_room_for_a_new_one),
        LIMIT_TEST(a_full_relay_begins_nothing_and_goes_on_with_what_is_live),
        LIMIT_TEST(limit_join_failures_does_not_keep_out_who_comes_back),
        LIMIT_TEST(limit_lookups_per_nameplate_burns_the_code_and_not_the_link),
        LIMIT_TEST(limit_hello_ms),
        LIMIT_TEST(limit_confirm_ms_frees_the_seat_of_whom_nobody_confirmed),
        LIMIT_TEST(limit_confirm_ms_waits_for_the_agent),
        LIMIT_TEST(limit_queue_bytes_closes_who_does_not_read),
        LIMIT_TEST(limit_queue_bytes_all),
        LIMIT_TEST(limit_queue_ms),
        LIMIT_TEST(limit_messages_per_second),
        LIMIT_TEST(limit_bytes_per_second),
        LIMIT_TEST(limit_grace_ms),
        LIMIT_TEST(limit_returns_per_seat_minute),
        LIMIT_TEST(limit_log_pending),
        LIMIT_TEST(limit_bytes_of_each_kind),
        LIMIT_TEST(limit_hello_bytes_whatever_the_kind),
        LIMIT_TEST(limits_that_make_no_sense_are_refused),
        LIMIT_TEST(broken_messages_close_the_connection_and_say_why),
        LIMIT_TEST(nothing_may_come_before_hello),
        LIMIT_TEST(messages_out_of_order_close_the_connection),
        LIMIT_TEST(nothing_is_taken_while_a_session_is_being_opened),
        LIMIT_TEST(a_receipt_goes_to_the_seat_also_when_its_connection_changed),
        LIMIT_TEST(each_end_writes_only_its_own_class),
        LIMIT_TEST(what_a_customer_writes_is_logged_when_the_agent_has_confirmed_them),
        LIMIT_TEST(what_a_stranger_wrote_never_reaches_the_log),
        LIMIT_TEST(a_full_disk_refuses_new_sessions_and_receipts_and_the_events_come_later_in_order),
        LIMIT_TEST(while_the_log_is_far_behind_no_gate_opens),
        LIMIT_TEST(consistency_is_proved_when_asked),
        LIMIT_TEST(new_notes_reach_everybody_who_said_hello),
        LIMIT_TEST(a_revoked_agent_is_closed_and_the_session_ends_as_failed),
        LIMIT_TEST(somebody_of_another_organisation_is_refused),
        LIMIT_TEST(a_policy_to_which_nothing_can_be_sealed_is_not_taken),
        LIMIT_TEST(every_bound_that_was_reached_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
