/* SPDX-License-Identifier: Apache-2.0 */
/* agent/desk/shelf_inside.h - what the files of the shelf share; nobody else includes it. */
#ifndef AGENT_DESK_SHELF_INSIDE_H
#define AGENT_DESK_SHELF_INSIDE_H

#include <stdio.h>

#include "agent/desk/cases_inside.h"
#include "agent/desk/shelf.h"
#include "agent/guides/fetch.h"

enum {
    SHELF_NOTHING,
    SHELF_CASES = PROTO_KEPT_CASE, /* steps are what is asked for */
    SHELF_COUNTS = PROTO_KEPT_COUNT,
    SHELF_GUIDES = PROTO_KEPT_GUIDE,
    SHELF_DONE,
    SHELF_LISTS = 4,    /* of guides in one session: the cached ones, and those that came */
    SHELF_WAITING = 16, /* counts that wait for the line */
};

struct agent_desk_shelf {
    struct agent_desk_shelf_config config;
    struct proto_kept_keys keys; /* wiped */
    char customer_ref[129];
    char guides_folder[HOST_PATH_BYTES], counts_path[HOST_PATH_BYTES];
    struct agent_desk_cases *cases;         /* owned */
    struct agent_guides lists[SHELF_LISTS]; /* owned; the last is the newest */
    size_t shelf_count;
    struct agent_guides_fetch *fetch; /* owned */
    json_t *visits;                   /* owned: those that came so far */
    int step;
    uint64_t from, counts_from;
    FILE *counts; /* owned: the cache, while more comes */
    bool asked, told_wrong;
    /* What is to be kept when the line is back; owned */
    char *waiting_case, *waiting_counts[SHELF_WAITING];
    uint32_t waiting_days;
    bool case_waits;
    size_t waiting_count;
};

void agent_desk_shelf_wrong(struct agent_desk_shelf *shelf, const char *what, const char *why);
/** The newest guides of the cache become the guides. */
void agent_desk_shelf_load_guides(struct agent_desk_shelf *shelf);

/* shelf_keep.c */
void agent_desk_shelf_send_waiting(struct agent_desk_shelf *shelf);
void agent_desk_shelf_was_kept(struct agent_desk_shelf *shelf, const struct proto_event *event);
/** A count that came from the relay, into the cache; and the last one for now. */
void agent_desk_shelf_remember(struct agent_desk_shelf *shelf, uint64_t number, json_t *line);
void agent_desk_shelf_remembered(struct agent_desk_shelf *shelf);

#endif
