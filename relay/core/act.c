/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Notes that belong to no session: an officer's, one chain for each certificate, and the relay's own under
 * "<origin>/events" (act_own.c). They are kept open, not sealed, because the relay acts on them, and after a start the
 * log is where the chains are read from. One note of a chain is under way at a time.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/evidence.h"
#include "proto/log/leaf.h"
#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "relay/core/acts.h"
#include "relay/core/peers.h"
#include "relay/core/state.h"
#include "relay/core/tasks.h"

struct relay_chain *relay_chain_find(const struct relay_core *core, const uint8_t key[static PROTO_HASH_BYTES])
{
    for (size_t i = 0; i < core->chain_count; i++)
        if (!memcmp(core->chains[i].key, key, PROTO_HASH_BYTES))
            return &core->chains[i];
    return NULL;
}

static struct relay_chain *chain_of(struct relay_core *core, const char *name, size_t len)
{
    uint8_t key[PROTO_HASH_BYTES];

    proto_sha256(key, name, len);
    struct relay_chain *chain = relay_chain_find(core, key);
    if (chain)
        return chain;
    struct relay_chain *more = realloc(core->chains, (core->chain_count + 1) * sizeof *more);
    if (!more)
        return NULL;
    core->chains = more;
    chain = &core->chains[core->chain_count++];
    *chain = (struct relay_chain){.seq = 0};
    memcpy(chain->key, key, sizeof key);
    return chain;
}

struct relay_chain *relay_chain_of(struct relay_core *core, const char *name)
{
    return chain_of(core, name, strlen(name));
}

/* ---- after a start ---- */

static bool seq_of(struct relay_core *core, const struct proto_note_parts *parts, uint32_t *seq)
{
    struct proto_erasure erasure;
    struct proto_event_note event = {.seq = 0};

    if (!proto_erasure_parse(parts->text, parts->text_len, &erasure))
        *seq = erasure.seq;
    else if (!proto_event_note_parse(parts->text, parts->text_len, &event))
        *seq = event.seq;
    else
        return false;
    if (event.seq)
        (void)proto_taken_read(core->taken, &event);
    return true;
}

struct proto_taken relay_act_in_force(const struct relay_core *core, enum proto_taken_note which)
{
    bool org = which == PROTO_TAKEN_ORG;
    struct proto_taken note = {.number = org ? core->org->number : core->policy->number};

    memcpy(note.hash, org ? core->org->text_hash : core->policy->text_hash, sizeof note.hash);
    return note;
}

enum proto_err relay_core_check_notes(const struct relay_core *core, struct relay_note_back *back)
{
    enum proto_err err = PROTO_OK;

    for (enum proto_taken_note which = 0; which < PROTO_TAKEN_COUNT && !err; which++) {
        struct proto_taken note = relay_act_in_force(core, which);
        *back = (struct relay_note_back){which, note.number, core->taken[which].number};
        err = proto_taken_follows(&core->taken[which], &note);
    }
    return err;
}

/* With the organisation come its first policy and the note that lists its first log, and they are nobody's act: no
 * older ones than these could be served. */
void relay_core_note_notes(struct relay_core *core, struct proto_now now)
{
    static const uint64_t first[PROTO_TAKEN_COUNT] = {[PROTO_TAKEN_ORG] = 2, [PROTO_TAKEN_POLICY] = 1};

    for (enum proto_taken_note which = 0; which < PROTO_TAKEN_COUNT; which++) {
        uint64_t noted = core->taken[which].number;
        core->unnoted[which] = relay_act_in_force(core, which).number > (noted ? noted : first[which]);
    }
    relay_act_note_taken(core, now);
}

enum proto_err relay_core_restore_act(struct relay_core *core, const uint8_t *note, size_t len)
{
    struct proto_note_parts parts;
    uint32_t seq;

    if (proto_note_split(&parts, note, len) || !seq_of(core, &parts, &seq))
        return PROTO_ERR_FORMAT;
    struct relay_chain *chain = chain_of(core, parts.lines[0].name, parts.lines[0].name_len);
    if (!chain)
        return PROTO_ERR_NOMEM;
    chain->seq = seq;
    proto_sha256(chain->prev, parts.text, parts.text_len);
    return PROTO_OK;
}

/* ---- to the log, and back ---- */

static struct relay_task *task_of(const uint8_t *note, size_t len, const uint8_t r[static PROTO_LOG_SALT_BYTES])
{
    struct proto_evidence evidence = {.notes = {{note, len}}, .count = 1};
    struct relay_task *task = NULL;
    struct proto_buf plain;

    memcpy(evidence.r, r, sizeof evidence.r);
    proto_buf_init(&plain, PROTO_MAX_EVIDENCE_BYTES);
    if (!proto_evidence_write(&evidence, &plain) && (task = relay_task_new(plain.len))) {
        task->kind = RELAY_TASK_ACT;
        proto_log_commit(task->commitment, r, note, len);
        memcpy(task->evidence, plain.bytes, plain.len);
    }
    proto_buf_free(&plain);
    return task;
}

enum proto_err relay_act_submit(struct relay_core *core, struct relay_act *act, enum proto_log_class kind,
                                const uint8_t *note, size_t len, const uint8_t r[static PROTO_LOG_SALT_BYTES])
{
    struct relay_chain *chain = relay_chain_find(core, act->key);
    struct relay_task *task = chain && !chain->flying ? task_of(note, len, r) : NULL;

    if (!task) {
        free(act->policy);
        free(act);
        return PROTO_ERR_NOMEM;
    }
    chain->flying = true;
    task->leaf_class = kind;
    task->closing = true; /* an officer who stops something must not wait behind those who begin */
    task->act = act;
    task->room = act->stops;
    if (task->room) { /* what it says has happened: it may wait, and is never dropped */
        relay_tasks_add(&task->room->outbox, task);
    } else {
        task->dated_ms = act->unix_s * 1000;
        relay_task_submit(core, task);
    }
    return PROTO_OK;
}

static void answer(struct relay_core *core, const struct relay_act *act, const struct relay_result *result,
                   struct proto_now now)
{
    struct relay_peer *peer = act->connection ? relay_peer_find(core, act->connection) : NULL;
    handhold_OfficerAnswer *body = &core->out.body.officer_answer;
    const struct proto_log_receipt *receipt = &result->receipt;
    bool failed = false;

    if (!peer || !peer->staff || peer->staff->role != PROTO_ROLE_OFFICER || peer->state != RELAY_PEER_STAFF)
        return;
    core->out.which_body = handhold_FromRelay_officer_answer_tag;
    memset(body, 0, sizeof *body);
    body->error = result->err;
    snprintf(body->message, sizeof body->message, "%.255s",
             *result->text ? result->text
             : result->err ? proto_err_rule(result->err)
                           : "");
    peer->may_read |= act->views && !result->err;
    if (!result->err) {
        body->index = receipt->index;
        body->erased = result->erased;
        failed =
            PROTO_SET_BYTES(body->leaf, receipt->leaf, sizeof receipt->leaf) ||
            PROTO_SET_TEXT(body->checkpoint, receipt->checkpoint) ||
            PROTO_SET_BYTES(body->inclusion, receipt->inclusion.hash, receipt->inclusion.count * PROTO_LOG_HASH_BYTES);
    }
    if (!failed)
        relay_peer_send(core, peer, now);
}

static void erase_ended(struct relay_core *core, const struct relay_act *act, const struct relay_result *result,
                        struct proto_now now)
{
    struct relay_result erased = *result;
    enum proto_err err = core->config.erase_ended(core->config.context, &act->erasure, &erased.erased);

    if (err)
        snprintf(erased.text, sizeof erased.text,
                 "the log has your note, but the ended log could not be written: %s; the next start does it again",
                 proto_err_rule(err));
    answer(core, act, &erased, now);
}

void relay_act_waits(struct relay_core *core, struct relay_act *act, const struct relay_result *result,
                     struct proto_now now)
{
    struct relay_result waits = *result;

    if (act->told)
        return;
    act->told = true;
    waits.err = PROTO_ERR_IO;
    snprintf(waits.text, sizeof waits.text,
             "the session has ended, but the log cannot be written now: your note waits until it can");
    answer(core, act, &waits, now);
}

void relay_act_done(struct relay_core *core, struct relay_act *act, const struct relay_result *result,
                    struct proto_now now)
{
    struct relay_chain *chain = relay_chain_find(core, act->key);

    chain->flying = false;
    if (!result->err) {
        chain->seq = act->seq;
        memcpy(chain->prev, act->text_hash, sizeof chain->prev);
    }
    if (act->notes_taken)
        core->unnoted[act->taken] |= result->err != PROTO_OK;
    if (!result->err && act->erasure.log[0] && core->config.erase_ended) {
        erase_ended(core, act, result, now);
    } else if (!result->err && act->policy && core->config.take_policy) {
        struct relay_result taken = *result;
        taken.err = core->config.take_policy(core->config.context, act->policy);
        if (taken.err)
            snprintf(taken.text, sizeof taken.text,
                     "the log has your note, but the policy could not be taken: %s; write it to policy.note yourself",
                     proto_err_rule(taken.err));
        answer(core, act, &taken, now);
    } else {
        answer(core, act, result, now);
    }
    if (act->notes_renewal)
        relay_renewal_noted(core, act->renewal, result->err, now);
    if (!result->err)
        relay_act_note_taken(core, now);
    if (act->refusal)
        relay_refusal_noted(core, act->refusal, result->err, now);
    relay_act_note_renewals(core, now);
    relay_act_note_refusals(core, now);
}
