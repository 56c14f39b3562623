/* SPDX-License-Identifier: Apache-2.0 */
/* When the relay's loop pauses to gather, and for whose sake it never does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relay/serve/dense.h"

enum { SPEAKERS = 4, FROM_MS = 1000000 };

/* Each speaker's messages in a millisecond, for so long; one in so many milliseconds of a voice (0: none). */
static bool pauses_after(unsigned per_ms, int64_t ms, int64_t voice_ms)
{
    struct serve_dense_speaker speakers[SPEAKERS + 1];
    struct serve_dense dense = {0};
    int64_t now_ms = FROM_MS;

    memset(speakers, 0, sizeof speakers);
    for (; now_ms < FROM_MS + ms; now_ms++) {
        for (unsigned i = 0; i < SPEAKERS; i++)
            for (unsigned n = 0; n < per_ms; n++)
                serve_dense_note(&dense, &speakers[i], now_ms);
        if (voice_ms && now_ms % voice_ms == 0)
            serve_dense_note(&dense, &speakers[SPEAKERS], now_ms);
    }
    return serve_dense_pauses(&dense, now_ms - 1);
}

static void streams_that_are_dense_are_gathered(void **state)
{
    (void)state;
    assert_false(pauses_after(20, 40, 0)); /* not known yet */
    assert_true(pauses_after(20, 120, 0));
    assert_false(pauses_after(2, 120, 0));
}

static void one_voice_or_picture_is_enough_that_nobody_waits(void **state)
{
    (void)state;
    assert_false(pauses_after(20, 220, 20));
    assert_false(pauses_after(20, 220, 33));
}

static void silence_behind_a_dense_stream_is_not_waited_for(void **state)
{
    struct serve_dense_speaker speaker = {0};
    struct serve_dense dense = {0};

    (void)state;
    assert_false(serve_dense_pauses(&dense, 0));
    for (int64_t n = 0; n < 120 * 20; n++)
        serve_dense_note(&dense, &speaker, FROM_MS + n / 20);
    assert_true(serve_dense_pauses(&dense, FROM_MS + 120));
    assert_false(serve_dense_pauses(&dense, FROM_MS + 180));
    serve_dense_note(&dense, &speaker, FROM_MS + 900);
    assert_false(serve_dense_pauses(&dense, FROM_MS + 900));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_that_are_dense_are_gathered),
        cmocka_unit_test(one_voice_or_picture_is_enough_that_nobody_waits),
        cmocka_unit_test(silence_behind_a_dense_stream_is_not_waited_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
