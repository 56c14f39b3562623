/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/guides/read.h - guides from YAML files, held against one schema (SCHEMA.md), and a folder of them.
 *
 * YAML is read by libyaml. What it found is walked within bounds: 256 kB a file, a depth of 24 and 20 000 places in
 * all, aliases counted each time, so that no file can make a reader of it work for long. An error names the line, what
 * stands there, the rule and the way out.
 */
#ifndef AGENT_GUIDES_READ_H
#define AGENT_GUIDES_READ_H

#include "proto/guide/guide.h"

enum { AGENT_GUIDE_FILE_BYTES = 256 * 1024, AGENT_GUIDES_MAX = 256, AGENT_GUIDE_WHY_BYTES = 512 };

/** One guide out of a file's text. `*out` is zeroed by the caller, and cleared here on an error. */
PROTO_MUST_USE enum proto_err agent_guide_parse(const char *text, size_t len, struct proto_guide *out,
                                                char why[static AGENT_GUIDE_WHY_BYTES]);

struct agent_guides {          /* a zeroed struct is empty */
    struct proto_guide **list; /* owned, each of its own memory: runs borrow them */
    size_t count;
};

/**
 * Every *.yaml of a folder with the pictures they name, by id. A file that is wrong is told to `say` and left out; so
 * is a second guide of the same id with a smaller version. IO: the folder cannot be read.
 */
PROTO_MUST_USE enum proto_err agent_guides_load(struct agent_guides *guides, const char *folder,
                                                void (*say)(void *context, const char *file, const char *why),
                                                void *context);
/** One file with its pictures: *out is the caller's, ended by proto_guide_clear() and free(). */
PROTO_MUST_USE enum proto_err agent_guide_load(const char *path, struct proto_guide **out,
                                               char why[static AGENT_GUIDE_WHY_BYTES]);
const struct proto_guide *agent_guides_find(const struct agent_guides *guides, const char *id);
void agent_guides_clear(struct agent_guides *guides);

#endif
