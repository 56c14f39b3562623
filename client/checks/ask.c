/* SPDX-License-Identifier: Apache-2.0 */
/* What was asked for becomes jobs: one, one for each name server, or the whole chain. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "client/checks/checks_inside.h"

static enum proto_err add(struct client_checks *c, const struct check_kind *kind, uint32_t id, const char *target,
                          const struct check_facts *facts, bool of_chain)
{
    struct job *job;

    if (c->waiting_count + c->running_count >= CLIENT_CHECKS_MAX)
        return PROTO_ERR_FULL;
    job = calloc(1, sizeof *job);
    if (!job)
        return PROTO_ERR_NOMEM;
    job->kind = kind;
    job->of_chain = of_chain;
    job->run.config = &c->config;
    job->run.facts = *facts;
    job->run.cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    job->run.result.id = id;
    job->run.result.link = kind->link;
    snprintf(job->run.result.check, sizeof job->run.result.check, "%s", kind->name);
    snprintf(job->run.result.target, sizeof job->run.result.target, "%s", target);
    if (job->run.cancel_fd < 0) {
        free(job);
        return PROTO_ERR_FULL;
    }
    c->waiting[c->waiting_count++] = job;
    return PROTO_OK;
}

/* One of the table; the check of names is one for each server. */
static enum proto_err add_kind(struct client_checks *c, const struct check_kind *kind, uint32_t id, const char *target,
                               const struct check_facts *facts, bool of_chain)
{
    enum proto_err err = PROTO_OK;

    if (kind->probe != check_dns || !facts->server_count)
        return add(c, kind, id, kind->takes_target ? target : "", facts, of_chain);
    for (size_t i = 0; i < facts->server_count && !err; i++) {
        char shown[CLIENT_CHECK_TARGET_BYTES];

        snprintf(shown, sizeof shown, "%s", facts->servers[i]);
        if (facts->servers_hidden)
            snprintf(shown, sizeof shown, "name server %zu", i + 1);
        err = add(c, kind, id, shown, facts, of_chain);
        if (!err)
            memcpy(c->waiting[c->waiting_count - 1]->run.server, facts->servers[i], sizeof facts->servers[i]);
    }
    return err;
}

static void ask_firmware(struct client_checks *c, uint32_t id, const struct client_state_model *model)
{
    static const size_t room = 64;
    struct client_check_result *found = calloc(room, sizeof *found);
    size_t count = found ? check_firmware(&c->config, model, id, found, room) : 0;

    for (size_t i = 0; i < count; i++) {
        found[i].last = i + 1 == count;
        check_tell(c, &found[i]);
    }
    free(found);
}

static enum proto_err ask_table(struct client_checks *c, uint32_t id, const char *check, const char *target,
                                const struct check_facts *facts)
{
    bool chain = !strcmp(check, "chain");
    enum proto_err err = PROTO_ERR_NOT_FOUND;

    if (chain && c->chain_id)
        return PROTO_ERR_EXISTS;
    for (size_t i = 0; i < check_kind_count; i++) {
        const struct check_kind *kind = &check_kinds[i];
        bool meant = chain ? kind->in_chain : !strcmp(kind->name, check);

        if (!meant)
            continue;
        if (chain && c->waiting_count + c->running_count + SERVERS_MAX >= CLIENT_CHECKS_MAX)
            return PROTO_ERR_FULL;
        err = add_kind(c, kind, id, chain ? "" : target, facts, chain);
        if (err != PROTO_OK)
            break;
        if (chain)
            c->chain_id = id;
    }
    return err;
}

/* Names are tried out one by one, never a network by the dozen. */
static bool may_name(struct client_checks *c, int64_t now_ms)
{
    int64_t *oldest = &c->named_ms[c->named_next];

    if (*oldest && now_ms - *oldest < 60000)
        return false;
    *oldest = now_ms > 0 ? now_ms : 1;
    c->named_next = (c->named_next + 1) % CLIENT_CHECKS_NAMED_A_MINUTE;
    return true;
}

enum proto_err client_checks_ask(struct client_checks *c, uint32_t id, const char *check, const char *target,
                                 uint64_t agent_unix_ms, double session_kbps, const struct client_state_model *model,
                                 struct proto_now now)
{
    struct check_facts facts;
    enum proto_err err = PROTO_OK;

    if (strlen(target) >= CLIENT_CHECK_TARGET_BYTES || strlen(check) >= CLIENT_CHECK_NAME_BYTES)
        return PROTO_ERR_RANGE;
    check_facts_read(&facts, &c->config, model, now);
    facts.agent_unix_ms = agent_unix_ms;
    facts.skew_ms = now.unix_ms - (int64_t)agent_unix_ms;
    facts.session_kbps = session_kbps;
    pthread_mutex_lock(&c->lock);
    if (*target && !may_name(c, now.mono_ms))
        err = PROTO_ERR_BUSY;
    else if (!strcmp(check, "firmware"))
        ask_firmware(c, id, model);
    else
        err = ask_table(c, id, check, target, &facts);
    pthread_cond_broadcast(&c->change);
    pthread_mutex_unlock(&c->lock);
    return err;
}
