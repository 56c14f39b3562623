/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/receipt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/consent/receipt_words.h"
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

static void put_words(struct proto_buf *out, const struct client_receipt *receipt,
                      const struct client_receipt_about *about, struct proto_receipt_entry *entries)
{
    const struct proto_receipt_words words = {.sid = about->sid,
                                              .written_unix_s = about->now_unix_s,
                                              .organisation = receipt->organisation,
                                              .verified = receipt->verified,
                                              .contact = about->contact,
                                              .agent = receipt->peer,
                                              .relay = about->relay,
                                              .ended = receipt->ended,
                                              .log = about->log_vkey,
                                              .keep_days = about->keep_days,
                                              .entries = entries,
                                              .count = receipt->count,
                                              .put_time = put_time};

    for (size_t i = 0; i < receipt->count; i++)
        entries[i] = (struct proto_receipt_entry){&receipt->lines[i]->statement, receipt->lines[i]->proof.index};
    proto_receipt_words_write(&words, out);
}

enum proto_err client_receipt_write(const struct client_receipt *receipt, const struct client_receipt_about *about,
                                    struct proto_buf *out)
{
    char name[PROTO_SIGNER_BYTES];
    struct proto_note_key customer;
    enum proto_err err = PROTO_OK;

    if (!receipt->count || !about->log_vkey[0])
        return PROTO_ERR_STATE;
    struct proto_receipt_entry *entries = calloc(receipt->count, sizeof *entries);
    if (!entries)
        return PROTO_ERR_NOMEM;
    put_words(out, receipt, about, entries);
    free(entries);
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
