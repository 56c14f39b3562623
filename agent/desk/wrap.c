/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/wrap.h"

#include <jansson.h>
#include <stdlib.h>

#include "agent/desk/view.h"

const char *agent_wrap_outcome_name(enum agent_wrap_outcome outcome)
{
    static const char *const names[] = {"solved", "partly", "not-solved", "no-contact"};

    return names[outcome];
}

/* Nothing was said, and nobody was asked for anything. */
static bool nothing_happened(const struct agent_view *view)
{
    bool nothing = view->chat_count == 0 && !view->stars;

    for (size_t i = 0; i < PROTO_CAPABILITY_COUNT; i++)
        nothing = nothing && view->consents[i].since_ms == 0;
    return nothing;
}

enum agent_wrap_outcome agent_wrap_likely(const struct agent_view *view)
{
    if (view->end == PROTO_END_WRONG_PERSON)
        return AGENT_WRAP_NO_CONTACT;
    if (view->end != PROTO_END_COMPLETED && nothing_happened(view))
        return AGENT_WRAP_NO_CONTACT;
    return view->end == PROTO_END_FAILED ? AGENT_WRAP_NOT_SOLVED : AGENT_WRAP_SOLVED;
}

void agent_wrap_put_json(const struct agent_wrap *w, struct proto_buf *out)
{
    json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:I,s:I,s:i}", "session", w->session, "reference",
                             w->reference, "outcome", agent_wrap_outcome_name(w->outcome), "wrong", w->wrong, "fixed",
                             w->fixed, "note", w->note, "follow_up", (int)w->follow_up, "ended_ms",
                             (json_int_t)w->unix_ms, "length_ms", (json_int_t)w->length_ms, "stars", (int)w->stars);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    if (text) {
        proto_buf_put_text(out, text);
        proto_buf_put_text(out, "\n");
    } else {
        out->failed = true;
    }
    free(text);
    json_decref(json);
}
