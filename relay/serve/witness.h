/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/serve/witness.h - others who see the log grow: each new checkpoint goes to the witnesses of relay.ini (C2SP
 * tlog-witness, add-checkpoint, as a client), and their cosignatures come back under it.
 *
 * A thread for each, with a handle of its own on the store: a witness that is slow or gone delays nobody. What it is
 * asked for is always the newest checkpoint, at most once in WITNESS_REST_MS; a failure is said once and tried again
 * with growing pauses. A line counts only when it verifies under the key of relay.ini. The log moves on while a witness
 * answers, so the newest checkpoint that has a cosignature is kept here, and is what others are served for a while.
 *
 * A witness also knows what this relay may have forgotten: whoever puts a whole folder of yesterday back, data and
 * relay/checkpoint together, leaves nothing else here that tells. One that has seen more entries of this log, or other
 * ones, ends the relay, for what it would sign now is a second history. Its word is not signed; it counts because the
 * operator named it, and that line of relay.ini is what takes it back.
 */
#ifndef RELAY_SERVE_WITNESS_H
#define RELAY_SERVE_WITNESS_H

#include "relay/serve/serve.h"

struct serve_witnesses;
enum { SERVE_WITNESS_START_MS = 3000 };

/** Are their keys and the file of roots what they should be? false: the report says which is not. */
bool serve_witnesses_fit(const struct serve_config *config, struct serve_report *report);
/** Starts a thread for each witness of the settings. False: an error is in the report. *out is NULL without any. */
bool serve_witnesses_new(struct serve_witnesses **out, struct serve *serve, struct serve_report *report);
void serve_witnesses_free(struct serve_witnesses *all); /* NULL is fine; ends what is under way */
/**
 * Before anybody is served: each is shown the newest checkpoint, and an answer is waited for, no longer than
 * SERVE_WITNESS_START_MS. False: one of them has seen another log, or said so at another start and has not answered
 * (doubt.h); the report says so.
 */
bool serve_witnesses_agree(struct serve *serve, struct serve_report *report);
/** The same of answers that came later: true when the relay must end. It was said. NULL is fine. */
bool serve_witnesses_object(struct serve_witnesses *all);
/** The log may have grown. Cheap; NULL is fine. */
void serve_witnesses_poke(struct serve_witnesses *all);
/**
 * The newest checkpoint with cosignatures, unless it is older than people should be shown while there is a newer one.
 * False: there is none. Any thread; NULL is fine.
 */
bool serve_witnesses_checkpoint(struct serve_witnesses *all, char note[static PROTO_LOG_CHECKPOINT_MAX]);

struct serve_witness_figures {
    uint64_t cosigned, failed; /* answers with a cosignature that verified; all others */
    uint64_t size;             /* of the newest checkpoint that has one */
};
void serve_witnesses_figures(struct serve_witnesses *all, struct serve_witness_figures *out);

#endif
