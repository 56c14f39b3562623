/* SPDX-License-Identifier: Apache-2.0 */
/* New notes of the organisation and of its officer. */
#include <stdio.h>
#include <string.h>

#include "tests/relay/core_fixture.h"

static void new_notes_reach_everybody_who_said_hello(void **state)
{
    struct session s;
    (void)state;

    session_live(&w, &s);
    uint32_t staff = world_connect_staff(&w, &w.staff[1]), fresh = world_connect(&w, NULL, NULL);
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
    uint32_t idle = world_connect_staff(&w, &w.staff[0]);
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

/* Who is revoked in a note began no session behind the relay's word that it took it: a verifier counts on that order. */
static void that_a_note_was_taken_is_noted_behind_what_began_before(void **state)
{
    static const enum proto_log_class order[] = {PROTO_LOG_RELAY_EVENT, PROTO_LOG_OFFICER_ACT};
    struct session s;
    (void)state;

    uint32_t agent = world_connect_staff(&w, &w.staff[0]);
    assert_ok(session_ask(&w, &s, agent));
    assert_ok(proto_org_revoke(&w.org, w.staff[0].serial, 1767225600, "lost"));
    w.org.number += 2;
    assert_ok(relay_core_set_notes(w.core, "org 3", &w.org, "policy", &w.policy, w.now));
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const struct relay_job *job = relay_core_next_job(w.core);
        assert_non_null(job);
        assert_int_equal(job->kind, order[i]);
        assert_int_equal(job->dated_ms / 1000, w.now.unix_ms / 1000); /* neither waits */
    }
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

#define NOTES_TEST(name) cmocka_unit_test_setup_teardown(name, core_begin, core_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        NOTES_TEST(new_notes_reach_everybody_who_said_hello),
        NOTES_TEST(a_revoked_agent_is_closed_and_the_session_ends_as_failed),
        NOTES_TEST(that_a_note_was_taken_is_noted_behind_what_began_before),
        NOTES_TEST(somebody_of_another_organisation_is_refused),
        NOTES_TEST(a_policy_to_which_nothing_can_be_sealed_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
