/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/news.h"

#include <string.h>

static bool has_ended(const struct agent_news *seen, const struct agent_view *view)
{
    bool by_hand =
        view->end == PROTO_END_COMPLETED || view->end == PROTO_END_AGENT_LEFT || view->end == PROTO_END_WRONG_PERSON;

    return seen->phase != AGENT_VIEW_ENDED && view->phase == AGENT_VIEW_ENDED && !by_hand;
}

static bool has_written(const struct agent_news *seen, const struct agent_view *view)
{
    for (uint64_t n = seen->chat; n < view->chat_count; n++) {
        const struct agent_view_chat *line = agent_view_chat_line(view, n);

        if (line && !line->mine)
            return true;
    }
    return false;
}

static bool has_answered(const struct agent_news *seen, const struct agent_view *view)
{
    for (int i = 0; i < PROTO_CAPABILITY_COUNT; i++)
        if (seen->consents[i] == PROTO_CONSENT_REQUESTED && view->consents[i].state != PROTO_CONSENT_REQUESTED)
            return true;
    return false;
}

const char *agent_news(struct agent_news *seen, const struct agent_view *view)
{
    const char *words = NULL;

    if (has_ended(seen, view))
        words = agent_view_end_words(view->end);
    else if (seen->phase < AGENT_VIEW_JOINED && view->phase == AGENT_VIEW_JOINED)
        words = N_("The customer is here");
    else if (has_written(seen, view))
        words = N_("The customer has written");
    else if (has_answered(seen, view))
        words = N_("The customer has answered your question");
    seen->phase = view->phase;
    seen->chat = view->chat_count;
    for (int i = 0; i < PROTO_CAPABILITY_COUNT; i++)
        seen->consents[i] = view->consents[i].state;
    return words;
}
