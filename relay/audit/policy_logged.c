/* SPDX-License-Identifier: Apache-2.0 */
/* Which policy the log of a folder says is in force: its policy.note may be an older one that was put back. */
#include <stdlib.h>

#include "proto/consent/evidence.h"
#include "proto/consent/statement.h"
#include "proto/host/files.h"
#include "proto/host/world.h"
#include "proto/seal/note.h"
#include "relay/audit/policy_words.h"
#include "relay/store/store.h"

static enum proto_err visit(void *context, const struct relay_store_entry *entry)
{
    uint64_t *number = context;
    struct proto_evidence evidence;
    struct proto_note_parts parts;
    struct proto_event_note event;

    if (!entry->evidence || proto_evidence_parse(entry->evidence, entry->evidence_len, &evidence) ||
        proto_note_split(&parts, evidence.notes[evidence.count - 1].bytes, evidence.notes[evidence.count - 1].len) ||
        proto_event_note_parse(parts.text, parts.text_len, &event) || event.action != PROTO_ACT_POLICY_TAKEN)
        return PROTO_OK;
    const char *text = proto_event_note_get(&event, "number");
    if (text)
        *number = strtoull(text, NULL, 10);
    return PROTO_OK;
}

uint64_t audit_policy_logged(const char *dir)
{
    static const uint8_t none[RELAY_STORE_SID_BYTES];
    char folder[HOST_PATH_BYTES], error[RELAY_STORE_ERROR_MAX];
    struct relay_store_config config = {.folder = folder, .read_only = true, .random = host_random()};
    struct relay_store *store;
    uint64_t number = 0;

    if (!host_path(folder, "%s/data", dir) || !host_file_exists(folder) || relay_store_open(&store, &config, error))
        return 0;
    if (relay_store_each_entry_of(store, none, visit, &number))
        number = 0; /* verify names what is wrong there */
    relay_store_close(store);
    return number;
}
