/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client/companion/commands.h - what a customer can tell the companion: one struct, from a JSON line or a typed one.
 *
 * Both parsers are pure. A line that is not understood is an error with a sentence that says what would be; nothing is
 * ever guessed, and nothing but a whole "y" or "yes" to an open question grants.
 */
#ifndef CLIENT_COMPANION_COMMANDS_H
#define CLIENT_COMPANION_COMMANDS_H

#include <stdbool.h>

#include "client/companion/camera.h"
#include "proto/util/err.h"
#include "proto/wire/capability.h"
#include "proto/wire/limits.h"

enum client_do {
    CLIENT_DO_NOTHING, /* an empty line */
    CLIENT_DO_GRANT,   /* the capability; from a typed line: what is asked just now */
    CLIENT_DO_REFUSE,
    CLIENT_DO_WITHDRAW, /* NONE: everything */
    CLIENT_DO_PAUSE,
    CLIENT_DO_RESUME,
    CLIENT_DO_CHECK_WORDS,
    CLIENT_DO_CHAT,
    CLIENT_DO_END,
    CLIENT_DO_HELP,
    CLIENT_DO_GUIDE,  /* `text`: done, skip, back, did-not-work, close */
    CLIENT_DO_STATE,  /* prints what of device information is told */
    CLIENT_DO_HIDE,   /* `device`, `property` ("" for all of it); `match`: hide, else show again */
    CLIENT_DO_EXTEND, /* the capability; from a typed line: what ends soon */
    CLIENT_DO_SEND,   /* the photo `still` */
    CLIENT_DO_DISCARD,
    CLIENT_DO_MASK,  /* `text`: "X,Y,W,H" of that photo */
    CLIENT_DO_POINT, /* `x`, `y` */
    CLIENT_DO_LINK,  /* `text`: the code that the other device shows; "": that device no more */
    CLIENT_DO_RATE,  /* `stars`; `match`: it was solved */
    CLIENT_DO_STAY,  /* at the good-bye, until it is rated */
};

struct client_command {
    enum client_do what;
    enum proto_capability capability;
    bool match; /* CHECK_WORDS, HIDE, RATE */
    uint32_t still, stars;
    float x, y; /* 0..1 of the picture */
    char device[64], property[48];
    char text[PROTO_MAX_CHAT_BYTES + 1];
};

/** {"do":…}. FORMAT: no JSON object; NOT_FOUND: no such command; RANGE: a field is missing or wrong. `why` for people.
 */
PROTO_MUST_USE enum proto_err client_command_from_json(const char *line, struct client_command *out,
                                                       char why[static CLIENT_WHY_BYTES]);
/* What is open just now decides what a typed line means. */
struct client_moment {
    bool asked;     /* a question: y and n are its answer, and other words are none */
    uint32_t still; /* a photo is looked at: send, discard, mask; 0: none */
    bool goodbye;   /* the agent has gone: 1 to 5 and yes or no are the last word */
};
/** What a person typed. */
PROTO_MUST_USE enum proto_err client_command_from_keys(const char *line, const struct client_moment *moment,
                                                       struct client_command *out, char why[static CLIENT_WHY_BYTES]);
/** What can be typed, in a few lines. */
const char *client_command_help(void);

#endif
