/* SPDX-License-Identifier: Apache-2.0 */
/* The schema, key by key. */
#include "agent/guides/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/guides/yaml.h"

enum {
    TITLE = 120,
    SUMMARY = 400,
    TEXT = 800,
    CAUTION = 300,
    POINT = 200,
    HELP = 400,
    ALT = 200,
    WORDS = 60,
    NOTE = 400
};

/* ---- steps ---- */

/* The names of branches, which may lead to steps that come later. */
struct branches {
    char done[PROTO_GUIDE_ID_BYTES], failed[PROTO_GUIDE_ID_BYTES], skipped[PROTO_GUIDE_ID_BYTES];
};

struct whole_guide {
    struct branches branches[PROTO_GUIDE_STEPS_MAX];
    const yaml_node_t *step_nodes[PROTO_GUIDE_STEPS_MAX];
};

struct step_reading {
    struct proto_guide_step *step;
    struct branches *branches;
};

#define STEP_WORDS(field, max)                                                                                         \
    static bool step_##field(struct guide_reader *r, const yaml_node_t *value, void *into)                             \
    {                                                                                                                  \
        return guide_words(r, value, max, &((struct step_reading *)into)->step->field);                                \
    }
STEP_WORDS(title, TITLE)
STEP_WORDS(text, TEXT)
STEP_WORDS(caution, CAUTION)
STEP_WORDS(point, POINT)
STEP_WORDS(help, HELP)
STEP_WORDS(picture_alt, ALT)

static bool take_id(struct guide_reader *r, const yaml_node_t *value, char *out)
{
    return guide_copy(r, value, out, PROTO_GUIDE_ID_BYTES) &&
           (proto_guide_id_ok(out) ||
            guide_wrong(r, value, "%s: \"%s\" is no id; use small letters, digits and -, beginning with a letter",
                        r->path, out));
}

static bool step_id(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return take_id(r, value, ((struct step_reading *)into)->step->id);
}

static bool step_expect(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    uint32_t ms = 0;
    bool ok = guide_span(r, value, &ms);

    ((struct step_reading *)into)->step->expect_s = ms / 1000;
    return ok;
}

static const char *mime_of(const char *file)
{
    static const struct {
        const char *end, *mime;
    } kinds[] = {{".png", "image/png"}, {".jpg", "image/jpeg"}, {".svg", "image/svg+xml"}};
    size_t len = strlen(file);

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (len > 4 && !strcmp(file + len - 4, kinds[i].end))
            return kinds[i].mime;
    return NULL;
}

/* A name without folders: a guide reads nothing but what lies beside it. */
static bool step_picture(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    struct proto_guide_step *step = ((struct step_reading *)into)->step;
    const char *mime;

    if (!guide_copy(r, value, step->picture, sizeof step->picture))
        return false;
    mime = mime_of(step->picture);
    if (!mime || step->picture[0] == '.' ||
        strspn(step->picture, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") !=
            strlen(step->picture))
        return guide_wrong(r, value, "picture: \"%s\" is no file beside the guide that ends in .png, .jpg or .svg",
                           step->picture);
    snprintf(step->picture_mime, sizeof step->picture_mime, "%s", mime);
    return true;
}

static bool step_show_when(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    struct proto_guide_step *step = ((struct step_reading *)into)->step;
    size_t first = r->guide->node_count;

    if (!guide_condition(r, value, &step->show_when))
        return false;
    for (size_t i = first; i < r->guide->node_count; i++)
        if (r->guide->nodes[i].for_ms)
            return guide_wrong(r, value, "show_when is looked at once, so \"for\" has no place in it; remove it");
    return true;
}

static bool step_done_when(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return guide_condition(r, value, &((struct step_reading *)into)->step->done_when);
}

static bool next_done(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return take_id(r, value, ((struct branches *)into)->done);
}

static bool next_failed(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return take_id(r, value, ((struct branches *)into)->failed);
}

static bool next_skipped(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return take_id(r, value, ((struct branches *)into)->skipped);
}

static bool step_next(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    static const struct guide_key keys[] = {
        {"done", false, next_done}, {"did_not_work", false, next_failed}, {"skipped", false, next_skipped}};

    return guide_mapping(r, value, keys, sizeof keys / sizeof *keys, ((struct step_reading *)into)->branches);
}

static bool take_step(struct guide_reader *r, const yaml_node_t *item, void *into)
{
    static const struct guide_key keys[] = {{"id", true, step_id},
                                            {"title", true, step_title},
                                            {"text", true, step_text},
                                            {"caution", false, step_caution},
                                            {"point", false, step_point},
                                            {"help", false, step_help},
                                            {"expect", false, step_expect},
                                            {"picture", false, step_picture},
                                            {"picture_alt", false, step_picture_alt},
                                            {"show_when", false, step_show_when},
                                            {"done_when", false, step_done_when},
                                            {"next", false, step_next}};
    struct whole_guide *whole = into;
    size_t at = r->guide->step_count;
    struct step_reading reading = {&r->guide->steps[at], &whole->branches[at]};

    if (!guide_mapping(r, item, keys, sizeof keys / sizeof *keys, &reading))
        return false;
    if (reading.step->picture[0] && !reading.step->picture_alt.in[0])
        return guide_wrong(r, item, "a picture needs picture_alt, for those who hear it; add it");
    for (size_t i = 0; i < at; i++)
        if (!strcmp(r->guide->steps[i].id, reading.step->id))
            return guide_wrong(r, item, "two steps are called \"%s\"; rename one", reading.step->id);
    whole->step_nodes[at] = item;
    r->guide->step_count++;
    return true;
}

static bool find_branch(struct guide_reader *r, const struct whole_guide *whole, size_t from, const char *name,
                        uint8_t *to)
{
    if (!*name)
        return true;
    for (size_t i = from + 1; i < r->guide->step_count; i++)
        if (!strcmp(r->guide->steps[i].id, name)) {
            *to = (uint8_t)i;
            return true;
        }
    return guide_wrong(r, whole->step_nodes[from], "next: \"%s\" is no later step; branches only lead forward", name);
}

/* ---- the guide ---- */

static bool guide_schema(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    const char *text = guide_scalar(r, value, 8);

    (void)into;
    return text && (!strcmp(text, "1") || guide_wrong(r, value, "this reader knows schema 1; write guide: 1"));
}

static bool guide_id(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    (void)into;
    return take_id(r, value, r->guide->id);
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

static bool guide_steps(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    struct whole_guide *whole = into;

    if (!guide_sequence(r, value, PROTO_GUIDE_STEPS_MAX, take_step, whole))
        return false;
    for (size_t i = 0; i < r->guide->step_count; i++) {
        struct proto_guide_step *step = &r->guide->steps[i];
        const struct branches *b = &whole->branches[i];

        if (!find_branch(r, whole, i, b->done, &step->on_done) ||
            !find_branch(r, whole, i, b->failed, &step->on_failed) ||
            !find_branch(r, whole, i, b->skipped, &step->on_skipped))
            return false;
    }
    return r->guide->step_count || guide_wrong(r, value, "steps: a guide has one at least; add it");
}

static bool read_guide(struct guide_reader *r, const yaml_node_t *root)
{
    static const struct guide_key keys[] = {
        {"guide", true, guide_schema},       {"id", true, guide_id},
        {"version", true, guide_version},    {"languages", true, guide_languages},
        {"title", true, guide_title},        {"summary", true, guide_summary},
        {"search", false, guide_search},     {"for", false, guide_for},
        {"symptoms", false, guide_symptoms}, {"solved_when", false, guide_solved_when},
        {"notes", false, guide_notes},       {"steps", true, guide_steps}};
    struct whole_guide *whole = calloc(1, sizeof *whole);
    bool ok;

    if (!whole)
        return guide_wrong(r, root, "memory ran out");
    ok = guide_mapping(r, root, keys, sizeof keys / sizeof *keys, whole);
    free(whole);
    return ok && !r->failed;
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
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
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
    yaml_parser_delete(&parser);
    if (err != PROTO_OK)
        proto_guide_clear(out);
    return err;
}
