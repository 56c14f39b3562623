/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file of proofs proves. Nothing in it is believed before it was held against something: the checkpoint against
 * the log's key, the leaf against the checkpoint, the note against the leaf, its lines against its signers' keys.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/audit/proofs_inside.h"

static bool trouble(struct proofs_checking *c, const char *text)
{
    snprintf(c->proved->trouble, sizeof c->proved->trouble, "%s", text);
    return false;
}

/* ---- the log's key ---- */

static bool is_believed(const struct proofs_checking *c, const char *vkey)
{
    switch (c->belief->trust) {
    case AUDIT_TRUST_KEY:
        return !strcmp(vkey, c->belief->vkey);
    case AUDIT_TRUST_ORG:
        return proto_org_has_log(&c->belief->org, vkey);
    case AUDIT_TRUST_FILE:
        break;
    }
    return true;
}

/* A bare proof names no key: the one under which its checkpoint opens is looked for among those that are believed. */
static bool key_of_bare(struct proofs_checking *c, char vkey[PROTO_NOTE_VKEY_MAX + 1])
{
    struct proto_log_proofs copy = c->file;
    struct proto_log_checkpoint opened;

    if (proto_log_proofs_next(&copy, &c->proof))
        return trouble(c, "it is neither a file of proofs nor a tlog-proof");
    size_t len = strlen(c->proof.checkpoint);
    for (size_t i = 0; c->belief->trust == AUDIT_TRUST_ORG && i < c->belief->org.log_count; i++)
        if (!proto_log_checkpoint_open(&opened, c->proof.checkpoint, len, c->belief->org.logs[i])) {
            memcpy(vkey, c->belief->org.logs[i], strlen(c->belief->org.logs[i]) + 1);
            return true;
        }
    if (c->belief->trust == AUDIT_TRUST_ORG)
        return trouble(c, "its checkpoint is not one that a log of the organisation signed");
    if (c->belief->trust == AUDIT_TRUST_FILE)
        return trouble(c, "a bare proof does not say whose log it is from: give --key with the log's key");
    memcpy(vkey, c->belief->vkey, sizeof c->belief->vkey);
    return true;
}

static bool take_log_key(struct proofs_checking *c)
{
    struct audit_proved *p = c->proved;
    char name[PROTO_SIGNER_BYTES];

    if (!c->file.log_vkey[0]) {
        if (!key_of_bare(c, p->vkey))
            return false;
    } else {
        memcpy(p->vkey, c->file.log_vkey, sizeof p->vkey);
    }
    if (!is_believed(c, p->vkey))
        return trouble(c, "it is from a log whose key is another than the one that was given, or that the "
                          "organisation names");
    if (proto_note_key_parse(&p->log_key, p->vkey, strlen(p->vkey)))
        return trouble(c, "the log's key in it is no key");
    c->o.log_key = p->log_key;
    memcpy(c->o.log_vkey, p->vkey, sizeof p->vkey);
    proto_signer_relay(name, p->log_key.name);
    const char *domain = strstr(p->log_key.name, "/audit/");
    if (!domain || strlen(domain + 7) >= sizeof c->o.root.domain ||
        proto_note_key_init(&c->o.events_key, name, p->log_key.public_key))
        return trouble(c, "the log's key in it is not named as those of Handhold are");
    memcpy(c->o.root.domain, domain + 7, strlen(domain + 7) + 1);
    return true;
}

/* ---- one proof ---- */

/* The file says no more than that it does not hold; people are told where it breaks. */
static bool check_place(struct proofs_checking *c, struct proto_log_checkpoint *checkpoint)
{
    const struct proto_log_proof *proof = &c->proof;
    struct proto_log_leaf leaf;
    uint8_t hash[32];

    if (!proto_log_proof_check(proof, c->proved->vkey, checkpoint))
        return true;
    proto_log_commit(hash, proof->salt, proof->note, proof->note_len);
    if (proto_log_leaf_parse(&leaf, proof->leaf) || memcmp(hash, leaf.commitment, sizeof hash) != 0)
        audit_found(audit_expected(proofs_wrong(c, "note"), "the note and salt that the leaf commits to"),
                    "another note, salt or leaf");
    else if (proto_log_checkpoint_open(checkpoint, proof->checkpoint, strlen(proof->checkpoint), c->proved->vkey))
        audit_found(
            audit_expected(proofs_wrong(c, "checkpoint"), "a checkpoint that %s signed", c->proved->log_key.name),
            "one that its key did not sign");
    else
        audit_found(audit_expected(proofs_wrong(c, "inclusion"), "hashes that lead from the leaf to the signed root"),
                    "a path that leads elsewhere");
    return false;
}

/* Two roots for one size are two logs under one key: the strongest thing that such a file can show. */
static void check_fork(struct proofs_checking *c, const struct proto_log_checkpoint *checkpoint)
{
    if (c->last.size == checkpoint->size && memcmp(c->last.root, checkpoint->root, sizeof c->last.root) != 0)
        audit_found(audit_expected(proofs_wrong(c, "checkpoint"), "one root for %llu entries",
                                   (unsigned long long)checkpoint->size),
                    "two, both signed: THE LOG WAS FORKED; keep this file");
    c->last = *checkpoint;
    if (checkpoint->size > c->proved->size)
        c->proved->size = checkpoint->size;
}

/* The session and its customer's key, from what the file says; `joined` is held against it when it comes. */
static void take_session(struct proofs_checking *c, const uint8_t sid[static PROTO_SID_BYTES])
{
    struct audit_session *session = &c->proved->session;
    char name[PROTO_SIGNER_BYTES];

    if (c->has_sid)
        return;
    c->has_sid = true;
    memcpy(session->row.sid, sid, sizeof session->row.sid);
    proto_signer_customer(name, sid);
    c->has_customer = c->file.has_customer && !strcmp(c->file.customer.name, name);
    if (c->has_customer)
        memcpy(session->row.cs_pub, c->file.customer.public_key, sizeof session->row.cs_pub);
}

/* The relay's word for who the agent was, where no certificate says it. */
static void take_created(struct proofs_checking *c, const struct audit_note *note)
{
    struct relay_store_session *row = &c->proved->session.row;
    const char *subject = note->event.subject, *serial = strrchr(subject, ' ');

    if (note->by == AUDIT_RELAY && note->event.action == PROTO_ACT_CREATED && serial && !c->proved->certificate_ok)
        snprintf(row->agent_name, sizeof row->agent_name, "%.*s",
                 (int)(serial - subject < RELAY_STORE_TEXT_MAX ? serial - subject : RELAY_STORE_TEXT_MAX), subject);
}

static void take_joined(struct proofs_checking *c, const struct audit_note *note)
{
    uint8_t *known = c->proved->session.row.cs_pub, key[32];

    if (note->by != AUDIT_RELAY || note->event.action != PROTO_ACT_JOINED ||
        !audit_detail_hash(&note->event, "key", key))
        return;
    if (c->has_customer && memcmp(known, key, sizeof key) != 0)
        audit_found(audit_expected(proofs_wrong(c, "note"), "the customer's key that the file names"),
                    "another one in the relay's word of who joined");
    memcpy(known, key, sizeof key);
    c->has_customer = c->proved->key_from_relay = true;
}

/* A note's own session and time, before anything else can be said of it; what a statement says besides. */
static bool peek(struct proofs_checking *c, enum proto_log_class kind, struct proto_statement *st)
{
    struct proto_note_parts parts;
    struct proto_event_note event;

    if (proto_note_split(&parts, c->proof.note, c->proof.note_len))
        return false;
    if (kind == PROTO_LOG_STATEMENT)
        return !proto_statement_parse(parts.text, parts.text_len, st);
    if (proto_event_note_parse(parts.text, parts.text_len, &event))
        return false;
    memcpy(st->sid, event.sid, sizeof st->sid);
    st->unix_s = event.unix_s;
    return true;
}

/* Without a key of its signer a statement is shown as what it says, and counted as signed by nobody known. */
static enum proto_err take_unsigned(struct proofs_checking *c, const struct relay_store_entry *entry)
{
    struct audit_session *session = &c->proved->session;
    struct proto_note_parts parts;

    if (session->count == session->room) {
        struct audit_note *bigger = realloc(session->notes, (session->room + 32) * sizeof *bigger);
        if (!bigger)
            return PROTO_ERR_NOMEM;
        session->notes = bigger;
        session->room += 32;
    }
    struct audit_note *note = memset(&session->notes[session->count], 0, sizeof *note);
    note->entry = entry->index;
    note->by = AUDIT_CUSTOMER;
    note->received_ms = entry->received_ms;
    if (!proto_note_split(&parts, c->proof.note, c->proof.note_len) &&
        !proto_statement_parse(parts.text, parts.text_len, &note->statement)) {
        session->count++;
        c->proved->unsigned_notes++;
    }
    return PROTO_OK;
}

static enum proto_err take_note(struct proofs_checking *c, const struct proto_log_leaf *leaf)
{
    struct audit_session *session = &c->proved->session;
    struct proto_evidence evidence = {.notes = {{(const uint8_t *)c->proof.note, c->proof.note_len}}, .count = 1};
    struct relay_store_entry entry = {.index = c->proof.index, .received_ms = leaf->unix_s * 1000};
    struct proto_statement said = {.everyone = true};

    memcpy(entry.leaf, c->proof.leaf, sizeof entry.leaf);
    if (leaf->kind == PROTO_LOG_ERASURE || leaf->kind == PROTO_LOG_OFFICER_ACT || !peek(c, leaf->kind, &said)) {
        audit_found(audit_expected(proofs_wrong(c, "note"), "a note of a session, of the class that its leaf says"),
                    "another text");
        return PROTO_OK;
    }
    take_session(c, said.sid);
    if (!c->agent_set && c->file.certificate_count)
        proofs_take_certificate(c, leaf);
    if (leaf->kind == PROTO_LOG_STATEMENT)
        proofs_check_grantee(c, leaf, &said);
    entry.received_ms = leaf->kind == PROTO_LOG_RELAY_EVENT ? leaf->unix_s * 1000 : said.unix_s * 1000;
    size_t before = session->count;
    bool is_unsigned = leaf->kind == PROTO_LOG_STATEMENT && !c->has_customer;
    enum proto_err err = is_unsigned ? take_unsigned(c, &entry)
                                     : audit_notes_take(session, &c->o, &entry, leaf, &evidence, &c->proved->report);
    if (!err && session->count > before) {
        take_created(c, &session->notes[before]);
        take_joined(c, &session->notes[before]);
    }
    return err;
}

static enum proto_err check_one(struct proofs_checking *c)
{
    struct proto_log_checkpoint checkpoint;
    struct proto_log_leaf leaf;

    c->proved->proofs++;
    if (!check_place(c, &checkpoint) || proto_log_leaf_parse(&leaf, c->proof.leaf))
        return PROTO_OK;
    check_fork(c, &checkpoint);
    return take_note(c, &leaf);
}

/* ---- the whole ---- */

static bool check_all(struct proofs_checking *c)
{
    enum proto_err err;

    while (!(err = proto_log_proofs_next(&c->file, &c->proof)))
        if (check_one(c))
            return trouble(c, "memory ran out");
    if (err != PROTO_ERR_NOT_FOUND) {
        char text[AUDIT_TEXT_MAX];
        snprintf(text, sizeof text, "its part number %zu is not a proof (%zu before it are)", c->proved->proofs + 1,
                 c->proved->proofs);
        return trouble(c, text);
    }
    if (!c->proved->proofs)
        return trouble(c, "there is no proof in it");
    static const char end[] = "--- end\n";
    if (c->file.rest.len > sizeof end - 1)
        c->proved->behind = c->file.rest.len - (sizeof end - 1);
    proofs_look_for_gaps(c);
    return proofs_compare_words(c) || trouble(c, "memory ran out");
}

/* What an editor or a mail program does to a text. */
static const char *without_mark(const char *text, size_t *len)
{
    bool marked = *len >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3);

    *len -= marked ? 3 : 0;
    return marked ? text + 3 : text;
}

bool audit_proofs_check(const char *text, size_t len, const struct audit_belief *belief, struct audit_proved *proved)
{
    struct proofs_checking *c = calloc(1, sizeof *c);
    bool fine = false;

    if (!c) {
        snprintf(proved->trouble, sizeof proved->trouble, "memory ran out");
        return false;
    }
    c->belief = belief;
    c->proved = proved;
    proved->session.agent_err = PROTO_ERR_NOT_FOUND;
    snprintf(proved->session.row.agent_name, sizeof proved->session.row.agent_name, "The agent");
    text = without_mark(text, &len);
    if (proto_log_proofs_open(&c->file, text, len))
        trouble(c, memchr(text, '\r', len)
                       ? "its lines end in CR LF, as no proof has them: a mail program or an editor changed it; bring "
                         "the file as it was"
                       : "it is neither a file of proofs nor a tlog-proof");
    else
        fine = take_log_key(c) && check_all(c);
    sodium_memzero(c, sizeof *c); /* what was said */
    free(c);
    return fine;
}

void audit_proved_clear(struct audit_proved *proved)
{
    audit_session_clear(&proved->session);
}
