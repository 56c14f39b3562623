/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/policy_text.h"

#include <inttypes.h>
#include <string.h>

#include "proto/identity/lines.h"
#include "proto/seal/base64.h"
#include "proto/util/utf8.h"

#define POLICY_FIRST_LINE "handhold/1 policy"

/* ---- writing ---- */

static void put_rule(const struct proto_policy *policy, enum proto_capability capability, struct proto_buf *out)
{
    const struct proto_policy_rule *rule = &policy->rules[capability];
    const char *name = proto_capability_name(capability);
    char mark = ' ';

    if (!rule->roles) {
        proto_buf_printf(out, "deny %s\n", name);
        return;
    }
    proto_buf_printf(out, "allow %s %" PRIu32 " %" PRIu32, name, rule->max_seconds, rule->retention_days);
    for (int role = PROTO_ROLE_NONE + 1; role < PROTO_ROLE_COUNT; role++)
        if (rule->roles & 1u << role) {
            proto_buf_printf(out, "%c%s", mark, proto_role_name((enum proto_role)role));
            mark = ',';
        }
    proto_buf_put_text(out, "\n");
}

static void put_rules(const struct proto_policy *policy, struct proto_buf *out)
{
    proto_buf_put_text(out, "evidence ");
    proto_base64_put(out, policy->evidence_key, sizeof policy->evidence_key);
    proto_buf_printf(out, "\ngrace %" PRIu32 "\ncheck-words %s\n", policy->grace_s,
                     policy->check_words_required ? "required" : "optional");
    if (policy->ticket_required)
        proto_buf_put_text(out, "ticket required\n");
    if (policy->keep_days)
        proto_buf_printf(out, "keep %" PRIu32 "\n", policy->keep_days);
    if (policy->code_minutes != PROTO_POLICY_CODE_MINUTES)
        proto_buf_printf(out, "code-minutes %" PRIu32 "\n", policy->code_minutes);
    if (policy->link_minutes != PROTO_POLICY_LINK_MINUTES)
        proto_buf_printf(out, "link-minutes %" PRIu32 "\n", policy->link_minutes);
    for (uint32_t i = 0; i < policy->purpose_count; i++)
        proto_buf_printf(out, "purpose %s\n", policy->purposes[i]);
    for (int i = PROTO_CAPABILITY_NONE + 1; i < PROTO_CAPABILITY_COUNT; i++)
        put_rule(policy, (enum proto_capability)i, out);
}

void proto_policy_text_put(const struct proto_policy *policy, const struct proto_der *officer, size_t officer_len,
                           struct proto_buf *out)
{
    proto_buf_printf(out, POLICY_FIRST_LINE "\nnumber %" PRIu64 "\ndomain %s\ntime %" PRId64 "\n", policy->number,
                     policy->domain, policy->time_s);
    for (size_t i = 0; i < officer_len; i++) {
        proto_buf_put_text(out, "officer ");
        proto_base64_put(out, officer[i].bytes, officer[i].len);
        proto_buf_put_text(out, "\n");
    }
    put_rules(policy, out);
}

/* Each line that a policy may have, with what it means: an officer edits this and needs no other page. */
void proto_policy_print(const struct proto_policy *policy, struct proto_buf *out)
{
    proto_buf_printf(out,
                     POLICY_FIRST_LINE
                     "\n"
                     "# What staff may ask for, and what is kept. Edit it, see what would change with\n"
                     "# `handhold-audit policy check FILE`, put it in force with `policy sign FILE`.\n"
                     "# A line that begins with # says nothing.\n"
                     "\n"
                     "# The organisation's domain, as its root certificate has it.\n"
                     "domain %s\n"
                     "\n"
                     "# The public half of the key that opens evidence. Only who has the private half\n"
                     "# (officer/evidence.key) can read what was said.\n"
                     "evidence ",
                     policy->domain);
    proto_base64_put(out, policy->evidence_key, sizeof policy->evidence_key);
    proto_buf_printf(out,
                     "\n\n"
                     "# Seconds for which a lost connection keeps its consents, 0 to %u.\n"
                     "grace %" PRIu32 "\n"
                     "\n"
                     "# required: nothing can be asked for until both people compared the check words.\n"
                     "check-words %s\n"
                     "\n"
                     "# required: no session without the reference of a ticket (handhold-agent --reference).\n"
                     "ticket %s\n"
                     "\n"
                     "# Days for which evidence of a session is kept; the relay destroys it then. 0: no end.\n"
                     "keep %" PRIu32 "\n"
                     "\n"
                     "# Minutes in which a customer can join by the code, 1 to %u, and by the link, 1 to %u.\n"
                     "code-minutes %" PRIu32 "\n"
                     "link-minutes %" PRIu32 "\n"
                     "\n"
                     "# Purposes that may be asked for, in these words and one a line. None: any.\n",
                     PROTO_POLICY_GRACE_S_MAX, policy->grace_s, policy->check_words_required ? "required" : "optional",
                     policy->ticket_required ? "required" : "optional", policy->keep_days,
                     PROTO_POLICY_CODE_MINUTES_MAX, PROTO_POLICY_LINK_MINUTES_MAX, policy->code_minutes,
                     policy->link_minutes);
    if (!policy->purpose_count)
        proto_buf_put_text(out, "# purpose to see the fault\n");
    for (uint32_t i = 0; i < policy->purpose_count; i++)
        proto_buf_printf(out, "purpose %s\n", policy->purposes[i]);
    proto_buf_put_text(out, "\n"
                            "# allow CAPABILITY LONGEST-SECONDS RETENTION-DAYS ROLE,ROLE...\n"
                            "# deny CAPABILITY\n"
                            "# seconds 0: until the session ends; days 0: nothing of it is kept beyond the session\n");
    for (int i = PROTO_CAPABILITY_NONE + 1; i < PROTO_CAPABILITY_COUNT; i++)
        put_rule(policy, (enum proto_capability)i, out);
}

/* ---- reading ---- */

struct reading {
    struct proto_policy *policy;
    struct proto_policy_chain *chain; /* NULL: a file to be edited, which has no such lines */
    uint32_t capabilities_seen;       /* bit 1 << capability */
};

static bool read_number(struct reading *r, struct proto_span value)
{
    return r->chain && proto_span_number(value, INT64_MAX, &r->policy->number);
}

static bool read_time(struct reading *r, struct proto_span value)
{
    uint64_t time_s;

    if (!r->chain || !proto_span_number(value, INT64_MAX, &time_s))
        return false;
    r->policy->time_s = (int64_t)time_s;
    return true;
}

static bool read_officer(struct reading *r, struct proto_span value)
{
    struct proto_policy_chain *chain = r->chain;

    if (!chain || chain->count == PROTO_IDENTITY_CHAIN_MAX - 1 ||
        proto_base64_decode(value.at, value.len, chain->bytes[chain->count], PROTO_IDENTITY_DER_BYTES,
                            &chain->len[chain->count]) != PROTO_OK)
        return false;
    chain->count++;
    return true;
}

static bool read_domain(struct reading *r, struct proto_span value)
{
    char *domain = r->policy->domain;

    return proto_span_copy(value, domain, sizeof r->policy->domain) && proto_identity_domain_is_valid(domain);
}

static bool read_evidence(struct reading *r, struct proto_span value)
{
    size_t len;

    return proto_base64_decode(value.at, value.len, r->policy->evidence_key, sizeof r->policy->evidence_key, &len) ==
               PROTO_OK &&
           len == sizeof r->policy->evidence_key;
}

static bool read_u32(struct proto_span value, uint32_t max, uint32_t *out)
{
    uint64_t number;
    bool fits = proto_span_number(value, max, &number);

    if (fits)
        *out = (uint32_t)number;
    return fits;
}

static bool read_grace(struct reading *r, struct proto_span value)
{
    return read_u32(value, PROTO_POLICY_GRACE_S_MAX, &r->policy->grace_s);
}

static bool read_ticket(struct reading *r, struct proto_span value)
{
    r->policy->ticket_required = proto_span_is(value, "required");
    return r->policy->ticket_required || proto_span_is(value, "optional");
}

static bool read_keep(struct reading *r, struct proto_span value)
{
    return read_u32(value, PROTO_POLICY_RETENTION_DAYS_MAX, &r->policy->keep_days);
}

static bool read_minutes(struct proto_span value, uint32_t max, uint32_t *out)
{
    return read_u32(value, max, out) && *out > 0;
}

static bool read_code_minutes(struct reading *r, struct proto_span value)
{
    return read_minutes(value, PROTO_POLICY_CODE_MINUTES_MAX, &r->policy->code_minutes);
}

static bool read_link_minutes(struct reading *r, struct proto_span value)
{
    return read_minutes(value, PROTO_POLICY_LINK_MINUTES_MAX, &r->policy->link_minutes);
}

static bool read_purpose(struct reading *r, struct proto_span value)
{
    struct proto_policy *policy = r->policy;

    if (policy->purpose_count == PROTO_POLICY_PURPOSES_MAX || !proto_utf8_is_clean(value.at, value.len, 0) ||
        !proto_span_copy(value, policy->purposes[policy->purpose_count], sizeof policy->purposes[0]))
        return false;
    policy->purpose_count++;
    return true;
}

static bool read_check_words(struct reading *r, struct proto_span value)
{
    r->policy->check_words_required = proto_span_is(value, "required");
    return r->policy->check_words_required || proto_span_is(value, "optional");
}

/* Takes the capability's name off the front; each may come once. */
static struct proto_policy_rule *take_rule(struct reading *r, struct proto_span *value)
{
    char name[32];

    if (!proto_span_copy(proto_span_word(value), name, sizeof name))
        return NULL;
    enum proto_capability capability = proto_capability_from_name(name);

    if (capability == PROTO_CAPABILITY_NONE || r->capabilities_seen & 1u << capability)
        return NULL;
    r->capabilities_seen |= 1u << capability;
    return &r->policy->rules[capability];
}

static bool read_roles(struct proto_span value, uint32_t *roles)
{
    *roles = 0;
    while (value.len) {
        char name[32];
        const char *comma = memchr(value.at, ',', value.len);
        struct proto_span word = {value.at, comma ? (size_t)(comma - value.at) : value.len};
        size_t used = word.len + (comma != NULL);

        if (!proto_span_copy(word, name, sizeof name))
            return false;
        enum proto_role role = proto_role_from_name(name);

        if (role == PROTO_ROLE_NONE)
            return false;
        *roles |= 1u << role;
        value = (struct proto_span){value.at + used, value.len - used};
    }
    return *roles != 0;
}

static bool read_allow(struct reading *r, struct proto_span value)
{
    struct proto_policy_rule *rule = take_rule(r, &value);

    return rule && read_u32(proto_span_word(&value), PROTO_POLICY_SECONDS_MAX, &rule->max_seconds) &&
           read_u32(proto_span_word(&value), PROTO_POLICY_RETENTION_DAYS_MAX, &rule->retention_days) &&
           read_roles(value, &rule->roles);
}

static bool read_deny(struct reading *r, struct proto_span value)
{
    struct proto_policy_rule *rule = take_rule(r, &value);

    if (rule)
        *rule = (struct proto_policy_rule){0};
    return rule && value.len == 0;
}

static const struct policy_line {
    const char *word;
    bool (*read)(struct reading *r, struct proto_span value);
} policy_lines[] = {
    {"number", read_number},
    {"domain", read_domain},
    {"time", read_time},
    {"officer", read_officer},
    {"evidence", read_evidence},
    {"grace", read_grace},
    {"check-words", read_check_words},
    {"ticket", read_ticket},
    {"keep", read_keep},
    {"purpose", read_purpose},
    {"allow", read_allow},
    {"deny", read_deny},
    {"code-minutes", read_code_minutes},
    {"link-minutes", read_link_minutes},
};

static bool read_line(struct reading *r, struct proto_span line)
{
    struct proto_span word = proto_span_word(&line);

    for (size_t i = 0; i < sizeof policy_lines / sizeof policy_lines[0]; i++)
        if (proto_span_is(word, policy_lines[i].word))
            return policy_lines[i].read(r, line);
    return false;
}

static bool is_for_people(struct proto_span line)
{
    return line.len == 0 || line.at[0] == '#';
}

static enum proto_err read_lines(struct reading *r, const char *text, size_t len, size_t *line_number)
{
    struct proto_lines lines = {text, text + len, 0};
    struct proto_span line;
    bool fits = proto_lines_next(&lines, &line) && proto_span_is(line, POLICY_FIRST_LINE);

    while (fits && proto_lines_next(&lines, &line))
        fits = (!r->chain && is_for_people(line)) || read_line(r, line);
    if (line_number)
        *line_number = lines.number;
    return fits && lines.at == lines.end ? PROTO_OK : PROTO_ERR_FORMAT;
}

/* What a text does not say. */
static void begin(struct proto_policy *out)
{
    memset(out, 0, sizeof *out);
    out->code_minutes = PROTO_POLICY_CODE_MINUTES;
    out->link_minutes = PROTO_POLICY_LINK_MINUTES;
}

enum proto_err proto_policy_parse(struct proto_policy *out, const void *text, size_t len, size_t *line)
{
    struct reading r = {.policy = out};

    begin(out);
    out->grace_s = PROTO_POLICY_GRACE_S;
    enum proto_err err =
        len > PROTO_POLICY_NOTE_BYTES ? PROTO_ERR_RANGE : read_lines(&r, (const char *)text, len, line);

    if (err == PROTO_OK && !out->domain[0])
        err = PROTO_ERR_FORMAT; /* a capability without a line is denied; a policy without a domain is nobody's */
    if (err != PROTO_OK)
        memset(out, 0, sizeof *out);
    return err;
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

    begin(out);
    chain->count = 0;
    enum proto_err err = read_lines(&r, text, len, NULL);

    if (err != PROTO_OK)
        return err;
    return chain->count && writes_the_same(&r, text, len) ? PROTO_OK : PROTO_ERR_FORMAT;
}
