/* SPDX-License-Identifier: Apache-2.0 */
/* The neighbourhood as the kernel's table of addresses knows it: the router first, then whoever was spoken with. */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "client/state/linux_inside.h"

#define COMPLETE 0x2 /* ATF_COM, linux/if_arp.h: somebody answered */

/* ---- the way out ---- */

/* The default route of /proc/net/route; its numbers are hexadecimal in the machine's byte order. */
static bool way_out_four(struct client_state_linux *l, char *text)
{
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char name[32];
        unsigned destination, gateway;

        if (sscanf(line, "%31s %8x %8x", name, &destination, &gateway) != 3 || destination || !gateway)
            continue;
        return inet_ntop(AF_INET, &gateway, l->gateway, sizeof l->gateway) != NULL;
    }
    return false;
}

static bool from_hex(const char hex[static 33], struct in6_addr *out)
{
    for (int i = 0; i < 16; i++)
        if (sscanf(hex + 2 * i, "%2hhx", &out->s6_addr[i]) != 1)
            return false;
    return hex[32] == '\0';
}

/* /proc/net/ipv6_route: destination, its length, source, its length, next hop, metric, two counts, flags, interface. */
static bool way_out_six(struct client_state_linux *l, char *text)
{
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char to[33], by[33], name[IF_NAMESIZE], figures[INET6_ADDRSTRLEN];
        struct in6_addr destination, hop;
        unsigned bits;

        if (sscanf(line, "%32s %2x %*32s %*2x %32s %*8x %*8x %*8x %*8x %15s", to, &bits, by, name) != 4 || bits ||
            !from_hex(to, &destination) || !from_hex(by, &hop) || !IN6_IS_ADDR_UNSPECIFIED(&destination) ||
            IN6_IS_ADDR_UNSPECIFIED(&hop) || !inet_ntop(AF_INET6, &hop, figures, sizeof figures))
            continue;
        return snprintf(l->gateway, sizeof l->gateway, IN6_IS_ADDR_LINKLOCAL(&hop) ? "%s%%%s" : "%s", figures, name) <
               (int)sizeof l->gateway;
    }
    return false;
}

bool client_state_linux_way_out(struct client_state_linux *l)
{
    char text[LINUX_FILE_BYTES];
    bool four = client_state_linux_read_text(l, "/proc/net/route", text), six;

    if (four && way_out_four(l, text))
        return true;
    six = client_state_linux_read_text(l, "/proc/net/ipv6_route", text);
    if (!six || !way_out_six(l, text))
        l->gateway[0] = '\0';
    return four || six;
}

static bool is_six(const struct client_state_linux *l)
{
    return strchr(l->gateway, ':') != NULL;
}

const char *client_state_linux_gateway_told(const struct client_state_linux *l)
{
    return !l->gateway[0] ? "none" : is_six(l) ? "by IPv6 alone" : l->gateway;
}

/* ---- this machine's own addresses ---- */

void client_state_linux_addresses(struct client_state_linux *l, const char *name, const char *id)
{
    char told[CLIENT_STATE_TEXT_BYTES] = "", figures[INET6_ADDRSTRLEN];

    for (const struct ifaddrs *at = l->own; at; at = at->ifa_next) {
        const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)at->ifa_addr;
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)at->ifa_addr;
        size_t used = strlen(told);
        const void *from;

        if (!at->ifa_addr || strcmp(at->ifa_name, name) != 0)
            continue;
        from = four->sin_family == AF_INET                                               ? (const void *)&four->sin_addr
               : six->sin6_family == AF_INET6 && !IN6_IS_ADDR_LINKLOCAL(&six->sin6_addr) ? (const void *)&six->sin6_addr
                                                                                         : NULL;
        if (from && inet_ntop(at->ifa_addr->sa_family, from, figures, sizeof figures) &&
            used + strlen(figures) + 2 < sizeof told)
            snprintf(told + used, sizeof told - used, "%s%s", used ? " " : "", figures);
    }
    if (l->own)
        client_state_linux_add_text(l, id, "ip_address", told[0] ? told : "none");
}

/* ---- who is near ---- */

static unsigned last_number(const char *address)
{
    const char *dot = strrchr(address, '.');
    unsigned number = 0;

    return dot && sscanf(dot + 1, "%3u", &number) == 1 ? number : 0;
}

static void add_router(struct client_state_linux *l, const char *mac, bool answers)
{
    client_state_linux_add_device(l, "router", "", "router", "", "");
    client_state_linux_add_text(l, "router", "gateway", client_state_linux_gateway_told(l));
    l->had_router = true;
    if (is_six(l))
        return; /* who answers is in another table: the check of the gateway asks it */
    client_state_linux_add_truth(l, "router", "connectivity", answers);
    if (answers)
        client_state_linux_add_text(l, "router", "mac_address", mac);
}

/* The id has the interface and the last number of the address: enough to find it at home, no more. */
static void add_neighbour(struct client_state_linux *l, const char *address, const char *mac, const char *interface)
{
    char id[CLIENT_STATE_ID_BYTES], shown[32];

    client_state_linux_interface_name(l, interface, shown);
    snprintf(id, sizeof id, "neighbour/%.15s-%u", shown, last_number(address));
    client_state_linux_add_device(l, id, l->had_router ? "router" : "", "network_neighbour", "", "");
    client_state_linux_add_text(l, id, "ip_address", address);
    client_state_linux_add_text(l, id, "mac_address", mac);
}

void client_state_linux_neighbours(struct client_state_linux *l)
{
    char text[LINUX_FILE_BYTES], *rest = NULL;
    unsigned count = 0;
    bool router = false;

    if (!client_state_linux_read_text(l, "/proc/net/arp", text))
        return;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char address[64], mac[64], interface[32];
        unsigned flags;

        if (sscanf(line, "%63s %*s 0x%x %63s %*s %31s", address, &flags, mac, interface) != 4)
            continue;
        if (l->gateway[0] && !strcmp(address, l->gateway)) {
            router = true;
            add_router(l, mac, flags & COMPLETE);
        } else if ((flags & COMPLETE) && count < LINUX_ITEMS_MAX) {
            count++;
            add_neighbour(l, address, mac, interface);
        }
    }
    if (!router && (l->gateway[0] || l->had_router)) /* the way out was lost: that is what the agent looks for */
        add_router(l, "", false);
    client_state_linux_add_number(l, client_state_linux_self, "neighbours", count, "");
}
