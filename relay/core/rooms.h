/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/rooms.h - one session: its room, seats, nameplate and row. */
#ifndef RELAY_CORE_ROOMS_H
#define RELAY_CORE_ROOMS_H

#include "relay/core/state.h"

/* ---- room.c, seat.c, nameplate.c ---- */

struct relay_room *relay_room_find(const struct relay_core *core, const uint8_t sid[static PROTO_SID_BYTES]);
struct relay_room *relay_room_find_nameplate(const struct relay_core *core, const char *nameplate);
/** A room with its tables and tally; NULL: out of memory. */
struct relay_room *relay_room_new(struct relay_core *core, const uint8_t sid[static PROTO_SID_BYTES],
                                  const uint8_t fingerprint[static 32]);
/** It has its customer, or is over: it counts no more among the invitations of its member of staff. */
void relay_room_waits_no_more(struct relay_room *room);
void relay_room_free(struct relay_core *core, struct relay_room *room, struct proto_now now);
/** Sets the timer of the room to what is due first. */
void relay_room_schedule(struct relay_core *core, struct relay_room *room);
void relay_room_due(struct relay_core *core, struct relay_room *room, struct proto_now now);
int64_t relay_room_grace_ms(const struct relay_core *core);
/** Ended to everybody, seats free, gates closed, event `ended`; the room goes when that is durable. */
void relay_room_end(struct relay_core *core, struct relay_room *room, enum proto_end reason, uint8_t by,
                    struct proto_now now);
/** Logs the `ended` that is still owed. */
void relay_room_owe_end(struct relay_core *core, struct relay_room *room, struct proto_now now);
/** A customer who leaves before the agent confirmed them: the session goes on waiting. */
void relay_room_dismiss_customer(struct relay_core *core, struct relay_room *room, enum proto_end reason,
                                 struct proto_now now);
/** A customer whom the agent has not confirmed in time: the seat is free, and their token worth nothing. */
void relay_room_unseat_customer(struct relay_core *core, struct relay_room *room, struct proto_now now);
/** Both ends named the same key for the customer: from now on gates may open. */
void relay_room_match_keys(struct relay_core *core, struct relay_room *room, struct proto_now now);

void relay_nameplate_draw(struct relay_core *core, struct relay_room *room); /* none is left: the row has none */
void relay_nameplate_set(struct relay_core *core, struct relay_room *room, const char *nameplate);
void relay_nameplate_free(struct relay_core *core, struct relay_room *room);

/** `peer` takes the seat; one that sat there is closed. Tells the other seat. */
void relay_seat_take(struct relay_core *core, struct relay_room *room, uint8_t index, struct relay_peer *peer,
                     struct proto_now now);
/** The connection of the seat is gone: gates close, the other end is told. */
void relay_seat_lose(struct relay_core *core, struct relay_room *room, uint8_t index, struct proto_now now);
/** May the log get so many bytes because of this seat, by its own measure and by that of the member of staff whose
 * session it is? They are kept for years: who means to fill the disk needs years, too. */
bool relay_seat_may_note(struct relay_core *core, struct relay_room *room, uint8_t index, size_t bytes,
                         struct proto_now now);
/** Tells the other seat who is there. */
void relay_seat_announce(struct relay_core *core, struct relay_room *room, uint8_t index, struct proto_now now);
/** Event `lost`, if the log has the seat as present. */
void relay_seat_note_lost(struct relay_core *core, struct relay_room *room, uint8_t index, const char *cause,
                          struct proto_now now);
void relay_seat_token(const struct relay_core *core, const uint8_t sid[static PROTO_SID_BYTES], uint8_t index,
                      uint32_t generation, uint8_t token[static PROTO_TOKEN_BYTES]);
/** In constant time. */
bool relay_seat_token_fits(const struct relay_core *core, const uint8_t sid[static PROTO_SID_BYTES], uint8_t index,
                           uint32_t generation, const uint8_t token[static PROTO_TOKEN_BYTES]);
/** Which seat a token belongs to; NULL: none. */
struct relay_room *relay_seat_of_token(const struct relay_core *core, const uint8_t token[static PROTO_TOKEN_BYTES],
                                       uint8_t *index);
static inline uint8_t relay_seat_other(uint8_t index)
{
    return index == PROTO_INDEX_CUSTOMER ? PROTO_INDEX_AGENT : PROTO_INDEX_CUSTOMER;
}

/** Welcome for a seat (or for staff without one: room NULL). */
void relay_welcome(struct relay_core *core, struct relay_peer *peer, bool returned, struct proto_now now);

/* What a row keeps beside its columns, in relay_store_session.secret: row.c. */
size_t relay_row_pack(const struct relay_room *room, uint8_t out[static RELAY_STORE_SECRET_MAX]);
/** Into a room whose row is set, with the gates that were open when it was saved, for the log's sake alone. FORMAT,
 * NOMEM. */
PROTO_MUST_USE enum proto_err relay_row_unpack(struct relay_room *room, struct proto_now now);

/* ---- over.c: sessions and invitations that ended ---- */

/** Called once for a room, when it ends. */
void relay_over_note(struct relay_core *core, const struct relay_room *room, enum proto_end reason, uint8_t by);
/** Whoever was away when it ended comes with the token of a seat, and hears why; then the connection closes. false:
 * there is no such token. */
bool relay_over_tell(struct relay_core *core, struct relay_peer *peer, const uint8_t token[static PROTO_TOKEN_BYTES],
                     struct proto_now now);
void relay_over_clear(struct relay_core *core);
/** The last message of a session that ended; `stopped`: an officer's reason; NULL: nobody stopped it. */
void relay_over_say(struct relay_core *core, struct relay_peer *peer, enum proto_end reason, uint8_t by,
                    const char *stopped, struct proto_now now);
/** Why this link leads nowhere: BURNT, it was used; EXPIRED; NOT_FOUND, anything else. Who knows a sid had the link, so
 * strangers learn nothing; a nameplate comes again, and has no such answer. */
enum proto_err relay_over_find(const struct relay_core *core, const uint8_t sid[static PROTO_SID_BYTES]);

#endif
