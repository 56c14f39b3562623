/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "client/companion/words.h"
#include "proto/consent/statement.h"
#include "proto/log/proofs.h"
#include "proto/seal/note.h"

enum { LINES_MAX = 1024 }; /* far more answers than one session has */

struct line {
    struct proto_log_proof proof;
    struct proto_statement statement;
};

struct client_receipt {
    struct line **lines; /* owned, each too */
    size_t count, room;
    bool full; /* a line did not fit, or its note was not read */
    char peer[256], organisation[256], ended[64];
    bool verified;
};

enum proto_err client_receipt_new(struct client_receipt **out)
{
    *out = calloc(1, sizeof **out);
    return *out ? PROTO_OK : PROTO_ERR_NOMEM;
}

void client_receipt_free(struct client_receipt *receipt)
{
    for (size_t i = 0; receipt && i < receipt->count; i++)
        free(receipt->lines[i]);
    if (receipt)
        free(receipt->lines);
    free(receipt);
}

/* ---- what happened ---- */

static struct line *next_line(struct client_receipt *receipt)
{
    struct line *line = receipt->count < LINES_MAX ? calloc(1, sizeof *line) : NULL;

    if (line && receipt->count == receipt->room) {
        size_t more = receipt->room ? receipt->room * 2 : 16;
        struct line **bigger = realloc(receipt->lines, more * sizeof *bigger);
        if (!bigger) {
            free(line);
            return NULL;
        }
        receipt->lines = bigger;
        receipt->room = more;
    }
    if (line)
        receipt->lines[receipt->count++] = line;
    return line;
}

static void take_logged(struct client_receipt *receipt, const struct proto_event *event)
{
    size_t len = strlen(event->logged.note);
    struct proto_note_parts parts;
    struct line *line = len <= PROTO_LOG_PROOF_NOTE_MAX ? next_line(receipt) : NULL;

    if (!line || proto_note_split(&parts, event->logged.note, len) ||
        proto_statement_parse(parts.text, parts.text_len, &line->statement)) {
        if (line) {
            receipt->count--;
            free(line);
        }
        receipt->full = true;
        return;
    }
    memcpy(line->proof.leaf, event->logged.receipt->leaf, sizeof line->proof.leaf);
    memcpy(line->proof.salt, event->logged.r, sizeof line->proof.salt);
    memcpy(line->proof.note, event->logged.note, len);
    line->proof.note_len = len;
    line->proof.index = event->logged.receipt->index;
    line->proof.inclusion = event->logged.receipt->inclusion;
    memcpy(line->proof.checkpoint, event->logged.receipt->checkpoint, sizeof line->proof.checkpoint);
}

void client_receipt_take(struct client_receipt *receipt, const struct proto_event *event)
{
    switch (event->kind) {
    case PROTO_EVENT_JOINED:
        snprintf(receipt->peer, sizeof receipt->peer, "%s", event->joined.peer);
        snprintf(receipt->organisation, sizeof receipt->organisation, "%s", event->joined.organisation);
        receipt->verified = event->joined.verified;
        break;
    case PROTO_EVENT_LOGGED:
        take_logged(receipt, event);
        break;
    case PROTO_EVENT_ENDED:
        snprintf(receipt->ended, sizeof receipt->ended, "%s", proto_end_name(event->ended.reason));
        break;
    default:
        break;
    }
}

/* ---- the page ---- */

static void put_time(struct proto_buf *out, int64_t unix_s)
{
    time_t when = (time_t)unix_s;
    struct tm parts;
    char text[64] = "";

    if (!localtime_r(&when, &parts) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %z", &parts))
        snprintf(text, sizeof text, "@%lld", (long long)unix_s);
    proto_buf_put_text(out, text);
}

static void put_head(struct proto_buf *out, const char *name)
{
    proto_buf_printf(out, "%-12s", name);
}

/* The statement that ends what line `at` allowed; NULL: the session did. */
static const struct proto_statement *end_of(const struct client_receipt *receipt, size_t at)
{
    const struct proto_statement *grant = &receipt->lines[at]->statement;

    for (size_t i = at + 1; i < receipt->count; i++) {
        const struct proto_statement *st = &receipt->lines[i]->statement;
        bool same = st->capability == grant->capability;
        if ((same && (st->action == PROTO_STATEMENT_WITHDRAW || st->action == PROTO_STATEMENT_GRANT)) ||
            st->action == PROTO_STATEMENT_END)
            return st;
    }
    return NULL;
}

static void put_why(struct proto_buf *out, const struct proto_statement *end)
{
    proto_buf_put_text(out, " (");
    if (end->action == PROTO_STATEMENT_GRANT)
        proto_buf_put_text(out, "a new answer took its place");
    else if (end->action == PROTO_STATEMENT_END)
        proto_buf_put_text(out, "the session ended");
    else if (!strcmp(end->purpose, PROTO_PURPOSE_ENDED))
        proto_buf_put_text(out, "the session ended");
    else if (!*end->purpose)
        proto_buf_put_text(out, "you took it back");
    else
        client_words_clean(out, end->purpose);
    proto_buf_put_text(out, ")");
}

static void put_grant(struct proto_buf *out, const struct client_receipt *receipt, size_t at)
{
    const struct proto_statement *st = &receipt->lines[at]->statement, *end = end_of(receipt, at);

    put_head(out, "Answer");
    proto_buf_put_text(out, "you allowed it\n");
    put_head(out, "From");
    put_time(out, st->unix_s);
    proto_buf_put_text(out, "\n");
    put_head(out, "Until");
    if (end) {
        put_time(out, end->unix_s);
        put_why(out, end);
    } else {
        proto_buf_put_text(out, "the session ended");
    }
    proto_buf_put_text(out, "\n");
    put_head(out, "At most");
    if (st->max_s)
        client_words_duration(out, st->max_s);
    else
        proto_buf_put_text(out, "until the session ended");
    proto_buf_put_text(out, "\n");
    put_head(out, "Kept");
    if (st->retention_days)
        proto_buf_printf(out, "what was shown may be kept by the organisation for %u day%s\n", st->retention_days,
                         st->retention_days == 1 ? "" : "s");
    else
        proto_buf_put_text(out, "nothing of what was shown\n");
}

static void put_refusal(struct proto_buf *out, const struct proto_statement *st)
{
    bool machine = proto_purpose_is_machines(st->purpose);

    put_head(out, "Answer");
    if (machine) {
        proto_buf_put_text(out, "refused without asking you: ");
        client_words_clean(out, st->purpose);
        proto_buf_put_text(out, "\n");
    } else {
        proto_buf_put_text(out, "you refused it\n");
    }
    put_head(out, "When");
    put_time(out, st->unix_s);
    proto_buf_put_text(out, "\n");
    put_head(out, "Kept");
    proto_buf_put_text(out, "nothing was shown\n");
}

static void put_answers(struct proto_buf *out, const struct client_receipt *receipt)
{
    unsigned number = 0;

    for (size_t i = 0; i < receipt->count; i++) {
        const struct proto_statement *st = &receipt->lines[i]->statement;
        bool grant = st->action == PROTO_STATEMENT_GRANT;
        if (!grant && st->action != PROTO_STATEMENT_REFUSE)
            continue;
        proto_buf_printf(out, "%u. %s (entry %llu)\n", ++number, proto_capability_label(st->capability),
                         (unsigned long long)receipt->lines[i]->proof.index);
        if (grant || !proto_purpose_is_machines(st->purpose)) {
            put_head(out, "Purpose");
            client_words_clean(out, *st->purpose ? st->purpose : "none was given");
            proto_buf_put_text(out, "\n");
        }
        if (grant)
            put_grant(out, receipt, i);
        else
            put_refusal(out, st);
        proto_buf_put_text(out, "\n");
    }
    if (!number)
        proto_buf_put_text(out, "Nothing was asked for, and nothing was shared.\n\n");
}

static void put_parties(struct proto_buf *out, const struct client_receipt *receipt,
                        const struct client_receipt_about *about)
{
    proto_buf_put_text(out, "RECEIPT of a session of remote assistance\n\n");
    put_head(out, "Session");
    for (size_t i = 0; i < PROTO_SID_BYTES; i++)
        proto_buf_printf(out, "%02x", about->sid[i]);
    proto_buf_put_text(out, "\n");
    put_head(out, "Written");
    put_time(out, about->now_unix_s);
    proto_buf_put_text(out, " by your own device\n");
    put_head(out, "Controller");
    client_words_clean(out, *receipt->organisation ? receipt->organisation : "not known");
    proto_buf_put_text(out, receipt->verified ? " (verified)\n" : " (NOT VERIFIED)\n");
    put_head(out, "Agent");
    client_words_clean(out, *receipt->peer ? receipt->peer : "nobody came");
    proto_buf_put_text(out, "\n");
    put_head(out, "Relay");
    client_words_clean(out, about->relay);
    proto_buf_put_text(out, "\n");
    put_head(out, "Ended");
    proto_buf_put_text(out, *receipt->ended ? receipt->ended : "not by word");
    proto_buf_put_text(out, "\n\n");
}

static void put_stored(struct proto_buf *out, const struct client_receipt_about *about)
{
    const char *plus = strchr(about->log_vkey, '+');
    char keep[64] = "without an end that is set";

    if (about->keep_days)
        snprintf(keep, sizeof keep, "for %u days", about->keep_days);
    proto_buf_put_text(out, "What is stored\n");
    proto_buf_printf(out,
                     "- Your answers, word for word: in the log %.*s, sealed to\n"
                     "  the organisation's privacy officers, %s.\n",
                     (int)(plus ? plus - about->log_vkey : 0), about->log_vkey, keep);
    proto_buf_put_text(out, "- For each answer a number in that log's tree, which says nothing about you and\n"
                            "  stays for good.\n"
                            "- What may be kept of pictures and device information is said above.\n\n"
                            "Your rights\n"
                            "You may ask the organisation for what it keeps about this session, and to have it\n"
                            "erased: give it this receipt.\n\n"
                            "Proof\n"
                            "Below is for each answer the proof that it stands in the log as you gave it, and the\n"
                            "certificate of the agent to whom. To check it with no network:\n\n"
                            "    handhold-audit check FILE\n\n"
                            "With the organisation's root certificate it also proves who the agent was:\n\n"
                            "    handhold-audit check FILE --ca ca.crt\n\n");
}

enum proto_err client_receipt_write(const struct client_receipt *receipt, const struct client_receipt_about *about,
                                    struct proto_buf *out)
{
    char name[PROTO_SIGNER_BYTES];
    struct proto_note_key customer;
    enum proto_err err = PROTO_OK;

    if (!receipt->count || !about->log_vkey[0])
        return PROTO_ERR_STATE;
    put_parties(out, receipt, about);
    put_answers(out, receipt);
    put_stored(out, about);
    proto_signer_customer(name, about->sid);
    err = proto_note_key_init(&customer, name, about->customer_key);
    if (!err)
        proto_log_proofs_keys(out, about->log_vkey, &customer);
    for (size_t i = 0; !err && i < about->chain_len; i++)
        proto_log_proofs_certificate(out, about->chain[i].bytes, about->chain[i].len);
    for (size_t i = 0; !err && i < receipt->count; i++)
        err = proto_log_proofs_add(out, &receipt->lines[i]->proof);
    if (!err && receipt->full)
        err = PROTO_ERR_FULL;
    return !err && out->failed ? PROTO_ERR_NOMEM : err;
}
