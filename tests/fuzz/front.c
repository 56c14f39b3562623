/* SPDX-License-Identifier: Apache-2.0 */
/* What a proxy in front of a relay says of the one behind it: a header before TLS, and Forwarded. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "relay/serve/said.h"
#include "tests/fuzz/targets.h"

/* The first byte chooses the reader. */
static bool feed_said(const uint8_t *bytes, size_t len)
{
    struct sockaddr_storage from, again;
    size_t used, used_again;

    if (!len)
        return false;
    uint8_t *exact = fuzz_exact(bytes + 1, len - 1);
    bool accepted;
    if (bytes[0] & 1) {
        char *text = calloc(1, len);
        memcpy(text, bytes + 1, len - 1);
        accepted = serve_said_forwarded(text, &from);
        FUZZ_HOLDS(!accepted || from.ss_family == AF_INET || from.ss_family == AF_INET6);
        free(text);
    } else if (bytes[0] & 2) {
        accepted = serve_said_request(exact, len - 1, &from, &used) == SERVE_SAID;
        FUZZ_HOLDS(!accepted ||
                   (!used && (from.ss_family == AF_UNSPEC || from.ss_family == AF_INET || from.ss_family == AF_INET6)));
    } else {
        accepted = serve_said_proxy(exact, len - 1, &from, &used) == SERVE_SAID;
        FUZZ_HOLDS(!accepted || (used <= len - 1 && used <= SERVE_SAID_MOST_BYTES));
        /* What follows the header is none of its business. */
        FUZZ_HOLDS(!accepted || serve_said_proxy(exact, used, &again, &used_again) == SERVE_SAID);
        FUZZ_HOLDS(!accepted || (used == used_again && from.ss_family == again.ss_family));
    }
    free(exact);
    return accepted;
}

static void seed_said(struct fuzz_seeds *seeds)
{
    static const char first[] = "PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n\x16\x03\x01";
    static const char six[] = "PROXY TCP6 2001:db8::1 2001:db8::2 65535 443\r\n";
    static const char second[] =
        "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\xc6\x33\x64\x01\xdc\x04\x01\xbb\x16\x03\x01";
    static const char local[] = "\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00";
    static const char forwarded[] = "for=10.0.0.1, For=\"[2001:db8:cafe::17]:4711\";proto=https";

    fuzz_seed_add_as(seeds, "proxy-1", 0, first, sizeof first - 1);
    fuzz_seed_add_as(seeds, "proxy-1-six", 0, six, sizeof six - 1);
    fuzz_seed_add_as(seeds, "proxy-2", 0, second, sizeof second - 1);
    fuzz_seed_add_as(seeds, "proxy-2-local", 0, local, sizeof local - 1);
    static const char request[] = "GET /s HTTP/1.1\r\nHost: x\r\nForwarded: for=10.0.0.1\r\n"
                                  "Forwarded: for=\"[2001:db8::1]\"\r\nContent-Length: 0\r\n\r\n";

    fuzz_seed_add_as(seeds, "request", 2, request, sizeof request - 1);
    fuzz_seed_add_as(seeds, "forwarded", 1, forwarded, sizeof forwarded - 1);
}

const struct fuzz_target fuzz_said = {"said", 1024, feed_said, seed_said, 0};
