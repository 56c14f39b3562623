/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "relay/core/queue.h"

#define assert_ok(call) assert_int_equal((call), PROTO_OK)

enum { FRAME = 1000, BOUND_MS = 2000 };

struct line {
    struct relay_queue queue;
    struct relay_queue_bounds bounds;
    struct relay_lane lane, other;
    int64_t now_ms;
};

static void line_new(struct line *l)
{
    *l = (struct line){.bounds = {.bytes = 1 << 20, .ms = BOUND_MS, .all_bytes = 1 << 24}, .now_ms = 1000};
}

static void line_free(struct line *l)
{
    relay_queue_clear(&l->queue, &l->bounds);
    assert_int_equal(l->bounds.all_used, 0);
    assert_int_equal(l->queue.session_bytes + l->queue.media_bytes, 0);
}

/* The first byte of a message is its name. */
static enum proto_err put(struct line *l, struct relay_lane *lane, char name, enum proto_class class, uint8_t tid,
                          uint8_t flags, size_t len)
{
    static uint8_t bytes[1 << 20];
    struct proto_media_header header = {.src = 1, .stream = 1, .class = class, .tid = tid, .flags = flags};

    bytes[0] = (uint8_t)name;
    return relay_queue_put_media(&l->queue, &l->bounds, lane, &header, bytes, len, l->now_ms);
}

static void video(struct line *l, char name, uint8_t tid, uint8_t flags)
{
    assert_ok(put(l, &l->lane, name, PROTO_CLASS_VIDEO, tid, flags, FRAME));
}

static void expect(struct line *l, const char *names)
{
    char got[64] = "";
    size_t len;

    for (const uint8_t *message; (message = relay_queue_front(&l->queue, &l->bounds, &len, l->now_ms));) {
        got[strlen(got)] = (char)message[0];
        relay_queue_pop(&l->queue, &l->bounds);
    }
    assert_string_equal(got, names);
}

static void the_session_is_served_before_voice_and_voice_before_the_picture(void **state)
{
    struct line l;
    (void)state;

    line_new(&l);
    video(&l, 'v', 0, PROTO_MEDIA_KEY);
    assert_ok(put(&l, &l.other, 'b', PROTO_CLASS_BULK, 0, PROTO_MEDIA_KEY, 10));
    assert_ok(put(&l, &l.other, 'r', PROTO_CLASS_VIDEO, 0, PROTO_MEDIA_RELIABLE, 10));
    assert_ok(put(&l, &l.other, 'a', PROTO_CLASS_AUDIO, 0, 0, 10));
    assert_ok(relay_queue_put(&l.queue, &l.bounds, (const uint8_t *)"c", 1));
    expect(&l, "carbv");
    line_free(&l);
}

static void a_stream_keeps_its_order(void **state)
{
    struct line l;
    (void)state;

    line_new(&l);
    for (char name = '0'; name <= '9'; name++)
        video(&l, name, name % 2 ? 2 : 0, name == '0' ? PROTO_MEDIA_KEY : 0);
    expect(&l, "0123456789");
    assert_int_equal(l.bounds.dropped, 0);
    line_free(&l);
}

static void old_pictures_lose_the_highest_layer_first_then_the_middle_then_all_up_to_a_key_frame(void **state)
{
    struct line l;
    (void)state;

    line_new(&l);
    video(&l, 'K', 0, PROTO_MEDIA_KEY);
    video(&l, '2', 2, 0);
    video(&l, '1', 1, 0);
    video(&l, '3', 2, 0);
    l.now_ms += BOUND_MS / 4 + 1;
    video(&l, '0', 0, 0);
    assert_int_equal(l.queue.ranks[2], 0);
    assert_int_equal(l.queue.ranks[1], 1);
    l.now_ms += BOUND_MS / 4;
    video(&l, '4', 0, 0);
    assert_int_equal(l.queue.ranks[1], 0);
    assert_int_equal(l.queue.ranks[0], 3);
    assert_false(l.queue.asks_key);
    l.now_ms += BOUND_MS / 2;
    video(&l, '5', 0, 0);
    assert_int_equal(l.queue.ranks[0], 0);
    assert_true(l.queue.asks_key && l.lane.ask_key);
    l.lane.ask_key = l.queue.asks_key = false;
    video(&l, '6', 0, 0);
    video(&l, '7', 1, 0);
    assert_false(l.queue.asks_key); /* asked once */
    video(&l, 'N', 0, PROTO_MEDIA_KEY);
    video(&l, '8', 0, 0);
    expect(&l, "N8");
    line_free(&l);
}

static void a_full_queue_keeps_the_newest_key_frame_that_waits(void **state)
{
    struct line l;
    (void)state;

    line_new(&l);
    l.bounds.bytes = 20 * FRAME;
    video(&l, 'K', 0, PROTO_MEDIA_KEY);
    for (char name = 'a'; name < 'f'; name++)
        video(&l, name, 0, 0);
    video(&l, 'N', 0, PROTO_MEDIA_KEY);
    for (char name = 'p'; name < 'x'; name++)
        video(&l, name, 0, 0);
    assert_false(l.queue.asks_key); /* a key frame waited already */
    expect(&l, "Npqrstuvw");
    line_free(&l);
}

static void what_needs_a_dropped_frame_does_not_pass(void **state)
{
    struct line l;
    (void)state;

    line_new(&l);
    video(&l, 'K', 0, PROTO_MEDIA_KEY);
    l.now_ms += BOUND_MS / 2 + 1;
    video(&l, '1', 1, 0); /* dropped at the door */
    expect(&l, "K");
    l.now_ms++;
    video(&l, '2', 2, 0); /* there is room again, but it needs 1 */
    video(&l, '3', 1, 0);
    video(&l, '4', 0, 0);
    video(&l, '5', 2, 0);
    expect(&l, "45");
    line_free(&l);
}

static void what_nothing_depends_on_goes_without_a_trace(void **state)
{
    struct line l;
    (void)state;

    line_new(&l);
    video(&l, 'K', 0, PROTO_MEDIA_KEY);
    video(&l, 'd', 0, PROTO_MEDIA_DISCARDABLE);
    l.now_ms += BOUND_MS / 4 + 1;
    video(&l, '0', 0, 0);
    video(&l, '1', 1, 0);
    expect(&l, "K01");
    assert_int_equal(l.bounds.dropped, 1);
    line_free(&l);
}

static void of_a_voice_what_waited_for_a_second_goes_and_nothing_else(void **state)
{
    struct line l;
    (void)state;

    line_new(&l);
    for (char name = 'a'; name <= 'd'; name++, l.now_ms += RELAY_VOICE_MS / 4)
        assert_ok(put(&l, &l.other, name, PROTO_CLASS_AUDIO, 0, 0, 100));
    assert_ok(put(&l, &l.other, 'r', PROTO_CLASS_AUDIO, 0, PROTO_MEDIA_RELIABLE, 100));
    assert_int_equal(l.bounds.dropped, 0);
    l.now_ms += RELAY_VOICE_MS / 4 + 1; /* while nobody takes anything, too */
    assert_ok(put(&l, &l.other, 'e', PROTO_CLASS_AUDIO, 0, 0, 100));
    assert_int_equal(l.bounds.dropped, 2);
    assert_int_equal(l.other.dropped, 2);
    l.now_ms += RELAY_VOICE_MS / 4;
    expect(&l, "der");
    assert_int_equal(l.bounds.dropped, 3);
    assert_false(l.queue.asks_key || l.other.to_key || l.other.skip_from);
    l.now_ms += 10 * RELAY_VOICE_MS;
    assert_ok(put(&l, &l.other, 'r', PROTO_CLASS_AUDIO, 0, PROTO_MEDIA_RELIABLE, 100));
    l.now_ms += 10 * RELAY_VOICE_MS;
    expect(&l, "r");
    line_free(&l);
}

static void too_many_reliable_parts_and_too_much_voice_are_an_error(void **state)
{
    struct line l;
    enum proto_err err = PROTO_OK;
    unsigned taken = 0;
    (void)state;

    line_new(&l);
    l.bounds.bytes = 40 * FRAME;
    video(&l, 'K', 0, PROTO_MEDIA_KEY);
    l.now_ms += 10 * BOUND_MS;
    for (; taken < 100 && !err; taken++)
        err = put(&l, &l.other, taken % 2 ? 'a' : 'r', taken % 2 ? PROTO_CLASS_AUDIO : PROTO_CLASS_VIDEO, 0,
                  taken % 2 ? 0 : PROTO_MEDIA_RELIABLE, FRAME);
    assert_int_equal(err, PROTO_ERR_FULL);
    assert_in_range(taken, 25, 30);        /* three quarters of the bytes */
    assert_int_equal(l.queue.ranks[0], 0); /* the picture made room */
    assert_true(l.queue.media_bytes <= l.bounds.bytes);
    line_free(&l);
}

static void the_session_has_a_quarter_of_the_bytes_and_no_more(void **state)
{
    static const uint8_t message[FRAME];
    struct line l;
    unsigned taken = 0;
    (void)state;

    line_new(&l);
    l.bounds.bytes = 40 * FRAME;
    while (relay_queue_put(&l.queue, &l.bounds, message, sizeof message) == PROTO_OK)
        taken++;
    assert_in_range(taken, 8, 10);
    line_free(&l);
}

static void all_queues_together_have_a_bound(void **state)
{
    struct line l;
    (void)state;

    line_new(&l);
    l.bounds.all_bytes = l.bounds.all_used = 1000; /* by others */
    assert_int_equal(relay_queue_put(&l.queue, &l.bounds, (const uint8_t *)"c", 1), PROTO_ERR_FULL);
    assert_int_equal(put(&l, &l.lane, 'a', PROTO_CLASS_AUDIO, 0, 0, 10), PROTO_ERR_FULL);
    video(&l, 'K', 0, PROTO_MEDIA_KEY);
    assert_true(relay_queue_is_empty(&l.queue));
    assert_true(l.lane.to_key && l.lane.ask_key);
    l.bounds.all_used = 0;
    line_free(&l);
}

static void pictures_grow_old_while_nobody_sends(void **state)
{
    struct line l;
    (void)state;

    line_new(&l);
    video(&l, 'K', 0, PROTO_MEDIA_KEY);
    video(&l, '0', 0, 0);
    l.now_ms += BOUND_MS + 1;
    expect(&l, "");
    assert_true(l.queue.asks_key);
    line_free(&l);
}

static void a_purge_takes_one_lane_and_also_what_is_on_its_way_out(void **state)
{
    struct line l;
    size_t len;
    (void)state;

    line_new(&l);
    video(&l, 'K', 0, PROTO_MEDIA_KEY);
    video(&l, '0', 0, 0);
    assert_ok(put(&l, &l.other, 'o', PROTO_CLASS_VIDEO, 0, PROTO_MEDIA_KEY, 10));
    assert_int_equal(*relay_queue_front(&l.queue, &l.bounds, &len, l.now_ms), 'K');
    relay_queue_purge(&l.queue, &l.bounds, &l.lane);
    expect(&l, "o");
    line_free(&l);
}

static void the_same_message_is_in_front_until_it_is_popped(void **state)
{
    struct line l;
    size_t len;
    (void)state;

    line_new(&l);
    video(&l, 'K', 0, PROTO_MEDIA_KEY);
    const uint8_t *first = relay_queue_front(&l.queue, &l.bounds, &len, l.now_ms);
    assert_ok(relay_queue_put(&l.queue, &l.bounds, (const uint8_t *)"c", 1));
    l.now_ms += 10 * BOUND_MS;
    assert_ptr_equal(relay_queue_front(&l.queue, &l.bounds, &len, l.now_ms), first);
    relay_queue_pop(&l.queue, &l.bounds);
    expect(&l, "c");
    line_free(&l);
}

static void shared_bytes_are_held_once_and_freed_with_the_last(void **state)
{
    struct relay_shared *shared = relay_shared_new((const uint8_t *)"notes", 5);
    struct line l, m;
    size_t len;
    (void)state;

    line_new(&l);
    line_new(&m);
    assert_ok(relay_queue_put_shared(&l.queue, &l.bounds, shared));
    assert_ok(relay_queue_put_shared(&m.queue, &m.bounds, shared));
    relay_shared_drop(shared);
    assert_ptr_equal(relay_queue_front(&l.queue, &l.bounds, &len, 0), relay_queue_front(&m.queue, &m.bounds, &len, 0));
    line_free(&l);
    expect(&m, "n");
    line_free(&m);
}

/* What a message has gathered in is where it waits: the same bytes, in the same place, to the last one. */
static void an_offered_block_waits_without_a_copy(void **state)
{
    struct proto_media_header header = {.src = 1, .stream = 1, .class = PROTO_CLASS_VIDEO, .flags = PROTO_MEDIA_KEY};
    struct relay_slot *slot = relay_slot_new(relay_slot_new(NULL, 4 * FRAME), FRAME);
    uint8_t expected[FRAME], *bytes = relay_slot_bytes(slot);
    struct line l;
    size_t len;
    (void)state;

    line_new(&l);
    for (size_t i = 0; i < FRAME; i++)
        bytes[i] = expected[i] = (uint8_t)(i * 7 + 1);
    l.bounds.offered = slot;
    assert_ok(relay_queue_put_media(&l.queue, &l.bounds, &l.lane, &header, bytes, FRAME, l.now_ms));
    assert_null(l.bounds.offered);
    assert_ptr_equal(relay_queue_front(&l.queue, &l.bounds, &len, l.now_ms), bytes);
    assert_int_equal(len, FRAME);
    assert_memory_equal(bytes, expected, FRAME);
    line_free(&l);
}

static void an_offered_block_is_not_taken_for_other_bytes_or_when_the_message_goes_nowhere(void **state)
{
    struct proto_media_header header = {.src = 1, .stream = 1, .class = PROTO_CLASS_VIDEO};
    struct relay_slot *slot = relay_slot_new(NULL, 8);
    struct line l;
    (void)state;

    line_new(&l);
    memcpy(relay_slot_bytes(slot), "offered", 8);
    l.bounds.offered = slot;
    assert_ok(relay_queue_put(&l.queue, &l.bounds, (const uint8_t *)"n", 1)); /* the relay's own, meanwhile */
    assert_ptr_equal(l.bounds.offered, slot);
    l.lane.to_key = true;
    assert_ok(relay_queue_put_media(&l.queue, &l.bounds, &l.lane, &header, relay_slot_bytes(slot), 8, l.now_ms));
    assert_ptr_equal(l.bounds.offered, slot);
    relay_slot_free(slot);
    l.bounds.offered = NULL;
    expect(&l, "n");
    line_free(&l);
}

/* Whoever sends it at once sends it from where it came; the next one waits, and outlives that place. */
static void lent_bytes_are_sent_from_where_they_are_and_copied_when_they_go(void **state)
{
    struct proto_media_header header = {.src = 1, .stream = 1, .class = PROTO_CLASS_RELIABLE};
    uint8_t place[] = "lent";
    struct line l;
    size_t len;
    (void)state;

    line_new(&l);
    l.bounds.lent = place;
    assert_ok(relay_queue_put_media(&l.queue, &l.bounds, &l.lane, &header, place, 4, l.now_ms));
    assert_ptr_equal(relay_queue_front(&l.queue, &l.bounds, &len, l.now_ms), place);
    relay_queue_pop(&l.queue, &l.bounds);
    relay_queue_keep(&l.bounds);
    assert_true(relay_queue_is_empty(&l.queue));

    l.bounds.lent = place;
    assert_ok(relay_queue_put_media(&l.queue, &l.bounds, &l.lane, &header, place, 4, l.now_ms));
    assert_ptr_equal(relay_queue_front(&l.queue, &l.bounds, &len, l.now_ms), place); /* handed out, and not taken */
    relay_queue_keep(&l.bounds);
    memset(place, 'x', sizeof place);
    expect(&l, "l");
    line_free(&l);
}

static void lent_bytes_are_forgotten_with_a_message_that_goes_nowhere(void **state)
{
    struct proto_media_header header = {.src = 1, .stream = 1, .class = PROTO_CLASS_VIDEO};
    uint8_t place[] = "lent";
    struct line l;
    (void)state;

    line_new(&l);
    l.bounds.lent = place;
    assert_ok(relay_queue_put(&l.queue, &l.bounds, (const uint8_t *)"n", 1)); /* the relay's own, meanwhile */
    l.lane.to_key = true;
    assert_ok(relay_queue_put_media(&l.queue, &l.bounds, &l.lane, &header, place, 4, l.now_ms)); /* dropped */
    l.lane.to_key = false;
    assert_ok(relay_queue_put_media(&l.queue, &l.bounds, &l.lane, &header, place, 4, l.now_ms));
    relay_queue_purge(&l.queue, &l.bounds, &l.lane);
    assert_null(l.bounds.borrower);
    relay_queue_keep(&l.bounds);
    expect(&l, "n");
    line_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_session_is_served_before_voice_and_voice_before_the_picture),
        cmocka_unit_test(a_stream_keeps_its_order),
        cmocka_unit_test(old_pictures_lose_the_highest_layer_first_then_the_middle_then_all_up_to_a_key_frame),
        cmocka_unit_test(a_full_queue_keeps_the_newest_key_frame_that_waits),
        cmocka_unit_test(what_needs_a_dropped_frame_does_not_pass),
        cmocka_unit_test(what_nothing_depends_on_goes_without_a_trace),
        cmocka_unit_test(of_a_voice_what_waited_for_a_second_goes_and_nothing_else),
        cmocka_unit_test(too_many_reliable_parts_and_too_much_voice_are_an_error),
        cmocka_unit_test(the_session_has_a_quarter_of_the_bytes_and_no_more),
        cmocka_unit_test(all_queues_together_have_a_bound),
        cmocka_unit_test(pictures_grow_old_while_nobody_sends),
        cmocka_unit_test(a_purge_takes_one_lane_and_also_what_is_on_its_way_out),
        cmocka_unit_test(the_same_message_is_in_front_until_it_is_popped),
        cmocka_unit_test(shared_bytes_are_held_once_and_freed_with_the_last),
        cmocka_unit_test(an_offered_block_waits_without_a_copy),
        cmocka_unit_test(an_offered_block_is_not_taken_for_other_bytes_or_when_the_message_goes_nowhere),
        cmocka_unit_test(lent_bytes_are_sent_from_where_they_are_and_copied_when_they_go),
        cmocka_unit_test(lent_bytes_are_forgotten_with_a_message_that_goes_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
