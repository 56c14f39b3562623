/* SPDX-License-Identifier: Apache-2.0 */
/* relay/audit/acts.h - what an officer did, or the relay to itself, as a sentence. These notes are not sealed. */
#ifndef RELAY_AUDIT_ACTS_H
#define RELAY_AUDIT_ACTS_H

#include "relay/audit/organisation.h"
#include "relay/audit/phrases.h"

struct audit_act {
    int64_t unix_s;
    const char *action; /* static: "policy-signed", "erasure", … */
    char words[AUDIT_PHRASE_MAX];
};

/** False: the entry is of a session, or its note cannot be read; verify names what is wrong with it. */
bool audit_act_read(const struct audit_organisation *o, const struct relay_store_entry *entry, struct audit_act *out);

#endif
