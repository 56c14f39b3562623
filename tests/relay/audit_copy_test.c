/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log that is copied from a relay that goes on. The line to it is this test's: questions are answered out of a real
 * store, and between two of them happens what a row says, so that a race is the same each time.
 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "certs/pem.h"
#include "proto/host/files.h"
#include "proto/host/world.h"
#include "relay/audit/commands.h"
#include "relay/audit/remote.h"
#include "relay/store/pack.h"
#include "tests/relay/log_fixture.h"

enum { LAST = 2 }; /* the first session has entries 0 to LAST */

static struct log_fixture f;
static struct log_session first;
static uint32_t acts;   /* of the officer, in the log */
static unsigned opened; /* connections */
static unsigned others; /* acts of the same officer elsewhere that come before the next one of this program */
static unsigned busy;   /* answers that the last note is not in the log yet */
static unsigned waits;  /* answers that the log cannot be written now, and that the note waits … */
static bool lost;       /* … until the relay is gone */
static handhold_OfficerAct act_waiting;
static bool runs; /* the first session goes on at first */

/* The log is asked for its entries, its rows and its checkpoint, in turn. */
enum { ENTRIES, ROWS, CHECKPOINT, NEVER = 1000 };
static unsigned asked, erased_at; /* the first session is erased before that one is answered */

struct proto_now __real_host_now(void);
struct proto_now __wrap_host_now(void);
struct proto_now __wrap_host_now(void)
{
    return (struct proto_now){.unix_ms = f.now_ms, .mono_ms = __real_host_now().mono_ms};
}

/* ---- the relay ---- */

static void erase_first(void)
{
    uint64_t erased = 0;

    if (runs)
        log_session_end(&f, &first, PROTO_END_COMPLETED);
    log_fixture_retain(&f, 0, LAST, "policy 1: kept for 30 days");
    assert_int_equal(relay_store_begin(f.store), PROTO_OK);
    assert_int_equal(relay_store_erase_range(f.store, 0, LAST, &erased), PROTO_OK);
    assert_int_equal(relay_store_commit(f.store), PROTO_OK);
    assert_int_equal(relay_store_wipe(f.store), PROTO_OK);
}

static enum proto_err pack_entry(void *context, const struct relay_store_entry *entry)
{
    assert_true(store_pack_entry(context, entry));
    return PROTO_OK;
}

static enum proto_err pack_session(void *context, const struct relay_store_session *row)
{
    assert_true(store_pack_session(context, row));
    return PROTO_OK;
}

static void answer_part(const handhold_LogRead *ask, handhold_FromRelay *in)
{
    handhold_LogPart *part = &in->body.log_part;
    struct proto_buf rows;

    in->which_body = handhold_FromRelay_log_part_tag;
    proto_buf_init(&rows, sizeof part->rows.bytes);
    assert_int_equal(ask->sessions ? relay_store_each_session(f.store, true, pack_session, &rows)
                                   : relay_store_each_entry(f.store, ask->from, UINT64_MAX, pack_entry, &rows),
                     PROTO_OK);
    assert_int_equal(PROTO_SET_BYTES(part->rows, rows.bytes, rows.len), PROTO_OK);
    proto_buf_free(&rows);
}

static enum proto_err judge_act(const handhold_OfficerAct *act)
{
    struct proto_note_parts parts;
    struct proto_event_note event;

    assert_int_equal(proto_note_split(&parts, act->note.bytes, act->note.size), PROTO_OK);
    assert_int_equal(proto_event_note_parse(parts.text, parts.text_len, &event), PROTO_OK);
    if (busy)
        return busy--, PROTO_ERR_BUSY;
    if (others) { /* what it would continue is not the last one any more */
        others--;
        acts++;
    }
    return event.seq == acts + 1 ? PROTO_OK : PROTO_ERR_REPLAY;
}

static void answer_act(const handhold_OfficerAct *act, handhold_FromRelay *in)
{
    static struct relay_result result;
    handhold_OfficerAnswer *said = &in->body.officer_answer;

    in->which_body = handhold_FromRelay_officer_answer_tag;
    said->error = waits ? PROTO_ERR_IO : judge_act(act);
    if (waits) {
        waits--;
        act_waiting = *act;
    }
    if (said->error)
        return;
    log_fixture_put(&f, PROTO_LOG_OFFICER_ACT, act->note.bytes, act->note.size, act->r, &result);
    acts++;
    said->index = result.receipt.index;
    assert_int_equal(PROTO_SET_BYTES(said->leaf, result.receipt.leaf, sizeof result.receipt.leaf), PROTO_OK);
    assert_int_equal(PROTO_SET_TEXT(said->checkpoint, result.receipt.checkpoint), PROTO_OK);
    assert_int_equal(PROTO_SET_BYTES(said->inclusion, result.receipt.inclusion.hash,
                                     result.receipt.inclusion.count * PROTO_LOG_HASH_BYTES),
                     PROTO_OK);
}

bool audit_line_ask(struct audit_officer *o, const handhold_ToRelay *message, pb_size_t answer)
{
    memset(&o->in, 0, sizeof o->in);
    if (message->which_body != handhold_ToRelay_officer_act_tag && asked++ == erased_at)
        erase_first();
    switch (message->which_body) {
    case handhold_ToRelay_officer_act_tag:
        answer_act(&message->body.officer_act, &o->in);
        break;
    case handhold_ToRelay_log_read_tag:
        answer_part(&message->body.log_read, &o->in);
        break;
    default:
        o->in.which_body = handhold_FromRelay_consistency_tag;
        relay_appender_checkpoint(f.appender, o->in.body.consistency.checkpoint);
    }
    assert_int_equal(o->in.which_body, answer);
    return true;
}

bool audit_line_hear(struct audit_officer *o)
{
    memset(&o->in, 0, sizeof o->in);
    if (!lost)
        answer_act(&act_waiting, &o->in);
    return !lost;
}

bool audit_line_open(struct audit_officer *o, const char *url, const char *ca, const char *identity)
{
    char path[HOST_PATH_BYTES];

    (void)url, (void)ca, (void)identity;
    opened++;
    o->connection = (struct host_connection *)&f; /* it is there; nobody but this file asks it */
    o->org = f.org;
    o->policy = f.policy;
    snprintf(o->origin, sizeof o->origin, LOG_FIXTURE_ORIGIN);
    o->seq = acts;
    proto_buf_clear(&o->org_note);
    proto_buf_clear(&o->policy_note);
    assert_true(host_path(path, "%s/org.note", f.folder));
    assert_int_equal(host_file_read(path, &o->org_note), PROTO_OK);
    assert_true(host_path(path, "%s/policy.note", f.folder));
    assert_int_equal(host_file_read(path, &o->policy_note), PROTO_OK);
    return true;
}

void audit_line_close(struct audit_officer *o)
{
    o->connection = NULL;
}

bool audit_line_again(struct audit_officer *o, const char *url, const char *where, const char *whose)
{
    return audit_line_open(o, url, where, whose);
}

/* ---- the officer ---- */

static char identity[HOST_PATH_BYTES], ca[HOST_PATH_BYTES];

static void write_key(void)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, f.officer.secret_key, 32);
    struct proto_buf pem;
    char path[HOST_PATH_BYTES];

    assert_true(host_path(identity, "%s/ca/issued/%s", f.folder, f.officer.identity.serial));
    assert_true(host_path(ca, "%s/ca/ca.crt", f.folder));
    assert_true(host_path(path, "%s.key", identity));
    proto_buf_init_secret(&pem, PROTO_PEM_BYTES);
    assert_int_equal(certs_pem_put_private(key, &pem), PROTO_OK);
    assert_int_equal(host_file_write(path, pem.bytes, pem.len, HOST_PRIVATE), PROTO_OK);
    proto_buf_free(&pem);
    EVP_PKEY_free(key);
    audit_options.identity = identity;
    audit_options.ca = ca;
    audit_options.relay = "https://relay.example";
}

static int setup(void **state)
{
    (void)state;
    acts = asked = opened = others = busy = waits = 0;
    erased_at = NEVER;
    runs = lost = false;
    log_fixture_open(&f);
    write_key();
    assert_int_equal(setenv("TMPDIR", f.folder, 1), 0);
    log_session_begin(&f, &first, "C-1", "");
    log_session_event(&f, &first, PROTO_ACT_JOINED, PROTO_CAPABILITY_NONE, "by", "link", NULL);
    return 0;
}

static void begin_second(bool first_ended)
{
    struct log_session second;

    if (first_ended)
        log_session_end(&f, &first, PROTO_END_COMPLETED);
    else
        log_session_event(&f, &first, PROTO_ACT_LOST, PROTO_CAPABILITY_NONE, "who", "customer", NULL);
    log_session_begin(&f, &second, "C-2", "");
}

static int teardown(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("TMPDIR"), 0);
    log_fixture_close(&f);
    return 0;
}

/* How many entries of the first session have evidence in the copy, and whether its row is there. */
static unsigned copied(const char *folder, bool *row)
{
    char data[HOST_PATH_BYTES], error[RELAY_STORE_ERROR_MAX];
    struct relay_store_session found;
    struct relay_store_entry entry;
    struct relay_store *store;
    unsigned count = 0;

    assert_non_null(folder);
    assert_true(host_path(data, "%s/data", folder));
    assert_int_equal(
        relay_store_open(
            &store, &(struct relay_store_config){.folder = data, .read_only = true, .random = host_random()}, error),
        PROTO_OK);
    for (uint64_t i = 0; i <= LAST; i++) {
        assert_int_equal(relay_store_get_entry(store, i, &entry), PROTO_OK);
        count += entry.evidence != NULL;
    }
    assert_int_equal(relay_store_get_entry(store, LAST + 1, &entry), PROTO_OK);
    assert_non_null(entry.evidence); /* of the other session all is there */
    *row = relay_store_get_session(store, first.row.sid, &found) == PROTO_OK;
    relay_store_close(store);
    return count;
}

/* ---- what comes between ---- */

static void what_is_erased_while_it_is_copied_is_erased_in_the_copy(void **state)
{
    bool row;

    for (unsigned at = ROWS; at <= CHECKPOINT; at++) {
        begin_second(true);
        erased_at = at;
        assert_int_equal(copied(audit_remote_copy("the log"), &row), 0);
        assert_false(row);
        teardown(state);
        setup(state);
    }
}

/* A row may be older than the entries beside it. */
static void so_is_a_session_that_had_not_ended_when_its_row_was_copied(void **state)
{
    bool row;

    (void)state;
    begin_second(false);
    runs = true;
    erased_at = CHECKPOINT;
    assert_int_equal(copied(audit_remote_copy("the log"), &row), 0);
}

/* What the log had said to be erased before anything was read is not to be had, and verify says where it is. */
static void what_a_relay_gives_in_spite_of_an_earlier_note_stays(void **state)
{
    bool row;

    (void)state;
    begin_second(true);
    log_fixture_retain(&f, 0, LAST, "policy 1: kept for 30 days");
    assert_int_equal(copied(audit_remote_copy("the log"), &row), LAST + 1);
    assert_true(row);
}

static void a_note_that_somebody_elses_came_before_is_written_anew(void **state)
{
    static const struct {
        unsigned others, busy, opened;
        bool fine;
    } rows[] = {{0, 0, 1, true}, {1, 0, 2, true}, {2, 1, 4, true}, {99, 0, 5, false}};
    bool row;

    (void)state;
    begin_second(true);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        opened = 0;
        others = rows[i].others;
        busy = rows[i].busy;
        const char *folder = audit_remote_copy("the log");
        assert_int_equal(folder != NULL, rows[i].fine);
        assert_int_equal(opened, rows[i].opened);
        if (folder)
            assert_int_equal(copied(folder, &row), LAST + 1);
    }
}

/* It has happened, and is lost with the relay: who stopped waits until they know. Nothing else happens first. */
static void a_stop_is_said_to_be_done_when_the_log_has_it(void **state)
{
    static const struct {
        enum proto_act action;
        unsigned waits;
        bool lost, fine;
    } rows[] = {
        {PROTO_ACT_SESSION_STOPPED, 0, false, true},
        {PROTO_ACT_SESSION_STOPPED, 2, false, true},
        {PROTO_ACT_SESSION_STOPPED, 1, true, false},
        {PROTO_ACT_VIEWED, 1, false, false},
    };
    static struct audit_officer o;
    struct audit_answer answer;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct proto_event_note event = {.action = rows[i].action, .subject = "a scam was reported"};
        waits = rows[i].waits;
        lost = rows[i].lost;
        uint32_t before = acts;
        assert_true(audit_officer_open(&o));
        assert_int_equal(audit_officer_event(&o, &event, NULL, &answer), rows[i].fine);
        assert_int_equal(acts - before, rows[i].fine);
        audit_officer_close(&o);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_erased_while_it_is_copied_is_erased_in_the_copy),
        TEST(so_is_a_session_that_had_not_ended_when_its_row_was_copied),
        TEST(what_a_relay_gives_in_spite_of_an_earlier_note_stays),
        TEST(a_note_that_somebody_elses_came_before_is_written_anew),
        TEST(a_stop_is_said_to_be_done_when_the_log_has_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
