/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay as the enemy of a session that stands: the attack tests of PROTOCOL.md, numbered as there. Where each is
 * proved:
 *
 *    1, 2, 3, 8, 9   pairing_attack_test.c (8 also identity_test.c; that an unverified organisation gets no camera:
 *                    session_grant_test.c)
 *    4, 5, 7, 10     here (10 also pairing_attack_test.c: a stolen link changes the check words; resume keys)
 *    6               media_test.c (layers), here (a state message left out)
 *    11              session_viewer_test.c
 *    12              log_test.c, session_log_test.c
 */
#include "tests/proto/test.h"

#include "tests/proto/session_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct session_world other;
static uint8_t frame[512]; /* the last MEDIA message that passed, or was kept back */
static size_t frame_len;

static int setup(void **state)
{
    (void)state;
    sw_init(&sw, 23);
    return 0;
}

static bool keep_back_media(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    (void)world;
    (void)from_customer;
    if (bytes[0] != PROTO_TYPE_MEDIA)
        return true;
    assert_in_range(len, 1, sizeof frame);
    memcpy(frame, bytes, len);
    frame_len = len;
    return false;
}

/* Seals a frame and keeps it back; it is in `frame`. */
static void catch_frame(enum proto_capability capability, const char *text, bool key)
{
    sw.hand = keep_back_media;
    assert_ok(sw_push(&sw, capability, text, key));
    sw.hand = NULL;
}

static void assert_dropped(const uint8_t *bytes, size_t len, uint64_t refused_more)
{
    struct proto_session_figures before, after;
    size_t media = sw_count(&sw, false, PROTO_EVENT_MEDIA);

    proto_session_figures(sw.agent, &before);
    sw_feed(&sw, false, bytes, len);
    proto_session_figures(sw.agent, &after);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_MEDIA), media); /* what a decoder gets */
    assert_int_equal(after.frames_refused, before.frames_refused + refused_more);
}

static void assert_shows(enum proto_capability capability, const char *text, bool key)
{
    size_t media = sw_count(&sw, false, PROTO_EVENT_MEDIA);

    assert_ok(sw_push(&sw, capability, text, key));
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_MEDIA), media + 1);
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, text);
}

/* ---- 4 ---- */

static void media_that_is_replayed_or_duplicated_is_dropped(void **state)
{
    uint8_t first[sizeof frame];

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    catch_frame(CAMERA, "first", true);
    size_t first_len = frame_len;
    memcpy(first, frame, sizeof first);
    sw_feed(&sw, false, first, first_len);
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, "first");
    assert_dropped(first, first_len, 1);
    for (int i = 0; i < 70; i++)
        assert_shows(CAMERA, i == 3 ? "fourth" : "more", i % 10 == 0);
    assert_dropped(first, first_len, 1);
    for (int i = 0; i < PROTO_REPLAY_BITS; i++) /* far beyond the window as well */
        assert_ok(sw_push(&sw, CAMERA, "more", false));
    sw_forget_events(&sw);
    assert_dropped(first, first_len, 1);
    assert_shows(CAMERA, "the next genuine frame", false);
}

/* Sound has no layers behind the window: here it stands alone. */
static void sound_that_is_replayed_is_dropped(void **state)
{
    uint8_t first[sizeof frame];

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, PROTO_CAPABILITY_MICROPHONE);
    catch_frame(PROTO_CAPABILITY_MICROPHONE, "a word", true);
    memcpy(first, frame, sizeof first);
    size_t first_len = frame_len;
    sw_feed(&sw, false, first, first_len);
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, "a word");
    for (int i = 0; i < 2000; i++) {
        if (i % 100 == 0)
            assert_dropped(first, first_len, 1);
        assert_shows(PROTO_CAPABILITY_MICROPHONE, "more", true);
    }
    assert_dropped(first, first_len, 1);
}

static void media_that_is_reordered_is_dropped_and_the_picture_does_not_go_back(void **state)
{
    uint8_t late[sizeof frame];

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    catch_frame(CAMERA, "the first frame of the epoch, kept back", true);
    memcpy(late, frame, sizeof late);
    size_t late_len = frame_len;
    assert_shows(CAMERA, "newer", true);
    assert_dropped(late, late_len, 1);
    assert_shows(CAMERA, "newer still", false);
    catch_frame(CAMERA, "kept back", true);
    memcpy(late, frame, sizeof late);
    late_len = frame_len;
    assert_shows(CAMERA, "a key frame", true);
    assert_dropped(late, late_len, 1);
    assert_shows(CAMERA, "and on", false);
}

static void state_that_is_reordered_or_left_out_is_an_alarm_and_never_goes_back(void **state)
{
    uint8_t late[sizeof frame];

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, STATE);
    assert_shows(STATE, "battery 50", true);
    catch_frame(STATE, "battery 49", true);
    memcpy(late, frame, sizeof late);
    size_t late_len = frame_len;
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_ALARM), 0);
    assert_shows(STATE, "battery 48", true); /* one is missing */
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_ALARM), 1);
    assert_dropped(late, late_len, 1); /* and comes late */
    assert_shows(STATE, "battery 47", true);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_ALARM), 2);
}

static void media_that_is_moved_to_another_stream_is_dropped(void **state)
{
    uint8_t moved[sizeof frame];

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_grant(&sw, STATE);
    catch_frame(CAMERA, "picture", true);
    uint8_t to = sw.customer->grants[STATE].stream;
    memcpy(moved, frame, sizeof moved);
    moved[3] = to; /* the clear header alone */
    assert_dropped(moved, frame_len, 1);
    uint64_t kid = proto_kid(sw.customer->grants[STATE].epoch, 1, to), counter, old_kid;
    size_t header_len;
    assert_ok(proto_sframe_header_parse(frame + 16, frame_len - 16, &old_kid, &counter, &header_len));
    assert_int_equal(proto_sframe_header_write(moved + 16, kid, counter), header_len); /* and the KID with it */
    assert_dropped(moved, frame_len, 1);
    sw_feed(&sw, false, frame, frame_len);
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, "picture");
}

static void media_of_an_older_epoch_is_dropped(void **state)
{
    uint8_t old[sizeof frame];

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    catch_frame(CAMERA, "old epoch", true);
    memcpy(old, frame, sizeof old);
    size_t old_len = frame_len;
    sw_cut(&sw, true);
    sw_connect(&sw, true);
    sw_pass(&sw, 1500);
    assert_dropped(old, old_len, 1);
    assert_shows(CAMERA, "new epoch", true);
    assert_dropped(old, old_len, 1);
}

static void a_lost_start_of_an_epoch_does_not_freeze_the_picture(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    for (int i = 0; i < 30; i++)
        assert_shows(CAMERA, "old epoch", i == 0);
    sw.customer->grants[CAMERA].rotate_ms = sw.now.mono_ms; /* the key rotates within the pair */
    sw_pass(&sw, 10);
    catch_frame(CAMERA, "the relay drops the first frame", true);
    assert_shows(CAMERA, "the next key frame", true);
    assert_shows(CAMERA, "and what follows", false);
}

static void media_of_another_session_is_dropped_even_under_the_same_key(void **state)
{
    (void)state;
    sw_init(&other, 29);
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_join(&other);
    sw_grant(&other, CAMERA);
    other.hand = keep_back_media;
    assert_ok(sw_push(&other, CAMERA, "of the other session", true));
    assert_dropped(frame, frame_len, 1);
    /* suppose the keys were the same, name and all: what binds a frame to its session is the context under its tag */
    struct held *here = &sw.agent->held[CAMERA], *there = &other.agent->held[CAMERA];
    struct held_key mine = here->now;
    uint8_t my_stream = here->stream, my_ctx[32];
    here->now = there->now;
    here->stream = there->stream;
    assert_dropped(frame, frame_len, 1);
    memcpy(my_ctx, sw.agent->ctx, sizeof my_ctx);
    memcpy(sw.agent->ctx, other.agent->ctx, sizeof my_ctx);
    sw_feed(&sw, false, frame, frame_len); /* it was the context alone */
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, "of the other session");
    memcpy(sw.agent->ctx, my_ctx, sizeof my_ctx);
    here->now = mine;
    here->stream = my_stream;
    assert_shows(CAMERA, "its own", true);
    sw_clear(&other);
}

/* ---- 5 ---- */

static void each_flipped_bit_of_a_frame_is_dropped_and_the_next_genuine_frame_decodes(void **state)
{
    uint8_t flipped[sizeof frame];
    struct held before;

    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    assert_shows(CAMERA, "before", true);
    catch_frame(CAMERA, "the frame that is altered", false);
    before = sw.agent->held[CAMERA];
    for (size_t bit = 0; bit < frame_len * 8; bit++) {
        memcpy(flipped, frame, frame_len);
        flipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_dropped(flipped, frame_len, 1);
        assert_memory_equal(&sw.agent->held[CAMERA], &before, sizeof before);
    }
    for (size_t len = 0; len < frame_len; len++) { /* and cut at any length */
        assert_dropped(frame, len, 1);
        assert_memory_equal(&sw.agent->held[CAMERA], &before, sizeof before);
    }
    sw_feed(&sw, false, frame, frame_len);
    assert_string_equal(sw_last(&sw, false, PROTO_EVENT_MEDIA)->text, "the frame that is altered");
    assert_shows(CAMERA, "the next genuine frame", false);
    assert_true(sw.agent->pair.up);
}

/* ---- the control channel ---- */

enum deed { REPLAY, SWAP, DROP, FLIP, REFLECT, CUT, DEEDS };
static enum deed deed;
static uint8_t stored[PROTO_MAX_CONTROL_BYTES];
static size_t stored_len;

/* Once, at the aim-th control message towards the agent. */
static bool meddle(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    if (bytes[0] != PROTO_TYPE_CONTROL || !from_customer)
        return true;
    size_t number = world->seen++;
    if (number + 1 == world->aim) {
        memcpy(stored, bytes, len);
        stored_len = len;
        return deed != SWAP;
    }
    if (number != world->aim)
        return true;
    switch (deed) {
    case REPLAY:
        sw_feed(world, false, stored, stored_len);
        return true;
    case SWAP:
        sw_feed(world, false, bytes, len);
        sw_feed(world, false, stored, stored_len);
        return false;
    case DROP:
        return false;
    case FLIP:
        bytes[len / 2] ^= 0x10;
        return true;
    case REFLECT: /* the customer's own bytes back to it */
        sw_feed(world, true, bytes, len);
        return true;
    case CUT:
        sw_feed(world, false, bytes, len - 1);
        return false;
    case DEEDS:
        break;
    }
    return true;
}

static void meddled(void)
{
    sw_init(&sw, (uint8_t)(40 + deed));
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_forget_events(&sw);
    sw.seen = 0;
    sw.aim = 2;
    sw.hand = meddle;
    for (int i = 0; i < 4; i++) {
        char text[16];
        snprintf(text, sizeof text, "line %d", i);
        assert_ok(sw_chat(&sw, true, text));
    }
    sw_pass(&sw, 1500);
    sw.hand = NULL;
    assert_int_equal(sw_count(&sw, deed == REFLECT, PROTO_EVENT_ALARM), 1);
    assert_int_equal(sw_last(&sw, deed == REFLECT, PROTO_EVENT_ALARM)->err, PROTO_ERR_CRYPTO);
    sw_pass(&sw, 3 * PROTO_SILENT_MS);
    assert_true(sw.customer->pair.up && sw.agent->pair.up);
    unsigned got = 0; /* what was said arrived once, in order, and nothing else did */
    for (size_t i = 0; i < sw.agent_event_count; i++) {
        char text[16];
        if (sw.agent_events[i].kind != PROTO_EVENT_DATA)
            continue;
        snprintf(text, sizeof text, "line %u", got++);
        assert_string_equal(sw.agent_events[i].text, text);
    }
    assert_int_equal(got, 4);
    assert_shows(CAMERA, "it goes on", true);
    sw_clear(&sw);
}

static void a_relay_that_replays_reorders_drops_or_alters_control_closes_the_pair_which_resumes(void **state)
{
    (void)state;
    for (deed = REPLAY; deed < DEEDS; deed++)
        meddled();
}

static uint8_t of_other[PROTO_MAX_CONTROL_BYTES];
static size_t of_other_len;
static bool keep_control(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    (void)world;
    if (from_customer && bytes[0] == PROTO_TYPE_CONTROL) {
        memcpy(of_other, bytes, len);
        of_other_len = len;
    }
    return true;
}

static void control_of_another_session_opens_nothing_here(void **state)
{
    (void)state;
    sw_init(&other, 31);
    sw_join(&other);
    other.hand = keep_control;
    assert_ok(sw_chat(&other, true, "for the other agent"));
    sw_join(&sw);
    sw_feed(&sw, false, of_other, of_other_len);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_ALARM), 1);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_DATA), 0);
    sw_pass(&sw, 3 * PROTO_SILENT_MS);
    assert_true(sw.customer->pair.up && sw.agent->pair.up);
    sw_clear(&other);
}

/* ---- 7 ---- */

static bool hold_handshakes(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    (void)world;
    (void)from_customer;
    (void)len;
    return bytes[0] != PROTO_TYPE_HANDSHAKE;
}

static void a_withheld_withdrawal_greys_the_picture_at_three_seconds_and_nothing_more_is_decryptable(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    assert_shows(CAMERA, "seen", true);
    sw_pass(&sw, 1500);
    sw.hold_customer = sw.hold_agent = true;
    sw.hand = hold_handshakes;
    sw.gates_forced = true; /* this relay forwards whatever comes */
    sw_forget_events(&sw);
    int64_t from_ms = sw.agent->pair.hb_heard_ms;
    assert_ok(proto_session_withdraw(sw.customer, CAMERA, sw.now));
    assert_null(sw.customer->grants[CAMERA].key);
    assert_int_equal(sw_push(&sw, CAMERA, "after", true), PROTO_ERR_CONSENT);
    sw_pass(&sw, from_ms + PROTO_STALE_MS + 2 - sw.now.mono_ms);
    assert_false(sw_last(&sw, false, PROTO_EVENT_LIVE)->on);
    sw_pass(&sw, PROTO_SILENT_MS);
    assert_null(sw.agent->held[CAMERA].now.key); /* the pair is gone, and its keys with it */
    sw.hand = NULL;
    sw_release(&sw); /* all of it comes at last: it opens nothing */
    sw_pass(&sw, PROTO_HANDSHAKE_WAIT_MS + 3000);
    assert_int_equal(proto_session_consent(sw.agent, CAMERA), PROTO_CONSENT_WITHDRAWN);
    assert_null(sw.agent->held[CAMERA].now.key);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_MEDIA), 0);
}

static void control_held_for_ten_seconds_stops_capture(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw.hold_customer = sw.hold_agent = true;
    sw.hand = hold_handshakes;
    sw_forget_events(&sw);
    sw_pass(&sw, PROTO_SILENT_MS + 1500);
    assert_false(sw_last(&sw, true, PROTO_EVENT_CAPTURE)->on);
    assert_int_equal(sw.customer->grants[CAMERA].phase, GRANT_SUSPENDED);
    assert_null(sw.customer->grants[CAMERA].key);
    sw.hand = NULL;
    sw_release(&sw);
    sw_pass(&sw, PROTO_HANDSHAKE_WAIT_MS + 3000);
    assert_shows(CAMERA, "live again", true);
}

/* ---- 10 ---- */

/* The customer's session is freed and somebody else takes the seat with the same invitation. */
static void another_comes(bool by_code)
{
    sw_cut(&sw, true);
    proto_session_free(sw.customer);
    sw.customer = NULL;
    sw_forget_events(&sw);
    sw_arrive(&sw, by_code);
    sw_pass(&sw, 2000);
}

static void assert_not_let_in(enum proto_err told)
{
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_JOINED), 0);
    assert_int_equal(sw_last(&sw, true, PROTO_EVENT_ENDED)->reason,
                     told == PROTO_ERR_EXPIRED ? PROTO_END_EXPIRED : PROTO_END_FAILED);
    assert_int_equal(sw_last(&sw, false, PROTO_EVENT_ALARM)->err, told);
}

static void a_link_or_a_code_is_refused_after_its_success_and_the_agent_is_told(void **state)
{
    (void)state;
    sw_join(&sw);
    another_comes(false);
    assert_not_let_in(PROTO_ERR_BURNT);
    another_comes(true); /* the code of the same session as well */
    assert_not_let_in(PROTO_ERR_BURNT);
}

static void later(int64_t minutes)
{
    sw.now.mono_ms += minutes * 60000 + 1;
    sw.now.unix_ms += minutes * 60000 + 1;
}

static void a_link_or_a_code_is_refused_after_its_time_by_the_agents_own_end(void **state)
{
    (void)state;
    sw_invite(&sw);
    later(PROTO_POLICY_CODE_MINUTES);
    sw_arrive(&sw, true);
    sw_pass(&sw, 1000);
    assert_not_let_in(PROTO_ERR_EXPIRED);
    later(PROTO_POLICY_LINK_MINUTES - PROTO_POLICY_CODE_MINUTES);
    another_comes(false);
    assert_not_let_in(PROTO_ERR_EXPIRED);
}

static bool keep_back_third(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    if (bytes[0] != PROTO_TYPE_HANDSHAKE || !from_customer || world->seen++ != world->aim)
        return true;
    memcpy(stored, bytes, len);
    stored_len = len;
    return false;
}

static void of_two_joins_at_once_one_is_let_in(bool by_code)
{
    sw_init(&sw, 51);
    sw_invite(&sw);
    sw.hand = keep_back_third;
    sw.seen = 0;
    sw.aim = by_code ? 2 : 1; /* AUTH_C of the first */
    sw_arrive(&sw, by_code);
    sw.hand = NULL;
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_JOINED), 0);
    proto_session_free(sw.customer);
    sw.customer = NULL;
    sw_arrive(&sw, false);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_JOINED), 1);
    uint8_t cs[32];
    memcpy(cs, sw.agent->cs_public, sizeof cs);
    sw_feed(&sw, false, stored, stored_len); /* the first one's last message: too late */
    sw_carry(&sw);
    sw_pass(&sw, 1500);
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_JOINED), 1);
    assert_memory_equal(sw.agent->cs_public, cs, sizeof cs);
    assert_memory_equal(sw.agent->cs_public, sw.customer->cs_public, sizeof cs);
    assert_true(sw.agent->pair.up && sw.customer->pair.up);
    sw_clear(&sw);
}

static void of_two_who_join_at_once_exactly_one_is_let_in(void **state)
{
    (void)state;
    of_two_joins_at_once_one_is_let_in(false);
    of_two_joins_at_once_one_is_let_in(true);
}

static void a_resume_that_is_played_again_is_refused_and_the_live_pair_stays(void **state)
{
    (void)state;
    sw_join(&sw);
    sw_grant(&sw, CAMERA);
    sw_cut(&sw, true);
    sw.keep = true;
    sw_connect(&sw, true);
    sw.keep = false;
    sw_pass(&sw, 1500);
    sw_forget_events(&sw);
    const struct sw_message *first = sw.kept;
    while (first && (first->bytes[0] != PROTO_TYPE_HANDSHAKE || !first->from_customer))
        first = first->next;
    assert_non_null(first);
    size_t sent = sw.trace_count;
    sw_feed(&sw, false, first->bytes, first->len);
    sw_carry(&sw);
    assert_int_equal(sw_traced(&sw, sent, false, PROTO_TYPE_HANDSHAKE, 0), 1); /* a refusal, and no AUTH_A */
    assert_null(sw.agent->pair.pairing);
    assert_true(sw.agent->pair.up);                               /* the live pair stays */
    assert_int_equal(sw_count(&sw, false, PROTO_EVENT_ALARM), 1); /* and the agent is told */
    assert_int_equal(sw_last(&sw, false, PROTO_EVENT_ALARM)->err, PROTO_ERR_REPLAY);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ALARM), 0);
    assert_shows(CAMERA, "it goes on", true);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sw_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(media_that_is_replayed_or_duplicated_is_dropped),
        CASE(sound_that_is_replayed_is_dropped),
        CASE(media_that_is_reordered_is_dropped_and_the_picture_does_not_go_back),
        CASE(state_that_is_reordered_or_left_out_is_an_alarm_and_never_goes_back),
        CASE(media_that_is_moved_to_another_stream_is_dropped),
        CASE(media_of_an_older_epoch_is_dropped),
        CASE(a_lost_start_of_an_epoch_does_not_freeze_the_picture),
        CASE(media_of_another_session_is_dropped_even_under_the_same_key),
        CASE(each_flipped_bit_of_a_frame_is_dropped_and_the_next_genuine_frame_decodes),
        cmocka_unit_test(a_relay_that_replays_reorders_drops_or_alters_control_closes_the_pair_which_resumes),
        CASE(control_of_another_session_opens_nothing_here),
        CASE(a_withheld_withdrawal_greys_the_picture_at_three_seconds_and_nothing_more_is_decryptable),
        CASE(control_held_for_ten_seconds_stops_capture),
        CASE(a_link_or_a_code_is_refused_after_its_success_and_the_agent_is_told),
        CASE(a_link_or_a_code_is_refused_after_its_time_by_the_agents_own_end),
        cmocka_unit_test(of_two_who_join_at_once_exactly_one_is_let_in),
        CASE(a_resume_that_is_played_again_is_refused_and_the_live_pair_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
