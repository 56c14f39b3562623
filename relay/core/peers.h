/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/peers.h - one connection. */
#ifndef RELAY_CORE_PEERS_H
#define RELAY_CORE_PEERS_H

#include "relay/core/state.h"

/** Sends core->out. A peer that cannot take it is closed as BUSY. */
void relay_peer_send(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
/** The other half of send: whole messages of other kinds. False: the peer was closed as BUSY. */
bool relay_peer_put(struct relay_core *core, struct relay_peer *peer, const uint8_t *message, size_t len,
                    struct proto_now now);
/** An Error that does not end anything. */
void relay_peer_tell(struct relay_core *core, struct relay_peer *peer, struct proto_now now, enum proto_err err,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));
/** An Error, and the end of this connection; its seat counts as lost. Returns `err`. No format: the rule and the way
 * out. */
enum proto_err relay_peer_refuse(struct relay_core *core, struct relay_peer *peer, struct proto_now now,
                                 enum proto_err err, bool fatal, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/** Its end, because more waits for it than this bound allows. */
void relay_peer_too_slow(struct relay_core *core, struct relay_peer *peer, enum relay_bound bound,
                         struct proto_now now);
/** Is there hardly room for another message among all that waits? */
bool relay_peers_are_crowded(const struct relay_core *core);
/** Then there is, at the cost of the longest queues. Any peer may be closing afterwards. */
void relay_peers_make_room(struct relay_core *core, struct proto_now now);
/** No more of it: what waits leaves, then the connection closes. Its seat is left already. */
void relay_peer_finish(struct relay_core *core, struct relay_peer *peer, enum proto_err why, struct proto_now now);
void relay_peer_wake(struct relay_core *core, struct relay_peer *peer);
void relay_peer_unwake(struct relay_core *core, struct relay_peer *peer);
void relay_peer_due(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
/** Counts that a bound was reached, and says by whom; connection 0: by nobody who is connected. */
void relay_reached(struct relay_core *core, uint32_t connection, enum relay_bound bound);
struct relay_peer *relay_peer_find(const struct relay_core *core, uint32_t connection);
void relay_peer_free(struct relay_core *core, struct relay_peer *peer, struct proto_now now);

#endif
