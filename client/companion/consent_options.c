/* SPDX-License-Identifier: Apache-2.0 */
#include "client/companion/consent_options.h"

#include <stdio.h>
#include <string.h>

const char *client_capability_names(void)
{
#define NAME(id, wire, name, label) name ", "
    static const char names[] = PROTO_CAPABILITY_LIST(NAME);
#undef NAME
    static char shown[sizeof names];

    memcpy(shown, names, sizeof names - 3); /* without the last comma and its space */
    return shown;
}

static enum proto_capability capability_of(const char *at, size_t len)
{
    char name[32];

    if (len == 0 || len >= sizeof name)
        return PROTO_CAPABILITY_NONE;
    memcpy(name, at, len);
    name[len] = '\0';
    return proto_capability_from_name(name);
}

enum proto_err client_consent_rule_parse(const char *text, struct client_consent_rule *out,
                                         char why[static CLIENT_WHY_BYTES])
{
    struct client_consent_rule rule = {.others = CLIENT_ANSWER_REFUSE};

    *out = rule;
    if (!strcmp(text, "ask"))
        out->others = CLIENT_ANSWER_ASK;
    if (!strcmp(text, "ask") || !strcmp(text, "none"))
        return PROTO_OK;
    for (const char *at = text;; at++) {
        size_t len = strcspn(at, ",");
        enum proto_capability capability = capability_of(at, len);

        if (capability == PROTO_CAPABILITY_NONE) {
            snprintf(why, CLIENT_WHY_BYTES,
                     "--consent %.*s: there is no capability \"%.*s\"; use ask, none, or a list of: %s", 120, text,
                     (int)(len < 60 ? len : 60), at, client_capability_names());
            return PROTO_ERR_RANGE;
        }
        rule.granted |= 1u << capability;
        at += len;
        if (!*at)
            break;
    }
    *out = rule;
    return PROTO_OK;
}

enum client_answer client_consent_rule_answer(const struct client_consent_rule *rule, enum proto_capability capability)
{
    return rule->granted & 1u << capability ? CLIENT_ANSWER_GRANT : rule->others;
}
