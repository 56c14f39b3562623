/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of a guide, key by key; its steps: read_steps.c. */
#include "agent/guides/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/guides/yaml.h"

enum { TITLE = 120, SUMMARY = 400, WORDS = 60, NOTE = 400 };

static bool guide_schema(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    const char *text = guide_scalar(r, value, 8);

    (void)into;
    return text && (!strcmp(text, "1") || guide_wrong(r, value, "this reader knows schema 1; write guide: 1"));
}

static bool guide_id(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    (void)into;
    return guide_id_text(r, value, r->guide->id);
}

static bool guide_version(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    double number;

    (void)into;
    if (!guide_number(r, value, &number))
        return false;
    if (number < 1 || number > 1e6 || number > (double)(uint32_t)number)
        return guide_wrong(r, value, "version: a whole number from 1");
    r->guide->version = (uint32_t)number;
    return true;
}

static bool take_language(struct guide_reader *r, const yaml_node_t *item, void *into)
{
    char *out = r->guide->languages[r->guide->language_count];

    (void)into;
    if (!guide_copy(r, item, out, PROTO_GUIDE_LANGUAGE_BYTES))
        return false;
    if (strlen(out) < 2 || strspn(out, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != strlen(out))
        return guide_wrong(r, item, "languages: \"%s\" is no language; write en, de or pt-BR", out);
    r->guide->language_count++;
    return true;
}

static bool guide_languages(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return guide_sequence(r, value, PROTO_GUIDE_LANGUAGES_MAX, take_language, into);
}

static bool guide_title(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    (void)into;
    return guide_words(r, value, TITLE, &r->guide->title);
}

static bool guide_summary(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    (void)into;
    return guide_words(r, value, SUMMARY, &r->guide->summary);
}

static bool take_search(struct guide_reader *r, const yaml_node_t *item, void *into)
{
    (void)into;
    return guide_words(r, item, WORDS, &r->guide->search[r->guide->search_count]) && ++r->guide->search_count;
}

static bool guide_search(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return guide_sequence(r, value, PROTO_GUIDE_SEARCH_MAX, take_search, into);
}

static bool take_note(struct guide_reader *r, const yaml_node_t *item, void *into)
{
    (void)into;
    return guide_words(r, item, NOTE, &r->guide->notes[r->guide->note_count]) && ++r->guide->note_count;
}

static bool guide_notes(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return guide_sequence(r, value, PROTO_GUIDE_NOTES_MAX, take_note, into);
}

static bool take_fit(struct guide_reader *r, const yaml_node_t *item, void *into)
{
    (void)into;
    return guide_pick(r, item, &r->guide->fits[r->guide->fit_count]) && ++r->guide->fit_count;
}

static bool guide_for(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return guide_sequence(r, value, PROTO_GUIDE_FITS_MAX, take_fit, into);
}

static bool guide_symptoms(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    (void)into;
    return guide_condition(r, value, &r->guide->symptoms);
}

static bool guide_solved_when(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    (void)into;
    return guide_condition(r, value, &r->guide->solved_when);
}

static bool guide_link(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    const char *text = guide_scalar(r, value, 16);

    (void)into;
    r->guide->link = text ? proto_guide_link_from_name(text) : 0;
    return r->guide->link || (text && guide_wrong(r, value, "link: \"%s\" is none of " PROTO_GUIDE_LINKS, text));
}

static bool read_guide(struct guide_reader *r, const yaml_node_t *root)
{
    static const struct guide_key keys[] = {
        {"guide", true, guide_schema},       {"id", true, guide_id},
        {"version", true, guide_version},    {"languages", true, guide_languages},
        {"title", true, guide_title},        {"summary", true, guide_summary},
        {"search", false, guide_search},     {"for", false, guide_for},
        {"symptoms", false, guide_symptoms}, {"solved_when", false, guide_solved_when},
        {"notes", false, guide_notes},       {"steps", true, guide_steps},
        {"link", false, guide_link}};
    return guide_mapping(r, root, keys, sizeof keys / sizeof *keys, NULL) && !r->failed;
}

/* Nothing more may stand behind the guide: it would be read by nobody, and nobody would know. */
static bool is_all(yaml_parser_t *parser, char why[static AGENT_GUIDE_WHY_BYTES])
{
    yaml_document_t second;
    size_t line = parser->mark.line + 1;
    bool more;

    if (!yaml_parser_load(parser, &second)) {
        snprintf(why, AGENT_GUIDE_WHY_BYTES, "line %zu: this is no YAML: %s", parser->problem_mark.line + 1,
                 parser->problem ? parser->problem : "it cannot be read");
        return false;
    }
    more = yaml_document_get_root_node(&second) != NULL;
    yaml_document_delete(&second);
    if (more)
        snprintf(why, AGENT_GUIDE_WHY_BYTES,
                 "line %zu: a second guide begins (\"---\"); one file is one guide: write it into a file of its own",
                 line);
    return !more;
}

enum proto_err agent_guide_parse(const char *text, size_t len, struct proto_guide *out,
                                 char why[static AGENT_GUIDE_WHY_BYTES])
{
    struct guide_reader r = {.guide = out, .why = why, .path = "the guide"};
    enum proto_err err = PROTO_ERR_FORMAT;
    yaml_document_t document;
    yaml_parser_t parser;
    const yaml_node_t *root;

    why[0] = '\0';
    if (len > AGENT_GUIDE_FILE_BYTES) {
        snprintf(why, AGENT_GUIDE_WHY_BYTES, "%zu bytes: a guide may have %d at most; make it smaller", len,
                 AGENT_GUIDE_FILE_BYTES);
        return PROTO_ERR_RANGE;
    }
    if (!yaml_parser_initialize(&parser))
        return PROTO_ERR_NOMEM;
    yaml_parser_set_input_string(&parser, (const unsigned char *)(text ? text : ""),
                                 len); /* an empty file has no bytes */
    if (!yaml_parser_load(&parser, &document)) {
        snprintf(why, AGENT_GUIDE_WHY_BYTES, "line %zu: this is no YAML: %s", parser.problem_mark.line + 1,
                 parser.problem ? parser.problem : "it cannot be read");
        yaml_parser_delete(&parser);
        return err;
    }
    r.document = &document;
    root = yaml_document_get_root_node(&document);
    if (!root)
        snprintf(why, AGENT_GUIDE_WHY_BYTES, "the file is empty; a guide begins with guide: 1");
    else if (read_guide(&r, root))
        err = PROTO_OK;
    yaml_document_delete(&document);
    if (err == PROTO_OK && !is_all(&parser, why))
        err = PROTO_ERR_FORMAT;
    yaml_parser_delete(&parser);
    if (err != PROTO_OK)
        proto_guide_clear(out);
    return err;
}
