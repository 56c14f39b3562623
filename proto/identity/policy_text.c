/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/identity/policy_text.h"

#include <inttypes.h>

#include "proto/seal/base64.h"

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
