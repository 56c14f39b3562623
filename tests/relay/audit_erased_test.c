/* SPDX-License-Identifier: Apache-2.0 */
/* What is gone by erasure, and what only looks so: nobody's word erases, and what was erased does not come back. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/pem.h"
#include "proto/host/files.h"
#include "relay/audit/goes.h"
#include "tests/relay/audit_tool.h"

enum { LAST = 2 }; /* the first session has entries 0 to LAST */

static void add_sessions(struct log_fixture *f)
{
    struct log_session s;

    for (int i = 0; i < 2; i++) {
        log_session_begin(f, &s, i ? "C-2" : "C-1", "");
        log_session_event(f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
        log_session_end(f, &s, PROTO_END_COMPLETED);
    }
}

/* Two sessions, and a note that the first was erased. */
static void make(struct log_fixture *f, bool known, int64_t ago_s)
{
    log_fixture_open(f);
    add_sessions(f);
    log_fixture_erasure(f, 0, LAST, known ? &f->officer : NULL, ago_s);
    log_fixture_settle(f);
}

static void expect_all(const struct log_fixture *f, int code, const char *text)
{
    static const char *const commands[] = {
        "verify", "list", "report", "export --format jsonl", "export --format csv", "export --format html"};

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        audit_tool_expect(f, code, i && !code ? "" : text, "%s --dir %s --key %s/officer/evidence.key", commands[i],
                          f->folder, f->folder);
}

static void an_erased_session_is_gone_and_nothing_is_wrong(void **state)
{
    struct log_fixture f;

    (void)state;
    make(&f, true, 0);
    log_fixture_erase(&f, 0, LAST);
    expect_all(&f, 0, "by an officer:");
    audit_tool_expect(&f, 0, "\"event\":\"erased\"", "verify --json --dir %s", f.folder);
    audit_tool_expect(&f, 1, "was erased: of its 3 entries", "show 4f2a --dir %s --key %s/officer/evidence.key",
                      f.folder, f.folder);
    log_fixture_close(&f);
}

static void evidence_that_is_back_is_named_and_not_read_out(void **state)
{
    struct log_fixture f;
    int code;

    (void)state;
    make(&f, true, 0); /* the note is there, and so is all that it names */
    audit_tool_expect(&f, 1, "evidence again", "verify --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    audit_tool_expect(&f, 1, "DOES NOT HOLD", "list --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    const char *out = audit_tool_run(&f, &code, "show 4f2a --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    assert_int_equal(code, 1);
    assert_non_null(strstr(out, "evidence again"));
    assert_null(strstr(out, "The customer joined"));
    log_fixture_close(&f);
}

/* An erased entry below another session, or the row of an erased one put back: neither makes a lie believable. */
static void erasing_goes_by_whole_sessions(void **state)
{
    static const struct {
        const char *sql, *said;
    } lies[] = {
        {"UPDATE entry SET sid=(SELECT sid FROM session) WHERE idx=1;"
         "UPDATE place SET first=(SELECT first FROM begun WHERE sid=(SELECT sid FROM session)) WHERE idx=1;"
         "UPDATE session SET ticket_ref='T-666',ended_reason='wrong-person'",
         "all entries of this session, of which entry 3 is the first"},
        {"INSERT INTO session SELECT (SELECT sid FROM entry WHERE idx=0),state,'n-0',agent_fingerprint,'mallory',"
         "'Mallory',agent_role,'C-666',ticket_ref,created_ms,expires_ms,cs_pub,event_seq,event_prev,'wrong-person',"
         "secret FROM session",
         "its row goes with it"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct log_fixture f;
        make(&f, true, 0);
        log_fixture_erase(&f, 0, LAST);
        log_fixture_alter(&f, "relay.db", lies[i].sql);
        audit_tool_expect(&f, 1, lies[i].said, "verify --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
        audit_tool_expect(&f, 1, "DOES NOT HOLD", "list --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
        audit_tool_expect(&f, 1, "\"ok\":false", "export --format jsonl --dir %s --key %s/officer/evidence.key",
                          f.folder, f.folder);
        log_fixture_close(&f);
    }
}

/* An erasure takes several notes when one is too short for it, and may be cut between them. */
static void of_a_session_whose_beginning_is_erased_nothing_is_told_that_nobody_signed(void **state)
{
    static const struct {
        const char *words, *said;
    } commands[] = {{"list", "when is the row's word alone"},
                    {"list --json", "\"agent\":\"not known\""},
                    {"show 4f2a", "not known: what said it is erased"},
                    {"show 4f2a --json", "not known"},
                    {"report", ""},
                    {"export --format jsonl", "not known"},
                    {"export --format csv", "\"not known\",\"not known\",\"not known\",\"not known\""},
                    {"export --format html", "not known"}};
    struct log_fixture f;
    int code;

    (void)state;
    log_fixture_open(&f);
    add_sessions(&f);
    log_fixture_erasure(&f, 0, LAST - 1, &f.officer, 0);
    log_fixture_settle(&f);
    log_fixture_erase(&f, 0, LAST - 1);
    log_fixture_alter(&f, "relay.db",
                      "UPDATE session SET agent_name='Eve Evil',agent_role='supervisor',ticket_ref='T-666',"
                      "customer_ref='C-9999' WHERE hex(sid) LIKE '4F2A%'");
    log_fixture_alter(&f, "keys.db", "UPDATE dek SET name='customer:C-9999' WHERE name='customer:C-1'");
    audit_tool_expect(&f, 0, "1 session is erased in part", "verify --dir %s --key %s/officer/evidence.key", f.folder,
                      f.folder);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const char *out = audit_tool_run(&f, &code, "%s --dir %s --key %s/officer/evidence.key", commands[i].words,
                                         f.folder, f.folder);
        if (code || !strstr(out, commands[i].said) || strstr(out, "Eve") || strstr(out, "C-9999") ||
            strstr(out, "T-666") || strstr(out, "supervisor"))
            fail_msg("%s: code %d:\n%s", commands[i].words, code, out);
    }
    log_fixture_close(&f);
}

static void an_erasure_by_nobody_is_none(void **state)
{
    struct log_fixture f;
    char path[HOST_PATH_BYTES];

    (void)state;
    make(&f, false, 0);
    log_fixture_erase(&f, 0, LAST);
    expect_all(&f, 1, "not among those in ca/issued");
    /* where the authority's list is not at hand, it is not known, and said so */
    assert_true(host_path(path, "%s/ca/issued/%s.crt", f.folder, f.officer.identity.serial));
    assert_int_equal(remove(path), 0);
    assert_true(host_path(path, "%s/ca/issued/%s.crt", f.folder, f.agent.identity.serial));
    assert_int_equal(remove(path), 0);
    audit_tool_expect(&f, 0, "(not proved)", "verify --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    audit_tool_expect(&f, 0, "nothing is wrong in what could be seen", "verify --dir %s --key %s/officer/evidence.key",
                      f.folder, f.folder);
    log_fixture_close(&f);
}

static void a_note_of_another_time_than_its_leaf_is_named(void **state)
{
    struct log_fixture f;

    (void)state;
    make(&f, true, 1200);
    log_fixture_erase(&f, 0, LAST);
    expect_all(&f, 1, "within 15 minutes of its leaf");
    log_fixture_close(&f);
}

/* Chains of officers begin anew in each log, and entries have the same numbers in all of them: a relay could play the
 * first note of one again as the first in the next, and other people's evidence would go under a genuine signature. */
static void a_note_of_another_log_erases_nothing_here(void **state)
{
    static const struct {
        const char *log, *said;
    } notes[] = {{"help.example.net/audit/example.org", "an erasure in this log"},
                 {LOG_FIXTURE_ORIGIN "/2", "a later entry that says it was erased"}}; /* one that org.note lists */

    (void)state;
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        struct log_fixture f;
        log_fixture_open(&f);
        add_sessions(&f);
        f.spoil.log = notes[i].log;
        log_fixture_erasure(&f, 0, LAST, &f.officer, 0);
        log_fixture_settle(&f);
        if (i)
            log_fixture_list(&f, notes[i].log);
        log_fixture_erase(&f, 0, LAST);
        audit_tool_expect(&f, 1, notes[i].said, "verify --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
        log_fixture_close(&f);
    }
}

static void an_officers_word_for_another_log_is_none_here(void **state)
{
    struct log_fixture f;
    struct log_session s;

    (void)state;
    log_fixture_open(&f);
    log_session_begin(&f, &s, "C-1", "");
    log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    f.spoil.log = "help.example.net/audit/example.org";
    log_fixture_stopped(&f, &s, &f.officer);
    s.stopped_by = f.officer.identity.serial;
    log_session_end(&f, &s, PROTO_END_STOPPED_BY_OFFICER);
    log_fixture_settle(&f);
    audit_tool_expect(&f, 1, "an act of an officer in this log", "verify --dir %s", f.folder);
    log_fixture_close(&f);
}

/* Who plans is the relay, and it may answer less than what was to go. */
static void an_erasure_that_leaves_out_a_session_is_not_done(void **state)
{
    struct audit_went went[] = {{.sid = {1}, .entry = 4},
                                {.sid = {1}, .entry = 5},
                                {.sid = {2}, .entry = 7},
                                {.log = "old.example/log", .sid = {3}, .entry = 5}};
    struct audit_goes goes = {.entries = went, .count = sizeof went / sizeof *went, .sessions = 3};
    struct proto_erasure first = {.ranges = {{4, 5}}, .count = 1}, second = {.ranges = {{7, 7}}, .count = 1},
                         other = {.ranges = {{6, 7}}, .count = 1},
                         old = {.log = "old.example/log", .ranges = {{5, 5}}, .count = 1};

    (void)state;
    assert_true(audit_goes_covers(&goes, &first));
    assert_false(audit_goes_covers(&goes, &other));
    audit_goes_take(&goes, &first);
    assert_false(audit_goes_done(&goes));
    audit_goes_take(&goes, &old);
    assert_false(audit_goes_done(&goes));
    audit_goes_take(&goes, &second);
    assert_true(audit_goes_done(&goes));
}

/* ---- a policy may name a new evidence key, and what was sealed to the one before stays so ---- */

static void put_key(struct proto_buf *pem, int kind)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, kind == EVP_PKEY_X25519 ? "X25519" : "ED25519");

    assert_non_null(key);
    assert_int_equal(certs_pem_put_private(key, pem), PROTO_OK);
    EVP_PKEY_free(key);
}

static void keys_of_before_stand_behind_the_new_one(void **state)
{
    struct log_fixture f;
    struct log_session s;
    struct proto_buf old, pem;
    char path[HOST_PATH_BYTES];

    (void)state;
    log_fixture_open(&f);
    log_session_begin(&f, &s, "C-1", "");
    log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_session_end(&f, &s, PROTO_END_COMPLETED);
    log_fixture_settle(&f);
    assert_true(host_path(path, "%s/officer/both.key", f.folder));
    proto_buf_init(&pem, PROTO_PEM_BYTES);
    put_key(&pem, EVP_PKEY_X25519);
    assert_int_equal(host_file_write(path, pem.bytes, pem.len, HOST_PRIVATE), PROTO_OK);
    audit_tool_expect(&f, 1, "a key that is missing", "verify --dir %s --key %s/officer/both.key", f.folder, f.folder);
    char evidence[HOST_PATH_BYTES];
    assert_true(host_path(evidence, "%s/officer/evidence.key", f.folder));
    proto_buf_init(&old, PROTO_PEM_BYTES);
    assert_int_equal(host_file_read(evidence, &old), PROTO_OK);
    proto_buf_put(&pem, old.bytes, old.len);
    assert_int_equal(host_file_write(path, pem.bytes, pem.len, HOST_PRIVATE), PROTO_OK);
    audit_tool_expect(&f, 0, "nothing is wrong", "verify --full --dir %s --key %s/officer/both.key", f.folder,
                      f.folder);
    audit_tool_expect(&f, 0, "C-1", "list --dir %s --key %s/officer/both.key", f.folder, f.folder);
    put_key(&pem, EVP_PKEY_ED25519); /* a slip: what signs is no evidence key */
    assert_int_equal(host_file_write(path, pem.bytes, pem.len, HOST_PRIVATE), PROTO_OK);
    audit_tool_expect(&f, 2, "of several (8 at most)", "verify --dir %s --key %s/officer/both.key", f.folder, f.folder);
    proto_buf_free(&pem);
    proto_buf_free(&old);
    log_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_note_of_another_log_erases_nothing_here),
        cmocka_unit_test(an_officers_word_for_another_log_is_none_here),
        cmocka_unit_test(an_erasure_that_leaves_out_a_session_is_not_done),
        cmocka_unit_test(keys_of_before_stand_behind_the_new_one),
        cmocka_unit_test(an_erased_session_is_gone_and_nothing_is_wrong),
        cmocka_unit_test(evidence_that_is_back_is_named_and_not_read_out),
        cmocka_unit_test(erasing_goes_by_whole_sessions),
        cmocka_unit_test(of_a_session_whose_beginning_is_erased_nothing_is_told_that_nobody_signed),
        cmocka_unit_test(an_erasure_by_nobody_is_none),
        cmocka_unit_test(a_note_of_another_time_than_its_leaf_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
