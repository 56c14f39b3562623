/* SPDX-License-Identifier: Apache-2.0 */
/* What the relay tells, held to what the customer and the agent signed of the same. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "tests/relay/audit_tool.h"

static void begin(struct log_fixture *f, struct log_session *s)
{
    log_fixture_open(f);
    log_session_begin(f, s, "C-1", "");
    log_session_event(f, s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
}

static void expect(struct log_fixture *f, const char *wrong)
{
    log_fixture_settle(f);
    audit_tool_expect(f, wrong ? 1 : 0, wrong ? wrong : "nothing is wrong",
                      "verify --dir %s --key %s/officer/evidence.key", f->folder, f->folder);
    log_fixture_close(f);
}

/* ---- why it ended ---- */

static const struct {
    const char *signed_end, *by;
    enum proto_end reason;
    bool wrong;
} ends[] = {
    {"completed", "customer", PROTO_END_COMPLETED, false},
    {"completed", "customer", PROTO_END_WRONG_PERSON, true},
    {"completed", "customer", PROTO_END_DECLINED, true},
    {"completed", "customer", PROTO_END_CUSTOMER_LEFT, true},
    {"wrong-person", "customer", PROTO_END_COMPLETED, true},
    {"completed", "relay", PROTO_END_DECLINED, true},
    {"completed", "relay", PROTO_END_CONNECTION_LOST, false},
    {"completed", "relay", PROTO_END_EXPIRED, false},
    {"completed", "relay", PROTO_END_FAILED, false},
    {"completed", "customer", PROTO_END_FAILED, false},
    {"agent-left", "customer", PROTO_END_CUSTOMER_LEFT, false}, /* the relay takes no such word from a customer */
    {"customer-left", "customer", PROTO_END_CUSTOMER_LEFT, false},
    {"completed", "agent", PROTO_END_WRONG_PERSON, false}, /* both at once: theirs was the first */
    {NULL, "customer", PROTO_END_WRONG_PERSON, false},
};

static void the_relay_puts_no_reason_into_the_customers_mouth(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct log_fixture f;
        struct log_session s;
        begin(&f, &s);
        if (ends[i].signed_end)
            log_session_answer(&f, &s, PROTO_STATEMENT_END, PROTO_CAPABILITY_NONE, ends[i].signed_end);
        s.ended_by = ends[i].by;
        log_session_end(&f, &s, ends[i].reason);
        expect(&f, ends[i].wrong ? "as the customer signed in entry" : NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_relay_puts_no_reason_into_the_customers_mouth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
