/* SPDX-License-Identifier: Apache-2.0 */
/* What officers do at the core: each act is a note that they signed, in a chain; nobody else can do it. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/consent/evidence.h"
#include "proto/seal/kdf.h"
#include "tests/relay/core_fixture.h"

static struct session s;
static uint32_t officer;

/* The officer's own count, as the tool keeps it. */
static struct {
    uint32_t seq;
    uint8_t prev[32];
} chain;

static const handhold_FromRelay *hear(pb_size_t tag)
{
    const handhold_FromRelay *heard = world_hear(&w, officer, tag);

    assert_non_null(heard);
    return heard;
}

static void come_in(void)
{
    officer = world_connect(&w, &w.staff[4], NULL);
    assert_ok(session_hello_staff(&w, officer));
    const handhold_Welcome *welcome = &hear(handhold_FromRelay_welcome_tag)->body.welcome;
    chain.seq = welcome->acts;
    memset(chain.prev, 0, sizeof chain.prev);
    if (chain.seq) {
        assert_int_equal(welcome->last_act.size, 32);
        memcpy(chain.prev, welcome->last_act.bytes, 32);
    }
}

static int begin(void **state)
{
    (void)state;
    world_new(&w);
    session_live(&w, &s);
    come_in();
    return 0;
}

static const char *name(void)
{
    static char text[PROTO_IDENTITY_SIGNER_BYTES + 1];

    proto_identity_signer_name(&w.staff[4], text);
    return text;
}

static void say_note(const struct proto_buf *note, const char *policy)
{
    static handhold_ToRelay message;

    message = (handhold_ToRelay){.which_body = handhold_ToRelay_officer_act_tag};
    assert_ok(PROTO_SET_BYTES(message.body.officer_act.note, note->bytes, note->len));
    randombytes_buf(message.body.officer_act.r, 32);
    if (policy)
        assert_ok(PROTO_SET_TEXT(message.body.officer_act.policy_note, policy));
    assert_ok(world_say(&w, officer, 0, &message));
}

static unsigned jobs_done = UINT_MAX; /* else: of those that a note makes, before the relay goes down */

/* Signs `text` as `signer` and says it; the answer's error. With `counts` the chain goes on. */
static enum proto_err say_text(const struct proto_buf *text, const char *signer, const char *policy, bool counts)
{
    struct proto_buf note;

    assert_false(text->failed);
    proto_buf_init(&note, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_note_make((const char *)text->bytes, text->len, signer, w.officer_secret, &note));
    say_note(&note, policy);
    proto_buf_free(&note);
    world_work_some(&w, jobs_done);
    if (jobs_done != UINT_MAX)
        return PROTO_OK;
    enum proto_err err = (enum proto_err)hear(handhold_FromRelay_officer_answer_tag)->body.officer_answer.error;
    if (!err && counts) {
        chain.seq++;
        proto_sha256(chain.prev, text->bytes, text->len);
    }
    return err;
}

static const char *log_named = WORLD_ORIGIN; /* for which the notes are */

static enum proto_err do_event(enum proto_act action, const uint8_t *sid, const char *subject, const char *policy)
{
    struct proto_event_note event = {
        .seq = chain.seq + 1, .first = !chain.seq, .unix_s = w.now.unix_ms / 1000, .action = action};
    struct proto_buf text;

    memcpy(event.prev, chain.prev, 32);
    if (sid)
        memcpy(event.sid, sid, 16);
    snprintf(event.subject, sizeof event.subject, "%s", subject);
    assert_ok(proto_event_note_detail(&event, "log", "%s", log_named));
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_event_note_write(&event, &text));
    enum proto_err err = say_text(&text, name(), policy, true);
    proto_buf_free(&text);
    return err;
}

static enum proto_err do_erase_in(const char *log, bool retention)
{
    struct proto_erasure erasure = {.seq = chain.seq + 1,
                                    .first = !chain.seq,
                                    .unix_s = w.now.unix_ms / 1000,
                                    .basis = "Art. 17(1)(b) GDPR",
                                    .ranges = {{2, 4}, {7, 7}},
                                    .count = 2,
                                    .retention = retention};
    struct proto_buf text;

    memcpy(erasure.prev, chain.prev, 32);
    snprintf(erasure.log, sizeof erasure.log, "%s", log);
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_erasure_write(&erasure, &text));
    enum proto_err err = say_text(&text, name(), NULL, true);
    proto_buf_free(&text);
    return err;
}

static enum proto_err do_erase(bool retention)
{
    return do_erase_in(WORLD_ORIGIN, retention);
}

/* ---- stopping ---- */

static void both_ends_read_why_an_officer_stopped_them(void **state)
{
    struct proto_event_note events[16];
    size_t count;

    (void)state;
    assert_ok(do_event(PROTO_ACT_SESSION_STOPPED, s.sid, "a scam was reported", NULL));
    for (unsigned i = 0; i < 2; i++) {
        const handhold_FromRelay *ended = world_hear(&w, i ? s.agent : s.customer, handhold_FromRelay_ended_tag);
        assert_non_null(ended);
        assert_int_equal(ended->body.ended.reason, PROTO_END_STOPPED_BY_OFFICER);
        assert_non_null(strstr(ended->body.ended.message, "a scam was reported"));
    }
    uint32_t back = world_connect(&w, &w.staff[0], NULL); /* for whom that came too late */
    assert_ok(session_hello_token(&w, &s, back, s.agent_token));
    assert_non_null(
        strstr(world_hear(&w, back, handhold_FromRelay_ended_tag)->body.ended.message, "a scam was reported"));
    count = world_events(&w, s.sid, events, 16);
    assert_int_equal(events[count - 1].action, PROTO_ACT_ENDED);
    assert_string_equal(proto_event_note_get(&events[count - 1], "reason"), "stopped-by-officer");
    assert_string_equal(proto_event_note_get(&events[count - 1], "officer"), w.staff[4].serial);
    assert_int_equal(w.entries[w.entry_count - 1].kind == PROTO_LOG_OFFICER_ACT ||
                         w.entries[w.entry_count - 2].kind == PROTO_LOG_OFFICER_ACT,
                     true);
}

static bool was_stopped(void)
{
    struct proto_event_note events[16];
    size_t count = world_events(&w, s.sid, events, 16);
    if (!count)
        return false;
    const char *officer_serial = proto_event_note_get(&events[count - 1], "officer");

    return events[count - 1].action == PROTO_ACT_ENDED && officer_serial && !strcmp(officer_serial, w.staff[4].serial);
}

/* Whatever a crash leaves of it: no stop without its officer's note, and no note that nobody follows. */
static void a_stop_holds_over_a_crash_at_each_job(void **state)
{
    unsigned stopped = 0;

    for (jobs_done = 0; jobs_done < 6; jobs_done++) {
        size_t before = w.entry_count;
        assert_ok(do_event(PROTO_ACT_SESSION_STOPPED, s.sid, "a scam was reported", NULL));
        bool noted = false;
        for (size_t i = before; i < w.entry_count; i++)
            noted |= w.entries[i].kind == PROTO_LOG_OFFICER_ACT;
        assert_true(noted || !was_stopped());
        world_restart(&w);
        world_work(&w);
        assert_int_equal(was_stopped(), noted);
        stopped += noted;
        core_end(NULL);
        begin(state);
    }
    jobs_done = UINT_MAX;
    assert_in_range(stopped, 1, 5);
}

/* The session has ended, and its end waits for the disk: so does why, however long that is. */
static void the_note_of_a_stop_waits_for_a_full_disk(void **state)
{
    (void)state;
    w.disk_full = true;
    assert_int_equal(do_event(PROTO_ACT_SESSION_STOPPED, s.sid, "a scam was reported", NULL), PROTO_ERR_IO);
    assert_non_null(world_hear(&w, s.customer, handhold_FromRelay_ended_tag));
    assert_int_equal(do_event(PROTO_ACT_VIEWED, NULL, "list", NULL), PROTO_ERR_BUSY); /* its chain waits with it */
    world_silence(&w, officer);
    for (int i = 0; i < 20; i++) {
        world_pass(&w, 60000);
        world_work(&w);
    }
    assert_false(was_stopped());
    assert_null(world_hear(&w, officer, handhold_FromRelay_officer_answer_tag));
    w.disk_full = false;
    size_t before = w.entry_count;
    world_pass(&w, 60000);
    world_work(&w);
    assert_true(w.entry_count > before + 1 && was_stopped());
    assert_int_equal(w.entries[before].kind, PROTO_LOG_OFFICER_ACT); /* before anything that it caused */
    const handhold_OfficerAnswer *answer = &hear(handhold_FromRelay_officer_answer_tag)->body.officer_answer;
    assert_ok((enum proto_err)answer->error);
    assert_int_equal(answer->index, before);
    come_in();
    assert_int_equal(chain.seq, 1);
    assert_ok(do_event(PROTO_ACT_VIEWED, NULL, "list", NULL));
}

static void a_session_that_is_not_there_cannot_be_stopped(void **state)
{
    (void)state;
    size_t before = w.entry_count;
    assert_int_equal(do_event(PROTO_ACT_SESSION_STOPPED, (const uint8_t[16]){1}, "why", NULL), PROTO_ERR_NOT_FOUND);
    assert_int_equal(do_event(PROTO_ACT_SESSION_STOPPED, s.sid, "", NULL), PROTO_ERR_RANGE);
    assert_int_equal(do_event(PROTO_ACT_SESSION_STOPPED, s.sid, "turned \u202ered", NULL), PROTO_ERR_RANGE);
    assert_int_equal(w.entry_count, before);
    assert_ok(do_event(PROTO_ACT_SESSION_STOPPED, s.sid, "why", NULL));
    assert_int_equal(do_event(PROTO_ACT_SESSION_STOPPED, s.sid, "why", NULL), PROTO_ERR_NOT_FOUND);
}

/* ---- who may ---- */

static void nobody_but_an_officer_acts_as_one(void **state)
{
    static handhold_ToRelay message;

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t other = world_connect(&w, &w.staff[i], NULL);
        assert_ok(session_hello_staff(&w, other));
        message = (handhold_ToRelay){.which_body = handhold_ToRelay_officer_act_tag};
        assert_int_equal(world_say(&w, other, 0, &message), PROTO_ERR_CERT_ROLE);
    }
    uint32_t other = world_connect(&w, &w.staff[1], NULL);
    assert_ok(session_hello_staff(&w, other));
    message = (handhold_ToRelay){.which_body = handhold_ToRelay_erasure_ask_tag};
    assert_int_equal(world_say(&w, other, 0, &message), PROTO_ERR_CERT_ROLE);
    other = world_connect(&w, NULL, NULL);
    message = (handhold_ToRelay){.which_body = handhold_ToRelay_log_read_tag};
    assert_int_equal(world_say(&w, other, 0, &message), PROTO_ERR_STATE);
}

static void ask_to_read(const handhold_LogRead *ask, bool answered)
{
    handhold_ToRelay message = {.which_body = handhold_ToRelay_log_read_tag, .body.log_read = *ask};
    unsigned before = w.log_reads;

    world_silence(&w, officer);
    assert_ok(world_say(&w, officer, 0, &message));
    if (answered)
        assert_non_null(hear(handhold_FromRelay_log_part_tag));
    else
        world_expect_error(&w, officer, PROTO_ERR_REFUSED, false);
    assert_int_equal(w.log_reads - before, answered);
}

/* Whatever the officer's program is: nothing is read that the log does not say to be read, by this connection. */
static void an_officer_reads_nothing_before_the_log_has_it(void **state)
{
    static const handhold_LogRead reads[] = {
        {.from = 0}, {.sessions = true}, {.ended = 1}, {.cases_of = "C-1001"}, {.sessions = true, .beginning = "4f2"}};
    static const handhold_LogRead one = {.sessions = true, .beginning = "4f2a"}, /* which is to be stopped */
        person = {.sessions = true, .beginning = "4f2a", .cases_of = "C-1001"};

    (void)state;
    assert_ok(do_erase(false)); /* another act is none */
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
        ask_to_read(&reads[i], false);
    ask_to_read(&person, false);
    for (int i = 0; i < 8; i++)
        ask_to_read(&one, true);
    ask_to_read(&one, false); /* who asks for all of them reads the log */
    assert_ok(do_event(PROTO_ACT_VIEWED, NULL, "the log", NULL));
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
        ask_to_read(&reads[i], true);
    come_in();
    ask_to_read(&reads[0], false);
}

static void an_officer_opens_no_session(void **state)
{
    struct session mine;

    (void)state;
    assert_int_equal(session_ask(&w, &mine, officer), PROTO_ERR_CERT_ROLE);
}

static void a_note_under_another_name_or_key_does_nothing(void **state)
{
    struct proto_event_note event = {
        .seq = 1, .first = true, .unix_s = w.now.unix_ms / 1000, .action = PROTO_ACT_SESSION_STOPPED, .subject = "why"};
    struct proto_buf text;

    (void)state;
    memcpy(event.sid, s.sid, 16);
    assert_ok(proto_event_note_detail(&event, "log", WORLD_ORIGIN));
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_event_note_write(&event, &text));
    assert_int_equal(say_text(&text, "example.org/officer/00ff", NULL, false), PROTO_ERR_SIGNATURE);
    w.officer_secret[0] ^= 1; /* another seed with the same public half: a signature that does not verify */
    assert_int_equal(say_text(&text, name(), NULL, false), PROTO_ERR_SIGNATURE);
    w.officer_secret[0] ^= 1;
    assert_null(world_hear(&w, s.customer, handhold_FromRelay_ended_tag));
    assert_ok(say_text(&text, name(), NULL, true));
    proto_buf_free(&text);
}

/* ---- the chain ---- */

static void an_officers_notes_have_no_gap_also_across_a_restart(void **state)
{
    (void)state;
    assert_ok(do_event(PROTO_ACT_VIEWED, NULL, "list", NULL));
    assert_ok(do_erase(false));
    chain.seq--;
    assert_int_equal(do_event(PROTO_ACT_VIEWED, NULL, "again", NULL), PROTO_ERR_REPLAY);
    chain.seq += 2;
    assert_int_equal(do_event(PROTO_ACT_VIEWED, NULL, "ahead", NULL), PROTO_ERR_REPLAY);
    chain.seq--;
    chain.prev[0] ^= 1;
    assert_int_equal(do_event(PROTO_ACT_VIEWED, NULL, "beside", NULL), PROTO_ERR_REPLAY);
    world_restart(&w);
    come_in();
    assert_int_equal(chain.seq, 2);
    assert_ok(do_event(PROTO_ACT_VIEWED, NULL, "after it", NULL));
}

static void a_note_that_could_not_be_written_counts_for_nothing(void **state)
{
    (void)state;
    w.disk_full = true;
    assert_int_equal(do_event(PROTO_ACT_VIEWED, NULL, "list", NULL), PROTO_ERR_IO);
    w.disk_full = false;
    assert_ok(do_event(PROTO_ACT_VIEWED, NULL, "list", NULL));
}

static void a_clock_that_is_off_is_said(void **state)
{
    (void)state;
    struct proto_event_note event = {.seq = 1,
                                     .first = true,
                                     .unix_s = w.now.unix_ms / 1000 + RELAY_APPENDER_DATED_S + 1,
                                     .action = PROTO_ACT_VIEWED,
                                     .subject = "list"};
    struct proto_buf text;
    assert_ok(proto_event_note_detail(&event, "log", WORLD_ORIGIN));
    proto_buf_init(&text, PROTO_MAX_NOTE_BYTES);
    assert_ok(proto_event_note_write(&event, &text));
    assert_int_equal(say_text(&text, name(), NULL, false), PROTO_ERR_CLOCK);
    proto_buf_free(&text);
}

/* Chains begin anew in each log, so that the first note of one would fit the other. */
static void a_note_for_another_log_does_nothing(void **state)
{
    size_t before = w.entry_count;

    (void)state;
    log_named = "other.example.org/audit/example.org";
    assert_int_equal(do_event(PROTO_ACT_SESSION_STOPPED, s.sid, "why", NULL), PROTO_ERR_LOG);
    assert_int_equal(do_event(PROTO_ACT_RETENTION_ASKED, NULL, "", NULL), PROTO_ERR_LOG);
    assert_int_equal(do_erase_in(log_named, false), PROTO_ERR_NOT_FOUND);
    log_named = WORLD_ORIGIN;
    assert_int_equal(w.entry_count, before);
    assert_int_equal(w.erased, 0);
    assert_null(world_hear(&w, s.customer, handhold_FromRelay_ended_tag));
}

/* ---- erasing ---- */

static void an_erasure_is_a_job_with_its_leaf(void **state)
{
    static handhold_ToRelay ask = {.which_body = handhold_ToRelay_erasure_ask_tag};
    struct proto_evidence evidence;

    (void)state;
    w.plan = (struct proto_erasure){.ranges = {{2, 4}, {7, 7}}, .count = 2};
    ask.body.erasure_ask.which_subject = handhold_ErasureAsk_customer_ref_tag;
    assert_ok(PROTO_SET_TEXT(ask.body.erasure_ask.subject.customer_ref, "C-1001"));
    assert_ok(world_say(&w, officer, 0, &ask));
    const handhold_ErasurePlan *plan = &hear(handhold_FromRelay_erasure_plan_tag)->body.erasure_plan;
    assert_true(plan->first_count == 2 && plan->first[1] == 7 && plan->last[0] == 4);

    assert_ok(do_erase(false));
    assert_int_equal(w.erased, 4);
    const struct entry *entry = &w.entries[w.entry_count - 1];
    assert_int_equal(entry->kind, PROTO_LOG_ERASURE);
    assert_true(sodium_is_zero(entry->sid, sizeof entry->sid));
    assert_ok(proto_evidence_parse(entry->evidence, entry->evidence_len, &evidence)); /* public: not sealed */
    assert_non_null(memmem(evidence.notes[0].bytes, evidence.notes[0].len, "basis Art. 17(1)(b) GDPR\n", 25));
}

/* What an answer says of a person, even that nothing is there, is a look into the log. */
static void who_asks_about_many_people_reads_the_log(void **state)
{
    static handhold_ToRelay ask = {.which_body = handhold_ToRelay_erasure_ask_tag};

    (void)state;
    ask.body.erasure_ask.which_subject = handhold_ErasureAsk_customer_ref_tag;
    for (int i = 0; i < 600; i++) {
        int person = i < 300 ? 0 : i - 299; /* of one, who is erased, as often as it takes */
        snprintf(ask.body.erasure_ask.subject.customer_ref, sizeof ask.body.erasure_ask.subject.customer_ref, "C-%d",
                 person);
        assert_ok(world_say(&w, officer, 0, &ask));
        if (person < 8)
            assert_non_null(hear(handhold_FromRelay_erasure_plan_tag));
        else
            world_expect_error(&w, officer, PROTO_ERR_REFUSED, false);
        world_pass(&w, 1000);
    }
    assert_ok(world_say(&w, officer, 0, &ask));
    world_expect_error(&w, officer, PROTO_ERR_REFUSED, false);
    assert_ok(do_event(PROTO_ACT_VIEWED, NULL, "the log", NULL));
    assert_ok(world_say(&w, officer, 0, &ask));
    assert_non_null(hear(handhold_FromRelay_erasure_plan_tag));
}

static void what_cannot_be_erased_now_is_said(void **state)
{
    static handhold_ToRelay ask = {.which_body = handhold_ToRelay_erasure_ask_tag};

    (void)state;
    ask.body.erasure_ask.which_subject = handhold_ErasureAsk_sid_tag;
    w.plan_err = PROTO_ERR_STATE;
    assert_ok(world_say(&w, officer, 0, &ask));
    world_expect_error(&w, officer, PROTO_ERR_STATE, false);
    assert_int_equal(do_erase(true), PROTO_ERR_REFUSED); /* retention is the relay's word */
    assert_int_equal(w.erased, 0);
}

static void what_an_ended_log_holds_is_erased_there_when_this_one_has_the_note(void **state)
{
    static handhold_ToRelay ask = {.which_body = handhold_ToRelay_erasure_ask_tag};

    (void)state;
    w.plan = (struct proto_erasure){.ranges = {{2, 4}, {7, 7}}, .count = 2};
    ask.body.erasure_ask.which_subject = handhold_ErasureAsk_sid_tag;
    assert_ok(world_say(&w, officer, 0, &ask));
    const handhold_ErasurePlan *plan = &hear(handhold_FromRelay_erasure_plan_tag)->body.erasure_plan;
    assert_int_equal(plan->ended_count, 1);
    assert_string_equal(plan->ended[0], WORLD_ENDED);
    assert_string_equal(w.ended_asked, "");
    assert_ok(PROTO_SET_TEXT(ask.body.erasure_ask.log, WORLD_ENDED));
    assert_ok(world_say(&w, officer, 0, &ask));
    plan = &hear(handhold_FromRelay_erasure_plan_tag)->body.erasure_plan;
    assert_true(plan->first_count == 2 && plan->ended_count == 0);
    assert_string_equal(w.ended_asked, WORLD_ENDED);

    assert_int_equal(do_erase_in("relay.example.org/audit/unknown", false), PROTO_ERR_NOT_FOUND);
    w.disk_full = true; /* the note cannot be written, so nothing goes */
    assert_int_not_equal(do_erase_in(WORLD_ENDED, false), PROTO_OK);
    assert_int_equal(w.ended_erased, 0);
    w.disk_full = false;
    assert_ok(do_erase_in(WORLD_ENDED, false));
    assert_int_equal(w.ended_erased, 4);
    assert_int_equal(w.erased, 0); /* the same numbers of this log are other entries */
    w.ended_err = PROTO_ERR_IO;
    assert_ok(do_erase_in(WORLD_ENDED, false)); /* the log has it: the next start does it again */
}

static void retention_is_the_relays_own_note(void **state)
{
    struct proto_erasure over = {.basis = "policy 1: kept for 30 days", .ranges = {{0, 3}}, .count = 1};
    struct proto_evidence evidence;

    (void)state;
    assert_ok(relay_core_retain(w.core, &over, w.now));
    assert_int_equal(relay_core_retain(w.core, &over, w.now), PROTO_ERR_BUSY);
    world_work(&w);
    assert_int_equal(w.erased, 4);
    const struct entry *entry = &w.entries[w.entry_count - 1];
    assert_ok(proto_evidence_parse(entry->evidence, entry->evidence_len, &evidence));
    assert_non_null(memmem(evidence.notes[0].bytes, evidence.notes[0].len, "cause retention\n", 16));
    assert_ok(relay_core_retain(w.core, &over, w.now));
    world_work(&w);
    assert_ok(proto_evidence_parse(w.entries[w.entry_count - 1].evidence, w.entries[w.entry_count - 1].evidence_len,
                                   &evidence));
    assert_non_null(memmem(evidence.notes[0].bytes, evidence.notes[0].len, "seq 2\n", 6));
}

/* ---- policy ---- */

static void a_policy_is_taken_when_the_log_has_it_and_said_by_the_relay_too(void **state)
{
    (void)state;
    w.policy_err = PROTO_ERR_POLICY;
    assert_int_equal(do_event(PROTO_ACT_POLICY_SIGNED, NULL, "", "an old one"), PROTO_ERR_POLICY);
    assert_int_equal(w.policies_taken, 0);
    w.policy_err = PROTO_OK;
    size_t before = w.entry_count;
    w.disk_full = true;
    assert_int_equal(do_event(PROTO_ACT_POLICY_SIGNED, NULL, "", "a new one"), PROTO_ERR_IO);
    assert_int_equal(w.policies_taken, 0);
    w.disk_full = false;
    assert_ok(do_event(PROTO_ACT_POLICY_SIGNED, NULL, "", "a new one"));
    assert_int_equal(w.policies_taken, 1);
    world_work(&w);
    assert_int_equal(w.entry_count, before + 2); /* policy-signed, policy-taken */
    assert_string_equal(world_hear(&w, s.customer, handhold_FromRelay_notes_tag)->body.notes.policy_note, "a new one");
}

static void restored(void)
{
    struct relay_note_back back;

    assert_ok(relay_core_check_notes(w.core, &back));
    relay_core_note_notes(w.core, w.now);
}

static void is_refused(enum proto_err why, enum proto_taken_note which, uint64_t number, uint64_t in_force)
{
    struct relay_note_back back;

    world_restart(&w);
    assert_int_equal(relay_core_check_notes(w.core, &back), why);
    assert_int_equal(back.which, which);
    assert_int_equal(back.number, number);
    assert_int_equal(back.in_force, in_force);
}

static void a_note_older_than_the_one_in_force_is_not_served(void **state)
{
    (void)state;
    w.policy.number = 4;
    w.org.number = 7;
    world_restart(&w);
    restored();
    world_work(&w); /* one of the relay's chain at a time: the second follows the first */
    w.policy.number = 3;
    is_refused(PROTO_ERR_REPLAY, PROTO_TAKEN_POLICY, 3, 4);
    w.policy.number = 4;
    w.org.number = 6; /* from before somebody was revoked */
    is_refused(PROTO_ERR_REPLAY, PROTO_TAKEN_ORG, 6, 7);
    w.org.number = 7;
    w.org.text_hash[0] ^= 1;
    is_refused(PROTO_ERR_EXISTS, PROTO_TAKEN_ORG, 7, 7);
    w.org.text_hash[0] ^= 1;
    world_restart(&w);
    restored();
}

static size_t own_acts(size_t from)
{
    size_t count = 0;

    for (size_t i = from; i < w.entry_count; i++)
        count += w.entries[i].kind == PROTO_LOG_OFFICER_ACT;
    return count;
}

static void each_organisation_note_that_comes_is_said_once_behind_the_first(void **state)
{
    size_t before = w.entry_count;

    (void)state;
    w.org.number = 2; /* with the organisation came its log */
    world_restart(&w);
    restored();
    world_work(&w);
    assert_int_equal(own_acts(before), 0);
    w.org.number = 3;
    w.policy.number++;
    assert_ok(relay_core_set_notes(w.core, "org 3", &w.org, "policy", &w.policy, w.now));
    world_work(&w);
    assert_int_equal(own_acts(before), 2);
    assert_ok(relay_core_set_notes(w.core, "org 3", &w.org, "policy", &w.policy, w.now));
    world_work(&w);
    world_restart(&w);
    restored();
    world_work(&w);
    assert_int_equal(own_acts(before), 2);
}

static void a_policy_that_came_while_the_relay_was_away_is_said_once(void **state)
{
    size_t before;

    (void)state;
    world_restart(&w);
    restored();
    world_work(&w);
    before = w.entry_count;
    w.policy.number = 4;
    for (unsigned i = 0; i < 2; i++) {
        world_restart(&w);
        restored();
        world_work(&w);
    }
    assert_int_equal(own_acts(before), 1);
}

static void a_session_without_a_ticket_is_refused_where_the_policy_wants_one(void **state)
{
    handhold_ToRelay open = {.which_body = handhold_ToRelay_open_tag};

    (void)state;
    open.body.open.sid[0] = 7;
    w.policy.ticket_required = true;
    assert_ok(relay_core_set_notes(w.core, "org", &w.org, "policy", &w.policy, w.now));
    uint32_t agent = world_connect(&w, &w.staff[1], NULL);
    assert_ok(session_hello_staff(&w, agent));
    world_silence(&w, agent);
    assert_ok(world_say(&w, agent, 0, &open));
    world_expect_error(&w, agent, PROTO_ERR_POLICY, false);
    assert_ok(PROTO_SET_TEXT(open.body.open.reference, "T-77"));
    assert_ok(world_say(&w, agent, 0, &open));
    world_work(&w);
    assert_non_null(world_hear(&w, agent, handhold_FromRelay_opened_tag));
}

/* The relay's last note about itself; zero when its newest is no event. */
static struct proto_event_note own_note(void)
{
    const struct entry *entry = &w.entries[w.entry_count - 1];
    struct proto_event_note event = {.seq = 0};
    struct proto_note_parts parts;
    struct proto_evidence evidence;

    assert_int_equal(entry->kind, PROTO_LOG_OFFICER_ACT);
    assert_ok(proto_evidence_parse(entry->evidence, entry->evidence_len, &evidence));
    assert_ok(proto_note_split(&parts, evidence.notes[0].bytes, evidence.notes[0].len));
    assert_ok(proto_event_note_parse(parts.text, parts.text_len, &event));
    return event;
}

static void ask_without_a_ticket(uint32_t agent, uint8_t number)
{
    handhold_ToRelay open = {.which_body = handhold_ToRelay_open_tag};

    open.body.open.sid[0] = number;
    assert_ok(PROTO_SET_TEXT(open.body.open.customer_ref, "C-4711"));
    assert_ok(world_say(&w, agent, 0, &open));
    world_expect_error(&w, agent, PROTO_ERR_POLICY, false);
}

static void want_tickets(uint32_t *agent)
{
    w.policy.ticket_required = true;
    assert_ok(relay_core_set_notes(w.core, "org", &w.org, "policy", &w.policy, w.now));
    world_work(&w);
    *agent = world_connect(&w, &w.staff[1], NULL);
    assert_ok(session_hello_staff(&w, *agent));
    world_silence(&w, *agent);
}

static void who_was_refused_a_session_stands_in_the_log_without_the_customer(void **state)
{
    uint32_t agent;

    (void)state;
    want_tickets(&agent);
    size_t before = w.entry_count;
    ask_without_a_ticket(agent, 7);
    world_work(&w);
    assert_int_equal(w.entry_count, before + 1);
    struct proto_event_note event = own_note();
    assert_int_equal(event.action, PROTO_ACT_REFUSED);
    assert_non_null(strstr(event.subject, w.staff[1].serial));
    assert_string_equal(proto_event_note_get(&event, "id"), "staff1");
    assert_string_equal(proto_event_note_get(&event, "cause"), "ticket");
    assert_string_equal(proto_event_note_get(&event, "times"), "1");
    const struct entry *entry = &w.entries[w.entry_count - 1];
    assert_null(memmem(entry->evidence, entry->evidence_len, "C-4711", 6)); /* it is never erased */
}

static void many_refusals_are_one_note_a_minute_and_the_chain_goes_on_after_a_restart(void **state)
{
    uint32_t agent;

    (void)state;
    want_tickets(&agent);
    size_t before = w.entry_count;
    for (uint8_t i = 1; i <= 20; i++) {
        ask_without_a_ticket(agent, i);
        world_work(&w);
    }
    assert_int_equal(w.entry_count, before + 1);
    world_pass(&w, 60000);
    world_work(&w);
    assert_int_equal(w.entry_count, before + 2);
    struct proto_event_note event = own_note();
    assert_string_equal(proto_event_note_get(&event, "times"), "19");
    world_pass(&w, 600000);
    world_work(&w);
    assert_int_equal(w.entry_count, before + 2); /* nothing is left to say */
    world_restart(&w);
    restored();
    want_tickets(&agent);
    ask_without_a_ticket(agent, 30);
    world_work(&w);
    struct proto_event_note next = own_note();
    assert_int_equal(next.action, PROTO_ACT_REFUSED);
    assert_true(next.seq > event.seq);
}

static void a_refusal_that_the_log_cannot_take_is_said_when_it_can(void **state)
{
    uint32_t agent;

    (void)state;
    want_tickets(&agent);
    size_t before = w.entry_count;
    w.disk_full = true;
    ask_without_a_ticket(agent, 7);
    world_work(&w);
    ask_without_a_ticket(agent, 8);
    assert_int_equal(w.entry_count, before);
    w.disk_full = false;
    world_pass(&w, 1000);
    world_work(&w);
    assert_int_equal(w.entry_count, before + 1);
    struct proto_event_note event = own_note();
    assert_string_equal(proto_event_note_get(&event, "times"), "2");
}

static void who_asks_for_what_is_not_for_their_role_stands_in_the_log(void **state)
{
    handhold_ToRelay read = {.which_body = handhold_ToRelay_log_read_tag};

    (void)state;
    uint32_t agent = world_connect(&w, &w.staff[1], NULL);
    assert_ok(session_hello_staff(&w, agent));
    world_silence(&w, agent);
    assert_int_equal(world_say(&w, agent, 0, &read), PROTO_ERR_CERT_ROLE);
    world_work(&w);
    struct proto_event_note event = own_note();
    assert_int_equal(event.action, PROTO_ACT_REFUSED);
    assert_string_equal(proto_event_note_get(&event, "cause"), "role");
}

/* ---- another log ---- */

static enum proto_err say_hello_with(uint32_t connection, uint64_t size)
{
    handhold_ToRelay hello = {.which_body = handhold_ToRelay_hello_tag,
                              .body.hello = {.which_seat = handhold_Hello_staff_tag, .seat.staff = true}};

    hello.body.hello.seen_log_size = size;
    hello.body.hello.seen_log_root.size = 32;
    return world_say(&w, connection, 0, &hello);
}

static void who_says_to_have_seen_another_log_gets_no_session_and_others_do(void **state)
{
    struct relay_core_figures figures;
    struct session other;

    (void)state;
    uint32_t agent = world_connect(&w, &w.staff[1], NULL), colleague = world_connect(&w, &w.staff[0], NULL);
    w.verdict.claim = RELAY_LOG_CLAIM_AHEAD;
    assert_ok(say_hello_with(agent, 99));
    world_silence(&w, agent);
    assert_ok(session_ask(&w, &other, agent));
    world_expect_error(&w, agent, PROTO_ERR_LOG, false);
    relay_core_figures(w.core, &figures);
    assert_true(figures.log_claims == 1 && !figures.log_broken);
    w.verdict.claim = RELAY_LOG_CLAIM_FITS;
    assert_ok(say_hello_with(colleague, 2));
    assert_ok(session_ask(&w, &other, colleague));
    world_work(&w);
    assert_non_null(world_hear(&w, colleague, handhold_FromRelay_opened_tag));
}

static void a_proof_of_another_log_stops_all_granting(void **state)
{
    struct relay_core_figures figures;
    struct session other;

    (void)state;
    session_open_gate(&w, &s, 1, 5, PROTO_CAPABILITY_CAMERA);
    world_silence(&w, s.customer);
    uint32_t agent = world_connect(&w, &w.staff[1], NULL), colleague = world_connect(&w, &w.staff[0], NULL);
    w.verdict = (struct relay_log_verdict){RELAY_LOG_CLAIM_OTHER, true};
    assert_ok(say_hello_with(agent, 3));
    w.verdict = (struct relay_log_verdict){RELAY_LOG_CLAIM_FITS, false};
    relay_core_figures(w.core, &figures);
    assert_true(figures.log_broken);
    assert_int_equal(world_hear(&w, s.customer, handhold_FromRelay_gate_answer_tag)->body.gate_answer.error,
                     PROTO_ERR_LOG);
    struct proto_gate gate = session_gate(&w, &s, 1, 6, PROTO_CAPABILITY_DEVICE_STATE, 60);
    assert_int_equal(session_say_gate(&w, &s, &gate), PROTO_ERR_LOG);
    assert_ok(say_hello_with(colleague, 0));
    world_silence(&w, colleague);
    assert_ok(session_ask(&w, &other, colleague));
    world_expect_error(&w, colleague, PROTO_ERR_LOG, false);
}

#define OFFICER_TEST(name) cmocka_unit_test_setup_teardown(name, begin, core_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OFFICER_TEST(both_ends_read_why_an_officer_stopped_them),
        OFFICER_TEST(a_stop_holds_over_a_crash_at_each_job),
        OFFICER_TEST(the_note_of_a_stop_waits_for_a_full_disk),
        OFFICER_TEST(a_session_that_is_not_there_cannot_be_stopped),
        OFFICER_TEST(nobody_but_an_officer_acts_as_one),
        OFFICER_TEST(an_officer_reads_nothing_before_the_log_has_it),
        OFFICER_TEST(an_officer_opens_no_session),
        OFFICER_TEST(a_note_under_another_name_or_key_does_nothing),
        OFFICER_TEST(an_officers_notes_have_no_gap_also_across_a_restart),
        OFFICER_TEST(a_note_that_could_not_be_written_counts_for_nothing),
        OFFICER_TEST(a_clock_that_is_off_is_said),
        OFFICER_TEST(a_note_for_another_log_does_nothing),
        OFFICER_TEST(an_erasure_is_a_job_with_its_leaf),
        OFFICER_TEST(who_asks_about_many_people_reads_the_log),
        OFFICER_TEST(what_cannot_be_erased_now_is_said),
        OFFICER_TEST(what_an_ended_log_holds_is_erased_there_when_this_one_has_the_note),
        OFFICER_TEST(retention_is_the_relays_own_note),
        OFFICER_TEST(a_policy_is_taken_when_the_log_has_it_and_said_by_the_relay_too),
        OFFICER_TEST(a_policy_that_came_while_the_relay_was_away_is_said_once),
        OFFICER_TEST(a_note_older_than_the_one_in_force_is_not_served),
        OFFICER_TEST(each_organisation_note_that_comes_is_said_once_behind_the_first),
        OFFICER_TEST(a_session_without_a_ticket_is_refused_where_the_policy_wants_one),
        OFFICER_TEST(who_was_refused_a_session_stands_in_the_log_without_the_customer),
        OFFICER_TEST(many_refusals_are_one_note_a_minute_and_the_chain_goes_on_after_a_restart),
        OFFICER_TEST(a_refusal_that_the_log_cannot_take_is_said_when_it_can),
        OFFICER_TEST(who_asks_for_what_is_not_for_their_role_stands_in_the_log),
        OFFICER_TEST(who_says_to_have_seen_another_log_gets_no_session_and_others_do),
        OFFICER_TEST(a_proof_of_another_log_stops_all_granting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
