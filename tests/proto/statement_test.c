/* SPDX-License-Identifier: Apache-2.0 */
/* Statements and events: one set of fields has one text, and only that text is read. */
#include "tests/proto/test.h"

#include "proto/consent/erasure.h"
#include "proto/consent/statement.h"
#include "proto/seal/kdf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct proto_statement whole(void)
{
    struct proto_statement st = {
        .seq = 2,
        .unix_s = 1767225600,
        .action = PROTO_STATEMENT_GRANT,
        .capability = PROTO_CAPABILITY_CAMERA,
        .role = PROTO_ROLE_AGENT,
        .domain = "example.org",
        .verified = true,
        .epoch = 1,
        .max_s = 1800,
        .retention_days = 30,
        .has_key = true,
        .purpose = "to see the lamp",
    };

    memset(st.sid, 0xab, sizeof st.sid);
    memset(st.prev, 1, sizeof st.prev);
    memset(st.grantee, 2, sizeof st.grantee);
    memset(st.key_commit, 3, sizeof st.key_commit);
    memset(st.ui_text, 4, sizeof st.ui_text);
    memset(st.ui_build, 5, sizeof st.ui_build);
    return st;
}

static char *text_of(const struct proto_statement *st)
{
    struct proto_buf text;

    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_statement_write(st, &text));
    proto_buf_put_u8(&text, 0);
    return (char *)text.bytes;
}

static void a_statement_has_the_lines_of_the_protocol(void **state)
{
    struct proto_statement st = whole();
    char *text = text_of(&st);

    (void)state;
    assert_string_equal(
        text, "handhold/1 statement\n"
              "session abababababababababababababababab\n"
              "seq 2\n"
              "prev AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n"
              "time 1767225600\n"
              "action grant\n"
              "capability camera\n"
              "grantee AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI= agent\n"
              "org example.org verified\n"
              "scope 1 1800 30\n"
              "key AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM=\n"
              "purpose to see the lamp\n"
              "ui BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ= BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=\n");
    free(text);
}

/* "en\nCamera\nto see the lamp\n1800\n", by sha256sum. */
static void what_was_shown_is_made_again_out_of_a_grant_or_a_refusal(void **state)
{
    static const uint8_t shown[PROTO_HASH_BYTES] = {0x1a, 0x40, 0xcd, 0x3f, 0xd0, 0x4b, 0x54, 0x1c, 0x82, 0x57, 0x1f,
                                                    0x85, 0xf1, 0xdd, 0x76, 0xbe, 0x70, 0x01, 0x3e, 0xb4, 0x96, 0xbb,
                                                    0xa9, 0xab, 0xbf, 0x21, 0xb0, 0x32, 0xb9, 0x96, 0x5e, 0x2a};
    static const struct {
        enum proto_statement_action action;
        const char *purpose;
        bool held;
    } rows[] = {{PROTO_STATEMENT_GRANT, "to see the lamp", true},
                {PROTO_STATEMENT_REFUSE, "to see the lamp", true},
                {PROTO_STATEMENT_REFUSE, PROTO_PURPOSE_BLOCKED, false},
                {PROTO_STATEMENT_WITHDRAW, "", false},
                {PROTO_STATEMENT_REKEY, "", false},
                {PROTO_STATEMENT_END, "completed", false}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct proto_statement st = whole();
        st.action = rows[i].action;
        strcpy(st.purpose, rows[i].purpose);
        assert_int_equal(proto_statement_shows_itself(&st), !rows[i].held);
        proto_statement_shown(st.ui_text, st.capability, "to see the lamp", st.max_s);
        assert_memory_equal(st.ui_text, shown, sizeof shown);
        assert_true(proto_statement_shows_itself(&st));
    }
}

static void what_was_written_is_read(void **state)
{
    (void)state;
    for (int variant = 0; variant < 8; variant++) {
        struct proto_statement st = whole(), back;
        st.first = variant & 1;
        st.everyone = variant & 2;
        st.has_key = !(variant & 4);
        if (st.first)
            memset(st.prev, 0, sizeof st.prev);
        if (st.everyone) {
            memset(st.grantee, 0, sizeof st.grantee);
            st.role = PROTO_ROLE_NONE;
        }
        if (!st.has_key)
            memset(st.key_commit, 0, sizeof st.key_commit);
        if (variant == 7)
            st.purpose[0] = 0;
        char *text = text_of(&st);
        assert_ok(proto_statement_parse(text, strlen(text), &back));
        char *again = text_of(&back);
        assert_string_equal(text, again);
        assert_int_equal(back.everyone, st.everyone);
        assert_string_equal(back.purpose, st.purpose[0] ? st.purpose : "");
        free(text);
        free(again);
    }
}

/* Whatever byte is changed, either it is refused, or it is another statement with exactly that text. */
static void a_changed_byte_is_refused_or_is_another_statement_with_one_spelling(void **state)
{
    struct proto_statement st = whole(), back;
    char *text = text_of(&st);
    size_t len = strlen(text), refused = 0;

    (void)state;
    for (size_t i = 0; i < len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            text[i] = (char)(text[i] ^ (1 << bit));
            if (proto_statement_parse(text, len, &back)) {
                refused++;
            } else {
                struct proto_buf again;
                proto_buf_init(&again, PROTO_MAX_NOTE_BYTES);
                assert_ok(proto_statement_write(&back, &again));
                assert_int_equal(again.len, len);
                assert_memory_equal(again.bytes, text, len);
                proto_buf_free(&again);
            }
            text[i] = (char)(text[i] ^ (1 << bit));
        }
    }
    assert_true(refused > len * 4);
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(proto_statement_parse(text, cut, &back), PROTO_ERR_FORMAT);
    free(text);
}

static void a_text_with_anything_else_in_it_is_refused(void **state)
{
    static const struct {
        const char *from, *to;
    } changes[] = {
        {"seq 2", "seq 02"},
        {"seq 2", "seq 0"},
        {"seq 2", "seq -2"},
        {"seq 2", "seq 4294967296"},
        {"seq 2", "seq  2"},
        {"time 1767225600", "time 1767225600 "},
        {"action grant", "action Grant"},
        {"action grant", "action allow"},
        {"capability camera", "capability screen"},
        {"agent\n", "boss\n"},
        {"verified\n", "trusted\n"},
        {"scope 1 1800 30", "scope 1 1800"},
        {"scope 1 1800 30", "scope 1 1800 30 1"},
        {"purpose to", "purpose  to"},
        {"session abab", "session ABAB"},
        {"AwMDAwM=", "AwMDAwN="},
        {"key A", "key  A"},
        {"\nui", "\nnote x\nui"},
        {"handhold/1", "handhold/2"},
    };
    struct proto_statement st = whole(), back;
    char *text = text_of(&st), changed[2048];

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const char *at = strstr(text, changes[i].from);
        assert_non_null(at);
        snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, changes[i].to,
                 at + strlen(changes[i].from));
        if (!strcmp(changes[i].to, "purpose  to")) /* a space is part of the words */
            assert_ok(proto_statement_parse(changed, strlen(changed), &back));
        else
            assert_int_equal(proto_statement_parse(changed, strlen(changed), &back), PROTO_ERR_FORMAT);
    }
    snprintf(changed, sizeof changed, "%s\n", text);
    assert_int_equal(proto_statement_parse(changed, strlen(changed), &back), PROTO_ERR_FORMAT);
    free(text);
}

static void words_that_could_be_read_as_lines_cannot_be_written(void **state)
{
    static const char *const bad[] = {"a\nkey -", "a\rb",        "tab\there",       "\x1b[2J",
                                      "del\x7f",  "c1 \xc2\x9b", "ls \xe2\x80\xa8", "bad \xff",
                                      "\xc0\xaf", "\xed\xa0\x80"};
    struct proto_statement st = whole();
    struct proto_buf text;

    (void)state;
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(st.purpose, sizeof st.purpose, "%s", bad[i]);
        assert_int_equal(proto_statement_write(&st, &text), PROTO_ERR_RANGE);
        assert_int_equal(text.len, 0);
    }
    memset(st.purpose, 'a', PROTO_MAX_VALUE_BYTES);
    st.purpose[PROTO_MAX_VALUE_BYTES] = 0;
    assert_ok(proto_statement_write(&st, &text));
    proto_buf_free(&text);
}

static void a_commitment_differs_with_the_name_and_with_the_key(void **state)
{
    uint8_t key[32] = {1}, a[32], b[32];

    (void)state;
    proto_key_commit(a, 5, key);
    proto_key_commit(b, 6, key);
    assert_memory_not_equal(a, b, 32);
    key[31] ^= 1;
    proto_key_commit(b, 5, key);
    assert_memory_not_equal(a, b, 32);
}

/* ---- events ---- */

static void an_event_has_one_text_whatever_the_order_of_its_details(void **state)
{
    struct proto_event_note a = {
        .seq = 1, .first = true, .unix_s = 5, .action = PROTO_ACT_STOPPED, .capability = PROTO_CAPABILITY_CAMERA};
    struct proto_event_note b = a, back;
    struct proto_buf x, y;

    (void)state;
    assert_ok(proto_event_note_detail(&a, "frames", "%u", 300u));
    assert_ok(proto_event_note_detail(&a, "bytes", "%u", 9u));
    assert_ok(proto_event_note_detail(&b, "bytes", "%u", 9u));
    assert_ok(proto_event_note_detail(&b, "frames", "%u", 300u));
    proto_buf_init(&x, PROTO_MAX_NOTE_BYTES);
    proto_buf_init(&y, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_event_note_write(&a, &x));
    assert_ok(proto_event_note_write(&b, &y));
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.bytes, y.bytes, x.len);
    assert_non_null(memmem(x.bytes, x.len, "detail bytes=9 frames=300\n", 26));
    assert_ok(proto_event_note_parse((const char *)x.bytes, x.len, &back));
    assert_string_equal(proto_event_note_get(&back, "frames"), "300");
    assert_null(proto_event_note_get(&back, "reason"));
    for (size_t i = 0; i < x.len; i++) {
        struct proto_buf again;
        x.bytes[i] ^= 1;
        if (!proto_event_note_parse((const char *)x.bytes, x.len, &back)) {
            proto_buf_init(&again, PROTO_MAX_NOTE_BYTES);
            assert_ok(proto_event_note_write(&back, &again));
            assert_memory_equal(again.bytes, x.bytes, x.len);
            proto_buf_free(&again);
        }
        x.bytes[i] ^= 1;
    }
    proto_buf_free(&x);
    proto_buf_free(&y);
}

static void details_are_bounded_and_clean(void **state)
{
    struct proto_event_note e = {.seq = 1, .first = true, .action = PROTO_ACT_ENDED};
    struct proto_buf text;
    char key[2] = "a";

    (void)state;
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    for (int i = 0; i < PROTO_EVENT_DETAILS; i++, key[0]++)
        assert_ok(proto_event_note_detail(&e, key, "x"));
    assert_int_equal(proto_event_note_detail(&e, "z", "x"), PROTO_ERR_RANGE);
    e.detail_count = 0;
    assert_int_equal(proto_event_note_detail(&e, "k", "%s", ""), PROTO_ERR_RANGE);
    assert_ok(proto_event_note_detail(&e, "k", "two words"));
    assert_int_equal(proto_event_note_write(&e, &text), PROTO_ERR_RANGE);
    e.detail_count = 0;
    assert_ok(proto_event_note_detail(&e, "K", "x"));
    assert_int_equal(proto_event_note_write(&e, &text), PROTO_ERR_RANGE);
    proto_buf_free(&text);
}

static void an_erasure_has_one_text_and_names_what_it_names(void **state)
{
    struct proto_erasure erasure = {.seq = 1,
                                    .first = true,
                                    .unix_s = 1767225600,
                                    .basis = "Art. 17 GDPR",
                                    .log = "help.example.org/audit/example.org"},
                         back;
    struct proto_buf text;

    (void)state;
    for (uint64_t i = 3; i < 9; i++)
        assert_ok(proto_erasure_add(&erasure, i));
    assert_ok(proto_erasure_add(&erasure, 12));
    assert_int_equal(erasure.count, 2);
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_erasure_write(&erasure, &text));
    assert_ok(proto_erasure_parse((const char *)text.bytes, text.len, &back));
    assert_true(back.count == 2 && proto_erasure_size(&back) == 7 && !back.retention);
    assert_true(proto_erasure_names(&back, 8) && proto_erasure_names(&back, 12) && !proto_erasure_names(&back, 9));
    for (size_t i = 0; i < text.len; i++) { /* no byte can be changed into another text of the same meaning */
        struct proto_erasure other;
        text.bytes[i] ^= 1;
        if (!proto_erasure_parse((const char *)text.bytes, text.len, &other))
            assert_memory_not_equal(&other, &back, sizeof back);
        text.bytes[i] ^= 1;
    }
    proto_buf_clear(&text);
    erasure.ranges[1].first = 9; /* touches the first: would be one range */
    assert_int_equal(proto_erasure_write(&erasure, &text), PROTO_ERR_RANGE);
    erasure.ranges[1].first = 12;
    proto_buf_clear(&text);
    assert_ok(proto_erasure_write(&erasure, &text));
    assert_ok(proto_erasure_parse((const char *)text.bytes, text.len, &back));
    assert_string_equal(back.log, erasure.log);
    assert_true(back.count == 2 && proto_erasure_size(&back) == 7);
    const char *const no_logs[] = {"", "-", "two words", "one+two", "line\nbreak"};
    for (size_t i = 0; i < sizeof no_logs / sizeof *no_logs; i++) {
        strcpy(erasure.log, no_logs[i]);
        assert_int_equal(proto_erasure_write(&erasure, &text), PROTO_ERR_RANGE);
    }
    strcpy(erasure.log, "help.example.org/audit/example.org");
    erasure.basis[0] = 0;
    assert_int_equal(proto_erasure_write(&erasure, &text), PROTO_ERR_RANGE);
    for (uint64_t i = 0; i < 62; i++)
        assert_ok(proto_erasure_add(&erasure, 100 + 2 * i));
    assert_int_equal(proto_erasure_add(&erasure, 1000), PROTO_ERR_FULL);
    proto_buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_has_the_lines_of_the_protocol),
        cmocka_unit_test(what_was_shown_is_made_again_out_of_a_grant_or_a_refusal),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(a_changed_byte_is_refused_or_is_another_statement_with_one_spelling),
        cmocka_unit_test(a_text_with_anything_else_in_it_is_refused),
        cmocka_unit_test(words_that_could_be_read_as_lines_cannot_be_written),
        cmocka_unit_test(a_commitment_differs_with_the_name_and_with_the_key),
        cmocka_unit_test(an_event_has_one_text_whatever_the_order_of_its_details),
        cmocka_unit_test(details_are_bounded_and_clean),
        cmocka_unit_test(an_erasure_has_one_text_and_names_what_it_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
