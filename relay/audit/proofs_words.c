/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words in front of a receipt's proofs. Whoever is handed the file reads these and not the notes, so they are
 * written again out of the notes, and compared to the last letter. What no note says (when it was written, the relay,
 * the contact, how the session ended, for how long the log keeps it) is taken from the file, and said not to be proved.
 */
#define _DEFAULT_SOURCE /* timegm */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/consent/receipt_words.h"
#include "relay/audit/endings.h"
#include "relay/audit/proofs_inside.h"

enum { VALUE_MAX = 512, LINE_SHOWN = 100 };

/* ---- times, which the words have in the customer's zone ---- */

static const char time_form[] = "dddd-dd-dd dd:dd:dd sdddd";

static bool read_time(const char *at, size_t left, int64_t *unix_s)
{
    char text[sizeof time_form], sign;
    struct tm parts = {0};
    int hours, minutes;

    if (left < sizeof time_form - 1)
        return false;
    for (size_t i = 0; time_form[i]; i++)
        if (time_form[i] == 'd'   ? at[i] < '0' || at[i] > '9'
            : time_form[i] == 's' ? at[i] != '+' && at[i] != '-'
                                  : at[i] != time_form[i])
            return false;
    memcpy(text, at, sizeof text - 1);
    text[sizeof text - 1] = 0;
    if (sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d %c%2d%2d", &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &parts.tm_hour,
               &parts.tm_min, &parts.tm_sec, &sign, &hours, &minutes) != 9)
        return false;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    int64_t east_s = (int64_t)hours * 3600 + (int64_t)minutes * 60;
    struct tm same = parts; /* timegm() carries: the 54th of October is a day to it */
    *unix_s = (int64_t)timegm(&same) - (sign == '-' ? -east_s : east_s);
    return same.tm_mon == parts.tm_mon && same.tm_mday == parts.tm_mday && same.tm_hour == parts.tm_hour &&
           same.tm_min == parts.tm_min && same.tm_sec == parts.tm_sec && hours <= 14 && minutes < 60;
}

static void put_time(struct proto_buf *out, int64_t unix_s)
{
    time_t when = (time_t)unix_s;
    struct tm parts;
    char text[64] = "";

    if (gmtime_r(&when, &parts) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S +0000", &parts))
        proto_buf_put_text(out, text);
}

/* The same text with each time in one zone. */
static void put_in_utc(struct proto_buf *out, const char *text, size_t len)
{
    int64_t unix_s;

    for (size_t i = 0; i < len;) {
        bool is_time = read_time(text + i, len - i, &unix_s);
        if (is_time)
            put_time(out, unix_s);
        else
            proto_buf_put(out, text + i, 1);
        i += is_time ? sizeof time_form - 1 : 1;
    }
}

/* ---- what is taken from the file ---- */

/* The rest of the first line that begins so; empty: there is none. */
static void value_of(const struct proofs_checking *c, const char *head, char out[static VALUE_MAX])
{
    const char *at = c->file.words.text, *end = at + c->file.words.len;
    size_t head_len = strlen(head);

    *out = 0;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((line_end ? line_end : end) - at);
        if (len >= head_len && !memcmp(at, head, head_len)) {
            snprintf(out, VALUE_MAX, "%.*s", (int)(len - head_len < VALUE_MAX ? len - head_len : VALUE_MAX - 1),
                     at + head_len);
            return;
        }
        at += len + 1;
    }
}

static const struct proto_statement *first_answer(const struct proto_receipt_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (entries[i].statement->action == PROTO_STATEMENT_GRANT ||
            entries[i].statement->action == PROTO_STATEMENT_REFUSE)
            return entries[i].statement;
    return NULL;
}

/* How it ended the customer's last statement says, where it is in the file; else no proof does, but it is one of the
 * ways in which sessions end, and not a sentence. */
static void take_end(char ended[static VALUE_MAX], const struct proto_receipt_entry *entries, size_t count)
{
    if (!audit_is_ending(ended))
        *ended = 0;
    for (size_t i = 0; i < count; i++)
        if (entries[i].statement->action == PROTO_STATEMENT_END && audit_is_ending(entries[i].statement->purpose) &&
            !audit_ending_in_receipt(ended, entries[i].statement->purpose))
            snprintf(ended, VALUE_MAX, "%s", entries[i].statement->purpose);
}

/* Where the relay is no proof says; but it is an address. */
static bool is_an_address(const char *relay)
{
    return strspn(relay, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:/[]%") == strlen(relay);
}

/* Nor whom to write to; but it is somebody of the organisation's, as each of its certificates says. */
static bool is_of(const char *organisation, const char *contact)
{
    size_t id = strspn(contact, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.!#$%&'*+-/=?^_`{|}~");

    return id && contact[id] == '@' && !strcmp(contact + id + 1, organisation);
}

static void write_again(struct proofs_checking *c, const struct proto_receipt_entry *entries, size_t count,
                        struct proto_buf *out)
{
    char written[VALUE_MAX], controller[VALUE_MAX], contact[VALUE_MAX], agent[VALUE_MAX], relay[VALUE_MAX],
        ended[VALUE_MAX], kept[VALUE_MAX];
    const struct proto_statement *answer = first_answer(entries, count);
    struct proto_receipt_words words = {
        .sid = c->proved->session.row.sid, .log = c->proved->vkey, .entries = entries, .count = count};

    value_of(c, "Written     ", written);
    value_of(c, "Controller  ", controller);
    value_of(c, "Contact     ", contact);
    value_of(c, "Agent       ", agent);
    value_of(c, "Relay       ", relay);
    value_of(c, "Ended       ", ended);
    take_end(ended, entries, count);
    if (!is_an_address(relay))
        *relay = 0;
    value_of(c, "  the organisation's privacy officers, for ", kept);
    (void)read_time(written, strlen(written), &words.written_unix_s);
    char *mark = strstr(controller, " (");
    words.verified = mark && !strcmp(mark, " (verified)");
    if (mark)
        *mark = 0;
    words.organisation = answer ? answer->domain : controller;
    words.contact = is_of(words.organisation, contact) ? contact : "";
    words.agent = c->proved->certificate_ok ? c->proved->session.agent.name : agent;
    words.relay = relay;
    words.ended = ended;
    words.keep_days = (uint32_t)strtoul(kept, NULL, 10);
    words.put_time = put_time;
    proto_receipt_words_write(&words, out);
}

/* ---- comparing ---- */

static size_t line_at(const struct proto_buf *text, size_t at)
{
    const uint8_t *end = at < text->len ? memchr(text->bytes + at, '\n', text->len - at) : NULL;

    return end ? (size_t)(end - text->bytes) - at : text->len - at;
}

/* "2. Recording (entry 17)" */
static void take_entry(const struct proto_buf *text, size_t at, size_t len, uint64_t *entry)
{
    static const char mark[] = " (entry ";
    const uint8_t *found = len ? memmem(text->bytes + at, len, mark, sizeof mark - 1) : NULL;

    if (found && text->bytes[at] >= '0' && text->bytes[at] <= '9')
        *entry = strtoull((const char *)found + sizeof mark - 1, NULL, 10);
}

static void found_other(struct proofs_checking *c, uint64_t entry, const struct proto_buf *proved, size_t proved_at,
                        size_t proved_len, const struct proto_buf *said, size_t said_at, size_t said_len)
{
    struct audit_finding *f = audit_at_entry(audit_wrong(&c->proved->report, "words", "words in front"), entry);

    audit_expected(f, "\"%.*s\", as the proved notes have it", (int)(proved_len < LINE_SHOWN ? proved_len : LINE_SHOWN),
                   (const char *)proved->bytes + proved_at);
    audit_found(f, "\"%.*s\"", (int)(said_len < LINE_SHOWN ? said_len : LINE_SHOWN),
                (const char *)said->bytes + said_at);
}

/* The first line that differs is named; false: one does. */
static bool compare(struct proofs_checking *c, const struct proto_buf *proved, const struct proto_buf *said)
{
    uint64_t entry = 0;

    for (size_t a = 0, b = 0; a < proved->len || b < said->len;) {
        size_t a_len = line_at(proved, a), b_len = line_at(said, b);
        if (a_len != b_len || (a_len && memcmp(proved->bytes + a, said->bytes + b, a_len) != 0)) {
            found_other(c, entry, proved, a, a_len, said, b, b_len);
            return false;
        }
        take_entry(proved, a, a_len, &entry);
        a += a_len + 1;
        b += b_len + 1;
    }
    return true;
}

/* The customer's statements, in the file's order, which is that of the log. */
static size_t collect(const struct audit_session *session, struct proto_receipt_entry *entries)
{
    size_t count = 0;

    for (size_t i = 0; i < session->count; i++)
        if (session->notes[i].by == AUDIT_CUSTOMER && !session->notes[i].rides)
            entries[count++] = (struct proto_receipt_entry){&session->notes[i].statement, session->notes[i].entry};
    return count;
}

/* In UTC, whatever zone the device was in; a purpose may hold a time, too. */
static bool write_companions(struct proofs_checking *c, struct proto_buf *proved, struct proto_buf *said)
{
    struct proto_receipt_entry *entries = calloc(c->proved->session.count + 1, sizeof *entries);
    struct proto_buf written;

    if (!entries)
        return false;
    proto_buf_init_secret(&written, PROTO_LOG_PROOFS_FILE_MAX);
    write_again(c, entries, collect(&c->proved->session, entries), &written);
    put_in_utc(proved, (const char *)written.bytes, written.len);
    put_in_utc(said, c->file.words.text, c->file.words.len);
    bool fine = !written.failed;
    proto_buf_free(&written);
    free(entries);
    return fine;
}

/* A page that cannot be written again was never one of ours: people would read it all the same. */
static bool write_pages(struct proofs_checking *c, struct proto_buf *proved, struct proto_buf *said)
{
    static const char end[] = "--- end\n" PROOFS_PAGE_ENDS;

    if (!proofs_write_page(c, proved)) {
        audit_found(audit_expected(audit_wrong(&c->proved->report, "words", "words in front"),
                                   "a receipt as the phone's page writes it, in a language that it comes in"),
                    "another page");
        return false;
    }
    proto_buf_put(said, (const uint8_t *)c->file.words.text, c->file.words.len);
    if (c->file.rest.len == sizeof end - 1 && !memcmp(c->file.rest.text, end, sizeof end - 1))
        c->proved->behind = 0;
    else
        audit_found(audit_expected(audit_wrong(&c->proved->report, "words", "words behind"),
                                   "the end of the page, and nothing else"),
                    "other bytes");
    return !c->proved->report.wrong;
}

static bool begins(const struct proto_log_span *words, const char *text)
{
    return words->len >= strlen(text) && !memcmp(words->text, text, strlen(text));
}

bool proofs_compare_words(struct proofs_checking *c)
{
    bool page = begins(&c->file.words, PROOFS_PAGE_BEGINS);
    struct proto_buf proved, said;

    if (c->proved->report.wrong ||
        (page ? !proofs_page_is_ours(&c->file.words) : !begins(&c->file.words, PROTO_RECEIPT_FIRST_LINE)))
        return true;
    proto_buf_init_secret(&proved, PROTO_LOG_PROOFS_FILE_MAX);
    proto_buf_init_secret(&said, PROTO_LOG_PROOFS_FILE_MAX);
    bool written = (page ? write_pages : write_companions)(c, &proved, &said);
    bool fine = !proved.failed && !said.failed && (written || c->proved->report.wrong);
    c->proved->compared = written && fine && compare(c, &proved, &said);
    c->proved->page = page;
    c->proved->unnamed = c->proved->compared && !c->file.certificate_count;
    proto_buf_free(&proved);
    proto_buf_free(&said);
    return fine;
}
