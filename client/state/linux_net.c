/* SPDX-License-Identifier: Apache-2.0 */
/* The neighbourhood as the kernel's table of addresses knows it: the router first, then whoever was spoken with. */
#include <stdio.h>
#include <string.h>

#include "client/state/linux_inside.h"

#define COMPLETE 0x2 /* ATF_COM, linux/if_arp.h: somebody answered */

static unsigned last_number(const char *address)
{
    const char *dot = strrchr(address, '.');
    unsigned number = 0;

    return dot && sscanf(dot + 1, "%3u", &number) == 1 ? number : 0;
}

static void add_router(struct client_state_linux *l, const char *mac, bool answers)
{
    client_state_linux_add_device(l, "router", "", "router", "", "");
    client_state_linux_add_text(l, "router", "gateway", l->gateway[0] ? l->gateway : "none");
    l->had_router = true;
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
