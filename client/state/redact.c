/* SPDX-License-Identifier: Apache-2.0 */
#include "client/state/redact.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* A name that holds one of these words is of a secret, whatever the value looks like. */
static const char *const secret_words[] = {
    "key", "token", "password", "passwd", "secret", "credential", "psk", "pin", "ssid", "serial", "latitude", "longitude", "imei",
};

enum { KEY_LOOKS_FROM = 20, KEY_SHOWN = 4 };

static bool is_word(const char *name, const char *at, size_t len)
{
    bool starts = at == name || at[-1] == '_', ends = !at[len] || at[len] == '_';

    return starts && ends;
}

static bool name_is_secret(const char *name)
{
    for (size_t i = 0; i < sizeof secret_words / sizeof *secret_words; i++)
        for (const char *at = name; (at = strstr(at, secret_words[i])); at++)
            if (is_word(name, at, strlen(secret_words[i])))
                return true;
    return false;
}

/* aa:bb:cc:dd:ee:ff, also with hyphens: the first half names the maker, the second the device. */
static bool mask_mac(char *at)
{
    for (int i = 0; i < 17; i++) {
        bool separator = i % 3 == 2;
        if (separator ? at[i] != ':' && at[i] != '-' : !isxdigit((unsigned char)at[i]))
            return false;
    }
    if (isxdigit((unsigned char)at[17]))
        return false;
    for (int i = 9; i < 17; i++)
        if (i % 3 != 2)
            at[i] = 'x';
    return true;
}

/* A run of letters and digits that is long and has both is more likely a key than a word. */
static void cut_keys(char *text)
{
    for (char *at = text; *at;) {
        size_t run = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=_-");
        bool digit = false, letter = false;
        for (size_t i = 0; i < run; i++) {
            digit = digit || isdigit((unsigned char)at[i]);
            letter = letter || isalpha((unsigned char)at[i]);
        }
        if (run >= KEY_LOOKS_FROM && digit && letter) {
            memset(at + KEY_SHOWN, '.', 3);
            memmove(at + KEY_SHOWN + 3, at + run, strlen(at + run) + 1);
            run = KEY_SHOWN + 3;
        }
        at += run ? run : 1;
    }
}

void client_state_redact(const char *name, char *text, size_t capacity)
{
    if (name_is_secret(name)) {
        snprintf(text, capacity, "%s", *text ? "(hidden)" : "");
        return;
    }
    for (char *at = text; *at; at++)
        if (isxdigit((unsigned char)*at) && (at == text || !isxdigit((unsigned char)at[-1])) && mask_mac(at))
            at += 16;
    cut_keys(text);
}
