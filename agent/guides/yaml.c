/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/guides/yaml.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/util/err.h"

enum { VISITS_MAX = 20000, DEPTH_MAX = 24, KEYS_MAX = 32 };

bool guide_wrong(struct guide_reader *r, const yaml_node_t *node, const char *format, ...)
{
    char text[AGENT_GUIDE_WHY_BYTES - 32];
    va_list args;

    if (r->failed)
        return false;
    r->failed = true;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(r->why, AGENT_GUIDE_WHY_BYTES, "line %zu: %s", node ? node->start_mark.line + 1 : 1, text);
    return false;
}

const yaml_node_t *guide_node(struct guide_reader *r, int index)
{
    const yaml_node_t *node = yaml_document_get_node(r->document, index);

    if (++r->visits > VISITS_MAX || !node) {
        guide_wrong(r, node, "the file has more than %d places, aliases counted each time; make it smaller",
                    VISITS_MAX);
        return NULL;
    }
    return node;
}

const char *guide_scalar(struct guide_reader *r, const yaml_node_t *node, size_t max)
{
    const char *text;

    if (node->type != YAML_SCALAR_NODE) {
        guide_wrong(r, node, "%s takes a plain value; write one", r->path);
        return NULL;
    }
    text = (const char *)node->data.scalar.value;
    if (strlen(text) != node->data.scalar.length || node->data.scalar.length > max) {
        guide_wrong(r, node, "%s: %zu bytes, at most %zu are taken; make it shorter", r->path, node->data.scalar.length,
                    max);
        return NULL;
    }
    return text;
}

bool guide_copy(struct guide_reader *r, const yaml_node_t *node, char *out, size_t size)
{
    const char *text = guide_scalar(r, node, size - 1);

    if (text)
        memcpy(out, text, strlen(text) + 1);
    return text != NULL;
}

bool guide_number(struct guide_reader *r, const yaml_node_t *node, double *out)
{
    const char *text = guide_scalar(r, node, 64);
    char *end;

    if (!text)
        return false;
    *out = strtod(text, &end);
    if (end == text || *end || !isfinite(*out) || fabs(*out) > 1e15)
        return guide_wrong(r, node, "%s: \"%s\" is no number; write one like 5 or -67.5", r->path, text);
    return true;
}

bool guide_span(struct guide_reader *r, const yaml_node_t *node, uint32_t *ms)
{
    const char *text = guide_scalar(r, node, 16);
    char *end;
    double number, unit = 1;

    if (!text)
        return false;
    number = strtod(text, &end);
    unit = !strcmp(end, "m") ? 60 : !strcmp(end, "h") ? 3600 : 1;
    if (end == text || (*end && strcmp(end, "s") != 0 && unit < 2) || !(number >= 0) || number * unit > 3600)
        return guide_wrong(r, node, "%s: \"%s\" is no time up to an hour; write 10s, 5m or 1h", r->path, text);
    *ms = (uint32_t)(number * unit * 1000);
    return true;
}

bool guide_is_plain_truth(const yaml_node_t *node, bool *truth)
{
    const char *text = (const char *)node->data.scalar.value;

    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    *truth = !strcmp(text, "true");
    return *truth || !strcmp(text, "false");
}

/* ---- mappings and sequences ---- */

static size_t key_of(const struct guide_key *keys, size_t count, const char *name)
{
    size_t i = 0;

    while (i < count && strcmp(keys[i].name, name) != 0)
        i++;
    return i;
}

static bool enter(struct guide_reader *r, const yaml_node_t *node)
{
    if (++r->depth > DEPTH_MAX)
        return guide_wrong(r, node, "more than %d levels inside one another; make it flatter", DEPTH_MAX);
    return true;
}

static bool take_pair(struct guide_reader *r, const yaml_node_pair_t *pair, const struct guide_key *keys, size_t count,
                      bool *seen, void *into)
{
    const yaml_node_t *name = guide_node(r, pair->key), *value = guide_node(r, pair->value);
    const char *outer = r->path, *text = name && value ? guide_scalar(r, name, 64) : NULL;
    size_t i;
    bool ok;

    if (!text)
        return false;
    i = key_of(keys, count, text);
    if (i == count)
        return guide_wrong(r, name, "%s: there is no key \"%.40s\" here; see handhold-guide schema", outer, text);
    if (seen[i])
        return guide_wrong(r, name, "%s: \"%s\" stands here twice; remove one", outer, text);
    seen[i] = true;
    r->path = keys[i].name;
    ok = keys[i].take(r, value, into);
    r->path = outer;
    return ok && !r->failed;
}

bool guide_mapping(struct guide_reader *r, const yaml_node_t *node, const struct guide_key *keys, size_t count,
                   void *into)
{
    bool seen[KEYS_MAX] = {false};

    if (node->type != YAML_MAPPING_NODE)
        return guide_wrong(r, node, "%s takes keys with values; write KEY: VALUE lines", r->path);
    if (!enter(r, node))
        return false;
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++)
        if (!take_pair(r, pair, keys, count, seen, into))
            return false;
    for (size_t i = 0; i < count; i++)
        if (keys[i].required && !seen[i])
            return guide_wrong(r, node, "%s: the key \"%s\" is missing; add it", r->path, keys[i].name);
    r->depth--;
    return true;
}

bool guide_sequence(struct guide_reader *r, const yaml_node_t *node, size_t max,
                    bool (*take)(struct guide_reader *r, const yaml_node_t *item, void *into), void *into)
{
    size_t count = 0;

    if (node->type != YAML_SEQUENCE_NODE)
        return guide_wrong(r, node, "%s takes a list; write lines that begin with \"- \"", r->path);
    if (!enter(r, node))
        return false;
    for (const yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
        const yaml_node_t *one = guide_node(r, *item);

        if (one && ++count > max)
            return guide_wrong(r, one, "%s: there may be %zu of them at most; leave some out", r->path, max);
        if (!one || !take(r, one, into))
            return false;
    }
    r->depth--;
    return true;
}

/* ---- words ---- */

static size_t language_of(const struct proto_guide *guide, const char *tag)
{
    size_t i = 0;

    while (i < guide->language_count && strcmp(guide->languages[i], tag) != 0)
        i++;
    return i;
}

static bool put_words(struct guide_reader *r, const yaml_node_t *node, size_t max, char **out)
{
    const char *text = guide_scalar(r, node, max);

    if (!text)
        return false;
    if (!*text)
        return guide_wrong(r, node, "%s: the text is empty; write it, or remove the key", r->path);
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 && *at != '\n')
            return guide_wrong(r, node, "%s: a control character; remove it", r->path);
    free(*out);
    *out = strdup(text);
    return *out || guide_wrong(r, node, "memory ran out");
}

bool guide_words(struct guide_reader *r, const yaml_node_t *node, size_t max, struct proto_guide_words *out)
{
    struct proto_guide *guide = r->guide;

    if (!guide->language_count)
        return guide_wrong(r, node, "\"languages\" must stand before every text; move it up");
    if (node->type != YAML_MAPPING_NODE)
        return guide_wrong(r, node, "%s takes its text in each language; write %s: …", r->path, guide->languages[0]);
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = guide_node(r, pair->key), *value = guide_node(r, pair->value);
        const char *tag = key && value ? guide_scalar(r, key, 16) : NULL;
        size_t i = tag ? language_of(guide, tag) : 0;

        if (!tag)
            return false;
        if (i == guide->language_count)
            return guide_wrong(r, key, "%s: \"%s\" is none of the guide's languages; add it there", r->path, tag);
        if (!put_words(r, value, max, &out->in[i]))
            return false;
    }
    for (size_t i = 0; i < guide->language_count; i++)
        if (!out->in[i])
            return guide_wrong(r, node, "%s: the text in \"%s\" is missing; add it", r->path, guide->languages[i]);
    return true;
}
