/* SPDX-License-Identifier: Apache-2.0 */
/* What a verification costs, counted at the library; that many threads find what one does; and what is remembered. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <sodium.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/files.h"
#include "relay/audit/folder_notes.h"
#include "relay/audit/remembered.h"
#include "relay/audit/verify.h"
#include "tests/relay/audit_tool.h"

#define assert_ok(call) assert_int_equal((call), PROTO_OK)
#define NOW_MS (LOG_FIXTURE_BEGIN_MS + 3600 * 1000)
enum {
    MORE_SESSIONS = 40,
    OF_A_CERTIFICATE = 6, /* judged at three times, however many sessions; two signatures each */
};

/* ---- calls, counted by the linker's --wrap ---- */

static atomic_ulong signatures, unsealings;

int __real_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *m, unsigned long long len,
                                       const unsigned char *key);
int __wrap_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *m, unsigned long long len,
                                       const unsigned char *key);
int __wrap_crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *m, unsigned long long len,
                                       const unsigned char *key)
{
    signatures++;
    return __real_crypto_sign_verify_detached(signature, m, len, key);
}

int __real_crypto_box_seal_open(unsigned char *m, const unsigned char *c, unsigned long long len,
                                const unsigned char *pk, const unsigned char *sk);
int __wrap_crypto_box_seal_open(unsigned char *m, const unsigned char *c, unsigned long long len,
                                const unsigned char *pk, const unsigned char *sk);
int __wrap_crypto_box_seal_open(unsigned char *m, const unsigned char *c, unsigned long long len,
                                const unsigned char *pk, const unsigned char *sk)
{
    unsealings++;
    return __real_crypto_box_seal_open(m, c, len, pk, sk);
}

/* ---- a log ---- */

static void add_session(struct log_fixture *f)
{
    struct log_session s;

    log_fixture_pass(f, 60);
    log_session_begin(f, &s, "C-2000", "");
    log_session_event(f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_session_grant(f, &s, PROTO_CAPABILITY_CAMERA, "to see it", 0);
    log_session_show(f, &s, PROTO_CAPABILITY_CAMERA, "3");
    log_session_agent_event(f, &s, PROTO_ACT_VIEWING_STARTED, PROTO_CAPABILITY_CAMERA);
    log_session_hide(f, &s, PROTO_CAPABILITY_CAMERA, "3", "10", "1000");
    log_session_answer(f, &s, PROTO_STATEMENT_WITHDRAW, PROTO_CAPABILITY_CAMERA, "");
    log_session_answer(f, &s, PROTO_STATEMENT_END, PROTO_CAPABILITY_NONE, "");
    log_session_end(f, &s, PROTO_END_COMPLETED);
}

static void make_log(struct log_fixture *f, int sessions)
{
    log_fixture_open(f);
    log_fixture_story(f);
    for (int i = 0; i < sessions; i++)
        add_session(f);
}

static struct audit_verified *verify_as(const struct log_fixture *f, struct audit_log_plan plan, bool from_relay)
{
    struct audit_verified *v = calloc(1, sizeof *v);
    struct audit_organisation o;
    char key[HOST_PATH_BYTES];

    assert_non_null(v);
    v->plan = plan;
    assert_true(host_path(key, "%s/officer/evidence.key", f->folder));
    assert_true(audit_open(&o, f->folder, key));
    o.is_copy = from_relay;
    signatures = unsealings = 0;
    assert_ok(audit_verify_all(&o, v, NOW_MS));
    audit_close(&o);
    return v;
}

static struct audit_verified *verify(const struct log_fixture *f, struct audit_log_plan plan)
{
    return verify_as(f, plan, false);
}

static void drop(struct audit_verified *v)
{
    audit_log_clear(&v->log);
    free(v);
}

/* ---- what it costs ---- */

static void no_signature_is_checked_and_no_seal_opened_twice(void **state)
{
    struct log_fixture f;

    (void)state;
    make_log(&f, MORE_SESSIONS);
    log_fixture_settle(&f);
    struct audit_verified *v = verify(&f, (struct audit_log_plan){0});
    assert_int_equal(v->report.wrong, 0);
    assert_int_equal(v->report.signatures + OF_A_CERTIFICATE, signatures);
    assert_int_equal(v->report.opened, unsealings);
    assert_int_equal(unsealings, v->log.size);
    /* each entry's evidence line, each note, the agent's line under all statements but the lone one, two checkpoints */
    uint64_t cosigned = 3 * MORE_SESSIONS + 5;
    assert_int_equal(v->report.signatures, v->log.size + v->report.notes + cosigned + 2);
    drop(v);
    log_fixture_close(&f);
}

static void one_thread_and_many_find_the_same(void **state)
{
    static const unsigned threads[] = {1, 2, 7};
    struct audit_verified *found[3];
    struct log_fixture f;

    (void)state;
    make_log(&f, MORE_SESSIONS);
    log_fixture_settle(&f);
    log_fixture_alter(&f, "relay.db",
                      "UPDATE entry SET evidence=(SELECT evidence FROM entry WHERE idx=3) WHERE idx IN (40,90,300);"
                      "UPDATE session SET ended_reason='declined' WHERE rowid%7=3");
    for (size_t i = 0; i < 3; i++)
        found[i] = verify(&f, (struct audit_log_plan){.threads = threads[i]});
    assert_true(found[0]->report.wrong > 5);
    for (size_t i = 1; i < 3; i++)
        assert_memory_equal(&found[0]->report, &found[i]->report, sizeof found[0]->report);
    for (size_t i = 0; i < 3; i++)
        drop(found[i]);
    log_fixture_close(&f);
}

/* ---- what is remembered ---- */

static struct audit_seen_tree seen_of(const struct audit_verified *v)
{
    struct audit_seen_tree seen = {.size = v->log.size};

    memcpy(seen.root, v->log.root, sizeof seen.root);
    return seen;
}

static void a_later_verification_reads_only_what_is_new(void **state)
{
    struct log_fixture f;

    (void)state;
    make_log(&f, MORE_SESSIONS);
    struct audit_verified *before = verify(&f, (struct audit_log_plan){0});
    struct audit_seen_tree seen = seen_of(before);
    add_session(&f);
    struct audit_verified *after = verify(&f, (struct audit_log_plan){.from = seen, .seen = seen});
    assert_int_equal(after->report.wrong, 0);
    assert_int_equal(after->report.entries, after->log.size - before->log.size);
    assert_int_equal(after->judged, 2); /* the new one, and the one that has not ended, of one entry */
    assert_int_equal(after->report.sound_sessions, 2);
    assert_int_equal(after->report.sessions, before->report.sessions + 1);
    assert_int_equal(unsealings, after->report.entries + 1);
    drop(before);
    drop(after);
    log_fixture_close(&f);
}

/* Nothing new is in it, and that is what is wrong: it has no end, goes on though an officer stopped it, or its row says
 * that it ended. */
static void what_does_not_come_is_missed_by_a_later_verification(void **state)
{
    enum { NO_END, STOPPED, ENDED_BY_ITS_ROW, CASES };

    (void)state;
    for (int i = 0; i < CASES; i++) {
        struct log_fixture f;
        struct log_session s;
        log_fixture_open(&f);
        log_session_begin(&f, &s, "", "");
        log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
        struct audit_verified *before = verify(&f, (struct audit_log_plan){0});
        assert_int_equal(before->report.wrong, 0);
        struct audit_seen_tree seen = seen_of(before);
        if (i == STOPPED)
            log_fixture_stopped(&f, &s, &f.officer);
        for (int n = 0; n < (i == NO_END ? 30 : 1); n++) {
            log_fixture_pass(&f, 600);
            add_session(&f);
        }
        if (i == ENDED_BY_ITS_ROW)
            log_fixture_alter(&f, "relay.db",
                              "UPDATE session SET state=3, ended_reason='completed' WHERE hex(sid) LIKE '4F2A%'");
        struct audit_verified *after =
            verify(&f, (struct audit_log_plan){.from = seen, .seen = seen, .open = &before->open});
        assert_int_equal(after->report.wrong, 1);
        assert_string_equal(after->report.findings[0].column, "state");
        assert_memory_equal(after->report.findings[0].sid, s.row.sid, sizeof s.row.sid);
        drop(before);
        drop(after);
        log_fixture_close(&f);
    }
}

static void what_is_new_is_held_to_the_rules(void **state)
{
    struct log_fixture f;
    struct log_session s;

    (void)state;
    make_log(&f, 1);
    log_session_begin(&f, &s, "", "");
    struct audit_verified *before = verify(&f, (struct audit_log_plan){0});
    struct audit_seen_tree seen = seen_of(before);
    log_session_event(&f, &s, PROTO_ACT_STARTED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "3", NULL);
    uint64_t at = f.entry;
    log_session_end(&f, &s, PROTO_END_COMPLETED);
    struct audit_verified *after = verify(&f, (struct audit_log_plan){.from = seen, .seen = seen});
    assert_true(after->report.wrong > 0);
    assert_int_equal(after->report.findings[0].entry, at);
    drop(before);
    drop(after);
    log_fixture_close(&f);
}

static void a_log_that_does_not_continue_the_one_before_is_found(void **state)
{
    struct audit_verified *v;
    struct log_fixture f;

    (void)state;
    make_log(&f, 2);
    log_fixture_settle(&f);
    v = verify(&f, (struct audit_log_plan){0});
    struct audit_seen_tree seen = seen_of(v), other = seen, larger = seen;
    drop(v);
    other.root[0] ^= 1;
    larger.size++;
    const struct audit_log_plan plans[] = {
        {.seen = other}, {.seen = larger}, {.from = other, .seen = other}, {.from = larger, .seen = larger}};
    for (size_t i = 0; i < 4; i++) {
        v = verify(&f, plans[i]);
        assert_true(v->report.wrong > 0);
        drop(v);
    }
    log_fixture_close(&f);
}

static void old_tiles_that_were_altered_are_found_though_nothing_old_is_read(void **state)
{
    struct log_fixture f;

    (void)state;
    make_log(&f, MORE_SESSIONS);
    struct audit_verified *v = verify(&f, (struct audit_log_plan){0});
    struct audit_seen_tree seen = seen_of(v);
    drop(v);
    log_fixture_settle(&f);
    log_fixture_alter(&f, "relay.db", "UPDATE tile SET hashes=zeroblob(length(hashes)) WHERE rowid=0 OR rowid=1");
    v = verify(&f, (struct audit_log_plan){.from = seen, .seen = seen});
    assert_true(v->report.wrong > 0);
    assert_string_equal(v->report.findings[0].table, "tile");
    drop(v);
    log_fixture_close(&f);
}

static void the_program_remembers_and_notices_an_older_copy(void **state)
{
    char command[HOST_PATH_BYTES * 4];
    struct log_fixture f;

    (void)state;
    make_log(&f, 1);
    const char *d = f.folder;
    snprintf(command, sizeof command, "cp -r %s/data %s/old && cp %s/relay/checkpoint %s/old.checkpoint", d, d, d, d);
    assert_int_equal(system(command), 0);
    audit_tool_expect(&f, 0, "nothing is wrong.", "verify --dir %s --key %s/officer/evidence.key", d, d);
    audit_tool_expect(&f, 0, "\"from\":0", "verify --json --dir %s --key %s/officer/evidence.key", d, d);
    audit_tool_expect(&f, 0, "were verified here before", "verify --quick --dir %s --key %s/officer/evidence.key", d,
                      d);
    audit_tool_expect(&f, 0, "35 of 35 read", "verify --full --dir %s --key %s/officer/evidence.key", d, d);
    snprintf(command, sizeof command,
             "sed -i 's/^leaves [0-9]* /leaves 36 /; s/^notes [0-9]* /notes 36 /' %s/state/handhold/audit/*.seen && "
             "test $(stat -c %%a %s/state/handhold/audit/*.seen) = 600",
             d, d);
    assert_int_equal(system(command), 0);
    audit_tool_expect(&f, 1, "an older copy was put back", "verify --dir %s", d);
    snprintf(command, sizeof command, "echo nonsense > $(echo %s/state/handhold/audit/*.seen)", d);
    assert_int_equal(system(command), 0);
    audit_tool_expect(&f, 1, "is not what this program writes there", "verify --dir %s", d);
    log_fixture_close(&f);
}

/* ---- a verification that is interrupted ---- */

enum { MARKS_MAX = 16 };

/* What would have been remembered, had it been interrupted at each of these. */
static struct {
    struct audit_remembered now, mark[MARKS_MAX];
    size_t count;
} reached;

static void take_reached(void *context, const struct audit_reached *mark)
{
    (void)context;
    assert_true(audit_remembered_reach(&reached.now, mark));
    assert_true(reached.count < MARKS_MAX);
    reached.mark[reached.count++] = reached.now;
}

static struct audit_verified *verify_first(const struct log_fixture *f)
{
    memset(&reached, 0, sizeof reached);
    return verify(f, (struct audit_log_plan){.reached = take_reached, .reached_every = 1});
}

static struct audit_verified *go_on(const struct log_fixture *f, const struct audit_remembered *seen)
{
    struct audit_log_plan plan = {.seen = seen->leaves};

    audit_remembered_plan(seen, true, &plan);
    return verify(f, plan);
}

static void an_interrupted_verification_goes_on_where_it_was(void **state)
{
    struct log_fixture f;
    uint64_t before;

    (void)state;
    make_log(&f, MORE_SESSIONS);
    struct audit_verified *whole = verify_first(&f);
    assert_int_equal(whole->report.wrong, 0);
    assert_true(reached.count >= 3);
    assert_false(reached.mark[0].row.set);                /* among the entries */
    assert_true(reached.mark[reached.count - 1].row.set); /* among the sessions */
    before = whole->report.signatures;
    for (size_t i = 0; i < reached.count; i++) {
        struct audit_verified *rest = go_on(&f, &reached.mark[i]);
        assert_int_equal(rest->report.wrong, 0);
        assert_int_equal(rest->report.sessions, whole->report.sessions);
        assert_true(rest->report.signatures < before); /* each time less is left */
        before = rest->report.signatures;
        drop(rest);
    }
    struct log_session s = {.ride_count = 0};
    log_session_begin(&f, &s, "C-3000", ""); /* what came meanwhile is judged, wherever its row stands */
    log_session_event(&f, &s, PROTO_ACT_STARTED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "3", NULL);
    uint64_t at = f.entry;
    for (size_t i = 0; i < reached.count; i++) {
        struct audit_verified *rest = go_on(&f, &reached.mark[i]);
        assert_true(rest->report.wrong > 0);
        assert_int_equal(rest->report.findings[0].entry, at);
        drop(rest);
    }
    drop(whole);
    log_fixture_close(&f);
}

static void what_was_not_reached_is_found_afterwards(void **state)
{
    static const struct {
        const char *damage, *undo;
    } rows[] = {
        /* what the first walk leaves to the reading of its session */
        {"UPDATE place SET c=zeroblob(32) WHERE idx=3",
         "UPDATE place SET c=(SELECT c FROM entry WHERE idx=3) WHERE idx=3"},
        {"UPDATE entry SET received_ms=received_ms+120000 WHERE idx=400",
         "UPDATE entry SET received_ms=received_ms-120000 WHERE idx=400"},
        {"UPDATE session SET ended_reason='declined' WHERE created_ms=(SELECT MAX(created_ms) FROM session)",
         "UPDATE session SET ended_reason='completed' WHERE created_ms=(SELECT MAX(created_ms) FROM session)"},
    };
    struct log_fixture f;

    (void)state;
    make_log(&f, MORE_SESSIONS);
    drop(verify_first(&f));
    log_fixture_settle(&f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        log_fixture_alter(&f, "relay.db", rows[i].damage);
        struct audit_verified *rest = go_on(&f, &reached.mark[0]);
        assert_true(rest->report.wrong > 0);
        drop(rest);
        log_fixture_alter(&f, "relay.db", rows[i].undo);
    }
    struct audit_verified *rest = go_on(&f, &reached.mark[0]);
    assert_int_equal(rest->report.wrong, 0);
    drop(rest);
    log_fixture_close(&f);
}

static void nothing_is_remembered_behind_what_is_wrong(void **state)
{
    struct log_fixture f;

    (void)state;
    make_log(&f, MORE_SESSIONS);
    drop(verify_first(&f));
    struct audit_remembered whole = reached.mark[0];
    log_fixture_settle(&f);
    struct audit_seen_tree other = whole.leaves;
    other.root[0] ^= 1; /* another log was verified here before */
    memset(&reached, 0, sizeof reached);
    drop(verify(&f, (struct audit_log_plan){.seen = other, .reached = take_reached, .reached_every = 1}));
    assert_int_equal(reached.count, 0);
    log_fixture_alter(&f, "relay.db", "UPDATE entry SET received_ms=received_ms+120000 WHERE idx=3");
    drop(verify_first(&f));
    assert_int_equal(reached.count, 0);
    log_fixture_close(&f);
}

static void the_program_goes_on_from_what_is_remembered(void **state)
{
    struct audit_organisation o;
    char home[HOST_PATH_BYTES];
    struct log_fixture f;

    (void)state;
    make_log(&f, MORE_SESSIONS);
    drop(verify_first(&f));
    log_fixture_settle(&f);
    const char *d = f.folder;
    assert_true(host_path(home, "%s/state", d));
    setenv("XDG_STATE_HOME", home, 1);
    assert_true(audit_open(&o, d, NULL));
    assert_true(audit_remembered_save(&o, &reached.mark[reached.count - 1]));
    audit_close(&o);
    audit_tool_expect(&f, 0, "interrupted", "verify --quick --dir %s --key %s/officer/evidence.key", d, d);
    audit_tool_expect(&f, 0, "sessions without a newer entry were not judged again",
                      "verify --quick --dir %s --key %s/officer/evidence.key", d, d);
    log_fixture_close(&f);
}

static void the_relay_erases_by_itself_only_what_the_policy_lets_go(void **state)
{
    static const struct {
        const char *basis;
        size_t wrong;
    } notes[] = {
        {"policy 7: kept for 30 days", 2 + 3}, /* no such policy, no such age, and the three entries are there */
        {"policy 7: kept for 0 days", 1},
        {"policy 1: kept for 30 days", 1}, /* it has no end */
        {"asked for", 1}};

    (void)state;
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        struct log_fixture f;
        make_log(&f, 0);
        log_fixture_retain(&f, 0, 2, notes[i].basis);
        struct audit_verified *v = verify(&f, (struct audit_log_plan){.threads = 1});
        assert_int_equal(v->report.wrong, notes[i].wrong);
        drop(v);
        log_fixture_close(&f);
    }
}

static void a_clock_that_goes_back_is_told(void **state)
{
    struct log_fixture f;
    struct proto_log_seen before;

    (void)state;
    make_log(&f, 1);
    relay_appender_head(f.appender, &before);
    log_fixture_pass(&f, -1800);
    add_session(&f);
    struct audit_verified *v = verify(&f, (struct audit_log_plan){.threads = 1});
    assert_int_equal(v->report.wrong, 0);
    assert_int_equal(v->report.clock_back, 1);
    assert_true(v->report.clock_back_s > 1600 && v->report.clock_back_s <= 1800);
    assert_int_equal(v->report.clock_back_entry, before.size);
    drop(v);
    audit_tool_expect(&f, 0, "the log's times go back by", "verify --dir %s --key %s/officer/evidence.key", f.folder,
                      f.folder);
    log_fixture_close(&f);
}

/* ---- notes of the organisation that went back ---- */

static void expect_notes(const struct log_fixture *f, bool from_relay, size_t wrong, const char *table,
                         uint64_t policy_elsewhere)
{
    struct audit_verified *v = verify_as(f, (struct audit_log_plan){.threads = 1}, from_relay);

    assert_int_equal(v->report.wrong, wrong);
    if (table)
        assert_string_equal(v->report.findings[0].table, table);
    assert_int_equal(v->report.policy_elsewhere, policy_elsewhere);
    drop(v);
}

static void a_relay_that_serves_an_older_note_than_its_log_says_is_named(void **state)
{
    static const uint8_t other[32] = {1};
    struct log_fixture f;

    (void)state;
    make_log(&f, 1);
    log_fixture_taken(&f, PROTO_ACT_ORG_TAKEN, f.org.number, f.org.text_hash);
    log_fixture_taken(&f, PROTO_ACT_POLICY_TAKEN, f.policy.number, f.policy.text_hash);
    expect_notes(&f, true, 0, NULL, 0);
    log_fixture_taken(&f, PROTO_ACT_POLICY_TAKEN, f.policy.number + 3, other);
    expect_notes(&f, false, 0, NULL, f.policy.number + 3); /* it never comes to the authority by itself */
    expect_notes(&f, true, 1, "policy.note", 0);
    audit_tool_expect(&f, 0, "is in force at the relay by its log; the one in this folder is 1", "verify --dir %s",
                      f.folder);
    audit_tool_expect(&f, 0, "# NOT THE POLICY IN FORCE: policy 4 is in force at the relay by its log; the one in this",
                      "policy print --dir %s", f.folder);
    audit_tool_expect(&f, 0, "warning: policy 4 is in force at the relay by its log",
                      "policy print --dir %s -o %s/edit", f.folder, f.folder);
    audit_tool_expect(&f, 0, "\nPolicy 4 is in force at the relay by its log; the one in this folder is 1.",
                      "policy check %s/edit --dir %s", f.folder, f.folder);
    audit_tool_expect(&f, 0, "\"number\":1,\"in_force\":4", "policy check %s/edit --dir %s --json", f.folder, f.folder);
    log_fixture_taken(&f, PROTO_ACT_ORG_TAKEN, f.org.number, other); /* another of that number */
    expect_notes(&f, false, 1, "org.note", f.policy.number + 3);
    log_fixture_taken(&f, PROTO_ACT_ORG_TAKEN, f.org.number + 1, other);
    expect_notes(&f, true, 2, "org.note", 0);
    audit_tool_expect(&f, 0, "put number 2 of the organisation's note in force", "tail --once --dir %s", f.folder);
    log_fixture_close(&f);
}

/* A relay that was not given the newest org.note serves an older one, and so would one that hides a revocation. */
static void the_authoritys_own_note_counts_before_the_relays(void **state)
{
    struct audit_verified *v = calloc(1, sizeof *v);
    struct audit_organisation o;
    struct log_fixture f;
    char path[HOST_PATH_BYTES];

    (void)state;
    make_log(&f, 1);
    uint64_t served = f.org.number;
    assert_true(host_path(path, "%s/officer/evidence.key", f.folder));
    assert_true(audit_open(&o, f.folder, path));
    log_fixture_revoke(&f, &f.agent, LOG_FIXTURE_BEGIN_MS / 1000 - 8 * 86400);
    assert_true(host_path(path, "%s/ca/ca.crt", f.folder));
    audit_notes_of_authority(&o, path);
    assert_int_equal(o.org_served, served);
    assert_int_equal(o.org.number, served + 1);
    assert_ok(audit_verify_all(&o, v, NOW_MS));
    assert_int_equal(v->report.org_served, served);
    assert_non_null(strstr(v->report.findings[0].found, "revoked"));
    audit_close(&o);
    drop(v);
    log_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_relay_erases_by_itself_only_what_the_policy_lets_go),
        cmocka_unit_test(a_clock_that_goes_back_is_told),
        cmocka_unit_test(a_relay_that_serves_an_older_note_than_its_log_says_is_named),
        cmocka_unit_test(the_authoritys_own_note_counts_before_the_relays),
        cmocka_unit_test(no_signature_is_checked_and_no_seal_opened_twice),
        cmocka_unit_test(one_thread_and_many_find_the_same),
        cmocka_unit_test(a_later_verification_reads_only_what_is_new),
        cmocka_unit_test(what_does_not_come_is_missed_by_a_later_verification),
        cmocka_unit_test(what_is_new_is_held_to_the_rules),
        cmocka_unit_test(a_log_that_does_not_continue_the_one_before_is_found),
        cmocka_unit_test(old_tiles_that_were_altered_are_found_though_nothing_old_is_read),
        cmocka_unit_test(the_program_remembers_and_notices_an_older_copy),
        cmocka_unit_test(an_interrupted_verification_goes_on_where_it_was),
        cmocka_unit_test(what_was_not_reached_is_found_afterwards),
        cmocka_unit_test(nothing_is_remembered_behind_what_is_wrong),
        cmocka_unit_test(the_program_goes_on_from_what_is_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
