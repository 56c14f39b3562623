/* SPDX-License-Identifier: Apache-2.0 */
/* agent/desk/cases_inside.h - what the files of cases share; nobody else includes it. */
#ifndef AGENT_DESK_CASES_INSIDE_H
#define AGENT_DESK_CASES_INSIDE_H

#include <jansson.h>

#include "agent/desk/cases.h"
#include "proto/host/files.h"

bool agent_desk_cases_counts_path(char out[static HOST_PATH_BYTES], const char *folder);
/** Each line of a file that is a JSON object; others are passed over. A file that is missing has none. */
PROTO_MUST_USE enum proto_err agent_desk_cases_each(const char *path, void (*take)(void *context, json_t *line),
                                                    void *context);
const char *agent_desk_cases_text(const json_t *object, const char *key); /* "" when it is none */

#endif
