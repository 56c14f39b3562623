/* SPDX-License-Identifier: Apache-2.0 */
/* What became of the invitations that ended last, for who comes with one of their links. */
#include <string.h>

#include "relay/core/rooms.h"
#include "relay/core/state.h"

void relay_over_note(struct relay_core *core, const struct relay_room *room, enum proto_end reason)
{
    enum proto_err err = room->authenticated           ? PROTO_ERR_BURNT
                         : reason == PROTO_END_EXPIRED ? PROTO_ERR_EXPIRED
                                                       : PROTO_OK;

    if (!err)
        return; /* it was taken back: there is none any more */
    struct relay_over *over = &core->over[core->over_next++ % RELAY_OVER];
    memcpy(over->sid, room->row.sid, sizeof over->sid);
    over->err = (uint8_t)err;
}

enum proto_err relay_over_find(const struct relay_core *core, const uint8_t sid[static PROTO_SID_BYTES])
{
    for (size_t i = 0; i < RELAY_OVER && i < core->over_next; i++)
        if (memcmp(core->over[i].sid, sid, PROTO_SID_BYTES) == 0)
            return (enum proto_err)core->over[i].err;
    return PROTO_ERR_NOT_FOUND;
}
