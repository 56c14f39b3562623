/* SPDX-License-Identifier: Apache-2.0 */
/* Which guide helps here: by what the home says, by words, and by what helped others. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "agent/desk/guides_inside.h"

enum { LINKS = 6 }; /* phone - Wi-Fi - router - internet - cloud - product */

struct candidate {
    struct agent_desk_guides *guides;
    const struct proto_guide *guide;
    struct proto_guide_facts facts;
    bool fits, symptoms;
    char subject[PROTO_GUIDE_LABEL_BYTES], model[PROTO_GUIDE_LABEL_BYTES];
};

/* The first device that the guide is for and that has its symptoms; without one, the first that it is for. */
static bool on_candidate(void *context, const struct proto_guide_fact *device)
{
    struct candidate *c = context;
    int64_t again = PROTO_NEVER;
    bool fits = false;

    for (size_t i = 0; i < c->guide->fit_count && !fits; i++)
        fits = proto_guide_picks(&c->guide->fits[i], device, "");
    if (!fits)
        return true;
    c->symptoms =
        c->guide->symptoms && proto_guide_is(c->guide, c->guide->symptoms, device->device, &c->facts, NULL, 0, &again);
    if (!c->fits || c->symptoms) {
        snprintf(c->subject, sizeof c->subject, "%s", device->device);
        snprintf(c->model, sizeof c->model, "%s", device->model);
    }
    c->fits = true;
    return !c->symptoms;
}

static void look(struct candidate *c)
{
    int64_t again = PROTO_NEVER;

    c->facts = agent_desk_devices_facts(c->guides->config.devices);
    if (c->guide->fit_count) {
        c->facts.each_device(c->facts.context, on_candidate, c);
        return;
    }
    c->fits = true;
    c->symptoms = c->guide->symptoms && proto_guide_is(c->guide, c->guide->symptoms, "", &c->facts, NULL, 0, &again);
}

/* Letters of the same word in any case; bytes of other alphabets as they are. */
static bool holds(const char *text, const char *word, size_t len)
{
    for (; *text; text++) {
        size_t i = 0;

        while (i < len && text[i] && tolower((unsigned char)text[i]) == tolower((unsigned char)word[i]))
            i++;
        if (i == len)
            return true;
    }
    return false;
}

static bool one_holds(const struct proto_guide *guide, const char *word, size_t len)
{
    for (size_t language = 0; language < guide->language_count; language++) {
        if (holds(proto_guide_say(&guide->title, language), word, len) ||
            holds(proto_guide_say(&guide->summary, language), word, len))
            return true;
        for (size_t i = 0; i < guide->search_count; i++)
            if (holds(proto_guide_say(&guide->search[i], language), word, len))
                return true;
    }
    return false;
}

/* The part of the words that the guide knows, 0 to 1; short ones count for nothing. */
static double match(const struct proto_guide *guide, const char *search)
{
    unsigned words = 0, found = 0;

    for (const char *at = search; *at;) {
        size_t len = strcspn(at, " ,.;!?\t\n");

        if (len > 2) {
            words++;
            found += one_holds(guide, at, len);
        }
        at += len;
        at += strspn(at, " ,.;!?\t\n");
    }
    return words ? (double)found / words : 0;
}

/* Shrunk towards a half, so that one lucky case does not move a guide that has helped nineteen times of twenty. */
static double success(const struct agent_desk_learned *learned)
{
    return (learned->solved + 2.0) / (learned->shown + 4.0);
}

static bool judge(struct agent_desk_guides *g, const struct proto_guide *guide, const char *search,
                  struct agent_desk_proposal *out)
{
    struct candidate c = {.guides = g, .guide = guide};
    double found = search && *search ? match(guide, search) : 0;

    look(&c);
    *out = (struct agent_desk_proposal){.guide = guide, .symptoms = c.symptoms, .searched = found > 0};
    if (search && *search ? found <= 0 : !c.symptoms)
        return false;
    snprintf(out->subject, sizeof out->subject, "%s", c.subject);
    if (g->config.learned)
        g->config.learned(g->config.context, guide, c.model, &out->learned);
    out->score =
        100 * found + 100 * c.symptoms + 10 * (c.fits && guide->fit_count) + 60 * (success(&out->learned) - 0.5);
    if (c.symptoms && !(search && *search)) /* the first broken link explains those behind it: it is mended first */
        out->score += 100 * (LINKS - (guide->link ? guide->link : LINKS));
    if (out->learned.tried && !out->learned.tried_solved)
        out->score -= 20; /* it did not help these people last time */
    return true;
}

static void insert(struct agent_desk_proposal *list, size_t *count, const struct agent_desk_proposal *one)
{
    size_t at = *count;

    while (at > 0 && list[at - 1].score < one->score)
        at--;
    if (at == AGENT_DESK_PROPOSALS_MAX)
        return;
    if (*count < AGENT_DESK_PROPOSALS_MAX)
        (*count)++;
    memmove(&list[at + 1], &list[at], (*count - 1 - at) * sizeof *list);
    list[at] = *one;
}

size_t agent_desk_guides_propose(struct agent_desk_guides *g, const char *search,
                                 struct agent_desk_proposal out[static AGENT_DESK_PROPOSALS_MAX])
{
    struct agent_desk_proposal one;
    size_t count = 0;

    for (size_t i = 0; i < g->config.count; i++)
        if (judge(g, g->config.list[i], search, &one))
            insert(out, &count, &one);
    return count;
}

void agent_desk_guides_suggest(struct agent_desk_guides *g, const struct proto_guide *guide,
                               char out[static PROTO_GUIDE_LABEL_BYTES])
{
    struct candidate c = {.guides = g, .guide = guide};

    look(&c);
    snprintf(out, PROTO_GUIDE_LABEL_BYTES, "%s", c.subject);
}
