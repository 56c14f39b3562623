/* SPDX-License-Identifier: Apache-2.0 */
/* How it reads: columns of all scripts, people of one name, cells, and what is said to who types something wrong. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "relay/audit/export.h"
#include "relay/audit/paper.h"
#include "tests/relay/audit_tool.h"

static void a_letter_takes_the_columns_that_a_terminal_gives_it(void **state)
{
    static const struct {
        const char *text;
        size_t columns, of_five; /* of all of it; bytes that fit into five columns */
    } rows[] = {
        {"", 0, 0},
        {"Ada Lovelace", 12, 5},
        {"Zoë", 3, 4},
        {"\u5f20\u4e09\u674e", 6, 6}, /* two columns each: a third one would stand over the edge */
        {"e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301", 6, 15}, /* a mark goes with its letter */
        {"\u0634\u0643\u0631", 3, 6},
        {"a\xff"
         "b",
         3, 3}, /* no UTF-8, though audit_plain() lets none through */
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(audit_paper_columns(rows[i].text, strlen(rows[i].text)), rows[i].columns);
        assert_int_equal(audit_paper_cut(rows[i].text, 5), rows[i].of_five);
    }
}

static void a_cell_is_no_formula_whatever_space_stands_before_it(void **state)
{
    static const char *const spaces[] = {"", " ", "\u00A0", "\u3000", " \u3000\u00A0\""};

    (void)state;
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        char text[64], *written = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&written, &len);
        snprintf(text, sizeof text, "%s=1+1", spaces[i]);
        audit_csv_cell(out, text);
        fclose(out);
        assert_memory_equal(written, "\"'", 2);
        free(written);
    }
}

/* The one row is not what its notes say; but two agents may well have one name. */
static void agents_of_one_name_are_told_apart(void **state)
{
    struct log_fixture f;
    struct log_session s;

    (void)state;
    log_fixture_open(&f);
    for (int i = 0; i < 2; i++) {
        log_session_begin(&f, &s, "", "");
        log_session_end(&f, &s, PROTO_END_COMPLETED);
    }
    log_fixture_settle(&f);
    audit_tool_expect(&f, 0, "\nAda Lovelace                         2 ",
                      "report --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    log_fixture_alter(&f, "relay.db", "UPDATE session SET agent_id='ada-2' WHERE hex(sid) LIKE 'A2%'");
    audit_tool_expect(&f, 1, "\nAda Lovelace (ada)                   1 ",
                      "report --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    audit_tool_expect(&f, 1, "\nAda Lovelace (ada-2)                 1 ",
                      "report --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    log_fixture_close(&f);
}

static void who_types_something_wrong_reads_what_and_why(void **state)
{
    static const struct {
        const char *says, *command;
    } rows[] = {
        {"-o FILE: is missing", "prove 4f2a"},
        {"frob: is not one of print|check|sign", "policy frob"},
        {"--full, --quick: the one begins at the first entry", "verify --full --quick"},
        {"--ended: is for what reads a log", "erase --session 4f2a --reason law --ended 3"},
        {"--ended: is for what reads a log", "stop 4f2a --reason why --ended 3"},
        {"--ended: is for what reads a log", "retain --ended 3"},
        {"zz: is not how a session's number begins", "show zz"},
    };
    struct log_fixture f;

    (void)state;
    log_fixture_open(&f);
    log_fixture_settle(&f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        audit_tool_expect(&f, 2, rows[i].says, "%s --dir %s --key %s/officer/evidence.key", rows[i].command, f.folder,
                          f.folder);
    log_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_letter_takes_the_columns_that_a_terminal_gives_it),
        cmocka_unit_test(a_cell_is_no_formula_whatever_space_stands_before_it),
        cmocka_unit_test(agents_of_one_name_are_told_apart),
        cmocka_unit_test(who_types_something_wrong_reads_what_and_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
