/* SPDX-License-Identifier: Apache-2.0 */
/* What waits to leave: control before a voice before a picture, and of a voice the newest. */
#include "tests/proto/test.h"

#include "proto/session/outq.h"

enum { CONTROL = 0, VOICE = 3, PICTURE = 1, PACKET = 100 };

static bool put(struct outq *q, uint8_t stream, uint8_t mark, size_t len)
{
    struct outq_message *m = outq_message_new(stream, len);

    assert_non_null(m);
    m->voice = stream == VOICE;
    m->bytes[0] = mark;
    return outq_append(q, m);
}

static int take(struct outq *q)
{
    size_t len;
    const uint8_t *bytes = outq_pending(q, &len);
    int mark = bytes ? bytes[0] : -1;

    outq_sent(q);
    return mark;
}

static void a_voice_goes_before_a_picture_and_control_before_both(void **state)
{
    struct outq q;

    (void)state;
    outq_init(&q);
    assert_true(put(&q, PICTURE, 1, 50000) && put(&q, VOICE, 2, PACKET) && put(&q, CONTROL, 3, 10));
    assert_int_equal(take(&q), 3);
    assert_int_equal(take(&q), 2);
    assert_int_equal(take(&q), 1);
    assert_int_equal(take(&q), -1);
    outq_clear(&q);
}

static void a_voice_that_cannot_leave_keeps_its_newest(void **state)
{
    enum { KEPT = OUTQ_VOICE_MAX_BYTES / PACKET };
    struct outq q;
    size_t len;

    (void)state;
    outq_init(&q);
    for (int i = 0; i < 200; i++)
        assert_true(put(&q, VOICE, (uint8_t)i, PACKET));
    for (int i = 200 - KEPT; i < 200; i++)
        assert_int_equal(take(&q), i);
    assert_int_equal(take(&q), -1);
    /* what is on its way out already stays, however old */
    assert_true(put(&q, VOICE, 7, PACKET));
    assert_int_equal(outq_pending(&q, &len)[0], 7);
    for (int i = 0; i < 200; i++)
        assert_true(put(&q, VOICE, (uint8_t)i, PACKET));
    assert_int_equal(take(&q), 7);
    assert_int_equal(take(&q), 200 - KEPT + 1);
    outq_clear(&q);
    assert_false(put(&q, VOICE, 1, OUTQ_VOICE_MAX_BYTES + 1));
    assert_int_equal(take(&q), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_voice_goes_before_a_picture_and_control_before_both),
        cmocka_unit_test(a_voice_that_cannot_leave_keeps_its_newest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
