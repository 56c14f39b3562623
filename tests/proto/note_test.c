/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/test.h"

#include "proto/seal/base64.h"
#include "proto/seal/note.h"
#include "proto/seal/signature.h"
#include "tests/proto/vectors.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] = "handhold/1 statement\npurpose gr\xc3\xbc\xc3\x9f dich\n", name[] = "acme.example/agent/2f";
enum { TEXT_LEN = sizeof text - 1 };

struct signer {
    uint8_t public_key[32], secret_key[64];
    struct proto_note_key key;
};

static struct signer signer_of(uint8_t seed_byte, const char *key_name)
{
    struct signer s;
    uint8_t seed[32];

    memset(seed, seed_byte, sizeof seed);
    proto_sign_keypair(s.public_key, s.secret_key, seed);
    assert_ok(proto_note_key_init(&s.key, key_name, s.public_key));
    return s;
}

static struct proto_buf make(const struct signer *s)
{
    struct proto_buf note;

    proto_buf_init(&note, PROTO_NOTE_MAX);
    assert_ok(proto_note_make(text, TEXT_LEN, s->key.name, s->secret_key, &note));
    return note;
}

static enum proto_err verify(const void *note, size_t len, const struct proto_note_key *key)
{
    size_t text_len = 1;
    uint32_t which = 1;
    enum proto_err err = proto_note_verify(note, len, key, 1, &text_len, &which);

    if (err) {
        assert_int_equal(text_len, 0);
        assert_int_equal(which, 0);
    }
    return err;
}

static struct proto_note_key parse_vkey(const char *vkey)
{
    struct proto_note_key key;
    struct proto_buf again;

    assert_ok(proto_note_key_parse(&key, vkey, strlen(vkey)));
    proto_buf_init(&again, PROTO_NOTE_VKEY_MAX);
    proto_note_key_format(&key, &again);
    assert_int_equal(again.len, strlen(vkey));
    assert_memory_equal(again.bytes, vkey, again.len);
    proto_buf_free(&again);
    return key;
}

static void the_example_of_the_standard_verifies(void **state)
{
    json_t *v = vectors_load("note/c2sp-signed-note-example.json");
    struct proto_note_key key = parse_vkey(vectors_text(v, "vkey"));
    struct vectors_bytes id = vectors_hex(v, "key_id_hex"), pub = vectors_hex(v, "pubkey_hex"),
                         sig = vectors_hex(v, "sig_hex");
    const char *note = vectors_text(v, "note"), *expected = vectors_text(v, "text");
    struct proto_note_parts parts;
    uint8_t signature[64];
    size_t len;

    (void)state;
    assert_memory_equal(key.id, id.bytes, 4);
    assert_memory_equal(key.public_key, pub.bytes, 32);
    assert_ok(verify(note, strlen(note), &key));
    assert_ok(proto_note_split(&parts, note, strlen(note)));
    assert_int_equal(parts.text_len, strlen(expected));
    assert_memory_equal(parts.text, expected, parts.text_len);
    assert_int_equal(parts.line_count, 1);
    assert_ok(proto_note_line_signature(&parts.lines[0], signature, sizeof signature, &len));
    assert_int_equal(len, 64);
    assert_memory_equal(signature, sig.bytes, 64);
    assert_int_equal(proto_note_line_signature(&parts.lines[0], signature, 63, &len), PROTO_ERR_RANGE);
    vectors_bytes_free(&id);
    vectors_bytes_free(&pub);
    vectors_bytes_free(&sig);
    json_decref(v);
}

static void the_checkpoint_is_made_again_byte_for_byte(void **state)
{
    json_t *v = vectors_load("note/checkpoint-kat.json");
    struct proto_note_key key = parse_vkey(vectors_text(v, "vkey"));
    struct vectors_bytes seed = vectors_hex(v, "seed_hex");
    const char *expected = vectors_text(v, "checkpoint");
    uint8_t public_key[32], secret_key[64];
    struct proto_note_parts parts;
    struct proto_buf note;

    (void)state;
    assert_ok(verify(expected, strlen(expected), &key));
    assert_ok(proto_note_split(&parts, expected, strlen(expected)));
    proto_sign_keypair(public_key, secret_key, seed.bytes);
    assert_memory_equal(public_key, key.public_key, 32);
    proto_buf_init(&note, PROTO_NOTE_MAX);
    assert_ok(proto_note_make(parts.text, parts.text_len, key.name, secret_key, &note));
    assert_int_equal(note.len, strlen(expected));
    assert_memory_equal(note.bytes, expected, note.len);
    proto_buf_free(&note);
    vectors_bytes_free(&seed);
    json_decref(v);
}

static void the_receipts_notes_verify_under_all_their_keys(void **state)
{
    json_t *v = vectors_load("note/receipt-kat.json");
    struct proto_note_key keys[] = {parse_vkey(vectors_text(v, "log_vkey")),
                                    parse_vkey(vectors_text(v, "customer_vkey")),
                                    parse_vkey(vectors_text(v, "agent_vkey"))};
    const char *note = vectors_text(v, "note");
    size_t text_len, proof_len;
    uint32_t which;

    (void)state;
    assert_ok(proto_note_verify(note, strlen(note), keys, 3, &text_len, &which));
    assert_int_equal(which, 6);
    char *proof = vectors_read("note/receipt-kat.tlog-proof", &proof_len);
    const char *checkpoint = strstr(proof, "\n\n");
    assert_non_null(checkpoint);
    assert_ok(proto_note_verify(checkpoint + 2, strlen(checkpoint + 2), keys, 3, &text_len, &which));
    assert_int_equal(which, 1);
    assert_int_equal(verify(note, strlen(note), &keys[0]), PROTO_ERR_SIGNATURE); /* the log did not sign it */
    free(proof);
    json_decref(v);
}

static void every_flipped_bit_of_a_note_is_refused(void **state)
{
    struct signer s = signer_of(2, name);
    struct proto_buf note = make(&s);

    (void)state;
    for (size_t bit = 0; bit < note.len * 8; bit++) {
        note.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum proto_err err = verify(note.bytes, note.len, &s.key);
        if (err != PROTO_ERR_FORMAT && err != PROTO_ERR_SIGNATURE)
            fail_msg("bit %zu of byte %zu: %s", bit % 8, bit / 8, proto_err_name(err));
        note.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_ok(verify(note.bytes, note.len, &s.key));
    proto_buf_free(&note);
}

static void a_note_cut_at_any_length_is_refused(void **state)
{
    struct signer s = signer_of(2, name);
    struct proto_buf note = make(&s);

    (void)state;
    for (size_t cut = 0; cut < note.len; cut++) {
        struct vectors_bytes part = vectors_copy(note.bytes, cut);
        assert_int_equal(verify(part.bytes, cut, &s.key), PROTO_ERR_FORMAT);
        vectors_bytes_free(&part);
    }
    proto_buf_free(&note);
}

static void another_spelling_of_the_same_signature_is_refused(void **state)
{
    struct signer s = signer_of(2, name);
    struct proto_buf note = make(&s);
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    (void)state;
    /* 68 bytes end in one padding character, so the last digit carries two bits that must be zero. */
    assert_memory_equal(note.bytes + note.len - 2, "=\n", 2);
    uint8_t *last = note.bytes + note.len - 3;
    size_t value = (size_t)(strchr(digits, *last) - digits);
    for (size_t stray = 1; stray < 4; stray++) {
        *last = (uint8_t)digits[value + stray];
        assert_int_equal(verify(note.bytes, note.len, &s.key), PROTO_ERR_FORMAT);
    }
    *last = (uint8_t)digits[value];
    assert_ok(verify(note.bytes, note.len, &s.key));
    proto_buf_free(&note);
}

/* Notes whose signature is right and whose form is wrong: signed over the text as it stands. */
static void expect_bad_text(const char *bytes, size_t len)
{
    struct signer s = signer_of(2, name);
    struct proto_buf out, line;

    proto_buf_init(&out, PROTO_NOTE_MAX);
    proto_buf_init(&line, 4096);
    assert_int_equal(proto_note_make(bytes, len, name, s.secret_key, &out), PROTO_ERR_FORMAT);
    assert_int_equal(out.len, 0);
    uint8_t id_signature[68];
    memcpy(id_signature, s.key.id, 4);
    crypto_sign_detached(id_signature + 4, NULL, (const uint8_t *)bytes, len, s.secret_key);
    proto_buf_put(&out, bytes, len);
    proto_buf_put_text(&out, "\n\xe2\x80\x94 acme.example/agent/2f ");
    proto_base64_put(&out, id_signature, sizeof id_signature);
    proto_buf_put_text(&out, "\n");
    assert_int_equal(verify(out.bytes, out.len, &s.key), PROTO_ERR_FORMAT);
    proto_buf_free(&out);
    proto_buf_free(&line);
}

static void a_text_that_is_not_clean_is_neither_signed_nor_accepted(void **state)
{
    static const char *const texts[] = {
        "no end of line",
        "carriage return\r\n",
        "tab\there\n",
        "escape \x1b[2J\n",
        "delete \x7f\n",
        "C1 \xc2\x9b\n",
        "cut \xc3\n",
        "overlong \xc0\xaf\n",
        "overlong \xe0\x80\xaf\n",
        "surrogate \xed\xa0\x80\n",
        "beyond \xf4\x90\x80\x80\n",
        "lone \x80\n",
        "latin \xe4\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        expect_bad_text(texts[i], strlen(texts[i]));
    expect_bad_text("nul \0\n", 6);
    assert_int_equal(proto_note_text_check("", 0), PROTO_ERR_FORMAT);
    assert_ok(proto_note_text_check("\xf0\x9f\x93\xb7 \xe2\x82\xac\n", 9));
}

static void a_text_with_empty_lines_keeps_them(void **state)
{
    static const char with_lines[] = "first\n\n\xe2\x80\x94 not a signature\n\nlast\n\n";
    struct signer s = signer_of(2, name);
    struct proto_buf note;
    size_t text_len;

    (void)state;
    proto_buf_init(&note, PROTO_NOTE_MAX);
    assert_ok(proto_note_make(with_lines, sizeof with_lines - 1, name, s.secret_key, &note));
    assert_ok(proto_note_verify(note.bytes, note.len, &s.key, 1, &text_len, NULL));
    assert_int_equal(text_len, sizeof with_lines - 1);
    proto_buf_free(&note);
}

static void malformed_signature_lines_are_refused(void **state)
{
    static const char *const endings[] = {
        "",                                     /* no line at all */
        "- acme.example AAAAAAA=\n",            /* a hyphen */
        "\xe2\x80\x94  AAAAAAA=\n",             /* no name */
        "\xe2\x80\x94 acme.example\n",          /* no signature */
        "\xe2\x80\x94 acme.example \n",         /* an empty one */
        "\xe2\x80\x94 acme.example AAAA\n",     /* shorter than a key id */
        "\xe2\x80\x94 acme.example AAAAAA==\n", /* a key id alone */
        "\xe2\x80\x94 acme.example AAAAAAA\n",  /* padding missing */
        "\xe2\x80\x94 acme.example AAAAAAA=",   /* no LF */
        "\xe2\x80\x94 acme.example AAAAAAA=\r\n",
        "\xe2\x80\x94 acme.example AAAAAAA= \n",
        "\xe2\x80\x94 acme.example AAA AAA=\n",
        "\xe2\x80\x94 acme+example AAAAAAA=\n",
        "\xe2\x80\x94 acme\xc2\xa0"
        "example AAAAAAA=\n",
        "\xe2\x80\x94 acme\xc2\x9b"
        "example AAAAAAA=\n",
        "\xe2\x80\x94 acme.example AAAAAA-=\n",
        "\xe2\x80\x94 acme.example AAAAAAA=\nx\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct proto_note_parts parts;
        char note[256];
        int len = snprintf(note, sizeof note, "text\n\n%s", endings[i]);
        assert_int_equal(proto_note_split(&parts, note, (size_t)len), PROTO_ERR_FORMAT);
        assert_int_equal(parts.line_count, 0);
    }
}

static void lines_of_unknown_keys_are_ignored_and_a_known_one_must_verify(void **state)
{
    struct signer known = signer_of(2, name), unknown = signer_of(3, "witness.example"), same_name = signer_of(4, name);
    struct proto_note_key both[2] = {known.key, unknown.key};
    struct proto_buf note = make(&known), line;
    uint32_t which;

    (void)state;
    proto_buf_init(&line, 4096);
    assert_int_equal(verify(note.bytes, note.len, &unknown.key), PROTO_ERR_SIGNATURE);
    assert_int_equal(verify(note.bytes, note.len, &same_name.key), PROTO_ERR_SIGNATURE);
    assert_ok(proto_note_sign("another text\n", 13, unknown.key.name, unknown.secret_key, &line)); /* a bad one */
    assert_ok(proto_note_add_line(&note, (const char *)line.bytes, line.len));
    assert_ok(verify(note.bytes, note.len, &known.key));
    assert_int_equal(proto_note_verify(note.bytes, note.len, both, 2, NULL, &which), PROTO_ERR_SIGNATURE);
    assert_int_equal(proto_note_verify(note.bytes, note.len, both, 0, NULL, &which), PROTO_ERR_SIGNATURE);
    proto_buf_free(&line);
    proto_buf_free(&note);
}

static void a_second_signer_adds_a_line(void **state)
{
    struct signer first = signer_of(2, name), second = signer_of(3, "witness.example");
    struct proto_note_key keys[3] = {second.key, signer_of(9, "nobody").key, first.key};
    struct proto_buf note = make(&first), line;
    size_t len = note.len;
    uint32_t which;

    (void)state;
    proto_buf_init(&line, 4096);
    assert_ok(proto_note_sign(text, TEXT_LEN, second.key.name, second.secret_key, &line));
    assert_int_equal(proto_note_add_line(&note, (const char *)line.bytes, line.len - 1), PROTO_ERR_FORMAT);
    assert_int_equal(proto_note_add_line(&note, "text\n", 5), PROTO_ERR_FORMAT);
    assert_int_equal(note.len, len);
    assert_ok(proto_note_add_line(&note, (const char *)line.bytes, line.len));
    assert_int_equal(proto_note_add_line(&note, (const char *)line.bytes, line.len), PROTO_ERR_REPLAY);
    assert_ok(proto_note_verify(note.bytes, note.len, keys, 3, NULL, &which));
    assert_int_equal(which, 5);
    proto_buf_free(&line);
    proto_buf_free(&note);
}

static void bounds_are_kept(void **state)
{
    struct signer s = signer_of(2, name);
    struct proto_buf note = make(&s), line, small;
    struct proto_note_parts parts;
    char *big = malloc(PROTO_NOTE_MAX + 1), key_name[32];

    (void)state;
    assert_non_null(big);
    proto_buf_init(&line, 4096);
    for (int i = 1; i <= PROTO_NOTE_LINES_MAX; i++) {
        snprintf(key_name, sizeof key_name, "witness.example/%d", i);
        proto_buf_clear(&line);
        assert_ok(proto_note_sign(text, TEXT_LEN, key_name, s.secret_key, &line));
        assert_int_equal(proto_note_add_line(&note, (const char *)line.bytes, line.len),
                         i < PROTO_NOTE_LINES_MAX ? PROTO_OK : PROTO_ERR_RANGE);
    }
    assert_ok(proto_note_split(&parts, note.bytes, note.len));
    assert_int_equal(parts.line_count, PROTO_NOTE_LINES_MAX);
    proto_buf_put(&note, line.bytes, line.len);
    assert_int_equal(proto_note_split(&parts, note.bytes, note.len), PROTO_ERR_RANGE);
    memset(big, 'a', PROTO_NOTE_MAX + 1);
    assert_int_equal(proto_note_split(&parts, big, PROTO_NOTE_MAX + 1), PROTO_ERR_RANGE);
    big[PROTO_NOTE_TEXT_MAX] = '\n';
    assert_int_equal(proto_note_text_check(big, PROTO_NOTE_TEXT_MAX + 1), PROTO_ERR_RANGE);
    big[PROTO_NOTE_NAME_MAX + 1] = '\0';
    assert_false(proto_note_name_ok(big, strlen(big)));
    assert_int_equal(proto_note_sign(text, TEXT_LEN, big, s.secret_key, &line), PROTO_ERR_RANGE);
    proto_buf_init(&small, 100);
    assert_int_equal(proto_note_make(text, TEXT_LEN, name, s.secret_key, &small), PROTO_ERR_FULL);
    proto_buf_free(&small);
    proto_buf_free(&line);
    proto_buf_free(&note);
    free(big);
}

static void a_key_text_that_is_altered_is_refused(void **state)
{
    struct signer s = signer_of(2, name);
    struct proto_note_key key;
    struct proto_buf vkey;

    (void)state;
    proto_buf_init(&vkey, PROTO_NOTE_VKEY_MAX);
    proto_note_key_format(&s.key, &vkey);
    for (size_t bit = 0; bit < vkey.len * 8; bit++) {
        vkey.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum proto_err err = proto_note_key_parse(&key, (const char *)vkey.bytes, vkey.len);
        assert_true(err == PROTO_ERR_FORMAT || err == PROTO_ERR_KEY);
        vkey.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t cut = 0; cut < vkey.len; cut++) {
        struct vectors_bytes part = vectors_copy(vkey.bytes, cut);
        assert_int_equal(proto_note_key_parse(&key, (const char *)part.bytes, cut), PROTO_ERR_FORMAT);
        vectors_bytes_free(&part);
    }
    proto_buf_free(&vkey);
}

static void a_key_of_small_order_is_no_key(void **state)
{
    /* The identity, and a point of order 8: with them, signatures can be made that fit any message. */
    static const char *const points[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    };
    struct proto_note_key key;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct vectors_bytes point = vectors_hex_of(points[i]);
        assert_int_equal(proto_note_key_init(&key, name, point.bytes), PROTO_ERR_KEY);
        assert_int_equal(proto_sign_key_check(point.bytes), PROTO_ERR_KEY);
        uint8_t signature[64] = {1}; /* R = identity, S = 0 */
        assert_int_equal(proto_verify_plain(signature, text, TEXT_LEN, point.bytes), PROTO_ERR_SIGNATURE);
        vectors_bytes_free(&point);
    }
}

/* A witness's line, made by hand: C2SP tlog-cosignature signs a header, the time and the text. */
static void a_witness_cosignature_verifies_and_covers_its_time(void **state)
{
    struct signer log = signer_of(2, name), witness = signer_of(3, "witness.example");
    struct proto_buf note = make(&log), signed_bytes, line;
    uint8_t payload[4 + 8 + 64] = {0}, hash[32], id_input[64];
    size_t name_len = strlen(witness.key.name);

    (void)state;
    memcpy(id_input, witness.key.name, name_len);
    id_input[name_len] = '\n';
    id_input[name_len + 1] = PROTO_NOTE_COSIGNATURE;
    memcpy(id_input + name_len + 2, witness.public_key, 32);
    crypto_hash_sha256(hash, id_input, name_len + 34);
    memcpy(witness.key.id, hash, 4);
    witness.key.type = PROTO_NOTE_COSIGNATURE;
    struct proto_buf vkey;
    proto_buf_init(&vkey, PROTO_NOTE_VKEY_MAX + 1);
    proto_note_key_format(&witness.key, &vkey);
    proto_buf_put_u8(&vkey, 0);
    struct proto_note_key parsed = parse_vkey((const char *)vkey.bytes);
    proto_buf_init(&signed_bytes, 4096);
    proto_buf_printf(&signed_bytes, "cosignature/v1\ntime 1760000000\n%s", text);
    memcpy(payload, hash, 4);
    for (size_t i = 0; i < 8; i++)
        payload[4 + i] = (uint8_t)(1760000000ull >> (56 - 8 * i));
    crypto_sign_detached(payload + 12, NULL, signed_bytes.bytes, signed_bytes.len, witness.secret_key);
    for (int altered = 0; altered < 2; altered++) {
        payload[11] ^= (uint8_t)altered;
        proto_buf_init(&line, 4096);
        proto_buf_put_text(&line, "\xe2\x80\x94 witness.example ");
        proto_base64_put(&line, payload, sizeof payload);
        proto_buf_put_text(&line, "\n");
        size_t len = note.len;
        assert_ok(proto_note_add_line(&note, (const char *)line.bytes, line.len));
        assert_int_equal(verify(note.bytes, note.len, &parsed), altered ? PROTO_ERR_SIGNATURE : PROTO_OK);
        assert_ok(verify(note.bytes, note.len, &log.key));
        note.len = len;
        proto_buf_free(&line);
    }
    proto_buf_free(&signed_bytes);
    proto_buf_free(&vkey);
    proto_buf_free(&note);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_standard_verifies),
        cmocka_unit_test(the_checkpoint_is_made_again_byte_for_byte),
        cmocka_unit_test(the_receipts_notes_verify_under_all_their_keys),
        cmocka_unit_test(every_flipped_bit_of_a_note_is_refused),
        cmocka_unit_test(a_note_cut_at_any_length_is_refused),
        cmocka_unit_test(another_spelling_of_the_same_signature_is_refused),
        cmocka_unit_test(a_text_that_is_not_clean_is_neither_signed_nor_accepted),
        cmocka_unit_test(a_text_with_empty_lines_keeps_them),
        cmocka_unit_test(malformed_signature_lines_are_refused),
        cmocka_unit_test(lines_of_unknown_keys_are_ignored_and_a_known_one_must_verify),
        cmocka_unit_test(a_second_signer_adds_a_line),
        cmocka_unit_test(bounds_are_kept),
        cmocka_unit_test(a_key_text_that_is_altered_is_refused),
        cmocka_unit_test(a_key_of_small_order_is_no_key),
        cmocka_unit_test(a_witness_cosignature_verifies_and_covers_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
