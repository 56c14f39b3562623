/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/state/names.h - which names, units and values a property may have.
 *
 * The names are Home Assistant's device classes and Matter's clusters where one exists; the few of our own are in the
 * same table (marked `ours`), so that one table says what a property called so means and in which unit it is. A
 * product's firmware may use other names: they pass when they have the form of a name, and are shown as they are.
 */
#ifndef CLIENT_STATE_NAMES_H
#define CLIENT_STATE_NAMES_H

#include <stdbool.h>

#include "client/state/source.h"

/*        name               unit     meaning */
#define CLIENT_STATE_NAME_LIST(X)                                                                                      \
    X("battery", "%", "charge that is left")                                                                           \
    X("battery_charging", "", "true while it charges")                                                                 \
    X("connectivity", "", "true while it is connected")                                                                \
    X("firmware", "", "version that runs (ours)")                                                                      \
    X("gateway", "", "address of the router (ours)")                                                                   \
    X("dns_servers", "", "addresses that are asked for names (ours)")                                                  \
    X("ip_address", "", "shortened: the network, not the device (ours)")                                               \
    X("mac_address", "", "shortened to the maker's part (ours)")                                                       \
    X("load", "", "processes that wait or run, mean of a minute (ours)")                                               \
    X("memory_free", "MiB", "memory that programs could still have (ours)")                                            \
    X("disk_free", "%", "of the root file system (ours)")                                                              \
    X("uptime", "s", "Home Assistant: duration")                                                                       \
    X("signal_strength", "dBm", "of the radio")                                                                        \
    X("temperature", "°C", "")                                                                                         \
    X("humidity", "%", "")                                                                                             \
    X("power", "W", "")                                                                                                \
    X("energy", "kWh", "")                                                                                             \
    X("voltage", "V", "")                                                                                              \
    X("problem", "", "true while something is wrong")                                                                  \
    X("update", "", "true when newer firmware is there")

/** 1 to 47 of a-z, 0-9 and _, beginning with a letter. */
bool client_state_name_ok(const char *name);
/** 1 to 63 letters, digits and . _ - : / */
bool client_state_id_ok(const char *id);
/** UTF-8 without control characters. */
bool client_state_text_ok(const char *text);
/** The unit of a known name, NULL for one that is not in the table. */
const char *client_state_unit_of(const char *name);

#endif
