/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/serve/networks.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { V4_BITS = 32, V6_BITS = 128, MAPPED_BITS = V6_BITS - V4_BITS };

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}; /* RFC 4291, 2.5.5.2 */

static bool bits_of(const char *text, unsigned most, unsigned *out)
{
    if (!text) {
        *out = most;
        return true;
    }
    if (!*text || strlen(text) > 3 || strspn(text, "0123456789") != strlen(text))
        return false;
    *out = (unsigned)atoi(text);
    return *out <= most;
}

static bool parse(const char *text, struct serve_network *out)
{
    char address[INET6_ADDRSTRLEN];
    const char *slash = strchr(text, '/');
    size_t len = slash ? (size_t)(slash - text) : strlen(text);

    if (len >= sizeof address)
        return false;
    memcpy(address, text, len);
    address[len] = 0;
    if (inet_pton(AF_INET6, address, out->address) == 1)
        return bits_of(slash ? slash + 1 : NULL, V6_BITS, &out->bits);
    memcpy(out->address, mapped, sizeof mapped);
    if (inet_pton(AF_INET, address, out->address + sizeof mapped) != 1 ||
        !bits_of(slash ? slash + 1 : NULL, V4_BITS, &out->bits))
        return false;
    out->bits += MAPPED_BITS;
    return true;
}

bool serve_networks_add(struct serve_networks *networks, const char *text)
{
    if (!strcmp(text, "unix")) {
        networks->local = true;
        return true;
    }
    if (networks->count == SERVE_NETWORKS_MAX || !parse(text, &networks->items[networks->count]))
        return false;
    networks->count++;
    return true;
}

static bool within(const struct serve_network *network, const uint8_t address[static 16])
{
    unsigned whole = network->bits / 8, rest = network->bits % 8;

    return !memcmp(network->address, address, whole) &&
           (!rest || !((network->address[whole] ^ address[whole]) & (0xff00 >> rest & 0xff)));
}

bool serve_networks_have_everybody(const struct serve_networks *networks)
{
    for (size_t i = 0; i < networks->count; i++)
        if (!networks->items[i].bits ||
            (networks->items[i].bits == MAPPED_BITS && !memcmp(networks->items[i].address, mapped, sizeof mapped)))
            return true;
    return false;
}

bool serve_networks_have(const struct serve_networks *networks, const struct sockaddr_storage *address)
{
    uint8_t bytes[16];

    if (address->ss_family == AF_UNIX)
        return networks->local;
    if (address->ss_family == AF_INET6) {
        memcpy(bytes, &((const struct sockaddr_in6 *)address)->sin6_addr, sizeof bytes);
    } else {
        memcpy(bytes, mapped, sizeof mapped);
        memcpy(bytes + sizeof mapped, &((const struct sockaddr_in *)address)->sin_addr, 4);
    }
    for (size_t i = 0; i < networks->count; i++)
        if (within(&networks->items[i], bytes))
            return true;
    return false;
}
