/* SPDX-License-Identifier: Apache-2.0 */
/* What goes on when it should have been over, by the time that its own signer says. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "tests/relay/audit_tool.h"

enum { MINUTE_S = 60, HOUR_S = 3600 };

static const char fine[] = "nothing is wrong.";

static void begin(struct log_fixture *f, struct log_session *s)
{
    log_fixture_open(f);
    log_session_begin(f, s, "C-1", "");
    log_session_event(f, s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
}

static void expect(struct log_fixture *f, const char *text)
{
    log_fixture_settle(f);
    audit_tool_expect(f, text != fine, text, "verify --dir %s --key %s/officer/evidence.key", f->folder, f->folder);
    log_fixture_close(f);
}

/* The note of the stop and the session's last ones wait for the log; what they say is when it was. */
static void a_stop_is_followed_from_when_the_officer_signed_it(void **state)
{
    (void)state;
    for (int kept = 0; kept < 2; kept++) {
        struct log_fixture f;
        struct log_session s;
        int64_t ago_s = kept ? 0 : 3 * HOUR_S - MINUTE_S;
        begin(&f, &s);
        log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see", 0);
        log_session_show(&f, &s, PROTO_CAPABILITY_CAMERA, "5");
        log_fixture_pass(&f, 3 * HOUR_S);
        f.spoil.ago_s = 3 * HOUR_S - MINUTE_S;
        log_fixture_stopped(&f, &s, &f.officer);
        s.stopped_by = f.officer.identity.serial;
        f.spoil.ago_s = ago_s;
        log_session_event(&f, &s, PROTO_ACT_STOPPED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "5", "frames", "10",
                          "bytes", "1000", NULL);
        f.spoil.ago_s = ago_s;
        log_session_event(&f, &s, PROTO_ACT_GATE_CLOSED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "5", NULL);
        f.spoil.ago_s = ago_s;
        log_session_end(&f, &s, PROTO_END_STOPPED_BY_OFFICER);
        expect(&f, kept ? "nothing to be passed on after entry" : fine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_is_followed_from_when_the_officer_signed_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
