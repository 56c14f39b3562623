/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/state/lookup.h - whether a name is found, without waiting: a library that looks a name up by itself is called
 * only once that is known, so a home without name servers holds nobody up.
 */
#ifndef CLIENT_STATE_LOOKUP_H
#define CLIENT_STATE_LOOKUP_H

struct client_state_lookup;

enum client_state_found { CLIENT_STATE_LOOKING, CLIENT_STATE_FOUND, CLIENT_STATE_NOT_FOUND };

/** Begins. NULL: no memory. */
struct client_state_lookup *client_state_lookup_new(const char *host);
enum client_state_found client_state_lookup_ask(struct client_state_lookup *lookup);
/** Lets go of it, also while it looks: the resolver's thread ends it. NULL is fine. */
void client_state_lookup_free(struct client_state_lookup *lookup);

#endif
