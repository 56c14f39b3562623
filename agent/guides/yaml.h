/* SPDX-License-Identifier: Apache-2.0 */
/* agent/guides/yaml.h - what the reader's files share: a document of libyaml, walked within bounds. */
#ifndef AGENT_GUIDES_YAML_H
#define AGENT_GUIDES_YAML_H

#include <yaml.h>

#include "agent/guides/read.h"

struct guide_reader {
    yaml_document_t *document;
    struct proto_guide *guide;
    char *why;     /* AGENT_GUIDE_WHY_BYTES */
    size_t visits; /* places walked so far */
    size_t depth;
    bool failed;      /* `why` says what is wrong */
    const char *path; /* of what is read just now, for `why`; static */
};

/** Says what is wrong, once; always false. */
bool guide_wrong(struct guide_reader *r, const yaml_node_t *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** The node behind an index; NULL and an error when the walk is over its bounds. */
const yaml_node_t *guide_node(struct guide_reader *r, int index);
/** A plain value's text, NUL-terminated, or NULL with an error when it is none or longer than `max` bytes. */
const char *guide_scalar(struct guide_reader *r, const yaml_node_t *node, size_t max);
bool guide_copy(struct guide_reader *r, const yaml_node_t *node, char *out, size_t size);
bool guide_number(struct guide_reader *r, const yaml_node_t *node, double *out);
/** "10s", "5m", "1h", or plain seconds: milliseconds, at most an hour. */
bool guide_span(struct guide_reader *r, const yaml_node_t *node, uint32_t *ms);
bool guide_is_plain_truth(const yaml_node_t *node, bool *truth);

/* A mapping's keys, each with the one who takes its value. `required` ones must be there. */
struct guide_key {
    const char *name;
    bool required;
    bool (*take)(struct guide_reader *r, const yaml_node_t *value, void *into);
};
bool guide_mapping(struct guide_reader *r, const yaml_node_t *node, const struct guide_key *keys, size_t count,
                   void *into);
/** Each item of a sequence; more than `max` is an error. */
bool guide_sequence(struct guide_reader *r, const yaml_node_t *node, size_t max,
                    bool (*take)(struct guide_reader *r, const yaml_node_t *item, void *into), void *into);
/** {en: …, de: …}: every language of the guide, each at most `max` bytes. */
bool guide_words(struct guide_reader *r, const yaml_node_t *node, size_t max, struct proto_guide_words *out);

/** A condition; its first node's place is in *at (conditions.c). */
bool guide_condition(struct guide_reader *r, const yaml_node_t *node, uint16_t *at);
bool guide_pick(struct guide_reader *r, const yaml_node_t *node, struct proto_guide_pick *out);

/** An id, of PROTO_GUIDE_ID_BYTES; the value of "steps" (read_steps.c). */
bool guide_id_text(struct guide_reader *r, const yaml_node_t *value, char *out);
bool guide_steps(struct guide_reader *r, const yaml_node_t *value, void *into);

#endif
