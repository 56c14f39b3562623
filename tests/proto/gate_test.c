/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/test.h"

#include "proto/consent/gate.h"
#include "proto/seal/signature.h"

#include <string.h>

static uint8_t public_key[32], secret_key[64];

static int setup(void **state)
{
    const uint8_t seed[32] = {3};

    (void)state;
    proto_sign_keypair(public_key, secret_key, seed);
    return 0;
}

static struct proto_gate whole(void)
{
    struct proto_gate gate = {.gate_seq = 7,
                              .open = true,
                              .src = 1,
                              .stream = 9,
                              .dst = 2,
                              .capability = PROTO_CAPABILITY_CAMERA,
                              .ttl_s = 1800};

    memset(gate.sid, 1, sizeof gate.sid);
    memset(gate.grantee, 2, sizeof gate.grantee);
    memset(gate.leaf_hash, 3, sizeof gate.leaf_hash);
    return gate;
}

static void a_gate_says_what_was_signed(void **state)
{
    struct proto_gate gate = whole(), back;
    uint8_t bytes[PROTO_GATE_BYTES];

    (void)state;
    assert_ok(proto_gate_sign(&gate, secret_key, bytes));
    assert_ok(proto_gate_verify(bytes, sizeof bytes, public_key, &back));
    assert_int_equal(back.gate_seq, 7);
    assert_true(back.open);
    assert_int_equal(back.stream, 9);
    assert_int_equal(back.ttl_s, 1800);
    assert_int_equal(back.capability, PROTO_CAPABILITY_CAMERA);
    assert_memory_equal(back.leaf_hash, gate.leaf_hash, 32);
}

static void a_gate_with_any_bit_flipped_is_refused(void **state)
{
    struct proto_gate gate = whole(), back;
    uint8_t bytes[PROTO_GATE_BYTES + 1] = {0};

    (void)state;
    assert_ok(proto_gate_sign(&gate, secret_key, bytes));
    for (size_t bit = 0; bit < PROTO_GATE_BYTES * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_true(proto_gate_verify(bytes, PROTO_GATE_BYTES, public_key, &back) != PROTO_OK);
        assert_true(!back.gate_seq && !back.open && !back.src && !back.ttl_s && !back.sid[0]);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < PROTO_GATE_BYTES; len++)
        assert_int_equal(proto_gate_verify(bytes, len, public_key, &back), PROTO_ERR_FORMAT);
    assert_int_equal(proto_gate_verify(bytes, PROTO_GATE_BYTES + 1, public_key, &back), PROTO_ERR_FORMAT);
}

static void a_gate_of_another_session_key_is_refused(void **state)
{
    struct proto_gate gate = whole(), back;
    uint8_t bytes[PROTO_GATE_BYTES], other_public[32], other_secret[64];
    const uint8_t seed[32] = {4}, identity[32] = {1};

    (void)state;
    proto_sign_keypair(other_public, other_secret, seed);
    assert_ok(proto_gate_sign(&gate, other_secret, bytes));
    assert_int_equal(proto_gate_verify(bytes, sizeof bytes, public_key, &back), PROTO_ERR_SIGNATURE);
    assert_int_equal(proto_gate_verify(bytes, sizeof bytes, identity, &back), PROTO_ERR_SIGNATURE); /* small order */
}

/* Rightly signed, and still not a gate. */
static void a_gate_with_a_field_out_of_range_is_refused(void **state)
{
    uint8_t bytes[PROTO_GATE_BYTES];
    struct proto_gate back;

    (void)state;
    for (int i = 0; i < 9; i++) {
        struct proto_gate gate = whole();
        switch (i) {
        case 0:
            gate.src = 0;
            break;
        case 1:
            gate.src = 16;
            break;
        case 2:
            gate.dst = 0;
            break;
        case 3:
            gate.dst = 16;
            break;
        case 4:
            gate.dst = gate.src;
            break;
        case 5:
            gate.stream = 0;
            break;
        case 6:
            gate.stream = 64;
            break;
        case 7:
            gate.capability = PROTO_CAPABILITY_NONE;
            break;
        default:
            gate.capability = PROTO_CAPABILITY_COUNT;
            break;
        }
        assert_ok(proto_gate_sign(&gate, secret_key, bytes));
        assert_int_equal(proto_gate_verify(bytes, sizeof bytes, public_key, &back), PROTO_ERR_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gate_says_what_was_signed),
        cmocka_unit_test(a_gate_with_any_bit_flipped_is_refused),
        cmocka_unit_test(a_gate_of_another_session_key_is_refused),
        cmocka_unit_test(a_gate_with_a_field_out_of_range_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
