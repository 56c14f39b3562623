/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "client/companion/commands.h"
#include "tests/proto/test.h"

static void each_json_command_becomes_its_struct(void **state)
{
    static const struct {
        const char *line;
        enum client_do what;
        enum proto_capability capability;
    } cases[] = {
        {"{\"do\":\"grant\",\"capability\":\"camera\"}", CLIENT_DO_GRANT, PROTO_CAPABILITY_CAMERA},
        {"{\"do\":\"refuse\",\"capability\":\"microphone\"}", CLIENT_DO_REFUSE, PROTO_CAPABILITY_MICROPHONE},
        {"{\"do\":\"withdraw\",\"capability\":\"device-state\"}", CLIENT_DO_WITHDRAW, PROTO_CAPABILITY_DEVICE_STATE},
        {"{\"do\":\"pause\"}", CLIENT_DO_PAUSE, 0},
        {"{\"do\":\"resume\"}", CLIENT_DO_RESUME, 0},
        {"{\"do\":\"chat\",\"text\":\"hello\"}", CLIENT_DO_CHAT, 0},
        {"{\"do\":\"check-words\",\"match\":false}", CLIENT_DO_CHECK_WORDS, 0},
        {"{\"do\":\"end\"}", CLIENT_DO_END, 0},
        {"{\"do\":\"send\",\"still\":1}", CLIENT_DO_SEND, 0},
        {"{\"do\":\"discard\",\"still\":7}", CLIENT_DO_DISCARD, 0},
        {"{\"do\":\"mask\",\"still\":1,\"rect\":[1,2,3,4]}", CLIENT_DO_MASK, 0},
        {"{\"do\":\"extend\",\"capability\":\"camera\"}", CLIENT_DO_EXTEND, PROTO_CAPABILITY_CAMERA},
        {"{\"do\":\"point\",\"x\":0.5,\"y\":1}", CLIENT_DO_POINT, 0},
        {"{\"do\":\"rate\",\"stars\":5,\"solved\":true}", CLIENT_DO_RATE, 0},
        {"{\"do\":\"stay\"}", CLIENT_DO_STAY, 0},
        {"  ", CLIENT_DO_NOTHING, 0},
    };
    struct client_command command;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(client_command_from_json(cases[i].line, &command, why));
        assert_int_equal(command.what, cases[i].what);
        assert_int_equal(command.capability, cases[i].capability);
    }
}

static void a_broken_json_line_is_one_error_that_names_the_way_out(void **state)
{
    static const struct {
        const char *line;
        enum proto_err err;
        const char *says;
    } cases[] = {
        {"{\"do\":\"frobnicate\"}", PROTO_ERR_NOT_FOUND, "\"frobnicate\": there is no such command; one of grant"},
        {"{\"do\":\"grant\"}", PROTO_ERR_RANGE, "\"capability\" is missing"},
        {"{\"do\":\"grant\",\"capability\":\"webcam\"}", PROTO_ERR_RANGE, "\"webcam\""},
        {"{\"do\":\"grant\",\"capability\":\"-\"}", PROTO_ERR_RANGE, "no such capability"},
        {"{\"do\":\"chat\",\"text\":\"\"}", PROTO_ERR_RANGE, "\"text\""},
        {"{\"do\":\"chat\",\"text\":7}", PROTO_ERR_RANGE, "\"text\""},
        {"{\"do\":\"check-words\",\"match\":\"yes\"}", PROTO_ERR_RANGE, "true or false"},
        {"{\"do\":\"end\",\"do\":\"grant\"}", PROTO_ERR_FORMAT, "no command"},
        {"grant camera", PROTO_ERR_FORMAT, "grant camera: this line is no command"},
        {"{}", PROTO_ERR_FORMAT, "no command"},
        {"[\"do\"]", PROTO_ERR_FORMAT, "no command"},
    };
    struct client_command command;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(client_command_from_json(cases[i].line, &command, why), cases[i].err);
        assert_non_null(strstr(why, cases[i].says));
    }
}

static void a_message_over_its_bound_is_refused_and_not_cut(void **state)
{
    char line[PROTO_MAX_CHAT_BYTES + 128], text[PROTO_MAX_CHAT_BYTES + 2];
    struct client_command command;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    snprintf(line, sizeof line, "{\"do\":\"chat\",\"text\":\"%s\"}", text);
    assert_int_equal(client_command_from_json(line, &command, why), PROTO_ERR_RANGE);
    assert_int_equal(client_command_from_keys(text, &(struct client_moment){.asked = false}, &command, why),
                     PROTO_ERR_RANGE);
    text[PROTO_MAX_CHAT_BYTES] = '\0';
    assert_ok(client_command_from_keys(text, &(struct client_moment){.asked = false}, &command, why));
    assert_int_equal(strlen(command.text), PROTO_MAX_CHAT_BYTES);
}

static void only_a_whole_yes_to_an_open_question_grants(void **state)
{
    static const char *const yes[] = {"y", "Y", "yes", " YES "};
    static const char *const no[] = {"", "n", "N", "no", "  "};
    static const char *const neither[] = {"yes please", "ye", "ja", "ok", "1", "yy", "words yes", "say y"};
    struct client_command command;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        assert_ok(client_command_from_keys(yes[i], &(struct client_moment){.asked = true}, &command, why));
        assert_int_equal(command.what, CLIENT_DO_GRANT);
        assert_ok(client_command_from_keys(yes[i], &(struct client_moment){.asked = false}, &command,
                                           why)); /* nothing is asked: it is talk */
        assert_int_equal(command.what, CLIENT_DO_CHAT);
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        assert_ok(client_command_from_keys(no[i], &(struct client_moment){.asked = true}, &command, why));
        assert_int_equal(command.what, CLIENT_DO_REFUSE);
    }
    for (size_t i = 0; i < sizeof neither / sizeof *neither; i++) {
        assert_int_equal(client_command_from_keys(neither[i], &(struct client_moment){.asked = true}, &command, why),
                         PROTO_ERR_RANGE);
        assert_int_not_equal(command.what, CLIENT_DO_GRANT);
    }
}

static void stopping_is_never_in_the_way_of_a_question(void **state)
{
    static const struct {
        const char *line;
        enum client_do what;
    } cases[] = {{"p", CLIENT_DO_PAUSE},           {"q", CLIENT_DO_END},
                 {"w", CLIENT_DO_WITHDRAW},        {"?", CLIENT_DO_HELP},
                 {"w camera", CLIENT_DO_WITHDRAW}, {"r", CLIENT_DO_RESUME}};
    struct client_command command;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int asked = 0; asked < 2; asked++) {
            assert_ok(client_command_from_keys(cases[i].line, &(struct client_moment){.asked = asked}, &command, why));
            assert_int_equal(command.what, cases[i].what);
        }
}

static void withdrawing_takes_one_name_or_everything(void **state)
{
    struct client_command command;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    assert_ok(client_command_from_keys("w", &(struct client_moment){.asked = false}, &command, why));
    assert_int_equal(command.capability, PROTO_CAPABILITY_NONE);
    assert_ok(client_command_from_keys("w camera", &(struct client_moment){.asked = false}, &command, why));
    assert_int_equal(command.capability, PROTO_CAPABILITY_CAMERA);
    assert_int_equal(client_command_from_keys("w webcam", &(struct client_moment){.asked = false}, &command, why),
                     PROTO_ERR_RANGE);
    assert_non_null(strstr(why, "\"webcam\""));
    assert_ok(
        client_command_from_keys("w is a letter", &(struct client_moment){.asked = false}, &command, why)); /* talk */
    assert_int_equal(command.what, CLIENT_DO_CHAT);
}

static void anything_else_is_said_to_the_agent(void **state)
{
    struct client_command command;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    assert_ok(client_command_from_keys("  the light is red ", &(struct client_moment){.asked = false}, &command, why));
    assert_int_equal(command.what, CLIENT_DO_CHAT);
    assert_string_equal(command.text, "the light is red");
    assert_ok(client_command_from_keys("say p", &(struct client_moment){.asked = false}, &command, why));
    assert_string_equal(command.text, "p");
    assert_ok(client_command_from_keys("words no", &(struct client_moment){.asked = false}, &command, why));
    assert_int_equal(command.what, CLIENT_DO_CHECK_WORDS);
    assert_false(command.match);
}

static void a_photo_is_decided_about_only_while_there_is_one(void **state)
{
    static const struct {
        const char *line;
        enum client_do with, without;
    } cases[] = {{"send", CLIENT_DO_SEND, CLIENT_DO_CHAT},
                 {"discard", CLIENT_DO_DISCARD, CLIENT_DO_CHAT},
                 {"mask 10,20,30,40", CLIENT_DO_MASK, CLIENT_DO_CHAT},
                 {"send it to me", CLIENT_DO_CHAT, CLIENT_DO_CHAT},
                 {"more", CLIENT_DO_EXTEND, CLIENT_DO_EXTEND}};
    struct client_command command;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(client_command_from_keys(cases[i].line, &(struct client_moment){.still = 3}, &command, why));
        assert_int_equal(command.what, cases[i].with);
        if (command.what == CLIENT_DO_MASK)
            assert_string_equal(command.text, "10,20,30,40");
        if (command.what == CLIENT_DO_SEND)
            assert_int_equal(command.still, 3);
        assert_ok(client_command_from_keys(cases[i].line, &(struct client_moment){0}, &command, why));
        assert_int_equal(command.what, cases[i].without);
    }
    /* and a question comes first */
    assert_int_equal(
        client_command_from_keys("send", &(struct client_moment){.asked = true, .still = 3}, &command, why),
        PROTO_ERR_RANGE);
}

static void the_last_word_is_stars_and_whether_it_was_solved(void **state)
{
    static const char *const wrong[] = {"5", "6 yes", "0 no", "yes", "5 yes really", "5 maybe"};
    const struct client_moment moment = {.goodbye = true};
    struct client_command command;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    assert_ok(client_command_from_keys("5 yes", &moment, &command, why));
    assert_true(command.what == CLIENT_DO_RATE && command.stars == 5 && command.match);
    assert_ok(client_command_from_keys("1 no", &moment, &command, why));
    assert_true(command.what == CLIENT_DO_RATE && command.stars == 1 && !command.match);
    assert_ok(client_command_from_keys("", &moment, &command, why));
    assert_int_equal(command.what, CLIENT_DO_END);
    assert_ok(client_command_from_keys("q", &moment, &command, why));
    assert_int_equal(command.what, CLIENT_DO_END);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(client_command_from_keys(wrong[i], &moment, &command, why), PROTO_ERR_RANGE);
}

static void what_is_missing_of_a_photo_a_point_or_a_rating_is_named(void **state)
{
    static const struct {
        const char *line, *says;
    } cases[] = {{"{\"do\":\"send\"}", "\"still\""},
                 {"{\"do\":\"discard\",\"still\":0}", "\"still\""},
                 {"{\"do\":\"mask\",\"still\":1}", "\"rect\""},
                 {"{\"do\":\"mask\",\"still\":1,\"rect\":[1,2,3]}", "\"rect\""},
                 {"{\"do\":\"mask\",\"still\":1,\"rect\":[1,2,3,\"4\"]}", "\"rect\""},
                 {"{\"do\":\"point\",\"x\":2,\"y\":0}", "0 to 1"},
                 {"{\"do\":\"rate\",\"stars\":6,\"solved\":true}", "1 to 5"},
                 {"{\"do\":\"rate\",\"stars\":5}", "\"solved\""},
                 {"{\"do\":\"extend\"}", "\"capability\""}};
    struct client_command command;
    char why[CLIENT_WHY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(client_command_from_json(cases[i].line, &command, why), PROTO_ERR_RANGE);
        assert_non_null(strstr(why, cases[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_json_command_becomes_its_struct),
        cmocka_unit_test(a_broken_json_line_is_one_error_that_names_the_way_out),
        cmocka_unit_test(a_message_over_its_bound_is_refused_and_not_cut),
        cmocka_unit_test(only_a_whole_yes_to_an_open_question_grants),
        cmocka_unit_test(stopping_is_never_in_the_way_of_a_question),
        cmocka_unit_test(withdrawing_takes_one_name_or_everything),
        cmocka_unit_test(anything_else_is_said_to_the_agent),
        cmocka_unit_test(a_photo_is_decided_about_only_while_there_is_one),
        cmocka_unit_test(the_last_word_is_stars_and_whether_it_was_solved),
        cmocka_unit_test(what_is_missing_of_a_photo_a_point_or_a_rating_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
