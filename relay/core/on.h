/* SPDX-License-Identifier: Apache-2.0 */
/* relay/core/on.h - one file for each message from an end, on_*.c and a few beside them; the table is in core.c. */
#ifndef RELAY_CORE_ON_H
#define RELAY_CORE_ON_H

#include "relay/core/state.h"

enum proto_err relay_on_hello(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_open(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_session_key(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_gate(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_consistency_ask(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_leave(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_move_answer(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_erasure_ask(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_officer_act(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_log_read(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_kept_ask(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_kept_add(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
/** A task of kind KEPT is durable, or failed: whoever asked is told. */
void relay_kept_done(struct relay_core *core, const struct relay_task *task, const struct relay_result *result,
                     struct proto_now now);
enum proto_err relay_on_renew_ask(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_renew_read(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_renew_give(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_log_add(struct relay_core *core, struct relay_peer *peer, struct proto_now now);
enum proto_err relay_on_sealed(struct relay_core *core, struct relay_peer *peer, const struct proto_envelope *envelope,
                               const uint8_t *message, size_t len, struct proto_now now);
enum proto_err relay_on_media(struct relay_core *core, struct relay_peer *peer, const uint8_t *message, size_t len,
                              struct proto_now now);
/** The result of the job that made the session. */
void relay_room_opened(struct relay_core *core, struct relay_room *room, enum proto_err err, struct proto_now now);

#endif
