/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the relay keeps of a person's visits, behind their sessions. It is sealed under the staff's secret, which an
 * officer need not have: without it an export says that a case is kept, and until when.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/files.h"
#include "proto/host/say.h"
#include "proto/host/world.h"
#include "proto/seal/kept.h"
#include "relay/audit/commands.h"
#include "relay/audit/export.h"
#include "relay/audit/times.h"

struct putting {
    struct audit_export *x;
    enum audit_cases_form form;
    uint64_t count, closed;
};

bool audit_export_keys(struct proto_kept_keys *keys)
{
    struct proto_buf text;
    enum proto_err err;

    memset(keys, 0, sizeof *keys);
    if (!audit_options.cases_key)
        return true;
    proto_buf_init_secret(&text, PROTO_KEPT_FILE_BYTES);
    err = host_file_read(audit_options.cases_key, &text);
    bool read = !err;
    if (read)
        err = proto_kept_keys_read(keys, (const char *)text.bytes, text.len);
    proto_buf_free(&text);
    if (read && err)
        host_say_error(audit_options.cases_key, "is not the staff's secret", "name D/staff/cases.key with --cases-key");
    else if (err)
        host_say_err(audit_options.cases_key, err);
    return !err;
}

static json_t *open_case(struct putting *p, const struct relay_store_case *one)
{
    struct proto_buf text;
    json_error_t error;
    json_t *found = NULL;

    proto_buf_init_secret(&text, PROTO_KEPT_TEXT_MAX);
    if (p->x->keys->count &&
        !proto_kept_open(p->x->keys, PROTO_KEPT_CASE, p->x->filter->customer, one->sealed, one->len, &text))
        found = json_loadb((const char *)text.bytes, text.len, JSON_REJECT_DUPLICATES, &error);
    proto_buf_free(&text);
    return found;
}

static void put_html(struct putting *p, const char *sid, const struct relay_store_case *one, const json_t *found)
{
    char *text = found ? json_dumps(found, JSON_INDENT(2)) : NULL;
    FILE *out = p->x->out;

    fprintf(out, "%s<h3>Session <span class=\"mono\">%s</span></h3><p>",
            p->count == 1 ? "<article><h2>What is remembered of these visits</h2>" : "", sid);
    long long days = (long long)((one->until_ms - p->x->now_s * 1000) / 86400000);
    fprintf(out, "Kept for %lld more day%s.</p>", days, days == 1 ? "" : "s");
    if (text) {
        fputs("<pre>", out);
        audit_html_text(out, text);
        fputs("</pre>", out);
    } else {
        fputs("<p>Sealed under the staff's secret, which was not at hand.</p>", out);
    }
    free(text);
}

static void put_json(struct putting *p, const char *sid, const struct relay_store_case *one, json_t *found)
{
    json_t *line = json_pack("{s:s,s:s,s:I,s:I,s:O?}", "event", "case", "session", sid, "time_ms",
                             (json_int_t)one->time_ms, "until_ms", (json_int_t)one->until_ms, "case", found);

    if (line && json_dumpf(line, p->x->out, JSON_COMPACT) == 0)
        fputc('\n', p->x->out);
    json_decref(line);
}

static void put_csv(struct putting *p, const struct relay_store_case *one, const json_t *found)
{
    char *text = found ? json_dumps(found, JSON_COMPACT) : NULL;

    audit_csv_line(p->x, one->sid, "", NULL, one->time_ms / 1000, "case",
                   text ? text : "remembered of this visit: sealed under the staff's secret, which was not at hand");
    free(text);
}

static enum proto_err put_case(void *context, const struct relay_store_case *one)
{
    struct putting *p = context;
    char sid[2 * RELAY_STORE_SID_BYTES + 1];
    json_t *found = open_case(p, one);

    sodium_bin2hex(sid, sizeof sid, one->sid, sizeof one->sid);
    p->count++;
    p->closed += !found;
    if (p->form == AUDIT_CASES_HTML)
        put_html(p, sid, one, found);
    else if (p->form == AUDIT_CASES_CSV)
        put_csv(p, one, found);
    else
        put_json(p, sid, one, found);
    json_decref(found);
    return PROTO_OK;
}

enum proto_err audit_export_cases(struct audit_export *x, enum audit_cases_form form)
{
    struct putting p = {.x = x, .form = form};
    enum proto_err err;

    if (!x->filter->customer)
        return PROTO_OK; /* cases are somebody's */
    err = relay_store_each_case(x->o->rows, x->filter->customer, x->now_s * 1000, 0, put_case, &p);
    if (form == AUDIT_CASES_HTML && p.count)
        fputs("</article>", x->out);
    if (p.closed)
        host_say(HOST_WARN, "%llu of this person's cases stay sealed: %s", (unsigned long long)p.closed,
                 x->keys->count ? "the secret that --cases-key names is not the one that they were sealed under"
                                : "give the staff's secret as --cases-key to have them read");
    return err;
}
