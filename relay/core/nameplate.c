/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/core/rooms.h"
#include "relay/core/state.h"

struct relay_room *relay_room_find_nameplate(const struct relay_core *core, const char *nameplate)
{
    uint64_t hash = relay_table_hash(&core->by_nameplate, nameplate, strlen(nameplate));

    for (struct relay_link *link = relay_table_first(&core->by_nameplate, hash); link; link = relay_table_next(link)) {
        struct relay_room *room = relay_of(link, struct relay_room, by_nameplate);
        if (strcmp(room->row.nameplate, nameplate) == 0)
            return room;
    }
    return NULL;
}

void relay_nameplate_set(struct relay_core *core, struct relay_room *room, const char *nameplate)
{
    if (nameplate != room->row.nameplate)
        snprintf(room->row.nameplate, sizeof room->row.nameplate, "%s", nameplate);
    room->has_nameplate = true;
    relay_table_add(&core->by_nameplate, &room->by_nameplate,
                    relay_table_hash(&core->by_nameplate, nameplate, strlen(nameplate)));
}

void relay_nameplate_free(struct relay_core *core, struct relay_room *room)
{
    if (room->has_nameplate)
        relay_table_remove(&core->by_nameplate, &room->by_nameplate);
    room->has_nameplate = false;
    room->row.nameplate[0] = 0;
    room->code_expires_ms = PROTO_NEVER;
}

/* Short to read aloud while few are in use; at most a third of a length is given away, so drawing ends soon. */
static uint32_t smallest(size_t in_use)
{
    return in_use < 300 ? 100 : in_use < 3000 ? 1000 : 10000;
}

void relay_nameplate_draw(struct relay_core *core, struct relay_room *room)
{
    uint32_t low = smallest(core->by_nameplate.count), span = 9 * low;

    for (int tries = 0; tries < 100; tries++) {
        uint32_t random;
        char text[RELAY_STORE_NAMEPLATE_MAX + 1];

        proto_random_fill(&core->config.random, (uint8_t *)&random, sizeof random);
        snprintf(text, sizeof text, "%u", low + random % span); /* the bias of 2^32 mod 9·10^n is below 10^-4 */
        if (relay_room_find_nameplate(core, text))
            continue;
        relay_nameplate_set(core, room, text);
        return;
    }
}
