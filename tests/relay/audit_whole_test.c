/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that read sessions and do not verify: what was altered, or is missing, they say too. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/files.h"
#include "proto/identity/org.h"
#include "proto/seal/note.h"
#include "proto/seal/signature.h"
#include "relay/audit/filter.h"
#include "relay/audit/whole.h"
#include "tests/relay/audit_tool.h"
#include "tests/relay/tampers.h"

#define assert_ok(call) assert_int_equal((call), PROTO_OK)

/* ---- the story, built once ---- */

static struct log_fixture shared;

static int build(void **state)
{
    char path[HOST_PATH_BYTES];

    (void)state;
    log_fixture_open(&shared);
    assert_true(host_path(path, "%s/state", shared.folder));
    setenv("XDG_STATE_HOME", path, 1);
    log_fixture_story(&shared);
    log_fixture_settle(&shared);
    log_fixture_keep(&shared);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    log_fixture_forget();
    log_fixture_close(&shared);
    return 0;
}

static int restore(void **state)
{
    (void)state;
    log_fixture_put_back(&shared);
    return 0;
}

/* ---- what every command stands on ---- */

struct seen {
    size_t sessions, wrong;
};

static enum proto_err visit(void *context, const struct audit_session *session, const struct audit_report *judged)
{
    struct seen *seen = context;

    seen->sessions++;
    seen->wrong += judged->wrong > 0 || session->incomplete;
    return PROTO_OK;
}

/* True: nothing is wrong, as far as list, report and export can tell. */
static bool looks_whole(const struct audit_filter *filter)
{
    struct audit_organisation o;
    struct seen seen = {0};
    char key[HOST_PATH_BYTES];

    assert_true(host_path(key, "%s/officer/evidence.key", shared.folder));
    assert_true(audit_open(&o, shared.folder, key));
    enum proto_err err = audit_each_session(&o, filter, visit, &seen);
    bool whole = !err && !seen.wrong && !audit_whole_report(&o)->wrong;
    audit_close(&o);
    return whole;
}

/* What these alter no list, minutes or export repeats, or tells in other words: they are for verify alone. */
static const char *const untold[] = {
    "an evidence line is taken from another entry",
    "an evidence line is cut",
    "an evidence line is longer",
    "an evidence line is emptied",
    "a commitment is stored otherwise",
    "a commitment is cut",
    "a customer's key gets the name of another",
    "a session's key gets the name of a customer",
    "a case is put in of a session that there never was",
    "a case is put in of a session that there is",
    "a case is put in of another customer",
};

static bool is_told(const char *sentence)
{
    for (size_t i = 0; i < sizeof untold / sizeof *untold; i++)
        if (!strcmp(untold[i], sentence))
            return false;
    return true;
}

static void what_verify_names_no_list_passes_over(void **state)
{
    static const struct audit_filter all = {.since_ms = INT64_MIN, .until_ms = INT64_MAX};
    size_t silent = 0;

    assert_true(looks_whole(&all));
    for (size_t i = 0; i < sizeof tampers / sizeof *tampers; i++) {
        restore(state);
        log_fixture_alter(&shared, tampers[i].in_keys ? "keys.db" : "relay.db", tampers[i].sql);
        if (looks_whole(&all) != is_told(tampers[i].sentence))
            continue;
        print_message("%s: %s\n", is_told(tampers[i].sentence) ? "SILENT" : "told", tampers[i].sentence);
        silent++;
    }
    assert_int_equal(silent, 0);
}

static void a_row_that_was_altered_rules_no_session_out(void **state)
{
    static const struct {
        struct audit_filter filter;
        const char *sql;
    } rows[] = {
        {{.customer = "C-1001"}, "UPDATE session SET customer_ref='C-1002' WHERE ticket_ref='T-77'"},
        {{.agent = "ada"}, "UPDATE session SET agent_id='bob',agent_name='Bob' WHERE ticket_ref='T-77'"},
        {{.outcome = AUDIT_ENDED_SO, .ended = "completed"},
         "UPDATE session SET ended_reason='declined' WHERE ticket_ref='T-77'"},
        {{.outcome = AUDIT_LIVE}, "UPDATE session SET state=3,ended_reason='failed' WHERE ticket_ref='T-78'"},
        {{.since_ms = LOG_FIXTURE_BEGIN_MS},
         "UPDATE session SET created_ms=created_ms-99999999 WHERE ticket_ref='T-77'"},
        {{.outcome = AUDIT_REFUSED}, "UPDATE entry SET evidence=NULL WHERE sid IN (SELECT sid FROM session)"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct audit_filter filter = rows[i].filter;
        filter.since_ms = filter.since_ms ? filter.since_ms : INT64_MIN;
        filter.until_ms = INT64_MAX;
        restore(state);
        assert_true(looks_whole(&filter));
        log_fixture_alter(&shared, "relay.db", rows[i].sql);
        print_message("%s\n", rows[i].sql);
        assert_false(looks_whole(&filter));
    }
}

/* ---- in words ---- */

#define WITH_KEY "--dir %s --key %s/officer/evidence.key", shared.folder, shared.folder
#define FIRST_SESSION_GOES                                                                                             \
    "UPDATE entry SET evidence=NULL WHERE sid=(SELECT sid FROM session WHERE ticket_ref='T-77');"                      \
    "DELETE FROM session WHERE ticket_ref='T-77'"

static void a_session_that_is_gone_is_missed_by_every_command(void **state)
{
    static const char *const commands[] = {
        "list",       "list --json", "report", "export --format jsonl", "export --format csv", "export --format html",
        "tail --once"};
    char sid[9] = "", text[64];
    int code;

    restore(state);
    memcpy(sid, log_fixture_first_sid, 8);
    log_fixture_alter(&shared, "relay.db", FIRST_SESSION_GOES);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        const char *out = audit_tool_run(&shared, &code, "%s --dir %s --key %s/officer/evidence.key", commands[i],
                                         shared.folder, shared.folder);
        print_message("%s\n", commands[i]);
        assert_int_equal(code, 1);
        assert_non_null(strstr(out, log_fixture_first_sid));
        assert_non_null(strstr(out, "a note that it was erased"));
    }
    audit_tool_expect(&shared, 1, "1 session is not counted: gone with", "report " WITH_KEY);
    audit_tool_expect(&shared, 1, "\"missing_sessions\":1,", "report --json " WITH_KEY);
    audit_tool_expect(&shared, 1, "a note that it was erased", "list --dir %s", shared.folder);
    snprintf(text, sizeof text, "%s: is missing: it has no row", log_fixture_first_sid);
    audit_tool_expect(&shared, 1, text, "show %s --dir %s --key %s/officer/evidence.key", sid, shared.folder,
                      shared.folder);
    audit_tool_expect(&shared, 1, text, "prove %s -o %s/proofs --dir %s --key %s/officer/evidence.key", sid,
                      shared.folder, shared.folder, shared.folder);
    /* what another session said is whole */
    audit_tool_expect(&shared, 0, "Verified", "show %s --dir %s --key %s/officer/evidence.key", "a22a", shared.folder,
                      shared.folder);
}

/* It holds, and it is nobody's: the organisation's note does not name its key. */
static void a_log_under_a_key_of_nobody_is_told_by_every_command(void **state)
{
    static const char *const commands[] = {
        "list",       "list --json", "report", "export --format jsonl", "export --format csv", "export --format html",
        "tail --once"};
    uint8_t public_key[32], secret_key[64], seed[32];
    char path[HOST_PATH_BYTES];
    struct proto_note_key key;
    struct proto_buf vkey, kept;

    restore(state);
    randombytes_buf(seed, sizeof seed);
    proto_sign_keypair(public_key, secret_key, seed);
    assert_ok(proto_note_key_init(&key, LOG_FIXTURE_ORIGIN, public_key));
    proto_buf_init(&vkey, PROTO_ORG_VKEY_BYTES + 1);
    proto_note_key_format(&key, &vkey);
    assert_true(host_path(path, "%s/relay/log.vkey", shared.folder));
    proto_buf_init(&kept, PROTO_ORG_VKEY_BYTES + 1);
    assert_ok(host_file_read(path, &kept));
    assert_ok(host_file_write(path, vkey.bytes, vkey.len, HOST_PRIVATE));
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        audit_tool_expect(&shared, 1, "a log key that org.note names", "%s --dir %s --key %s/officer/evidence.key",
                          commands[i], shared.folder, shared.folder);
    assert_ok(host_file_write(path, kept.bytes, kept.len, HOST_PRIVATE));
    proto_buf_free(&kept);
    proto_buf_free(&vkey);
}

/* One that does not open hides none of those behind it. */
static void one_damaged_entry_hides_no_other(void **state)
{
    int code;

    restore(state);
    log_fixture_alter(&shared, "relay.db", "UPDATE entry SET evidence=randomblob(length(evidence)) WHERE idx=3");
    const char *out = audit_tool_run(&shared, &code, "show 4f2a " WITH_KEY);
    assert_int_equal(code, 1);
    assert_non_null(strstr(out, "NO. entry 3, table entry, column evidence"));
    assert_non_null(strstr(out, "The session ended"));
    assert_null(strstr(out, "not yet"));
}

/* A new log, and a session in it that somebody has joined. */
/* ---- stories that hold together, and are not what they seem ---- */

static void what_an_agent_does_without_a_consent_is_found(void **state)
{
    static const enum proto_act acts[] = {PROTO_ACT_RECORDING_STARTED, PROTO_ACT_RECORDING_STOPPED,
                                          PROTO_ACT_STILL_TAKEN, PROTO_ACT_COMMAND_EXECUTED, PROTO_ACT_VIEWING_STARTED};

    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
        struct log_fixture f;
        struct log_session s;
        audit_tool_join(&f, &s, "");
        log_session_grant(&f, &s, PROTO_CAPABILITY_DEVICE_STATE, "to see why", 0);
        log_session_agent_event(&f, &s, acts[i], PROTO_CAPABILITY_RECORDING);
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        audit_tool_verify(&f, 1, "a consent to Recording that stood in the log before");
    }
}

static void what_an_agent_does_long_after_the_consent_is_found(void **state)
{
    struct log_fixture f;
    struct log_session s;

    (void)state;
    audit_tool_join(&f, &s, "");
    log_session_grant(&f, &s, PROTO_CAPABILITY_RECORDING, "to keep it", 60);
    log_fixture_pass(&f, 120); /* the note waited while the line was down */
    log_session_agent_event(&f, &s, PROTO_ACT_RECORDING_STARTED, PROTO_CAPABILITY_RECORDING);
    audit_tool_expect(&f, 0, "nothing is wrong", "verify --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    log_fixture_pass(&f, 3600);
    log_session_agent_event(&f, &s, PROTO_ACT_RECORDING_STARTED, PROTO_CAPABILITY_RECORDING);
    log_session_end(&f, &s, PROTO_END_COMPLETED);
    log_fixture_settle(&f);
    audit_tool_expect(&f, 1, "a consent to Recording in force", "verify --dir %s --key %s/officer/evidence.key",
                      f.folder, f.folder);
    log_fixture_close(&f);
}

/* A note that waits for the line says when it was written: a few minutes of grace are for it, and for nothing new. */
static void what_an_agent_does_soon_after_the_consent_is_found_by_its_own_time(void **state)
{
    (void)state;
    for (int waits = 0; waits < 2; waits++) {
        struct log_fixture f;
        struct log_session s;
        audit_tool_join(&f, &s, "");
        log_session_grant(&f, &s, PROTO_CAPABILITY_RECORDING, "to keep it", 0);
        log_session_agent_event(&f, &s, PROTO_ACT_RECORDING_STARTED, PROTO_CAPABILITY_RECORDING);
        log_session_answer(&f, &s, PROTO_STATEMENT_WITHDRAW, PROTO_CAPABILITY_RECORDING, "");
        log_fixture_pass(&f, 14 * 60);
        f.spoil.ago_s = waits ? 14 * 60 : 0;
        log_session_agent_event(&f, &s, PROTO_ACT_RECORDING_STARTED, PROTO_CAPABILITY_RECORDING);
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        audit_tool_verify(&f, !waits, waits ? "nothing is wrong" : "a consent to Recording in force");
    }
}

static void a_stop_that_no_officer_signed_is_found(void **state)
{
    struct log_fixture f;
    struct log_session s;

    (void)state;
    audit_tool_join(&f, &s, "");
    log_session_end(&f, &s, PROTO_END_STOPPED_BY_OFFICER);
    log_fixture_settle(&f);
    audit_tool_expect(&f, 1, "the note of the officer who stopped this session",
                      "verify --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    audit_tool_expect(&f, 1, "DOES NOT HOLD", "list --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    log_fixture_close(&f);
}

static void nobody_joins_twice_and_nothing_is_allowed_after_the_end(void **state)
{
    (void)state;
    for (int joins = 0; joins < 2; joins++) {
        struct log_fixture f;
        struct log_session s;
        audit_tool_join(&f, &s, "");
        if (joins)
            log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "code", NULL);
        log_session_answer(&f, &s, PROTO_STATEMENT_END, PROTO_CAPABILITY_NONE, "");
        if (!joins)
            log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see", 0);
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        audit_tool_verify(&f, 1, joins ? "another who joined" : "no consent after entry 2");
    }
}

/* Ten Chinese letters fill a detail of the relay's note: what is behind them is in its hash. */
static void a_long_reference_is_held_to_its_end(void **state)
{
    static const char reference[] = "\u7b2c\u4e00\u516c\u53f8\u5317\u4eac\u5206\u516c\u53f8\u5f20\u4e09\u5148\u751f";

    (void)state;
    for (int altered = 0; altered < 2; altered++) {
        struct log_fixture f;
        struct log_session s;
        log_fixture_open(&f);
        log_session_begin(&f, &s, reference, "");
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        log_fixture_settle(&f);
        if (altered)
            log_fixture_alter(&f, "relay.db",
                              "UPDATE session SET customer_ref=substr(customer_ref,1,length(customer_ref)-1)"
                              "||'x'");
        audit_tool_expect(&f, altered, altered ? "customer_ref" : "nothing is wrong",
                          "verify --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
        log_fixture_close(&f);
    }
}

/* And which of them: the relay's word is held to whose signature it is. */
static void a_stop_names_the_officer_who_signed_it(void **state)
{
    (void)state;
    for (int lies = 0; lies < 2; lies++) {
        struct log_fixture f;
        struct log_session s;
        audit_tool_join(&f, &s, "");
        log_fixture_stopped(&f, &s, &f.officer);
        s.stopped_by = lies ? "00112233445566778899aabbccddeeff" : f.officer.identity.serial;
        log_session_end(&f, &s, PROTO_END_STOPPED_BY_OFFICER);
        audit_tool_verify(&f, lies, lies ? "who signed entry 2, which stopped this session" : "nothing is wrong.");
    }
}

/* Nobody watches beside the one who was allowed to, and nothing is counted twice. */
static void what_passes_goes_to_whom_the_way_was_opened_and_stops_once(void **state)
{
    (void)state;
    for (int twice = 0; twice < 2; twice++) {
        struct log_fixture f;
        struct log_session s;
        audit_tool_join(&f, &s, "");
        log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see", 0);
        log_session_show(&f, &s, PROTO_CAPABILITY_CAMERA, "5");
        f.spoil.bare = true;
        log_session_event(&f, &s, PROTO_ACT_STOPPED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "5", "frames", "10",
                          "bytes", "1000", "dst", twice ? "2" : "7", NULL);
        f.spoil.bare = false;
        if (twice)
            log_session_hide(&f, &s, PROTO_CAPABILITY_CAMERA, "5", "10", "1000");
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        audit_tool_verify(&f, 1, twice ? "to have stopped once" : "to whom entry");
    }
}

static void a_consent_to_other_words_than_stood_on_the_sheet_is_found(void **state)
{
    (void)state;
    for (int other = 0; other < 2; other++) {
        struct log_fixture f;
        struct log_session s;
        audit_tool_join(&f, &s, "");
        f.spoil.shown = other;
        log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see", 0);
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        audit_tool_verify(&f, other, other ? "a `ui` of the words that this statement has" : "nothing is wrong.");
    }
}

/* The officer believes that it is forbidden since. */
static void a_policy_that_the_relay_never_took_is_told(void **state)
{
    static const uint8_t hash[32] = {9};

    (void)state;
    for (int taken = 0; taken < 2; taken++) {
        struct log_fixture f;
        int code;
        log_fixture_open(&f);
        log_fixture_signed_policy(&f, 9);
        if (taken)
            log_fixture_took(&f, 9, hash);
        log_fixture_settle(&f);
        const char *out =
            audit_tool_run(&f, &code, "verify --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
        assert_int_equal(strstr(out, "has not put it in") != NULL, !taken);
        log_fixture_close(&f);
    }
}

/* The agent's own signed note, and a relay that leaves out its own. */
static void what_an_agent_saw_and_the_relay_does_not_tell_is_found(void **state)
{
    (void)state;
    for (int told = 0; told < 2; told++) {
        struct log_fixture f;
        struct log_session s;
        audit_tool_join(&f, &s, "");
        log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see", 0);
        if (told)
            log_session_show(&f, &s, PROTO_CAPABILITY_CAMERA, "5");
        log_session_agent_event(&f, &s, PROTO_ACT_VIEWING_STARTED, PROTO_CAPABILITY_CAMERA);
        if (told)
            log_session_hide(&f, &s, PROTO_CAPABILITY_CAMERA, "5", "10", "1000");
        log_session_end(&f, &s, PROTO_END_COMPLETED);
        audit_tool_verify(&f, !told,
                          told ? "nothing is wrong." : "the relay's notes of what the agent had on the screen");
    }
}

enum { WHEN_STOPPED, GOES_ON, ENDED_OTHERWISE, ENDED_LATE, NEVER_ENDED };

/* A camera is on; an officer stops the session, and the relay does as `then` says. */
static void stop_a_session(int then, const char *found)
{
    struct log_fixture f;
    struct log_session s, other;

    audit_tool_join(&f, &s, "");
    log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    log_session_show(&f, &s, PROTO_CAPABILITY_CAMERA, "5");
    log_fixture_stopped(&f, &s, &f.officer);
    s.stopped_by = f.officer.identity.serial;
    f.now_ms += then == GOES_ON ? 600000 : 1000;
    log_session_hide(&f, &s, PROTO_CAPABILITY_CAMERA, "5", "10", "1000");
    if (then == ENDED_LATE)
        f.now_ms += 600000;
    if (then != NEVER_ENDED)
        log_session_end(&f, &s, then == ENDED_OTHERWISE ? PROTO_END_COMPLETED : PROTO_END_STOPPED_BY_OFFICER);
    f.now_ms += 900000;
    log_session_begin(&f, &other, "", "");
    log_fixture_settle(&f);
    audit_tool_expect(&f, then != WHEN_STOPPED, found, "verify --dir %s --key %s/officer/evidence.key", f.folder,
                      f.folder);
    audit_tool_expect(&f, then != WHEN_STOPPED, then == WHEN_STOPPED ? "" : "DOES NOT HOLD",
                      "list --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    log_fixture_close(&f);
}

static void a_stop_that_the_relay_does_not_follow_is_found(void **state)
{
    (void)state;
    stop_a_session(WHEN_STOPPED, "nothing is wrong");
    stop_a_session(GOES_ON, "nothing to be passed on after entry");
    stop_a_session(ENDED_OTHERWISE, "is an officer's stop of this session");
    stop_a_session(ENDED_LATE, "the end within minutes of entry");
    stop_a_session(NEVER_ENDED, "a session that goes on");
}

/* As a relay does that runs: sessions go on between any two reads. */
static enum proto_err visit_and_write(void *context, const struct audit_session *session,
                                      const struct audit_report *judged)
{
    struct log_fixture *f = context;
    static struct log_session s;

    if (judged->wrong || session->incomplete)
        return PROTO_ERR_STATE;
    log_session_begin(f, &s, "", "");
    log_session_event(f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_session_grant(f, &s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    log_session_end(f, &s, PROTO_END_COMPLETED);
    return PROTO_OK;
}

static void a_log_that_grows_while_it_is_listed_is_whole(void **state)
{
    static const struct audit_filter all = {.since_ms = INT64_MIN, .until_ms = INT64_MAX};
    struct audit_organisation o;
    struct log_fixture f;
    struct log_session s;
    char key[HOST_PATH_BYTES], path[HOST_PATH_BYTES];

    (void)state;
    log_fixture_open(&f);
    assert_true(host_path(path, "%s/state", f.folder));
    setenv("XDG_STATE_HOME", path, 1);
    for (int i = 0; i < 8; i++) {
        log_session_begin(&f, &s, "", "");
        log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    }
    assert_true(host_path(key, "%s/officer/evidence.key", f.folder));
    assert_true(audit_open(&o, f.folder, key));
    assert_true(audit_whole_know(&o)); /* and from here on the log is another */
    log_session_grant(&f, &s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    log_session_end(&f, &s, PROTO_END_COMPLETED);
    assert_ok(audit_each_session(&o, &all, visit_and_write, &f));
    assert_int_equal(audit_whole_report(&o)->wrong, 0);
    audit_close(&o);
    log_fixture_settle(&f);
    log_fixture_close(&f);
    assert_true(host_path(path, "%s/state", shared.folder));
    setenv("XDG_STATE_HOME", path, 1);
}

/* The second session of the story has no line of the agent. */
static void a_session_that_the_relay_alone_tells_is_told_so(void **state)
{
    restore(state);
    audit_tool_expect(&shared, 0, "1 session rests on the relay's word alone", "verify " WITH_KEY);
    audit_tool_expect(&shared, 0, "\"relays_word\":1", "verify --json " WITH_KEY);
    audit_tool_expect(&shared, 0, "; on the relay's word alone", "list " WITH_KEY);
    audit_tool_expect(&shared, 0, "Only by     the relay", "show a22a " WITH_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(what_verify_names_no_list_passes_over, restore),
        cmocka_unit_test_teardown(a_row_that_was_altered_rules_no_session_out, restore),
        cmocka_unit_test_teardown(one_damaged_entry_hides_no_other, restore),
        cmocka_unit_test(what_an_agent_does_without_a_consent_is_found),
        cmocka_unit_test(what_an_agent_does_long_after_the_consent_is_found),
        cmocka_unit_test(what_an_agent_does_soon_after_the_consent_is_found_by_its_own_time),
        cmocka_unit_test(a_stop_that_no_officer_signed_is_found),
        cmocka_unit_test(a_stop_names_the_officer_who_signed_it),
        cmocka_unit_test(nobody_joins_twice_and_nothing_is_allowed_after_the_end),
        cmocka_unit_test(a_long_reference_is_held_to_its_end),
        cmocka_unit_test(a_stop_that_the_relay_does_not_follow_is_found),
        cmocka_unit_test(what_an_agent_saw_and_the_relay_does_not_tell_is_found),
        cmocka_unit_test(what_passes_goes_to_whom_the_way_was_opened_and_stops_once),
        cmocka_unit_test(a_consent_to_other_words_than_stood_on_the_sheet_is_found),
        cmocka_unit_test(a_policy_that_the_relay_never_took_is_told),
        cmocka_unit_test(a_log_that_grows_while_it_is_listed_is_whole),
        cmocka_unit_test_teardown(a_session_that_the_relay_alone_tells_is_told_so, restore),
        cmocka_unit_test_teardown(a_session_that_is_gone_is_missed_by_every_command, restore),
        cmocka_unit_test(a_log_under_a_key_of_nobody_is_told_by_every_command),
    };

    return cmocka_run_group_tests(tests, build, tear_down);
}
