/* SPDX-License-Identifier: Apache-2.0 */
/* client/companion/report_inside.h - what the files of the report share; nobody else includes it. */
#ifndef CLIENT_COMPANION_REPORT_INSIDE_H
#define CLIENT_COMPANION_REPORT_INSIDE_H

#include "client/companion/report.h"
#include "client/state/redact.h"

struct client_report {
    struct client_state_model *model; /* owned */
    struct client_state_rules rules;
    struct client_state_source *sources[CLIENT_STATE_SOURCES_MAX]; /* owned */
    size_t count;
    bool running;
    uint64_t told;
    struct proto_buf batch; /* told by the model, and not yet sent */
    size_t in_batch, batches_left;
    int64_t again_ms; /* when what did not fit is offered again */
    bool beside;      /* a picture or a voice is sent, and goes first */
    int64_t next_beside_ms;
    /* while flushing */
    struct proto_session *session;
    struct proto_now now;
    struct client_report_way way; /* `push` NULL: the session */
};

#endif
