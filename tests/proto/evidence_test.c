/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/test.h"

#include "proto/consent/evidence.h"
#include "proto/seal/box.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static struct proto_random_seeded seeded;
static struct proto_random chance;
static uint8_t public_key[32], secret_key[32];

static int setup(void **state)
{
    const uint8_t seed[32] = {8};

    (void)state;
    proto_random_seeded_init(&seeded, seed);
    chance = proto_random_from_seeded(&seeded);
    memset(secret_key, 7, sizeof secret_key);
    proto_box_public_key(public_key, secret_key);
    return 0;
}

static struct proto_evidence two_notes(void)
{
    struct proto_evidence e = {.notes = {{(const uint8_t *)"a rekey note", 12}, {(const uint8_t *)"the note", 8}},
                               .count = 2};

    memset(e.r, 9, sizeof e.r);
    return e;
}

static void what_was_sealed_is_opened_by_the_officers_key_alone(void **state)
{
    struct proto_evidence e = two_notes(), back;
    struct proto_buf sealed, plain;
    uint8_t other_public[32], other_secret[32] = {5};

    (void)state;
    proto_buf_init(&sealed, PROTO_MAX_EVIDENCE_BYTES);
    proto_buf_init_secret(&plain, PROTO_MAX_EVIDENCE_BYTES);
    assert_ok(proto_evidence_seal(&e, public_key, &chance, &sealed));
    assert_null(memmem(sealed.bytes, sealed.len, "the note", 8));
    assert_ok(proto_evidence_open(sealed.bytes, sealed.len, public_key, secret_key, &plain, &back));
    assert_int_equal(back.count, 2);
    assert_int_equal(back.notes[1].len, 8);
    assert_memory_equal(back.notes[0].bytes, "a rekey note", 12);
    assert_memory_equal(back.notes[1].bytes, "the note", 8);
    assert_memory_equal(back.r, e.r, sizeof e.r);
    uint8_t *by_the_library = malloc(sealed.len);
    assert_int_equal(crypto_box_seal_open(by_the_library, sealed.bytes, sealed.len, public_key, secret_key), 0);
    assert_memory_equal(by_the_library, plain.bytes, plain.len);
    free(by_the_library);
    proto_box_public_key(other_public, other_secret);
    assert_int_equal(proto_evidence_open(sealed.bytes, sealed.len, other_public, other_secret, &plain, &back),
                     PROTO_ERR_CRYPTO);
    for (size_t bit = 0; bit < sealed.len * 8; bit += 5) {
        sealed.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(proto_evidence_open(sealed.bytes, sealed.len, public_key, secret_key, &plain, &back),
                         PROTO_ERR_CRYPTO);
        assert_int_equal(back.count, 0);
        sealed.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < sealed.len; len++)
        assert_true(proto_evidence_open(sealed.bytes, len, public_key, secret_key, &plain, &back) != PROTO_OK);
    proto_buf_free(&sealed);
    proto_buf_free(&plain);
}

static void evidence_has_bounds(void **state)
{
    static uint8_t long_note[PROTO_MAX_NOTE_BYTES + 1];
    struct proto_evidence e = {.count = 0};
    struct proto_buf sealed;
    uint8_t small_order[32] = {0};

    (void)state;
    proto_buf_init(&sealed, PROTO_MAX_EVIDENCE_BYTES);
    assert_int_equal(proto_evidence_seal(&e, public_key, &chance, &sealed), PROTO_ERR_RANGE);
    e.count = PROTO_EVIDENCE_NOTES + 1;
    assert_int_equal(proto_evidence_seal(&e, public_key, &chance, &sealed), PROTO_ERR_RANGE);
    e.count = 1;
    e.notes[0] = (struct proto_evidence_note){long_note, sizeof long_note};
    assert_int_equal(proto_evidence_seal(&e, public_key, &chance, &sealed), PROTO_ERR_RANGE);
    for (e.count = 0; e.count < 5; e.count++)
        e.notes[e.count] = (struct proto_evidence_note){long_note, PROTO_MAX_NOTE_BYTES};
    assert_int_equal(proto_evidence_seal(&e, public_key, &chance, &sealed), PROTO_ERR_RANGE); /* together too much */
    e.count = 1;
    assert_int_equal(proto_evidence_seal(&e, small_order, &chance, &sealed), PROTO_ERR_KEY);
    proto_buf_free(&sealed);
}

static void plaintext_that_is_not_evidence_is_refused(void **state)
{
    struct proto_evidence back;
    uint8_t bytes[1 + 2 + 4 + 32] = {1, 0, 4, 'n', 'o', 't', 'e'};

    (void)state;
    assert_ok(proto_evidence_parse(bytes, sizeof bytes, &back));
    for (size_t len = 0; len < sizeof bytes; len++)
        assert_int_equal(proto_evidence_parse(bytes, len, &back), PROTO_ERR_FORMAT);
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {{0, 0}, {0, 2}, {0, PROTO_EVIDENCE_NOTES + 1}, {0, 255}, {2, 0}, {2, 3}, {2, 5}, {1, 0xff}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        uint8_t changed[sizeof bytes];
        memcpy(changed, bytes, sizeof bytes);
        changed[changes[i].at] = changes[i].value;
        assert_int_equal(proto_evidence_parse(changed, sizeof changed, &back), PROTO_ERR_FORMAT);
        assert_int_equal(back.count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_is_opened_by_the_officers_key_alone),
        cmocka_unit_test(evidence_has_bounds),
        cmocka_unit_test(plaintext_that_is_not_evidence_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
