/* SPDX-License-Identifier: Apache-2.0 */
/* tests/network/bulk.h - a download over the customer's line: one TCP connection (CUBIC) that takes what it can get. */
#ifndef TESTS_NETWORK_BULK_H
#define TESTS_NETWORK_BULK_H

#include "tests/network/net.h"

struct net_bulk {
    pid_t server, reader;    /* in the relay's machine, in the customer's; 0: not there */
    volatile uint64_t *read; /* bytes that arrived, shared with the reader */
};

/** Once the net is up. False: it could not be started; net_bulk_end() all the same. */
bool net_bulk_start(struct net_bulk *bulk);
void net_bulk_end(struct net_bulk *bulk);

#endif
