/* SPDX-License-Identifier: Apache-2.0 */
#include "client/state/redact_inside.h"
#include "proto/util/utf8.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Hides a name that holds one of these as a word of its own: "wifi_key", "keys", "psk2", but not "monkey". */
static const char *const secret_words[] = {
    "key",   "token", "secret",   "psk", "pin",   "puk",   "pwd", "pass", "auth", "cookie", "serial", "imei", "imsi",
    "iccid", "bssid", "location", "gps", "email", "phone", "lat", "lon",  "lng",  "user",   "sn",     NULL,
};

/* Hides a name that holds one of these anywhere: nothing harmless is called so. */
static const char *const secret_parts[] = {
    "password",   "passwd",    "passphrase",   "passcode",     "passwort",     "kennwort",    "schluessel", "schlussel",
    "credential", "apikey",    "api_key",      "apitoken",     "wpakey",       "routerpin",   "ssid",       "latitude",
    "longitude",  "username",  "setup_code",   "pairing_code", "install_code", "access_code", "alarm_code", "lock_code",
    "wlan_name",  "wifi_name", "network_name", "serialn",      NULL,
};

/* Addresses under these names are what a repair is about, and four numbers of a version only look like an address. */
static const char *const address_stays[] = {"gateway", "dns", "firmware", "version", "build", "hardware", NULL};

enum { KEY_LOOKS_FROM = 20, KEY_SHOWN = 4, RUN_MAX = 64, GAP_MAX = 16 };

/* `word` in `name` between underscores; a plural and a number behind it are the same word. */
static bool holds_word(const char *name, const char *word)
{
    for (const char *at = name; (at = strstr(at, word)); at++) {
        const char *end = at + strlen(word);

        end += *end == 's';
        end += strspn(end, "0123456789");
        if ((at == name || at[-1] == '_') && (!*end || *end == '_'))
            return true;
    }
    return false;
}

static bool holds_one_of(const char *name, const char *const *words)
{
    for (; *words; words++)
        if (holds_word(name, *words))
            return true;
    return false;
}

bool client_state_redact_hides(const struct client_state_rules *rules, const char *name)
{
    for (size_t i = 0; rules && i < rules->shows; i++)
        if (!strcmp(rules->show[i], name))
            return false;
    for (size_t i = 0; rules && i < rules->hides; i++)
        if (holds_word(name, rules->hide[i]))
            return true;
    for (const char *const *part = secret_parts; *part; part++)
        if (strstr(name, *part))
            return true;
    return holds_one_of(name, secret_words) || !strcmp(name, "long"); /* beside "lat"; not "long_press" */
}

bool client_state_redact_hides_truth(const struct client_state_rules *rules, const char *name)
{
    for (size_t i = 0; rules && i < rules->hides; i++)
        if (holds_word(name, rules->hide[i]))
            return client_state_redact_hides(rules, name);
    return false;
}

/* aa:bb:cc:dd:ee:ff, also with hyphens and longer: three bytes name the maker, the others the device. Bytes read. */
static size_t mask_mac(char *at)
{
    size_t len = 0, octets = 0;

    while (isxdigit((unsigned char)at[len]) && isxdigit((unsigned char)at[len + 1])) {
        octets++;
        len += 2;
        if ((at[len] != ':' && at[len] != '-') || at[len] != at[2])
            break;
        len++;
    }
    if (len && !isxdigit((unsigned char)at[len - 1]))
        len--;
    if (octets < 6 || isxdigit((unsigned char)at[len]))
        return 0;
    for (size_t i = 9; i < len; i++)
        if (i % 3 != 2)
            at[i] = 'x';
    return len;
}

bool client_state_redact_mac(char *text)
{
    bool found = false;

    for (char *at = text; *at; at++)
        if (isxdigit((unsigned char)*at) && (at == text || !isalnum((unsigned char)at[-1]))) {
            size_t len = mask_mac(at);

            found = found || len;
            at += len ? len - 1 : 0;
        }
    return found;
}

/* An address that begins at `at`: what is told instead, and how many bytes it took; 0 when there is none. */
static size_t mask_address(const char *at, char out[static RUN_MAX])
{
    static const char *const alphabet[] = {"0123456789.", "0123456789abcdefABCDEF:."};
    char run[RUN_MAX];
    uint8_t b[16];

    for (int i = 0; i < 2; i++) {
        size_t len = strspn(at, alphabet[i]);

        while (len && (at[len - 1] == '.' || at[len - 1] == ':'))
            len--; /* the end of a sentence */
        if (len < 3 || len >= sizeof run || isalpha((unsigned char)at[len]))
            continue;
        memcpy(run, at, len);
        run[len] = '\0';
        if (i == 0 && inet_pton(AF_INET, run, b) == 1)
            snprintf(out, RUN_MAX, "%u.%u.x.x", b[0], b[1]);
        else if (i == 1 && inet_pton(AF_INET6, run, b) == 1)
            snprintf(out, RUN_MAX, "%x:%x:%x::x", b[0] << 8 | b[1], b[2] << 8 | b[3], b[4] << 8 | b[5]);
        else
            continue;
        return len;
    }
    return 0;
}

/* Copies `text` with its addresses masked. `made` has room for what is longer than before: "::1" is "0:0:0::x". */
static void mask_addresses(const char *text, char *made, size_t room)
{
    size_t used = 0, len;
    char masked[RUN_MAX];

    for (const char *at = text; *at && used + RUN_MAX < room;) {
        bool inside = at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '.');

        len = inside ? 0 : mask_address(at, masked);
        if (len) {
            used += (size_t)snprintf(made + used, room - used, "%s", masked);
            at += len;
        } else {
            made[used++] = *at++;
        }
    }
    made[used] = '\0';
}

static int class_of(char c)
{
    return islower((unsigned char)c) ? 1 : isupper((unsigned char)c) ? 2 : isdigit((unsigned char)c) ? 3 : 0;
}

static bool is_uuid(const char *run, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23 ? run[i] != '-' : !isxdigit((unsigned char)run[i]))
            return false;
    return len == 36;
}

/* Random letters and digits change between small, large and digit all the time; words and model names seldom do. */
static bool looks_like_key(const char *run, size_t len)
{
    size_t changes = 0;

    if (is_uuid(run, len))
        return true;
    for (size_t i = 1; i < len; i++) {
        int before = class_of(run[i - 1]), now = class_of(run[i]);

        if (before && now && before != now && !(before == 2 && now == 1)) /* a capital begins a word */
            changes++;
    }
    return len >= KEY_LOOKS_FROM && changes * 5 >= len;
}

static void cut_keys(char *text)
{
    for (char *at = text; *at;) {
        size_t run = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=_-");

        size_t token = redact_token(at, run);

        run = token ? token : run;
        if (token || looks_like_key(at, run)) {
            memset(at + KEY_SHOWN, '.', 3);
            memmove(at + KEY_SHOWN + 3, at + run, strlen(at + run) + 1);
            run = KEY_SHOWN + 3;
        }
        at += run ? run : 1;
    }
}

/* "52.5200, 13.4050", "lat=52.5200 lon=13.4050", "52.5200N 13.4050E": two numbers with three digits or more behind the
 * point, parted by signs and by letters of their names. */
static bool is_coordinate(const char *at, size_t *len)
{
    size_t whole, n = *at == '-' || *at == '+';

    whole = strspn(at + n, "0123456789");
    if (whole < 1 || whole > 3 || at[n + whole] != '.')
        return false;
    size_t digits = strspn(at + n + whole + 1, "0123456789");

    *len = n + whole + 1 + digits;
    return digits >= 3 && at[*len] != '.';
}

static bool holds_coordinates(const char *text)
{
    for (const char *at = text; *at; at++) {
        size_t first, second, gap;

        if (at != text && (isalnum((unsigned char)at[-1]) || at[-1] == '.'))
            continue;
        if (!is_coordinate(at, &first))
            continue;
        gap = strspn(at + first, ",;:/= \"'NSEWlatiudeong\xc2\xb0");
        if (gap && gap <= GAP_MAX && is_coordinate(at + first + gap, &second))
            return true;
    }
    return false;
}

void client_state_redact(const struct client_state_rules *rules, const char *name, char *text, size_t capacity)
{
    static const struct client_state_rules built_in;
    char made[1024];

    if (!rules)
        rules = &built_in;
    if (client_state_redact_hides(rules, name) || (!rules->plain_coordinates && holds_coordinates(text))) {
        snprintf(text, capacity, "%s", *text ? CLIENT_STATE_HIDDEN : "");
        return;
    }
    redact_said(rules, text, made, sizeof made);
    proto_utf8_copy(text, capacity, made);
    if (!rules->plain_mac)
        client_state_redact_mac(text);
    if (!rules->plain_mac && !holds_one_of(name, address_stays))
        client_state_redact_bare_mac(text);
    if (!rules->plain_key)
        cut_keys(text);
    if (rules->plain_address || holds_one_of(name, address_stays))
        return;
    mask_addresses(text, made, sizeof made);
    proto_utf8_copy(text, capacity, made);
}
