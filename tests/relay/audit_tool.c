/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "tests/relay/audit_tool.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static char out[AUDIT_TOOL_OUT];

static int run(const struct log_fixture *f, const char *arguments)
{
    char line[2048];

    snprintf(line, sizeof line, "XDG_STATE_HOME=%s/state TZ=Europe/Zurich %s/handhold-audit %s 2>&1", f->folder,
             HANDHOLD_BIN, arguments);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    size_t len = fread(out, 1, sizeof out - 1, pipe);
    out[len] = 0;
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

const char *audit_tool_run(const struct log_fixture *f, int *code, const char *format, ...)
{
    char arguments[1024];
    va_list values;

    va_start(values, format);
    vsnprintf(arguments, sizeof arguments, format, values);
    va_end(values);
    *code = run(f, arguments);
    return out;
}

void audit_tool_expect(const struct log_fixture *f, int code, const char *text, const char *format, ...)
{
    char arguments[1024];
    va_list values;

    va_start(values, format);
    vsnprintf(arguments, sizeof arguments, format, values);
    va_end(values);
    int got = run(f, arguments);
    if (got != code || !strstr(out, text))
        fail_msg("%s: code %d, expected %d with \"%s\":\n%s", arguments, got, code, text, out);
}

void audit_tool_join(struct log_fixture *f, struct log_session *s, const char *customer)
{
    log_fixture_open(f);
    log_session_begin(f, s, customer, "");
    log_session_event(f, s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
}

void audit_tool_verify(struct log_fixture *f, int code, const char *text)
{
    log_fixture_settle(f);
    audit_tool_expect(f, code, text, "verify --dir %s --key %s/officer/evidence.key", f->folder, f->folder);
    log_fixture_close(f);
}
