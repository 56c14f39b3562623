/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A relay that guesses the code at the customer's end: it answers CPACE1 with a guess, reads from M1 whether the guess
 * was right, and breaks the attempt off so that a new one begins. Three tags may leave; then the customer's end stops
 * and says so.
 */
#include "tests/proto/test.h"

#include "tests/proto/session_test.h"

#include <string.h>

enum { GUESSES = 50 };

static unsigned tags;

static int setup(void **state)
{
    (void)state;
    tags = 0;
    sw_init(&sw, 23);
    sw_invite(&sw);
    return 0;
}

static bool keep_handshake(struct session_world *world, bool from_customer, uint8_t *bytes, size_t len)
{
    (void)world;
    (void)len;
    if (bytes[0] != PROTO_TYPE_HANDSHAKE)
        return true;
    tags += from_customer && bytes[PROTO_ENVELOPE_BYTES] == PROTO_PAIRING_M1;
    return false;
}

/* CPACE2 with a share that is a point of the group; which one does not matter here. */
static void guess(void)
{
    static const uint8_t share[32] = {0xe2, 0xf2, 0xae, 0x0a, 0x6a, 0xbc, 0x4e, 0x71, 0xa8, 0x84, 0xa9,
                                      0x61, 0xc5, 0x00, 0x51, 0x5f, 0x58, 0xe3, 0x0b, 0x6a, 0xa5, 0x82,
                                      0xdd, 0x8d, 0xb6, 0xa6, 0x59, 0x45, 0xe0, 0x8d, 0x2d, 0x76};
    uint8_t message[4 + 1 + 32 + 1 + 33] = {PROTO_TYPE_HANDSHAKE, PROTO_INDEX_AGENT, PROTO_INDEX_CUSTOMER, 0,
                                            PROTO_PAIRING_CPACE2};

    memcpy(message + 5, share, sizeof share);
    message[37] = 33;
    message[38] = 1;
    memcpy(message + 39, sw.agent_config.credential->identity.root_fingerprint, 32);
    sw_feed(&sw, true, message, sizeof message);
    sw_carry(&sw);
}

static void break_off_by_a_new_peer(unsigned round)
{
    handhold_FromRelay message = {.which_body = handhold_FromRelay_peer_tag};

    message.body.peer.index = PROTO_INDEX_AGENT;
    message.body.peer.present = true;
    message.body.peer.connection = 100 + round;
    sw_say(&sw, true, &message);
}

static void break_off_by_saying_busy(unsigned round)
{
    const uint8_t busy[] = {PROTO_TYPE_HANDSHAKE, PROTO_INDEX_AGENT, PROTO_INDEX_CUSTOMER, 0, 0x7f, PROTO_ERR_BUSY};

    (void)round;
    sw_feed(&sw, true, busy, sizeof busy);
    sw.now.mono_ms += 2000;
    proto_session_tick(sw.customer, sw.now);
}

static void break_off_by_silence(unsigned round)
{
    (void)round;
    for (unsigned i = 0; i < 3; i++) {
        sw.now.mono_ms += PROTO_HANDSHAKE_WAIT_MS;
        proto_session_tick(sw.customer, sw.now);
    }
}

static void assert_three_guesses_at_most(void (*break_off)(unsigned round))
{
    sw.hand = keep_handshake;
    sw_arrive(&sw, true);
    for (unsigned i = 0; i < GUESSES; i++) {
        guess();
        break_off(i);
        sw_carry(&sw);
    }
    assert_int_equal(tags, PROTO_CODE_TRIES);
    assert_int_equal(sw_count(&sw, true, PROTO_EVENT_ENDED), 1);
    assert_true(sw_count(&sw, true, PROTO_EVENT_ALARM) >= 1);
}

static void a_relay_that_breaks_attempts_off_by_a_new_peer_gets_three_guesses(void **state)
{
    (void)state;
    assert_three_guesses_at_most(break_off_by_a_new_peer);
}

static void a_relay_that_breaks_attempts_off_by_saying_busy_gets_three_guesses(void **state)
{
    (void)state;
    assert_three_guesses_at_most(break_off_by_saying_busy);
}

static void a_relay_that_breaks_attempts_off_by_silence_gets_three_guesses(void **state)
{
    (void)state;
    assert_three_guesses_at_most(break_off_by_silence);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, sw_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_relay_that_breaks_attempts_off_by_a_new_peer_gets_three_guesses),
        CASE(a_relay_that_breaks_attempts_off_by_saying_busy_gets_three_guesses),
        CASE(a_relay_that_breaks_attempts_off_by_silence_gets_three_guesses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
