/* SPDX-License-Identifier: Apache-2.0 */
/* The shelf's other half: what goes to the relay, what is remembered on this machine, and its life. */
#include "agent/desk/shelf_inside.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* ---- to the relay ---- */

static enum proto_err send(struct agent_desk_shelf *s, enum proto_kept kind, const char *line, uint32_t days)
{
    struct proto_buf sealed;
    enum proto_err err = PROTO_OK;

    proto_buf_init(&sealed, PROTO_KEPT_TEXT_MAX + PROTO_KEPT_PAD_BYTES + PROTO_KEPT_OVERHEAD);
    if (line)
        err = proto_kept_seal(&s->keys, kind, kind == PROTO_KEPT_CASE ? s->customer_ref : "", line, strlen(line),
                              &s->config.random, &sealed);
    if (!err)
        err = proto_session_kept_add(s->config.session, kind, days, sealed.bytes, sealed.len);
    proto_buf_free(&sealed);
    return err;
}

static void wipe(char **text)
{
    if (*text)
        sodium_memzero(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

static void keep_case(void *context, const char *line, uint32_t days)
{
    struct agent_desk_shelf *s = context;

    if (!s->customer_ref[0])
        return;
    wipe(&s->waiting_case);
    s->case_waits = send(s, PROTO_KEPT_CASE, line, days) == PROTO_ERR_STATE;
    if (s->case_waits && line)
        s->waiting_case = strdup(line);
    s->waiting_days = days;
}

static void keep_count(void *context, const char *line)
{
    struct agent_desk_shelf *s = context;

    if (send(s, PROTO_KEPT_COUNT, line, 0) == PROTO_ERR_STATE && s->waiting_count < SHELF_WAITING)
        s->waiting_counts[s->waiting_count++] = strdup(line);
}

void agent_desk_shelf_send_waiting(struct agent_desk_shelf *s)
{
    size_t count = s->waiting_count;

    if (s->case_waits && send(s, PROTO_KEPT_CASE, s->waiting_case, s->waiting_days) != PROTO_ERR_STATE) {
        s->case_waits = false;
        wipe(&s->waiting_case);
    }
    s->waiting_count = 0;
    for (size_t i = 0; i < count; i++) {
        char *line = s->waiting_counts[i];

        if (line)
            keep_count(s, line); /* may take the place that it had */
        free(line);
    }
}

void agent_desk_shelf_was_kept(struct agent_desk_shelf *s, const struct proto_event *e)
{
    if (e->kept.err && e->kept.kind == PROTO_KEPT_CASE)
        agent_desk_shelf_wrong(s, "this visit cannot be remembered",
                               *e->kept.message ? e->kept.message : proto_err_rule(e->kept.err));
}

/* ---- on this machine: what was learned, which names nobody ---- */

static void learn_cached(void *context, json_t *line)
{
    struct agent_desk_shelf *s = context;
    json_int_t number = json_integer_value(json_object_get(line, "number"));

    agent_desk_cases_learn(s->cases, line);
    if (number > 0 && (uint64_t)number >= s->counts_from)
        s->counts_from = (uint64_t)number + 1;
}

void agent_desk_shelf_remember(struct agent_desk_shelf *s, uint64_t number, json_t *line)
{
    char *text;

    if (!s->config.cache)
        return;
    if (!s->counts)
        s->counts = fopen(s->counts_path, "ae");
    json_object_set_new(line, "number", json_integer((json_int_t)number));
    text = s->counts ? json_dumps(line, JSON_COMPACT) : NULL;
    if (text)
        fprintf(s->counts, "%s\n", text);
    free(text);
}

void agent_desk_shelf_remembered(struct agent_desk_shelf *s)
{
    if (s->counts)
        fclose(s->counts); /* what was not written is asked for again the next time */
    s->counts = NULL;
}

/* ---- life ---- */

static enum proto_err open_cache(struct agent_desk_shelf *s)
{
    const char *cache = s->config.cache;
    enum proto_err err = PROTO_OK;

    if (!cache)
        return err;
    if (!host_path(s->guides_folder, "%s/guides", cache) || !host_path(s->counts_path, "%s/counts.jsonl", cache))
        return PROTO_ERR_RANGE;
    err = host_folder_make(cache, HOST_PRIVATE);
    if (!err && s->cases)
        err = agent_desk_cases_each(s->counts_path, learn_cached, s);
    if (!err && s->config.fetches_guides)
        agent_desk_shelf_load_guides(s);
    return err;
}

enum proto_err agent_desk_shelf_new(struct agent_desk_shelf **out, const struct agent_desk_shelf_config *config)
{
    struct agent_desk_shelf *s = calloc(1, sizeof *s);
    struct agent_desk_cases_keeper keeper = {keep_count, keep_case, NULL, s, true};
    enum proto_err err = s ? PROTO_OK : PROTO_ERR_NOMEM;

    *out = NULL;
    if (err)
        return err;
    s->config = *config;
    if (config->keys)
        s->keys = *config->keys;
    s->visits = json_array();
    if (config->customer_ref &&
        (size_t)snprintf(s->customer_ref, sizeof s->customer_ref, "%s", config->customer_ref) >= sizeof s->customer_ref)
        err = PROTO_ERR_RANGE;
    if (!err && s->keys.count)
        err = agent_desk_cases_new(&s->cases, &keeper);
    if (!err)
        err = open_cache(s);
    if (err) {
        agent_desk_shelf_free(s);
        return err;
    }
    *out = s;
    return PROTO_OK;
}

void agent_desk_shelf_free(struct agent_desk_shelf *s)
{
    if (!s)
        return;
    agent_desk_shelf_remembered(s);
    agent_guides_fetch_free(s->fetch);
    for (size_t i = 0; i < s->shelf_count; i++)
        agent_guides_clear(&s->lists[i]);
    agent_desk_cases_free(s->cases);
    json_decref(s->visits);
    wipe(&s->waiting_case);
    for (size_t i = 0; i < s->waiting_count; i++)
        free(s->waiting_counts[i]);
    proto_kept_keys_clear(&s->keys);
    free(s);
}

struct agent_desk_cases *agent_desk_shelf_cases(struct agent_desk_shelf *s)
{
    return s->cases;
}
