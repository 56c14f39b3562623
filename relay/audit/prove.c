/* SPDX-License-Identifier: Apache-2.0 */
/* prove: each entry of a session with all that somebody needs who trusts neither the relay nor this tool. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/files.h"
#include "proto/host/say.h"
#include "relay/audit/commands.h"
#include "relay/audit/proofs.h"
#include "relay/audit/whole.h"
#include "relay/log/tiles.h"

struct proving {
    struct audit_organisation *o;
    struct relay_store_checkpoint checkpoint;
    struct log_tile_reader tiles;
    struct proto_log_proof proof; /* in the making; what was said is in it */
    struct proto_buf plain;       /* secret */
    struct proto_buf *out;
    size_t count;
};

static enum proto_err prove_entry(void *context, const struct relay_store_entry *entry)
{
    struct proving *p = context;
    const struct proto_log_reader reader = log_tile_reader_of(&p->tiles);
    struct proto_evidence evidence;

    if (!entry->evidence || entry->index >= p->checkpoint.size)
        return PROTO_OK; /* erased; or came since */
    if (p->count++ == PROTO_LOG_PROOFS_MAX)
        return PROTO_ERR_RANGE;
    if (audit_keys_open(&p->o->keys, entry->evidence, entry->evidence_len, &p->plain, &evidence))
        return PROTO_ERR_LOG;
    const struct proto_evidence_note *note = &evidence.notes[evidence.count - 1];
    if (note->len > PROTO_LOG_PROOF_NOTE_MAX)
        return PROTO_ERR_RANGE;
    memset(&p->proof, 0, sizeof p->proof);
    memcpy(p->proof.leaf, entry->leaf, sizeof p->proof.leaf);
    memcpy(p->proof.salt, evidence.r, sizeof p->proof.salt);
    memcpy(p->proof.note, note->bytes, note->len);
    p->proof.note_len = note->len;
    p->proof.index = entry->index;
    memcpy(p->proof.checkpoint, p->checkpoint.note, sizeof p->proof.checkpoint);
    enum proto_err err = proto_log_prove_inclusion(&p->proof.inclusion, entry->index, p->checkpoint.size, &reader);
    if (!err) /* nobody gets a proof that does not hold */
        err = proto_log_proof_check(&p->proof, p->o->log_vkey, NULL);
    return err ? err : proto_log_proofs_add(p->out, &p->proof);
}

static void put_head(struct audit_organisation *o, const struct relay_store_session *row, struct proto_buf *out)
{
    char sid[2 * RELAY_STORE_SID_BYTES + 1], name[PROTO_SIGNER_BYTES];
    struct proto_note_key customer;
    struct proto_der chain[PROTO_IDENTITY_CHAIN_MAX];

    sodium_bin2hex(sid, sizeof sid, row->sid, sizeof row->sid);
    proto_buf_printf(out,
                     "Proofs of session %s\nfrom the log %s\n\n"
                     "Each part below proves that one signed note stands in the log, in its place and word for word.\n"
                     "Whoever has this file can read the notes. To check it, with no network:\n\n"
                     "    handhold-audit check FILE --ca ca.crt --org org.note\n\n",
                     sid, o->log_key.name);
    proto_signer_customer(name, row->sid);
    bool known = !sodium_is_zero(row->cs_pub, sizeof row->cs_pub) && !proto_note_key_init(&customer, name, row->cs_pub);
    proto_log_proofs_keys(out, o->log_vkey, known ? &customer : NULL);
    size_t count = audit_staff_chain(o, row->agent_fingerprint, chain);
    for (size_t i = 0; i < count; i++)
        proto_log_proofs_certificate(out, chain[i].bytes, chain[i].len);
}

enum proto_err audit_proofs_write(struct audit_organisation *o, const struct relay_store_session *row,
                                  struct proto_buf *out, size_t *count)
{
    struct proving *p = calloc(1, sizeof *p);

    *count = 0;
    if (!p)
        return PROTO_ERR_NOMEM;
    p->o = o;
    p->out = out;
    proto_buf_init_secret(&p->plain, PROTO_MAX_EVIDENCE_BYTES);
    log_tile_reader_init(&p->tiles, o->rows, NULL); /* the other handle is busy with the entries */
    enum proto_err err = relay_store_get_checkpoint(o->log, &p->checkpoint);
    if (!err) {
        put_head(o, row, out);
        err = relay_store_each_entry_of(o->log, row->sid, prove_entry, p);
    }
    *count = p->count;
    proto_buf_free(&p->plain);
    sodium_memzero(p, sizeof *p);
    free(p);
    return !err && out->failed ? PROTO_ERR_NOMEM : err;
}

static int write_file(const struct relay_store_session *row, const struct proto_buf *file, size_t count)
{
    char sid[2 * RELAY_STORE_SID_BYTES + 1];

    sodium_bin2hex(sid, sizeof sid, row->sid, sizeof row->sid);
    if (!count) {
        host_say_error(audit_options.session, "nothing of this session is left to prove: its evidence was erased", "");
        return HOST_EXIT_FAILED;
    }
    enum proto_err err = host_file_write(audit_options.output, file->bytes, file->len, HOST_PRIVATE);
    if (err) {
        host_say_err(audit_options.output, err);
        return HOST_EXIT_FAILED;
    }
    if (audit_options.json)
        host_json_event("proofs", "{s:s,s:s,s:I}", "session", sid, "file", audit_options.output, "proofs",
                        (json_int_t)count);
    else
        printf("%zu proof%s of session %.8s in %s\n", count, count == 1 ? "" : "s", sid, audit_options.output);
    return HOST_EXIT_FINE;
}

/* Of what has no proof in the file, and by no note of the log was erased, whoever hands the file on has to know. */
static bool nothing_is_missing(struct audit_organisation *o, const struct relay_store_session *row)
{
    struct audit_report *report = calloc(1, sizeof *report);
    struct audit_session session;
    enum proto_err err = report ? audit_session_read(&session, o, row, report) : PROTO_ERR_NOMEM;
    bool fine = false;

    if (err) {
        host_say_err(audit_options.session, err);
    } else {
        audit_session_judge(&session, o, audit_whole_size(o), report);
        fine = !report->wrong && !session.incomplete;
        audit_session_clear(&session);
    }
    if (!err && !fine)
        host_say_error(audit_options.session, "not all of this session holds: the file has what can be proved of it",
                       "handhold-audit verify names what is wrong");
    free(report);
    return fine;
}

int audit_prove(void)
{
    struct audit_organisation o;
    struct relay_store_session row;
    struct proto_buf file;
    size_t count = 0;
    int code = HOST_EXIT_FAILED;

    if (!audit_enter(&o, "is missing: a proof shows what was said, which is sealed to the officers"))
        return HOST_EXIT_USAGE;
    proto_buf_init_secret(&file, PROTO_LOG_PROOFS_FILE_MAX);
    bool known = audit_whole_know(&o);
    audit_begin_moment(&o);
    if (known && audit_find_session(&o, audit_options.session, &row)) {
        enum proto_err err = audit_proofs_write(&o, &row, &file, &count);
        if (err == PROTO_ERR_LOG || err == PROTO_ERR_CRYPTO)
            host_say_error(audit_options.session, "an entry of it cannot be proved",
                           "handhold-audit verify names what is wrong");
        else if (err == PROTO_ERR_RANGE)
            host_say_error(audit_options.session, AUDIT_PROOFS_MANY_WORDS,
                           "export --format jsonl has all that was said in it");
        else if (err)
            host_say_err(audit_options.session, err);
        else
            code = write_file(&row, &file, count);
        if (!err && (!nothing_is_missing(&o, &row) || audit_whole_say(&o, row.sid)))
            code = HOST_EXIT_FAILED;
    }
    audit_end_moment(&o);
    proto_buf_free(&file);
    audit_close(&o);
    return code;
}
