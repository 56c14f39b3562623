/* SPDX-License-Identifier: Apache-2.0 */
/* What passes and what does not: gates, media, sealed messages, and the notes that the log gets of it. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/relay/core_fixture.h"

static struct session s;

static const struct proto_media_header key_frame = {
    .src = 1, .stream = 5, .class = PROTO_CLASS_VIDEO, .flags = PROTO_MEDIA_KEY};

static int begin(void **state)
{
    (void)state;
    world_new(&w);
    session_live(&w, &s);
    return 0;
}

static bool arrives(const struct proto_media_header *header)
{
    size_t len;

    assert_ok(world_media(&w, header->src == 1 ? s.customer : s.agent, header, 64));
    return world_get(&w, header->src == 1 ? s.agent : s.customer, PROTO_TYPE_MEDIA, &len) != NULL;
}

static void without_a_gate_nothing_passes_and_the_log_has_it_once_for_each_stream(void **state)
{
    struct proto_media_header header = key_frame;
    struct relay_core_figures figures;
    (void)state;

    for (int i = 0; i < 5; i++)
        assert_false(arrives(&header));
    header.stream = 6;
    assert_false(arrives(&header));
    relay_core_figures(w.core, &figures);
    assert_int_equal(figures.blocked_messages, 6);
    world_work(&w);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_BLOCKED), 2);
    const handhold_FromRelay *heard = world_hear(&w, s.customer, handhold_FromRelay_blocked_tag);
    assert_int_equal(heard->body.blocked.stream, 5);
    assert_null(world_hear(&w, s.customer, handhold_FromRelay_blocked_tag)); /* not for each message */
    world_pass(&w, 1000);
    assert_false(arrives(&key_frame));
    heard = world_hear(&w, s.customer, handhold_FromRelay_blocked_tag);
    assert_int_equal(heard->body.blocked.messages, 6);
    world_work(&w);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_BLOCKED), 2);
    struct proto_event_note events[16];
    assert_ok(session_leave(&w, s.customer, PROTO_INDEX_CUSTOMER, PROTO_END_COMPLETED));
    assert_ok(session_leave(&w, s.agent, PROTO_INDEX_AGENT, PROTO_END_COMPLETED));
    world_work(&w);
    size_t count = world_events(&w, s.sid, events, 16);
    assert_int_equal(events[count - 1].action, PROTO_ACT_ENDED);
    assert_string_equal(proto_event_note_get(&events[count - 1], "blocked"), "7");
}

static void a_stranger_who_sends_pictures_is_not_worth_a_note(void **state)
{
    struct session other;
    (void)state;

    session_open(&w, &other, NULL);
    session_join(&w, &other);
    assert_ok(world_media(&w, other.customer, &key_frame, 10));
    world_work(&w);
    assert_int_equal(world_count(&w, other.sid, PROTO_ACT_BLOCKED), 0);
}

static void an_open_gate_lets_its_stream_pass_byte_for_byte(void **state)
{
    uint8_t sent[PROTO_MEDIA_HEADER_BYTES + 500];
    size_t len;
    (void)state;

    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    proto_media_header_write(sent, &key_frame);
    for (size_t i = PROTO_MEDIA_HEADER_BYTES; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * 7);
    assert_ok(relay_core_feed(w.core, s.customer, sent, sizeof sent, w.now));
    const uint8_t *got = world_get(&w, s.agent, PROTO_TYPE_MEDIA, &len);
    assert_int_equal(len, sizeof sent);
    assert_memory_equal(got, sent, len);
    struct proto_media_header other = key_frame;
    other.stream = 6;
    assert_false(arrives(&other));
    struct relay_core_figures figures; /* by capability, never by person */
    relay_core_figures(w.core, &figures);
    assert_int_equal(figures.forwarded[PROTO_CAPABILITY_CAMERA].count, 1);
    assert_int_equal(figures.forwarded[PROTO_CAPABILITY_MICROPHONE].count, 0);
}

static void assert_hash(const struct proto_event_note *event, const char *key, const uint8_t bytes[32])
{
    char hex[65];

    sodium_bin2hex(hex, sizeof hex, bytes, 32);
    assert_non_null(proto_event_note_get(event, key));
    assert_string_equal(proto_event_note_get(event, key), hex);
}

static void the_log_has_what_passed_with_frames_and_bytes(void **state)
{
    struct proto_event_note events[16];
    (void)state;

    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    for (int i = 0; i < 3; i++)
        assert_true(arrives(&key_frame));
    struct proto_gate gate = {
        .gate_seq = ++s.gate_seq, .src = 1, .stream = 5, .dst = 2, .capability = PROTO_CAPABILITY_CAMERA};
    memcpy(gate.sid, s.sid, sizeof gate.sid);
    assert_ok(session_say_gate(&w, &s, &gate));
    assert_false(arrives(&key_frame));
    world_work(&w);
    static const enum proto_act expected[] = {PROTO_ACT_CREATED, PROTO_ACT_JOINED,  PROTO_ACT_GATE_OPENED,
                                              PROTO_ACT_STARTED, PROTO_ACT_STOPPED, PROTO_ACT_GATE_CLOSED,
                                              PROTO_ACT_BLOCKED};
    assert_int_equal(world_events(&w, s.sid, events, 16), 7);
    for (size_t i = 0; i < 7; i++)
        assert_string_equal(proto_act_name(events[i].action), proto_act_name(expected[i]));
    assert_string_equal(events[0].subject, "Ada Agent 00a1");
    assert_string_equal(proto_event_note_get(&events[0], "customer"), "customer%204711%3D%25");
    assert_string_equal(proto_event_note_get(&events[0], "ticket"), "ticket-1");
    assert_string_equal(proto_event_note_get(&events[0], "id"), "staff0");
    assert_string_equal(proto_event_note_get(&events[0], "serial"), "00a1");
    assert_hash(&events[0], "fingerprint", w.staff[0].fingerprint);
    assert_hash(&events[0], "key", w.staff[0].public_key);
    assert_string_equal(proto_event_note_get(&events[1], "by"), "link");
    assert_hash(&events[1], "key", s.cs_public);
    assert_int_equal(strlen(proto_event_note_get(&events[2], "leaf")), 64);
    assert_hash(&events[2], "grantee", w.staff[0].fingerprint);
    for (size_t i = 2; i < 6; i++)
        assert_string_equal(proto_event_note_get(&events[i], "dst"), "2");
    assert_string_equal(proto_event_note_get(&events[4], "frames"), "3");
    assert_string_equal(proto_event_note_get(&events[4], "bytes"), "240");
    assert_string_equal(proto_event_note_get(&events[4], "stream"), "5");
    for (size_t i = 2; i < 7; i++)
        assert_int_equal(events[i].capability, PROTO_CAPABILITY_CAMERA);
}

static void staff_may_send_voice_through_a_gate_that_names_them(void **state)
{
    struct proto_media_header voice = {.src = 2, .stream = 9, .class = PROTO_CLASS_AUDIO};
    (void)state;

    assert_false(arrives(&voice));
    session_open_gate(&w, &s, 2, 9, PROTO_CAPABILITY_MICROPHONE);
    assert_true(arrives(&voice));
}

static void a_gate_whose_grant_is_not_in_the_log_stays_shut(void **state)
{
    struct proto_gate gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    struct session other;
    (void)state;

    gate.leaf_hash[0] ^= 1;
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_CONSENT);
    assert_false(arrives(&key_frame));
    struct session mine = s;
    session_live(&w, &other);
    struct proto_gate theirs = session_gate(&w, &other, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    gate = theirs; /* a leaf of another session */
    memcpy(gate.sid, mine.sid, sizeof gate.sid);
    gate.gate_seq = ++s.gate_seq;
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_CONSENT);
}

static void a_gate_that_the_policy_forbids_stays_shut(void **state)
{
    struct proto_gate gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_LOCATION, 600);
    (void)state;

    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_POLICY);
    gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 0xffffffff); /* too long */
    w.policy.rules[PROTO_CAPABILITY_CAMERA].max_seconds = 600;
    assert_ok(relay_core_set_notes(w.core, "o", &w.org, "p", &w.policy, w.now));
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_POLICY);
    gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    assert_ok(session_say_gate(&w, &s, &gate));
}

/* The last event `gate-refused` of the session. */
static struct proto_event_note last_refusal(void)
{
    static struct proto_event_note events[64];
    size_t count;

    world_work(&w);
    for (count = world_events(&w, s.sid, events, 64); count && events[count - 1].action != PROTO_ACT_GATE_REFUSED;)
        count--;
    assert_true(count > 0);
    return events[count - 1];
}

static void each_way_that_is_refused_stands_in_the_log_with_its_cause(void **state)
{
    struct proto_gate gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_LOCATION, 600);
    (void)state;

    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_POLICY);
    struct proto_event_note event = last_refusal();
    assert_int_equal(event.capability, PROTO_CAPABILITY_LOCATION);
    assert_string_equal(proto_event_note_get(&event, "cause"), "policy");
    assert_string_equal(proto_event_note_get(&event, "src"), "1");
    assert_string_equal(proto_event_note_get(&event, "stream"), "5");
    assert_string_equal(proto_event_note_get(&event, "dst"), "2");
    assert_string_equal(proto_event_note_get(&event, "times"), "1");
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_REPLAY);
    event = last_refusal();
    assert_string_equal(proto_event_note_get(&event, "cause"), "number");
    gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    memset(gate.leaf_hash, 7, sizeof gate.leaf_hash);
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_CONSENT);
    event = last_refusal();
    assert_string_equal(proto_event_note_get(&event, "cause"), "grant");
    gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    memcpy(gate.grantee, w.staff[1].fingerprint, sizeof gate.grantee);
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_REFUSED);
    event = last_refusal();
    assert_string_equal(proto_event_note_get(&event, "cause"), "grantee");
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_GATE_REFUSED), 4);
    gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    assert_ok(session_say_gate(&w, &s, &gate));
}

static void whoever_asks_for_forbidden_ways_without_end_fills_no_log_and_each_is_counted(void **state)
{
    enum { TRIES = 200 };
    struct proto_event_note events[64];
    unsigned long times = 0;
    (void)state;

    for (int i = 0; i < TRIES; i++) {
        struct proto_gate gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_LOCATION, 600);
        assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_POLICY);
        world_pass(&w, 200); /* its connection may not ask faster */
    }
    world_work(&w);
    assert_ok(session_leave(&w, s.customer, 1, PROTO_END_COMPLETED));
    world_work(&w);
    size_t count = world_events(&w, s.sid, events, 64);
    for (size_t i = 0; i < count; i++) {
        if (events[i].action == PROTO_ACT_GATE_REFUSED)
            times += strtoul(proto_event_note_get(&events[i], "times"), NULL, 10);
        if (events[i].action == PROTO_ACT_ENDED)
            times += strtoul(proto_event_note_get(&events[i], "refused"), NULL, 10);
    }
    assert_int_equal(times, TRIES);
    assert_in_range(world_count(&w, s.sid, PROTO_ACT_GATE_REFUSED), 8, 9);
}

static void a_gate_for_a_role_that_may_not_ask_stays_shut(void **state)
{
    (void)state;

    session_open(&w, &s, &w.staff[3]);
    session_join(&w, &s);
    assert_ok(session_key(&w, &s));
    struct proto_gate gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    memcpy(gate.grantee, w.staff[3].fingerprint, sizeof gate.grantee);
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_POLICY);
}

static void a_gate_for_somebody_else_than_who_is_connected_stays_shut(void **state)
{
    struct proto_gate gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    (void)state;

    memcpy(gate.grantee, w.staff[1].fingerprint, sizeof gate.grantee);
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_REFUSED);
    assert_false(arrives(&key_frame));
}

static void a_gate_to_an_agent_who_is_away_stays_shut(void **state)
{
    struct proto_gate gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    (void)state;

    relay_core_closed(w.core, s.agent, w.now);
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_NOT_FOUND);
    gate.dst = 7;
    gate.gate_seq = ++s.gate_seq;
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_NOT_FOUND);
}

static void a_gate_number_is_good_once(void **state)
{
    struct proto_gate gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    (void)state;

    gate.gate_seq = s.gate_seq = 7;
    assert_ok(session_say_gate(&w, &s, &gate));
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_REPLAY);
    gate.gate_seq = 6;
    gate.open = false;
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_REPLAY);
    assert_true(arrives(&key_frame));
}

static void a_gate_of_another_session_or_by_another_key_stays_shut(void **state)
{
    struct proto_gate gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    struct session forger = s;
    (void)state;

    gate.sid[0] ^= 1;
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_REFUSED);
    gate.sid[0] ^= 1;
    forger.cs_secret[0] ^= 1;
    assert_int_equal(session_say_gate(&w, &forger, &gate), PROTO_ERR_SIGNATURE);
    assert_false(arrives(&key_frame));
}

static void no_gate_opens_until_the_agent_names_the_same_key(void **state)
{
    struct session other;
    (void)state;

    session_open(&w, &other, NULL);
    session_join(&w, &other);
    struct proto_gate gate = {
        .gate_seq = 1, .open = true, .src = 1, .stream = 5, .dst = 2, .capability = PROTO_CAPABILITY_CAMERA};
    memcpy(gate.sid, other.sid, sizeof gate.sid);
    assert_int_equal(session_say_gate(&w, &other, &gate), PROTO_ERR_STATE);
    struct session wrong = other;
    wrong.cs_public[5] ^= 1;
    assert_ok(session_key(&w, &wrong));
    world_expect_error(&w, other.agent, PROTO_ERR_KEY, false);
    assert_int_equal(session_say_gate(&w, &other, &gate), PROTO_ERR_STATE);
    assert_ok(session_key(&w, &other));
    gate = session_gate(&w, &other, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    gate.gate_seq = 2;
    assert_ok(session_say_gate(&w, &other, &gate));
    assert_ok(session_key(&w, &wrong)); /* and it cannot be changed any more */
    world_expect_error(&w, other.agent, PROTO_ERR_KEY, false);
}

static void time_runs_out_on_the_relays_clock(void **state)
{
    (void)state;

    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    w.now.mono_ms += 599999;
    assert_true(arrives(&key_frame));
    w.now.mono_ms += 1; /* even before the tick */
    assert_false(arrives(&key_frame));
    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    assert_true(relay_core_deadline(w.core) <= w.now.mono_ms + 600000);
    world_pass(&w, 600000);
    world_work(&w);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_GATE_CLOSED), 2);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_BLOCKED), 0); /* what was on its way is no attempt */
    world_pass(&w, 2000);
    assert_false(arrives(&key_frame));
    world_work(&w);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_BLOCKED), 1);
}

/* The machine stood still over the end of a consent, or somebody set its date: nothing passed for longer. */
static void what_stopped_says_when_something_could_pass_last(void **state)
{
    static const struct {
        int64_t mono_ms, unix_ms; /* by which the clocks went on until this relay came to close it */
        bool leaves;              /* before the time ran out */
        int64_t lasted_s;
    } cases[] = {
        {600000, 600000, false, 600},     {608000, 608000, false, 600}, {600000, 4200000, false, 600},
        {600000, -3000000, false, -3000}, {30000, 3630000, true, 30},   {30000, 30000, true, 30},
    };
    struct proto_event_note events[16];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
        int64_t opened_s = w.now.unix_ms / 1000, stopped_s = 0;
        assert_true(arrives(&key_frame));
        w.now.mono_ms += cases[i].mono_ms;
        w.now.unix_ms += cases[i].unix_ms;
        if (cases[i].leaves)
            relay_core_closed(w.core, s.agent, w.now);
        else
            relay_core_tick(w.core, w.now);
        world_work(&w);
        for (size_t e = world_events(&w, s.sid, events, 16); e-- > 0 && !stopped_s;)
            if (events[e].action == PROTO_ACT_STOPPED)
                stopped_s = events[e].unix_s;
        assert_int_equal(stopped_s - opened_s, cases[i].lasted_s);
        core_end(state);
        begin(state);
    }
}

static void a_closing_gate_drops_what_waits_at_once(void **state)
{
    size_t len;
    (void)state;

    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    for (int i = 0; i < 10; i++)
        assert_ok(world_media(&w, s.customer, &key_frame, 1000));
    struct proto_gate gate = {
        .gate_seq = ++s.gate_seq, .src = 1, .stream = 5, .dst = 2, .capability = PROTO_CAPABILITY_CAMERA};
    memcpy(gate.sid, s.sid, sizeof gate.sid);
    assert_ok(session_say_gate(&w, &s, &gate));
    assert_null(world_get(&w, s.agent, PROTO_TYPE_MEDIA, &len));
    gate.gate_seq = ++s.gate_seq;
    assert_ok(session_say_gate(&w, &s, &gate)); /* closed already */
}

static void a_lost_connection_closes_its_gates_and_keeps_its_seat(void **state)
{
    (void)state;

    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    assert_true(arrives(&key_frame));
    relay_core_closed(w.core, s.agent, w.now);
    assert_ok(world_media(&w, s.customer, &key_frame, 10));
    s.agent = world_connect(&w, &w.staff[0], NULL);
    assert_ok(session_hello_token(&w, &s, s.agent, s.agent_token));
    assert_false(arrives(&key_frame));
    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    assert_true(arrives(&key_frame));
    world_work(&w);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_STOPPED), 1);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_GATE_CLOSED), 1);
}

static void a_stream_that_gets_another_gate_loses_the_first(void **state)
{
    (void)state;

    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_STILL);
    assert_true(arrives(&key_frame));
    world_work(&w);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_GATE_OPENED), 2);
    assert_int_equal(world_count(&w, s.sid, PROTO_ACT_GATE_CLOSED), 1);
}

/* One grant follows the other; to close and open the way would lose what a stream may not lose. */
static void a_gate_on_a_newer_grant_goes_on_and_loses_nothing_that_waits(void **state)
{
    struct proto_event_note events[16];
    struct proto_media_header reliable = {
        .src = 1, .stream = 5, .class = PROTO_CLASS_RELIABLE, .flags = PROTO_MEDIA_RELIABLE};
    size_t len, waited = 0;
    (void)state;

    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_DEVICE_STATE);
    for (int i = 0; i < 3; i++)
        assert_ok(world_media(&w, s.customer, &reliable, 100));
    w.now.mono_ms += 599000;
    struct proto_gate gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_DEVICE_STATE, 600);
    assert_ok(session_say_gate(&w, &s, &gate));
    assert_ok(world_media(&w, s.customer, &reliable, 100));
    while (world_get(&w, s.agent, PROTO_TYPE_MEDIA, &len))
        waited++;
    assert_int_equal(waited, 4);
    w.now.mono_ms += 599999; /* beyond the first one's time */
    assert_true(arrives(&reliable));
    w.now.mono_ms += 1;
    assert_false(arrives(&reliable));
    world_pass(&w, 1);
    world_work(&w);
    static const enum proto_act expected[] = {
        PROTO_ACT_CREATED,     PROTO_ACT_JOINED,      PROTO_ACT_GATE_OPENED, PROTO_ACT_STARTED, PROTO_ACT_STOPPED,
        PROTO_ACT_GATE_CLOSED, PROTO_ACT_GATE_OPENED, PROTO_ACT_STARTED,     PROTO_ACT_STOPPED, PROTO_ACT_GATE_CLOSED};
    assert_int_equal(world_events(&w, s.sid, events, 16), sizeof expected / sizeof *expected);
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_int_equal(events[i].action, expected[i]);
    assert_string_equal(proto_event_note_get(&events[4], "frames"), "3");
    assert_string_equal(proto_event_note_get(&events[5], "cause"), "replaced");
    assert_string_equal(proto_event_note_get(&events[8], "frames"), "2");
    assert_hash(&events[6], "leaf", gate.leaf_hash);
}

static void a_newer_grant_that_the_log_does_not_have_extends_nothing(void **state)
{
    (void)state;

    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    w.now.mono_ms += 599000;
    struct proto_gate gate = session_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA, 600);
    gate.leaf_hash[0] ^= 1;
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_CONSENT);
    assert_true(arrives(&key_frame));
    w.now.mono_ms += 1000;
    assert_false(arrives(&key_frame));
}

static void gates_have_a_bound(void **state)
{
    (void)state;

    for (uint8_t stream = 1; stream <= 33; stream++) {
        w.now.mono_ms += 100;
        struct proto_gate gate = session_gate(&w, &s, 1, stream, PROTO_CAPABILITY_CAMERA, 600);
        assert_int_equal(session_say_gate(&w, &s, &gate), stream <= 32 ? PROTO_OK : PROTO_ERR_FULL);
        world_work(&w);
    }
}

static void a_sender_is_told_what_waits_and_once_that_it_is_over(void **state)
{
    const handhold_FromRelay *said;
    unsigned reports = 0;

    (void)state;
    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    world_silence(&w, s.customer);
    assert_ok(world_media(&w, s.customer, &key_frame, 500));
    assert_null(world_hear(&w, s.customer, handhold_FromRelay_queue_report_tag)); /* it came this instant */
    for (int ms = 10; ms <= 300; ms += 10) {
        world_pass(&w, 10);
        assert_ok(world_media(&w, s.customer, &key_frame, 500));
        while ((said = world_hear(&w, s.customer, handhold_FromRelay_queue_report_tag)) != NULL) {
            reports++;
            assert_int_equal(said->body.queue_report.stream, 5);
            assert_true(said->body.queue_report.queued_ms >= 20);
            assert_true(said->body.queue_report.queued_bytes >= 500);
        }
    }
    assert_in_range(reports, 2, 4); /* every tenth of a second, whatever is sent */
    world_silence(&w, s.agent);
    reports = 0;
    for (int i = 0; i < 10; i++) {
        world_pass(&w, 100);
        assert_ok(world_media(&w, s.customer, &key_frame, 500));
        world_silence(&w, s.agent);
        while ((said = world_hear(&w, s.customer, handhold_FromRelay_queue_report_tag)) != NULL) {
            reports++;
            assert_int_equal(said->body.queue_report.queued_ms, 0);
        }
    }
    assert_int_equal(reports, 1);
}

static void a_slow_receiver_costs_the_picture_and_the_sender_is_asked_for_a_key_frame_once(void **state)
{
    struct proto_media_header header = key_frame;
    (void)state;

    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    assert_ok(world_media(&w, s.customer, &header, 1000));
    header.flags = 0;
    for (int i = 0; i < 30; i++) {
        w.now.mono_ms += 100;
        assert_ok(world_media(&w, s.customer, &header, 1000));
    }
    assert_int_equal(world_hear(&w, s.customer, handhold_FromRelay_key_frame_hint_tag)->body.key_frame_hint.stream, 5);
    assert_null(world_hear(&w, s.customer, handhold_FromRelay_key_frame_hint_tag));
    assert_false(arrives(&header));
    assert_true(arrives(&key_frame));
}

static void the_sender_is_asked_also_when_pictures_grow_old_in_silence(void **state)
{
    size_t len;
    (void)state;

    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    assert_ok(world_media(&w, s.customer, &key_frame, 1000));
    w.now.mono_ms += 5000;
    assert_null(world_get(&w, s.agent, PROTO_TYPE_MEDIA, &len));
    assert_non_null(world_hear(&w, s.customer, handhold_FromRelay_key_frame_hint_tag));
}

static void control_passes_before_a_picture_that_came_first(void **state)
{
    size_t len;
    (void)state;

    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    world_silence(&w, s.agent);
    assert_ok(world_media(&w, s.customer, &key_frame, 100000));
    assert_ok(world_send(&w, s.customer, PROTO_TYPE_CONTROL, 1, 2, "sealed", 6));
    assert_int_equal(world_take(&w, s.agent, &len)[0], PROTO_TYPE_CONTROL);
    assert_int_equal(world_take(&w, s.agent, &len)[0], PROTO_TYPE_MEDIA);
}

static void a_receiver_that_cannot_take_what_must_not_be_dropped_is_closed(void **state)
{
    struct proto_media_header header = {
        .src = 1, .stream = 5, .class = PROTO_CLASS_BULK, .flags = PROTO_MEDIA_RELIABLE};
    int sent = 0;
    (void)state;

    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_STILL);
    while (!world_closing(&w, s.agent) && sent++ < 200) {
        w.now.mono_ms += 100;
        assert_ok(world_media(&w, s.customer, &header, 65536));
    }
    assert_in_range(sent, 40, 50); /* three quarters of 4 MiB */
    world_expect_error(&w, s.agent, PROTO_ERR_BUSY, false);
    assert_false(world_hear(&w, s.customer, handhold_FromRelay_peer_tag)->body.peer.present);
    struct relay_core_figures figures;
    relay_core_figures(w.core, &figures);
    assert_true(figures.queue_bytes < 10000);
}

static void sealed_messages_go_to_the_other_end_unread(void **state)
{
    static const enum proto_type types[] = {PROTO_TYPE_HANDSHAKE, PROTO_TYPE_CONTROL};
    size_t len;
    (void)state;

    for (int i = 0; i < 2; i++) {
        assert_ok(world_send(&w, s.customer, types[i], 1, 2, "to the agent", 12));
        const uint8_t *got = world_get(&w, s.agent, types[i], &len);
        assert_int_equal(len, 16);
        assert_memory_equal(got + 4, "to the agent", 12);
        assert_ok(world_send(&w, s.agent, types[i], 2, 1, "to the customer", 15));
        assert_memory_equal(world_get(&w, s.customer, types[i], &len) + 4, "to the customer", 15);
    }
}

static void a_forged_sender_or_an_empty_seat_drops_the_message(void **state)
{
    struct proto_media_header header = key_frame;
    struct relay_core_figures figures;
    (void)state;

    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    world_silence(&w, s.agent);
    assert_ok(world_send(&w, s.customer, PROTO_TYPE_CONTROL, 2, 2, "forged", 6));
    assert_ok(world_send(&w, s.customer, PROTO_TYPE_CONTROL, 0, 2, "forged", 6));
    assert_ok(world_send(&w, s.customer, PROTO_TYPE_CONTROL, 1, 1, "to myself", 9));
    assert_ok(world_send(&w, s.customer, PROTO_TYPE_HANDSHAKE, 1, 0, "to the relay", 12));
    assert_ok(world_send(&w, s.customer, PROTO_TYPE_HANDSHAKE, 1, 9, "to nobody", 9));
    assert_ok(world_media(&w, s.agent, &header, 10)); /* the agent sends as the customer */
    relay_core_figures(w.core, &figures);
    assert_int_equal(figures.dropped_messages, 6);
    size_t len;
    assert_null(world_take(&w, s.agent, &len));
    relay_core_closed(w.core, s.agent, w.now);
    assert_ok(world_send(&w, s.customer, PROTO_TYPE_CONTROL, 1, 2, "nobody there", 12));
}

static void a_new_policy_closes_what_it_forbids(void **state)
{
    (void)state;

    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    session_open_gate(&w, &s, 1, 6, PROTO_CAPABILITY_DEVICE_STATE);
    w.policy.rules[PROTO_CAPABILITY_CAMERA].roles = 0;
    assert_ok(relay_core_set_notes(w.core, "new org", &w.org, "new policy", &w.policy, w.now));
    assert_int_equal(world_hear(&w, s.customer, handhold_FromRelay_gate_answer_tag)->body.gate_answer.error,
                     PROTO_ERR_POLICY);
    assert_string_equal(world_hear(&w, s.customer, handhold_FromRelay_notes_tag)->body.notes.policy_note, "new policy");
    assert_false(arrives(&key_frame));
    struct proto_media_header other = key_frame;
    other.stream = 6;
    assert_true(arrives(&other));
}

#define GATE_TEST(name) cmocka_unit_test_setup_teardown(name, begin, core_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GATE_TEST(without_a_gate_nothing_passes_and_the_log_has_it_once_for_each_stream),
        GATE_TEST(a_stranger_who_sends_pictures_is_not_worth_a_note),
        GATE_TEST(an_open_gate_lets_its_stream_pass_byte_for_byte),
        GATE_TEST(the_log_has_what_passed_with_frames_and_bytes),
        GATE_TEST(staff_may_send_voice_through_a_gate_that_names_them),
        GATE_TEST(a_gate_whose_grant_is_not_in_the_log_stays_shut),
        GATE_TEST(a_gate_that_the_policy_forbids_stays_shut),
        GATE_TEST(each_way_that_is_refused_stands_in_the_log_with_its_cause),
        GATE_TEST(whoever_asks_for_forbidden_ways_without_end_fills_no_log_and_each_is_counted),
        GATE_TEST(a_gate_for_a_role_that_may_not_ask_stays_shut),
        GATE_TEST(a_gate_for_somebody_else_than_who_is_connected_stays_shut),
        GATE_TEST(a_gate_to_an_agent_who_is_away_stays_shut),
        GATE_TEST(a_gate_number_is_good_once),
        GATE_TEST(a_gate_of_another_session_or_by_another_key_stays_shut),
        GATE_TEST(no_gate_opens_until_the_agent_names_the_same_key),
        GATE_TEST(time_runs_out_on_the_relays_clock),
        GATE_TEST(what_stopped_says_when_something_could_pass_last),
        GATE_TEST(a_closing_gate_drops_what_waits_at_once),
        GATE_TEST(a_lost_connection_closes_its_gates_and_keeps_its_seat),
        GATE_TEST(a_stream_that_gets_another_gate_loses_the_first),
        GATE_TEST(a_gate_on_a_newer_grant_goes_on_and_loses_nothing_that_waits),
        GATE_TEST(a_newer_grant_that_the_log_does_not_have_extends_nothing),
        GATE_TEST(gates_have_a_bound),
        GATE_TEST(a_sender_is_told_what_waits_and_once_that_it_is_over),
        GATE_TEST(a_slow_receiver_costs_the_picture_and_the_sender_is_asked_for_a_key_frame_once),
        GATE_TEST(the_sender_is_asked_also_when_pictures_grow_old_in_silence),
        GATE_TEST(control_passes_before_a_picture_that_came_first),
        GATE_TEST(a_receiver_that_cannot_take_what_must_not_be_dropped_is_closed),
        GATE_TEST(sealed_messages_go_to_the_other_end_unread),
        GATE_TEST(a_forged_sender_or_an_empty_seat_drops_the_message),
        GATE_TEST(a_new_policy_closes_what_it_forbids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
