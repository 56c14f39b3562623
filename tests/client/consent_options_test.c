/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "client/companion/consent_options.h"
#include "tests/proto/test.h"

static void ask_leaves_every_answer_to_the_person(void **state)
{
    struct client_consent_rule rule;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    assert_ok(client_consent_rule_parse("ask", &rule, why));
    for (enum proto_capability c = 1; c < PROTO_CAPABILITY_COUNT; c++)
        assert_int_equal(client_consent_rule_answer(&rule, c), CLIENT_ANSWER_ASK);
}

static void none_refuses_everything(void **state)
{
    struct client_consent_rule rule;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    assert_ok(client_consent_rule_parse("none", &rule, why));
    for (enum proto_capability c = 1; c < PROTO_CAPABILITY_COUNT; c++)
        assert_int_equal(client_consent_rule_answer(&rule, c), CLIENT_ANSWER_REFUSE);
}

static void a_list_grants_what_it_names_and_refuses_the_rest(void **state)
{
    struct client_consent_rule rule;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    assert_ok(client_consent_rule_parse("camera,device-state", &rule, why));
    assert_int_equal(client_consent_rule_answer(&rule, PROTO_CAPABILITY_CAMERA), CLIENT_ANSWER_GRANT);
    assert_int_equal(client_consent_rule_answer(&rule, PROTO_CAPABILITY_DEVICE_STATE), CLIENT_ANSWER_GRANT);
    assert_int_equal(client_consent_rule_answer(&rule, PROTO_CAPABILITY_MICROPHONE), CLIENT_ANSWER_REFUSE);
    assert_int_equal(client_consent_rule_answer(&rule, PROTO_CAPABILITY_LOCATION), CLIENT_ANSWER_REFUSE);
}

static void an_unknown_capability_is_named_with_those_that_exist(void **state)
{
    static const char *const broken[] = {
        "camera,webcam", "",        ",",          "camera,",     ",camera",     "camera,,still", "-",
        "Camera",        "camera ", "ask,camera", "none,camera", "camera;still"};
    struct client_consent_rule rule;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        assert_int_equal(client_consent_rule_parse(broken[i], &rule, why), PROTO_ERR_RANGE);
        assert_int_equal(rule.granted, 0);
        assert_non_null(strstr(why, "camera, microphone, device-state"));
    }
    assert_int_equal(client_consent_rule_parse("camera,webcam", &rule, why), PROTO_ERR_RANGE);
    assert_non_null(strstr(why, "\"webcam\""));
}

static void the_list_of_names_ends_without_a_comma(void **state)
{
    const char *names = client_capability_names();

    (void)state;
    assert_memory_equal(names, "camera, ", 8);
    assert_string_equal(names + strlen(names) - 5, "guest");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ask_leaves_every_answer_to_the_person),
        cmocka_unit_test(none_refuses_everything),
        cmocka_unit_test(a_list_grants_what_it_names_and_refuses_the_rest),
        cmocka_unit_test(an_unknown_capability_is_named_with_those_that_exist),
        cmocka_unit_test(the_list_of_names_ends_without_a_comma),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
