/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/test.h"

#include "proto/seal/noise.h"
#include "tests/proto/vectors.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t psk[32] = {7, 7, 7}, e_a[32] = {1, 2, 3}, e_b[32] = {4, 5, 6}, prologue[] = "handhold/1";

struct pair {
    struct proto_noise initiator, responder;
    uint8_t m1[64], m2[64], out[64];
    size_t m1_len, m2_len, out_len;
};

static void pair_init(struct pair *p)
{
    memset(p, 0, sizeof *p);
    assert_ok(proto_noise_init(&p->initiator, PROTO_NOISE_INITIATOR, prologue, sizeof prologue, psk, e_a));
    assert_ok(proto_noise_init(&p->responder, PROTO_NOISE_RESPONDER, prologue, sizeof prologue, psk, e_b));
}

static void pair_m1(struct pair *p)
{
    assert_ok(proto_noise_write(&p->initiator, NULL, 0, p->m1, sizeof p->m1, &p->m1_len));
    assert_int_equal(p->m1_len, PROTO_NOISE_HANDSHAKE_OVERHEAD);
}

static void pair_m2(struct pair *p)
{
    assert_ok(proto_noise_read(&p->responder, p->m1, p->m1_len, p->out, sizeof p->out, &p->out_len));
    assert_ok(proto_noise_write(&p->responder, NULL, 0, p->m2, sizeof p->m2, &p->m2_len));
}

static void pair_channels(struct pair *p, struct proto_noise_channel *a, struct proto_noise_channel *b)
{
    pair_init(p);
    pair_m1(p);
    pair_m2(p);
    assert_ok(proto_noise_read(&p->initiator, p->m2, p->m2_len, p->out, sizeof p->out, &p->out_len));
    assert_memory_equal(proto_noise_hash(&p->initiator), proto_noise_hash(&p->responder), 32);
    assert_ok(proto_noise_split(&p->initiator, a));
    assert_ok(proto_noise_split(&p->responder, b));
}

static void init_from_vector(struct proto_noise *noise, const json_t *vector, enum proto_noise_role role)
{
    bool first = role == PROTO_NOISE_INITIATOR;
    const json_t *psks = vectors_get(vector, first ? "init_psks" : "resp_psks");
    struct vectors_bytes pro = vectors_hex(vector, first ? "init_prologue" : "resp_prologue");
    struct vectors_bytes e = vectors_hex(vector, first ? "init_ephemeral" : "resp_ephemeral");
    struct vectors_bytes key = vectors_hex_of(json_string_value(json_array_get(psks, 0)));

    assert_int_equal(e.len, 32);
    assert_int_equal(key.len, 32);
    assert_ok(proto_noise_init(noise, role, pro.bytes, pro.len, key.bytes, e.bytes));
    vectors_bytes_free(&pro);
    vectors_bytes_free(&e);
    vectors_bytes_free(&key);
}

/* Message `index` goes from `from` to `to` and is what the vector says at both ends. */
static void carry_vector(const json_t *vector, size_t index, struct proto_noise *from, struct proto_noise *to,
                         struct proto_noise_channel *from_channel, struct proto_noise_channel *to_channel)
{
    const json_t *message = json_array_get(vectors_get(vector, "messages"), index);
    struct vectors_bytes payload = vectors_hex(message, "payload"), sealed = vectors_hex(message, "ciphertext");
    uint8_t out[256];
    size_t len;

    if (index < 2)
        assert_ok(proto_noise_write(from, payload.bytes, payload.len, out, sealed.len, &len));
    else
        assert_ok(proto_noise_channel_seal(from_channel, payload.bytes, payload.len, out, sealed.len, &len));
    assert_int_equal(len, sealed.len);
    assert_memory_equal(out, sealed.bytes, len);
    if (index < 2)
        assert_ok(proto_noise_read(to, sealed.bytes, sealed.len, out, payload.len, &len));
    else
        assert_ok(proto_noise_channel_open(to_channel, sealed.bytes, sealed.len, out, payload.len, &len));
    assert_int_equal(len, payload.len);
    assert_memory_equal(out, payload.bytes, len);
    vectors_bytes_free(&payload);
    vectors_bytes_free(&sealed);
}

static void run_vector(const json_t *vector)
{
    struct proto_noise ends[2];
    struct proto_noise_channel channels[2];
    struct vectors_bytes hash = vectors_hex(vector, "handshake_hash");
    size_t count = json_array_size(vectors_get(vector, "messages"));

    init_from_vector(&ends[0], vector, PROTO_NOISE_INITIATOR);
    init_from_vector(&ends[1], vector, PROTO_NOISE_RESPONDER);
    for (size_t i = 0; i < count; i++) {
        carry_vector(vector, i, &ends[i % 2], &ends[1 - i % 2], &channels[i % 2], &channels[1 - i % 2]);
        for (size_t end = 0; i == 1 && end < 2; end++) {
            assert_memory_equal(proto_noise_hash(&ends[end]), hash.bytes, 32);
            assert_ok(proto_noise_split(&ends[end], &channels[end]));
        }
    }
    assert_int_equal(count, 6);
    vectors_bytes_free(&hash);
}

static void the_vectors_of_nnpsk0_are_met_byte_for_byte(void **state)
{
    json_t *document = vectors_load("noise/noise-nnpsk0.json"), *vector;
    size_t i, ran = 0;

    (void)state;
    json_array_foreach(vectors_get(document, "vectors"), i, vector)
    {
        const char *name = vectors_text(vector, "protocol_name");
        if (strcmp(name, "Noise_NNpsk0_25519_ChaChaPoly_SHA256") == 0) {
            run_vector(vector);
            ran++;
        } else
            print_message("%s is not spoken here\n", name);
    }
    assert_int_equal(ran, 1);
    json_decref(document);
}

static void a_flipped_bit_in_a_handshake_is_refused_and_ends_it(void **state)
{
    struct pair p;

    (void)state;
    for (size_t bit = 0; bit < PROTO_NOISE_HANDSHAKE_OVERHEAD * 8; bit++) {
        pair_init(&p);
        pair_m1(&p);
        p.m1[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(proto_noise_read(&p.responder, p.m1, p.m1_len, p.out, sizeof p.out, &p.out_len),
                         PROTO_ERR_CRYPTO);
        p.m1[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(proto_noise_read(&p.responder, p.m1, p.m1_len, p.out, sizeof p.out, &p.out_len),
                         PROTO_ERR_STATE);
        pair_init(&p);
        pair_m1(&p);
        pair_m2(&p);
        p.m2[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum proto_err err = proto_noise_read(&p.initiator, p.m2, p.m2_len, p.out, sizeof p.out, &p.out_len);
        assert_int_equal(err, PROTO_ERR_CRYPTO);
        assert_null(proto_noise_hash(&p.initiator));
        assert_false(proto_noise_done(&p.initiator));
    }
}

static void a_handshake_message_of_any_other_length_is_refused(void **state)
{
    struct pair p;

    (void)state;
    for (size_t len = 0; len < PROTO_NOISE_HANDSHAKE_OVERHEAD; len++) {
        pair_init(&p);
        pair_m1(&p);
        struct vectors_bytes part = vectors_copy(p.m1, len);
        assert_int_equal(proto_noise_read(&p.responder, part.bytes, len, p.out, sizeof p.out, &p.out_len),
                         PROTO_ERR_FORMAT);
        vectors_bytes_free(&part);
    }
    pair_init(&p);
    pair_m1(&p);
    assert_int_equal(proto_noise_read(&p.responder, p.m1, p.m1_len + 1, p.out, sizeof p.out, &p.out_len),
                     PROTO_ERR_CRYPTO);
}

static void another_psk_or_prologue_is_refused(void **state)
{
    static const uint8_t other[32] = {8};
    struct pair p;

    (void)state;
    pair_init(&p);
    pair_m1(&p);
    assert_ok(proto_noise_init(&p.responder, PROTO_NOISE_RESPONDER, prologue, sizeof prologue, other, e_b));
    assert_int_equal(proto_noise_read(&p.responder, p.m1, p.m1_len, p.out, sizeof p.out, &p.out_len), PROTO_ERR_CRYPTO);
    assert_ok(proto_noise_init(&p.responder, PROTO_NOISE_RESPONDER, prologue, sizeof prologue - 1, psk, e_b));
    assert_int_equal(proto_noise_read(&p.responder, p.m1, p.m1_len, p.out, sizeof p.out, &p.out_len), PROTO_ERR_CRYPTO);
}

/* An initiator who knows the psk but sends a point of small order: M1 opens, the secret would be zero. */
static void an_all_zero_secret_ends_the_handshake(void **state)
{
    static const uint8_t small_order[][32] = {{0}, {1}};
    struct pair p;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pair_init(&p);
        memcpy(p.initiator.e_public, small_order[i], 32);
        pair_m1(&p);
        assert_ok(proto_noise_read(&p.responder, p.m1, p.m1_len, p.out, sizeof p.out, &p.out_len));
        assert_int_equal(proto_noise_write(&p.responder, NULL, 0, p.m2, sizeof p.m2, &p.m2_len), PROTO_ERR_KEY);
        assert_int_equal(proto_noise_write(&p.responder, NULL, 0, p.m2, sizeof p.m2, &p.m2_len), PROTO_ERR_STATE);
        pair_init(&p);
        pair_m1(&p);
        memcpy(p.m2, small_order[i], 32);
        assert_int_equal(proto_noise_read(&p.initiator, p.m2, 48, p.out, sizeof p.out, &p.out_len), PROTO_ERR_KEY);
    }
}

static void a_step_out_of_turn_ends_the_handshake(void **state)
{
    struct proto_noise_channel channel;
    struct proto_noise zero = {0};
    struct pair p;

    (void)state;
    pair_init(&p);
    assert_int_equal(proto_noise_write(&p.responder, NULL, 0, p.m2, sizeof p.m2, &p.m2_len), PROTO_ERR_STATE);
    assert_int_equal(proto_noise_read(&p.initiator, p.m1, 48, p.out, sizeof p.out, &p.out_len), PROTO_ERR_STATE);
    assert_int_equal(proto_noise_write(&p.initiator, NULL, 0, p.m1, sizeof p.m1, &p.m1_len), PROTO_ERR_STATE);
    pair_init(&p);
    pair_m1(&p);
    assert_int_equal(proto_noise_write(&p.initiator, NULL, 0, p.m1, sizeof p.m1, &p.m1_len), PROTO_ERR_STATE);
    pair_init(&p);
    assert_int_equal(proto_noise_split(&p.initiator, &channel), PROTO_ERR_STATE);
    assert_false(channel.live);
    assert_int_equal(proto_noise_write(&zero, NULL, 0, p.m1, sizeof p.m1, &p.m1_len), PROTO_ERR_STATE);
    pair_init(&p);
    assert_int_equal(proto_noise_write(&p.initiator, NULL, 0, p.m1, 47, &p.m1_len), PROTO_ERR_RANGE);
}

static void a_handshake_splits_once(void **state)
{
    struct proto_noise_channel a, b, again;
    struct pair p;

    (void)state;
    pair_channels(&p, &a, &b);
    assert_non_null(proto_noise_hash(&p.initiator));
    assert_int_equal(proto_noise_split(&p.initiator, &again), PROTO_ERR_STATE);
    assert_false(again.live);
}

static void a_message_lost_repeated_or_altered_closes_the_channel(void **state)
{
    struct proto_noise_channel a, b;
    uint8_t first[32], second[32], out[32];
    size_t len;
    struct pair p;

    (void)state;
    for (int attack = 0; attack < 4; attack++) {
        pair_channels(&p, &a, &b);
        assert_ok(proto_noise_channel_seal(&a, prologue, 11, first, sizeof first, &len));
        assert_ok(proto_noise_channel_seal(&a, prologue, 11, second, sizeof second, &len));
        if (attack != 0) /* 0: the first is lost */
            assert_ok(proto_noise_channel_open(&b, first, len, out, sizeof out, &len));
        if (attack == 2)
            second[3] ^= 1;
        len = 11 + PROTO_NOISE_TAG_BYTES;
        const uint8_t *next = attack == 1 ? first : second;
        if (attack == 3) /* sent back to its sender */
            assert_int_equal(proto_noise_channel_open(&a, next, len, out, sizeof out, &len), PROTO_ERR_CRYPTO);
        else {
            assert_int_equal(proto_noise_channel_open(&b, next, len, out, sizeof out, &len), PROTO_ERR_CRYPTO);
            assert_int_equal(len, 0);
            assert_int_equal(proto_noise_channel_open(&b, second, 27, out, sizeof out, &len), PROTO_ERR_STATE);
            assert_int_equal(proto_noise_channel_seal(&b, out, 1, out, sizeof out, &len), PROTO_ERR_STATE);
        }
    }
}

static void every_bit_of_a_channel_message_counts(void **state)
{
    struct proto_noise_channel a, b, copy;
    uint8_t sealed[32], out[32];
    size_t len, got;
    struct pair p;

    (void)state;
    pair_channels(&p, &a, &b);
    assert_ok(proto_noise_channel_seal(&a, prologue, 11, sealed, sizeof sealed, &len));
    for (size_t bit = 0; bit < len * 8; bit++) {
        copy = b;
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(proto_noise_channel_open(&copy, sealed, len, out, sizeof out, &got), PROTO_ERR_CRYPTO);
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < len; cut++) {
        struct vectors_bytes part = vectors_copy(sealed, cut);
        copy = b;
        enum proto_err err = proto_noise_channel_open(&copy, part.bytes, cut, out, sizeof out, &got);
        assert_int_equal(err, cut < PROTO_NOISE_TAG_BYTES ? PROTO_ERR_FORMAT : PROTO_ERR_CRYPTO);
        vectors_bytes_free(&part);
    }
}

static void the_longest_message_passes_and_one_byte_more_does_not(void **state)
{
    struct proto_noise_channel a, b;
    uint8_t *bytes = calloc(1, PROTO_NOISE_MESSAGE_MAX + 1);
    size_t len;
    struct pair p;

    (void)state;
    assert_non_null(bytes);
    pair_channels(&p, &a, &b);
    assert_int_equal(
        proto_noise_channel_seal(&a, bytes, PROTO_NOISE_PLAIN_MAX + 1, bytes, PROTO_NOISE_MESSAGE_MAX + 1, &len),
        PROTO_ERR_RANGE);
    assert_ok(proto_noise_channel_seal(&a, bytes, PROTO_NOISE_PLAIN_MAX, bytes, PROTO_NOISE_MESSAGE_MAX, &len));
    assert_int_equal(len, PROTO_NOISE_MESSAGE_MAX);
    assert_int_equal(proto_noise_channel_open(&b, bytes, len, bytes, PROTO_NOISE_PLAIN_MAX - 1, &len), PROTO_ERR_RANGE);
    assert_ok(proto_noise_channel_open(&b, bytes, PROTO_NOISE_MESSAGE_MAX, bytes, PROTO_NOISE_PLAIN_MAX, &len));
    assert_int_equal(proto_noise_channel_open(&b, bytes, PROTO_NOISE_MESSAGE_MAX + 1, bytes, 70000, &len),
                     PROTO_ERR_FORMAT);
    assert_false(b.live);
    free(bytes);
}

static void the_last_nonce_is_never_used(void **state)
{
    struct proto_noise_channel a, b;
    uint8_t out[32];
    size_t len;
    struct pair p;

    (void)state;
    pair_channels(&p, &a, &b);
    a.send.nonce = b.receive.nonce = UINT64_MAX - 1;
    assert_ok(proto_noise_channel_seal(&a, prologue, 4, out, sizeof out, &len));
    assert_ok(proto_noise_channel_open(&b, out, len, out, sizeof out, &len));
    assert_int_equal(proto_noise_channel_seal(&a, prologue, 4, out, sizeof out, &len), PROTO_ERR_STATE);
    assert_false(a.live);
    assert_int_equal(proto_noise_channel_open(&b, out, 20, out, sizeof out, &len), PROTO_ERR_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_nnpsk0_are_met_byte_for_byte),
        cmocka_unit_test(a_flipped_bit_in_a_handshake_is_refused_and_ends_it),
        cmocka_unit_test(a_handshake_message_of_any_other_length_is_refused),
        cmocka_unit_test(another_psk_or_prologue_is_refused),
        cmocka_unit_test(an_all_zero_secret_ends_the_handshake),
        cmocka_unit_test(a_step_out_of_turn_ends_the_handshake),
        cmocka_unit_test(a_handshake_splits_once),
        cmocka_unit_test(a_message_lost_repeated_or_altered_closes_the_channel),
        cmocka_unit_test(every_bit_of_a_channel_message_counts),
        cmocka_unit_test(the_longest_message_passes_and_one_byte_more_does_not),
        cmocka_unit_test(the_last_nonce_is_never_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
