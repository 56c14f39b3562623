/* SPDX-License-Identifier: Apache-2.0 */
/* The customer's home in a tab: what it reports, checks, guides, and earlier visits. */
#include "agent/viewer/end.h"
#include "proto/host/say.h"
#include "proto/host/world.h"

/* Under the lock. */
static void set_timer(struct viewer_end *end)
{
    end->home_version++;
    end->view.version++;
    host_timer_set(end->home_timer, agent_desk_home_deadline(end->home));
}

static void on_home_timer(void *context)
{
    struct viewer_end *end = context;

    g_rec_mutex_lock(&end->lock);
    agent_desk_home_tick(end->home, host_now());
    set_timer(end);
    g_rec_mutex_unlock(&end->lock);
    if (end->uplink)
        host_uplink_kick(end->uplink);
    viewer_end_tell(end);
}

/* ---- guides ---- */

/* Under the lock: home calls while it is called. */
static void on_proposals(void *context, const struct agent_desk_proposal *list, size_t count)
{
    struct viewer_end *end = context;

    if (*end->search)
        return; /* what somebody searches for stands until they are done */
    end->proposal_count = count;
    for (size_t i = 0; i < count; i++)
        end->proposals[i] = list[i];
}

static void propose(struct viewer_end *end, const char *words)
{
    struct agent_desk_guides *guides = agent_desk_home_guides(end->home);

    g_strlcpy(end->search, words, sizeof end->search);
    end->proposal_count = agent_desk_guides_propose(guides, words, end->proposals);
}

enum proto_err viewer_end_guide(struct viewer_end *end, const struct agent_command *c, struct proto_now now)
{
    struct agent_desk_guides *guides;
    enum proto_err err = PROTO_OK;

    g_rec_mutex_lock(&end->lock);
    guides = agent_desk_home_guides(end->home);
    if (c->what == AGENT_DO_GUIDES)
        propose(end, c->text);
    else if (*c->text)
        err = agent_desk_guides_start(guides, c->text, c->target, now);
    else
        err = agent_desk_guides_act(guides, proto_guide_act_from_name(c->shape), now);
    set_timer(end);
    g_rec_mutex_unlock(&end->lock);
    return err == PROTO_ERR_STATE && !*c->text ? PROTO_OK : err; /* the customer was quicker: the list shows it */
}

/* ---- what comes in ---- */

void viewer_end_home_event(struct viewer_end *end, const struct proto_event *e)
{
    if (end->shelf)
        agent_desk_shelf_event(end->shelf, e, host_now());
    agent_desk_home_event(end->home, e, host_now());
    set_timer(end);
}

void viewer_end_home_state(struct viewer_end *end, const handhold_StateChange *change)
{
    agent_desk_home_state(end->home, change, host_now());
    set_timer(end);
}

void viewer_end_run_check(struct viewer_end *end, const char *check, const char *target)
{
    enum proto_err err;
    uint32_t id;

    if (!end->home || end->finished)
        return;
    g_rec_mutex_lock(&end->lock);
    err = agent_desk_home_check(end->home, check, target, &id, host_now());
    if (err != PROTO_OK)
        agent_view_refused(&end->view, check, err);
    g_rec_mutex_unlock(&end->lock);
    host_uplink_kick(end->uplink);
    viewer_end_tell(end);
}

/* ---- what the relay keeps: told while it is given an event, under the lock ---- */

static void on_learned(void *context)
{
    struct viewer_end *end = context;

    if (end->home)
        agent_desk_home_learned(end->home, host_now());
}

static void on_guides(void *context, const struct agent_guides *guides)
{
    struct viewer_end *end = context;

    if (guides->count == 0)
        return; /* the relay has none: those of this machine stay */
    end->guides = guides;
    if (end->home) /* those of the cache come before it is there */
        agent_desk_home_set_guides(end->home, (const struct proto_guide *const *)guides->list, guides->count,
                                   host_now());
}

static void on_wrong(void *context, const char *what, const char *why)
{
    (void)context;
    host_say(HOST_WARN, "%s: %s", what, why);
}

/* ---- life ---- */

/* Without cases there is nothing to learn from; the session goes on. */
static void open_cases(struct viewer_end *end)
{
    const struct viewer_line *line = end->line;
    const struct proto_credential *me = end->credential;
    const struct proto_certificate *root = &me->chain[me->chain_len - 1];
    const struct agent_desk_shelf_config config = {.session = agent_desk_session(end->desk),
                                                   .random = host_random(),
                                                   .keys = line->config.cases ? NULL : &line->keys,
                                                   .customer_ref = end->customer_ref,
                                                   .cache = *line->cache ? line->cache : NULL,
                                                   .fetches_guides = line->config.fetches_guides,
                                                   .root = {root->bytes, root->len},
                                                   .listener = {on_learned, on_learned, on_guides, on_wrong, end}};
    enum proto_err err = agent_desk_shelf_new(&end->shelf, &config);

    if (err != PROTO_OK)
        host_say_err("what the relay keeps", err);
    else
        end->cases = agent_desk_shelf_cases(end->shelf);
    if (!line->config.cases)
        return;
    err = agent_desk_cases_open(&end->folder, line->config.cases, end->customer_ref, host_now());
    if (err != PROTO_OK)
        host_say_err(line->config.cases, err);
    end->cases = end->folder;
}

enum proto_err viewer_end_make_home(struct viewer_end *end)
{
    struct agent_desk_home_config config = {.session = agent_desk_session(end->desk),
                                            .listener = {.proposals = on_proposals, .context = end}};
    struct agent_desk_home *home;
    enum proto_err err;

    g_rec_mutex_lock(&end->lock);
    end->guides = &end->line->guides;
    open_cases(end);
    config.guides = (const struct proto_guide *const *)end->guides->list;
    config.guide_count = end->guides->count;
    config.cases = end->cases;
    err = agent_desk_home_new(&home, &config, host_now());
    end->home = home;
    g_rec_mutex_unlock(&end->lock);
    return err == PROTO_OK ? host_timer_new(&end->home_timer, end->line->loop, on_home_timer, end) : err;
}

void viewer_end_free_home(struct viewer_end *end)
{
    host_timer_free(end->home_timer);
    end->home_timer = NULL;
    g_rec_mutex_lock(&end->lock);
    end->proposal_count = 0;
    agent_desk_home_free(end->home);
    agent_desk_shelf_free(end->shelf);
    agent_desk_cases_free(end->folder);
    end->home = NULL;
    end->shelf = NULL;
    end->cases = end->folder = NULL;
    end->guides = &end->line->guides;
    g_rec_mutex_unlock(&end->lock);
}
