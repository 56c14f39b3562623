/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/commands.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "client/companion/consent_options.h"

enum needs { NEEDS_NOTHING, NEEDS_CAPABILITY, NEEDS_TEXT, NEEDS_MATCH, NEEDS_ACT, NEEDS_DEVICE };

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
    {"hide", CLIENT_DO_HIDE, NEEDS_DEVICE},
    {"show", CLIENT_DO_HIDE, NEEDS_DEVICE},
    {"send", CLIENT_DO_LATER, NEEDS_NOTHING},
    {"discard", CLIENT_DO_LATER, NEEDS_NOTHING},
};
#define WORDS (sizeof words / sizeof *words)
#define WORD_LIST "grant, refuse, withdraw, pause, resume, check-words, chat, end, guide, hide, show"

__attribute__((format(printf, 3, 4))) static enum proto_err fail(char why[static CLIENT_WHY_BYTES], enum proto_err err,
                                                                 const char *format, ...)
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
        return fail(why, PROTO_ERR_RANGE, "\"%s\": the field \"capability\" is missing; add one of: %s", word,
                    client_capability_names());
    out->capability = proto_capability_from_name(name);
    if (out->capability == PROTO_CAPABILITY_NONE)
        return fail(why, PROTO_ERR_RANGE, "\"%.60s\": there is no such capability; use one of: %s", name,
                    client_capability_names());
    return PROTO_OK;
}

static enum proto_err take_text(const char *text, struct client_command *out, char why[static CLIENT_WHY_BYTES])
{
    if (!text || !*text)
        return fail(why, PROTO_ERR_RANGE, "\"chat\": the field \"text\" is missing or empty; add what you want to say");
    if (strlen(text) >= sizeof out->text)
        return fail(why, PROTO_ERR_RANGE, "a message of %zu bytes: it may have %d at most; send it in parts",
                    strlen(text), PROTO_MAX_CHAT_BYTES);
    snprintf(out->text, sizeof out->text, "%s", text);
    return PROTO_OK;
}

static enum proto_err take_act(const char *act, struct client_command *out, char why[static CLIENT_WHY_BYTES])
{
    static const char *const acts[] = {"done", "skip", "back", "did-not-work", "no", "close"};

    for (size_t i = 0; act && i < sizeof acts / sizeof *acts; i++)
        if (!strcmp(act, acts[i])) {
            snprintf(out->text, sizeof out->text, "%s", act);
            return PROTO_OK;
        }
    return fail(why, PROTO_ERR_RANGE, "\"%.40s\": a step of a guide is done, skip, back, did-not-work or close",
                act ? act : "");
}

static enum proto_err take_device(const char *device, const char *property, struct client_command *out,
                                  char why[static CLIENT_WHY_BYTES])
{
    if (!device || !*device || strlen(device) >= sizeof out->device ||
        (property && strlen(property) >= sizeof out->property))
        return fail(why, PROTO_ERR_RANGE, "hide and show take a device, and may take one of its properties; name them");
    snprintf(out->device, sizeof out->device, "%s", device);
    snprintf(out->property, sizeof out->property, "%s", property ? property : "");
    return PROTO_OK;
}

static enum proto_err take_fields(size_t index, const json_t *json, struct client_command *out,
                                  char why[static CLIENT_WHY_BYTES])
{
    const json_t *match;

    out->what = words[index].what;
    if (out->what == CLIENT_DO_LATER)
        snprintf(out->text, sizeof out->text, "%s", words[index].name);
    switch (words[index].needs) {
    case NEEDS_CAPABILITY:
        return take_capability(json, words[index].name, out, why);
    case NEEDS_TEXT:
        return take_text(json_string_value(json_object_get(json, "text")), out, why);
    case NEEDS_MATCH:
        match = json_object_get(json, "match");
        if (!json_is_boolean(match))
            return fail(why, PROTO_ERR_RANGE, "\"check-words\": the field \"match\" is missing; add true or false");
        out->match = json_is_true(match);
        return PROTO_OK;
    case NEEDS_ACT:
        return take_act(json_string_value(json_object_get(json, "act")), out, why);
    case NEEDS_DEVICE:
        out->match = !strcmp(words[index].name, "hide");
        return take_device(json_string_value(json_object_get(json, "device")),
                           json_string_value(json_object_get(json, "property")), out, why);
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
        err =
            fail(why, PROTO_ERR_FORMAT,
                 "%.60s: this line is no command; send one JSON object a line, {\"do\":…}, one of %s", line, WORD_LIST);
        goto done;
    }
    for (size_t i = 0; i < WORDS; i++)
        if (!strcmp(name, words[i].name)) {
            err = take_fields(i, json, out, why);
            goto done;
        }
    fail(why, err, "\"%.60s\": there is no such command; one of %s", name, WORD_LIST);
done:
    json_decref(json);
    return err;
}

/* ---- typed lines ---- */

const char *client_command_help(void)
{
    return "  w camera   take a consent back (w alone: all of them)\n"
           "  p          pause: nothing is captured or sent        r   go on\n"
           "  words yes  the check words were the same             words no   they were not\n"
           "  g done     a step of the guide; also g skip, g back, g no (it did not work)\n"
           "  hide LAMP  that device is not told any more (hide LAMP power: one value)   show LAMP   it is again\n"
           "  q          end the session                           ?   this help\n"
           "  anything else is a message to the agent (say TEXT: also a short one)\n";
}

static enum proto_err from_withdraw(const char *rest, struct client_command *out, char why[static CLIENT_WHY_BYTES])
{
    out->what = CLIENT_DO_WITHDRAW;
    if (!*rest)
        return PROTO_OK;
    out->capability = proto_capability_from_name(rest);
    if (out->capability == PROTO_CAPABILITY_NONE)
        return fail(why, PROTO_ERR_RANGE, "\"%.60s\": there is no such capability; use one of: %s, or w alone for all",
                    rest, client_capability_names());
    return PROTO_OK;
}

static enum proto_err from_answer(const char *line, struct client_command *out, char why[static CLIENT_WHY_BYTES])
{
    if (!strcasecmp(line, "y") || !strcasecmp(line, "yes"))
        out->what = CLIENT_DO_GRANT;
    else if (!*line || !strcasecmp(line, "n") || !strcasecmp(line, "no"))
        out->what = CLIENT_DO_REFUSE;
    else
        return fail(why, PROTO_ERR_RANGE, "\"%.60s\": a question is open; answer y or n first", line);
    return PROTO_OK;
}

/* Trimmed at both ends, into `out`; what does not fit is cut, which take_text() then refuses by its length. */
static void trim(const char *line, char *out, size_t size)
{
    size_t len;

    line += strspn(line, " \t\r");
    snprintf(out, size, "%s", line);
    for (len = strlen(out); len > 0 && strchr(" \t\r", out[len - 1]); len--)
        out[len - 1] = '\0';
}

/* "hide lamp power". More words are a message that begins so. */
static bool from_hide(const char *text, struct client_command *out)
{
    char rest[2];
    int count = sscanf(text + 5, "%63s %47s %1s", out->device, out->property, rest);

    out->what = CLIENT_DO_HIDE;
    out->match = text[0] == 'h';
    if (count == 1 || count == 2)
        return true;
    memset(out, 0, sizeof *out);
    return false;
}

enum proto_err client_command_from_keys(const char *line, bool asked, struct client_command *out,
                                        char why[static CLIENT_WHY_BYTES])
{
    static const struct {
        const char *key;
        enum client_do what;
    } keys[] = {{"p", CLIENT_DO_PAUSE}, {"r", CLIENT_DO_RESUME}, {"q", CLIENT_DO_END}, {"?", CLIENT_DO_HELP}};
    char text[PROTO_MAX_CHAT_BYTES + 64];

    memset(out, 0, sizeof *out);
    trim(line, text, sizeof text);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!strcmp(text, keys[i].key)) {
            out->what = keys[i].what;
            return PROTO_OK;
        }
    if (!strcmp(text, "w") || (!strncmp(text, "w ", 2) && !strchr(text + 2, ' ')))
        return from_withdraw(text[1] ? text + 2 : "", out, why);
    if (!strncmp(text, "g ", 2)) {
        out->what = CLIENT_DO_GUIDE;
        return take_act(text + 2, out, why);
    }
    if (!asked && (!strncmp(text, "hide ", 5) || !strncmp(text, "show ", 5)) && from_hide(text, out))
        return PROTO_OK;
    if (asked)
        return from_answer(text, out, why);
    if (!strcmp(text, "words yes") || !strcmp(text, "words no")) {
        out->what = CLIENT_DO_CHECK_WORDS;
        out->match = text[6] == 'y';
        return PROTO_OK;
    }
    if (!*text)
        return PROTO_OK;
    out->what = CLIENT_DO_CHAT;
    return take_text(strncmp(text, "say ", 4) ? text : text + 4, out, why);
}
