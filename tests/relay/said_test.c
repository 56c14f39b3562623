/* SPDX-License-Identifier: Apache-2.0 */
/* What a proxy in front says of the one behind it, and who is listed. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "relay/serve/networks.h"
#include "relay/serve/said.h"

static const char *text_of(const struct sockaddr_storage *address)
{
    static char text[INET6_ADDRSTRLEN];

    if (address->ss_family == AF_INET)
        return inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, text, sizeof text);
    if (address->ss_family == AF_INET6)
        return inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, text, sizeof text);
    return "nobody";
}

/* The header whole, with something behind it, and each beginning of it. */
static void expect(const void *bytes, size_t len, const char *who)
{
    struct sockaddr_storage from;
    uint8_t longer[600];
    size_t used;

    assert_true(len < sizeof longer - 3);
    memcpy(longer, bytes, len);
    memcpy(longer + len, "\x16\x03\x01", 3);
    assert_int_equal(serve_said_proxy(longer, len + 3, &from, &used), SERVE_SAID);
    assert_int_equal(used, len);
    assert_string_equal(text_of(&from), who);
    for (size_t part = 0; part < len; part++)
        assert_int_equal(serve_said_proxy(bytes, part, &from, &used), SERVE_SAID_MORE);
}

static void expect_text(const char *header, const char *who)
{
    expect(header, strlen(header), who);
}

static void refuse(const void *bytes, size_t len)
{
    struct sockaddr_storage from;
    size_t used;

    assert_int_equal(serve_said_proxy(bytes, len, &from, &used), SERVE_SAID_WRONG);
}

static void the_first_version_is_read(void **state)
{
    (void)state;
    expect_text("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", "192.0.2.1");
    expect_text("PROXY TCP6 2001:db8::1 2001:db8::2 65535 443\r\n", "2001:db8::1");
    expect_text("PROXY UNKNOWN\r\n", "nobody");
    expect_text("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", "nobody");
}

static void a_wrong_line_is_refused(void **state)
{
    static const char *const lines[] = {
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443 5\r\n",
        "PROXY TCP4 192.0.2.256 198.51.100.1 56324 443\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 -1 443\r\n",
        "PROXY UDP4 192.0.2.1 198.51.100.1 56324 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\n",
        "proxy TCP4 192.0.2.1 198.51.100.1 56324 443\r\n",
        "PROXY \r\n",
        "GET / HTTP/1.1\r\n",
        "\x16\x03\x01\x02",
        ("PROXY TCP4 "
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    };

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        refuse(lines[i], strlen(lines[i]));
}

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4 SIGNATURE "\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\xdc\x04\x01\xbb"

static void the_second_version_is_read(void **state)
{
    static const char four[] = V4;
    static const char with_more[] =
        SIGNATURE "\x21\x11\x00\x10\xc0\x00\x02\x07\xc6\x33\x64\x01\xdc\x04\x01\xbb\x04\x00\x01z";
    static const char six[] =
        SIGNATURE "\x21\x21\x00\x24 \x01\r\xb8\0\0\0\0\0\0\0\0\0\0\0\x07 \x01\r\xb8\0\0\0\0\0\0\0\0\0\0\0\x08"
                  "\xdc\x04\x01\xbb";
    static const char local[] = SIGNATURE "\x20\x00\x00\x00";
    static const char path[] = SIGNATURE "\x21\x31\x00\x02xx";

    (void)state;
    expect(four, sizeof four - 1, "192.0.2.7");
    expect(with_more, sizeof with_more - 1, "192.0.2.7");
    expect(six, sizeof six - 1, "2001:db8::7");
    expect(local, sizeof local - 1, "nobody");
    expect(path, sizeof path - 1, "nobody");
}

static void a_wrong_second_version_is_refused(void **state)
{
    char bytes[] = V4;

    (void)state;
    bytes[12] = 0x31; /* version 3 */
    refuse(bytes, sizeof bytes - 1);
    bytes[12] = 0x22; /* no such command */
    refuse(bytes, sizeof bytes - 1);
    bytes[12] = 0x21;
    bytes[13] = 0x12; /* UDP */
    refuse(bytes, sizeof bytes - 1);
    bytes[13] = 0x21; /* IPv6 in twelve bytes */
    refuse(bytes, sizeof bytes - 1);
    bytes[13] = 0x11;
    bytes[14] = 0x7f; /* longer than anybody's */
    refuse(bytes, sizeof bytes - 1);
}

static void expect_forwarded(const char *header, const char *who)
{
    struct sockaddr_storage from;

    if (!serve_said_forwarded(header, &from))
        fail_msg("%s", header);
    assert_string_equal(text_of(&from), who);
}

static void the_last_element_of_forwarded_counts(void **state)
{
    static const char *const hidden[] = {"",
                                         "for=unknown",
                                         "for=_gazonk",
                                         "proto=https",
                                         "for=",
                                         "for=\"",
                                         "for=[::1",
                                         "for=192.0.2.1, for=unknown",
                                         "for=\"[2001:db8::1]x\"",
                                         "for=192.0.2.1:99999"};
    struct sockaddr_storage from;

    (void)state;
    expect_forwarded("for=192.0.2.43", "192.0.2.43");
    expect_forwarded("For=\"192.0.2.43:47011\";proto=https;by=203.0.113.43", "192.0.2.43");
    expect_forwarded("proto=https; for=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17");
    expect_forwarded("for=\"[2001:db8:cafe::17]\"", "2001:db8:cafe::17");
    expect_forwarded("for=10.0.0.1, for=192.0.2.43;proto=http", "192.0.2.43");
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (serve_said_forwarded(hidden[i], &from))
            fail_msg("%s", hidden[i]);
}

#define GET "GET /s HTTP/1.1\r\nHost: help.example.org\r\n"

static enum serve_said request(const char *text, size_t len, const char **who)
{
    struct sockaddr_storage from;
    size_t used = 1;
    enum serve_said said = serve_said_request((const uint8_t *)text, len, &from, &used);

    assert_int_equal(used, 0); /* it is looked at, and stays */
    *who = text_of(&from);
    return said;
}

static void expect_request(const char *text, const char *who)
{
    const char *read;

    if (request(text, strlen(text), &read) != SERVE_SAID || strcmp(read, who))
        fail_msg("%s of: %s", read, text);
    for (size_t part = 0; part < strlen(text); part++)
        assert_int_equal(request(text, part, &read), SERVE_SAID_MORE);
}

static void the_last_line_of_forwarded_counts(void **state)
{
    char text[4096], *at = text;

    (void)state;
    expect_request(GET "\r\n", "nobody");
    expect_request(GET "Forwarded: for=192.0.2.43\r\n\r\n", "192.0.2.43");
    expect_request(GET "forwarded:for=10.0.0.1\r\nCookie: x\r\nFORWARDED: for=10.0.0.2, for=192.0.2.43\r\n\r\n",
                   "192.0.2.43");
    expect_request(GET "Forwarded: for=192.0.2.43\r\nForwarded: for=unknown\r\n\r\n", "nobody");
    expect_request("GET / HTTP/1.1\nHost: x\nForwarded: for=192.0.2.43\n\n", "192.0.2.43");
    expect_request("PUT / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "nobody");
    /* What a stranger wrote in front of it may be long. */
    at += sprintf(at, GET "Forwarded: for=10.0.0.1");
    while (at < text + 2000)
        at += sprintf(at, ", for=10.0.0.1");
    strcpy(at, ", for=192.0.2.43\r\n\r\n");
    const char *who;
    assert_int_equal(request(text, strlen(text), &who), SERVE_SAID);
    assert_string_equal(who, "192.0.2.43");
}

static void a_request_that_can_be_read_in_two_ways_is_refused(void **state)
{
    static const char *const lines[] = {"Host: other.example.org\r\n",      "Transfer-Encoding: chunked\r\n",
                                        "transfer-encoding:\tidentity\r\n", "Content-Length: 5\r\n",
                                        "Content-Length: 0, 5\r\n",         "X: y\r\n Forwarded: for=10.0.0.1\r\n"};
    static const char nul[] = GET "Forwarded: for=10.0.0.1\0, for=192.0.2.43\r\n\r\n";
    char text[4096];
    const char *who;

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        snprintf(text, sizeof text, GET "%s\r\n", lines[i]);
        if (request(text, strlen(text), &who) != SERVE_SAID_WRONG)
            fail_msg("%s", text);
    }
    assert_int_equal(request(nul, sizeof nul - 1, &who), SERVE_SAID_WRONG);
    memset(text, 'a', sizeof text); /* no end */
    assert_int_equal(request(text, sizeof text, &who), SERVE_SAID_MORE);
}

static bool is_listed(const struct serve_networks *networks, int family, const char *text)
{
    struct sockaddr_storage address = {.ss_family = (sa_family_t)family};
    void *bytes = family == AF_INET ? (void *)&((struct sockaddr_in *)&address)->sin_addr
                                    : (void *)&((struct sockaddr_in6 *)&address)->sin6_addr;

    assert_int_equal(inet_pton(family, text, bytes), 1);
    return serve_networks_have(networks, &address);
}

static void a_list_has_addresses_and_networks(void **state)
{
    static const char *const wrong[] = {"",       "localhost", "192.0.2.0/33", "192.0.2.0/",
                                        "::/129", "192.0.2",   "1.2.3.4/a"};
    struct serve_networks networks = {0};
    struct sockaddr_storage local = {.ss_family = AF_UNIX};

    (void)state;
    assert_true(serve_networks_add(&networks, "192.0.2.1"));
    assert_true(serve_networks_add(&networks, "198.51.100.0/23"));
    assert_true(serve_networks_add(&networks, "2001:db8::/33"));
    assert_true(is_listed(&networks, AF_INET, "192.0.2.1"));
    assert_false(is_listed(&networks, AF_INET, "192.0.2.2"));
    assert_true(is_listed(&networks, AF_INET6, "::ffff:192.0.2.1"));
    assert_true(is_listed(&networks, AF_INET, "198.51.101.255"));
    assert_false(is_listed(&networks, AF_INET, "198.51.102.0"));
    assert_true(is_listed(&networks, AF_INET6, "2001:db8:7fff::1"));
    assert_false(is_listed(&networks, AF_INET6, "2001:db8:8000::1"));
    assert_false(serve_networks_have(&networks, &local));
    assert_true(serve_networks_add(&networks, "unix"));
    assert_true(serve_networks_have(&networks, &local));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(serve_networks_add(&networks, wrong[i]));
    for (size_t i = networks.count; i < SERVE_NETWORKS_MAX; i++)
        assert_true(serve_networks_add(&networks, "10.0.0.1"));
    assert_false(serve_networks_add(&networks, "10.0.0.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_version_is_read),
        cmocka_unit_test(a_wrong_line_is_refused),
        cmocka_unit_test(the_second_version_is_read),
        cmocka_unit_test(a_wrong_second_version_is_refused),
        cmocka_unit_test(the_last_element_of_forwarded_counts),
        cmocka_unit_test(the_last_line_of_forwarded_counts),
        cmocka_unit_test(a_request_that_can_be_read_in_two_ways_is_refused),
        cmocka_unit_test(a_list_has_addresses_and_networks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
