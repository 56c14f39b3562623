/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/guide/guide.h"

#include <stdlib.h>
#include <string.h>

/* Up to the first hyphen: the language without its country. */
static size_t stem(const char *tag)
{
    return strcspn(tag, "-_.");
}

size_t proto_guide_language(const struct proto_guide *guide, const char *wish)
{
    for (size_t i = 0; i < guide->language_count; i++)
        if (!strcmp(guide->languages[i], wish))
            return i;
    for (size_t i = 0; i < guide->language_count; i++)
        if (stem(guide->languages[i]) == stem(wish) && !strncmp(guide->languages[i], wish, stem(wish)))
            return i;
    return 0;
}

const char *proto_guide_say(const struct proto_guide_words *words, size_t language)
{
    const char *text = language < PROTO_GUIDE_LANGUAGES_MAX ? words->in[language] : NULL;

    if (!text)
        text = words->in[0];
    return text ? text : "";
}

bool proto_guide_id_ok(const char *id)
{
    size_t len = strlen(id);

    return *id >= 'a' && *id <= 'z' && len < PROTO_GUIDE_ID_BYTES &&
           strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static void clear_words(struct proto_guide_words *words)
{
    for (size_t i = 0; i < PROTO_GUIDE_LANGUAGES_MAX; i++)
        free(words->in[i]);
    memset(words, 0, sizeof *words);
}

void proto_guide_clear(struct proto_guide *guide)
{
    clear_words(&guide->title);
    clear_words(&guide->summary);
    for (size_t i = 0; i < PROTO_GUIDE_SEARCH_MAX; i++)
        clear_words(&guide->search[i]);
    for (size_t i = 0; i < PROTO_GUIDE_NOTES_MAX; i++)
        clear_words(&guide->notes[i]);
    for (size_t i = 0; i < PROTO_GUIDE_STEPS_MAX; i++) {
        struct proto_guide_step *step = &guide->steps[i];

        clear_words(&step->title);
        clear_words(&step->text);
        clear_words(&step->caution);
        clear_words(&step->point);
        clear_words(&step->help);
        clear_words(&step->picture_alt);
        free(step->picture_bytes);
    }
    memset(guide, 0, sizeof *guide);
}

uint8_t proto_guide_link_from_name(const char *name)
{
    static const char *const names[] = {"", "phone", "wifi", "router", "internet", "cloud", "product"};

    for (uint8_t i = 1; i < sizeof names / sizeof *names; i++)
        if (!strcmp(names[i], name))
            return i;
    return 0;
}

bool proto_guide_check_known(const char *name)
{
    size_t len = strlen(name);

    for (const char *at = PROTO_GUIDE_CHECKS; at; at = strchr(at, ','), at = at ? at + 2 : NULL)
        if (len && !strncmp(at, name, len) && (at[len] == ',' || !at[len]))
            return true;
    return false;
}
