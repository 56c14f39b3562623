/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/ended.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/evidence.h"
#include "proto/log/tree.h"
#include "proto/seal/note.h"
#include "relay/audit/report.h"
#include "relay/audit/session.h"

static const char *const found_names[AUDIT_FOUND_COUNT] = {"whole", "smaller", "another", "damaged", "gone"};

const char *audit_found_name(enum audit_found found)
{
    return found_names[found];
}

/* ---- the note ---- */

struct writing {
    struct proto_event_note *event;
    enum proto_err err;
};

static void put_text(struct writing *w, const char *key, const char *text)
{
    if (!w->err)
        w->err = proto_event_note_detail(w->event, key, "%s", text);
}

static void put_number(struct writing *w, const char *key, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    put_text(w, key, text);
}

static void put_hash(struct writing *w, const char *key, const uint8_t hash[static 32])
{
    char hex[65];

    sodium_bin2hex(hex, sizeof hex, hash, 32);
    put_text(w, key, hex);
}

enum proto_err audit_ended_write(const struct audit_ended *ended, struct proto_event_note *event)
{
    struct writing w = {.event = event};

    memset(event, 0, sizeof *event);
    event->action = PROTO_ACT_RECOVERED;
    snprintf(event->subject, sizeof event->subject, "%s", ended->reason);
    put_number(&w, "ended", ended->n);
    put_text(&w, "found", found_names[ended->found]);
    put_text(&w, "log", ended->log);
    put_number(&w, "size", ended->size);
    put_number(&w, "stored", ended->stored);
    put_hash(&w, "key", ended->key);
    put_hash(&w, "root", ended->root);
    put_hash(&w, "stored-root", ended->kept);
    return w.err;
}

enum proto_err audit_ended_read(struct audit_ended *ended, const struct proto_event_note *event)
{
    const char *found = proto_event_note_get(event, "found"), *log = proto_event_note_get(event, "log");
    uint64_t n;

    memset(ended, 0, sizeof *ended);
    if (event->action != PROTO_ACT_RECOVERED || !found || !log || !audit_detail_number(event, "ended", &n) || !n ||
        n > AUDIT_ENDED_MAX || !audit_detail_number(event, "size", &ended->size) ||
        !audit_detail_number(event, "stored", &ended->stored) || !audit_detail_hash(event, "key", ended->key) ||
        !audit_detail_hash(event, "root", ended->root) || !audit_detail_hash(event, "stored-root", ended->kept))
        return PROTO_ERR_FORMAT;
    while (ended->found < AUDIT_FOUND_COUNT && strcmp(found, found_names[ended->found]) != 0)
        ended->found++;
    if (ended->found == AUDIT_FOUND_COUNT)
        return PROTO_ERR_FORMAT;
    ended->has = true;
    ended->n = (unsigned)n;
    ended->unix_s = event->unix_s;
    snprintf(ended->log, sizeof ended->log, "%s", log);
    snprintf(ended->reason, sizeof ended->reason, "%s", event->subject);
    audit_plain(ended->reason);
    return PROTO_OK;
}

bool audit_ended_find(struct audit_ended *ended, struct relay_store *store)
{
    struct relay_store_entry entry;
    struct proto_evidence evidence;
    struct proto_note_parts parts;
    struct proto_event_note event;

    ended->has = false;
    return !relay_store_get_entry(store, 0, &entry) && entry.evidence &&
           !proto_evidence_parse(entry.evidence, entry.evidence_len, &evidence) && evidence.count == 1 &&
           !proto_note_split(&parts, evidence.notes[0].bytes, evidence.notes[0].len) &&
           !proto_event_note_parse(parts.text, parts.text_len, &event) && !audit_ended_read(ended, &event);
}

/* ---- what is there ---- */

struct walk {
    struct proto_log_tree tree;
    uint64_t at; /* of which the root is wanted too */
    uint8_t root[32];
};

static enum proto_err visit(void *context, uint64_t index, const uint8_t leaf[PROTO_LOG_LEAF_BYTES])
{
    struct walk *w = context;
    uint8_t hash[PROTO_LOG_HASH_BYTES];

    if (index != w->tree.size)
        return PROTO_ERR_LOG; /* one is missing */
    proto_log_leaf_hash(hash, leaf);
    enum proto_err err = proto_log_tree_append(&w->tree, hash, NULL);
    if (!err && w->tree.size == w->at)
        proto_log_tree_root(&w->tree, w->root);
    return err;
}

void audit_ended_judge(struct audit_ended *ended, struct relay_store *store, bool present,
                       const struct proto_log_checkpoint *known)
{
    struct relay_store_checkpoint stored;
    struct walk *w = calloc(1, sizeof *w);

    ended->stored = 0;
    memset(ended->kept, 0, sizeof ended->kept);
    ended->found = present ? AUDIT_FOUND_DAMAGED : AUDIT_FOUND_GONE;
    if (!w || !store)
        goto done;
    enum proto_err err = relay_store_get_checkpoint(store, &stored);
    if (err == PROTO_ERR_NOT_FOUND)
        ended->found = AUDIT_FOUND_GONE;
    if (err)
        goto done;
    w->at = known->size;
    err = relay_store_each_leaf(store, 0, stored.size, visit, w);
    ended->stored = w->tree.size;
    proto_log_tree_root(&w->tree, ended->kept);
    if (err || w->tree.size != stored.size || memcmp(ended->kept, stored.root, sizeof stored.root) != 0)
        ended->found = AUDIT_FOUND_DAMAGED;
    else if (stored.size < known->size)
        ended->found = AUDIT_FOUND_SMALLER;
    else
        ended->found = memcmp(w->root, known->root, sizeof known->root) ? AUDIT_FOUND_ANOTHER : AUDIT_FOUND_WHOLE;
done:
    free(w);
}
