/* SPDX-License-Identifier: Apache-2.0 */
/* client/state/linux_inside.h - what the files of the linux source share; nobody else includes it. */
#ifndef CLIENT_STATE_LINUX_INSIDE_H
#define CLIENT_STATE_LINUX_INSIDE_H

#include "client/state/source.h"

enum { LINUX_FILE_BYTES = 16384, LINUX_PATH_BYTES = 512, LINUX_ITEMS_MAX = 32, LINUX_SEEN_MAX = 4 * LINUX_ITEMS_MAX };
#define LINUX_MOST 1e12 /* no load, no uptime and no memory is as large */

struct nl_sock;
/* The devices of one round. */
struct linux_seen {
    char id[LINUX_SEEN_MAX][CLIENT_STATE_ID_BYTES];
    size_t count;
};
struct client_state_linux {
    struct client_state_source source; /* first */
    char root[LINUX_PATH_BYTES / 2];
    struct client_state_model *model; /* borrowed, during poll */
    int64_t unix_ms;
    char gateway[64];     /* "" for none; fe80::1%eth0 in a home that has IPv6 alone */
    uint64_t busy, ticks; /* of the processors, when they were looked at last */
    struct ifaddrs *own;  /* owned, during poll; NULL: none, or a tree of a test's */
    bool had_router;      /* there was one since this began */
    struct linux_seen now, before;
    /* nl80211; owned, NULL until the first look */
    struct nl_sock *radio;
    int radio_family; /* below 0: this machine has no such thing */
    bool radio_tried;
};

extern const char client_state_linux_seen_by[], client_state_linux_self[];

/** The first bytes of a file below the root as text without its last line feed; false when it cannot be read. */
bool client_state_linux_read_text(const struct client_state_linux *l, const char *path,
                                  char out[static LINUX_FILE_BYTES]);
void client_state_linux_add_device(struct client_state_linux *l, const char *id, const char *parent, const char *kind,
                                   const char *model, const char *firmware);
void client_state_linux_add_text(struct client_state_linux *l, const char *device, const char *name, const char *text);
/** A number below 0 is no reading, unless its unit is dBm. */
void client_state_linux_add_number(struct client_state_linux *l, const char *device, const char *name, double number,
                                   const char *unit);
void client_state_linux_add_truth(struct client_state_linux *l, const char *device, const char *name, bool truth);

/**
 * What the interface is called in front of others: "enx" and "wlx" names hold the whole MAC address, so the maker's
 * half and the number of the interface stand for it.
 */
void client_state_linux_interface_name(const struct client_state_linux *l, const char *name, char out[static 32]);
/** A number from 0 to `most` at the beginning of `text`; -1 when there is none. Kernel files know no locale's comma. */
double client_state_linux_read_number(const char *text, double most);
/** linux_machine.c: what it is, how long it runs, how busy and how full it is. */
void client_state_linux_machine(struct client_state_linux *l);
/** linux_net.c: the way out, by IPv4 or else by IPv6, into `gateway`. False: this kernel does not say. */
bool client_state_linux_way_out(struct client_state_linux *l);
/** What is told of it: the address of an IPv6 router may hold its MAC. */
const char *client_state_linux_gateway_told(const struct client_state_linux *l);
/** The addresses of one interface of this machine. */
void client_state_linux_addresses(struct client_state_linux *l, const char *name, const char *id);
/** The router and the neighbours, from the kernel's table of addresses. */
void client_state_linux_neighbours(struct client_state_linux *l);
/** linux_wifi.c: what the radios say by nl80211: signal, channel, rate, network. */
void client_state_linux_wifi(struct client_state_linux *l);
void client_state_linux_wifi_end(struct client_state_linux *l);

/* One interface's link as nl80211 tells it; zero or false: not told. */
struct client_state_radio {
    int ifindex;
    char ssid[33];
    uint32_t mhz;
    bool linked;
    int signal_dbm;
    double rate_mbit;
};
struct nlmsghdr;
/** Reads one NL80211_CMD_NEW_INTERFACE or NEW_STATION message into `out`; false when it is neither. Pure. */
bool client_state_linux_radio_read(struct nlmsghdr *message, struct client_state_radio *out);
/** IEEE 802.11-2020 table 9: 2412 MHz is channel 1, 5180 is 36, 5955 is 1 of the 6 GHz band. 0: none. */
unsigned client_state_linux_channel(uint32_t mhz);

#endif
