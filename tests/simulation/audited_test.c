/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the real ends and the real relay write in good and bad weather, read by the officer's tool: whatever was cut or
 * killed, every rule of the minutes holds, nothing that must be there is missing, and each session can be proved to
 * somebody who has no log, with not one bit of its file changed.
 */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/files.h"
#include "proto/seal/box.h"
#include "relay/audit/proofs.h"
#include "relay/audit/verify.h"
#include "tests/simulation/sim.h"

static struct sim sim;
static char folder[64];
static uint64_t times = 1; /* an argument: so many times the worlds */

/* What the notes of all worlds showed: a rule that never met its case has proved nothing. */
static struct seen {
    uint64_t acts[PROTO_ACT_COUNT], restarts, quoted, unasked, customer_keys, proofs, named, recorded;
} seen;

enum { SESSIONS_MAX = 16, FLIPS = 8 }; /* rows of one world; bits changed in each session's file */
static struct relay_store_session rows[SESSIONS_MAX];
static size_t row_count;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
    (void)st;
    (void)type;
    (void)place;
    return remove(path);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/handhold-sim-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void open_folder(struct audit_organisation *o)
{
    assert_true(audit_open(o, folder, NULL));
    memcpy(o->keys.secret[0], sim.evidence_secret, sizeof o->keys.secret[0]);
    proto_box_public_key(o->keys.public_key[0], o->keys.secret[0]);
    assert_memory_equal(o->keys.public_key[0], o->policy.evidence_key, sizeof o->keys.public_key[0]);
    o->keys.count = 1;
    o->can_open = true;
}

static void look_at(const struct audit_note *note)
{
    if (note->by != AUDIT_CUSTOMER) {
        seen.acts[note->event.action]++;
        seen.restarts += proto_event_note_get(&note->event, "cause") != NULL;
        seen.customer_keys += proto_event_note_get(&note->event, "customer-key") != NULL;
    } else if (note->statement.action == PROTO_STATEMENT_REFUSE) {
        bool machine = proto_purpose_is_machines(note->statement.purpose);
        if (!machine)
            assert_string_equal(note->statement.purpose, SIM_PURPOSE);
        seen.quoted += !machine;
        seen.unasked += machine;
    }
}

static enum proto_err look_at_row(void *context, const struct relay_store_session *row)
{
    struct audit_report *report = calloc(1, sizeof *report);
    struct audit_session session;

    assert_non_null(report);
    assert_int_equal(audit_session_read(&session, context, row, report), PROTO_OK);
    for (size_t i = 0; i < session.count; i++)
        look_at(&session.notes[i]);
    audit_session_clear(&session);
    free(report);
    assert_true(row_count < SESSIONS_MAX);
    rows[row_count++] = *row;
    return PROTO_OK;
}

/* ---- proved to others ---- */

static bool holds(const struct proto_buf *file, const struct audit_belief *belief, struct audit_proved *p)
{
    memset(p, 0, sizeof *p);
    bool fine = audit_proofs_check((const char *)file->bytes, file->len, belief, p) && !p->report.wrong;
    if (!fine && p->report.wrong)
        snprintf(p->trouble, sizeof p->trouble, "%s", p->report.findings[0].found);
    return fine;
}

/* Where is a matter of the seed; in front of the keys are words, which nothing binds. */
static void no_bit_may_be_changed(struct proto_buf *file, const struct audit_belief *belief, struct audit_proved *p,
                                  uint64_t seed)
{
    size_t from = 0;

    while (memcmp(file->bytes + from, "\n--- keys\n", 10) != 0)
        from++;
    for (uint64_t i = 0; i < FLIPS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        size_t at = from + (size_t)(seed >> 33) % (file->len - from);
        file->bytes[at] ^= 1;
        if (holds(file, belief, p))
            fail_msg("byte %zu of %zu may be changed", at, file->len);
        audit_proved_clear(p);
        file->bytes[at] ^= 1;
    }
}

static void prove(struct audit_organisation *o, const struct relay_store_session *row, bool certified, uint64_t seed)
{
    struct audit_belief *belief = calloc(1, sizeof *belief);
    struct audit_proved *p = calloc(1, sizeof *p);
    struct proto_buf file;
    size_t count;

    assert_true(belief && p);
    belief->trust = AUDIT_TRUST_ORG;
    belief->org = o->org;
    belief->has_root = true;
    memcpy(belief->root_pin, o->root.fingerprint, sizeof belief->root_pin);
    proto_buf_init_secret(&file, PROTO_LOG_PROOFS_FILE_MAX);
    assert_int_equal(audit_proofs_write(o, row, &file, &count), PROTO_OK);
    if (!holds(&file, belief, p))
        fail_msg("seed %llu: %s", (unsigned long long)seed, p->trouble);
    assert_int_equal(p->proofs, count);
    assert_true(count > 0);
    assert_int_equal(p->unsigned_notes, 0);
    assert_int_equal(p->report.unchecked_lines, 0);
    assert_int_equal(p->certificate_trusted, certified);
    seen.proofs += count;
    seen.named += p->to_agent;
    audit_proved_clear(p);
    no_bit_may_be_changed(&file, belief, p, seed);
    proto_buf_free(&file);
    free(belief);
    free(p);
}

static void tell(const struct audit_verified *v, uint64_t seed)
{
    char place[AUDIT_TEXT_MAX];

    for (size_t i = 0; i < v->report.wrong && i < AUDIT_FINDINGS_MAX; i++) {
        audit_place(&v->report.findings[i], place);
        print_message("seed %llu: %s: expected %s; there is %s\n", (unsigned long long)seed, place,
                      v->report.findings[i].expected, v->report.findings[i].found);
    }
}

static void verify(uint64_t seed, bool certified)
{
    struct audit_verified *v = calloc(1, sizeof *v);
    struct audit_organisation o;

    assert_non_null(v);
    open_folder(&o);
    assert_int_equal(audit_verify_all(&o, v, sim.now.unix_ms), PROTO_OK);
    tell(v, seed);
    assert_int_equal(v->report.wrong, 0);
    assert_int_equal(v->report.sound_sessions, v->report.sessions);
    assert_int_equal(v->report.live, 0);
    assert_int_equal(v->report.opened, v->log.size);
    assert_int_equal(v->report.unchecked_lines, 0);
    if (certified)
        assert_int_equal(v->report.recorded_lines, 0);
    seen.recorded += v->report.recorded_lines;
    row_count = 0;
    assert_int_equal(relay_store_each_session(o.rows, true, look_at_row, &o), PROTO_OK);
    for (size_t i = 0; i < row_count; i++)
        prove(&o, &rows[i], certified, seed + i);
    audit_close(&o);
    free(v);
}

static void play(uint64_t from, uint64_t count, struct sim_faults faults)
{
    char path[HOST_PATH_BYTES];

    for (uint64_t seed = from * 1000; seed < from * 1000 + count * times; seed++) {
        bool certified = seed % 2;
        if (!sim_play_in(&sim, folder, seed, 1 + (unsigned)(seed % 3), faults, false))
            fail_msg("seed %llu: %s", (unsigned long long)seed, sim.failure);
        assert_true(host_path(path, "%s/staff/ada.crt", folder));
        if (!certified)
            assert_int_equal(remove(path), 0);
        verify(seed, certified);
        remove_folder(NULL);
        assert_int_equal(make_folder(NULL), 0);
    }
}

static void fair_sessions_verify(void **state)
{
    (void)state;
    play(1, 3, (struct sim_faults){0});
}

static void sessions_with_cuts_and_stalls_verify(void **state)
{
    (void)state;
    play(2, 4, (struct sim_faults){.cut = 8, .half_open = 200, .stall = 2});
}

static void sessions_of_a_relay_that_is_killed_verify(void **state)
{
    (void)state;
    play(3, 5, (struct sim_faults){.crash = 60});
}

static void sessions_in_a_storm_verify(void **state)
{
    (void)state;
    play(4, 4, (struct sim_faults){.cut = 5, .half_open = 300, .stall = 2, .crash = 40, .disk_full = 50});
}

static void sessions_under_a_liar_verify(void **state)
{
    (void)state;
    play(5, 2, (struct sim_faults){.tamper = 5});
}

static void sessions_of_a_changed_companion_verify(void **state)
{
    (void)state;
    play(6, 2, (struct sim_faults){.cut = 2, .changed = 300});
}

static void sessions_of_a_relay_with_stricter_rules_verify(void **state)
{
    (void)state;
    play(7, 2, (struct sim_faults){.strict = 1});
}

static void sessions_of_machines_that_sleep_verify(void **state)
{
    (void)state;
    play(8, 5, (struct sim_faults){.cut = 2, .nap = 100});
}

static void sessions_of_a_relay_whose_date_is_set_verify(void **state)
{
    (void)state;
    play(9, 5, (struct sim_faults){.crash = 20, .date = 100});
}

static void each_kind_of_event_was_met(void **state)
{
    (void)state;
    for (enum proto_act act = PROTO_ACT_CREATED; act <= PROTO_ACT_VIEWING_STOPPED; act++)
        if (act != PROTO_ACT_TRANSFERRED && !seen.acts[act])
            fail_msg("no world has the event %s", proto_act_name(act));
    assert_true(seen.proofs && seen.named && seen.recorded);
    assert_true(seen.restarts && seen.quoted && seen.unasked && seen.customer_keys);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fair_sessions_verify, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(sessions_with_cuts_and_stalls_verify, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(sessions_of_a_relay_that_is_killed_verify, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(sessions_in_a_storm_verify, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(sessions_under_a_liar_verify, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(sessions_of_a_changed_companion_verify, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(sessions_of_a_relay_with_stricter_rules_verify, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(sessions_of_machines_that_sleep_verify, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(sessions_of_a_relay_whose_date_is_set_verify, make_folder, remove_folder),
        cmocka_unit_test(each_kind_of_event_was_met),
    };

    if (argc > 1)
        times = strtoull(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
