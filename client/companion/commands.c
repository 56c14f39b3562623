/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/commands_inside.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "client/companion/consent_options.h"

enum needs {
    NEEDS_NOTHING,
    NEEDS_CAPABILITY,
    NEEDS_TEXT,
    NEEDS_MATCH,
    NEEDS_ACT,
    NEEDS_DEVICE,
    NEEDS_STILL,
    NEEDS_POINT,
    NEEDS_STARS,
    NEEDS_CODE
};

static const struct {
    const char *name;
    enum client_do what;
    enum needs needs;
} words[] = {
    {"grant", CLIENT_DO_GRANT, NEEDS_CAPABILITY},
    {"refuse", CLIENT_DO_REFUSE, NEEDS_CAPABILITY},
    {"withdraw", CLIENT_DO_WITHDRAW, NEEDS_CAPABILITY},
    {"pause", CLIENT_DO_PAUSE, NEEDS_NOTHING},
    {"resume", CLIENT_DO_RESUME, NEEDS_NOTHING},
    {"check-words", CLIENT_DO_CHECK_WORDS, NEEDS_MATCH},
    {"chat", CLIENT_DO_CHAT, NEEDS_TEXT},
    {"end", CLIENT_DO_END, NEEDS_NOTHING},
    {"guide", CLIENT_DO_GUIDE, NEEDS_ACT},
    {"state", CLIENT_DO_STATE, NEEDS_NOTHING},
    {"hide", CLIENT_DO_HIDE, NEEDS_DEVICE},
    {"show", CLIENT_DO_HIDE, NEEDS_DEVICE},
    {"extend", CLIENT_DO_EXTEND, NEEDS_CAPABILITY},
    {"send", CLIENT_DO_SEND, NEEDS_STILL},
    {"discard", CLIENT_DO_DISCARD, NEEDS_STILL},
    {"mask", CLIENT_DO_MASK, NEEDS_STILL},
    {"point", CLIENT_DO_POINT, NEEDS_POINT},
    {"rate", CLIENT_DO_RATE, NEEDS_STARS},
    {"stay", CLIENT_DO_STAY, NEEDS_NOTHING},
    {"link", CLIENT_DO_LINK, NEEDS_CODE},
    {"unlink", CLIENT_DO_LINK, NEEDS_NOTHING},
};
#define WORDS (sizeof words / sizeof *words)
#define WORD_LIST                                                                                                      \
    "grant, refuse, withdraw, extend, pause, resume, send, discard, mask, point, check-words, chat, guide, state, hide, "     \
    "show, "                                                                                                           \
    "rate, stay, link, unlink, end"

__attribute__((format(printf, 3, 4))) enum proto_err client_command_fail(char why[static CLIENT_WHY_BYTES],
                                                                         enum proto_err err, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why, CLIENT_WHY_BYTES, format, args);
    va_end(args);
    return err;
}

static enum proto_err take_capability(const json_t *json, const char *word, struct client_command *out,
                                      char why[static CLIENT_WHY_BYTES])
{
    const char *name = json_string_value(json_object_get(json, "capability"));

    if (!name)
        return client_command_fail(why, PROTO_ERR_RANGE, "\"%s\": the field \"capability\" is missing; add one of: %s",
                                   word, client_capability_names());
    out->capability = proto_capability_from_name(name);
    if (out->capability == PROTO_CAPABILITY_NONE)
        return client_command_fail(why, PROTO_ERR_RANGE, "\"%.60s\": there is no such capability; use one of: %s", name,
                                   client_capability_names());
    return PROTO_OK;
}

enum proto_err client_command_take_text(const char *text, struct client_command *out, char why[static CLIENT_WHY_BYTES])
{
    if (!text || !*text)
        return client_command_fail(why, PROTO_ERR_RANGE,
                                   "\"chat\": the field \"text\" is missing or empty; add what you want to say");
    if (strlen(text) >= sizeof out->text)
        return client_command_fail(why, PROTO_ERR_RANGE,
                                   "a message of %zu bytes: it may have %d at most; send it in parts", strlen(text),
                                   PROTO_MAX_CHAT_BYTES);
    snprintf(out->text, sizeof out->text, "%s", text);
    return PROTO_OK;
}

enum proto_err client_command_take_act(const char *act, struct client_command *out, char why[static CLIENT_WHY_BYTES])
{
    static const char *const acts[] = {"done", "skip", "back", "did-not-work", "no", "close"};

    for (size_t i = 0; act && i < sizeof acts / sizeof *acts; i++)
        if (!strcmp(act, acts[i])) {
            snprintf(out->text, sizeof out->text, "%s", act);
            return PROTO_OK;
        }
    return client_command_fail(why, PROTO_ERR_RANGE,
                               "\"%.40s\": a step of a guide is done, skip, back, did-not-work or close",
                               act ? act : "");
}

static enum proto_err take_still(const json_t *json, struct client_command *out, char why[static CLIENT_WHY_BYTES])
{
    const json_t *id = json_object_get(json, "still"), *rect = json_object_get(json, "rect");
    int at[4];

    if (!json_is_integer(id) || json_integer_value(id) < 1 || json_integer_value(id) > UINT32_MAX)
        return client_command_fail(
            why, PROTO_ERR_RANGE,
            "the field \"still\" is missing; give the number of the photo, as the event names it");
    out->still = (uint32_t)json_integer_value(id);
    if (out->what != CLIENT_DO_MASK)
        return PROTO_OK;
    if (json_array_size(rect) != 4 ||
        json_unpack((json_t *)(uintptr_t)rect, "[iiii]", &at[0], &at[1], &at[2], &at[3]) != 0)
        return client_command_fail(why, PROTO_ERR_RANGE,
                                   "\"mask\": \"rect\" is [x,y,width,height] in pixels of the photo");
    snprintf(out->text, sizeof out->text, "%d,%d,%d,%d", at[0], at[1], at[2], at[3]);
    return PROTO_OK;
}

static enum proto_err take_point(const json_t *json, struct client_command *out, char why[static CLIENT_WHY_BYTES])
{
    const json_t *x = json_object_get(json, "x"), *y = json_object_get(json, "y");
    double a = json_number_value(x), b = json_number_value(y);

    if (!json_is_number(x) || !json_is_number(y) || !(a >= 0 && a <= 1 && b >= 0 && b <= 1))
        return client_command_fail(why, PROTO_ERR_RANGE, "\"point\": x and y are numbers from 0 to 1; give both");
    out->x = (float)a;
    out->y = (float)b;
    return PROTO_OK;
}

static enum proto_err take_stars(const json_t *json, struct client_command *out, char why[static CLIENT_WHY_BYTES])
{
    const json_t *stars = json_object_get(json, "stars"), *solved = json_object_get(json, "solved");

    if (!json_is_integer(stars) || json_integer_value(stars) < 1 || json_integer_value(stars) > 5 ||
        !json_is_boolean(solved))
        return client_command_fail(why, PROTO_ERR_RANGE,
                                   "\"rate\": \"stars\" is 1 to 5, \"solved\" true or false; give both");
    out->stars = (uint32_t)json_integer_value(stars);
    out->match = json_is_true(solved);
    return PROTO_OK;
}

static enum proto_err take_device(const char *device, const char *property, struct client_command *out,
                                  char why[static CLIENT_WHY_BYTES])
{
    if (!device || !*device || strlen(device) >= sizeof out->device ||
        (property && strlen(property) >= sizeof out->property))
        return client_command_fail(why, PROTO_ERR_RANGE,
                                   "hide and show take a device, and may take one of its properties; name them");
    snprintf(out->device, sizeof out->device, "%s", device);
    snprintf(out->property, sizeof out->property, "%s", property ? property : "");
    return PROTO_OK;
}

static enum proto_err take_code(const char *code, struct client_command *out, char why[static CLIENT_WHY_BYTES])
{
    if (!code || !*code || strlen(code) > 40)
        return client_command_fail(
            why, PROTO_ERR_RANGE,
            "\"link\": the field \"code\" is missing; give the code that your other device shows");
    snprintf(out->text, sizeof out->text, "%s", code);
    return PROTO_OK;
}

static enum proto_err take_fields(size_t index, const json_t *json, struct client_command *out,
                                  char why[static CLIENT_WHY_BYTES])
{
    const json_t *match;

    out->what = words[index].what;
    switch (words[index].needs) {
    case NEEDS_CAPABILITY:
        return take_capability(json, words[index].name, out, why);
    case NEEDS_TEXT:
        return client_command_take_text(json_string_value(json_object_get(json, "text")), out, why);
    case NEEDS_MATCH:
        match = json_object_get(json, "match");
        if (!json_is_boolean(match))
            return client_command_fail(why, PROTO_ERR_RANGE,
                                       "\"check-words\": the field \"match\" is missing; add true or false");
        out->match = json_is_true(match);
        return PROTO_OK;
    case NEEDS_ACT:
        return client_command_take_act(json_string_value(json_object_get(json, "act")), out, why);
    case NEEDS_DEVICE:
        out->match = !strcmp(words[index].name, "hide");
        return take_device(json_string_value(json_object_get(json, "device")),
                           json_string_value(json_object_get(json, "property")), out, why);
    case NEEDS_STILL:
        return take_still(json, out, why);
    case NEEDS_POINT:
        return take_point(json, out, why);
    case NEEDS_STARS:
        return take_stars(json, out, why);
    case NEEDS_CODE:
        return take_code(json_string_value(json_object_get(json, "code")), out, why);
    case NEEDS_NOTHING:
        break;
    }
    return PROTO_OK;
}

enum proto_err client_command_from_json(const char *line, struct client_command *out, char why[static CLIENT_WHY_BYTES])
{
    enum proto_err err = PROTO_ERR_NOT_FOUND;
    json_error_t error;
    json_t *json;
    const char *name;

    memset(out, 0, sizeof *out);
    if (line[strspn(line, " \t\r")] == '\0')
        return PROTO_OK;
    json = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    name = json_string_value(json_object_get(json, "do"));
    if (!name) {
        err = client_command_fail(why, PROTO_ERR_FORMAT,
                                  "%.60s: this line is no command; send one JSON object a line, {\"do\":…}, one of %s",
                                  line, WORD_LIST);
        goto done;
    }
    for (size_t i = 0; i < WORDS; i++)
        if (!strcmp(name, words[i].name)) {
            err = take_fields(i, json, out, why);
            goto done;
        }
    client_command_fail(why, err, "\"%.60s\": there is no such command; one of %s", name, WORD_LIST);
done:
    json_decref(json);
    return err;
}
