/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves the tool for other programs and for print, and that nothing a customer or an agent wrote comes alive
 * there. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/host/files.h"
#include "relay/audit/commands.h"
#include "relay/audit/cut.h"
#include "relay/audit/export.h"
#include "tests/relay/audit_tool.h"

static struct log_fixture shared;
static char key[HOST_PATH_BYTES];

static int build(void **state)
{
    struct log_session s;

    (void)state;
    log_fixture_open(&shared);
    log_fixture_story(&shared);
    log_fixture_pass(&shared, 100);
    log_session_begin(&shared, &s, "+41-44-000", "<script>alert(1)</script>");
    log_session_event(&shared, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_session_grant(&shared, &s, PROTO_CAPABILITY_CAMERA, "=HYPERLINK(\"http://x\") <img src=x onerror=y>", 60);
    log_session_answer(&shared, &s, PROTO_STATEMENT_END, PROTO_CAPABILITY_NONE, "");
    log_session_end(&shared, &s, PROTO_END_CUSTOMER_LEFT);
    log_fixture_settle(&shared);
    return host_path(key, "--dir %s --key %s/officer/evidence.key", shared.folder, shared.folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    log_fixture_close(&shared);
    return 0;
}

static const char *run(const char *arguments)
{
    int code;
    const char *out = audit_tool_run(&shared, &code, "%s %s", arguments, key);

    if (code)
        fail_msg("%s: %d: %s", arguments, code, out);
    return out;
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;

    for (; (text = strstr(text, what)); text += strlen(what))
        n++;
    return n;
}

/* ---- CSV ---- */

static void cell(const char *text, const char *expected)
{
    char *out = NULL;
    size_t len;
    FILE *stream = open_memstream(&out, &len);

    assert_non_null(stream);
    audit_csv_cell(stream, text);
    fclose(stream);
    assert_string_equal(out, expected);
    free(out);
}

static void no_cell_becomes_a_formula(void **state)
{
    (void)state;
    cell("plain", "\"plain\"");
    cell("a=b", "\"a=b\"");
    cell("", "\"\"");
    cell("=1+1", "\"'=1+1\"");
    cell("+41 44 000", "\"'+41 44 000\"");
    cell("-1", "\"'-1\"");
    cell("@SUM(A1)", "\"'@SUM(A1)\"");
    cell("\t=1", "\"'\t'=1\"");
    cell("\r=1", "\"'\r'=1\"");
    cell("\n=1", "\"'\n'=1\"");
    cell("  =1", "\"'  =1\"");
    cell("\u00A0@x", "\"'\u00A0@x\"");
    cell("\uFF1D1", "\"'\uFF1D1\"");
    cell("\u00C4rger", "\"\u00C4rger\"");
    cell("say \"no\"", "\"say \"\"no\"\"\"");
    cell("a,b", "\"a,b\"");
    cell("x;y-z; 3=4", "\"x;y-z; 3=4\"");
    cell("x;=cmd|'/c calc'!A1;y", "\"x;'=cmd|'/c calc'!A1;y\""); /* parted at semicolons */
    cell("a; \"=1", "\"a;' \"\"=1\"");
    cell("\"=1", "\"'\"\"=1\"");
    cell("a,+1|\uFF20x\n-2\t@y", "\"a,'+1|'\uFF20x\n'-2\t'@y\"");
}

static void no_text_turns_the_line_that_it_stands_in(void **state)
{
    char text[] = "Ana \u202Egpj.exe\u202C \u2067x\u2069 \x1b[1m \u05D3\u05E0\u05D4 \xff";

    (void)state;
    audit_plain(text);
    assert_string_equal(text, "Ana  gpj.exe   x  ?[1m \u05D3\u05E0\u05D4 ?");
}

static void a_table_has_a_mark_a_head_and_a_line_for_each_note(void **state)
{
    const char *out;

    (void)state;
    out = run("export --format csv");
    assert_memory_equal(out, "\xEF\xBB\xBF\"session\",\"opened\"", 20);
    assert_int_equal(count(out, "\r\n"), 1 + 15 + 9 + 1 + 5);
    assert_non_null(strstr(out, ",\"'+41-44-000\","));
    assert_non_null(strstr(out, ",\"'=HYPERLINK(\"\"http://x\"\")"));
    assert_null(strstr(out, ",\"=")); /* no cell begins so */
}

/* ---- cut off ---- */

static void what_is_half_written_goes_when_the_program_is_cut_off(void **state)
{
    char folder[HOST_PATH_BYTES], file[HOST_PATH_BYTES], whole[HOST_PATH_BYTES];
    int status = 0;

    (void)state;
    assert_true(host_path(folder, "%s/half", shared.folder) && host_path(file, "%s/half/part", shared.folder) &&
                host_path(whole, "%s/whole", shared.folder));
    assert_int_equal(host_folder_make(folder, HOST_PRIVATE), PROTO_OK);
    assert_int_equal(host_file_write(file, "x", 1, HOST_PRIVATE), PROTO_OK);
    assert_int_equal(host_file_write(whole, "x", 1, HOST_PRIVATE), PROTO_OK);
    pid_t child = fork();
    if (child == 0) {
        audit_cut_add(whole);
        audit_cut_add(folder);
        audit_cut_forget(whole);
        (void)raise(SIGTERM);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    assert_false(host_file_exists(folder));
    assert_true(host_file_exists(whole));
}

/* ---- HTML ---- */

static void a_page_needs_nothing_else_and_nothing_in_it_runs(void **state)
{
    const char *out;

    (void)state;
    out = run("export --format html");
    assert_null(strstr(out, "<script"));
    assert_null(strstr(out, "<img"));
    assert_null(strstr(out, "href="));
    assert_null(strstr(out, "url("));
    assert_non_null(strstr(out, "&lt;script&gt;alert(1)"));
    assert_non_null(strstr(out, "&lt;img "));
    assert_non_null(strstr(out, "default-src 'none'"));
}

static void a_page_has_a_summary_a_timeline_minutes_and_proofs_for_each_session(void **state)
{
    const char *out;

    (void)state;
    out = run("export --format html");
    assert_non_null(strstr(out, "4 sessions, 1 of them not ended"));
    assert_int_equal(count(out, "<svg class=\"timeline\""), 4);
    assert_int_equal(count(out, "<h3>Minutes"), 4);
    assert_int_equal(count(out, "--- entry "), 29);
    assert_int_equal(count(out, "class=\"allowed\" x="), 3);
    assert_int_equal(count(out, "class=\"passed\" x="), 2);
    assert_int_equal(count(out, "<path class=\"blocked\" d=\"M"), 1 + 1); /* and the legend's */
    assert_non_null(strstr(out, "The customer said no."));
    assert_non_null(strstr(out, "All of them hold."));
    assert_int_equal(count(out, "<article>"), count(out, "</article>"));
}

static void all_about_one_person_is_about_nobody_else(void **state)
{
    const char *out;

    (void)state;
    out = run("export --format html --customer C-1001");
    assert_non_null(strstr(out, "Everything kept about C-1001"));
    assert_int_equal(count(out, "<article>"), 2);
    assert_null(strstr(out, "a22a0202"));
    out = run("export --format jsonl --customer C-1001");
    assert_int_equal(count(out, "\"event\":\"session\""), 2);
    assert_null(strstr(out, "+41-44"));
}

static void the_proofs_of_each_session_in_a_page_are_checked(void **state)
{
    char page[HOST_PATH_BYTES], one[HOST_PATH_BYTES], *at;
    struct proto_buf file;

    (void)state;
    assert_true(host_path(page, "%s/proved.html", shared.folder) && host_path(one, "%s/one.html", shared.folder));
    audit_tool_expect(&shared, 0, "4 sessions in", "export --format html -o %s %s", page, key);
    audit_tool_expect(&shared, 0, "the proofs of 4 sessions, nothing is wrong.", "check %s --dir %s", page,
                      shared.folder);
    audit_tool_expect(&shared, 0, "\"sessions\":4,\"failed\":0", "check %s --dir %s --json", page, shared.folder);
    audit_tool_expect(&shared, 0, "2 sessions in", "export --format html --customer C-1001 -o %s %s", one, key);
    audit_tool_expect(&shared, 0, "the proofs of 2 sessions, nothing", "check %s --dir %s", one, shared.folder);
    proto_buf_init(&file, AUDIT_TOOL_OUT);
    assert_int_equal(host_file_read(page, &file), PROTO_OK);
    at = memmem(file.bytes, file.len, "--- entry", 9);
    at = memmem(at, file.len - (size_t)(at - (char *)file.bytes), "extra ", 6);
    at[6] = at[6] == 'A' ? 'B' : 'A';
    assert_int_equal(host_file_write(page, file.bytes, file.len, HOST_PRIVATE), PROTO_OK);
    audit_tool_expect(&shared, 1, "of 4 sessions with proofs in this page, those of 1", "check %s --dir %s", page,
                      shared.folder);
    assert_int_equal(host_file_write(page, file.bytes, (size_t)(at - (char *)file.bytes), HOST_PRIVATE), PROTO_OK);
    audit_tool_expect(&shared, 1, "ends in the midst of its proofs", "check %s --dir %s", page, shared.folder);
    proto_buf_free(&file);
}

/* ---- JSON Lines, files ---- */

static void each_line_of_json_is_an_object(void **state)
{
    char *out, *at;
    size_t lines = 0;

    (void)state;
    out = strdup(run("export --format jsonl"));
    for (char *line = strtok_r(out, "\n", &at); line; line = strtok_r(NULL, "\n", &at)) {
        json_t *object = json_loads(line, 0, NULL);
        assert_true(json_is_object(object));
        json_decref(object);
        lines++;
    }
    assert_int_equal(lines, 4 + 15 + 9 + 1 + 5);
    free(out);
}

static void a_file_is_the_officers_alone_and_whole(void **state)
{
    char path[HOST_PATH_BYTES];

    (void)state;
    assert_true(host_path(path, "%s/minutes.html", shared.folder));
    audit_tool_expect(&shared, 0, "4 sessions in", "export --format html -o %s %s", path, key);
    assert_int_equal(host_file_check_private(path), PROTO_OK);
    audit_tool_expect(&shared, 1, "nowhere", "export --format html -o %s/nowhere/x %s", shared.folder, key);
    audit_tool_expect(&shared, 2, "--key", "export --format html --dir %s", shared.folder);
    audit_tool_expect(&shared, 2, "jsonl|csv|html", "export --format pdf %s", key);
}

/* ---- filters, report, tail ---- */

static void filters_choose_sessions(void **state)
{
    static const struct {
        const char *filter;
        size_t sessions;
    } cases[] = {
        {"", 4},
        {"--customer C-1001", 2},
        {"--customer C-10", 0},
        {"--agent ada", 4},
        {"--agent lovelace", 4},
        {"--agent bob", 0},
        {"--outcome live", 1},
        {"--outcome completed", 1},
        {"--outcome customer-left", 1},
        {"--outcome granted", 3},
        {"--outcome refused", 1},
        {"--outcome refused --capability camera", 0},
        {"--outcome blocked", 1},
        {"--outcome withdrawn --capability camera", 1},
        {"--capability camera", 2},
        {"--capability microphone", 1},
        {"--since 2026-09-21", 4},
        {"--since 2026-09-22", 0},
        {"--until 2026-09-20", 0},
        {"--until 2026-09-21", 4},
        {"--since '2026-09-21 16:20' --until '2026-09-21 16:30'", 1},
    };
    char arguments[256];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(arguments, sizeof arguments, "list --json %s", cases[i].filter);
        size_t found = count(run(arguments), "\"event\":\"session\"");
        if (found != cases[i].sessions)
            fail_msg("%s: %zu sessions, expected %zu", cases[i].filter, found, cases[i].sessions);
    }
    audit_tool_expect(&shared, 2, "how long ago", "list --since yesterday %s", key);
    audit_tool_expect(&shared, 2, "is not an outcome", "list --outcome good %s", key);
    audit_tool_expect(&shared, 2, "is not a capability", "list --capability eyes %s", key);
    audit_tool_expect(&shared, 2, "later than --until", "list --since 2026-09-22 --until 2026-09-20 %s", key);
    audit_tool_expect(&shared, 2, "--key", "list --outcome refused --dir %s", shared.folder);
}

static void a_time_is_a_day_or_how_long_ago(void **state)
{
    const int64_t now = INT64_C(1790000000000);
    int64_t at, end;

    (void)state;
    assert_true(audit_filter_time("7d", false, now, &at));
    assert_int_equal(at, now - INT64_C(7) * 86400 * 1000);
    assert_true(audit_filter_time("90m", false, now, &at));
    assert_int_equal(at, now - INT64_C(90) * 60 * 1000);
    assert_true(audit_filter_time("2026-02-28", false, now, &at));
    assert_true(audit_filter_time("2026-02-28", true, now, &end));
    assert_int_equal(end - at, 86400 * 1000);
    assert_false(audit_filter_time("7", false, now, &at));
    assert_false(audit_filter_time("d", false, now, &at));
    assert_false(audit_filter_time("2026-02-28x", false, now, &at));
    assert_false(audit_filter_time("7d ", false, now, &at));
}

static void a_report_counts_what_an_authority_asks_for(void **state)
{
    const char *out;

    (void)state;
    out = run("report --json");
    assert_non_null(strstr(out, "\"capability\":\"camera\",\"granted\":2,\"refused\":0,\"unasked\":0,\"withdrawn\":1"));
    assert_non_null(strstr(out, "\"blocked\":1,\"shared_s\":48,\"frames\":1412,\"bytes\":3141592"));
    assert_non_null(strstr(out, "\"capability\":\"microphone\",\"granted\":0,\"refused\":1"));
    assert_non_null(strstr(out, "\"id\":\"ada\",\"name\":\"Ada Lovelace\",\"sessions\":4"));
    assert_non_null(strstr(out, "\"completed\":1"));
    assert_non_null(strstr(run("report"), "Ada Lovelace"));
    assert_non_null(strstr(run("report --since 2030-01-01"), "none"));
}

static void tail_says_the_newest_in_words(void **state)
{
    const char *out;

    (void)state;
    out = run("tail --once --lines 2");
    assert_int_equal(count(out, "\n"), 2);
    assert_non_null(strstr(out, "The session ended: the customer left"));
    audit_tool_expect(&shared, 0, "(sealed)", "tail --once --dir %s", shared.folder);
    assert_int_equal(count(run("tail --once --json --lines 3"), "\"session\":\""), 3);
}

/* Whoever gets it must not take a part for the whole. */
static void an_export_says_of_which_sessions_it_is(void **state)
{
    static const char *const formats[] = {"html", "csv", "jsonl"};
    char command[128];

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        snprintf(command, sizeof command, "export --format %s --agent ada --capability camera --outcome granted",
                 formats[i]);
        assert_non_null(strstr(run(command), "agent ada; Camera; something was granted"));
        snprintf(command, sizeof command, "export --format %s", formats[i]);
        assert_null(strstr(run(command), "agent ada; "));
    }
    assert_non_null(strstr(run("report --outcome withdrawn"), "something was withdrawn"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_export_says_of_which_sessions_it_is),
        cmocka_unit_test(no_cell_becomes_a_formula),
        cmocka_unit_test(no_text_turns_the_line_that_it_stands_in),
        cmocka_unit_test(a_table_has_a_mark_a_head_and_a_line_for_each_note),
        cmocka_unit_test(what_is_half_written_goes_when_the_program_is_cut_off),
        cmocka_unit_test(a_page_needs_nothing_else_and_nothing_in_it_runs),
        cmocka_unit_test(a_page_has_a_summary_a_timeline_minutes_and_proofs_for_each_session),
        cmocka_unit_test(all_about_one_person_is_about_nobody_else),
        cmocka_unit_test(the_proofs_of_each_session_in_a_page_are_checked),
        cmocka_unit_test(each_line_of_json_is_an_object),
        cmocka_unit_test(a_file_is_the_officers_alone_and_whole),
        cmocka_unit_test(filters_choose_sessions),
        cmocka_unit_test(a_time_is_a_day_or_how_long_ago),
        cmocka_unit_test(a_report_counts_what_an_authority_asks_for),
        cmocka_unit_test(tail_says_the_newest_in_words),
    };

    return cmocka_run_group_tests(tests, build, tear_down);
}
