/* SPDX-License-Identifier: Apache-2.0 */
/* erase: all that is stored of one person, or of one session, is destroyed; the log says so and still verifies. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/log/proofs.h"
#include "proto/seal/note.h"
#include "relay/audit/commands.h"
#include "relay/audit/find.h"
#include "relay/audit/goes.h"
#include "relay/audit/remote.h"
#include "relay/audit/times.h"

enum { RECEIPT_BYTES = 1 << 22 };

/* ---- whose ---- */

/* A statement is the customer's own; what an agent or the relay signed is no claim of theirs to be forgotten. */
static bool sid_of_statement(const struct proto_log_proof *proof, uint8_t sid[static PROTO_SID_BYTES])
{
    struct proto_note_parts parts;
    struct proto_statement statement;

    if (proto_note_split(&parts, proof->note, proof->note_len) ||
        proto_statement_parse(parts.text, parts.text_len, &statement))
        return false;
    memcpy(sid, statement.sid, PROTO_SID_BYTES);
    return true;
}

static bool holds(const struct audit_officer *o, const struct proto_log_proof *proof)
{
    for (size_t i = 0; i < o->org.log_count; i++)
        if (!proto_log_proof_check(proof, o->org.logs[i], NULL))
            return true;
    return false;
}

/* A receipt is a file of proofs, a page around them, or one bare proof: the customer's first that holds names it. */
static bool sid_of_receipt(const struct audit_officer *o, const char *path, uint8_t sid[static PROTO_SID_BYTES])
{
    static struct proto_log_proof proof; /* large */
    struct proto_log_proofs proofs;
    struct proto_buf file;
    bool found = false;

    proto_buf_init(&file, RECEIPT_BYTES);
    enum proto_err err = host_file_read(path, &file);
    bool fine = !err && !proto_log_proofs_open(&proofs, (const char *)file.bytes, file.len);
    while (fine && !found && !proto_log_proofs_next(&proofs, &proof))
        found = holds(o, &proof) && sid_of_statement(&proof, sid);
    proto_buf_free(&file);
    if (err)
        host_say_err(path, err);
    else if (!found)
        host_say_error(path, "holds no proof of a customer's statement in your organisation's logs",
                       "have the receipt sent again, as the file that the customer's program wrote");
    return found;
}

static bool find_subject(struct audit_officer *o, uint8_t sid[static PROTO_SID_BYTES])
{
    if (audit_options.filter.customer)
        return true;
    return audit_options.receipt ? sid_of_receipt(o, audit_options.receipt, sid)
                                 : audit_officer_find(o, audit_options.session, false, sid);
}

static bool one_subject(void)
{
    int count =
        (audit_options.filter.customer != NULL) + (audit_options.session != NULL) + (audit_options.receipt != NULL);

    if (audit_options.filter.customer && !*audit_options.filter.customer) {
        host_say_error("--customer", "is empty", "give the reference, as list shows it");
        return false;
    }
    if (count == 1)
        return !audit_options.session || audit_find_readable(audit_options.session, AUDIT_ACT_DIGITS);
    host_say_error("--customer, --session, --receipt", "one of them says whose data it is", "give one");
    return false;
}

/* ---- doing it ---- */

/* Whose data it is, and how much of it there is in all the logs. */
struct erasing {
    struct audit_officer *o;
    struct audit_goes *goes; /* with the officers' key; else NULL */
    uint8_t sid[PROTO_SID_BYTES];
    uint64_t entries, named; /* at first, and at last: by notes that are in the log */
    bool more;
};

static bool plan(struct erasing *e, const char *log, struct proto_erasure *out, bool *more)
{
    return audit_officer_plan(e->o, log, audit_options.filter.customer, e->sid, out, more);
}

static bool count(struct erasing *e, const char *log)
{
    struct proto_erasure found;
    bool more;

    if (!plan(e, log, &found, &more) || (e->goes && !audit_goes_covers(e->goes, &found)))
        return false;
    e->entries += proto_erasure_size(&found);
    e->more |= more;
    return true;
}

static bool confirmed(const struct erasing *e)
{
    char line[16] = "", sid[2 * PROTO_SID_BYTES + 1];

    if (audit_options.yes)
        return true;
    if (!isatty(STDIN_FILENO)) {
        host_say_error("erase", "is for good, and nobody is at a terminal to confirm it", "give --yes");
        return false;
    }
    sodium_bin2hex(sid, sizeof sid, e->sid, sizeof e->sid);
    if (!audit_options.filter.customer)
        fprintf(stderr, "Session %s: ", sid);
    fprintf(stderr, "%llu entries%s lose their evidence for good. The log stays whole and says so. Erase? [y/N] ",
            (unsigned long long)e->entries, e->more ? " and more" : "");
    return fgets(line, sizeof line, stdin) && (!strcmp(line, "y\n") || !strcmp(line, "yes\n"));
}

static void say_done(const struct proto_erasure *plan, const struct audit_answer *answer, const char *who)
{
    if (audit_options.json) {
        json_t *ranges = json_array();
        for (size_t i = 0; i < plan->count; i++)
            json_array_append_new(
                ranges, json_pack("[I,I]", (json_int_t)plan->ranges[i].first, (json_int_t)plan->ranges[i].last));
        host_json_event("erased", "{s:I,s:I,s:o,s:s,s:s}", "entry", (json_int_t)answer->index, "erased",
                        (json_int_t)answer->erased, "entries", ranges, "of", plan->log, "message", answer->message);
        return;
    }
    printf("Erased      %llu entries:", (unsigned long long)answer->erased);
    for (size_t i = 0; i < plan->count; i++)
        printf(plan->ranges[i].first == plan->ranges[i].last ? " %llu" : " %llu-%llu",
               (unsigned long long)plan->ranges[i].first, (unsigned long long)plan->ranges[i].last);
    if (plan->log[0])
        printf("\nOf          the ended log %s", plan->log);
    printf("\nLogged      entry %llu, signed by %s\n", (unsigned long long)answer->index, who);
    if (*answer->message)
        printf("Note        %s\n", answer->message);
}

/* More than one note can name needs several; what is gone is not planned again. */
static bool erase_log(struct erasing *e, const char *log)
{
    struct proto_erasure what;
    struct audit_answer answer;
    bool more;

    do {
        if (!plan(e, log, &what, &more))
            return false;
        if (!what.count)
            return true;
        if (e->goes && !audit_goes_covers(e->goes, &what))
            return false;
        snprintf(what.basis, sizeof what.basis, "%s", audit_options.reason);
        if (!audit_officer_erase(e->o, &what, &answer))
            return false;
        e->named += proto_erasure_size(&what);
        if (e->goes)
            audit_goes_take(e->goes, &what);
        say_done(&what, &answer, e->o->credential.identity.name);
        if (!answer.erased && *answer.message)
            return false;
    } while (more);
    return true;
}

/* What lies where no relay reaches; the session's own notes say of recordings and photos. */
static void say_beyond(const struct audit_goes *goes)
{
    char bytes[AUDIT_TIME_MAX] = "";

    if (audit_options.json) {
        if (goes)
            host_json_event("not-reached", "{s:I,s:I,s:I}", "recordings", (json_int_t)goes->recordings, "bytes",
                            (json_int_t)goes->recorded_bytes, "photos", (json_int_t)goes->photos);
        return;
    }
    if (goes)
        audit_amount(bytes, goes->recorded_bytes);
    if (goes && (goes->recordings || goes->photos))
        printf("Not reached %llu recording%s (%s) and %llu photo%s that programs of agents kept: erase them there\n",
               (unsigned long long)goes->recordings, goes->recordings == 1 ? "" : "s", bytes,
               (unsigned long long)goes->photos, goes->photos == 1 ? "" : "s");
    printf("Not reached %swhat was exported or proved to files before, and backups of keys.db\n",
           goes ? "" : "recordings and photos that programs of agents kept, ");
}

/* What was planned before the question, and what was named after it, are two answers of one relay. */
static bool is_done(const struct erasing *e)
{
    char rule[120];

    if (e->goes && !audit_goes_done(e->goes))
        return false;
    if (e->named >= e->entries)
        return true;
    snprintf(rule, sizeof rule, "was to take %llu entries, and %llu were named when it was done",
             (unsigned long long)e->entries, (unsigned long long)e->named);
    host_say_error("erase", rule,
                   "somebody else may have erased them meanwhile: handhold-audit list shows what is left");
    return false;
}

static int erase_all(struct erasing *e)
{
    struct audit_officer *o = e->o;
    bool fine = count(e, "");

    for (size_t i = 0; fine && i < o->ended_count; i++)
        fine = count(e, o->ended[i]);
    if (fine && !e->entries) {
        host_say_error(
            "erase",
            "there is nothing to erase under this reference or number: it was erased before, or was never there",
            "handhold-audit list shows what there is, and verify what was erased");
        fine = false;
    }
    if (fine && !e->goes)
        host_say(HOST_WARN,
                 "that these entries are of this %s is the relay's word: --key holds them to what was signed",
                 audit_options.filter.customer ? "customer" : "session");
    fine = fine && confirmed(e) && erase_log(e, "");
    for (size_t i = 0; fine && i < o->ended_count; i++)
        fine = erase_log(e, o->ended[i]);
    fine = fine && is_done(e);
    if (fine)
        say_beyond(e->goes);
    return fine && !(e->goes && e->goes->doubtful) ? HOST_EXIT_FINE : HOST_EXIT_FAILED;
}

static bool hold(struct erasing *e, struct audit_goes *goes)
{
    const char *read = audit_options.relay ? audit_remote_copy("the log, opened, for an erasure") : audit_options.dir;

    if (!read || !audit_goes_read(goes, read, audit_options.filter.customer, e->sid))
        return false;
    e->goes = goes;
    return true;
}

static const char ground[] = "is public, and outlives what is erased: the legal ground, and no name",
                  such_as[] = "\"Art. 17(1)(b) GDPR\"";

/* Not the very reference that is to be forgotten. */
static bool names_customer(const char *customer)
{
    if (!customer || !strstr(audit_options.reason, customer))
        return false;
    host_say_error("--reason", ground, "give the ground alone, such as \"Art. 17(1)(b) GDPR\"");
    return true;
}

int audit_erase(void)
{
    static struct audit_officer o;
    struct erasing e = {.o = &o};
    struct audit_goes goes = {.count = 0};
    int code = HOST_EXIT_USAGE;

    if (!one_subject() || !audit_reason(ground, such_as) || names_customer(audit_options.filter.customer))
        return code;
    bool known = audit_officer_open(&o) && find_subject(&o, e.sid);
    if (known && audit_options.key) {
        audit_officer_close(&o); /* its chain goes on by the note that the log was read */
        code = HOST_EXIT_FAILED;
        known = hold(&e, &goes) && audit_officer_open(&o);
    }
    if (known)
        code = erase_all(&e);
    audit_officer_close(&o);
    audit_goes_free(&goes);
    return code;
}
