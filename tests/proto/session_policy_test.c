/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An agent's program that somebody altered asks for what the policy forbids, rule by rule: its own end, as it was
 * shipped, would not ask; the customer's end answers without asking anybody, and the log has it.
 */
#include "tests/proto/test.h"

#include "tests/proto/session_test.h"

#include <string.h>

#define AGENT (1u << PROTO_ROLE_AGENT)
#define EXPERT (1u << PROTO_ROLE_EXPERT)
#define OFFERED "to see the lamp"

static const struct attempt {
    const char *rule;
    enum proto_capability capability;
    const char *purpose;
    uint32_t max_s, retention_days;
    bool cut_down; /* the agent's own end asks for what is allowed instead; otherwise it asks for nothing */
} attempts[] = {
    {"what is denied to all", PROTO_CAPABILITY_LOCATION, OFFERED, 60, 0, false},
    {"a recording", PROTO_CAPABILITY_RECORDING, OFFERED, 60, 0, false},
    {"what another role may ask", PROTO_CAPABILITY_DEVICE_STATE, OFFERED, 60, 0, false},
    {"a purpose that is not offered", CAMERA, "to look around", 60, 0, false},
    {"a second more than the longest grant", CAMERA, OFFERED, 601, 0, true},
    {"a grant without an end", CAMERA, OFFERED, 0, 0, true},
    {"a day longer than it may be kept", CAMERA, OFFERED, 60, 8, true},
};

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 61);
    struct proto_policy *policy = &sw.base.policy;
    policy->rules[CAMERA] = (struct proto_policy_rule){AGENT | EXPERT, 600, 7};
    policy->rules[PROTO_CAPABILITY_DEVICE_STATE] = (struct proto_policy_rule){EXPERT, 0, 0};
    policy->rules[PROTO_CAPABILITY_LOCATION] = (struct proto_policy_rule){0};
    policy->rules[PROTO_CAPABILITY_RECORDING] = (struct proto_policy_rule){0};
    policy->purpose_count = 1;
    assert_ok(proto_set_text(policy->purposes[0], sizeof policy->purposes[0], OFFERED));
    sw_publish(&sw);
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) /* the device has all of it */
        sw.customer_config.offers |= 1u << attempts[i].capability;
    return 0;
}

static void an_agents_own_end_asks_for_nothing_that_is_forbidden(void **state)
{
    (void)state;
    sw_join(&sw);
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        const struct attempt *a = &attempts[i];

        print_message("%s\n", a->rule);
        size_t from = sw.trace_count;
        enum proto_err err = proto_session_request(sw.agent, a->capability, a->purpose, a->max_s, sw.now);
        assert_int_equal(err, a->cut_down ? PROTO_OK : PROTO_ERR_POLICY);
        sw_carry(&sw);
        assert_int_equal(sw_traced(&sw, from, false, PROTO_TYPE_CONTROL, PROTO_CONTROL_CONSENT_REQUEST), a->cut_down);
        if (!a->cut_down)
            continue;
        const struct held *held = &sw.agent->held[a->capability];
        assert_true(held->max_s > 0 && held->max_s <= 600 && held->retention_days <= 7);
        assert_ok(proto_session_grant(sw.customer, a->capability, sw.now)); /* and the customer's end finds it so */
        sw_carry(&sw);
        assert_true(proto_session_may_send(sw.customer, a->capability));
        assert_ok(proto_session_withdraw(sw.customer, a->capability, sw.now));
        sw_carry(&sw);
    }
}

static void a_changed_agent_is_refused_by_the_customers_end_unasked_and_it_is_logged(void **state)
{
    (void)state;
    sw_join(&sw);
    for (uint32_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        const struct attempt *a = &attempts[i];
        handhold_ConsentRequest rogue = {
            .number = i + 1, .capability = a->capability, .max_s = a->max_s, .retention_days = a->retention_days};

        print_message("%s\n", a->rule);
        sw_forget_events(&sw);
        assert_ok(proto_set_text(rogue.purpose, sizeof rogue.purpose, a->purpose));
        pair_send_message(sw.agent, PROTO_CONTROL_CONSENT_REQUEST, handhold_ConsentRequest_fields, &rogue);
        sw_carry(&sw);
        assert_int_equal(sw_consents(&sw, true, a->capability, PROTO_CONSENT_REQUESTED), 0);
        assert_int_equal(sw_consents(&sw, true, a->capability, PROTO_CONSENT_REFUSED), 1);
        assert_string_equal(sw_last(&sw, true, PROTO_EVENT_CONSENT)->text, PROTO_PURPOSE_FORBIDDEN);
        assert_int_equal(sw_count(&sw, true, PROTO_EVENT_LOGGED), 1); /* with a receipt that was verified */
        assert_string_equal(sw_last(&sw, true, PROTO_EVENT_LOGGED)->text, "refuse");
        assert_int_equal(proto_session_grant(sw.customer, a->capability, sw.now), PROTO_ERR_CONSENT);
        assert_int_equal(sw_push(&sw, a->capability, "nobody is to see this", true), PROTO_ERR_CONSENT);
        assert_int_equal(sw_traced(&sw, 0, true, PROTO_TYPE_CONTROL, PROTO_CONTROL_KEY_RELEASE), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_agents_own_end_asks_for_nothing_that_is_forbidden, setup, sw_teardown),
        cmocka_unit_test_setup_teardown(a_changed_agent_is_refused_by_the_customers_end_unasked_and_it_is_logged, setup,
                                        sw_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
