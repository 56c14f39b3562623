/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/pairing/invite.h"

#include "proto/seal/base64.h"
#include "proto/seal/kdf.h"

#include <sodium.h>
#include <string.h>

#define SCHEME "https://"
#define PATH "/j#"

enum {
    LABEL_MAX = 63,                                                /* RFC 1035, 2.3.4 */
    FRAGMENT_BYTES = 2 + PROTO_KEY_BYTES + PROTO_INVITE_PIN_BYTES, /* version | flags | k | ca_fp */
    FRAGMENT_BYTES_MAX = 256, /* a newer version's may be longer: it is decoded as far as to read its version */
};

/* ---- host ---- */

static bool is_label_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

static bool label_ok(const char *at, size_t len)
{
    if (len == 0 || len > LABEL_MAX || at[0] == '-' || at[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_label_char(at[i]))
            return false;
    return true;
}

static bool host_ok(const char *at, size_t len)
{
    size_t start = 0;

    for (size_t i = 0; i <= len; i++) {
        if (i < len && at[i] != '.')
            continue;
        if (!label_ok(at + start, i - start))
            return false;
        start = i + 1;
    }
    return true;
}

static bool port_ok(const char *at, size_t len)
{
    unsigned port = 0;

    if (len == 0 || len > 5 || at[0] == '0')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        port = port * 10 + (unsigned)(at[i] - '0');
    }
    return port <= 65535 && port != 443; /* one host has one spelling: it is hashed at both ends */
}

bool proto_join_host_ok(const char *text, size_t len)
{
    if (len == 0 || len > PROTO_JOIN_HOST_MAX)
        return false;
    const char *colon = memchr(text, ':', len);
    size_t host_len = colon ? (size_t)(colon - text) : len;

    return host_ok(text, host_len) && (!colon || port_ok(colon + 1, len - host_len - 1));
}

/* ---- link ---- */

void proto_invite_link_clear(struct proto_invite_link *link)
{
    sodium_memzero(link, sizeof *link);
}

enum proto_err proto_invite_link_new(struct proto_invite_link *out, const char *join_host,
                                     const uint8_t ca_fp[static PROTO_HASH_BYTES], const struct proto_random *random)
{
    size_t len = strlen(join_host);

    memset(out, 0, sizeof *out);
    if (!proto_join_host_ok(join_host, len))
        return PROTO_ERR_LINK;
    memcpy(out->join_host, join_host, len + 1);
    memcpy(out->ca_fp, ca_fp, sizeof out->ca_fp);
    proto_random_fill(random, out->k, sizeof out->k);
    return PROTO_OK;
}

enum proto_err proto_invite_link_build(const struct proto_invite_link *link, struct proto_buf *out)
{
    uint8_t fragment[FRAGMENT_BYTES] = {PROTO_INVITE_VERSION, link->flags};

    if (!proto_join_host_ok(link->join_host, strlen(link->join_host)))
        return PROTO_ERR_LINK;
    memcpy(fragment + 2, link->k, sizeof link->k);
    memcpy(fragment + 2 + sizeof link->k, link->ca_fp, sizeof link->ca_fp);
    proto_buf_put_text(out, SCHEME);
    proto_buf_put_text(out, link->join_host);
    proto_buf_put_text(out, PATH);
    proto_base64url_put(out, fragment, sizeof fragment);
    sodium_memzero(fragment, sizeof fragment);
    return out->failed ? PROTO_ERR_FULL : PROTO_OK;
}

static void trim(const char **text, size_t *len)
{
    while (*len && strchr(" \t\r\n", **text) && **text)
        (*text)++, (*len)--;
    while (*len && (*text)[*len - 1] && strchr(" \t\r\n", (*text)[*len - 1]))
        (*len)--;
}

/* Takes `prefix` from the front. */
static bool skip(const char **text, size_t *len, const char *prefix)
{
    size_t prefix_len = strlen(prefix);

    if (*len < prefix_len || memcmp(*text, prefix, prefix_len) != 0)
        return false;
    *text += prefix_len;
    *len -= prefix_len;
    return true;
}

static enum proto_err read_fragment(struct proto_invite_link *out, const char *text, size_t len)
{
    uint8_t bytes[FRAGMENT_BYTES_MAX];
    size_t bytes_len = 0;
    enum proto_err err = PROTO_OK;

    if (proto_base64url_decode(text, len, bytes, sizeof bytes, &bytes_len) != PROTO_OK || bytes_len < 2)
        err = PROTO_ERR_LINK;
    else if (bytes[0] != PROTO_INVITE_VERSION)
        err = PROTO_ERR_VERSION;
    else if (bytes_len != FRAGMENT_BYTES)
        err = PROTO_ERR_LINK;
    else if (bytes[1] & ~PROTO_INVITE_FLAGS_KNOWN)
        err = PROTO_ERR_VERSION;
    if (err == PROTO_OK) {
        out->flags = bytes[1];
        memcpy(out->k, bytes + 2, sizeof out->k);
        memcpy(out->ca_fp, bytes + 2 + sizeof out->k, sizeof out->ca_fp);
    }
    sodium_memzero(bytes, sizeof bytes);
    return err;
}

enum proto_err proto_invite_link_parse(struct proto_invite_link *out, const char *text, size_t len)
{
    memset(out, 0, sizeof *out);
    trim(&text, &len);
    if (len == 0 || !skip(&text, &len, SCHEME))
        return PROTO_ERR_LINK;
    const char *slash = memchr(text, '/', len);
    size_t host_len = slash ? (size_t)(slash - text) : 0;
    const char *host = text;

    if (!slash || !proto_join_host_ok(host, host_len))
        return PROTO_ERR_LINK;
    text += host_len;
    len -= host_len;
    if (!skip(&text, &len, PATH))
        return PROTO_ERR_LINK;
    enum proto_err err = read_fragment(out, text, len);

    if (err == PROTO_OK)
        memcpy(out->join_host, host, host_len); /* its NUL is there: *out was zero */
    return err;
}

enum proto_err proto_invite_link_sid(const struct proto_invite_link *link, uint8_t sid[static PROTO_SID_BYTES])
{
    return proto_hkdf(link->k, sizeof link->k, "handhold/1 sid", sid, PROTO_SID_BYTES);
}

enum proto_err proto_invite_link_psk(const struct proto_invite_link *link, uint8_t psk[static PROTO_KEY_BYTES])
{
    return proto_hkdf(link->k, sizeof link->k, "handhold/1 link psk", psk, PROTO_KEY_BYTES);
}
