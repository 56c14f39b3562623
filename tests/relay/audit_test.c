/* SPDX-License-Identifier: Apache-2.0 */
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
#include <sys/stat.h>
#include <sys/wait.h>

#include "proto/host/files.h"
#include "relay/audit/verify.h"
#include "tests/relay/log_fixture.h"
#include "tests/relay/tampers.h"

#define assert_ok(call) assert_int_equal((call), PROTO_OK)
#define NOW_MS (LOG_FIXTURE_BEGIN_MS + 3600 * 1000)

static void expect(int code, const char *text, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- verifying ---- */

static struct audit_verified *verify(const struct log_fixture *f, bool with_key)
{
    struct audit_verified *v = calloc(1, sizeof *v);
    struct audit_organisation o;
    char key[HOST_PATH_BYTES];

    assert_non_null(v);
    assert_true(host_path(key, "%s/officer/evidence.key", f->folder));
    assert_true(audit_open(&o, f->folder, with_key ? key : NULL));
    assert_ok(audit_verify_all(&o, v, NOW_MS));
    audit_close(&o);
    return v;
}

static void tell(const struct audit_verified *v)
{
    char place[AUDIT_TEXT_MAX];

    for (size_t i = 0; i < v->report.wrong && i < AUDIT_FINDINGS_MAX; i++) {
        audit_place(&v->report.findings[i], place);
        print_message("  %s: expected %s; there is %s\n", place, v->report.findings[i].expected,
                      v->report.findings[i].found);
    }
}

static void assert_green(const struct log_fixture *f)
{
    struct audit_verified *v = verify(f, true);

    if (v->report.wrong)
        tell(v);
    assert_int_equal(v->report.wrong, 0);
    free(v);
}

/* The first finding is at this place; `entry` -1: of no entry. */
static void assert_wrong(const struct log_fixture *f, bool with_key, const char *table, const char *column, int entry)
{
    struct audit_verified *v = verify(f, with_key);
    const struct audit_finding *first = &v->report.findings[0];

    if (!v->report.wrong || strcmp(first->table, table) || strcmp(first->column, column))
        tell(v);
    assert_true(v->report.wrong > 0);
    assert_string_equal(first->table, table);
    assert_string_equal(first->column, column);
    assert_int_equal(first->has_entry ? (int)first->entry : -1, entry);
    assert_true(*first->expected && *first->found);
    free(v);
}

/* ---- altering ---- */

static sqlite3 *open_db(const struct log_fixture *f, const char *name)
{
    char path[HOST_PATH_BYTES];
    sqlite3 *db;

    assert_true(host_path(path, "%s/data/%s", f->folder, name));
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

#define FIRST_SESSION -1 /* as a row: the one that the story begins with */

static int64_t rowid_of_first(sqlite3 *db)
{
    sqlite3_stmt *ask;

    assert_int_equal(sqlite3_prepare_v2(db, "SELECT rowid FROM session WHERE ticket_ref='T-77'", -1, &ask, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(ask), SQLITE_ROW);
    int64_t row = sqlite3_column_int64(ask, 0);
    sqlite3_finalize(ask);
    return row;
}

/* Flips one bit of a value where it lies; the number of its bytes comes back. */
static int flip(const struct log_fixture *f, const char *table, const char *column, int64_t row, int at, int bit)
{
    sqlite3 *db = open_db(f, "relay.db");
    sqlite3_blob *blob = NULL;
    uint8_t byte;

    if (row == FIRST_SESSION)
        row = rowid_of_first(db);
    if (sqlite3_blob_open(db, "main", table, column, row, 1, &blob) != SQLITE_OK)
        fail_msg("%s.%s: %s", table, column, sqlite3_errmsg(db));
    int len = sqlite3_blob_bytes(blob);
    if (at < len) {
        assert_int_equal(sqlite3_blob_read(blob, &byte, 1, at), SQLITE_OK);
        byte = (uint8_t)(byte ^ 1 << bit);
        assert_int_equal(sqlite3_blob_write(blob, &byte, 1, at), SQLITE_OK);
    }
    assert_int_equal(sqlite3_blob_close(blob), SQLITE_OK);
    sqlite3_close(db);
    return len;
}

static struct log_fixture shared; /* the story, built once */

static int build(void **state)
{
    (void)state;
    log_fixture_open(&shared);
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

/* ---- green ---- */

static void an_untouched_log_verifies(void **state)
{
    struct audit_verified *v = verify(&shared, true);

    (void)state;
    if (v->report.wrong)
        tell(v);
    assert_int_equal(v->report.wrong, 0);
    assert_int_equal(v->report.sessions, 3);
    assert_int_equal(v->report.sound_sessions, 3);
    assert_int_equal(v->report.live, 1);
    assert_int_equal(v->report.entries, v->log.size);
    assert_int_equal(v->report.opened, v->log.size);
    assert_int_equal(v->report.notes, v->log.size + 1); /* the rekey rides */
    assert_int_equal(v->report.unchecked_lines, 0);
    assert_int_equal(v->report.lone_notes, 1);
    /* Two checkpoints; a line for each entry's evidence; one for each note, the rekey too; and the agent's second one
     * under the five statements of the first session. */
    assert_int_equal(v->report.signatures, 2 + v->log.size + v->report.notes + 5);
    free(v);
}

static void without_the_key_it_says_what_it_cannot_see(void **state)
{
    struct audit_verified *v = verify(&shared, false);

    (void)state;
    assert_int_equal(v->report.wrong, 0);
    assert_int_equal(v->report.opened, 0);
    assert_true(v->log.leaves_ok);
    free(v);
}

static void a_log_without_entries_verifies(void **state)
{
    struct log_fixture f;

    (void)state;
    log_fixture_open(&f);
    log_fixture_settle(&f);
    assert_green(&f);
    log_fixture_close(&f);
}

static void a_log_that_grows_while_it_is_read_verifies(void **state)
{
    struct log_fixture f;
    struct log_session s;

    (void)state;
    log_fixture_open(&f);
    log_fixture_story(&f);
    assert_green(&f);               /* the writer holds the folder */
    for (int i = 0; i < 300; i++) { /* more than a tile holds */
        log_session_begin(&f, &s, "", "");
        if (i % 100 == 0)
            assert_green(&f);
    }
    log_fixture_settle(&f);
    assert_green(&f);
    log_fixture_close(&f);
}

static void agents_lines_without_a_certificate_are_checked_under_the_recorded_key(void **state)
{
    struct log_fixture f;
    char path[HOST_PATH_BYTES];

    (void)state;
    log_fixture_open(&f);
    log_fixture_story(&f);
    log_fixture_settle(&f);
    assert_true(host_path(path, "%s/ca/issued/%s.crt", f.folder, f.agent.identity.serial));
    assert_int_equal(remove(path), 0);
    struct audit_verified *v = verify(&f, true);
    assert_int_equal(v->report.wrong, 0);
    assert_int_equal(v->report.recorded_lines, 7); /* two events, four statements and a rekey */
    assert_int_equal(v->report.unchecked_lines, 0);
    free(v);
    expect(0, "under the key that the relay recorded", "verify --dir %s --key %s/officer/evidence.key", f.folder,
           f.folder);
    expect(0, "certificate not at hand", "show 4f --dir %s --key %s/officer/evidence.key", f.folder, f.folder);
    log_fixture_close(&f);
}

/* The relay recorded `key` for the agent: found with the certificate at `created`, and without it at `entry`. */
static void record(const uint8_t *key, int entry)
{
    struct log_fixture f;
    struct log_session s;
    char path[HOST_PATH_BYTES];

    log_fixture_open(&f);
    memcpy(f.recorded_key, key ? key : f.officer.identity.public_key, sizeof f.recorded_key);
    log_session_begin(&f, &s, "", "");
    log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_session_agent_event(&f, &s, PROTO_ACT_VIEWING_STARTED, PROTO_CAPABILITY_CAMERA);
    log_fixture_settle(&f);
    assert_wrong(&f, true, "entry", "evidence", 0);
    assert_true(host_path(path, "%s/ca/issued/%s.crt", f.folder, f.agent.identity.serial));
    assert_int_equal(remove(path), 0);
    assert_wrong(&f, true, "entry", "evidence", entry);
    log_fixture_close(&f);
}

static void a_recorded_key_that_is_not_the_agents_is_found(void **state)
{
    static const uint8_t no_key[32] = {1}; /* of small order */

    (void)state;
    record(NULL, 2); /* by the line that the agent signed */
    record(no_key, 0);
}

/* ---- tampering ---- */

static void each_tamper_is_named_with_its_place(void **state)
{
    for (size_t i = 0; i < sizeof tampers / sizeof *tampers; i++) {
        const struct tamper *t = &tampers[i];
        restore(state);
        log_fixture_alter(&shared, t->in_keys ? "keys.db" : "relay.db", t->sql);
        print_message("%s\n", t->sentence);
        assert_wrong(&shared, true, t->table, t->column, t->entry);
        if (!t->sealed)
            assert_wrong(&shared, false, t->table, t->column, t->entry);
    }
}

static void a_flipped_bit_is_found_wherever_it_lies(void **state)
{
    static const struct {
        const char *table, *column;
        int64_t row;
        int step;
        int entry; /* -1: of no entry; -2: whichever */
    } values[] = {
        {"entry", "leaf", 5, 1, 5},
        {"entry", "evidence", 9, 29, 9},
        {"entry", "line", 5, 5, 5},
        {"tile", "hashes", 0, 31, -2},
        {"checkpoint", "note", 1, 7, -1},
        {"checkpoint", "root", 1, 5, -1},
        {"session", "agent_fingerprint", FIRST_SESSION, 5, -1},
        {"session", "cs_pub", FIRST_SESSION, 5, -1},
        {"session", "event_prev", FIRST_SESSION, 5, -1},
    };

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        restore(state);
        int len = 1;
        for (int at = 0; at < len; at += values[i].step) {
            int bit = (at * 5 + 3) % 8;
            len = flip(&shared, values[i].table, values[i].column, values[i].row, at, bit);
            int entry = values[i].entry == -2 ? at / PROTO_LOG_HASH_BYTES : values[i].entry;
            struct audit_verified *v = verify(&shared, true);
            const struct audit_finding *first = &v->report.findings[0];
            if (!v->report.wrong || strcmp(first->table, values[i].table) ||
                (entry >= 0 && (!first->has_entry || (int)first->entry != entry))) {
                tell(v);
                fail_msg("byte %d of %s.%s", at, values[i].table, values[i].column);
            }
            free(v);
            flip(&shared, values[i].table, values[i].column, values[i].row, at, bit);
        }
        assert_green(&shared);
    }
}

static void what_is_provable_in_spite_of_an_altered_leaf_is_known(void **state)
{
    (void)state;
    flip(&shared, "entry", "leaf", 5, 40, 0);
    struct audit_verified *v = verify(&shared, true);
    assert_true(v->log.signed_ok);
    assert_false(v->log.leaves_ok);
    assert_true(v->log.tiles_ok); /* so the other leaves are the signed ones */
    assert_int_equal(v->report.sound_sessions, 2);
    free(v);
}

/* What an officer's tool read from a relay lies under keys of its own, whose names say nothing of the relay's. */
static void the_names_of_keys_in_a_copy_are_nobodys_matter(void **state)
{
    struct audit_verified *v = calloc(1, sizeof *v);
    struct audit_organisation o;

    restore(state);
    log_fixture_alter(&shared, "keys.db", "UPDATE dek SET name='session:'||id");
    assert_non_null(v);
    assert_true(audit_open(&o, shared.folder, NULL));
    o.is_copy = true;
    assert_ok(audit_verify_all(&o, v, NOW_MS));
    assert_int_equal(v->report.wrong, 0);
    audit_close(&o);
    free(v);
    assert_wrong(&shared, false, "dek", "name", 0);
}

/* The relay's own notes are read first, and what is missing before them is a gap there. */
static void the_entry_that_is_missing_is_named_before_the_gap_that_it_leaves(void **state)
{
    struct log_fixture f;

    (void)state;
    log_fixture_open(&f);
    log_fixture_refused(&f, 1);
    log_fixture_refused(&f, 2);
    log_fixture_settle(&f);
    assert_green(&f);
    log_fixture_alter(&f, "relay.db", "DELETE FROM entry WHERE idx=0");
    assert_wrong(&f, true, "entry", "idx", 0);
    log_fixture_close(&f);
}

static void an_older_copy_of_the_log_is_noticed(void **state)
{
    struct log_fixture f;
    struct log_session s;
    char path[HOST_PATH_BYTES];
    struct proto_buf old;

    (void)state;
    proto_buf_init(&old, PROTO_LOG_CHECKPOINT_MAX);
    log_fixture_open(&f);
    log_session_begin(&f, &s, "", "");
    log_fixture_settle(&f);
    /* the story's own file vouches for more */
    assert_true(host_path(path, "%s/relay/checkpoint", shared.folder));
    assert_ok(host_file_read(path, &old));
    assert_true(host_path(path, "%s/relay/checkpoint", f.folder));
    assert_ok(host_file_write(path, old.bytes, old.len, HOST_PRIVATE));
    proto_buf_free(&old);
    assert_wrong(&f, true, "checkpoint", "size", -1);
    log_fixture_close(&f);
}

/* ---- notes that are genuine, and a story that is not ---- */

struct told {
    struct log_fixture f;
    struct log_session s;
};

static char first_digit(const struct log_session *s)
{
    return "0123456789abcdef"[s->row.sid[0] >> 4];
}

static void begin(struct told *t)
{
    log_fixture_open(&t->f);
    log_session_begin(&t->f, &t->s, "", "");
    log_session_event(&t->f, &t->s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_fixture_pass(&t->f, 5);
}

static void a_customers_key_that_the_agent_saw_otherwise_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    t.s.seen_by_agent[5] ^= 1;
    log_session_agent_event(&t.f, &t.s, PROTO_ACT_VIEWING_STARTED, PROTO_CAPABILITY_CAMERA);
    log_session_end(&t.f, &t.s, PROTO_END_COMPLETED);
    log_fixture_settle(&t.f);
    assert_wrong(&t.f, true, "session", "cs_pub", -1);
    log_fixture_close(&t.f);
}

static void a_row_whose_key_is_not_the_one_that_joined_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    log_fixture_settle(&t.f);
    assert_green(&t.f);
    log_fixture_alter(&t.f, "relay.db",
                      "UPDATE session SET cs_pub=randomblob(32)"); /* no statement of the customer is there */
    assert_wrong(&t.f, true, "session", "cs_pub", -1);
    log_fixture_close(&t.f);
}

/* Ends the session, and expects the finding at the entry that was noted. */
static void finish(struct told *t, uint64_t entry)
{
    log_session_end(&t->f, &t->s, PROTO_END_COMPLETED);
    log_fixture_settle(&t->f);
    assert_wrong(&t->f, true, "entry", "evidence", (int)entry);
    log_fixture_close(&t->f);
}

static void an_agent_who_does_not_say_which_customer_it_was_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    t.f.spoil.bare = true;
    log_session_agent_event(&t.f, &t.s, PROTO_ACT_VIEWING_STARTED, PROTO_CAPABILITY_CAMERA);
    finish(&t, t.f.entry);
}

static void a_relay_that_does_not_say_which_customer_joined_is_found(void **state)
{
    struct told t;

    (void)state;
    log_fixture_open(&t.f);
    log_session_begin(&t.f, &t.s, "", "");
    t.f.spoil.bare = true;
    log_session_event(&t.f, &t.s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    finish(&t, t.f.entry);
}

static void a_way_opened_to_somebody_else_is_found(void **state)
{
    struct told t;
    char leaf[65], other[65];

    (void)state;
    begin(&t);
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    sodium_bin2hex(leaf, sizeof leaf, t.s.grant_leaf, sizeof t.s.grant_leaf);
    sodium_bin2hex(other, sizeof other, t.f.officer.identity.fingerprint, 32);
    log_session_event(&t.f, &t.s, PROTO_ACT_GATE_OPENED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "3", "leaf",
                      leaf, "grantee", other, NULL);
    finish(&t, t.f.entry);
}

static void a_note_that_its_leaf_does_not_commit_to_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    t.f.spoil.commitment = true;
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    finish(&t, t.f.entry);
}

static void a_note_under_the_class_of_another_signer_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    t.f.spoil.kind = true;
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    finish(&t, t.f.entry);
}

static void a_line_that_the_customer_did_not_sign_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    t.s.lone = t.f.spoil.signature = true;
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    finish(&t, t.f.entry);
}

static void a_line_that_the_agent_did_not_sign_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    t.f.spoil.signature = true; /* the second line, under the customer's */
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    finish(&t, t.f.entry);
}

static void an_event_that_the_log_key_did_not_sign_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    t.f.spoil.signature = true;
    log_session_event(&t.f, &t.s, PROTO_ACT_LOST, PROTO_CAPABILITY_NONE, "who", "customer", NULL);
    finish(&t, t.f.entry);
}

/* The last consent again, under the same key. */
static void extend(struct told *t, const char *purpose, uint32_t max_s)
{
    t->s.epoch--;
    log_session_grant(&t->f, &t->s, PROTO_CAPABILITY_CAMERA, purpose, max_s);
}

static void a_consent_that_lasts_longer_is_one_consent(void **state)
{
    struct told t;
    const char *d;

    (void)state;
    begin(&t);
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 60);
    log_session_show(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "17");
    log_fixture_pass(&t.f, 50);
    extend(&t, "to see", 60);
    log_session_hide(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "17", "10", "1000");
    log_session_show(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "17"); /* on the new leaf */
    log_fixture_pass(&t.f, 50);
    log_session_hide(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "17", "10", "1000");
    log_session_end(&t.f, &t.s, PROTO_END_COMPLETED);
    log_fixture_settle(&t.f);
    assert_green(&t.f);
    d = t.f.folder;
    expect(0, "The customer let Camera go on, for at most 1 min from now.",
           "show %c --dir %s --key %s/officer/evidence.key", first_digit(&t.s), d, d);
    expect(0, "shared for 1 min 40 s, 20 frames", "show %c --dir %s --key %s/officer/evidence.key", first_digit(&t.s),
           d, d);
    expect(0, "\"capability\":\"camera\",\"granted\":1,", "report --json --dir %s --key %s/officer/evidence.key", d, d);
    log_fixture_close(&t.f);
}

static void a_consent_that_lasts_longer_and_changes_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 60);
    extend(&t, "to see more", 60);
    finish(&t, t.f.entry);
    begin(&t);
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 60);
    extend(&t, "to see", 600);
    finish(&t, t.f.entry);
}

static void a_missing_rekey_note_is_a_gap(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    log_session_answer(&t.f, &t.s, PROTO_STATEMENT_REKEY, PROTO_CAPABILITY_CAMERA, "");
    proto_buf_free(&t.s.rides[--t.s.ride_count]);
    log_session_answer(&t.f, &t.s, PROTO_STATEMENT_WITHDRAW, PROTO_CAPABILITY_CAMERA, "");
    finish(&t, t.f.entry);
}

static void a_gap_in_the_agents_numbers_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    log_session_agent_event(&t.f, &t.s, PROTO_ACT_VIEWING_STARTED, PROTO_CAPABILITY_CAMERA);
    t.s.agent.seq++;
    log_session_agent_event(&t.f, &t.s, PROTO_ACT_VIEWING_STOPPED, PROTO_CAPABILITY_CAMERA);
    finish(&t, t.f.entry);
}

static void a_chain_that_was_forked_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    t.s.customer.prev[0] ^= 1;
    log_session_answer(&t.f, &t.s, PROTO_STATEMENT_WITHDRAW, PROTO_CAPABILITY_CAMERA, "");
    finish(&t, t.f.entry);
}

static void a_picture_without_a_gate_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    log_session_event(&t.f, &t.s, PROTO_ACT_STARTED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "3", NULL);
    finish(&t, t.f.entry);
}

static void a_way_opened_without_a_grant_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    log_session_event(&t.f, &t.s, PROTO_ACT_GATE_OPENED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "3", "leaf",
                      "0000000000000000000000000000000000000000000000000000000000000000", NULL);
    finish(&t, t.f.entry);
}

static void a_way_opened_on_another_capabilitys_grant_is_found(void **state)
{
    struct told t;
    uint64_t entry;

    (void)state;
    begin(&t);
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_DEVICE_STATE, "to see", 0);
    entry = t.f.entry + 1;
    log_session_show(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "3");
    finish(&t, entry);
}

static void a_way_opened_on_another_sessions_grant_is_found(void **state)
{
    struct told t;
    struct log_session other;
    uint64_t entry;

    (void)state;
    begin(&t);
    log_session_begin(&t.f, &other, "", "");
    log_session_grant(&t.f, &other, PROTO_CAPABILITY_CAMERA, "to see", 0);
    memcpy(t.s.grant_leaf, other.grant_leaf, sizeof t.s.grant_leaf);
    entry = t.f.entry + 1;
    log_session_show(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "3");
    finish(&t, entry);
}

static void a_way_opened_after_the_withdrawal_is_found(void **state)
{
    struct told t;
    uint64_t entry;

    (void)state;
    begin(&t);
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    log_session_answer(&t.f, &t.s, PROTO_STATEMENT_WITHDRAW, PROTO_CAPABILITY_CAMERA, "");
    log_fixture_pass(&t.f, 10);
    entry = t.f.entry + 1;
    log_session_show(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "3");
    finish(&t, entry);
}

static void a_picture_that_goes_on_after_the_withdrawal_is_found(void **state)
{
    struct told t;
    uint64_t entry;

    (void)state;
    begin(&t);
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    log_session_show(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "3");
    log_session_answer(&t.f, &t.s, PROTO_STATEMENT_WITHDRAW, PROTO_CAPABILITY_CAMERA, "");
    log_fixture_pass(&t.f, 10);
    entry = t.f.entry + 1;
    log_session_hide(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "3", "100", "1000");
    finish(&t, entry);
}

static void a_picture_that_outlives_its_time_is_found(void **state)
{
    struct told t;
    uint64_t entry;

    (void)state;
    begin(&t);
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 60);
    log_session_show(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "3");
    log_fixture_pass(&t.f, 70);
    entry = t.f.entry + 1;
    log_session_hide(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "3", "100", "1000");
    finish(&t, entry);
}

static void a_way_that_nobody_closed_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    log_session_show(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "3");
    finish(&t, t.f.entry + 1); /* at the session's end */
}

static void a_way_that_closes_without_saying_what_passed_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    log_session_show(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "3");
    log_session_event(&t.f, &t.s, PROTO_ACT_GATE_CLOSED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "3", NULL);
    finish(&t, t.f.entry);
}

static void a_stop_that_does_not_say_what_passed_nor_why_not_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    log_session_grant(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "to see", 0);
    log_session_show(&t.f, &t.s, PROTO_CAPABILITY_CAMERA, "17");
    log_session_event(&t.f, &t.s, PROTO_ACT_STOPPED, PROTO_CAPABILITY_CAMERA, "src", "1", "stream", "17", NULL);
    finish(&t, t.f.entry);
}

static void a_session_whose_row_ended_without_an_event_is_found(void **state)
{
    struct told t;

    (void)state;
    begin(&t);
    log_fixture_settle(&t.f);
    assert_green(&t.f);
    log_fixture_alter(&t.f, "relay.db", "UPDATE session SET state=3, ended_reason='completed'");
    assert_wrong(&t.f, true, "session", "state", -1);
    log_fixture_close(&t.f);
}

/* ---- the program ---- */

static int run(char *out, size_t capacity, const char *arguments)
{
    char line[1024];
    size_t len;
    const char *dir = strstr(arguments, "--dir "); /* each log's own memory: all of them have one key */

    dir = dir ? dir + strlen("--dir ") : shared.folder;
    snprintf(line, sizeof line, "XDG_STATE_HOME=%.*s/state TZ=Europe/Zurich %s/handhold-audit %s 2>&1",
             (int)strcspn(dir, " "), dir, HANDHOLD_BIN, arguments);
    FILE *pipe = popen(line, "r");
    assert_non_null(pipe);
    len = fread(out, 1, capacity - 1, pipe);
    out[len] = 0;
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void expect(int code, const char *text, const char *format, ...)
{
    static char out[65536];
    char arguments[512];
    va_list values;

    va_start(values, format);
    vsnprintf(arguments, sizeof arguments, format, values);
    va_end(values);
    int got = run(out, sizeof out, arguments);
    if (got != code || !strstr(out, text))
        fail_msg("%s: code %d, expected %d with \"%s\":\n%s", arguments, got, code, text, out);
}

static void the_program_answers_with_words_and_exit_codes(void **state)
{
    const char *d = shared.folder;

    (void)state;
    expect(0, "nothing is wrong.", "verify --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "Not seen", "verify --dir %s", d);
    expect(0, "\"ok\":true", "verify --json --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "+camera -microphone", "list --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "sealed: --key opens", "list --dir %s", d);
    expect(0, "\"purpose\":\"to hear the tone of the line\"", "show 4f --json --dir %s --key %s/officer/evidence.key",
           d, d);
    expect(0, "asked for Voice: “to hear the tone of the line”.", "show 4f --dir %s --key %s/officer/evidence.key", d,
           d);
    expect(0, "customer said no.", "show 4f --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "“to read the label", "show 4f --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "\"purpose\":\"to see why the hub is offline\"", "show a2 --json --dir %s --key %s/officer/evidence.key",
           d, d);
    expect(1, "no session's number begins so", "show ffff --dir %s --key %s/officer/evidence.key", d, d);
    expect(1, "2 sessions' numbers begin so", "show a --dir %s --key %s/officer/evidence.key", d, d);
    expect(2, "hexadecimal", "show hub --dir %s --key %s/officer/evidence.key", d, d);
    expect(2, "--key", "show 4f --dir %s", d);
    expect(2, "is not there", "verify --dir %s/nowhere", d);
    expect(2, "is not the private half", "verify --dir %s --key %s/ca/ca.crt", d, d);
    flip(&shared, "entry", "leaf", 5, 40, 0);
    expect(1, "WRONG  entry 5, table entry, column leaf", "verify --dir %s", d);
    expect(1, "the signed ones", "verify --dir %s", d);
}

/* What nobody was asked is told apart from what a person refused, and everywhere in the same word. */
static void a_refusal_by_nobody_is_one_story_in_every_command(void **state)
{
    struct log_fixture f;
    struct log_session s;
    char d[64];

    (void)state;
    log_fixture_open(&f);
    snprintf(d, sizeof d, "%s", f.folder);
    log_session_begin(&f, &s, "C-1001", "T-77");
    log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_session_answer(&f, &s, PROTO_STATEMENT_REFUSE, PROTO_CAPABILITY_CAMERA, "to see the hub");
    log_session_answer(&f, &s, PROTO_STATEMENT_REFUSE, PROTO_CAPABILITY_MICROPHONE, PROTO_PURPOSE_BLOCKED);
    log_session_end(&f, &s, PROTO_END_COMPLETED);
    log_fixture_settle(&f);
    expect(0, "-camera ~microphone", "list --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "\"refused\":[\"camera\"],\"unasked\":[\"microphone\"]",
           "list --json --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "~microphone", "list --outcome unasked --capability microphone --dir %s --key %s/officer/evidence.key", d,
           d);
    expect(0, "no session is as asked for",
           "list --outcome refused --capability microphone --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "unasked: the device cannot", "show 4f --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "\"capability\":\"microphone\",\"granted\":0,\"refused\":0,\"unasked\":1",
           "report --json --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "<tr><td>Voice</td><td class=\"n\">–</td><td class=\"n\">–</td><td class=\"n\">1</td>",
           "export --format html --dir %s --key %s/officer/evidence.key", d, d);
    log_fixture_close(&f);
}

/* It is read by people, who must read what was written: what turns the line could make a name of it, or a lie. */
static void a_reason_that_does_not_read_as_written_is_refused(void **state)
{
    static const char *const commands[] = {"stop 4f2a --relay https://localhost:1", "erase --session 4f2a --dir %s",
                                           "recover --dir %s"};
    static const char *const reasons[] = {"a\u202eb", "a\u2066b", "$(printf 'a\\nb')", "\xff"};
    char command[256];

    (void)state;
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        for (size_t j = 0; j < sizeof reasons / sizeof *reasons; j++) {
            snprintf(command, sizeof command, "%s --reason \"%s\"", commands[i], reasons[j]);
            expect(2, "--reason: has a character that hides or turns text, or breaks the line", command, shared.folder);
        }
    expect(2, "--reason: is read by both ends; give 1 to 200 bytes",
           "stop 4f2a --reason '' --relay https://localhost:1");
    expect(2, "such as \"Art. 17(1)(b) GDPR\"", "erase --session 4f2a --reason ' ' --dir %s", shared.folder);
    expect(0, "", "policy print --dir %s | sed 's/^# purpose to see.*/purpose a\u202eb/' > %s/turned", shared.folder,
           shared.folder);
    expect(2, "has a purpose with a character that hides or turns text", "policy check %s/turned --dir %s",
           shared.folder, shared.folder);
    expect(0, "", "policy print --dir %s | sed 's/^# purpose to see.*/purpose expired/' > %s/turned", shared.folder,
           shared.folder);
    expect(0, "", "policy print --dir %s | sed '1i purpose a\u202eb' > %s/turned2", shared.folder, shared.folder);
    expect(2, "purpose a\\xe2\\x80\\xaeb", "policy check %s/turned2 --dir %s", shared.folder, shared.folder);
    expect(2, "has a purpose that is what a program writes itself", "policy check %s/turned --dir %s", shared.folder,
           shared.folder);
}

/* A key that others may read is said to be one; without the file that dates the log that is said too. */
static void what_is_missing_around_the_log_is_said(void **state)
{
    char path[HOST_PATH_BYTES];
    const char *d = shared.folder;

    (void)state;
    expect(2, "--key", "show 4f --relay https://localhost:1 --identity %s/x --ca %s/ca/ca.crt", d, d);
    for (size_t i = 0; i < 2; i++) {
        assert_true(host_path(path, "%s/pair.%s", d, i ? "crt" : "key"));
        assert_ok(host_file_write(path, "x", 1, HOST_PRIVATE));
    }
    expect(2, "org.note: is not the certificate of an organisation; give its ca.crt",
           "retain --relay https://localhost:1 --identity %s/pair --ca %s/org.note", d, d);
    assert_true(host_path(path, "%s/officer/evidence.key", d));
    assert_int_equal(chmod(path, 0644), 0);
    expect(0, "others on this machine can read this key", "verify --dir %s --key %s/officer/evidence.key", d, d);
    assert_int_equal(chmod(path, 0600), 0);
    expect(0, "\"vouched\":true", "verify --json --dir %s", d);
    assert_true(host_path(path, "%s/relay/checkpoint", d));
    char away[HOST_PATH_BYTES];
    assert_true(host_path(away, "%s/relay/checkpoint.away", d));
    assert_int_equal(rename(path, away), 0);
    expect(0, "Not held    to relay/checkpoint", "verify --dir %s", d);
    expect(0, "\"vouched\":false", "verify --json --dir %s", d);
    assert_int_equal(rename(away, path), 0);
}

static void what_the_relay_refused_is_verified_listed_and_counted(void **state)
{
    struct log_fixture f;
    struct log_session s;
    char d[64];

    (void)state;
    log_fixture_open(&f);
    snprintf(d, sizeof d, "%s", f.folder);
    log_session_begin(&f, &s, "C-1001", "T-77");
    log_session_event(&f, &s, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    log_session_event(&f, &s, PROTO_ACT_GATE_REFUSED, PROTO_CAPABILITY_LOCATION, "src", "1", "stream", "5", "cause",
                      "policy", "times", "3", NULL);
    log_session_end(&f, &s, PROTO_END_COMPLETED);
    log_fixture_refused(&f, 1);
    log_fixture_refused(&f, 19);
    log_fixture_settle(&f);
    assert_green(&f);
    expect(0, "The relay REFUSED to open the way for", "show 4f --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "(3 times).", "show 4f --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "REFUSED", "list --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "asked for a session without the reference of a ticket, which the policy wants, 19 times",
           "list --outcome refused --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "\"cause\":\"ticket\",\"times\":19", "list --json --agent ada --dir %s", d);
    expect(0, "no session is as asked for", "list --customer C-4711 --dir %s", d);
    expect(0, "\"not_opened\":3,\"refused_staff\":20", "report --json --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "23 times the relay refused what policy", "report --dir %s --key %s/officer/evidence.key", d, d);
    expect(0, "  -              4  The relay REFUSED Ada Lovelace", "tail --once --dir %s", d);
    log_fixture_alter(&f, "relay.db", "UPDATE entry SET evidence=NULL WHERE idx=4");
    assert_wrong(&f, false, "entry", "evidence", 4);
    log_fixture_close(&f);
}

static void no_line_of_the_minutes_is_wider_than_a_screen(void **state)
{
    static char out[65536];
    char arguments[512];
    size_t columns = 0;

    (void)state;
    snprintf(arguments, sizeof arguments, "show 4f2a --dir %s --key %s/officer/evidence.key", shared.folder,
             shared.folder);
    assert_int_equal(run(out, sizeof out, arguments), 0);
    for (const char *c = out; *c; c++) {
        columns = *c == '\n' ? 0 : columns + (((unsigned char)*c & 0xc0) != 0x80);
        assert_true(columns <= 80);
    }
}

static void a_text_of_the_database_cannot_move_the_cursor(void **state)
{
    static char out[65536];
    char arguments[512];

    (void)state;
    log_fixture_alter(&shared, "relay.db", "UPDATE session SET customer_ref='C'||char(27)||'[2J'||CAST(x'ff' AS TEXT)");
    snprintf(arguments, sizeof arguments, "list --dir %s", shared.folder);
    assert_int_equal(run(out, sizeof out, arguments), 0);
    assert_null(strchr(out, 27));
    assert_non_null(strstr(out, "C?[2J?"));
    snprintf(arguments, sizeof arguments, "list --json --dir %s", shared.folder);
    assert_int_equal(run(out, sizeof out, arguments), 0);
    assert_non_null(strstr(out, "C?[2J?"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_untouched_log_verifies),
        cmocka_unit_test(without_the_key_it_says_what_it_cannot_see),
        cmocka_unit_test(a_log_without_entries_verifies),
        cmocka_unit_test(a_log_that_grows_while_it_is_read_verifies),
        cmocka_unit_test(agents_lines_without_a_certificate_are_checked_under_the_recorded_key),
        cmocka_unit_test(a_recorded_key_that_is_not_the_agents_is_found),
        cmocka_unit_test(a_customers_key_that_the_agent_saw_otherwise_is_found),
        cmocka_unit_test(a_row_whose_key_is_not_the_one_that_joined_is_found),
        cmocka_unit_test(an_agent_who_does_not_say_which_customer_it_was_is_found),
        cmocka_unit_test(a_relay_that_does_not_say_which_customer_joined_is_found),
        cmocka_unit_test(a_way_opened_to_somebody_else_is_found),
        cmocka_unit_test(a_refusal_by_nobody_is_one_story_in_every_command),
        cmocka_unit_test(a_reason_that_does_not_read_as_written_is_refused),
        cmocka_unit_test(what_is_missing_around_the_log_is_said),
        cmocka_unit_test(what_the_relay_refused_is_verified_listed_and_counted),
        cmocka_unit_test_teardown(each_tamper_is_named_with_its_place, restore),
        cmocka_unit_test_teardown(a_flipped_bit_is_found_wherever_it_lies, restore),
        cmocka_unit_test_teardown(what_is_provable_in_spite_of_an_altered_leaf_is_known, restore),
        cmocka_unit_test_teardown(the_names_of_keys_in_a_copy_are_nobodys_matter, restore),
        cmocka_unit_test(the_entry_that_is_missing_is_named_before_the_gap_that_it_leaves),
        cmocka_unit_test(an_older_copy_of_the_log_is_noticed),
        cmocka_unit_test(a_note_that_its_leaf_does_not_commit_to_is_found),
        cmocka_unit_test(a_note_under_the_class_of_another_signer_is_found),
        cmocka_unit_test(a_line_that_the_customer_did_not_sign_is_found),
        cmocka_unit_test(a_line_that_the_agent_did_not_sign_is_found),
        cmocka_unit_test(an_event_that_the_log_key_did_not_sign_is_found),
        cmocka_unit_test(a_consent_that_lasts_longer_is_one_consent),
        cmocka_unit_test(a_consent_that_lasts_longer_and_changes_is_found),
        cmocka_unit_test(a_missing_rekey_note_is_a_gap),
        cmocka_unit_test(a_gap_in_the_agents_numbers_is_found),
        cmocka_unit_test(a_chain_that_was_forked_is_found),
        cmocka_unit_test(a_picture_without_a_gate_is_found),
        cmocka_unit_test(a_way_opened_without_a_grant_is_found),
        cmocka_unit_test(a_way_opened_on_another_capabilitys_grant_is_found),
        cmocka_unit_test(a_way_opened_on_another_sessions_grant_is_found),
        cmocka_unit_test(a_way_opened_after_the_withdrawal_is_found),
        cmocka_unit_test(a_picture_that_goes_on_after_the_withdrawal_is_found),
        cmocka_unit_test(a_picture_that_outlives_its_time_is_found),
        cmocka_unit_test(a_way_that_nobody_closed_is_found),
        cmocka_unit_test(a_way_that_closes_without_saying_what_passed_is_found),
        cmocka_unit_test(a_stop_that_does_not_say_what_passed_nor_why_not_is_found),
        cmocka_unit_test(a_session_whose_row_ended_without_an_event_is_found),
        cmocka_unit_test_teardown(the_program_answers_with_words_and_exit_codes, restore),
        cmocka_unit_test_teardown(a_text_of_the_database_cannot_move_the_cursor, restore),
        cmocka_unit_test(no_line_of_the_minutes_is_wider_than_a_screen),
    };

    return cmocka_run_group_tests(tests, build, tear_down);
}
