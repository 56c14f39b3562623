/* SPDX-License-Identifier: Apache-2.0 */
/* SessionKey: the agent says which key the customer proved to have. Gates need both to say the same. */
#include <sodium.h>
#include <string.h>

#include "relay/core/on.h"
#include "relay/core/peers.h"
#include "relay/core/rooms.h"
#include "relay/core/state.h"

enum proto_err relay_on_session_key(struct relay_core *core, struct relay_peer *peer, struct proto_now now)
{
    const uint8_t *key = core->in.to_relay.body.session_key.session_key;
    struct relay_room *room = peer->room;

    if (peer->index != PROTO_INDEX_AGENT)
        return PROTO_ERR_STATE;
    if (room->authenticated) {
        if (sodium_memcmp(room->row.cs_pub, key, PROTO_KEY_BYTES) != 0)
            relay_peer_tell(core, peer, now, PROTO_ERR_KEY,
                            "this session has another key already, and keeps it; make a new invitation");
        return PROTO_OK;
    }
    memcpy(room->agent_key, key, PROTO_KEY_BYTES);
    room->has_agent_key = true;
    relay_room_match_keys(core, room, now);
    return PROTO_OK;
}
