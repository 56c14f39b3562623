/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/guide/condition.h"

#include <string.h>

static bool fits(const char *wanted, const char *is)
{
    return !*wanted || !strcmp(wanted, is);
}

bool proto_guide_picks(const struct proto_guide_pick *pick, const struct proto_guide_fact *d, const char *subject)
{
    return (!pick->subject || !strcmp(subject, d->device)) && fits(pick->id, d->device) && fits(pick->kind, d->kind) &&
           fits(pick->maker, d->maker) && fits(pick->model, d->model) && fits(pick->firmware, d->firmware);
}

struct looking {
    const struct proto_guide_node *node;
    const char *subject;
    bool found;
};

static bool same(const struct proto_guide_node *node, const struct proto_guide_fact *fact)
{
    if (node->type != fact->type)
        return false;
    switch (node->type) {
    case PROTO_GUIDE_TEXT:
        return !strcmp(node->text, fact->text);
    case PROTO_GUIDE_NUMBER:
        return node->number <= fact->number && node->number >= fact->number;
    case PROTO_GUIDE_TRUTH:
        return node->truth == fact->truth;
    }
    return false;
}

static bool passes(const struct proto_guide_node *node, const struct proto_guide_fact *fact)
{
    switch (node->test) {
    case PROTO_GUIDE_IS:
        return same(node, fact);
    case PROTO_GUIDE_ABOVE:
        return fact->type == PROTO_GUIDE_NUMBER && fact->number > node->number;
    case PROTO_GUIDE_BELOW:
        return fact->type == PROTO_GUIDE_NUMBER && fact->number < node->number;
    case PROTO_GUIDE_KNOWN:
        return true;
    }
    return false;
}

static bool on_property(void *context, const struct proto_guide_fact *fact)
{
    struct looking *l = context;

    l->found = proto_guide_picks(&l->node->of, fact, l->subject) && passes(l->node, fact);
    return !l->found;
}

static bool on_device(void *context, const struct proto_guide_fact *fact)
{
    struct looking *l = context;

    l->found = proto_guide_picks(&l->node->of, fact, l->subject);
    return !l->found;
}

/* A result has a status, which is a text, and perhaps a figure, which is a number. */
static bool on_check(void *context, const struct proto_guide_fact *fact)
{
    struct looking *l = context;

    l->found = l->node->test == PROTO_GUIDE_IS ? !strcmp(l->node->text, fact->text) : passes(l->node, fact);
    return !l->found;
}

static bool leaf(const struct proto_guide_node *node, const char *subject, const struct proto_guide_facts *facts)
{
    struct looking l = {node, subject, false};
    const char *one = node->of.subject ? subject : node->of.id;
    struct proto_guide_fact fact;

    if (node->op == PROTO_GUIDE_CHECK)
        facts->each_check(facts->context, node->name, on_check, &l);
    else if (node->op == PROTO_GUIDE_DEVICE)
        facts->each_device(facts->context, on_device, &l);
    else if (!*one && !node->of.subject)
        facts->each_property(facts->context, node->name, on_property, &l);
    else if (facts->property(facts->context, one, node->name, &fact))
        on_property(&l, &fact); /* one device alone: no walk over all of them */
    return node->test == PROTO_GUIDE_KNOWN ? l.found == node->truth : l.found;
}

static bool held(const struct proto_guide_node *node, uint16_t at, bool is, struct proto_guide_hold *hold,
                 int64_t mono_ms, int64_t *again_ms)
{
    int64_t since;

    if (!hold || !node->for_ms)
        return is;
    if (!is) {
        hold->since_ms[at] = 0;
        return false;
    }
    if (!hold->since_ms[at])
        hold->since_ms[at] = mono_ms + 1;
    since = hold->since_ms[at] - 1;
    if (mono_ms >= since + node->for_ms)
        return true;
    *again_ms = proto_earlier(*again_ms, since + node->for_ms);
    return false;
}

/* No node's memory may be passed over: all children are looked at, also when the answer is known already. */
bool proto_guide_is(const struct proto_guide *guide, uint16_t at, const char *subject,
                    const struct proto_guide_facts *facts, struct proto_guide_hold *hold, int64_t mono_ms,
                    int64_t *again_ms)
{
    const struct proto_guide_node *node = &guide->nodes[at];
    bool all = true, any = false;

    for (uint16_t child = node->child; child; child = guide->nodes[child].next) {
        bool is = proto_guide_is(guide, child, subject, facts, hold, mono_ms, again_ms);

        all = all && is;
        any = any || is;
    }
    switch (node->op) {
    case PROTO_GUIDE_ALL:
        return held(node, at, all, hold, mono_ms, again_ms);
    case PROTO_GUIDE_ANY:
        return held(node, at, any, hold, mono_ms, again_ms);
    case PROTO_GUIDE_NOT:
        return held(node, at, !any, hold, mono_ms, again_ms);
    default:
        return held(node, at, leaf(node, subject, facts), hold, mono_ms, again_ms);
    }
}
