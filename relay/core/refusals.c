/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member of staff asked for what the policy or their role does not allow, and no session is there that could log it.
 * The relay says it in its own chain: who, why, how often. No customer is named, for these notes are never erased.
 *
 * Whoever tries a thousand times a second fills no log: the first try is a note of its own, and what follows within
 * RELAY_REFUSED_MS is one more, with its number.
 */
#include <stdlib.h>
#include <string.h>

#include "relay/core/acts.h"
#include "relay/core/state.h"

static const char *const causes[] = {
#define NAME(id, name) [RELAY_REFUSED_##id] = name,
    RELAY_REFUSAL_CAUSES(NAME)
#undef NAME
};

const char *relay_refusal_name(enum relay_refusal_cause cause)
{
    return causes[cause];
}

static struct relay_refusal *find(const struct relay_core *core, const struct proto_identity *staff,
                                  enum relay_refusal_cause cause)
{
    for (size_t i = 0; i < core->refusal_count; i++)
        if (core->refusals[i].cause == cause &&
            !memcmp(core->refusals[i].staff.fingerprint, staff->fingerprint, sizeof staff->fingerprint))
            return &core->refusals[i];
    return NULL;
}

/* What is noted, and so long ago that the next one may be noted at once, need not be remembered. */
static void forget_old(struct relay_core *core, int64_t now_ms)
{
    size_t kept = 0;

    for (size_t i = 0; i < core->refusal_count; i++)
        if (core->refusals[i].times || core->refusals[i].next_ms > now_ms)
            core->refusals[kept++] = core->refusals[i];
    core->refusal_count = kept;
    if (!kept) {
        free(core->refusals);
        core->refusals = NULL;
    }
}

static struct relay_refusal *add(struct relay_core *core, const struct proto_identity *staff,
                                 enum relay_refusal_cause cause, int64_t now_ms)
{
    forget_old(core, now_ms);
    struct relay_refusal *more = core->refusal_count < RELAY_REFUSALS_MAX
                                     ? realloc(core->refusals, (core->refusal_count + 1) * sizeof *more)
                                     : NULL;
    if (!more)
        return NULL;
    core->refusals = more;
    more += core->refusal_count++;
    core->refusal_number += core->refusal_number == UINT32_MAX ? 2 : 1; /* never 0 */
    *more = (struct relay_refusal){.number = core->refusal_number, .cause = cause, .staff = *staff, .next_ms = now_ms};
    return more;
}

void relay_refused(struct relay_core *core, const struct proto_identity *staff, enum relay_refusal_cause cause,
                   struct proto_now now)
{
    struct relay_refusal *refusal = find(core, staff, cause);

    core->figures.refused_staff++;
    if (!refusal)
        refusal = add(core, staff, cause, now.mono_ms);
    if (!refusal)
        return; /* a thousand others were refused in this minute; the figure still has it */
    refusal->times += refusal->times < UINT32_MAX;
    relay_act_note_refusals(core, now);
}

struct relay_refusal *relay_refusal_to_note(const struct relay_core *core, int64_t now_ms)
{
    for (size_t i = 0; i < core->refusal_count; i++)
        if (core->refusals[i].times && core->refusals[i].next_ms <= now_ms)
            return &core->refusals[i];
    return NULL;
}

void relay_refusal_noted(struct relay_core *core, uint32_t number, enum proto_err err, struct proto_now now)
{
    for (size_t i = 0; i < core->refusal_count; i++) {
        struct relay_refusal *refusal = &core->refusals[i];
        if (refusal->number != number)
            continue;
        refusal->next_ms = now.mono_ms + (err ? RELAY_LOG_RETRY_MS : RELAY_REFUSED_MS);
        refusal->times -= err ? 0 : refusal->noting;
        refusal->noting = 0;
    }
}

int64_t relay_refusal_due_ms(const struct relay_core *core)
{
    int64_t at = PROTO_NEVER;

    for (size_t i = 0; i < core->refusal_count; i++)
        if (core->refusals[i].times && !core->refusals[i].noting)
            at = proto_earlier(at, core->refusals[i].next_ms);
    return at;
}
