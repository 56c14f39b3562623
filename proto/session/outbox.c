/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outbox: a signed note is never dropped, altered or renumbered. It waits here, in order, until the log's receipt
 * for it is verified (outbox_log.c).
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/evidence.h"
#include "proto/seal/kdf.h"
#include "proto/session/internal.h"

enum { RIDE_MAX = 8 }; /* nine notes of the largest domain and serial are below PROTO_MAX_EVIDENCE_BYTES */

static void entry_free(struct note_entry *entry)
{
    proto_buf_free(&entry->note);
    proto_buf_free(&entry->evidence);
    sodium_memzero(entry->r, sizeof entry->r);
    free(entry);
}

void outbox_clear(struct outbox *outbox)
{
    while (outbox->first) {
        struct note_entry *gone = outbox->first;
        outbox->first = gone->next;
        entry_free(gone);
    }
    outbox->last = &outbox->first;
    outbox->count = 0;
    sodium_memzero(outbox->secret, sizeof outbox->secret);
}

/* A note leaves when the log has it and, if it is a statement, the peer has it too: its chain shows no gap at either
 * place. */
void outbox_forget_settled(struct outbox *outbox)
{
    while (outbox->first && outbox->first->logged &&
           (outbox->first->acked || outbox->first->kind != PROTO_LOG_STATEMENT)) {
        struct note_entry *gone = outbox->first;
        outbox->first = gone->next;
        if (!outbox->first)
            outbox->last = &outbox->first;
        outbox->count--;
        entry_free(gone);
    }
}

size_t outbox_waiting(const struct proto_session *s)
{
    size_t waiting = 0;

    for (const struct note_entry *entry = s->outbox.first; entry; entry = entry->next)
        waiting += !entry->logged && !entry->rides;
    return waiting;
}

/*
 * A rekey note rides in the evidence of the next leaf, but evidence has a bound and a long session turns its keys many
 * times: behind RIDE_MAX of them one takes a leaf of its own and carries the others.
 */
static bool may_ride(const struct outbox *outbox)
{
    unsigned riding = 0;

    for (const struct note_entry *entry = outbox->first; entry; entry = entry->next)
        riding = entry->rides && !entry->logged ? riding + 1 : 0;
    return riding < RIDE_MAX;
}

struct note_entry *outbox_add(struct proto_session *s, const struct proto_buf *text, enum proto_log_class kind,
                              enum proto_capability capability, const char *action, bool rides, int64_t cosign_wait_ms)
{
    struct outbox *outbox = &s->outbox;
    struct note_entry *entry = outbox->count < PROTO_MAX_OUTBOX ? calloc(1, sizeof *entry) : NULL;

    if (!entry)
        return NULL;
    proto_buf_init(&entry->note, PROTO_MAX_NOTE_BYTES);
    proto_buf_init(&entry->evidence, PROTO_MAX_EVIDENCE_BYTES);
    if (text->failed ||
        proto_note_make((const char *)text->bytes, text->len, outbox->signer, outbox->secret, &entry->note)) {
        entry_free(entry);
        return NULL;
    }
    entry->kind = kind;
    entry->capability = capability;
    entry->action = action;
    entry->rides = rides && may_ride(outbox);
    entry->seq = ++outbox->seq;
    entry->final = cosign_wait_ms == 0;
    entry->final_at_ms = s->now.mono_ms + cosign_wait_ms;
    proto_random_fill(&s->random, entry->r, sizeof entry->r);
    proto_sha256(entry->text_hash, text->bytes, text->len);
    memcpy(outbox->prev, entry->text_hash, sizeof outbox->prev);
    *outbox->last = entry;
    outbox->last = &entry->next;
    outbox->count++;
    return entry;
}

/*
 * What an agent did, as an event note of its own chain. The first one names the customer's key: so besides the relay,
 * whose word it is in `joined`, the one to whom the customer proved it vouches that these statements are that
 * customer's.
 */
static struct proto_event_note begin_event(const struct proto_session *s, enum proto_act act,
                                           enum proto_capability capability)
{
    struct proto_event_note event = {
        .seq = s->outbox.seq + 1,
        .first = s->outbox.seq == 0,
        .unix_s = s->now.unix_ms / 1000,
        .action = act,
        .capability = capability,
    };

    memcpy(event.sid, s->sid, sizeof event.sid);
    memcpy(event.prev, s->outbox.prev, sizeof event.prev);
    return event;
}

static void add_event(struct proto_session *s, struct proto_event_note *event)
{
    char customer_key[2 * sizeof s->cs_public + 1];
    struct proto_buf text;

    sodium_bin2hex(customer_key, sizeof customer_key, s->cs_public, sizeof s->cs_public);
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    if ((event->first && proto_event_note_detail(event, "customer-key", "%s", customer_key)) ||
        proto_event_note_write(event, &text) ||
        !outbox_add(s, &text, PROTO_LOG_AGENT_EVENT, event->capability, proto_act_name(event->action), false, 0))
        session_error(s, PROTO_ERR_FULL, "what this end did could not be noted: too many notes wait for the log");
    proto_buf_free(&text);
    outbox_flush(s);
}

void outbox_event(struct proto_session *s, enum proto_act act, enum proto_capability capability)
{
    struct proto_event_note event = begin_event(s, act, capability);

    add_event(s, &event);
}

void outbox_still_taken(struct proto_session *s, size_t len, const uint8_t hash[static PROTO_HASH_BYTES])
{
    struct proto_event_note event = begin_event(s, PROTO_ACT_STILL_TAKEN, PROTO_CAPABILITY_STILL);
    char hex[2 * PROTO_HASH_BYTES + 1];

    sodium_bin2hex(hex, sizeof hex, hash, PROTO_HASH_BYTES);
    if (!proto_event_note_detail(&event, "bytes", "%zu", len) && !proto_event_note_detail(&event, "hash", "%s", hex))
        add_event(s, &event);
}

void outbox_recording(struct proto_session *s, bool began, uint64_t len, const uint8_t hash[static PROTO_HASH_BYTES])
{
    struct proto_event_note event =
        begin_event(s, began ? PROTO_ACT_RECORDING_STARTED : PROTO_ACT_RECORDING_STOPPED, PROTO_CAPABILITY_RECORDING);
    char hex[2 * PROTO_HASH_BYTES + 1];

    sodium_bin2hex(hex, sizeof hex, hash, PROTO_HASH_BYTES);
    if (began || (!proto_event_note_detail(&event, "bytes", "%llu", (unsigned long long)len) &&
                  !proto_event_note_detail(&event, "hash", "%s", hex)))
        add_event(s, &event);
}

/* ---------------------------------------------------------------- co-signatures */

/*
 * The agent's line for a statement. A line that does not verify is left out: the note stands with the customer's alone.
 * The note itself may not change any more once its evidence was sealed.
 */
void outbox_cosigned(struct proto_session *s, uint32_t seq, const char *line)
{
    struct note_entry *entry = s->outbox.first;

    while (entry && entry->seq != seq)
        entry = entry->next;
    if (!entry)
        return;
    entry->acked = true;
    if (!entry->final && *line) {
        char name[PROTO_IDENTITY_SIGNER_BYTES + 1];
        struct proto_note_key key;
        uint32_t which = 0;
        size_t before = entry->note.len;

        proto_identity_signer_name(&s->agent, name);
        if (proto_note_key_init(&key, name, s->agent.public_key) ||
            proto_note_add_line(&entry->note, line, strlen(line)) ||
            proto_note_verify(entry->note.bytes, entry->note.len, &key, 1, NULL, &which)) {
            entry->note.len = before;
            entry->note.failed = false;
            session_alarm(s, PROTO_ERR_SIGNATURE, "the agent's co-signature of a statement does not verify");
        }
    }
    entry->final = true;
    outbox_forget_settled(&s->outbox);
    outbox_flush(s);
}

void outbox_finalise(struct proto_session *s)
{
    for (struct note_entry *entry = s->outbox.first; entry; entry = entry->next)
        entry->final = true;
    outbox_flush(s);
}

void outbox_send_statements_again(struct proto_session *s)
{
    for (struct note_entry *entry = s->outbox.first; entry; entry = entry->next) {
        handhold_Statement message = {.seq = entry->seq};
        if (entry->kind != PROTO_LOG_STATEMENT || entry->acked ||
            PROTO_SET_BYTES(message.note, entry->note.bytes, entry->note.len))
            continue;
        memcpy(message.r, entry->r, sizeof message.r);
        pair_send_message(s, PROTO_CONTROL_STATEMENT, handhold_Statement_fields, &message);
    }
}
