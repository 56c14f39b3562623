/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receivers that do not take what is for them. Each queue has its bound, and all of them together have one: near that
 * the longest queue is cut, its pictures or its connection, so that whoever lets much wait keeps out nobody else.
 */
#include "relay/core/peers.h"
#include "relay/core/state.h"

enum { ROOM_BYTES = 2 * PROTO_MAX_MESSAGE_BYTES }; /* for a message that comes in, and what is said because of it */

void relay_peer_too_slow(struct relay_core *core, struct relay_peer *peer, enum relay_bound bound, struct proto_now now)
{
    if (peer->state == RELAY_PEER_CLOSING)
        return;
    relay_reached(core, peer->connection, bound);
    relay_peer_refuse(core, peer, now, PROTO_ERR_BUSY, false,
                      "this connection is too slow: more waits for it than may, and it must not be dropped; come back "
                      "on a better line");
}

struct longest {
    struct relay_peer *peer; /* NULL: nothing waits for anybody */
    size_t bytes;
};

static void compare(void *context, struct relay_link *link)
{
    struct longest *longest = context;
    struct relay_peer *peer = relay_of(link, struct relay_peer, link);
    size_t bytes = relay_queue_bytes(&peer->queue);

    if (peer->state != RELAY_PEER_CLOSING && bytes > longest->bytes)
        *longest = (struct longest){peer, bytes};
}

/* Each look at all of them frees what is most. */
void relay_peers_make_room(struct relay_core *core, struct proto_now now)
{
    struct longest longest;

    do {
        longest = (struct longest){NULL, 0};
        relay_table_each(&core->peers, compare, &longest);
        if (longest.peer && !relay_queue_drop_pictures(&longest.peer->queue, &core->bounds))
            relay_peer_too_slow(core, longest.peer, RELAY_BOUND_queue_bytes_all, now);
    } while (longest.peer && relay_peers_are_crowded(core));
}

bool relay_peers_are_crowded(const struct relay_core *core)
{
    return core->bounds.all_used + ROOM_BYTES > core->bounds.all_bytes;
}
