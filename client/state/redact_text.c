/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets inside a text: values behind a name that speaks of one, who logs in at an address, MACs without colons. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "client/state/redact_inside.h"

enum { NAME_MAX = 48, MAC_MAKER = 6 };

struct writing {
    char *to;
    size_t used, room;
};

static void write(struct writing *w, const char *from, size_t len)
{
    if (len >= w->room - w->used)
        len = w->room - w->used - 1;
    memcpy(w->to + w->used, from, len);
    w->used += len;
    w->to[w->used] = '\0';
}

static bool of_a_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* `"name": ` or `name=` at `at`: bytes up to its value, and whether the name is of a secret. 0: there is none. */
static size_t name_and_sign(const struct client_state_rules *rules, const char *at, bool *secret)
{
    char name[NAME_MAX];
    size_t len = 0, end;

    while (of_a_name(at[len]))
        len++;
    if (!len || len >= sizeof name)
        return 0;
    for (size_t i = 0; i < len; i++)
        name[i] = (char)tolower((unsigned char)at[i]);
    name[len] = '\0';
    end = len + (at[len] == '"' || at[len] == '\'');
    end += strspn(at + end, " ");
    if (at[end] != ':' && at[end] != '=')
        return 0;
    end++;
    *secret = client_state_redact_hides(rules, name);
    return end + strspn(at + end, " ");
}

/* A value: in quotation marks up to the last of them, else up to what parts it from the next. */
static size_t value_len(const char *at)
{
    size_t len = 1;

    if (*at != '"' && *at != '\'')
        return strcspn(at, " ,;&\"'{}[]");
    while (at[len] && at[len] != *at)
        len += at[len] == '\\' && at[len + 1] ? 2 : 1;
    return len + (at[len] == *at);
}

/* "//user:password@host": bytes from behind the strokes up to the sign; 0: nobody logs in there. */
static size_t login_len(const char *at)
{
    size_t len = strcspn(at, "/@ \"'");

    return at[len] == '@' ? len : 0;
}

void redact_said(const struct client_state_rules *rules, const char *text, char *made, size_t room)
{
    struct writing w = {made, 0, room};
    bool secret = false;

    made[0] = '\0';
    for (const char *at = text; *at;) {
        bool begins = at == text || !of_a_name(at[-1]);
        size_t len = begins ? name_and_sign(rules, at, &secret) : 0, value = len && secret ? value_len(at + len) : 0;

        if (!strncmp(at, "//", 2) && login_len(at + 2)) {
            write(&w, "//" CLIENT_STATE_HIDDEN, sizeof "//" CLIENT_STATE_HIDDEN - 1);
            at += 2 + login_len(at + 2);
        } else if (value) {
            write(&w, at, len);
            write(&w, CLIENT_STATE_HIDDEN, sizeof CLIENT_STATE_HIDDEN - 1);
            at += len + value;
        } else {
            write(&w, at++, 1);
        }
    }
}

/* aabbccddeeff, 0x00158d0001a2b3c4, aabb.ccdd.eeff: how many bytes, 0: it is none. */
static size_t bare_mac(const char *at, size_t *skip)
{
    size_t len, digits = 0, letters = 0;

    *skip = at[0] == '0' && (at[1] == 'x' || at[1] == 'X') ? 2 : 0;
    len = *skip + strspn(at + *skip, "0123456789abcdefABCDEF");
    if (len == 4 && !*skip && at[4] == '.')
        len = strspn(at, "0123456789abcdefABCDEF.");
    for (size_t i = *skip; i < len; i++) {
        digits += at[i] != '.';
        letters += isalpha((unsigned char)at[i]) != 0;
    }
    if (isalnum((unsigned char)at[len]) || !letters)
        return 0; /* figures alone are a number */
    if (len == 14 && !*skip)
        return at[4] == '.' && at[9] == '.' && digits == 12 ? len : 0;
    return digits == 12 || digits == 16 ? len : 0;
}

void client_state_redact_bare_mac(char *text)
{
    for (char *at = text; *at; at++) {
        size_t skip = 0, len = at == text || !isalnum((unsigned char)at[-1]) ? bare_mac(at, &skip) : 0;

        for (size_t i = skip, seen = 0; len && i < len; i++)
            if (at[i] != '.' && ++seen > MAC_MAKER)
                at[i] = 'x';
        at += len ? len - 1 : 0;
    }
}

size_t redact_token(const char *run, size_t len)
{
    static const char *const prefixes[] = {"ghp_", "gho_",  "ghs_",  "github_pat_", "sk_live_", "sk_test_",
                                           "sk-",  "xoxb-", "xoxp-", "AKIA",        "glpat-",   NULL};
    static const char signs[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=_-";
    enum { LEAST = 16 };

    for (const char *const *prefix = prefixes; *prefix && len >= LEAST; prefix++)
        if (!strncmp(run, *prefix, strlen(*prefix)))
            return len;
    if (strncmp(run, "eyJ", 3) != 0 || len < LEAST) /* {" in base64: a token of three parts (RFC 7519) */
        return 0;
    for (int parts = 1; parts < 3 && run[len] == '.'; parts++)
        len += 1 + strspn(run + len + 1, signs);
    return len;
}
