/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/acts.h - what an officer did, or the relay to itself, as a sentence. These notes are not sealed. */
#ifndef RELAY_AUDIT_ACTS_H
#define RELAY_AUDIT_ACTS_H

#include "relay/audit/organisation.h"
#include "relay/audit/phrases.h"

struct audit_act {
    int64_t unix_s;
    uint8_t sid[RELAY_STORE_SID_BYTES];                /* of the session that it is about; else zeros */
    const char *action;                                /* static: "policy-signed", "erasure", … */
    char officer[2 * PROTO_IDENTITY_SERIAL_BYTES + 1]; /* serial of the certificate that signed; empty: the relay did */
    char words[AUDIT_PHRASE_MAX];
};

/** The event of an officer, or of the relay about itself, that this entry of the log itself has. False: it has none. */
bool audit_act_event(const struct relay_store_entry *entry, struct proto_event_note *event);
/** False: the entry is of a session, or its note cannot be read; verify names what is wrong with it. */
bool audit_act_read(const struct audit_organisation *o, const struct relay_store_entry *entry, struct audit_act *out);

/** How an officer ended this session, by the note that says it; `*entry` is its number. False: none did, by o->stops.
 */
bool audit_act_of_stop(const struct audit_organisation *o, const struct relay_store_session *row, struct audit_act *out,
                       uint64_t *entry);

/** What was asked for, of a note `refused`. */
const char *audit_refusal_words(const struct proto_event_note *event);
/** Each note in which the relay says whom it refused outside of a session, oldest first. As its visitor, or IO. */
typedef enum proto_err (*audit_visit_refusal)(void *context, uint64_t entry, const struct proto_event_note *event);
PROTO_MUST_USE enum proto_err audit_each_refusal(struct audit_organisation *o, audit_visit_refusal visit,
                                                 void *context);

#endif
