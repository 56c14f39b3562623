/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of the steps, and where their branches lead. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/guides/yaml.h"

enum { TITLE = 120, TEXT = 800, CAUTION = 300, POINT = 200, HELP = 400, ALT = 200 };

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

bool guide_id_text(struct guide_reader *r, const yaml_node_t *value, char *out)
{
    return guide_copy(r, value, out, PROTO_GUIDE_ID_BYTES) &&
           (proto_guide_id_ok(out) ||
            guide_wrong(r, value, "%s: \"%s\" is no id; use small letters, digits and -, beginning with a letter",
                        r->path, out));
}

static bool step_id(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return guide_id_text(r, value, ((struct step_reading *)into)->step->id);
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
    return guide_id_text(r, value, ((struct branches *)into)->done);
}

static bool next_failed(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return guide_id_text(r, value, ((struct branches *)into)->failed);
}

static bool next_skipped(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    return guide_id_text(r, value, ((struct branches *)into)->skipped);
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

bool guide_steps(struct guide_reader *r, const yaml_node_t *value, void *into)
{
    struct whole_guide *whole = calloc(1, sizeof *whole);
    bool ok = whole || guide_wrong(r, value, "memory ran out");

    (void)into;
    ok = ok && guide_sequence(r, value, PROTO_GUIDE_STEPS_MAX, take_step, whole);
    for (size_t i = 0; ok && i < r->guide->step_count; i++) {
        struct proto_guide_step *step = &r->guide->steps[i];
        const struct branches *b = &whole->branches[i];

        ok = find_branch(r, whole, i, b->done, &step->on_done) &&
             find_branch(r, whole, i, b->failed, &step->on_failed) &&
             find_branch(r, whole, i, b->skipped, &step->on_skipped);
    }
    free(whole);
    return ok && (r->guide->step_count || guide_wrong(r, value, "steps: a guide has one at least; add it"));
}
