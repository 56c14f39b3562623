/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/desk/invitation.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/desk/view.h"

const char *agent_invitation_digit(char digit)
{
    static const char *const words[] = {N_("zero"), N_("one"), N_("two"),   N_("three"), N_("four"),
                                        N_("five"), N_("six"), N_("seven"), N_("eight"), N_("nine")};

    return digit >= '0' && digit <= '9' ? words[digit - '0'] : NULL;
}

void agent_invitation_spell(const char *code, const char *(*say)(const char *word), struct proto_buf *out)
{
    const char *between = "";

    for (; *code; code++) {
        const char *word = agent_invitation_digit(*code);

        if (!word) {
            between = *between ? ", " : between;
            continue;
        }
        proto_buf_put_text(out, between);
        proto_buf_put_text(out, say ? say(word) : word);
        between = " ";
    }
}

void agent_invitation_fill(const char *text, const char *link, const char *code, const char *address,
                           struct proto_buf *out)
{
    const struct {
        const char *name, *value;
    } holes[] = {{"{link}", link}, {"{code}", code}, {"{address}", address}};

    while (*text) {
        size_t i = 0;

        while (i < sizeof holes / sizeof *holes && strncmp(text, holes[i].name, strlen(holes[i].name)) != 0)
            i++;
        if (i < sizeof holes / sizeof *holes) {
            proto_buf_put_text(out, holes[i].value ? holes[i].value : "");
            text += strlen(holes[i].name);
        } else {
            proto_buf_put(out, text++, 1);
        }
    }
}

/* ---- addresses ---- */

static void put_escaped(const char *text, const char *also, struct proto_buf *out)
{
    static const char hex[] = "0123456789ABCDEF";
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        char escaped[3] = {'%', hex[*at >> 4], hex[*at & 15]};

        if (*at == '\n') /* RFC 6068: a line break is CR LF */
            proto_buf_put_text(out, "%0D%0A");
        else if (strchr(plain, *at) || strchr(also, *at))
            proto_buf_put(out, at, 1);
        else
            proto_buf_put(out, escaped, 3);
    }
}

enum proto_err agent_invitation_mailto(const char *to, const char *subject, const char *body, struct proto_buf *out)
{
    const char *at = strchr(to, '@');

    if (*to && (!at || at == to || !at[1] || strchr(at + 1, '@') || strpbrk(to, " \t\r\n,;?&<>\"")))
        return PROTO_ERR_FORMAT;
    proto_buf_put_text(out, "mailto:");
    put_escaped(to, "@+", out);
    proto_buf_put_text(out, "?subject=");
    put_escaped(subject, "", out);
    proto_buf_put_text(out, "&body=");
    put_escaped(body, "", out);
    return out->failed ? PROTO_ERR_FULL : PROTO_OK;
}

enum proto_err agent_invitation_number(const char *typed, char out[static 24])
{
    size_t len = 0;

    out[0] = '\0';
    for (; *typed; typed++) {
        if (strchr(" -./()\t", *typed))
            continue;
        if (!((*typed >= '0' && *typed <= '9') || (*typed == '+' && len == 0)) || len == 23) {
            out[0] = '\0';
            return PROTO_ERR_FORMAT;
        }
        out[len++] = *typed;
        out[len] = '\0';
    }
    return len >= 3 ? PROTO_OK : PROTO_ERR_FORMAT;
}

enum proto_err agent_invitation_sms(const char *number, const char *body, struct proto_buf *out)
{
    char digits[24] = "";

    if (*number && agent_invitation_number(number, digits) != PROTO_OK)
        return PROTO_ERR_FORMAT;
    proto_buf_put_text(out, "sms:");
    proto_buf_put_text(out, digits);
    proto_buf_put_text(out, "?body=");
    put_escaped(body, "", out);
    return out->failed ? PROTO_ERR_FULL : PROTO_OK;
}

void agent_invitation_time(int64_t s, char out[static AGENT_INVITATION_TIME_BYTES])
{
    int64_t hours = s / 3600, minutes = s / 60 % 60;

    if (hours > 0)
        snprintf(out, AGENT_INVITATION_TIME_BYTES, "%" PRId64 " h %02" PRId64 " min", hours, minutes);
    else
        snprintf(out, AGENT_INVITATION_TIME_BYTES, "%" PRId64 ":%02" PRId64, minutes, s % 60);
}

int64_t agent_invitation_left_s(int64_t made_ms, uint32_t life_s, int64_t now_ms)
{
    int64_t left_ms = made_ms + (int64_t)life_s * 1000 - now_ms;

    return left_ms > 0 ? (left_ms + 999) / 1000 : 0;
}
