/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/audit/policy_words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/host/say.h"

struct changes {
    size_t count;
    bool json;
};

static void say(struct changes *c, const char *what, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void say(struct changes *c, const char *what, const char *format, ...)
{
    char text[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    c->count++;
    if (c->json)
        host_json_event("change", "{s:s,s:s}", "what", what, "text", text);
    else
        printf("%-13s %s\n", what, text);
}

static const char *roles_text(uint32_t roles, char out[static 96])
{
    size_t len = 0;

    out[0] = 0;
    for (int role = PROTO_ROLE_NONE + 1; role < PROTO_ROLE_COUNT; role++)
        if (roles & 1u << role)
            len +=
                (size_t)snprintf(out + len, 96 - len, "%s%s", len ? ", " : "", proto_role_name((enum proto_role)role));
    return out;
}

static const char *seconds_text(uint32_t seconds, char out[static 48])
{
    snprintf(out, 48, seconds ? "%" PRIu32 " s" : "the whole session", seconds);
    return out;
}

static const char *days_text(uint32_t days, char out[static 48])
{
    snprintf(out, 48, "%" PRIu32 " day%s", days, days == 1 ? "" : "s");
    return out;
}

static void compare_rule(struct changes *c, const char *name, const struct proto_policy_rule *now,
                         const struct proto_policy_rule *then)
{
    char a[96], b[96], x[48], y[48];

    if (now->roles && !then->roles) {
        say(c, name, "is forbidden from then on; grants that are open are closed");
        return;
    }
    if (!now->roles && then->roles) {
        say(c, name, "is allowed: to %s, for %s, kept for %s", roles_text(then->roles, a),
            seconds_text(then->max_seconds, x), days_text(then->retention_days, y));
        return;
    }
    if (now->roles != then->roles)
        say(c, name, "may be asked for by %s; now by %s", roles_text(then->roles, b), roles_text(now->roles, a));
    if (now->max_seconds != then->max_seconds)
        say(c, name, "may be granted for %s; now for %s", seconds_text(then->max_seconds, y),
            seconds_text(now->max_seconds, x));
    if (now->retention_days != then->retention_days)
        say(c, name, "is kept for %s; now for %s", days_text(then->retention_days, y),
            days_text(now->retention_days, x));
}

static void compare_purposes(struct changes *c, const struct proto_policy *now, const struct proto_policy *then)
{
    if (now->purpose_count && !then->purpose_count)
        say(c, "purpose", "any may be given; now one of %" PRIu32, now->purpose_count);
    for (uint32_t i = 0; then->purpose_count && i < now->purpose_count; i++)
        if (!proto_policy_offers(then, now->purposes[i]))
            say(c, "purpose", "\"%s\" may not be given any more", now->purposes[i]);
    for (uint32_t i = 0; i < then->purpose_count; i++)
        if (!now->purpose_count || !proto_policy_offers(now, then->purposes[i]))
            say(c, "purpose", "\"%s\" may be given%s", then->purposes[i],
                now->purpose_count ? "" : ", and only what is named so");
}

static void compare_keep(struct changes *c, const struct proto_policy *now, const struct proto_policy *then)
{
    char x[48], y[48];

    days_text(now->keep_days, x);
    days_text(then->keep_days, y);
    if (now->keep_days == then->keep_days)
        return;
    if (!then->keep_days)
        say(c, "keep", "evidence has no end; now it is destroyed after %s", x);
    else if (!now->keep_days)
        say(c, "keep", "evidence is destroyed after %s, what is older in the first night; now it has no end", y);
    else
        say(c, "keep", "evidence is destroyed after %s%s; now after %s", y,
            then->keep_days < now->keep_days ? ", what is older in the first night" : "", x);
}

static void compare_minutes(struct changes *c, const char *name, const char *what, uint32_t now, uint32_t then)
{
    if (now != then)
        say(c, name, "%s can be joined by for %" PRIu32 " minutes; now for %" PRIu32, what, now, then);
}

size_t audit_policy_changes(const struct proto_policy *now, const struct proto_policy *then, bool json)
{
    struct changes c = {.json = json};

    if (memcmp(now->evidence_key, then->evidence_key, sizeof now->evidence_key) != 0)
        say(&c, "evidence",
            "is sealed to another key; put the old private half behind the new one in the same file, to read what was "
            "sealed before");
    if (now->grace_s != then->grace_s)
        say(&c, "grace", "a lost connection keeps its consents for %" PRIu32 " s; now for %" PRIu32 " s", then->grace_s,
            now->grace_s);
    if (now->check_words_required != then->check_words_required)
        say(&c, "check-words",
            then->check_words_required ? "must be compared before anything can be asked for"
                                       : "need not be compared any more");
    if (now->ticket_required != then->ticket_required)
        say(&c, "ticket",
            then->ticket_required ? "no session without the reference of a ticket"
                                  : "a session needs no reference of a ticket any more");
    compare_minutes(&c, "code-minutes", "a code", now->code_minutes, then->code_minutes);
    compare_minutes(&c, "link-minutes", "a link", now->link_minutes, then->link_minutes);
    compare_keep(&c, now, then);
    compare_purposes(&c, now, then);
    for (int i = PROTO_CAPABILITY_NONE + 1; i < PROTO_CAPABILITY_COUNT; i++)
        compare_rule(&c, proto_capability_name((enum proto_capability)i), &now->rules[i], &then->rules[i]);
    return c.count;
}
