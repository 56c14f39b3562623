/* SPDX-License-Identifier: Apache-2.0 */
/* Two devices of one person, in memory: who knows the code is let in, who guesses or listens is not. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/beside/beside.h"

#define assert_ok(call) assert_int_equal((call), PROTO_OK)
enum { MESSAGES = 64 };

/* What one has said and the other not yet heard. */
struct mail {
    uint8_t bytes[MESSAGES][PROTO_BESIDE_MESSAGE_MAX];
    size_t len[MESSAGES], first, count;
};

struct world {
    struct proto_beside one, two;
    struct mail to_one, to_two;
    struct proto_random_seeded seeded;
    struct proto_invite_code code;
    uint8_t sid[PROTO_SID_BYTES];
    handhold_BesideData heard; /* the last data */
    int64_t now_ms;
    enum proto_beside_kind last;
    enum proto_err err;
};

static void put(struct mail *mail, const uint8_t *bytes, size_t len)
{
    size_t at = (mail->first + mail->count) % MESSAGES;

    assert_true(len <= PROTO_BESIDE_MESSAGE_MAX && mail->count < MESSAGES);
    memcpy(mail->bytes[at], bytes, len);
    mail->len[at] = len;
    mail->count++;
}

static void from_one(void *context, const uint8_t *bytes, size_t len)
{
    put(&((struct world *)context)->to_two, bytes, len);
}

static void from_two(void *context, const uint8_t *bytes, size_t len)
{
    put(&((struct world *)context)->to_one, bytes, len);
}

static bool carry_one(struct world *w, struct mail *mail, struct proto_beside *to)
{
    if (!mail->count)
        return false;
    size_t at = mail->first;

    mail->first = (mail->first + 1) % MESSAGES;
    mail->count--;
    w->last = proto_beside_take(to, mail->bytes[at], mail->len[at], w->now_ms, &w->heard, &w->err);
    if (w->last == PROTO_BESIDE_UP && to->first)
        proto_beside_capture(to, to->wanted);
    return true;
}

static void carry(struct world *w)
{
    while (carry_one(w, &w->to_two, &w->two) || carry_one(w, &w->to_one, &w->one))
        ;
}

static int begin(void **state)
{
    static const uint8_t seed[32] = {11};
    struct world *w = calloc(1, sizeof *w);

    proto_random_seeded_init(&w->seeded, seed);
    w->one = (struct proto_beside){
        .first = true, .random = proto_random_from_seeded(&w->seeded), .send = from_one, .context = w};
    w->two = (struct proto_beside){.random = proto_random_from_seeded(&w->seeded), .send = from_two, .context = w};
    assert_ok(proto_invite_code_new(&w->code, "4071", &w->one.random));
    assert_ok(proto_beside_begin(&w->one, "help.example.org", &w->code));
    assert_ok(proto_beside_begin(&w->two, "help.example.org", &w->code));
    memset(w->sid, 7, sizeof w->sid);
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;

    proto_beside_clear(&w->one);
    proto_beside_clear(&w->two);
    free(w);
    return 0;
}

static void meet(struct world *w)
{
    w->to_one.count = w->to_two.count = 0;
    proto_beside_present(&w->two, true, w->sid);
    proto_beside_present(&w->one, true, w->sid);
    carry(w);
}

static void say_name(struct world *w, const char *name)
{
    handhold_BesideData data = {.which_body = handhold_BesideData_about_tag};

    strcpy(data.body.about.name, name);
    assert_ok(proto_beside_say(&w->two, &data));
}

static void who_knows_the_code_is_heard_and_the_relay_reads_nothing(void **state)
{
    struct world *w = *state;

    meet(w);
    assert_true(w->one.up && w->two.up);
    say_name(w, "kitchen hub");
    assert_null(memmem(w->to_one.bytes[w->to_one.first], w->to_one.len[w->to_one.first], "kitchen", 7));
    carry(w);
    assert_int_equal(w->last, PROTO_BESIDE_DATA);
    assert_string_equal(w->heard.body.about.name, "kitchen hub");
}

static void another_first(struct world *w, const struct proto_invite_code *code)
{
    proto_beside_clear(&w->one);
    w->one = (struct proto_beside){
        .first = true, .random = proto_random_from_seeded(&w->seeded), .send = from_one, .context = w};
    assert_ok(proto_beside_begin(&w->one, "help.example.org", code));
}

static void a_wrong_code_is_refused_and_three_burn_it(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < PROTO_BESIDE_GUESSES; i++) {
        struct proto_invite_code wrong = w->code;

        wrong.secret[0] = wrong.secret[0] == '9' ? '0' : (char)(wrong.secret[0] + 1);
        another_first(w, &wrong);
        proto_beside_present(&w->one, true, w->sid);
        w->to_one.count = 0;
        while (carry_one(w, &w->to_two, &w->two) && w->last == PROTO_BESIDE_NOTHING && w->two.guesses <= (unsigned)i)
            while (carry_one(w, &w->to_one, &w->one))
                ;
        assert_false(w->one.up || w->two.up);
    }
    assert_int_equal(w->last, PROTO_BESIDE_BURNT);
    another_first(w, &w->code); /* too late, also when its owner goes on */
    meet(w);
    assert_false(w->one.up || w->two.up);
}

static void another_host_is_another_code(void **state)
{
    struct world *w = *state;

    assert_ok(proto_beside_begin(&w->one, "evil.example.org", &w->code));
    meet(w);
    assert_false(w->one.up || w->two.up);
}

static void a_new_connection_of_either_begins_anew_without_the_code(void **state)
{
    struct world *w = *state;

    meet(w);
    for (int i = 0; i < 3; i++) {
        proto_beside_present(&w->one, false, w->sid);
        assert_false(w->one.up);
        meet(w);
        assert_true(w->one.up && w->two.up);
        say_name(w, "hub");
        carry(w);
        assert_int_equal(w->last, PROTO_BESIDE_DATA);
    }
}

/* The other speaks until it knows that the connection is another one. */
static void what_is_left_of_the_channel_before_breaks_nothing(void **state)
{
    struct world *w = *state;

    meet(w);
    say_name(w, "hub");
    proto_beside_present(&w->two, true, w->sid);
    proto_beside_present(&w->one, true, w->sid);
    assert_true(carry_one(w, &w->to_one, &w->one));
    assert_int_equal(w->last, PROTO_BESIDE_NOTHING);
    carry(w);
    assert_true(w->one.up && w->two.up);
}

/* Both have a new connection; the first's call is on its way. */
static void call(struct world *w)
{
    proto_beside_present(&w->two, true, w->sid);
    proto_beside_present(&w->one, true, w->sid);
}

static void is_up_and_hears(struct world *w)
{
    carry(w);
    assert_true(w->one.up && w->two.up);
    say_name(w, "hub");
    carry(w);
    assert_int_equal(w->last, PROTO_BESIDE_DATA);
}

static void the_answer_to_a_call_that_was_overtaken_breaks_nothing(void **state)
{
    struct world *w = *state;

    meet(w);
    call(w);
    assert_true(carry_one(w, &w->to_two, &w->two));
    say_name(w, "hub"); /* it is up there already */
    call(w);
    while (carry_one(w, &w->to_one, &w->one))
        assert_int_equal(w->last, PROTO_BESIDE_NOTHING);
    assert_false(w->one.up);
    is_up_and_hears(w);
}

static void an_answer_that_does_not_open_is_an_alarm_when_no_call_was_overtaken(void **state)
{
    struct world *w = *state;

    meet(w);
    for (int overtaken = 0; overtaken < 3; overtaken++) {
        for (int calls = 0; calls <= overtaken; calls++) {
            call(w);
            assert_true(carry_one(w, &w->to_two, &w->two));
        }
        for (int calls = 0; calls <= overtaken; calls++) {
            w->to_one.bytes[w->to_one.first][40] ^= 1; /* of each: by somebody who knows no key */
            assert_true(carry_one(w, &w->to_one, &w->one));
            assert_int_equal(w->last, calls < overtaken ? PROTO_BESIDE_NOTHING : PROTO_BESIDE_BROKEN);
        }
    }
    call(w);
    is_up_and_hears(w);
}

static void an_answer_that_comes_twice_is_an_alarm(void **state)
{
    struct world *w = *state;
    size_t newest;

    meet(w);
    for (int calls = 0; calls < 4; calls++) { /* those before the last are lost */
        w->to_one.count = 0;
        call(w);
        assert_true(carry_one(w, &w->to_two, &w->two));
    }
    newest = w->to_one.first;
    put(&w->to_one, w->to_one.bytes[newest], w->to_one.len[newest]);
    assert_true(carry_one(w, &w->to_one, &w->one));
    assert_int_equal(w->last, PROTO_BESIDE_UP);
    assert_true(carry_one(w, &w->to_one, &w->one));
    assert_int_equal(w->last, PROTO_BESIDE_BROKEN);
}

/* The line of the second stood still: it hears both calls at once. */
static void a_run_that_was_asked_for_twice_is_one(void **state)
{
    struct world *w = *state;

    for (int calls = 0; calls < 2; calls++)
        proto_beside_present(&w->one, true, w->sid);
    while (w->to_two.count) {
        proto_beside_present(&w->two, true, w->sid);
        assert_true(carry_one(w, &w->to_two, &w->two));
    }
    assert_int_equal(w->to_one.count, 2);
    is_up_and_hears(w);
    assert_int_equal(w->two.guesses, 0);
}

static void a_run_of_another_session_is_another_run(void **state)
{
    struct world *w = *state;

    call(w);
    assert_true(carry_one(w, &w->to_two, &w->two));
    w->to_one.count = 0;
    memset(w->sid, 8, sizeof w->sid);
    call(w);
    is_up_and_hears(w);
    assert_int_equal(w->two.guesses, 0);
}

/* The second is up by then; the first does not know, and has nothing but the code. */
static void an_answer_to_the_code_that_is_lost_or_late_costs_nothing(void **state)
{
    for (int late = 0; late < 2; late++) {
        struct world *w = *state;

        call(w);
        assert_true(carry_one(w, &w->to_two, &w->two) && carry_one(w, &w->to_one, &w->one));
        assert_true(carry_one(w, &w->to_two, &w->two));
        assert_true(w->two.up && !w->one.up);
        w->to_one.count = late ? w->to_one.count : 0;
        call(w);
        while (late && carry_one(w, &w->to_one, &w->one))
            assert_int_equal(w->last, PROTO_BESIDE_NOTHING);
        is_up_and_hears(w);
        proto_beside_capture(&w->one, true);
        carry(w);
        assert_true(sodium_is_zero((const uint8_t *)w->two.code.secret, sizeof w->two.code.secret));
        another_first(w, &w->code); /* and is of no use to another one */
        call(w);
        carry(w);
        assert_false(w->one.up || w->two.up);
        assert_int_equal(w->two.guesses, 0);
        end(state);
        begin(state);
    }
}

/* A relay that knows no code begins where the code was not asked for yet: all it can know of the keys is that there are
 * none. */
static void before_the_code_was_asked_for_nobody_gets_in(void **state)
{
    static const uint8_t none[PROTO_NOISE_PSK_BYTES], ephemeral[PROTO_NOISE_KEY_BYTES] = {5};
    uint8_t m1[2 + PROTO_CPACE_TAG_BYTES + PROTO_NOISE_HANDSHAKE_OVERHEAD] = {3, 1};
    struct world *w = *state;
    struct proto_buf prologue;
    struct proto_noise noise;
    size_t len;

    proto_beside_present(&w->two, true, w->sid);
    proto_buf_init(&prologue, 512);
    proto_buf_put_text(&prologue, "handhold/1 beside");
    proto_buf_put_u8(&prologue, 1);
    proto_buf_put(&prologue, w->sid, sizeof w->sid);
    proto_buf_put_lv8(&prologue, "help.example.org", strlen("help.example.org"));
    proto_buf_put(&prologue, none, PROTO_HASH_BYTES);
    assert_ok(proto_noise_init(&noise, PROTO_NOISE_INITIATOR, prologue.bytes, prologue.len, none, ephemeral));
    assert_ok(proto_noise_write(&noise, NULL, 0, m1 + 2 + PROTO_CPACE_TAG_BYTES, PROTO_NOISE_HANDSHAKE_OVERHEAD, &len));
    (void)proto_beside_take(&w->two, m1, sizeof m1, w->now_ms, &w->heard, &w->err);
    assert_false(w->two.up);
    assert_int_equal(w->err, PROTO_ERR_CODE);
    proto_noise_clear(&noise);
    proto_buf_free(&prologue);
}

static void altered_repeated_or_left_out_messages_end_the_channel(void **state)
{
    struct world *w = *state;

    for (int how = 0; how < 3; how++) {
        meet(w);
        assert_true(w->one.up);
        say_name(w, "hub");
        size_t at = w->to_one.first, len = w->to_one.len[at];
        uint8_t *bytes = w->to_one.bytes[at];

        if (how == 0)
            bytes[len / 2] ^= 1;
        if (how == 1)
            put(&w->to_one, bytes, len); /* twice */
        if (how == 2) {
            w->to_one.count = 0;
            say_name(w, "hub"); /* the one before is missing */
        }
        carry(w);
        assert_int_equal(w->last, PROTO_BESIDE_BROKEN);
        assert_false(w->one.up);
    }
    meet(w); /* and it is repaired by a new one */
    assert_true(w->one.up);
}

/* The relay plays one half: without the code it gets no further than a refusal. */
static void a_message_that_is_none_takes_the_channel_down(void **state)
{
    struct world *w = *state;
    static const uint8_t none[] = {99, 1, 2};

    meet(w);
    assert_true(w->one.up);
    assert_int_equal(proto_beside_take(&w->one, none, sizeof none, w->now_ms, &w->heard, &w->err), PROTO_BESIDE_BROKEN);
    assert_false(w->one.up);
    meet(w); /* and the next connection stands without the code */
    assert_true(w->one.up && w->two.up);
}

static void recorded_and_made_up_messages_let_nobody_in(void **state)
{
    struct world *w = *state;
    uint8_t m1[2 + PROTO_NOISE_HANDSHAKE_OVERHEAD] = {3, 2}, code[2 + 64 + PROTO_NOISE_HANDSHAKE_OVERHEAD] = {3, 1};
    uint8_t garbage[PROTO_BESIDE_MESSAGE_MAX];

    assert_int_equal(proto_beside_take(&w->two, m1, sizeof m1, w->now_ms, &w->heard, &w->err), PROTO_BESIDE_BROKEN);
    assert_int_not_equal(proto_beside_take(&w->two, code, sizeof code, w->now_ms, &w->heard, &w->err), PROTO_BESIDE_UP);
    for (size_t len = 0; len < 400; len++) {
        proto_random_fill(&w->one.random, garbage, len ? len : 1);
        garbage[0] = (uint8_t)(len % 8);
        assert_int_not_equal(proto_beside_take(&w->two, garbage, len, w->now_ms, &w->heard, &w->err), PROTO_BESIDE_UP);
        assert_int_not_equal(proto_beside_take(&w->one, garbage, len, w->now_ms, &w->heard, &w->err), PROTO_BESIDE_UP);
    }
}

/* ---- what is told, and under which word ---- */

static enum proto_err tell(struct world *w, const char *words)
{
    return proto_beside_tell(&w->two, (const uint8_t *)words, strlen(words));
}

static bool was_told(const struct world *w, const char *words)
{
    return w->last == PROTO_BESIDE_DATA && w->heard.which_body == handhold_BesideData_frame_tag &&
           w->heard.body.frame.size == strlen(words) && !memcmp(w->heard.body.frame.bytes, words, strlen(words));
}

static void nothing_is_told_before_the_first_allows_it_nor_after(void **state)
{
    struct world *w = *state;

    meet(w);
    assert_int_equal(tell(w, "early"), PROTO_ERR_FULL);
    proto_beside_capture(&w->one, true);
    carry(w);
    assert_ok(tell(w, "lamp"));
    carry(w);
    assert_true(was_told(w, "lamp"));
    proto_beside_capture(&w->one, false);
    carry(w);
    assert_false(w->two.capturing);
    assert_int_equal(tell(w, "late"), PROTO_ERR_FULL);
}

static void what_was_read_under_an_older_word_is_not_given_out_under_a_new_one(void **state)
{
    struct world *w = *state;

    proto_beside_capture(&w->one, true);
    meet(w);
    proto_beside_capture(&w->one, false); /* taken back, and given again before the second hears of either */
    proto_beside_capture(&w->one, true);
    assert_ok(tell(w, "between the two"));
    while (w->to_one.count) {
        carry_one(w, &w->to_one, &w->one);
        assert_int_not_equal(w->last, PROTO_BESIDE_DATA);
    }
    carry(w);
    assert_ok(tell(w, "under the new one"));
    carry(w);
    assert_true(was_told(w, "under the new one"));
}

static void with_each_connection_the_word_is_said_anew(void **state)
{
    struct world *w = *state;

    proto_beside_capture(&w->one, true);
    meet(w);
    assert_true(w->two.capturing);
    proto_beside_present(&w->two, false, w->sid);
    assert_false(w->two.capturing); /* nobody listens */
    meet(w);
    assert_true(w->two.capturing);
}

static void a_first_that_is_silent_is_told_nothing_more(void **state)
{
    struct world *w = *state;

    proto_beside_capture(&w->one, true);
    meet(w);
    for (int i = 0; i < 10; i++) { /* while it is heard: on and on */
        w->now_ms += PROTO_BESIDE_BEAT_MS;
        proto_beside_tick(&w->one, w->now_ms);
        carry(w);
        proto_beside_tick(&w->two, w->now_ms);
        assert_true(w->two.capturing);
    }
    assert_int_equal(proto_beside_deadline(&w->two), w->now_ms + PROTO_BESIDE_SILENT_MS);
    proto_beside_tick(&w->two, w->now_ms + PROTO_BESIDE_SILENT_MS - 1);
    assert_true(w->two.capturing);
    proto_beside_tick(&w->two, w->now_ms + PROTO_BESIDE_SILENT_MS);
    assert_false(w->two.capturing);
}

static void no_more_is_under_way_than_the_window(void **state)
{
    struct world *w = *state;

    proto_beside_capture(&w->one, true);
    meet(w);
    for (int i = 0; i < PROTO_BESIDE_WINDOW; i++)
        assert_ok(tell(w, "frame"));
    assert_int_equal(tell(w, "one more"), PROTO_ERR_FULL);
    carry(w);
    assert_int_equal(proto_beside_deadline(&w->one), w->now_ms); /* it says at once that they came */
    proto_beside_tick(&w->one, w->now_ms);
    carry(w);
    assert_ok(tell(w, "one more"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(who_knows_the_code_is_heard_and_the_relay_reads_nothing),
        TEST(a_wrong_code_is_refused_and_three_burn_it),
        TEST(another_host_is_another_code),
        TEST(a_new_connection_of_either_begins_anew_without_the_code),
        TEST(what_is_left_of_the_channel_before_breaks_nothing),
        TEST(the_answer_to_a_call_that_was_overtaken_breaks_nothing),
        TEST(an_answer_that_does_not_open_is_an_alarm_when_no_call_was_overtaken),
        TEST(an_answer_that_comes_twice_is_an_alarm),
        TEST(a_run_that_was_asked_for_twice_is_one),
        TEST(a_run_of_another_session_is_another_run),
        TEST(an_answer_to_the_code_that_is_lost_or_late_costs_nothing),
        TEST(before_the_code_was_asked_for_nobody_gets_in),
        TEST(altered_repeated_or_left_out_messages_end_the_channel),
        TEST(a_message_that_is_none_takes_the_channel_down),
        TEST(recorded_and_made_up_messages_let_nobody_in),
        TEST(nothing_is_told_before_the_first_allows_it_nor_after),
        TEST(what_was_read_under_an_older_word_is_not_given_out_under_a_new_one),
        TEST(with_each_connection_the_word_is_said_anew),
        TEST(a_first_that_is_silent_is_told_nothing_more),
        TEST(no_more_is_under_way_than_the_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
