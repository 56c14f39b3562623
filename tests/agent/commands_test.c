/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "agent/commands.h"
#include "tests/proto/test.h"

static void each_command_becomes_its_struct(void **state)
{
    static const struct {
        const char *line;
        enum agent_do what;
    } cases[] = {
        {"{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"x\"}", AGENT_DO_REQUEST},
        {"{\"do\":\"chat\",\"text\":\"hello\"}", AGENT_DO_CHAT},
        {"{\"do\":\"point\",\"x\":0.5,\"y\":1}", AGENT_DO_POINT},
        {"{\"do\":\"draw\",\"shape\":\"arrow\",\"points\":[[0,0],[1,1]]}", AGENT_DO_DRAW},
        {"{\"do\":\"draw\",\"shape\":\"arrow\",\"points\":[[0,0],[1,1]],\"colour\":\"red\"}", AGENT_DO_DRAW},
        {"{\"do\":\"mute\"}", AGENT_DO_MUTE},
        {"{\"do\":\"microphone\",\"device\":\"default\"}", AGENT_DO_MICROPHONE},
        {"{\"do\":\"speaker\",\"device\":\"\"}", AGENT_DO_SPEAKER},
        {"{\"do\":\"clear\"}", AGENT_DO_CLEAR},
        {"{\"do\":\"freeze\"}", AGENT_DO_FREEZE},
        {"{\"do\":\"check-words\",\"match\":true}", AGENT_DO_CHECK_WORDS},
        {"{\"do\":\"wrong-person\"}", AGENT_DO_WRONG_PERSON},
        {"{\"do\":\"end\"}", AGENT_DO_END},
        {"{\"do\":\"still\"}", AGENT_DO_STILL},
        {"{\"do\":\"check\",\"check\":\"dns\"}", AGENT_DO_CHECK},
        {"{\"do\":\"record\",\"on\":true}", AGENT_DO_RECORD},
        {"{\"do\":\"hold\",\"on\":true}", AGENT_DO_HOLD},
        {"{\"do\":\"torch\",\"on\":true}", AGENT_DO_TORCH},
        {"{\"do\":\"zoom\",\"factor\":2}", AGENT_DO_ZOOM},
        {"{\"do\":\"lens\",\"id\":\"0\"}", AGENT_DO_LENS},
        {"{\"do\":\"focus\",\"x\":0.5,\"y\":1}", AGENT_DO_FOCUS},
        {"", AGENT_DO_NOTHING},
    };
    struct agent_command *command = malloc(sizeof *command);
    char why[AGENT_WHY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_ok(agent_command_from_json(cases[i].line, command, why));
        assert_int_equal(command->what, cases[i].what);
    }
    free(command);
}

static void a_request_without_words_gets_the_desks(void **state)
{
    struct agent_command command;
    char why[AGENT_WHY_BYTES];

    (void)state;
    assert_ok(agent_command_from_json("{\"do\":\"request\",\"capability\":\"device-state\"}", &command, why));
    assert_string_equal(command.text, agent_desk_purpose(PROTO_CAPABILITY_DEVICE_STATE));
    assert_int_equal(command.max_s, 0);
    assert_ok(agent_command_from_json("{\"do\":\"request\",\"capability\":\"camera\",\"seconds\":60}", &command, why));
    assert_int_equal(command.max_s, 60);
    for (enum proto_capability c = 1; c < PROTO_CAPABILITY_COUNT; c++)
        assert_in_range(strlen(agent_desk_purpose(c)), 10, PROTO_MAX_VALUE_BYTES);
}

static void a_request_may_name_more_that_stands_on_the_same_sheet(void **state)
{
    struct agent_command command;
    char why[AGENT_WHY_BYTES];

    (void)state;
    assert_ok(agent_command_from_json(
        "{\"do\":\"request\",\"capability\":\"camera\",\"with\":[\"torch\",\"zoom\"],\"purpose\":\"To see\"}", &command,
        why));
    assert_int_equal(command.count, 3);
    assert_int_equal(command.capabilities[0], PROTO_CAPABILITY_CAMERA);
    assert_int_equal(command.capabilities[2], PROTO_CAPABILITY_ZOOM);
}

static void a_broken_line_is_one_error_that_names_the_way_out(void **state)
{
    static const struct {
        const char *line;
        enum proto_err err;
        const char *says;
    } cases[] = {
        {"{\"do\":\"fly\"}", PROTO_ERR_NOT_FOUND, "\"fly\": there is no such command; one of request"},
        {"hello", PROTO_ERR_FORMAT, "hello: this line is no command"},
        {"{\"do\":\"request\",\"capability\":\"webcam\"}", PROTO_ERR_RANGE, "\"webcam\""},
        {"{\"do\":\"request\"}", PROTO_ERR_RANGE, "camera, "},
        {"{\"do\":\"request\",\"capability\":\"camera\",\"seconds\":-1}", PROTO_ERR_RANGE, "\"seconds\""},
        {"{\"do\":\"request\",\"capability\":\"camera\",\"seconds\":99999}", PROTO_ERR_RANGE, "14400"},
        {"{\"do\":\"chat\"}", PROTO_ERR_RANGE, "\"text\""},
        {"{\"do\":\"point\",\"x\":1.5,\"y\":0}", PROTO_ERR_RANGE, "0 to 1"},
        {"{\"do\":\"point\",\"x\":0.5}", PROTO_ERR_RANGE, "0 to 1"},
        {"{\"do\":\"draw\",\"points\":[[0,0]]}", PROTO_ERR_RANGE, "\"shape\""},
        {"{\"do\":\"draw\",\"shape\":\"arrow\"}", PROTO_ERR_RANGE, "\"points\""},
        {"{\"do\":\"draw\",\"shape\":\"arrow\",\"points\":[[0,0],[2,0]]}", PROTO_ERR_RANGE, "\"points\""},
        {"{\"do\":\"draw\",\"shape\":\"arrow\",\"points\":[[0,0,0]]}", PROTO_ERR_RANGE, "\"points\""},
        {"{\"do\":\"draw\",\"shape\":\"arrow\",\"points\":[[0,0]],\"colour\":\"pink\"}", PROTO_ERR_RANGE, "\"pink\""},
        {"{\"do\":\"speaker\"}", PROTO_ERR_RANGE, "\"device\""},
        {"{\"do\":\"clear\",\"id\":\"all\"}", PROTO_ERR_RANGE, "\"id\""},
        {"{\"do\":\"check-words\"}", PROTO_ERR_RANGE, "\"match\""},
        {"{\"do\":\"request\",\"capability\":\"camera\",\"with\":[\"camera\"]}", PROTO_ERR_RANGE, "comes twice"},
        {"{\"do\":\"request\",\"capability\":\"camera\",\"with\":[\"torch\",\"zoom\",\"still\"]}", PROTO_ERR_RANGE,
         "at most 2"},
        {"{\"do\":\"request\",\"capability\":\"camera\",\"with\":\"torch\"}", PROTO_ERR_RANGE, "a list"},
        {"{\"do\":\"request\",\"capability\":\"camera\",\"with\":[\"webcam\"]}", PROTO_ERR_RANGE, "\"webcam\""},
        {"{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"a\\u0007b\"}", PROTO_ERR_RANGE, "cannot be seen"},
        {"{\"do\":\"request\",\"capability\":\"camera\",\"purpose\":\"a\\u202eb\"}", PROTO_ERR_RANGE,
         "turns what follows"},
        {"{\"do\":\"hold\"}", PROTO_ERR_RANGE, "\"on\""},
        {"{\"do\":\"torch\",\"on\":1}", PROTO_ERR_RANGE, "\"torch\""},
        {"{\"do\":\"zoom\",\"factor\":0.5}", PROTO_ERR_RANGE, "\"factor\""},
        {"{\"do\":\"zoom\"}", PROTO_ERR_RANGE, "\"factor\""},
        {"{\"do\":\"lens\"}", PROTO_ERR_RANGE, "camera-state"},
        {"{\"do\":\"focus\",\"x\":2,\"y\":0}", PROTO_ERR_RANGE, "\"focus\""},
    };
    struct agent_command command;
    char why[AGENT_WHY_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(agent_command_from_json(cases[i].line, &command, why), cases[i].err);
        assert_non_null(strstr(why, cases[i].says));
    }
}

static void a_mark_may_have_as_many_points_as_the_wire_takes(void **state)
{
    static char line[16 * AGENT_DESK_POINTS_MAX + 256];
    static struct agent_command command;
    char why[AGENT_WHY_BYTES];

    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        strcpy(line, "{\"do\":\"draw\",\"shape\":\"line\",\"points\":[[0,0]");
        for (size_t i = 1; i < AGENT_DESK_POINTS_MAX + extra; i++)
            strcat(line, ",[0.5,0.25]");
        strcat(line, "]}");
        if (extra) {
            assert_int_equal(agent_command_from_json(line, &command, why), PROTO_ERR_RANGE);
        } else {
            assert_ok(agent_command_from_json(line, &command, why));
            assert_int_equal(command.pairs, AGENT_DESK_POINTS_MAX);
        }
    }
}

static void a_list_to_request_keeps_its_order_and_names_what_is_wrong(void **state)
{
    static const char *const broken[] = {"", "camera,", "webcam", "camera,camera", "-", "camera, still"};
    enum proto_capability order[PROTO_CAPABILITY_COUNT];
    char why[AGENT_WHY_BYTES];
    size_t count;

    (void)state;
    assert_ok(agent_capabilities_parse("device-state,camera", order, &count, why));
    assert_int_equal(count, 2);
    assert_int_equal(order[0], PROTO_CAPABILITY_DEVICE_STATE);
    assert_int_equal(order[1], PROTO_CAPABILITY_CAMERA);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_int_equal(agent_capabilities_parse(broken[i], order, &count, why), PROTO_ERR_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_command_becomes_its_struct),
        cmocka_unit_test(a_request_without_words_gets_the_desks),
        cmocka_unit_test(a_request_may_name_more_that_stands_on_the_same_sheet),
        cmocka_unit_test(a_broken_line_is_one_error_that_names_the_way_out),
        cmocka_unit_test(a_mark_may_have_as_many_points_as_the_wire_takes),
        cmocka_unit_test(a_list_to_request_keeps_its_order_and_names_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
