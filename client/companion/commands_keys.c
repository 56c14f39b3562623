/* SPDX-License-Identifier: Apache-2.0 */
/* What a person types. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "client/companion/commands_inside.h"
#include "client/companion/consent_options.h"

const char *client_command_help(void)
{
    return "  w camera   take a consent back (w alone: all of them)\n"
           "  p          pause: nothing is captured or sent        r   go on\n"
           "  words yes  the check words were the same             words no   they were not\n"
           "  g done     a step of the guide; also g skip, g back, g no (it did not work)\n"
           "  what       shows what of device information is told: each device by its id, each value\n"
           "  hide LAMP  that device is not told any more (hide LAMP power: one value)   show LAMP   it is again\n"
           "  link CODE  take in your other device, which shows the code             unlink      and leave it out "
           "again\n"
           "  more       let what ends soon go on for as long again\n"
           "  send       the photo that you have seen; also discard, and mask X,Y,W,H to cover a part of it\n"
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
        return client_command_fail(why, PROTO_ERR_RANGE,
                                   "\"%.60s\": there is no such capability; use one of: %s, or w alone for all", rest,
                                   client_capability_names());
    return PROTO_OK;
}

static enum proto_err from_answer(const char *line, struct client_command *out, char why[static CLIENT_WHY_BYTES])
{
    if (!strcasecmp(line, "y") || !strcasecmp(line, "yes"))
        out->what = CLIENT_DO_GRANT;
    else if (!*line || !strcasecmp(line, "n") || !strcasecmp(line, "no"))
        out->what = CLIENT_DO_REFUSE;
    else
        return client_command_fail(why, PROTO_ERR_RANGE, "\"%.60s\": a question is open; answer y or n first", line);
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

/* "link 4071 839 229 4": digits alone behind it, or it is a message that begins so. */
static bool from_link(const char *text, struct client_command *out)
{
    const char *code = text + 5;

    if (!strcmp(text, "unlink")) {
        out->what = CLIENT_DO_LINK;
        return true;
    }
    if (strncmp(text, "link ", 5) || strlen(code) > 40 || strspn(code, "0123456789 .-") != strlen(code))
        return false;
    out->what = CLIENT_DO_LINK;
    snprintf(out->text, sizeof out->text, "%s", code);
    return true;
}

/* "send", "discard", "mask 10,10,80,40": only while there is a photo to look at. */
static bool from_still(const char *text, uint32_t still, struct client_command *out)
{
    bool mask = !strncmp(text, "mask ", 5);

    if (!still || (!mask && strcmp(text, "send") != 0 && strcmp(text, "discard") != 0))
        return false;
    out->what = mask ? CLIENT_DO_MASK : text[0] == 's' ? CLIENT_DO_SEND : CLIENT_DO_DISCARD;
    out->still = still;
    snprintf(out->text, sizeof out->text, "%.100s", mask ? text + 5 : "");
    return true;
}

/* "4 yes". */
static enum proto_err from_last_word(const char *text, struct client_command *out, char why[static CLIENT_WHY_BYTES])
{
    char solved[8] = "", rest[2];
    int count = sscanf(text, "%u %7s %1s", &out->stars, solved, rest);
    bool yes = !strcasecmp(solved, "yes") || !strcasecmp(solved, "y");

    out->what = *text ? CLIENT_DO_RATE : CLIENT_DO_END;
    out->match = yes;
    if (!*text)
        return PROTO_OK;
    if (count != 2 || out->stars < 1 || out->stars > 5 || (!yes && strcasecmp(solved, "no") && strcasecmp(solved, "n")))
        return client_command_fail(why, PROTO_ERR_RANGE,
                                   "\"%.60s\": type 1 to 5, and whether it was solved: 5 yes; or q to leave", text);
    return PROTO_OK;
}

enum proto_err client_command_from_keys(const char *line, const struct client_moment *moment,
                                        struct client_command *out, char why[static CLIENT_WHY_BYTES])
{
    static const struct {
        const char *key;
        enum client_do what;
    } keys[] = {{"p", CLIENT_DO_PAUSE},
                {"r", CLIENT_DO_RESUME},
                {"q", CLIENT_DO_END},
                {"?", CLIENT_DO_HELP},
                {"what", CLIENT_DO_STATE},
                {"more", CLIENT_DO_EXTEND}};
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
        return client_command_take_act(text + 2, out, why);
    }
    if (!moment->asked && from_link(text, out))
        return PROTO_OK;
    if (!moment->asked && (!strncmp(text, "hide ", 5) || !strncmp(text, "show ", 5)) && from_hide(text, out))
        return PROTO_OK;
    if (moment->asked)
        return from_answer(text, out, why);
    if (moment->goodbye)
        return from_last_word(text, out, why);
    if (from_still(text, moment->still, out))
        return PROTO_OK;
    if (!strcmp(text, "words yes") || !strcmp(text, "words no")) {
        out->what = CLIENT_DO_CHECK_WORDS;
        out->match = text[6] == 'y';
        return PROTO_OK;
    }
    if (!*text)
        return PROTO_OK;
    out->what = CLIENT_DO_CHAT;
    return client_command_take_text(strncmp(text, "say ", 4) ? text : text + 4, out, why);
}
