/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/desk/tape.h - when it is recorded: from the customer's consent to its end, never outside of it.
 *
 * Fed by the desk's listener, by the window and by the program without one alike. It makes a recording (record.h) when
 * the consent `recording` is granted and ends it in the same call in which the consent, or the session, ends; both are
 * noted in the log, the end with size and hash.
 */
#ifndef AGENT_DESK_TAPE_H
#define AGENT_DESK_TAPE_H

#include "agent/desk/desk.h"

struct agent_desk_tape;

struct agent_desk_tape_config {
    struct proto_session *session; /* borrowed */
    struct proto_random random;
    const char *path; /* copied; a second recording of the session gets -2 behind its name, and so on */
    /** It began (`bytes` 0), ended, or failed: `err`, and errno for IO. `path` is of the file. May be NULL. */
    void (*told)(void *context, bool on, enum proto_err err, const char *path, uint64_t bytes);
    void *context;
};

PROTO_MUST_USE enum proto_err agent_desk_tape_new(struct agent_desk_tape **out,
                                                  const struct agent_desk_tape_config *config);
void agent_desk_tape_free(struct agent_desk_tape *tape); /* NULL is fine; ends what still runs, without a note */

/** Each event, frame and 20 ms of voice, as the desk tells them. */
void agent_desk_tape_event(struct agent_desk_tape *tape, const struct proto_event *event, struct proto_now now);
void agent_desk_tape_frame(struct agent_desk_tape *tape, const struct agent_desk_frame *frame);
void agent_desk_tape_voice(struct agent_desk_tape *tape, const struct proto_event *event, struct proto_now now);
/** 20 ms of the agent's own voice, spoken at `mono_ms`. */
void agent_desk_tape_my_voice(struct agent_desk_tape *tape, const uint8_t *packet, size_t len, int64_t mono_ms);
/** What this end drew or said. */
void agent_desk_tape_text(struct agent_desk_tape *tape, const char *text, struct proto_now now);
/** Stops it, or goes on under the same consent, as the agent likes. STATE: there is no consent. */
PROTO_MUST_USE enum proto_err agent_desk_tape_run(struct agent_desk_tape *tape, bool on, struct proto_now now);
bool agent_desk_tape_runs(const struct agent_desk_tape *tape);

#endif
