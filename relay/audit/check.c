/* SPDX-License-Identifier: Apache-2.0 */
/* check: what a receipt or a file of proofs proves, said in words; nobody is asked. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/identity/credential.h"
#include "proto/log/fork.h"
#include "relay/audit/commands.h"
#include "relay/audit/fork.h"
#include "relay/audit/minutes.h"
#include "relay/audit/page.h"
#include "relay/audit/paper.h"
#include "relay/audit/phrases.h"
#include "relay/audit/proofs.h"
#include "relay/audit/times.h"

#define MINUTES_INDENT 17
#define PAGE_MAX ((size_t)512 << 20) /* bytes of a page of minutes: many sessions, each with its proofs */

/* ---- what is believed beforehand ---- */

static bool wrong(const char *value, const char *rule, const char *way_out)
{
    host_say_error(value, rule, way_out);
    return false;
}

static bool read_whole(const char *path, struct proto_buf *out)
{
    enum proto_err err = host_stream_read(path, out);

    if (err == PROTO_ERR_NOT_FOUND)
        return wrong(path, "is not there", "name the file");
    if (err)
        host_say_err(path, err);
    return !err;
}

/* The root, and with it the note that names the logs, when there is one. */
static bool believe_root(struct audit_belief *belief, const char *ca, const char *org)
{
    struct proto_buf pem, note;
    struct proto_certificate der = {0};
    struct proto_identity_root root;
    bool fine = false;

    proto_buf_init(&pem, PROTO_PEM_BYTES);
    proto_buf_init(&note, PROTO_ORG_NOTE_BYTES);
    if (read_whole(ca, &pem) && (!org || read_whole(org, &note))) {
        if (proto_root_of_pem(pem.bytes, pem.len, &der, &root))
            wrong(ca, "is not the certificate of an organisation", "give its ca.crt");
        else if (org && proto_org_verify(&belief->org, note.bytes, note.len, root.public_key, root.domain, 0))
            wrong(org, "is not a note that this organisation's root signed", "bring both from the same place");
        else
            fine = true;
    }
    if (fine) {
        belief->trust = org ? AUDIT_TRUST_ORG : belief->trust;
        belief->has_root = true;
        memcpy(belief->root_pin, root.fingerprint, sizeof belief->root_pin);
    }
    proto_certificates_free(&der, der.bytes ? 1 : 0);
    proto_buf_free(&pem);
    proto_buf_free(&note);
    return fine;
}

static bool believe_key(struct audit_belief *belief, const char *key)
{
    struct proto_note_key parsed;
    struct proto_buf file;
    size_t len = strlen(key);

    proto_buf_init(&file, sizeof belief->vkey);
    if (host_file_exists(key)) {
        if (host_file_read(key, &file))
            len = 0;
        else
            len = file.len && file.bytes[file.len - 1] == '\n' ? file.len - 1 : file.len;
        key = (const char *)file.bytes;
    }
    bool fine = len > 0 && len < sizeof belief->vkey && !proto_note_key_parse(&parsed, key, len);
    if (fine) {
        memcpy(belief->vkey, key, len);
        belief->trust = AUDIT_TRUST_KEY;
    }
    proto_buf_free(&file);
    return fine || wrong("--key", "takes the log's key, as name+id+base64 or as the file log.vkey",
                         "bring it from the organisation");
}

static bool take_belief(struct audit_belief *belief)
{
    char ca[HOST_PATH_BYTES], org[HOST_PATH_BYTES];
    const char *key = audit_options.trust ? audit_options.trust : audit_options.key;

    memset(belief, 0, sizeof *belief);
    if (audit_options.org && !audit_options.ca)
        return wrong("--ca", "is missing: a note is only as good as the root that signed it",
                     "give --ca ca.crt and --org org.note");
    if (audit_options.org && key)
        return wrong("--key", "is not needed beside --org, which names the log's keys", "leave one of them out");
    if (audit_options.ca && !believe_root(belief, audit_options.ca, audit_options.org))
        return false;
    if (key)
        return believe_key(belief, key);
    if (audit_options.dir && !audit_options.ca)
        return host_path(ca, "%s/ca/ca.crt", audit_options.dir) && host_path(org, "%s/org.note", audit_options.dir) &&
               believe_root(belief, ca, org);
    return true;
}

/* ---- in words ---- */

static void print_wrong(const struct audit_proved *p)
{
    for (size_t i = 0; i < p->report.wrong && i < AUDIT_FINDINGS_MAX; i++) {
        const struct audit_finding *f = &p->report.findings[i];
        printf("WRONG       entry %" PRIu64 ", %s\n  expected  %s\n  there is  %s\n", f->entry, f->column, f->expected,
               f->found);
    }
}

static void print_head(const struct audit_belief *belief, const struct audit_proved *p)
{
    static const char *const why[] = {
        [AUDIT_TRUST_FILE] =
            ("nobody but the file itself says that this is the log's key. Compare it with the one that "
             "the organisation publishes, or give --ca and --org, or --key."),
        [AUDIT_TRUST_KEY] = "the log's key is the one that you gave.",
        [AUDIT_TRUST_ORG] = "the log's key is one that the organisation's note names, which its root signed.",
    };
    char text[1024];

    snprintf(text, sizeof text, "%s, which then had %" PRIu64 " entries or more", p->log_key.name, p->size);
    audit_paper_head("Log", text);
    audit_paper_head("Its key", p->vkey);
    audit_paper_head("Trust", why[belief->trust]);
    sodium_bin2hex(text, sizeof text, p->session.row.sid, sizeof p->session.row.sid);
    audit_paper_head("Session", text);
}

static void print_notes(const struct audit_proved *p)
{
    char phrase[AUDIT_PHRASE_MAX], clock[AUDIT_TIME_MAX], day[AUDIT_TIME_MAX], today[AUDIT_TIME_MAX] = "";

    printf("\nProved      time and number of the log entry\n");
    audit_paper_rule();
    for (size_t i = 0; i < p->session.count; i++) {
        const struct audit_note *note = &p->session.notes[i];
        audit_phrase(&p->session, i, phrase);
        audit_time_day(day, audit_note_time(note));
        if (strcmp(day, today) != 0)
            printf("%s\n", strcpy(today, day));
        audit_time_clock(clock, audit_note_time(note));
        printf("%s %6" PRIu64 "  ", clock, note->entry);
        audit_paper_wrapped(*phrase ? phrase : "A key was renewed under the same consent.", MINUTES_INDENT);
    }
}

static void print_agent(const struct audit_proved *p)
{
    const struct proto_identity *agent = &p->session.agent;
    char text[1024];

    snprintf(text, sizeof text, "%s, certificate %s of %s, %s%s%s", agent->name, agent->serial, agent->domain,
             p->certificate_trusted ? "under the organisation's root."
                                    : "as the certificate claims, and not proved: it is under a root that nobody but "
                                      "the file names. Give --ca with the organisation's ca.crt.",
             p->to_agent ? " The customer's statements name this certificate as whom they are for." : "",
             p->revoked ? " The organisation had REVOKED it when something was allowed; its relay may not have been "
                          "given that note by then."
                        : "");
    audit_paper_head("Agent", text);
}

/* The customer's own word of how it ended. */
static bool has_end(const struct audit_proved *p)
{
    for (size_t i = 0; i < p->session.count; i++)
        if (p->session.notes[i].by == AUDIT_CUSTOMER && p->session.notes[i].statement.action == PROTO_STATEMENT_END)
            return true;
    return false;
}

static void print_not_proved(const struct audit_proved *p)
{
    const char *agent = p->certificate_ok ? "" : "the agent's name, ";
    char text[512];

    if (!p->compared)
        snprintf(text, sizeof text,
                 "that nothing else was logged, and the words in front of the proofs in the file: another program or "
                 "version wrote them. What is proved stands here.");
    else if (p->page)
        snprintf(
            text, sizeof text,
            "that nothing else was logged; and in front of the proofs: %swhen the visit began and ended, the relay, "
            "whom to write to, for how long the log keeps it, and what came along from another device.",
            agent);
    else
        snprintf(text, sizeof text,
                 "that nothing else was logged; and in front of the proofs: %swhen it was written, the relay, whom to "
                 "write to, %sand for "
                 "how long the log keeps it.",
                 agent, has_end(p) ? "" : "how it ended ");
    audit_paper_head("Not proved", text);
}

static void print_who(const struct audit_proved *p, bool believed)
{
    char text[96];

    printf("\n");
    audit_paper_head("Means", believed
                                  ? "each of these stands in the log, in that place and word for word as it was "
                                    "signed."
                                  : "each of these stands, in that place and word for word, in a log under the key "
                                    "that the file names. Anybody can make such a log: nothing is proved until you "
                                    "know whose key it is.");
    if (p->key_from_relay)
        audit_paper_head("Customer", "the one who joined: the relay's word of it is in the log too.");
    else if (p->unsigned_notes)
        audit_paper_head("Customer", "not checked: the file does not name the key of the session.");
    else
        audit_paper_head("Customer", "the holder of the key that the file names; that this key joined the session is "
                                     "for the relay's own entry to prove, which is not in the file.");
    if (p->certificate_ok) {
        print_agent(p);
    } else if (p->unnamed) {
        audit_paper_head("Agent",
                         "NOT PROVED: the certificate of the agent, which a receipt has, is missing in this file. "
                         "Whatever name stands in front of the proofs, none of them says it.");
    } else if (p->report.unchecked_lines) {
        audit_paper_head("Agent", "the agent's lines are not checked: the file has no certificate.");
    } else if (p->report.recorded_lines) {
        audit_paper_head("Agent", "the agent's lines hold under the key that the relay recorded.");
    }
    if (*p->missing)
        audit_paper_head("Missing", p->missing);
    if (p->behind) {
        snprintf(text, sizeof text, "%zu bytes behind the proofs are nobody's word, and were not read.", p->behind);
        audit_paper_head("Behind", text);
    }
    if (p->compared)
        audit_paper_head("Compared", p->unnamed ? "the words in front of the proofs, to the letter: but for the "
                                                  "agent's name they are what the proofs say."
                                                : "the words in front of the proofs, to the letter: they are what the "
                                                  "proofs say.");
    print_not_proved(p);
}

static void print_words(const struct audit_belief *belief, const struct audit_proved *p)
{
    bool believed = belief->trust != AUDIT_TRUST_FILE;

    print_wrong(p);
    print_head(belief, p);
    print_notes(p);
    if (p->report.wrong)
        printf("\nCheck       FAILED: this file does not prove what it says.\n");
    else
        print_who(p, believed);
    if (!p->report.wrong)
        printf("Check       %zu proof%s, nothing is wrong; %s%s.\n", p->proofs, p->proofs == 1 ? "" : "s",
               !p->compared ? "words in front were not compared"
               : p->unnamed ? "the words in front are the proved ones, but for the agent's name, which nothing proves"
                            : "the words in front are the proved ones",
               believed ? "" : "; whose log it is, nobody but the file says");
}

static void print_json(const struct audit_belief *belief, const struct audit_proved *p)
{
    static const char *const trust[] = {"file", "key", "organisation"};

    for (size_t i = 0; i < p->report.wrong && i < AUDIT_FINDINGS_MAX; i++)
        host_json_event("wrong", "{s:I,s:s,s:s,s:s}", "entry", (json_int_t)p->report.findings[i].entry, "part",
                        p->report.findings[i].column, "expected", p->report.findings[i].expected, "found",
                        p->report.findings[i].found);
    for (size_t i = 0; i < p->session.count; i++)
        host_json_line(audit_note_json(&p->session, i));
    host_json_event(
        "checked", "{s:b,s:I,s:I,s:s,s:s,s:b,s:b,s:b,s:b,s:b,s:b,s:s,s:s,s:I,s:s,s:I}", "ok", p->report.wrong == 0,
        "proofs", (json_int_t)p->proofs, "signatures", (json_int_t)p->report.signatures, "log", p->vkey, "trust",
        trust[belief->trust], "compared", p->compared, "certificate_missing", p->unnamed, "customer_key_from_relay",
        p->key_from_relay, "revoked", p->revoked, "certificate_ok", p->certificate_ok, "certificate_trusted",
        p->certificate_trusted, "agent", p->session.agent.name, "certificate", p->session.agent.serial,
        "statements_to_agent", (json_int_t)p->to_agent, "missing", p->missing, "bytes_behind", (json_int_t)p->behind);
}

/* Two checkpoints alone are judged offline; a log that is at hand is asked as well. */
static int check_fork(const struct proto_buf *file, struct audit_belief *belief)
{
    static struct audit_organisation o;
    bool ask = audit_options.relay || (audit_options.dir && audit_is_here(audit_options.dir, 0));

    if (ask && !audit_enter(&o, NULL))
        return HOST_EXIT_USAGE;
    if (ask && belief->trust == AUDIT_TRUST_FILE && o.log_is_named) { /* a relay brings its organisation's note along */
        belief->trust = AUDIT_TRUST_ORG;
        belief->org = o.org;
    }
    int code = audit_check_fork((const char *)file->bytes, file->len, belief, ask ? &o : NULL, audit_options.file,
                                audit_options.json);
    audit_close(&o);
    return code;
}

/* ---- what is checked ---- */

static int check_proofs(const struct proto_buf *file, const struct audit_belief *belief)
{
    struct audit_proved *proved = calloc(1, sizeof *proved);
    int code = HOST_EXIT_FAILED;

    if (!proved) {
        host_say_err(audit_options.file, PROTO_ERR_NOMEM);
    } else if (audit_proofs_check((const char *)file->bytes, file->len, belief, proved)) {
        audit_session_make_plain(&proved->session);
        (audit_options.json ? print_json : print_words)(belief, proved);
        code = proved->report.wrong ? HOST_EXIT_FAILED : HOST_EXIT_FINE;
    } else {
        host_say_error(audit_options.file, proved->trouble, "");
    }
    if (proved)
        audit_proved_clear(proved);
    free(proved);
    return code;
}

static void say_page(size_t sessions, size_t failed)
{
    char text[512];

    if (audit_options.json) {
        host_json_event("page", "{s:b,s:I,s:I}", "ok", failed == 0, "sessions", (json_int_t)sessions, "failed",
                        (json_int_t)failed);
        return;
    }
    printf("\n");
    if (failed)
        snprintf(text, sizeof text, "FAILED: of %zu session%s with proofs in this page, those of %zu do not hold.",
                 sessions, sessions == 1 ? "" : "s", failed);
    else
        snprintf(text, sizeof text,
                 "the proofs of %zu session%s, nothing is wrong. What stands here is proved; the page's own words and "
                 "drawings were not compared with it, nor is it proved that no session is left out.",
                 sessions, sessions == 1 ? "" : "s");
    audit_paper_head("Page", text);
}

/* A page of minutes has the proofs of each of its sessions. */
static int check_page(struct audit_page *page, const struct audit_belief *belief)
{
    size_t sessions = 0, failed = 0;
    enum proto_err err = PROTO_OK;
    struct proto_buf proofs;

    while (!err) {
        proto_buf_init_secret(&proofs, PROTO_LOG_PROOFS_FILE_MAX);
        err = audit_page_next(page, &proofs);
        if (!err) {
            if (sessions++ && !audit_options.json)
                printf("\n");
            failed += check_proofs(&proofs, belief) != HOST_EXIT_FINE;
        }
        proto_buf_free(&proofs);
    }
    if (err != PROTO_ERR_NOT_FOUND) {
        host_say_error(audit_options.file, "ends in the midst of its proofs", "bring the whole page");
        return HOST_EXIT_FAILED;
    }
    say_page(sessions, failed);
    return failed ? HOST_EXIT_FAILED : HOST_EXIT_FINE;
}

int audit_check(void)
{
    struct audit_belief *belief = calloc(1, sizeof *belief);
    struct audit_page page;
    struct proto_buf file;
    int code = HOST_EXIT_USAGE;

    (void)host_random(); /* starts libsodium */
    proto_buf_init_secret(&file, PAGE_MAX);
    if (belief && take_belief(belief) && read_whole(audit_options.file, &file)) {
        if (proto_log_fork_is((const char *)file.bytes, file.len))
            code = check_fork(&file, belief);
        else if (audit_page_open(&page, (const char *)file.bytes, file.len))
            code = check_page(&page, belief);
        else
            code = check_proofs(&file, belief);
    }
    proto_buf_free(&file);
    free(belief);
    return code;
}
