/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/checks/chain.h - from many results to one sentence: which link of the chain is broken. Pure.
 *
 * Phone - Wi-Fi - router - internet - cloud - product: each can only be reached by way of those before it, so the first
 * link with a failed check is the one to mend, and failures behind it prove nothing. Without a failure the first link
 * with a warning is the weak one.
 */
#ifndef CLIENT_CHECKS_CHAIN_H
#define CLIENT_CHECKS_CHAIN_H

#include "client/checks/checks.h"

/** Fills the result of the check "chain" out of the `count` results of its parts. */
void client_check_chain(const struct client_check_result *results, size_t count, struct client_check_result *out);

#endif
