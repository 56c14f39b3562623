/* SPDX-License-Identifier: Apache-2.0 */
/* Who may have what is kept at the relay, and who may keep something there. */
#include <stdlib.h>
#include <string.h>

#include "tests/relay/core_fixture.h"

static struct session s;

static void allow_history(void)
{
    struct proto_policy_rule *rule = &w.policy.rules[PROTO_CAPABILITY_HISTORY];

    rule->roles = 1u << PROTO_ROLE_AGENT;
    rule->max_seconds = 0;
    rule->retention_days = 30;
}

static int begin(void **state)
{
    (void)state;
    world_new(&w);
    allow_history();
    assert_ok(relay_core_set_notes(w.core, "org", &w.org, "policy", &w.policy, w.now));
    session_live(&w, &s);
    return 0;
}

static handhold_ToRelay *ask_for(enum proto_kept kind, const char *name)
{
    static handhold_ToRelay message;

    message = (handhold_ToRelay){.which_body = handhold_ToRelay_kept_ask_tag};
    message.body.kept_ask.kind = kind;
    assert_ok(PROTO_SET_TEXT(message.body.kept_ask.name, name));
    return &message;
}

static handhold_ToRelay *keep(enum proto_kept kind, uint32_t days, size_t len)
{
    static handhold_ToRelay message;

    message = (handhold_ToRelay){.which_body = handhold_ToRelay_kept_add_tag};
    message.body.kept_add.kind = kind;
    message.body.kept_add.days = days;
    message.body.kept_add.sealed.size = (pb_size_t)len;
    memset(message.body.kept_add.sealed.bytes, 0x5e, len);
    return &message;
}

static enum proto_err kept(uint32_t connection, handhold_ToRelay *message)
{
    const handhold_FromRelay *heard;

    assert_ok(world_say(&w, connection, PROTO_INDEX_AGENT, message));
    world_work(&w);
    heard = world_hear(&w, connection, handhold_FromRelay_kept_answer_tag);
    assert_non_null(heard);
    return heard->body.kept_answer.error;
}

static void an_agent_keeps_a_case_of_the_sessions_own_customer(void **state)
{
    (void)state;
    assert_ok(kept(s.agent, keep(PROTO_KEPT_CASE, 30, 700)));
    assert_int_equal(w.kept_count, 1);
    assert_int_equal(w.kept[0].kind, RELAY_JOB_CASE);
    assert_memory_equal(w.kept[0].sid, s.sid, 16);
    assert_int_equal(w.kept[0].len, 700);
    assert_int_equal(w.kept[0].until_ms, w.now.unix_ms + INT64_C(30) * 86400000);
    assert_ok(world_say(&w, s.agent, PROTO_INDEX_AGENT, ask_for(PROTO_KEPT_CASE, "Mrs Example")));
    const handhold_FromRelay *heard = world_hear(&w, s.agent, handhold_FromRelay_kept_part_tag);
    assert_non_null(heard);
    assert_int_equal(heard->body.kept_part.error, PROTO_OK);
    assert_string_equal(w.kept_asked, "customer 4711=%"); /* whose session it is, and not who was named */
}

static void what_the_policy_forbids_is_not_kept(void **state)
{
    (void)state;
    assert_int_equal(kept(s.agent, keep(PROTO_KEPT_CASE, 31, 700)), PROTO_ERR_REFUSED);
    assert_int_equal(kept(s.agent, keep(PROTO_KEPT_CASE, 0, 700)), PROTO_ERR_REFUSED);
    assert_int_equal(kept(s.agent, keep(PROTO_KEPT_GUIDE, 1, 700)), PROTO_ERR_REFUSED);
    assert_int_equal(kept(s.agent, keep(PROTO_KEPT_COUNT, 0, RELAY_STORE_COUNT_MAX + 1)), PROTO_ERR_REFUSED);
    assert_ok(kept(s.agent, keep(PROTO_KEPT_COUNT, 0, 300)));
    assert_ok(kept(s.agent, keep(PROTO_KEPT_CASE, 0, 0))); /* to forget needs no leave */
    assert_int_equal(w.kept_count, 2);
    w.policy.rules[PROTO_CAPABILITY_HISTORY].roles = 0;
    w.policy.number++;
    assert_ok(relay_core_set_notes(w.core, "org", &w.org, "policy", &w.policy, w.now));
    assert_int_equal(kept(s.agent, keep(PROTO_KEPT_CASE, 1, 700)), PROTO_ERR_REFUSED);
    w.kept_asked[0] = '\0';
    assert_ok(world_say(&w, s.agent, PROTO_INDEX_AGENT, ask_for(PROTO_KEPT_CASE, "")));
    assert_non_null(world_hear(&w, s.agent, handhold_FromRelay_kept_part_tag));
    assert_string_equal(w.kept_asked, "");
}

static void nobody_but_staff_asks_or_keeps(void **state)
{
    (void)state;
    assert_int_equal(world_say(&w, s.customer, PROTO_INDEX_CUSTOMER, ask_for(PROTO_KEPT_COUNT, "")),
                     PROTO_ERR_CERT_ROLE);
    world_expect_error(&w, s.customer, PROTO_ERR_CERT_ROLE, true);
    assert_int_equal(w.kept_count, 0);
}

static void a_disk_that_is_full_is_told(void **state)
{
    (void)state;
    w.disk_full = true;
    assert_int_equal(kept(s.agent, keep(PROTO_KEPT_CASE, 30, 700)), PROTO_ERR_IO);
    w.disk_full = false;
    assert_ok(kept(s.agent, keep(PROTO_KEPT_CASE, 30, 700)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, core_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_agent_keeps_a_case_of_the_sessions_own_customer),
        TEST(what_the_policy_forbids_is_not_kept),
        TEST(nobody_but_staff_asks_or_keeps),
        TEST(a_disk_that_is_full_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
