/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/commands.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/consent/statement.h"
#include "proto/guide/run.h"
#include "proto/util/utf8.h"

#define NAME(id, wire, name, label) name ", "
#define CAPABILITIES PROTO_CAPABILITY_LIST(NAME)
#define WORD_LIST                                                                                                      \
    "request, chat, point, draw, clear, freeze, check-words, hold, still, torch, zoom, lens, focus, wrong-person, "    \
    "check, cancel, guides, guide, end"

__attribute__((format(printf, 3, 4))) static enum proto_err fail(char why[static AGENT_WHY_BYTES], enum proto_err err,
                                                                 const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why, AGENT_WHY_BYTES, format, args);
    va_end(args);
    return err;
}

static const char *text_of(const json_t *json, const char *field)
{
    return json_string_value(json_object_get(json, field));
}

/* ---- fields ---- */

static enum proto_err take_text(const char *field, const char *text, size_t max, struct agent_command *out,
                                char why[static AGENT_WHY_BYTES])
{
    if (strlen(text) > max)
        return fail(why, PROTO_ERR_RANGE, "\"%s\" of %zu bytes: it may have %zu at most; make it shorter", field,
                    strlen(text), max);
    snprintf(out->text, sizeof out->text, "%s", text);
    return PROTO_OK;
}

static enum proto_err take_capability(const char *name, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    enum proto_capability capability = name ? proto_capability_from_name(name) : PROTO_CAPABILITY_NONE;

    if (capability == PROTO_CAPABILITY_NONE)
        return fail(why, PROTO_ERR_RANGE,
                    "\"%.60s\": there is no such capability; \"capability\" is one of: %sno other", name ? name : "",
                    CAPABILITIES);
    for (size_t i = 0; i < out->count; i++)
        if (out->capabilities[i] == capability)
            return fail(why, PROTO_ERR_RANGE, "\"%.60s\" comes twice; name each capability once", name);
    out->capabilities[out->count++] = capability;
    return PROTO_OK;
}

/* "with": more that stands on the same sheet. */
static enum proto_err take_with(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    const json_t *with = json_object_get(json, "with"), *name;
    size_t i;

    if (with && (!json_is_array(with) || json_array_size(with) >= PROTO_REQUEST_MAX))
        return fail(why, PROTO_ERR_RANGE,
                    "\"with\": it is a list of at most %d more capabilities; ask for the rest after",
                    PROTO_REQUEST_MAX - 1);
    json_array_foreach(with, i, name)
    {
        enum proto_err err = take_capability(json_string_value(name), out, why);

        if (err)
            return err;
    }
    return PROTO_OK;
}

static enum proto_err take_request(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    const char *purpose = text_of(json, "purpose");
    const json_t *seconds = json_object_get(json, "seconds");
    enum proto_err err = take_capability(text_of(json, "capability"), out, why);

    if (err == PROTO_OK)
        err = take_with(json, out, why);
    if (err)
        return err;
    out->capability = out->capabilities[0];
    if (purpose && strlen(purpose) <= PROTO_MAX_VALUE_BYTES && !proto_utf8_reads_as_written(purpose, strlen(purpose)))
        return fail(why, PROTO_ERR_RANGE,
                    "\"purpose\": it has a character that cannot be seen, or turns what follows; write it in plain "
                    "words");
    if (seconds && (!json_is_integer(seconds) || json_integer_value(seconds) < 0 ||
                    json_integer_value(seconds) > PROTO_SESSION_MS / 1000))
        return fail(why, PROTO_ERR_RANGE, "\"seconds\": it takes a whole number from 0 to %d; 0 asks for the longest",
                    PROTO_SESSION_MS / 1000);
    out->max_s = (uint32_t)json_integer_value(seconds);
    return take_text("purpose", purpose ? purpose : agent_desk_purpose(out->capability), PROTO_MAX_VALUE_BYTES, out,
                     why);
}

static enum proto_err take_chat(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    const char *text = text_of(json, "text");

    if (!text || !*text)
        return fail(why, PROTO_ERR_RANGE, "\"chat\": the field \"text\" is missing or empty; add what you want to say");
    return take_text("text", text, PROTO_MAX_CHAT_BYTES, out, why);
}

static bool take_pair(const json_t *x, const json_t *y, struct agent_command *out)
{
    double a = json_number_value(x), b = json_number_value(y);

    if (!json_is_number(x) || !json_is_number(y) || !(a >= 0 && a <= 1 && b >= 0 && b <= 1) ||
        out->pairs == AGENT_DESK_POINTS_MAX)
        return false;
    out->points[2 * out->pairs] = a;
    out->points[2 * out->pairs + 1] = b;
    out->pairs++;
    return true;
}

static enum proto_err take_point(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    if (!take_pair(json_object_get(json, "x"), json_object_get(json, "y"), out))
        return fail(why, PROTO_ERR_RANGE, "\"%.20s\": x and y are numbers from 0 to 1; give both", text_of(json, "do"));
    return PROTO_OK;
}

static enum proto_err take_colour(const char *name, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    uint32_t colour = 0;

    while (name && *proto_colour_name(colour) && strcmp(name, proto_colour_name(colour)) != 0)
        colour++;
    if (name && !*proto_colour_name(colour))
        return fail(
            why, PROTO_ERR_RANGE,
            "\"draw\": \"%.20s\": there is no such colour; \"colour\" is one of yellow, red, green, blue, white", name);
    out->colour = colour;
    return PROTO_OK;
}

static enum proto_err take_draw(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    const char *shape = text_of(json, "shape"), *text = text_of(json, "text");
    const json_t *points = json_object_get(json, "points"), *pair;
    enum proto_err err = take_colour(text_of(json, "colour"), out, why);
    size_t i;

    if (err)
        return err;
    if (!shape || strlen(shape) >= sizeof out->shape)
        return fail(why, PROTO_ERR_RANGE,
                    "\"draw\": \"shape\" is one of arrow, line, circle, rectangle, text, number, highlight; give one");
    snprintf(out->shape, sizeof out->shape, "%s", shape);
    json_array_foreach(points, i, pair)
    {
        if (json_array_size(pair) != 2 || !take_pair(json_array_get(pair, 0), json_array_get(pair, 1), out))
            break;
    }
    if (out->pairs == 0 || out->pairs != json_array_size(points))
        return fail(why, PROTO_ERR_RANGE, "\"draw\": \"points\" is a list of 1 to %d pairs [x,y] from 0 to 1; check it",
                    AGENT_DESK_POINTS_MAX);
    return take_text("text", text ? text : "", PROTO_MAX_VALUE_BYTES, out, why);
}

static enum proto_err take_on(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    const json_t *on = json_object_get(json, "on");

    if (!json_is_boolean(on))
        return fail(why, PROTO_ERR_RANGE, "\"%.20s\": the field \"on\" is missing; add true or false",
                    text_of(json, "do"));
    out->on = json_is_true(on);
    return PROTO_OK;
}

static enum proto_err take_zoom(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    const json_t *factor = json_object_get(json, "factor");

    out->factor = json_number_value(factor);
    if (!json_is_number(factor) || !(out->factor >= 1 && out->factor <= 100))
        return fail(why, PROTO_ERR_RANGE,
                    "\"zoom\": \"factor\" is a number from 1, which is all that the lens sees, to 100");
    return PROTO_OK;
}

static enum proto_err take_lens(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    const char *id = text_of(json, "id");

    if (!id || !*id || !proto_value_valid(id) || strlen(id) > 32)
        return fail(why, PROTO_ERR_RANGE, "\"lens\": \"id\" is the id of a lens, as the event camera-state names it");
    return take_text("id", id, PROTO_MAX_VALUE_BYTES, out, why);
}

static enum proto_err take_clear(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    const json_t *id = json_object_get(json, "id");

    if (id && (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) > UINT32_MAX))
        return fail(why, PROTO_ERR_RANGE, "\"clear\": \"id\" is the number of a mark; leave it out to clear all");
    out->id = (uint32_t)json_integer_value(id);
    return PROTO_OK;
}

static enum proto_err take_freeze(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    const json_t *on = json_object_get(json, "on");

    (void)why;
    out->on = !on || json_is_true(on);
    return PROTO_OK;
}

static enum proto_err take_device(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    const char *device = text_of(json, "device");

    if (!device)
        return fail(
            why, PROTO_ERR_RANGE,
            "\"%.20s\": the field \"device\" is missing; add default, a device's name, FILE.wav, or \"\" for none",
            text_of(json, "do"));
    return take_text("device", device, 500, out, why);
}

static enum proto_err take_match(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    const json_t *match = json_object_get(json, "match");

    if (!json_is_boolean(match))
        return fail(why, PROTO_ERR_RANGE, "\"check-words\": the field \"match\" is missing; add true or false");
    out->on = json_is_true(match);
    return PROTO_OK;
}

/* ---- the home ---- */

static enum proto_err take_target(const json_t *json, const char *field, struct agent_command *out,
                                  char why[static AGENT_WHY_BYTES])
{
    const char *target = text_of(json, field);

    if (target && strlen(target) >= sizeof out->target)
        return fail(why, PROTO_ERR_RANGE, "\"%s\" of %zu bytes: it may have %zu at most; make it shorter", field,
                    strlen(target), sizeof out->target - 1);
    snprintf(out->target, sizeof out->target, "%s", target ? target : "");
    return PROTO_OK;
}

static enum proto_err take_check(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    const char *name = text_of(json, "check");
    enum proto_err err = take_target(json, "target", out, why);

    if (err)
        return err;
    if (!name || !*name)
        return fail(why, PROTO_ERR_RANGE,
                    "\"check\": the field \"check\" is missing; add chain for all, or the name of one");
    return take_text("check", name, 32, out, why);
}

static enum proto_err take_search(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    const char *words = text_of(json, "search");

    return take_text("search", words ? words : "", 200, out, why);
}

static enum proto_err take_guide(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    const char *guide = text_of(json, "guide"), *act = text_of(json, "act");
    enum proto_err err = take_target(json, "subject", out, why);

    if (err)
        return err;
    if (!guide == !act || (guide && !proto_guide_id_ok(guide)) || (act && !proto_guide_act_from_name(act)))
        return fail(why, PROTO_ERR_RANGE,
                    "\"guide\": give \"guide\" with the id of one to begin, or \"act\" with done, skip, back, "
                    "did-not-work or close");
    snprintf(out->shape, sizeof out->shape, "%s", act ? act : "");
    return take_text("guide", guide ? guide : "", 64, out, why);
}

/* ---- the table ---- */

static const struct {
    const char *name;
    enum agent_do what;
    enum proto_err (*take)(const json_t *json, struct agent_command *out, char why[static AGENT_WHY_BYTES]);
} words[] = {
    {"request", AGENT_DO_REQUEST, take_request},
    {"chat", AGENT_DO_CHAT, take_chat},
    {"point", AGENT_DO_POINT, take_point},
    {"draw", AGENT_DO_DRAW, take_draw},
    {"clear", AGENT_DO_CLEAR, take_clear},
    {"freeze", AGENT_DO_FREEZE, take_freeze},
    {"check-words", AGENT_DO_CHECK_WORDS, take_match},
    {"wrong-person", AGENT_DO_WRONG_PERSON, NULL},
    {"end", AGENT_DO_END, NULL},
    {"hold", AGENT_DO_HOLD, take_on},
    {"still", AGENT_DO_STILL, NULL},
    {"torch", AGENT_DO_TORCH, take_on},
    {"zoom", AGENT_DO_ZOOM, take_zoom},
    {"lens", AGENT_DO_LENS, take_lens},
    {"focus", AGENT_DO_FOCUS, take_point},
    {"check", AGENT_DO_CHECK, take_check},
    {"cancel", AGENT_DO_CANCEL, take_clear},
    {"guides", AGENT_DO_GUIDES, take_search},
    {"guide", AGENT_DO_GUIDE, take_guide},
    {"record", AGENT_DO_RECORD, take_freeze},
    {"mute", AGENT_DO_MUTE, take_freeze},
    {"microphone", AGENT_DO_MICROPHONE, take_device},
    {"speaker", AGENT_DO_SPEAKER, take_device},
};

static enum proto_err from_object(const json_t *json, const char *name, struct agent_command *out,
                                  char why[static AGENT_WHY_BYTES])
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(name, words[i].name) != 0)
            continue;
        out->what = words[i].what;
        if (out->what == AGENT_DO_LATER)
            snprintf(out->text, sizeof out->text, "%s", name);
        return words[i].take ? words[i].take(json, out, why) : PROTO_OK;
    }
    return fail(why, PROTO_ERR_NOT_FOUND, "\"%.60s\": there is no such command; one of %s", name, WORD_LIST);
}

enum proto_err agent_command_from_json(const char *line, struct agent_command *out, char why[static AGENT_WHY_BYTES])
{
    enum proto_err err;
    json_error_t error;
    const char *name;
    json_t *json;

    memset(out, 0, sizeof *out);
    if (line[strspn(line, " \t\r")] == '\0')
        return PROTO_OK;
    json = json_loads(line, JSON_REJECT_DUPLICATES, &error);
    name = text_of(json, "do");
    err = name ? from_object(json, name, out, why)
               : fail(why, PROTO_ERR_FORMAT,
                      "%.60s: this line is no command; send one JSON object a line, {\"do\":…}, one of %s", line,
                      WORD_LIST);
    json_decref(json);
    return err;
}

const char *agent_command_name(enum agent_do what)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].what == what)
            return words[i].name;
    return "this command";
}

enum proto_err agent_capabilities_parse(const char *text, enum proto_capability *order, size_t *count,
                                        char why[static AGENT_WHY_BYTES])
{
    char name[32];

    *count = 0;
    for (const char *at = text;; at++) {
        size_t len = strcspn(at, ",");
        enum proto_capability capability;
        bool again = false;

        snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : sizeof name - 1), at);
        capability = proto_capability_from_name(name);
        for (size_t i = 0; i < *count; i++)
            again |= order[i] == capability;
        if (capability == PROTO_CAPABILITY_NONE || again)
            return fail(why, PROTO_ERR_RANGE, "--request %.100s: \"%s\" %s; use a list of: %sno other", text, name,
                        again ? "comes twice" : "is no capability", CAPABILITIES);
        order[(*count)++] = capability;
        at += len;
        if (!*at)
            return PROTO_OK;
    }
}
