/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/wrap.h"

#include <jansson.h>
#include <stdlib.h>

const char *agent_wrap_outcome_name(enum agent_wrap_outcome outcome)
{
    static const char *const names[] = {"solved", "partly", "not-solved", "no-contact"};

    return names[outcome];
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
