/* SPDX-License-Identifier: Apache-2.0 */
/* What people type and paste, and the framing of control messages: what is read, and what must be refused. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/pairing/invite.h"
#include "proto/wire/message.h"
#include "tests/vectors/write.h"

static const char *const codes[] = {
    "407 183 922 9", "4071839229", "407-183.922 9",  "407 183 922 8",
    "407 183 929 2", "40718392",   "1234567890123",  "407 183 9a2 9",
    "407183922",     "",           "99999 000000 0",
};

static json_t *code_json(const char *text)
{
    struct proto_invite_code code;
    char shown[PROTO_CODE_TEXT_MAX + 1];
    json_t *object = json_object();
    enum proto_err err = proto_invite_code_parse(&code, text, strlen(text));

    put_text(object, "typed", text);
    put_list(object, "good", json_boolean(!err));
    if (!err) {
        MUST(proto_invite_code_format(&code, shown));
        put_text(object, "nameplate", code.nameplate);
        put_text(object, "secret", code.secret);
        put_text(object, "shown", shown);
    }
    proto_invite_code_clear(&code);
    return object;
}

static void random_of_counter(void *context, uint8_t *out, size_t len)
{
    fill(out, len, ++*(unsigned *)context);
}

static json_t *link_json(const char *host, unsigned number)
{
    struct proto_random random = {random_of_counter, &number};
    struct proto_invite_link link;
    uint8_t ca_fp[32], sid[16], psk[32];
    struct proto_buf text;
    json_t *object = json_object();

    fill(ca_fp, sizeof ca_fp, 3);
    MUST(proto_invite_link_new(&link, host, ca_fp, &random));
    MUST(proto_invite_link_sid(&link, sid));
    MUST(proto_invite_link_psk(&link, psk));
    proto_buf_init(&text, PROTO_INVITE_LINK_MAX + 1);
    MUST(proto_invite_link_build(&link, &text));
    put_text_n(object, "link", text.bytes, text.len);
    put_text(object, "join_host", link.join_host);
    put_hex(object, "k", link.k, sizeof link.k);
    put_hex(object, "ca_fp", link.ca_fp, sizeof link.ca_fp);
    put_hex(object, "sid", sid, sizeof sid);
    put_hex(object, "psk", psk, sizeof psk);
    proto_buf_free(&text);
    return object;
}

json_t *vectors_invitations(void)
{
    static const char *const digits[] = {"572", "407183922", "0", "1", "999999", "1234567890"};
    json_t *root = json_object(), *checks = json_array(), *list = json_array(), *links = json_array();

    for (size_t i = 0; i < sizeof digits / sizeof *digits; i++) {
        json_t *object = json_object();
        put_text(object, "digits", digits[i]);
        put_number(object, "check", (uint64_t)proto_code_check_digit(digits[i], strlen(digits[i])));
        add(checks, object);
    }
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        add(list, code_json(codes[i]));
    add(links, link_json("help.example.org", 10));
    add(links, link_json("help.example.org:8443", 20));
    put_list(root, "check_digits", checks);
    put_list(root, "codes", list);
    put_list(root, "links", links);
    return root;
}

static json_t *framed(enum proto_control msg, size_t len)
{
    uint8_t *body = malloc(len + 1);
    struct proto_buf plain;
    json_t *object = json_object();

    if (!body)
        abort();
    fill(body, len, (unsigned)msg);
    proto_buf_init(&plain, PROTO_MAX_CONTROL_BYTES);
    MUST(proto_control_frame(&plain, msg, body, len));
    put_number(object, "message", msg);
    put_hex(object, "body", body, len);
    put_hex(object, "plaintext", plain.bytes, plain.len);
    proto_buf_free(&plain);
    free(body);
    return object;
}

json_t *vectors_control(void)
{
    static const char *const bad[] = {
        "",
        "0100",
        "000000000000",
        "0d0000000000" /* unknown */,
        "080100000000" /* flags */,
        "080000000001" /* too short */,
        "080000000000" /* not padded */,
    };
    json_t *root = json_object(), *good = json_array(), *refused = json_array();

    add(good, framed(PROTO_CONTROL_HEARTBEAT, 0));
    add(good, framed(PROTO_CONTROL_DATA, 1));
    add(good, framed(PROTO_CONTROL_KEY_ACK, 58)); /* 64 with its header: no padding */
    add(good, framed(PROTO_CONTROL_KEY_RELEASE, 78));
    add(good, framed(PROTO_CONTROL_STATEMENT, 900));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint8_t plain[64];
        const uint8_t *body;
        enum proto_control msg;
        size_t len, body_len;
        if (sodium_hex2bin(plain, sizeof plain, bad[i], strlen(bad[i]), NULL, &len, NULL) ||
            proto_control_parse(plain, len, &msg, &body, &body_len) != PROTO_ERR_FORMAT)
            MUST(PROTO_ERR_STATE);
        add(refused, json_string(bad[i]));
    }
    put_list(root, "framed", good);
    put_list(root, "refused", refused);
    return root;
}
