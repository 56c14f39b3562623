/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/report.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/log/leaf.h"
#include "proto/util/utf8.h"

#define DAY_S (24 * 3600) /* no two ends meet whose clocks are further apart */

void audit_plain(char *text)
{
    proto_utf8_calm(text, '?');
}

struct audit_finding *audit_wrong(struct audit_report *report, const char *table, const char *column)
{
    size_t at = report->wrong < AUDIT_FINDINGS_MAX ? report->wrong : AUDIT_FINDINGS_MAX;
    struct audit_finding *finding = &report->findings[at];

    memset(finding, 0, sizeof *finding);
    finding->table = table;
    finding->column = column;
    report->wrong++;
    return finding;
}

struct audit_finding *audit_at_entry(struct audit_finding *finding, uint64_t entry)
{
    finding->has_entry = true;
    finding->entry = entry;
    return finding;
}

struct audit_finding *audit_at_session(struct audit_finding *finding, const uint8_t sid[static RELAY_STORE_SID_BYTES])
{
    finding->has_sid = true;
    memcpy(finding->sid, sid, sizeof finding->sid);
    return finding;
}

struct audit_finding *audit_expected(struct audit_finding *finding, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(finding->expected, sizeof finding->expected, format, arguments);
    va_end(arguments);
    audit_plain(finding->expected); /* cut in the middle of a character, perhaps */
    return finding;
}

void audit_found(struct audit_finding *finding, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(finding->found, sizeof finding->found, format, arguments);
    va_end(arguments);
    audit_plain(finding->found);
}

void audit_report_add(struct audit_report *report, const struct audit_report *more)
{
    size_t kept = more->wrong < AUDIT_FINDINGS_MAX ? more->wrong : AUDIT_FINDINGS_MAX;

    for (size_t i = 0; i < kept && report->wrong + i < AUDIT_FINDINGS_MAX; i++)
        report->findings[report->wrong + i] = more->findings[i];
    report->wrong += more->wrong;
    report->entries += more->entries;
    report->sessions += more->sessions;
    report->live += more->live;
    report->signatures += more->signatures;
    report->opened += more->opened;
    report->hashes += more->hashes;
    report->notes += more->notes;
    report->erased += more->erased;
    report->missing += more->missing;
    report->sound_sessions += more->sound_sessions;
    report->recorded_lines += more->recorded_lines;
    report->unchecked_lines += more->unchecked_lines;
    report->unknown_acts += more->unknown_acts;
    if (!report->relays_word)
        memcpy(report->relays_word_sid, more->relays_word_sid, sizeof report->relays_word_sid);
    report->relays_word += more->relays_word;
    if (!report->partly)
        memcpy(report->partly_sid, more->partly_sid, sizeof report->partly_sid);
    report->partly += more->partly;
    if (!report->forbidden) {
        report->forbidden_entry = more->forbidden_entry;
        report->forbidden_what = more->forbidden_what;
    }
    report->forbidden += more->forbidden;
    if (!report->revoked)
        report->revoked_entry = more->revoked_entry;
    report->revoked += more->revoked;
    report->lone_notes += more->lone_notes;
    report->overdue += more->overdue;
    if (more->late_s > report->late_s) {
        report->late_s = more->late_s;
        report->late_entry = more->late_entry;
    }
    report->late += more->late;
    if (more->dated_s > report->dated_s) {
        report->dated_s = more->dated_s;
        report->dated_entry = more->dated_entry;
    }
    report->dated += more->dated;
}

void audit_count_late(struct audit_report *report, uint64_t entry, int64_t off_s)
{
    report->late++;
    if (off_s > report->late_s) {
        report->late_s = off_s;
        report->late_entry = entry;
    }
}

void audit_count_dated(struct audit_report *report, uint64_t entry, int64_t off_s)
{
    if (off_s < DAY_S)
        return;
    report->dated++;
    if (off_s > report->dated_s) {
        report->dated_s = off_s;
        report->dated_entry = entry;
    }
}

int64_t audit_off_leaf_s(int64_t unix_s, int64_t leaf_s)
{
    int64_t last_s = leaf_s + PROTO_LOG_TIME_GRAIN_S - 1;

    return unix_s < leaf_s ? leaf_s - unix_s : unix_s > last_s ? unix_s - last_s : 0;
}

void audit_causes_first(struct audit_report *report)
{
    struct audit_finding *all = report->findings;
    size_t kept = report->wrong < AUDIT_FINDINGS_MAX ? report->wrong : AUDIT_FINDINGS_MAX, cause = 0;

    while (cause < kept && all[cause].effect)
        cause++;
    if (cause == kept || cause == 0)
        return;
    struct audit_finding first = all[cause];
    memmove(all + 1, all, cause * sizeof *all);
    all[0] = first;
}

void audit_place(const struct audit_finding *finding, char out[static AUDIT_TEXT_MAX])
{
    int at = 0;

    if (finding->has_entry)
        at = snprintf(out, AUDIT_TEXT_MAX, "entry %llu, ", (unsigned long long)finding->entry);
    at += snprintf(out + at, AUDIT_TEXT_MAX - (size_t)at, "table %s, column %s", finding->table, finding->column);
    if (finding->has_sid) {
        at += snprintf(out + at, AUDIT_TEXT_MAX - (size_t)at, ", session ");
        for (size_t i = 0; i < sizeof finding->sid && at < AUDIT_TEXT_MAX; i++)
            at += snprintf(out + at, AUDIT_TEXT_MAX - (size_t)at, "%02x", finding->sid[i]);
    }
}

void audit_name_unfiled(struct audit_report *report, const uint8_t sid[static RELAY_STORE_SID_BYTES], uint64_t entry)
{
    struct audit_finding *f = audit_at_session(audit_at_entry(audit_wrong(report, "entry", "sid"), entry), sid);

    audit_found(audit_expected(f, AUDIT_FILED_WORDS), AUDIT_UNFILED_WORDS);
}

/* ---- in words ---- */

void audit_finding_print(const struct audit_finding *finding, bool first)
{
    char place[AUDIT_TEXT_MAX];

    audit_place(finding, place);
    if (first)
        printf("WRONG  %s\n  expected  %s\n  there is  %s\n", place, finding->expected, finding->found);
    else
        printf("  %s: expected %s; there is %s\n", place, finding->expected, finding->found);
}

json_t *audit_finding_json(const struct audit_finding *f)
{
    char sid[2 * RELAY_STORE_SID_BYTES + 1] = "";
    json_t *line = json_pack("{s:s,s:s,s:s,s:s,s:s}", "event", "wrong", "table", f->table, "column", f->column,
                             "expected", f->expected, "found", f->found);

    sodium_bin2hex(sid, sizeof sid, f->sid, sizeof f->sid);
    if (line && f->has_entry)
        json_object_set_new(line, "entry", json_integer((json_int_t)f->entry));
    if (line && f->has_sid)
        json_object_set_new(line, "session", json_string(sid));
    return line;
}
