/* SPDX-License-Identifier: Apache-2.0 */
/* How it reads: columns of all scripts, people of one name, cells, and what is said to who types something wrong. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <sodium.h>
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

/* A call has two ways on one stream, and only one of them is something that the customer shared. */
static void the_agents_own_voice_is_not_what_was_shared(void **state)
{
    static const struct {
        const char *says, *command;
    } rows[] = {
        {"Voice                granted; shared for 6 s, 300 frames,", "show 4f2a"},
        {"Voice began to reach the customer.", "show 4f2a"},
        {"Voice to the customer stopped after 4 s: 200 frames,", "show 4f2a"},
        {"Voice stopped after 6 s: 300 frames,", "show 4f2a"},
        {"Ada Lovelace could hear the customer.", "show 4f2a"},
        {"\"shared_s\":6,\"frames\":300,\"bytes\":30000", "report --json"},
    };
    enum proto_capability voice = PROTO_CAPABILITY_MICROPHONE;
    struct log_fixture f;
    struct log_session s;
    char leaf[65];
    int code;

    (void)state;
    log_fixture_open(&f);
    log_session_begin(&f, &s, "", "");
    log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_session_grant(&f, &s, voice, "to talk", 0);
    log_session_show(&f, &s, voice, "5");
    log_session_agent_event(&f, &s, PROTO_ACT_VIEWING_STARTED, voice);
    log_fixture_pass(&f, 2);
    sodium_bin2hex(leaf, sizeof leaf, s.grant_leaf, sizeof s.grant_leaf);
    log_session_event(&f, &s, PROTO_ACT_GATE_OPENED, voice, "src", "2", "stream", "5", "leaf", leaf, NULL);
    log_session_event(&f, &s, PROTO_ACT_STARTED, voice, "src", "2", "stream", "5", NULL);
    log_fixture_pass(&f, 4);
    log_session_event(&f, &s, PROTO_ACT_STOPPED, voice, "src", "2", "stream", "5", "frames", "200", "bytes", "20000",
                      NULL);
    log_session_event(&f, &s, PROTO_ACT_GATE_CLOSED, voice, "src", "2", "stream", "5", "leaf", leaf, NULL);
    log_session_hide(&f, &s, voice, "5", "300", "30000");
    log_session_end(&f, &s, PROTO_END_COMPLETED);
    log_fixture_settle(&f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *out =
            audit_tool_run(&f, &code, "%s --dir %s --key %s/officer/evidence.key", rows[i].command, f.folder, f.folder);
        if (code || !strstr(out, rows[i].says))
            fail_msg("%s: not \"%s\":\n%s", rows[i].command, rows[i].says, out);
    }
    log_fixture_close(&f);
}

/* A link may wait for a day: that is no session of a day. */
static void a_session_lasts_from_when_the_customer_came(void **state)
{
    static const struct {
        const char *says, *command;
    } rows[] = {
        {"Duration    20 s on average, the longest 20 s,", "report"},
        {"Invitations 1 of them: nobody came", "report"},
        {"\"untaken\":1", "report --json"},
        {"completed          20 s\n", "list"},
        {"-          expired\n", "list"},
        {"\"duration_s\":20,", "list --json"},
        {"after 20 s with the customer: completed", "show 4f2a"},
        {"nobody had come: ", "show a2"},
        {", after 20 s with the customer</dd>", "export --format html"},
    };
    struct log_fixture f;
    struct log_session s;
    int code;

    (void)state;
    log_fixture_open(&f);
    for (int came = 1; came >= 0; came--) {
        log_session_begin(&f, &s, "", "");
        log_fixture_pass(&f, 3600);
        if (came)
            log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
        log_fixture_pass(&f, 20);
        log_session_end(&f, &s, came ? PROTO_END_COMPLETED : PROTO_END_EXPIRED);
    }
    log_fixture_settle(&f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *out =
            audit_tool_run(&f, &code, "%s --dir %s --key %s/officer/evidence.key", rows[i].command, f.folder, f.folder);
        if (code || !strstr(out, rows[i].says))
            fail_msg("%s: not \"%s\":\n%s", rows[i].command, rows[i].says, out);
    }
    log_fixture_close(&f);
}

/* An officer's own note of it may be there, or not: this one is not theirs. */
static void who_signed_a_policy_is_the_relays_word_in_its_own_note(void **state)
{
    struct log_fixture f;

    (void)state;
    log_fixture_open(&f);
    log_fixture_took(&f, f.policy.number, f.policy.text_hash);
    log_fixture_settle(&f);
    audit_tool_expect(&f, 0, "The relay put policy 1 in force, signed by Privacy Officer (officer), as it says.",
                      "tail --once --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
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
        cmocka_unit_test(the_agents_own_voice_is_not_what_was_shared),
        cmocka_unit_test(a_session_lasts_from_when_the_customer_came),
        cmocka_unit_test(who_signed_a_policy_is_the_relays_word_in_its_own_note),
        cmocka_unit_test(who_types_something_wrong_reads_what_and_why),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
