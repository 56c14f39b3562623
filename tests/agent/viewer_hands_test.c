/* SPDX-License-Identifier: Apache-2.0 */
/* What hands do, without a window: places in a picture, marks with undo, an invitation that is read and sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "agent/desk/desk.h"
#include "agent/desk/glass.h"
#include "agent/desk/invitation.h"
#include "agent/desk/marks.h"
#include "agent/desk/wrap.h"
#include "proto/util/utf8.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-6)

/* ---- where a picture lies ---- */

static struct agent_glass glass_of(double width, double height)
{
    struct agent_glass glass;

    agent_glass_init(&glass);
    agent_glass_resize(&glass, width, height);
    agent_glass_picture(&glass, 1280, 720);
    return glass;
}

static void a_picture_is_letterboxed_in_the_middle(void **state)
{
    struct agent_glass glass = glass_of(1280, 900);
    struct agent_glass_rect r = agent_glass_rect(&glass);
    double u, v;

    (void)state;
    NEAR(r.x, 0);
    NEAR(r.y, 90);
    NEAR(r.width, 1280);
    NEAR(r.height, 720);
    assert_true(agent_glass_to_picture(&glass, 640, 450, &u, &v));
    NEAR(u, 0.5);
    NEAR(v, 0.5);
    assert_false(agent_glass_to_picture(&glass, 640, 40, &u, &v));
    NEAR(v, 0);
}

static void what_lies_under_the_mouse_stays_there_when_zooming(void **state)
{
    struct agent_glass glass = glass_of(1280, 720);
    double u, v, u2, v2;

    (void)state;
    assert_true(agent_glass_to_picture(&glass, 900, 200, &u, &v));
    agent_glass_zoom(&glass, 2, 900, 200);
    assert_true(agent_glass_to_picture(&glass, 900, 200, &u2, &v2));
    NEAR(u, u2);
    NEAR(v, v2);
    NEAR(glass.zoom, 2);
}

static void a_zoomed_picture_never_leaves_its_window(void **state)
{
    struct agent_glass glass = glass_of(1280, 720);
    struct agent_glass_rect r;

    (void)state;
    agent_glass_zoom(&glass, 4, 640, 360);
    agent_glass_pan(&glass, 100000, -100000);
    r = agent_glass_rect(&glass);
    NEAR(r.x, 0);
    NEAR(r.y + r.height, 720);
    agent_glass_zoom(&glass, 1.0 / 64, 10, 10);
    r = agent_glass_rect(&glass);
    NEAR(r.x, 0);
    NEAR(r.width, 1280);
}

static void a_zoomed_picture_follows_the_place_that_keys_go_to(void **state)
{
    struct agent_glass glass = glass_of(1280, 720);
    struct agent_glass_rect before;
    double x, y;

    (void)state;
    agent_glass_zoom(&glass, 4, 640, 360);
    before = agent_glass_rect(&glass);
    agent_glass_show(&glass, 0.5, 0.5);
    NEAR(agent_glass_rect(&glass).x, before.x); /* it is in view already */
    agent_glass_show(&glass, 0.9, 0.05);
    agent_glass_to_window(&glass, 0.9, 0.05, &x, &y);
    NEAR(x, 1280 * (1 - AGENT_GLASS_AROUND));
    NEAR(y, 720 * AGENT_GLASS_AROUND);
    agent_glass_show(&glass, 1, 0);
    agent_glass_to_window(&glass, 1, 0, &x, &y);
    NEAR(x, 1280); /* no further than its edge */
    NEAR(y, 0);
    agent_glass_init(&glass);
    agent_glass_show(&glass, 1, 1); /* without a picture there is nothing to move */
    NEAR(glass.centre_x, 0.5);
}

static void a_place_goes_to_the_window_and_back(void **state)
{
    struct agent_glass glass = glass_of(901, 603);
    double x, y, u, v;

    (void)state;
    agent_glass_zoom(&glass, 3.3, 200, 300);
    agent_glass_to_window(&glass, 0.3, 0.6, &x, &y);
    assert_true(agent_glass_to_picture(&glass, x, y, &u, &v));
    NEAR(u, 0.3);
    NEAR(v, 0.6);
}

static void without_a_picture_there_is_no_place(void **state)
{
    struct agent_glass glass;
    double u, v;

    (void)state;
    agent_glass_init(&glass);
    agent_glass_resize(&glass, 100, 100);
    agent_glass_zoom(&glass, 2, 10, 10);
    agent_glass_pan(&glass, 5, 5);
    assert_false(agent_glass_to_picture(&glass, 50, 50, &u, &v));
}

/* ---- marks ---- */

static struct agent_marks marks;

static int begin_marks(void **state)
{
    (void)state;
    agent_marks_init(&marks);
    return 0;
}

static int finish_marks(void **state)
{
    (void)state;
    agent_marks_clear(&marks);
    return 0;
}

static void draw(enum agent_mark_tool tool, uint32_t id)
{
    const struct agent_mark mark = {.tool = tool, .pairs = 1};

    assert_non_null(agent_marks_add(&marks, &mark));
    agent_marks_sent(&marks, id);
}

static size_t shown(void)
{
    size_t count = 0;

    for (size_t i = 0; i < marks.count; i++)
        count += marks.items[i].shown;
    return count;
}

static void undo_clears_the_last_and_redo_draws_it_again(void **state)
{
    (void)state;
    draw(AGENT_MARK_ARROW, 1);
    draw(AGENT_MARK_CIRCLE, 2);
    assert_int_equal(agent_marks_undo(&marks), 2);
    assert_int_equal(agent_marks_undo(&marks), 1);
    assert_int_equal(agent_marks_undo(&marks), 0);
    assert_false(agent_marks_can_undo(&marks));
    assert_int_equal(agent_marks_redo(&marks)->tool, AGENT_MARK_ARROW);
    agent_marks_sent(&marks, 3);
    assert_int_equal(agent_marks_redo(&marks)->tool, AGENT_MARK_CIRCLE);
    agent_marks_sent(&marks, 4);
    assert_null(agent_marks_redo(&marks));
    assert_int_equal(shown(), 2);
    assert_int_equal(agent_marks_undo(&marks), 4);
}

static void a_new_mark_ends_what_could_be_redone(void **state)
{
    (void)state;
    draw(AGENT_MARK_ARROW, 1);
    assert_int_equal(agent_marks_undo(&marks), 1);
    draw(AGENT_MARK_CIRCLE, 2);
    assert_false(agent_marks_can_redo(&marks));
    assert_null(agent_marks_redo(&marks));
    assert_int_equal(marks.count, 1);
}

static void a_mark_that_could_not_be_sent_is_gone(void **state)
{
    (void)state;
    draw(AGENT_MARK_ARROW, 0);
    assert_int_equal(marks.count, 0);
}

static void numbered_points_count_up_and_back(void **state)
{
    (void)state;
    assert_int_equal(agent_marks_next_number(&marks), 1);
    draw(AGENT_MARK_NUMBER, 1);
    draw(AGENT_MARK_ARROW, 2);
    draw(AGENT_MARK_NUMBER, 3);
    assert_int_equal(agent_marks_next_number(&marks), 3);
    agent_marks_undo(&marks);
    assert_int_equal(agent_marks_next_number(&marks), 2);
}

static void what_the_customer_draws_is_theirs_to_clear(void **state)
{
    handhold_Mark mark = {.id = 7, .shape = "blob", .points_count = 3, .points = {0.5f, NAN, 2}};

    (void)state;
    draw(AGENT_MARK_ARROW, 7);
    agent_marks_theirs(&marks, &mark);
    agent_marks_theirs(&marks, &mark);
    assert_int_equal(marks.count, 2);
    assert_int_equal(marks.items[1].tool, AGENT_MARK_LINE);
    assert_int_equal(marks.items[1].pairs, 1);
    NEAR(marks.items[1].points[1], 0);
    mark.colour = 3;
    agent_marks_theirs(&marks, &mark);
    assert_int_equal(marks.items[1].colour, 3);
    mark.colour = 4000000000; /* none of ours: shown as the first */
    agent_marks_theirs(&marks, &mark);
    assert_int_equal(marks.items[1].colour, 0);
    assert_int_equal(agent_marks_undo(&marks), 7);
    agent_marks_their_clear(&marks, 0);
    assert_int_equal(shown(), 0);
}

static void the_oldest_marks_leave(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= AGENT_MARKS_MAX + 10; i++)
        draw(AGENT_MARK_ARROW, i);
    assert_int_equal(marks.count, AGENT_MARKS_MAX);
    assert_int_equal(marks.items[0].id, 11);
}

static void a_stroke_keeps_its_corners_with_fewer_points(void **state)
{
    float points[2 * 1000];
    size_t left;

    (void)state;
    for (int i = 0; i < 1000; i++) { /* a roof */
        points[2 * i] = (float)i / 999;
        points[2 * i + 1] = i < 500 ? (float)i / 999 : (float)(999 - i) / 999;
    }
    left = agent_mark_simplify(points, 1000, 0.002f, 256);
    assert_in_range(left, 3, 5);
    NEAR(points[0], 0);
    NEAR(points[2 * left - 2], 1);
    for (int i = 0; i < 1000; i++) { /* a scribble that no tolerance makes simple */
        points[2 * i] = (float)(i * 7919 % 1000) / 1000;
        points[2 * i + 1] = (float)(i * 104729 % 1000) / 1000;
    }
    assert_in_range(agent_mark_simplify(points, 1000, 0.0001f, 256), 2, 256);
}

/* ---- an invitation ---- */

static void expect(struct proto_buf *buf, const char *text)
{
    proto_buf_put(buf, "", 1);
    assert_false(buf->failed);
    assert_string_equal((const char *)buf->bytes, text);
    proto_buf_free(buf);
}

static const char *shout(const char *word)
{
    return strcmp(word, "two") ? word : "zwo";
}

static void a_code_is_spelled_group_by_group(void **state)
{
    struct proto_buf buf;

    (void)state;
    proto_buf_init(&buf, 256);
    agent_invitation_spell("407 122 9", shout, &buf);
    expect(&buf, "four zero seven, one zwo zwo, nine");
}

static void a_message_is_filled_in(void **state)
{
    struct proto_buf buf;

    (void)state;
    proto_buf_init(&buf, 256);
    agent_invitation_fill("Open {link} or {code} at {address} {other}", "L", "C", "A", &buf);
    expect(&buf, "Open L or C at A {other}");
}

static void a_mail_is_escaped(void **state)
{
    struct proto_buf buf;

    (void)state;
    proto_buf_init(&buf, 512);
    assert_int_equal(agent_invitation_mailto("a+b@example.org", "Hi & ho", "https://h/j#x\nö", &buf), PROTO_OK);
    expect(&buf, "mailto:a+b@example.org?subject=Hi%20%26%20ho&body=https%3A%2F%2Fh%2Fj%23x%0D%0A%C3%B6");
}

static void an_address_cannot_carry_more_than_itself(void **state)
{
    static const char *const wrong[] = {"a", "@b", "a@", "a@b@c", "a@b?bcc=x@y", "a@b,c@d", "a b@c"};
    struct proto_buf buf;

    (void)state;
    proto_buf_init(&buf, 512);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(agent_invitation_mailto(wrong[i], "s", "b", &buf), PROTO_ERR_FORMAT);
    assert_int_equal(agent_invitation_sms("112;rm", "b", &buf), PROTO_ERR_FORMAT);
    proto_buf_free(&buf);
}

static void a_number_is_taken_as_people_write_it(void **state)
{
    struct proto_buf buf;
    char number[24];

    (void)state;
    assert_int_equal(agent_invitation_number("+49 (171) 123-456", number), PROTO_OK);
    assert_string_equal(number, "+49171123456");
    assert_int_equal(agent_invitation_number("12", number), PROTO_ERR_FORMAT);
    assert_int_equal(agent_invitation_number("1+2345", number), PROTO_ERR_FORMAT);
    proto_buf_init(&buf, 128);
    assert_int_equal(agent_invitation_sms("+49 171", "a b", &buf), PROTO_OK);
    expect(&buf, "sms:+49171?body=a%20b");
}

static void a_long_message_goes_in_pieces_between_words_and_never_within_a_letter(void **state)
{
    char text[3 * PROTO_MAX_CHAT_BYTES + 1] = "a", *word = text + PROTO_MAX_CHAT_BYTES - 5;
    size_t len;

    (void)state;
    assert_int_equal(agent_desk_chat_piece(""), 0);
    assert_int_equal(agent_desk_chat_piece("Hello there"), strlen("Hello there"));
    for (size_t i = 1; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "ä", 3); /* one byte off: the bound lies within a letter */
    len = agent_desk_chat_piece(text);
    assert_int_equal(len, PROTO_MAX_CHAT_BYTES - 1);
    assert_true(proto_utf8_valid(text, len));
    assert_true(proto_utf8_valid(text + len, strlen(text) - len));
    memcpy(word, " ", 1);
    memcpy(word + 1, "b", 1);
    assert_int_equal(agent_desk_chat_piece(text), word - text);
}

static void a_link_runs_out(void **state)
{
    (void)state;
    assert_int_equal(agent_invitation_left_s(1000, 600, 1001), 600);
    assert_int_equal(agent_invitation_left_s(1000, 600, 600500), 1);
    assert_int_equal(agent_invitation_left_s(1000, 600, 601000), 0);
    assert_int_equal(agent_invitation_left_s(1000, 0, 1000), 0);
}

static void the_time_of_an_invitation_reads_short_near_its_end(void **state)
{
    static const struct {
        int64_t s;
        const char *text;
    } times[] = {{0, "0:00"}, {9, "0:09"}, {3599, "59:59"}, {3600, "1 h 00 min"}, {86399, "23 h 59 min"}};
    char text[AGENT_INVITATION_TIME_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        agent_invitation_time(times[i].s, text);
        assert_string_equal(text, times[i].text);
    }
}

static void a_wrap_up_is_one_line_of_json(void **state)
{
    struct agent_wrap wrap = {.outcome = AGENT_WRAP_PARTLY, .wrong = "a \"quote\"", .follow_up = true, .stars = 4};
    struct proto_buf buf;

    (void)state;
    proto_buf_init(&buf, 4096);
    agent_wrap_put_json(&wrap, &buf);
    proto_buf_put(&buf, "", 1);
    assert_non_null(strstr((const char *)buf.bytes, "\"outcome\":\"partly\",\"wrong\":\"a \\\"quote\\\"\""));
    assert_non_null(strstr((const char *)buf.bytes, "\"follow_up\":true"));
    assert_string_equal(strchr((const char *)buf.bytes, '\n'), "\n");
    proto_buf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_picture_is_letterboxed_in_the_middle),
        cmocka_unit_test(what_lies_under_the_mouse_stays_there_when_zooming),
        cmocka_unit_test(a_zoomed_picture_never_leaves_its_window),
        cmocka_unit_test(a_zoomed_picture_follows_the_place_that_keys_go_to),
        cmocka_unit_test(a_place_goes_to_the_window_and_back),
        cmocka_unit_test(without_a_picture_there_is_no_place),
        cmocka_unit_test_setup_teardown(undo_clears_the_last_and_redo_draws_it_again, begin_marks, finish_marks),
        cmocka_unit_test_setup_teardown(a_new_mark_ends_what_could_be_redone, begin_marks, finish_marks),
        cmocka_unit_test_setup_teardown(a_mark_that_could_not_be_sent_is_gone, begin_marks, finish_marks),
        cmocka_unit_test_setup_teardown(numbered_points_count_up_and_back, begin_marks, finish_marks),
        cmocka_unit_test_setup_teardown(what_the_customer_draws_is_theirs_to_clear, begin_marks, finish_marks),
        cmocka_unit_test_setup_teardown(the_oldest_marks_leave, begin_marks, finish_marks),
        cmocka_unit_test(a_stroke_keeps_its_corners_with_fewer_points),
        cmocka_unit_test(a_code_is_spelled_group_by_group),
        cmocka_unit_test(a_message_is_filled_in),
        cmocka_unit_test(a_mail_is_escaped),
        cmocka_unit_test(an_address_cannot_carry_more_than_itself),
        cmocka_unit_test(a_number_is_taken_as_people_write_it),
        cmocka_unit_test(a_long_message_goes_in_pieces_between_words_and_never_within_a_letter),
        cmocka_unit_test(a_link_runs_out),
        cmocka_unit_test(the_time_of_an_invitation_reads_short_near_its_end),
        cmocka_unit_test(a_wrap_up_is_one_line_of_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
