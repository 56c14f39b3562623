/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/proto/test.h"

#include "proto/pairing/invite.h"
#include "proto/seal/base64.h"
#include "proto/seal/kdf.h"

#include <stdio.h>
#include <string.h>

static struct proto_random_seeded seeded;
static struct proto_random random_source;

static int setup(void **state)
{
    (void)state;
    proto_random_seeded_init(&seeded, (const uint8_t[32]){5});
    random_source = proto_random_from_seeded(&seeded);
    return 0;
}

/* ---- links ---- */

static const uint8_t ca_fp[PROTO_HASH_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17};

static size_t build(const char *host, char text[static PROTO_INVITE_LINK_MAX + 1], struct proto_invite_link *link)
{
    struct proto_buf out;

    assert_ok(proto_invite_link_new(link, host, ca_fp, &random_source));
    proto_buf_init_secret(&out, PROTO_INVITE_LINK_MAX);
    assert_ok(proto_invite_link_build(link, &out));
    memcpy(text, out.bytes, out.len);
    text[out.len] = '\0';
    proto_buf_free(&out);
    return strlen(text);
}

static enum proto_err parse(const char *text)
{
    struct proto_invite_link link;
    static const struct proto_invite_link zero;
    enum proto_err err = proto_invite_link_parse(&link, text, strlen(text));

    if (err != PROTO_OK)
        assert_memory_equal(&link, &zero, sizeof link);
    return err;
}

static void a_link_says_what_was_put_into_it(void **state)
{
    char text[PROTO_INVITE_LINK_MAX + 1], padded[PROTO_INVITE_LINK_MAX + 10];
    struct proto_invite_link made, read;
    uint8_t want[PROTO_KEY_BYTES], got[PROTO_KEY_BYTES];
    size_t len = build("help.example.org:8443", text, &made);

    (void)state;
    assert_memory_equal(text, "https://help.example.org:8443/j#A", 33); /* version 1: the first six bits are 0 */
    assert_int_equal(len, strlen("https://help.example.org:8443/j#") + PROTO_INVITE_FRAGMENT_CHARS);
    snprintf(padded, sizeof padded, "  %s\r\n", text);
    assert_ok(proto_invite_link_parse(&read, padded, strlen(padded)));
    assert_memory_equal(&read, &made, sizeof made);
    assert_memory_equal(read.ca_fp, ca_fp, PROTO_INVITE_PIN_BYTES);
    assert_ok(proto_hkdf(made.k, sizeof made.k, "handhold/1 sid", want, PROTO_SID_BYTES));
    assert_ok(proto_invite_link_sid(&read, got));
    assert_memory_equal(got, want, PROTO_SID_BYTES);
    assert_ok(proto_hkdf(made.k, sizeof made.k, "handhold/1 link psk", want, sizeof want));
    assert_ok(proto_invite_link_psk(&read, got));
    assert_memory_equal(got, want, sizeof want);
    proto_invite_link_clear(&read);
}

static void two_links_have_two_secrets(void **state)
{
    char text[PROTO_INVITE_LINK_MAX + 1];
    struct proto_invite_link a, b;

    (void)state;
    build("a.example", text, &a);
    build("a.example", text, &b);
    assert_memory_not_equal(a.k, b.k, sizeof a.k);
}

static void a_host_has_one_spelling(void **state)
{
    static const char *const good[] = {"a",
                                       "localhost",
                                       "example.org",
                                       "help.example.org:8443",
                                       "127.0.0.1:1",
                                       "xn--bcher-kva.example",
                                       "a-b.c--d.example:65535"};
    static const char *const bad[] = {
        "",    "Example.org", "example.org.",   ".example.org", "a..b",    "-a.b",    "a-.b",
        "a_b", "a b",         "b\u00fccher.de", "a:443",        "a:0",     "a:080",   "a:65536",
        "a:",  "a:1:2",       "[::1]",          "u@a",          "a:99999", "a:123456"};
    char label[65], host[PROTO_JOIN_HOST_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(proto_join_host_ok(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(proto_join_host_ok(bad[i], strlen(bad[i])));
    memset(label, 'a', sizeof label);
    assert_true(proto_join_host_ok(label, 63));
    assert_false(proto_join_host_ok(label, 64));
    for (size_t i = 0; i < sizeof host; i++)
        host[i] = i % 2 ? '.' : 'a';
    assert_true(proto_join_host_ok(host, PROTO_JOIN_HOST_MAX));
    assert_false(proto_join_host_ok(host, PROTO_JOIN_HOST_MAX + 1));
}

static void anything_but_a_whole_https_link_is_refused(void **state)
{
    char text[PROTO_INVITE_LINK_MAX + 1], bad[2 * PROTO_INVITE_LINK_MAX];
    struct proto_invite_link link;

    (void)state;
    build("example.org", text, &link);
    const char *fragment = strchr(text, '#') + 1;
    static const char *const heads[] = {"http://example.org/j#",
                                        "HTTPS://example.org/j#",
                                        "https:/example.org/j#",
                                        "https://Example.org/j#",
                                        "https://example.org:443/j#",
                                        "https://example.org/#",
                                        "https://example.org/j/#",
                                        "https://example.org/j?x#",
                                        "https://example.org/J#",
                                        "https://a@example.org/j#",
                                        "https:///j#",
                                        "example.org/j#",
                                        "https://example.org#",
                                        "javascript:https://a/j#",
                                        ""};

    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        snprintf(bad, sizeof bad, "%s%s", heads[i], fragment);
        assert_int_equal(parse(bad), PROTO_ERR_LINK);
    }
    static const char *const tails[] = {"=", "==", "A", "AAAA", "#", "&utm=1", " x", "%20", "\n#"};

    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        snprintf(bad, sizeof bad, "%s%s", text, tails[i]);
        assert_int_equal(parse(bad), PROTO_ERR_LINK);
    }
    assert_int_equal(parse("https://example.org/j#"), PROTO_ERR_LINK);
    assert_int_equal(parse("https://example.org/j"), PROTO_ERR_LINK);
}

static void a_link_that_lacks_its_end_is_refused(void **state)
{
    char text[PROTO_INVITE_LINK_MAX + 1];
    struct proto_invite_link link;
    size_t len = build("example.org", text, &link);

    (void)state;
    for (size_t i = 0; i < len; i++)
        assert_int_equal(proto_invite_link_parse(&link, text, i), PROTO_ERR_LINK);
    assert_ok(proto_invite_link_parse(&link, text, len));
}

/* What base64url cannot be is refused; what it can be is another secret, and the handshake refuses that. */
static void each_spelling_of_a_fragment_is_a_link_of_its_own(void **state)
{
    char text[PROTO_INVITE_LINK_MAX + 1];
    struct proto_invite_link made, read;
    size_t len = build("example.org", text, &made);

    (void)state;
    for (size_t i = len - PROTO_INVITE_FRAGMENT_CHARS; i < len; i++)
        for (int c = 1; c < 256; c++) {
            char was = text[i];

            if ((char)c == was || (i + 1 == len && strchr(" \t\r\n", c)))
                continue;
            text[i] = (char)c;
            if (proto_invite_link_parse(&read, text, len) == PROTO_OK)
                assert_memory_not_equal(&read, &made, sizeof made);
            text[i] = was;
        }
}

static void a_link_of_another_version_is_named_so(void **state)
{
    uint8_t bytes[120] = {0};
    static const struct {
        uint8_t version, flags;
        size_t len;
        enum proto_err want;
    } rows[] = {{1, 0, 50, PROTO_OK},          {2, 0, 50, PROTO_ERR_VERSION}, {0, 0, 50, PROTO_ERR_VERSION},
                {2, 0, 90, PROTO_ERR_VERSION}, {1, 1, 50, PROTO_ERR_VERSION}, {1, 0x80, 50, PROTO_ERR_VERSION},
                {1, 0, 49, PROTO_ERR_LINK},    {1, 0, 51, PROTO_ERR_LINK},    {1, 0, 1, PROTO_ERR_LINK}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct proto_buf text;

        bytes[0] = rows[i].version;
        bytes[1] = rows[i].flags;
        proto_buf_init(&text, 1024);
        proto_buf_put_text(&text, "https://example.org/j#");
        proto_base64url_put(&text, bytes, rows[i].len);
        proto_buf_put_u8(&text, 0);
        assert_int_equal(parse((const char *)text.bytes), rows[i].want);
        proto_buf_free(&text);
    }
}

/* ---- codes ---- */

static size_t random_code(char digits[static 13], size_t plate)
{
    static const char *const plates[] = {"407", "4071", "40719"};
    struct proto_invite_code code;
    char text[PROTO_CODE_TEXT_MAX + 1];
    size_t count = 0;

    assert_ok(proto_invite_code_new(&code, plates[plate], &random_source));
    assert_ok(proto_invite_code_format(&code, text));
    for (const char *at = text; *at; at++)
        if (*at != ' ')
            digits[count++] = *at;
    digits[count] = '\0';
    return count;
}

static enum proto_err parse_code(const char *text)
{
    struct proto_invite_code code;

    return proto_invite_code_parse(&code, text, strlen(text));
}

static void a_code_is_shown_in_groups_and_read_in_any(void **state)
{
    struct proto_invite_code code = {.nameplate = "407", .secret = "183922"}, read;
    char text[PROTO_CODE_TEXT_MAX + 1];

    (void)state;
    assert_ok(proto_invite_code_format(&code, text));
    assert_memory_equal(text, "407 183 922 ", 12);
    assert_int_equal(text[12] - '0', proto_code_check_digit("407183922", 9));
    const char digit = text[12];
    char forms[4][32];

    snprintf(forms[0], sizeof forms[0], "407183922%c", digit);
    snprintf(forms[1], sizeof forms[1], " 407-183-922-%c ", digit);
    snprintf(forms[2], sizeof forms[2], "407.183.922.%c", digit);
    snprintf(forms[3], sizeof forms[3], "4 0 7 1 8 3 9 2 2 %c", digit);
    for (int i = 0; i < 4; i++) {
        assert_ok(proto_invite_code_parse(&read, forms[i], strlen(forms[i])));
        assert_string_equal(read.nameplate, "407");
        assert_string_equal(read.secret, "183922");
    }
    assert_ok(proto_invite_code_format(&(struct proto_invite_code){"40712", "183922"}, text));
    assert_int_equal(strlen(text), PROTO_CODE_TEXT_MAX);
    proto_invite_code_clear(&read);
    assert_int_equal(proto_invite_code_format(&read, text), PROTO_ERR_CODE);
}

/* With a check digit that fits, so that only the length speaks against them. */
static void a_code_without_six_secret_digits_behind_a_nameplate_is_refused(void **state)
{
    struct proto_invite_code code;
    char digits[20] = "";

    (void)state;
    for (size_t len = 0; len < 16; len++) {
        for (size_t i = 0; i < len; i++)
            digits[i] = (char)('0' + (i * 7 + 3) % 10);
        digits[len] = (char)('0' + proto_code_check_digit(digits, len));
        digits[len + 1] = '\0';
        assert_int_equal(parse_code(digits), len >= 9 && len <= 11 ? PROTO_OK : PROTO_ERR_CODE);
    }
    assert_int_equal(parse_code(""), PROTO_ERR_CODE);
    assert_int_equal(parse_code("407 183 922 x"), PROTO_ERR_CODE);
    assert_int_equal(parse_code("407,183,922,1"), PROTO_ERR_CODE);
    assert_int_equal(parse_code("\xd9\xa1\xd9\xa2\xd9\xa3"), PROTO_ERR_CODE);
    assert_int_equal(proto_invite_code_new(&code, "12", &random_source), PROTO_ERR_CODE);
    assert_int_equal(proto_invite_code_new(&code, "123456", &random_source), PROTO_ERR_CODE);
    assert_int_equal(proto_invite_code_new(&code, "12a", &random_source), PROTO_ERR_CODE);
}

static void every_wrong_digit_is_noticed(void **state)
{
    char digits[13];

    (void)state;
    for (size_t round = 0; round < 300; round++) {
        size_t len = random_code(digits, round % 3);

        for (size_t i = 0; i < len; i++)
            for (char c = '0'; c <= '9'; c++) {
                char was = digits[i];

                digits[i] = c;
                assert_int_equal(parse_code(digits), c == was ? PROTO_OK : PROTO_ERR_CODE);
                digits[i] = was;
            }
    }
}

static void every_swap_of_neighbours_is_noticed(void **state)
{
    char digits[13];

    (void)state;
    for (size_t round = 0; round < 1000; round++) {
        size_t len = random_code(digits, round % 3);

        for (size_t i = 0; i + 1 < len; i++) {
            char a = digits[i], b = digits[i + 1];

            digits[i] = b;
            digits[i + 1] = a;
            assert_int_equal(parse_code(digits), a == b ? PROTO_OK : PROTO_ERR_CODE);
            digits[i] = a;
            digits[i + 1] = b;
        }
    }
}

/* The two properties that the last two tests sample, for every state that the check can be in. */
static void the_check_digit_is_a_totally_anti_symmetric_quasigroup(void **state)
{
    char text[4];
    int seen = 0;

    (void)state;
    for (int c = 0; c < 100; c++) { /* two digits reach every interim digit */
        char head[3] = {(char)('0' + c / 10), (char)('0' + c % 10), 0};
        unsigned row = 0;

        seen |= 1 << proto_code_check_digit(head, 2);
        for (char x = '0'; x <= '9'; x++) {
            snprintf(text, sizeof text, "%s%c", head, x);
            row |= 1u << proto_code_check_digit(text, 3);
        }
        assert_int_equal(row, 1023); /* each next digit gives another check digit: no single error passes */
        for (char x = '0'; x <= '9'; x++)
            for (char y = '0'; y <= '9'; y++) {
                char xy[5] = {head[0], head[1], x, y, 0}, yx[5] = {head[0], head[1], y, x, 0};

                assert_int_equal(proto_code_check_digit(xy, 4) == proto_code_check_digit(yx, 4), x == y);
            }
    }
    assert_int_equal(seen, 1023);
    for (char x = '0'; x <= '9'; x++) { /* the digit behind its text gives 0 */
        char with[3] = {x, (char)('0' + proto_code_check_digit(&x, 1)), 0};

        assert_int_equal(proto_code_check_digit(with, 2), 0);
    }
    assert_int_equal(proto_code_check_digit("572", 3), 4); /* Damm's own example */
    assert_int_equal(proto_code_check_digit("57x", 3), -1);
}

static size_t bytes_drawn;
static void draw_counting(void *context, uint8_t *out, size_t len)
{
    (void)context;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)bytes_drawn++;
}

/* Over one turn of all 256 bytes each digit comes out 25 times, and the last six bytes are drawn again. */
static void secret_digits_are_drawn_without_bias(void **state)
{
    struct proto_random counting = {draw_counting, NULL};
    struct proto_invite_code code;
    unsigned count[10] = {0};
    size_t drawn = 0;

    (void)state;
    for (bytes_drawn = 0; drawn < 250 - 250 % 6; drawn += 6) {
        assert_ok(proto_invite_code_new(&code, "407", &counting));
        for (int i = 0; i < 6; i++)
            count[code.secret[i] - '0']++;
    }
    assert_int_equal(bytes_drawn, 246);
    for (int i = 0; i < 10; i++)
        assert_in_range(count[i], 24, 25);
    bytes_drawn = 248; /* 248, 249, then 250-255 are thrown away, then 0, 1, 2, 3 */
    assert_ok(proto_invite_code_new(&code, "407", &counting));
    assert_string_equal(code.secret, "890123");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_link_says_what_was_put_into_it),
        cmocka_unit_test(two_links_have_two_secrets),
        cmocka_unit_test(a_host_has_one_spelling),
        cmocka_unit_test(anything_but_a_whole_https_link_is_refused),
        cmocka_unit_test(a_link_that_lacks_its_end_is_refused),
        cmocka_unit_test(each_spelling_of_a_fragment_is_a_link_of_its_own),
        cmocka_unit_test(a_link_of_another_version_is_named_so),
        cmocka_unit_test(a_code_is_shown_in_groups_and_read_in_any),
        cmocka_unit_test(a_code_without_six_secret_digits_behind_a_nameplate_is_refused),
        cmocka_unit_test(every_wrong_digit_is_noticed),
        cmocka_unit_test(every_swap_of_neighbours_is_noticed),
        cmocka_unit_test(the_check_digit_is_a_totally_anti_symmetric_quasigroup),
        cmocka_unit_test(secret_digits_are_drawn_without_bias),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
