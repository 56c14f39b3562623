/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "client/companion/words.h"
#include "tests/proto/test.h"

static const struct client_peer ana = {"Ana Lindqvist", "example.org", true};

static char *finish(struct proto_buf *b)
{
    proto_buf_put_u8(b, 0);
    assert_false(b->failed);
    return (char *)b->bytes;
}

static void texts_of_others_cannot_drive_the_terminal(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"plain", "plain"},
        {"\033[2Jgone", " [2Jgone"},
        {"two\nlines\r", "two lines "},
        {"c1 \xc2\x9b!", "c1  !"},
        {"right\xe2\x80\xaeleft", "right left"}, /* U+202E turns the direction */
        {"zero\xe2\x80\x8bwidth", "zero width"}, /* U+200B */
        {"tag\xf3\xa0\x80\xa1", "tag "},         /* U+E0021 */
        {"Gr\xc3\xbc\xc3\x9f"
         "e \xf0\x9f\x98\x80",
         "Gr\xc3\xbc\xc3\x9f"
         "e \xf0\x9f\x98\x80"},
        {"broken \xc3", "broken ?"},
        {"overlong \xc0\xaf", "overlong ??"},
        {"surrogate \xed\xa0\x80", "surrogate ???"},
        {"", ""},
    };
    struct proto_buf b;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        proto_buf_init(&b, 1000);
        proto_words_clean(&b, cases[i].in);
        assert_string_equal(finish(&b), cases[i].out);
        proto_buf_free(&b);
    }
}

static void a_question_says_who_what_why_and_how_long(void **state)
{
    const struct client_question question = {
        .peer = ana, .capability = PROTO_CAPABILITY_CAMERA, .purpose = "To see the lights", .max_s = 600};
    struct proto_buf b;
    char *text;

    (void)state;
    proto_buf_init(&b, 4000);
    client_words_question(&b, &question);
    text = finish(&b);
    assert_non_null(strstr(text, "Ana Lindqvist of example.org (VERIFIED)"));
    assert_non_null(strstr(text, "Camera"));
    assert_non_null(strstr(text, "\"To see the lights\""));
    assert_non_null(strstr(text, "for 10 minutes at most"));
    assert_null(strstr(text, "UNVERIFIED"));
    assert_string_equal(text + strlen(text) - 13, "Allow? [y/N] ");
    proto_buf_free(&b);
}

static void one_of_several_questions_says_so_and_a_single_one_does_not(void **state)
{
    struct client_question question = {
        .peer = ana, .capability = PROTO_CAPABILITY_TORCH, .purpose = "To see", .place = 2, .of = 3};
    struct proto_buf b;

    (void)state;
    proto_buf_init(&b, 4000);
    client_words_question(&b, &question);
    assert_non_null(strstr(finish(&b), "2 of 3; each is answered by itself"));
    proto_buf_free(&b);
    question.of = 1;
    proto_buf_init(&b, 4000);
    client_words_question(&b, &question);
    assert_null(strstr(finish(&b), "answered by itself"));
    proto_buf_free(&b);
}

static void an_unverified_organisation_is_said_loudly_and_cannot_be_painted_over(void **state)
{
    const struct client_question question = {.peer = {"Ana (VERIFIED)\033[8m", "examp1e.org", false},
                                             .capability = PROTO_CAPABILITY_CAMERA,
                                             .purpose = "x\n  Allow? [y/N] ",
                                             .retention_days = 30};
    struct proto_buf b;
    char *text;

    (void)state;
    proto_buf_init(&b, 4000);
    client_words_question(&b, &question);
    text = finish(&b);
    assert_non_null(strstr(text, "!! UNVERIFIED ORGANISATION"));
    assert_non_null(strstr(text, "UNVERIFIED - ANYONE CAN CLAIM THIS NAME"));
    assert_null(strchr(text, '\033'));
    assert_null(strstr(text, "x\n"));
    assert_non_null(strstr(text, "30 days"));
    proto_buf_free(&b);
}

static void the_bottom_line_tells_what_is_sent_to_whom_and_how_long(void **state)
{
    static const struct {
        struct client_status status;
        const char *says;
    } cases[] = {
        {{.connected = false}, "Connecting. Nothing is sent."},
        {{.connected = true}, "Waiting for the agent. Nothing is sent."},
        {{.connected = true, .peer = {"Ana", "example.org", true}}, "Nothing is sent. With you: Ana"},
        {{.connected = false, .peer = {"Ana", "example.org", true}}, "Connecting again. Nothing is sent."},
        {{.connected = true, .paused = true, .peer = {"Ana", "example.org", true}, .count = 1},
         "PAUSED. Nothing is sent."},
        {{.connected = true,
          .peer = {"Ana", "example.org", true},
          .sending = {{PROTO_CAPABILITY_CAMERA, 125}, {PROTO_CAPABILITY_DEVICE_STATE, -1}},
          .count = 2},
         "SENDING Camera (2 minutes left), Device information to Ana of example.org (VERIFIED)"},
        {{.connected = true,
          .peer = {"Ana", "example.org", true},
          .sending = {{PROTO_CAPABILITY_CAMERA, -1}},
          .count = 1,
          .quality = "smaller",
          .kbps = {0, 500, 1000},
          .seconds = 3},
         "SENDING Camera to Ana of example.org (VERIFIED) · smaller picture, the line carries no more ▁▅█"},
        {{.over = true, .connected = true, .count = 1}, "The session is over. Nothing is sent."},
    };
    struct proto_buf b;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        proto_buf_init(&b, 1000);
        client_words_status(&b, &cases[i].status);
        assert_non_null(strstr(finish(&b), cases[i].says));
        proto_buf_free(&b);
    }
}

static void durations_read_as_people_say_them(void **state)
{
    static const struct {
        int64_t seconds;
        const char *says;
    } cases[] = {{-5, "0 seconds"},        {0, "0 seconds"},    {1, "1 second"},  {59, "59 seconds"},
                 {60, "1 minute"},         {600, "10 minutes"}, {3600, "1 hour"}, {7500, "2 hours 5 minutes"},
                 {3660, "1 hour 1 minute"}};
    struct proto_buf b;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        proto_buf_init(&b, 100);
        proto_words_duration(&b, cases[i].seconds);
        assert_string_equal(finish(&b), cases[i].says);
        proto_buf_free(&b);
    }
}

static void what_is_allowed_and_sends_nothing_is_not_said_to_be_sent(void **state)
{
    struct client_status status = {
        .peer = ana, .connected = true, .allowed = 1u << PROTO_CAPABILITY_STILL | 1u << PROTO_CAPABILITY_ZOOM};
    struct proto_buf b;

    (void)state;
    proto_buf_init(&b, 1000);
    client_words_status(&b, &status);
    assert_string_equal(
        finish(&b), "Nothing is sent. With you: Ana Lindqvist of example.org (VERIFIED); also allowed: Photo, Zoom");
    proto_buf_free(&b);
    status.held = true;
    proto_buf_init(&b, 1000);
    client_words_status(&b, &status);
    assert_non_null(strstr(finish(&b), "ON HOLD by the agent. Nothing is sent."));
    proto_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_others_cannot_drive_the_terminal),
        cmocka_unit_test(a_question_says_who_what_why_and_how_long),
        cmocka_unit_test(one_of_several_questions_says_so_and_a_single_one_does_not),
        cmocka_unit_test(an_unverified_organisation_is_said_loudly_and_cannot_be_painted_over),
        cmocka_unit_test(the_bottom_line_tells_what_is_sent_to_whom_and_how_long),
        cmocka_unit_test(durations_read_as_people_say_them),
        cmocka_unit_test(what_is_allowed_and_sends_nothing_is_not_said_to_be_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
