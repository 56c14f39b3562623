/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/remote.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/log/proof.h"
#include "proto/seal/kdf.h"
#include "proto/seal/note.h"
#include "relay/audit/commands.h"
#include "relay/audit/find.h"
#include "relay/store/pack.h"

enum { AGAIN_MAX = 4 }; /* new connections, for one note */

/* ---- who acts ---- */

static bool read_pem(const char *path, struct proto_buf *out)
{
    enum proto_err err = host_file_read(path, out);

    if (err == PROTO_ERR_NOT_FOUND)
        host_say_error(path, "is not there", "name the pair with --identity D/staff/ID and the root with --ca");
    else if (err)
        host_say_err(path, err);
    return !err;
}

static bool load_identity(struct audit_officer *o, const char *ca)
{
    char cert_path[HOST_PATH_BYTES], key_path[HOST_PATH_BYTES];
    struct proto_buf cert, key, root;
    bool fine =
        host_path(cert_path, "%s.crt", audit_options.identity) && host_path(key_path, "%s.key", audit_options.identity);

    proto_buf_init(&cert, PROTO_PEM_BYTES);
    proto_buf_init_secret(&key, PROTO_PEM_BYTES);
    proto_buf_init(&root, PROTO_PEM_BYTES);
    fine = fine && read_pem(cert_path, &cert) && read_pem(key_path, &key) && read_pem(ca, &root);
    if (fine) {
        enum proto_err bad_root = proto_root_of_pem(root.bytes, root.len, &o->root, NULL);
        enum proto_err err =
            bad_root ? bad_root
                     : proto_credential_of_pem(&o->credential, &cert, &key, &root, host_now().unix_ms / 1000);
        if (bad_root)
            host_say_error(ca, "is not the certificate of an organisation", "give its ca.crt");
        else if (err == PROTO_ERR_CERT_CHAIN)
            host_say_error(cert_path, "is not under the organisation whose certificate was given",
                           "bring ca.crt and the pair from the same organisation");
        else if (err)
            host_say_err(cert_path, err);
        else if (proto_identity_require(&o->credential.identity, PROTO_ROLE_OFFICER))
            host_say_error(cert_path, "is not the certificate of an officer",
                           "issue one: handhold-certs issue --dir D officer --id ID --name NAME");
        fine = !err && o->credential.identity.role == PROTO_ROLE_OFFICER;
    }
    proto_buf_free(&cert);
    proto_buf_free(&key);
    proto_buf_free(&root);
    if (fine)
        proto_identity_signer_name(&o->credential.identity, o->name);
    return fine;
}

static bool begin(struct audit_officer *o)
{
    memset(o, 0, sizeof *o);
    (void)host_random(); /* starts libsodium */
    proto_buf_init(&o->out, PROTO_MAX_MESSAGE_BYTES);
    proto_buf_init(&o->org_note, PROTO_ORG_NOTE_BYTES);
    proto_buf_init(&o->policy_note, PROTO_POLICY_NOTE_BYTES);
    if (audit_options.identity)
        return true;
    host_say_error("--identity", "is missing: what an officer does is signed", "give --identity D/staff/officer");
    return false;
}

bool audit_officer_identify(struct audit_officer *o)
{
    char ca[HOST_PATH_BYTES];

    return begin(o) && host_path(ca, "%s/ca/ca.crt", audit_options.dir) && load_identity(o, ca);
}

bool audit_officer_open(struct audit_officer *o)
{
    char ca[HOST_PATH_BYTES];

    if (!begin(o))
        return false;
    if (!audit_options.relay == !audit_options.dir || (audit_options.relay && !audit_options.ca)) {
        host_say_error("--relay, --dir", "one of them says where the log is",
                       "give --relay URL --ca D/ca/ca.crt for a relay that runs, --dir D for one that does not");
        return false;
    }
    if (audit_options.relay)
        return load_identity(o, audit_options.ca) &&
               audit_line_open(o, audit_options.relay, audit_options.ca, audit_options.identity);
    return host_path(ca, "%s/ca/ca.crt", audit_options.dir) && load_identity(o, ca) &&
           audit_local_open(o, audit_options.dir);
}

void audit_officer_close(struct audit_officer *o)
{
    audit_line_close(o);
    audit_local_close(o);
    proto_credential_clear(&o->credential);
    proto_certificates_free(&o->root, 1);
    proto_buf_free(&o->out);
    proto_buf_free(&o->org_note);
    proto_buf_free(&o->policy_note);
}

/* ---- acting ---- */

/* In the one that it names, and in no other of the organisation. */
static bool is_in_log(const struct audit_officer *o, const struct proto_log_proof *proof)
{
    size_t len = strlen(o->origin);

    for (size_t i = 0; i < o->org.log_count; i++)
        if (!strncmp(o->org.logs[i], o->origin, len) && o->org.logs[i][len] == '+' &&
            !proto_log_proof_check(proof, o->org.logs[i], NULL))
            return true;
    host_say_error("the relay's answer", "does not prove that your note is in the log that it is for",
                   "take it as not done, and have the relay looked at");
    return false;
}

/* Somebody acts under the same certificate elsewhere, an officer at the desk and one's own nightly verify: each note
 * has its place behind the last one, which a new connection is told. */
static bool may_come_again(const struct audit_officer *o)
{
    uint32_t err = o->in.which_body == handhold_FromRelay_officer_answer_tag ? o->in.body.officer_answer.error : 0;

    return o->again < AGAIN_MAX && (err == PROTO_ERR_REPLAY || err == PROTO_ERR_BUSY);
}

/* The relay has done it, and its log takes no notes now. What comes of it knows who waits. */
static bool waited(struct audit_officer *o)
{
    while (o->first && o->in.which_body == handhold_FromRelay_officer_answer_tag &&
           o->in.body.officer_answer.error == PROTO_ERR_IO) {
        host_say(HOST_WARN, "%s; so does this program", o->in.body.officer_answer.message);
        if (!audit_line_hear(o)) {
            host_say_error("the relay", "was lost before its log had your note: what it had ended may go on",
                           "when the relay runs, look with handhold-audit list, and do it again");
            return false;
        }
    }
    return true;
}

static bool take_remote(struct audit_officer *o, struct proto_log_proof *proof, struct audit_answer *answer)
{
    const handhold_OfficerAnswer *said = &o->in.body.officer_answer;

    if (said->error) {
        if (may_come_again(o))
            return false;
        host_say_error(said->error == PROTO_ERR_IO ? "the relay" : "the relay refused", said->message,
                       said->error < PROTO_ERR_COUNT ? proto_err_way_out((enum proto_err)said->error) : "");
        return false;
    }
    if (said->leaf.size != sizeof proof->leaf || said->inclusion.size % PROTO_LOG_HASH_BYTES) {
        host_say_error("the relay's answer", "is not one", "use programs of the same version");
        return false;
    }
    memcpy(proof->leaf, said->leaf.bytes, sizeof proof->leaf);
    proof->index = said->index;
    proof->inclusion.count = said->inclusion.size / PROTO_LOG_HASH_BYTES;
    memcpy(proof->inclusion.hash, said->inclusion.bytes, said->inclusion.size);
    snprintf(proof->checkpoint, sizeof proof->checkpoint, "%s", said->checkpoint);
    *answer = (struct audit_answer){.index = said->index, .erased = said->erased};
    snprintf(answer->message, sizeof answer->message, "%s", said->message);
    return true;
}

static bool send_note(struct audit_officer *o, const struct proto_buf *note, const uint8_t *r, const char *policy_note,
                      struct proto_log_proof *proof, struct audit_answer *answer)
{
    static handhold_ToRelay message; /* large */

    message = (handhold_ToRelay){.which_body = handhold_ToRelay_officer_act_tag};
    handhold_OfficerAct *act = &message.body.officer_act;
    memcpy(act->r, r, sizeof act->r);
    if (PROTO_SET_BYTES(act->note, note->bytes, note->len) ||
        (policy_note && PROTO_SET_TEXT(act->policy_note, policy_note))) {
        host_say_err("the note", PROTO_ERR_RANGE);
        return false;
    }
    return audit_line_ask(o, &message, handhold_FromRelay_officer_answer_tag) && waited(o) &&
           take_remote(o, proof, answer);
}

static bool add_note(struct audit_officer *o, enum proto_log_class kind, const struct proto_buf *note, const uint8_t *r,
                     const struct proto_erasure *erasure, struct proto_log_proof *proof, struct audit_answer *answer)
{
    static struct relay_result result; /* large */

    if (!audit_local_add(o, kind, note, r, erasure, &result))
        return false;
    memcpy(proof->leaf, result.receipt.leaf, sizeof proof->leaf);
    proof->index = result.receipt.index;
    proof->inclusion = result.receipt.inclusion;
    memcpy(proof->checkpoint, result.receipt.checkpoint, sizeof proof->checkpoint);
    *answer = (struct audit_answer){.index = result.receipt.index, .erased = result.erased};
    snprintf(answer->message, sizeof answer->message, "%.255s", result.text);
    return true;
}

/* `text` is signed, added, and found in the log. */
static bool act(struct audit_officer *o, enum proto_log_class kind, const struct proto_buf *text,
                const struct proto_erasure *erasure, const char *policy_note, struct audit_answer *answer)
{
    static struct proto_log_proof proof; /* large */
    struct proto_random random = host_random();
    struct proto_buf note;
    bool fine;

    memset(&proof, 0, sizeof proof);
    proto_buf_init(&note, PROTO_MAX_NOTE_BYTES);
    proto_random_fill(&random, proof.salt, sizeof proof.salt);
    enum proto_err err =
        proto_note_make((const char *)text->bytes, text->len, o->name, o->credential.secret_key, &note);
    fine = !err && !note.failed && note.len <= PROTO_LOG_PROOF_NOTE_MAX;
    if (fine) {
        memcpy(proof.note, note.bytes, note.len);
        proof.note_len = note.len;
        fine = (o->connection ? send_note(o, &note, proof.salt, policy_note, &proof, answer)
                              : add_note(o, kind, &note, proof.salt, erasure, &proof, answer)) &&
               is_in_log(o, &proof);
    } else {
        host_say_err("the note", err ? err : PROTO_ERR_RANGE);
    }
    proto_buf_free(&note);
    if (fine) {
        o->seq++;
        proto_sha256(o->prev, text->bytes, text->len);
    }
    return fine;
}

/* Rows as the relay gives them; one that knows no beginnings gives all. */
static enum proto_err match_part(const handhold_LogPart *part, struct audit_find *f)
{
    struct proto_reader r = proto_reader_of(part->rows.bytes, part->rows.size);
    struct relay_store_session row;
    enum proto_err err = PROTO_OK;

    while (!err && proto_reader_left(&r)) {
        err = store_unpack_session(&r, &row);
        if (!err)
            err = audit_find_match(f, &row);
    }
    return err;
}

static bool match_remote(struct audit_officer *o, struct audit_find *f)
{
    static handhold_ToRelay ask;
    uint64_t next = 0;
    enum proto_err err = PROTO_OK;

    do {
        ask = (handhold_ToRelay){.which_body = handhold_ToRelay_log_read_tag,
                                 .body.log_read = {.from = next, .sessions = true}};
        err = PROTO_SET_TEXT(ask.body.log_read.beginning, f->begins);
        if (!err && !audit_line_ask(o, &ask, handhold_FromRelay_log_part_tag))
            return false;
        if (!err)
            err = match_part(&o->in.body.log_part, f);
        next = o->in.body.log_part.next;
    } while (!err && next);
    if (err)
        host_say_err("the relay's sessions", err);
    return !err;
}

bool audit_officer_find(struct audit_officer *o, const char *begins, bool running, uint8_t sid[static PROTO_SID_BYTES])
{
    struct audit_find f = {.begins = begins, .running = running};

    if (!audit_find_readable(begins, AUDIT_ACT_DIGITS))
        return false;
    if (audit_find_whole(begins, sid))
        return true;
    if (o->connection && !match_remote(o, &f))
        return false;
    if (!o->connection && relay_store_each_session_beginning(o->store, begins, audit_find_match, &f)) {
        host_say(HOST_ERROR, "%s", relay_store_error(o->store));
        return false;
    }
    memcpy(sid, f.row.sid, sizeof f.row.sid);
    return audit_find_one(&f);
}

static void take_ended(struct audit_officer *o, const handhold_ErasurePlan *said)
{
    o->ended_count = 0;
    for (pb_size_t i = 0; i < said->ended_count; i++)
        memcpy(o->ended[o->ended_count++], said->ended[i], sizeof o->ended[0]);
}

bool audit_officer_plan(struct audit_officer *o, const char *log, const char *ref, const uint8_t sid[PROTO_SID_BYTES],
                        struct proto_erasure *plan, bool *more)
{
    static handhold_ToRelay message;
    const handhold_ErasurePlan *said = &o->in.body.erasure_plan;
    const struct log_ended_subject subject = {.ref = ref, .sid = ref ? NULL : sid};

    memset(plan, 0, sizeof *plan);
    if (!o->connection)
        return audit_local_plan(o, log, &subject, plan, more);
    message = (handhold_ToRelay){.which_body = handhold_ToRelay_erasure_ask_tag};
    handhold_ErasureAsk *ask = &message.body.erasure_ask;
    ask->which_subject = ref ? handhold_ErasureAsk_customer_ref_tag : handhold_ErasureAsk_sid_tag;
    if (ref && PROTO_SET_TEXT(ask->subject.customer_ref, ref)) {
        host_say_error(ref, "is longer than a reference can be", "give it as it was given when the session was opened");
        return false;
    }
    if (!ref)
        memcpy(ask->subject.sid, sid, PROTO_SID_BYTES);
    if (PROTO_SET_TEXT(ask->log, log) || !audit_line_ask(o, &message, handhold_FromRelay_erasure_plan_tag))
        return false;
    for (pb_size_t i = 0; i < said->first_count && i < said->last_count; i++)
        plan->ranges[plan->count++] = (struct proto_entries){said->first[i], said->last[i]};
    *more = said->more;
    snprintf(plan->log, sizeof plan->log, "%s", log);
    if (!*log)
        take_ended(o, said);
    return true;
}

/* What is said, as one of these two. */
struct saying {
    const struct proto_erasure *erasure;
    const struct proto_event_note *event;
    const char *policy_note;
};

/* It names the log that it is for: no other can have it. */
static enum proto_err write_erasure(const struct audit_officer *o, const struct proto_erasure *what,
                                    struct proto_buf *text)
{
    struct proto_erasure erasure = *what;

    erasure.seq = o->seq + 1;
    erasure.first = o->seq == 0;
    memcpy(erasure.prev, o->prev, sizeof erasure.prev);
    erasure.unix_s = host_now().unix_ms / 1000;
    erasure.retention = false;
    if (!*erasure.log)
        snprintf(erasure.log, sizeof erasure.log, "%s", o->origin);
    return proto_erasure_write(&erasure, text);
}

static enum proto_err write_event(const struct audit_officer *o, const struct proto_event_note *what,
                                  struct proto_buf *text)
{
    struct proto_event_note event = *what;
    char log[PROTO_EVENT_VALUE_BYTES + 1];

    event.seq = o->seq + 1;
    event.first = o->seq == 0;
    memcpy(event.prev, o->prev, sizeof event.prev);
    event.unix_s = host_now().unix_ms / 1000;
    proto_event_note_text(log, o->origin);
    enum proto_err err =
        event.action == PROTO_ACT_RECOVERED ? PROTO_OK : proto_event_note_detail(&event, "log", "%s", log);
    return err ? err : proto_event_note_write(&event, text);
}

static bool say_once(struct audit_officer *o, const struct saying *s, struct audit_answer *answer)
{
    enum proto_log_class kind = s->erasure ? PROTO_LOG_ERASURE : PROTO_LOG_OFFICER_ACT;
    struct proto_buf text;

    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    enum proto_err err = s->erasure ? write_erasure(o, s->erasure, &text) : write_event(o, s->event, &text);
    if (err)
        host_say_error("--reason", "is not a text that can be signed", "at most 200 bytes, in one line");
    bool fine = !err && act(o, kind, &text, s->erasure, s->policy_note, answer);
    proto_buf_free(&text);
    return fine;
}

static bool say(struct audit_officer *o, const struct saying *s, struct audit_answer *answer)
{
    o->first = s->event && s->event->action == PROTO_ACT_SESSION_STOPPED;
    for (o->again = 0;; o->again++) {
        if (say_once(o, s, answer))
            return true;
        if (!o->connection || !may_come_again(o))
            return false;
        if (!audit_line_again(o, audit_options.relay, audit_options.ca, audit_options.identity))
            return false;
    }
}

bool audit_officer_erase(struct audit_officer *o, const struct proto_erasure *plan, struct audit_answer *answer)
{
    return say(o, &(struct saying){.erasure = plan}, answer);
}

bool audit_officer_event(struct audit_officer *o, const struct proto_event_note *event, const char *policy_note,
                         struct audit_answer *answer)
{
    return say(o, &(struct saying){.event = event, .policy_note = policy_note}, answer);
}
