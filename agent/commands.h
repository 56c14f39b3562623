/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/commands.h - what a script can tell the agent: one JSON object a line, one struct.
 *
 * Pure. Commands whose capability comes in a later version are known by name, so that a script reads "not yet" and not
 * "no such command".
 */
#ifndef AGENT_COMMANDS_H
#define AGENT_COMMANDS_H

#include <stdbool.h>

#include "agent/desk/desk.h"
#include "proto/util/err.h"

#define AGENT_WHY_BYTES 512

enum agent_do {
    AGENT_DO_NOTHING, /* an empty line */
    AGENT_DO_REQUEST,
    AGENT_DO_CHAT,
    AGENT_DO_POINT,
    AGENT_DO_DRAW,
    AGENT_DO_CLEAR,
    AGENT_DO_FREEZE,
    AGENT_DO_CHECK_WORDS,
    AGENT_DO_HOLD,
    AGENT_DO_STILL,
    AGENT_DO_RECORD, /* `on`: under a consent that lives */
    AGENT_DO_TORCH,
    AGENT_DO_ZOOM,
    AGENT_DO_LENS,   /* `text` is its id */
    AGENT_DO_FOCUS,  /* where, as POINT */
    AGENT_DO_CHECK,  /* `text`: its name; `target` */
    AGENT_DO_CANCEL, /* the check `id`; 0: all */
    AGENT_DO_GUIDES, /* `text`: words to search for; "": what the home suggests */
    AGENT_DO_GUIDE,  /* `text`: id of one to begin, for the device `target`; or "" and `shape`: done, skip, back … */
    AGENT_DO_MUTE,
    AGENT_DO_MICROPHONE, /* `text`: the device or file; "": none */
    AGENT_DO_SPEAKER,    /* the same */
    AGENT_DO_WRONG_PERSON,
    AGENT_DO_END,
    AGENT_DO_LATER, /* `text` is the command's name */
};

struct agent_command {
    enum agent_do what;
    enum proto_capability capability; /* REQUEST: the first of `capabilities` */
    enum proto_capability capabilities[PROTO_REQUEST_MAX];
    size_t count;
    double factor;             /* ZOOM */
    uint32_t colour;           /* DRAW: of handhold.proto, Mark */
    uint32_t max_s, id, ts_ms; /* ts_ms: DRAW, of the picture it was drawn on; 0: the one that is shown */
    bool on;                   /* FREEZE, CHECK_WORDS, HOLD, TORCH */
    double points[2 * AGENT_DESK_POINTS_MAX]; /* POINT, FOCUS: one pair */
    size_t pairs;
    char shape[16], target[129];
    char text[PROTO_MAX_CHAT_BYTES + 1]; /* chat, purpose, words of a mark */
};

/** FORMAT: no JSON object with "do"; NOT_FOUND: no such command; RANGE: a field is missing or wrong. `why` for people.
 */
PROTO_MUST_USE enum proto_err agent_command_from_json(const char *line, struct agent_command *out,
                                                      char why[static AGENT_WHY_BYTES]);
/** "hold": how a script calls it. */
const char *agent_command_name(enum agent_do what);
/** "camera,device-state" as bits 1 << capability, in `order` as named. RANGE: `why` names the word. */
PROTO_MUST_USE enum proto_err agent_capabilities_parse(const char *text, enum proto_capability *order, size_t *count,
                                                       char why[static AGENT_WHY_BYTES]);

#endif
