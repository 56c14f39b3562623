/* SPDX-License-Identifier: Apache-2.0 */
/* agent/desk/cases_inside.h - what the files of cases share; nobody else includes it. */
#ifndef AGENT_DESK_CASES_INSIDE_H
#define AGENT_DESK_CASES_INSIDE_H

#include <jansson.h>

#include "agent/desk/cases.h"
#include "proto/host/files.h"

struct agent_desk_cases {
    struct agent_desk_cases_keeper keeper;
    struct learned_row {
        char guide[PROTO_GUIDE_ID_BYTES], model[PROTO_GUIDE_LABEL_BYTES];
        unsigned shown, solved;
    } * learned; /* owned; AGENT_DESK_LEARNED_MAX */
    size_t learned_count;
    char *before[AGENT_DESK_CASES_SHOWN]; /* owned; newest first */
    size_t before_count;
    json_t *guides, *devices, *checks, *rating; /* owned: of the session that runs */
    bool kept;                                  /* a draft of it lies somewhere */
};

/* ---- the folder's files (cases_files.c) ---- */
bool agent_desk_cases_counts_path(char out[static HOST_PATH_BYTES], const char *folder);
/**
 * Where a customer's cases lie. The name is a hash under the folder's own key (names.key, made when it is missing), so
 * that a list of the files names nobody, and references that are tried one by one find nobody.
 */
PROTO_MUST_USE enum proto_err agent_desk_cases_path(char out[static HOST_PATH_BYTES], const char *folder,
                                                    const char *customer_ref);
/** Nobody else writes into the folder until this is closed; -1: it cannot be locked. */
int agent_desk_cases_lock(const char *folder);
/** One line at the end, whole or not at all, also while others write to a shared folder. Locks by itself. */
void agent_desk_cases_append(const char *folder, const char *path, const char *line);
/** The lines of a customer's file, for `cases` (may be NULL); those whose day has come go from it. Locked. */
PROTO_MUST_USE enum proto_err agent_desk_cases_take(const char *path, struct agent_desk_cases *cases, int64_t now_ms);
/** The same for every customer's file, once a day. Locked. */
void agent_desk_cases_sweep(const char *folder, int64_t now_ms);
/** Each line of a file that is a JSON object; others are passed over. A file that is missing has none. */
PROTO_MUST_USE enum proto_err agent_desk_cases_each(const char *path, void (*take)(void *context, json_t *line),
                                                    void *context);
/** The same of a text. */
void agent_desk_cases_each_line(const char *text, size_t len, void (*take)(void *context, json_t *line), void *context);
const char *agent_desk_cases_text(const json_t *object, const char *key); /* "" when it is none */

/** One line of a count, and one of an earlier visit (false: its time is over); the newest is added last. */
void agent_desk_cases_learn(struct agent_desk_cases *cases, const json_t *line);
bool agent_desk_cases_add_before(struct agent_desk_cases *cases, const json_t *line, int64_t now_ms);

#endif
