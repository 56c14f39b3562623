/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/said.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    FIRST_MOST_BYTES = 107, /* version 1, with its line end */
    HEAD_BYTES = 16,        /* version 2, before the addresses */
    V4_BYTES = 12,          /* two addresses and two ports */
    V6_BYTES = 36,
};

static const uint8_t second[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

static bool port_of(const char *text, in_port_t *port)
{
    size_t len = strlen(text);

    if (!len || len > 5 || strspn(text, "0123456789") != len || atoi(text) > 65535)
        return false;
    *port = htons((uint16_t)atoi(text));
    return true;
}

static bool address_of(int family, const char *text, const char *port, struct sockaddr_storage *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

    *out = (struct sockaddr_storage){.ss_family = (sa_family_t)family};
    if (family == AF_INET)
        return inet_pton(AF_INET, text, &four->sin_addr) == 1 && port_of(port, &four->sin_port);
    return inet_pton(AF_INET6, text, &six->sin6_addr) == 1 && port_of(port, &six->sin6_port);
}

/* ---- PROXY ---- */

/* "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443", without its line end. */
static bool read_line(char *line, struct sockaddr_storage *from)
{
    char *rest = NULL, *words[6] = {NULL};
    size_t count = 0;

    for (char *word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (count < 6)
            words[count] = word;
        count++;
    }
    if (count < 2 || strcmp(words[0], "PROXY"))
        return false;
    *from = (struct sockaddr_storage){.ss_family = AF_UNSPEC};
    if (!strcmp(words[1], "UNKNOWN"))
        return true; /* whatever follows is not to be looked at */
    int family = !strcmp(words[1], "TCP4") ? AF_INET : !strcmp(words[1], "TCP6") ? AF_INET6 : AF_UNSPEC;
    struct sockaddr_storage to;
    return family != AF_UNSPEC && count == 6 && address_of(family, words[3], words[5], &to) &&
           address_of(family, words[2], words[4], from);
}

static enum serve_said first_version(const uint8_t *bytes, size_t len, struct sockaddr_storage *from, size_t *used)
{
    static const char begin[] = "PROXY ";
    char line[FIRST_MOST_BYTES + 1];
    size_t known = len < sizeof begin - 1 ? len : sizeof begin - 1,
           within = len < FIRST_MOST_BYTES ? len : FIRST_MOST_BYTES;

    if (memcmp(bytes, begin, known))
        return SERVE_SAID_WRONG;
    const uint8_t *end = memchr(bytes, '\n', within);
    if (!end)
        return len < FIRST_MOST_BYTES ? SERVE_SAID_MORE : SERVE_SAID_WRONG;
    *used = (size_t)(end - bytes) + 1;
    if (*used < 2 || end[-1] != '\r' || memchr(bytes, 0, *used))
        return SERVE_SAID_WRONG;
    memcpy(line, bytes, *used - 2);
    line[*used - 2] = 0;
    return read_line(line, from) ? SERVE_SAID : SERVE_SAID_WRONG;
}

static enum serve_said second_version(const uint8_t *bytes, size_t len, struct sockaddr_storage *from, size_t *used)
{
    struct sockaddr_in *four = (struct sockaddr_in *)from;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)from;
    size_t body = (size_t)bytes[14] << 8 | bytes[15];

    *used = HEAD_BYTES + body;
    *from = (struct sockaddr_storage){.ss_family = AF_UNSPEC};
    if (bytes[12] >> 4 != 2 || (bytes[12] & 15) > 1 || *used > SERVE_SAID_MOST_BYTES)
        return SERVE_SAID_WRONG;
    if (len < *used)
        return SERVE_SAID_MORE;
    if (!(bytes[12] & 15)) /* LOCAL: the proxy speaks for itself */
        return SERVE_SAID;
    switch (bytes[13]) {
    case 0x11: /* TCP over IPv4 */
        if (body < V4_BYTES)
            return SERVE_SAID_WRONG;
        four->sin_family = AF_INET;
        memcpy(&four->sin_addr, bytes + HEAD_BYTES, 4);
        memcpy(&four->sin_port, bytes + HEAD_BYTES + 8, 2);
        return SERVE_SAID;
    case 0x21: /* TCP over IPv6 */
        if (body < V6_BYTES)
            return SERVE_SAID_WRONG;
        six->sin6_family = AF_INET6;
        memcpy(&six->sin6_addr, bytes + HEAD_BYTES, 16);
        memcpy(&six->sin6_port, bytes + HEAD_BYTES + 32, 2);
        return SERVE_SAID;
    case 0x00: /* not said */
    case 0x31: /* a Unix socket */
        return SERVE_SAID;
    default:
        return SERVE_SAID_WRONG;
    }
}

enum serve_said serve_said_proxy(const uint8_t *bytes, size_t len, struct sockaddr_storage *from, size_t *used)
{
    size_t known = len < sizeof second ? len : sizeof second;

    *used = 0;
    if (!len)
        return SERVE_SAID_MORE;
    if (memcmp(bytes, second, known))
        return first_version(bytes, len, from, used);
    return len < HEAD_BYTES ? SERVE_SAID_MORE : second_version(bytes, len, from, used);
}

/* ---- Forwarded ---- */

/* An address as RFC 7239, 6 writes it: 192.0.2.43, 192.0.2.43:47011, [2001:db8::1], [2001:db8::1]:4711. */
static bool node_of(char *text, struct sockaddr_storage *from)
{
    char *port;
    int family = AF_INET;

    if (*text == '[') {
        char *close = strchr(text, ']');

        if (!close || (close[1] && close[1] != ':'))
            return false;
        family = AF_INET6;
        port = close[1] ? close + 2 : NULL;
        *close = 0;
        text++;
    } else {
        port = strchr(text, ':');
        if (port)
            *port++ = 0;
    }
    return address_of(family, text, port ? port : "0", from);
}

static char *trimmed(char *text)
{
    text += strspn(text, " \t");
    size_t len = strlen(text);

    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
        len--;
    text[len] = 0;
    return text;
}

bool serve_said_forwarded(const char *header, struct sockaddr_storage *from)
{
    const char *last = strrchr(header, ','); /* no address has a comma in it, quoted or not */
    char text[256], *rest = NULL;

    last = last ? last + 1 : header;
    if (strlen(last) >= sizeof text)
        return false;
    strcpy(text, last);
    for (char *pair = strtok_r(text, ";", &rest); pair; pair = strtok_r(NULL, ";", &rest)) {
        char *value;

        pair = trimmed(pair);
        if (strncasecmp(pair, "for=", 4))
            continue;
        value = pair + 4;
        size_t len = strlen(value);
        if (len >= 2 && *value == '"' && value[len - 1] == '"') {
            value[len - 1] = 0;
            value++;
        }
        return node_of(value, from);
    }
    return false;
}

/* ---- the head of a request ---- */

struct head {
    unsigned hosts, ambiguous;
    char forwarded[256]; /* of the last line that has it */
    bool too_long;       /* that line */
};

/* What stands behind `name:`; NULL: it is another header's line. */
static const char *value_of(const char *line, size_t len, const char *name)
{
    size_t name_len = strlen(name);

    return len > name_len && line[name_len] == ':' && !strncasecmp(line, name, name_len) ? line + name_len + 1 : NULL;
}

static void take_line(struct head *head, const char *line, size_t len)
{
    const char *length = value_of(line, len, "Content-Length"), *value = value_of(line, len, "Forwarded");

    head->hosts += value_of(line, len, "Host") != NULL;
    head->ambiguous += *line == ' ' || *line == '\t' || memchr(line, 0, len) ||
                       value_of(line, len, "Transfer-Encoding") ||
                       (length && length + strspn(length, " \t0") != line + len);
    if (!value)
        return;
    size_t value_len = (size_t)(line + len - value);
    head->too_long = value_len >= sizeof head->forwarded;
    /* what a stranger wrote stands in front, so a long line keeps its end */
    size_t kept = head->too_long ? sizeof head->forwarded - 1 : value_len;
    memcpy(head->forwarded, line + len - kept, kept);
    head->forwarded[kept] = 0;
}

/* Up to the empty line; a line may end without CR, as libwebsockets takes it. */
static enum serve_said take_head(struct head *head, const char *text, size_t len)
{
    const char *at = text, *end = text + len;

    for (const char *next; (next = memchr(at, '\n', (size_t)(end - at))); at = next + 1) {
        size_t line = (size_t)(next - at);

        line -= line && at[line - 1] == '\r';
        if (!line && at != text)
            return head->hosts > 1 || head->ambiguous ? SERVE_SAID_WRONG : SERVE_SAID;
        if (at != text)
            take_line(head, at, line);
    }
    return SERVE_SAID_MORE;
}

enum serve_said serve_said_request(const uint8_t *bytes, size_t len, struct sockaddr_storage *from, size_t *used)
{
    struct head head = {0};

    *used = 0;
    *from = (struct sockaddr_storage){.ss_family = AF_UNSPEC};
    enum serve_said said = take_head(&head, (const char *)bytes, len);
    if (said == SERVE_SAID && *head.forwarded && (!head.too_long || strchr(head.forwarded, ',')) &&
        !serve_said_forwarded(head.forwarded, from))
        *from = (struct sockaddr_storage){.ss_family = AF_UNSPEC};
    return said;
}
