/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "proto/identity/lines.h"
#include "proto/identity/policy_text.h"
#include "proto/seal/base64.h"
#include "proto/util/utf8.h"

/* What is wrong is said to the officer who edits: the rule that a line breaks, as a sentence behind its text. */
_Static_assert(PROTO_POLICY_GRACE_S_MAX == 600 && PROTO_POLICY_RETENTION_DAYS_MAX == 36500 &&
                   PROTO_POLICY_SECONDS_MAX == 14400 && PROTO_POLICY_CODE_MINUTES_MAX == 60 &&
                   PROTO_POLICY_LINK_MINUTES_MAX == 10080 && PROTO_POLICY_PURPOSES_MAX == 16,
               "the figures in the sentences below");
#define WORD(id, wire, name) name " "
#define ROLES_RULE "roles come last: any of " PROTO_ROLE_LIST(WORD) "with commas and no spaces between them"

struct reading {
    struct proto_policy *policy;
    struct proto_policy_chain *chain; /* NULL: a file to be edited, which has no such lines */
    uint32_t capabilities_seen;       /* bit 1 << capability */
    uint32_t lines_seen;              /* bit 1 << place in policy_lines */
};

/* Each reads what follows its word, and returns NULL or the rule that is broken. */

static const char *read_number(struct reading *r, struct proto_span value)
{
    if (!r->chain)
        return "signing writes the number";
    return proto_span_number(value, INT64_MAX, &r->policy->number) ? NULL : "a number is meant";
}

static const char *read_time(struct reading *r, struct proto_span value)
{
    uint64_t time_s;

    if (!r->chain)
        return "signing writes the time";
    if (!proto_span_number(value, INT64_MAX, &time_s))
        return "seconds since 1970 are meant";
    r->policy->time_s = (int64_t)time_s;
    return NULL;
}

static const char *read_officer(struct reading *r, struct proto_span value)
{
    struct proto_policy_chain *chain = r->chain;

    if (!chain)
        return "signing writes the officer";
    if (chain->count == PROTO_IDENTITY_CHAIN_MAX - 1 ||
        proto_base64_decode(value.at, value.len, chain->bytes[chain->count], PROTO_IDENTITY_DER_BYTES,
                            &chain->len[chain->count]) != PROTO_OK)
        return "a certificate in base64 is meant";
    chain->count++;
    return NULL;
}

static const char *read_domain(struct reading *r, struct proto_span value)
{
    char *domain = r->policy->domain;

    return proto_span_copy(value, domain, sizeof r->policy->domain) && proto_identity_domain_is_valid(domain)
               ? NULL
               : "the organisation's domain is meant, as in example.org";
}

static const char *read_evidence(struct reading *r, struct proto_span value)
{
    size_t len;

    return proto_base64_decode(value.at, value.len, r->policy->evidence_key, sizeof r->policy->evidence_key, &len) ==
                       PROTO_OK &&
                   len == sizeof r->policy->evidence_key
               ? NULL
               : "the 32 bytes of an evidence key's public half are meant, in base64";
}

static bool read_u32(struct proto_span value, uint32_t max, uint32_t *out)
{
    uint64_t number;
    bool fits = proto_span_number(value, max, &number);

    if (fits)
        *out = (uint32_t)number;
    return fits;
}

static const char *read_grace(struct reading *r, struct proto_span value)
{
    return read_u32(value, PROTO_POLICY_GRACE_S_MAX, &r->policy->grace_s) ? NULL : "seconds are meant, 0 to 600";
}

static const char *read_keep(struct reading *r, struct proto_span value)
{
    return read_u32(value, PROTO_POLICY_RETENTION_DAYS_MAX, &r->policy->keep_days) ? NULL
                                                                                   : "days are meant, 0 to 36500";
}

static const char *read_code_minutes(struct reading *r, struct proto_span value)
{
    return read_u32(value, PROTO_POLICY_CODE_MINUTES_MAX, &r->policy->code_minutes) && r->policy->code_minutes
               ? NULL
               : "minutes are meant, 1 to 60";
}

static const char *read_link_minutes(struct reading *r, struct proto_span value)
{
    return read_u32(value, PROTO_POLICY_LINK_MINUTES_MAX, &r->policy->link_minutes) && r->policy->link_minutes
               ? NULL
               : "minutes are meant, 1 to 10080, which is a week";
}

static const char *read_whether(struct proto_span value, bool *required)
{
    *required = proto_span_is(value, "required");
    return *required || proto_span_is(value, "optional") ? NULL : "it is required or optional";
}

static const char *read_ticket(struct reading *r, struct proto_span value)
{
    return read_whether(value, &r->policy->ticket_required);
}

static const char *read_check_words(struct reading *r, struct proto_span value)
{
    return read_whether(value, &r->policy->check_words_required);
}

static const char *read_purpose(struct reading *r, struct proto_span value)
{
    struct proto_policy *policy = r->policy;

    if (policy->purpose_count == PROTO_POLICY_PURPOSES_MAX)
        return "there are at most 16 purposes";
    if (!proto_utf8_is_clean(value.at, value.len, 0) ||
        !proto_span_copy(value, policy->purposes[policy->purpose_count], sizeof policy->purposes[0]))
        return "a purpose is meant, in words that fit into one short line";
    policy->purpose_count++;
    return NULL;
}

/* Takes the capability's name off the front; each may come once. */
static const char *take_rule(struct reading *r, struct proto_span *value, struct proto_policy_rule **rule)
{
    char name[32];
    enum proto_capability capability = PROTO_CAPABILITY_NONE;

    if (proto_span_copy(proto_span_word(value), name, sizeof name))
        capability = proto_capability_from_name(name);
    if (capability == PROTO_CAPABILITY_NONE)
        return "there is no such capability";
    if (r->capabilities_seen & 1u << capability)
        return "this capability has a line already";
    r->capabilities_seen |= 1u << capability;
    *rule = &r->policy->rules[capability];
    return NULL;
}

static const char *read_roles(struct proto_span value, uint32_t *roles)
{
    *roles = 0;
    while (value.len) {
        char name[32];
        const char *comma = memchr(value.at, ',', value.len);
        struct proto_span word = {value.at, comma ? (size_t)(comma - value.at) : value.len};
        size_t used = word.len + (comma != NULL);

        if (!proto_span_copy(word, name, sizeof name))
            return ROLES_RULE;
        enum proto_role role = proto_role_from_name(name);

        if (role == PROTO_ROLE_NONE)
            return ROLES_RULE;
        *roles |= 1u << role;
        value = (struct proto_span){value.at + used, value.len - used};
    }
    return *roles ? NULL : ROLES_RULE;
}

static const char *read_allow(struct reading *r, struct proto_span value)
{
    struct proto_policy_rule *rule;
    const char *broken = take_rule(r, &value, &rule);

    if (broken)
        return broken;
    if (!read_u32(proto_span_word(&value), PROTO_POLICY_SECONDS_MAX, &rule->max_seconds))
        return "the longest time comes first, in seconds, 0 to 14400";
    if (!read_u32(proto_span_word(&value), PROTO_POLICY_RETENTION_DAYS_MAX, &rule->retention_days))
        return "the retention comes second, in days, 0 to 36500";
    return read_roles(value, &rule->roles);
}

static const char *read_deny(struct reading *r, struct proto_span value)
{
    struct proto_policy_rule *rule;
    const char *broken = take_rule(r, &value, &rule);

    if (broken)
        return broken;
    *rule = (struct proto_policy_rule){0};
    return value.len ? "nothing follows the capability that is denied" : NULL;
}

static const struct policy_line {
    const char *word;
    const char *(*read)(struct reading *r, struct proto_span value);
    bool again; /* may come more than once */
} policy_lines[] = {
    {"number", read_number, false},
    {"domain", read_domain, false},
    {"time", read_time, false},
    {"officer", read_officer, true},
    {"evidence", read_evidence, false},
    {"grace", read_grace, false},
    {"check-words", read_check_words, false},
    {"ticket", read_ticket, false},
    {"keep", read_keep, false},
    {"purpose", read_purpose, true},
    {"allow", read_allow, true},
    {"deny", read_deny, true},
    {"code-minutes", read_code_minutes, false},
    {"link-minutes", read_link_minutes, false},
};

static const char *read_line(struct reading *r, struct proto_span line)
{
    struct proto_span word = proto_span_word(&line);

    for (size_t i = 0; i < sizeof policy_lines / sizeof policy_lines[0]; i++) {
        if (!proto_span_is(word, policy_lines[i].word))
            continue;
        if (!policy_lines[i].again && r->lines_seen & 1u << i)
            return "such a line stands above already";
        r->lines_seen |= 1u << i;
        return policy_lines[i].read(r, line);
    }
    return "there is no such line in a policy";
}

/* What an editor makes of a file: comments, empty lines, line ends of another system. */
static bool is_for_people(struct proto_span *line)
{
    if (line->len && line->at[line->len - 1] == '\r')
        line->len--;
    return line->len == 0 || line->at[0] == '#';
}

static const char *read_lines(struct reading *r, const char *text, size_t len, size_t *line_number)
{
    struct proto_lines lines = {text, text + len, 0};
    struct proto_span line = {text, 0};
    const char *broken = NULL;
    bool first = true;

    while (!broken && proto_lines_next(&lines, &line)) {
        bool skipped = !r->chain && is_for_people(&line);

        if (first)
            broken = proto_span_is(line, POLICY_FIRST_LINE) ? NULL : "the first line is \"" POLICY_FIRST_LINE "\"";
        else if (!skipped)
            broken = read_line(r, line);
        first = false;
    }
    *line_number = lines.number;
    if (!broken && lines.at != lines.end)
        broken = "the last line has no end", ++*line_number;
    return broken ? broken : first ? "it is empty" : NULL;
}

/* What a text does not say. */
static void begin(struct proto_policy *out)
{
    memset(out, 0, sizeof *out);
    out->code_minutes = PROTO_POLICY_CODE_MINUTES;
    out->link_minutes = PROTO_POLICY_LINK_MINUTES;
}

enum proto_err proto_policy_parse(struct proto_policy *out, const void *text, size_t len,
                                  struct proto_policy_fault *fault)
{
    struct reading r = {.policy = out};
    struct proto_policy_fault found = {0};

    begin(out);
    out->grace_s = PROTO_POLICY_GRACE_S;
    if (len > PROTO_POLICY_NOTE_BYTES)
        found.rule = "a policy has at most 8192 bytes";
    else
        found.rule = read_lines(&r, (const char *)text, len, &found.line);
    if (!found.rule &&
        !out->domain[0]) /* a capability without a line is denied; a policy without a domain is nobody's */
        found.rule = "no line names the domain";
    if (found.rule)
        memset(out, 0, sizeof *out);
    if (fault)
        *fault = found;
    return !found.rule ? PROTO_OK : len > PROTO_POLICY_NOTE_BYTES ? PROTO_ERR_RANGE : PROTO_ERR_FORMAT;
}

/* As with ORG: one text, one policy, so the text must be the one that would be written. */
static bool writes_the_same(const struct reading *r, const char *text, size_t len)
{
    struct proto_der officer[PROTO_IDENTITY_CHAIN_MAX - 1];
    struct proto_buf again;

    for (size_t i = 0; i < r->chain->count; i++)
        officer[i] = (struct proto_der){r->chain->bytes[i], r->chain->len[i]};
    proto_buf_init(&again, PROTO_POLICY_NOTE_BYTES);
    proto_policy_text_put(r->policy, officer, r->chain->count, &again);
    bool same = !again.failed && again.len == len && !memcmp(again.bytes, text, len);

    proto_buf_free(&again);
    return same;
}

enum proto_err proto_policy_text_read(struct proto_policy *out, const char *text, size_t len,
                                      struct proto_policy_chain *chain)
{
    struct reading r = {.policy = out, .chain = chain};
    size_t line;

    begin(out);
    chain->count = 0;
    return !read_lines(&r, text, len, &line) && chain->count && writes_the_same(&r, text, len) ? PROTO_OK
                                                                                               : PROTO_ERR_FORMAT;
}
