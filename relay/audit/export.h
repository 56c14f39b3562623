/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay/audit/export.h - sessions for other programs and for print; each format a file, all on one stream.
 *
 * CSV goes into spreadsheets, which take a cell that begins with = + - @ for a formula and run it. Every cell is in
 * quotes, and where it begins, or a spreadsheet may part it (; , | TAB CR LF), and the first character that is no space
 * and no quote is one of these (or its full-width form), an apostrophe is put in front. The file begins with a
 * byte-order mark, without which Excel misreads UTF-8.
 */
#ifndef RELAY_AUDIT_EXPORT_H
#define RELAY_AUDIT_EXPORT_H

#include <stdio.h>

#include "proto/seal/kept.h"
#include "relay/audit/filter.h"
#include "relay/audit/totals.h"

enum { AUDIT_EXPORT_ENDED_MAX = 2048 };

struct audit_export {
    struct audit_organisation *o;
    const struct audit_filter *filter;
    int64_t now_s;
    FILE *out; /* borrowed */
    uint64_t sessions, wrong;
    struct { /* of all that will come, for a page whose summary stands in front */
        struct audit_totals totals;
        uint64_t sessions, open, wrong;
    } all;
    const struct proto_kept_keys *keys; /* the staff's secret, or none */
    char gone[AUDIT_TEXT_MAX];          /* what was erased lawfully, in words; empty: nothing */
    char beside[AUDIT_TEXT_MAX];        /* a log that was ended, and is not told here; empty: none */
    struct audit_export_ended {         /* one that is told here */
        const char *log;                /* borrowed: its name */
        char words[AUDIT_EXPORT_ENDED_MAX];
    } ended[AUDIT_ENDED_MAX];
    size_t ended_count;
    const struct audit_report *log; /* what is wrong with the log as a whole; set when sessions were read once */
};

typedef enum proto_err (*audit_export_session)(struct audit_export *x, const struct audit_session *session,
                                               const struct audit_report *judged);

void audit_csv_begin(struct audit_export *x);
void audit_csv_end(struct audit_export *x);
enum proto_err audit_csv_session(struct audit_export *x, const struct audit_session *session,
                                 const struct audit_report *judged);
/** One cell with its quotes, as described above. */
void audit_csv_cell(FILE *out, const char *text);

enum audit_cases_form { AUDIT_CASES_JSON, AUDIT_CASES_CSV, AUDIT_CASES_HTML };
/** What the relay keeps of the visits of the person who is asked about, opened as far as there is a key. */
enum proto_err audit_export_cases(struct audit_export *x, enum audit_cases_form form);
/** The staff's secret of the options, if they name one. False: it is none, which was said. */
bool audit_export_keys(struct proto_kept_keys *keys);
/** A line of the table that is of no note: `sid` may be NULL, `holds` "", "yes" or "NO"; texts may be NULL. */
void audit_csv_line(struct audit_export *x, const uint8_t *sid, const char *holds, const char *entry, int64_t unix_s,
                    const char *action, const char *words);

void audit_html_begin(struct audit_export *x);
enum proto_err audit_html_session(struct audit_export *x, const struct audit_session *session,
                                  const struct audit_report *judged);
void audit_html_end(struct audit_export *x);
/** Text between tags or in quotes: nothing in it can be a tag. */
void audit_html_text(FILE *out, const char *text);
/** timeline.c: who was connected, what was consented to, what passed; an SVG. */
void audit_html_timeline(FILE *out, const struct audit_session *session);

#endif
