/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/consent/erasure.h"

#include <string.h>

#include "proto/consent/statement.h"
#include "proto/consent/text.h"

static const char first_line[] = "handhold/1 erasure\n";
static const char *const causes[] = {"officer", "retention"};

/* Ranges that touch would be one range: one set of entries has one text. */
static bool ranges_rise(const struct proto_erasure *e)
{
    if (!e->count || e->count > PROTO_ERASURE_RANGES)
        return false;
    for (size_t i = 0; i < e->count; i++)
        if (e->ranges[i].last < e->ranges[i].first || e->ranges[i].last > INT64_MAX ||
            (i && e->ranges[i].first <= e->ranges[i - 1].last + 1))
            return false;
    return true;
}

/* What can be the name of a key, and so of a log: ASCII, since names of hosts and domains are. */
static bool is_log(const char *log)
{
    for (const char *at = log; *at; at++)
        if (*at <= ' ' || *at > '~' || *at == '+')
            return false;
    return *log && strlen(log) <= PROTO_ERASURE_LOG_MAX && strcmp(log, "-") != 0;
}

enum proto_err proto_erasure_write(const struct proto_erasure *erasure, struct proto_buf *out)
{
    if (!erasure->seq || erasure->unix_s < 0 || !erasure->basis[0] || !strcmp(erasure->basis, "-") ||
        !proto_value_valid(erasure->basis) || !is_log(erasure->log) || !ranges_rise(erasure))
        return PROTO_ERR_RANGE;
    proto_buf_put_text(out, first_line);
    proto_buf_printf(out, "seq %lu\n", (unsigned long)erasure->seq);
    consent_put_prev(out, erasure->first, erasure->prev);
    proto_buf_printf(out, "time %lld\n", (long long)erasure->unix_s);
    consent_put_line(out, "cause", causes[erasure->retention]);
    consent_put_line(out, "basis", erasure->basis);
    consent_put_line(out, "log", erasure->log);
    for (size_t i = 0; i < erasure->count; i++)
        proto_buf_printf(out, "entries %llu-%llu\n", (unsigned long long)erasure->ranges[i].first,
                         (unsigned long long)erasure->ranges[i].last);
    return out->failed ? PROTO_ERR_RANGE : PROTO_OK;
}

static bool take_range(struct consent_lines *lines, struct proto_entries *range)
{
    char value[48];

    consent_take_line(lines, "entries", value, sizeof value);
    char *dash = lines->failed ? NULL : strchr(value, '-');
    if (!dash)
        return false;
    *dash = 0;
    return consent_number(value, INT64_MAX, &range->first) && consent_number(dash + 1, INT64_MAX, &range->last);
}

static bool take(struct consent_lines *lines, struct proto_erasure *e)
{
    char value[PROTO_MAX_VALUE_BYTES + 1];
    uint64_t seq = 0;

    consent_take_line(lines, "seq", value, sizeof value);
    if (lines->failed || !consent_number(value, UINT32_MAX, &seq) || !consent_take_prev(lines, &e->first, e->prev) ||
        !consent_take_time(lines, &e->unix_s))
        return false;
    e->seq = (uint32_t)seq;
    consent_take_line(lines, "cause", value, sizeof value);
    e->retention = !strcmp(value, causes[true]);
    consent_take_line(lines, "basis", e->basis, sizeof e->basis);
    consent_take_line(lines, "log", e->log, sizeof e->log);
    while (!lines->failed && lines->at < lines->end && e->count < PROTO_ERASURE_RANGES)
        if (!take_range(lines, &e->ranges[e->count++]))
            return false;
    return !lines->failed;
}

enum proto_err proto_erasure_parse(const char *text, size_t len, struct proto_erasure *out)
{
    struct consent_lines lines = {text, text + len, false};
    struct proto_erasure erasure = {0};
    struct proto_buf again;

    memset(out, 0, sizeof *out);
    if (len < sizeof first_line - 1 || len > PROTO_MAX_NOTE_BYTES ||
        memcmp(text, first_line, sizeof first_line - 1) != 0)
        return PROTO_ERR_FORMAT;
    lines.at += sizeof first_line - 1;
    if (!take(&lines, &erasure))
        return PROTO_ERR_FORMAT;
    proto_buf_init(&again, PROTO_MAX_NOTE_BYTES);
    bool same = consent_same_text(proto_erasure_write(&erasure, &again), &again, text, len);
    proto_buf_free(&again);
    if (!same)
        return PROTO_ERR_FORMAT;
    *out = erasure;
    return PROTO_OK;
}

enum proto_err proto_erasure_add(struct proto_erasure *erasure, uint64_t index)
{
    struct proto_entries *last = erasure->count ? &erasure->ranges[erasure->count - 1] : NULL;

    if (last && index == last->last + 1) {
        last->last = index;
        return PROTO_OK;
    }
    if (erasure->count == PROTO_ERASURE_RANGES)
        return PROTO_ERR_FULL;
    erasure->ranges[erasure->count++] = (struct proto_entries){index, index};
    return PROTO_OK;
}

bool proto_erasure_names(const struct proto_erasure *erasure, uint64_t index)
{
    for (size_t i = 0; i < erasure->count; i++)
        if (index >= erasure->ranges[i].first && index <= erasure->ranges[i].last)
            return true;
    return false;
}

uint64_t proto_erasure_size(const struct proto_erasure *erasure)
{
    uint64_t size = 0;

    for (size_t i = 0; i < erasure->count; i++)
        size += erasure->ranges[i].last - erasure->ranges[i].first + 1;
    return size;
}
