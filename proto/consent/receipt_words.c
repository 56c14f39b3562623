/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/consent/receipt_words.h"

#include <inttypes.h>
#include <string.h>

#include "proto/util/utf8.h"

void proto_words_clean(struct proto_buf *out, const char *text)
{
    const uint8_t *at = (const uint8_t *)(text ? text : ""), *end = at + strlen((const char *)at);

    while (at < end) {
        const uint8_t *from = at;
        char instead = proto_utf8_stand_in(&at, end, ' ');

        if (instead)
            proto_buf_put_u8(out, (uint8_t)instead);
        else
            proto_buf_put(out, from, (size_t)(at - from));
    }
}

static void put_count(struct proto_buf *out, int64_t n, const char *unit)
{
    proto_buf_printf(out, "%" PRId64 " %s%s", n, unit, n == 1 ? "" : "s");
}

void proto_words_duration(struct proto_buf *out, int64_t seconds)
{
    int64_t minutes = seconds / 60, hours = minutes / 60;

    if (seconds < 60) {
        put_count(out, seconds < 0 ? 0 : seconds, "second");
        return;
    }
    if (hours > 0)
        put_count(out, hours, "hour");
    if (hours > 0 && minutes % 60 > 0)
        proto_buf_put_text(out, " ");
    if (hours == 0 || minutes % 60 > 0)
        put_count(out, minutes % 60, "minute");
}

static void put_head(struct proto_buf *out, const char *name)
{
    proto_buf_printf(out, "%-12s", name);
}

/* The statement that ends what line `at` allowed; NULL: the session did. */
static const struct proto_statement *end_of(const struct proto_receipt_words *words, size_t at)
{
    const struct proto_statement *grant = words->entries[at].statement;

    for (size_t i = at + 1; i < words->count; i++) {
        const struct proto_statement *st = words->entries[i].statement;
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
        proto_words_clean(out, end->purpose);
    proto_buf_put_text(out, ")");
}

static void put_grant(struct proto_buf *out, const struct proto_receipt_words *words, size_t at)
{
    const struct proto_statement *st = words->entries[at].statement, *end = end_of(words, at);

    put_head(out, "Answer");
    proto_buf_put_text(out, "you allowed it\n");
    put_head(out, "From");
    words->put_time(out, st->unix_s);
    proto_buf_put_text(out, "\n");
    put_head(out, "Until");
    if (end) {
        words->put_time(out, end->unix_s);
        put_why(out, end);
    } else {
        proto_buf_put_text(out, "the session ended");
    }
    proto_buf_put_text(out, "\n");
    put_head(out, "At most");
    if (st->max_s)
        proto_words_duration(out, st->max_s);
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

static void put_refusal(struct proto_buf *out, const struct proto_receipt_words *words,
                        const struct proto_statement *st)
{
    bool machine = proto_purpose_is_machines(st->purpose);

    put_head(out, "Answer");
    if (machine) {
        proto_buf_put_text(out, "refused without asking you: ");
        proto_words_clean(out, st->purpose);
        proto_buf_put_text(out, "\n");
    } else {
        proto_buf_put_text(out, "you refused it\n");
    }
    put_head(out, "When");
    words->put_time(out, st->unix_s);
    proto_buf_put_text(out, "\n");
    put_head(out, "Kept");
    proto_buf_put_text(out, "nothing was shown\n");
}

static void put_answers(struct proto_buf *out, const struct proto_receipt_words *words)
{
    unsigned number = 0;

    for (size_t i = 0; i < words->count; i++) {
        const struct proto_statement *st = words->entries[i].statement;
        bool grant = st->action == PROTO_STATEMENT_GRANT;
        if (!grant && st->action != PROTO_STATEMENT_REFUSE)
            continue;
        proto_buf_printf(out, "%u. %s (entry %llu)\n", ++number, proto_capability_label(st->capability),
                         (unsigned long long)words->entries[i].index);
        if (grant || !proto_purpose_is_machines(st->purpose)) {
            put_head(out, "Purpose");
            proto_words_clean(out, *st->purpose ? st->purpose : "none was given");
            proto_buf_put_text(out, "\n");
        }
        if (grant)
            put_grant(out, words, i);
        else
            put_refusal(out, words, st);
        proto_buf_put_text(out, "\n");
    }
    if (!number)
        proto_buf_put_text(out, "Nothing was asked for, and nothing was shared.\n\n");
}

static void put_parties(struct proto_buf *out, const struct proto_receipt_words *words)
{
    proto_buf_put_text(out, PROTO_RECEIPT_FIRST_LINE "\n");
    put_head(out, "Session");
    for (size_t i = 0; i < PROTO_SID_BYTES; i++)
        proto_buf_printf(out, "%02x", words->sid[i]);
    proto_buf_put_text(out, "\n");
    put_head(out, "Written");
    words->put_time(out, words->written_unix_s);
    proto_buf_put_text(out, " by your own device\n");
    put_head(out, "Controller");
    proto_words_clean(out, *words->organisation ? words->organisation : "not known");
    proto_buf_put_text(out, words->verified ? " (verified)\n" : " (NOT VERIFIED)\n");
    put_head(out, "Contact");
    proto_words_clean(out, *words->contact ? words->contact : "not known");
    proto_buf_put_text(out, "\n");
    put_head(out, "Agent");
    proto_words_clean(out, *words->agent ? words->agent : "nobody came");
    proto_buf_put_text(out, "\n");
    put_head(out, "Relay");
    proto_words_clean(out, words->relay);
    proto_buf_put_text(out, "\n");
    put_head(out, "Ended");
    proto_buf_put_text(out, *words->ended ? words->ended : "not by word");
    proto_buf_put_text(out, "\n\n");
}

static void put_stored(struct proto_buf *out, const struct proto_receipt_words *words)
{
    proto_buf_put_text(out, "What is stored\n");
    proto_buf_printf(out,
                     "- Your answers, word for word: in the log %.*s, sealed to\n"
                     "  the organisation's privacy officers, ",
                     (int)strcspn(words->log, "+"), words->log);
    if (words->keep_days)
        proto_buf_printf(out, "for %u day%s.\n", words->keep_days, words->keep_days == 1 ? "" : "s");
    else
        proto_buf_put_text(out, "without an end that is set.\n");
    proto_buf_put_text(out, "- For each answer a number in that log's tree, which says nothing about you and\n"
                            "  stays for good.\n"
                            "- What may be kept of pictures and device information is said above.\n\n"
                            "Your rights\n"
                            "What was shared rested on your consent alone: you could take back each answer until\n"
                            "the session ended, and with its end all of them were over.\n"
                            "You may ask the organisation for what it keeps about this session, and to have it\n"
                            "erased: give it this receipt.\n\n"
                            "Proof\n"
                            "Below is for each answer the proof that it stands in the log as you gave it, and the\n"
                            "certificate of the agent to whom. To check it with no network:\n\n"
                            "    handhold-audit check FILE\n\n"
                            "With the organisation's root certificate it also proves who the agent was:\n\n"
                            "    handhold-audit check FILE --ca ca.crt\n\n");
}

void proto_receipt_words_write(const struct proto_receipt_words *words, struct proto_buf *out)
{
    put_parties(out, words);
    put_answers(out, words);
    put_stored(out, words);
}
