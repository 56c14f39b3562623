/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/cases_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { COUNTS_BYTES = 64 * 1024 * 1024, DAY_MS = 86400000 };

struct learned_row {
    char guide[PROTO_GUIDE_ID_BYTES], model[PROTO_GUIDE_LABEL_BYTES];
    unsigned shown, solved;
};

struct agent_desk_cases {
    char folder[HOST_PATH_BYTES];
    struct learned_row *learned; /* owned; AGENT_DESK_LEARNED_MAX */
    size_t learned_count;
    char *before[AGENT_DESK_CASES_SHOWN]; /* owned; newest first */
    size_t before_count;
    json_t *guides, *devices, *checks, *rating; /* owned: of the session that runs */
};

/* ---- names of files ---- */

bool agent_desk_cases_counts_path(char out[static HOST_PATH_BYTES], const char *folder)
{
    return host_path(out, "%s/counts.jsonl", folder);
}

/* A hash, so that a folder's listing names nobody. */
static bool case_path(char out[static HOST_PATH_BYTES], const char *folder, const char *customer_ref)
{
    unsigned char digest[16];
    char hex[2 * sizeof digest + 1];

    crypto_generichash(digest, sizeof digest, (const unsigned char *)customer_ref, strlen(customer_ref), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    return host_path(out, "%s/case-%s.jsonl", folder, hex);
}

/* ---- lines ---- */

/* One line at the end, whole or not at all, also while others write to a shared folder. */
static enum proto_err append(const char *path, const json_t *line)
{
    char *text = json_dumps(line, JSON_COMPACT);
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    size_t len = text ? strlen(text) : 0;
    enum proto_err err = PROTO_ERR_IO;

    if (text && file >= 0 && len < AGENT_DESK_CASE_BYTES && flock(file, LOCK_EX) == 0) {
        text[len] = '\n';
        if (write(file, text, len + 1) == (ssize_t)(len + 1))
            err = PROTO_OK;
    }
    if (file >= 0)
        close(file);
    free(text);
    return err;
}

enum proto_err agent_desk_cases_each(const char *path, void (*take)(void *context, json_t *line), void *context)
{
    struct proto_buf text;
    enum proto_err err;

    proto_buf_init(&text, COUNTS_BYTES);
    err = host_file_read(path, &text);
    for (size_t at = 0; !err && at < text.len;) {
        const char *line = (const char *)text.bytes + at, *end = memchr(line, '\n', text.len - at);
        size_t len = end ? (size_t)(end - line) : text.len - at;
        json_error_t error;
        json_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);

        if (json_is_object(json))
            take(context, json);
        json_decref(json);
        at += len + 1;
    }
    proto_buf_free(&text);
    return err == PROTO_ERR_NOT_FOUND ? PROTO_OK : err;
}

const char *agent_desk_cases_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "";
}

/* ---- learning ---- */

static struct learned_row *row_of(struct agent_desk_cases *c, const char *guide, const char *model, bool add)
{
    struct learned_row *row;

    for (size_t i = 0; i < c->learned_count; i++)
        if (!strcmp(c->learned[i].guide, guide) && !strcmp(c->learned[i].model, model))
            return &c->learned[i];
    if (!add || c->learned_count == AGENT_DESK_LEARNED_MAX)
        return NULL;
    row = &c->learned[c->learned_count++];
    snprintf(row->guide, sizeof row->guide, "%s", guide);
    snprintf(row->model, sizeof row->model, "%s", model);
    return row;
}

static void learn(void *context, json_t *line)
{
    struct agent_desk_cases *c = context;
    struct learned_row *row =
        row_of(c, agent_desk_cases_text(line, "guide"), agent_desk_cases_text(line, "model"), true);

    if (!row)
        return;
    row->shown++;
    row->solved += !strcmp(agent_desk_cases_text(line, "end"), "solved");
}

static bool was_tried(const struct agent_desk_cases *c, const char *guide, bool *solved)
{
    bool tried = false;

    *solved = false;
    for (size_t i = 0; i < c->before_count; i++) {
        json_error_t error;
        json_t *line = json_loads(c->before[i], 0, &error), *one;
        size_t n;

        json_array_foreach(json_object_get(line, "guides"), n, one)
        {
            if (!strcmp(agent_desk_cases_text(one, "guide"), guide)) {
                tried = true;
                *solved = *solved || !strcmp(agent_desk_cases_text(one, "end"), "solved");
            }
        }
        json_decref(line);
    }
    return tried;
}

void agent_desk_cases_learned(const struct agent_desk_cases *c, const char *guide, const char *model,
                              struct agent_desk_learned *out)
{
    const struct learned_row *row = row_of((struct agent_desk_cases *)c, guide, model, false);

    memset(out, 0, sizeof *out);
    if (row) {
        out->shown = row->shown;
        out->solved = row->solved;
    }
    out->tried = was_tried(c, guide, &out->tried_solved);
}

/* ---- a customer's cases ---- */

struct keeping {
    struct agent_desk_cases *cases;
    struct proto_buf kept; /* lines whose day has not come */
    int64_t now_ms;
    bool dropped;
};

static void take_case(void *context, json_t *line)
{
    struct keeping *k = context;
    struct agent_desk_cases *c = k->cases;
    char *text = json_dumps(line, JSON_COMPACT);

    if (json_integer_value(json_object_get(line, "until_ms")) <= k->now_ms || !text) {
        k->dropped = true;
        free(text);
        return;
    }
    proto_buf_put_text(&k->kept, text);
    proto_buf_put_u8(&k->kept, '\n');
    if (c->before_count == AGENT_DESK_CASES_SHOWN)
        free(c->before[--c->before_count]);
    memmove(&c->before[1], &c->before[0], c->before_count++ * sizeof *c->before);
    c->before[0] = text;
}

static enum proto_err read_before(struct agent_desk_cases *c, const char *customer_ref, struct proto_now now)
{
    struct keeping k = {.cases = c, .now_ms = now.unix_ms};
    char path[HOST_PATH_BYTES];
    enum proto_err err;

    if (!case_path(path, c->folder, customer_ref))
        return PROTO_ERR_RANGE;
    proto_buf_init_secret(&k.kept, COUNTS_BYTES);
    err = agent_desk_cases_each(path, take_case, &k);
    if (!err && k.dropped && !k.kept.failed)
        err = k.kept.len     ? host_file_write(path, k.kept.bytes, k.kept.len, HOST_PRIVATE)
              : unlink(path) ? PROTO_ERR_IO
                             : PROTO_OK;
    proto_buf_free(&k.kept);
    return err;
}

const char *agent_desk_cases_before(const struct agent_desk_cases *c, size_t index)
{
    return index < c->before_count ? c->before[index] : NULL;
}

/* ---- life ---- */

enum proto_err agent_desk_cases_open(struct agent_desk_cases **out, const char *folder, const char *customer_ref,
                                     struct proto_now now)
{
    struct agent_desk_cases *c = calloc(1, sizeof *c);
    char counts[HOST_PATH_BYTES];
    enum proto_err err = PROTO_ERR_NOMEM;

    *out = NULL;
    if (!c || sodium_init() < 0 || !host_path(c->folder, "%s", folder) ||
        !agent_desk_cases_counts_path(counts, folder)) {
        free(c);
        return err;
    }
    c->learned = calloc(AGENT_DESK_LEARNED_MAX, sizeof *c->learned);
    c->guides = json_array();
    if (c->learned && c->guides)
        err = host_folder_make(folder, HOST_PRIVATE);
    if (!err)
        err = agent_desk_cases_each(counts, learn, c);
    if (!err && customer_ref && *customer_ref)
        err = read_before(c, customer_ref, now);
    if (err) {
        agent_desk_cases_free(c);
        return err;
    }
    *out = c;
    return PROTO_OK;
}

void agent_desk_cases_free(struct agent_desk_cases *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->before_count; i++)
        free(c->before[i]);
    free(c->learned);
    json_decref(c->guides);
    json_decref(c->devices);
    json_decref(c->checks);
    json_decref(c->rating);
    free(c);
}

/* ---- the session that runs ---- */

static json_t *step_line(const struct proto_guide_run *run, size_t i)
{
    const struct proto_guide_took *took = &run->steps[i];

    return json_pack("{s:s,s:s,s:s,s:I}", "step", run->guide->steps[i].id, "outcome",
                     took->shown_ms ? proto_guide_outcome_name(took->outcome) : "not-needed", "by",
                     proto_guide_by_name(took->by), "ms",
                     (json_int_t)(took->shown_ms && took->ended_ms ? took->ended_ms - took->shown_ms : 0));
}

void agent_desk_cases_run(struct agent_desk_cases *c, const struct proto_guide_run *run, const char *model)
{
    bool fixed = run->end == PROTO_GUIDE_SOLVED && run->fixed_by < run->guide->step_count;
    json_t *line = json_pack("{s:s,s:i,s:s,s:s,s:s,s:[]}", "guide", run->guide->id, "version", (int)run->guide->version,
                             "model", model, "end", run->end ? proto_guide_end_name(run->end) : "left", "fixed_by",
                             fixed ? run->guide->steps[run->fixed_by].id : "", "steps");
    json_t *steps = json_object_get(line, "steps");
    char path[HOST_PATH_BYTES];

    if (!line)
        return;
    for (size_t i = 0; i < run->guide->step_count; i++)
        json_array_append_new(steps, step_line(run, i));
    if (agent_desk_cases_counts_path(path, c->folder) && append(path, line) == PROTO_OK)
        learn(c, line);
    json_object_set_new(line, "subject", json_string(run->subject));
    json_array_append_new(c->guides, line);
}

void agent_desk_cases_devices(struct agent_desk_cases *c, const struct agent_desk_devices *devices)
{
    const handhold_CheckResult *r;
    const handhold_Device *d;

    if (!agent_desk_devices_count(devices) && !agent_desk_devices_check(devices, 0))
        return; /* what was put down before stays */
    json_decref(c->devices);
    json_decref(c->checks);
    c->devices = json_array();
    c->checks = json_array();
    for (size_t i = 0; (d = agent_desk_devices_at(devices, i)) != NULL; i++)
        json_array_append_new(c->devices, json_pack("{s:s,s:s,s:s,s:s,s:s}", "device", d->id, "kind", d->kind, "maker",
                                                    d->maker, "model", d->model, "firmware", d->firmware));
    for (size_t i = 0; (r = agent_desk_devices_check(devices, i)) != NULL; i++)
        json_array_append_new(c->checks, json_pack("{s:s,s:s,s:i,s:s,s:s}", "check", r->check, "target", r->target,
                                                   "status", (int)r->status, "figure", r->figure, "detail", r->detail));
}

void agent_desk_cases_rate(struct agent_desk_cases *c, unsigned stars, bool solved)
{
    json_decref(c->rating);
    c->rating = json_pack("{s:i,s:b}", "stars", (int)stars, "solved", (int)solved);
}

void agent_desk_cases_close(struct agent_desk_cases *c, const char *customer_ref, uint32_t days, struct proto_now now)
{
    char path[HOST_PATH_BYTES];
    json_t *line;

    if (!customer_ref || !*customer_ref || !days || !case_path(path, c->folder, customer_ref))
        return;
    line = json_pack("{s:I,s:I,s:O}", "time_ms", (json_int_t)now.unix_ms, "until_ms",
                     (json_int_t)(now.unix_ms + (int64_t)days * DAY_MS), "guides", c->guides);
    if (!line)
        return;
    if (c->devices)
        json_object_set(line, "devices", c->devices);
    if (c->checks)
        json_object_set(line, "checks", c->checks);
    if (c->rating)
        json_object_set(line, "rating", c->rating);
    (void)append(path, line);
    json_decref(line);
}

enum proto_err agent_desk_cases_erase(const char *folder, const char *customer_ref)
{
    char path[HOST_PATH_BYTES];

    if (sodium_init() < 0 || !case_path(path, folder, customer_ref))
        return PROTO_ERR_RANGE;
    if (unlink(path) == 0)
        return PROTO_OK;
    return errno == ENOENT ? PROTO_ERR_NOT_FOUND : PROTO_ERR_IO;
}
